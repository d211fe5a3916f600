//! Diagnoses for tests.

use crate::diagnosis::{Diagnosis, Fix};
use crate::model::{Level, Pattern, Position};

/// A fatal diagnosis of `rule` in `bot.log`.
pub(super) fn diagnosis(pattern: Pattern, rule: &str, captures: &[(&str, &str)]) -> Diagnosis {
    let position = Position {
        source: "bot.log".to_owned(),
        file: "bot.log".to_owned(),
        line: 7,
        byte: 420,
        time: None,
        raw_time: None,
    };
    Diagnosis {
        pattern,
        rule: rule.to_owned(),
        title: "A title".to_owned(),
        summary: "What happened.".to_owned(),
        level: Level::Fatal,
        confidence: 0.9,
        count: 1,
        first: position.clone(),
        last: position,
        evidence: Vec::new(),
        captures: captures.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        exception: None,
        fix: Fix { summary: String::new(), steps: Vec::new(), commands: Vec::new() },
        fingerprint: "00000000000000aa".to_owned(),
        baseline: None,
    }
}
