use proptest::prelude::*;

use super::*;

fn iso(text: &str) -> Option<String> {
    Stamp::parse(text)?.iso()
}

#[test]
fn every_layout_gives_the_same_time() {
    for text in [
        "2026-10-12 09:38:00",
        "2026-10-12T09:38:00",
        "2026-10-12_09:38:00",
        "2026/10/12 09:38:00",
        "2026.10.12 09:38:00",
        "2026-10-12 9:38:00 AM",
        "2026-10-12 09:38",
        "20261012 09:38:00",
        "20261012-09:38:00",
        "20261012T093800",
        "20261012_093800",
        "261012 09:38:00",
        "10/12/2026 09:38:00",
        "10/12/2026 9:38:00 AM",
        "10/12/2026, 9:38:00 am",
        "10/12/26 09:38:00",
        "12.10.2026 09:38:00",
        "12-10-2026 09:38:00",
        "12/Oct/2026 09:38:00",
        "12/Oct/2026:09:38:00",
        "12-Oct-2026 09:38:00",
        "12 Oct 2026 09:38:00",
        "Oct 12 2026 09:38:00",
        "Oct 12, 2026 09:38:00",
        "Mon Oct 12 09:38:00 2026",
        "Mon, 12 Oct 2026 09:38:00",
        "Mon 2026-10-12 09:38:00",
        "  2026-10-12 09:38:00 ",
        "2026-10-12 09:38:00 CET",
    ] {
        assert_eq!(iso(text).as_deref(), Some("2026-10-12T09:38:00"), "{text}");
    }
}

#[test]
fn fractions_and_offsets_are_read() {
    for (text, expected) in [
        ("2026-10-12 09:38:00,123", "2026-10-12T09:38:00.123"),
        ("2026-10-12 09:38:00.123456789", "2026-10-12T09:38:00.123456789"),
        ("2026-10-12 09:38:00:123", "2026-10-12T09:38:00.123"),
        ("2026-10-12T09:38:00Z", "2026-10-12T09:38:00Z"),
        ("2026-10-12T09:38:00.5Z", "2026-10-12T09:38:00.5Z"),
        ("2026-10-12T09:38:00+00:00", "2026-10-12T09:38:00Z"),
        ("2026-10-12T09:38:00-0530", "2026-10-12T09:38:00-05:30"),
        ("2026-10-12 09:38:00 +0200", "2026-10-12T09:38:00+02:00"),
        ("2026-10-12 09:38:00+02", "2026-10-12T09:38:00+02:00"),
        ("2026-10-12 09:38:00 GMT", "2026-10-12T09:38:00Z"),
        ("Mon Oct 12 09:38:00 UTC 2026", "2026-10-12T09:38:00Z"),
        ("12/Oct/2026:09:38:00 +0000", "2026-10-12T09:38:00Z"),
        ("10/12/2026 12:38:00 AM", "2026-10-12T00:38:00"),
        ("10/12/2026 12:38:00 PM", "2026-10-12T12:38:00"),
        ("23/11/2026 09:38:00", "2026-11-23T09:38:00"),
        ("1791561950", "2026-10-09T16:05:50Z"),
        ("1791561950.390", "2026-10-09T16:05:50.39Z"),
        ("1791561950390", "2026-10-09T16:05:50.39Z"),
        ("1791561950390123", "2026-10-09T16:05:50.390123Z"),
        ("1791561950390123456", "2026-10-09T16:05:50.390123456Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2028-02-29 00:00:00", "2028-02-29T00:00:00"),
    ] {
        assert_eq!(iso(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "now",
        "2026-10-12",
        "2026-13-12 09:38:00",
        "2026-02-30 09:38:00",
        "2026-10-12 24:00:00",
        "2026-10-12 09:60:00",
        "2026-10-12 09:38:61",
        "2026-10-12 09:38:00 x",
        "2026-10-12 09:38:00.1234567890",
        "10/12/2026 13:38:00 PM",
        "9:38:00",
        "9:38:00.123",
        "09:38",
        "12345",
        "99999999999",
        "0000000001",
        "2026-10-12T09:38:00+99:00",
        "31/31/2026 09:38:00",
    ] {
        assert_eq!(Stamp::parse(text), None, "{text}");
    }
}

#[test]
fn a_time_without_date_or_year_has_no_iso_form() {
    for (text, has_date) in [
        ("09:38:00", false),
        ("0:09:38.204411", false),
        ("Oct 12 09:38:00", true),
        ("Feb 29 09:38:00", true),
    ] {
        let stamp = Stamp::parse(text).unwrap();
        assert_eq!(
            (stamp.has_date, stamp.has_year, stamp.iso()),
            (has_date, false, None),
            "{text}"
        );
        assert_eq!(stamp.raw, text);
    }
}

#[test]
fn a_year_and_a_zone_can_be_given() {
    let stamp = Stamp::parse("Oct  2 09:38:00").unwrap();
    let dated = stamp.with_year(2026).unwrap();
    assert_eq!(dated.iso().as_deref(), Some("2026-10-02T09:38:00"));
    assert_eq!(dated.with_year(2020), Some(dated.clone()));
    assert_eq!(Stamp::parse("Feb 29 09:38:00").unwrap().with_year(2026), None);

    let zone = TimeZone::fixed(jiff::tz::offset(2));
    assert_eq!(dated.with_zone(&zone).iso().as_deref(), Some("2026-10-02T09:38:00+02:00"));
    assert_eq!(stamp.with_zone(&zone), stamp);
    let utc = Stamp::parse("2026-10-02T09:38:00Z").unwrap();
    assert_eq!(utc.with_zone(&zone), utc);
}

#[test]
fn an_ambiguous_date_can_be_swapped() {
    let stamp = Stamp::parse("10/12/2026 09:38:00").unwrap();
    assert!(stamp.ambiguous);
    assert_eq!(stamp.swapped().unwrap().iso().as_deref(), Some("2026-12-10T09:38:00"));
    for text in
        ["23/11/2026 09:38:00", "11/23/2026 09:38:00", "12.10.2026 09:38:00", "10/12/26 09:38:00"]
    {
        assert_eq!(Stamp::parse(text).unwrap().swapped(), None, "{text}");
    }
}

#[test]
fn seconds_are_comparable_across_offsets() {
    let seconds = |text: &str| Stamp::parse(text).unwrap().seconds();
    assert_eq!(seconds("1970-01-01T00:00:10Z"), 10.0);
    assert_eq!(seconds("2026-10-12T09:38:00Z"), seconds("2026-10-12 11:38:00 +0200"));
    assert_eq!(seconds("1791561950.5"), 1_791_561_950.5);
    assert!(seconds("09:38:01") > seconds("09:38:00"));
}

#[test]
fn tai64n_labels_become_utc() {
    // 2^62 + 10 seconds is 1970-01-01 00:00:00.
    assert_eq!(tai64n(b"@400000000000000a00000000 x"), Some((0, 0, 25)));
    assert_eq!(tai64n(b"@400000000000000a3b9aca00"), None);
    assert_eq!(tai64n(b"@4000"), None);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        let _ = Stamp::parse(&text);
    }

    #[test]
    fn near_times_are_read_or_refused(text in "[0-9JFMASONDanebrpyuglctov:/. ,TZ+_-]{0,32}") {
        if let Some(time) = scan(text.as_bytes()) {
            prop_assert!(time.len <= text.len());
        }
        let _ = Stamp::parse(&text);
    }

    #[test]
    fn a_time_survives_being_written(seconds in 1_000_000_000i64..4_102_444_800, nanos in 0i32..1_000_000_000) {
        let stamp = Stamp::from_epoch(seconds, nanos, "").unwrap();
        let again = Stamp::parse(&stamp.iso().unwrap()).unwrap();
        prop_assert_eq!((again.civil, again.offset), (stamp.civil, stamp.offset));
    }
}

/// The logs below `folder`.
fn logs_in(folder: &std::path::Path, found: &mut Vec<Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            logs_in(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "log") {
            found.push(std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn lines_that_begin_alike_have_the_time_that_is_read_of_them() {
    let mut logs = Vec::new();
    logs_in(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), &mut logs);
    let (mut alike, mut timed) = (0, 0);
    for log in logs {
        let mut heads: Vec<Alike> = Vec::new();
        for line in log.split_inclusive(|&byte| byte == b'\n') {
            let record = crate::event::read_record(line);
            timed += usize::from(record.stamp.is_some());
            if let Some(found) = heads.iter().find_map(|head| head.stamp(line)) {
                assert_eq!(Some(found), record.stamp, "{}", String::from_utf8_lossy(line));
                alike += 1;
            } else {
                heads.extend(Alike::of(line, &record));
            }
        }
    }
    assert!(timed > 1_000 && alike * 10 > timed * 9, "{alike} of {timed}");
}

#[test]
fn a_line_that_begins_otherwise_is_not_read() {
    let line = b"INFO:2026-10-12 09:38:00,123 tick";
    let head = Alike::of(line, &crate::event::read_record(line)).unwrap();
    let read = |line: &str| head.stamp(line.as_bytes()).and_then(|stamp| stamp.iso());
    assert_eq!(read("INFO:2026-11-02 10:00:59,900 tock").unwrap(), "2026-11-02T10:00:59.9");
    for other in [
        "WARN:2026-10-12 09:38:00,123 tick",
        "INFO:2026-10-12 09:38:00.123 tick",
        "INFO:2026-10-12 09:38:00,1234 tick",
        "INFO:2026-10-12 09:38:00,123",
        "INFO:2026-10-12 09:38:00,123 tick\r2027-10-12 09:38:00,123 tock",
        "INFO:2026-13-12 09:38:00,123 tick",
        "2026-10-12 09:38:00,123 tick",
        "",
    ] {
        assert_eq!(read(other), None, "{other}");
    }
}
