//! The fixtures and how the tests have them read.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use proptest::prelude::*;
use serde::Deserialize;
use wd_diagnose::analyze::BatchOptions;
use wd_diagnose::analyze::batch::run_over;
use wd_diagnose::detect::Matcher;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::{Level, Pattern};
use wd_diagnose::report::{self, Format, Report, Style};
use wd_diagnose::rules::{self, RuleOptions, RuleSet};
use wd_diagnose::source::{Discover, Opening, Reader, Source, discover};
use wd_diagnose::traceback::Roots;

/// The rules in the binary, loaded once: that is most of the time that a small log takes.
pub(crate) static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| rules::load(&RuleOptions::default()).unwrap());

/// The same, ready to be looked for.
pub(crate) static MATCHER: LazyLock<Matcher<'static>> =
    LazyLock::new(|| Matcher::new(&RULES, Roots::default()));

/// A log, or a folder with a rotated set, and what an expert says about it.
#[derive(Debug)]
pub(crate) struct Case {
    /// Such as `network/dns-requests`.
    pub(crate) name: String,
    /// The log or the folder, relative to the project.
    pub(crate) path: PathBuf,
    /// What the expert says.
    pub(crate) expected: Expectation,
}

/// `fixtures/README.md` explains the keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    pub(crate) verdict: Option<Pattern>,
    pub(crate) level: Option<Level>,
    #[serde(rename = "cause")]
    _cause: String,
    pub(crate) exception: Option<String>,
    pub(crate) frame: Option<Frame>,
    pub(crate) captures: BTreeMap<String, String>,
    pub(crate) also: Vec<Pattern>,
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) accept: Vec<Option<Pattern>>,
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
}

/// A frame of the bot's own code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Frame {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) function: Option<String>,
}

impl Case {
    /// Options that its `args` stand for.
    pub(crate) fn options(&self) -> BatchOptions {
        let mut options = options();
        for arg in &self.expected.args {
            match arg.as_str() {
                "--stopped" => options.stopped = true,
                _ => panic!("{}: no option `{arg}`", self.name),
            }
        }
        options
    }

    /// The source that it is.
    pub(crate) fn source(&self) -> Source {
        let args = [self.path.clone().into_os_string().into()];
        let mut found = discover(&args, &Discover::default());
        assert!(found.problems.is_empty(), "{}: {:?}", self.name, found.problems);
        assert_eq!(found.sources.len(), 1, "{}: one log", self.name);
        found.sources.remove(0)
    }

    /// The report on it.
    pub(crate) fn report(&self) -> Report {
        let source = self.source();
        report_on(&source, source.open(&opening()), &self.options())
    }

    /// The bytes of a log that is one file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).unwrap()
    }

    /// Whether it is one file.
    pub(crate) fn is_file(&self) -> bool {
        self.path.extension().is_some()
    }
}

/// All fixtures, sorted by name. Every log has its expectation, and every expectation its log.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for group in folders("fixtures") {
        let group_name = group.file_name().unwrap().to_string_lossy().into_owned();
        if ["make", "golden", "lines", "matrix", "pairs", "printed"].contains(&group_name.as_str())
        {
            continue;
        }
        let mut entries = entries(&group);
        entries.retain(|path| path.is_dir() || path.extension().is_some_and(|ext| ext == "log"));
        assert!(!entries.is_empty(), "{} holds no log", group.display());
        for path in entries {
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let json = path.with_extension("json");
            let text = fs::read_to_string(&json)
                .unwrap_or_else(|error| panic!("{}: {error}", json.display()));
            let expected = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", json.display()));
            cases.push(Case { name: format!("{group_name}/{stem}"), path, expected });
        }
    }
    cases
}

/// Folders in `folder`, sorted.
pub(crate) fn folders(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let mut found = entries(folder.as_ref());
    found.retain(|path| path.is_dir());
    found
}

/// What is in `folder`, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// What the command line means where nothing was asked for, at a time when every log is long finished.
pub(crate) fn options() -> BatchOptions {
    BatchOptions {
        since: None,
        until: None,
        patterns: Vec::new(),
        run: None,
        context: 0,
        redact: true,
        stopped: false,
        zone: None,
        source_root: None,
        threads: None,
        now: SystemTime::UNIX_EPOCH,
        rules: RuleOptions::default(),
        unpack_limit: 1 << 30,
    }
}

/// As the program opens a source, at a time when every log is long finished.
pub(crate) fn opening() -> Opening {
    Opening::new(SystemTime::UNIX_EPOCH)
}

/// What the rules in the binary find in `source`, which `reader` reads.
pub(crate) fn report_on(source: &Source, reader: Reader, options: &BatchOptions) -> Report {
    run_over(&MATCHER, source, reader, options)
        .unwrap_or_else(|failure| panic!("{}: {failure}", source.name))
        .report
}

/// What they find in `text` where one of them is switched off, and where the bot is known to be down or not.
pub(crate) fn report_without(rule: &str, stopped: bool, text: &str) -> Report {
    let disabled = vec![rule.to_owned()];
    let rules = rules::load(&RuleOptions { disabled, ..RuleOptions::default() }).unwrap();
    let matcher = Matcher::new(&rules, Roots::default());
    let reader = Reader::over(std::io::Cursor::new(text.to_owned()), opening());
    run_over(&matcher, &Source::stdin(), reader, &BatchOptions { stopped, ..options() })
        .unwrap()
        .report
}

/// What they find in `text` where the bot is known to be down, or not.
pub(crate) fn report_on_end(text: impl Into<Vec<u8>>, stopped: bool) -> Report {
    let reader = Reader::over(std::io::Cursor::new(text.into()), opening());
    report_on(&Source::stdin(), reader, &BatchOptions { stopped, ..options() })
}

/// The text of a fixture that is one file.
pub(crate) fn fixture(name: &str) -> String {
    fs::read_to_string(format!("fixtures/{name}.log")).unwrap()
}

/// The diagnosis under that rule.
pub(crate) fn find<'r>(report: &'r Report, rule: &str) -> Option<&'r Diagnosis> {
    report.diagnoses.iter().find(|diagnosis| diagnosis.rule == rule)
}

/// What they find in `bytes`, which come down a pipe.
pub(crate) fn report_on_bytes(bytes: impl Into<Vec<u8>>) -> Report {
    let stream = std::io::Cursor::new(bytes.into());
    report_on(&Source::stdin(), Reader::over(stream, opening()), &options())
}

/// The report as it is shown.
pub(crate) fn written(format: Format, report: &Report) -> String {
    let mut out = Vec::new();
    report::write(format, report, &Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The last component of a class, which is all that a logger without qualified names shows.
pub(crate) fn last_component(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

/// The formats a report is written in.
pub(crate) const FORMATS: [Format; 9] = [
    Format::Text,
    Format::Json,
    Format::Jsonl,
    Format::Markdown,
    Format::Github,
    Format::Gitlab,
    Format::Sarif,
    Format::Junit,
    Format::Prometheus,
];

/// How much larger the test is by hand than in every run.
pub(crate) fn scale() -> u64 {
    std::env::var("WD_SCALE").map_or(1, |text| text.parse().unwrap())
}

/// Any bytes, or a fixture with some bytes changed, cut, doubled or put in.
pub(crate) fn log() -> impl Strategy<Value = Vec<u8>> {
    let fixtures: Vec<Vec<u8>> =
        cases().iter().filter(|case| case.is_file()).map(Case::bytes).collect();
    let fragment = prop_oneof![
        Just(b"Traceback (most recent call last):\n".to_vec()),
        Just(
            b"\n\nDuring handling of the above exception, another exception occurred:\n\n".to_vec()
        ),
        Just(b"  + Exception Group Traceback (most recent call last):\n".to_vec()),
        Just("╭──── Traceback (most recent call last) ────╮\n".as_bytes().to_vec()),
        Just(b"{\"message\": \"\\ud800\", \"exc_info\": \"Traceback\\n".to_vec()),
        Just(b"\r\n\r".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let edit = (any::<prop::sample::Index>(), 0usize..200, fragment.clone());
    let mutated = (prop::sample::select(fixtures), prop::collection::vec(edit, 1..6)).prop_map(
        |(mut bytes, edits)| {
            for (at, len, fragment) in edits {
                let start = at.index(bytes.len() + 1);
                let end = (start + len).min(bytes.len());
                bytes.splice(start..end, fragment);
            }
            bytes
        },
    );
    let random = prop::collection::vec(any::<u8>(), 0..2_000);
    let pieces = prop::collection::vec(fragment, 0..60).prop_map(|pieces| pieces.concat());
    prop_oneof![1 => random, 1 => pieces, 4 => mutated]
}
