//! What is told of a source: each event once, and what becomes of it and of the runs.

use super::followed::{Followed, Look, Opening, Why};
use super::told::{ToldEnd, ToldEvent, cause_place};
use super::{About, Desk, Said};
use crate::analyze::stream::{Found, News};
use crate::diagnosis::{Cause, Diagnosis, End, Ended, Kind, Names, Whole, alone};
use crate::event::Stamp;
use crate::model::{Level, Severity};
use crate::report::{self, Event, RunAction, RunEvent, RunReport, Update};
use crate::rules::MarkKind;
use crate::safe::escape::visible;
use crate::source::Place;

impl<'r> Followed<'r> {
    /// Tells news in order. `began` is, for each lane, the run that goes on behind them: a run is said to
    /// have begun before anything is told of it.
    pub(super) fn hear(
        &mut self,
        heard: Vec<News>,
        began: Vec<(u64, Option<Opening>)>,
        look: Look,
        desk: &mut Desk<'_, 'r>,
    ) {
        for (lane, now) in began.iter().enumerate() {
            let ended = heard.iter().find_map(|news| match news {
                News::Ended { lane: of, ended } if *of == lane => {
                    Some((ended.number, Some((ended.run.first_line, ended.run.started.clone()))))
                }
                _ => None,
            });
            self.tell_begun(lane, ended.unwrap_or_else(|| now.clone()), desk);
        }
        for news in heard {
            match news {
                News::Ended { lane, ended } => {
                    self.run_ended(lane, &ended, Why::Next, desk);
                    let number = ended.number + 1;
                    let next = began.get(lane).filter(|(now, _)| *now == number).cloned();
                    let behind = (number, Some((ended.run.last_line + 1, None)));
                    self.tell_begun(lane, next.unwrap_or(behind), desk);
                }
                News::Found(found) => self.found(*found, look, desk),
                News::Whole { lane, run, whole } => self.whole((lane, run), *whole, desk),
            }
        }
    }

    pub(super) fn found(&mut self, found: Found, look: Look, desk: &mut Desk<'_, 'r>) {
        let place = found.finding.place;
        let Some(file) = self.files.get_mut(place.file) else { return };
        if place.byte < file.before {
            return;
        }
        if file.told.contains(&place.byte) {
            if matches!(look, Look::Settled | Look::Long) {
                self.compare(&found, look, desk);
            }
            return;
        }
        let is_traceback = found.finding.kind != Kind::Record;
        let waits = match look {
            Look::Settled | Look::Long => false,
            Look::Short => found.open && is_traceback,
        };
        if waits {
            return;
        }
        file.told.insert(place.byte);
        file.last_told = file.last_told.max(place.byte + 1);
        let exits = |&at: &usize| desk.matcher.rules.marks[at].kind == MarkKind::Exit;
        if found.finding.marks.iter().any(exits) {
            self.timing.exits();
        }
        if found.incident {
            self.tell(found, None, look != Look::Settled, desk);
        }
    }

    /// Tells what several events show together: once in a run.
    pub(super) fn whole(&mut self, run: (usize, u64), whole: Whole, desk: &mut Desk<'_, 'r>) {
        let place = whole.place();
        let fingerprint = whole.fingerprint();
        let is_new = match whole.is_silence(desk.matcher.rules) {
            // Each is told, and not only that there are some.
            true => {
                let each = format!("{fingerprint} {}:{}", place.file, place.line);
                self.told.comes_about(run, &each)
            }
            false => self.told.comes_about(run, fingerprint),
        };
        if self.was_told_before(place) || !is_new {
            return;
        }
        let source = self.name_of(run.0);
        let names = Names { source: &source, files: &self.names, redactor: desk.redactor };
        let diagnosis = Box::new(whole.into_diagnosis(desk.matcher.rules, &names));
        *desk.number += 1;
        let number = *desk.number;
        let about = self.about(number, diagnosis.clone(), place, false);
        self.announce(diagnosis, about, place, desk);
    }

    /// Tells a diagnosis that is new; comes back with whether it was shown.
    fn announce(
        &self,
        diagnosis: Box<Diagnosis>,
        about: About,
        place: Place,
        desk: &mut Desk<'_, 'r>,
    ) -> bool {
        let patterns = &desk.options.batch.patterns;
        if !patterns.is_empty() && !patterns.contains(&diagnosis.pattern) {
            return false;
        }
        let shown = diagnosis.level >= desk.options.level;
        let replayed = self.is_replayed(place);
        desk.said.push(if shown {
            let event = Event::Diagnosis(report::Told { diagnosis, replayed });
            Said::Event { event, about: Some(about) }
        } else {
            Said::Hidden(about)
        });
        shown
    }

    /// Tells an event; comes back with whether it was shown.
    pub(super) fn tell(
        &mut self,
        found: Found,
        ending: Option<&Cause>,
        provisional: bool,
        desk: &mut Desk<'_, 'r>,
    ) -> bool {
        let Found { lane, finding, stamp, behind, .. } = found;
        let source = self.name_of(lane);
        let names = Names { source: &source, files: &self.names, redactor: desk.redactor };
        let diagnosis = alone(desk.matcher.rules, &finding, stamp.clone(), ending, &names);
        let Some(mut diagnosis) = diagnosis else { return false };
        if let Some((began, rule)) = behind {
            let title = &desk.matcher.rules.rules[rule].title;
            let behind = format!(" It followed from what began at line {}: {title}.", began.line);
            diagnosis.summary.push_str(&behind);
        }
        *desk.number += 1;
        let number = *desk.number;
        let patterns = &desk.options.batch.patterns;
        let wanted = patterns.is_empty() || patterns.contains(&diagnosis.pattern);
        let shown = wanted && diagnosis.level >= desk.options.level;
        let place = finding.place;
        let logged_as_error = finding.severity.is_some_and(|severity| severity >= Severity::Error);
        self.told.add(ToldEvent {
            number,
            place,
            fingerprint: diagnosis.fingerprint.clone(),
            found: diagnosis.level,
            level: diagnosis.level,
            shown,
            provisional,
            finding: Box::new(finding),
            stamp,
            source,
            ending: ending.cloned().filter(|cause| matches!(cause, Cause::Unexplained { .. })),
        });
        let diagnosis = Box::new(diagnosis);
        let about = self.about(number, diagnosis.clone(), place, false);
        self.announce(diagnosis, About { logged_as_error, ..about }, place, desk)
    }

    /// An event that was told before it was whole: there may be more of it now.
    pub(super) fn compare(&mut self, found: &Found, look: Look, desk: &mut Desk<'_, 'r>) {
        let Some(event) = self.told.event(found.finding.place) else { return };
        let source = event.source.clone();
        let names = Names { source: &source, files: &self.names, redactor: desk.redactor };
        // A traceback that came later than the record above it is told as an event of its own.
        let is_apart = event.finding.kind == Kind::Record && found.finding.kind != Kind::Record;
        if !event.provisional || is_apart {
            return;
        }
        event.provisional = look != Look::Settled;
        let stamp = found.stamp.clone();
        let now = alone(desk.matcher.rules, &found.finding, stamp, None, &names);
        let Some(now) = now else { return };
        if now.fingerprint == event.fingerprint && now.level == event.found {
            return;
        }
        event.fingerprint.clone_from(&now.fingerprint);
        event.found = now.level;
        event.level = event.level.max(now.level);
        *event.finding = found.finding.clone();
        let (number, level, place) = (event.number, event.level, event.place);
        let (was_shown, shown) = (event.shown, event.shown || level >= desk.options.level);
        let patterns = &desk.options.batch.patterns;
        if !patterns.is_empty() && !patterns.contains(&now.pattern) {
            return;
        }
        event.shown = shown;
        let diagnosis = Box::new(now);
        let about = self.about(number, diagnosis.clone(), place, false);
        let event = if was_shown {
            Event::Update(Update {
                fingerprint: diagnosis.fingerprint.clone(),
                first: diagnosis.first.clone(),
                level,
                reason: format!("more of it has come: {}", diagnosis.title),
            })
        } else {
            Event::Diagnosis(report::Told { diagnosis, replayed: self.is_replayed(place) })
        };
        desk.said.push(if shown {
            Said::Event { event, about: Some(about) }
        } else {
            Said::Hidden(about)
        });
    }

    /// A run has ended, or seems to.
    pub(super) fn run_ended(
        &mut self,
        lane: usize,
        ended: &Ended,
        why: Why,
        desk: &mut Desk<'_, 'r>,
    ) {
        let decision = &ended.decision;
        let run = (lane, ended.number);
        // What it followed from is to blame, where that is remembered.
        let root = ended.root.map(|(place, _)| place);
        let root = root.filter(|&place| self.told.event(place).is_some());
        let cause = root.or(cause_place(decision));
        let supposed = why == Why::Quiet;
        if decision.end == End::Open {
            let Some(end) = self.told.end(run).map(|end| end.clone()) else { return };
            self.told.forget_end(run);
            if let Some(place) = end.cause {
                self.lighten(place, desk);
            }
            self.tell_run(RunAction::Resumed, lane, ended, desk);
            return;
        }
        if let Some(end) = self.told.end(run)
            && end.end == decision.end
            && end.cause == cause
        {
            end.supposed &= supposed;
            return;
        }
        let is_silent = cause.is_some_and(|place| self.was_told_before(place));
        self.told.set_end(ToldEnd { run, end: decision.end, cause, supposed });
        if is_silent {
            return;
        }
        if let Some(cause) = &decision.cause {
            self.blame(lane, (cause, root), why, desk);
        }
        self.tell_run(RunAction::Ended, lane, ended, desk);
    }

    /// What ended a run is fatal: the event at `root`, where what ended it followed from that.
    fn blame(
        &mut self,
        lane: usize,
        (cause, root): (&Cause, Option<Place>),
        why: Why,
        desk: &mut Desk<'_, 'r>,
    ) {
        let with = if root.is_some() { "what followed from it" } else { "it" };
        let reason = match why {
            Why::Next => format!("the next run has begun: the one before ended with {with}"),
            Why::Quiet => format!("nothing more has come: the run has ended with {with}"),
            Why::Over => format!("the input has ended: the run has ended with {with}"),
        };
        let rules = desk.matcher.rules;
        let event = match root {
            Some(place) => self.told.event(place),
            None => self.told.blamed(cause),
        };
        let Some(event) = event else {
            if let Cause::Unexplained { finding, .. } = cause {
                let found = Found {
                    lane,
                    finding: (**finding).clone(),
                    stamp: finding.stamp.clone(),
                    incident: true,
                    behind: None,
                    open: false,
                };
                self.tell(found, Some(cause), false, desk);
            }
            return;
        };
        if event.level == Level::Fatal {
            return;
        }
        event.level = Level::Fatal;
        let source = event.source.clone();
        let names = Names { source: &source, files: &self.names, redactor: desk.redactor };
        let ending = Some(cause);
        let diagnosis = alone(rules, &event.finding, event.stamp.clone(), ending, &names);
        let Some(diagnosis) = diagnosis.map(Box::new) else { return };
        let patterns = &desk.options.batch.patterns;
        if !patterns.is_empty() && !patterns.contains(&diagnosis.pattern) {
            return;
        }
        let (number, place) = (event.number, event.place);
        let shown = std::mem::replace(&mut event.shown, true);
        let about = self.about(number, diagnosis.clone(), place, why == Why::Next);
        let event = if shown {
            Event::Update(Update {
                fingerprint: diagnosis.fingerprint.clone(),
                first: diagnosis.first.clone(),
                level: Level::Fatal,
                reason,
            })
        } else {
            Event::Diagnosis(report::Told { diagnosis, replayed: self.is_replayed(place) })
        };
        desk.said.push(Said::Event { event, about: Some(about) });
    }

    /// What was said to have ended a run has not.
    pub(super) fn lighten(&mut self, place: Place, desk: &mut Desk<'_, 'r>) {
        let Some(event) = self.told.event(place) else { return };
        if event.level == event.found || event.ending.is_some() {
            return;
        }
        event.level = event.found;
        let source = event.source.clone();
        let names = Names { source: &source, files: &self.names, redactor: desk.redactor };
        let rules = desk.matcher.rules;
        let diagnosis = alone(rules, &event.finding, event.stamp.clone(), None, &names);
        let Some(diagnosis) = diagnosis.filter(|_| event.shown).map(Box::new) else { return };
        let (number, level) = (event.number, event.level);
        let update = Update {
            fingerprint: diagnosis.fingerprint.clone(),
            first: diagnosis.first.clone(),
            level,
            reason: "the log goes on: the run has not ended with it".to_owned(),
        };
        let about = self.about(number, diagnosis, place, true);
        desk.said.push(Said::Event { event: Event::Update(update), about: Some(about) });
    }

    pub(super) fn tell_run(
        &self,
        action: RunAction,
        lane: usize,
        ended: &Ended,
        desk: &mut Desk<'_, 'r>,
    ) {
        let rule = match &ended.decision.cause {
            Some(Cause::Found { mention, .. }) => {
                let rule = ended.root.map_or(mention.rule, |(_, rule)| rule);
                Some(desk.matcher.rules.rules[rule].id.clone())
            }
            Some(Cause::Unexplained { rule, .. }) => Some((*rule).to_owned()),
            None => None,
        };
        let time = |stamp: &Option<Stamp>| stamp.as_ref().and_then(Stamp::iso);
        let run = RunReport {
            first_line: ended.run.first_line,
            last_line: ended.run.last_line,
            started: time(&ended.run.started),
            ended: time(&ended.run.ended),
            end: ended.decision.end.id().to_owned(),
            rule,
        };
        let source = visible(&self.name_of(lane)).into_owned();
        desk.event(Event::Run(RunEvent { action, source, run }));
    }

    /// Says that a run has begun, where that is new.
    pub(super) fn tell_begun(
        &mut self,
        lane: usize,
        (number, opening): (u64, Option<Opening>),
        desk: &mut Desk<'_, 'r>,
    ) {
        if let Some(opening) = opening
            && self.told.begins((lane, number))
        {
            self.tell_beginning(lane, opening, desk);
        }
    }

    pub(super) fn tell_beginning(
        &self,
        lane: usize,
        (first_line, started): Opening,
        desk: &mut Desk<'_, 'r>,
    ) {
        let started = started.as_ref().and_then(Stamp::iso);
        let run = RunReport {
            first_line,
            last_line: first_line,
            started,
            ended: None,
            end: End::Open.id().to_owned(),
            rule: None,
        };
        let source = visible(&self.name_of(lane)).into_owned();
        desk.event(Event::Run(RunEvent { action: RunAction::Began, source, run }));
    }

    pub(super) fn about(
        &self,
        number: u64,
        diagnosis: Box<Diagnosis>,
        place: Place,
        came_back: bool,
    ) -> About {
        let file = self.files.get(place.file);
        let is_new = file.is_some_and(|file| place.byte >= file.backlog);
        let unread_for = file
            .and_then(|file| file.written)
            .and_then(|(written, seen)| seen.duration_since(written).ok())
            .unwrap_or_default();
        About { number, diagnosis, is_new, unread_for, came_back, logged_as_error: false }
    }

    pub(super) fn is_replayed(&self, place: Place) -> bool {
        self.files.get(place.file).is_some_and(|file| place.byte < file.replayed)
    }

    /// Whether what begins at `place` was told by an earlier process, and so not by this one.
    pub(super) fn was_told_before(&self, place: Place) -> bool {
        self.files.get(place.file).is_some_and(|file| place.byte < file.before)
    }

    /// What a report calls a lane.
    pub(super) fn name_of(&self, lane: usize) -> String {
        match self.voice().service(lane) {
            Some(service) => format!("{}:{service}", self.name),
            None => self.name.clone(),
        }
    }

    pub(super) fn safe_name(&self) -> String {
        visible(&self.name).into_owned()
    }
}
