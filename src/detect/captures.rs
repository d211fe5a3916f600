//! What a match captures: its own groups, the shared sets it takes, and what follows from them.

use std::collections::BTreeMap;

use regex::Regex;

use super::confirm::Match;
use super::interpreter::Interpreter;
use super::subject::{Parsed, Subject, Which};
use crate::model::Pattern;
use crate::rules::{Exchange, LazyRegex, RuleSet, Template, short};
use crate::traceback::{self, Roots};

/// Longest captured value; what is longer is no value but a text that ran on.
const VALUE_BYTES: usize = 300;

/// Adds the named groups of the first match of `regex` in `text` that are not set yet.
pub(super) fn named(regex: &Regex, text: &str, captures: &mut BTreeMap<String, String>) -> bool {
    let Some(found) = regex.captures(text) else { return false };
    for (at, name) in regex.capture_names().enumerate() {
        if let (Some(name), Some(value)) = (name, found.get(at))
            && !value.as_str().is_empty()
            && value.len() <= VALUE_BYTES
        {
            captures.entry(name.to_owned()).or_insert_with(|| value.as_str().to_owned());
        }
    }
    true
}

/// Adds what the rule takes, sets and derives to a match that holds.
pub(super) fn complete(
    rules: &RuleSet,
    parsed: &Parsed<'_>,
    subjects: &[Subject<'_>],
    found: &mut Match,
) {
    let rule = &rules.rules[found.rule];
    let texts = search_order(parsed, subjects, found.which);
    for regex in &rule.capture {
        for text in &texts {
            if regex.on(text).is_some_and(|regex| named(regex, text, &mut found.captures)) {
                break;
            }
        }
    }
    take_sets(rules, &rule.take, &texts, &mut found.captures);
    // What the text says comes first: the same fault has other numbers on other systems.
    for (name, value) in &rule.set {
        found.captures.entry(name.clone()).or_insert_with(|| value.clone());
    }
    derive(rules, parsed, found, &texts);
}

/// Adds what the shared sets in `take` find in the first of the texts that holds it, with clean hosts
/// and keys: for findings under a rule that the program raises by itself.
pub fn take(
    rules: &RuleSet,
    take: &[String],
    texts: &[String],
    captures: &mut BTreeMap<String, String>,
) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    take_sets(rules, take, &texts, captures);
    clean(captures);
}

/// Adds what the shared sets find, each in the first text that holds it.
fn take_sets(
    rules: &RuleSet,
    take: &[String],
    texts: &[&str],
    captures: &mut BTreeMap<String, String>,
) {
    let mut addresses = Vec::new();
    let cover = cover_of(texts);
    for set in take {
        if captures.contains_key(set) {
            continue;
        }
        let regexes = rules.captures.get(set).map_or(&[][..], Vec::as_slice);
        // What a regex needs and the text that holds the others lacks, none of them has.
        let likely =
            regexes.iter().filter(|regex| cover.is_none_or(|text| regex.on(text).is_some()));
        let likely: Vec<&LazyRegex> = likely.collect();
        'set: for text in texts {
            for regex in likely.iter().filter_map(|regex| regex.on(text)) {
                let mut more = BTreeMap::new();
                if !named(regex, text, &mut more) {
                    continue;
                }
                // The root link has the address; the name that the bot asked for stands further out.
                let address =
                    set == "host" && more.get("host").is_some_and(|host| is_address(host));
                if address {
                    addresses.extend(more.remove("host"));
                }
                for (name, value) in more {
                    captures.entry(name).or_insert(value);
                }
                if !address {
                    break 'set;
                }
            }
        }
    }
    if let Some(address) = addresses.into_iter().next() {
        captures.entry("host".to_owned()).or_insert(address);
    }
}

/// The one of the texts that holds all others.
fn cover_of<'t>(texts: &[&'t str]) -> Option<&'t str> {
    let longest = texts.iter().copied().max_by_key(|text| text.len())?;
    let is_within = |text: &&str| longest.ends_with(text) || longest.contains(text);
    texts.iter().all(is_within).then_some(longest)
}

/// Plain hosts and unquoted keys.
fn clean(captures: &mut BTreeMap<String, String>) {
    if let Some(host) = captures.get_mut("host") {
        *host = clean_host(host);
        if host.is_empty() {
            captures.remove("host");
        }
    }
    if let Some(key) = captures.get_mut("key") {
        *key = unquoted(key).to_owned();
    }
}

fn is_address(host: &str) -> bool {
    host.split(':').next().unwrap_or(host).bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Where captures are looked for: the subject, the other links from the root on, the message, everything. No text
/// twice: the message may be all there is.
fn search_order<'p>(
    parsed: &'p Parsed<'_>,
    subjects: &'p [Subject<'_>],
    which: Which,
) -> Vec<&'p str> {
    let own = subjects.iter().filter(|subject| subject.which == which);
    let others = subjects.iter().filter(|subject| subject.which != which);
    let mut texts: Vec<&str> = Vec::with_capacity(subjects.len() + 1);
    let all = own.chain(others).map(|subject| subject.text.as_ref());
    for text in all.chain([parsed.whole.as_str()]) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Values that follow from others: a clean host, the exchange, the package, the end of a ban, the skew.
fn derive(rules: &RuleSet, parsed: &Parsed<'_>, found: &mut Match, texts: &[&str]) {
    clean(&mut found.captures);
    let rule = &rules.rules[found.rule];
    if rule.pattern == Pattern::Dependencies
        && !found.captures.contains_key("package")
        && let Some(module) = found.captures.get("module")
    {
        let code = parsed.own_frame(found.which, &Roots::default()).and_then(|f| f.code.as_deref());
        let imported: Vec<&str> =
            code.unwrap_or("").split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let (package, notes) = match rules.packages.find(module, &imported) {
            Some(known) => (known.package, known.notes.join(" ")),
            None => (None, String::new()),
        };
        if let Some(package) = package {
            found.captures.insert("package".into(), package);
        }
        if !notes.is_empty() {
            found.captures.insert("note".into(), notes);
        }
    }
    let mut commands = rule.fix.commands.iter().flat_map(Template::names);
    if commands.any(|(name, _)| matches!(name, "python" | "pip"))
        && let Some(interpreter) = interpreter_of(parsed, texts)
    {
        found.captures.insert("python".into(), interpreter.python);
        found.captures.insert("pip".into(), interpreter.pip);
    }
    if !found.captures.contains_key("exchange")
        && rule.pattern != Pattern::Dependencies
        && let Some(exchange) = exchange_of(rules, parsed, texts)
    {
        found.captures.insert("exchange".into(), exchange);
    }
    if let Some(until) = found.captures.get_mut("banned_until")
        && let Some(text) = epoch_to_iso(until)
    {
        *until = text;
    }
    if !found.captures.contains_key("skew") {
        let stamp = |name: &str| found.captures.get(name).and_then(|text| text.parse::<i64>().ok());
        if let (Some(sent), Some(server)) = (stamp("req_timestamp"), stamp("server_timestamp")) {
            found.captures.insert("skew".into(), format!("{} ms", sent - server));
        }
    }
}

/// The interpreter that ran the bot: by the frames of all links, else by a line that it began with its path.
fn interpreter_of(parsed: &Parsed<'_>, texts: &[&str]) -> Option<Interpreter> {
    let frames = parsed.links.iter().flat_map(|link| &link.frames);
    let by_files = Interpreter::of_files(frames.map(|frame| frame.file.as_str()));
    by_files.or_else(|| texts.iter().find_map(|text| Interpreter::of_line(text)))
}

/// Lower case, without scheme, user, port and path.
fn clean_host(host: &str) -> String {
    let host = host.rsplit("://").next().unwrap_or(host);
    let host = host.split(['/', '?']).next().unwrap_or(host);
    let host = host.rsplit('@').next().unwrap_or(host);
    let host = host.split(':').next().unwrap_or(host);
    host.trim_matches(['.', '\'', '"', '[', ']']).to_ascii_lowercase()
}

fn unquoted(text: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// The exchange an event speaks of: ccxt's id before its message, the client's package, the host.
pub(super) fn exchange_of(rules: &RuleSet, parsed: &Parsed<'_>, texts: &[&str]) -> Option<String> {
    table_of(rules, parsed, texts).map(|(_, id)| id)
}

/// The exchange's table and the id by which the log calls it.
pub(super) fn table_of<'r>(
    rules: &'r RuleSet,
    parsed: &Parsed<'_>,
    texts: &[&str],
) -> Option<(&'r Exchange, String)> {
    for link in parsed.links.iter().rev() {
        let first = link.message.split([' ', '\n']).next().unwrap_or("");
        if let Some(table) = rules.exchanges.by_id(first) {
            return Some((table, first.to_owned()));
        }
        for frame in link.frames.iter().rev() {
            // site-packages/ccxt/binance.py, ccxt/async_support/okx.py: the file is the exchange.
            if frame.file.contains("ccxt")
                && let Some(stem) = frame.file.rsplit(['/', '\\']).next()
                && let Some(id) = stem.strip_suffix(".py")
                && let Some(table) = rules.exchanges.by_id(id)
            {
                return Some((table, id.to_owned()));
            }
            if let Some(package) = traceback::package(&frame.file)
                && let Some(table) = rules.exchanges.by_module(package)
            {
                return Some((table, table.id.clone()));
            }
        }
        let module = link.class.split('.').next().unwrap_or("");
        if module != short(&link.class)
            && let Some(table) = rules.exchanges.by_module(module)
        {
            return Some((table, table.id.clone()));
        }
    }
    for inline in &parsed.inline {
        let first = inline.message.split([' ', '\n']).next().unwrap_or("");
        if let Some(table) = rules.exchanges.by_id(first) {
            return Some((table, first.to_owned()));
        }
        let module = inline.class.split('.').next().unwrap_or("");
        if module != short(&inline.class)
            && let Some(table) = rules.exchanges.by_module(module)
        {
            return Some((table, table.id.clone()));
        }
    }
    for text in texts {
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-')) {
            if word.contains('.')
                && word.len() < 100
                && let Some(table) = rules.exchanges.by_host(word)
            {
                return Some((table, table.id.clone()));
            }
        }
        // `binance {"code":…`: ccxt's message with its class cut off.
        if let Some((before, _)) = text.split_once(" {")
            && let Some(word) = before.rsplit([' ', ':']).next()
            && let Some(table) = rules.exchanges.by_id(word)
        {
            return Some((table, word.to_owned()));
        }
    }
    None
}

/// Milliseconds (or seconds) since the epoch as ISO 8601 in UTC.
fn epoch_to_iso(text: &str) -> Option<String> {
    let value: i64 = text.parse().ok()?;
    let millis = if value < 100_000_000_000 { value.checked_mul(1000)? } else { value };
    let time = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_plain() {
        assert_eq!(clean_host("https://API.Binance.com:443/api?x=1"), "api.binance.com");
        assert_eq!(clean_host("user:pw@api.kraken.com"), "api.kraken.com");
    }

    #[test]
    fn the_end_of_a_ban_is_a_time() {
        assert_eq!(epoch_to_iso("1700000000000").unwrap(), "2023-11-14T22:13:20Z");
        assert_eq!(epoch_to_iso("soon"), None);
    }

    #[test]
    fn keys_lose_one_pair_of_quotes() {
        assert_eq!(unquoted("'price'"), "price");
        assert_eq!(unquoted("'it's'"), "it's");
        assert_eq!(unquoted("42"), "42");
    }
}
