use std::collections::BTreeMap;

use super::*;
use crate::diagnosis::{Exception, Fix, OwnFrame};
use crate::model::{Pattern, Position};

fn diagnosis(rule: &str, fingerprint: &str, level: Level, count: u64) -> Diagnosis {
    let position = Position {
        source: "bot.log".to_owned(),
        file: "bot.log".to_owned(),
        line: 7,
        byte: 0,
        time: None,
        raw_time: None,
    };
    Diagnosis {
        pattern: Pattern::Payload,
        rule: rule.to_owned(),
        title: "A key is missing in an answer".to_owned(),
        summary: String::new(),
        level,
        confidence: 0.9,
        count,
        first: position.clone(),
        last: position,
        evidence: Vec::new(),
        captures: BTreeMap::new(),
        exception: Some(Exception {
            class: "KeyError".to_owned(),
            message: "'price'".to_owned(),
            frame: Some(OwnFrame {
                file: "/home/ann/bot/feed.py".to_owned(),
                line: Some(21),
                function: Some("latest".to_owned()),
                code: None,
            }),
            chain: Vec::new(),
        }),
        fix: Fix { summary: String::new(), steps: Vec::new(), commands: Vec::new() },
        fingerprint: fingerprint.to_owned(),
        baseline: None,
    }
}

fn written(baseline: &Baseline) -> String {
    let mut out = Vec::new();
    baseline.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn standing(baseline: &Baseline, mut diagnoses: Vec<Diagnosis>) -> Vec<&'static str> {
    baseline.mark(&mut diagnoses);
    diagnoses.iter().map(|diagnosis| diagnosis.baseline.unwrap().id()).collect()
}

fn refused(text: &str) -> String {
    Baseline::parse("known.toml", text).unwrap_err().to_string()
}

#[test]
fn is_written_sorted_and_reads_back() {
    let baseline = Baseline::of(&[
        diagnosis("payload/key-error", "bbbb", Level::Error, 2),
        diagnosis("network/reset", "cccc", Level::Warning, 40),
        diagnosis("payload/key-error", "aaaa", Level::Fatal, 1),
    ]);
    let text = written(&baseline);
    insta::assert_snapshot!(text, @r#"
    # Diagnoses that are known: they do not fail a run of wd-diagnose unless they come more often than
    # `count`, or are of a worse level. Made by --update-baseline. An entry may be taken out by hand.
    version = 1

    [[known]]
    fingerprint = "cccc"
    rule = "network/reset"
    title = "A key is missing in an answer"
    where = "feed.py in latest"
    level = "warning"
    count = 40

    [[known]]
    fingerprint = "aaaa"
    rule = "payload/key-error"
    title = "A key is missing in an answer"
    where = "feed.py in latest"
    level = "fatal"
    count = 1

    [[known]]
    fingerprint = "bbbb"
    rule = "payload/key-error"
    title = "A key is missing in an answer"
    where = "feed.py in latest"
    level = "error"
    count = 2
"#);
    assert_eq!(Baseline::parse("known.toml", &text).unwrap(), baseline);
    assert_eq!(written(&Baseline::parse("known.toml", &text).unwrap()), text);
}

#[test]
fn hostile_titles_stay_strings() {
    let mut hostile = diagnosis("x/y", "aaaa", Level::Error, 1);
    hostile.title = "\"\"\"\n[[known]]\nfingerprint = 'x' # \\".to_owned();
    let baseline = Baseline::of(&[hostile]);
    assert_eq!(Baseline::parse("known.toml", &written(&baseline)).unwrap(), baseline);
    assert_eq!(baseline.len(), 1);
}

#[test]
fn more_often_or_worse_than_known_is_risen() {
    let known = |level, count| Baseline::of(&[diagnosis("x/y", "aaaa", level, count)]);
    let now = |level, count| vec![diagnosis("x/y", "aaaa", level, count)];
    assert_eq!(standing(&known(Level::Error, 2), now(Level::Error, 2)), ["known"]);
    assert_eq!(standing(&known(Level::Error, 2), now(Level::Warning, 1)), ["known"]);
    assert_eq!(standing(&known(Level::Error, 2), now(Level::Error, 3)), ["risen"]);
    assert_eq!(standing(&known(Level::Warning, 2), now(Level::Fatal, 1)), ["risen"]);
    assert_eq!(
        standing(&known(Level::Error, 2), vec![diagnosis("x/y", "bbbb", Level::Error, 1)]),
        ["new"]
    );
    assert_eq!(standing(&Baseline::default(), now(Level::Warning, 1)), ["new"]);
}

#[test]
fn sources_are_counted_together() {
    let twice = || {
        vec![diagnosis("x/y", "aaaa", Level::Error, 2), diagnosis("x/y", "aaaa", Level::Warning, 3)]
    };
    let baseline = Baseline::of(&twice());
    assert_eq!(standing(&baseline, twice()), ["known", "known"]);
    let mut more = twice();
    more[1].count = 4;
    assert_eq!(standing(&baseline, more), ["risen", "risen"]);
}

#[test]
fn what_is_not_seen_is_told() {
    let old = [
        diagnosis("x/b", "aaaa", Level::Error, 2),
        diagnosis("x/a", "bbbb", Level::Error, 2),
        diagnosis("x/c", "cccc", Level::Error, 2),
    ];
    let baseline = Baseline::of(&old);
    let unseen: Vec<&str> =
        baseline.unseen(&old[2..]).into_iter().map(|known| known.rule.as_str()).collect();
    assert_eq!(unseen, ["x/a", "x/b"]);
}

#[test]
fn what_is_no_baseline_is_refused_with_its_place() {
    let entry = "[[known]]\nfingerprint = \"aaaa\"\ncount = 1\n";
    let conflict = format!("version = 1\n<<<<<<< HEAD\n{entry}=======\n{entry}>>>>>>> other\n");
    for (text, start) in [
        (
            conflict.as_str(),
            "known.toml:2:1: a merge conflict is not resolved (`<<<<<<< HEAD`): keep",
        ),
        ("", "known.toml:1:1: this is no baseline: it has no `version`"),
        ("[package]\nname = \"bot\"\n", "known.toml:1:1: this is no baseline"),
        (
            "# old\nversion = 0\n",
            "known.toml:2:11: this baseline is of version 0, and this program knows version 1; delete it",
        ),
        (
            "version = 9\nmore = true\n",
            "known.toml:1:11: this baseline is of version 9, and this program knows version 1; use the",
        ),
        (
            "version = 1\n[[known]]\nfingerprint = \"aaaa\n",
            "known.toml:3:20: the baseline is damaged: ",
        ),
        (
            "version = 1\n[[known]]\nfingerprint = \"aaaa\"\n",
            "known.toml:2:1: the baseline is damaged: missing field `count`",
        ),
        (
            "version = 1\n[[known]]\nfingerprint = \"a\"\ncount = -1\n",
            "known.toml:4:9: the baseline is damaged: invalid value: integer `-1`",
        ),
        (
            "version = 1\n[[known]]\nfingerprint = \"a\"\ncoun = 1\n",
            "known.toml:4:1: the baseline is damaged: unknown field `coun`",
        ),
    ] {
        assert!(refused(text).starts_with(start), "{}\n{start}", refused(text));
    }
}

#[test]
fn both_sides_of_a_merge_may_be_kept() {
    let text = "version = 1\n[[known]]\nfingerprint = \"a\"\nlevel = \"warning\"\ncount = 3\n\
                [[known]]\nfingerprint = \"a\"\nlevel = \"fatal\"\ncount = 2\n";
    let baseline = Baseline::parse("known.toml", text).unwrap();
    assert_eq!(baseline.len(), 1);
    assert_eq!(standing(&baseline, vec![diagnosis("x/y", "a", Level::Fatal, 3)]), ["known"]);
}
