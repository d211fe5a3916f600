//! The thread that looks, opens and reads.

mod paths;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::super::PathArg;
use super::generation::Reading;
use super::known::Known;
use super::notice::{Notice, SourceId};
use super::queue::{Bell, Queue, Rung};
use super::state::Book;
use super::stream::{Stream, Streams};
use super::trail::{Cx, Seen, Trail};
use super::watch::Watch;
use super::{FollowOptions, From};

/// Everything is looked at this often at least, notifications or not.
const SAFETY: Duration = Duration::from_secs(2);

/// How often everything is looked at where notifications come. On Windows they tell of what is written to an open file
/// only when it has left the system's cache (Microsoft's reference of Win32, `FILE_NOTIFY_CHANGE_LAST_WRITE`).
const EVERY: Duration = if cfg!(windows) { POLL } else { SAFETY };

/// How often is looked where the system does not tell of changes.
const POLL: Duration = Duration::from_millis(250);

/// Paths with files that were rotated away are looked at this often: writes to a file that has no name left
/// are told by nobody.
const HELD: Duration = Duration::from_millis(250);

/// How long reading goes on after it was asked to stop, where there is no end to what is there.
const LAST_READ: Duration = Duration::from_millis(500);

/// How long streams are waited for after that.
const LAST_STREAMS: Duration = Duration::from_millis(1_200);

/// Looks after all that is followed.
pub(super) struct Tracker {
    bell: Arc<Bell>,
    queue: Arc<Queue>,
    book: Arc<Book>,
    from: From,
    trails: Vec<Trail>,
    known: Known,
    next_file: u64,
    next_source: usize,
    buffer: Vec<u8>,
    begun: bool,
    /// Folders and patterns.
    roots: Vec<PathBuf>,
    streams: Streams,
    has_streams: bool,
    watch: Watch,
    poll: Option<Duration>,
    /// Folders whose file system is known.
    judged: BTreeSet<PathBuf>,
    /// Folders that are searched, and when they were last changed.
    searched: BTreeMap<PathBuf, Option<SystemTime>>,
    /// Something has changed in them; but a search takes its time, so they are not searched all the time.
    search_again: bool,
    last_search: Instant,
    /// Which paths an event at a path, or in a folder, concerns.
    by_path: HashMap<PathBuf, Vec<usize>>,
    by_folder: HashMap<PathBuf, Vec<usize>>,
    left_out: BTreeSet<(String, String)>,
    /// What each path needs.
    seen: Vec<Seen>,
}

impl Tracker {
    /// Finds out what is followed. Nothing is read yet.
    pub(super) fn new(
        options: &FollowOptions,
        bell: Arc<Bell>,
        queue: Arc<Queue>,
        book: Arc<Book>,
    ) -> Tracker {
        let mut tracker = Tracker {
            next_file: book.last_file(),
            bell,
            queue,
            book,
            from: options.from,
            trails: Vec::new(),
            known: Known::default(),
            next_source: 0,
            buffer: Vec::new(),
            begun: false,
            roots: Vec::new(),
            streams: Streams::default(),
            has_streams: false,
            watch: Watch::none(),
            poll: options.poll,
            judged: BTreeSet::new(),
            searched: BTreeMap::new(),
            search_again: false,
            last_search: Instant::now(),
            by_path: HashMap::new(),
            by_folder: HashMap::new(),
            left_out: BTreeSet::new(),
            seen: Vec::new(),
        };
        if let Some(interval) = options.poll {
            tracker.tell_polling("it was asked for".to_owned(), interval);
        } else {
            match Watch::new(tracker.bell.clone()) {
                Ok(watch) => tracker.watch = watch,
                Err(reason) => tracker.fall_back(reason),
            }
        }
        for path in &options.paths {
            match path {
                PathArg::Stdin => tracker.add_stdin(),
                PathArg::Path(path) => tracker.add_named(path),
            }
        }
        tracker
    }

    fn tell_polling(&self, reason: String, interval: Duration) {
        self.queue.push(Notice::Polling { reason, interval });
    }

    /// Looks at everything again and again from now on, and says so once.
    fn fall_back(&mut self, reason: String) {
        if self.poll.is_none() {
            self.poll = Some(POLL);
            self.tell_polling(reason, POLL);
        }
    }

    fn leave_out(&mut self, path: String, reason: String) {
        if self.left_out.insert((path.clone(), reason.clone())) {
            self.queue.push(Notice::Skipped { path, reason });
        }
    }

    fn source(&mut self) -> SourceId {
        self.next_source += 1;
        SourceId(self.next_source - 1)
    }

    fn stream(&mut self, name: &str) -> Stream {
        let (source, numbers) = (self.source(), self.streams.numbers());
        Stream::new(source, name.into(), self.queue.clone(), numbers)
    }

    /// Looks at everything for the first time.
    pub(super) fn begin(&mut self, now: Instant) {
        self.search();
        self.watch_folders();
        self.resume(0);
        self.look_at_all(now, false);
        self.begun = true;
        // What came between the first look and the watch of the last folder.
        self.watch_folders();
        self.look_at_all(now, false);
    }

    /// Looks at everything. `away`: for longer than it should have been nobody has looked.
    pub(super) fn look_at_all(&mut self, now: Instant, away: bool) {
        let indexes: Vec<usize> = (0..self.trails.len()).collect();
        self.look(&indexes, now, away);
    }

    /// Whether there is more to read right away.
    #[cfg(test)]
    pub(super) fn has_more(&self) -> bool {
        self.seen.iter().any(|seen| seen.more || seen.full)
    }

    /// Searches folders and patterns, and looks at everything.
    #[cfg(test)]
    pub(super) fn search_now(&mut self, now: Instant) {
        let known = self.trails.len();
        self.search();
        self.resume(known);
        self.look_at_all(now, false);
    }

    /// Follows everything until it is asked to stop, or nothing is left to follow.
    pub(super) fn run(mut self) {
        super::disk::allow_many_files();
        self.begin(Instant::now());
        let mut last_all = Instant::now();
        loop {
            if self.is_over() {
                self.queue.push(Notice::Ended);
                return;
            }
            let tick = self.poll.unwrap_or(EVERY);
            let (more, held) = self.needs();
            let now = Instant::now();
            let wait = match () {
                () if more => Duration::ZERO,
                () if held || self.search_again => tick.min(HELD),
                () => tick,
            };
            let rung = self.bell.wait(now + wait);
            if rung.stop {
                return self.stop();
            }
            let now = Instant::now();
            let away = now.duration_since(last_all) > tick.max(SAFETY) + HELD * 2;
            let all = rung.all || now.duration_since(last_all) >= tick;
            if all {
                last_all = now;
            }
            let indexes = self.concerned(&rung, all);
            self.look(&indexes, now, away);
            let search = self.search_again;
            if all
                || search
                || !rung.moved.is_empty()
                || indexes.iter().any(|&index| self.seen[index].moved)
            {
                self.after_move(all, &rung, now);
            }
        }
    }

    /// Something came, went or got another name: folders are watched anew, searched, and what was missing
    /// is looked for.
    fn after_move(&mut self, all: bool, rung: &Rung, now: Instant) {
        let moved_in_search = rung
            .moved
            .iter()
            .any(|path| path.parent().is_some_and(|folder| self.searched.contains_key(folder)));
        let changed = all && self.searched.iter().any(|(folder, then)| changed(folder) != *then);
        let known = self.trails.len();
        self.search_again |= moved_in_search || changed;
        if self.search_again && now.duration_since(self.last_search) >= HELD {
            self.last_search = now;
            self.search();
            self.resume(known);
            // Times of folders are too coarse to tell what comes right after.
            self.search_again = changed;
        }
        let moved = !rung.moved.is_empty() || rung.all || self.seen.iter().any(|seen| seen.moved);
        let missing = self.trails.iter().any(Trail::is_missing);
        let stale = moved || missing || self.trails.len() > known || self.watch.is_stale();
        let added = stale && self.watch_folders();
        let again: Vec<usize> = (0..self.trails.len())
            .filter(|&index| added || index >= known || self.trails[index].is_missing())
            .collect();
        self.look(&again, now, false);
    }

    /// Whether nothing is followed any more.
    fn is_over(&self) -> bool {
        self.trails.is_empty() && self.roots.is_empty() && self.streams.all_ended()
    }

    /// Whether there is more to read right away (and room for it), and whether files are held that were rotated away.
    fn needs(&self) -> (bool, bool) {
        self.seen.iter().fold((false, false), |(more, held), seen| {
            (more || (seen.more && !seen.full), held || seen.held)
        })
    }

    /// Which paths are to be looked at.
    fn concerned(&mut self, rung: &Rung, all: bool) -> Vec<usize> {
        if all {
            return (0..self.trails.len()).collect();
        }
        let mut indexes: BTreeSet<usize> = (0..self.trails.len())
            .filter(|&index| {
                let seen = self.seen[index];
                seen.more || seen.held || (seen.full && rung.room)
            })
            .collect();
        for path in rung.written.iter().chain(&rung.moved) {
            let exact = self.by_path.get(path);
            indexes.extend(exact.into_iter().flatten());
            if exact.is_some() && !rung.moved.contains(path) {
                continue;
            }
            let folder = path.parent().and_then(|folder| self.by_folder.get(folder));
            let beside = folder.into_iter().flatten().copied();
            let beside: Vec<usize> =
                beside.filter(|&index| self.trails[index].concerns(path)).collect();
            if rung.written.contains(path) {
                for &index in &beside {
                    self.with_trail(index, Instant::now(), false, |trail, cx| {
                        trail.revive(cx, path)
                    });
                }
            }
            indexes.extend(beside);
        }
        let mut indexes: Vec<usize> = indexes.into_iter().collect();
        indexes.sort_unstable();
        indexes
    }

    fn look(&mut self, indexes: &[usize], now: Instant, away: bool) {
        for &index in indexes {
            self.seen[index] = self.with_trail(index, now, away, |trail, cx| trail.look(cx));
        }
    }

    fn with_trail<T>(
        &mut self,
        index: usize,
        now: Instant,
        away: bool,
        act: impl FnOnce(&mut Trail, &mut Cx<'_>) -> T,
    ) -> T {
        let reading = Reading {
            queue: &self.queue,
            buffer: &mut self.buffer,
            now,
            book: &self.book,
            trail: index,
            bell: &self.bell,
        };
        let mut cx = Cx {
            reading,
            known: &mut self.known,
            next_file: &mut self.next_file,
            from: self.from,
            begun: self.begun,
            away,
        };
        act(&mut self.trails[index], &mut cx)
    }

    /// Goes on where an earlier follower had got to, in the paths from this index on. Of those that it knew
    /// nothing about, what is there when following begins is remembered.
    fn resume(&mut self, first: usize) {
        for index in first..self.trails.len() {
            let past = self.book.source(index, &self.trails[index].key());
            let begun = self.begun;
            self.with_trail(index, Instant::now(), false, |trail, cx| match past {
                Some(past) => trail.resume(cx, past),
                None if begun => {}
                None => trail.remember_siblings(cx),
            });
        }
    }

    /// Reads what there is, tells the end, and is done.
    fn stop(mut self) {
        self.streams.stop();
        let end = Instant::now() + LAST_READ;
        let mut first = true;
        loop {
            let now = Instant::now();
            self.look_at_all(now, false);
            let (more, _) = self.needs();
            let full = self.seen.iter().any(|seen| seen.full);
            if (!more && !full && !first) || now >= end || self.queue.is_closed() {
                break;
            }
            first = false;
            if full {
                self.bell.wait(now + Duration::from_millis(10));
            }
        }
        let end = Instant::now() + LAST_STREAMS;
        while self.has_streams && !self.streams.all_ended() && !self.queue.is_closed() {
            let now = Instant::now();
            if now >= end {
                break;
            }
            self.bell.wait(end.min(now + POLL));
        }
        self.queue.push(Notice::Ended);
    }
}

/// When the folder was last changed.
fn changed(folder: &Path) -> Option<SystemTime> {
    fs::metadata(folder).ok()?.modified().ok()
}
