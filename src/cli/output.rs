//! Where things are printed: reports to standard output or a file, everything else to standard error.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::{AutoStream, ColorChoice};
use anyhow::Context;

use super::ExitStatus;
use super::options::ColourChoice;
use crate::report::{self, Format, Report, Style};
use crate::safe::escape::visible;

/// Columns where there is no terminal to ask.
const WIDTH: usize = 80;

/// Prints what clap has to say: help and version to standard output, errors to standard error.
pub(super) fn usage(error: &clap::Error) -> ExitStatus {
    if !error.use_stderr() {
        // A closed pipe is no reason to complain.
        let _ = error.print();
        return ExitStatus::Clean;
    }
    let _ = write!(anstream::stderr(), "wd-diagnose: {}", error.render().ansi());
    ExitStatus::Failed
}

/// Prints why the run failed.
pub(super) fn error(error: &anyhow::Error) {
    message("error", &format!("{error:#}"));
}

/// Prints what the user should know although the run goes on.
pub(super) fn warning(text: &str) {
    message("warning", text);
}

/// Prints what the user may want to know.
pub(super) fn note(text: &str) {
    message("note", text);
}

/// Prints a page that is laid out, and at once.
///
/// # Errors
/// Those of standard output, a closed pipe included.
pub(super) fn print(page: &[u8], colour: bool) -> io::Result<()> {
    let choice = if colour { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
    let mut out = AutoStream::new(io::stdout().lock(), choice);
    out.write_all(page)?;
    out.flush()
}

/// Prints what became of a hook.
pub(super) fn hook(text: &str) {
    message("hook", text);
}

/// Names of files may hold anything; lines stay lines.
fn message(kind: &str, text: &str) {
    let mut stderr = io::stderr().lock();
    for line in text.lines() {
        // Nobody is left to tell where standard error is closed.
        let _ = writeln!(stderr, "wd-diagnose: {kind}: {}", visible(line));
    }
}

/// Where a report goes.
pub(super) struct Sink<'a> {
    /// A file, or standard output.
    pub(super) file: Option<&'a Path>,
    pub(super) colour: ColourChoice,
}

impl Sink<'_> {
    /// Whether colour is wanted there: in a file only where the user insists.
    pub(super) fn colour(&self) -> bool {
        match (self.colour, self.file) {
            (ColourChoice::Always, _) => true,
            (ColourChoice::Never, _) | (ColourChoice::Auto, Some(_)) => false,
            (ColourChoice::Auto, None) => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        }
    }

    /// Columns there.
    pub(super) fn width(&self) -> usize {
        if self.file.is_none() && io::stdout().is_terminal() {
            textwrap::termwidth()
        } else {
            WIDTH
        }
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Those of the file or of standard output; a closed pipe is none.
    pub(super) fn write(
        &self,
        format: Format,
        report: &Report,
        style: &Style<'_>,
    ) -> anyhow::Result<()> {
        let Some(path) = self.file else {
            let choice = if style.colour { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
            return stdout(choice, |out| report::write(format, report, style, out));
        };
        write_file(path, |out| report::write(format, report, style, out))
            .with_context(|| format!("cannot write the report to {}", path.display()))
    }
}

/// Gives standard output to `write`, buffered. A reader that has closed the pipe has seen enough.
pub(super) fn stdout(
    choice: ColorChoice,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::new(AutoStream::new(io::stdout().lock(), choice));
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Gives `write` a page as wide as the terminal, and prints it; its status is the command's.
pub(super) fn page(
    write: impl FnOnce(usize, &mut dyn Write) -> anyhow::Result<ExitStatus>,
) -> anyhow::Result<ExitStatus> {
    let width = if io::stdout().is_terminal() { textwrap::termwidth() } else { WIDTH };
    let mut page = Vec::new();
    let status = write(width, &mut page)?;
    stdout(ColorChoice::Auto, |out| out.write_all(&page))?;
    Ok(status)
}

/// Writes a file whole or not at all: beside it first, then by renaming. A link is followed, so that the
/// link stays and its target is replaced; a device or FIFO is written as it is.
pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let existing = fs::metadata(&target).ok();
    if existing.as_ref().is_some_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        let mut out = BufWriter::new(File::options().write(true).open(&target)?);
        write(&mut out)?;
        return out.flush();
    }
    if existing.is_some_and(|metadata| metadata.is_dir()) {
        return Err(io::Error::other("it is a folder; name a file in it"));
    }
    let folder = match target.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => return Err(io::Error::other("it has no name")),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wd-diagnose-");
    // As any program would create it (the umask counts): a report is made to be read by others, such as a
    // web server or a metrics collector.
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        fs::write(&path, "old").unwrap();
        write_file(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("lost"))
        })
        .unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_file(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_file(folder.path(), |_| Ok(())).is_err());
        assert!(write_file(&folder.path().join("no/such/folder"), |_| Ok(())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_file(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        write_file(Path::new("/dev/null"), |out| out.write_all(b"x")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
