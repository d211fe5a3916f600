//! The search for candidate lines, on one core: in health, and where every line is part of a traceback.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod corpus;

use std::io;

use divan::Bencher;
use divan::counter::BytesCount;
use wd_diagnose::detect::Matcher;
use wd_diagnose::rules::{RuleOptions, load};
use wd_diagnose::traceback::Roots;

const BYTES: u64 = 16 << 20;

fn main() {
    divan::main();
}

type Corpus = fn(&mut dyn io::Write, u64, u64) -> io::Result<()>;

fn search(bencher: Bencher<'_, '_>, write: Corpus) {
    let rules = load(&RuleOptions::default()).unwrap();
    let matcher = Matcher::new(&rules, Roots::default());
    let mut log = Vec::new();
    write(&mut log, 1, BYTES).unwrap();
    bencher.counter(BytesCount::new(log.len())).bench(|| {
        let mut found = Vec::new();
        matcher.candidates(&log, 0, log.len(), &mut found);
        found.len()
    });
}

#[divan::bench]
fn healthy(bencher: Bencher<'_, '_>) {
    search(bencher, corpus::write_healthy);
}

#[divan::bench]
fn crash_loop(bencher: Bencher<'_, '_>) {
    search(bencher, corpus::write_crash_loop);
}

/// Rules read, checked and made ready: what every start of the program costs.
#[divan::bench]
fn rules_made_ready() -> usize {
    let rules = load(&RuleOptions::default()).unwrap();
    Matcher::new(&rules, Roots::default()).prefilter.sizes().0
}
