//! Which files are one log: what the names that rotation gives say about the order of writing. Pure.
//!
//! | who | names, the oldest first |
//! | --- | --- |
//! | Python `RotatingFileHandler`, logrotate | `bot.log.10.gz`, `bot.log.2`, `bot.log.1`, `bot.log` |
//! | logrotate `extension .log` | `bot.2.log`, `bot.1.log`, `bot.log` |
//! | Python `TimedRotatingFileHandler` | `bot.log.2026-08-10`, `bot.log.2026-08-11_10-00-00`, `bot.log` |
//! | logrotate `dateext` | `bot.log-20260810.gz`, `bot.log-20260811`, `bot.log` |
//! | loguru | `bot.2026-08-10_00-00-00_123456.log`, `bot.2026-08-11_00-00-00_654321.log`, `bot.log` |
//! | one file a day or a start | `bot_20260810.log`, `bot_20260811-093000.log` |
//! | restart scripts | `bot.log.old`, `bot.log` |

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Endings of compressed files.
const PACKED: [&str; 5] = [".gz", ".xz", ".zst", ".zstd", ".bz2"];

/// Most digits of a rotation number; more would be a date or an id.
const NUMBER_DIGITS: usize = 5;

/// Files of one folder that are one log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// Name of the file that is written to, whether it is there or not.
    pub(super) base: String,
    /// Indexes of the names, the oldest first.
    pub(super) members: Vec<usize>,
    /// Indexes of names that are compressed copies of a member: a compression under way.
    pub(super) doubles: Vec<usize>,
}

/// One step from a rotated name towards the name it was rotated from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The name before it was rotated.
    pub(super) base: String,
    rank: Rank,
    /// Whether the base must be there for this to be rotation: `run.1.log` alone may be anything.
    needs_base: bool,
}

/// Place among the files of one base: declared in order of age, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Old,
    Dated(Vec<u64>),
    Numbered(Reverse<u64>),
    Live,
}

/// The name without the ending of a compressed file, and whether it had one.
pub(super) fn unpacked(name: &str) -> (&str, bool) {
    let ending = PACKED.iter().find(|ending| ends_with(name, ending));
    match ending {
        Some(ending) if name.len() > ending.len() => (&name[..name.len() - ending.len()], true),
        _ => (name, false),
    }
}

fn ends_with(name: &str, ending: &str) -> bool {
    let start = name.len().saturating_sub(ending.len());
    name.as_bytes()[start..].eq_ignore_ascii_case(ending.as_bytes())
}

/// What rotation may have made of which name, so that `name` came out; likeliest first. The name is that
/// of an uncompressed file.
pub(super) fn steps(name: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut add = |base: String, rank, needs_base| steps.push(Step { base, rank, needs_base });
    if let Some((base, ending)) = name.rsplit_once('.').filter(|(base, _)| !base.is_empty()) {
        if let Some(number) = number(ending) {
            add(base.to_owned(), Rank::Numbered(Reverse(number)), false);
        } else if ending.eq_ignore_ascii_case("old") {
            add(base.to_owned(), Rank::Old, false);
        }
        // The mark lies before the extension.
        let extension = ending;
        if let Some((stem, number)) = base.rsplit_once('.').and_then(|(s, n)| Some((s, number(n)?)))
        {
            if let Some((stem, mut date)) = dated(stem) {
                date.push(number);
                add(format!("{stem}.{extension}"), Rank::Dated(date), false);
            } else if !stem.is_empty() {
                add(format!("{stem}.{extension}"), Rank::Numbered(Reverse(number)), true);
            }
        }
        if let Some((stem, date)) = dated(base) {
            add(format!("{stem}.{extension}"), Rank::Dated(date), false);
        }
    }
    if let Some((base, date)) = dated(name) {
        add(base.to_owned(), Rank::Dated(date), false);
    }
    steps
}

/// How old a file is by its name among those that rotation made of the log `base`: the less, the older.
/// `None` where rotation does not make such a name of it. The name is that of an uncompressed file.
pub(super) fn age(name: &str, base: &str) -> Option<Age> {
    steps(name).into_iter().find_map(|step| {
        let mut ranks = if step.base == base { Vec::new() } else { age(&step.base, base)?.0 };
        ranks.push(step.rank);
        Some(Age(ranks))
    })
}

/// Age by name, see [`age`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Age(Vec<Rank>);

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && text.len() <= NUMBER_DIGITS).then(|| text.parse().ok()).flatten()
}

/// Splits `bot.2026-08-11_10-00-00` into `bot` and the date: the name before, and its numbers from year to
/// whatever comes last.
fn dated(name: &str) -> Option<(&str, Vec<u64>)> {
    // The date is the longest tail that is one, so separators are tried from the left.
    name.match_indices(['.', '-', '_'])
        .filter(|&(at, _)| at > 0)
        .find_map(|(at, _)| Some((&name[..at], date(&name[at + 1..])?)))
}

/// The numbers of a date with or without a time: `2026-08-11`, `20260811`, `2026-08-11_10-00-00_123456`,
/// `20260811T100000`, `20260811-1786442400`. `None` where it is something else.
fn date(text: &str) -> Option<Vec<u64>> {
    let mut groups = text.split(['-', '_', ':', 'T']);
    let first = groups.next()?;
    let mut numbers = match first.len() {
        4 => vec![pair(first)?, pair(groups.next()?)?, pair(groups.next()?)?],
        8 | 10 | 12 | 14 => {
            let (year, rest) = first.split_at_checked(4)?;
            std::iter::once(pair(year)).chain(pairs(rest)).collect::<Option<Vec<u64>>>()?
        }
        _ => return None,
    };
    let (year, month, day) = (*numbers.first()?, *numbers.get(1)?, *numbers.get(2)?);
    if !(1970..2200).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    for (index, group) in groups.enumerate() {
        if index == 0 && matches!(group.len(), 4 | 6) {
            numbers.extend(pairs(group).collect::<Option<Vec<u64>>>()?);
        } else {
            numbers.push(pair(group)?);
        }
    }
    Some(numbers)
}

/// A group of digits as a number.
fn pair(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Digits two by two.
fn pairs(text: &str) -> impl Iterator<Item = Option<u64>> {
    text.as_bytes().chunks(2).map(|two| pair(std::str::from_utf8(two).ok()?))
}

/// Which of the names of one folder are one log, in the order in which each log's first name comes.
///
/// A name is taken for rotated where the name it was rotated from is there too or is a log's by
/// `is_log`.
pub(super) fn sets(names: &[&str], is_log: impl Fn(&str) -> bool) -> Vec<Set> {
    let present: BTreeSet<&str> = names.iter().map(|name| unpacked(name).0).collect();
    let mut logs: BTreeMap<String, Vec<(Vec<Rank>, bool, usize)>> = BTreeMap::new();
    for (index, name) in names.iter().enumerate() {
        let (plain, packed) = unpacked(name);
        let mut base = plain.to_owned();
        let mut key = vec![Rank::Live];
        while let Some(step) = steps(&base).into_iter().find(|step| {
            present.contains(step.base.as_str()) || (!step.needs_base && is_log(&step.base))
        }) {
            key.push(step.rank);
            base = step.base;
        }
        key.reverse();
        logs.entry(base).or_default().push((key, packed, index));
    }
    let mut sets = Vec::new();
    for (base, mut files) in logs {
        files.sort();
        let mut set = Set { base: base.clone(), members: Vec::new(), doubles: Vec::new() };
        for (key, packed, index) in files {
            let copy = set
                .members
                .last()
                .is_some_and(|&last| packed && unpacked(names[last]).0 == unpacked(names[index]).0);
            if copy && key == [Rank::Live] {
                // Nobody compresses the file being written to: this is a log that was put aside.
                sets.push(Set { base: base.clone(), members: vec![index], doubles: Vec::new() });
            } else if copy {
                set.doubles.push(index);
            } else {
                set.members.push(index);
            }
        }
        sets.push(set);
    }
    sets.sort_by_key(|set| set.members.iter().min().copied());
    sets
}

#[cfg(test)]
mod tests;
