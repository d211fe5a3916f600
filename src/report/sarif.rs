//! SARIF 2.1.0, for GitHub code scanning and other viewers of static analysis.
//!
//! Shape and words are those of the OASIS standard "Static Analysis Results Interchange Format (SARIF)
//! Version 2.1.0"; limits are those of GitHub's "SARIF support for code scanning".

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::ci::Spot;
use super::sentence::{frame_place, sentence};
use super::visible::Visible;
use super::{Ci, Report};
use crate::diagnosis::{Diagnosis, Standing};
use crate::model::Level;

/// Most results of one run that GitHub takes in.
const RESULTS: usize = 25_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool<'r>,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<Outcome<'r>>,
}

#[derive(Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Serialize)]
struct Driver<'r> {
    name: &'r str,
    version: &'r str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<String>,
    precision: &'static str,
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

/// What SARIF calls a result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'r> {
    rule_id: &'r str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    occurrence_count: u64,
    rank: f64,
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    properties: Properties<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Text>,
}

#[derive(Serialize)]
struct Logical {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Properties<'r> {
    pattern: &'static str,
    level: &'static str,
    confidence: f64,
    source: &'r str,
    first: String,
    last: String,
}

/// Writes the log, as SARIF calls its file.
pub(super) fn write(report: &Report, ci: &Ci<'_>, out: &mut dyn Write) -> io::Result<()> {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [run(report, ci)],
    };
    let mut serializer =
        Serializer::with_formatter(&mut *out, Visible::<PrettyFormatter<'_>>::default());
    log.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn run<'r>(report: &'r Report, ci: &Ci<'_>) -> Run<'r> {
    let told = &report.diagnoses[..report.diagnoses.len().min(RESULTS)];
    // Only rules that have a result: GitHub lists all that it is given.
    let mut worst: BTreeMap<&str, &Diagnosis> = BTreeMap::new();
    for diagnosis in told {
        worst.entry(&diagnosis.rule).or_insert(diagnosis);
    }
    let mut notifications: Vec<Notification> = report
        .sources
        .iter()
        .filter_map(|source| {
            let why = source.incomplete.as_ref()?;
            let text = format!("{} could not be read whole: {why}", source.name);
            Some(Notification { level: "error", message: Text { text: plain(&text) } })
        })
        .collect();
    let is_whole = notifications.is_empty();
    if told.len() < report.diagnoses.len() {
        let left_out = report.diagnoses.len() - told.len();
        let text = format!("{left_out} more diagnoses are left out: GitHub takes {RESULTS}");
        notifications.push(Notification { level: "warning", message: Text { text } });
    }
    let mut same: BTreeMap<&str, u32> = BTreeMap::new();
    let results = told
        .iter()
        .map(|diagnosis| {
            let rule_index = worst.keys().position(|rule| *rule == diagnosis.rule).unwrap_or(0);
            let count = same.entry(&diagnosis.fingerprint).or_insert(0);
            *count += 1;
            outcome(report, diagnosis, rule_index, *count, ci)
        })
        .collect();
    Run {
        tool: Tool {
            driver: Driver {
                name: &report.tool.name,
                version: &report.tool.version,
                rules: worst.values().map(|diagnosis| rule(diagnosis, ci)).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: is_whole,
            tool_execution_notifications: notifications,
        }],
        column_kind: "unicodeCodePoints",
        results,
    }
}

/// A rule as its own file tells it; where that is not at hand (a report of another host, with rules of
/// its own), as its worst diagnosis does.
fn rule(worst: &Diagnosis, ci: &Ci<'_>) -> Rule {
    let known = ci.rules.and_then(|rules| rules.get(&worst.rule));
    let (title, summary, confidence) = match known {
        Some(rule) => (rule.title.clone(), rule.summary.words(), rule.confidence),
        None => (worst.title.clone(), worst.title.clone(), worst.confidence),
    };
    let (fix, steps) = match known {
        Some(rule) => {
            (rule.fix.summary.words(), rule.fix.steps.iter().map(|step| step.words()).collect())
        }
        None => (worst.fix.summary.clone(), worst.fix.steps.clone()),
    };
    let numbered: Vec<String> =
        steps.iter().enumerate().map(|(index, step)| format!("{}. {step}", index + 1)).collect();
    let help = [vec![fix], numbered].concat().join("\n");
    Rule {
        id: worst.rule.clone(),
        short_description: Text { text: plain(&title) },
        full_description: Text { text: plain(&summary) },
        help: Help { text: plain(&help), markdown: super::markdown::paragraph(&help) },
        default_configuration: Configuration { level: level(worst.level) },
        properties: RuleProperties {
            tags: vec!["trading-bot".to_owned(), worst.pattern.id().to_owned()],
            precision: match confidence {
                sure if sure >= 0.95 => "very-high",
                sure if sure >= 0.85 => "high",
                sure if sure >= 0.6 => "medium",
                _ => "low",
            },
            severity: level(worst.level),
        },
    }
}

/// `same` counts what has one fingerprint, from 1.
fn outcome<'r>(
    report: &Report,
    diagnosis: &'r Diagnosis,
    rule_index: usize,
    same: u32,
    ci: &Ci<'_>,
) -> Outcome<'r> {
    let spot = ci.spot(diagnosis);
    let frame = diagnosis.exception.as_ref().and_then(|exception| exception.frame.as_ref());
    let mut text = sentence(report, diagnosis);
    if let Some(frame) = frame.filter(|_| !spot.is_code) {
        text.push_str(&format!(" In {}.", frame_place(frame)));
    }
    if !diagnosis.fix.summary.is_empty() {
        text.push_str(&format!(" {}", diagnosis.fix.summary));
    }
    let function = frame.and_then(|frame| frame.function.clone());
    let snippet = frame.filter(|_| spot.is_code).and_then(|frame| frame.code.clone());
    let evidence = diagnosis.evidence.iter().enumerate().map(|(index, line)| Location {
        id: Some(index + 1),
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(&line.file) },
            region: Region {
                start_line: line.line.max(1),
                snippet: Some(Text { text: line.text.clone() }),
            },
        },
        logical_locations: Vec::new(),
        message: Some(Text { text: plain(&line.text) }),
    });
    Outcome {
        rule_id: &diagnosis.rule,
        rule_index,
        level: level(diagnosis.level),
        message: Text { text: plain(&text) },
        locations: [location(&spot, function, snippet)],
        related_locations: evidence.collect(),
        occurrence_count: diagnosis.count.max(1),
        rank: (diagnosis.confidence.clamp(0.0, 1.0) * 100.0).round(),
        partial_fingerprints: [
            // The one that GitHub knows an alert by; it would make its own from the file otherwise.
            ("primaryLocationLineHash", format!("{}:{same}", diagnosis.fingerprint)),
            ("wdDiagnose/v1", diagnosis.fingerprint.clone()),
        ]
        .into(),
        baseline_state: diagnosis.baseline.map(|standing| match standing {
            Standing::New => "new",
            Standing::Known => "unchanged",
            Standing::Risen => "updated",
        }),
        properties: Properties {
            pattern: diagnosis.pattern.id(),
            level: diagnosis.level.id(),
            confidence: diagnosis.confidence,
            source: &diagnosis.last.source,
            first: place(&diagnosis.first),
            last: place(&diagnosis.last),
        },
    }
}

fn location(spot: &Spot, function: Option<String>, snippet: Option<String>) -> Location {
    Location {
        id: None,
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(&spot.path) },
            region: Region { start_line: spot.line, snippet: snippet.map(|text| Text { text }) },
        },
        logical_locations: function
            .filter(|_| spot.is_code)
            .map(|name| Logical { name, kind: "function" })
            .into_iter()
            .collect(),
        message: None,
    }
}

fn place(position: &crate::model::Position) -> String {
    let time = position.time.as_deref().or(position.raw_time.as_deref());
    match time {
        Some(time) => format!("{}:{} {time}", position.file, position.line),
        None => format!("{}:{}", position.file, position.line),
    }
}

/// What ended a run and what was not handled are errors; what the bot coped with is a warning.
fn level(level: Level) -> &'static str {
    match level {
        Level::Fatal | Level::Error => "error",
        Level::Warning => "warning",
    }
}

/// Text of a message, in which `[text](target)` would be a link (SARIF 2.1.0, 3.11.6).
fn plain(text: &str) -> String {
    text.replace("](", "] (")
}

/// A path as a URI reference (RFC 3986): relative to the repository, or `file:` where it is absolute.
fn uri(path: &str) -> String {
    use std::fmt::Write;

    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./");
    let has_drive =
        path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    let mut uri = String::with_capacity(path.len() + 8);
    if has_drive {
        uri.push_str("file:///");
    } else if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            // Writing to a `String` cannot fail.
            byte => drop(write!(uri, "%{byte:02X}")),
        }
    }
    if uri.is_empty() { "unknown".to_owned() } else { uri }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::report::{SourceTree, sample};

    fn sarif(report: &Report, ci: &Ci<'_>) -> String {
        let mut out = Vec::new();
        write(report, ci, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn crash() {
        insta::assert_snapshot!(sarif(&sample::crash(), &Ci::default()));
    }

    #[test]
    fn healthy() {
        insta::assert_snapshot!(sarif(&sample::healthy(), &Ci::default()));
    }

    #[test]
    fn hostile_text_is_inert() {
        let written = sarif(&sample::hostile(), &Ci::default());
        sample::assert_inert(&written);
        let log: serde_json::Value = serde_json::from_str(&written).unwrap();
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let text = result["message"]["text"].as_str().unwrap();
            assert!(!text.contains("]("), "{text}");
            let location = &result["locations"][0]["physicalLocation"];
            let uri = location["artifactLocation"]["uri"].as_str().unwrap();
            assert!(
                uri.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"`{}|\\^#?".contains(&b)),
                "{uri}"
            );
        }
    }

    #[test]
    fn points_at_the_bots_own_line_where_it_is_at_hand() {
        let folder = tempfile::tempdir().unwrap();
        let code = "\n\nresponse = requests.get(URL, params={\"symbol\": symbol}, timeout=5)\n";
        fs::write(folder.path().join("price_watch.py"), code).unwrap();
        let tree = SourceTree::new(folder.path(), folder.path());
        let ci = Ci { tree: Some(&tree), ..Ci::default() };
        let log: serde_json::Value = serde_json::from_str(&sarif(&sample::crash(), &ci)).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let place = |index: usize| &results[index]["locations"][0]["physicalLocation"];
        assert_eq!(place(0)["artifactLocation"]["uri"], "price_watch.py");
        assert_eq!(place(0)["region"]["startLine"], 3);
        assert_eq!(place(1)["artifactLocation"]["uri"], "logs/bot.log");
        assert_eq!(place(1)["region"]["startLine"], 700);
    }

    #[test]
    fn rules_explain_themselves() {
        let rules = crate::rules::load(&crate::rules::RuleOptions::default()).unwrap();
        let ci = Ci { rules: Some(&rules), ..Ci::default() };
        let log: serde_json::Value = serde_json::from_str(&sarif(&sample::crash(), &ci)).unwrap();
        let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
        assert_eq!(rule["id"], "network/connection-refused");
        let known = rules.get("network/connection-refused").unwrap();
        assert_eq!(rule["fullDescription"]["text"], plain(&known.summary.words()));
        assert!(rule["help"]["text"].as_str().unwrap().contains("\n1. "));
    }

    #[test]
    fn the_baseline_is_told() {
        let mut report = sample::crash();
        for (diagnosis, standing) in
            report.diagnoses.iter_mut().zip([Standing::New, Standing::Risen, Standing::Known])
        {
            diagnosis.baseline = Some(standing);
        }
        let log: serde_json::Value = serde_json::from_str(&sarif(&report, &Ci::default())).unwrap();
        let states: Vec<_> = log["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["baselineState"].as_str())
            .collect();
        assert_eq!(states, [Some("new"), Some("updated"), Some("unchanged"), None]);
    }

    #[test]
    fn paths_are_uris() {
        for (path, shown) in [
            ("logs/bot.log", "logs/bot.log"),
            ("./bot 1#.log", "bot%201%23.log"),
            ("/var/log/bot.log", "file:///var/log/bot.log"),
            ("C:\\bots\\bot.log", "file:///C%3A/bots/bot.log"),
            ("ab:c/ü.log", "ab%3Ac/%C3%BC.log"),
            ("", "unknown"),
        ] {
            assert_eq!(uri(path), shown);
        }
    }
}
