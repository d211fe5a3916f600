//! Long random runs: private keys and signatures that stand alone.

use std::borrow::Cow;

use super::looks::looks_random;
use super::push_redacted;

/// Shorter runs are ids; keys and signatures of exchanges and wallets have 64 hexadecimal digits or at
/// least as many base64 characters.
const LENGTH: usize = 60;

/// How far back a word may stand that tells what a run is.
const CONTEXT: usize = 48;

/// Words after which a long run is public, and needed: transaction and block hashes, order and market
/// ids, checksums, and the container ids in the kernel's out-of-memory lines.
const PUBLIC: [&str; 23] = [
    "tx",
    "hash",
    "order",
    "block",
    "condition",
    "market",
    "digest",
    "sha256",
    "sha512",
    "checksum",
    "etag",
    "commit",
    "docker",
    "container",
    "image",
    "cpuset",
    "memcg",
    "cgroup",
    "pod",
    "scope",
    "cursor",
    "asset",
    "root",
];

/// Words after which it is not.
const PRIVATE: [&str; 8] = ["key", "secret", "private", "wallet", "seed", "sign", "token", "pass"];

fn is_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Whether `text` has a run that is long enough.
pub(super) fn may_hold(text: &str) -> bool {
    text.as_bytes().split(|&byte| !is_run(byte)).any(|run| run.len() >= LENGTH)
}

/// `text` with its long secret runs replaced.
pub(super) fn redact(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    for run in text.as_bytes().split(|&byte| !is_run(byte)) {
        let (start, end) = (at, at + run.len());
        at = end + 1;
        if run.len() < LENGTH {
            continue;
        }
        let Some((from, to)) = secret(&text[start..end]) else { continue };
        out.push_str(&text[copied..start + from]);
        copied = start + from;
        // The words are looked up in what was written so far: a second pass sees the same ones.
        if !is_public(&out) {
            push_redacted(&mut out, "key");
            let padding = text[start + to..].bytes().take_while(|&byte| byte == b'=').count();
            copied = start + to + padding;
        }
    }
    if copied == 0 && out.is_empty() {
        return text;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The part of a run that looks like a secret.
fn secret(run: &str) -> Option<(usize, usize)> {
    // Slashes divide a path that holds a container's id, but also occur in base64.
    let mut at = 0;
    for piece in run.split('/') {
        let hex = piece.strip_prefix("0x").unwrap_or(piece);
        if hex.len() >= 64 && is_mixed_hex(hex) {
            return Some((at, at + piece.len()));
        }
        at += piece.len() + 1;
    }
    looks_random(run, 20).then_some((0, run.len()))
}

fn is_mixed_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether the nearest telling word before the run calls it public.
fn is_public(before: &str) -> bool {
    let from = before.len().saturating_sub(CONTEXT);
    let from =
        (from..=before.len()).find(|&at| before.is_char_boundary(at)).unwrap_or(before.len());
    let context = before[from..].to_ascii_lowercase();
    if context.ends_with(['/', '-']) && !context.contains("://") {
        return true;
    }
    let last = |words: &[&str]| words.iter().filter_map(|word| context.rfind(word)).max();
    match (last(&PUBLIC), last(&PRIVATE)) {
        (Some(public), Some(private)) => public > private,
        (public, _) => public.is_some(),
    }
}
