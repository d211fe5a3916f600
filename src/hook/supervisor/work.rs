//! What the thread does: one step after the other, never waiting for a command.

mod begin;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::run::{Run, Stage, Why};
use super::{Ending, Inbox, Mail, Offer, Wish};
use crate::diagnosis::Diagnosis;
use crate::hook::ledger::{Ledger, Page};
use crate::hook::policy::{Key, Note, Policy};
use crate::hook::process::Exit;
use crate::hook::record::{Moment, Outcome, QUIET, words};
use crate::hook::words::{Values, quoted, wants};
use crate::hook::{Hook, HookOptions, requirements};
use crate::model::{Clock, Fnv};
use crate::report::{HookAction, HookEvent};
use crate::safe::escape::visible;
use crate::safe::limits::HOOK_OFFERS;
use crate::safe::redact::Redactor;

/// How long to wait where another program acts on the same log.
const BUSY: Duration = Duration::from_millis(250);

/// How often it is written down that an incident goes on.
const SAVE_EVERY: Duration = Duration::from_secs(30);

/// The exit status that says that trying again is no use.
const PERMANENT: i32 = 125;

pub(super) struct Work {
    options: Arc<HookOptions>,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox>,
    tell: Box<dyn FnMut(HookEvent) + Send>,
    redactor: Redactor,
    policy: Policy,
    /// Where attempts are remembered, or why they cannot be.
    ledger: Result<Ledger, String>,
    /// Time of day when the program's own clock stood at zero.
    zero: Duration,
    /// What the next run of an incident is about.
    cases: BTreeMap<Key, Case>,
    run: Option<Run>,
    /// Reasons that were told, and when the incident last gave one.
    told: BTreeMap<(Key, String), Moment>,
    wish: Option<Wish>,
    failed: bool,
}

#[derive(Clone)]
struct Case {
    diagnosis: Arc<Diagnosis>,
    values: Values,
}

impl Work {
    pub(super) fn new(
        options: Arc<HookOptions>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox>,
        tell: Box<dyn FnMut(HookEvent) + Send>,
    ) -> Work {
        let since_1970 =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let zero = since_1970(clock.wall()).saturating_sub(clock.elapsed());
        let paces = options.hooks.iter().map(Hook::pace).map(|mut pace| {
            if options.once {
                pace.settle = Duration::ZERO;
            }
            pace
        });
        let mut seed = Fnv::new();
        seed.add(&format!("{} {zero:?}", std::process::id()));
        let only_dry = options.hooks.iter().all(|hook| hook.dry_run);
        let ledger = if only_dry {
            Err("nothing is remembered of a dry run".to_owned())
        } else {
            Ledger::open(options.state.as_deref())
        };
        let mut work = Work {
            policy: Policy::new(paces.collect(), seed.value()),
            redactor: Redactor::new(options.redact),
            options,
            clock,
            inbox,
            tell,
            ledger,
            zero,
            cases: BTreeMap::new(),
            run: None,
            told: BTreeMap::new(),
            wish: None,
            failed: false,
        };
        if let Err(why) = &work.ledger
            && !only_dry
        {
            let reason = format!("no hook runs: {why}");
            work.failed = true;
            work.tell_of_all(HookAction::Suppressed, reason);
        }
        work
    }

    /// Tells what is so for every incident.
    fn tell_of_all(&mut self, action: HookAction, reason: String) {
        (self.tell)(HookEvent {
            action,
            hook: None,
            source: None,
            rule: None,
            fingerprint: None,
            reason: Some(visible(&reason).into_owned()),
            attempt: None,
            exit: None,
            output: None,
        });
    }

    fn now(&self) -> Moment {
        Moment::default().after(self.zero + self.clock.elapsed())
    }

    /// Works until it is told to end.
    pub(super) fn run(mut self) -> Ending {
        loop {
            let mail = self.inbox.take(self.patience());
            self.read(mail);
            self.attend_process();
            self.begin_runs();
            self.look_after_records();
            let idle = self.run.is_none() && !self.policy.is_waiting();
            match self.wish {
                Some(Wish::Stop) if self.run.is_none() => break,
                Some(Wish::Finish) if idle => break,
                _ => {}
            }
        }
        Ending { failed: self.failed }
    }

    /// How long there is nothing to do unless something comes.
    fn patience(&self) -> Option<Duration> {
        let deadline = self.run.as_ref().and_then(|run| match run.stage {
            Stage::Going { until } | Stage::Asked { until, .. } => Some(until),
            Stage::Killed { .. } => None,
        });
        let next = [deadline, self.policy.next()].into_iter().flatten().min()?;
        // A little late rather than a little early and once more.
        Some(next.since(self.now()) + Duration::from_millis(1))
    }

    fn read(&mut self, mail: Mail) {
        let now = self.now();
        if mail.anew {
            self.count_anew(now);
        }
        for offer in mail.offers {
            self.consider(now, offer);
        }
        if mail.lost > 0 {
            let reason =
                format!("{} events of too many incidents at once are not acted on", mail.lost);
            self.tell_of_all(HookAction::Suppressed, reason);
        }
        for source in mail.came_back {
            let notes = self.policy.came_back(now, &source);
            self.tell_all(notes);
        }
        if mail.exited {
            self.command_ended();
        }
        if let Some(wish) = mail.wish {
            self.wish = self.wish.max(Some(wish));
            if wish == Wish::Finish {
                let notes = self.policy.finish(self.now());
                self.tell_all(notes);
            }
        }
    }

    /// An incident was seen: refused at once where its command could not be filled in.
    fn consider(&mut self, now: Moment, offer: Offer) {
        let Offer { key, diagnosis, sightings, beyond_restart } = offer;
        let options = Arc::clone(&self.options);
        let hook = &options.hooks[key.hook];
        let case = Case { values: self.values(hook, &diagnosis), diagnosis };
        if beyond_restart {
            let rule = &case.diagnosis.rule;
            let reason = format!(
                "a restart does not mend it; name {rule} in the hook's patterns to act on it"
            );
            return self.refuse(&key, &case, reason, None);
        }
        let filled =
            case.values.fill(&hook.run, 1).and_then(|_| case.values.fill(&hook.on_give_up, 1));
        if let Err(why) = filled {
            let command: Vec<String> =
                hook.run.iter().map(|words| quoted(&case.values.show(words))).collect();
            let command = self.redactor.redact(&command.join(" && ")).into_owned();
            return self.refuse(&key, &case, format!("refused: {why}"), Some(command));
        }
        self.cases.insert(key.clone(), case);
        for sighting in sightings {
            let notes = self.policy.see(now, &key, sighting);
            self.tell_all(notes);
        }
        let policy = &self.policy;
        self.cases.retain(|key, _| policy.record(key).is_some());
    }

    fn values(&self, hook: &Hook, diagnosis: &Diagnosis) -> Values {
        let module = diagnosis.captures.get("module").cloned();
        let top = module.as_deref().and_then(|module| module.split('.').next());
        let captured = diagnosis.captures.get("package").map(String::as_str);
        let names: Vec<&str> = [captured, top]
            .into_iter()
            .flatten()
            .filter(|name| requirements::is_package(name))
            .collect();
        let wanted = wants(&hook.run, "package") || wants(&hook.on_give_up, "package");
        let package = if !wanted {
            Err("it is not asked for".to_owned())
        } else if names.is_empty() {
            Err("the log names no package".to_owned())
        } else {
            requirements::find(&hook.packages_from, self.options.source_root.as_deref(), &names)
        };
        Values {
            package,
            likely: names.first().map(|name| (*name).to_owned()),
            module,
            pattern: diagnosis.pattern,
            rule: diagnosis.rule.clone(),
            source: diagnosis.first.source.clone(),
        }
    }

    /// Tells once for an incident that nothing is run, and why.
    fn refuse(&mut self, key: &Key, case: &Case, reason: String, command: Option<String>) {
        let now = self.now();
        self.told.retain(|_, at| now.since(*at) < QUIET);
        if self.told.len() >= HOOK_OFFERS {
            self.told.pop_first();
        }
        if self.told.insert((key.clone(), reason.clone()), now).is_none() {
            let event = HookEvent {
                output: command,
                ..self.event(key, case, HookAction::Suppressed, Some(reason))
            };
            (self.tell)(event);
        }
    }

    /// Ends a command whose time is over, or that is to end with the program.
    fn attend_process(&mut self) {
        let now = self.now();
        let stop = self.wish == Some(Wish::Stop);
        let Some(run) = &mut self.run else { return };
        let kill_after = self.options.hooks[run.key.hook].kill_after;
        match run.stage {
            Stage::Going { until } if stop || until <= now => {
                run.process.terminate();
                let why = if stop { Why::Stop } else { Why::Timeout };
                run.stage = Stage::Asked { until: now.after(kill_after), why };
            }
            Stage::Asked { until, why } if until <= now => {
                run.process.kill();
                run.stage = Stage::Killed { why };
            }
            _ => {}
        }
    }

    /// The leader of the running command has exited.
    fn command_ended(&mut self) {
        let Some(mut run) = self.run.take() else { return };
        let ended = match run.stage {
            Stage::Going { .. } => None,
            Stage::Asked { why, .. } | Stage::Killed { why } => Some(why),
        };
        let (exit, tail) = run.process.reap(ended.is_some());
        run.output.extend(tail.text(&self.redactor));
        let next =
            (ended.is_none() && exit == Exit::Status(0)).then(|| run.rest.pop_front()).flatten();
        if let Some(words) = next {
            match self.start(&words, &run.input) {
                Ok(process) => {
                    let timeout = self.options.hooks[run.key.hook].timeout;
                    let stage = Stage::Going { until: self.now().after(timeout) };
                    self.run = Some(Run { process, stage, ..run });
                }
                Err(why) => self.finish_run(run, None, Outcome::Failed, Some(why)),
            }
            return;
        }
        let (outcome, why) = match (ended, exit) {
            (Some(Why::Timeout), _) => {
                let timeout = self.options.hooks[run.key.hook].timeout;
                (Outcome::TimedOut, Some(format!("took more than {}", words(timeout))))
            }
            (Some(Why::Stop), _) => (Outcome::Failed, Some("ended with this program".to_owned())),
            (None, Exit::Status(0)) => (Outcome::Succeeded, None),
            (None, Exit::Status(PERMANENT)) => {
                (Outcome::Permanent, Some(format!("exit status {PERMANENT}")))
            }
            (None, Exit::Status(status)) => {
                (Outcome::Failed, Some(format!("exit status {status}")))
            }
            (None, Exit::Signal(signal)) => {
                (Outcome::Failed, Some(format!("ended by signal {signal}")))
            }
            (None, Exit::Unknown) => {
                (Outcome::Failed, Some("it is not known how it ended".to_owned()))
            }
        };
        self.finish_run(run, Some(exit), outcome, why);
    }

    fn finish_run(&mut self, run: Run, exit: Option<Exit>, outcome: Outcome, why: Option<String>) {
        let Run { key, attempt, page, output, giving_up, .. } = run;
        let why = match (giving_up, why) {
            (false, why) => why,
            (true, None) => Some("on-give-up".to_owned()),
            (true, Some(why)) => Some(format!("on-give-up: {why}")),
        };
        let action = match outcome {
            Outcome::Succeeded => HookAction::Succeeded,
            Outcome::TimedOut => HookAction::TimedOut,
            Outcome::Failed | Outcome::Permanent => HookAction::Failed,
        };
        let Some(case) = self.cases.get(&key).cloned() else { return };
        let event = HookEvent {
            attempt: Some(attempt),
            exit: if let Some(Exit::Status(status)) = exit { Some(status) } else { None },
            output: (!output.is_empty()).then(|| output.join("\n")),
            ..self.event(&key, &case, action, why)
        };
        self.run_ended(&key, page, outcome, event);
    }

    fn run_ended(&mut self, key: &Key, mut page: Page, outcome: Outcome, event: HookEvent) {
        self.failed |= outcome != Outcome::Succeeded;
        (self.tell)(event);
        let notes = self.policy.ended(self.now(), key, outcome);
        self.tell_all(notes);
        if let Err(why) = self.save(&mut page, key)
            && let Some(case) = self.cases.get(key).cloned()
        {
            self.failed = true;
            self.refuse(key, &case, why, None);
        }
    }

    /// Attempts count anew because somebody asked for it.
    fn count_anew(&mut self, now: Moment) {
        self.told.clear();
        let changed = self.policy.count_anew(now);
        if changed.is_empty() {
            self.tell_of_all(
                HookAction::Resolved,
                "attempts are counted anew, as SIGHUP asks".to_owned(),
            );
        }
        for (note, record) in changed {
            // The page of a run that goes on is written when that has ended.
            if let Ok(Some(mut page)) = self.page(&note.key) {
                let _ = page.write(&self.options.hooks, &note.key, &record);
            }
            self.tell_all(vec![note]);
        }
    }

    /// Tells of incidents that have stayed away, and writes down that others have not.
    fn look_after_records(&mut self) {
        for (note, record) in self.policy.resolve(self.now()) {
            if let Ok(Some(mut page)) = self.page(&note.key) {
                // Where it cannot be written the next run is refused, and says so.
                let _ = page.write(&self.options.hooks, &note.key, &record);
            }
            let key = note.key.clone();
            self.tell_all(vec![note]);
            self.cases.remove(&key);
        }
        for key in self.policy.unsaved(SAVE_EVERY) {
            if self.run.as_ref().is_some_and(|run| run.key.source == key.source) {
                continue;
            }
            if let Ok(Some(mut page)) = self.page(&key) {
                let _ = self.save(&mut page, &key);
            }
        }
    }

    fn tell_all(&mut self, notes: Vec<Note>) {
        for note in notes {
            let Some(case) = self.cases.get(&note.key).cloned() else { continue };
            let event = self.event(&note.key, &case, note.action, Some(note.reason));
            (self.tell)(HookEvent { attempt: note.attempt, ..event });
        }
    }

    fn event(
        &self,
        key: &Key,
        case: &Case,
        action: HookAction,
        reason: Option<String>,
    ) -> HookEvent {
        HookEvent {
            action,
            hook: Some(key.hook + 1),
            source: Some(key.source.clone()),
            rule: Some(case.diagnosis.rule.clone()),
            fingerprint: Some(case.diagnosis.fingerprint.clone()),
            reason: reason.map(|reason| visible(&reason).into_owned()),
            attempt: None,
            exit: None,
            output: None,
        }
    }
}
