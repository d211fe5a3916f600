//! The baseline: diagnoses that are known and do not count any more, kept in a file that people read in
//! diffs and merge by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Diagnosis, Standing};
use crate::model::Level;
use crate::rules::Complaint;

/// Version of the file's shape.
const VERSION: i64 = 1;

const HEAD: &str = "\
# Diagnoses that are known: they do not fail a run of wd-diagnose unless they come more often than
# `count`, or are of a worse level. Made by --update-baseline. An entry may be taken out by hand.
";

/// What is known, by fingerprint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<String, Known>,
}

/// One known diagnosis. Only `fingerprint`, `level` and `count` decide; the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Fingerprint of the diagnosis.
    pub fingerprint: String,
    /// The rule's id.
    #[serde(default)]
    pub rule: String,
    /// The rule's title.
    #[serde(default)]
    pub title: String,
    /// File and function of the bot's own frame.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Worst level allowed; `None` where any is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Most events allowed, all sources together.
    pub count: u64,
}

/// The file, as written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    #[serde(default)]
    known: Vec<Known>,
}

/// As much of the file as every version has.
#[derive(Deserialize)]
struct Head {
    version: Option<Spanned<i64>>,
}

impl Baseline {
    /// The baseline that knows all of `diagnoses`, as often and as bad as they are.
    pub fn of(diagnoses: &[Diagnosis]) -> Baseline {
        let mut baseline = Baseline::default();
        for diagnosis in diagnoses {
            baseline.add(Known {
                fingerprint: diagnosis.fingerprint.clone(),
                rule: diagnosis.rule.clone(),
                title: diagnosis.title.clone(),
                place: place(diagnosis),
                level: Some(diagnosis.level),
                count: 0,
            });
            if let Some(known) = baseline.known.get_mut(&diagnosis.fingerprint) {
                known.count = known.count.saturating_add(diagnosis.count);
            }
        }
        baseline
    }

    /// Reads what [`Baseline::write`] wrote; `name` is the file's, for the complaint.
    ///
    /// # Errors
    /// Where the text is no baseline, is one of another version, is damaged, or holds an unresolved merge
    /// conflict: what is wrong, its line and column, and what to do.
    pub fn parse(name: &str, text: &str) -> Result<Baseline, Complaint> {
        if let Some((at, marker)) = conflict_marker(text) {
            let what = format!(
                "a merge conflict is not resolved (`{marker}`): keep the entries of both sides and take the \
                 marker lines out"
            );
            return Err(Complaint::at(name, text, at, what));
        }
        let damaged = |error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let what = format!(
                "the baseline is damaged: {}; mend the line, or delete the file and make it anew with \
                 --update-baseline",
                error.message().trim_end_matches('.')
            );
            Complaint::at(name, text, at, what)
        };
        let head: Head = toml::from_str(text).map_err(damaged)?;
        let Some(version) = head.version else {
            let what = "this is no baseline: it has no `version`; name a file that --update-baseline wrote";
            return Err(Complaint::at(name, text, 0, what.to_owned()));
        };
        if *version.get_ref() != VERSION {
            let what = format!(
                "this baseline is of version {}, and this program knows version {VERSION}; {}",
                version.get_ref(),
                if *version.get_ref() > VERSION {
                    "use the wd-diagnose that wrote it, or a later one"
                } else {
                    "delete it and make it anew with --update-baseline"
                }
            );
            return Err(Complaint::at(name, text, version.span().start, what));
        }
        let file: File = toml::from_str(text).map_err(damaged)?;
        let mut baseline = Baseline::default();
        for known in file.known {
            baseline.add(known);
        }
        Ok(baseline)
    }

    /// Where one fingerprint is there twice, as after a merge by hand, both are allowed.
    fn add(&mut self, known: Known) {
        match self.known.get_mut(&known.fingerprint) {
            Some(there) => {
                there.count = there.count.max(known.count);
                there.level = there.level.zip(known.level).map(|(a, b)| a.max(b));
            }
            None => {
                self.known.insert(known.fingerprint.clone(), known);
            }
        }
    }

    /// Writes it, sorted by rule and place, so that kindred entries stand together and a new one moves no
    /// other.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut known: Vec<Known> = self.known.values().cloned().collect();
        known.sort_by(|a, b| {
            let key = |known: &'_ Known| {
                (known.rule.clone(), known.place.clone(), known.fingerprint.clone())
            };
            key(a).cmp(&key(b))
        });
        let file = toml::to_string(&File { version: VERSION, known }).map_err(io::Error::other)?;
        write!(out, "{HEAD}{file}")
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether it has an entry of that fingerprint.
    pub fn has(&self, fingerprint: &str) -> bool {
        self.known.contains_key(fingerprint)
    }

    /// Takes `known` in, where it has no entry of that fingerprint.
    pub fn keep(&mut self, known: &Known) {
        self.known.entry(known.fingerprint.clone()).or_insert_with(|| known.clone());
    }

    /// Tells each diagnosis how it stands. Events of one fingerprint are counted together, whatever source
    /// they are of.
    pub fn mark(&self, diagnoses: &mut [Diagnosis]) {
        let mut seen: BTreeMap<String, (u64, Level)> = BTreeMap::new();
        for diagnosis in diagnoses.iter() {
            let (count, level) =
                seen.entry(diagnosis.fingerprint.clone()).or_insert((0, Level::Warning));
            *count = count.saturating_add(diagnosis.count);
            *level = diagnosis.level.max(*level);
        }
        for diagnosis in diagnoses {
            let standing =
                match (self.known.get(&diagnosis.fingerprint), seen.get(&diagnosis.fingerprint)) {
                    (Some(known), Some(&(count, level))) => {
                        let is_worse = known.level.is_some_and(|allowed| level > allowed);
                        if count > known.count || is_worse {
                            Standing::Risen
                        } else {
                            Standing::Known
                        }
                    }
                    _ => Standing::New,
                };
            diagnosis.baseline = Some(standing);
        }
    }

    /// What is known and not among `diagnoses`, in the order of the file.
    pub fn unseen(&self, diagnoses: &[Diagnosis]) -> Vec<&Known> {
        let seen: BTreeSet<&str> =
            diagnoses.iter().map(|diagnosis| diagnosis.fingerprint.as_str()).collect();
        let mut unseen: Vec<&Known> = self
            .known
            .values()
            .filter(|known| !seen.contains(known.fingerprint.as_str()))
            .collect();
        unseen.sort_by_key(|known| (&known.rule, &known.place, &known.fingerprint));
        unseen
    }
}

/// File name and function of the bot's own frame: what a reader of the file knows the entry by. Not its
/// line, which moves, nor its folder, which is another one on each host.
fn place(diagnosis: &Diagnosis) -> Option<String> {
    let frame = diagnosis.exception.as_ref()?.frame.as_ref()?;
    let name = frame.file.rsplit(['/', '\\']).next().unwrap_or(&frame.file);
    Some(match &frame.function {
        Some(function) => format!("{name} in {function}"),
        None => name.to_owned(),
    })
}

/// The first line that git writes into a file which it could not merge, and where it begins. No line of a
/// baseline begins like this.
fn conflict_marker(text: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let marker = line.trim_end();
        if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|sign| marker.starts_with(sign))
        {
            return Some((at, marker));
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests;
