//! How a path gets its files: the one it names now, those that were missed in between, the rest of one that
//! was cut, and one that was done with and goes on.

use std::fs::{self, File, Metadata};
use std::path::Path;
use std::sync::Arc;

use super::super::From;
use super::super::disk::{Inode, open_regular};
use super::super::generation::Generation;
use super::super::known::Left;
use super::super::notice::Action;
use super::super::print::{Kinship, MARK_BYTES, Print};
use super::super::siblings::{Sibling, scan};
use super::super::tail::missed;
use super::{Cx, PASSES, Seen, Trail, reason};

enum Start {
    /// At its first byte.
    Whole,
    /// At its end.
    End,
    /// At an offset.
    At(u64),
    /// Where it was left.
    Left(Left),
}

impl Trail {
    /// The file at the path was cut. What had not been read of it may be in a copy.
    pub(super) fn truncated(&mut self, cx: &mut Cx<'_>) {
        let Some(mut cut) = self.generations.pop() else { return };
        self.live = false;
        let again = cut.again();
        let (known, unknown): (Vec<Sibling>, Vec<Sibling>) = scan(&self.families())
            .into_iter()
            .filter(|sibling| cx.known.holder(&sibling.inode).is_none())
            .partition(|sibling| cx.known.has(&sibling.inode));
        // The copy was made before anything else that is new; or over an older copy.
        let mut unseen = Vec::new();
        let mut copy = None;
        for sibling in unknown {
            let Ok((file, meta)) = open_regular(&sibling.path) else { continue };
            let inode = Inode::of_open(&file, &sibling.path, &meta);
            if inode != sibling.inode {
                continue;
            }
            // What is as short as a mark may be alike by chance.
            let sure = cut.print.end() > MARK_BYTES as u64;
            match cut.print.kinship(&file, meta.len()) {
                Kinship::Whole if copy.is_none() => copy = Some((sibling.path, file, meta)),
                Kinship::Whole | Kinship::Behind(_) if sure => self.known_copy(cx, inode),
                _ => unseen.push((sibling.path, file, meta)),
            }
        }
        for sibling in known.into_iter().rev() {
            if copy.is_some() {
                break;
            }
            let Ok((file, meta)) = open_regular(&sibling.path) else { continue };
            if cut.print.kinship(&file, meta.len()) == Kinship::Whole {
                copy = Some((sibling.path, file, meta));
            }
        }
        match copy {
            Some((path, file, meta)) => {
                cx.known.release(&cut.inode, self.index);
                self.remember_print(&cut.print);
                cut.go_on_in(&path, file, &meta);
                cx.reading.book.moved(cut.id, cut.inode);
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
        for (path, file, meta) in unseen {
            self.add_missed(cx, &path, file, &meta);
        }
        match again {
            Ok((file, meta)) => self.begin(cx, file, &meta, Action::Truncated),
            Err(error) => self.complain(cx, format!("cannot be read on: {error}")),
        }
    }

    /// The file at the path was empty and is no longer. It may have been written to, copied and cut before
    /// that, and nothing in it tells: what was read of it is nothing. A copy would lie beside it.
    pub(super) fn find_first_copies(&mut self, cx: &mut Cx<'_>) {
        let siblings = scan(&self.families());
        let Some(live) = self.generations.last() else { return };
        let there = fs::metadata(&self.path).map(|meta| Inode::of(&self.path, &meta));
        if !there.is_ok_and(|there| live.inode.is_held_as(&there)) {
            // It was rotated: that is looked at in its turn.
            return;
        }
        let mut copies = Vec::new();
        for sibling in siblings {
            if cx.known.has(&sibling.inode) {
                continue;
            }
            let Ok((file, meta)) = open_regular(&sibling.path) else { continue };
            let inode = Inode::of_open(&file, &sibling.path, &meta);
            if inode == sibling.inode && !live.begins_with(&file, meta.len()) {
                copies.push((sibling.path, file, meta));
            }
        }
        for (path, file, meta) in copies {
            self.add_missed(cx, &path, file, &meta);
        }
    }

    /// Opens the files that were written and put aside since one looked last, the oldest first. The path
    /// names `new`.
    pub(super) fn catch_up(&mut self, cx: &mut Cx<'_>, new: Inode, seen: &mut Seen) {
        let families = self.families();
        for _ in 0..PASSES {
            let siblings = scan(&families);
            cx.known.forget_gone(self.index, &siblings);
            let inodes: Vec<Inode> = siblings.iter().map(|sibling| sibling.inode).collect();
            let unseen = missed(&inodes, Some(new), |inode| cx.known.has(inode));
            for sibling in &siblings {
                self.revive(cx, &sibling.path);
            }
            let mut any = false;
            for index in unseen {
                let path = &siblings[index].path;
                let Ok((file, meta)) = open_regular(path) else { continue };
                let inode = Inode::of_open(&file, path, &meta);
                // Names move while one looks: this must be a file that is still to be opened.
                if inode.is_held_as(&new) || cx.known.has(&inode) {
                    continue;
                }
                any = true;
                self.add_missed(cx, path, file, &meta);
                self.pump(cx, seen);
            }
            if !any {
                break;
            }
        }
    }

    /// Adds a file that nobody has looked at while it was at the path. What is in it as in one that was read
    /// is not told again: it is a copy.
    fn add_missed(&mut self, cx: &mut Cx<'_>, path: &Path, file: File, meta: &Metadata) {
        let inode = Inode::of_open(&file, path, meta);
        let own = self.generations.iter().map(|generation| &generation.print);
        // What is as short as a mark may be alike by chance.
        let sure = |print: &&Print| print.end() > MARK_BYTES as u64;
        let kin = own.chain(self.prints.iter().rev()).filter(sure).find_map(|print| {
            match print.kinship(&file, meta.len()) {
                Kinship::Stranger => None,
                Kinship::Whole => Some(print.end()),
                Kinship::Behind(same) => Some(same),
            }
        });
        let (id, name) = (cx.file_id(), self.call(path));
        let now = cx.reading.now;
        let mut generation = Generation::new(self.source, id, name, path, (file, meta), now);
        if let Some(same) = kin
            && let Err(error) = generation.go_to(same, cx.reading.bell)
        {
            return self.complain(cx, format!("{}: {}", path.display(), reason(&error)));
        }
        generation.left = Some(now);
        if !cx.begun {
            generation.mark_backlog();
        }
        cx.reading.book.open(&mut generation, self.index);
        cx.known.hold(&inode, self.index);
        self.tell(cx, &generation, if self.ever { Action::Rotated } else { Action::Opened });
        self.ever = true;
        let at = self.generations.len() - usize::from(self.live);
        self.generations.insert(at, generation);
        self.keep_few(cx);
    }

    /// Begins with the file that the path names now.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>, file: File, meta: &Metadata, action: Action) {
        let inode = Inode::of_open(&file, &self.path, meta);
        let (id, now) = (cx.file_id(), cx.reading.now);
        let name = self.call(&self.path);
        let start = self.start(cx, &file, meta, action);
        let path = self.path.clone();
        let mut generation = Generation::new(self.source, id, name, &path, (file, meta), now);
        let went = match start {
            Start::Whole => Ok(()),
            Start::End => generation.go_to_end(cx.reading.bell),
            Start::At(raw) => generation.go_to(raw, cx.reading.bell),
            Start::Left(left) => {
                generation.take_up(left);
                Ok(())
            }
        };
        if let Err(error) = went {
            self.complain(cx, reason(&error));
        }
        if !cx.begun {
            generation.mark_backlog();
        }
        cx.known.take_up(&inode, self.index);
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
        let inode = Inode::of_open(file, &self.path, meta);
        match cx.known.left(&inode) {
            Some(Some(left)) if left.print.kinship(file, meta.len()) == Kinship::Whole => {
                return Start::Left(left.clone());
            }
            Some(None) if cx.begun || self.resumed => return Start::At(meta.len()),
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
            From::End if !cx.begun && !self.resumed => Start::End,
            _ => Start::Whole,
        }
    }

    /// What to call the file at `path`: as the user would, who gave the path.
    pub(super) fn call(&self, path: &Path) -> Arc<str> {
        if path == self.path {
            return path.to_string_lossy().into();
        }
        match (self.path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name).to_string_lossy().into(),
            _ => path.to_string_lossy().into(),
        }
    }

    /// A file that was done with may have been written to after all: goes on with it.
    pub(in super::super) fn revive(&mut self, cx: &mut Cx<'_>, path: &Path) {
        let Ok(meta) = fs::symlink_metadata(path) else { return };
        let inode = Inode::of(path, &meta);
        let Some(left) = cx.known.left_by(&inode, self.index).cloned() else { return };
        if meta.len() <= left.print.end() {
            return;
        }
        let Ok((file, meta)) = open_regular(path) else { return };
        if Inode::of_open(&file, path, &meta) != inode
            || left.print.kinship(&file, meta.len()) != Kinship::Whole
        {
            return;
        }
        let (id, name, now) = (cx.file_id(), self.call(path), cx.reading.now);
        let mut generation = Generation::new(self.source, id, name, path, (file, &meta), now);
        generation.take_up(left);
        generation.left = Some(now);
        cx.known.take_up(&inode, self.index);
        cx.reading.book.open(&mut generation, self.index);
        self.tell(cx, &generation, Action::Returned);
        let at = self.generations.len() - usize::from(self.live);
        self.generations.insert(at, generation);
    }
}
