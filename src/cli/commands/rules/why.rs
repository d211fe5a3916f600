//! `rules why`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, anyhow};

use super::Choice;
use crate::cli::ExitStatus;
use crate::detect::{Matcher, Parsed, examples};
use crate::rules;
use crate::safe::escape::visible;
use crate::safe::redact::Redactor;
use crate::traceback::Roots;

/// Most bytes of a log that are looked at: who asks why looks at one place.
const LOG_BYTES: u64 = 64 << 20;

/// Most characters of an event's first line that are shown.
const HEAD_CHARS: usize = 160;

/// What to ask about.
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// A log, `-` for standard input, or a line of one in quotes.
    #[arg(value_name = "LINE|FILE")]
    pub text: String,

    /// Only this rule, with all that it lacks.
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,

    /// Which rules there are.
    #[command(flatten)]
    pub choice: Choice,
}

pub(super) fn run(args: &WhyArgs, out: &mut dyn Write) -> anyhow::Result<ExitStatus> {
    let rules = match super::load(&args.choice.options(), out)? {
        Ok(rules) => rules,
        Err(status) => return Ok(status),
    };
    let only = match &args.rule {
        None => None,
        Some(id) => Some(rules.position(id).ok_or_else(|| {
            let near = rules::nearest(id, rules.rules.iter().map(|rule| rule.id.as_str()));
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            anyhow!("no rule `{id}`{hint}")
        })?),
    };
    let text = text_of(&args.text)?;
    let matcher = Matcher::new(&rules, Roots::default());
    let redactor = Redactor::new(true);
    let mut count = 0_usize;
    let mut result = Ok(());
    examples::for_each_event(&matcher, &text, |parsed| {
        count += 1;
        if result.is_ok() {
            result = write_event(&matcher, parsed, &text, only, &redactor, out);
        }
    });
    result?;
    if count == 0 {
        writeln!(out, "no rule sees anything here: none of its literals stands in the text")?;
    }
    Ok(ExitStatus::Clean)
}

/// The text itself, or that of the file it names.
fn text_of(given: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if given == "-" {
        io::stdin()
            .lock()
            .take(LOG_BYTES)
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else if Path::new(given).is_file() {
        let file = File::open(given).with_context(|| format!("cannot open {given}"))?;
        file.take(LOG_BYTES)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {given}"))?;
    } else {
        return Ok(given.to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn write_event(
    matcher: &Matcher<'_>,
    parsed: &Parsed<'_>,
    text: &str,
    only: Option<usize>,
    redactor: &Redactor,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (start, end) = match (parsed.event.lines.first(), parsed.event.lines.last()) {
        (Some(first), Some(last)) => (first.at, last.end),
        _ => return Ok(()),
    };
    let shown = |text: &str| visible(&redactor.redact(text)).into_owned();
    let newlines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
    let first_line = newlines(&text.as_bytes()[..start]) + 1;
    let last_line = newlines(&text.as_bytes()[..end.saturating_sub(1).max(start)]) + 1;
    let head: String =
        text[start..end].lines().next().unwrap_or("").chars().take(HEAD_CHARS).collect();
    if first_line == last_line {
        writeln!(out, "line {first_line}: {}", shown(&head))?;
    } else {
        writeln!(out, "lines {first_line} to {last_line}: {}", shown(&head))?;
    }
    let matches = matcher.confirm_fully(parsed).matches;
    for (at, found) in matches.iter().enumerate() {
        // A rule often holds on several parts of an event; the strongest tells enough.
        let told = matches[..at].iter().any(|before| before.rule == found.rule);
        if told || only.is_some_and(|only| only != found.rule) {
            continue;
        }
        let captures: Vec<String> =
            found.captures.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
        let word = if at == 0 { "wins" } else { "holds" };
        let id = &matcher.rules.rules[found.rule].id;
        writeln!(out, "  {word:<6} {id} on {}  {}", parsed.place(found.which), captures.join(" "))?;
    }
    let lacking = match only {
        Some(only) => vec![only],
        None => matcher.seen(parsed),
    };
    for rule in lacking {
        if only.is_none() && matches.iter().any(|found| found.rule == rule) {
            continue;
        }
        for line in matcher.explain(rule, parsed) {
            writeln!(out, "  lacks  {}: {}", matcher.rules.rules[rule].id, shown(&line))?;
        }
        if matcher.rules.rules[rule].whens.is_empty() {
            let id = &matcher.rules.rules[rule].id;
            writeln!(
                out,
                "  lacks  {id}: no code of an exchange's table here, or the program alone names it"
            )?;
        }
    }
    writeln!(out)
}
