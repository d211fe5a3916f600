//! What rules must show by their examples: each law refuses a rule that breaks it, and names the place.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use wd_diagnose::detect::{Matcher, examples};
use wd_diagnose::rules::{RuleOptions, load};
use wd_diagnose::safe::redact::Redactor;
use wd_diagnose::traceback::Roots;

/// A rule that holds every law; the cases below each break one.
const GOOD: &str = r#"pattern = "payload"

[[rule]]
id = "payload/pigeon"
title = "A pigeon for a price"
basis = "text"
confidence = 0.9
summary = "A {bird|bird} came where a price was asked for."
capture = ['got a (?P<bird>pigeon|dove)']

[[rule.when]]
on = "message"
any = ["for a price, got a "]

[[rule.when]]
on = "message"
any = ["feathers in the answer"]

[rule.fix]
summary = "Feed it."

[[rule.example]]
text = '''2026-03-02 08:14:55,120 ERROR feed: asked for a price, got a pigeon'''
captures = { bird = "pigeon" }

[[rule.example]]
text = '''ERROR:feed:asked for a price, got a dove'''

[[rule.example]]
text = '''feed | feathers in the answer'''

[[rule.near-miss]]
text = '''2026-03-02 08:14:55,120 INFO feed: got a pigeon'''
"#;

/// What `rules test` says of a file with that text beside the built-in rules, without the file's folder.
fn complaints(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, text).unwrap();
    let rules = load(&RuleOptions { paths: vec![path], ..RuleOptions::default() }).unwrap();
    let matcher = Matcher::new(&rules, Roots::default());
    let redactor = Redactor::new(true);
    let outcome = examples::run(&matcher, &|text| redactor.redact(text).into_owned());
    let own = outcome.failed.iter().filter(|failed| failed.file.ends_with("mine.toml"));
    own.map(|failed| format!("{}: {}: {}", failed.line, failed.rule, failed.what)).collect()
}

#[test]
fn a_rule_that_shows_what_it_does_passes() {
    assert_eq!(complaints(GOOD), Vec::<String>::new());
}

#[test]
fn each_law_names_who_breaks_it_and_where() {
    let dove = "[[rule.example]]\ntext = '''ERROR:feed:asked for a price, got a dove'''\n\n";
    let feathers = "[[rule.example]]\ntext = '''feed | feathers in the answer'''\n\n";
    let near_miss =
        "[[rule.near-miss]]\ntext = '''2026-03-02 08:14:55,120 INFO feed: got a pigeon'''\n";
    let cases = [
        (
            GOOD.replace(dove, "").replace(feathers, ""),
            "4: payload/pigeon: has 1 of at least 2 examples; add `[[rule.example]]` with the text of another client or logger",
        ),
        (
            GOOD.replace(near_miss, ""),
            "4: payload/pigeon: has no near miss; add `[[rule.near-miss]]` with a text that only looks like it",
        ),
        (
            GOOD.replace("INFO feed: got a pigeon", "INFO feed: for a price, got a pigeon"),
            "33: payload/pigeon: matches, and must not",
        ),
        (
            GOOD.replace(dove, ""),
            "4: payload/pigeon: no example hits the alternative `got a (?P<bird>dove)`; add one that does, or take it out",
        ),
        (
            GOOD.replace("capture = ['got a (?P<bird>pigeon|dove)']", "capture = ['sold a (?P<bird>hen)']")
                .replace("captures = { bird = \"pigeon\" }\n", ""),
            "4: payload/pigeon: no example hits the regex `sold a (?P<bird>hen)`; add one that does, or take it out",
        ),
        (
            GOOD.replace(feathers, ""),
            "4: payload/pigeon: no example holds for its condition 2 of 2",
        ),
        (
            GOOD.replace("bird = \"pigeon\" }", "bird = \"crow\" }"),
            "23: payload/pigeon: captures bird = `pigeon`, not `crow`",
        ),
        (
            GOOD.replace("bird = \"pigeon\" }", "host = \"feed\" }"),
            "23: payload/pigeon: does not capture host (`feed`)",
        ),
        (
            GOOD.replace("feed | feathers in the answer", "feed | feather in the answer"),
            "30: payload/pigeon: does not match",
        ),
        (
            GOOD.replace(
                "feed | feathers in the answer",
                "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests: feathers in the answer",
            ),
            "30: payload/pigeon: is won by `rate-limit/too-many-requests`",
        ),
        (
            GOOD.replace(
                "'''feed | feathers in the answer'''",
                "'''\n08:00:00 ERROR feed: feathers in the answer\n08:00:01 ERROR feed: HTTP Error 429: Too Many Requests'''",
            ),
            "30: payload/pigeon: is won in part by `rate-limit/too-many-requests`, of another pattern",
        ),
        (
            GOOD.replace("(?P<bird>pigeon|dove)", "(?P<bird>pigeon|dove|token=\\w+)")
                .replace("got a dove", "got a token=8Qe2Ra5Ty7Ui1Op4As6Df9Gh3Jk0Lz'''\ncaptures = { bird = \"token=8Qe2Ra5Ty7Ui1Op4As6Df9Gh3Jk0Lz\" }\n[[rule.example]]\ntext = '''for a price, got a dove"),
            "27: payload/pigeon: bird = `token=8Qe2Ra5Ty7Ui1Op4As6Df9Gh3Jk0Lz` is hidden as a secret in reports",
        ),
    ];
    for (text, wanted) in cases {
        assert_ne!(text, GOOD, "the case of `{wanted}` changes nothing");
        let got = complaints(&text);
        assert!(
            got.iter().any(|line| line == wanted),
            "\nwanted {wanted}\ngot    {got:#?}\nof\n{text}"
        );
    }
}
