//! The report in a terminal: the answer first, in a sentence; then the place, the proof and what to do;
//! then everything else in one table.

mod details;
mod health;
pub mod live;
mod paper;
mod table;

use std::io::{self, Write};

use super::{Report, Style, Volume};
use crate::diagnosis::Diagnosis;
use paper::Paper;

/// Writes the report, or nothing for a quiet one in health.
pub(super) fn write(report: &Report, style: &Style<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut paper = Paper::new(style.width, style.colour);
    let answer = report.answer();
    match answer {
        Some(index) => {
            details::write(&mut paper, report, index, style);
            if style.volume > Volume::Quiet {
                health::write_after_crash(&mut paper, report, &report.diagnoses[index]);
            }
        }
        None if style.volume > Volume::Quiet => health::write(&mut paper, report, style),
        None => {}
    }
    if style.volume == Volume::Quiet {
        return out.write_all(paper.finish().as_bytes());
    }
    let rest: Vec<usize> =
        (0..report.diagnoses.len()).filter(|&index| Some(index) != answer).collect();
    if style.volume == Volume::Verbose {
        for &index in &rest {
            paper.rule();
            details::write(&mut paper, report, index, style);
        }
    } else {
        let rest: Vec<&Diagnosis> = rest.iter().map(|&index| &report.diagnoses[index]).collect();
        let heading = if answer.is_some() { "Also seen" } else { "What the bot coped with" };
        table::write(&mut paper, &rest, heading, report.sources.len());
    }
    health::write_sources(&mut paper, report);
    out.write_all(paper.finish().as_bytes())
}

#[cfg(test)]
mod tests;
