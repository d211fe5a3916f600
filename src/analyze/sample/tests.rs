#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::{
    BLOCK, EVERY_LINE, Learnt, NEAR_BLOCK, NEAR_LINES, Sample, Sampler, TELLING, look, newlines,
};
use crate::source::{Chunk, Segment};

/// Positions of the samples by the definition, word by word, in a log that begins at position `start`.
fn plain(bytes: &[u8], start: u64) -> Vec<u64> {
    let mut samples = Vec::new();
    let mut last = None;
    let mut at = start;
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let length = if at < NEAR_LINES { NEAR_BLOCK } else { BLOCK };
        let block = at - at % length;
        if at < EVERY_LINE || last != Some(block) {
            samples.push(at);
        }
        last = Some(block);
        at += line.len() as u64;
    }
    samples
}

/// What is shown of a log before its new lines, where that does not begin with them.
fn known(start: u64) -> Vec<u8> {
    let bytes = if start == 0 { 0 } else { BLOCK as usize };
    b"xxxxxxxxxxxxxxx\n".repeat(bytes / 16)
}

/// What the sampler takes where the bytes, which begin at position `start`, are shown in pieces that end near
/// `cuts`; each part shows `kept` bytes again. Positions, with line numbers.
fn taken(bytes: &[u8], start: u64, cuts: &[usize], kept: usize) -> Vec<(u64, u64)> {
    let samples = taken_with(&Learnt::default(), bytes, start, cuts, kept);
    samples.iter().map(|sample| (sample.position, sample.place.line)).collect()
}

/// The same with what tellers find.
fn taken_with(
    learnt: &Learnt,
    bytes: &[u8],
    start: u64,
    cuts: &[usize],
    kept: usize,
) -> Vec<Sample> {
    let mut sampler = Sampler::default();
    let mut all = Vec::new();
    let mut from = known(start).len();
    for &cut in cuts.iter().chain([&bytes.len()]) {
        let end = bytes[..cut].iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
        let end = if cut == bytes.len() { cut } else { end };
        if end <= from {
            continue;
        }
        let base = from.saturating_sub(kept);
        let line = 1 + newlines(&bytes[..base]);
        let segments = [Segment { at: 0, file: 0, offset: base as u64, line }];
        let part =
            Chunk { bytes: &bytes[base..end], segments: &segments, last: cut == bytes.len() };
        let at = start + base as u64;
        let (mut seen, lines) = look(part.bytes, at, from - base, end - base, learnt);
        assert_eq!(lines, newlines(&bytes[from..end]));
        let pieces = [((from - base, end - base), lines, &mut seen)];
        all.extend(sampler.take_in(&part, at, pieces.into_iter()));
        from = end;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn samples_are_the_same_however_the_log_is_cut(
        lengths in prop::collection::vec(prop_oneof![20 => 1_usize..200, 1 => 1_usize..90_000], 1..2500),
        start in prop_oneof![Just(0), Just(NEAR_LINES - BLOCK), Just(1 << 40)],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut bytes = known(start);
        for length in lengths {
            bytes.extend(std::iter::repeat_n(b'x', length - 1));
            bytes.push(b'\n');
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let found = taken(&bytes, start, &cuts, 288 << 10);
        let positions: Vec<u64> = found.iter().map(|(position, _)| *position).collect();
        let mut plain = plain(&bytes, start);
        plain.retain(|at| *at >= start + known(start).len() as u64);
        prop_assert_eq!(positions, plain);
        for (position, line) in found {
            prop_assert_eq!(line, 1 + newlines(&bytes[..(position - start) as usize]));
        }
    }
}

#[test]
fn a_second_file_counts_its_own_lines() {
    let bytes = b"aa\nbb\ncc\ndd\n";
    let segments = [
        Segment { at: 0, file: 0, offset: 0, line: 1 },
        Segment { at: 6, file: 1, offset: 0, line: 1 },
    ];
    let part = Chunk { bytes, segments: &segments, last: true };
    let (mut seen, lines) = look(bytes, 0, 0, bytes.len(), &Learnt::default());
    let samples =
        Sampler::default().take_in(&part, 0, std::iter::once(((0, 12), lines, &mut seen)));
    let places: Vec<_> =
        samples.iter().map(|one| (one.place.file, one.place.byte, one.place.line)).collect();
    assert_eq!(places, [(0, 0, 1), (0, 3, 2), (1, 0, 1), (1, 3, 2)]);
}

#[test]
fn lines_that_tell_of_the_process_are_found_where_they_are_rare() {
    let mut log = String::new();
    let mut told = Vec::new();
    for n in 0..30_000_u64 {
        if n % 40 == 7 {
            told.push(log.len() as u64);
            log += &format!("2026-03-02 10:00:00 INFO health: rss={n}MB\n");
        } else {
            log += "2026-03-02 10:00:00 INFO tick BTCUSDT 64000.5\n";
        }
    }
    let bytes = log.as_bytes();
    let mut learnt = Learnt::default();
    for line in bytes.split_inclusive(|&b| b == b'\n').take(100) {
        learnt.learn(line, false);
    }
    assert_eq!(learnt.tellers.len(), 1);
    // The first in each block, whatever the cuts.
    let mut last = None;
    told.retain(|at| {
        let block = Some(at / TELLING);
        *at >= EVERY_LINE && std::mem::replace(&mut last, block) != block
    });
    let cuts = [1, EVERY_LINE as usize + 100, 300_001, 310_000, 310_050, 600_000, 900_123];
    for cuts in [&cuts[1..2], &cuts] {
        let found = taken_with(&learnt, bytes, 0, cuts, 288 << 10);
        let found: Vec<u64> = found.iter().filter(|s| s.tells).map(|s| s.position).collect();
        assert_eq!(found, told);
    }
}
