//! Several reports make one. (`tools/check_formats.py` checks the shape of all formats.)

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{cases, options, written};
use proptest::prelude::*;
use proptest::sample::subsequence;
use wd_diagnose::analyze::{Unobserved, batch};
use wd_diagnose::report::{self, Format, Report};

/// Logs that are one file each, by name: small ones, since each is read several times.
fn logs() -> Vec<PathBuf> {
    const SMALL: u64 = 64 << 10;
    let is_small = |path: &PathBuf| fs::metadata(path).unwrap().len() < SMALL;
    let cases = cases().into_iter().filter(common::Case::is_file);
    let mut logs: Vec<PathBuf> = cases.map(|case| case.path).filter(is_small).collect();
    logs.sort();
    logs
}

fn report_on(paths: &[PathBuf]) -> Report {
    batch::run(paths, &options(), &mut Unobserved).unwrap().report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each source is read by one of three, and their reports are merged.
    #[test]
    fn merged_parts_are_the_whole(
        logs in subsequence(logs(), 2..7),
        parts in prop::collection::vec(0..3usize, 7),
    ) {
        let whole = report_on(&logs);
        let part = |number: usize| -> Vec<PathBuf> {
            let own = logs.iter().zip(&parts).filter(|(_, part)| **part == number);
            own.map(|(path, _)| path.clone()).collect()
        };
        let reports: Vec<Report> = (0..3)
            .map(part)
            .filter(|paths| !paths.is_empty())
            .map(|paths| {
                let written = written(Format::Json, &report_on(&paths));
                report::parse("part.json", &written).unwrap()
            })
            .collect();
        // Merged reports have an order of their own, of the services that share a log too.
        prop_assert_eq!(report::merge(reports), report::merge(vec![whole]));
    }
}
