//! Lines of any kind: what begins a record, whose it is, and that nothing is too odd or too long.

use proptest::prelude::*;

use super::*;

#[test]
fn lines_that_only_continue_a_record_are_left_whole() {
    for line in [
        "",
        "bid",
        "KeyError: 'INFO'",
        "ValueError: x",
        "ValueError: ERROR: x",
        "ConnectionError: HTTPSConnectionPool(host='x', port=443): Max retries",
        "requests.exceptions.ConnectTimeout: 2026-10-12 09:00:00",
        "error: [Errno 104] reset",
        "  File \"/x.py\", line 1, in f",
        "    code = 5",
        "    ERROR = logging.ERROR",
        "\tat x",
        "Traceback (most recent call last):",
        "During handling of the above exception, another exception occurred:",
        "E   ModuleNotFoundError: No module named 'x'",
        "ERROR",
        "ERROR=5",
        "Got ERROR from exchange",
        "next candle 2026-10-12 09:00:00 soon",
        "2026-10-12 is a Monday",
        "2026-13-12 09:00:00 no such month",
        "BTC   | 0.5 | 3",
        "ERROR_CODE: 5",
        "[1] starting",
        "['a', 'b']",
        "{\"code\":-2015,\"msg\":\"Invalid API-key\"}",
        "{'code': -2015}",
        "{",
        "a=5 b=7",
        "REC 1,1791561840.335,SOLUSDT",
        "1791561840.335,148.11,474",
        "1791561840 orders",
        "╭─── Traceback (most recent call last) ───╮",
        "                    INFO     same second                   bot.py:12",
        "/x/bot.py:12: DeprecationWarning: old",
    ] {
        let record = read_record(line.as_bytes());
        assert!(!record.begins, "{line:?}\n{record:#?}");
        assert_eq!(record.message, line);
        assert_eq!((record.severity, record.shape), (None, 0), "{line:?}");
    }
}

#[test]
fn one_writer_has_one_shape_and_two_writers_have_two() {
    let shape = |line: &str| read_record(line.as_bytes()).shape;
    for lines in [
        &[
            "2026-10-12 09:38:00,123 INFO up",
            "2027-01-02 00:00:00,999 CRITICAL down: now",
            "2026-10-12 09:38:00,123 WARNING  grid: x",
        ][..],
        &["10:00:01 feed-okx INFO     x", "10:00:02 feed-bitstamp ERROR    y"],
        &["ERROR:root:x", "INFO:bot.feed:y z"],
        &["bot-1  | ERROR:root:x", "db  | INFO:bot.feed:y"],
        &["2026-11-23T04:17:00.123456789Z x", "2026-11-23T04:17:00.1234567Z y"],
    ] {
        for line in lines {
            assert_eq!(shape(line), shape(lines[0]), "{line} and {}", lines[0]);
        }
    }
    let writers = [
        "2026-10-12 09:38:00,123 INFO up",
        "2026-10-12 09:38:00.123 INFO up",
        "2026-10-12 09:38:00 INFO up",
        "2026-10-12T09:38:00 INFO up",
        "[2026-10-12 09:38:00] INFO up",
        "2026-10-12 09:38:00 [INFO] up",
        "2026-10-12 09:38:00 - INFO - up",
        "2026-10-12 09:38:00 - x - INFO - up",
        "2026-10-12 09:38:00 up",
        "INFO:up:x",
        "bot-1  | INFO:up:x",
        "up",
    ];
    for (index, one) in writers.iter().enumerate() {
        for other in &writers[index + 1..] {
            assert_ne!(shape(one), shape(other), "{one} and {other}");
        }
    }
}

#[test]
fn many_wrappers_or_brackets_stay_cheap() {
    let deep = "bot  | ".repeat(200_000);
    assert_eq!(read_record(deep.as_bytes()).stream.as_deref(), Some("bot"));
    for piece in
        ["[", "[a] ", "2026-10-12 09:00:00 ", "\x1b]", "\x1b[", "a:", "\r", "{\"a\":", "a - "]
    {
        let line = piece.repeat(200_000);
        let _ = read_record(line.as_bytes());
    }
}

/// Pieces of which headers are made, so that random lines come near to real ones.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("2026-10-12 09:38:00,123".to_owned()),
        Just("2026-10-12T09:38:00.123456789Z".to_owned()),
        Just("Oct 12 09:38:00".to_owned()),
        Just("1791561950.390".to_owned()),
        Just("09:38:00".to_owned()),
        "(DEBUG|INFO|ERROR|error|E|WARN)",
        "( |  | - | \\| |:|: |,|\t|/|\\]|\\[|\\{|\\}|\\(|\\)|=|\"|'|\\\\)",
        "[a-zé]{1,6}",
        "(<14>|<14>1 |bot-1  \\| |0\\|bot  \\| |vps bot\\[7\\]: |stdout F |00O |\\{\"log\":\"|\u{1b}\\[31m|\r)",
        ".{0,4}",
    ]
}

#[test]
fn torn_headers_are_lines_too() {
    let long = format!("2026-10-12 09:38:00 ERROR/A{}", "é".repeat(80));
    for line in
        ["<14>]x", "<14>é]", "<1", "[", "[]", "@4", "0|", "0|é |", "ERROR/", "[pod/", "##[", &long]
    {
        let record = read_record(line.as_bytes());
        assert!(line.ends_with(&*record.message), "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_line(line in prop::collection::vec(any::<u8>(), 0..400)) {
        let record = read_record(&line);
        prop_assert!(record.message.len() <= 3 * line.len());
    }

    #[test]
    fn any_order_of_fields_is_a_line(pieces in prop::collection::vec(piece(), 0..14)) {
        let line = pieces.concat();
        let record = read_record(line.as_bytes());
        let text = clean::line_text(line.as_bytes()).into_owned();
        // JSON, logfmt and octal escapes are rewritten; all else is a piece of the line.
        if !line.contains(['{', '=', '#']) {
            prop_assert!(text.contains(&*record.message), "{record:?}");
        }
        if record.begins {
            prop_assert!(record.stamp.is_some() || record.severity.is_some() || record.format == Format::Kernel);
        }
        prop_assert_eq!(&record.clone().into_owned(), &record);
    }
}
