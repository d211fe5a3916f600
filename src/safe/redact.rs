//! Secrets out of text, before any sink sees it.
//!
//! Three looks, each linear in the text and each cheap to skip: secrets told by their own form
//! (`forms.rs`: `AKIA…`, webhooks, private key blocks), secrets told by the name they are given to
//! (`assigned.rs`: `api_key=…`, `"secret": "…"`, `X-MBX-APIKEY: …`), and long random runs that nothing
//! near them calls public (`runs.rs`). A secret becomes `[redacted:kind]`, whatever its length.
//!
//! What a diagnosis needs stays: error codes, HTTP statuses, hosts, IP addresses, order ids, UUIDs,
//! paths, symbols, times, and the *names* of secrets (`KeyError: 'API_SECRET'`, `api_key=self.api_key`).
//!
//! The regexes here are the only ones outside `rules` and `detect`: they describe secrets, not crashes,
//! and belong to no rule.

mod assigned;
mod forms;
mod looks;
mod runs;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Takes secrets out of text, or, where the user asked for it, leaves them.
#[derive(Debug, Clone, Copy)]
pub struct Redactor {
    enabled: bool,
}

impl Redactor {
    /// A redactor that works, or one that returns every text as it is (`--no-redact`).
    pub fn new(enabled: bool) -> Redactor {
        Redactor { enabled }
    }

    /// `text` with every secret replaced by `[redacted:kind]`. Borrowed where there is none.
    /// Redacting twice is the same as once.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut result = Cow::Borrowed(text);
        if !self.enabled {
            return result;
        }
        for _ in 0..ROUNDS {
            match round(&result) {
                Some(next) => result = Cow::Owned(next),
                None => break,
            }
        }
        result
    }
}

/// What was hidden by one secret may show its form only once that is gone (`<key>.<token>` in one
/// word). One more round finds it; more are for text made to deceive.
const ROUNDS: usize = 4;

/// All three looks, once; `None` where they find nothing.
fn round(text: &str) -> Option<String> {
    let may_hold = triggers().is_match(text);
    let has_run = runs::may_hold(text);
    let mut result = Cow::Borrowed(text);
    if may_hold {
        result = replace_all(result, forms::find);
        if assigned::may_hold(text) {
            result = replace_all(result, assigned::find);
        }
    }
    if has_run {
        result = runs::redact(result);
    }
    match result {
        Cow::Owned(next) if next != text => Some(next),
        _ => None,
    }
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Secret {
    /// Its bytes.
    span: Range<usize>,
    /// What it is, for `[redacted:kind]`.
    kind: &'static str,
}

/// Every text that `forms.rs` or `assigned.rs` could change holds one of these.
fn triggers() -> &'static AhoCorasick {
    static TRIGGERS: OnceLock<AhoCorasick> = OnceLock::new();
    TRIGGERS.get_or_init(|| {
        words(&[
            "key",
            "secret",
            "token",
            "pass",
            "pwd",
            "sign",
            "auth",
            "bearer",
            "cookie",
            "session",
            "credential",
            "mnemonic",
            "seed",
            "phrase",
            "jwt",
            "otp",
            "origin_string",
            "eyj",
            "akia",
            "asia",
            "aiza",
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat_",
            "glpat-",
            "xox",
            "xapp-",
            "sk-",
            "sk_",
            "rk_",
            "hf_",
            "sg.",
            "pypi-",
            "npm_",
            "hook",
            "/services/",
            "/v2/",
            "/v3/",
            "/ws/",
            "/stream/",
            "://",
            ":aa",
            "%3aa",
            "/bot",
        ])
    })
}

/// A search for any of some words, in upper or lower case. Texts are few and short: it is made quickly rather than
/// quick.
fn words(words: &[&str]) -> AhoCorasick {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(words)
        .expect("a short list of plain words always builds")
}

/// Replaces what `find` finds, in one pass from left to right.
fn replace_all<'t>(text: Cow<'t, str>, find: impl Fn(&str) -> Vec<Secret>) -> Cow<'t, str> {
    let secrets = find(&text);
    if secrets.is_empty() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for Secret { span, kind } in secrets {
        out.push_str(&text[copied..span.start]);
        push_redacted(&mut out, kind);
        copied = span.end;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn push_redacted(out: &mut String, kind: &str) {
    out.push_str("[redacted:");
    out.push_str(kind);
    out.push(']');
}

#[cfg(test)]
mod tests;
