//! What a terminal shows while a log still grows: a block for each new incident, a line for all else.

use std::io::{self, Write};

use super::paper::{Ink, Paper};
use super::{details, table};
use crate::diagnosis::Diagnosis;
use crate::model::Level;
use crate::report::{Report, Stall, Style, Volume, words};

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The bot is down.
    Bad,
    /// To be looked at.
    Careful,
    /// To be known.
    Plain,
}

/// Writes a diagnosis that is new: in full where it was not handled, else in a sentence. One page of it is
/// one call, so that it is never torn.
///
/// # Errors
/// Those of `out`.
pub fn write_found(
    diagnosis: &Diagnosis,
    style: &Style<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut paper = Paper::new(style.width, style.colour);
    let place = format!("{}, line {}", diagnosis.first.file, diagnosis.first.line);
    let time = words::time_of(&diagnosis.first).map(|time| format!(" at {time}"));
    let time = time.unwrap_or_default();
    let (mark, what) = match diagnosis.level {
        Level::Fatal => ((Ink::Bad, "✗ "), "The bot crashed"),
        Level::Error => ((Ink::Careful, "✗ "), "Something failed"),
        Level::Warning => ((Ink::Careful, "! "), "A warning"),
    };
    let sentence = format!("{what}{time} ({place}): {}", diagnosis.summary);
    if diagnosis.level == Level::Warning && style.volume < Volume::Verbose {
        paper.prose(mark, Ink::Plain, &sentence);
    } else {
        paper.prose(mark, Ink::Strong, &sentence);
        details::write_proof(&mut paper, diagnosis, &[], style);
    }
    if style.volume > Volume::Quiet {
        paper.line(&[]);
    }
    out.write_all(paper.finish().as_bytes())
}

/// Writes a remark of a sentence or two.
///
/// # Errors
/// Those of `out`.
pub fn write_remark(
    weight: Weight,
    text: &str,
    style: &Style<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut paper = Paper::new(style.width, style.colour);
    let (mark, ink) = match weight {
        Weight::Bad => ((Ink::Bad, "✗ "), Ink::Strong),
        Weight::Careful => ((Ink::Careful, "! "), Ink::Plain),
        Weight::Plain => ((Ink::Faint, "· "), Ink::Faint),
    };
    paper.prose(mark, ink, text);
    out.write_all(paper.finish().as_bytes())
}

/// Writes what it all came to: a table of what was seen, and what was read.
///
/// # Errors
/// Those of `out`.
pub fn write_end(report: &Report, style: &Style<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut paper = Paper::new(style.width, style.colour);
    let all: Vec<&Diagnosis> = report.diagnoses.iter().collect();
    if all.is_empty() {
        paper.prose((Ink::Good, "✓ "), Ink::Plain, "Nothing was found while watching.");
    } else {
        table::write(&mut paper, &all, "Seen while watching", report.sources.len());
    }
    super::health::write_sources(&mut paper, report);
    out.write_all(paper.finish().as_bytes())
}

/// A silent log, in a sentence.
pub fn stall_in_words(stall: &Stall) -> String {
    let usual =
        stall.usual.map(|every| format!("; it usually speaks every {}", words::span(every)));
    let last = stall.last_time.as_deref().map(|time| format!(", last at {}", words::time(time)));
    format!(
        "{} has been silent for {}{}{}.",
        stall.source,
        words::span(stall.silent_for),
        last.unwrap_or_default(),
        usual.unwrap_or_default(),
    )
}

/// How often an incident has been seen, for a line.
pub fn count_in_words(count: u64, noun: &str) -> String {
    words::count(count, noun)
}
