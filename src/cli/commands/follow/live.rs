//! Following on a terminal: the block of a diagnosis once for each new incident, repeats as a count, and a
//! line that says how things stand, which is drawn only where someone may look at it.

use std::collections::{HashMap, VecDeque};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::analyze::batch::Outcome;
use crate::cli::commands::hook;
use crate::cli::options::ColourChoice;
use crate::cli::output::{self, Sink};
use crate::cli::settings::Settings;
use crate::diagnosis::Diagnosis;
use crate::model::Level;
use crate::report::live::{
    Weight, count_in_words, stall_in_words, write_end, write_found, write_remark,
};
use crate::report::{Event, RunAction, RunEvent, SourceAction, SourceEvent, Style, Update, Volume};

/// Blocks and lines a second: more cannot be read anyway.
const RATE: u32 = 20;

/// Incidents of which repeats are counted; beyond it the counts begin anew.
const INCIDENTS: usize = 10_000;

/// Text on standard output, as it happens.
pub(super) struct Live {
    colour: ColourChoice,
    volume: Volume,
    /// What is watched, in a word.
    what: String,
    /// By source and fingerprint.
    seen: HashMap<(String, String), Seen>,
    bar: Option<ProgressBar>,
    lines: u64,
    counts: [u64; 3],
    /// What was last repeated.
    last: Option<String>,
    /// Prints allowed now, and when that was counted.
    budget: u32,
    counted: Instant,
    /// Not printed, as there was too much.
    left_out: u64,
}

struct Seen {
    count: u64,
    rule: String,
    /// Line and level of the events last told.
    levels: VecDeque<(u64, Level)>,
}

/// Events of an incident whose level is remembered: how the run ends can only be about one of them.
const LEVELS: usize = 32;

impl Live {
    /// For the logs that `paths` name.
    pub(super) fn new(settings: &Settings, paths: &[PathBuf]) -> Live {
        let what = match paths {
            [one] if one.as_os_str() == "-" => "standard input".to_owned(),
            [one] => one.display().to_string(),
            more => format!("{} paths", more.len()),
        };
        let shows = settings.volume > Volume::Quiet && io::stderr().is_terminal();
        let mut live = Live {
            colour: settings.colour,
            volume: settings.volume,
            what: crate::safe::escape::visible(&what).into_owned(),
            seen: HashMap::new(),
            bar: shows.then(bar),
            lines: 0,
            counts: [0; 3],
            last: None,
            budget: RATE,
            counted: Instant::now(),
            left_out: 0,
        };
        live.draw();
        live
    }

    /// Prints something else, which must not tear the status line.
    pub(super) fn aside(&mut self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// So many lines have been read.
    pub(super) fn pulse(&mut self, lines: u64) {
        self.lines = lines;
        self.draw();
    }

    /// Prints an event, or counts it.
    ///
    /// # Errors
    /// Those of standard output.
    pub(super) fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Diagnosis(told) => self.found(&told.diagnosis)?,
            Event::Update(update) => self.update(update)?,
            Event::Run(run) => self.run(run)?,
            Event::Source(source) => self.source(source)?,
            Event::Stall(stall) => self.remark(Weight::Careful, &stall_in_words(stall))?,
            Event::Hook(event) => {
                let volume = self.volume;
                self.aside(|| hook::tell(event, volume));
            }
            Event::Summary(_) => {}
        }
        self.draw();
        Ok(())
    }

    /// Prints what it all came to.
    ///
    /// # Errors
    /// Those of standard output.
    pub(super) fn end(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.budget = RATE;
        self.say_left_out()?;
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        if self.volume == Volume::Quiet {
            return Ok(());
        }
        self.print(|style, out| write_end(&outcome.report, style, out))
    }

    fn found(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        self.counts[diagnosis.level as usize] += 1;
        if self.seen.len() == INCIDENTS {
            self.seen.clear();
        }
        let key = (diagnosis.first.source.clone(), diagnosis.fingerprint.clone());
        let seen = self.seen.entry(key).or_insert_with(|| Seen {
            count: 0,
            rule: diagnosis.rule.clone(),
            levels: VecDeque::new(),
        });
        seen.count += 1;
        if seen.levels.len() == LEVELS {
            seen.levels.pop_front();
        }
        seen.levels.push_back((diagnosis.first.line, diagnosis.level));
        let count = seen.count;
        if count == 1 {
            if !self.may_print()? {
                return Ok(());
            }
            return self.print(|style, out| write_found(diagnosis, style, out));
        }
        self.last = Some(format!("{} {}", diagnosis.rule, count_in_words(count, "time")));
        // Where no count is live, it is told each time it has grown tenfold.
        let is_round = count >= 10 && 10_u64.pow(count.ilog10()) == count;
        if self.bar.is_none() && is_round && self.volume > Volume::Quiet {
            let text = format!("{} for the {count}th time: {}", diagnosis.rule, diagnosis.summary);
            self.remark(Weight::Plain, &text)?;
        }
        Ok(())
    }

    fn update(&mut self, update: &Update) -> io::Result<()> {
        let key = (update.first.source.clone(), update.fingerprint.clone());
        let rule = match self.seen.get_mut(&key) {
            Some(seen) => {
                let line = update.first.line;
                let told = seen.levels.iter_mut().rev().find(|(of, _)| *of == line);
                if let Some((_, level)) = told {
                    let before = std::mem::replace(level, update.level);
                    let count = &mut self.counts[before as usize];
                    *count = count.saturating_sub(1);
                    self.counts[update.level as usize] += 1;
                }
                seen.rule.clone()
            }
            None => "what was told before".to_owned(),
        };
        let place = format!("{}, line {}", update.first.file, update.first.line);
        let (weight, text) = match update.level {
            Level::Fatal => (
                Weight::Bad,
                format!("The bot crashed: {rule} ({place}). {}.", sentence(&update.reason)),
            ),
            _ => (Weight::Plain, format!("{rule} ({place}): {}.", update.reason)),
        };
        self.remark(weight, &text)
    }

    fn run(&mut self, event: &RunEvent) -> io::Result<()> {
        let run = &event.run;
        let text = match event.action {
            RunAction::Began if run.first_line > 1 => {
                format!("{}, line {}: the bot has started.", event.source, run.first_line)
            }
            RunAction::Ended if run.end == "clean" => {
                format!("{}, line {}: the bot has stopped as asked.", event.source, run.last_line)
            }
            // What it ended with has been told.
            _ => return Ok(()),
        };
        if self.volume == Volume::Quiet {
            return Ok(());
        }
        self.remark(Weight::Plain, &text)
    }

    fn source(&mut self, event: &SourceEvent) -> io::Result<()> {
        let name = event.file.as_deref().unwrap_or(&event.source);
        let (weight, text) = match event.action {
            SourceAction::Lost => {
                let much = match (event.lines, event.bytes) {
                    (Some(lines), _) => count_in_words(lines, "line"),
                    (None, Some(bytes)) => count_in_words(bytes, "byte"),
                    (None, None) => "Some lines".to_owned(),
                };
                (Weight::Careful, format!("{name}: {much} gone before they could be read."))
            }
            SourceAction::Truncated => (Weight::Plain, format!("{name} was emptied; reading on.")),
            SourceAction::Returned => (Weight::Plain, format!("{name} is back.")),
            SourceAction::Rotated if self.volume == Volume::Verbose => {
                (Weight::Plain, format!("{name}: a new file; reading on."))
            }
            SourceAction::Opened if self.volume == Volume::Verbose => {
                (Weight::Plain, format!("Watching {name}."))
            }
            SourceAction::Rotated | SourceAction::Opened | SourceAction::Polling => return Ok(()),
        };
        if self.volume == Volume::Quiet && weight == Weight::Plain {
            return Ok(());
        }
        self.remark(weight, &text)
    }

    fn remark(&mut self, weight: Weight, text: &str) -> io::Result<()> {
        if !self.may_print()? {
            return Ok(());
        }
        self.print(|style, out| write_remark(weight, text, style, out))
    }

    /// Whether there is room in this second; else it is counted as left out.
    fn may_print(&mut self) -> io::Result<bool> {
        if self.counted.elapsed() >= Duration::from_secs(1) {
            (self.counted, self.budget) = (Instant::now(), RATE);
            self.say_left_out()?;
        }
        if self.budget == 0 {
            self.left_out += 1;
            return Ok(false);
        }
        self.budget -= 1;
        Ok(true)
    }

    fn say_left_out(&mut self) -> io::Result<()> {
        let left_out = std::mem::take(&mut self.left_out);
        if left_out == 0 {
            return Ok(());
        }
        let text = format!(
            "{} more in the second before; `--format jsonl` tells each.",
            count_in_words(left_out, "thing")
        );
        self.print(|style, out| write_remark(Weight::Careful, &text, style, out))
    }

    fn print(
        &mut self,
        write: impl FnOnce(&Style<'_>, &mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let sink = Sink { file: None, colour: self.colour };
        let style = Style {
            width: sink.width(),
            colour: sink.colour(),
            volume: self.volume,
            ..Style::default()
        };
        let mut page = Vec::new();
        write(&style, &mut page)?;
        let print = || output::print(&page, style.colour);
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn draw(&mut self) {
        let Some(bar) = &self.bar else { return };
        let [warnings, errors, crashes] = self.counts;
        let mut parts = vec![format!("watching {}", self.what), count_in_words(self.lines, "line")];
        for (count, noun) in [(crashes, "crash"), (errors, "error"), (warnings, "warning")] {
            if count > 0 {
                parts.push(count_in_words(count, noun).replace("crashs", "crashes"));
            }
        }
        parts.extend(self.last.clone());
        // A line as wide as the terminal would wrap at the `^C` that the terminal itself writes.
        let room = textwrap::termwidth().saturating_sub(6).max(10);
        let mut text = parts.join(" · ");
        if let Some((end, _)) = text.char_indices().nth(room) {
            text.truncate(end);
            text.push('…');
        }
        bar.set_message(text);
    }
}

/// A reason as a sentence of its own.
fn sentence(reason: &str) -> String {
    let mut chars = reason.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A line at the bottom, on standard error. Nothing moves it but what happens.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}
