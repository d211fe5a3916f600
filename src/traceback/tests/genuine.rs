//! What the parser reads from each genuine log.

use super::*;

#[test]
fn every_log_reads_as_its_snapshot() {
    for (name, text) in LOGS {
        let traceback = parse_text(text).unwrap_or_else(|| panic!("{name}: no traceback"));
        insta::assert_snapshot!(*name, show(&traceback));
    }
}

#[test]
fn values_are_never_kept() {
    for (name, text) in LOGS {
        let shown = show(&parse_text(text).unwrap());
        assert!(!shown.contains("hunter2"), "{name}: {shown}");
    }
}
