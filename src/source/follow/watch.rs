//! Notifications of the system: an alarm clock, never the truth. Folders are watched, not files, because a
//! file's watch goes with the file when it is renamed.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::disk::{Inode, quiet_mount};
use super::queue::Bell;

/// Watches folders and rings the bell when something happens in them.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    folders: HashMap<PathBuf, Inode>,
}

impl Watch {
    /// No watch at all.
    pub(super) fn none() -> Watch {
        Watch { watcher: None, folders: HashMap::new() }
    }

    /// A watch of no folder yet.
    ///
    /// # Errors
    /// Why the system gives no notifications, in words.
    pub(super) fn new(bell: Arc<Bell>) -> Result<Watch, String> {
        let told = move |event| ring(&bell, event);
        match notify::recommended_watcher(told) {
            Ok(watcher) => Ok(Watch { watcher: Some(watcher), folders: HashMap::new() }),
            Err(error) => Err(words(&error)),
        }
    }

    /// Whether the system tells of changes.
    pub(super) fn is_on(&self) -> bool {
        self.watcher.is_some()
    }

    /// Whether a folder that is watched is no longer what its name says.
    pub(super) fn is_stale(&self) -> bool {
        self.folders.iter().any(|(folder, watched)| {
            !std::fs::metadata(folder).is_ok_and(|meta| Inode::of(folder, &meta) == *watched)
        })
    }

    /// Watches these folders and no others. Folders that are watched under a name that another folder has
    /// got by now are watched anew. Returns whether any watch was added.
    ///
    /// # Errors
    /// Why one of them cannot be watched, in words; nothing is watched from then on.
    pub(super) fn folders(&mut self, wanted: &BTreeSet<PathBuf>) -> Result<bool, String> {
        let Some(watcher) = &mut self.watcher else { return Ok(false) };
        let gone: Vec<PathBuf> =
            self.folders.keys().filter(|folder| !wanted.contains(*folder)).cloned().collect();
        for folder in gone {
            // It is no longer there, or no longer watched: both are what is wanted.
            let _ = watcher.unwatch(&folder);
            self.folders.remove(&folder);
        }
        let mut added = false;
        let mut refused = None;
        for folder in wanted {
            let Ok(meta) = std::fs::metadata(folder) else { continue };
            let inode = Inode::of(folder, &meta);
            match self.folders.get(folder) {
                Some(watched) if *watched == inode => continue,
                Some(_) => {
                    let _ = watcher.unwatch(folder);
                    self.folders.remove(folder);
                }
                None => {}
            }
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder.clone(), inode);
                    added = true;
                }
                Err(error) if is_missing(&error) => {}
                Err(error) => {
                    refused = Some(words(&error));
                    break;
                }
            }
        }
        match refused {
            Some(reason) => {
                *self = Watch::none();
                Err(reason)
            }
            None => Ok(added),
        }
    }
}

/// Says what an event is about.
fn ring(bell: &Bell, event: notify::Result<notify::Event>) {
    let Ok(event) = event else { return bell.ring(|rung| rung.all = true) };
    if event.need_rescan() {
        // The system's queue has overflowed: who knows what happened.
        return bell.ring(|rung| rung.all = true);
    }
    match event.kind {
        // Opening and closing change nothing; our own would wake us.
        EventKind::Access(_) => {}
        EventKind::Modify(ModifyKind::Data(_)) => {
            bell.ring(|rung| rung.written.extend(event.paths));
        }
        _ => bell.ring(|rung| rung.moved.extend(event.paths)),
    }
}

/// Why changes in one of these folders are not told by the system, in words.
pub(super) fn untold(folders: &BTreeSet<PathBuf>) -> Option<String> {
    let mut kinds: Vec<(&PathBuf, &str)> =
        folders.iter().filter_map(|folder| Some((folder, quiet_mount(folder)?))).collect();
    kinds.sort();
    kinds.first().map(|(folder, kind)| {
        format!(
            "{} lies on {kind}, where the system does not tell of every change",
            folder.display()
        )
    })
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn words(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watched folders is reached (fs.inotify.max_user_watches)"
                .to_owned()
        }
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(24) => {
            "the system's limit of watchers is reached (fs.inotify.max_user_instances)".to_owned()
        }
        notify::ErrorKind::Io(error) => format!("the system does not tell of changes: {error}"),
        _ => format!("the system does not tell of changes: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use notify::event::{DataChange, Flag, RenameMode};

    use super::*;

    #[test]
    fn what_an_event_is_about() {
        let bell = Bell::default();
        let rung = |event| {
            ring(&bell, event);
            let rung = bell.wait(Instant::now());
            (rung.all, rung.written.len(), rung.moved.len())
        };
        let event = |kind| notify::Event::new(kind).add_path(PathBuf::from("bot.log"));
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        assert_eq!(rung(Ok(event(written))), (false, 1, 0));
        let renamed = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        assert_eq!(rung(Ok(event(renamed))), (false, 0, 1));
        // Some events were left out, or no one knows what happened.
        assert!(rung(Ok(event(EventKind::Other).set_flag(Flag::Rescan))).0);
        assert!(rung(Err(notify::Error::generic("gone"))).0);
    }
}
