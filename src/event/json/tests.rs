use super::super::read_record;
use super::*;

fn record(line: &str) -> Record<'_> {
    let record = read_record(line.as_bytes());
    assert_eq!(record.format, Format::Json, "{line}");
    assert!(record.begins, "{line}");
    record
}

#[test]
fn keys_of_the_common_formatters_are_known() {
    for (line, severity, logger, time) in [
        (
            r#"{"event":"boom","level":"error","timestamp":"2026-10-12T09:38:00Z","logger":"bot"}"#,
            Severity::Error,
            Some("bot"),
            Some("2026-10-12T09:38:00Z"),
        ),
        (
            r#"{"asctime":"2026-10-12 09:38:00,123","levelname":"WARNING","name":"bot","message":"boom"}"#,
            Severity::Warning,
            Some("bot"),
            Some("2026-10-12T09:38:00.123"),
        ),
        (
            r#"{"ts":1791561950.39,"lvl":"crit","msg":"boom"}"#,
            Severity::Critical,
            None,
            Some("2026-10-09T16:05:50.39Z"),
        ),
        (
            r#"{"@timestamp":"2026-10-12T09:38:00.123Z","log.level":"error","message":"boom","log":{"logger":"bot"}}"#,
            Severity::Error,
            Some("bot"),
            Some("2026-10-12T09:38:00.123Z"),
        ),
        (r#"{"levelno":40,"text":"boom"}"#, Severity::Error, None, None),
        (r#"{"severity":"ERROR","jsonPayload":{"message":"boom"}}"#, Severity::Error, None, None),
    ] {
        let record = record(line);
        assert_eq!(record.message, "boom", "{line}");
        assert_eq!(record.severity, Some(severity), "{line}");
        assert_eq!(record.logger.as_deref(), logger, "{line}");
        assert_eq!(record.stamp.as_ref().and_then(Stamp::iso).as_deref(), time, "{line}");
    }
}

#[test]
fn a_traceback_follows_the_message() {
    let text = "Traceback (most recent call last):\n  File \"x.py\", line 1, in f\nKeyError: 'x'";
    let joined = format!("boom\n{text}");
    let value = Value::String(text.to_owned());
    let lines = serde_json::json!([
        "Traceback (most recent call last):\n",
        "  File \"x.py\", line 1, in f\n",
        "KeyError: 'x'\n"
    ]);
    let bare = serde_json::json!([
        "Traceback (most recent call last):",
        "  File \"x.py\", line 1, in f",
        "KeyError: 'x'"
    ]);
    for (key, value) in [
        ("exception", value.clone()),
        ("exc_info", value.clone()),
        ("stack_trace", lines),
        ("traceback", bare),
        ("error", serde_json::json!({"stack_trace": value.clone()})),
        ("exception", serde_json::json!({"type": "KeyError", "traceback": value.clone()})),
    ] {
        let line = serde_json::json!({"level": "error", "message": "boom", key: value}).to_string();
        assert_eq!(record(&line).message, joined, "{line}");
    }
    let twice =
        serde_json::json!({"level": "error", "message": joined, "exc_info": value}).to_string();
    assert_eq!(record(&twice).message, joined);
    let flag = r#"{"level":"error","message":"boom","exc_info":true}"#;
    assert_eq!(record(flag).message, "boom");
}

#[test]
fn traceback_dictionaries_become_text() {
    let frame = |line: u32| serde_json::json!({"filename": "/srv/bot.py", "lineno": line, "name": "poll", "line": "x()"});
    let line = serde_json::json!({"level": "error", "event": "boom", "exception": [
        {"exc_type": "BotError", "exc_value": "no price", "is_cause": false, "frames": [frame(7)], "exc_notes": ["sym BTC"]},
        {"exc_type": "KeyError", "exc_value": "'price'", "is_cause": true, "frames": [frame(3)]},
    ]})
    .to_string();
    assert_eq!(
        record(&line).message,
        "boom\n\
         Traceback (most recent call last):\n\
         \x20 File \"/srv/bot.py\", line 3, in poll\n\
         \x20   x()\n\
         KeyError: 'price'\n\
         \n\
         The above exception was the direct cause of the following exception:\n\
         \n\
         Traceback (most recent call last):\n\
         \x20 File \"/srv/bot.py\", line 7, in poll\n\
         \x20   x()\n\
         BotError: no price\n\
         sym BTC"
    );
}

#[test]
fn exception_groups_become_text() {
    let line = serde_json::json!({"level": "error", "event": "boom", "exception": [
        {"exc_type": "ExceptionGroup", "exc_value": "two (2 sub-exceptions)", "frames": [], "is_group": true, "exceptions": [
            [{"exc_type": "KeyError", "exc_value": "'a'", "frames": []}],
            [{"exc_type": "ValueError", "exc_value": "b", "frames": []}],
        ]},
    ]})
    .to_string();
    assert_eq!(
        record(&line).message,
        "boom\n\
         \x20 + Exception Group Traceback (most recent call last):\n\
         \x20 | ExceptionGroup: two (2 sub-exceptions)\n\
         \x20 +-+---------------- 1 ----------------\n\
         \x20   | KeyError: 'a'\n\
         \x20   +---------------- 2 ----------------\n\
         \x20   | ValueError: b\n\
         \x20   +------------------------------------"
    );
}

#[test]
fn loguru_records_keep_their_traceback() {
    let text = "2026-10-12 09:38:00.123 | ERROR    | bot:f:3 - boom\nTraceback (most recent call last):\n\nKeyError: 'x'\n";
    let line = serde_json::json!({"text": text, "record": {
        "message": "boom", "name": "bot", "level": {"name": "ERROR", "no": 40, "icon": "x"},
        "time": {"repr": "2026-10-12 09:38:00.123456+02:00", "timestamp": 1791790680.123456},
        "process": {"id": 41, "name": "MainProcess"}, "thread": {"id": 1, "name": "MainThread"},
        "extra": {"sym": "BTC"}, "exception": {"type": "KeyError", "value": "'x'", "traceback": true},
    }})
    .to_string();
    let record = record(&line);
    assert_eq!(record.message, "boom\nTraceback (most recent call last):\n\nKeyError: 'x'");
    assert_eq!((record.severity, record.pid), (Some(Severity::Error), Some(41)));
    assert_eq!(
        (record.logger.as_deref(), record.thread.as_deref()),
        (Some("bot"), Some("MainThread"))
    );
    assert_eq!(
        record.stamp.and_then(|s| s.iso()).as_deref(),
        Some("2026-10-12T09:38:00.123456+02:00")
    );
    assert_eq!(record.extra, "sym=BTC");
}

#[test]
fn other_fields_are_kept_beside_the_message() {
    let line =
        r#"{"level":"error","event":"refused","code":-2010,"sym":"BTC","lineno":3,"none":null}"#;
    assert_eq!(record(line).extra, "code=-2010 sym=BTC");
}

#[test]
fn answers_of_an_exchange_are_no_records() {
    for line in [
        r#"{"code":-1121,"msg":"Invalid symbol."}"#,
        r#"{"message":"Forbidden"}"#,
        r#"{"retCode":10006,"retMsg":"Too many visits!","time":1791561950390}"#,
        r#"{"level":"error"}"#,
        r#"{"level":"error","message":"cut"#,
        "{}",
        "[1]",
    ] {
        let record = read_record(line.as_bytes());
        assert!(!record.begins, "{line}");
        assert_eq!(record.message, line);
    }
}
