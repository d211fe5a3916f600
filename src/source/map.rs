//! Windows of files mapped into memory, and the guard that turns a file truncated under a mapping from a
//! signal into a fact. The only `unsafe` of the program is here.
//!
//! Touching a mapped page that lies behind the end of its file raises SIGBUS. The guard's handler knows
//! the windows of this module: it maps zeros over the rest of the window that was hit, notes that on the
//! window, and lets the access go on. Any other SIGBUS goes to whoever would have had it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

use libc::{c_int, c_void};
use memmap2::{Mmap, MmapOptions};

/// Windows that can be open at once in the process; where all are taken, files are read instead.
const SLOTS: usize = 256;

/// A stretch of a file in memory. It stays valid when the file shrinks: the lost part then reads as zeros
/// and [`Window::torn`] says so.
#[derive(Debug)]
pub(super) struct Window {
    map: Mmap,
    /// Bytes between the page border where the mapping begins and the offset asked for.
    skip: usize,
    slot: &'static Slot,
}

impl Window {
    /// Maps `len` bytes of `file` from `offset`. The caller has made sure that they lie inside the file
    /// and that nobody is writing to it; the guard is for the case that somebody does after all.
    ///
    /// # Errors
    /// Where the system or the file system refuses, or too many windows are open.
    pub(super) fn open(file: &File, offset: u64, len: usize) -> io::Result<Window> {
        let page = guard()?;
        let skip = (offset % page as u64) as usize;
        let slot = SLOT.iter().find(|slot| slot.claim()).ok_or(io::ErrorKind::ResourceBusy)?;
        // SAFETY: the map is private to this module and read-only. What `Mmap` cannot promise is that the
        // bytes behind the slice do not change. Nothing here or downstream relies on a byte read twice
        // being the same: the bytes are never turned into `str` in place, and every index derived from
        // them is checked when used. That the file may shrink is what the guard is for.
        let mapped =
            unsafe { MmapOptions::new().offset(offset - skip as u64).len(skip + len).map(file) };
        match mapped {
            Ok(map) => {
                let start = map.as_ptr() as usize;
                slot.publish(start, start + map.len().next_multiple_of(page));
                Ok(Window { map, skip, slot })
            }
            Err(error) => {
                slot.release();
                Err(error)
            }
        }
    }

    /// The bytes asked for.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map[self.skip..]
    }

    /// Whether a part of the window was found missing and reads as zeros. Holds for all accesses that
    /// happened before the call.
    pub(super) fn torn(&self) -> bool {
        self.slot.torn.load(Ordering::Acquire)
    }
}

/// Gives a window back. To take a large mapping down takes a while, and nobody waits for that.
pub(super) fn give_back(window: Window) {
    const LARGE: usize = 4 << 20;
    if window.map.len() >= LARGE {
        // Where no thread is to be had, the window is dropped with the closure.
        let _ = std::thread::Builder::new().spawn(move || drop(window));
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The slot goes first: once the pages are given back, others may be mapped at their addresses.
        self.slot.publish(0, 0);
        self.slot.release();
    }
}

/// Whether `file` lies on a disk of this machine. Elsewhere a page may fail to come for reasons other
/// than truncation, or take its time.
pub(super) fn on_local_disk(file: &File) -> bool {
    // From statfs(2) and linux/magic.h: NFS, SMB, CIFS, SMB2, 9p, FUSE, AFS, Ceph, Coda, NCP.
    const REMOTE: [u32; 10] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x0102_1997,
        0x6573_5546,
        0x5346_414f,
        0x00c3_6400,
        0x7375_7245,
        0x564c,
    ];
    file_system(file).is_some_and(|stat| !REMOTE.contains(&(stat.f_type as u32)))
}

/// What the system says about the file system that holds `file`.
fn file_system(file: &File) -> Option<libc::statfs> {
    let mut stat = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the descriptor is open as long as `file` is borrowed, and `stat` has room for the answer.
    let result = unsafe { libc::fstatfs(file.as_raw_fd(), stat.as_mut_ptr()) };
    // SAFETY: fstatfs fills the whole structure where it returns 0.
    (result == 0).then(|| unsafe { stat.assume_init() })
}

/// Where the handler finds one window. Only atomics: a handler may not wait.
#[derive(Debug)]
struct Slot {
    taken: AtomicBool,
    /// Odd while the range is being changed.
    version: AtomicU64,
    start: AtomicUsize,
    end: AtomicUsize,
    torn: AtomicBool,
}

static SLOT: [Slot; SLOTS] = [const { Slot::new() }; SLOTS];

impl Slot {
    const fn new() -> Slot {
        Slot {
            taken: AtomicBool::new(false),
            version: AtomicU64::new(0),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            torn: AtomicBool::new(false),
        }
    }

    fn claim(&self) -> bool {
        let free = !self.taken.swap(true, Ordering::Acquire);
        if free {
            self.torn.store(false, Ordering::Relaxed);
        }
        free
    }

    fn release(&self) {
        self.taken.store(false, Ordering::Release);
    }

    /// Makes the range known to the handler. Called by the slot's owner alone.
    fn publish(&self, start: usize, end: usize) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.start.store(start, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The end of the range, where it holds `address`. A slot in change cannot be the one whose window
    /// was hit, because a window is published before its first access and withdrawn after its last.
    fn end_of(&self, address: usize) -> Option<usize> {
        let before = self.version.load(Ordering::Acquire);
        let start = self.start.load(Ordering::Relaxed);
        let end = self.end.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let steady = before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before;
        (steady && (start..end).contains(&address)).then_some(end)
    }
}

/// Size of a page, known before the handler is in place.
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// Who had SIGBUS before.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

/// Puts the handler in place, once for the process. Returns the size of a page.
fn guard() -> io::Result<usize> {
    static INSTALLED: OnceLock<Option<usize>> = OnceLock::new();
    INSTALLED.get_or_init(install).ok_or_else(|| io::ErrorKind::Unsupported.into())
}

fn install() -> Option<usize> {
    // SAFETY: sysconf only looks a number up.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    if !page.is_power_of_two() {
        return None;
    }
    PAGE.store(page, Ordering::Relaxed);
    let mut previous = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: asks for the present action only; `previous` has room for it and is read only where the
    // call succeeded, which fills it. The new action is plain data of integers for which zero is a
    // value, its mask is set by sigemptyset, and its handler has the signature SA_SIGINFO asks for and
    // does only what a handler may do (see `on_sigbus`).
    unsafe {
        if libc::sigaction(libc::SIGBUS, std::ptr::null(), previous.as_mut_ptr()) != 0 {
            return None;
        }
        let _ = PREVIOUS.set(previous.assume_init());
        let mut action: libc::sigaction = std::mem::zeroed();
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_sigbus;
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        (libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()) == 0)
            .then_some(page)
    }
}

/// The handler. It reads atomics and calls mmap, sigaction, raise and the handler before it: no lock, no
/// allocation, no panic.
extern "C" fn on_sigbus(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid `info` to a handler installed with SA_SIGINFO.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // A code of 0 or less means that a process sent the signal: then there is no address.
    if code > 0 && cover(address) {
        return;
    }
    pass_on(signal, code, info, context);
}

/// Maps zeros over the rest of the window that holds `address`. False where there is none.
fn cover(address: usize) -> bool {
    for slot in &SLOT {
        if let Some(end) = slot.end_of(address) {
            let page = address & !(PAGE.load(Ordering::Relaxed) - 1);
            // SAFETY: [page, end) lies inside a mapping that this module owns and that is alive, because
            // an access to it is what brought us here. Replacing its pages by zeros keeps every slice
            // into it valid, and the whole range is still given back by one munmap.
            let zeros = unsafe {
                libc::mmap(
                    page as *mut c_void,
                    end - page,
                    libc::PROT_READ,
                    libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED,
                    -1,
                    0,
                )
            };
            slot.torn.store(true, Ordering::Release);
            return zeros != libc::MAP_FAILED;
        }
    }
    false
}

/// Gives a SIGBUS that is not ours to the action that was in place before, or to the default, which ends
/// the process.
fn pass_on(signal: c_int, code: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let action = PREVIOUS.get().map_or(libc::SIG_DFL, |previous| previous.sa_sigaction);
    let with_info = PREVIOUS.get().is_some_and(|p| p.sa_flags & libc::SA_SIGINFO != 0);
    if action == libc::SIG_IGN && code <= 0 {
        return;
    }
    // SAFETY: `action` is what sigaction returned: where it is neither of the two marks it is a handler,
    // of the three-argument kind exactly if SA_SIGINFO was set. It gets the arguments we got. Otherwise
    // the default action is put back and the signal raised anew; it is delivered when this returns.
    unsafe {
        if action == libc::SIG_DFL || action == libc::SIG_IGN {
            let mut default: libc::sigaction = std::mem::zeroed();
            default.sa_sigaction = libc::SIG_DFL;
            libc::sigaction(libc::SIGBUS, &raw const default, std::ptr::null_mut());
            libc::raise(signal);
        } else if with_info {
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                std::mem::transmute(action);
            handler(signal, info, context);
        } else {
            let handler: extern "C" fn(c_int) = std::mem::transmute(action);
            handler(signal);
        }
    }
}

#[cfg(test)]
mod tests;
