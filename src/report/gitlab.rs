//! GitLab Code Quality: what a merge request shows beside its changes.
//!
//! The shape is that of GitLab's "Code Quality report format", which is a part of the Code Climate
//! engine specification; every entry has what both ask for.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::sentence::sentence;
use super::visible::Visible;
use super::{Ci, Report};
use crate::diagnosis::Diagnosis;
use crate::model::Level;
use crate::safe::escape::visible;

#[derive(Serialize)]
struct Issue<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'r str,
    description: String,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

/// Writes the list.
pub(super) fn write(report: &Report, ci: &Ci<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let issues: Vec<Issue<'_>> = report
        .diagnoses
        .iter()
        .map(|diagnosis| {
            let same = seen.entry(&diagnosis.fingerprint).or_insert(0);
            *same += 1;
            issue(report, diagnosis, *same, ci)
        })
        .collect();
    let mut serializer =
        Serializer::with_formatter(&mut *out, Visible::<PrettyFormatter<'_>>::default());
    issues.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// `same` counts what has one fingerprint, from 1: GitLab takes two entries of one fingerprint for one.
fn issue<'r>(report: &Report, diagnosis: &'r Diagnosis, same: u32, ci: &Ci<'_>) -> Issue<'r> {
    let spot = ci.spot(diagnosis);
    let fingerprint = match same {
        1 => diagnosis.fingerprint.clone(),
        _ => format!("{}-{same}", diagnosis.fingerprint),
    };
    Issue {
        kind: "issue",
        check_name: &diagnosis.rule,
        description: format!("{} {}", sentence(report, diagnosis), diagnosis.fix.summary)
            .trim_end()
            .to_owned(),
        categories: ["Bug Risk"],
        severity: match diagnosis.level {
            _ if !diagnosis.counts() => "info",
            Level::Fatal => "blocker",
            Level::Error => "major",
            Level::Warning => "minor",
        },
        fingerprint,
        location: Location {
            // GitLab wants paths as seen from the repository, without `./` before them.
            path: visible(spot.path.trim_start_matches("./")).into_owned(),
            lines: Lines { begin: spot.line },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Standing;
    use crate::report::sample;

    fn gitlab(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &Ci::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn crash() {
        insta::assert_snapshot!(gitlab(&sample::crash()));
    }

    #[test]
    fn hostile_text_is_inert() {
        let written = gitlab(&sample::hostile());
        sample::assert_inert(&written);
        let list: serde_json::Value = serde_json::from_str(&written).unwrap();
        for issue in list.as_array().unwrap() {
            for text in [&issue["description"], &issue["location"]["path"], &issue["check_name"]] {
                sample::assert_inert(text.as_str().unwrap());
            }
        }
    }

    #[test]
    fn fingerprints_are_unique_and_the_known_is_mild() {
        let mut report = sample::crash();
        let mut again = report.diagnoses[0].clone();
        again.baseline = Some(Standing::Known);
        report.diagnoses.push(again);
        let list: Vec<serde_json::Value> = serde_json::from_str(&gitlab(&report)).unwrap();
        let first = list.first().unwrap();
        let last = list.last().unwrap();
        assert_eq!(first["severity"], "blocker");
        assert_eq!(last["severity"], "info");
        assert_eq!(last["fingerprint"], format!("{}-2", first["fingerprint"].as_str().unwrap()));
    }

    #[test]
    fn nothing_is_an_empty_list() {
        let mut report = sample::healthy();
        report.diagnoses.clear();
        assert_eq!(gitlab(&report), "[]\n");
    }
}
