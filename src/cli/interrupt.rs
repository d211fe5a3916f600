//! SIGINT, SIGTERM and SIGHUP (on Windows Ctrl-C and its kin), where something has to be ended in order first.

use std::io;

/// Exit status of a program that Ctrl-C ended: `STATUS_CONTROL_C_EXIT`, 0xc000013a (MS-ERREF, 2.3.1).
#[cfg(windows)]
pub(super) const ENDED: i32 = 0xc000_013a_u32.cast_signed();

/// Watches for signals while it lives.
pub(super) struct Interrupt {
    #[cfg(unix)]
    handle: signal_hook::iterator::Handle,
}

impl Interrupt {
    /// Calls `on_signal`, from a thread of its own, for each signal that asks the program to end.
    ///
    /// # Errors
    /// Where signals cannot be watched.
    #[cfg(unix)]
    pub(super) fn watch(on_signal: impl Fn() + Send + 'static) -> io::Result<Interrupt> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let handle = signals.handle();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for _ in signals.forever() {
                on_signal();
            }
        })?;
        Ok(Interrupt { handle })
    }

    /// Calls `on_signal`, from a thread of its own, at each Ctrl-C or Ctrl-Break, and when the console is closed. To
    /// be called once in a process, and it watches until that ends.
    ///
    /// # Errors
    /// Where the system refuses.
    #[cfg(windows)]
    pub(super) fn watch(on_signal: impl Fn() + Send + 'static) -> io::Result<Interrupt> {
        ctrlc::set_handler(on_signal).map_err(io::Error::other)?;
        Ok(Interrupt {})
    }
}

#[cfg(unix)]
impl Drop for Interrupt {
    fn drop(&mut self) {
        self.handle.close();
    }
}
