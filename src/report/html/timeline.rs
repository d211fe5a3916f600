//! The picture: each source with its runs, and every diagnosis at its time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::{IN_FULL, anchor, level_class, mark, shown};
use crate::diagnosis::Diagnosis;
use crate::model::Position;
use crate::report::{Report, RunReport, SourceReport, words};

/// Most runs that are drawn of one source; a picture of more shows no single one.
const RUNS: usize = 500;

/// Most diagnoses that get a row of their own under a source.
const ROWS: usize = 24;

/// Marks below the picture, at most.
const TICKS: i64 = 6;

/// Steps between marks, in seconds.
const STEPS: [i64; 19] = [
    1, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_592_000, 7_776_000, 31_536_000,
];

/// The section.
pub(super) fn section(report: &Report) -> Markup {
    let axes = Axis::of_each(&report.sources);
    html! {
        section.timeline aria-labelledby="when" {
            h2 #when { "When" }
            @for (at, (source, axis)) in report.sources.iter().zip(&axes).enumerate().take(IN_FULL) {
                (source_rows(report, source, axis))
                // One axis under all sources that share it.
                @if axes.get(at + 1).is_none_or(|next| next != axis) || at + 1 == IN_FULL { (axis.ticks()) }
            }
            ul.legend aria-label="how runs ended" {
                @for end in ["crash", "killed", "silent", "clean", "open"] {
                    @if report.sources.iter().any(|source| source.runs.iter().any(|run| run.end == end)) {
                        li { span.end.(end_class(end)) { (end) } " " (meaning(end)) }
                    }
                }
            }
        }
    }
}

fn source_rows(report: &Report, source: &SourceReport, axis: &Axis) -> Markup {
    let own: Vec<(usize, &Diagnosis)> = report
        .diagnoses
        .iter()
        .enumerate()
        .filter(|(_, diagnosis)| diagnosis.last.source == source.name)
        .collect();
    html! {
        div.row {
            div.label title=(shown(&source.name)) { (shown(&source.name)) }
            div.track.runs role="img" aria-label=(runs_in_words(source)) {
                @for run in source.runs.iter().rev().take(RUNS).rev() {
                    @if let Some((left, width)) = axis.stretch_of_run(run) {
                        span.run.(end_class(&run.end)) title=(run_in_words(run))
                            style=(format!("left:{left:.3}%;width:{width:.3}%")) {}
                    }
                }
                // A run's colour says that the bot spoke; it did not in a gap.
                @for (_, diagnosis) in own.iter().take(ROWS).filter(|(_, diagnosis)| shape(diagnosis) == "gap") {
                    @if let Some((left, right)) = axis.stretch(&diagnosis.first, &diagnosis.last) {
                        span.pause title=(shown(&diagnosis.title))
                            style=(format!("left:{left:.3}%;width:{:.3}%", right - left)) {}
                    }
                }
            }
        }
        @for (index, diagnosis) in own.iter().take(ROWS) {
            @if let Some((left, right)) = axis.stretch(&diagnosis.first, &diagnosis.last) {
                div.row.(level_class(diagnosis.level)) {
                    a.label href=(format!("#{}", anchor(*index))) {
                        span.mark aria-hidden="true" { (mark(diagnosis.level)) }
                        (shown(&diagnosis.title))
                        @if diagnosis.count > 1 { " ×" (words::digits(diagnosis.count)) }
                    }
                    div.track aria-hidden="true" {
                        @if right > left {
                            span.span.(shape(diagnosis)) style=(format!("left:{left:.3}%;width:{:.3}%", right - left)) {}
                        }
                        span.dot style=(format!("left:{right:.3}%")) {}
                    }
                }
            }
        }
        @if own.len() > ROWS {
            p.quiet { (words::digits((own.len() - ROWS) as u64)) " more below." }
        }
    }
}

/// What is drawn from the first to the last event: a rise for what grows, a hatching for a gap, else a
/// line. Between the first and the last of several gaps the bot spoke: they are a line, too.
fn shape(diagnosis: &Diagnosis) -> &'static str {
    match diagnosis.rule.rsplit(['/', '-']).next() {
        Some("growth" | "rising") => "rise",
        Some("gap" | "sleep") if diagnosis.count == 1 => "gap",
        _ => "line",
    }
}

/// Class of a run's end in the style sheet; a report of another version may have other words.
pub(super) fn end_class(end: &str) -> &'static str {
    match end {
        "crash" => "crash",
        "killed" => "killed",
        "silent" => "silent",
        "clean" => "clean",
        _ => "open",
    }
}

fn meaning(end: &str) -> &'static str {
    match end {
        "crash" => "it ended in a failure",
        "killed" => "someone killed it",
        "silent" => "it stopped without a word",
        "clean" => "it was asked to stop or said goodbye",
        _ => "its lines go on to the end",
    }
}

fn run_in_words(run: &RunReport) -> String {
    let time = |time: &Option<String>| time.as_deref().map(words::time).unwrap_or_default();
    let text = format!(
        "{}: {} to {}, lines {} to {}",
        run.end,
        time(&run.started),
        time(&run.ended),
        words::digits(run.first_line),
        words::digits(run.last_line)
    );
    shown(&text).into_owned()
}

fn runs_in_words(source: &SourceReport) -> String {
    let ends = ["crash", "killed", "silent", "clean", "open"].iter().filter_map(|&end| {
        let count = source.runs.iter().filter(|run| run.end == end).count();
        (count > 0).then(|| format!("{count} {end}"))
    });
    let ends: Vec<String> = ends.collect();
    format!("{}: {}", words::count(source.runs.len() as u64, "run"), ends.join(", "))
}

/// What left and right mean for one source.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Axis {
    /// Seconds; with an offset from UTC, or on a clock of unknown zone.
    Time { start: f64, end: f64, is_zoned: bool },
    /// Lines, where no time is known.
    Lines { end: u64 },
}

impl Axis {
    /// An axis for each source. Those whose times can be compared (all with an offset, or all without) and
    /// overlap share one; on an axis over months a night would be a dot.
    fn of_each(sources: &[SourceReport]) -> Vec<Axis> {
        let mut axes: Vec<Axis> = sources.iter().map(Axis::of).collect();
        let mut order: Vec<(bool, f64, f64, usize)> = Vec::new();
        for (index, axis) in axes.iter().enumerate() {
            if let Axis::Time { start, end, is_zoned } = *axis {
                order.push((is_zoned, start, end, index));
            }
        }
        order.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut from = 0;
        while from < order.len() {
            let (is_zoned, start, mut end, _) = order[from];
            let mut to = from + 1;
            while to < order.len() && order[to].0 == is_zoned && order[to].1 <= end {
                end = end.max(order[to].2);
                to += 1;
            }
            for &(.., index) in &order[from..to] {
                axes[index] = Axis::Time { start, end, is_zoned };
            }
            from = to;
        }
        axes
    }

    fn of(source: &SourceReport) -> Axis {
        let runs =
            source.runs.iter().flat_map(|run| [run.started.as_deref(), run.ended.as_deref()]);
        let times =
            [source.first_time.as_deref(), source.last_time.as_deref()].into_iter().chain(runs);
        let moments: Vec<(f64, bool)> = times.flatten().filter_map(seconds).collect();
        let Some(&(_, is_zoned)) = moments.first() else {
            let end = source.runs.iter().map(|run| run.last_line).max().unwrap_or(source.lines);
            return Axis::Lines { end: end.max(1) };
        };
        let of_kind =
            || moments.iter().filter(|moment| moment.1 == is_zoned).map(|moment| moment.0);
        let start = of_kind().fold(f64::INFINITY, f64::min);
        // A second at least: a log of one moment has a picture, too.
        let end = of_kind().fold(start + 1.0, f64::max);
        Axis::Time { start, end, is_zoned }
    }

    /// Where a moment lies, in percent from the left; `None` where the axis does not know.
    fn place(&self, time: Option<&str>, line: u64) -> Option<f64> {
        let share = match *self {
            Axis::Time { start, end, is_zoned } => {
                let (moment, zoned) = seconds(time?)?;
                if zoned != is_zoned {
                    return None;
                }
                (moment - start) / (end - start)
            }
            Axis::Lines { end } => line as f64 / end as f64,
        };
        Some((share * 100.0).clamp(0.0, 100.0))
    }

    /// Left and right of what lies between two positions.
    fn stretch(&self, first: &Position, last: &Position) -> Option<(f64, f64)> {
        let right = self.place(last.time.as_deref(), last.line)?;
        let left = self.place(first.time.as_deref(), first.line).unwrap_or(right);
        Some((left.min(right), right))
    }

    /// Left and width of a run.
    fn stretch_of_run(&self, run: &RunReport) -> Option<(f64, f64)> {
        let left = self.place(run.started.as_deref(), run.first_line)?;
        let right = self.place(run.ended.as_deref(), run.last_line).unwrap_or(left);
        Some((left, (right - left).max(0.0)))
    }

    /// The marks below.
    fn ticks(&self) -> Markup {
        let (start, end, is_zoned) = match *self {
            Axis::Time { start, end, is_zoned } => (start, end, is_zoned),
            Axis::Lines { end } => {
                return html! {
                    div.row aria-hidden="true" {
                        div.label {}
                        div.track.ticks {
                            span.tick style="left:0%" { "line 1" }
                            span.tick.last style="left:100%" { "line " (words::digits(end)) }
                        }
                    }
                };
            }
        };
        let length = (end - start) as i64;
        let step = STEPS.into_iter().find(|step| length / step < TICKS).unwrap_or(length.max(1));
        let first = (start as i64).div_euclid(step).saturating_mul(step);
        let at = (0..=TICKS + 1).map(|nth| first.saturating_add(nth.saturating_mul(step)));
        let ticks: Vec<(f64, String)> = at
            .filter(|&at| at as f64 >= start && at as f64 <= end)
            .filter_map(|at| Some(((at as f64 - start) / (end - start) * 100.0, clock(at, step)?)))
            .collect();
        html! {
            div.row aria-hidden="true" {
                div.label.quiet { @if is_zoned { "UTC" } @else { "time of the log" } }
                div.track.ticks {
                    @for (left, text) in &ticks {
                        span.tick.last[*left > 90.0] style=(format!("left:{left:.3}%")) { (text) }
                    }
                }
            }
        }
    }
}

/// Seconds of an ISO 8601 time, and whether it has an offset from UTC.
fn seconds(iso: &str) -> Option<(f64, bool)> {
    if let Ok(moment) = iso.parse::<Timestamp>() {
        return Some((moment.as_duration().as_secs_f64(), true));
    }
    let civil = iso.parse::<DateTime>().ok()?;
    let moment = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((moment.as_duration().as_secs_f64(), false))
}

/// A mark's text: as short as the step between marks allows.
fn clock(seconds: i64, step: i64) -> Option<String> {
    let time = Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC);
    let format = match step {
        step if step < 60 => "%H:%M:%S",
        step if step < 10_800 => "%H:%M",
        step if step < 86_400 => "%m-%d %H:%M",
        _ => "%Y-%m-%d",
    };
    Some(time.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, times: &[(&str, &str)]) -> SourceReport {
        SourceReport {
            name: name.to_owned(),
            files: vec![name.to_owned()],
            bytes: 100,
            lines: 10,
            format: "plain".to_owned(),
            first_time: times.first().map(|(first, _)| (*first).to_owned()),
            last_time: times.last().map(|(_, last)| (*last).to_owned()),
            incomplete: None,
            verdict: None,
            runs: times
                .iter()
                .map(|(first, last)| RunReport {
                    first_line: 1,
                    last_line: 10,
                    started: Some((*first).to_owned()),
                    ended: Some((*last).to_owned()),
                    end: "open".to_owned(),
                    rule: None,
                })
                .collect(),
        }
    }

    #[test]
    fn times_that_can_be_compared_share_an_axis() {
        let zoned = source("a", &[("2024-05-01T12:00:00+02:00", "2024-05-01T13:00:00+02:00")]);
        let utc = source("b", &[("2024-05-01T09:00:00Z", "2024-05-01T10:30:00Z")]);
        let local = source("c", &[("2024-05-01T09:00:00", "2024-05-01T10:00:00")]);
        let none = source("d", &[]);
        let later = source("e", &[("2024-06-01T09:00:00", "2024-06-01T10:00:00")]);
        let axes = Axis::of_each(&[zoned, utc, local, none, later]);
        assert_eq!(axes[0], axes[1]);
        assert_ne!(axes[1], axes[2]);
        assert_eq!(axes[3], Axis::Lines { end: 10 });
        assert_ne!(axes[2], axes[4], "a month lies between them");
        let place = axes[0].place(Some("2024-05-01T10:00:00Z"), 1).unwrap();
        assert!((place - 50.0).abs() < 1e-9, "{place}");
        assert_eq!(axes[0].place(Some("2024-05-01T10:00:00"), 1), None, "a time without a zone");
    }

    #[test]
    fn marks_are_few_and_round() {
        for (last, expected) in [
            (
                "2024-05-01T12:00:04",
                vec!["12:00:00", "12:00:01", "12:00:02", "12:00:03", "12:00:04"],
            ),
            ("2024-05-01T14:30:00", vec!["12:00", "12:30", "13:00", "13:30", "14:00", "14:30"]),
            ("2024-05-04T12:00:00", vec!["2024-05-02", "2024-05-03", "2024-05-04"]),
        ] {
            let one = source("a", &[("2024-05-01T12:00:00", last)]);
            let written = Axis::of(&one).ticks().into_string();
            let texts: Vec<&str> =
                written.split("%\">").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
            assert_eq!(texts, expected);
        }
    }

    #[test]
    fn a_log_of_one_moment_has_a_place() {
        let one = source("a", &[("2024-05-01T12:00:00", "2024-05-01T12:00:00")]);
        let axis = Axis::of(&one);
        assert_eq!(axis.stretch_of_run(&one.runs[0]), Some((0.0, 0.0)));
    }
}
