//! Metrics for the textfile collector of Prometheus' node exporter.
//!
//! The text is that of "Exposition formats", version 0.0.4. Every figure is a gauge: it tells of the logs
//! as they are now, and falls when one is rotated away.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Report;
use crate::diagnosis::Diagnosis;
use crate::model::Position;
use crate::safe::escape::visible;

/// How a run can end.
const ENDS: [&str; 5] = ["crash", "killed", "clean", "silent", "open"];

/// One series of each metric about diagnoses: what has the same labels is added up, since a collector
/// refuses a file that has one series twice.
#[derive(Default)]
struct Tally {
    diagnoses: u64,
    events: u64,
    /// Seconds since 1970, of the latest event that has a time.
    last_seen: Option<f64>,
}

/// Writes the metrics. Times without an offset are taken in `zone`.
pub(super) fn write(report: &Report, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for diagnosis in &report.diagnoses {
        let tally = tallies.entry(labels_of(diagnosis)).or_default();
        tally.diagnoses += 1;
        tally.events = tally.events.saturating_add(diagnosis.count);
        let seen = seconds(&diagnosis.last, zone);
        tally.last_seen = match (tally.last_seen, seen) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
    }
    head(out, "diagnoses", "Different causes found, by source, pattern, rule and level.")?;
    for (labels, tally) in &tallies {
        writeln!(out, "wd_diagnose_diagnoses{{{labels}}} {}", tally.diagnoses)?;
    }
    head(out, "events", "Events that these causes stand for.")?;
    for (labels, tally) in &tallies {
        writeln!(out, "wd_diagnose_events{{{labels}}} {}", tally.events)?;
    }
    head(
        out,
        "last_seen_timestamp_seconds",
        "Time of the latest of these events, where the log has one.",
    )?;
    for (labels, tally) in &tallies {
        if let Some(seconds) = tally.last_seen {
            writeln!(out, "wd_diagnose_last_seen_timestamp_seconds{{{labels}}} {seconds:.3}")?;
        }
    }
    head(out, "verdict", "1 for the cause of the latest crash.")?;
    if let Some(verdict) = &report.verdict {
        writeln!(out, "wd_diagnose_verdict{{{}}} 1", labels_of(verdict))?;
    }
    write_sources(report, out)?;
    head(out, "build_info", "Version of the program that read the logs.")?;
    writeln!(out, "wd_diagnose_build_info{{{}}} 1", label("version", &report.tool.version))
}

/// What was read. Sources of one name are added up.
fn write_sources(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut runs: BTreeMap<(String, &str), u64> = BTreeMap::new();
    let mut read: BTreeMap<String, (u64, u64, bool)> = BTreeMap::new();
    for source in &report.sources {
        let name = label("source", &source.name);
        for end in ENDS {
            let ended = source.runs.iter().filter(|run| run.end == end).count();
            *runs.entry((name.clone(), end)).or_default() += ended as u64;
        }
        let (lines, bytes, whole) = read.entry(name).or_insert((0, 0, true));
        *lines = lines.saturating_add(source.lines);
        *bytes = bytes.saturating_add(source.bytes);
        *whole &= source.incomplete.is_none();
    }
    head(out, "runs", "Lives of the bot, by how they ended; open is one that goes on.")?;
    for ((name, end), count) in &runs {
        writeln!(out, "wd_diagnose_runs{{{name},end=\"{end}\"}} {count}")?;
    }
    head(out, "read_lines", "Lines read.")?;
    for (name, (lines, _, _)) in &read {
        writeln!(out, "wd_diagnose_read_lines{{{name}}} {lines}")?;
    }
    head(out, "read_bytes", "Bytes read, unpacked.")?;
    for (name, (_, bytes, _)) in &read {
        writeln!(out, "wd_diagnose_read_bytes{{{name}}} {bytes}")?;
    }
    head(out, "read_whole", "1 where the source could be read whole, else 0.")?;
    for (name, (_, _, whole)) in &read {
        writeln!(out, "wd_diagnose_read_whole{{{name}}} {}", u8::from(*whole))?;
    }
    Ok(())
}

fn head(out: &mut dyn Write, name: &str, help: &str) -> io::Result<()> {
    writeln!(out, "# HELP wd_diagnose_{name} {help}\n# TYPE wd_diagnose_{name} gauge")
}

fn labels_of(diagnosis: &Diagnosis) -> String {
    [
        label("source", &diagnosis.last.source),
        label("pattern", diagnosis.pattern.id()),
        label("rule", &diagnosis.rule),
        label("level", diagnosis.level.id()),
    ]
    .join(",")
}

fn label(name: &str, value: &str) -> String {
    let value = visible(value).replace('\\', "\\\\").replace('"', "\\\"");
    format!("{name}=\"{value}\"")
}

fn seconds(position: &Position, zone: &TimeZone) -> Option<f64> {
    let time = position.time.as_deref()?;
    let timestamp = match time.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => time.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp(),
    };
    Some(timestamp.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn metrics(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &TimeZone::UTC, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn crash() {
        insta::assert_snapshot!(metrics(&sample::crash()));
    }

    #[test]
    fn healthy() {
        insta::assert_snapshot!(metrics(&sample::healthy()));
    }

    #[test]
    fn hostile_text_is_inert() {
        let written = metrics(&sample::hostile());
        sample::assert_inert(&written);
        for line in written.lines().filter(|line| !line.starts_with('#')) {
            let labels = &line[line.find('{').unwrap() + 1..line.rfind('}').unwrap()];
            // Quotes that are not escaped come in pairs, and nothing stands between a pair and the next
            // but `,name=`.
            let bare = labels.replace("\\\\", "").replace("\\\"", "");
            for (index, part) in bare.split('"').enumerate().filter(|(index, _)| index % 2 == 0) {
                let name = part.trim_start_matches(',').trim_end_matches('=');
                assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{index} {line}");
            }
            assert!(line[line.rfind('}').unwrap() + 2..].parse::<f64>().is_ok(), "{line}");
        }
    }

    #[test]
    fn no_series_is_there_twice() {
        let mut report = sample::crash();
        let again = report.diagnoses.clone();
        report.diagnoses.extend(again);
        report.sources.push(report.sources[0].clone());
        let written = metrics(&report);
        let mut names: Vec<&str> = written
            .lines()
            .filter_map(|line| line.rsplit_once(' ').map(|(name, _)| name))
            .collect();
        names.retain(|name| !name.starts_with('#'));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(
            written.contains("wd_diagnose_read_lines{source=\"logs/bot.log\"} 2408"),
            "{written}"
        );
    }

    #[test]
    fn times_without_an_offset_are_local() {
        let mut position = sample::crash().diagnoses[0].last.clone();
        let at = |position: &Position, zone: &str| {
            seconds(position, &TimeZone::get(zone).unwrap()).unwrap()
        };
        assert_eq!(at(&position, "UTC") - at(&position, "Europe/Berlin"), 7200.0);
        position.time = Some("2024-05-01T12:00:00Z".to_owned());
        assert_eq!(at(&position, "Europe/Berlin"), 1_714_564_800.0);
        position.time = Some("nonsense".to_owned());
        assert_eq!(seconds(&position, &TimeZone::UTC), None);
    }
}
