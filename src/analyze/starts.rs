//! Where runs begin that no mark tells of: the log's first record comes again ([`Banner`]), or another process
//! writes on ([`Processes`]).

use super::banner::Banner;
use super::processes::Processes;
use crate::detect::Candidate;

/// What a start of this bot looks like.
#[derive(Debug, Clone)]
pub(super) struct Starts {
    banner: Option<Banner>,
    processes: Option<Processes>,
}

impl Starts {
    /// Learns from the first lines of a log that one service writes alone.
    pub(super) fn learn(bytes: &[u8]) -> Option<Starts> {
        Starts::of(Banner::learn(bytes), Processes::learn(bytes))
    }

    /// Learns from the first lines of one of several services: which process writes is told by what stands before
    /// them.
    pub(super) fn learn_service(bytes: &[u8]) -> Option<Starts> {
        Starts::of(Banner::learn(bytes), None)
    }

    fn of(banner: Option<Banner>, processes: Option<Processes>) -> Option<Starts> {
        (banner.is_some() || processes.is_some()).then_some(Starts { banner, processes })
    }

    /// Adds lines that may be starts to the candidates among `bytes[from..to]`, in order. `base` is the position
    /// of the first byte.
    pub(super) fn candidates(
        &self,
        bytes: &[u8],
        base: u64,
        (from, to): (usize, usize),
        found: &mut Vec<Candidate>,
    ) {
        let known = found.len();
        if let Some(banner) = &self.banner {
            banner.candidates(bytes, from, to, found);
        }
        if let Some(processes) = &self.processes {
            processes.candidates(bytes, base, (from, to), found);
        }
        if found.len() > known {
            found.sort_unstable_by_key(|candidate| candidate.at);
            found.dedup();
        }
    }

    /// Whether the line that begins at `at` is one. Depends on nothing but the line, a few KiB before it, and what
    /// [`Starts::waits`] waits for.
    pub(super) fn is_start(&self, bytes: &[u8], at: usize) -> bool {
        self.banner.as_ref().is_some_and(|banner| banner.is_start(bytes, at))
            || self.processes.as_ref().is_some_and(|processes| processes.is_start(bytes, at))
    }

    /// Whether more must be known of what comes behind the line that begins at `at` before it is told whether it
    /// is one.
    pub(super) fn waits(&self, bytes: &[u8], at: usize) -> bool {
        self.banner.as_ref().is_some_and(|banner| banner.waits(bytes, at))
            || self.processes.as_ref().is_some_and(|processes| processes.waits(bytes, at))
    }
}
