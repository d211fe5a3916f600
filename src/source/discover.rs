//! From PATHs to sources.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::decode::{Codec, refusal};
use super::feed::{is_pipe, kind, open_path};
use super::names::{LOOKED_FOR, is_log, is_programs};
use super::rotation::sets;
use super::text::{Encoding, encoding};
use super::{Identity, Source, SourceFile};
use crate::safe::limits;

/// What is said of a folder without a log.
pub(super) const NO_LOG: &str = "no log found in this folder";

/// What is said of a pattern that stands for nothing.
pub(super) const NO_MATCH: &str = "no file matches this pattern";

/// A PATH of the command line or the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathArg {
    /// `-`: standard input.
    Stdin,
    /// A file, a folder, a FIFO, or a pattern that the shell did not expand.
    Path(PathBuf),
}

impl From<OsString> for PathArg {
    fn from(arg: OsString) -> PathArg {
        if arg == "-" { PathArg::Stdin } else { PathArg::Path(arg.into()) }
    }
}

/// How far a search goes.
#[derive(Debug, Clone, Copy)]
pub struct Discover {
    /// Deepest folder below a PATH.
    pub depth: usize,
    /// Most files and folders looked at.
    pub entries: usize,
}

impl Default for Discover {
    fn default() -> Discover {
        Discover { depth: limits::DISCOVER_DEPTH, entries: limits::DISCOVER_ENTRIES }
    }
}

/// What PATHs have led to.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The sources: in the order of the PATHs, within a folder by name.
    pub sources: Vec<Source>,
    /// What was asked for and cannot be read.
    pub problems: Vec<Problem>,
    /// What was found beside it and left out although its name is a log's.
    pub skipped: Vec<Problem>,
}

/// A path and what is the matter with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The path, as given or as found below the one given.
    pub path: String,
    /// What is the matter.
    pub what: String,
}

/// Finds the sources that `paths` stand for.
///
/// A folder is searched for logs by name; hidden files and folders, those of installed programs, binary
/// files, FIFOs, sockets and devices are left out. A file that is named is taken whatever it is called. A
/// file reached in more than one way is one file. Files of one folder that rotation made of one log are one
/// source.
pub fn discover(paths: &[PathArg], options: &Discover) -> Discovery {
    let mut search = Search { options: *options, ..Search::default() };
    for path in paths {
        match path {
            PathArg::Stdin if search.stdin => {}
            PathArg::Stdin => {
                search.stdin = true;
                search.found.push(Found::Alone(Source::stdin()));
            }
            PathArg::Path(path) => search.named(path),
        }
    }
    search.finish()
}

#[derive(Default)]
struct Search {
    options: Discover,
    found: Vec<Found>,
    stdin: bool,
    /// Files and pipes reached, and folders listed.
    seen: BTreeSet<Identity>,
    entries: usize,
    problems: Vec<Problem>,
    skipped: Vec<Problem>,
}

enum Found {
    /// A file that may be one of a rotated set.
    File(PathBuf, Option<Identity>),
    /// Standard input or a FIFO.
    Alone(Source),
}

/// A folder on the way down: its identity, to see a loop.
type Trail = Vec<(Option<Identity>, PathBuf)>;

impl Search {
    fn problem(&mut self, path: &Path, what: impl Into<String>) {
        self.problems
            .push(Problem { path: path.to_string_lossy().into_owned(), what: what.into() });
    }

    fn skip(&mut self, path: &Path, what: impl Into<String>) {
        self.skipped.push(Problem { path: path.to_string_lossy().into_owned(), what: what.into() });
    }

    /// Whether the file is reached for the first time.
    fn first_time(&mut self, identity: Option<&Identity>) -> bool {
        identity.is_none_or(|identity| self.seen.insert(identity.clone()))
    }

    /// A path that was given.
    fn named(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder_named(path, &meta),
            Ok(meta) if meta.is_file() => self.file_named(path, &meta),
            Ok(meta) if is_pipe(&meta) => {
                let identity = Identity::of(path, &meta);
                if self.first_time(identity.as_ref()) {
                    self.found.push(Found::Alone(Source::file(path)));
                }
            }
            Ok(meta) => self.problem(path, kind(&meta)),
            Err(error) => match (pattern(path), error.kind()) {
                // To Windows, a name with `*` or `?` in it is not one that is missing, but none at all.
                (Some(pattern), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename) => {
                    self.pattern(path, pattern);
                }
                _ => self.problem(path, reason(&error)),
            },
        }
    }

    fn file_named(&mut self, path: &Path, meta: &Metadata) {
        match head(path) {
            Ok(head) => match refusal(&head) {
                Some(what) => self.problem(path, what),
                None => self.add(path, meta),
            },
            Err(error) => self.problem(path, reason(&error)),
        }
    }

    fn add(&mut self, path: &Path, meta: &Metadata) {
        let identity = Identity::of(path, meta);
        if self.first_time(identity.as_ref()) {
            self.found.push(Found::File(path.to_owned(), identity));
        }
    }

    fn folder_named(&mut self, path: &Path, meta: &Metadata) {
        let problems = self.problems.len();
        let identity = Identity::of(path, meta);
        if !self.first_time(identity.as_ref()) {
            return;
        }
        let logs = self.folder(path, &mut vec![(identity, path.to_owned())]);
        if logs == 0 && self.problems.len() == problems {
            self.problem(path, format!("{NO_LOG}; looked for {LOOKED_FOR}"));
        }
    }

    /// Searches a folder. Returns the number of logs below it, those reached before included.
    fn folder(&mut self, folder: &Path, trail: &mut Trail) -> usize {
        let listed = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<OsString> = match listed {
            Ok(entries) => entries.into_iter().map(|entry| entry.file_name()).collect(),
            Err(error) => {
                self.problem(folder, format!("cannot be listed: {}", reason(&error)));
                return 0;
            }
        };
        names.sort();
        if names.iter().any(|name| name == "pyvenv.cfg") {
            return 0;
        }
        let mut logs = 0;
        for name in names {
            if self.entries >= self.options.entries {
                if self.entries == self.options.entries {
                    self.problem(folder, format!("search ended after {} entries", self.entries));
                    self.entries += 1;
                }
                break;
            }
            self.entries += 1;
            // What is found below `.` is called as a user in that folder would call it.
            let path =
                if folder == Path::new(".") { name.clone().into() } else { folder.join(&name) };
            logs += self.entry(&path, &name.to_string_lossy(), trail);
        }
        logs
    }

    /// Looks at one entry of a folder. Returns the number of logs in it.
    fn entry(&mut self, path: &Path, name: &str, trail: &mut Trail) -> usize {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) => {
                if is_loop(&error) {
                    self.problem(path, "a symbolic link that leads back to itself");
                } else if is_log(name) && error.kind() == io::ErrorKind::NotFound {
                    self.skip(path, "a symbolic link to nothing");
                } else if is_log(name) {
                    self.problem(path, reason(&error));
                }
                return 0;
            }
        };
        if meta.is_dir() {
            return if is_programs(name) { 0 } else { self.subfolder(path, &meta, trail) };
        }
        if !is_log(name) {
            if name.strip_suffix(".zip").is_some_and(is_log) {
                self.skip(path, "a zip archive: unpack it first");
            }
            return 0;
        }
        if !meta.is_file() {
            self.skip(path, kind(&meta));
            return 0;
        }
        match head(path) {
            Ok(head) if is_binary(&head) => self.skip(path, "not text"),
            Ok(head) => match refusal(&head) {
                Some(what) => self.skip(path, what),
                None => {
                    self.add(path, &meta);
                    return 1;
                }
            },
            Err(error) => self.problem(path, reason(&error)),
        }
        0
    }

    fn subfolder(&mut self, path: &Path, meta: &Metadata, trail: &mut Trail) -> usize {
        let identity = Identity::of(path, meta);
        let above = trail.iter().find(|(above, _)| identity.is_some() && *above == identity);
        if let Some((_, above)) = above {
            let what = format!("a symbolic link that leads back to {}", above.display());
            self.problem(path, what);
            return 0;
        }
        if !self.first_time(identity.as_ref()) {
            // Its logs are reached already; if it has none, that was said.
            return 1;
        }
        if trail.len() > self.options.depth {
            self.problem(path, format!("more than {} folders deep", self.options.depth));
            return 0;
        }
        trail.push((identity, path.to_owned()));
        let logs = self.folder(path, trail);
        trail.pop();
        logs
    }

    /// A pattern that the shell has left to us.
    fn pattern(&mut self, given: &Path, pattern: &str) {
        let options = glob::MatchOptions {
            case_sensitive: cfg!(not(windows)),
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let Ok(paths) = glob::glob_with(pattern, options) else {
            return self.problem(given, "no such file or folder, and not a valid pattern");
        };
        let mut any = false;
        for found in paths.take(self.options.entries) {
            any = true;
            match found {
                Ok(path) => match fs::metadata(&path) {
                    Ok(meta) if meta.is_dir() => self.folder_named(&path, &meta),
                    Ok(meta) if meta.is_file() => self.file_named(&path, &meta),
                    Ok(meta) => self.skip(&path, kind(&meta)),
                    Err(error) => self.problem(&path, reason(&error)),
                },
                Err(error) => self.problem(error.path(), reason(error.error())),
            }
        }
        if !any {
            self.problem(given, NO_MATCH);
        }
    }

    /// Puts rotated sets together.
    fn finish(mut self) -> Discovery {
        let mut folders: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        let mut sources: Vec<(usize, Source)> = Vec::new();
        let mut files = BTreeMap::new();
        for (index, found) in std::mem::take(&mut self.found).into_iter().enumerate() {
            match found {
                Found::Alone(source) => sources.push((index, source)),
                Found::File(path, identity) => {
                    folders.entry(folder_of(&path)).or_default().push(index);
                    files.insert(index, SourceFile::at(path, identity));
                }
            }
        }
        for indexes in folders.values() {
            let names: Vec<&str> =
                indexes.iter().map(|index| file_name(&files[index].name)).collect();
            for set in sets(&names, is_log) {
                for &double in &set.doubles {
                    let path = PathBuf::from(&files[&indexes[double]].name);
                    self.skip(&path, "a compressed copy of the file of that name beside it");
                }
                let members: Vec<usize> = set.members.iter().map(|&at| indexes[at]).collect();
                let Some(&first) = members.iter().min() else { continue };
                let files: Vec<SourceFile> = members.iter().map(|at| files[at].clone()).collect();
                sources.push((first, Source { name: set_name(&files, &set.base), files }));
            }
        }
        sources.sort_by_key(|&(index, _)| index);
        Discovery {
            sources: sources.into_iter().map(|(_, source)| source).collect(),
            problems: self.problems,
            skipped: self.skipped,
        }
    }
}

/// What to call a set: as its only file, or as the one that is written to, there or not.
fn set_name(files: &[SourceFile], base: &str) -> String {
    match files {
        [file] => file.name.clone(),
        _ => {
            let newest = files.last().map_or("", |file| file.name.as_str());
            let folder = &newest[..newest.len() - file_name(newest).len()];
            format!("{folder}{base}")
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit(std::path::is_separator).next().unwrap_or(path)
}

/// The folder a file lies in, under one name only.
fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The first bytes of a file.
fn head(path: &Path) -> io::Result<Vec<u8>> {
    let (file, _) = open_path(path)?;
    let mut head = Vec::new();
    file.take(limits::SNIFF_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether the first bytes of a file are no text: a tenth of them, NULs left aside, are control
/// characters that no terminal or text uses. (A log may begin with NULs, after a copy-and-truncate rotation
/// under a writer that keeps its offset, and hold colours.)
fn is_binary(head: &[u8]) -> bool {
    if Codec::of(head).is_some() || matches!(encoding(head), Encoding::Utf16 { .. }) {
        return false;
    }
    let bytes = head.iter().filter(|&&byte| byte != 0);
    let odd = bytes.clone().filter(|byte| matches!(byte, 1..=6 | 14..=26 | 28..=31 | 127)).count();
    odd * 10 > bytes.count()
}

/// The path as a pattern, if it can be one.
pub(super) fn pattern(path: &Path) -> Option<&str> {
    path.to_str().filter(|path| path.contains(['*', '?', '[']))
}

fn is_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        error.raw_os_error() == Some(libc::ELOOP)
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// An error without the system's number for it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ if is_loop(error) => "a symbolic link that leads back to itself".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
