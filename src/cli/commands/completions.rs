//! Shell completions.

use anstream::ColorChoice;
use clap_complete::Shell;

use crate::cli::{ExitStatus, output};

/// Prints the completions of `shell`.
///
/// # Errors
/// Where standard output cannot be written.
pub(in crate::cli) fn run(shell: Shell, mut command: clap::Command) -> anyhow::Result<ExitStatus> {
    let name = command.get_name().to_owned();
    // Into memory first: clap_complete panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    output::stdout(ColorChoice::AlwaysAnsi, |out| out.write_all(&script))?;
    Ok(ExitStatus::Clean)
}
