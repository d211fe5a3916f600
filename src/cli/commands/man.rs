//! The man page.

use anstream::ColorChoice;

use crate::cli::{ExitStatus, output};

/// Prints the man page of the program, in roff.
///
/// # Errors
/// Where standard output cannot be written.
pub(in crate::cli) fn run(command: clap::Command) -> anyhow::Result<ExitStatus> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::stdout(ColorChoice::AlwaysAnsi, |out| out.write_all(&page))?;
    Ok(ExitStatus::Clean)
}
