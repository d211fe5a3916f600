//! SIGINT, SIGTERM and SIGHUP, where something has to be ended in order first.

use std::io;

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

    /// Systems without signals end the program at once, and what it runs goes on.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub(super) fn watch(_on_signal: impl Fn() + Send + 'static) -> io::Result<Interrupt> {
        Ok(Interrupt {})
    }
}

#[cfg(unix)]
impl Drop for Interrupt {
    fn drop(&mut self) {
        self.handle.close();
    }
}
