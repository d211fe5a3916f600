//! Runs of one log, and kills that another tells of: the kernel's log, a supervisor's, a container's. So it is
//! with silences, and with what halts a whole machine: sleep, and a disk that fails.
//!
//! They are joined by the process they speak of (pid, unit, container, kind of program) and by time. Times
//! are compared only where both logs give a zone, or neither does and both are taken to be of one machine;
//! else there is no join, and that is said. Seconds since boot are no time of day: there only an equal
//! pid joins.

mod halts;

use super::decision::End;
use super::evidence::Line;
use crate::event::Stamp;
use crate::source::Place;

use halts::join_halts;
pub use halts::{Halt, Halted, Pause};

/// A log may be behind the one that tells of its end by this many seconds: buffers, and the kernel's
/// clock, which `dmesg` counts from a boot time that it only estimates.
const BEHIND: f64 = 5.0;

/// So many beats of its rhythm, and a log has stopped.
const BEATS: f64 = 3.0;

/// Seconds between the last line and the kill, where the rhythm of the log asks for no more.
const NEAR: f64 = 60.0;

/// The same at most, whatever the rhythm.
const FAR: f64 = 900.0;

/// The same where only the time speaks for it.
const TIGHT: f64 = 10.0;

/// Lines of one kill stand within so many lines where they have no time of day: the kernel lists all
/// processes in between.
const LINES: u64 = 500;

/// An end that is explained no better than this gives way to a kill that another log tells of.
const WEAK: f64 = 0.65;

/// Below this a kill says that it happened and not why.
const SURE_KILL: f64 = 0.7;

/// A log that is as sure of a kill is an overseer's, and no bot's.
const OVERSEER: f64 = 0.9;

/// Programs that bots run in, as kernels and supervisors call them.
const PROGRAMS: [&str; 12] = [
    "python",
    "pypy",
    "gunicorn",
    "uvicorn",
    "celery",
    "freqtrade",
    "hummingbot",
    "jesse",
    "octobot",
    "mainthread",
    "uv",
    "poetry",
];

/// One run, as far as a kill may be about it.
#[derive(Debug, Clone)]
pub struct Life {
    /// How it ended by its own log.
    pub end: End,
    /// How surely that is explained.
    pub explained: Option<f64>,
    /// Time of its last record.
    pub ended: Option<Stamp>,
    /// Usual seconds between its records.
    pub every: Option<f64>,
    /// Its last line.
    pub last: Option<Line>,
    /// Its process, where its lines name one.
    pub pid: Option<u32>,
}

/// What a line tells of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A process was killed.
    Killed,
    /// One was asked to stop.
    Asked,
    /// The machine stood still, or its disk failed: whatever runs on it may stand still, or write no more.
    Halted,
}

/// A line that tells of the end of some process, or of what halts all of them.
#[derive(Debug, Clone)]
pub struct Death {
    /// What it tells.
    pub fate: Fate,
    /// Its incident; `None` for a request to stop.
    pub incident: Option<usize>,
    /// How surely it tells of a kill.
    pub confidence: f64,
    /// Its time.
    pub stamp: Option<Stamp>,
    /// The process.
    pub pid: Option<u32>,
    /// Program, unit or container.
    pub name: Option<String>,
    /// The line.
    pub line: Line,
}

/// What one source gives to the join.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its runs.
    pub lives: &'a [Life],
    /// The silences in them.
    pub pauses: &'a [Pause],
    /// The ends that it tells of.
    pub deaths: &'a [Death],
}

/// A run whose end another log explains.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// Index of the source.
    pub source: usize,
    /// Index of the run in it.
    pub run: usize,
    /// Index of the source that tells of its end.
    pub teller: usize,
    /// Index of the death in it.
    pub death: usize,
    /// The most that a verdict on it can be sure.
    pub confidence: f64,
    /// What is to be said of how they were joined.
    pub note: String,
}

impl Death {
    /// Whether both lines tell of one kill: several lines of a kernel do.
    pub fn is_one_with(&self, other: &Death) -> bool {
        if self.pid.is_some() && self.pid == other.pid {
            return true;
        }
        let dated = |death: &'_ Death| death.stamp.clone().filter(|stamp| stamp.has_date);
        let same_time = match (&dated(self), &dated(other)) {
            (Some(one), Some(other)) => {
                seconds_apart(one, other).is_some_and(|s| s.abs() <= BEHIND)
            }
            (None, None) => self.line.place.line.abs_diff(other.line.place.line) <= LINES,
            _ => false,
        };
        same_time && (self.pid.is_none() || other.pid.is_none())
    }
}

impl Death {
    /// Whether another line tells of the same kill and knows why: a supervisor says that it sent the signal
    /// because the bot did not stop when it was asked to, and then that the bot ended with it.
    fn gives_way_to(&self, surer: &Death) -> bool {
        self.incident.is_some()
            && surer.incident.is_some()
            && surer.fate == Fate::Killed
            && self.confidence < SURE_KILL
            && surer.confidence >= SURE_KILL
            && self.is_one_with(surer)
    }
}

/// What joining came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Join {
    /// Runs and deaths that belong together.
    pub joined: Vec<Joined>,
    /// Silences and ends that what halted the machine explains.
    pub halts: Vec<Halt>,
    /// What could not be compared, in words for the user.
    pub unclear: Vec<String>,
}

impl Join {
    fn cannot_compare(&mut self, one: &Told<'_>, other: &Told<'_>) {
        let what = format!(
            "{} and {} cannot be joined: one gives its times with a zone and the other without; name it with --tz",
            one.name, other.name
        );
        if !self.unclear.contains(&what) {
            self.unclear.push(what);
        }
    }
}

/// Joins the runs of each source with what the others tell.
pub fn join(sources: &[Told<'_>]) -> Join {
    let mut join = Join::default();
    let unsure: Vec<Vec<bool>> = sources
        .iter()
        .map(|told| {
            let gives_way = |death: &Death| told.deaths.iter().any(|it| death.gives_way_to(it));
            told.deaths.iter().map(gives_way).collect()
        })
        .collect();
    for (source, told) in sources.iter().enumerate() {
        let mut ended: Vec<(Link, Joined)> = Vec::new();
        let is_overseers =
            |death: &Death| death.fate != Fate::Halted && death.confidence >= OVERSEER;
        if told.deaths.iter().any(is_overseers) {
            continue;
        }
        for (run, life) in told.lives.iter().enumerate() {
            let just_stops = matches!(life.end, End::Open | End::Silent);
            if !just_stops && life.explained.is_none_or(|sure| sure > WEAK) {
                continue;
            }
            let mut best: Option<(Link, Joined)> = None;
            let mut stopped = false;
            for (teller, other) in sources.iter().enumerate().filter(|(at, _)| *at != source) {
                for (at, death) in other.deaths.iter().enumerate() {
                    if unsure[teller][at] || death.fate == Fate::Halted {
                        continue;
                    }
                    match link(told.name, life, death) {
                        Fit::No => {}
                        Fit::NoClock if just_stops => join.cannot_compare(told, other),
                        Fit::NoClock => {}
                        Fit::Yes(_) if death.fate == Fate::Asked => stopped = true,
                        Fit::Yes(link) => {
                            let confidence = link.confidence.min(death.confidence);
                            let note = link.note(told.name, life);
                            let found = Joined { source, run, teller, death: at, confidence, note };
                            if best.as_ref().is_none_or(|(before, _)| link.is_better(before)) {
                                best = Some((link, found));
                            }
                        }
                    }
                }
            }
            // Somebody stopped it: what was killed a while later was something else.
            if let Some((link, found)) = best
                && !(stopped && link.apart.is_none_or(|apart| apart > BEHIND))
            {
                // Nobody dies twice: the run that it fits best has ended with it.
                let is_same = |(_, one): &(Link, Joined)| {
                    (one.teller, one.death) == (found.teller, found.death)
                };
                match ended.iter_mut().find(|one| is_same(one)) {
                    Some(one) if link.is_nearer(&one.0) => *one = (link, found),
                    Some(_) => {}
                    None => ended.push((link, found)),
                }
            }
        }
        join.joined.extend(ended.into_iter().map(|(_, joined)| joined));
    }
    join_halts(sources, &mut join);
    join
}

enum Fit {
    Yes(Link),
    No,
    /// It may be about the run, and the clocks cannot be compared.
    NoClock,
}

/// How a death and a run are joined.
#[derive(Debug, Clone)]
struct Link {
    /// Seconds from the last record to the death; `None` where only the pid joins.
    apart: Option<f64>,
    subject: Subject,
    confidence: f64,
    zoned: bool,
}

/// What the death says of whom it is about, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    SamePid,
    SameName,
    /// A program that bots run in.
    Program,
    /// The same, under another pid, as outside a container.
    OtherPid,
    /// It names nothing.
    Unnamed,
}

impl Link {
    fn is_better(&self, other: &Link) -> bool {
        let apart = |link: &Link| link.apart.map_or(f64::INFINITY, f64::abs);
        // Of lines of one moment the last says most.
        self.subject.cmp(&other.subject).then(apart(self).total_cmp(&apart(other))).is_le()
    }

    fn is_nearer(&self, other: &Link) -> bool {
        !other.is_better(self)
    }

    fn note(&self, name: &str, life: &Life) -> String {
        let line = life
            .last
            .as_ref()
            .map_or(String::new(), |line| format!(" at line {}", line.place.line));
        let mut note = match self.apart {
            Some(apart) if apart.abs() < 1.0 => format!(" {name} stops{line} in that second."),
            Some(apart) if apart < 0.0 => {
                format!(" {name} stops{line}, {:.0} s behind it.", -apart)
            }
            Some(apart) => format!(" {name} stops{line}, {apart:.0} s before."),
            None => format!(
                " {name} stops{line}. The times of the two logs cannot be compared; the pid is the same."
            ),
        };
        if self.apart.is_some() && !self.zoned {
            note.push_str(" Neither log has a zone; both are taken to be in one.");
        }
        if self.subject == Subject::OtherPid {
            note.push_str(" The pid is another, as it is outside of a container.");
        }
        note
    }
}

fn link(source: &str, life: &Life, death: &Death) -> Fit {
    let Some(subject) = subject(source, life, death) else { return Fit::No };
    let Some(ended) = &life.ended else { return Fit::No };
    let apart = match death.stamp.as_ref().filter(|stamp| stamp.has_date) {
        // Seconds since boot.
        None if subject == Subject::SamePid && death.fate == Fate::Killed => {
            return Fit::Yes(Link { apart: None, subject, confidence: 0.85, zoned: false });
        }
        None => return Fit::No,
        Some(stamp) => match seconds_apart(ended, stamp) {
            Some(apart) => apart,
            None => return Fit::NoClock,
        },
    };
    let beats = life.every.map_or(0.0, |every| every * BEATS);
    let reach = beats.clamp(NEAR, FAR);
    let (most, confidence) = match subject {
        Subject::SamePid => (FAR, 0.97),
        Subject::SameName => (reach, 0.93),
        Subject::Program => (reach, 0.85),
        Subject::OtherPid => (beats.clamp(TIGHT, NEAR), 0.8),
        Subject::Unnamed => (beats.clamp(TIGHT, NEAR), 0.7),
    };
    // A request to stop is about this end only where it stands right at it.
    let most = if death.fate == Fate::Asked { BEHIND } else { most };
    if (-BEHIND..=most).contains(&apart) {
        let zoned = ended.offset.is_some();
        Fit::Yes(Link { apart: Some(apart), subject, confidence, zoned })
    } else {
        Fit::No
    }
}

/// Whom the death is about, where it may be this run.
fn subject(source: &str, life: &Life, death: &Death) -> Option<Subject> {
    let same_pid = life.pid.zip(death.pid).map(|(own, other)| own == other);
    if same_pid == Some(true) {
        return Some(Subject::SamePid);
    }
    let Some(name) = &death.name else {
        return (same_pid != Some(false)).then_some(Subject::Unnamed);
    };
    let name = name.trim_end_matches(".service").to_ascii_lowercase();
    let own = source.to_ascii_lowercase();
    let file = own.rsplit(['/', '\\']).next().unwrap_or("");
    let (file, service) = file.split_once(':').unwrap_or((file, ""));
    let stem = file.split('.').next().unwrap_or("");
    if !name.is_empty() && (name == stem || name == service) {
        return Some(Subject::SameName);
    }
    if !PROGRAMS.iter().any(|program| name.starts_with(program)) {
        return None;
    }
    Some(if same_pid == Some(false) { Subject::OtherPid } else { Subject::Program })
}

/// Seconds from one time to another of another log; `None` where they cannot be compared.
fn seconds_apart(ended: &Stamp, death: &Stamp) -> Option<f64> {
    if !ended.has_date || !death.has_date || ended.offset.is_some() != death.offset.is_some() {
        return None;
    }
    let ended = if death.has_year { ended.with_year(death.civil.year())? } else { ended.clone() };
    let death = if ended.has_year { death.with_year(ended.civil.year())? } else { death.clone() };
    Some(death.seconds() - ended.seconds())
}

/// The process id in a line that says whose it is: `pid 71`, `pid=71`, `PID: 71`, `name[71]:`.
pub(super) fn pid_in(text: &str) -> Option<u32> {
    let head = text.get(..text.len().min(400)).or_else(|| text.get(..200)).unwrap_or("");
    let lower = head.to_ascii_lowercase();
    let digits = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    let named = lower.match_indices("pid").find_map(|(at, _)| {
        let is_word = !lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let rest = lower[at + 3..].trim_start_matches([' ', ':', '=', '(']);
        is_word.then(|| digits(rest)).flatten()
    });
    named.or_else(|| {
        lower.match_indices('[').find_map(|(at, _)| {
            let rest = &lower[at + 1..];
            let end = rest.find(']')?;
            let is_named = lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            (is_named && rest[end..].starts_with("]:")).then(|| digits(&rest[..end])).flatten()
        })
    })
}

/// The unit or program that a supervisor's line names: `Stopping dca.service`, `stopped: dca (…`.
pub(super) fn named_in(text: &str) -> Option<String> {
    let unit = text.split([' ', ':', '\'', '"']).find(|word| word.ends_with(".service"));
    let behind = |word: &str| {
        let rest = text.split_once(word)?.1.trim_start();
        rest.split([' ', '(', '[', ':']).next().filter(|name| !name.is_empty())
    };
    unit.or_else(|| behind("stopped: ")).or_else(|| behind("exited: ")).map(str::to_owned)
}

/// A line of the log as evidence.
pub(super) fn line(place: Place, text: &str) -> Line {
    Line { place, text: text.chars().take(400).collect() }
}

#[cfg(test)]
mod tests;
