//! Hooks while following: what is told is offered to them, and what they do is told.

use std::collections::HashMap;
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
use crate::hook::{Remote, Supervisor, Trigger};
use crate::model::RealClock;
use crate::report::{Event, Format, RunAction, Volume};

/// The hooks, where there are any.
pub(super) struct Hooks {
    running: Option<(Supervisor, JoinHandle<()>)>,
    /// Line of what was last offered, by source.
    seen: HashMap<String, u64>,
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
            return Ok(Hooks { running: None, seen: HashMap::new() });
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
        Ok(Hooks { running: Some((supervisor, teller)), seen: HashMap::new() })
    }

    /// What speaks to them from the thread of a signal.
    pub(super) fn remote(&self) -> Option<Remote> {
        self.running.as_ref().map(|(supervisor, _)| supervisor.remote())
    }

    /// Offers them what is found, also where `--level` hides it.
    pub(super) fn see(&mut self, said: &Said) {
        let Some((supervisor, _)) = &self.running else { return };
        let (event, about) = match said {
            Said::Event { event, about } => (Some(event), about.as_ref()),
            Said::Hidden(about) => (None, Some(about)),
            _ => return,
        };
        if let Some(about) = about.filter(|about| about.is_new) {
            let place = &about.diagnosis.last;
            self.seen.insert(place.source.clone(), place.line);
            supervisor.offer(Trigger {
                diagnosis: (*about.diagnosis).clone(),
                event: about.number,
                unread_for: about.unread_for,
                came_back: about.came_back,
                logged_as_error: about.logged_as_error,
            });
        }
        if let Some(Event::Run(run)) = event {
            let is_back = match run.action {
                // A run is told behind what was found in it: only one that begins behind that is another.
                RunAction::Began => {
                    self.seen.get(&run.source).is_some_and(|&line| run.run.first_line > line)
                }
                RunAction::Resumed => true,
                RunAction::Ended => false,
            };
            if is_back {
                supervisor.run_began(&run.source);
            }
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
