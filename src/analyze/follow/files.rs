//! The files of a source, and up to where each was told.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::followed::Followed;
use super::{Desk, Said};
use crate::source::Place;
use crate::source::follow::{Appended, FileId, Settled};

/// A file of a source.
#[derive(Debug)]
pub(super) struct File {
    pub(super) id: FileId,
    /// Offset of what comes next.
    pub(super) next: u64,
    pub(super) line: u64,
    /// Where events begin that were told, as far back as they may be found again.
    pub(super) told: BTreeSet<u64>,
    /// Behind the last of them.
    pub(super) last_told: u64,
    /// Events that begin before this offset were told by an earlier process.
    pub(super) before: u64,
    /// What begins before this may have been told by an earlier process.
    pub(super) replayed: u64,
    /// What begins before this was there when following began.
    pub(super) backlog: u64,
    /// When it had last been written to, and when that was seen.
    pub(super) written: Option<(SystemTime, SystemTime)>,
    pub(super) ended: bool,
    /// What was last said of it.
    pub(super) settled: Option<Settled>,
}

impl<'r> Followed<'r> {
    /// Index of the file that a piece belongs to.
    pub(super) fn file(&mut self, piece: &Appended) -> usize {
        if let Some(at) = self.files.iter().rposition(|file| file.id == piece.file) {
            return at;
        }
        if self.name.is_empty() {
            self.name = piece.file_name.to_string();
        }
        self.names.push(piece.file_name.to_string());
        self.files.push(File {
            id: piece.file,
            next: piece.offset,
            line: piece.line,
            told: BTreeSet::new(),
            last_told: 0,
            before: 0,
            replayed: 0,
            backlog: 0,
            written: None,
            ended: false,
            settled: None,
        });
        self.files.len() - 1
    }

    /// Forgets where events begin that cannot be found again.
    pub(super) fn forget_told(&mut self) {
        if !self.stream.has_started() {
            return;
        }
        let chunk = self.growing.whole();
        let Some(first) = chunk.segments.first() else { return };
        for (at, file) in self.files.iter_mut().enumerate() {
            if at == first.file {
                file.told = file.told.split_off(&first.offset);
            } else if !chunk.segments.iter().any(|segment| segment.file == at) {
                file.told.clear();
            }
        }
    }

    /// Says up to where each file that goes on has been told.
    pub(super) fn tell_settled(&mut self, desk: &mut Desk<'_, 'r>) {
        if !desk.options.settles {
            return;
        }
        let chunk = self.growing.whole();
        let from = usize::try_from(self.stream.settled().saturating_sub(self.base));
        let from = from.unwrap_or(usize::MAX).min(chunk.bytes.len());
        let mut places: Vec<Place> = Vec::new();
        if from < chunk.bytes.len() {
            places.push(chunk.place(from, None));
            let later = chunk.segments.iter().filter(|segment| segment.at > from);
            for segment in later {
                if !places.iter().any(|place| place.file == segment.file) {
                    let (file, byte, line) = (segment.file, segment.offset, segment.line);
                    places.push(Place { file, byte, line });
                }
            }
        }
        for (at, file) in self.files.iter_mut().enumerate().skip(self.done) {
            let first = places.iter().find(|place| place.file == at);
            let first = first.map(|place| (place.byte, place.line));
            let (offset, line) =
                first.or_else(|| self.growing.open_line_of(at)).unwrap_or((file.next, file.line));
            let told = file.last_told.max(offset);
            let settled = Settled { offset, line, told };
            if file.settled != Some(settled) {
                file.settled = Some(settled);
                desk.said.push(Said::Settled { source: self.id, file: file.id, settled });
            }
        }
        // Files that are over and told need not be looked at again.
        let is_done = |file: &File| {
            file.ended && file.settled.is_some_and(|settled| settled.offset == file.next)
        };
        while self.files.get(self.done).is_some_and(is_done) {
            self.done += 1;
        }
    }
}
