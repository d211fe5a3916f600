//! Runs commands of the user's when a bot falls: at most so often, never by a shell, never for what a
//! command cannot mend.
//!
//! [`Supervisor`] has a thread of its own: [`Supervisor::offer`] hands it diagnoses and never waits. Who may
//! act and when is decided in `policy.rs`, which knows no clock and no process; `ledger.rs` keeps what
//! outlives the program, `process.rs` runs a command, `words.rs` and `requirements.rs` say what may stand in
//! one.

mod choice;
mod ledger;
mod output;
mod policy;
mod process;
mod record;
mod requirements;
#[cfg(test)]
mod sample;
mod supervisor;
mod words;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

pub use choice::{Selector, subject};
pub use ledger::default_folder;
pub use policy::{Begin, Key, Note, Policy, Sighting};
pub use record::{Attempt, Moment, Outcome, Record};
pub use supervisor::{Ending, Remote, Supervisor, Trigger};
pub use words::{PLACEHOLDERS, check as check_words, split as split_words};

use jiff::tz::TimeZone;

use crate::model::{Level, Pattern};

/// What a hook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It mends, for instance by starting the bot again; it gives up.
    Repair,
    /// It tells somebody; it never gives up.
    Notify,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// What it is for.
    pub kind: Kind,
    /// What it acts on.
    pub patterns: Vec<Selector>,
    /// From this level up.
    pub level: Level,
    /// Commands in order, each a list of words, the next only after exit status 0.
    pub run: Vec<Vec<String>>,
    /// Wait before the first run.
    pub settle: Duration,
    /// Least time between two runs for one incident; doubles up to `gap_max`.
    pub gap: Duration,
    /// Longest gap.
    pub gap_max: Duration,
    /// Most runs for one incident in `window`.
    pub attempts: u32,
    /// Time in which attempts are counted.
    pub window: Duration,
    /// Longest that a command may take before its process group gets SIGTERM.
    pub timeout: Duration,
    /// Time from there to SIGKILL.
    pub kill_after: Duration,
    /// Commands that run once when it gives up.
    pub on_give_up: Vec<Vec<String>>,
    /// Files or folders that name what the bot needs; empty for those under the source root.
    pub packages_from: Vec<PathBuf>,
    /// Only say what would run.
    pub dry_run: bool,
}

impl Hook {
    /// A hook with the defaults of its kind.
    pub fn new(kind: Kind, run: Vec<Vec<String>>) -> Hook {
        let seconds = Duration::from_secs;
        let (patterns, level) = match kind {
            Kind::Repair => {
                let mended = [Pattern::Network, Pattern::Memory, Pattern::System];
                (mended.map(Selector::Pattern).into(), Level::Fatal)
            }
            Kind::Notify => (Pattern::ALL.map(Selector::Pattern).into(), Level::Error),
        };
        Hook {
            kind,
            patterns,
            level,
            run,
            // systemd restarts within 100 ms, pm2 at once; the rest of a traceback comes meanwhile.
            settle: seconds(2),
            // A bot that is restarted within a minute meets its own orders again, and a loop of restarts
            // gets an address banned.
            gap: seconds(60),
            gap_max: seconds(300),
            attempts: 3,
            window: seconds(900),
            // `systemctl restart` may need 90 s to stop and 90 s to start.
            timeout: seconds(200),
            kill_after: seconds(10),
            on_give_up: Vec::new(),
            packages_from: Vec::new(),
            dry_run: false,
        }
    }

    fn pace(&self) -> Pace {
        Pace {
            kind: self.kind,
            settle: self.settle,
            gap: self.gap,
            gap_max: match self.kind {
                Kind::Repair => self.gap_max,
                Kind::Notify => self.gap_max.max(self.gap),
            },
            attempts: (self.kind == Kind::Repair).then_some(self.attempts),
            window: self.window,
            acts_on_give_up: !self.on_give_up.is_empty(),
        }
    }
}

/// What the policy knows of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// What it is for.
    pub kind: Kind,
    /// Wait before the first run.
    pub settle: Duration,
    /// Least time between two runs for one incident.
    pub gap: Duration,
    /// Longest gap.
    pub gap_max: Duration,
    /// Most runs for one incident; `None` for no end.
    pub attempts: Option<u32>,
    /// Time in which attempts are counted.
    pub window: Duration,
    /// Whether there is something to run when it gives up.
    pub acts_on_give_up: bool,
}

/// Hooks, and what they need to know.
#[derive(Debug, Clone)]
pub struct HookOptions {
    /// The hooks, in the order in which they were given.
    pub hooks: Vec<Hook>,
    /// Folder of what outlives the program; `None` where the system names none.
    pub state: Option<PathBuf>,
    /// The bot's source tree.
    pub source_root: Option<PathBuf>,
    /// Rules that a restart does not mend.
    pub beyond_restart: BTreeSet<String>,
    /// Zone of log times that carry none; `None` for the machine's.
    pub zone: Option<TimeZone>,
    /// Whether secrets are taken out of what commands write.
    pub redact: bool,
    /// Whether a finished log is judged once: nothing settles, and nothing is tried again.
    pub once: bool,
}
