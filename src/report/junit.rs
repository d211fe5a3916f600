//! JUnit XML: a suite for each source, a case for each pattern, as CI systems show test results.
//!
//! There is no standard. What is written is valid by the schema of Jenkins' xUnit plugin
//! (`tools/schemas/junit-10.xsd`) and keeps to the order and the attributes of Apache Ant's, which came
//! first and asks for most.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesText, Event};

use super::sentence::{frame_place, sentence, standing};
use super::{Ci, Report, SourceReport};
use crate::diagnosis::Diagnosis;
use crate::model::Pattern;
use crate::safe::escape::{visible, xml_chars};

type Xml<'w> = Writer<&'w mut dyn Write>;

/// Writes the document.
pub(super) fn write(report: &Report, ci: &Ci<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    let mut xml: Xml<'_> = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.create_element("testsuites").write_inner_content(|xml| {
        for (index, source) in report.sources.iter().enumerate() {
            write_suite(report, index, source, ci, xml)?;
        }
        Ok(())
    })?;
    out.write_all(b"\n")
}

fn write_suite(
    report: &Report,
    index: usize,
    source: &SourceReport,
    ci: &Ci<'_>,
    xml: &mut Xml<'_>,
) -> io::Result<()> {
    // Of sources with one name, as merged reports may have them, the first tells all.
    let is_first = report.sources[..index].iter().all(|before| before.name != source.name);
    let own: Vec<&Diagnosis> = report
        .diagnoses
        .iter()
        .filter(|diagnosis| is_first && diagnosis.last.source == source.name)
        .collect();
    let failing = |pattern: Pattern| -> Vec<&Diagnosis> {
        own.iter().copied().filter(|one| one.pattern == pattern && ci.fails(one)).collect()
    };
    let failures = Pattern::ALL.iter().filter(|pattern| !failing(**pattern).is_empty()).count();
    let errors = usize::from(source.incomplete.is_some());
    let name = text(&source.name);
    xml.create_element("testsuite")
        .with_attributes([
            ("name", name.as_str()),
            ("package", "wd-diagnose"),
            ("id", &index.to_string()),
            ("tests", &(Pattern::ALL.len() + errors).to_string()),
            ("failures", &failures.to_string()),
            ("errors", &errors.to_string()),
            ("time", "0"),
            ("timestamp", timestamp(source)),
            ("hostname", "localhost"),
        ])
        .write_inner_content(|xml| {
            write_properties(source, xml)?;
            for pattern in Pattern::ALL {
                let failing = failing(pattern);
                let case = format!("{pattern}: {}", pattern.title());
                write_case(&case, &name, xml, |xml| match failing.as_slice() {
                    [] => Ok(()),
                    [worst, ..] => {
                        let body: Vec<String> =
                            failing.iter().flat_map(|one| in_full(report, one)).collect();
                        let message = sentence(report, worst);
                        write_fault("failure", &message, &worst.rule, &body, xml)
                    }
                })?;
            }
            if let Some(why) = &source.incomplete {
                write_case("the log is read whole", &name, xml, |xml| {
                    let body = [format!("could not be read whole: {why}")];
                    write_fault("error", why, "incomplete", &body, xml)
                })?;
            }
            let rest: Vec<String> = own
                .iter()
                .filter(|one| !ci.fails(one))
                .map(|one| format!("{} {}: {}", one.level, one.rule, sentence(report, one)))
                .collect();
            write_text("system-out", &rest, xml)?;
            write_text("system-err", &[], xml)
        })
        .map(drop)
}

fn write_properties(source: &SourceReport, xml: &mut Xml<'_>) -> io::Result<()> {
    let properties = [
        ("format", source.format.clone()),
        ("lines", source.lines.to_string()),
        ("bytes", source.bytes.to_string()),
        ("runs", source.runs.len().to_string()),
    ];
    xml.create_element("properties")
        .write_inner_content(|xml| {
            for (name, value) in properties {
                xml.create_element("property")
                    .with_attributes([("name", name), ("value", &text(&value))])
                    .write_empty()?;
            }
            Ok(())
        })
        .map(drop)
}

fn write_case(
    case: &str,
    source: &str,
    xml: &mut Xml<'_>,
    inside: impl FnOnce(&mut Xml<'_>) -> io::Result<()>,
) -> io::Result<()> {
    xml.create_element("testcase")
        .with_attributes([("name", case), ("classname", source), ("time", "0")])
        .write_inner_content(inside)
        .map(drop)
}

fn write_fault(
    element: &str,
    message: &str,
    kind: &str,
    body: &[String],
    xml: &mut Xml<'_>,
) -> io::Result<()> {
    let lines: Vec<String> = body.iter().map(|line| text(line)).collect();
    xml.create_element(element)
        .with_attributes([("message", text(message).as_str()), ("type", &text(kind))])
        .write_text_content(BytesText::new(&lines.join("\n")))
        .map(drop)
}

fn write_text(element: &str, body: &[String], xml: &mut Xml<'_>) -> io::Result<()> {
    let lines: Vec<String> = body.iter().map(|line| text(line)).collect();
    xml.create_element(element)
        .write_inner_content(|xml| xml.write_event(Event::Text(BytesText::new(&lines.join("\n")))))
        .map(drop)
}

/// One line that an XML document can hold; quick-xml escapes markup.
fn text(text: &str) -> String {
    xml_chars(&visible(text)).into_owned()
}

/// A diagnosis with its place, proof and fix, in lines; none begins with text of the log.
fn in_full(report: &Report, diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![
        sentence(report, diagnosis),
        format!("rule {} · {}", diagnosis.rule, standing(diagnosis)),
    ];
    if let Some(frame) = diagnosis.exception.as_ref().and_then(|one| one.frame.as_ref()) {
        lines.push(format!("in your code: {}", frame_place(frame)));
        lines.extend(frame.code.as_ref().map(|code| format!("  > {code}")));
    }
    lines.extend(
        diagnosis
            .evidence
            .iter()
            .map(|line| format!("in {}:{}: {}", line.file, line.line, line.text)),
    );
    lines.push(format!("what to do: {}", diagnosis.fix.summary));
    lines.extend(
        diagnosis.fix.steps.iter().enumerate().map(|(at, step)| format!("{}. {step}", at + 1)),
    );
    lines.push(String::new());
    lines
}

/// When the log begins, in the only form that Ant's schema takes: no zone, no fraction. Where the log
/// does not say, 1970 does: it is no time that anyone could take for real.
fn timestamp(source: &SourceReport) -> &str {
    let begins = source.first_time.as_deref().and_then(|time| time.get(..19));
    begins
        .filter(|time| time.parse::<jiff::civil::DateTime>().is_ok())
        .unwrap_or("1970-01-01T00:00:00")
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;

    use super::*;
    use crate::diagnosis::Standing;
    use crate::model::Level;
    use crate::report::sample;

    fn junit(report: &Report, ci: &Ci<'_>) -> String {
        let mut out = Vec::new();
        write(report, ci, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Names of the elements that stand in the document.
    fn elements(document: &str) -> Vec<String> {
        let mut reader = Reader::from_str(document);
        let mut names = Vec::new();
        loop {
            match reader.read_event().expect("a well-formed document") {
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute.expect("a well-formed attribute");
                    }
                    names.push(tag.name().as_ref().to_owned());
                }
                Event::Eof => return names,
                _ => {}
            }
        }
    }

    #[test]
    fn crash() {
        insta::assert_snapshot!(junit(&sample::crash(), &Ci::default()));
    }

    #[test]
    fn healthy() {
        insta::assert_snapshot!(junit(&sample::healthy(), &Ci::default()));
    }

    #[test]
    fn hostile_text_adds_no_markup() {
        let written = junit(&sample::hostile(), &Ci::default());
        sample::assert_inert(&written);
        assert!(!written.contains("]]>") && !written.contains("<script"), "{written}");
        let mut tame = sample::crash();
        tame.sources[0].incomplete = Some("gone".to_owned());
        assert_eq!(elements(&written), elements(&junit(&tame, &Ci::default())));
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_replaced() {
        let mut report = sample::crash();
        report.diagnoses[0].summary = "\u{0}\u{b}\u{fffe}\u{ffff}\u{1f600}".to_owned();
        let written = junit(&report, &Ci::default());
        assert!(written.contains("\\x00\\x0b\u{fffd}\u{fffd}\u{1f600}"), "{written}");
    }

    #[test]
    fn a_case_fails_where_the_run_does() {
        let failures = |report: &Report, fail_on| {
            let ci = Ci { fail_on, ..Ci::default() };
            elements(&junit(report, &ci)).iter().filter(|name| *name == "failure").count()
        };
        let mut report = sample::crash();
        assert_eq!(failures(&report, Some(Level::Fatal)), 1);
        assert_eq!(failures(&report, Some(Level::Error)), 2);
        assert_eq!(failures(&report, Some(Level::Warning)), 4);
        assert_eq!(failures(&report, None), 0);
        report.diagnoses[0].baseline = Some(Standing::Known);
        assert_eq!(failures(&report, Some(Level::Error)), 1);
    }
}
