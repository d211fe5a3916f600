use std::sync::LazyLock;

use super::*;
use crate::report::{Clock, sample};

fn text(report: &Report, style: &Style<'_>) -> String {
    let mut out = Vec::new();
    write(report, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn at(width: usize) -> Style<'static> {
    Style { width, ..Style::default() }
}

fn later() -> Style<'static> {
    static LATER: LazyLock<Clock> =
        LazyLock::new(|| Clock::new(Box::new(|| "2024-05-01T17:00:00[UTC]".parse().unwrap())));
    Style { now: Some(&LATER), rhythm: &[Some(2.0)], ..Style::default() }
}

#[test]
fn crash_at_80() {
    let context = [sample::context()];
    insta::assert_snapshot!(text(
        &sample::crash(),
        &Style { context: &context, ..Style::default() }
    ));
}

#[test]
fn crash_at_40() {
    insta::assert_snapshot!(text(&sample::crash(), &at(40)));
}

#[test]
fn crash_at_200() {
    insta::assert_snapshot!(text(&sample::crash(), &at(200)));
}

#[test]
fn crash_in_colour() {
    insta::assert_snapshot!(text(&sample::crash(), &Style { colour: true, ..Style::default() }));
}

#[test]
fn crash_in_full() {
    insta::assert_snapshot!(text(
        &sample::crash(),
        &Style { volume: Volume::Verbose, ..Style::default() }
    ));
}

#[test]
fn crash_in_short() {
    insta::assert_snapshot!(text(
        &sample::crash(),
        &Style { volume: Volume::Quiet, ..Style::default() }
    ));
}

#[test]
fn none_of_the_seven() {
    insta::assert_snapshot!(text(&sample::other(), &Style::default()));
}

#[test]
fn healthy() {
    insta::assert_snapshot!(text(&sample::healthy(), &Style::default()));
}

#[test]
fn lines_simply_stop() {
    insta::assert_snapshot!(text(&sample::healthy(), &later()));
}

#[test]
fn silence_is_remarked_on_only_where_it_is_one() {
    let remark = "is 5 h old";
    assert!(text(&sample::healthy(), &later()).contains(remark));
    assert!(!text(&sample::healthy(), &Style { stopped: true, ..later() }).contains("5 h"));
    assert!(
        !text(&sample::healthy(), &Style { rhythm: &[Some(3600.0)], ..later() }).contains("5 h")
    );
    let mut clean = sample::healthy();
    clean.sources[0].runs[0].end = "clean".to_owned();
    assert!(!text(&clean, &later()).contains("5 h"));
}

#[test]
fn a_crash_that_nothing_explains_is_not_called_health() {
    let mut report = sample::healthy();
    report.sources[0].runs[0].end = "crash".to_owned();
    let text = text(&report, &later());
    assert!(
        text.starts_with(
            "! Nothing that was looked for explains the end of logs/bot.log: the bot crashed"
        ),
        "{text}"
    );
}

#[test]
fn several_logs_are_told_apart() {
    let mut report = sample::crash();
    let mut second = report.sources[0].clone();
    second.name = "logs/grid.log".to_owned();
    report.sources.push(second);
    for diagnosis in &mut report.diagnoses[1..] {
        diagnosis.last.source = "logs/grid.log".to_owned();
    }
    insta::assert_snapshot!(text(&report, &Style::default()));
}

#[test]
fn a_quiet_report_in_health_says_nothing() {
    assert_eq!(text(&sample::healthy(), &Style { volume: Volume::Quiet, ..later() }), "");
}

#[test]
fn a_failure_that_did_not_end_the_bot_is_an_answer() {
    let mut report = sample::crash();
    report.verdict = None;
    report.diagnoses.remove(0);
    let text = text(&report, &Style::default());
    assert!(
        text.starts_with("✗ The bot went on, but something in it failed at 2024-05-01 11:10:00"),
        "{text}"
    );
}

/// Prose, tables and log lines keep to the width; only commands, which must be copied whole, may not.
#[test]
fn everything_fits() {
    for width in [24, 40, 60, 80, 109, 110, 200] {
        let style = Style { volume: Volume::Verbose, width, ..later() };
        for report in [sample::crash(), sample::healthy(), sample::other(), sample::hostile()] {
            for line in text(&report, &style).lines().filter(|line| !line.starts_with("     ")) {
                assert!(textwrap::core::display_width(line) <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn hostile_text_is_inert() {
    for volume in [Volume::Quiet, Volume::Normal, Volume::Verbose] {
        sample::assert_inert(&text(&sample::hostile(), &Style { volume, ..later() }));
    }
}

#[test]
fn no_line_is_a_command_to_a_ci_system() {
    for width in 20..140 {
        let style = Style { width, volume: Volume::Verbose, ..later() };
        let text = text(&sample::hostile(), &style);
        let command = text.lines().find(|line| line.trim_start().starts_with("::"));
        assert_eq!(command, None, "{width}");
    }
    let mut report = sample::healthy();
    report.sources[0].name = "::error::x".to_owned();
    report.sources[0].incomplete = Some("gone ::stop-commands::y".to_owned());
    let written = text(&report, &Style { width: 20, ..later() });
    assert!(written.contains("\\:"), "{written}");
}
