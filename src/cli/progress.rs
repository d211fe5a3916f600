//! How far reading has come, on a terminal, for runs that last.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::analyze::Observer;

/// A run shorter than this needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on standard error: only on a terminal, only after a second.
pub(super) struct Progress {
    /// When the first bytes were read.
    started: Option<Instant>,
    may_show: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// `wanted` is false where the user asked for silence.
    pub(super) fn new(wanted: bool) -> Progress {
        let may_show = wanted && std::io::stderr().is_terminal();
        Progress { started: None, may_show, bar: None }
    }

    /// Takes the bar away, before anything else is printed.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn progress(&mut self, bytes: u64, total: Option<u64>) {
        let started = *self.started.get_or_insert_with(Instant::now);
        if !self.may_show || (self.bar.is_none() && started.elapsed() < PATIENCE) {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| bar(total));
        // Compressed files unfold to more than their size; the bar then waits at its end.
        bar.set_position(total.map_or(bytes, |total| bytes.min(total)));
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "reading {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec}",
        ),
        None => (ProgressBar::no_length(), "reading {spinner} {bytes} {binary_bytes_per_sec}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
