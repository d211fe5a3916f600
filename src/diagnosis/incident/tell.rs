//! An incident as a report tells of it: sentences filled in, secrets taken out, safe to print.

use std::collections::BTreeMap;

use super::Incident;
use crate::diagnosis::evidence::Line;
use crate::diagnosis::record::{ChainLink, Diagnosis, Evidence, Exception, Fix, OwnFrame};
use crate::event::Stamp;
use crate::model::Position;
use crate::rules::RuleSet;
use crate::safe::escape::visible;
use crate::safe::limits;
use crate::safe::redact::Redactor;
use crate::source::Place;

/// How a diagnosis names its source, and how text is made safe.
#[derive(Debug)]
pub struct Names<'a> {
    /// The source's name.
    pub source: &'a str,
    /// Its files.
    pub files: &'a [String],
    /// Takes secrets out.
    pub redactor: &'a Redactor,
}

impl Names<'_> {
    /// Text without secrets, safe to print.
    pub fn safe(&self, text: &str) -> String {
        visible(&self.redactor.redact(text)).into_owned()
    }

    /// Lines that follow each other. The middle of a private key tells nothing of itself: it is one by the
    /// line above that opens it.
    pub(super) fn lines(&self, lines: Vec<Line>) -> Vec<Evidence> {
        const OPENING: &str = "-----BEGIN PRIVATE KEY-----";
        let mut in_key = false;
        let safe = |line: Line| {
            let text = if in_key {
                let text = self.redactor.redact(&format!("{OPENING}\n{}", line.text)).into_owned();
                let text = text.strip_prefix(OPENING).unwrap_or(&text);
                visible(text.strip_prefix('\n').unwrap_or(text)).into_owned()
            } else {
                self.safe(&line.text)
            };
            if line.text.contains("PRIVATE KEY-----") {
                in_key = line.text.rfind("-----BEGIN ") > line.text.rfind("-----END ");
            }
            Evidence { file: self.file(line.place), line: line.place.line, text }
        };
        lines.into_iter().map(safe).collect()
    }

    fn file(&self, place: Place) -> String {
        let file = self.files.get(place.file).map_or(self.source, String::as_str);
        visible(file).into_owned()
    }

    /// A line as evidence: without secrets, safe to print.
    pub fn evidence(&self, line: Line) -> Evidence {
        let text = self.safe(&line.text);
        Evidence { file: self.file(line.place), line: line.place.line, text }
    }

    /// Where and when an event was.
    pub fn position(&self, (place, stamp): &(Place, Option<Stamp>)) -> Position {
        let time = stamp.as_ref().and_then(Stamp::iso);
        let raw_time = match (&time, stamp) {
            (None, Some(stamp)) => Some(visible(&stamp.raw).into_owned()),
            _ => None,
        };
        Position {
            source: visible(self.source).into_owned(),
            file: self.file(*place),
            line: place.line,
            byte: place.byte,
            time,
            raw_time,
        }
    }
}

impl Incident {
    /// `note` is what is to be said behind the rule's own sentence.
    pub(super) fn into_diagnosis(
        self,
        rules: &RuleSet,
        names: &Names<'_>,
        note: &str,
    ) -> Diagnosis {
        let rule = &rules.rules[self.rule];
        // A traceback without its last line names no exception: that is not the same as an empty name.
        let mut captures: BTreeMap<String, String> = self
            .captures
            .iter()
            .filter(|(name, value)| !(value.is_empty() && UNTOLD.contains(&name.as_str())))
            .map(|(name, value)| (name.clone(), names.safe(value)))
            .collect();
        if rule.series.is_some() || rule.whens.is_empty() {
            let since = self.first.1.as_ref().and_then(Stamp::iso);
            let since = since.unwrap_or_else(|| format!("line {}", self.first.0.line));
            captures.insert("count".into(), self.count.to_string());
            captures.insert("since".into(), since);
        }
        let mut summary = rule.summary.fill(&captures).unwrap_or_else(|| rule.title.clone());
        let is_said = summary.starts_with("The log ends ");
        let ends = if self.ends_log && !is_said { " The log ends there." } else { "" };
        for more in [note, ends] {
            // A sentence may end in a message of the log's, which is none.
            if !more.is_empty() && !summary.ends_with(['.', '!', '?', ':', '…']) {
                summary.push('.');
            }
            summary.push_str(more);
        }
        let fix = Fix {
            summary: rule.fix.summary.fill(&captures).unwrap_or_default(),
            steps: rule.fix.steps.iter().filter_map(|step| step.fill(&captures)).collect(),
            commands: rule.fix.commands.iter().filter_map(|line| line.fill(&captures)).collect(),
        };
        Diagnosis {
            pattern: rule.pattern,
            rule: rule.id.clone(),
            title: rule.title.clone(),
            summary,
            level: self.level,
            confidence: (self.confidence * 100.0).round() / 100.0,
            count: self.count,
            first: names.position(&self.first),
            last: names.position(&self.last),
            evidence: self
                .evidence
                .iter()
                .take(limits::EVIDENCE_LINES)
                .map(|line| Evidence {
                    file: names.file(line.place),
                    line: line.place.line,
                    text: names.safe(&line.text),
                })
                .collect(),
            captures: captures
                .into_iter()
                .filter(|(name, _)| !UNTOLD.contains(&name.as_str()))
                .collect(),
            exception: self.exception.map(|exception| safe_exception(exception, names)),
            fix,
            fingerprint: self.fingerprint,
            baseline: None,
        }
    }
}

/// Captures that only fill sentences.
const UNTOLD: [&str; 12] = [
    "exception",
    "message",
    "count",
    "since",
    "from",
    "to",
    "length",
    "usual",
    "hosts",
    "measure",
    "span",
    "outlook",
];

fn safe_exception(exception: Exception, names: &Names<'_>) -> Exception {
    let chain = exception.chain.iter().map(|link| ChainLink {
        class: names.safe(&link.class),
        message: names.safe(&link.message),
    });
    Exception {
        chain: chain.collect(),
        class: names.safe(&exception.class),
        message: names.safe(&exception.message),
        frame: exception.frame.map(|frame| OwnFrame {
            file: visible(&frame.file).into_owned(),
            line: frame.line,
            function: frame.function.map(|function| names.safe(&function)),
            code: frame.code.map(|code| names.safe(&code)),
        }),
    }
}
