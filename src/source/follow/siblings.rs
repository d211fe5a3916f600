//! The files beside a followed one that rotation may have made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::rotation::{age, unpacked};
use super::disk::Inode;

/// Endings of files that are being written by something else than the log's writer.
const UNFINISHED: [&str; 7] = [".tmp", ".temp", ".swp", ".swx", ".lock", ".part", "~"];

/// Words that rotation puts behind a name, besides numbers and dates.
const WORDS: [&str; 8] = ["old", "bak", "prev", "previous", "last", "orig", "backup", "save"];

/// A log's name and where its rotated files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Family {
    /// The folder.
    pub(super) folder: PathBuf,
    /// Name of the file that is written to.
    pub(super) base: String,
}

/// A file beside a followed one.
#[derive(Debug, Clone)]
pub(super) struct Sibling {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it was when the folder was listed.
    pub(super) inode: Inode,
    modified: SystemTime,
}

impl Family {
    /// Of the log at `path`.
    pub(super) fn of(path: &Path) -> Option<Family> {
        let base = path.file_name()?.to_string_lossy().into_owned();
        Some(Family { folder: folder_of(path), base })
    }

    /// Whether rotation may have made this name of the log's. Compressed files are left out: they are
    /// copies of what was held before.
    pub(super) fn has(&self, name: &str) -> bool {
        // Whatever rotation adds, it leaves the beginning as it is; most names are told by that alone.
        let stem = self.base.rsplit_once('.').map_or(self.base.as_str(), |(stem, _)| stem);
        if !name.starts_with(stem) {
            return false;
        }
        let (_, packed) = unpacked(name);
        if packed || name == self.base || UNFINISHED.iter().any(|ending| name.ends_with(ending)) {
            return false;
        }
        age(name, &self.base).is_some()
            || name.strip_prefix(self.base.as_str()).is_some_and(|rest| {
                rest.starts_with(['.', '-', '_'])
                    && (rest.bytes().any(|byte| byte.is_ascii_digit())
                        || WORDS.contains(&rest[1..].to_ascii_lowercase().as_str()))
            })
    }
}

/// The folder that holds `path`.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// The rotated files of these families, the oldest first: by what their names say, and where those do not
/// say it, by when they were last written to. A folder that cannot be listed has none.
pub(super) fn scan(families: &[Family]) -> Vec<Sibling> {
    let mut found = Vec::new();
    for family in families {
        let Ok(entries) = fs::read_dir(&family.folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !family.has(&name) {
                continue;
            }
            let path = family.folder.join(entry.file_name());
            // A link beside the log names a file that is followed, or was, under its own name.
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if !meta.is_file() {
                continue;
            }
            let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let inode = Inode::of(&path, &meta);
            found.push((age(&name, &family.base), Sibling { path, inode, modified }));
        }
    }
    if found.iter().all(|(age, _)| age.is_some()) {
        found.sort_by(|(one, a), (two, b)| one.cmp(two).then(a.modified.cmp(&b.modified)));
    } else {
        found.sort_by(|(one, a), (two, b)| a.modified.cmp(&b.modified).then(one.cmp(two)));
    }
    // A file with several names is found once, under the first of them.
    let mut siblings: Vec<Sibling> = Vec::new();
    for (_, sibling) in found {
        if !siblings.iter().any(|known| known.inode == sibling.inode) {
            siblings.push(sibling);
        }
    }
    siblings
}

#[cfg(test)]
mod tests {
    use super::Family;

    #[test]
    fn rotated_names_are_told_from_others() {
        let family = Family { folder: ".".into(), base: "bot.log".to_owned() };
        for name in [
            "bot.log.1",
            "bot.log.20",
            "bot.log-20260811",
            "bot.log.2026-08-11_10-00-00",
            "bot.2026-08-11_10-00-00_123456.log",
            "bot.1.log",
            "bot-20260811.log",
            "bot_20260811.log",
            "bot.log.old",
            "bot.log.bak",
            "bot.log_0007.txt",
        ] {
            assert!(family.has(name), "{name}");
        }
        for name in [
            "bot.log",
            "bot.log.1.gz",
            "bot.log-20260811.zst",
            "bot.log.1.tmp",
            "bot.log.swp",
            "bot.log~",
            "bot.log.offset",
            "bot-errors.log",
            "bot-2.log",
            "bot2.log",
            "robot.log.1",
            "bot.logic.1",
            "other.log",
        ] {
            assert!(!family.has(name), "{name}");
        }
    }
}
