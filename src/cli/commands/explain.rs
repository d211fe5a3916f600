//! What a pattern or a rule is about.

use std::io::Write;

use anyhow::anyhow;
use textwrap::{Options, WordSplitter};

use crate::cli::ExitStatus;
use crate::model::Pattern;
use crate::rules::docs::{self, Block};
use crate::rules::{self, RuleSet};
use crate::safe::escape::visible;

/// Symptom, cause and fix of a pattern or a rule.
///
/// Without a name, the list of patterns. `wd-diagnose rules list` has the ids of all rules.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// A pattern, such as `rate-limit`, or the id of a rule, such as `network/timeout`.
    #[arg(value_name = "PATTERN|RULE")]
    pub name: Option<String>,

    /// Which rules there are.
    #[command(flatten)]
    pub choice: super::rules::Choice,
}

/// Writes the page to `out`, in lines of at most `width` columns where words allow.
///
/// # Errors
/// Where there is no such pattern or rule (the nearest is named), or `out` cannot be written. Refused
/// rules are written to `out`, and the status says so.
pub fn run(args: &ExplainArgs, width: usize, out: &mut dyn Write) -> anyhow::Result<ExitStatus> {
    let rules = match super::rules::load(&args.choice.options(), out)? {
        Ok(rules) => rules,
        Err(status) => return Ok(status),
    };
    let Some(name) = &args.name else {
        return write_patterns(&rules, width, out);
    };
    let page = if let Ok(pattern) = name.parse::<Pattern>() {
        docs::pattern(&rules, pattern)
    } else if let Some(rule) = rules.get(name) {
        docs::rule(&rules, rule)
    } else {
        return Err(unknown(&rules, name));
    };
    write_page(&page, width, out)?;
    Ok(ExitStatus::Clean)
}

/// Each pattern with its title and how many rules it has.
fn write_patterns(
    rules: &RuleSet,
    width: usize,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    for pattern in Pattern::ALL {
        let count = rules.rules.iter().filter(|rule| rule.pattern == pattern).count();
        writeln!(out, "{:<13} {} ({count} rules)", pattern.id(), pattern.title())?;
    }
    writeln!(out)?;
    let hint = "`wd-diagnose explain PATTERN` tells more of one, `wd-diagnose rules list` names the rules.";
    writeln!(out, "{}", textwrap::fill(hint, wrapping(width)))?;
    Ok(ExitStatus::Clean)
}

fn unknown(rules: &RuleSet, name: &str) -> anyhow::Error {
    let patterns = Pattern::ALL.iter().map(|pattern| pattern.id());
    let ids = rules.rules.iter().map(|rule| rule.id.as_str());
    // A rule is also found by its name alone, and its id told.
    let by_name =
        rules.rules.iter().find(|rule| rule.id.split_once('/').is_some_and(|(_, own)| own == name));
    match by_name.map(|rule| rule.id.as_str()).or_else(|| rules::nearest(name, patterns.chain(ids)))
    {
        Some(near) => anyhow!("no pattern or rule `{name}`; did you mean `{near}`?"),
        None => anyhow!("no pattern or rule `{name}`; `wd-diagnose rules list` names them all"),
    }
}

fn wrapping(width: usize) -> Options<'static> {
    Options::new(width).break_words(false).word_splitter(WordSplitter::NoHyphenation)
}

fn write_page(page: &[Block], width: usize, out: &mut dyn Write) -> std::io::Result<()> {
    for (at, block) in page.iter().enumerate() {
        if at > 0 && !matches!(page[at - 1], Block::Heading(..)) {
            writeln!(out)?;
        }
        match block {
            Block::Heading(1, title) => writeln!(out, "{}\n", visible(title))?,
            Block::Heading(_, title) => writeln!(out, "{title}:")?,
            Block::Text(text) => {
                // Single line ends inside a paragraph are the writer's, not the reader's.
                let text = text.replace('\n', " ");
                let text = visible(&text);
                let indent = wrapping(width).initial_indent("  ").subsequent_indent("  ");
                writeln!(out, "{}", textwrap::fill(&text, indent))?;
            }
            Block::Points(points) => {
                for point in points {
                    let point = visible(point);
                    let indent = wrapping(width).initial_indent("  - ").subsequent_indent("    ");
                    writeln!(out, "{}", textwrap::fill(&point, indent))?;
                }
            }
            Block::Steps(steps) => {
                for (at, step) in steps.iter().enumerate() {
                    let number = format!("  {}. ", at + 1);
                    let indent = wrapping(width).initial_indent(&number).subsequent_indent("     ");
                    writeln!(out, "{}", textwrap::fill(&visible(step), indent))?;
                }
            }
            Block::Verbatim(_, text) => {
                for line in text.lines() {
                    let indent = if line.is_empty() { "" } else { "    " };
                    writeln!(out, "{indent}{}", visible(line))?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        args: ExplainArgs,
    }

    fn explained(words: &[&str]) -> anyhow::Result<String> {
        let typed = Typed::try_parse_from(["explain"].iter().chain(words))?;
        let mut out = Vec::new();
        let status = run(&typed.args, 100, &mut out)?;
        assert_eq!(status, ExitStatus::Clean);
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn without_a_name_the_patterns_are_listed_in_order() {
        let text = explained(&[]).unwrap();
        let ids: Vec<&str> = text.lines().take(8).filter_map(|l| l.split(' ').next()).collect();
        let wanted: Vec<&str> = Pattern::ALL.iter().map(|pattern| pattern.id()).collect();
        assert_eq!(ids, wanted);
    }

    #[test]
    fn a_pattern_has_all_its_parts_and_lines_that_fit() {
        for pattern in Pattern::ALL {
            let text = explained(&[pattern.id()]).unwrap();
            for part in ["Symptom:", "Why:", "Fix:", "Sample:", "What to watch:", "How to confirm:"]
            {
                assert!(text.contains(part), "{pattern} lacks {part}");
            }
            let wide = text.lines().find(|line| {
                !line.starts_with("    ") && line.chars().count() > 100 && line.contains(' ')
            });
            assert_eq!(wide, None);
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest() {
        let told = |name: &str| explained(&[name]).unwrap_err().to_string();
        assert_eq!(told("netwrok"), "no pattern or rule `netwrok`; did you mean `network`?");
        assert_eq!(
            told("connection-refused"),
            "no pattern or rule `connection-refused`; did you mean `network/connection-refused`?"
        );
    }
}
