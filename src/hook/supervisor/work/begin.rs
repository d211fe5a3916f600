//! How a run begins.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::Wish;
use super::super::run::{Run, Stage, input};
use super::{BUSY, Case, Work};
use crate::hook::ledger::Page;
use crate::hook::policy::{Begin, Key};
use crate::hook::process::{Input, Process};
use crate::hook::record::{Moment, Outcome};
use crate::hook::words::quoted;
use crate::report::{HookAction, HookEvent};

impl Work {
    pub(super) fn begin_runs(&mut self) {
        if self.wish == Some(Wish::Stop) {
            return;
        }
        while self.run.is_none() {
            let now = self.now();
            let Some(key) = self.policy.due(now) else { return };
            let Some(case) = self.cases.get(&key).cloned() else {
                self.policy.drop_waiting(&key);
                continue;
            };
            if self.options.hooks[key.hook].dry_run {
                self.rehearse(now, &key, &case);
            } else {
                self.begin(now, &key, case);
            }
        }
    }

    /// Says what would run.
    pub(super) fn rehearse(&mut self, now: Moment, key: &Key, case: &Case) {
        let stored = self.policy.record(key).cloned().unwrap_or_default();
        let (begin, notes) = self.policy.begin(now, key, stored);
        self.tell_all(notes);
        let hook = &self.options.hooks[key.hook];
        let (commands, attempt) = match begin {
            Begin::Nothing => return,
            Begin::Run { attempt, .. } => (&hook.run, attempt),
            Begin::GiveUp { attempt } => (&hook.on_give_up, attempt),
        };
        let shown: Vec<String> =
            commands.iter().map(|words| quoted(&case.values.show(words))).collect();
        let output = Some(self.redactor.redact(&shown.join(" && ")).into_owned());
        let event = self.event(key, case, HookAction::Suppressed, Some("a dry run".to_owned()));
        (self.tell)(HookEvent { attempt: Some(attempt), output, ..event });
        let notes = self.policy.ended(now, key, Outcome::Succeeded);
        self.tell_all(notes);
    }

    pub(super) fn begin(&mut self, now: Moment, key: &Key, case: Case) {
        let options = Arc::clone(&self.options);
        let hook = &options.hooks[key.hook];
        let mut page = match self.page(key) {
            Ok(Some(page)) => page,
            Ok(None) if self.wish == Some(Wish::Finish) => {
                self.policy.drop_waiting(key);
                let reason = "another program acts on this log".to_owned();
                return self.refuse(key, &case, reason, None);
            }
            Ok(None) => return self.policy.put_off(key, now.after(BUSY)),
            Err(why) => return self.cannot_run(key, &case, &why),
        };
        let (begin, notes) = self.policy.begin(now, key, page.record(&options.hooks, key));
        let (commands, attempt, giving_up, remark) = match begin {
            Begin::Nothing => {
                // That it was seen again is to be remembered.
                let _ = self.save(&mut page, key);
                return self.tell_all(notes);
            }
            Begin::Run { attempt, remark } => (&hook.run, attempt, false, remark),
            Begin::GiveUp { attempt } => (&hook.on_give_up, attempt, true, None),
        };
        if let Err(why) = self.save(&mut page, key) {
            // An attempt that is not remembered is not made.
            self.policy.drop_waiting(key);
            return self.cannot_run(key, &case, &why);
        }
        self.tell_all(notes);
        let mut commands: VecDeque<Vec<String>> = match case.values.fill(commands, attempt) {
            Ok(commands) => commands.into(),
            Err(why) => {
                self.policy.drop_waiting(key);
                return self.refuse(key, &case, format!("refused: {why}"), None);
            }
        };
        let reason = if giving_up { Some("on-give-up".to_owned()) } else { remark };
        let event = self.event(key, &case, HookAction::Started, reason);
        (self.tell)(HookEvent { attempt: Some(attempt), ..event });
        let input = input(&case.diagnosis, attempt);
        let first = commands.pop_front().unwrap_or_default();
        match self.start(&first, &input) {
            Ok(process) => {
                let stage = Stage::Going { until: now.after(hook.timeout) };
                self.run = Some(Run {
                    key: key.clone(),
                    attempt,
                    giving_up,
                    rest: commands,
                    input,
                    process,
                    stage,
                    output: Vec::new(),
                    page,
                });
            }
            Err(reason) => {
                let event = self.event(key, &case, HookAction::Failed, Some(reason));
                let event = HookEvent { attempt: Some(attempt), ..event };
                self.run_ended(key, page, Outcome::Failed, event);
            }
        }
    }

    /// The page of the incident's log; `None` while another program holds it.
    pub(super) fn page(&self, key: &Key) -> Result<Option<Page>, String> {
        match &self.ledger {
            Ok(ledger) => ledger.take(&key.source),
            Err(why) => Err(why.clone()),
        }
    }

    pub(super) fn save(&self, page: &mut Page, key: &Key) -> Result<(), String> {
        match self.policy.record(key) {
            Some(record) => page.write(&self.options.hooks, key, record),
            None => Ok(()),
        }
    }

    pub(super) fn cannot_run(&mut self, key: &Key, case: &Case, why: &str) {
        self.failed = true;
        self.policy.drop_waiting(key);
        self.refuse(key, case, format!("no hook runs: {why}"), None);
    }

    pub(super) fn start(&self, words: &[String], input: &Input) -> Result<Process, String> {
        let inbox = Arc::clone(&self.inbox);
        Process::start(words, input, move || inbox.put(|mail| mail.exited = true)).map_err(
            |error| {
                let program = words.first().map_or("", String::as_str);
                format!("cannot start `{program}`: {error}")
            },
        )
    }
}
