//! Finished logs, once, to a report.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::backwards;
use super::join::join_sources;
use super::lanes::Finished;
use super::stream::{Span, Stream};
use super::{BatchOptions, Observer};
use crate::detect::Matcher;
use crate::diagnosis::{Death, Diagnosis, End, Evidence, LEAST_OF_A_VERDICT, Life, Names, Pause};
use crate::model::Position;
use crate::report::{self, Report, RunReport, SourceReport};
use crate::rules::{Complaint, RuleSet};
use crate::safe::limits;
use crate::safe::redact::Redactor;
use crate::source::{self, Opening, Reader, Source};
use crate::traceback::Roots;

/// What a run over finished logs came to.
#[derive(Debug)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// What could not be read or was left out, in words for the user.
    pub problems: Vec<String>,
    /// What the logs say of each other and could not be compared, in words for the user.
    pub unclear: Vec<String>,
    /// Log lines before each diagnosis, in the order of the report's diagnoses.
    pub context: Vec<Vec<Evidence>>,
    /// How each source's lines ran at its end, in the order of the report's sources.
    pub rhythm: Vec<Rhythm>,
}

/// How a log spoke, for the word on one that simply stops.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rhythm {
    /// Usual seconds between records.
    pub every: Option<f64>,
}

/// Why there is no report at all.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Rules were refused.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Rules(Vec<Complaint>),
    /// No log was found.
    #[error("{0}")]
    NothingToRead(String),
    /// The worker threads could not be started.
    #[error("cannot start worker threads: {0}")]
    Threads(String),
}

/// Reads all logs that `paths` name and reports on them.
///
/// # Errors
/// Where rules are refused, or nothing can be read at all. What cannot be read among what can is told in
/// [`Outcome::problems`] and in the report's sources.
pub fn run(
    paths: &[PathBuf],
    options: &BatchOptions,
    observer: &mut (dyn Observer + Send),
) -> Result<Outcome, Failure> {
    let rules = crate::rules::load(&options.rules).map_err(Failure::Rules)?;
    // Thousands of texts, which the end of the process gives back at once: one by one it takes a millisecond.
    let rules = ManuallyDrop::new(rules);
    pool(options.threads)?.install(|| read_all(&rules, paths, options, observer))
}

/// The threads that share the work, the one at hand among them: nothing has to be woken for a small log.
///
/// # Errors
/// Where they cannot be started.
fn pool(threads: Option<usize>) -> Result<ThreadPool, Failure> {
    let pool = || ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    // A thread is of one pool at most, for good.
    let pool = pool().use_current_thread().build().or_else(|_| pool().build());
    pool.map_err(|error| Failure::Threads(error.to_string()))
}

fn read_all(
    rules: &RuleSet,
    paths: &[PathBuf],
    options: &BatchOptions,
    observer: &mut (dyn Observer + Send),
) -> Result<Outcome, Failure> {
    let roots = Roots { source_root: options.source_root.clone() };
    let matcher = ManuallyDrop::new(Matcher::new(rules, roots));
    let args: Vec<source::PathArg> =
        paths.iter().map(|path| path.clone().into_os_string().into()).collect();
    let discovery = source::discover(&args, &source::Discover::default());
    let mut problems: Vec<String> = discovery
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.what))
        .collect();
    if discovery.sources.is_empty() {
        let looked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        problems.push(format!("no log found in {}", looked.join(", ")));
        return Err(Failure::NothingToRead(problems.join("\n")));
    }
    let redactor = Redactor::new(options.redact);
    let total = total_size(&discovery.sources);
    let mut done = 0;
    let mut read = Vec::new();
    for source in &discovery.sources {
        let mut watch = |bytes: u64| observer.progress(done + bytes, total);
        let opening = Opening {
            decoded_limit: options.unpack_limit,
            ahead: options.threads != Some(1),
            ..Opening::new(options.now)
        };
        let reader = source.open(&opening);
        match read_source(&matcher, source, reader, options, &redactor, &mut watch) {
            Ok((bytes, services)) => {
                done += bytes;
                read.extend(services);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if read.is_empty() {
        return Err(Failure::NothingToRead(problems.join("\n")));
    }
    Ok(assemble_report(read, problems))
}

/// Reports on one source, whose bytes come from `reader`, with rules that are ready. Of the options, those
/// that say how rules are loaded, how a source is opened and on how many threads are not looked at; work
/// is shared out in the caller's thread pool.
///
/// # Errors
/// Where nothing of the source can be read.
pub fn run_over(
    matcher: &Matcher<'_>,
    source: &Source,
    reader: Reader,
    options: &BatchOptions,
) -> Result<Outcome, Failure> {
    let redactor = Redactor::new(options.redact);
    let (_, services) = read_source(matcher, source, reader, options, &redactor, &mut |_| {})
        .map_err(Failure::NothingToRead)?;
    Ok(assemble_report(services, Vec::new()))
}

/// Size of all sources on disk, where each is a plain file.
fn total_size(sources: &[Source]) -> Option<u64> {
    let mut total = 0;
    for file in sources.iter().flat_map(|source| &source.files) {
        let source::Origin::Path { path, .. } = &file.origin else { return None };
        total += std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.len();
    }
    Some(total)
}

/// One source, read.
pub(super) struct OneSource {
    pub(super) report: SourceReport,
    /// Each with the lines before it.
    pub(super) diagnoses: Vec<(Diagnosis, Vec<Evidence>)>,
    rhythm: Rhythm,
    /// Its runs, for those who join logs.
    pub(super) lives: Vec<Life>,
    /// The last line of each run, and where it stands.
    pub(super) lives_last: Vec<Option<(Evidence, Position)>>,
    /// Silences, each with the fingerprint of what a report says of it.
    pub(super) pauses: Vec<(Pause, String)>,
    /// Lines that tell of the end of some process, each with what a report says of it.
    pub(super) deaths: Vec<(Death, Option<Diagnosis>)>,
}

/// Reads a source. Comes back with its bytes, and with what it holds: one source, or one a service.
fn read_source(
    matcher: &Matcher<'_>,
    source: &Source,
    mut reader: Reader,
    options: &BatchOptions,
    redactor: &Redactor,
    watch: &mut dyn FnMut(u64),
) -> Result<(u64, Vec<OneSource>), String> {
    let span = Span { since: options.since, until: options.until };
    let mut stream = Stream::new(matcher, options.zone.clone(), span);
    stream.context = options.context.min(limits::CONTEXT_LINES);
    let (mut keep, mut newlines) = (0, None);
    loop {
        let pushed = match reader.advance(keep, newlines) {
            Ok(Some(chunk)) => stream.push(&chunk, keep.min(chunk.bytes.len())),
            Ok(None) => break,
            Err(error) => return Err(error.to_string()),
        };
        (keep, newlines) = (pushed.keep, Some(pushed.newlines));
        watch(reader.totals().bytes);
    }
    let files: Vec<String> = source.files.iter().map(|file| file.name.clone()).collect();
    let (totals, incomplete) = (reader.totals(), reader.incomplete());
    let read = Read {
        name: &source.name,
        files: &files,
        bytes: totals.bytes,
        lines: totals.lines,
        incomplete,
    };
    Ok((totals.bytes, conclude(matcher, stream, read, options, redactor)))
}

/// What was read of a source.
pub(super) struct Read<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its files, in the order in which they were read.
    pub(super) files: &'a [String],
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Why it was not read whole.
    pub(super) incomplete: Option<String>,
}

/// Takes leave of a source that has been read to its end: one source, or one a service.
pub(super) fn conclude(
    matcher: &Matcher<'_>,
    stream: Stream<'_>,
    read: Read<'_>,
    options: &BatchOptions,
    redactor: &Redactor,
) -> Vec<OneSource> {
    let lanes = stream.finish(options.stopped);
    let conclude = |lane| conclude_lane(matcher, lane, &read, options, redactor);
    let mut sources: Vec<OneSource> = lanes.into_iter().map(conclude).collect();
    sources.sort_by_cached_key(|one| report::place_in_log(&one.report));
    sources
}

fn conclude_lane(
    matcher: &Matcher<'_>,
    lane: Finished<'_>,
    read: &Read<'_>,
    options: &BatchOptions,
    redactor: &Redactor,
) -> OneSource {
    let name = match &lane.service {
        Some(service) => format!("{}:{service}", read.name),
        None => read.name.to_owned(),
    };
    let (lines, bytes) = lane.totals.unwrap_or((read.lines, read.bytes));
    let names = Names { source: &name, files: read.files, redactor };
    let mut runs = lane.runs;
    let last_time = runs.last_stamp().and_then(crate::event::Stamp::iso);
    let rules = matcher.rules;
    let kept = chosen_run(options.run, runs.ended.len());
    let crashed = runs.ended.iter().enumerate().rev().find(|(index, run)| {
        let ended = matches!(run.end, End::Crash | End::Killed)
            || run.end == End::Silent && run.cause.is_some();
        ended && kept.is_none_or(|kept| kept == *index)
    });
    let verdict = crashed.and_then(|(_, run)| run.cause).filter(|&cause| {
        runs.incidents.confidence(cause) >= LEAST_OF_A_VERDICT
            && (options.patterns.is_empty()
                || options.patterns.contains(&rules.rules[runs.incidents.rule(cause)].pattern))
    });
    let time = |stamp: Option<&crate::event::Stamp>| stamp.and_then(crate::event::Stamp::iso);
    let run_reports = runs
        .ended
        .iter()
        .map(|run| RunReport {
            first_line: run.first_line,
            last_line: run.last_line,
            started: time(run.started.as_ref()),
            ended: time(run.ended.as_ref()),
            end: run.end.id().to_owned(),
            rule: run.cause.map(|cause| rules.rules[runs.incidents.rule(cause)].id.clone()),
        })
        .collect();
    let span_of_run =
        kept.and_then(|kept| runs.ended.get(kept)).map(|run| (run.first_line, run.last_line));
    let report = SourceReport {
        name: crate::safe::escape::visible(&name).into_owned(),
        files: read
            .files
            .iter()
            .map(|file| crate::safe::escape::visible(file).into_owned())
            .collect(),
        bytes,
        lines,
        format: lane.format,
        first_time: time(runs.first_stamp.as_ref()),
        last_time,
        incomplete: read.incomplete.clone(),
        verdict: None,
        runs: run_reports,
    };
    let contexts = runs.incidents.take_contexts(&names);
    let mut lives = std::mem::take(&mut runs.lives);
    for life in &mut lives {
        if let (Some(zone), Some(ended)) = (&options.zone, &life.ended) {
            life.ended = Some(ended.with_zone(zone));
        }
    }
    let lives_last = lives
        .iter()
        .map(|life| {
            let line = life.last.clone()?;
            let position = names.position(&(line.place, life.ended.clone()));
            Some((names.evidence(line), position))
        })
        .collect();
    let deaths = std::mem::take(&mut runs.deaths);
    let pauses = std::mem::take(&mut runs.pauses);
    let diagnoses = runs.incidents.into_diagnoses(rules, &names);
    let zoned = |stamp: crate::event::Stamp| match &options.zone {
        Some(zone) => stamp.with_zone(zone),
        None => stamp,
    };
    let pauses = pauses.into_iter().map(|Pause { incident, from, to }| {
        let pause = Pause { incident, from: zoned(from), to: zoned(to) };
        (pause, diagnoses[incident].fingerprint.clone())
    });
    let pauses = pauses.collect();
    let rhythm = Rhythm { every: lane.rhythm };
    let wants = |diagnosis: &Diagnosis| {
        options.patterns.is_empty() || options.patterns.contains(&diagnosis.pattern)
    };
    let told = |death: &Death| {
        let diagnosis = &diagnoses[death.incident?];
        wants(diagnosis).then(|| retell(rules, diagnosis, death, &names))
    };
    let deaths = deaths.into_iter().map(|death| (told(&death), death));
    let deaths = deaths.map(|(told, death)| (death, told)).collect();
    let mut one =
        OneSource { report, diagnoses: Vec::new(), rhythm, lives, lives_last, pauses, deaths };
    for (index, (diagnosis, context)) in diagnoses.into_iter().zip(contexts).enumerate() {
        let is_word_of_order = backwards::is_word_of_it(&diagnosis);
        let wanted = wants(&diagnosis);
        let in_run = span_of_run.is_none_or(|(first, last)| {
            diagnosis.last.line >= first && diagnosis.first.line <= last
        });
        if wanted && in_run || is_word_of_order {
            if verdict == Some(index) {
                one.report.verdict = Some(diagnosis.fingerprint.clone());
            }
            one.diagnoses.push((diagnosis, context));
        }
    }
    backwards::take_back(&mut one);
    one
}

/// What a report says of one death, apart from others that were told in the same words.
fn retell(rules: &RuleSet, diagnosis: &Diagnosis, death: &Death, names: &Names<'_>) -> Diagnosis {
    let mut one = diagnosis.clone();
    let captured = [("pid", death.pid.map(|pid| pid.to_string())), ("name", death.name.clone())];
    for (name, value) in captured {
        if let Some(value) = value {
            one.captures.insert(name.to_owned(), names.safe(&value));
        }
    }
    let rule = rules.get(&one.rule);
    if let Some(summary) = rule.and_then(|rule| rule.summary.fill(&one.captures)) {
        one.summary = summary;
    }
    one.count = 1;
    one.evidence = vec![names.evidence(death.line.clone())];
    one
}

/// Index of the run asked for: 1 the first, -1 the last.
fn chosen_run(asked: Option<i64>, count: usize) -> Option<usize> {
    let asked = asked?;
    let count = count as i64;
    let index = if asked < 0 { count + asked } else { asked - 1 };
    // A run that is not there leaves nothing to report on.
    Some(usize::try_from(index).unwrap_or(usize::MAX))
}

/// Joins the sources, in PATH order.
pub(super) fn assemble_report(mut read: Vec<OneSource>, problems: Vec<String>) -> Outcome {
    let unclear = join_sources(&mut read);
    let mut diagnoses = Vec::new();
    let mut sources = Vec::new();
    let mut rhythm = Vec::new();
    for one in read {
        diagnoses.extend(one.diagnoses);
        rhythm.push(one.rhythm);
        sources.push(one.report);
    }
    let order = report::Order { sources: &sources };
    diagnoses.sort_by_cached_key(|(diagnosis, _)| order.key(diagnosis));
    let (diagnoses, context): (Vec<Diagnosis>, _) = diagnoses.into_iter().unzip();
    let report = Report {
        schema_version: report::SCHEMA_VERSION,
        tool: report::Tool::default(),
        verdict: report::verdict(&sources, &diagnoses),
        diagnoses,
        sources,
    };
    Outcome { report, problems, unclear, context, rhythm }
}
