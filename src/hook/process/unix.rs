//! Process groups and signals.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::Mutex;

use nix::sys::signal::SigSet;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Makes sure that no command inherits a handle that this program inherited itself; those it opens are
/// never inherited.
pub(in crate::hook) fn prepare_program() {
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
}

/// Starts a command as the leader of a process group of its own, with no signal blocked.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    // The mask is inherited from this thread; it may come from whoever started this program.
    SigSet::empty().thread_set_mask()?;
    command.process_group(0).spawn()
}

/// The process group of a command.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<Pid>,
}

impl Group {
    /// The group that a command leads.
    pub(super) fn of(child: &Child) -> Group {
        Group { leader: i32::try_from(child.id()).ok().and_then(Pid::from_raw) }
    }

    /// Waits until the leader has exited, and leaves it to be taken in: until then its number, which is the
    /// group's, is nobody else's.
    pub(super) fn wait_for_leader(&self, _child: &Mutex<Child>) {
        let Some(leader) = self.leader else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(leader), options).err() == Some(Errno::INTR) {}
    }

    /// SIGTERM to the group.
    pub(super) fn terminate(&self, _child: &Mutex<Child>) {
        self.signal(Signal::TERM);
    }

    /// SIGKILL to the group.
    pub(super) fn kill(&self, _child: &Mutex<Child>) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // A group that is gone needs none.
            let _ = kill_process_group(leader, signal);
        }
    }
}

/// The signal that ended a command.
pub(super) fn signal(status: ExitStatus) -> Option<i32> {
    status.signal()
}
