//! The report as one JSON object: the contract's keys in the contract's order, two spaces a level.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use super::Report;
use crate::safe::escape::visible;

/// Writes the object and a newline.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Visible::default());
    report.serialize(&mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// serde_json's own layout, with text that is safe to print. Reports are safe when they are made; one
/// that was read from a file may not be, and JSON itself lets DEL, C1 and bidi characters through.
#[derive(Default)]
struct Visible {
    pretty: PrettyFormatter<'static>,
}

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // What was made visible begins with a backslash, which JSON wants twice.
        match visible(text) {
            shown if shown == text => out.write_all(text.as_bytes()),
            shown => out.write_all(shown.replace('\\', "\\\\").as_bytes()),
        }
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Backspace => out.write_all(b"\\\\x08"),
            CharEscape::FormFeed => out.write_all(b"\\\\x0c"),
            CharEscape::CarriageReturn => out.write_all(b"\\\\r"),
            CharEscape::AsciiControl(byte) => write!(out, "\\\\x{byte:02x}"),
            CharEscape::Quote => out.write_all(b"\\\""),
            CharEscape::ReverseSolidus => out.write_all(b"\\\\"),
            CharEscape::Solidus => out.write_all(b"/"),
            CharEscape::LineFeed => out.write_all(b"\\n"),
            CharEscape::Tab => out.write_all(b"\\t"),
        }
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(out)
    }
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
