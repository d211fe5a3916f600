//! Whether one condition of a rule holds on one part of an event, and what it captures there.

use std::collections::BTreeMap;
use std::fmt;

use super::captures;
use super::confirm::Matcher;
use super::subject::{Parsed, Subject, Which};
use crate::event::spoken;
use crate::model::Severity;
use crate::rules::{self, On, When};
use crate::traceback;

/// What a condition lacks. Most conditions that are asked lack something, and hardly any is told in words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lack<'w> {
    Place,
    Exception(&'w [String]),
    Any,
    Text(&'w str),
    Not(&'w str),
    Severity { logged: Severity, wanted: Severity },
    RaisedIn(&'w [String]),
    Code(&'w str),
    Chain(&'w str),
    Regex,
    OwnModule,
}

impl fmt::Display for Lack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Place => f.write_str("looks elsewhere (`on`)"),
            Lack::Exception(names) => write!(f, "is no {}", names.join(" or ")),
            Lack::Any => f.write_str("holds none of `any`"),
            Lack::Text(missing) => write!(f, "lacks `{missing}`"),
            Lack::Not(present) => write!(f, "holds `{present}`, which `not` forbids"),
            Lack::Severity { logged, wanted } => {
                write!(f, "was logged at {logged:?}, below {wanted:?}")
            }
            Lack::RaisedIn(names) => write!(f, "was not raised in {}", names.join(" or ")),
            Lack::Code(regex) => write!(f, "the code does not match `{regex}`"),
            Lack::Chain(missing) => write!(f, "the event lacks `{missing}`"),
            Lack::Regex => f.write_str("matches no `regex`"),
            Lack::OwnModule => f.write_str("names a module that is not the bot's own"),
        }
    }
}

impl Matcher<'_> {
    /// Why a rule holds or does not on an event: one line for each alternative and subject.
    pub fn explain(&self, rule_at: usize, parsed: &Parsed<'_>) -> Vec<String> {
        let rule = &self.rules.rules[rule_at];
        let mut lines = Vec::new();
        for (when_at, when) in rule.whens.iter().enumerate() {
            for subject in parsed.subjects() {
                let lineage =
                    subject.class.map_or(Vec::new(), |class| self.rules.classes.lineage(class));
                let verdict = match self.lacks(when, &subject, &lineage, parsed) {
                    None => "holds".to_owned(),
                    Some(lack) => lack.to_string(),
                };
                let place = parsed.place(subject.which);
                lines.push(format!("when {} on {place}: {verdict}", when_at + 1));
            }
        }
        lines
    }

    /// Whether a `when` holds on some subject of an event.
    pub(super) fn holds_on_any(&self, when: &When, parsed: &Parsed<'_>) -> bool {
        parsed.subjects().iter().any(|subject| {
            let lineage =
                subject.class.map_or(Vec::new(), |class| self.rules.classes.lineage(class));
            self.lacks(when, subject, &lineage, parsed).is_none()
        })
    }

    /// Captures of a `when` that holds on a subject; `None` where it does not.
    pub(super) fn holds(
        &self,
        when: &When,
        subject: &Subject<'_>,
        lineage: &[&str],
        parsed: &Parsed<'_>,
    ) -> Option<BTreeMap<String, String>> {
        if self.lacks(when, subject, lineage, parsed).is_some() {
            return None;
        }
        let mut captures = BTreeMap::new();
        for regex in when.regex.iter().filter_map(|regex| regex.on(&subject.text)) {
            // That it matches is known; most capture nothing.
            if regex.captures_len() > 1 {
                captures::named(regex, &subject.text, &mut captures);
            }
        }
        if let Some(code) = &when.code {
            for source in self.code_lines(subject, parsed) {
                if code.on(source).is_some_and(|code| captures::named(code, source, &mut captures))
                {
                    break;
                }
            }
        }
        Some(captures)
    }

    /// The lines of code that a subject was raised on: the innermost, then the bot's own.
    fn code_lines<'p>(
        &self,
        subject: &Subject<'p>,
        parsed: &'p Parsed<'_>,
    ) -> impl Iterator<Item = &'p str> {
        let own = parsed.own_frame(subject.which, &self.roots);
        subject.frames.last().into_iter().chain(own).filter_map(|frame| frame.code.as_deref())
    }

    /// What a `when` lacks on a subject; `None` where it holds. Cheap conditions come first.
    pub(super) fn lacks<'w>(
        &self,
        when: &'w When,
        subject: &Subject<'_>,
        lineage: &[&str],
        parsed: &Parsed<'_>,
    ) -> Option<Lack<'w>> {
        let place_fits = match when.on {
            On::Any => true,
            On::Link => subject.class.is_some(),
            On::Message => subject.class.is_none(),
            On::Said => subject.class.is_none_or(|class| self.rules.classes.is_wordless(class)),
        };
        if !place_fits {
            return Some(Lack::Place);
        }
        let text = subject.text.as_ref();
        let has = |literal: &String| {
            if when.ignore_case {
                contains_ignoring_case(text, literal)
            } else {
                text.contains(literal.as_str())
            }
        };
        if !when.exception.is_empty()
            && !when
                .exception
                .iter()
                .any(|wanted| lineage.iter().any(|name| rules::is_named(name, wanted)))
        {
            return Some(Lack::Exception(&when.exception));
        }
        if !when.any.is_empty() && !when.any.iter().any(has) {
            return Some(Lack::Any);
        }
        if let Some(missing) = when.all.iter().find(|literal| !has(literal)) {
            return Some(Lack::Text(missing));
        }
        if let Some(present) = when.not.iter().find(|literal| has(literal)) {
            return Some(Lack::Not(present));
        }
        if let Some(wanted) = when.severity {
            let first = || parsed.message.lines().next().unwrap_or("");
            let logged = parsed.event.head.severity.or_else(|| spoken(first()));
            let unlogged = match (when.on, subject.which) {
                (On::Said, Which::Link(_)) => Severity::Error,
                _ => Severity::Info,
            };
            let logged = logged.unwrap_or(unlogged);
            if logged < wanted {
                return Some(Lack::Severity { logged, wanted });
            }
        }
        if !when.raised_in.is_empty() {
            let raised_in = subject.frames.last().is_some_and(|frame| {
                when.raised_in.iter().any(|wanted| has_component(&frame.file, wanted))
            });
            if !raised_in {
                return Some(Lack::RaisedIn(&when.raised_in));
            }
        }
        if let Some(code) = &when.code {
            let matches = self
                .code_lines(subject, parsed)
                .any(|source| code.on(source).is_some_and(|regex| regex.is_match(source)));
            if !matches {
                return Some(Lack::Code(code.text()));
            }
        }
        if let Some(missing) =
            when.chain.iter().find(|literal| !parsed.whole.contains(literal.as_str()))
        {
            return Some(Lack::Chain(missing));
        }
        if !when.regex.is_empty()
            && !when
                .regex
                .iter()
                .any(|regex| regex.on(text).is_some_and(|regex| regex.is_match(text)))
        {
            return Some(Lack::Regex);
        }
        if when.own_module && !self.is_own_module(when, text, parsed) {
            return Some(Lack::OwnModule);
        }
        None
    }

    /// Whether the module that `text` names is the bot's own: no package that is known brings it, and a folder
    /// or file of the bot's in the traceback has its name, or the bot imports it relatively.
    fn is_own_module(&self, when: &When, text: &str, parsed: &Parsed<'_>) -> bool {
        let captured = when
            .regex
            .iter()
            .filter_map(|regex| regex.on(text))
            .find_map(|regex| Some(regex.captures(text)?.name("module")?.as_str().to_owned()));
        let Some(module) = captured else { return false };
        let top = module.split('.').next().unwrap_or(&module);
        if self.rules.packages.find(top, &[]).is_some() {
            return false;
        }
        let frames = parsed.links.iter().flat_map(|link| &link.frames);
        frames.filter(|frame| traceback::is_own(frame, &self.roots)).any(|frame| {
            has_component(&frame.file, top)
                || frame.code.as_deref().is_some_and(|code| code.trim_start().starts_with("from ."))
        })
    }
}

fn contains_ignoring_case(text: &str, literal: &str) -> bool {
    let (text, literal) = (text.as_bytes(), literal.as_bytes());
    let Some(&first) = literal.first() else { return true };
    let Some(last) = text.len().checked_sub(literal.len()) else { return false };
    let starts = &text[..=last];
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), starts)
        .any(|at| text[at..at + literal.len()].eq_ignore_ascii_case(literal))
}

/// Whether a path has a folder of that name, or is a file of that stem.
fn has_component(path: &str, wanted: &str) -> bool {
    path.split(['/', '\\']).any(|part| {
        part == wanted || part.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
    })
}
