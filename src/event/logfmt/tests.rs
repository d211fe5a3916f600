use super::super::read_record;
use super::*;

#[test]
fn pairs_are_read() {
    for (line, message, extra) in [
        (
            r#"time=2026-10-12T09:38:00Z level=error msg="cut off" code=-2010"#,
            "cut off",
            "code=-2010",
        ),
        (r#"ts=1791561950.39 lvl=error msg=cut flag x="a b""#, "cut", "flag= x=a b"),
        (r#"level=error msg="say \"hi\"\n  twice" é"#, "say \"hi\"\n  twice", ""),
        (r"event='it\'s cut' level='error' logger='bot'", "it's cut", ""),
        (
            r#"level=error msg=cut exc_info="Traceback\n  File \"x\"""#,
            "cut\nTraceback\n  File \"x\"",
            "",
        ),
    ] {
        let record = read_record(line.as_bytes());
        if line.contains('é') {
            assert_eq!(record.format, Format::Plain, "{line}");
            continue;
        }
        assert_eq!((record.format, &*record.message), (Format::Logfmt, message), "{line}");
        assert_eq!((&*record.extra, record.severity), (extra, Some(Severity::Error)), "{line}");
        assert!(record.begins);
    }
}

#[test]
fn other_pairs_are_plain() {
    for line in [
        "price=3 qty=5",
        "level=3",
        "msg=x",
        "time=5s left",
        "level=error msg=\"open",
        "event=x y=\\",
    ] {
        let record = read_record(line.as_bytes());
        assert_eq!((record.format, &*record.message), (Format::Plain, line), "{line}");
    }
}
