//! The stage that tells: one thread takes what is to be told, in order, and writes it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::live::Live;
use crate::analyze::batch::Outcome;
use crate::analyze::follow::Said;
use crate::cli::commands::diagnose;
use crate::cli::output;
use crate::cli::settings::Settings;
use crate::model::Level;
use crate::report::{Event, Format, Summary, write_event};
use crate::source::follow::Ledger;

/// Something to be told.
pub(super) enum Line {
    /// What happened.
    Said(Said),
    /// What it all came to; nothing follows.
    End {
        /// All of it.
        outcome: Box<Outcome>,
        /// The level from which the exit status is 1.
        fail_on: Option<Level>,
    },
}

/// Writes what is told in the format that was asked for.
pub(super) struct Writer {
    settings: Arc<Settings>,
    live: Option<Live>,
    ledger: Ledger,
}

impl Writer {
    /// For the logs that `paths` name. What was written is told to `ledger`.
    pub(super) fn new(settings: Arc<Settings>, paths: &[PathBuf], ledger: Ledger) -> Writer {
        let live = (settings.format == Format::Text).then(|| Live::new(&settings, paths));
        Writer { settings, live, ledger }
    }

    /// The format that was asked for.
    pub(super) fn format(&self) -> Format {
        self.settings.format
    }

    /// Writes until nothing more comes. Comes back with whether somebody still reads.
    ///
    /// # Errors
    /// Those of standard output, or of the file for the report; a closed pipe is none.
    pub(super) fn run(mut self, lines: &Receiver<Line>) -> anyhow::Result<bool> {
        while let Ok(line) = lines.recv() {
            match self.write(line) {
                Ok(()) => {}
                Err(error) if is_closed(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn write(&mut self, line: Line) -> anyhow::Result<()> {
        match line {
            Line::Said(Said::Event { event, .. }) => self.write_event(&event),
            Line::Said(Said::Word(word)) => {
                match &mut self.live {
                    Some(live) => live.aside(|| output::note(&word)),
                    None => output::note(&word),
                }
                Ok(())
            }
            Line::Said(Said::Hidden(_)) => Ok(()),
            Line::Said(Said::Pulse { lines }) => {
                if let Some(live) = &mut self.live {
                    live.pulse(lines);
                }
                Ok(())
            }
            Line::Said(Said::Settled { source, file, settled }) => {
                self.ledger.settled(source, file, settled);
                Ok(())
            }
            Line::End { outcome, fail_on } => self.end(*outcome, fail_on),
        }
    }

    fn write_event(&mut self, event: &Event) -> anyhow::Result<()> {
        match (&mut self.live, self.settings.format) {
            (Some(live), _) => live.event(event)?,
            (None, Format::Jsonl) => write_event(event, &mut io::stdout().lock())?,
            // These formats are one document: it is written at the end.
            (None, _) => {}
        }
        Ok(())
    }

    fn end(&mut self, mut outcome: Outcome, fail_on: Option<Level>) -> anyhow::Result<()> {
        for problem in &outcome.problems {
            output::error(&anyhow::Error::msg(problem.clone()));
        }
        match (&mut self.live, self.settings.format) {
            (Some(live), _) => {
                diagnose::hide(&mut outcome, self.settings.show);
                live.end(&outcome)?;
            }
            (None, Format::Jsonl) => {
                let summary = Event::Summary(Summary::of(&outcome.report));
                write_event(&summary, &mut io::stdout().lock())?;
            }
            (None, _) => diagnose::write(&self.settings, outcome, fail_on)?,
        }
        Ok(())
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
