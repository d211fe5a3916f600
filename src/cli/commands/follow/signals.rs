//! What asks following to end: signals, and a closed standard output.

use std::io;
use std::sync::Arc;

use super::Stop;
#[cfg(windows)]
use crate::cli::interrupt;

/// Asks to end at the first SIGINT or SIGTERM. At the second the program ends as it stands. With hooks, SIGHUP
/// makes their attempts count anew; when it comes because the terminal is gone, it asks to end as well.
#[cfg(unix)]
pub(super) fn watch(stop: Arc<Stop>, has_hooks: bool) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let terminal = has_terminal() && !is_ignored(SIGHUP);
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    if has_hooks {
        signals.add_signal(SIGHUP)?;
    }
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let hung_up = terminal && !has_terminal();
            if signal == SIGHUP && !hung_up {
                stop.count_anew();
            } else if !stop.ask() {
                // It can only fail for signals that end nothing.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        }
    })?;
    Ok(())
}

/// Whether the program belongs to a terminal that is there.
#[cfg(unix)]
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Whether the program was started to ignore a signal, as nohup does; where the system does not say, it was not.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

/// Asks to end at the first Ctrl-C or Ctrl-Break, or when the console is closed. At the second the program ends as
/// it stands. There is no word by which attempts would count anew.
#[cfg(windows)]
pub(super) fn watch(stop: Arc<Stop>, _has_hooks: bool) -> io::Result<()> {
    #[allow(
        clippy::exit,
        clippy::disallowed_methods,
        reason = "whoever asks twice does not want to wait for what is left"
    )]
    let ask = move || {
        if !stop.ask() {
            std::process::exit(interrupt::ENDED);
        }
    };
    ctrlc::set_handler(ask).map_err(io::Error::other)
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
