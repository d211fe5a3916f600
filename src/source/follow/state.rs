//! Keeps account of how far everything was read and told, and keeps it in the state file.
//!
//! Beside the state file `FILE` lies `FILE.lock`. It is locked while somebody follows, and holds what was
//! given out since `FILE` was written: after a sudden end, what lies before that may have been told.

mod file;
mod journal;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::FollowError;
use super::disk::Inode;
use super::generation::Generation;
use super::notice::{FileId, Notice, Settled};
use super::print::Hashed;
use super::queue::{Queue, lock};
use file::StoredState;
pub(super) use file::{StoredFile, StoredPlace, StoredSource};
use journal::{Journal, Record};

/// The state file is written this long after something has changed.
const WRITE_AFTER: Duration = Duration::from_millis(500);

/// Places remembered between what was told and what was read, before they are thinned out.
const PLACES: usize = 512;

/// Files remembered of one source that are not to be told again.
const KNOWN: usize = 256;

/// The account.
pub(super) struct Book {
    kept: Option<Kept>,
}

struct Kept {
    path: PathBuf,
    account: Mutex<Account>,
    /// Something has changed, or it is time to end.
    changed: Condvar,
    last_file: u64,
}

struct Account {
    journal: Journal,
    /// What an earlier follower has left, of sources that are not followed (yet).
    past: BTreeMap<String, StoredSource>,
    /// What it had given out and not noted.
    given: Vec<Record>,
    /// Highest number of a file that it had noted.
    noted: u64,
    sources: BTreeMap<usize, SourceAccount>,
    owner: BTreeMap<FileId, usize>,
    dirty: bool,
    ending: bool,
}

/// The account of one source.
struct SourceAccount {
    key: String,
    known: VecDeque<Inode>,
    files: BTreeMap<FileId, Entry>,
    /// What an earlier follower has left, while nothing of it is there.
    past: Option<StoredSource>,
}

/// The account of one file.
struct Entry {
    inode: Inode,
    head: Hashed,
    /// Where in the file what is not settled can be found, the oldest first.
    places: VecDeque<StoredPlace>,
    settled: Settled,
    /// Up to here it was given out.
    given: u64,
    /// Nothing more comes.
    ended: bool,
}

impl Book {
    /// An account that nobody keeps.
    pub(super) fn unkept() -> Book {
        Book { kept: None }
    }

    /// The account in the state file `path`, which need not exist yet.
    ///
    /// # Errors
    /// Where it is in use, cannot be read or written, or is no state file.
    pub(super) fn open_at(path: &Path) -> Result<Book, FollowError> {
        let (journal, given) = Journal::open(path)?;
        let stored = StoredState::read(path)?;
        let files = stored.sources.iter().flat_map(|source| &source.files).map(|file| file.id);
        let noted = files.max().unwrap_or(0);
        let last_file = given.iter().map(|record| record.id).max().unwrap_or(0).max(noted);
        let given = if stored.clean { Vec::new() } else { given };
        let past = stored.sources.into_iter().map(|source| (source.path.clone(), source)).collect();
        let account = Account {
            journal,
            past,
            given,
            noted,
            sources: BTreeMap::new(),
            owner: BTreeMap::new(),
            dirty: true,
            ending: false,
        };
        let (account, changed) = (Mutex::new(account), Condvar::new());
        Ok(Book { kept: Some(Kept { path: path.to_owned(), account, changed, last_file }) })
    }

    /// Writes the state file whenever something has changed, in a thread of its own: a slow disk delays
    /// nothing else.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn keep(
        self: &Arc<Book>,
        queue: Arc<Queue>,
    ) -> std::io::Result<Option<JoinHandle<()>>> {
        if self.kept.is_none() {
            return Ok(None);
        }
        let book = self.clone();
        let thread = thread::Builder::new().name("keep state".to_owned());
        thread.spawn(move || book.write_on_change(&queue)).map(Some)
    }

    fn write_on_change(&self, queue: &Queue) {
        let Some(kept) = &self.kept else { return };
        let mut failed = false;
        loop {
            let mut account = lock(&kept.account);
            while !account.dirty && !account.ending {
                account = kept.changed.wait(account).unwrap_or_else(PoisonError::into_inner);
            }
            if !account.ending {
                let waited = kept
                    .changed
                    .wait_timeout_while(account, WRITE_AFTER, |account| !account.ending);
                account = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if account.ending {
                return;
            }
            drop(account);
            if let Err(error) = kept.write(false)
                && !failed
            {
                failed = true;
                queue.push(Notice::StateFailed { reason: error.to_string() });
            }
        }
    }

    /// Writes the state file for the last time. `clean`: what was told is all settled.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn end(
        &self,
        keeper: Option<JoinHandle<()>>,
        clean: bool,
    ) -> Result<(), FollowError> {
        let Some(kept) = &self.kept else { return Ok(()) };
        lock(&kept.account).ending = true;
        kept.changed.notify_all();
        if let Some(keeper) = keeper {
            // It has said what it had to say.
            let _ = keeper.join();
        }
        kept.write(clean)
    }

    /// Writes the state file, as happens a while after something has changed.
    #[cfg(test)]
    pub(super) fn write_now(&self) {
        self.kept.as_ref().unwrap().write(false).unwrap();
    }

    fn with<T: Default>(&self, act: impl FnOnce(&mut Account) -> T) -> T {
        let Some(kept) = &self.kept else { return T::default() };
        act(&mut lock(&kept.account))
    }

    fn change(&self, act: impl FnOnce(&mut Account)) {
        let Some(kept) = &self.kept else { return };
        let mut account = lock(&kept.account);
        act(&mut account);
        let known = std::mem::replace(&mut account.dirty, true);
        drop(account);
        if !known {
            kept.changed.notify_all();
        }
    }

    /// Highest number that a file was given by an earlier follower.
    pub(super) fn last_file(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.last_file)
    }

    /// Begins the account of a source, and gives out what an earlier follower has left of it.
    pub(super) fn source(&self, trail: usize, key: &str) -> Option<StoredSource> {
        self.with(|account| {
            let past = account.past.remove(key);
            let known = past.iter().flat_map(|past| past.known.iter().copied()).collect();
            let own =
                SourceAccount { key: key.to_owned(), known, files: BTreeMap::new(), past: None };
            account.sources.insert(trail, own);
            past
        })
    }

    /// Up to which offset a stored file was given out, as far as it was noted.
    pub(super) fn given(&self, file: &StoredFile) -> u64 {
        self.with(|account| {
            let since = account.given.iter();
            let since = since.filter(|record| record.id >= file.id && record.is_of(&file.inode));
            since.map(|record| record.given).chain([file.given]).max().unwrap_or(0)
        })
    }

    /// A file is not to be told again.
    pub(super) fn know(&self, trail: usize, inode: Inode) {
        self.change(|account| {
            if let Some(source) = account.sources.get_mut(&trail) {
                source.know(inode);
            }
        });
    }

    /// A file was opened. One that an earlier follower had opened and had no time to note is told again.
    pub(super) fn open(&self, generation: &mut Generation, trail: usize) {
        if generation.is_counted() {
            self.change(|account| {
                let (id, inode) = (generation.id, generation.inode);
                let again = account.given.iter();
                let again =
                    again.filter(|record| record.id > account.noted && record.is_of(&inode));
                if generation.offset == 0
                    && let Some(given) = again.map(|record| record.given).max()
                {
                    generation.mark_replayed(given);
                }
                let Some(source) = account.sources.get_mut(&trail) else { return };
                let place = StoredPlace {
                    raw: generation.print.end(),
                    offset: generation.offset,
                    mark: generation.print.hashed_mark(),
                };
                let settled = generation.settled();
                let entry = Entry {
                    inode,
                    head: Hashed::of(generation.print.head()),
                    places: VecDeque::from([place]),
                    settled,
                    given: settled.offset.max(generation.replayed()),
                    ended: false,
                };
                source.files.insert(id, entry);
                account.owner.insert(id, trail);
            });
        }
    }

    /// What was read last of a file, and ends at `given`, is about to be given out.
    pub(super) fn gives(&self, generation: &Generation, given: u64) {
        self.change(|account| {
            let id = generation.id;
            let Some(entry) = account.entry(id) else { return };
            entry.head = Hashed::of(generation.print.head());
            entry.given = given.max(entry.given);
            entry.places.push_back(StoredPlace {
                raw: generation.print.end(),
                offset: given,
                mark: generation.print.hashed_mark(),
            });
            if entry.places.len() > PLACES {
                // The first one must stay: what comes before it is settled, what follows is not.
                let mut keep = false;
                entry.places.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            let inode = entry.inode;
            account.journal.note(&Record::new(id.0, &inode, given));
        });
    }

    /// What an earlier follower has left of a source is kept as it is, while there is nothing that it could
    /// be about.
    pub(super) fn keep_past(&self, trail: usize, past: Option<StoredSource>) {
        self.change(|account| {
            if let Some(source) = account.sources.get_mut(&trail) {
                source.past = past;
            }
        });
    }

    /// A file was told up to here.
    pub(super) fn settled(&self, id: FileId, settled: Settled) {
        self.change(|account| {
            let Some(entry) = account.entry(id) else { return };
            entry.settled = settled;
            while entry.places.get(1).is_some_and(|place| place.offset <= settled.offset) {
                entry.places.pop_front();
            }
            account.close_told(id);
        });
    }

    /// A file goes on in another place: in a copy of it.
    pub(super) fn moved(&self, id: FileId, inode: Inode) {
        self.change(|account| {
            if let Some(entry) = account.entry(id) {
                entry.inode = inode;
            }
        });
    }

    /// Nothing more comes of a file.
    pub(super) fn close(&self, id: FileId) {
        self.change(|account| {
            if let Some(entry) = account.entry(id) {
                entry.ended = true;
            }
            account.close_told(id);
        });
    }
}

impl Account {
    fn entry(&mut self, id: FileId) -> Option<&mut Entry> {
        let owner = self.owner.get(&id)?;
        self.sources.get_mut(owner)?.files.get_mut(&id)
    }

    /// Forgets a file of which nothing more comes and all was told; only that it was is remembered.
    fn close_told(&mut self, id: FileId) {
        let Some(entry) = self.entry(id) else { return };
        if !entry.ended || entry.settled.offset.max(entry.settled.told) < entry.given {
            return;
        }
        let inode = entry.inode;
        let Some(source) = self.owner.remove(&id).and_then(|own| self.sources.get_mut(&own)) else {
            return;
        };
        source.files.remove(&id);
        source.know(inode);
    }
}

impl SourceAccount {
    fn know(&mut self, inode: Inode) {
        self.known.retain(|known| *known != inode);
        self.known.push_back(inode);
        if self.known.len() > KNOWN {
            self.known.pop_front();
        }
    }

    fn stored(&self) -> StoredSource {
        if let Some(past) = &self.past {
            return past.clone();
        }
        let files = self.files.iter().filter_map(|(id, entry)| {
            Some(StoredFile {
                id: id.0,
                inode: entry.inode,
                head: entry.head,
                place: *entry.places.front()?,
                settled: entry.settled,
                given: entry.given,
            })
        });
        StoredSource {
            path: self.key.clone(),
            known: self.known.iter().copied().collect(),
            files: files.collect(),
        }
    }
}

impl Kept {
    fn write(&self, clean: bool) -> Result<(), FollowError> {
        let mut account = lock(&self.account);
        account.dirty = false;
        let now = account.sources.values().map(SourceAccount::stored);
        let sources = now.chain(account.past.values().cloned()).collect();
        account.journal.begin();
        drop(account);
        StoredState::new(clean, sources).write(&self.path)?;
        lock(&self.account).journal.commit();
        Ok(())
    }
}
