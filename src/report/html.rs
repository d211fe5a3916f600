//! One page for a browser: a picture of the night first, then the answer, then the rest.
//!
//! Nothing is loaded from outside and nothing runs: the page has no script, and its content security
//! policy forbids one. Every text goes through [`shown`], and maud escapes what HTML would read as markup.

mod timeline;

use std::borrow::Cow;
use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::sentence::{frame_place, standing, what_happened};
use super::{Report, SourceReport, Style, words};
use crate::diagnosis::{Diagnosis, Evidence, Exception, Fix, OwnFrame};
use crate::model::Level;
use crate::safe::escape::{visible, visible_lines};

const CSS: &str = include_str!("html/page.css");

/// Diagnoses told in full; what is left out of a longer report is said, so that a page stays one that a
/// phone can open.
const IN_FULL: usize = 100;

/// Longest line of a log that is shown, in characters.
const LINE_CHARS: usize = 2_000;

/// Writes the page.
///
/// # Errors
/// Those of `out`.
pub(super) fn write(report: &Report, style: &Style<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(report, style).into_string().as_bytes())
}

fn page(report: &Report, style: &Style<'_>) -> Markup {
    let answer = report.answer();
    let rest: Vec<usize> =
        (0..report.diagnoses.len()).filter(|&index| Some(index) != answer).collect();
    let headline = match answer {
        Some(index) => what_happened(report, &report.diagnoses[index]).to_owned(),
        None => "No crash".to_owned(),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (headline) " – wd-diagnose" }
                style { (PreEscaped(CSS)) }
            }
            body {
                header {
                    h1.(answer.map_or("calm", |index| level_class(report.diagnoses[index].level))) {
                        (headline)
                    }
                    p.lead { (lead(report, answer)) }
                }
                main {
                    (timeline::section(report))
                    @if let Some(index) = answer {
                        section aria-labelledby="why" {
                            h2 #why { "Why" }
                            (full(report, index, style))
                        }
                    }
                    @if !rest.is_empty() {
                        section aria-labelledby="rest" {
                            h2 #rest { @if answer.is_some() { "What else was seen" } @else { "What was seen" } }
                            @for &index in rest.iter().take(IN_FULL) {
                                (folded(report, index, style))
                            }
                            @if rest.len() > IN_FULL {
                                p { (words::digits((rest.len() - IN_FULL) as u64)) " more are in the JSON report." }
                            }
                        }
                    }
                    section aria-labelledby="read" {
                        h2 #read { "What was read" }
                        @for source in &report.sources { (source_table(source)) }
                    }
                }
                footer { p { (shown(&report.tool.name)) " " (shown(&report.tool.version)) } }
            }
        }
    }
}

/// The sentence under the headline.
fn lead(report: &Report, answer: Option<usize>) -> Markup {
    match answer {
        Some(index) => {
            let diagnosis = &report.diagnoses[index];
            html! {
                (shown(&diagnosis.summary))
                @if let Some(time) = words::time_of(&diagnosis.last) {
                    " " span.quiet { (shown(&time)) }
                }
            }
        }
        None if report.diagnoses.is_empty() => html! { "Nothing that was looked for was found." },
        None => html! { "Nothing below ended the bot." },
    }
}

/// One diagnosis, whole.
fn full(report: &Report, index: usize, style: &Style<'_>) -> Markup {
    let diagnosis = &report.diagnoses[index];
    html! {
        article id=(anchor(index)) .(level_class(diagnosis.level)) {
            h3 { (shown(&diagnosis.title)) }
            (body(report, index, style))
        }
    }
}

/// One diagnosis under its title, to be opened.
fn folded(report: &Report, index: usize, style: &Style<'_>) -> Markup {
    let diagnosis = &report.diagnoses[index];
    html! {
        details id=(anchor(index)) .(level_class(diagnosis.level)) {
            summary {
                span.mark aria-hidden="true" { (mark(diagnosis.level)) }
                span.title { (shown(&diagnosis.title)) }
                span.quiet {
                    (diagnosis.level.to_string())
                    @if diagnosis.count > 1 { " · " (words::digits(diagnosis.count)) " times" }
                    @if let Some(time) = words::time_of(&diagnosis.last) { " · " (shown(&time)) }
                }
            }
            p { (shown(&diagnosis.summary)) }
            (body(report, index, style))
        }
    }
}

fn body(report: &Report, index: usize, style: &Style<'_>) -> Markup {
    let diagnosis = &report.diagnoses[index];
    let frame = diagnosis.exception.as_ref().and_then(|exception| exception.frame.as_ref());
    let context = style.context.get(index).map_or(&[][..], Vec::as_slice);
    let place = &diagnosis.last;
    html! {
        p.quiet {
            code { (shown(&diagnosis.rule)) } " · " (shown(&standing(diagnosis))) " · "
            (shown(&place.file)) ", line " (words::digits(place.line))
            @if report.sources.len() > 1 && place.source != place.file { " (" (shown(&place.source)) ")" }
        }
        @if let Some(frame) = frame { (own_code(frame)) }
        (evidence(diagnosis, context))
        @if let Some(exception) = &diagnosis.exception { (chain(exception)) }
        (fix(&diagnosis.fix))
    }
}

fn own_code(frame: &OwnFrame) -> Markup {
    html! {
        h4 { "Where in your code" }
        p { code { (shown(&frame_place(frame))) } }
        @if let Some(code) = &frame.code {
            pre.own tabindex="0" {
                @for (number, line) in code.lines().enumerate() {
                    span.number { @if number == 0 { @if let Some(line) = frame.line { (line) } } }
                    (cut(line)) "\n"
                }
            }
        }
    }
}

/// The lines that prove it, those before them faint, and a mark where lines are left out.
fn evidence(diagnosis: &Diagnosis, context: &[Evidence]) -> Markup {
    let is_proof = |line: &Evidence| {
        diagnosis.evidence.iter().any(|proof| (&proof.file, proof.line) == (&line.file, line.line))
    };
    let before = context.iter().filter(|line| !is_proof(line)).map(|line| (line, false));
    let lines: Vec<(&Evidence, bool)> =
        before.chain(diagnosis.evidence.iter().map(|line| (line, true))).collect();
    let Some((first, _)) = lines.first() else { return html! {} };
    html! {
        h4 { "What the log says" }
        p.quiet { (shown(&first.file)) }
        pre.log tabindex="0" {
            @for (at, (line, is_proof)) in lines.iter().enumerate() {
                @let last = at.checked_sub(1).map(|at| lines[at].0);
                @if last.is_some_and(|last| last.file != line.file) {
                    span.quiet { (shown(&line.file)) } "\n"
                } @else if last.is_some_and(|last| last.line.saturating_add(1) < line.line) {
                    span.number { "⋮" } "\n"
                }
                span.number { (line.line) }
                @if *is_proof { (cut(&line.text)) } @else { span.quiet { (cut(&line.text)) } }
                "\n"
            }
        }
    }
}

/// A chain of several exceptions, each under its cause; the one that was named is strong.
fn chain(exception: &Exception) -> Markup {
    if exception.chain.len() < 2 {
        return html! {};
    }
    html! {
        h4 { "From cause to last" }
        ol.chain {
            @for link in &exception.chain {
                @let is_named = link.class == exception.class && link.message == exception.message;
                li {
                    code.strong[is_named] { (shown(&link.class)) }
                    @if !link.message.is_empty() { ": " (cut(link.message.lines().next().unwrap_or_default())) }
                }
            }
        }
    }
}

fn fix(fix: &Fix) -> Markup {
    html! {
        h4 { "What to do" }
        p { (shown(&fix.summary)) }
        @if !fix.steps.is_empty() {
            ol { @for step in &fix.steps { li { (shown(step)) } } }
        }
        @if !fix.commands.is_empty() {
            pre.command tabindex="0" { @for command in &fix.commands { (shown(command)) "\n" } }
        }
    }
}

fn source_table(source: &SourceReport) -> Markup {
    html! {
        h3 { (shown(&source.name)) }
        p.quiet {
            (words::count(source.lines, "line")) ", " (words::size(source.bytes)) ", "
            @if source.files.len() > 1 { (words::count(source.files.len() as u64, "file")) ", " }
            "format " (shown(&source.format))
            @if let (Some(first), Some(last)) = (&source.first_time, &source.last_time) {
                ", " (shown(&words::time(first))) " to " (shown(&words::time(last)))
            }
        }
        @if let Some(why) = &source.incomplete {
            p.warning { span.mark aria-hidden="true" { "!" } "Not read whole: " (shown(why)) }
        }
        @if !source.runs.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="runs" {
                table {
                    thead { tr { th scope="col" { "Run" } th scope="col" { "Started" } th scope="col" { "Ended" }
                        th scope="col" { "Lines" } th scope="col" { "End" } } }
                    tbody {
                        @for (number, run) in source.runs.iter().enumerate().take(IN_FULL) {
                            tr {
                                td { (number + 1) }
                                td { (time_or_dash(run.started.as_deref())) }
                                td { (time_or_dash(run.ended.as_deref())) }
                                td { (words::digits(run.first_line)) "–" (words::digits(run.last_line)) }
                                td {
                                    span.end.(timeline::end_class(&run.end)) { (shown(&run.end)) }
                                    @if let Some(rule) = &run.rule { " " code { (shown(rule)) } }
                                }
                            }
                        }
                    }
                }
            }
            @if source.runs.len() > IN_FULL {
                p { (words::digits((source.runs.len() - IN_FULL) as u64)) " more runs are in the JSON report." }
            }
        }
    }
}

fn time_or_dash(time: Option<&str>) -> Markup {
    html! { @match time { Some(time) => { (shown(&words::time(time))) }, None => { "–" } } }
}

/// Name of a diagnosis' place on the page.
fn anchor(index: usize) -> String {
    format!("d{}", index + 1)
}

fn level_class(level: Level) -> &'static str {
    match level {
        Level::Fatal => "fatal",
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn mark(level: Level) -> &'static str {
    match level {
        Level::Fatal => "✗",
        Level::Error => "■",
        Level::Warning => "▲",
    }
}

/// A report may come from a file that somebody else made.
fn shown(text: &str) -> Cow<'_, str> {
    visible_lines(text)
}

/// One line of text, its end left out where it is very long.
fn cut(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests;
