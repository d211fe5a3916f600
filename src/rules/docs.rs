//! What people read about patterns and rules: in a terminal (`explain`) and in `docs/rules/`.

use super::{Example, Exchanges, On, Rule, RuleSet, Series, SeriesKind, Template, When};
use crate::model::{Pattern, Severity};

/// A piece of a page, laid out by whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading; the level is 1 for the page's own.
    Heading(u8, String),
    /// Running text, one paragraph.
    Text(String),
    /// Points without order.
    Points(Vec<String>),
    /// Steps in order.
    Steps(Vec<String>),
    /// Text as it is, with the name of its language, empty for none.
    Verbatim(&'static str, String),
}

/// The page of a pattern: what `patterns.toml` tells of it, then each of its rules in short.
pub fn pattern(rules: &RuleSet, pattern: Pattern) -> Vec<Block> {
    let mut page = vec![Block::Heading(1, pattern.title().to_owned())];
    if let Some(guide) = rules.guides.get(&pattern) {
        let mut part = |title: &str, text: &str| {
            page.push(heading(2, title));
            page.extend(paragraphs(text));
        };
        part("Symptom", &guide.symptom);
        part("Why", &guide.why);
        part("Fix", &guide.fix);
        part("What to watch", &guide.watch);
        part("How to confirm", &guide.confirm);
        page.push(heading(2, "Sample"));
        page.push(Block::Verbatim("python", guide.sample.trim().to_owned()));
    }
    page.push(heading(2, "Rules"));
    let own = rules.rules.iter().filter(|rule| rule.pattern == pattern);
    page.push(Block::Points(own.map(|rule| format!("`{}`: {}", rule.id, rule.title)).collect()));
    page
}

/// The page of a rule: what it means and what to do, with what its pattern's guide adds, then what it looks
/// for.
pub fn rule(rules: &RuleSet, rule: &Rule) -> Vec<Block> {
    let mut page = vec![heading(1, &format!("{} ({})", rule.title, rule.id))];
    page.push(heading(2, "Symptom"));
    page.push(Block::Text(rule.summary.words()));
    if let Some(example) = rule.examples.first() {
        page.push(Block::Verbatim("text", example.text.trim_matches('\n').to_owned()));
    }
    let guide = rules.guides.get(&rule.pattern);
    let part = |page: &mut Vec<Block>, title: &str, text: Option<&String>| {
        if let Some(text) = text {
            page.push(heading(2, title));
            page.extend(paragraphs(text));
        }
    };
    part(&mut page, "Why", guide.map(|guide| &guide.why));
    fix(&mut page, rule, 2);
    if let Some(guide) = guide {
        page.push(Block::Verbatim("python", guide.sample.trim().to_owned()));
    }
    part(&mut page, "What to watch", guide.map(|guide| &guide.watch));
    part(&mut page, "How to confirm", guide.map(|guide| &guide.confirm));
    page.extend(rule_parts(rules, rule, 2));
    page
}

/// A pattern's page followed by those of its rules, as Markdown: one file of `docs/rules/`.
pub fn file(rules: &RuleSet, of: Pattern) -> String {
    let mut page = pattern(rules, of);
    for rule in rules.rules.iter().filter(|rule| rule.pattern == of) {
        page.push(heading(2, &rule.id));
        page.push(Block::Text(format!("**{}.** {}", rule.title, rule.summary.words())));
        fix(&mut page, rule, 3);
        page.extend(rule_parts(rules, rule, 3));
    }
    format!(
        "<!-- Made of rules/*.toml by `wd-diagnose rules docs docs/rules`; edit those. -->\n\n{}",
        markdown(&page)
    )
}

/// What to do.
fn fix(page: &mut Vec<Block>, rule: &Rule, level: u8) {
    page.push(heading(level, "Fix"));
    page.push(Block::Text(rule.fix.summary.words()));
    if !rule.restart {
        page.push(Block::Text("Starting the bot again does not mend it.".to_owned()));
    }
    if !rule.fix.steps.is_empty() {
        page.push(Block::Steps(rule.fix.steps.iter().map(Template::words).collect()));
    }
    if !rule.fix.commands.is_empty() {
        let commands: Vec<String> = rule.fix.commands.iter().map(Template::words).collect();
        page.push(Block::Verbatim("sh", commands.join("\n")));
    }
}

/// What a rule looks for, and what shows that it does.
fn rule_parts(rules: &RuleSet, rule: &Rule, level: u8) -> Vec<Block> {
    let mut page = vec![heading(level, "What it looks for")];
    page.push(Block::Points(looks_for(&rules.exchanges, rule)));
    let captures = captures(rule);
    if !captures.is_empty() {
        page.push(heading(level, "What it captures"));
        page.push(Block::Text(captures.join(", ")));
    }
    examples(&mut page, "Examples", level, &rule.examples);
    examples(&mut page, "Looks like it, and is not", level, &rule.near_misses);
    if !rule.source.is_empty() {
        page.push(heading(level, "Sources"));
        page.push(Block::Points(rule.source.clone()));
    }
    page
}

fn heading(level: u8, text: &str) -> Block {
    Block::Heading(level, text.to_owned())
}

fn paragraphs(text: &str) -> impl Iterator<Item = Block> {
    text.trim().split("\n\n").map(|text| Block::Text(text.trim().to_owned()))
}

/// Most lines shown of an example that lists records.
const LISTED: usize = 4;

fn examples(page: &mut Vec<Block>, title: &str, level: u8, examples: &[Example]) {
    if examples.is_empty() {
        return;
    }
    page.push(heading(level, title));
    for example in examples {
        // A long list of one-line wordings is for the test of the rule; a reader wants a few.
        let lines: Vec<&str> = example.text.trim_matches('\n').lines().collect();
        let is_list = lines.len() > LISTED && lines.iter().all(|line| line.starts_with("20"));
        let shown = if is_list { &lines[..LISTED] } else { &lines[..] };
        page.push(Block::Verbatim("text", shown.join("\n")));
    }
}

/// What a rule looks for, in words: a point for each alternative, and one for each exchange whose
/// table names it.
fn looks_for(exchanges: &Exchanges, rule: &Rule) -> Vec<String> {
    let mut points: Vec<String> = rule.whens.iter().map(when_in_words).collect();
    for table in &exchanges.tables {
        let mut codes: Vec<String> = table
            .errors
            .iter()
            .filter(|error| error.rule == rule.id)
            .filter_map(|error| error.code.as_ref().or(error.message.as_ref()))
            .map(|text| format!("`{text}`"))
            .collect();
        codes.dedup();
        if !codes.is_empty() {
            points.push(format!("an error of {}: {}", table.id, codes.join(", ")));
        }
    }
    if let Some(series) = &rule.series {
        points.push(series_in_words(series));
    }
    if points.is_empty() {
        points.push("nothing of its own: the program names it where no other rule speaks".into());
    }
    points
}

/// What a series asks of several events.
fn series_in_words(series: &Series) -> String {
    let by = if series.by.is_empty() {
        String::new()
    } else {
        format!(", told apart by {}", list(&series.by, "and"))
    };
    let within = length(series.within);
    let value = series.value.as_deref().unwrap_or("a number");
    let mut words = match series.kind {
        SeriesKind::Threshold => format!("at least {} of them within {within}{by}", series.count),
        SeriesKind::Sequence => format!("first one, then another within {within}{by}"),
        SeriesKind::Absence => {
            format!("one that nothing of the others follows within {within}{by}")
        }
        SeriesKind::Rising => format!(
            "at least {} in a row, at most {within} apart, whose {value} rises{by}",
            series.count
        ),
        SeriesKind::Steady => format!(
            "at least {} in a row, at most {within} apart, whose {value} stays the same{by}",
            series.count
        ),
    };
    if series.times > 1.0 {
        words.push_str(&format!(" to at least {} times the first", series.times));
    }
    if let Some(limit) = &series.limit {
        words.push_str(&format!(" and reaches {:.0} % of {limit}", series.share * 100.0));
    }
    for (named, what) in [(&series.rules, "count as well"), (&series.then_rules, "follow")] {
        if !named.is_empty() {
            words.push_str(&format!("; findings of {} {what}", list(named, "and")));
        }
    }
    words
}

/// Microseconds as a length of time.
fn length(micros: i64) -> String {
    let seconds = micros as f64 / 1e6;
    match seconds {
        s if s < 120.0 => format!("{s} s"),
        s if s < 7_200.0 => format!("{} min", s / 60.0),
        s => format!("{} h", s / 3_600.0),
    }
}

fn when_in_words(when: &When) -> String {
    let mut parts = Vec::new();
    match (when.on, when.exception.is_empty()) {
        (_, false) => parts.push(format!("an exception that is a {}", list(&when.exception, "or"))),
        (On::Link, true) => parts.push("an exception".to_owned()),
        (On::Message, true) => parts.push("a record's message".to_owned()),
        (On::Said, true) => {
            parts.push("a record's message, or an exception of no telling class,".to_owned());
        }
        (On::Any, true) => parts.push("an exception or a record's message".to_owned()),
    }
    if !when.any.is_empty() {
        parts.push(format!("with {}", list(&when.any, "or")));
    }
    if !when.all.is_empty() {
        parts.push(format!("with {}", list(&when.all, "and")));
    }
    if !when.not.is_empty() {
        parts.push(format!("without {}", list(&when.not, "or")));
    }
    if !when.regex.is_empty() {
        let regexes: Vec<String> = when.regex.iter().map(|regex| regex.text().to_owned()).collect();
        parts.push(format!("that fits {}", list(&regexes, "or")));
    }
    if !when.raised_in.is_empty() {
        parts.push(format!("raised in {}", list(&when.raised_in, "or")));
    }
    if let Some(code) = &when.code {
        parts.push(format!("from a line of code that fits `{}`", code.text()));
    }
    if let Some(severity) = when.severity {
        parts.push(format!("logged as {} or worse", severity_word(severity)));
    }
    if !when.chain.is_empty() {
        parts.push(format!("and {} somewhere in the same event", list(&when.chain, "and")));
    }
    if when.own_module {
        parts.push("where a folder or file of the bot's is called like the module".to_owned());
    }
    if when.ignore_case {
        parts.push("(upper and lower case alike)".to_owned());
    }
    parts.join(" ")
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Trace => "TRACE",
        Severity::Debug => "DEBUG",
        Severity::Info => "INFO",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
        Severity::Critical => "CRITICAL",
    }
}

fn list(items: &[String], joint: &str) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {joint} {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Names of what a rule captures, sorted.
pub fn captures(rule: &Rule) -> Vec<String> {
    let mut names: Vec<String> = rule.take.iter().chain(rule.set.keys()).cloned().collect();
    let whens = rule.whens.iter().flat_map(|when| &when.regex);
    for regex in rule.capture.iter().chain(whens) {
        let groups = regex.text().split("(?P<").skip(1);
        names.extend(groups.filter_map(|part| Some(part.split_once('>')?.0.to_owned())));
    }
    names.sort();
    names.dedup();
    names
}

/// A page as Markdown.
pub fn markdown(page: &[Block]) -> String {
    let mut text = String::new();
    for block in page {
        match block {
            Block::Heading(level, title) => {
                text.push_str(&"#".repeat(usize::from(*level)));
                text.push_str(&format!(" {title}\n"));
            }
            Block::Text(paragraph) => text.push_str(&format!("{paragraph}\n")),
            Block::Points(points) => {
                points.iter().for_each(|point| text.push_str(&format!("- {}\n", one_line(point))));
            }
            Block::Steps(steps) => {
                for (at, step) in steps.iter().enumerate() {
                    text.push_str(&format!("{}. {}\n", at + 1, one_line(step)));
                }
            }
            Block::Verbatim(language, verbatim) => {
                // A fence longer than any in the text.
                let fence = if verbatim.contains("```") { "````" } else { "```" };
                text.push_str(&format!("{fence}{language}\n{verbatim}\n{fence}\n"));
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn one_line(text: &str) -> String {
    text.replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RuleOptions, load_whole};

    #[test]
    fn the_files_of_docs_are_fresh() {
        let rules = load_whole(&RuleOptions::default()).unwrap();
        for pattern in Pattern::ALL {
            let name = format!("docs/rules/{pattern}.md");
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
            let written = std::fs::read_to_string(path).unwrap_or_default();
            assert!(
                written == file(&rules, pattern),
                "{name} is stale: run `cargo run -- rules docs docs/rules`"
            );
        }
    }

    #[test]
    fn a_rule_is_told_in_words() {
        let rules = load_whole(&RuleOptions::default()).unwrap();
        let page = markdown(&rule(&rules, rules.get("network/connection-refused").unwrap()));
        for part in ["What it looks for", "What it captures", "errno", "Examples", "Sources"] {
            assert!(page.contains(part), "{part} is missing in\n{page}");
        }
        let told = [
            "## Symptom",
            "## Why",
            "## Fix",
            "```python",
            "## What to watch",
            "## How to confirm",
        ];
        for one in &rules.rules {
            let page = markdown(&rule(&rules, one));
            let missing: Vec<_> = told.iter().filter(|part| !page.contains(**part)).collect();
            assert!(missing.is_empty(), "{missing:?} missing in\n{page}");
        }
    }

    #[test]
    fn a_rule_that_only_tables_name_tells_its_codes() {
        let rules = load_whole(&RuleOptions::default()).unwrap();
        let page = markdown(&rule(&rules, rules.get("credentials/invalid-key").unwrap()));
        assert!(page.contains("an error of bybit: ") && page.contains("`10003`"), "{page}");
    }
}
