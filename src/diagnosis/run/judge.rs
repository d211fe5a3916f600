//! How a run ended, and what explains it.

use super::{Item, Runs, finding_of, line_finding};
use crate::diagnosis::daemon;
use crate::diagnosis::decision::{Cause, Decision, End, LAST_RECORD};
use crate::diagnosis::finding::{Finding, Kind};
use crate::diagnosis::fingerprint;
use crate::diagnosis::incident::{LEAST_OF_A_VERDICT, Mention, SILENT_STOP, TORN_END};
use crate::diagnosis::join;
use crate::diagnosis::tail::{self, Talk};
use crate::event::{passes_over, read_record};
use crate::model::{Pattern, Severity};
use crate::rules::{Effect, MarkKind};
use crate::source::Place;

/// Below this a kill says that it happened and not why.
const SURE_KILL: f64 = 0.7;

/// Below this an end says that it happened and not why.
const SURE_END: f64 = 0.8;

/// Lines that may follow a line that says that the bot ended.
const LINES_BEHIND_EXIT: usize = 10;

/// Lines that may follow a traceback that the interpreter wrote: of other threads, or from a buffer.
const LINES_BEHIND_DEATH: usize = 6;

/// So many records of work behind a traceback, over so many seconds, are those of a bot that goes on: what other threads
/// still say is over sooner.
const SIGNS_OF_LIFE: usize = 3;
const LIFE_BEHIND: f64 = 600.0;

/// A traceback without its last line is explained by an error at most this many lines above it.
const LINES_TO_A_TORN_END: u64 = 6;

/// One line alone, with which a client opens its report (vn.py's `Unhandled WebSocket Error:<class '…'>`, what was sent,
/// what came, then the traceback), explains one that begins less than this many lines below it.
const LINES_TO_A_TORN_REPORT: u64 = 10;

/// A whole traceback, however long, explains one without its last line that begins less than this many lines below it.
const LINES_BEHIND_A_WHOLE: u64 = 3;

/// So many bare lines for each that has a header, and the log is one of printed lines.
const MOSTLY_BARE: usize = 4;

/// Most bare lines that continue a record whose header is a level and no time.
const LINES_OF_A_LEVEL: usize = 24;

/// An exit line means a finding that stands at most this many lines above it.
const EXIT_REACH: u64 = 400;

/// So many lines are more than what a bot says when it starts.
const LINES_OF_A_LIFE: u64 = 50;

/// What stands behind the last sign of life.
#[derive(Debug, Default)]
struct Closing {
    /// Findings, last first.
    found: Vec<Mention>,
    /// The last line that says that the bot ended in failure.
    exit: Option<Finding>,
    goodbye: bool,
    /// Where somebody asked the bot to stop.
    asked: Option<Place>,
    /// Somebody asked it to stop before what was found happened.
    asked_first: bool,
    /// The last error record that no rule is about.
    error: Option<Finding>,
    /// Lines that were passed over behind the end.
    behind: u32,
    /// One event is all that the log says, without a header: somebody copied out what went wrong.
    copied_out: bool,
}

impl Runs<'_> {
    /// How the current run ends if another one `follows` or if nothing more comes, and what explains it.
    /// Changes nothing: a log that is only quiet for now may be judged as often as one likes.
    pub fn decide(&self, follows: bool, stopped: bool) -> Decision {
        let closing = self.closing();
        let Closing { found, exit, goodbye, asked, asked_first, error, behind, copied_out } =
            closing;
        // Someone killed it, and the log shows who.
        let killed = found.iter().find(|mention| mention.effect == Effect::Killed);
        let died = found.iter().find(|mention| mention.kind == Kind::Died);
        if let Some(killed) = killed {
            let is_sure = self.rules().rules[killed.rule].pattern == Pattern::Memory;
            // Who hangs is killed as well: the kill alone speaks of memory only where nothing else does.
            let is_other = |mention: &Mention| {
                mention.pid.zip(killed.pid).is_some_and(|(one, other)| one != other)
            };
            let hung = found.iter().find(|mention| {
                mention.effect == Effect::Killed
                    && mention.confidence > killed.confidence
                    && !is_other(mention)
                    && self.rules().rules[mention.rule].pattern == Pattern::System
            });
            if let Some(hung) = hung
                && killed.confidence < SURE_KILL
            {
                return Decision::explained(End::Killed, hung, 1.0, false);
            }
            // It ended by way of what it was asked to do.
            let is_asked = asked_first && died.is_none_or(|died| self.is_stop(died));
            match died {
                _ if is_sure => return Decision::explained(End::Killed, killed, 1.0, false),
                _ if is_asked => return Decision::plain(End::Clean),
                Some(died) => return Decision::explained(End::Crash, died, 1.0, false),
                None => return Decision::explained(End::Killed, killed, 1.0, false),
            }
        }
        if let Some(died) = died {
            if asked_first && self.is_stop(died) {
                return Decision::plain(End::Clean);
            }
            let surest = if behind > 0 || died.torn { LAST_RECORD } else { 1.0 };
            return Decision::explained(End::Crash, &self.told(died), surest, false);
        }
        let ended = found.iter().find(|mention| ended_surely(mention));
        if let Some(ended) = ended {
            return Decision::explained(End::Crash, ended, 1.0, false);
        }
        if let Some(exit) = exit {
            if let Some(cause) = self.cause_of_exit(&found, &exit) {
                return Decision::explained(End::Crash, &self.told(&cause), 1.0, false);
            }
            if asked.is_none() {
                return Decision::unexplained(End::Crash, "other/exited", exit);
            }
        }
        let is_request = |mention: &Mention| Some(mention.place) == asked;
        if asked.is_some() && (asked_first || found.iter().all(is_request)) {
            return Decision::plain(End::Clean);
        }
        // A logged traceback or an error record that stands last.
        // Every program of a machine ends with an error now and then, and mostly goes on; so do servers.
        let of_daemon = self.of_machine || self.ends_with_daemon();
        let counts = |mention: &&Mention| !of_daemon || mention.kind != Kind::Record;
        if let Some(last) = found.iter().filter(counts).find(|mention| tail::is_ending(mention)) {
            return Decision::explained(End::Crash, &self.told(last), LAST_RECORD, true);
        }
        if goodbye && !error.as_ref().is_some_and(is_fatal) {
            return Decision::plain(End::Clean);
        }
        if let Some(error) = error.filter(|_| !of_daemon) {
            // What the error record says may be what an earlier line told in full.
            if let Some(near) = found.first() {
                return Decision::explained(End::Crash, near, LAST_RECORD, true);
            }
            return Decision::unexplained(End::Crash, "other/logged-error", error);
        }
        let tells = |mention: &&Mention| {
            mention.confidence >= LEAST_OF_A_VERDICT
                && self.rules().rules[mention.rule].pattern != Pattern::Other
        };
        if copied_out && let Some(last) = found.iter().find(tells) {
            return Decision::explained(End::Crash, last, LAST_RECORD, true);
        }
        let end = if follows || stopped { End::Silent } else { End::Open };
        match (self.tail.back(), &self.grew) {
            (Some(_), Some(grew)) if stopped => Decision::explained(end, grew, LAST_RECORD, true),
            (Some(item), None) if stopped => {
                let mut finding = finding_of(item);
                let Item::Line { place, bytes } = item else {
                    return Decision::unexplained(end, SILENT_STOP, finding);
                };
                if !self.is_torn() {
                    return Decision::unexplained(end, SILENT_STOP, finding);
                }
                // Of a torn line its message may be missing.
                finding.evidence = vec![join::line(*place, &String::from_utf8_lossy(bytes))];
                Decision::unexplained(end, TORN_END, finding)
            }
            _ => Decision::plain(end),
        }
    }

    /// Tells that the run stopped without a word, where `next` shows that it did: it is the start with which
    /// this run began as well, or this run was more than a start. Where its last line was cut in half, it was
    /// killed.
    pub(super) fn note_silence(&mut self, next: &Finding) {
        let lines = next.place.line.saturating_sub(self.first_line.unwrap_or(next.place.line));
        let glued = self.glued(next);
        let is_restart = glued.is_some() || fingerprint::normalised(&next.message) == self.opened;
        if !is_restart && lines < LINES_OF_A_LIFE {
            return;
        }
        let is_torn = glued.is_some() || self.is_torn();
        let Some(mut last) = self.tail.back().map(finding_of) else { return };
        if let Some(Item::Line { place, bytes }) = self.tail.back().filter(|_| is_torn) {
            last.evidence = vec![join::line(*place, &String::from_utf8_lossy(bytes))];
        }
        last.evidence.extend(glued);
        let stamp = last.stamp.clone().or_else(|| self.latest.clone());
        let rules = self.rules();
        let is_torn = is_torn && rules.position(TORN_END).is_some();
        let rule = if is_torn { TORN_END } else { SILENT_STOP };
        self.incidents.add_silence(rules, rule, &last, stamp);
    }

    /// Makes a decision the truth: the explaining incident becomes fatal. Comes back with it.
    pub(super) fn apply(&mut self, decision: &Decision) -> Option<usize> {
        let cause = decision.cause.as_ref()?;
        let (incident, follows) = match cause {
            Cause::Found { mention, .. } => (mention.incident, mention.follows),
            Cause::Unexplained { rule, finding } => {
                let stamp = finding.stamp.clone().or_else(|| self.latest.clone());
                let rules = self.rules();
                let mention = self.incidents.add_end(rules, rule, finding, stamp)?;
                (mention.incident, mention.follows)
            }
        };
        let (rules, surest) = (self.rules(), cause.surest());
        Some(self.incidents.end_run(rules, incident, follows, surest, cause.ends_log()))
    }

    /// What stands behind the last sign of life, last first.
    ///
    /// A few lines may follow an end all the same: a supervisor's, those of other threads, what was still
    /// in a buffer. They are passed over behind a line that says that the bot ended, and behind a
    /// traceback that the interpreter wrote.
    fn closing(&self) -> Closing {
        let mut closing = Closing::default();
        let headed = self.is_headed();
        let excused = self.excused();
        for (at, item) in self.tail.iter().enumerate().rev() {
            match item {
                Item::Found { mention, marks, finding } => {
                    self.mark_closing(&mut closing, marks, finding);
                    closing.found.push(mention.clone());
                }
                Item::Marked { marks, finding } => {
                    self.mark_closing(&mut closing, marks, finding);
                    if !self.is_quiet(marks) {
                        return closing;
                    }
                }
                Item::Line { place, bytes } => {
                    let record = read_record(bytes);
                    let stamp = record.stamp.as_ref().map(|stamp| stamp.civil);
                    if self.until.is_some_and(|until| stamp.is_some_and(|stamp| stamp > until)) {
                        continue;
                    }
                    // A bare line continues the record above it, but for one that says that the bot goes on.
                    if headed && !record.begins {
                        if passes_over(&record.message) && at > excused {
                            closing.behind += 1;
                        } else if passes_over(&record.message) {
                            return closing;
                        }
                        continue;
                    }
                    match tail::talk(&record) {
                        Talk::Shutdown => {}
                        // What is printed below it without a header of its own belongs to it.
                        Talk::Error
                            if closing.error.is_none()
                                && closing
                                    .found
                                    .iter()
                                    .all(|mention| mention.severity.is_none()) =>
                        {
                            closing.error = Some(line_finding(*place, &record));
                        }
                        Talk::Error => {}
                        Talk::Life if at > excused => closing.behind += 1,
                        Talk::Life => return closing,
                    }
                }
            }
        }
        closing.copied_out = self.is_copied_out();
        closing
    }

    /// Whether one event without a header is all that the log says, from its first byte on, and does not say that the
    /// bot goes on. Of several each one shows that the bot went on behind the one before.
    fn is_copied_out(&self) -> bool {
        let mut items = self.tail.iter();
        let (Some(Item::Found { mention, marks, finding }), None) = (items.next(), items.next())
        else {
            return false;
        };
        finding.place.byte == 0
            && mention.severity.is_none()
            && finding.stamp.is_none()
            && marks.is_empty()
            && !tail::goes_on(&finding.message)
    }

    /// Whether the records of the log have headers, so that a bare line continues the one above it. Not where most
    /// lines are bare: then they are printed, and a header here and there is one word among them.
    fn is_headed(&self) -> bool {
        let begins = |item: &Item| match item {
            Item::Line { bytes, .. } => read_record(bytes).begins,
            Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                finding.severity.is_some()
            }
        };
        // What stands behind the last header may be its own, however long; a level alone has no such train.
        let Some(last) = self.tail.iter().rposition(begins) else { return false };
        if self.tail.len() - last > LINES_OF_A_LEVEL && self.tail[last].stamp().is_none() {
            return false;
        }
        let before = self.tail.iter().take(last);
        // What a tab begins is a part of something longer, such as a stack of addresses.
        let is_printed = |item: &Item| matches!(item, Item::Line { bytes, .. } if !matches!(bytes.first(), Some(b'\t' | b'\n' | b'\r')));
        let bare = before.clone().filter(|item| is_printed(item) && !begins(item)).count();
        bare < MOSTLY_BARE * (1 + before.filter(|item| begins(item)).count())
    }

    /// Index in the tail of the last end behind which few enough lines stand; past the tail where there
    /// is none.
    fn excused(&self) -> usize {
        let mut lines = 0;
        for (at, item) in self.tail.iter().enumerate().rev() {
            match item {
                Item::Line { .. } => lines += 1,
                Item::Found { mention, .. }
                    if mention.kind == Kind::Died && lines <= LINES_BEHIND_DEATH =>
                {
                    if self.lives_behind(at) {
                        break;
                    }
                    return at;
                }
                Item::Found { mention, .. }
                    if ended_surely(mention) && lines <= LINES_BEHIND_EXIT =>
                {
                    return at;
                }
                Item::Found { marks, .. } | Item::Marked { marks, .. } => {
                    if self.has_mark(marks, MarkKind::Start) {
                        break;
                    }
                    if self.has_mark(marks, MarkKind::Exit) && lines <= LINES_BEHIND_EXIT {
                        return at;
                    }
                    // What logs a traceback of its own is alive.
                    let logs = |mention: &Mention| mention.kind == Kind::Logged && !mention.torn;
                    if lines > 0 && matches!(item, Item::Found { mention, .. } if logs(mention)) {
                        break;
                    }
                }
            }
        }
        self.tail.len()
    }

    /// Whether the bot goes about its work behind the tail's item `at` for longer than a process that died can.
    fn lives_behind(&self, at: usize) -> bool {
        let lives = |item: &Item| {
            let Item::Line { bytes, .. } = item else { return None };
            let record = read_record(bytes);
            let is_life = matches!(tail::talk(&record), Talk::Life);
            record.stamp.filter(|stamp| is_life && stamp.has_date).map(|stamp| stamp.seconds())
        };
        let times: Vec<f64> = self.tail.iter().skip(at + 1).filter_map(lives).collect();
        times.len() >= SIGNS_OF_LIFE && times[times.len() - 1] - times[0] >= LIFE_BEHIND
    }

    /// Whether the last lines tell of a process that ended.
    pub(super) fn has_just_ended(&self) -> bool {
        self.tail.iter().rev().take(LINES_BEHIND_DEATH).any(|item| match item {
            Item::Found { mention, marks, .. } => {
                mention.effect != Effect::Symptom || self.has_mark(marks, MarkKind::Exit)
            }
            Item::Marked { marks, .. } => self.has_mark(marks, MarkKind::Exit),
            Item::Line { .. } => false,
        })
    }

    /// Whether the last record of all is a daemon's or a server's, and no bot's.
    fn ends_with_daemon(&self) -> bool {
        let said = self.tail.iter().rev().find_map(|item| match item {
            Item::Line { bytes, .. } => daemon::wrote(bytes),
            Item::Found { finding, .. } | Item::Marked { finding, .. } => {
                finding.evidence.first().and_then(|line| daemon::wrote(line.text.as_bytes()))
            }
        });
        said.unwrap_or_default()
    }

    /// Marks that are no sign of life.
    fn is_quiet(&self, marks: &[usize]) -> bool {
        marks.iter().any(|&at| {
            let kind = self.matcher.rules.marks[at].kind;
            !matches!(kind, MarkKind::Start | MarkKind::Restart | MarkKind::SetUp)
        })
    }

    fn mark_closing(&self, closing: &mut Closing, marks: &[usize], finding: &Finding) {
        for &at in marks {
            match self.matcher.rules.marks[at].kind {
                MarkKind::Exit if closing.exit.is_none() => closing.exit = Some(finding.clone()),
                MarkKind::Goodbye => closing.goodbye = true,
                MarkKind::StopRequest => {
                    closing.asked = Some(finding.place);
                    closing.asked_first |= !closing.found.is_empty();
                }
                _ => {}
            }
        }
    }

    /// The finding that an exit line means: what stands right before it, else the last thing that
    /// nothing handled, else the last that was in trouble.
    fn cause_of_exit(&self, found: &[Mention], exit: &Finding) -> Option<Mention> {
        let in_reach =
            |mention: &&Mention| exit.place.line.saturating_sub(mention.place.line) <= EXIT_REACH;
        let known = |mention: &&Mention| self.rules().rules[mention.rule].pattern != Pattern::Other;
        let sure = |mention: &&Mention| mention.confidence >= LEAST_OF_A_VERDICT;
        let unhandled = |mention: &&Mention| mention.kind.is_unhandled();
        found
            .iter()
            .filter(unhandled)
            .find(known)
            .or_else(|| found.iter().find(unhandled))
            .or_else(|| found.iter().filter(sure).find(known))
            .or_else(|| found.iter().find(sure))
            .or_else(|| {
                let mut recent = self.remembered.iter().rev().filter(in_reach);
                recent.find(|mention| mention.kind.is_unhandled())
            })
            .or_else(|| {
                let near =
                    |mention: &&Mention| exit.place.line.saturating_sub(mention.place.line) <= 40;
                self.remembered.iter().rev().find(near)
            })
            .cloned()
    }

    /// What tells the cause of an end: the finding itself, or, where that is a traceback without its last
    /// line, an error right above it that a rule knows, else a whole traceback from the same place in the
    /// bot's code. Of one that was cut before it came to the bot's code, the last whole one tells most.
    fn told(&self, end: &Mention) -> Mention {
        let tells = |mention: &&Mention| {
            let (line, last_line) = (mention.place.line, mention.last_line.max(mention.place.line));
            let reach = if last_line > line { LINES_TO_A_TORN_END } else { LINES_TO_A_TORN_REPORT };
            let near = (line + reach).max(last_line + LINES_BEHIND_A_WHOLE);
            (line + 1..near).contains(&end.place.line)
                && mention.confidence >= LEAST_OF_A_VERDICT
                && mention.severity.is_none_or(|severity| severity >= Severity::Error)
                && self.rules().rules[mention.rule].pattern != Pattern::Other
        };
        if !end.torn {
            return end.clone();
        }
        let whole = |mention: &&Mention| {
            !mention.torn
                && mention.kind.is_unhandled()
                && mention.place.line < end.place.line
                && (end.frame.is_none() || mention.frame == end.frame)
        };
        let mut recent = self.remembered.iter().rev();
        let above = recent.clone().find(tells).or_else(|| recent.find(whole));
        above.unwrap_or(end).clone()
    }

    /// `KeyboardInterrupt`, `CancelledError` and the like after a request to stop.
    fn is_stop(&self, mention: &Mention) -> bool {
        matches!(self.rules().rules[mention.rule].pattern, Pattern::System | Pattern::Other)
    }
}

/// Whether a shell, a kernel or a supervisor says that the process ended, and of what.
fn ended_surely(mention: &Mention) -> bool {
    mention.effect == Effect::Exited && mention.confidence >= SURE_END
}

/// Whether an error record says that the bot cannot go on.
fn is_fatal(error: &Finding) -> bool {
    error.severity.is_some_and(|severity| severity > Severity::Error)
        || tail::says_fatal(&error.message)
}
