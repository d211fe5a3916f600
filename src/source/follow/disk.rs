//! What the system knows of files: identity, reading at an offset, holes, kinds of file systems. Small doors
//! for what is not the same everywhere.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::super::feed::kind;
use super::super::number;
use super::print::hash;

/// What makes a file this file. Numbers are used again for new files once a file is gone, sooner than one
/// would think; the time of birth tells them apart on file systems that keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Inode {
    /// Device; 0 where there is none.
    pub(super) device: u64,
    /// Number on that device, or one made of the path where it has none.
    pub(super) number: u64,
    /// Nanoseconds since 1970 at which it was made; 0 where that is not known or not asked for.
    pub(super) born: u64,
}

impl Inode {
    /// Of the file with this metadata, found at `path`.
    pub(super) fn of(path: &Path, meta: &Metadata) -> Inode {
        Inode::from(number::of_path(path, meta), path, meta)
    }

    /// Of an open file with this metadata, found at `path`.
    pub(super) fn of_open(file: &File, path: &Path, meta: &Metadata) -> Inode {
        Inode::from(number::of_file(file, meta), path, meta)
    }

    /// Where the system gives no number, that of the path stands for it.
    fn from(number: Option<(u64, u64)>, path: &Path, meta: &Metadata) -> Inode {
        let Some((device, number)) = number else {
            let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let number = hash(path.to_string_lossy().as_bytes());
            return Inode { device: 0, number, born: born(meta) };
        };
        // NTFS counts in the number how often it was given away, and gives a new file the time of birth of the one
        // that had its name ("tunneling", KB172190): there the time would tell nothing.
        let born = if cfg!(windows) { 0 } else { born(meta) };
        Inode { device, number, born }
    }

    /// Whether both are the same file, one of them being open: its number cannot have been given away, and
    /// an overlay file system changes the time of birth when a file is first written to.
    pub(super) fn is_held_as(&self, other: &Inode) -> bool {
        (self.device, self.number) == (other.device, other.number)
    }
}

/// Nanoseconds since 1970 at which the file was made; 0 where that is not known.
fn born(meta: &Metadata) -> u64 {
    let born = meta.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    born.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(0))
}

/// Opens a regular file for reading, and nothing else: a path may name a FIFO or a device by the time it is
/// opened, and neither must make us wait or act.
pub(super) fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK);
    }
    let file = options.open(path)?;
    let meta = file.metadata()?;
    if meta.is_file() { Ok((file, meta)) } else { Err(io::Error::other(kind(&meta))) }
}

/// Fills `buf` from `offset` on. Returns less than its length only at the end of the file.
pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match read_once(file, &mut buf[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn read_once(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

#[cfg(windows)]
fn read_once(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

/// Writes all of `bytes` at `offset`.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
    }
    #[cfg(not(unix))]
    {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}

/// Opens a file of this program's own: no link, nobody else's, a regular file. With `create` for writing,
/// too, and made where it is missing, for its owner's eyes only.
pub(super) fn open_own(path: &Path, create: bool) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(create).create(create);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
        options.mode(0o600).custom_flags(flags);
    }
    let file = match options.open(path) {
        #[cfg(unix)]
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err(io::Error::other("a symbolic link, which is not followed here"));
        }
        opened => opened?,
    };
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other(kind(&meta)));
    }
    #[cfg(unix)]
    {
        let owner = std::os::unix::fs::MetadataExt::uid(&meta);
        if owner != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user"));
        }
    }
    Ok(file)
}

/// Where at or behind `offset` the file holds anything but a hole, as far as the file system keeps count;
/// `offset` itself where it does not. `None` where nothing follows.
pub(super) fn next_data(file: &File, offset: u64) -> Option<u64> {
    #[cfg(any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "freebsd"
    ))]
    {
        match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
            Ok(at) => Some(at.max(offset)),
            Err(rustix::io::Errno::NXIO) => None,
            Err(_) => Some(offset),
        }
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "android",
        target_os = "macos",
        target_os = "freebsd"
    )))]
    {
        let _ = file;
        Some(offset)
    }
}

/// When the file's content, names or rights were last changed, as far as the system counts; nobody can set
/// it.
pub(super) fn changed(meta: &Metadata) -> (i64, i64) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (meta.ctime(), meta.ctime_nsec())
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        (0, 0)
    }
}

/// Number of names that the open file still has; 1 where that is not known.
pub(super) fn names(meta: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::nlink(meta)
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        1
    }
}

/// Why the system does not tell all that happens in this folder, where it does not: others write to a
/// network mount, and an overlay swaps a file for a copy when it is first written to.
pub(super) fn quiet_mount(folder: &Path) -> Option<&'static str> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // From statfs(2) and linux/magic.h.
        const KINDS: [(u32, &str); 12] = [
            (0x6969, "NFS"),
            (0x517b, "SMB"),
            (0xff53_4d42, "CIFS"),
            (0xfe53_4d42, "SMB2"),
            (0x0102_1997, "9p"),
            (0x6573_5546, "FUSE"),
            (0x5346_414f, "AFS"),
            (0x00c3_6400, "Ceph"),
            (0x7375_7245, "Coda"),
            (0x564c, "NCP"),
            (0x786f_4256, "VirtualBox"),
            (0x794c_7630, "overlay"),
        ];
        let stat = rustix::fs::statfs(folder).ok()?;
        KINDS.iter().find(|(kind, _)| *kind == stat.f_type as u32).map(|&(_, name)| name)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = folder;
        None
    }
}

/// Asks the system to let this program hold as many files open as it may. A thousand followed logs are
/// more than the default of most systems.
pub(super) fn allow_many_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum {
            limit.current = limit.maximum.map(|most| most.min(65_536));
            if limit.current.is_none() {
                limit.current = Some(65_536);
            }
            // Where it refuses, fewer files are followed, and each that is not is named.
            let _ = setrlimit(Resource::Nofile, limit);
        }
    }
}
