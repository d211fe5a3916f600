//! Whole logs on all cores, from bytes in memory to the report.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod corpus;

use std::io::{self, Cursor};
use std::time::SystemTime;

use corpus::{Noise, write_noise};
use divan::Bencher;
use divan::counter::BytesCount;
use wd_diagnose::analyze::BatchOptions;
use wd_diagnose::analyze::batch::run_over;
use wd_diagnose::detect::Matcher;
use wd_diagnose::rules::{RuleOptions, load};
use wd_diagnose::source::{Opening, Reader, Source};
use wd_diagnose::traceback::Roots;

fn main() {
    divan::main();
}

type Corpus = fn(&mut dyn io::Write, u64, u64) -> io::Result<()>;

fn scan(bencher: Bencher<'_, '_>, write: Corpus, bytes: u64) {
    let rules = load(&RuleOptions::default()).unwrap();
    let matcher = Matcher::new(&rules, Roots::default());
    let options = BatchOptions {
        since: None,
        until: None,
        patterns: Vec::new(),
        run: None,
        context: 0,
        redact: true,
        stopped: false,
        zone: None,
        source_root: None,
        threads: None,
        now: SystemTime::UNIX_EPOCH,
        rules: RuleOptions::default(),
        unpack_limit: bytes,
    };
    let mut log = Vec::new();
    write(&mut log, 1, bytes).unwrap();
    let reader = || Reader::over(Cursor::new(log.clone()), Opening::new(SystemTime::UNIX_EPOCH));
    bencher
        .counter(BytesCount::new(log.len()))
        .with_inputs(reader)
        .bench_values(|reader| run_over(&matcher, &Source::stdin(), reader, &options).unwrap());
}

#[divan::bench]
fn healthy(bencher: Bencher<'_, '_>) {
    scan(bencher, corpus::write_healthy, 128 << 20);
}

#[divan::bench(sample_count = 10)]
fn crash_loop(bencher: Bencher<'_, '_>) {
    scan(bencher, corpus::write_crash_loop, 8 << 20);
}

#[divan::bench(sample_count = 10)]
fn errors(bencher: Bencher<'_, '_>) {
    scan(bencher, |out, seed, bytes| write_noise(out, Noise::Errors, seed, bytes), 8 << 20);
}

#[divan::bench(sample_count = 10)]
fn retries(bencher: Bencher<'_, '_>) {
    scan(bencher, |out, seed, bytes| write_noise(out, Noise::Retries, seed, bytes), 8 << 20);
}

#[divan::bench(sample_count = 10)]
fn json_errors(bencher: Bencher<'_, '_>) {
    scan(bencher, |out, seed, bytes| write_noise(out, Noise::Json, seed, bytes), 8 << 20);
}
