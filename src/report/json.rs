//! The report as one JSON object: the contract's keys in the contract's order, two spaces a level.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::Report;
use super::visible::Visible;

/// Writes the object and a newline.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer =
        Serializer::with_formatter(&mut *out, Visible::<PrettyFormatter<'_>>::default());
    report.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn json(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn crash() {
        insta::assert_snapshot!(json(&sample::crash()));
    }

    #[test]
    fn healthy() {
        insta::assert_snapshot!(json(&sample::healthy()));
    }

    #[test]
    fn reads_back() {
        let report = sample::crash();
        assert_eq!(serde_json::from_str::<Report>(&json(&report)).unwrap(), report);
    }

    #[test]
    fn hostile_text_is_inert() {
        let json = json(&sample::hostile());
        sample::assert_inert(&json);
        let report: Report = serde_json::from_str(&json).unwrap();
        let summary = &report.diagnoses[0].summary;
        sample::assert_inert(summary);
        assert!(summary.contains("\\x1b[31m"), "{summary}");
    }
}
