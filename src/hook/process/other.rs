//! Systems without process groups and signals, such as Windows: a command that takes too long is ended at
//! once, and what it started itself goes on.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How often it is asked whether a command has ended: there is no waiting for it while another thread may
/// have to end it.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Nothing to do: handles are not inherited here.
pub(in crate::hook) fn prepare_program() {}

/// Starts a command.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    command.spawn()
}

/// The command alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group;

impl Group {
    /// The command alone.
    pub(super) fn of(_child: &Child) -> Group {
        Group
    }

    /// Waits until the command has ended.
    pub(super) fn wait_for_leader(self, child: &Mutex<Child>) {
        while matches!(child.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None)) {
            thread::sleep(ASK_EVERY);
        }
    }

    /// Ends the command; there is no asking.
    pub(super) fn terminate(self, child: &Mutex<Child>) {
        self.kill(child);
    }

    /// Ends the command.
    pub(super) fn kill(self, child: &Mutex<Child>) {
        // One that has ended needs none.
        let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

/// There are none.
pub(super) fn signal(_status: ExitStatus) -> Option<i32> {
    None
}
