use clap::Parser;

use super::*;

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    args: RulesArgs,
}

fn typed(words: &[&str]) -> (ExitStatus, String) {
    let typed = Typed::try_parse_from(["rules"].iter().chain(words)).unwrap();
    let mut out = Vec::new();
    let status = run(&typed.args, 120, &mut out).unwrap();
    (status, String::from_utf8(out).unwrap())
}

/// A rule file of one test, with `condition` as its only one.
fn rule_file(condition: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        r#"pattern = "network"
[[rule]]
id = "network/carrier-pigeon"
title = "The pigeon is lost"
basis = "text"
summary = "No answer by pigeon."
source = ["RFC 1149"]
[[rule.when]]
{condition}
[rule.fix]
summary = "Send another pigeon."
[[rule.example]]
text = "ERROR net: pigeon lost over sea"
[[rule.example]]
text = "[err] pigeon lost in fog"
[[rule.near-miss]]
text = "INFO pigeons fed"
"#
    );
    std::fs::write(folder.path().join("pigeon.toml"), text).unwrap();
    folder
}

#[test]
fn the_list_names_every_rule_once() {
    let (status, text) = typed(&["list", "--pattern", "network,memory"]);
    assert_eq!(status, ExitStatus::Clean);
    assert_eq!(text.matches("network/connection-refused ").count(), 1);
    assert!(!text.contains("payload/"));
    let json = typed(&["list", "--format", "json"]).1;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert!(rows.len() > 100 && rows[0]["pattern"] == "dependencies");
}

#[test]
fn the_list_tells_how_the_rules_are_searched() {
    let text = typed(&["list", "-v"]).1;
    assert!(text.contains(" literals, searched for by ") && text.contains(" grams "), "{text}");
}

#[test]
fn test_passes_a_rule_that_does_what_it_says() {
    let folder = rule_file(r#"any = ["pigeon lost"]"#);
    let (status, text) = typed(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(status, ExitStatus::Clean, "{text}");
}

#[test]
fn test_names_an_example_that_fails_by_its_line() {
    let folder = rule_file(r#"any = ["pigeon lost over"]"#);
    let (status, text) = typed(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(status, ExitStatus::Found);
    assert!(text.contains("pigeon.toml:15: network/carrier-pigeon: does not match"), "{text}");
}

#[test]
fn test_refuses_a_wrong_rule_with_its_place() {
    let folder = rule_file(r#"any = ["429"]"#);
    let (status, text) = typed(&["test", folder.path().to_str().unwrap()]);
    assert_eq!(status, ExitStatus::Failed);
    assert!(text.contains("pigeon.toml:9:8: `429` is a bare number"), "{text}");
}

#[test]
fn why_names_the_winner_and_what_others_lack() {
    let line = "2026-01-01 ERROR feed: ConnectionRefusedError: [Errno 111] Connection refused";
    let (_, text) = typed(&["why", line]);
    assert!(text.contains("wins   network/connection-refused on "), "{text}");
    assert!(text.contains("errno=111"), "{text}");
    let (_, text) = typed(&["why", line, "network/timeout"]);
    assert!(text.contains("lacks  network/timeout: when 1 on "), "{text}");
}

#[test]
fn why_says_so_where_no_rule_sees_anything() {
    assert!(typed(&["why", "INFO all is well"]).1.contains("no rule sees anything here"));
}
