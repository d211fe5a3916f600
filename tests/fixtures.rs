//! Every log has its golden report and every golden report its log; what the report says is what an
//! expert wrote down beside the log; nothing is found that the expert does not know.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Case, cases, last_component, written};
use serde_json::{Value, json};
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::{Level, Pattern};
use wd_diagnose::report::Report;

/// Logs that the program is known to misread. One that is read as the expert reads it must leave the list.
const KNOWN_MISSES: &[&str] = &[
    "credentials/bybit-expired",
    "credentials/bybit-key",
    "credentials/kraken-key",
    "dependencies/attribute-gone",
    "dependencies/circular-import",
    "dependencies/undefined-symbol",
    "healthy/drill",
    "healthy/optional-import",
    "healthy/retried-503-debug",
    "healthy/waits-after-429",
    "near-miss/news-headlines",
    "network/connect-timeout-requests",
    "network/from-none",
    "network/kraken-unavailable",
    "network/proxy-requests",
    "network/retries-exhausted",
    "other/argparse",
    "rate-limit/429-too-many-responses-urllib3",
    "rate-limit/bybit-10006",
    "rate-limit/kraken",
    "rate-limit/retry-after-then-empty-book",
    "system/clock-bybit-10002",
    "system/clock-okx-50102",
    "system/nonce-kraken",
    "system/segfault",
];

#[test]
fn reports_say_what_an_expert_says() {
    let cases = cases();
    let mut wrong = Vec::new();
    for name in KNOWN_MISSES {
        assert!(cases.iter().any(|case| case.name == *name), "no fixture `{name}`");
    }
    for case in &cases {
        let report = case.report();
        let misses = misses(case, &report);
        if KNOWN_MISSES.contains(&case.name.as_str()) {
            if misses.is_empty() {
                wrong.push(format!("{}: is read right and leaves KNOWN_MISSES", case.name));
            }
        } else if !misses.is_empty() {
            let found: Vec<String> = report.diagnoses.iter().map(sketch).collect();
            wrong.push(format!(
                "{}: {}\n    {}",
                case.name,
                misses.join("; "),
                [found, runs(&report)].concat().join("\n    ")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} logs are misread:\n{}\n",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

/// One line on a diagnosis.
fn sketch(found: &Diagnosis) -> String {
    let class = found.exception.as_ref().map_or("-", |exception| &exception.class);
    format!(
        "line {}: {} {} {:.2} {}x {class} {:?}",
        found.first.line, found.rule, found.level, found.confidence, found.count, found.captures
    )
}

/// One line on each run.
fn runs(report: &Report) -> Vec<String> {
    let runs = report.sources.iter().flat_map(|source| &source.runs);
    runs.map(|run| {
        let rule = run.rule.as_deref().unwrap_or("-");
        format!("run {}-{}: {} {rule}", run.first_line, run.last_line, run.end)
    })
    .collect()
}

/// In which ways the report is not what the expert says.
fn misses(case: &Case, report: &Report) -> Vec<String> {
    let expected = &case.expected;
    let mut misses = Vec::new();
    let verdict = report.verdict.as_ref();
    let pattern = verdict.map(|verdict| verdict.pattern);
    if pattern != expected.verdict && !expected.accept.contains(&pattern) {
        misses.push(format!(
            "verdict {} instead of {}",
            verdict.map_or("null", |verdict| &verdict.rule),
            name(expected.verdict)
        ));
        return misses;
    }
    // Another verdict than the expert's own may rest on other proof.
    if pattern == expected.verdict {
        match verdict {
            Some(verdict) => details(case, verdict, &mut misses),
            None => without_verdict(case, report, &mut misses),
        }
    }
    for also in &expected.also {
        let is_it = |found: Pattern| found == *also || expected.accept.contains(&Some(found));
        if !report.diagnoses.iter().any(|diagnosis| is_it(diagnosis.pattern)) {
            misses.push(format!("no diagnosis of {also}"));
        }
    }
    for diagnosis in &report.diagnoses {
        if diagnosis.level >= Level::Error && !knows(case, diagnosis.pattern) {
            misses.push(format!("spurious {} at {}", diagnosis.rule, diagnosis.level));
        }
    }
    for secret in &expected.secrets {
        for format in common::FORMATS {
            if written(format, report).contains(secret.as_str()) {
                misses.push(format!("{format:?} shows the secret {secret}"));
            }
        }
    }
    misses
}

/// Class, frame, level and captures of the verdict.
fn details(case: &Case, verdict: &Diagnosis, misses: &mut Vec<String>) {
    let expected = &case.expected;
    if Some(verdict.level) != expected.level {
        misses.push(format!("level {} instead of {:?}", verdict.level, expected.level));
    }
    misses.extend(class_and_frame(case, verdict));
    for (key, value) in &expected.captures {
        match verdict.captures.get(key) {
            Some(found) if found == value => {}
            found => misses.push(format!("capture {key} is {found:?} instead of {value:?}")),
        }
    }
}

/// Where there is no verdict: nothing above the highest level, and the proof lies in any diagnosis.
fn without_verdict(case: &Case, report: &Report, misses: &mut Vec<String>) {
    let expected = &case.expected;
    for diagnosis in &report.diagnoses {
        if Some(diagnosis.level) > expected.level
            && !expected.accept.contains(&Some(diagnosis.pattern))
        {
            misses.push(format!("{} at {}", diagnosis.rule, diagnosis.level));
        }
    }
    let faults: Vec<String> =
        report.diagnoses.iter().map(|found| class_and_frame(case, found).join(", ")).collect();
    if expected.exception.is_some() && faults.iter().all(|fault| !fault.is_empty()) {
        misses.push(format!("no diagnosis has the exception ({})", faults.join("; ")));
    }
    for (key, value) in &expected.captures {
        if !report.diagnoses.iter().any(|found| found.captures.get(key) == Some(value)) {
            misses.push(format!("no diagnosis captures {key} as {value:?}"));
        }
    }
}

/// In which ways class and frame are not what the expert says.
fn class_and_frame(case: &Case, diagnosis: &Diagnosis) -> Vec<String> {
    let mut misses = Vec::new();
    let exception = diagnosis.exception.as_ref();
    if let Some(class) = &case.expected.exception {
        let found = exception.map(|exception| exception.class.as_str());
        if found.map(last_component) != Some(last_component(class)) {
            misses.push(format!("exception {found:?} instead of {class}"));
        }
    }
    if let Some(frame) = &case.expected.frame {
        let found = exception.and_then(|exception| exception.frame.as_ref());
        let same = found.is_some_and(|found| {
            found.file == frame.file
                && found.line == Some(frame.line)
                && (frame.function.is_none() || found.function == frame.function)
        });
        if !same {
            misses.push(format!("frame {found:?} instead of {frame:?}"));
        }
    }
    misses
}

/// Whether the expert knows of this pattern in the log.
fn knows(case: &Case, pattern: Pattern) -> bool {
    let expected = &case.expected;
    expected.verdict == Some(pattern)
        || expected.also.contains(&pattern)
        || expected.accept.contains(&Some(pattern))
}

fn name(pattern: Option<Pattern>) -> &'static str {
    pattern.map_or("null", Pattern::id)
}

/// Set to anything, this writes the golden reports anew: read the difference before it is kept.
const UPDATE: &str = "WD_UPDATE_GOLDEN";

#[test]
fn reports_are_the_golden_ones() {
    let folder = Path::new("fixtures/golden");
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for case in cases() {
        // What is not right yet is no model.
        if KNOWN_MISSES.contains(&case.name.as_str()) {
            continue;
        }
        let path = folder.join(format!("{}.json", case.name));
        let report = case.report();
        let golden = format!("{:#}\n", short(&report));
        if std::env::var_os(UPDATE).is_some() && misses(&case, &report).is_empty() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &golden).unwrap();
        }
        match fs::read_to_string(&path) {
            Ok(text) if text == golden => {}
            Ok(text) => wrong.push(format!("{}:\n{}", path.display(), difference(&text, &golden))),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
        known.insert(path);
    }
    for path in golden_files(folder) {
        if !known.contains(&path) {
            wrong.push(format!("{} has no log", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} golden reports are not what is reported now; where the new ones are right, \
         {UPDATE}=1 writes them:\n{}\n",
        wrong.len(),
        wrong.join("\n")
    );
}

fn golden_files(folder: &Path) -> Vec<PathBuf> {
    common::folders(folder).iter().flat_map(|group| common::entries(group)).collect()
}

/// What a reviewer wants to see change or stay: all that the program decided, and none of the rule's prose.
fn short(report: &Report) -> Value {
    let diagnoses: Vec<Value> = report.diagnoses.iter().map(short_diagnosis).collect();
    let runs: Vec<Value> = report
        .sources
        .iter()
        .flat_map(|source| &source.runs)
        .map(|run| json!([run.first_line, run.last_line, run.end, run.rule]))
        .collect();
    let verdict = report.verdict.as_ref();
    json!({
        "verdict": verdict.map(|verdict| &verdict.rule),
        "diagnoses": diagnoses,
        "runs": runs,
        "format": report.sources.iter().map(|source| &source.format).collect::<Vec<_>>(),
    })
}

fn short_diagnosis(diagnosis: &Diagnosis) -> Value {
    let exception = diagnosis.exception.as_ref();
    let frame = exception.and_then(|exception| exception.frame.as_ref());
    json!({
        "rule": diagnosis.rule,
        "level": diagnosis.level,
        "confidence": diagnosis.confidence,
        "summary": diagnosis.summary,
        "count": diagnosis.count,
        "first": format!("{}:{}", diagnosis.first.file, diagnosis.first.line),
        "last": format!("{}:{}", diagnosis.last.file, diagnosis.last.line),
        "time": diagnosis.last.time,
        "captures": diagnosis.captures,
        "exception": exception.map(|exception| &exception.class),
        "frame": frame,
    })
}

/// The lines that differ.
fn difference(old: &str, new: &str) -> String {
    let (mut old, mut new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    while !old.is_empty() && old.first() == new.first() {
        old.remove(0);
        new.remove(0);
    }
    while !old.is_empty() && old.last() == new.last() {
        old.pop();
        new.pop();
    }
    let marked = |mark: &str, lines: &[&str]| -> Vec<String> {
        lines.iter().map(|line| format!("  {mark} {line}")).collect()
    };
    [marked("-", &old), marked("+", &new)].concat().join("\n")
}
