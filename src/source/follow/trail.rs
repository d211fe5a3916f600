//! One followed path: the file it names now, those it named before, and those that were missed in between.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::feed::kind;
use super::From;
use super::disk::{Inode, open_regular};
use super::generation::{Generation, Pumped, Reading};
use super::notice::{Action, FileId, Notice, SourceId};
use super::print::{Kinship, Print};
use super::siblings::{Family, Sibling, scan};
use super::tail::{Named, Turn, is_done, missed, turn};
use crate::safe::limits;

/// Looks at the folder, one after the other, while files in it move.
const PASSES: usize = 50;

/// Prints of files that are done with, to know copies of them.
const PRINTS: usize = 16;

/// A path that is gone for this long is said to be waited for; rotation takes less.
const GONE: Duration = Duration::from_secs(1);

/// What is known of files, beyond any one path: who reads which, and how far those were read that nobody
/// reads any more.
#[derive(Default)]
pub(super) struct Known {
    /// Which path holds an open file.
    holders: HashMap<(u64, u64), usize>,
    /// How far a file was read, or was there when following began.
    read: HashMap<Inode, Read>,
    /// Counts up the insertions.
    clock: u64,
}

/// How far a file was read.
#[derive(Debug, Clone)]
pub(super) struct Read {
    /// What was read of it; `None` where it was only there.
    print: Option<(Print, u64, u64)>,
    /// Whose it was.
    trail: usize,
    at: u64,
}

/// Files remembered that nobody reads; beyond it the older half is forgotten.
const READ_FILES: usize = 16_384;

impl Known {
    fn holder(&self, inode: &Inode) -> Option<usize> {
        self.holders.get(&(inode.device, inode.number)).copied()
    }

    fn hold(&mut self, inode: &Inode, trail: usize) {
        self.holders.insert((inode.device, inode.number), trail);
    }

    fn release(&mut self, inode: &Inode, trail: usize) {
        if self.holder(inode) == Some(trail) {
            self.holders.remove(&(inode.device, inode.number));
        }
    }

    /// Whether nothing of this file is to be opened as if it were new.
    pub(super) fn has(&self, inode: &Inode) -> bool {
        self.holder(inode).is_some() || self.read.contains_key(inode)
    }

    fn remember(&mut self, inode: Inode, trail: usize, print: Option<(Print, u64, u64)>) {
        self.clock += 1;
        self.read.insert(inode, Read { print, trail, at: self.clock });
        if self.read.len() > READ_FILES {
            let old = self.clock - READ_FILES as u64 / 2;
            self.read.retain(|_, read| read.at >= old);
        }
    }

    /// Forgets files of a path that are gone, where a new file may get their number without our knowing.
    fn forget_gone(&mut self, trail: usize, there: &[Sibling]) {
        self.read.retain(|inode, read| {
            read.trail != trail
                || inode.born != 0
                || there.iter().any(|sibling| sibling.inode == *inode)
        });
    }
}

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

    /// Looks again where the path leads to.
    pub(super) fn find_target(&mut self) {
        let link = fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.is_symlink());
        self.target = if link { fs::canonicalize(&self.path).ok() } else { None };
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

    /// Remembers the rotated files that are there when following begins: they are not told.
    pub(super) fn remember_siblings(&self, known: &mut Known) {
        for sibling in scan(&self.families()) {
            if !known.has(&sibling.inode) {
                known.remember(sibling.inode, self.index, None);
            }
        }
    }

    /// Reads what there is, and follows the path where it leads.
    pub(super) fn look(&mut self, cx: &mut Cx<'_>, reading: bool) -> Seen {
        let mut seen = Seen::default();
        self.pump(cx, reading, &mut seen);
        for _ in 0..PASSES {
            if !self.turn(cx, reading, &mut seen) {
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
    fn pump(&mut self, cx: &mut Cx<'_>, mut reading: bool, seen: &mut Seen) {
        let mut index = 0;
        while index < self.generations.len() {
            let live = self.live && index + 1 == self.generations.len();
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

    /// The file at the path was cut. What had not been read of it may be in a copy.
    fn truncated(&mut self, cx: &mut Cx<'_>) {
        let Some(mut cut) = self.generations.pop() else { return };
        self.live = false;
        let again = cut.again();
        let siblings = scan(&self.families());
        let mut unseen = Vec::new();
        let mut copy = None;
        for sibling in siblings.iter().rev() {
            let known = cx.known.has(&sibling.inode);
            if copy.is_some() && known {
                continue;
            }
            let Ok((file, meta)) = open_regular(&sibling.path) else { continue };
            let inode = Inode::of(&sibling.path, &meta);
            if cx.known.holder(&inode).is_some() {
                continue;
            }
            match cut.print.kinship(&file, meta.len()) {
                Kinship::Whole if copy.is_none() => copy = Some((sibling.path.clone(), file, meta)),
                Kinship::Whole | Kinship::Behind(_) => self.known_copy(cx, inode),
                Kinship::Stranger if known => {}
                Kinship::Stranger => unseen.push((sibling.path.clone(), file, meta)),
            }
        }
        match copy {
            Some((path, file, meta)) => {
                cx.known.release(&cut.inode, self.index);
                self.remember_print(&cut.print);
                cut.go_on_in(&path, file, &meta);
                cx.known.hold(&cut.inode, self.index);
                cut.left = Some(cx.reading.now);
                self.generations.push(cut);
            }
            None => {
                cx.known.release(&cut.inode, self.index);
                self.generations.push(cut);
                let index = self.generations.len() - 1;
                self.lose_unread(cx, index);
                self.end_cut(cx, index);
            }
        }
        for (path, file, meta) in unseen.into_iter().rev() {
            self.add_missed(cx, &path, file, &meta);
        }
        match again {
            Ok((file, meta)) => self.begin(cx, file, &meta, Action::Truncated),
            Err(error) => self.complain(cx, format!("cannot be read on: {error}")),
        }
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
        cx.known.remember(inode, self.index, None);
    }

    fn remember_print(&mut self, print: &Print) {
        self.prints.push_back(print.clone());
        if self.prints.len() > PRINTS {
            self.prints.pop_front();
        }
    }

    /// Looks what the path names now. True where another file was opened, and one had better look again.
    fn turn(&mut self, cx: &mut Cx<'_>, reading: bool, seen: &mut Seen) -> bool {
        self.find_target();
        let named = match fs::metadata(&self.path) {
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
            Turn::First => self.replaced(cx, Action::Opened, reading, seen),
            Turn::Replaced | Turn::Returned => {
                // Between a rotation's steps there is no file for a moment.
                let gone = self.gone.map(|since| cx.reading.now.duration_since(since));
                let back = gone.is_some_and(|gone| gone >= GONE);
                let action = if back { Action::Returned } else { Action::Rotated };
                self.replaced(cx, action, reading, seen)
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
    fn replaced(
        &mut self,
        cx: &mut Cx<'_>,
        action: Action,
        reading: bool,
        seen: &mut Seen,
    ) -> bool {
        let (file, meta) = match open_regular(&self.path) {
            Ok(opened) => opened,
            Err(error) if is_missing(&error) => return false,
            Err(error) => {
                self.complain(cx, format!("{}; it is tried again and again", reason(&error)));
                return false;
            }
        };
        let inode = Inode::of(&self.path, &meta);
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
        self.catch_up(cx, inode, reading, seen);
        self.begin(cx, file, &meta, action);
        self.pump(cx, reading && !seen.full && !seen.more, seen);
        true
    }

    /// The path has its file.
    fn came(&mut self) {
        self.live = true;
        self.ever = true;
        self.gone = None;
        self.waited = false;
    }

    /// Opens the files that were written and put aside since one looked last, the oldest first. The path
    /// names `new`.
    fn catch_up(&mut self, cx: &mut Cx<'_>, new: Inode, reading: bool, seen: &mut Seen) {
        let families = self.families();
        for _ in 0..PASSES {
            let siblings = scan(&families);
            cx.known.forget_gone(self.index, &siblings);
            let inodes: Vec<Inode> = siblings.iter().map(|sibling| sibling.inode).collect();
            let unseen = missed(&inodes, Some(new), |inode| cx.known.has(inode));
            let mut any = false;
            for index in unseen {
                let path = &siblings[index].path;
                let Ok((file, meta)) = open_regular(path) else { continue };
                let inode = Inode::of(path, &meta);
                // Names move while one looks: this must be a file that is still to be opened.
                if inode.is_held_as(&new) || cx.known.has(&inode) {
                    continue;
                }
                any = true;
                self.add_missed(cx, path, file, &meta);
                self.pump(cx, reading && !seen.full && !seen.more, seen);
            }
            if !any {
                break;
            }
        }
    }

    /// Adds a file that nobody has looked at while it was at the path, unless it is a copy of one that was
    /// read.
    fn add_missed(&mut self, cx: &mut Cx<'_>, path: &Path, file: File, meta: &Metadata) {
        let inode = Inode::of(path, meta);
        let own = self.generations.iter().map(|generation| &generation.print);
        let kin = own.chain(self.prints.iter().rev()).find_map(|print| {
            match print.kinship(&file, meta.len()) {
                Kinship::Stranger => None,
                Kinship::Whole => Some(print.end()),
                Kinship::Behind(same) => Some(same),
            }
        });
        if kin == Some(meta.len()) {
            return self.known_copy(cx, inode);
        }
        let (id, name) = (cx.file_id(), self.call(path));
        let now = cx.reading.now;
        let mut generation = Generation::new(self.source, id, name, path, (file, meta), now);
        if let Some(same) = kin
            && let Err(error) = generation.go_to(same, cx.reading.bell)
        {
            return self.complain(cx, format!("{}: {}", path.display(), reason(&error)));
        }
        generation.left = Some(now);
        cx.reading.book.open(&mut generation, self.index);
        cx.known.hold(&inode, self.index);
        self.tell(cx, &generation, if self.ever { Action::Rotated } else { Action::Opened });
        self.ever = true;
        let at = self.generations.len() - usize::from(self.live);
        self.generations.insert(at, generation);
        self.keep_few(cx);
    }

    /// Begins with the file that the path names now.
    fn begin(&mut self, cx: &mut Cx<'_>, file: File, meta: &Metadata, action: Action) {
        let inode = Inode::of(&self.path, meta);
        let (id, now) = (cx.file_id(), cx.reading.now);
        let name = self.call(&self.path);
        let start = self.start(cx, &file, meta, action);
        let path = self.path.clone();
        let mut generation = Generation::new(self.source, id, name, &path, (file, meta), now);
        let went = match start {
            Start::Whole => Ok(()),
            Start::End => generation.go_to_end(cx.reading.bell),
            Start::At(raw) => generation.go_to(raw, cx.reading.bell),
            Start::Known(print, offset, line) => {
                generation.print = print;
                generation.offset = offset;
                generation.line = line;
                Ok(())
            }
        };
        if let Err(error) = went {
            self.complain(cx, reason(&error));
        }
        if !cx.begun {
            generation.mark_backlog();
        }
        cx.known.read.remove(&inode);
        cx.known.hold(&inode, self.index);
        cx.reading.book.open(&mut generation, self.index);
        self.tell(cx, &generation, action);
        self.generations.push(generation);
        self.came();
        self.keep_few(cx);
    }

    /// Where to begin in a file at the path.
    fn start(&self, cx: &Cx<'_>, file: &File, meta: &Metadata, action: Action) -> Start {
        if action == Action::Truncated {
            return Start::Whole;
        }
        let inode = Inode::of(&self.path, meta);
        match cx.known.read.get(&inode).map(|read| &read.print) {
            Some(Some((print, offset, line)))
                if print.kinship(file, meta.len()) == Kinship::Whole =>
            {
                return Start::Known(print.clone(), *offset, *line);
            }
            Some(None) if cx.begun => return Start::At(meta.len()),
            _ => {}
        }
        // Editors, and a mount that swaps a file for a copy, put the same content into a new file and do away
        // with the old one.
        if let Some(last) = self.generations.last()
            && last.nameless
            && last.print.kinship(file, meta.len()) == Kinship::Whole
        {
            return Start::At(last.print.end());
        }
        match cx.from {
            From::End if !cx.begun => Start::End,
            _ => Start::Whole,
        }
    }

    /// What to call the file at `path`: as the user would, who gave the path.
    fn call(&self, path: &Path) -> Arc<str> {
        if path == self.path {
            return path.to_string_lossy().into();
        }
        match (self.path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name).to_string_lossy().into(),
            _ => path.to_string_lossy().into(),
        }
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
        let read = (generation.print.clone(), generation.offset, generation.line);
        cx.known.remember(inode, self.index, Some(read));
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

    /// A file that was done with may have been written to after all: goes on with it.
    pub(super) fn revive(&mut self, cx: &mut Cx<'_>, path: &Path) {
        let Ok(meta) = fs::symlink_metadata(path) else { return };
        let inode = Inode::of(path, &meta);
        let read = cx.known.read.get(&inode).filter(|read| read.trail == self.index);
        let Some((print, offset, line)) = read.and_then(|read| read.print.clone()) else { return };
        if meta.len() <= print.end() {
            return;
        }
        let Ok((file, meta)) = open_regular(path) else { return };
        if Inode::of(path, &meta) != inode || print.kinship(&file, meta.len()) != Kinship::Whole {
            return;
        }
        let (id, name, now) = (cx.file_id(), self.call(path), cx.reading.now);
        let mut generation = Generation::new(self.source, id, name, path, (file, &meta), now);
        generation.print = print;
        generation.offset = offset;
        generation.line = line;
        generation.left = Some(now);
        cx.known.read.remove(&inode);
        cx.known.hold(&inode, self.index);
        cx.reading.book.open(&mut generation, self.index);
        self.tell(cx, &generation, Action::Returned);
        let at = self.generations.len() - usize::from(self.live);
        self.generations.insert(at, generation);
    }
}

enum Start {
    /// At its first byte.
    Whole,
    /// At its end.
    End,
    /// At an offset.
    At(u64),
    /// Where it was left.
    Known(Print, u64, u64),
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
