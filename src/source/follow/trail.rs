//! One followed path: the file it names now, those it named before, and those that were missed in between.

mod open;
mod resume;

use std::collections::VecDeque;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::feed::kind;
use super::From;
use super::disk::{Inode, open_regular};
use super::generation::{Generation, Pumped, Reading};
use super::known::{Known, Left};
use super::notice::{Action, FileId, Notice, SourceId};
use super::print::Print;
use super::siblings::Family;
use super::state::StoredSource;
use super::tail::{Named, Turn, is_done, turn};
use crate::safe::limits;

/// Looks at the folder, one after the other, while files in it move.
const PASSES: usize = 50;

/// Prints of files that are done with, to know copies of them.
const PRINTS: usize = 16;

/// A path that is gone for this long is said to be waited for; rotation takes less.
const GONE: Duration = Duration::from_secs(1);

/// What a path needs to be looked after.
pub(super) struct Cx<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) known: &'a mut Known,
    /// The number that the next file gets.
    pub(super) next_file: &'a mut u64,
    /// Where to begin in files that are there when following begins.
    pub(super) from: From,
    /// Following has begun: files that come now are new.
    pub(super) begun: bool,
    /// For longer than it should have been nobody has looked.
    pub(super) away: bool,
}

impl Cx<'_> {
    fn file_id(&mut self) -> FileId {
        *self.next_file += 1;
        FileId(*self.next_file)
    }
}

/// What was found in one look at a path.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// There is more to read right away.
    pub(super) more: bool,
    /// There is more to read, and no room for it.
    pub(super) full: bool,
    /// Files are held that are not at the path any more.
    pub(super) held: bool,
    /// The path got another file, or lost the one it had.
    pub(super) moved: bool,
}

/// One followed path.
pub(super) struct Trail {
    pub(super) source: SourceId,
    /// What to call the source.
    pub(super) name: Arc<str>,
    /// Its index among all of them.
    index: usize,
    /// Where the file that is written to is. For a log that gets a new name every day, the newest.
    pub(super) path: PathBuf,
    /// The name and folder of its rotated files, where that cannot be told from `path`.
    family: Option<Family>,
    target: Option<PathBuf>,
    /// Its files, the oldest first. The last is the one that the path names, if `live` is set.
    generations: Vec<Generation>,
    live: bool,
    /// There was a file.
    ever: bool,
    /// Since when there is none.
    gone: Option<Instant>,
    waited: bool,
    /// An earlier follower has left word of it.
    resumed: bool,
    /// That word, while there is nothing it could be about.
    past: Option<StoredSource>,
    /// Another path holds its file.
    aliased: bool,
    complained: bool,
    prints: VecDeque<Print>,
}

impl Trail {
    /// Of a path; of a `family` where it has rotated files under another name than its own.
    pub(super) fn new(
        source: SourceId,
        index: usize,
        name: Arc<str>,
        path: PathBuf,
        family: Option<Family>,
    ) -> Trail {
        Trail {
            source,
            name,
            index,
            path,
            family,
            target: None,
            generations: Vec::new(),
            live: false,
            ever: false,
            gone: None,
            waited: false,
            resumed: false,
            past: None,
            aliased: false,
            complained: false,
            prints: VecDeque::new(),
        }
    }

    /// The names under which its rotated files may lie: beside the path, and where that is a link, beside
    /// its target.
    pub(super) fn families(&self) -> Vec<Family> {
        let own = self.family.clone().or_else(|| Family::of(&self.path));
        let target = self.target.as_deref().and_then(Family::of);
        own.into_iter().chain(target).collect()
    }

    /// Where the path leads to, where it is a link.
    pub(super) fn target(&self) -> Option<&Path> {
        self.target.as_deref()
    }

    /// Looks again where the path leads to, and tells what is there.
    ///
    /// # Errors
    /// Where nothing is there, or it cannot be told.
    pub(super) fn find_target(&mut self) -> io::Result<Metadata> {
        self.target = None;
        let meta = fs::symlink_metadata(&self.path)?;
        if !meta.is_symlink() {
            return Ok(meta);
        }
        self.target = fs::canonicalize(&self.path).ok();
        fs::metadata(&self.path)
    }

    /// Whether anything that happens to a file of this name concerns it.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let Some(name) = path.file_name() else { return true };
        let name = name.to_string_lossy();
        !self.live
            || self.path.file_name().is_some_and(|own| own == path.file_name().unwrap_or_default())
            || self.families().iter().any(|family| family.base == name || family.has(&name))
    }

    /// Whether the file at this path is one of its rotated ones, going by its name and folder.
    pub(super) fn concerns_as_rotated(&self, path: &Path) -> bool {
        let Some(found) = Family::of(path) else { return false };
        self.families()
            .iter()
            .any(|family| family.folder == found.folder && family.has(&found.base))
    }

    /// Whether there is no file at its path.
    pub(super) fn is_missing(&self) -> bool {
        !self.live && !self.aliased
    }

    /// Reads what there is, and follows the path where it leads.
    pub(super) fn look(&mut self, cx: &mut Cx<'_>) -> Seen {
        let mut seen = Seen::default();
        self.pump(cx, &mut seen);
        for _ in 0..PASSES {
            if !self.turn(cx, &mut seen) {
                break;
            }
            seen.moved = true;
        }
        self.retire(cx);
        seen.held =
            self.generations.len() > usize::from(self.live) || (self.live && self.gone.is_some());
        seen
    }

    /// Reads its files, the oldest first: a younger one has its turn when the older ones are at their end.
    fn pump(&mut self, cx: &mut Cx<'_>, seen: &mut Seen) {
        let mut reading = !seen.full && !seen.more;
        let mut index = 0;
        while index < self.generations.len() {
            let live = self.live && index + 1 == self.generations.len();
            if live && self.generations[index].has_first_bytes() {
                self.find_first_copies(cx);
                continue;
            }
            match self.generations[index].pump(&mut cx.reading, reading) {
                Ok(Pumped::End) => {}
                Ok(Pumped::More) => {
                    seen.more = true;
                    reading = false;
                }
                Ok(Pumped::Full) => {
                    // Where this one had its turn, there is no room; else it waits for an older one.
                    seen.full |= reading;
                    reading = false;
                }
                Ok(Pumped::Truncated) if live => {
                    self.truncated(cx);
                    seen.moved = true;
                    // The rest of the copy comes first, then the file itself.
                    continue;
                }
                Ok(Pumped::Truncated) => {
                    self.lose_unread(cx, index);
                    self.end(cx, index);
                    continue;
                }
                Err(error) => {
                    self.complain(cx, format!("cannot be read: {error}"));
                    if live {
                        self.live = false;
                        self.gone = Some(cx.reading.now);
                    }
                    self.end(cx, index);
                    continue;
                }
            }
            if live && let Some(reason) = self.generations[index].refused() {
                self.complain(cx, reason.to_owned());
            }
            index += 1;
        }
    }

    /// Says once that the path cannot be followed.
    fn complain(&mut self, cx: &Cx<'_>, reason: String) {
        if !self.complained {
            self.complained = true;
            let path = self.path.to_string_lossy().into_owned();
            cx.reading.queue.push(Notice::Skipped { path, reason });
        }
    }

    fn tell(&self, cx: &Cx<'_>, generation: &Generation, action: Action) {
        cx.reading.queue.push(Notice::Source {
            source: self.source,
            name: self.name.clone(),
            file: Some(generation.id),
            file_name: generation.name.clone(),
            action,
        });
    }

    /// Says what a file takes with it that was not read.
    fn lose_unread(&mut self, cx: &Cx<'_>, index: usize) {
        let generation = &self.generations[index];
        match generation.unread() {
            0 if cx.away => {
                self.tell(cx, generation, Action::Lost { bytes: None, lines: None });
            }
            0 => {}
            bytes => {
                self.tell(cx, generation, Action::Lost { bytes: Some(bytes), lines: None });
            }
        }
    }

    /// A copy of what was told: it is not told again.
    fn known_copy(&self, cx: &mut Cx<'_>, inode: Inode) {
        cx.reading.book.know(self.index, inode);
        cx.known.remember(inode, self.index, None);
    }

    fn remember_print(&mut self, print: &Print) {
        self.prints.push_back(print.clone());
        if self.prints.len() > PRINTS {
            self.prints.pop_front();
        }
    }

    /// Looks what the path names now. True where another file was opened, and one had better look again.
    fn turn(&mut self, cx: &mut Cx<'_>, seen: &mut Seen) -> bool {
        let named = match self.find_target() {
            Ok(meta) if meta.is_file() => Named::File(Inode::of(&self.path, &meta)),
            Ok(meta) => {
                self.complain(cx, kind(&meta).to_owned());
                Named::Other
            }
            Err(error) if is_missing(&error) => Named::Nothing,
            Err(error) => {
                self.complain(cx, format!("{}; it is tried again and again", reason(&error)));
                Named::Other
            }
        };
        if matches!(named, Named::File(_))
            && let Some(past) = self.past.take()
        {
            self.resume(cx, past);
            self.pump(cx, seen);
            return true;
        }
        let held = self.generations.last().filter(|_| self.live).map(|live| live.inode);
        match turn(held, self.ever, named) {
            Turn::Stay => {
                if self.gone.take().is_some()
                    && let Some(live) = self.generations.last_mut()
                {
                    live.left = None;
                }
                self.waited = false;
                false
            }
            Turn::Gone => {
                let since = *self.gone.get_or_insert(cx.reading.now);
                if let Some(live) = self.generations.last_mut() {
                    live.left.get_or_insert(since);
                }
                self.wait(cx);
                false
            }
            Turn::Wait => {
                self.aliased = false;
                self.wait(cx);
                false
            }
            Turn::First => self.replaced(cx, Action::Opened, seen),
            Turn::Replaced | Turn::Returned => {
                // Between a rotation's steps there is no file for a moment.
                let gone = self.gone.map(|since| cx.reading.now.duration_since(since));
                let back = gone.is_some_and(|gone| gone >= GONE);
                let action = if back { Action::Returned } else { Action::Rotated };
                self.replaced(cx, action, seen)
            }
        }
    }

    fn wait(&mut self, cx: &Cx<'_>) {
        let since = *self.gone.get_or_insert(cx.reading.now);
        let long = !cx.begun || cx.reading.now.duration_since(since) >= GONE;
        if long && !self.waited {
            self.waited = true;
            let (source, name) = (self.source, self.name.clone());
            cx.reading.queue.push(Notice::Waiting { source, name });
        }
    }

    /// The path names another file. True where that was opened.
    fn replaced(&mut self, cx: &mut Cx<'_>, action: Action, seen: &mut Seen) -> bool {
        let (file, meta) = match open_regular(&self.path) {
            Ok(opened) => opened,
            Err(error) if is_missing(&error) => return false,
            Err(error) => {
                self.complain(cx, format!("{}; it is tried again and again", reason(&error)));
                return false;
            }
        };
        let inode = Inode::of_open(&file, &self.path, &meta);
        let held = self.generations.last().filter(|_| self.live);
        if held.is_some_and(|held| held.inode.is_held_as(&inode)) {
            return false;
        }
        let now = cx.reading.now;
        if self.live
            && let Some(live) = self.generations.last_mut()
        {
            live.left.get_or_insert(now);
        }
        self.live = false;
        match cx.known.holder(&inode) {
            Some(holder) if holder != self.index => {
                self.aliased = true;
                return false;
            }
            Some(_) => {
                // It was put aside and is back, while it is still read.
                let index = self.generations.iter().position(|old| old.inode.is_held_as(&inode));
                let Some(index) = index else { return false };
                let mut back = self.generations.remove(index);
                back.left = None;
                self.generations.push(back);
                self.came();
                return false;
            }
            None => {}
        }
        self.aliased = false;
        self.catch_up(cx, inode, seen);
        self.begin(cx, file, &meta, action);
        self.pump(cx, seen);
        true
    }

    /// The path has its file.
    fn came(&mut self) {
        self.live = true;
        self.ever = true;
        self.gone = None;
        self.waited = false;
    }

    /// Ends files that are done with.
    fn retire(&mut self, cx: &mut Cx<'_>) {
        let mut index = 0;
        while index < self.generations.len() {
            let generation = &self.generations[index];
            let Some(left) = generation.left else {
                index += 1;
                continue;
            };
            let now = cx.reading.now;
            let done = generation.at_end()
                && (generation.sealed
                    || is_done(
                        true,
                        now.duration_since(generation.last_data),
                        now.duration_since(left),
                    ));
            if done {
                if self.live && index + 1 == self.generations.len() {
                    self.live = false;
                }
                self.end(cx, index);
            } else {
                index += 1;
            }
        }
    }

    /// Holds no more files than it may. The oldest is let go, and what it takes with it is said.
    fn keep_few(&mut self, cx: &mut Cx<'_>) {
        while self.generations.len() > limits::FOLLOW_HELD + 1 {
            let unread = self.generations[0].unread();
            if unread > 0 && !self.generations[0].at_end() {
                let lost = Action::Lost { bytes: Some(unread), lines: None };
                self.tell(cx, &self.generations[0], lost);
            }
            self.end(cx, 0);
        }
    }

    /// Is done with a file; how far it was read is remembered.
    fn end(&mut self, cx: &mut Cx<'_>, index: usize) {
        let inode = self.generations[index].inode;
        cx.known.release(&inode, self.index);
        let generation = &self.generations[index];
        let left = Left {
            print: generation.print.clone(),
            offset: generation.offset,
            line: generation.line(),
        };
        cx.known.remember(inode, self.index, Some(left));
        self.end_cut(cx, index);
    }

    /// Is done with a file whose content is no longer there.
    fn end_cut(&mut self, cx: &mut Cx<'_>, index: usize) {
        let generation = self.generations.remove(index);
        self.remember_print(&generation.print);
        cx.reading.book.close(generation.id);
        let (source, file) = (generation.source, generation.id);
        cx.reading.queue.push(Notice::FileEnd { source, file });
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// An error without the system's number for it.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ => error.to_string(),
    }
}
