//! Jobs of Windows, which hold a process with all that it starts.

use std::io;
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use win32job::{ExtendedLimitInfo, Job};

/// How often it is asked whether a command has ended: there is no waiting for it while another thread may
/// have to end it.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// `CREATE_NEW_PROCESS_GROUP`: a Ctrl-C at the console is for this program, which ends its commands itself (Microsoft's
/// reference of Win32, "Process Creation Flags").
const OWN_GROUP: u32 = 0x0000_0200;

/// Nothing to do: handles are not inherited here.
pub(in crate::hook) fn prepare_program() {}

/// Starts a command that no Ctrl-C at the console reaches.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    command.creation_flags(OWN_GROUP).spawn()
}

/// The job of a command: the command, and what it starts from the moment on when it was put there, which is when it
/// begins to run.
#[derive(Debug)]
pub(super) struct Group {
    /// `None` once it was ended, and where the system has put the command into another job, which it may not leave.
    job: Mutex<Option<Job>>,
}

impl Group {
    /// Puts a command into a job of its own.
    pub(super) fn of(child: &Child) -> Group {
        let job = Job::create().ok().filter(|job| {
            let process = child.as_raw_handle() as isize;
            job.assign_process(process).is_ok()
        });
        Group { job: Mutex::new(job) }
    }

    /// Waits until the command has ended.
    pub(super) fn wait_for_leader(&self, child: &Mutex<Child>) {
        while matches!(child.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None)) {
            thread::sleep(ASK_EVERY);
        }
    }

    /// Ends the command and what it has started; there is no asking.
    pub(super) fn terminate(&self, child: &Mutex<Child>) {
        self.kill(child);
    }

    /// Ends the command and what it has started.
    pub(super) fn kill(&self, child: &Mutex<Child>) {
        if let Some(job) = self.job.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let mut limits = ExtendedLimitInfo::new();
            limits.limit_kill_on_job_close();
            // Now the job's end, on the next line, is that of all in it.
            let _ = job.set_extended_limit_info(&limits);
            drop(job);
        }
        // One that has ended needs none.
        let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

/// There are none.
pub(super) fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests;
