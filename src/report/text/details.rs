//! One diagnosis in full.

use super::paper::{Ink, Paper, fit, shown};
use crate::diagnosis::{Diagnosis, Evidence, Exception, Fix, OwnFrame};
use crate::model::Level;
use crate::report::sentence::{frame_place, sentence, standing};
use crate::report::{Report, Style, Volume};

/// The diagnosis at `index` of the report: sentence, place, proof and fix.
pub(super) fn write(paper: &mut Paper, report: &Report, index: usize, style: &Style<'_>) {
    let diagnosis = &report.diagnoses[index];
    let (mark, ink) = match diagnosis.level {
        Level::Fatal => ("✗ ", Ink::Bad),
        Level::Error => ("✗ ", Ink::Careful),
        Level::Warning => ("! ", Ink::Careful),
    };
    paper.prose((ink, mark), Ink::Strong, &sentence(report, diagnosis));
    let context = style.context.get(index).map_or(&[][..], Vec::as_slice);
    write_proof(paper, diagnosis, context, style);
}

/// What stands behind the sentence: place, proof and fix. `context` stands before the proof.
pub(super) fn write_proof(
    paper: &mut Paper,
    diagnosis: &Diagnosis,
    context: &[Evidence],
    style: &Style<'_>,
) {
    let frame = diagnosis.exception.as_ref().and_then(|exception| exception.frame.as_ref());
    if style.volume == Volume::Quiet {
        if let Some(frame) = frame {
            paper.prose((Ink::Plain, "  "), Ink::Place, &frame_place(frame));
        }
        paper.prose((Ink::Plain, "  "), Ink::Plain, &diagnosis.fix.summary);
        return;
    }
    paper.prose(
        (Ink::Plain, "  "),
        Ink::Faint,
        &format!("{} · {}", diagnosis.rule, standing(diagnosis)),
    );
    if let Some(frame) = frame {
        write_frame(paper, frame);
    }
    write_evidence(paper, diagnosis, context);
    if let Some(exception) = &diagnosis.exception {
        write_chain(paper, exception);
    }
    write_fix(paper, &diagnosis.fix);
}

fn write_frame(paper: &mut Paper, frame: &OwnFrame) {
    paper.heading("Where in your code", "");
    paper.prose((Ink::Plain, "  "), Ink::Place, &frame_place(frame));
    let Some(code) = &frame.code else { return };
    let first = frame.line.map(|line| line.to_string()).unwrap_or_default();
    for (index, line) in code.lines().enumerate() {
        let number = if index == 0 { first.as_str() } else { "" };
        paper.numbered(number, first.len().max(1), Ink::Strong, line);
    }
}

/// The lines that prove it, those before them faint, and a mark where lines are left out.
fn write_evidence(paper: &mut Paper, diagnosis: &Diagnosis, context: &[Evidence]) {
    let mut lines: Vec<(&Evidence, Ink)> = context.iter().map(|line| (line, Ink::Faint)).collect();
    lines.retain(|(line, _)| {
        !diagnosis.evidence.iter().any(|proof| (&proof.file, proof.line) == (&line.file, line.line))
    });
    lines.extend(diagnosis.evidence.iter().map(|line| (line, Ink::Plain)));
    let Some((first, _)) = lines.first() else { return };
    paper.heading("What the log says", &first.file);
    let digits = lines.iter().map(|(line, _)| line.line.to_string().len()).max().unwrap_or(1);
    let mut before: Option<&Evidence> = None;
    for (line, ink) in lines {
        match before {
            Some(before) if before.file != line.file => {
                paper.line(&[(Ink::Plain, "  "), (Ink::Faint, &shown(&line.file))]);
            }
            Some(before) if before.line + 1 < line.line => paper.skipped(digits),
            _ => {}
        }
        paper.numbered(&line.line.to_string(), digits, ink, &line.text);
        before = Some(line);
    }
}

/// A chain of several exceptions, one a line, each under its cause; the one that was named is strong.
fn write_chain(paper: &mut Paper, exception: &Exception) {
    if exception.chain.len() < 2 {
        return;
    }
    paper.heading("From cause to last", "");
    // Deeper than this the steps would leave no room.
    const DEEPEST: usize = 6;
    for (index, link) in exception.chain.iter().enumerate() {
        let step = "  ".repeat(index.min(DEEPEST));
        let mark = if index == 0 { "  " } else { "└ " };
        let first_line = link.message.lines().next().unwrap_or_default();
        let text = if first_line.is_empty() {
            link.class.clone()
        } else {
            format!("{}: {first_line}", link.class)
        };
        let before = format!("{step}{mark}");
        let text = fit(&text, paper.width().saturating_sub(before.chars().count()).max(12));
        let is_named = link.class == exception.class && link.message == exception.message;
        let ink = if is_named { Ink::Strong } else { Ink::Plain };
        paper.line(&[(Ink::Faint, &before), (ink, &text)]);
    }
}

fn write_fix(paper: &mut Paper, fix: &Fix) {
    paper.heading("What to do", "");
    paper.prose((Ink::Plain, "  "), Ink::Plain, &fix.summary);
    let digits = fix.steps.len().to_string().len();
    for (index, step) in fix.steps.iter().enumerate() {
        let mark = format!("  {:>digits$}. ", index + 1);
        paper.prose((Ink::Good, &mark), Ink::Plain, step);
    }
    if fix.commands.is_empty() {
        return;
    }
    // A command is one line, however long: broken ones cannot be copied.
    paper.gap();
    for command in &fix.commands {
        paper.line(&[(Ink::Plain, "     "), (Ink::Command, &shown(command))]);
    }
}
