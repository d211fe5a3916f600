//! Newlines counted through a `Reader`: the floor under every other figure.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

mod corpus;

use std::io::Write;
use std::time::SystemTime;

use divan::Bencher;
use divan::counter::BytesCount;
use wd_diagnose::source::{MapChoice, Opening, Source};

const BYTES: u64 = 64 << 20;

fn main() {
    divan::main();
}

#[divan::bench(args = [MapChoice::Always, MapChoice::Never])]
fn newlines(bencher: Bencher<'_, '_>, map: MapChoice) {
    let mut log = Vec::new();
    corpus::write_healthy(&mut log, 1, BYTES).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&log).unwrap();
    let source = Source::file(file.path());
    let opening = Opening { map, ..Opening::new(SystemTime::UNIX_EPOCH) };
    bencher.counter(BytesCount::new(log.len())).bench(|| {
        let mut reader = source.open(&opening);
        let mut newlines = None;
        while let Some(chunk) = reader.advance(0, newlines).unwrap() {
            newlines = Some(memchr::memchr_iter(b'\n', chunk.bytes).count() as u64);
        }
        reader.totals().lines
    });
}
