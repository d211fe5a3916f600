//! The requirement that the bot itself has written down for a package.
//!
//! A name that only a log knows is never installed: whoever can write a line into the log would choose what
//! runs on the machine. So a missing package is looked for in the bot's own `requirements*.txt`,
//! `pyproject.toml`, `uv.lock` and `poetry.lock`, and what is installed is what stands there, pin included.

mod project;
mod text;

use std::path::{Path, PathBuf};

/// Largest file that is read; the largest lock files have some megabytes.
const FILE_BYTES: u64 = 16 << 20;

/// Most files that are read: requirement files may include each other.
const FILES: usize = 64;

/// A requirement in the form that `pip` and `uv` take as one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// The package's name as written.
    name: String,
    /// Its extras, as written.
    extras: Vec<String>,
    /// Version specifiers without blanks, such as `==4.4.1` or `>=1,<2`; may be empty.
    versions: String,
}

impl Requirement {
    /// `name[extra]==1.0`.
    pub(super) fn as_word(&self) -> String {
        let extras = if self.extras.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.extras.join(","))
        };
        format!("{}{extras}{}", self.name, self.versions)
    }

    /// Whether it allows one version only.
    fn is_pinned(&self) -> bool {
        self.versions.starts_with("==") && !self.versions.contains([',', '*'])
    }
}

/// What a file says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// A requirement that can be given as one word.
    Plain(Requirement),
    /// One that cannot: why.
    Other(&'static str),
}

/// One requirement found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// The package's name as written.
    name: String,
    entry: Entry,
    /// Whether a lock file has it.
    locked: bool,
}

/// Looks for `names` (the first that is named wins) in the bot's own files.
///
/// `paths` are files or folders; where it is empty, the files of `root` are read.
///
/// # Errors
/// Why there is none, in words that hold nothing of the log.
pub(super) fn find(
    paths: &[PathBuf],
    root: Option<&Path>,
    names: &[&str],
) -> Result<Requirement, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { files.extend(files_of(path)) } else { files.push(path.clone()) }
    }
    if paths.is_empty() {
        let Some(root) = root else {
            return Err("it is not known where the bot's requirements are; name them with \
                        --hook-packages-from or the bot's folder with --source-root"
                .to_owned());
        };
        files = files_of(root);
        if files.is_empty() {
            return Err(format!(
                "{} has no requirements*.txt, pyproject.toml, uv.lock or poetry.lock",
                root.display()
            ));
        }
    }
    let (found, unread) = read_all(files);
    for name in names {
        if let Some(answer) = choose(&found, name) {
            return answer;
        }
    }
    let unread: String = unread.iter().map(|problem| format!(" ({problem})")).collect();
    Err(format!("the bot's requirements do not name the package{unread}"))
}

/// The files of a folder that say what the bot needs.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["uv.lock", "poetry.lock"].map(|name| folder.join(name)).into();
    let mut texts = Vec::new();
    for place in [folder.to_owned(), folder.join("requirements")] {
        let inside = place != folder;
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(".txt") && (inside || name.starts_with("requirements")) {
                texts.push(entry.path());
            }
        }
    }
    texts.sort();
    files.extend(texts);
    files.push(folder.join("pyproject.toml"));
    files.retain(|file| file.is_file());
    files
}

/// Everything that the files and those they include name, and what could not be read.
fn read_all(files: Vec<PathBuf>) -> (Vec<Found>, Vec<String>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let mut queue: std::collections::VecDeque<PathBuf> = files.into();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(file) = queue.pop_front() {
        if seen.len() >= FILES || !seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone()))
        {
            continue;
        }
        let text = match read(&file) {
            Ok(text) => text,
            Err(error) => {
                unread.push(format!("{} cannot be read: {error}", file.display()));
                continue;
            }
        };
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if Path::new(name).extension().is_some_and(|end| end == "toml" || end == "lock") {
            match project::read(name, &text) {
                Ok(more) => found.extend(more),
                Err(error) => unread.push(format!("{} cannot be read: {error}", file.display())),
            }
        } else {
            let (more, included) = text::read(&text);
            found.extend(more);
            let folder = file.parent().unwrap_or(Path::new(""));
            queue.extend(included.into_iter().map(|other| folder.join(other)));
        }
    }
    (found, unread)
}

fn read(file: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(file)?.len();
    if size > FILE_BYTES {
        return Err(std::io::Error::other("it is too large"));
    }
    std::fs::read_to_string(file)
}

/// What the files say of one package: the version of a lock file with the extras that the bot asks for;
/// else a pinned requirement, else any. `None` where none names it.
fn choose(found: &[Found], name: &str) -> Option<Result<Requirement, String>> {
    let name = normalised(name);
    let about: Vec<&Found> = found.iter().filter(|found| normalised(&found.name) == name).collect();
    if about.is_empty() {
        return None;
    }
    let (locked, direct): (Vec<&Found>, Vec<&Found>) = about.iter().partition(|found| found.locked);
    let locked = one_of(&locked);
    let direct = one_of(&direct);
    Some(match (locked, direct) {
        (Some(Ok(mut locked)), direct) => {
            if let Some(Ok(direct)) = direct {
                locked.extras = direct.extras;
            }
            Ok(locked)
        }
        (_, Some(Ok(direct))) => Ok(direct),
        (Some(Err(why)), _) | (None, Some(Err(why))) => Err(why),
        (None, None) => return None,
    })
}

/// The one requirement among several of a package: all the same, or one pinned among looser ones.
fn one_of(about: &[&Found]) -> Option<Result<Requirement, String>> {
    let mut plain: Vec<&Requirement> = Vec::new();
    for found in about {
        match &found.entry {
            Entry::Plain(requirement) => plain.push(requirement),
            Entry::Other(why) => {
                return Some(Err(format!("the bot's requirements name the package {why}")));
            }
        }
    }
    if plain.iter().any(|requirement| requirement.is_pinned()) {
        plain.retain(|requirement| requirement.is_pinned());
    }
    let first = *plain.first()?;
    if plain.iter().any(|other| other.versions != first.versions) {
        return Some(Err(
            "the bot's requirements name the package with different versions".to_owned()
        ));
    }
    // Of several, the one that asks for most.
    plain.into_iter().max_by_key(|requirement| requirement.extras.len()).cloned().map(Ok)
}

/// A package's name as indexes compare it (PEP 503).
fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(c.to_lowercase());
        }
    }
    normal
}

/// Whether it is a package's name (PEP 508), and of a length that one may have.
pub(super) fn is_package(name: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let is_end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    bytes.len() <= 100
        && is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().copied().all(is_inner)
}

/// Version specifiers (PEP 440) without blanks, where that is what it is.
fn versions(text: &str) -> Option<String> {
    let text: String = text.split_whitespace().collect();
    let text = text.trim_end_matches(',');
    let is_one = |one: &str| {
        let operator = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"]
            .into_iter()
            .find(|operator| one.starts_with(operator));
        operator.is_some_and(|operator| {
            let version = &one[operator.len()..];
            !version.is_empty()
                && version.bytes().all(|b| {
                    b.is_ascii_alphanumeric()
                        || matches!(b, b'.' | b'*' | b'+' | b'!' | b'-' | b'_')
                })
        })
    };
    (text.is_empty() || text.split(',').all(is_one)).then(|| text.to_owned())
}

/// Reads one requirement as PEP 508 has it; `None` where it is none. A marker (`; python_version < "3.9"`)
/// is left out: the interpreter that lacks the package is the one that the bot runs in.
fn parse(text: &str) -> Option<Found> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !is_package(name) {
        return None;
    }
    let mut rest = rest.trim_start();
    let mut extras = Vec::new();
    if let Some(inner) = rest.strip_prefix('[') {
        let (list, after) = inner.split_once(']')?;
        extras = list
            .split(',')
            .map(|extra| extra.trim().to_owned())
            .filter(|extra| !extra.is_empty())
            .collect();
        rest = after.trim_start();
    }
    let found = |entry| Some(Found { name: name.to_owned(), entry, locked: false });
    if rest.starts_with('@') {
        return found(Entry::Other("by a URL or path; install it as they say"));
    }
    let rest = rest.split(';').next().unwrap_or(rest).trim();
    let rest = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    match versions(rest) {
        Some(versions) if extras.iter().all(|extra| is_package(extra)) => {
            found(Entry::Plain(Requirement { name: name.to_owned(), extras, versions }))
        }
        _ => found(Entry::Other("in a form that is not understood; install it by hand")),
    }
}

#[cfg(test)]
mod tests;
