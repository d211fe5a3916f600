//! Several reports into one: those of hosts, or of shards of many logs.
//!
//! The result is the same whatever the order and grouping, and that of one run over all logs: sources
//! stand in the order of their logs' names, diagnoses of one source and fingerprint are one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Report, SCHEMA_VERSION, SourceReport, Tool};
use crate::diagnosis::{Diagnosis, Evidence};
use crate::model::{Level, Position};
use crate::rules::Complaint;
use crate::safe::limits;

/// Reads a JSON report; `name` is the file's, for the complaint.
///
/// # Errors
/// Where the text is no report, or one of another version: what is wrong, its line and column, and what
/// to do.
pub fn parse(name: &str, text: &str) -> Result<Report, Complaint> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema_version: Option<u32>,
    }

    let complaint = |error: &serde_json::Error, what: &str| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        Complaint {
            file: name.to_owned(),
            line: error.line().max(1),
            column: error.column().max(1),
            what: format!("{what}: {message}; name files that --format json wrote"),
        }
    };
    let head: Head =
        serde_json::from_str(text).map_err(|error| complaint(&error, "this is no JSON report"))?;
    match head.schema_version {
        Some(SCHEMA_VERSION) => {}
        Some(version) => {
            let at = text.find("\"schema_version\"").unwrap_or(0);
            let what = format!(
                "this report is of schema version {version}, and this program knows version {SCHEMA_VERSION}; \
                 merge reports of one version of wd-diagnose"
            );
            return Err(Complaint::at(name, text, at, what));
        }
        None => {
            let what = "this is no report: it has no `schema_version`; name files that --format json wrote";
            return Err(Complaint::at(name, text, 0, what.to_owned()));
        }
    }
    serde_json::from_str(text).map_err(|error| complaint(&error, "this report is damaged"))
}

/// One report of all.
pub fn merge(reports: Vec<Report>) -> Report {
    let mut sources = Vec::new();
    let mut folded: BTreeMap<(String, String), Diagnosis> = BTreeMap::new();
    for report in reports {
        sources.extend(report.sources);
        for diagnosis in report.diagnoses {
            let key = (diagnosis.first.source.clone(), diagnosis.fingerprint.clone());
            match folded.remove(&key) {
                Some(there) => folded.insert(key, fold(there, diagnosis)),
                None => folded.insert(key, diagnosis),
            };
        }
    }
    sources.sort_by_cached_key(|source: &SourceReport| {
        let whole = serde_json::to_string(source).unwrap_or_default();
        (log_of(source).to_owned(), place_in_log(source), whole)
    });
    let mut diagnoses: Vec<Diagnosis> = folded.into_values().collect();
    let order = Order { sources: &sources };
    diagnoses.sort_by_cached_key(|diagnosis| order.key(diagnosis));
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::default(),
        verdict: verdict(&sources, &diagnoses),
        diagnoses,
        sources,
    }
}

/// Name of the log that a source is read from: several services in one log are a source each
/// (`bot.log:feed`), and stand in the order in which they first spoke.
fn log_of(source: &SourceReport) -> &str {
    let is_its = |file: &&String| {
        source.name.strip_prefix(file.as_str()).is_some_and(|rest| rest.starts_with(':'))
    };
    source.files.iter().find(is_its).map_or(&source.name, String::as_str)
}

/// Where a source stands among those of its log: services in the order in which they first spoke, and what
/// is no service's behind them.
pub(crate) fn place_in_log(source: &SourceReport) -> impl Ord + use<> {
    let first_line = source.runs.first().map_or(0, |run| run.first_line);
    (log_of(source) == source.name, first_line, source.name.clone())
}

/// The diagnosis that explains the latest run that crashed or was killed: of several sources the latest
/// by time; else, and between equals, the first in the order of the sources.
pub(crate) fn verdict(sources: &[SourceReport], diagnoses: &[Diagnosis]) -> Option<Diagnosis> {
    let mut latest: Option<(Option<Timestamp>, &Diagnosis)> = None;
    for source in sources {
        let Some(fingerprint) = &source.verdict else { continue };
        let explains = |diagnosis: &&Diagnosis| {
            diagnosis.last.source == source.name && diagnosis.fingerprint == *fingerprint
        };
        let Some(diagnosis) = diagnoses.iter().find(explains) else { continue };
        let ended = source.runs.iter().rev().find(|run| {
            matches!(run.end.as_str(), "crash" | "killed" | "silent")
                && run.rule.as_ref() == Some(&diagnosis.rule)
        });
        let time = ended.and_then(|run| run.ended.as_deref()).and_then(timestamp);
        if latest.is_none_or(|(before, _)| time > before) {
            latest = Some((time, diagnosis));
        }
    }
    latest.map(|(_, diagnosis)| diagnosis.clone())
}

/// How diagnoses are sorted: most severe first, then by position.
pub(crate) struct Order<'s> {
    /// The sources, in their own order.
    pub(crate) sources: &'s [SourceReport],
}

impl Order<'_> {
    /// What a diagnosis is sorted by.
    pub(crate) fn key(&self, diagnosis: &Diagnosis) -> impl Ord + use<> {
        let first = &diagnosis.first;
        let own = |source: &&SourceReport| source.name == first.source;
        let source = self.sources.iter().position(|source| own(&source)).unwrap_or(usize::MAX);
        let files = self.sources.iter().filter(own).flat_map(|source| &source.files);
        let file = files.into_iter().position(|file| *file == first.file).unwrap_or(usize::MAX);
        let level: Reverse<Level> = Reverse(diagnosis.level);
        (level, source, file, first.line, first.byte, diagnosis.fingerprint.clone())
    }
}

/// One diagnosis of two with one fingerprint: sentences, exception and captures are those of the one that
/// was seen first.
fn fold(one: Diagnosis, other: Diagnosis) -> Diagnosis {
    let (mut first, then) = if said(&one) <= said(&other) { (one, other) } else { (other, one) };
    first.level = first.level.max(then.level);
    first.confidence = first.confidence.max(then.confidence);
    first.count = first.count.saturating_add(then.count);
    first.baseline = first.baseline.max(then.baseline);
    if place(&then.last) > place(&first.last) {
        first.last = then.last;
    }
    first.evidence.extend(then.evidence);
    let key = |line: &Evidence| (line.file.clone(), line.line, line.text.clone());
    first.evidence.sort_by_cached_key(key);
    first.evidence.dedup();
    first.evidence.truncate(limits::EVIDENCE_LINES);
    first
}

/// All of a diagnosis that comes from where it was first seen, in an order.
fn said(diagnosis: &Diagnosis) -> impl Ord {
    let parts = (
        &diagnosis.rule,
        &diagnosis.title,
        &diagnosis.summary,
        &diagnosis.captures,
        &diagnosis.exception,
        &diagnosis.fix,
    );
    (place(&diagnosis.first), serde_json::to_string(&parts).unwrap_or_default())
}

fn place(position: &Position) -> impl Ord {
    let time = position.time.as_deref().and_then(timestamp);
    let Position { source, file, line, byte, time: text, raw_time } = position.clone();
    (time, source, file, line, byte, text, raw_time)
}

/// A time of a report; one without an offset is taken as UTC, so that it can be compared at all.
fn timestamp(time: &str) -> Option<Timestamp> {
    let naive = || time.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    time.parse::<Timestamp>().ok().or_else(|| Some(naive()?.timestamp()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sample;

    /// Reports of some hosts: the sample's diagnoses, some of them, under one of three names, at other
    /// lines and times.
    fn reports() -> impl Strategy<Value = Vec<Report>> {
        let host = (0..3usize, 0..16u8, 0..3u64, 0..5u64, any::<bool>());
        prop::collection::vec(host, 1..6).prop_map(|hosts| {
            let report = |(name, chosen, line, count, crashed): (usize, u8, u64, u64, bool)| {
                let mut report = if crashed { sample::crash() } else { sample::healthy() };
                let name = ["a.log", "b.log", "c.log"][name].to_owned();
                for source in &mut report.sources {
                    source.lines += line;
                    source.name = name.clone();
                    source.files = vec![name.clone()];
                }
                let mut index = 0;
                report.diagnoses.retain(|_| {
                    index += 1;
                    chosen >> (index - 1) & 1 == 0
                });
                for diagnosis in &mut report.diagnoses {
                    diagnosis.count += count;
                    diagnosis.first.line += line;
                    diagnosis.last.line += count;
                    diagnosis.summary.push_str(&format!(" {line}"));
                    for position in [&mut diagnosis.first, &mut diagnosis.last] {
                        (position.source, position.file) = (name.clone(), name.clone());
                    }
                    for evidence in &mut diagnosis.evidence {
                        evidence.line += line;
                        evidence.file.clone_from(&name);
                    }
                }
                merge(vec![report])
            };
            hosts.into_iter().map(report).collect()
        })
    }

    proptest! {
        #[test]
        fn order_does_not_count(reports in reports(), turn in 0..6usize) {
            let mut turned = reports.clone();
            let by = turn % reports.len();
            turned.rotate_left(by);
            prop_assert_eq!(merge(turned), merge(reports.clone()));
            let mut back = reports.clone();
            back.reverse();
            prop_assert_eq!(merge(back), merge(reports));
        }

        #[test]
        fn grouping_does_not_count(reports in reports(), cut in 0..6usize) {
            let (left, right) = reports.split_at(cut % (reports.len() + 1));
            let grouped = merge(vec![merge(left.to_vec()), merge(right.to_vec())]);
            prop_assert_eq!(grouped, merge(reports));
        }

        #[test]
        fn merged_once_is_merged(reports in reports()) {
            let once = merge(reports);
            prop_assert_eq!(merge(vec![once.clone()]), once);
        }
    }

    #[test]
    fn one_fingerprint_of_one_source_is_one_diagnosis() {
        let early = sample::crash();
        let mut late = sample::crash();
        let verdict = &mut late.diagnoses[0];
        verdict.first.line = 5_000;
        verdict.first.time = Some("2024-05-02T10:00:00".to_owned());
        verdict.last = verdict.first.clone();
        verdict.summary = "Later.".to_owned();
        verdict.evidence[0].line = 5_001;
        let both = merge(vec![late.clone(), early.clone()]);
        let folded = &both.diagnoses[0];
        assert_eq!(folded.count, 6);
        assert_eq!(folded.first, early.diagnoses[0].first);
        assert_eq!(folded.last, late.diagnoses[0].last);
        assert_eq!(folded.summary, early.diagnoses[0].summary);
        let lines: Vec<u64> = folded.evidence.iter().map(|line| line.line).collect();
        assert_eq!(lines, [1042, 1071, 1090, 5001]);
        assert_eq!(both.sources.len(), 2);
        assert_eq!(both.verdict.as_ref(), Some(folded));
    }

    #[test]
    fn the_verdict_is_the_latest() {
        let named = |name: &str, ended: &str, summary: &str| {
            let mut report = sample::crash();
            report.sources[0].name = name.to_owned();
            report.sources[0].runs[1].ended = Some(ended.to_owned());
            for diagnosis in &mut report.diagnoses {
                diagnosis.first.source = name.to_owned();
                diagnosis.last.source = name.to_owned();
                diagnosis.summary = summary.to_owned();
            }
            report
        };
        let verdict = |reports| merge(reports).verdict.unwrap().summary;
        let (a, b) = ("2024-05-01T12:00:00+02:00", "2024-05-01T11:00:00Z");
        assert_eq!(verdict(vec![named("a", a, "A"), named("b", b, "B")]), "B");
        assert_eq!(verdict(vec![named("b", "", "B"), named("a", "", "A")]), "A");
    }

    #[test]
    fn what_is_no_report_is_refused_with_its_place() {
        for (text, start) in [
            ("{\"schema_version\": 1", "a.json:1:20: this is no JSON report: EOF"),
            ("[]", "a.json:1:"),
            ("{\n  \"tool\": 1}", "a.json:1:1: this is no report: it has no `schema_version`"),
            (
                "{\n  \"schema_version\": 2}",
                "a.json:2:3: this report is of schema version 2, and this program",
            ),
            (
                "{\"schema_version\": 1,\n \"tool\": 1}",
                "a.json:2:10: this report is damaged: invalid type",
            ),
        ] {
            let said = parse("a.json", text).unwrap_err().to_string();
            assert!(said.starts_with(start), "{said}");
        }
    }
}
