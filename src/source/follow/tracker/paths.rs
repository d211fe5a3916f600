//! Which paths are followed, and which folders are watched for them.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::super::disk::Inode;
use super::super::search::{Found, is_pattern, search};
use super::super::siblings::folder_of;
use super::super::trail::{Seen, Trail, reason};
use super::super::watch::untold;
use super::{Tracker, changed};
use crate::source::discover;
#[cfg(unix)]
use crate::source::feed::is_pipe;
use crate::source::feed::kind;

impl Tracker {
    pub(super) fn add_stdin(&mut self) {
        let stream = self.stream("-");
        self.has_streams = true;
        if let Err(error) = self.streams.stdin(stream, self.bell.clone()) {
            self.leave_out("-".to_owned(), reason(&error));
        }
    }

    /// A path that was given.
    pub(super) fn add_named(&mut self, path: &Path) {
        let text = path.to_string_lossy().into_owned();
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.roots.push(path.to_owned()),
            Ok(meta) if meta.is_file() => self.add_trail(path, &text, None),
            #[cfg(unix)]
            Ok(meta) if is_pipe(&meta) => {
                let stream = self.stream(&text);
                self.has_streams = true;
                if let Err(error) = self.streams.fifo(stream, path, self.bell.clone()) {
                    self.leave_out(text, reason(&error));
                }
            }
            Ok(meta) => self.leave_out(text, kind(&meta).to_owned()),
            Err(_) if is_pattern(path) => self.roots.push(path.to_owned()),
            Err(_) => self.add_trail(path, &text, None),
        }
    }

    /// Follows a path, unless it is followed already.
    pub(super) fn add_trail(&mut self, path: &Path, name: &str, found: Option<&Found>) {
        let place = place(path);
        if self.by_path.contains_key(&place) {
            return;
        }
        let index = self.trails.len();
        let family = found.and_then(|found| found.family.clone());
        let source = self.source();
        let mut trail = Trail::new(source, index, name.into(), path.to_owned(), family);
        // Whether anything is there is seen later.
        let _ = trail.find_target();
        self.by_path.entry(place).or_default().push(index);
        self.trails.push(trail);
        self.seen.push(Seen::default());
    }

    /// Searches folders and patterns.
    pub(super) fn search(&mut self) {
        if self.roots.is_empty() {
            return;
        }
        let searched = search(&self.roots);
        for problem in searched.left_out {
            let mut what = problem.what;
            if what.starts_with(discover::NO_LOG) || what == discover::NO_MATCH {
                what.push_str("; waiting for one to come");
            }
            self.leave_out(problem.path, what);
        }
        for found in &searched.found {
            self.found(found);
        }
        for folder in searched.folders {
            let changed = changed(&folder);
            self.searched.insert(folder, changed);
        }
    }

    /// A log was found by a search: it may be followed already, under this file or another one.
    pub(super) fn found(&mut self, found: &Found) {
        let same = self.trails.iter_mut().find(|trail| *trail.name == *found.name);
        if let Some(trail) = same {
            if found.family.is_some() && trail.path != found.path {
                trail.path.clone_from(&found.path);
            }
            return;
        }
        let own = fs::metadata(&found.path).map(|meta| Inode::of(&found.path, &meta));
        let rotated = self.begun
            && own.is_ok_and(|inode| self.known.has(&inode))
            && self.trails.iter().any(|trail| trail.concerns_as_rotated(&found.path));
        if !rotated {
            self.add_trail(&found.path, &found.name, Some(found));
        }
    }

    /// Watches the folders in which something may happen that concerns us. Returns whether there are new
    /// ones.
    pub(super) fn watch_folders(&mut self) -> bool {
        let mut wanted: BTreeSet<PathBuf> = self.searched.keys().cloned().collect();
        self.by_path.clear();
        self.by_folder.clear();
        let mut real: HashMap<PathBuf, PathBuf> = HashMap::new();
        for (index, trail) in self.trails.iter().enumerate() {
            let paths = [Some(trail.path.as_path()), trail.target()];
            for path in paths.into_iter().flatten() {
                let folder = folder_of(path);
                let folder =
                    real.entry(folder).or_insert_with_key(|folder| existing(folder)).clone();
                if let Some(name) = path.file_name() {
                    self.by_path.entry(folder.join(name)).or_default().push(index);
                }
                self.by_folder.entry(folder.clone()).or_default().push(index);
                wanted.insert(folder);
            }
            for folder in links(&trail.path) {
                self.by_folder.entry(folder.clone()).or_default().push(index);
                wanted.insert(folder);
            }
        }
        if !self.watch.is_on() {
            return false;
        }
        let new: BTreeSet<PathBuf> =
            wanted.iter().filter(|folder| !self.judged.contains(*folder)).cloned().collect();
        if let Some(reason) = untold(&new) {
            self.fall_back(reason);
        }
        self.judged.extend(new);
        self.watch.folders(&wanted).unwrap_or_else(|reason| {
            self.fall_back(reason);
            true
        })
    }
}

/// The path with its folder's links resolved.
fn place(path: &Path) -> PathBuf {
    let folder = folder_of(path);
    let folder = fs::canonicalize(&folder).unwrap_or(folder);
    path.file_name().map_or(folder.clone(), |name| folder.join(name))
}

/// The folder, or the nearest one above it that exists, with its links resolved.
fn existing(folder: &Path) -> PathBuf {
    let mut folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    loop {
        match fs::canonicalize(&folder) {
            Ok(real) if real.is_dir() => return real,
            _ => {}
        }
        if !folder.pop() {
            return folder;
        }
    }
}

/// The folders that links on the way from `path` to its file lie in, the first one left out.
fn links(path: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut path = path.to_owned();
    for _ in 0..8 {
        let Ok(next) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(next);
        folders.push(existing(&folder_of(&path)));
    }
    folders
}
