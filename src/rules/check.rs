//! One rule or mark: written → checked, or complained of with its place and what to do.

mod series;

use toml::Spanned;

use super::complaint::place;
use super::lazy::compile;
use super::read::Reader;
use super::schema::{ExampleText, FixText as FixWritten, MarkText, RuleText, WhenText};
use super::{Basis, Effect, Example, FixText, LazyRegex, Mark, MarkKind, On, Rule, Template, When};
use crate::model::{Level, Pattern, Severity};

/// Shortest literal that the search can use without drowning in false candidates.
const LITERAL_BYTES: usize = 5;

/// Checks the parts of one file; complaints go to the reader.
pub(super) struct Checker<'a> {
    pub(super) reader: &'a mut Reader,
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Checker<'_> {
    fn complain(&mut self, at: usize, what: impl Into<String>) {
        self.reader.complain(self.file, self.text, at, what.into());
    }

    pub(super) fn rule(&mut self, pattern: Pattern, written: RuleText) -> Rule {
        let id_at = written.id.span().start;
        let id = written.id.into_inner();
        let name_is_kebab = id.strip_prefix(pattern.id()).and_then(|rest| rest.strip_prefix('/'));
        let name_is_kebab = name_is_kebab.is_some_and(|name| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        });
        if !name_is_kebab {
            self.complain(
                id_at,
                format!("id `{id}` must be `{pattern}/` and a name of a-z, 0-9 and `-`"),
            );
        }
        let basis = Basis::ALL.into_iter().find(|basis| basis.id() == written.basis.get_ref());
        if basis.is_none() {
            let what = format!(
                "no basis `{}`; one of code, errno, status, exception, text",
                written.basis.get_ref()
            );
            self.complain(written.basis.span().start, what);
        }
        let confidence = match &written.confidence {
            Some(value) if !(0.0..=1.0).contains(value.get_ref()) => {
                self.complain(value.span().start, "confidence lies between 0 and 1");
                0.5
            }
            Some(value) => *value.get_ref(),
            None => 0.9,
        };
        let effect = match written.effect.as_ref().map(|effect| effect.get_ref().as_str()) {
            None | Some("symptom") => Effect::Symptom,
            Some("killed") => Effect::Killed,
            Some("exited") => Effect::Exited,
            Some(other) => {
                let what = format!("no effect `{other}`; one of symptom, killed, exited");
                let at = written.effect.as_ref().map_or(0, |effect| effect.span().start);
                self.complain(at, what);
                Effect::Symptom
            }
        };
        let at_most = written.at_most.as_ref().and_then(|level| {
            level
                .get_ref()
                .parse::<Level>()
                .map_err(|what| self.complain(level.span().start, what))
                .ok()
        });
        let mut whens: Vec<When> = written.when.into_iter().map(|when| self.when(when)).collect();
        let value_at =
            written.series.as_ref().map(|series| series.span().start).unwrap_or_default();
        let series = written.series.map(|series| self.series(series, &mut whens));
        let summary = self.template(&written.summary);
        let fix = self.fix(&written.fix);
        let capture = self.regexes(&written.capture);
        for set in &written.take {
            self.reader.wants_set(self.file, self.text, set.span().start, set.get_ref());
        }
        let rule = Rule {
            pattern,
            title: written.title,
            basis: basis.unwrap_or(Basis::Text),
            weight: written.weight,
            confidence,
            summary,
            take: written.take.into_iter().map(Spanned::into_inner).collect(),
            capture,
            set: written.set,
            effect,
            at_most,
            restart: written.restart.unwrap_or(true),
            source: written.source,
            whens,
            series,
            fix,
            examples: self.examples(written.example),
            near_misses: self.examples(written.near_miss),
            file: self.file.to_owned(),
            line: place(self.text, id_at).0,
            id,
        };
        self.series_captures(&rule, value_at);
        self.always_fillable(&rule, &rule.summary, written.summary.span().start);
        self.always_fillable(&rule, &rule.fix.summary, written.fix.summary.span().start);
        for (template, written) in rule
            .fix
            .steps
            .iter()
            .zip(&written.fix.steps)
            .chain(rule.fix.commands.iter().zip(&written.fix.commands))
        {
            self.knows_captures(&rule, template, written.span().start);
        }
        rule
    }

    fn when(&mut self, written: Spanned<WhenText>) -> When {
        let at = written.span().start;
        let when = written.into_inner();
        let on = match when.on.as_ref().map(|on| on.get_ref().as_str()) {
            None | Some("any") => On::Any,
            Some("link") => On::Link,
            Some("message") => On::Message,
            Some("said") => On::Said,
            Some(other) => {
                let at = when.on.as_ref().map_or(at, |on| on.span().start);
                self.complain(at, format!("no place `{other}`; one of link, message, said, any"));
                On::Any
            }
        };
        let severity = when.severity.as_ref().and_then(|severity| {
            severity
                .get_ref()
                .parse::<Severity>()
                .map_err(|what| self.complain(severity.span().start, what))
                .ok()
        });
        for literal in when.any.iter().chain(&when.all) {
            self.literal(literal);
        }
        if when.any.is_empty() && when.all.is_empty() && when.exception.is_empty() {
            self.complain(
                at,
                "no literal to look for: give `any`, `all` or `exception`, so that lines without it \
                 cost nothing",
            );
        }
        When {
            on,
            exception: when.exception,
            any: when.any.into_iter().map(Spanned::into_inner).collect(),
            all: when.all.into_iter().map(Spanned::into_inner).collect(),
            not: when.not,
            regex: self.regexes(&when.regex),
            raised_in: when.raised_in,
            code: when.code.as_ref().map(|regex| self.regex(regex)),
            severity,
            chain: when.chain,
            ignore_case: when.ignore_case,
            own_module: when.own_module,
        }
    }

    fn literal(&mut self, literal: &Spanned<String>) {
        let text = literal.get_ref();
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            self.complain(
                literal.span().start,
                format!(
                    "`{text}` is a bare number, which prices and order ids hold too; add what stands \
                     round it, such as `status {text}` or `\"code\":{text}`"
                ),
            );
        } else if text.len() < LITERAL_BYTES {
            self.complain(
                literal.span().start,
                format!(
                    "literal `{text}` is shorter than {LITERAL_BYTES} bytes; take more of the text"
                ),
            );
        }
    }

    pub(super) fn mark(&mut self, written: MarkText) -> Option<Mark> {
        let kind = match written.kind.get_ref().as_str() {
            "start" => MarkKind::Start,
            "restart" => MarkKind::Restart,
            "set-up" => MarkKind::SetUp,
            "goodbye" => MarkKind::Goodbye,
            "stop-request" => MarkKind::StopRequest,
            "exit" => MarkKind::Exit,
            "supervisor" => MarkKind::Supervisor,
            "noise" => MarkKind::Noise,
            "reporter" => MarkKind::Reporter,
            other => {
                self.complain(
                    written.kind.span().start,
                    format!(
                        "no kind `{other}`; one of start, restart, set-up, goodbye, stop-request, exit, \
                         supervisor, noise, reporter"
                    ),
                );
                return None;
            }
        };
        let at = written.id.span().start;
        if written.any.is_empty() {
            self.complain(at, "no literal to look for: give `any`");
        }
        for literal in &written.any {
            self.literal(literal);
        }
        Some(Mark {
            id: written.id.into_inner(),
            kind,
            any: written.any.into_iter().map(Spanned::into_inner).collect(),
            not: written.not,
            regex: self.regexes(&written.regex),
            ignore_case: written.ignore_case,
            source: written.source,
            examples: self.examples(written.example),
            near_misses: self.examples(written.near_miss),
            file: self.file.to_owned(),
            line: place(self.text, at).0,
        })
    }

    fn fix(&mut self, written: &FixWritten) -> FixText {
        FixText {
            summary: self.template(&written.summary),
            steps: written.steps.iter().map(|step| self.template(step)).collect(),
            commands: written.commands.iter().map(|command| self.template(command)).collect(),
        }
    }

    fn template(&mut self, written: &Spanned<String>) -> Template {
        match Template::parse(written.get_ref()) {
            Ok(template) => {
                if let Some(word) = template.looks_unfilled() {
                    self.complain(
                        written.span().start,
                        format!("`{word}` would be printed and look like a capture that was not filled in; say it without braces"),
                    );
                }
                template
            }
            Err((offset, what)) => {
                self.complain(self.inside(written) + offset, what);
                Template::empty()
            }
        }
    }

    /// Where a string begins behind its quotes.
    fn inside(&self, written: &Spanned<String>) -> usize {
        let at = written.span().start;
        let rest = self.text.get(at..).unwrap_or("");
        let quotes = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { 3 } else { 1 };
        // The line end right behind three quotes is no part of the text.
        at + quotes + usize::from(quotes == 3 && rest.get(3..).is_some_and(|r| r.starts_with('\n')))
    }

    pub(super) fn regexes(&mut self, written: &[Spanned<String>]) -> Vec<LazyRegex> {
        written.iter().map(|regex| self.regex(regex)).collect()
    }

    pub(super) fn regex(&mut self, written: &Spanned<String>) -> LazyRegex {
        let text = written.get_ref();
        if let Err(error) = compile(text) {
            self.complain(written.span().start, format!("wrong regex: {error}"));
        }
        if is_bare_number(text) {
            self.complain(
                written.span().start,
                format!("`{text}` is a bare number, which prices and order ids hold too; add what stands round it"),
            );
        }
        if text.starts_with(".*") || text.starts_with("^.*") {
            self.complain(
                written.span().start,
                "a regex that starts with `.*` matches everything first; begin with the text",
            );
        }
        LazyRegex::new(text.clone())
    }

    fn examples(&mut self, written: Vec<ExampleText>) -> Vec<Example> {
        written
            .into_iter()
            .map(|example| Example {
                line: place(self.text, example.text.span().start).0,
                text: example.text.into_inner(),
                captures: example.captures,
                source: example.source,
            })
            .collect()
    }

    fn knows_captures(&mut self, rule: &Rule, template: &Template, at: usize) {
        let known = known_captures(rule);
        for (name, _) in template.names() {
            if !known.iter().any(|known| known == name) {
                self.complain(
                    at,
                    format!("`{{{name}}}` is captured nowhere in this rule; add a regex with `(?P<{name}>…)` or a `take`"),
                );
            }
        }
    }

    fn always_fillable(&mut self, rule: &Rule, template: &Template, at: usize) {
        self.knows_captures(rule, template, at);
        for (name, needed) in template.names() {
            let group = format!("(?P<{name}>");
            let certain = rule.set.contains_key(name)
                || rule.series.is_some() && matches!(name, "count" | "since" | "from" | "to")
                || rule.whens.is_empty() && FILLED.contains(&name)
                || (!rule.whens.is_empty()
                    && rule.whens.iter().all(|when| {
                        !when.regex.is_empty()
                            && when.regex.iter().all(|regex| regex.text().contains(&group))
                    }));
            if needed && !certain {
                self.complain(
                    at,
                    format!(
                        "`{{{name}}}` may be missing here; give it a default, as in `{{{name}|…}}`"
                    ),
                );
            }
        }
    }
}

/// Most digits of a number that says nothing by itself: prices, sizes and order numbers are as short.
const SHORT_NUMBER: usize = 6;

/// Whether a regex asks for a short number and nothing else: `\b429\b`, `(?P<status>5\d\d)`.
fn is_bare_number(regex: &str) -> bool {
    let mut digits = 0;
    let mut rest = regex;
    while let Some(c) = rest.chars().next() {
        let passed = if c == '(' && rest.starts_with("(?") {
            // A group's name or flags.
            rest.find([':', '>', ')']).map_or(rest.len(), |end| end + 1)
        } else if c == '\\' {
            match rest.as_bytes().get(1) {
                Some(b'd') => digits += 1,
                Some(b'b' | b's' | b'A' | b'z') => {}
                _ => return false,
            }
            2
        } else if c.is_ascii_digit() {
            digits += 1;
            1
        } else if "()|^$?+*{},[]-".contains(c) {
            1
        } else {
            return false;
        };
        rest = rest.get(passed..).unwrap_or("");
    }
    (1..=SHORT_NUMBER).contains(&digits)
}

/// Captures that any rule may name: those of the report, which the program or another match may fill
/// (where they are missing a default or a shorter fix stands in), and what the program itself adds.
const NAMED: [&str; 28] = [
    "attribute",
    "banned_until",
    "code",
    "errno",
    "exchange",
    "exit",
    "host",
    "key",
    "library",
    "module",
    "name",
    "package",
    "path",
    "pid",
    "pip",
    "port",
    "python",
    "retry_after",
    "signal",
    "size",
    "skew",
    "status",
    "thread",
    "exception",
    "message",
    "means",
    "note",
    "reason",
];

/// What the program itself fills in where it raises a rule that looks for nothing in a text.
const FILLED: [&str; 10] =
    ["count", "since", "from", "to", "length", "usual", "hosts", "measure", "span", "outlook"];

fn known_captures(rule: &Rule) -> Vec<String> {
    let mut known: Vec<String> = NAMED.iter().map(|name| (*name).to_owned()).collect();
    if rule.series.is_some() {
        known.extend(["count", "since", "from", "to"].map(str::to_owned));
    }
    if rule.whens.is_empty() {
        known.extend(FILLED.map(str::to_owned));
    }
    known.extend(rule.set.keys().cloned());
    known.extend(rule.take.iter().cloned());
    let whens = rule.whens.iter().flat_map(|when| &when.regex);
    for regex in rule.capture.iter().chain(whens) {
        for part in regex.text().split("(?P<").skip(1) {
            if let Some((name, _)) = part.split_once('>') {
                known.push(name.to_owned());
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_numbers_are_told_from_numbers_in_context() {
        for bare in [r"\b429\b", r"(?P<status>5\d\d)", "^(?:418|429)$", "-1003"] {
            assert!(is_bare_number(bare), "{bare}");
        }
        for good in
            ["status 429", r"\b(?P<status>403) Forbidden", r"\b3221225786\b", "[a-z]+", r"\[1\]"]
        {
            assert!(!is_bare_number(good), "{good}");
        }
    }
}
