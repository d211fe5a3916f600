//! What outlives the program: one file a log in the state folder, under a lock that is held from the
//! decision to run a hook until it has ended. So two programs that watch one log never both act, and a
//! program that is started again does not begin to count anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::policy::Key;
use super::record::Record;
use super::{Hook, Kind};
use crate::model::{Fnv, Pattern};
use crate::safe::escape::visible;

/// Version of the files.
const VERSION: u32 = 1;

/// Largest file that is read; ours stay far below.
const FILE_BYTES: u64 = 1 << 20;

/// Most incidents that are kept of a log; the ones that were not seen for longest give way.
const ENTRIES: usize = 256;

/// The state folder where the user named none: `$XDG_STATE_HOME/wd-diagnose`, by default
/// `~/.local/state/wd-diagnose`, on Windows `%LOCALAPPDATA%\wd-diagnose`.
///
/// Source: XDG Base Directory Specification, which also says that a relative path counts for nothing.
pub fn default_folder() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        absolute("XDG_STATE_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/state")))
    };
    base.map(|base| base.join("wd-diagnose"))
}

/// The state folder, where it can be used.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
}

/// What is remembered of one log.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    version: u32,
    /// For people who look into the folder.
    log: String,
    incidents: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    hook: String,
    pattern: Pattern,
    subject: String,
    #[serde(flatten)]
    record: Record,
}

/// The page of one log, locked: no other program acts on that log while it lives.
#[derive(Debug)]
pub(super) struct Page {
    content: Content,
    path: PathBuf,
    /// The lock ends with the handle, also where the program is killed.
    _lock: File,
}

impl Ledger {
    /// Opens the state folder, and makes it where it is missing.
    ///
    /// # Errors
    /// Where it cannot be written, or belongs to somebody else; in words.
    pub(super) fn open(folder: Option<&Path>) -> Result<Ledger, String> {
        let Some(folder) = folder else {
            let names = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_STATE_HOME or HOME" };
            return Err(format!(
                "no folder to remember attempts in: set {names}, or name a file in one with --state"
            ));
        };
        let wrong = |error: io::Error| {
            format!(
                "cannot write attempts to {}: {error}; name a file in a folder that can be written with --state",
                folder.display()
            )
        };
        make_folder(folder).map_err(wrong)?;
        check_owner(folder).map_err(wrong)?;
        // The cheapest way to know is to try.
        tempfile::Builder::new().prefix(".hook-").tempfile_in(folder).map_err(wrong)?;
        Ok(Ledger { folder: folder.to_owned() })
    }

    /// Takes the page of a log; `None` while another program acts on that log.
    ///
    /// # Errors
    /// Where it cannot be read or locked, in words.
    pub(super) fn take(&self, source: &str) -> Result<Option<Page>, String> {
        let log = identity(source);
        let mut hash = Fnv::new();
        hash.add(&log);
        let name = format!("hook-{:016x}", hash.value());
        let lock_path = self.folder.join(format!("{name}.lock"));
        let lock =
            open_own(OpenOptions::new().create(true).truncate(false).write(true), &lock_path)
                .map_err(|error| format!("cannot open {}: {error}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => {
                return Err(format!("cannot lock {}: {error}", lock_path.display()));
            }
        }
        let path = self.folder.join(format!("{name}.json"));
        let mut content = read(&path).map_err(|error| {
            format!(
                "cannot read the attempts in {}: {error}; remove the file to count anew",
                path.display()
            )
        })?;
        content.log = visible(&log).into_owned();
        Ok(Some(Page { content, path, _lock: lock }))
    }
}

impl Page {
    /// What is remembered of an incident.
    pub(super) fn record(&self, hooks: &[Hook], key: &Key) -> Record {
        let name = name_of(hooks, key.hook);
        let found = self.content.incidents.iter().find(|entry| entry.is(&name, key));
        found.map(|entry| entry.record.clone()).unwrap_or_default()
    }

    /// Writes down what is to be remembered of an incident.
    ///
    /// # Errors
    /// Where it cannot be written, in words: nothing may be run then.
    pub(super) fn write(
        &mut self,
        hooks: &[Hook],
        key: &Key,
        record: &Record,
    ) -> Result<(), String> {
        let name = name_of(hooks, key.hook);
        let entries = &mut self.content.incidents;
        entries.retain(|entry| !entry.is(&name, key));
        if entries.len() >= ENTRIES {
            entries.sort_by_key(|entry| (entry.record.gave_up, entry.record.seen));
            entries.drain(..=entries.len() - ENTRIES);
        }
        entries.push(Entry {
            hook: name,
            pattern: key.pattern,
            subject: key.subject.clone(),
            record: record.clone(),
        });
        self.content.version = VERSION;
        save(&self.path, &self.content)
            .map_err(|error| format!("cannot write attempts to {}: {error}", self.path.display()))
    }
}

impl Entry {
    fn is(&self, hook: &str, key: &Key) -> bool {
        self.hook == hook && self.pattern == key.pattern && self.subject == key.subject
    }
}

/// Hooks of one kind are told apart by their order, so that two programs with the same hook share its
/// attempts, and a hook whose command was mended goes on counting.
fn name_of(hooks: &[Hook], index: usize) -> String {
    let kind = hooks[index].kind;
    let before = hooks[..index].iter().filter(|hook| hook.kind == kind).count();
    let word = match kind {
        Kind::Repair => "repair",
        Kind::Notify => "notify",
    };
    format!("{word}-{}", before + 1)
}

/// What a log is called whatever it is called: the absolute path without links, where there is one.
/// Standard input is told apart by the folder it is read in.
fn identity(source: &str) -> String {
    let path = if source == "-" { Path::new(".") } else { Path::new(source) };
    let whole = fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    let whole = whole.map_or_else(|_| source.to_owned(), |path| path.display().to_string());
    if source == "-" { format!("standard input in {whole}") } else { whole }
}

fn read(path: &Path) -> io::Result<Content> {
    let mut file = match open_own(OpenOptions::new().read(true), path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    if (&mut file).take(FILE_BYTES + 1).read_to_string(&mut text)? as u64 > FILE_BYTES {
        return Err(io::Error::other("it is too large to be ours"));
    }
    let content: Content = serde_json::from_str(&text)?;
    if content.version != VERSION {
        return Err(io::Error::other(format!(
            "it is of version {}, not {VERSION}",
            content.version
        )));
    }
    Ok(content)
}

/// Writes whole or not at all; readable for its owner alone.
fn save(path: &Path, content: &Content) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".hook-").tempfile_in(folder)?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    file.as_file().sync_data()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    // A link in its place would lead somewhere else.
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

#[cfg(not(unix))]
fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Who owns the folder decides what attempts are remembered: only the user or the system's own user may.
#[cfg(unix)]
fn check_owner(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let owner = fs::metadata(folder)?.uid();
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        Ok(())
    } else {
        Err(io::Error::other("it belongs to another user"))
    }
}

#[cfg(not(unix))]
fn check_owner(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::record::{Attempt, Moment, Outcome};

    fn key(hook: usize, source: &str, subject: &str) -> Key {
        Key { hook, source: source.into(), pattern: Pattern::Network, subject: subject.into() }
    }

    fn hooks() -> Vec<Hook> {
        [Kind::Repair, Kind::Notify, Kind::Repair].map(|kind| Hook::new(kind, Vec::new())).into()
    }

    fn record(seen: u64) -> Record {
        let attempt = Attempt {
            start: Moment(seen),
            end: Some(Moment(seen + 5)),
            outcome: Some(Outcome::Failed),
        };
        Record {
            seen: Moment(seen),
            attempts: vec![attempt],
            count: 1,
            gave_up: true,
            acted_on: vec![(9, Moment(seen))],
        }
    }

    #[test]
    fn a_record_is_there_for_the_next_program() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("bot.log");
        fs::write(&log, "x").unwrap();
        let source = log.to_str().unwrap();
        let hooks = hooks();
        let ledger = Ledger::open(Some(&folder.path().join("a/b"))).unwrap();
        let mut page = ledger.take(source).unwrap().unwrap();
        assert_eq!(page.record(&hooks, &key(0, source, "h")), Record::default());
        page.write(&hooks, &key(0, source, "h"), &record(7)).unwrap();
        page.write(&hooks, &key(2, source, "h"), &record(8)).unwrap();
        drop(page);
        // By another way to the same file.
        let other = folder.path().join("./a/../bot.log");
        let page = ledger.take(other.to_str().unwrap()).unwrap().unwrap();
        assert_eq!(page.record(&hooks, &key(0, source, "h")), record(7));
        assert_eq!(page.record(&hooks, &key(2, source, "h")), record(8));
        assert_eq!(page.record(&hooks, &key(1, source, "h")), Record::default());
        assert_eq!(page.record(&hooks, &key(0, source, "other")), Record::default());
    }

    #[test]
    fn one_program_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (
            Ledger::open(Some(folder.path())).unwrap(),
            Ledger::open(Some(folder.path())).unwrap(),
        );
        let page = one.take("bot.log").unwrap().unwrap();
        assert!(two.take("bot.log").unwrap().is_none());
        assert!(two.take("other.log").unwrap().is_some());
        drop(page);
        assert!(two.take("bot.log").unwrap().is_some());
    }

    #[test]
    fn it_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let hooks = hooks();
        let mut page = Ledger::open(Some(folder.path())).unwrap().take("bot.log").unwrap().unwrap();
        for n in 0..ENTRIES as u64 + 20 {
            page.write(
                &hooks,
                &key(0, "bot.log", &n.to_string()),
                &Record { gave_up: n == 0, ..record(n) },
            )
            .unwrap();
        }
        assert_eq!(page.content.incidents.len(), ENTRIES);
        assert!(page.record(&hooks, &key(0, "bot.log", "0")).gave_up, "what was given up stays");
        assert_eq!(page.record(&hooks, &key(0, "bot.log", "1")), Record::default());
    }

    #[test]
    fn what_is_damaged_is_not_taken_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(Some(folder.path())).unwrap();
        let mut page = ledger.take("bot.log").unwrap().unwrap();
        page.write(&hooks(), &key(0, "bot.log", ""), &record(1)).unwrap();
        let path = page.path.clone();
        drop(page);
        for damage in ["", "{\"version\": 1", "{\"version\": 7, \"log\": \"\", \"incidents\": []}"]
        {
            fs::write(&path, damage).unwrap();
            let error = ledger.take("bot.log").unwrap_err();
            assert!(error.contains("remove the file"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_and_files_in_the_way_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "precious").unwrap();
        let error = Ledger::open(Some(&file.join("state"))).unwrap_err();
        assert!(error.contains("cannot write attempts"), "{error}");
        assert!(Ledger::open(None).unwrap_err().contains("XDG_STATE_HOME"));
        let ledger = Ledger::open(Some(folder.path())).unwrap();
        let path = ledger.take("bot.log").unwrap().unwrap().path;
        std::os::unix::fs::symlink(&file, &path).unwrap();
        assert!(ledger.take("bot.log").is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    }
}
