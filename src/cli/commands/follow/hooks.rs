//! Hooks while following: what is told is offered to them, and what they do is told.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};

use anyhow::Context;
use crossbeam_channel::Sender;

use super::writer::Line;
use super::{Stop, send};
use crate::analyze::follow::Said;
use crate::cli::commands::hook;
use crate::cli::settings::Settings;
use crate::hook::{Stopper, Supervisor, Trigger};
use crate::model::RealClock;
use crate::report::{Event, Format, RunAction, Volume};

/// The hooks, where there are any.
pub(super) struct Hooks {
    running: Option<(Supervisor, JoinHandle<()>)>,
}

impl Hooks {
    /// Starts what runs them. What they do is told through `sender`, from a thread between: a slow reader of
    /// the output must not delay a repair.
    ///
    /// # Errors
    /// Where rules are refused, or threads cannot be started.
    pub(super) fn start(
        settings: &Settings,
        sender: Sender<Line>,
        stop: Arc<Stop>,
    ) -> anyhow::Result<Hooks> {
        let (format, volume) = (settings.format, settings.volume);
        let Some(options) = hook::options(settings, false)? else {
            return Ok(Hooks { running: None });
        };
        let (tell, events) = channel();
        let supervisor = Supervisor::start(options, Arc::new(RealClock::new()), move |event| {
            drop(tell.send(event))
        })
        .context("cannot start the thread that runs hooks")?;
        let teller = thread::Builder::new().name("tell-hooks".to_owned()).spawn(move || {
            for event in events {
                // Text is told by the writer, which knows what else is on the screen.
                match format {
                    Format::Text => {}
                    Format::Jsonl => hook::tell(&event, Volume::Quiet),
                    _ => hook::tell(&event, volume),
                }
                send(
                    &sender,
                    Line::Said(Said::Event { event: Event::Hook(event), about: None }),
                    &stop,
                );
            }
        })?;
        Ok(Hooks { running: Some((supervisor, teller)) })
    }

    /// What stops them from the thread of a signal.
    pub(super) fn stopper(&self) -> Option<Stopper> {
        self.running.as_ref().map(|(supervisor, _)| supervisor.stopper())
    }

    /// Offers them what is told.
    pub(super) fn see(&self, said: &Said) {
        let (Some((supervisor, _)), Said::Event { event, about }) = (&self.running, said) else {
            return;
        };
        if let Some(about) = about.as_ref().filter(|about| about.is_new) {
            supervisor.offer(Trigger {
                diagnosis: (*about.diagnosis).clone(),
                event: about.number,
                unread_for: about.unread_for,
                came_back: about.came_back,
            });
        }
        if let Event::Run(run) = event
            && run.action == RunAction::Began
        {
            supervisor.run_began(&run.source);
        }
    }

    /// Ends them: at once where following was `stopped`, else when what was offered has been run. Tells whether
    /// one failed that should have run.
    pub(super) fn end(self, stopped: bool) -> bool {
        let Some((supervisor, teller)) = self.running else { return false };
        let ending = if stopped { supervisor.stop() } else { supervisor.finish() };
        // It has ended with the supervisor, which it listens to.
        let _ = teller.join();
        ending.failed
    }
}
