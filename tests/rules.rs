//! The built-in rules hold their laws, and wrong rules are refused with place and advice.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::cases;
use wd_diagnose::detect::{Matcher, examples};
use wd_diagnose::model::Pattern;
use wd_diagnose::rules::{RuleOptions, RuleSet, load, load_whole, write_digest};
use wd_diagnose::safe::redact::Redactor;
use wd_diagnose::traceback::Roots;

fn built_in() -> RuleSet {
    load_whole(&RuleOptions::default()).expect("the built-in rules are right")
}

#[test]
fn every_rule_does_what_its_examples_say() {
    let rules = built_in();
    let matcher = Matcher::new(&rules, Roots::default());
    let redactor = Redactor::new(true);
    let outcome = examples::run(&matcher, &|text| redactor.redact(text).into_owned());
    assert!(outcome.count > 1400, "only {} examples", outcome.count);
    let failed: Vec<String> = outcome
        .failed
        .iter()
        .map(|failed| format!("{}:{}: {}: {}", failed.file, failed.line, failed.rule, failed.what))
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// What reports are made of asks for the winner alone, and passes over what cannot win.
#[test]
fn the_winner_is_the_same_where_nothing_else_is_asked_for() {
    let rules = built_in();
    let matcher = Matcher::new(&rules, Roots::default());
    let marks = |text: &str| matcher.marks(text).into_iter().collect::<BTreeSet<_>>();
    let mut events = 0;
    let examples =
        rules.rules.iter().flat_map(|rule| rule.examples.iter().chain(&rule.near_misses));
    let examples = examples.chain(rules.marks.iter().flat_map(|mark| &mark.examples));
    for example in examples {
        for header in ["", "2026-03-01 10:00:00,429 - bot - ERROR - ", "ERROR bot: "] {
            let text = format!("{header}{}", example.text);
            examples::for_each_event(&matcher, &text, |parsed| {
                events += 1;
                let heard = matcher.announced(parsed);
                let (winner, all) = (matcher.winner(parsed, &heard), matcher.confirm(parsed));
                assert_eq!(winner.matches.first(), all.matches.first(), "{text}");
                assert_eq!(winner.steps, all.steps, "{text}");
                let mut known = marks(&parsed.message);
                if !parsed.event.head.extra.is_empty() {
                    known.extend(marks(parsed.event.head.message.lines().next().unwrap_or("")));
                }
                if parsed.has_header() {
                    known.extend(marks(&parsed.raw));
                }
                let told: BTreeSet<usize> = matcher.marks_of(parsed, &heard).into_iter().collect();
                assert_eq!(told, known, "{text}");
            });
        }
    }
    assert!(events > 1400, "only {events} events");
}

/// Rules whose lines only programs write that cannot be run where fixtures are made: Windows, a kernel and an init system of a machine of its
/// own, a graphics card, a batch system, a trading terminal, a browser, a chain. `fixtures/make/printed.py` prints them as their sources say.
const PRINTED_ONLY: [&str; 17] = [
    "dependencies/dll-load-failed",
    "memory/batch-limit",
    "memory/gpu-out-of-memory",
    "memory/oom-killed",
    "memory/paging-file",
    "other/browser-failed",
    "other/markets-not-loaded",
    "other/transaction-refused",
    "system/clock-jump",
    "system/file-in-use",
    "system/host-shutdown",
    "system/host-suspended",
    "system/kernel-stall",
    "system/service-watchdog",
    "system/system-resources",
    "system/trading-terminal",
    "system/windows-exception",
];

/// Where what is only printed lies.
const PRINTED: &str = "fixtures/printed/";

#[test]
fn every_rule_quotes_a_line_of_a_fixture() {
    let rules = built_in();
    let (mut silent, mut printed) = (Vec::new(), Vec::new());
    for rule in &rules.rules {
        let mut sources = rule.examples.iter().filter_map(|example| example.source.as_deref());
        if examples::RAISED.contains(&rule.id.as_str())
            || sources.any(|at| !at.starts_with(PRINTED))
        {
            continue;
        }
        if rule.examples.iter().any(|example| example.source.is_some()) {
            printed.push(rule.id.as_str());
        } else {
            silent.push(rule.id.as_str());
        }
    }
    assert!(silent.is_empty(), "give one example of each its `source`: {silent:#?}");
    printed.sort_unstable();
    assert_eq!(printed, PRINTED_ONLY, "the rules that no real run shows");
}

#[test]
fn every_rule_the_program_raises_is_in_a_report_on_a_fixture() {
    let mut raised: BTreeSet<String> = examples::RAISED.map(str::to_owned).into();
    for case in cases() {
        for diagnosis in &case.report().diagnoses {
            raised.remove(&diagnosis.rule);
        }
    }
    assert!(raised.is_empty(), "no fixture shows {raised:?}");
}

#[test]
fn printed_lines_have_a_source_each() {
    for log in common::entries(Path::new(PRINTED)) {
        if log.extension().is_some_and(|ending| ending == "sources") {
            continue;
        }
        let sources = std::fs::read_to_string(log.with_extension("sources")).unwrap();
        let text = std::fs::read_to_string(&log).unwrap();
        assert_eq!(text.lines().count(), sources.lines().count(), "{}", log.display());
        assert!(sources.lines().all(|source| source.starts_with("https://")), "{sources}");
    }
}

#[test]
fn examples_from_fixtures_stand_there() {
    let rules = built_in();
    let mut wrong = Vec::new();
    for rule in &rules.rules {
        for example in rule.examples.iter().chain(&rule.near_misses) {
            let Some(source) = &example.source else { continue };
            let place = source.rsplit_once(':').and_then(|(file, line)| {
                let text = std::fs::read_to_string(file).ok()?;
                let from = line.parse::<usize>().ok()?.checked_sub(1)?;
                let wanted: Vec<&str> = example.text.trim_matches('\n').lines().collect();
                let there = text.lines().skip(from).take(wanted.len());
                // A literal that ends with a quote has a blank behind it.
                Some(there.map(str::trim_end).eq(wanted.iter().map(|line| line.trim_end())))
            });
            if place != Some(true) {
                wrong.push(format!("{}:{}: {source} does not say that", rule.file, example.line));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn rules_the_program_raises_are_there_and_have_no_conditions() {
    let rules = built_in();
    for id in examples::RAISED {
        let rule = rules.get(id).unwrap_or_else(|| panic!("{id} is missing"));
        assert!(rule.whens.is_empty(), "{id} has conditions, so it needs examples");
    }
}

#[test]
fn every_rule_names_where_its_facts_come_from() {
    let rules = built_in();
    let silent: Vec<&str> = rules
        .rules
        .iter()
        .filter(|rule| rule.source.is_empty() && !examples::RAISED.contains(&rule.id.as_str()))
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(silent.is_empty(), "without a source: {silent:?}");
}

#[test]
fn rules_stand_in_the_order_of_their_ids() {
    let rules = built_in();
    for pattern in Pattern::ALL {
        let mut own: Vec<_> = rules.rules.iter().filter(|rule| rule.pattern == pattern).collect();
        own.sort_by_key(|rule| rule.line);
        let ids: Vec<&str> = own.iter().map(|rule| rule.id.as_str()).collect();
        assert!(ids.is_sorted(), "rules/{pattern}.toml is not sorted: {ids:?}");
    }
}

#[test]
fn user_rules_replace_built_in_ones_by_id() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, rule("network/timeout", &condition("any = [\"pigeon lost\"]"))).unwrap();
    let options = RuleOptions { paths: vec![path], ..RuleOptions::default() };
    let (before, after) = (load(&RuleOptions::default()).unwrap(), load(&options).unwrap());
    assert_eq!(before.rules.len(), after.rules.len());
    assert_eq!(after.get("network/timeout").unwrap().title, "A title");
}

#[test]
fn samples_of_the_patterns_run() {
    if Command::new("python3").arg("--version").output().is_err() {
        println!("no python3 here: the samples were not run");
        return;
    }
    for (pattern, guide) in &built_in().guides {
        let mut child = Command::new("python3")
            .args(["-W", "error", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(guide.sample.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the sample of {pattern} fails:\n{errors}");
    }
}

/// A rule file with one rule of that id; `body` stands between its head and its fix.
fn rule(id: &str, body: &str) -> String {
    with_fix(id, body, "summary = \"Do it.\"")
}

fn with_fix(id: &str, body: &str, fix: &str) -> String {
    format!(
        "pattern = \"network\"\n[[rule]]\nid = \"{id}\"\ntitle = \"A title\"\nbasis = \"text\"\n\
         summary = \"A summary.\"\n{body}\n[rule.fix]\n{fix}\n"
    )
}

fn series(conditions: &str, text: &str) -> String {
    format!("[rule.series]\n{text}\n{conditions}")
}

fn condition(text: &str) -> String {
    format!("[[rule.when]]\n{text}")
}

/// The complaints about a file of that name, as they are printed.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let files = [
        (Path::new("captures.toml"), "[host]\nregex = ['host (?P<host>\\w+)']"),
        (Path::new(name), text),
    ];
    match write_digest(files.into_iter()) {
        Ok(_) => Vec::new(),
        Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn wrong_rules_are_refused_with_place_and_advice() {
    let id = "network/x";
    let good = condition("any = [\"pigeon lost\"]");
    assert_eq!(complaints("a.toml", &rule(id, &good)), Vec::<String>::new());
    let twice =
        format!("{}{}", rule(id, &good), rule(id, &good).replace("pattern = \"network\"\n", ""));
    let cases = [
        (
            rule(id, &condition("not = [\"fine\"]")),
            "a.toml:7:1: no literal to look for: give `any`, `all` or `exception`, so that lines without it cost nothing",
        ),
        (
            rule(id, &condition("any = [\"429\"]")),
            "a.toml:8:8: `429` is a bare number, which prices and order ids hold too; add what stands round it, such as `status 429` or `\"code\":429`",
        ),
        (
            rule(id, &condition("any = [\"status 429\"]\nregex = ['\\b429\\b']")),
            "a.toml:9:10: `\\b429\\b` is a bare number, which prices and order ids hold too; add what stands round it",
        ),
        (
            rule(id, &condition("any = [\"ab\"]")),
            "a.toml:8:8: literal `ab` is shorter than 5 bytes; take more of the text",
        ),
        (
            rule(id, &condition("any = [\"pigeon lost\"]\nregex = ['.*lost']")),
            "a.toml:9:10: a regex that starts with `.*` matches everything first; begin with the text",
        ),
        (
            rule(id, &condition("any = [\"pigeon lost\"]\non = \"mesage\"")),
            "a.toml:9:6: no place `mesage`; one of link, message, said, any",
        ),
        (
            rule(id, &condition("any = [\"pigeon lost\"]\nexeption = [\"KeyError\"]")),
            "a.toml:9:1: unknown key `exeption`; did you mean `exception`? (known here: on, exception, any, all, not, regex, raised-in, code, severity, chain, ignore-case, own-module)",
        ),
        (
            rule(id, &format!("take = [\"hots\"]\n{good}")),
            "a.toml:7:9: no capture set `hots` in captures.toml; did you mean `host`?",
        ),
        (
            with_fix(id, &good, "summary = \"Feed {pigeon}.\""),
            "a.toml:10:11: `{pigeon}` is captured nowhere in this rule; add a regex with `(?P<pigeon>…)` or a `take`",
        ),
        (
            with_fix(id, &good, "summary = \"Ask {host}.\""),
            "a.toml:10:11: `{host}` may be missing here; give it a default, as in `{host|…}`",
        ),
        (
            with_fix(id, &good, "summary = \"Do it.\"\ncommands = [\"curl -w '%{{http_code}}'\"]"),
            "a.toml:11:13: `{http_code}` would be printed and look like a capture that was not filled in; say it without braces",
        ),
        (
            with_fix(id, &good, "summary = \"Do {it\""),
            "a.toml:10:15: `{` without `}`; a literal brace is written `{{`",
        ),
        (twice, "a.toml:12:6: id `network/x` was used before, on line 3; ids are never reused"),
        (
            rule("memory/x", &good),
            "a.toml:3:6: id `memory/x` must be `network/` and a name of a-z, 0-9 and `-`",
        ),
        (
            rule(id, &good).replace("\"text\"", "\"words\""),
            "a.toml:5:9: no basis `words`; one of code, errno, status, exception, text",
        ),
        (
            rule(id, &good).replace("\"network\"", "\"netwrok\""),
            "a.toml:1:11: no pattern `netwrok`; the patterns are dependencies, network, rate-limit, memory, credentials, payload, system, other",
        ),
        (
            rule(id, &format!("confidence = 1.5\n{good}")),
            "a.toml:7:14: confidence lies between 0 and 1",
        ),
        (
            rule(id, &series(&good, "kind = \"treshold\"")),
            "a.toml:8:8: no kind `treshold`; one of threshold, sequence, absence, rising, steady",
        ),
        (
            rule(id, &series(&good, "kind = \"threshold\"\nwithin = \"1m\"")),
            "a.toml:7:1: a series of kind `threshold` needs `count`",
        ),
        (
            rule(id, &series(&good, "kind = \"sequence\"\nwithin = \"1m\"")),
            "a.toml:7:1: a series of kind `sequence` needs `then`",
        ),
        (
            rule(id, &series(&good, "kind = \"sequence\"\nwithin = \"1m\"\ncount = 3")),
            "a.toml:7:1: a series of kind `sequence` has no `count`",
        ),
        (
            rule(id, &series(&good, "kind = \"threshold\"\ncount = 1\nwithin = \"1m\"")),
            "a.toml:9:9: count lies between 2 and 64",
        ),
        (
            rule(id, &series(&good, "kind = \"threshold\"\ncount = 3\nwithin = \"soon\"")),
            "a.toml:10:10: `soon` is no length of time; write a number and s, m, h or d, as in `90s`",
        ),
        (
            rule(id, &series("", "kind = \"threshold\"\ncount = 3\nwithin = \"1m\"")),
            "a.toml:7:1: no events: give `[[rule.when]]` or `rules`",
        ),
        (
            rule(
                id,
                &series(
                    "",
                    "kind = \"threshold\"\nrules = [\"network/y\"]\ncount = 3\nwithin = \"1m\"",
                ),
            ),
            "a.toml:9:10: no rule `network/y`; did you mean `network/x`?",
        ),
        (
            rule(
                id,
                &series(&good, "kind = \"rising\"\nvalue = \"depth\"\ncount = 3\nwithin = \"1m\""),
            ),
            "a.toml:7:1: `depth` is captured nowhere in this rule; add a regex with `(?P<depth>…)` or a `take`",
        ),
    ];
    for (text, wanted) in cases {
        let got = complaints("a.toml", &text);
        assert!(
            got.iter().any(|line| line == wanted),
            "\nwanted {wanted}\ngot    {got:#?}\nof\n{text}"
        );
    }
}

#[test]
fn a_regex_that_is_none_is_refused_at_its_place() {
    let text = rule("network/x", &condition("any = [\"pigeon lost\"]\nregex = ['pigeon (lost']"));
    let got = complaints("a.toml", &text);
    assert_eq!(got.len(), 1);
    assert!(got[0].starts_with("a.toml:9:10: wrong regex: "), "{}", got[0]);
}

#[test]
fn a_table_that_names_no_rule_is_refused() {
    let text =
        "exchange = \"acme\"\n[[error]]\ncode = \"-1\"\nrule = \"network/y\"\nmeans = \"lost\"\n";
    assert_eq!(
        complaints("exchanges/acme.toml", text),
        ["exchanges/acme.toml:4:8: no rule `network/y`"]
    );
}

#[test]
fn wrong_chains_are_refused() {
    let chain = |body: &str| format!("[[chain]]\nid = \"x\"\nwithin = \"1m\"\n{body}");
    for (body, wanted) in [
        (
            "cause = [\"network/y\"]\nsymptom = [\"network/*\"]",
            "chains.toml:4:10: no rule `network/y`",
        ),
        ("cause = []\nsymptom = []", "chains.toml:2:6: a chain needs a `cause` and a `symptom`"),
        (
            "cause = []\nsymptom = []\nsame = [\"status\"]",
            "chains.toml:6:9: chains compare exchange, host, pid, not `status`",
        ),
    ] {
        let got = complaints("chains.toml", &chain(body));
        assert!(got.iter().any(|line| line == wanted), "wanted {wanted}, got {got:#?}");
    }
}

#[test]
fn every_chain_names_where_its_facts_come_from() {
    let rules = built_in();
    assert!(rules.chains.len() > 10 && rules.chains.iter().all(|chain| !chain.source.is_empty()));
}

#[test]
fn ids_are_of_one_rule_each() {
    let rules = built_in();
    let ids: BTreeSet<&str> = rules.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids.len(), rules.rules.len());
}
