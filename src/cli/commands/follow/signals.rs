//! What asks following to end: signals, and a closed standard output.

use std::io;
use std::sync::Arc;

use super::Stop;

/// Asks to end at the first SIGINT or SIGTERM. At the second the program ends as it stands.
#[cfg(unix)]
pub(super) fn watch(stop: Arc<Stop>) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if !stop.ask() {
                // It can only fail for signals that end nothing.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    })?;
    Ok(())
}

/// Elsewhere Ctrl-C ends the program as it stands.
#[cfg(not(unix))]
pub(super) fn watch(_stop: Arc<Stop>) -> io::Result<()> {
    Ok(())
}

/// Asks to end when the reader of standard output is gone, also while there is nothing to tell. It sleeps
/// until then.
#[cfg(unix)]
pub(super) fn watch_output(stop: Arc<Stop>) {
    use rustix::event::{PollFd, PollFlags, poll};

    let watch = move || {
        let stdout = io::stdout();
        loop {
            // Errors and hang-ups are told without being asked for.
            let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut fds, None) {
                Ok(_) if fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                    return stop.close();
                }
                // A file, or a system that tells nothing: the next write will show.
                Ok(_) => return,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    };
    // Without it, the end comes with the next line.
    let _ = std::thread::Builder::new().name("output".to_owned()).spawn(watch);
}

/// Elsewhere the end comes with the next line.
#[cfg(not(unix))]
pub(super) fn watch_output(_stop: Arc<Stop>) {}
