//! One followed source: what came in, what is found in it, and what was told of it.

use std::time::{Duration, SystemTime};

use super::files::File;
use super::timing::{Due, Timing};
use super::told::Told;
use super::{Desk, Leave, StallAfter};
use crate::analyze::BatchOptions;
use crate::analyze::batch::{OneSource, Read, conclude};
use crate::analyze::stream::{News, Span, Stream};
use crate::detect::Matcher;
use crate::diagnosis::{End, longest_pause};
use crate::event::Stamp;
use crate::report::{Event, Stall};
use crate::safe::limits;
use crate::safe::redact::Redactor;
use crate::source::follow::{Appended, FileId, Past, SourceId};
use crate::source::{Chunk, Growing};

/// One followed source.
#[derive(Debug)]
pub(super) struct Followed<'r> {
    pub(super) id: SourceId,
    pub(super) name: String,
    /// Names of its files, in the order in which they were first read.
    pub(super) names: Vec<String>,
    pub(super) files: Vec<File>,
    /// Files before this one are over and told.
    pub(super) done: usize,
    pub(super) growing: Growing,
    /// Position in the source at which the kept lines begin.
    pub(super) base: u64,
    /// Length of the lines that the stream has seen.
    pub(super) kept: usize,
    pub(super) stream: Stream<'r>,
    /// What is found meanwhile, while the start of the log is too short for the stream to judge.
    pub(super) early: Option<Stream<'r>>,
    pub(super) told: Told,
    pub(super) timing: Timing,
    /// When each service of a log of several last spoke.
    pub(super) lanes: Vec<LaneClock>,
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Bytes were lost.
    pub(super) lost: Option<String>,
    /// When it was last looked for what goes on.
    looked: Duration,
}

/// How often it is looked for what grows or stands still, or was silent, in a log that speaks.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Seconds for which something must have grown or stood still to be told of while its run goes on. At the end of a run
/// less is enough; but a bot that warms up looks the same at first.
const LASTED_FOR: f64 = 600.0;

/// A service of a log of several.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneClock {
    lines: u64,
    spoke: Duration,
    /// Its silence was judged.
    judged: bool,
}

/// First line and time of a run.
pub(super) type Opening = (u64, Option<Stamp>);

/// How much is known of what is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It is settled: nothing that comes changes it.
    Settled,
    /// What stands last is told as well, but for open tracebacks.
    Short,
    /// Everything is told.
    Long,
}

/// Why a run is taken to have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The next one began.
    Next,
    /// Nothing has come for a while, or the bot said so.
    Quiet,
    /// The input has ended.
    Over,
}

impl<'r> Followed<'r> {
    /// A source first seen at `now`.
    pub(super) fn new(id: SourceId, name: String, now: Duration, desk: &Desk<'_, 'r>) -> Self {
        let batch = &desk.options.batch;
        let mut stream = new_stream(desk);
        stream.context = batch.context.min(limits::CONTEXT_LINES);
        let mut followed = Followed {
            id,
            name,
            names: Vec::new(),
            files: Vec::new(),
            done: 0,
            growing: Growing::new(limits::LINE_BYTES),
            base: 0,
            kept: 0,
            stream,
            early: None,
            told: Told::default(),
            timing: Timing::new(now, desk.options.quiet_after),
            lanes: Vec::new(),
            bytes: 0,
            lines: 0,
            lost: None,
            looked: now,
        };
        followed.plan_stall(desk);
        followed
    }

    /// Takes in the next bytes of one of its files.
    pub(super) fn append(&mut self, piece: &Appended, wall: SystemTime, desk: &mut Desk<'_, 'r>) {
        let at = self.file(piece);
        let file = &mut self.files[at];
        let end = piece.offset + piece.bytes.len() as u64;
        self.bytes += end.saturating_sub(file.next.max(piece.offset));
        file.next = end;
        file.line = piece.next_line;
        match piece.past {
            Past::Told => {
                file.before = file.before.max(end);
                file.last_told = file.last_told.max(end);
            }
            Past::Replayed => file.replayed = end,
            Past::Backlog => file.backlog = end,
            Past::New => {}
        }
        file.written = piece.written.map(|written| (written, wall));
        self.growing.append(at, (piece.offset, piece.line), piece.ends, &piece.bytes);
        self.settle(desk);
        self.plan_stall(desk);
        if desk.now.saturating_sub(self.looked) >= LOOK_EVERY {
            self.looked = desk.now;
            self.look_at_signs(desk);
        }
        if self.told.supposes() {
            self.timing.look_again();
        }
    }

    /// Nothing more comes of a file.
    pub(super) fn end_file(&mut self, file: FileId, desk: &mut Desk<'_, 'r>) {
        if let Some(at) = self.files.iter().rposition(|one| one.id == file) {
            self.files[at].ended = true;
            self.growing.end_file(at);
            self.settle(desk);
        }
    }

    /// Bytes of a file are gone.
    pub(super) fn lost(
        &mut self,
        file: Option<FileId>,
        bytes: Option<u64>,
        lines: Option<u64>,
        desk: &mut Desk<'_, 'r>,
    ) {
        let count = |count: Option<u64>, what: &str| count.map(|count| format!("{count} {what}"));
        let much = count(lines, "lines").or_else(|| count(bytes, "bytes"));
        self.lost = Some(format!(
            "{} were gone before they could be read",
            much.unwrap_or_else(|| "some lines".into())
        ));
        // What comes next does not go on where the line before stopped.
        if let Some(file) = file {
            self.end_file(file, desk);
            if let Some(at) = self.files.iter().rposition(|one| one.id == file) {
                self.files[at].ended = false;
            }
        }
    }

    /// Lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Does what is due at `now`.
    pub(super) fn tick(&mut self, now: Duration, desk: &mut Desk<'_, 'r>) {
        while let Some(due) = self.timing.next(now) {
            match due {
                Due::Short => self.look(Look::Short, desk),
                Due::Long => self.look(Look::Long, desk),
                Due::Quiet => self.judge(false, desk),
                Due::Again => self.judge(true, desk),
                Due::Lanes => self.judge_lanes(now, desk),
                Due::Stall => self.stall(now, desk),
            }
        }
    }

    /// Following ends: tells what is left.
    pub(super) fn close(&mut self, leave: Leave, desk: &mut Desk<'_, 'r>) {
        self.look(Look::Long, desk);
        if leave == Leave::EndOfInput {
            self.end(Why::Over, false, &|_| true, desk);
        }
        self.tell_settled(desk);
    }

    /// What it came to, as a finished log.
    pub(super) fn conclude(
        mut self,
        matcher: &Matcher<'_>,
        options: &BatchOptions,
        redactor: &Redactor,
    ) -> Vec<OneSource> {
        self.growing.close();
        let chunk = self.growing.everything();
        let open = !chunk.bytes.is_empty() && !chunk.bytes.ends_with(b"\n");
        let pushed = self.stream.push(&chunk, self.kept);
        let read = Read {
            name: &self.name,
            files: &self.names,
            bytes: self.bytes,
            lines: self.lines + pushed.newlines + u64::from(open),
            incomplete: self.lost.take(),
        };
        conclude(matcher, self.stream, read, options, redactor)
    }

    /// Gives whole lines that are new to the stream, and tells what it found for good.
    fn settle(&mut self, desk: &mut Desk<'_, 'r>) {
        let chunk = self.growing.whole();
        if chunk.bytes.len() <= self.kept {
            return;
        }
        let mut early_news = Vec::new();
        self.stream.apart = self.told.records();
        let pushed = self.stream.push(&chunk, self.kept);
        if self.stream.has_started() {
            // It hears everything again; what was told meanwhile is remembered.
            self.early = None;
        } else {
            let early = self.early.get_or_insert_with(|| {
                let mut early = new_stream(desk);
                early.start_early();
                early
            });
            early.learn_start(chunk.bytes);
            early.apart = self.told.records();
            early.push(&chunk, self.kept);
            early_news = early.take_news();
        }
        self.lines += pushed.newlines;
        let len = chunk.bytes.len();
        self.growing.keep(pushed.keep);
        self.kept = self.growing.whole().bytes.len();
        self.base += (len - self.kept) as u64;
        let mut heard = self.stream.take_news();
        heard.append(&mut early_news);
        let voice = self.early.as_mut().unwrap_or(&mut self.stream);
        let began: Vec<_> = voice.runs().map(|runs| runs.began()).collect();
        self.hear(heard, began, Look::Settled, desk);
        self.watch_lanes(desk.now);
        self.tell_settled(desk);
        self.forget_told();
    }

    /// Sees which services of a log of several have spoken.
    fn watch_lanes(&mut self, now: Duration) {
        let count = self.stream.runs().count();
        if count < 2 {
            return;
        }
        self.lanes.resize(count, LaneClock { lines: 0, spoke: now, judged: false });
        for (lane, clock) in self.lanes.iter_mut().enumerate() {
            let lines = self.stream.lines_of(lane);
            if clock.lines != lines {
                *clock = LaneClock { lines, spoke: now, judged: false };
            }
        }
        self.plan_lanes();
    }

    /// Plans to look at the service that will have been silent for long enough first.
    fn plan_lanes(&mut self) {
        let open = self.lanes.iter().filter(|clock| !clock.judged);
        self.timing.lanes_since(open.map(|clock| clock.spoke).min());
    }

    /// Judges the runs of services that are silent while others speak.
    fn judge_lanes(&mut self, now: Duration, desk: &mut Desk<'_, 'r>) {
        let silent = |clock: &LaneClock| {
            !clock.judged && now.saturating_sub(clock.spoke) >= desk.options.quiet_after
        };
        let lanes: Vec<usize> =
            (0..self.lanes.len()).filter(|&lane| silent(&self.lanes[lane])).collect();
        for &lane in &lanes {
            self.lanes[lane].judged = true;
        }
        self.end(Why::Quiet, false, &|lane| lanes.contains(&lane), desk);
        self.plan_lanes();
    }

    /// Whose findings are told: the stream's, once it has begun.
    pub(super) fn voice(&self) -> &Stream<'r> {
        self.early.as_ref().unwrap_or(&self.stream)
    }

    /// Looks at what is not settled yet, as if nothing more came, and changes nothing but what is told.
    fn look(&mut self, look: Look, desk: &mut Desk<'_, 'r>) {
        let (heard, mut stream) = self.suppose(look == Look::Long);
        let open = heard.iter().any(|heard| matches!(heard, News::Found(found) if found.open));
        let began: Vec<_> = stream.runs().map(|runs| runs.began()).collect();
        self.hear(heard, began, look, desk);
        match look {
            Look::Short if !open && !self.growing.has_open_line() => self.timing.nothing_open(),
            Look::Short | Look::Long => self.tell_settled(desk),
            Look::Settled => {}
        }
    }

    /// What would be found if nothing more came; lines without their newline count where `open` says so.
    fn suppose(&self, open: bool) -> (Vec<News>, Stream<'r>) {
        let mut stream = self.voice().clone();
        stream.apart = self.told.records();
        if open && self.growing.close_shows_more() {
            let mut growing = self.growing.clone();
            growing.close();
            stream.push(&growing.everything(), self.kept);
        } else if open {
            stream.push(&self.growing.everything(), self.kept);
        } else {
            stream.push(&Chunk { last: true, ..self.growing.whole() }, self.kept);
        }
        (stream.take_news(), stream)
    }

    /// Tells what has been growing or standing still for long in the run that goes on, and of silences in it that are
    /// over: at its end that comes too late.
    fn look_at_signs(&mut self, desk: &mut Desk<'_, 'r>) {
        let rules = desk.matcher.rules;
        let (_, mut stream) = self.suppose(false);
        stream.end_runs(false);
        for news in stream.take_news() {
            if let News::Whole { lane, run, whole } = news
                && (whole.is_silence(rules)
                    || whole.lasted_for(rules).is_some_and(|seconds| seconds >= LASTED_FOR))
            {
                self.whole((lane, run), *whole, desk);
            }
        }
    }

    /// Judges how the run that goes on would have ended if nothing more came. `again`: only whether one
    /// that was said to have ended has.
    fn judge(&mut self, again: bool, desk: &mut Desk<'_, 'r>) {
        if !again {
            self.look(Look::Long, desk);
        }
        self.end(Why::Quiet, again, &|_| true, desk);
        self.tell_settled(desk);
        if !again && self.timing.due().is_none() {
            self.growing.shrink();
        }
    }

    /// Tells how the runs of `these` lanes would end if nothing more came.
    fn end(
        &mut self,
        why: Why,
        again: bool,
        these: &dyn Fn(usize) -> bool,
        desk: &mut Desk<'_, 'r>,
    ) {
        let (_, mut stream) = self.suppose(true);
        stream.end_runs(desk.options.batch.stopped && why == Why::Over);
        for news in stream.take_news() {
            match news {
                News::Ended { lane, ended }
                    if these(lane) && (!again || ended.decision.end == End::Open) =>
                {
                    self.run_ended(lane, &ended, why, desk);
                }
                // What shows at the end of a run counts once it is over: while it is quiet it may go on.
                News::Whole { lane, run, whole } if why == Why::Over && these(lane) => {
                    self.whole((lane, run), *whole, desk);
                }
                News::Ended { .. } | News::Whole { .. } | News::Found(_) => {}
            }
        }
    }

    fn stall(&mut self, now: Duration, desk: &mut Desk<'_, 'r>) {
        let silent_for = now.saturating_sub(self.timing.last()).as_secs_f64();
        let usual = self.rhythm();
        let voice = self.early.as_mut().unwrap_or(&mut self.stream);
        let stamps = voice.runs().filter_map(|runs| runs.last_stamp().cloned());
        let last = stamps.max_by(|a, b| a.seconds().total_cmp(&b.seconds()));
        let last_time = last.as_ref().and_then(Stamp::iso);
        let silent_for = (silent_for * 10.0).round() / 10.0;
        desk.event(Event::Stall(Stall { source: self.safe_name(), silent_for, usual, last_time }));
    }

    /// Usual seconds between records, of the service that speaks most often.
    fn rhythm(&mut self) -> Option<f64> {
        let voice = self.early.as_mut().unwrap_or(&mut self.stream);
        voice.runs().filter_map(|runs| runs.rhythm()).min_by(f64::total_cmp)
    }

    fn plan_stall(&mut self, desk: &Desk<'_, 'r>) {
        let after = match desk.options.stall {
            None => None,
            Some(StallAfter::Time(after)) => Some(after),
            Some(StallAfter::Habit) => Some(Duration::from_secs_f64(longest_pause(self.rhythm()))),
        };
        self.timing.stall_after(after);
    }
}

/// A stream that tells what it finds.
fn new_stream<'r>(desk: &Desk<'_, 'r>) -> Stream<'r> {
    let batch = &desk.options.batch;
    let span = Span { since: batch.since, until: batch.until };
    let mut stream = Stream::new(desk.matcher, batch.zone.clone(), span);
    stream.listen();
    stream
}
