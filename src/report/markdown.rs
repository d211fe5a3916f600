//! Markdown to paste into an issue or a chat: short, and with nothing in it that log text could start.

use std::io::{self, Write};

use super::sentence::{ended_badly, frame_place, sentence, standing};
use super::words;
use super::{Report, Style, Volume};
use crate::diagnosis::{Diagnosis, Evidence, Exception};
use crate::model::Level;
use crate::safe::escape::visible;

/// Longest line of a log that is shown.
const LINE_CHARS: usize = 400;

/// Most rows of the table of everything else, unless all is asked for.
const ROWS: usize = 20;

/// Most rows of it in a job summary, of which GitHub takes 1 MiB.
const SUMMARY_ROWS: usize = 1_000;

/// Writes the report.
pub(super) fn write(report: &Report, style: &Style<'_>, out: &mut dyn Write) -> io::Result<()> {
    let answer = report.answer();
    match answer {
        Some(index) => write_diagnosis(report, index, style, out)?,
        None if report.sources.iter().any(ended_badly) => {
            writeln!(out, "### ! Nothing that was looked for explains how the bot ended\n")?;
        }
        None => writeln!(out, "### ✓ No crash\n")?,
    }
    let rest: Vec<usize> =
        (0..report.diagnoses.len()).filter(|&index| Some(index) != answer).collect();
    if style.volume == Volume::Verbose {
        for &index in &rest {
            write_diagnosis(report, index, style, out)?;
        }
    } else if !rest.is_empty() {
        let rest: Vec<&Diagnosis> = rest.iter().map(|&index| &report.diagnoses[index]).collect();
        let rows = if style.ci.has_summary { SUMMARY_ROWS } else { ROWS };
        write_table(report, &rest, answer.is_some(), rows, out)?;
    }
    write_sources(report, out)
}

fn write_diagnosis(
    report: &Report,
    index: usize,
    style: &Style<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let diagnosis = &report.diagnoses[index];
    let mark = if diagnosis.level == Level::Warning { "!" } else { "✗" };
    writeln!(out, "### {mark} {}\n", inline(&sentence(report, diagnosis)))?;
    writeln!(
        out,
        "{} · {} · {}\n",
        code(&diagnosis.rule),
        diagnosis.level,
        inline(&standing(diagnosis))
    )?;
    let exception = diagnosis.exception.as_ref();
    if let Some(frame) = exception.and_then(|exception| exception.frame.as_ref()) {
        writeln!(out, "**Where in the code:** {}\n", code(&frame_place(frame)))?;
        if let Some(source) = &frame.code {
            let lines: Vec<String> = source.lines().map(cut).collect();
            write_fence(out, "python", &lines)?;
        }
    }
    let context = style.context.get(index).map_or(&[][..], Vec::as_slice);
    write_evidence(diagnosis, context, out)?;
    if let Some(exception) = exception.filter(|exception| exception.chain.len() > 1) {
        writeln!(out, "**From cause to last:**\n")?;
        write_fence(out, "text", &chain(exception))?;
    }
    writeln!(out, "**What to do:** {}\n", inline(&diagnosis.fix.summary))?;
    for (index, step) in diagnosis.fix.steps.iter().enumerate() {
        writeln!(out, "{}. {}", index + 1, inline(step))?;
    }
    if !diagnosis.fix.steps.is_empty() {
        writeln!(out)?;
    }
    if !diagnosis.fix.commands.is_empty() {
        let lines: Vec<String> =
            diagnosis.fix.commands.iter().map(|line| visible(line).into_owned()).collect();
        write_fence(out, "sh", &lines)?;
    }
    Ok(())
}

/// The lines that prove it and those before them, with a mark where lines are left out.
fn write_evidence(
    diagnosis: &Diagnosis,
    context: &[Evidence],
    out: &mut dyn Write,
) -> io::Result<()> {
    let is_proof = |line: &Evidence| {
        diagnosis.evidence.iter().any(|proof| (&proof.file, proof.line) == (&line.file, line.line))
    };
    let lines: Vec<&Evidence> =
        context.iter().filter(|line| !is_proof(line)).chain(&diagnosis.evidence).collect();
    let Some(first) = lines.first() else { return Ok(()) };
    writeln!(out, "**What the log says** ({}):\n", code(&first.file))?;
    let mut shown = Vec::new();
    let mut before: Option<&Evidence> = None;
    for line in lines {
        match before {
            Some(before) if before.file != line.file => {
                shown.push(visible(&line.file).into_owned())
            }
            Some(before) if before.line.saturating_add(1) < line.line => shown.push("⋮".to_owned()),
            _ => {}
        }
        shown.push(format!("{}: {}", line.line, cut(&line.text)));
        before = Some(line);
    }
    write_fence(out, "text", &shown)
}

fn chain(exception: &Exception) -> Vec<String> {
    let line = |link: &crate::diagnosis::ChainLink| {
        let message = link.message.lines().next().unwrap_or_default();
        match message {
            "" => visible(&link.class).into_owned(),
            message => cut(&format!("{}: {message}", link.class)),
        }
    };
    exception.chain.iter().map(line).collect()
}

/// The log's name only where there are several.
fn write_table(
    report: &Report,
    rest: &[&Diagnosis],
    has_answer: bool,
    rows: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let heading = if has_answer { "Also seen" } else { "What the bot coped with" };
    let several = report.sources.len() > 1;
    let (log, rule) = if several { (" log |", " --- |") } else { ("", "") };
    writeln!(out, "**{heading}:**\n\n| level | count | what | rule |{log} last |")?;
    writeln!(out, "| --- | ---: | --- | --- |{rule} --- |")?;
    for diagnosis in rest.iter().take(rows) {
        let standing = diagnosis.baseline.map(|standing| format!(" ({})", standing.id()));
        let last = words::time_of(&diagnosis.last)
            .unwrap_or_else(|| format!("line {}", diagnosis.last.line));
        let cell = |text: &str| code(text).replace('|', "\\|");
        let log = several.then(|| format!(" {} |", cell(&diagnosis.last.source)));
        writeln!(
            out,
            "| {}{} | {} | {} | {} |{} {} |",
            diagnosis.level,
            standing.unwrap_or_default(),
            words::digits(diagnosis.count),
            inline(&diagnosis.title),
            cell(&diagnosis.rule),
            log.unwrap_or_default(),
            inline(&last)
        )?;
    }
    if rest.len() > rows {
        writeln!(out, "\n… and {} more", rest.len() - rows)?;
    }
    writeln!(out)
}

fn write_sources(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let lines = report.sources.iter().map(|source| source.lines).sum();
    let bytes = report.sources.iter().map(|source| source.bytes).sum();
    let what = match report.sources.as_slice() {
        [source] => code(&source.name),
        sources => words::count(sources.len() as u64, "log"),
    };
    writeln!(
        out,
        "Read {} ({}) of {what} with {} {}.",
        words::count(lines, "line"),
        words::size(bytes),
        inline(&report.tool.name),
        inline(&report.tool.version)
    )?;
    for source in &report.sources {
        if let Some(why) = &source.incomplete {
            writeln!(out, "\n**Not read whole:** {}: {}", code(&source.name), inline(why))?;
        }
    }
    Ok(())
}

/// A block of code. Its fence is longer than any run of backticks in it, so that no line ends it.
fn write_fence(out: &mut dyn Write, language: &str, lines: &[String]) -> io::Result<()> {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    writeln!(out, "{fence}{language}")?;
    for line in lines {
        // In a job's log, a line that begins with two colons is a command to the CI system.
        let mark = if line.trim_start().starts_with("::") { "\\" } else { "" };
        writeln!(out, "{mark}{line}")?;
    }
    writeln!(out, "{fence}\n")
}

/// Text in which nothing is markup: no emphasis, link, image, table, HTML, formula or mention.
pub(super) fn inline(text: &str) -> String {
    let text = visible(text);
    let mut shown = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '&' | '$' => {
                shown.push('\\');
                shown.push(c);
            }
            // A bare address becomes a link by itself.
            ':' if text[at..].starts_with("://") => shown.push_str("\\:"),
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => shown.push_str("\\."),
            // No escape keeps `@name` from calling someone; this sign looks the same and calls no one.
            '@' => shown.push('\u{ff20}'),
            c => shown.push(c),
        }
    }
    shown
}

/// Lines of text as [`inline`] has them; numbered steps stay a list.
pub(super) fn paragraph(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(inline).collect();
    lines.join("\n")
}

/// Text as it is, in a code span that it cannot end.
fn code(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return inline(&text);
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // A blank on both sides is taken off again; it parts the text's own backticks from the fence.
    if text.contains('`') || text.starts_with(' ') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// One line, not longer than people read.
fn cut(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(LINE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Standing;
    use crate::report::sample;

    fn markdown(report: &Report, style: &Style<'_>) -> String {
        let mut out = Vec::new();
        write(report, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// The document without its blocks of code and code spans: where markup counts.
    fn prose(document: &str) -> String {
        let mut prose = String::new();
        let mut fence: Option<String> = None;
        for line in document.lines() {
            let ticks: String = line.chars().take_while(|&c| c == '`').collect();
            match &fence {
                Some(open) if *open == line => fence = None,
                Some(_) => {}
                None if ticks.len() > 2 => fence = Some(ticks),
                None => prose.push_str(&format!("{line}\n")),
            }
        }
        assert_eq!(fence, None, "a block of code is not closed in {document}");
        let mut rest = prose.as_str();
        let mut bare = String::new();
        while let Some(at) = rest.find('`') {
            let escaped = rest[..at].ends_with('\\');
            bare.push_str(&rest[..at]);
            let run = longest_run(rest[at..].split(|c| c != '`').next().unwrap());
            rest = &rest[at + run..];
            if escaped {
                continue;
            }
            // The closing fence: a run of the same length.
            let mut from = 0;
            loop {
                let next = from + rest[from..].find('`').expect("a code span is closed");
                let length = rest[next..].bytes().take_while(|&b| b == b'`').count();
                from = next + length;
                if length == run {
                    break;
                }
            }
            rest = &rest[from..];
        }
        bare + rest
    }

    #[test]
    fn crash() {
        let context = [sample::context()];
        insta::assert_snapshot!(markdown(
            &sample::crash(),
            &Style { context: &context, ..Style::default() }
        ));
    }

    #[test]
    fn healthy() {
        insta::assert_snapshot!(markdown(&sample::healthy(), &Style::default()));
    }

    #[test]
    fn log_text_is_no_markup() {
        let written = markdown(&sample::hostile(), &Style::default());
        sample::assert_inert(&written);
        let prose = prose(&written);
        let bare: String = {
            let mut chars = prose.chars();
            let mut bare = String::new();
            while let Some(c) = chars.next() {
                if c == '\\' {
                    chars.next();
                } else {
                    bare.push(c);
                }
            }
            bare
        };
        for markup in ["<", "](", "![", "@", "://", "`", "$", "&"] {
            assert!(!bare.contains(markup), "{markup} in {bare}");
        }
        for line in bare.lines() {
            let pipes = line.matches('|').count();
            assert!(pipes == 0 || pipes == 6, "{line}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut out = Vec::new();
        write_fence(&mut out, "text", &["````".to_owned()]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "`````text\n````\n`````\n\n");
        assert_eq!(code("a``b"), "``` a``b ```");
        assert_eq!(code("a|b"), "`a|b`");
    }

    #[test]
    fn an_end_that_nothing_explains_is_no_health() {
        let mut report = sample::healthy();
        assert!(markdown(&report, &Style::default()).starts_with("### ✓ No crash\n"));
        report.sources[0].runs[0].end = "killed".to_owned();
        let written = markdown(&report, &Style::default());
        assert!(written.starts_with("### ! Nothing that was looked for explains"), "{written}");
    }

    #[test]
    fn several_logs_are_told_apart() {
        let mut report = sample::crash();
        assert!(!markdown(&report, &Style::default()).contains("| log |"));
        report.sources.push(report.sources[0].clone());
        let written = markdown(&report, &Style::default());
        assert!(written.contains("| rule | log | last |\n"), "{written}");
        assert!(written.contains("| `payload/key-error` | `logs/bot.log` | 2024"), "{written}");
    }

    #[test]
    fn the_baseline_is_told() {
        let mut report = sample::crash();
        report.diagnoses[0].baseline = Some(Standing::Risen);
        report.diagnoses[1].baseline = Some(Standing::Known);
        let written = markdown(&report, &Style::default());
        assert!(written.contains("risen above the baseline"), "{written}");
        assert!(written.contains("| error (known) |"), "{written}");
    }
}
