//! `--baseline` and `--update-baseline`: the file read, the diagnoses told how they stand to it, the
//! file written anew.

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::output;
use crate::diagnosis::{Baseline, Known};
use crate::model::Pattern;
use crate::report::Report;

/// What was asked for.
#[derive(Debug)]
pub(super) struct BaselineFile {
    pub(super) path: PathBuf,
    /// Whether it is to be written anew.
    pub(super) update: bool,
}

/// What of a report is the whole truth about the logs.
pub(super) struct Scope<'a> {
    /// Only these patterns were asked for; empty means all.
    pub(super) patterns: &'a [Pattern],
    /// Whether all logs could be read whole.
    pub(super) complete: bool,
    /// Whether the user wants only the answer.
    pub(super) quiet: bool,
}

impl BaselineFile {
    /// Tells each diagnosis of `report` how it stands to the baseline. What is no longer seen is listed on
    /// standard error; where the baseline is to be updated it is written anew from what was seen.
    ///
    /// # Errors
    /// Where the file cannot be read or written, or is no baseline.
    pub(super) fn apply(&self, report: &mut Report, scope: &Scope<'_>) -> anyhow::Result<()> {
        let old = self.read()?;
        old.mark(&mut report.diagnoses);
        if let Some(verdict) = &mut report.verdict {
            let same = |diagnosis: &&crate::diagnosis::Diagnosis| {
                diagnosis.fingerprint == verdict.fingerprint && diagnosis.first == verdict.first
            };
            verdict.baseline = report.diagnoses.iter().find(same).and_then(|same| same.baseline);
        }
        // What was not read, or not asked for, may be there all the same.
        if !scope.complete {
            if self.update {
                output::warning(&format!(
                    "{} stays as it is, since not all could be read",
                    self.path.display()
                ));
            }
            return Ok(());
        }
        let was_asked_for = |known: &Known| {
            scope.patterns.is_empty()
                || scope
                    .patterns
                    .iter()
                    .any(|pattern| known.rule.split('/').next() == Some(pattern.id()))
        };
        let unseen = old.unseen(&report.diagnoses);
        let (gone, other): (Vec<&Known>, Vec<&Known>) =
            unseen.into_iter().partition(|known| was_asked_for(known));
        if !scope.quiet {
            for known in &gone {
                let does = if self.update { "is dropped" } else { "--update-baseline drops it" };
                output::note(&format!("no longer seen: {}; {does}", described(known)));
            }
        }
        if !self.update {
            return Ok(());
        }
        let mut new = Baseline::of(&report.diagnoses);
        for known in other {
            new.keep(known);
        }
        output::write_file(&self.path, |out| new.write(out))
            .with_context(|| format!("cannot write the baseline {}", self.path.display()))?;
        if !scope.quiet {
            output::note(&format!("{} has {} known diagnoses", self.path.display(), new.len()));
        }
        Ok(())
    }

    fn read(&self) -> anyhow::Result<Baseline> {
        let name = self.path.display().to_string();
        match fs::read_to_string(&self.path) {
            Ok(text) => Baseline::parse(&name, &text).map_err(anyhow::Error::msg),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.update => {
                Ok(Baseline::default())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("there is no baseline {name}; make it with --update-baseline")
            }
            Err(error) => Err(error).with_context(|| format!("cannot read the baseline {name}")),
        }
    }
}

/// An entry in words, as far as it has them.
fn described(known: &Known) -> String {
    let mut words = String::new();
    if !known.rule.is_empty() {
        words.push_str(&format!("{} ", known.rule));
    }
    if let Some(place) = &known.place {
        words.push_str(&format!("({place}) "));
    }
    words.push_str(&known.fingerprint);
    words
}
