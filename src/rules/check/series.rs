//! Series and chains as written → checked.

use toml::Spanned;

use super::{Checker, known_captures};
use crate::rules::complaint::place;
use crate::rules::schema::{ChainText, SeriesText};
use crate::rules::series::{Chain, Series, SeriesKind, parse_length};
use crate::rules::{Rule, When};

/// Lines that stand for the time where a log has none.
const LINES: u64 = 200;

/// The same for chains, which claim more.
const CHAIN_LINES: u64 = 40;

/// Most events that a series may ask for: all of them are held until they are there.
const COUNT: usize = 64;

/// Captures that chains compare.
const SAME: [&str; 3] = ["exchange", "host", "pid"];

impl Checker<'_> {
    /// The series of a rule. Conditions of what follows are put behind those of the rule.
    pub(in crate::rules) fn series(
        &mut self,
        written: Spanned<SeriesText>,
        whens: &mut Vec<When>,
    ) -> Series {
        let at = written.span().start;
        let series = written.into_inner();
        let asked = SeriesKind::ALL.into_iter().find(|kind| kind.id() == series.kind.get_ref());
        let kind = asked.unwrap_or(SeriesKind::Threshold);
        if asked.is_none() {
            let what = format!(
                "no kind `{}`; one of threshold, sequence, absence, rising, steady",
                series.kind.get_ref()
            );
            self.complain(series.kind.span().start, what);
        }
        if whens.is_empty() && series.rules.is_empty() {
            self.complain(at, "no events: give `[[rule.when]]` or `rules`");
        }
        let needs = |present: bool, name: &str, wanted: bool| match (present, wanted) {
            (true, false) => Some(format!("a series of kind `{}` has no `{name}`", kind.id())),
            (false, true) => Some(format!("a series of kind `{}` needs `{name}`", kind.id())),
            _ => None,
        };
        let then = !series.then.is_empty() || !series.then_rules.is_empty();
        let rows = matches!(kind, SeriesKind::Rising | SeriesKind::Steady);
        for what in [
            needs(then, "then", kind.follows()),
            needs(series.count.is_some(), "count", kind.counts()),
            needs(series.within.is_some(), "within", true),
            needs(series.value.is_some(), "value", rows),
            series.limit.as_ref().and_then(|_| needs(true, "limit", kind == SeriesKind::Rising)),
            series.times.as_ref().and_then(|_| needs(true, "times", kind == SeriesKind::Rising)),
            series.share.as_ref().and_then(|_| needs(true, "share", series.limit.is_some())),
        ]
        .into_iter()
        .flatten()
        {
            self.complain(at, what);
        }
        if let Some(count) = &series.count
            && !(2..=COUNT).contains(count.get_ref())
        {
            self.complain(count.span().start, format!("count lies between 2 and {COUNT}"));
        }
        if let Some(share) = &series.share
            && !(0.0..=1.0).contains(share.get_ref())
        {
            self.complain(share.span().start, "share lies between 0 and 1");
        }
        if let Some(times) = &series.times
            && !(1.0..=1e6).contains(times.get_ref())
        {
            self.complain(times.span().start, "times is 1 or more");
        }
        let within = series.within.as_ref().map_or(0, |within| self.length(within));
        let then_from = whens.len();
        for when in series.then {
            let when = self.when(when);
            whens.push(when);
        }
        Series {
            kind,
            rules: self.named_rules(series.rules),
            then_rules: self.named_rules(series.then_rules),
            then_from,
            count: series.count.map_or(0, Spanned::into_inner),
            within,
            lines: series.lines.map_or(LINES, Spanned::into_inner),
            by: series.by.into_iter().map(Spanned::into_inner).collect(),
            value: series.value.map(Spanned::into_inner),
            limit: series.limit.map(Spanned::into_inner),
            share: series.share.map_or(1.0, Spanned::into_inner),
            times: series.times.map_or(1.0, Spanned::into_inner),
        }
    }

    /// Complains of captures that a series asks for and nothing captures.
    pub(in crate::rules) fn series_captures(&mut self, rule: &Rule, at: usize) {
        let Some(series) = &rule.series else { return };
        let known = known_captures(rule);
        for name in series.by.iter().chain(&series.value).chain(&series.limit) {
            if !known.contains(name) {
                self.complain(
                    at,
                    format!("`{name}` is captured nowhere in this rule; add a regex with `(?P<{name}>…)` or a `take`"),
                );
            }
        }
    }

    /// A chain.
    pub(in crate::rules) fn chain(&mut self, written: ChainText) -> Chain {
        let at = written.id.span().start;
        let id = written.id.into_inner();
        if id.is_empty()
            || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            self.complain(at, format!("id `{id}` must be a name of a-z, 0-9 and `-`"));
        }
        if written.cause.is_empty() || written.symptom.is_empty() {
            self.complain(at, "a chain needs a `cause` and a `symptom`");
        }
        for same in &written.same {
            if !SAME.contains(&same.get_ref().as_str()) {
                let what = format!("chains compare {}, not `{}`", SAME.join(", "), same.get_ref());
                self.complain(same.span().start, what);
            }
        }
        Chain {
            cause: self.named_rules(written.cause),
            symptom: self.named_rules(written.symptom),
            within: self.length(&written.within),
            lines: written.lines.unwrap_or(CHAIN_LINES),
            same: written.same.into_iter().map(Spanned::into_inner).collect(),
            source: written.source,
            examples: self.examples(written.example),
            near_misses: self.examples(written.near_miss),
            file: self.file.to_owned(),
            line: place(self.text, at).0,
            id,
        }
    }

    fn named_rules(&mut self, written: Vec<Spanned<String>>) -> Vec<String> {
        for rule in &written {
            self.reader.wants_rule(self.file, self.text, rule.span().start, rule.get_ref());
        }
        written.into_iter().map(Spanned::into_inner).collect()
    }

    fn length(&mut self, written: &Spanned<String>) -> i64 {
        parse_length(written.get_ref()).unwrap_or_else(|| {
            let what = format!(
                "`{}` is no length of time; write a number and s, m, h or d, as in `90s`",
                written.get_ref()
            );
            self.complain(written.span().start, what);
            0
        })
    }
}
