//! What the surroundings of a CI system tell and want: where the repository is, where a job summary goes.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::output;
use crate::report::{self, Format, Report, SourceTree, Style};

/// What formats for CI systems need beyond the report and the options.
pub(super) struct Surroundings {
    /// The bot's source tree, where it was named.
    pub(super) tree: Option<SourceTree>,
    /// File that GitHub shows as the job's summary.
    pub(super) summary: Option<PathBuf>,
}

impl Surroundings {
    /// Looks at the environment, as far as `format` asks for it.
    pub(super) fn new(source_root: Option<&Path>, format: Format) -> Surroundings {
        // Annotations name files as the repository does, wherever in it the step runs.
        let repository = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].into_iter().find_map(path_in);
        let here = || env::current_dir().unwrap_or_default();
        let tree = source_root.map(|root| match &repository {
            Some(repository) if is_inside(root, repository) => SourceTree::new(root, repository),
            _ => SourceTree::new(root, &here()),
        });
        let wants_summary = format == Format::Github;
        Surroundings { tree, summary: path_in("GITHUB_STEP_SUMMARY").filter(|_| wants_summary) }
    }

    /// Adds the report to the job summary, where there is one. It is an extra: where it cannot be written,
    /// that is said, and the report stands all the same.
    pub(super) fn summarize(&self, report: &Report, style: &Style<'_>) {
        let Some(path) = &self.summary else { return };
        if let Err(error) = append(path, report, style) {
            output::warning(&format!("cannot write the job summary {}: {error}", path.display()));
        }
    }
}

/// Steps share the file: each adds to it.
fn append(path: &Path, report: &Report, style: &Style<'_>) -> io::Result<()> {
    let mut page = Vec::new();
    report::write(Format::Markdown, report, style, &mut page)?;
    page.push(b'\n');
    File::options().append(true).create(true).open(path)?.write_all(&page)
}

fn path_in(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn is_inside(path: &Path, folder: &Path) -> bool {
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}
