//! Folders and patterns: which logs they stand for now.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::super::discover::{Discover, PathArg, Problem, discover, pattern};
use super::super::names::is_programs;
use super::super::rotation::unpacked;
use super::super::{Origin, Source};
use super::siblings::{Family, folder_of};
use crate::safe::limits;

/// A log that a search has found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// What to call it.
    pub(super) name: String,
    /// The file that is written to.
    pub(super) path: PathBuf,
    /// The name of its rotated files, where `path` has not got it: a log with a new name every day.
    pub(super) family: Option<Family>,
}

/// What a search has led to.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// Logs.
    pub(super) found: Vec<Found>,
    /// What is not followed.
    pub(super) left_out: Vec<Problem>,
    /// Folders in which more logs may come.
    pub(super) folders: BTreeSet<PathBuf>,
}

/// Whether a path that does not exist is a pattern.
pub(super) fn is_pattern(path: &Path) -> bool {
    pattern(path).is_some()
}

/// Finds the logs of folders and patterns.
pub(super) fn search(roots: &[PathBuf]) -> Searched {
    let args: Vec<PathArg> = roots.iter().cloned().map(PathArg::Path).collect();
    let discovery = discover(&args, &Discover::default());
    let mut left_out = discovery.problems;
    left_out.extend(discovery.skipped);
    let found = discovery.sources.iter().filter_map(written_to).collect();
    let mut folders = BTreeSet::new();
    for root in roots {
        if root.is_dir() {
            below(root, limits::DISCOVER_DEPTH, &mut folders);
        } else {
            let (start, depth) = fixed_part(root);
            below(&start, depth, &mut folders);
        }
    }
    Searched { found, left_out, folders }
}

/// The file of a source that is written to; `None` where it has only compressed ones.
fn written_to(source: &Source) -> Option<Found> {
    let newest = source.files.iter().rev().find_map(|file| match &file.origin {
        Origin::Path { path, .. } if !unpacked(&path.to_string_lossy()).1 => Some(path),
        _ => None,
    })?;
    let name = source.name.clone();
    let live = PathBuf::from(&name);
    let base = live.file_name()?.to_string_lossy().into_owned();
    let newest_name = newest.file_name()?.to_string_lossy().into_owned();
    if newest_name.starts_with(&base) {
        return Some(Found { name, path: live, family: None });
    }
    let family = Some(Family { folder: folder_of(newest), base });
    Some(Found { name, path: newest.clone(), family })
}

/// The part of a pattern before its first wildcard, and how many folders deep the rest reaches.
fn fixed_part(pattern: &Path) -> (PathBuf, usize) {
    let mut start = PathBuf::new();
    let mut depth = 0_usize;
    for component in pattern.components() {
        let wild = matches!(component, Component::Normal(name)
            if name.to_string_lossy().contains(['*', '?', '[']));
        if depth > 0 || wild {
            depth += 1;
        } else {
            start.push(component);
        }
    }
    if start.as_os_str().is_empty() {
        start.push(".");
    }
    let deep = pattern.to_string_lossy().contains("**");
    (start, if deep { limits::DISCOVER_DEPTH } else { depth.saturating_sub(1) })
}

/// The folders at and below `folder` that may hold logs.
fn below(folder: &Path, depth: usize, folders: &mut BTreeSet<PathBuf>) {
    let Ok(real) = fs::canonicalize(folder) else { return };
    if folders.len() >= limits::DISCOVER_ENTRIES || !folders.insert(real) || depth == 0 {
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if !is_programs(&entry.file_name().to_string_lossy()) && path.is_dir() {
            below(&path, depth - 1, folders);
        }
    }
}
