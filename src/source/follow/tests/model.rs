//! Anything in any order, against a model that knows where each line can still be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::{Eyes, From, Logs};

/// Rotated files that are kept.
const KEPT: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// Write lines to the file at the path.
    Append(usize),
    /// Write lines through the handle from before the last rotation.
    AppendOld(usize),
    /// Write a part of a line, and the rest of it with the next one.
    Part,
    /// Rename it away, and those before it; the oldest is deleted.
    Rotate,
    /// Copy it to `.1`, the copies before it being renamed, and cut it.
    CopyTruncate,
    /// Cut it.
    Truncate,
    /// Delete it, and begin a new one.
    Recreate,
    /// Look.
    Look,
    /// Look after all that was rotated away is done with.
    LookLate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..30_usize).prop_map(Step::Append),
        2 => (1..5_usize).prop_map(Step::AppendOld),
        1 => Just(Step::Part),
        3 => Just(Step::Rotate),
        2 => Just(Step::CopyTruncate),
        1 => Just(Step::Truncate),
        1 => Just(Step::Recreate),
        6 => Just(Step::Look),
        1 => Just(Step::LookLate),
    ]
}

/// What was written, and where it can still be read.
struct Model {
    logs: Logs,
    old: Option<File>,
    written: usize,
    /// Lines by the file that holds them: `bot.log` is 0, `bot.log.1` is 1 …
    files: BTreeMap<usize, Vec<usize>>,
    /// Lines in the file that `old` writes to.
    old_file: Option<usize>,
    /// Lines that were told at the last look.
    told: usize,
    /// Lines whose last file is gone, and which were not looked at while it was there.
    gone: BTreeSet<usize>,
    /// Files that a look has seen: their handle is held, and what is written to them is not lost.
    held: BTreeSet<usize>,
    /// What is still to be written of the last line.
    part: Option<String>,
}

impl Model {
    fn new() -> Model {
        let logs = Logs::new();
        logs.append("bot.log", "");
        Model {
            logs,
            old: None,
            written: 0,
            files: BTreeMap::from([(0, Vec::new())]),
            old_file: None,
            told: 0,
            gone: BTreeSet::new(),
            held: BTreeSet::new(),
            part: None,
        }
    }

    fn line(&mut self, file: usize) -> String {
        let line = self.written;
        self.written += 1;
        self.files.entry(file).or_default().push(line);
        format!("2026-08-11 09:00:{:02},{:03} line {line:05} of many", line / 1_000, line % 1_000)
            + "\n"
    }

    fn append(&mut self, count: usize) {
        for _ in 0..count {
            let line = self.line(0);
            self.logs.append("bot.log", &line);
        }
    }

    /// The file `from` gets the name of `to`, whose file is deleted.
    fn shift(&mut self) {
        for from in (1..=KEPT).rev() {
            let (name, to) = (format!("bot.log.{from}"), format!("bot.log.{}", from + 1));
            if !self.logs.path(&name).exists() {
                continue;
            }
            let lines = self.files.remove(&from).unwrap_or_default();
            let held = self.held.remove(&from);
            if from == KEPT {
                self.logs.remove(&name);
                self.lose(&lines, held);
                self.old_file = self.old_file.filter(|&file| file != from);
                if self.old_file.is_none() {
                    self.old = None;
                }
            } else {
                self.logs.rename(&name, &to);
                self.files.insert(from + 1, lines);
                if held {
                    self.held.insert(from + 1);
                }
                if self.old_file == Some(from) {
                    self.old_file = Some(from + 1);
                }
            }
        }
    }

    /// These lines are in no file any more, unless somebody holds it.
    fn lose(&mut self, lines: &[usize], held: bool) {
        if !held {
            self.gone.extend(lines);
        }
    }

    fn take(&mut self, step: &Step, eyes: &mut Eyes) {
        match step {
            Step::Append(count) => {
                self.end_part();
                self.append(*count);
            }
            Step::AppendOld(count) => {
                let Some(file) = self.old_file else { return };
                for _ in 0..*count {
                    let line = self.line(file);
                    if let Some(old) = &mut self.old {
                        old.write_all(line.as_bytes()).unwrap();
                    }
                }
            }
            Step::Part => {
                self.end_part();
                let line = self.line(0);
                let (part, rest) = line.split_at(40);
                self.logs.append("bot.log", part);
                self.part = Some(rest.to_owned());
            }
            Step::Rotate => {
                self.end_part();
                let old = self.logs.open("bot.log");
                self.shift();
                self.logs.rename("bot.log", "bot.log.1");
                let lines = self.files.insert(0, Vec::new()).unwrap_or_default();
                self.files.insert(1, lines);
                if self.held.remove(&0) {
                    self.held.insert(1);
                }
                self.old = Some(old);
                self.old_file = Some(1);
                self.append(1);
            }
            Step::CopyTruncate => {
                self.end_part();
                self.shift();
                self.logs.copy("bot.log", "bot.log.1");
                self.logs.truncate("bot.log");
                let lines = self.files.insert(0, Vec::new()).unwrap_or_default();
                self.files.insert(1, lines);
                self.old_file = self.old_file.filter(|&file| file != 1);
            }
            Step::Truncate => {
                self.end_part();
                self.logs.truncate("bot.log");
                let lines = self.files.insert(0, Vec::new()).unwrap_or_default();
                self.gone.extend(lines);
            }
            Step::Recreate => {
                self.end_part();
                self.logs.remove("bot.log");
                let lines = self.files.insert(0, Vec::new()).unwrap_or_default();
                let held = self.held.remove(&0);
                self.lose(&lines, held);
                self.append(1);
            }
            Step::Look => self.look(eyes, Duration::from_secs(1)),
            Step::LookLate => {
                self.look(eyes, Duration::from_secs(1));
                self.look(eyes, Duration::from_secs(11));
                self.old = None;
                self.old_file = None;
                self.held = BTreeSet::from([0]);
            }
        }
    }

    fn end_part(&mut self) {
        if let Some(rest) = self.part.take() {
            self.logs.append("bot.log", &rest);
        }
    }

    fn look(&mut self, eyes: &mut Eyes, time: Duration) {
        eyes.look_after(time);
        self.held = self.files.keys().copied().collect();
        // What was told by now is safe, whatever becomes of its file.
        let told: BTreeSet<usize> = numbers(&eyes.heard.lines).into_iter().collect();
        self.gone.retain(|line| !told.contains(line));
        for lines in self.files.values_mut() {
            lines.retain(|line| !told.contains(line));
        }
        self.told = told.len();
    }
}

fn numbers(lines: &[String]) -> Vec<usize> {
    let number = |line: &String| line.split("line ").nth(1)?.get(..5)?.parse().ok();
    lines.iter().filter_map(number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_told_once_or_can_be_read_no_more(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut model = Model::new();
        let mut eyes = Eyes::on(&[model.logs.path("bot.log")], From::Start);
        model.held.insert(0);
        for step in &steps {
            model.take(step, &mut eyes);
        }
        model.end_part();
        model.look(&mut eyes, Duration::from_secs(1));
        model.look(&mut eyes, Duration::from_secs(11));
        let mut told = numbers(&eyes.heard.lines);
        told.sort_unstable();
        let twice: Vec<usize> =
            told.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        prop_assert!(twice.is_empty(), "told twice: {twice:?}");
        let missed: Vec<usize> = (0..model.written)
            .filter(|line| told.binary_search(line).is_err() && !model.gone.contains(line))
            .collect();
        prop_assert!(missed.is_empty(), "missed: {missed:?}, gone: {:?}", model.gone);
    }
}
