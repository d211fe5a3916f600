//! Which regexes of a rule, and which alternatives of them, its examples hit.

use regex::Regex;

use super::confirm::Matcher;
use super::subject::Parsed;
use crate::rules::{LazyRegex, Rule};

/// What the examples of one rule have hit so far.
#[derive(Debug)]
pub(super) struct Coverage<'r> {
    regexes: Vec<Hits<'r>>,
    /// Whether each `when` held on an example.
    whens: Vec<bool>,
}

#[derive(Debug)]
struct Hits<'r> {
    written: &'r LazyRegex,
    hit: bool,
    /// Alternatives, and whether each was hit.
    alternatives: Vec<(String, Option<Regex>, bool)>,
}

impl<'r> Coverage<'r> {
    pub(super) fn of(rule: &'r Rule) -> Coverage<'r> {
        let regexes = rule
            .whens
            .iter()
            .flat_map(|when| when.regex.iter().chain(&when.code))
            .chain(&rule.capture)
            .map(|written| {
                let alternatives = alternatives(written.text());
                let alternatives = alternatives
                    .into_iter()
                    .map(|text| {
                        let regex = LazyRegex::new(text.clone()).get().cloned();
                        (text, regex, false)
                    })
                    .collect();
                Hits { written, hit: false, alternatives }
            })
            .collect();
        Coverage { regexes, whens: vec![false; rule.whens.len()] }
    }

    /// Notes what an event of an example hits.
    pub(super) fn add(&mut self, matcher: &Matcher<'_>, rule: &Rule, parsed: &Parsed<'_>) {
        let mut texts: Vec<String> =
            parsed.subjects().into_iter().map(|subject| subject.text.into_owned()).collect();
        let frames = parsed.links.iter().flat_map(|link| &link.frames);
        texts.extend(frames.filter_map(|frame| frame.code.clone()));
        texts.push(parsed.whole.clone());
        let hit = |regex: Option<&Regex>| {
            regex.is_some_and(|regex| texts.iter().any(|text| regex.is_match(text)))
        };
        for hits in &mut self.regexes {
            if !hits.hit {
                hits.hit = hit(hits.written.get());
            }
            for (_, regex, was_hit) in &mut hits.alternatives {
                *was_hit = *was_hit || hit(regex.as_ref());
            }
        }
        for (when, held) in rule.whens.iter().zip(&mut self.whens) {
            *held = *held || matcher.holds_on_any(when, parsed);
        }
    }

    /// What no example shows, in words: regexes, alternatives of them, and conditions.
    pub(super) fn gaps(&self, rule: &Rule) -> Vec<String> {
        let mut gaps = Vec::new();
        for hits in &self.regexes {
            if !hits.hit {
                gaps.push(format!(
                    "no example hits the regex `{}`; add one that does, or take it out",
                    hits.written.text()
                ));
                continue;
            }
            for (text, _, _) in hits.alternatives.iter().filter(|(_, _, hit)| !hit) {
                gaps.push(format!(
                    "no example hits the alternative `{text}`; add one that does, or take it out"
                ));
            }
        }
        for (at, _) in self.whens.iter().enumerate().filter(|(_, held)| !**held) {
            let of = rule.whens.len();
            gaps.push(format!("no example holds for its condition {} of {of}", at + 1));
        }
        gaps
    }
}

/// For each outermost group of alternatives in a regex, the regex with each alternative alone; empty
/// where there is none. `a(?:b|c)` gives `a(?:b)` and `a(?:c)`.
fn alternatives(regex: &str) -> Vec<String> {
    let mut found = Vec::new();
    for group in groups(regex) {
        let inner = &regex[group.start..group.end];
        let bars = &group.bars;
        if bars.is_empty() {
            continue;
        }
        let mut from = 0;
        for bar in bars.iter().copied().chain([inner.len()]) {
            found.push(format!(
                "{}{}{}",
                &regex[..group.start],
                &inner[from..bar],
                &regex[group.end..]
            ));
            from = bar + 1;
        }
    }
    found
}

/// A span of a regex that holds alternatives, and where in it the bars stand.
struct Group {
    start: usize,
    end: usize,
    bars: Vec<usize>,
}

/// The whole regex where it has bars of its own, else its outermost groups.
fn groups(regex: &str) -> Vec<Group> {
    let bytes = regex.as_bytes();
    let flags = if bytes.starts_with(b"(?") { regex.find(')').unwrap_or(0) } else { 0 };
    // `(?im)` at the start holds for what follows; it is no group.
    let flags_end = match regex.get(2..flags) {
        Some(flags_text)
            if !flags_text.is_empty() && flags_text.bytes().all(|b| b.is_ascii_lowercase()) =>
        {
            flags + 1
        }
        _ => 0,
    };
    let mut whole = Group { start: flags_end, end: regex.len(), bars: Vec::new() };
    let mut outer: Vec<Group> = Vec::new();
    let mut depth = 0_usize;
    let mut in_class = false;
    let mut at = flags_end;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' if !in_class => {
                in_class = true;
                // `[]…]` and `[^]…]`: a bracket that comes first is meant itself.
                at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                at += usize::from(bytes.get(at + 1) == Some(&b']'));
            }
            b']' if in_class => in_class = false,
            _ if in_class => {}
            b'(' => {
                depth += 1;
                if depth == 1 {
                    let head =
                        regex[at..].find([':', '>']).filter(|_| bytes.get(at + 1) == Some(&b'?'));
                    let start = at + head.map_or(1, |head| head + 1);
                    outer.push(Group { start, end: start, bars: Vec::new() });
                }
            }
            b')' => {
                if depth == 1
                    && let Some(group) = outer.last_mut()
                {
                    group.end = at;
                }
                depth = depth.saturating_sub(1);
            }
            b'|' if depth == 0 => whole.bars.push(at - flags_end),
            b'|' if depth == 1 => {
                if let Some(group) = outer.last_mut() {
                    group.bars.push(at - group.start);
                }
            }
            _ => {}
        }
        at += 1;
    }
    outer.retain(|group| group.end >= group.start);
    if whole.bars.is_empty() { outer } else { vec![whole] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_told_apart() {
        assert_eq!(alternatives("a(?:b|c)d"), ["a(?:b)d", "a(?:c)d"]);
        assert_eq!(alternatives("(?i)one|two"), ["(?i)one", "(?i)two"]);
        assert_eq!(
            alternatives(r"(?P<code>4\|1|5[|)]2)x"),
            [r"(?P<code>4\|1)x", "(?P<code>5[|)]2)x"]
        );
        assert!(alternatives("plain (?:one)").is_empty());
    }

    #[test]
    fn each_alternative_is_a_regex() {
        for text in ["(?im)^(?:a(?:b|c)|d)$|[]|]", "(a|b)(c|d)"] {
            for alternative in alternatives(text) {
                assert!(Regex::new(&alternative).is_ok(), "{alternative}");
            }
        }
    }
}
