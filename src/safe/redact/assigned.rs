//! Secrets told by the name they are given to: `api_key=…`, `"secret": "…"`, `KC-API-SIGN: …`.
//!
//! A regex finds a name and what ties a value to it; the value is read by hand, because whether it is
//! a secret or only the name of one depends on how it is quoted.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::Secret;
use super::looks::{
    is_name_of_secret, is_path, is_placeholder, is_prose, is_short_number, looks_like_token,
    looks_random,
};

/// A name that holds one of the words, its closing quote or bracket, and the tie. Colour sequences may
/// stand between: structured loggers paint names and values apart.
const NAME: &str = r#"(?xi)
    (?P<name> [A-Z0-9_.\-]*
        (?: api[\ _-]?key | api[\ _-]?secret | (?:private|secret|access|signing|encryption)[\ _-]key
          | (?:access|auth|bot|refresh|session)[\ _-]token | secret | token | pass(?:word|wd|phrase|code)?
          | pwd | sign(?:ature)? | auth(?:orization)? | key | cookie | credentials? | bearer | jwt
          | mnemonic | (?:seed|recovery)[\ _-]phrase | seed | session[_-]?id | otp )
        [A-Z0-9_\-]* )
    (?P<quote> \\* ["'] )? \]?
    (?: \x1b\[[0-9;]*m )*
    (?P<tie> \s* : \s* (?: str | bytes | SecretStr | Optional\[str\] | str\s*\|\s*None ) \s* = \s*
      | \s* (?: => | := | == | = | : ) \s*
      | \s* , \s*
      | \s+ is \s+
      | (?P<said> [\ \t]+ ) )
    (?: \x1b\[[0-9;]*m )*
"#;

/// Every name in [`NAME`] holds one of these.
const WORDS: [&str; 16] = [
    "key",
    "secret",
    "token",
    "pass",
    "pwd",
    "sign",
    "auth",
    "cookie",
    "credential",
    "bearer",
    "jwt",
    "otp",
    "mnemonic",
    "phrase",
    "seed",
    "session",
];

/// Whether a text may name a secret: a quick word for most texts.
pub(super) fn may_hold(text: &str) -> bool {
    static SEARCH: OnceLock<AhoCorasick> = OnceLock::new();
    SEARCH.get_or_init(|| super::words(&WORDS)).is_match(text)
}

/// All of them in order, none overlapping.
pub(super) fn find(text: &str) -> Vec<Secret> {
    static REGEX: OnceLock<Regex> = OnceLock::new();
    let regex = REGEX.get_or_init(|| Regex::new(NAME).expect("a constant, compiled by a test"));
    let mut secrets = Vec::new();
    let mut at = 0;
    while let Some(captures) = regex.captures_at(text, at) {
        let Some(whole) = captures.get(0) else { break };
        at = whole.end();
        let name = Name::new(&captures["name"]);
        if text[..whole.start()].ends_with("[redacted:") {
            continue; // the kind of what was replaced is not a name
        }
        if captures.name("said").is_some() {
            if let Some(span) = name.said(text, at) {
                at = span.end;
                secrets.push(Secret { span, kind: name.kind() });
            }
            continue;
        }
        let Some(value) = Value::read(text, at) else { continue };
        let tie = captures["tie"].trim();
        // `('X-MBX-APIKEY', '…')` ties by a comma, `"invalid api key", "code"` does not.
        if tie == "," && !(value.is_quoted && opens_pair(&text[..whole.start()])) {
            continue;
        }
        let name_quoted = captures.name("quote").is_some();
        if tie == "=" && !name_quoted && value.is_quoted && closes_string(text, whole.start(), at) {
            continue;
        }
        let given = Given { name: &name, tie, name_quoted, value: &value };
        if let Some(mut span) = given.secret(text) {
            if !value.is_quoted && span.end == value.span.end {
                span.end = end_of_word(text, span.end, usize::MAX);
            }
            at = span.end;
            secrets.push(Secret { span, kind: name.kind() });
        }
    }
    secrets
}

/// Whether what stands before a name makes it the first of a pair: `('`, `(b"`, `['`.
fn opens_pair(before: &str) -> bool {
    let unquoted =
        before.strip_suffix(['"', '\'']).map(|rest| rest.strip_suffix('b').unwrap_or(rest));
    unquoted.is_some_and(|rest| rest.ends_with(['(', '[']))
}

/// Whether the quote at `quote` ends a piece of a query that source code puts together, and begins no
/// value: `"&signature=" + sign(query)`, `"token=" + token`.
fn closes_string(text: &str, name: usize, quote: usize) -> bool {
    let before = text[..name].chars().next_back();
    matches!(before, Some('&' | '?'))
        || (before.is_some() && before == text[quote..].chars().next())
}

/// The name a value is given to.
struct Name {
    /// Letters and digits only, in lower case.
    plain: String,
    trust: Trust,
}

/// How sure a name is about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// `api_secret`: the value is one, unless it is clearly not.
    Strong,
    /// `token`, `key`: these name much else; only what looks like a secret is one.
    Weak,
    /// `signature_type`, `token_id`: about a secret, never one.
    Never,
}

/// Whatever holds one of these names a secret.
const STRONG: [&str; 25] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "apikey",
    "privatekey",
    "privkey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "accesstoken",
    "authtoken",
    "bottoken",
    "refreshtoken",
    "sessiontoken",
    "listenkey",
    "mnemonic",
    "seedphrase",
    "recoveryphrase",
    "signature",
    "apisign",
    "accesssign",
    "authorization",
    "cookie",
];

/// What ends in one of these is about a secret only: a setting, a count, a complaint.
const ABOUT: [&str; 42] = [
    "timestamp",
    "version",
    "type",
    "window",
    "length",
    "len",
    "count",
    "name",
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "age",
    "expiry",
    "expires",
    "expiresin",
    "expiresat",
    "method",
    "algorithm",
    "error",
    "status",
    "required",
    "missing",
    "invalid",
    "permission",
    "permissions",
    "format",
    "enabled",
    "manager",
    "provider",
    "class",
    "header",
    "field",
    "prefix",
    "size",
    "limit",
    "ttl",
    "match",
    "mismatch",
    "exception",
    "expired",
];

/// What begins with one of these is a complaint: `InvalidSignature: 401`.
const COMPLAINT: [&str; 7] =
    ["invalid", "missing", "expired", "bad", "wrong", "incorrect", "unknown"];

impl Name {
    fn new(written: &str) -> Name {
        let plain: String = written
            .bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        let trust = if ABOUT.iter().any(|word| plain.ends_with(word)) {
            Trust::Never
        } else if COMPLAINT.iter().any(|word| plain.starts_with(word)) {
            Trust::Weak
        } else if plain == "pwd" || STRONG.iter().any(|word| plain.contains(word)) {
            Trust::Strong
        } else {
            let weak =
                ["token", "key", "sign", "auth", "pass", "pwd", "seed", "bearer", "jwt", "otp"];
            let weak = weak.iter().any(|word| plain.ends_with(word))
                || ["sessionid", "credential", "credentials"]
                    .iter()
                    .any(|word| plain.ends_with(word));
            if weak { Trust::Weak } else { Trust::Never }
        };
        Name { plain, trust }
    }

    /// The word at `at`, where a sentence gives it to this name (`login refused for key …`) and it can be
    /// nothing but a secret.
    fn said(&self, text: &str, at: usize) -> Option<Range<usize>> {
        const SAID: [&str; 5] = ["key", "secret", "token", "passphrase", "password"];
        if self.trust == Trust::Never || !SAID.iter().any(|word| self.plain.ends_with(word)) {
            return None;
        }
        let start = at + usize::from(text[at..].starts_with(['"', '\'', '`']));
        let end = end_of_word(text, start, JUDGED);
        let word = text[start..end].trim_end_matches(['.', ':', '!', '?']);
        let has = |test: fn(&u8) -> bool| word.bytes().any(|byte| test(&byte));
        let is_secret = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && word.bytes().filter(u8::is_ascii_digit).count() >= 2
            && looks_like_token(word, &self.plain)
            && looks_random(word, 16);
        let judged = start + word.len();
        let whole = || if judged == end { end_of_word(text, end, usize::MAX) } else { judged };
        is_secret.then(|| start..whole())
    }

    fn holds(&self, word: &str) -> bool {
        self.plain.contains(word)
    }

    fn kind(&self) -> &'static str {
        let kinds = [
            ("authorization", "authorization"),
            ("cookie", "cookie"),
            ("mnemonic", "mnemonic"),
            ("phrase", "password"),
            ("pass", "password"),
            ("pwd", "password"),
            ("listenkey", "listen-key"),
            ("secret", "secret"),
            ("private", "private-key"),
            ("privkey", "private-key"),
            ("sign", "signature"),
            ("token", "token"),
            ("key", "api-key"),
        ];
        kinds.iter().find(|(word, _)| self.holds(word)).map_or("secret", |(_, kind)| kind)
    }
}

/// How much of an unquoted value is looked at to judge it. Without a bound, text such as
/// `token:token:token:…` would be read to its end once a name.
const JUDGED: usize = 512;

/// A value as it stands in the text, its quotes left out. An unquoted one may go on behind
/// [`JUDGED`] bytes.
struct Value {
    span: Range<usize>,
    is_quoted: bool,
}

impl Value {
    /// Reads what begins at `at`; `None` where nothing does.
    fn read(text: &str, at: usize) -> Option<Value> {
        let bytes = text.as_bytes();
        // One opening bracket (`'X-MBX-APIKEY': ['…']`), then a string prefix (`b'…'`).
        let mut start = at + usize::from(matches!(bytes.get(at), Some(b'[' | b'(')));
        if matches!(bytes.get(start), Some(b'b' | b'B' | b'f' | b'r' | b'u'))
            && matches!(bytes.get(start + 1), Some(b'"' | b'\''))
        {
            start += 1;
        }
        let slashes =
            bytes[start.min(bytes.len())..].iter().take_while(|&&byte| byte == b'\\').count();
        if let Some(&quote @ (b'"' | b'\'')) = bytes.get(start + slashes) {
            let open = start + slashes + 1;
            let end =
                closing(&bytes[open..], quote, slashes > 0).map_or(bytes.len(), |end| open + end);
            return (end > open).then_some(Value { span: open..end, is_quoted: true });
        }
        if start > at {
            // A bracket without quotes: a list, a call or something already redacted.
            return None;
        }
        let end = end_of_word(text, at, JUDGED);
        (end > at).then_some(Value { span: at..end, is_quoted: false })
    }
}

/// Where the unquoted word at `at` ends, at most `most` bytes on (or a few more, for a whole character).
fn end_of_word(text: &str, at: usize, most: usize) -> usize {
    let ends = |byte: &u8| *byte <= b' ' || b"\"'`,;&<>|)]}\\\x7f".contains(byte);
    let bytes = &text.as_bytes()[at..];
    let end = at + bytes.iter().take(most).position(ends).unwrap_or(most.min(bytes.len()));
    (end..text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len())
}

/// Where a quoted value ends: at its closing quote, at the backslashes before it where the opening one
/// had some, or at the end of the line.
fn closing(bytes: &[u8], quote: u8, was_escaped: bool) -> Option<usize> {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => return Some(at),
            b'\\' if was_escaped => {
                let slashes = bytes[at..].iter().take_while(|&&byte| byte == b'\\').count();
                if bytes.get(at + slashes) == Some(&quote) {
                    return Some(at);
                }
                at += slashes;
            }
            b'\\' => at += 2,
            _ if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// A name with its value.
struct Given<'a> {
    name: &'a Name,
    tie: &'a str,
    name_quoted: bool,
    value: &'a Value,
}

impl Given<'_> {
    /// The part of the value that is secret.
    fn secret(&self, text: &str) -> Option<Range<usize>> {
        let span = self.value.span.clone();
        let value = &text[span.clone()];
        if self.name.trust == Trust::Never || value.starts_with("[redacted:") {
            return None;
        }
        if self.name.holds("authorization") || self.name.plain == "bearer" {
            return self.credentials(text);
        }
        if self.name.holds("cookie") {
            if is_placeholder(value) {
                return None;
            }
            let end = if self.value.is_quoted { span.end } else { end_of_line(text, span.start) };
            return Some(span.start..end);
        }
        if self.name.trust == Trust::Weak || self.tie == "is" {
            return looks_like_token(value, &self.name.plain).then_some(span);
        }
        let harmless = is_placeholder(value)
            || is_prose(value)
            || is_short_number(value)
            || is_path(value)
            || value.starts_with("http://")
            || value.starts_with("https://")
            || if self.value.is_quoted {
                is_name_of_secret(value)
            } else {
                self.is_reference(text) || self.begins_prose(text)
            };
        (!harmless).then_some(span)
    }

    /// `Authorization: Bearer …`: what stands behind the scheme, to the end of the value.
    fn credentials(&self, text: &str) -> Option<Range<usize>> {
        let span = self.value.span.clone();
        let value = &text[span.clone()];
        let schemes = ["bearer", "basic", "digest", "token", "apikey", "hmac"];
        let word = value.split(' ').next().unwrap_or(value);
        if !schemes.contains(&word.to_ascii_lowercase().as_str()) {
            let known = !is_placeholder(value) && !is_prose(value) && !value.contains(' ');
            let secret = known && !self.is_reference(text) && !self.begins_prose(text);
            return secret.then_some(span);
        }
        let start = span.start + word.len() + 1;
        let rest = text.get(start..)?;
        let end = if self.value.is_quoted {
            span.end
        } else {
            let ends = |c: char| c.is_whitespace() || c.is_control() || "\"',;)]}".contains(c);
            start + rest.find(ends).unwrap_or(rest.len())
        };
        let secret = text.get(start..end)?;
        let harmless =
            secret.starts_with("[redacted:") || is_placeholder(secret) || is_prose(secret);
        (!harmless).then_some(start..end)
    }

    /// Source code that names where the secret comes from: `self.api_key`, `os.environ["API_KEY"]`,
    /// `config.get(…)`, or a variable.
    fn is_reference(&self, text: &str) -> bool {
        let span = self.value.span.clone();
        let value = &text[span.clone()];
        let called = value.find(['(', '[']);
        let path = &value[..called.unwrap_or(value.len())];
        if path.is_empty() || !path.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
        {
            return false;
        }
        if path.starts_with(|c: char| c.is_ascii_digit()) || looks_random(path, 12) {
            return false;
        }
        // In a dict or JSON, a quoted name with a bare word behind it: the word is a variable.
        let bare = self.name_quoted && self.tie == ":" && !path.bytes().any(|b| b.is_ascii_digit());
        let dotted = path.split_once('.').is_some_and(|(first, rest)| {
            is_name_of_secret(first) || is_name_of_secret(rest.rsplit('.').next().unwrap_or(rest))
        });
        called.is_some() || bare || dotted || (!path.contains('.') && is_name_of_secret(path))
    }

    /// `Invalid API key: please check …`: a plain word with more words behind it.
    fn begins_prose(&self, text: &str) -> bool {
        let Range { start, end } = self.value.span;
        let word = &text[start..end];
        let more = text[end..].strip_prefix(' ').is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_alphabetic())
                && !rest.split(' ').next().unwrap_or(rest).contains(['=', ':'])
        });
        self.tie == ":" && more && word.len() <= 16 && word.bytes().all(|b| b.is_ascii_alphabetic())
    }
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..].find(|c: char| c.is_control() || c == '"').map_or(text.len(), |end| from + end)
}
