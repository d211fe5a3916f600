//! What clients of log stores, and whoever copies a log, put before its lines.

use std::borrow::Cow;

use super::Wrapper;
use crate::event::Format;
use crate::event::fields;
use crate::event::stamp::Time;

/// The characters of the random parts of Kubernetes' names (k8s.io/apimachinery, util/rand).
const RANDOM: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// `stern`, and `kubetail`: `bot-6d5f7c9b4-x2x8z bot line`, the pod's name and the container's.
pub(super) fn stern(text: &str) -> Option<Wrapper<'_>> {
    let (pod, tail) = text.split_once(' ')?;
    let mut parts = pod.rsplitn(3, '-');
    let (suffix, hash) = (parts.next()?, parts.next()?);
    let is_random = |part: &str| part.bytes().all(|byte| RANDOM.contains(&byte));
    let of_pod = suffix.len() == 5 && (6..=10).contains(&hash.len());
    if !of_pod || !is_random(suffix) || !is_random(hash) || !fields::is_name(parts.next()?) {
        return None;
    }
    let (container, line) = tail.split_once(' ').unwrap_or((tail, ""));
    let lower =
        container.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (lower && !container.is_empty()).then(|| Wrapper::new(Format::Kubectl, line).from(pod))
}

/// Behind a time: what `aws logs tail`, `logcli` and `flyctl logs` put before a line.
pub(super) fn store<'t>(rest: &'t str, time: &Time) -> Option<Wrapper<'t>> {
    match rest.as_bytes().first()? {
        b'{' => loki(rest),
        b'a' if rest.starts_with("app[") => fly(rest),
        _ => cloudwatch(rest, time),
    }
}

/// logcli's `{app="bot", stream="stderr"} line`.
fn loki(rest: &str) -> Option<Wrapper<'_>> {
    let (labels, line) = rest[1..].split_once('}')?;
    let named = labels.split_once("=\"").is_some_and(|(name, _)| fields::is_name(name));
    let line = line.strip_prefix([' ', '\t']).unwrap_or(line);
    named.then(|| Wrapper::new(Format::Loki, line))
}

/// Fly's `app[4d891d3f] ams [info]line`.
fn fly(rest: &str) -> Option<Wrapper<'_>> {
    let (machine, tail) = rest.strip_prefix("app[")?.split_once("] ")?;
    let (region, tail) = tail.split_once(" [")?;
    let (_, line) = tail.split_once(']')?;
    let known = machine.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && region.len() == 3
        && region.bytes().all(|byte| byte.is_ascii_lowercase());
    let line = line.strip_prefix(' ').unwrap_or(line);
    known.then(|| Wrapper::new(Format::Syslog, line).from(machine))
}

/// `aws logs tail`: six digits behind the second's point, an offset, and the stream's name, which has slashes.
fn cloudwatch<'t>(rest: &'t str, time: &Time) -> Option<Wrapper<'t>> {
    let (stream, line) = rest.split_once(' ').unwrap_or((rest, ""));
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-[]$".contains(&byte);
    let known = time.digits == 6
        && stream.bytes().filter(|byte| *byte == b'/').count() >= 2
        && !stream.starts_with('/')
        && stream.bytes().all(named);
    known.then(|| Wrapper::new(Format::CloudWatch, line))
}

/// `| line`: compose's bar, copied without the name before it. A table's row ends with a bar of its own, and its rule is
/// drawn with dashes.
pub(super) fn barred(text: &str) -> Option<Wrapper<'_>> {
    let line = text.strip_prefix("| ")?;
    let is_row = text.trim_end().ends_with('|') || line.contains(" | ") || line.starts_with('-');
    (!is_row).then(|| Wrapper::new(Format::Quoted, line))
}

/// `> line`, `>> line` and `>line`, as mails and issues quote. (loguru marks a frame so: `> File "…`; Python asks
/// with `>>> `.)
pub(super) fn quoted(text: &str) -> Option<Wrapper<'_>> {
    let rest = text.strip_prefix('>')?;
    let is_bare = rest.starts_with("  ") && !rest.starts_with("  >")
        || rest.starts_with(|c: char| c.is_ascii_alphabetic());
    if rest.is_empty() || is_bare {
        // Behind `> ` a frame has three blanks.
        let line = rest.strip_prefix(' ').filter(|line| line.starts_with("  ") && is_odd(rest));
        return Some(Wrapper::new(Format::Quoted, line.unwrap_or(rest)));
    }
    let rest = rest.strip_prefix('>').filter(|rest| rest.starts_with(' ')).unwrap_or(rest);
    let line = rest.strip_prefix(' ').filter(|line| !line.starts_with("File \""))?;
    Some(Wrapper::new(Format::Quoted, line))
}

/// Whether a text begins with an odd number of blanks.
fn is_odd(text: &str) -> bool {
    text.bytes().take_while(|byte| *byte == b' ').count() % 2 == 1
}

/// A line of which somebody made code or bold text, to save it from Markdown: `` `line` ``, `**line**`.
pub(super) fn marked<'t>(text: &'t str, mark: &str) -> Option<Wrapper<'t>> {
    let line = text.strip_prefix(mark)?.trim_end().strip_suffix(mark)?;
    let is_line = !line.is_empty() && !line.contains(mark) && !line.starts_with('*');
    (is_line && (mark == "`" || !line.starts_with(' '))).then(|| Wrapper::new(Format::Quoted, line))
}

/// `    12<tab>line` of `cat -n`, and a line of a notebook's file, a string in a list.
pub(super) fn indented(text: &str) -> Option<Wrapper<'_>> {
    let inner = text.trim_start_matches(' ');
    match inner.as_bytes().first()? {
        b'0'..=b'9' if text.len() - inner.len() <= 5 => {
            let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
            let line = inner[digits..].strip_prefix('\t')?;
            // Padded to six places.
            let padded = text.len() - inner.len() + digits == 6;
            padded.then(|| Wrapper::new(Format::Quoted, line))
        }
        b'"' => {
            let literal = inner.strip_suffix(',').unwrap_or(inner);
            if !literal.ends_with("\\n\"") {
                return None;
            }
            let line: String = serde_json::from_str(literal).ok()?;
            Some(Wrapper::new(Format::Notebook, Cow::Owned(crate::event::clean::lines_text(line))))
        }
        _ => None,
    }
}
