//! Reports of parts are, merged, the report of the whole: whatever the parts, as long as a source is in one
//! of them, together with the logs that tell of its end.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::{Path, PathBuf};

use common::{cases, entries, folders, options, written};
use proptest::prelude::*;
use wd_diagnose::analyze::Unobserved;
use wd_diagnose::analyze::batch::run;
use wd_diagnose::model::Pattern;
use wd_diagnose::report::{Format, Report, merge, parse};

/// Logs that belong together: one alone, or a bot's and the one that tells of its end. What tells of a killed
/// process by its number may speak of another fixture's, so those are left out.
fn together() -> Vec<Vec<PathBuf>> {
    let kills = [Some(Pattern::Memory), Some(Pattern::System)];
    let alone = cases().into_iter().filter(|case| case.is_file());
    let alone = alone.filter(|case| !kills.contains(&case.expected.verdict));
    let alone = alone.map(|case| vec![case.path]);
    let pairs = folders(Path::new("fixtures/pairs")).into_iter().map(|folder| entries(&folder));
    alone.chain(pairs).collect()
}

/// The JSON report on some logs, read again as `merge` reads it.
fn report_on(paths: &[PathBuf]) -> Report {
    let report = run(paths, &options(), &mut Unobserved).unwrap().report;
    parse("part.json", &written(Format::Json, &report)).unwrap()
}

/// Some logs that belong together, each with the part that it goes to.
fn parts() -> impl Strategy<Value = Vec<(Vec<PathBuf>, usize)>> {
    let logs = together();
    let all = logs.len();
    let some = prop::collection::btree_set(0..all, 1..12);
    some.prop_flat_map(|chosen| {
        let parts = prop::collection::vec(0..4usize, chosen.len());
        (Just(chosen), parts)
    })
    .prop_map(move |(chosen, parts)| {
        chosen.into_iter().map(|index| logs[index].clone()).zip(parts).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_parts_are_the_whole(chosen in parts()) {
        // Merging does not know in which order the logs would have been named: theirs is that of a folder.
        let mut whole: Vec<PathBuf> = chosen.iter().flat_map(|(logs, _)| logs.clone()).collect();
        whole.sort();
        let mut reports = Vec::new();
        for part in 0..4 {
            let own = chosen.iter().filter(|(_, at)| *at == part);
            let paths: Vec<PathBuf> = own.flat_map(|(logs, _)| logs.clone()).collect();
            if !paths.is_empty() {
                reports.push(report_on(&paths));
            }
        }
        let merged = written(Format::Json, &merge(reports));
        prop_assert_eq!(merged, written(Format::Json, &report_on(&whole)));
    }
}
