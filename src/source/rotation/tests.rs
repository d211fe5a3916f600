use super::*;
use crate::source::names::is_log;

/// The sets as names.
fn grouped<'n>(names: &[&'n str]) -> Vec<(String, Vec<&'n str>)> {
    let sets = sets(names, is_log);
    let mut seen: Vec<usize> =
        sets.iter().flat_map(|set| set.members.iter().chain(&set.doubles).copied()).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..names.len()).collect::<Vec<_>>(), "each name is in one set");
    sets.into_iter()
        .map(|set| (set.base, set.members.into_iter().map(|index| names[index]).collect()))
        .collect()
}

#[test]
fn names_of_one_log_are_put_in_the_order_of_writing() {
    // Each row is one log, the oldest file first.
    let rows: &[&[&str]] = &[
        &["bot.log.10", "bot.log.9", "bot.log.2.gz", "bot.log.1", "bot.log"],
        &["bot.log.3.zst", "bot.log.2.xz", "bot.log.1.bz2"],
        &["bot.log.2026-08-09", "bot.log.2026-08-10", "bot.log"],
        &["bot.log.2026-08-11_09", "bot.log.2026-08-11_10", "bot.log"],
        &["bot.log.2026-08-11_10-00-00", "bot.log.2026-08-11_10-00-01", "bot.log"],
        &["bot.log-20260810.gz", "bot.log-20260811", "bot.log"],
        &["bot.log-20260811-1786442400", "bot.log-20260811-1786446000", "bot.log"],
        &["bot.log-2026081109", "bot.log-2026081110"],
        &[
            "bot.2026-08-10_00-00-00_123456.log",
            "bot.2026-08-11_00-00-00_000001.log.gz",
            "bot.2026-08-11_00-00-00_000001.2.log",
            "bot.log",
        ],
        &["bot_2026-08-10.log", "bot_2026-08-11.log"],
        &["bot-20260810T093000.log", "bot-20260811T093000.log"],
        &["bot_20260811_093000.log", "bot_20260811_100000.log"],
        &["bot.2.log", "bot.1.log", "bot.log"],
        &["bot.log.old", "bot.log"],
        &["bot.log.2026-08-10", "bot.log.2", "bot.log.1", "bot.log"],
        &["bot-2026-08-11.log.2", "bot-2026-08-11.log.1", "bot-2026-08-11.log", "bot.log"],
        &["syslog.2.gz", "syslog.1", "syslog"],
        &["bot.1", "bot"],
        &["nohup.out.1", "nohup.out"],
    ];
    for row in rows {
        for turn in 0..row.len() {
            let mut names = row.to_vec();
            names.rotate_left(turn);
            let sets = grouped(&names);
            assert_eq!(sets.len(), 1, "{names:?}: {sets:?}");
            assert_eq!(sets[0].1, *row);
        }
        let names: Vec<&str> = row.iter().rev().copied().collect();
        assert_eq!(grouped(&names)[0].1, *row);
    }
}

#[test]
fn other_names_stay_apart() {
    let rows: &[&[&str]] = &[
        &["bot.log", "bot2.log", "bot-1.log", "bot-2.log", "robot.log.1"],
        &["run.1.log", "run.2.log"],
        &["v1.2.1", "v1.2.2"],
        &["bot.log", "bot.err", "bot.out"],
        &["bot.log", "bot-9999-99-99.log", "bot-20261399.log", "bot.log-123456789"],
        &["bot.log", "bot.log.gz"],
        &["trades.csv-20260810", "trades.csv-20260811"],
        &["", ".", "..", ".1", "1.", "-20260811", "bot..1"],
    ];
    for row in rows {
        let sets = grouped(row);
        assert_eq!(sets.len(), row.len(), "{sets:?}");
        let order: Vec<&str> = sets.iter().map(|(_, members)| members[0]).collect();
        assert_eq!(order, *row, "in the order given");
    }
}

#[test]
fn a_compression_under_way_is_not_read_twice() {
    let names = ["bot.log", "bot.log.1", "bot.log.2", "bot.log.2.gz"];
    let sets = sets(&names, is_log);
    assert_eq!(sets.len(), 1);
    assert_eq!((&sets[0].members, &sets[0].doubles), (&vec![2, 1, 0], &vec![3]));
}

#[test]
fn the_base_is_the_file_that_is_written_to() {
    for (name, base) in [
        ("bot.log.3", "bot.log"),
        ("bot.log.2026-08-11_10-00-00.gz", "bot.log"),
        ("bot.2026-08-11_00-00-00_123456.log", "bot.log"),
        ("bot.log", "bot.log"),
        ("my.bot-20260811.log", "my.bot.log"),
    ] {
        assert_eq!(grouped(&[name])[0].0, base);
    }
}

proptest::proptest! {
    #[test]
    fn any_names_are_grouped_once_each(
        names in proptest::collection::btree_set("[a.\\-_0-9TÉ]{0,14}(\\.log)?(\\.[1-3])?(\\.gz)?", 0..8),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        grouped(&names);
    }
}
