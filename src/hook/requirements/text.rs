//! `requirements.txt`: one requirement a line, with comments, continued lines and options.

use super::{Entry, Found, is_package, parse};

/// What a requirements file names, and the files that it includes, as written.
///
/// Source: pip's documentation, "Requirements File Format".
pub(super) fn read(text: &str) -> (Vec<Found>, Vec<String>) {
    let (mut found, mut included) = (Vec::new(), Vec::new());
    for line in whole_lines(text) {
        let line = without_comment(&line).trim();
        if line.starts_with('-') {
            included.extend(included_file(line));
            continue;
        }
        // `--hash=…`, `--config-settings …`: options of this requirement.
        let line = line.split(" --").next().unwrap_or(line).trim();
        if line.is_empty() {
            continue;
        }
        // `name @ https://…` is a requirement with a name, `https://…` is not.
        let is_url = line.split('@').next().is_some_and(|start| start.contains("://"));
        found.extend(if is_url { by_url(line) } else { parse(line) });
    }
    (found, included)
}

/// Lines, with those that end in a backslash continued.
fn whole_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        if let Some(start) = line.strip_suffix('\\') {
            open += start;
            continue;
        }
        open += line;
        lines.push(std::mem::take(&mut open));
    }
    if !open.is_empty() {
        lines.push(open);
    }
    lines
}

/// A `#` begins a comment at the start of a line or behind a blank.
fn without_comment(line: &str) -> &str {
    let end = line
        .match_indices('#')
        .find(|(at, _)| *at == 0 || line[..*at].ends_with(|c: char| c.is_whitespace()))
        .map_or(line.len(), |(at, _)| at);
    &line[..end]
}

/// The file of `-r FILE` or `--requirement FILE`.
fn included_file(line: &str) -> Option<String> {
    let rest = line.strip_prefix("--requirement").or_else(|| line.strip_prefix("-r"))?;
    let file = rest.trim_start_matches([' ', '\t', '=']).trim();
    (!file.is_empty()).then(|| file.to_owned())
}

/// `git+https://…#egg=name` and the like.
fn by_url(line: &str) -> Option<Found> {
    let (_, name) = line.split_once("#egg=")?;
    let name = name.split(['&', '[']).next().unwrap_or(name);
    is_package(name).then(|| Found {
        name: name.to_owned(),
        entry: Entry::Other("by a URL or path; install it as they say"),
        locked: false,
    })
}
