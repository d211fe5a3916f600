//! Exchange error codes in text: a code in one of the known contexts, looked up in the exchange's table.

use std::collections::BTreeMap;

use super::captures;
use super::confirm::Match;
use super::subject::{Parsed, Subject};
use crate::rules::{Basis, Exchange, ExchangeError, RuleSet};

/// How sure a code is whose exchange is only a word of the same record (`Bybit API error: {"code":10006}`).
const SPOKEN: f64 = 0.9;

/// Bytes of a record among which the name of an exchange is looked for.
const NAME_BYTES: usize = 1_000;

/// Ids of exchanges that are words of their own as well.
const WORDS_TOO: [&str; 2] = ["gate", "gemini"];

/// How sure a code is whose exchange the log does not name, if all exchanges that know it agree.
const UNNAMED: f64 = 0.8;

/// Adds a match for each code of an exchange that the subject's text holds.
pub(super) fn find(
    rules: &RuleSet,
    subject: &Subject<'_>,
    parsed: &Parsed<'_>,
    found: &mut Vec<Match>,
) {
    let text = subject.text.as_ref();
    let texts = [text, parsed.whole.as_str()];
    let named = captures::table_of(rules, parsed, &texts);
    let mut add = |error: &ExchangeError, exchange: Option<&str>, code: &str, confidence: f64| {
        let Some(rule) = rules.position(&error.rule) else { return };
        let mut captures = BTreeMap::new();
        if !code.is_empty() {
            captures.insert("code".to_owned(), code.to_owned());
        }
        if let Some(exchange) = exchange {
            captures.insert("exchange".to_owned(), exchange.to_owned());
        }
        captures.insert("means".to_owned(), error.means.clone());
        let basis = Basis::Code;
        found.push(Match { rule, which: subject.which, captures, confidence, basis });
    };
    for context in &rules.exchanges.contexts {
        if !text.contains(context.literal.as_str()) {
            continue;
        }
        let Some(regex) = context.regex.on(text) else { continue };
        let own = context.exchange.as_deref().and_then(|id| rules.exchanges.by_id(id));
        let named = own.map(|table| (table, table.id.clone())).or_else(|| named.clone());
        for hit in regex.captures_iter(text).take(8) {
            let Some(code) = hit.name("code") else { continue };
            let code = code.as_str();
            if let Some((table, id)) = &named {
                if let Some(error) = table.by_code(code, text) {
                    let confidence = 0.97;
                    add(error, Some(id), code, confidence);
                }
            } else if let Some(table) = spoken_in(rules, parsed) {
                if let Some(error) = table.by_code(code, text) {
                    add(error, Some(&table.id), code, SPOKEN);
                }
            } else if let Some(error) = agreed(&rules.exchanges.tables, code, text) {
                add(error, None, code, UNNAMED);
            }
        }
    }
    match &named {
        Some((table, id)) => {
            if let Some(error) = table.by_message(text) {
                add(error, Some(id), error.message_code(), 0.95);
            }
        }
        None => {
            let tables = &rules.exchanges.tables;
            if let Some(error) = tables.iter().find_map(|table| table.by_message(text)) {
                add(error, None, error.message_code(), UNNAMED);
            }
        }
    }
}

/// The one exchange that a record speaks of by its name: in its first line with the name of its logger, else in its text.
fn spoken_in<'r>(rules: &'r RuleSet, parsed: &Parsed<'_>) -> Option<&'r Exchange> {
    spoken_of(rules, &parsed.raw).or_else(|| spoken_of(rules, &parsed.whole))
}

fn spoken_of<'r>(rules: &'r RuleSet, whole: &str) -> Option<&'r Exchange> {
    let mut end = whole.len().min(NAME_BYTES);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    let mut spoken = whole[..end]
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| (3..=20).contains(&word.len()))
        .map(str::to_ascii_lowercase)
        .filter(|word| !WORDS_TOO.contains(&word.as_str()))
        .filter_map(|word| rules.exchanges.by_id(&word));
    let first = spoken.next()?;
    spoken.all(|table| table.id == first.id).then_some(first)
}

/// The row of a code that is used by one exchange alone, or for one pattern by all that use it. Where an exchange
/// says something else with it, the words beside it must prove the row.
fn agreed<'t>(tables: &'t [Exchange], code: &str, text: &str) -> Option<&'t ExchangeError> {
    // Short numbers are used for everything by everyone.
    if code.trim_start_matches('-').len() < 4 {
        return None;
    }
    let mut rows = tables.iter().filter_map(|table| table.by_code(code, text));
    let first = rows.next()?;
    let is_otherwise = || tables.iter().any(|table| table.otherwise.iter().any(|one| one == code));
    if first.contains.is_none() && is_otherwise() {
        return None;
    }
    let pattern = |row: &ExchangeError| row.rule.split('/').next().map(str::to_owned);
    rows.all(|row| pattern(row) == pattern(first)).then_some(first)
}
