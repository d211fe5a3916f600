//! What halts a whole machine, and the silences and sudden ends of the logs that were written on it.

use super::{
    BEATS, BEHIND, Death, End, FAR, Fate, Join, Joined, Link, NEAR, Stamp, Subject, Told,
    seconds_apart,
};

/// A silence inside a run.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Its incident.
    pub incident: usize,
    /// Time of the last line before it.
    pub from: Stamp,
    /// Time of the first line behind it.
    pub to: Stamp,
}

/// A silence, or a run that just stops, that what halted the machine explains.
#[derive(Debug, Clone, PartialEq)]
pub struct Halt {
    /// Index of the source.
    pub source: usize,
    /// Index of the silence in it; of the run, where that just stops.
    pub which: Halted,
    /// Index of the source that tells of it.
    pub teller: usize,
    /// Index of the line in it.
    pub death: usize,
    /// What is to be said of how they were joined.
    pub note: String,
}

/// What stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halted {
    /// A run, for a while: index of the silence.
    Pause(usize),
    /// A run, for good: its index.
    Run(usize),
}

/// Joins silences, and runs that just stop and are not joined yet, with what halts a machine.
pub(super) fn join_halts(sources: &[Told<'_>], join: &mut Join) {
    for (source, told) in sources.iter().enumerate() {
        // Who tells of it has his own word on it.
        if told.deaths.iter().any(|death| death.fate == Fate::Halted) {
            continue;
        }
        let tellers = sources.iter().enumerate().filter(|(at, _)| *at != source);
        let halting: Vec<(usize, usize, &Death)> = tellers
            .flat_map(|(teller, other)| {
                let deaths = other.deaths.iter().enumerate();
                let halts = deaths.filter(|(_, death)| death.fate == Fate::Halted);
                halts.map(move |(at, death)| (teller, at, death))
            })
            .collect();
        let halt = |(teller, death, _): (usize, usize, &Death), which, note| Halt {
            source,
            which,
            teller,
            death,
            note,
        };
        for (at, pause) in told.pauses.iter().enumerate() {
            let is_in = |(_, _, death): &&(usize, usize, &Death)| {
                let Some(stamp) = &death.stamp else { return false };
                let since = seconds_apart(&pause.from, stamp);
                let until = seconds_apart(stamp, &pause.to);
                since.zip(until).is_some_and(|(since, until)| since >= -BEHIND && until >= -BEHIND)
            };
            if let Some(found) = halting.iter().find(is_in) {
                let note = format!(" {} is silent meanwhile.", told.name);
                join.halts.push(halt(*found, Halted::Pause(at), note));
                continue;
            }
            for (teller, _, death) in &halting {
                let dated = death.stamp.as_ref().filter(|stamp| stamp.has_date);
                if dated.is_some_and(|stamp| seconds_apart(&pause.from, stamp).is_none()) {
                    join.cannot_compare(told, &sources[*teller]);
                }
            }
        }
        for (run, life) in told.lives.iter().enumerate() {
            let is_joined = |joined: &Joined| joined.source == source && joined.run == run;
            let Some(ended) = life
                .ended
                .as_ref()
                .filter(|_| life.end == End::Silent && !join.joined.iter().any(is_joined))
            else {
                continue;
            };
            let reach = life.every.map_or(NEAR, |every| (every * BEATS).clamp(NEAR, FAR));
            let apart = |death: &Death| seconds_apart(ended, death.stamp.as_ref()?);
            // A disk fails for a while before nothing can be written any more.
            let is_near = |(_, _, death): &&(usize, usize, &Death)| {
                apart(death).is_some_and(|apart| (-NEAR..=reach).contains(&apart))
            };
            if let Some(found) = halting.iter().find(is_near) {
                let apart = apart(found.2).unwrap_or_default();
                let link = Link {
                    apart: Some(apart),
                    subject: Subject::Unnamed,
                    confidence: 0.6,
                    zoned: ended.offset.is_some(),
                };
                let note = link.note(told.name, life);
                join.halts.push(halt(*found, Halted::Run(run), note));
            }
        }
    }
}
