//! Systems on which the guard of `map.rs` was never tried (what a lost page raises is not the same everywhere), and
//! those without signals: nothing is mapped, everything is read.

use std::fs::File;
use std::io;

/// A mapped stretch of a file; there are none here.
#[derive(Debug)]
pub(super) enum Window {}

impl Window {
    /// Always an error.
    pub(super) fn open(_: &File, _: u64, _: usize) -> io::Result<Window> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The bytes mapped.
    pub(super) fn bytes(&self) -> &[u8] {
        match *self {}
    }

    /// Whether some of them are gone.
    pub(super) fn torn(&self) -> bool {
        match *self {}
    }
}

/// Gives a window back.
pub(super) fn give_back(window: Window) {
    match window {}
}

/// Whether mapping `file` is safe from a slow or lossy network; no file is mapped here.
pub(super) fn on_local_disk(_: &File) -> bool {
    false
}
