//! How a path goes on where an earlier follower had got to.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::disk::{Inode, open_regular};
use super::super::generation::Generation;
use super::super::notice::{Action, Notice};
use super::super::siblings::scan;
use super::super::state::{StoredFile, StoredSource};
use super::{Cx, Trail};

impl Trail {
    /// Remembers the rotated files that are there when following begins: they are not told.
    pub(in super::super) fn remember_siblings(&self, cx: &mut Cx<'_>) {
        for sibling in scan(&self.families()) {
            if !cx.known.has(&sibling.inode) {
                self.known_copy(cx, sibling.inode);
            }
        }
    }

    /// What the path is called in the state file.
    pub(in super::super) fn key(&self) -> String {
        let path = Path::new(&*self.name);
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
    }

    /// Goes on where an earlier follower had got to, as if one had only not looked since. Where nothing is
    /// there, that waits until something is: a disk may not be mounted yet.
    pub(in super::super) fn resume(&mut self, cx: &mut Cx<'_>, past: StoredSource) {
        self.resumed = true;
        if !self.path.exists() && scan(&self.families()).is_empty() {
            cx.reading.book.keep_past(self.index, Some(past.clone()));
            self.past = Some(past);
            return;
        }
        self.ever = true;
        cx.reading.book.keep_past(self.index, None);
        for &inode in &past.known {
            cx.known.remember(inode, self.index, None);
        }
        let mut places: Vec<PathBuf> = vec![self.path.clone()];
        places.extend(scan(&self.families()).into_iter().map(|sibling| sibling.path));
        for stored in &past.files {
            match self.find_stored(cx, stored, &places) {
                Some(generation) => {
                    cx.known.hold(&generation.inode, self.index);
                    self.generations.push(generation);
                }
                None => {
                    // Whether anything was written to it after the last look, nobody can tell.
                    let (source, name) = (self.source, self.name.clone());
                    let (file, file_name) = (None, name.clone());
                    let action = Action::Lost { bytes: None, lines: None };
                    let lost = Notice::Source { source, name, file, file_name, action };
                    cx.reading.queue.push(lost);
                }
            }
        }
        let now = cx.reading.now;
        let path = fs::metadata(&self.path).map(|meta| Inode::of(&self.path, &meta)).ok();
        let last = self.generations.len().checked_sub(1);
        for index in 0..self.generations.len() {
            let generation = &mut self.generations[index];
            let live =
                last == Some(index) && path.is_some_and(|at| generation.inode.is_held_as(&at));
            if live {
                self.live = true;
            } else {
                generation.left = Some(now);
            }
            generation.mark_backlog();
            cx.reading.book.open(generation, self.index);
            let generation = &self.generations[index];
            self.tell(cx, generation, Action::Opened);
        }
    }

    /// Finds the file that an earlier follower had open: by its number and what it holds, or, where its
    /// content was copied and cut, or it was moved elsewhere, by what it holds.
    fn find_stored(
        &self,
        cx: &mut Cx<'_>,
        stored: &StoredFile,
        places: &[PathBuf],
    ) -> Option<Generation> {
        let mut alike = None;
        for path in places {
            let Ok((file, meta)) = open_regular(path) else { continue };
            let inode = Inode::of_open(&file, path, &meta);
            let same = meta.len() >= stored.place.raw
                && stored.place.mark.stands_before(&file, stored.place.raw)
                && stored.head.stands_before(&file, stored.head.len as u64);
            // An empty mark proves nothing.
            let same_file = inode == stored.inode;
            if !same || cx.known.holder(&inode).is_some() || (!same_file && stored.place.raw == 0) {
                continue;
            }
            if same_file || alike.is_none() {
                alike = Some((path, file, meta));
            }
            if same_file {
                break;
            }
        }
        let (path, file, meta) = alike?;
        let (id, now) = (cx.file_id(), cx.reading.now);
        let name = self.call(path);
        let mut generation = Generation::new(self.source, id, name, path, (file, &meta), now);
        let given = cx.reading.book.given(stored);
        generation.resume(stored, given).ok()?;
        Some(generation)
    }
}
