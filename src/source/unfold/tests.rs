use proptest::prelude::*;

use super::*;

/// What becomes of a text that comes in pieces of `piece` bytes.
fn unfolded(text: &[u8], piece: usize) -> Vec<u8> {
    let (mut unfold, mut out) = (Unfold::default(), Vec::new());
    for bytes in text.chunks(piece) {
        unfold.take(bytes, &mut out);
    }
    unfold.end(&mut out);
    assert!(!unfold.holds());
    out
}

/// The same, without filling.
fn lines(text: &str) -> Vec<String> {
    let out = String::from_utf8(unfolded(text.as_bytes(), 1 << 20)).unwrap();
    assert_eq!(out.len(), text.len(), "{out:?}");
    assert_eq!(out.matches('\n').count(), text.matches('\n').count(), "{out:?}");
    let lines = out.lines().filter(|line| !line.is_empty() && !line.starts_with('\x1e'));
    lines.map(|line| line.trim_end().to_owned()).collect()
}

const PRETTY: &str = "{\n  \"level\": \"INFO\",\n  \"message\": \"up\",\n  \"of\": {\n    \"a\": [\n      1\n    ]\n  }\n}\n\
    {\n  \"level\": \"ERROR\",\n  \"message\": \"a { brace\"\n}\n";
const PRETTY_LINES: [&str; 2] = [
    "{\"level\": \"INFO\",\"message\": \"up\",\"of\": {\"a\": [1]}}",
    "{\"level\": \"ERROR\",\"message\": \"a { brace\"}",
];
const VERBOSE: &str = "Mon 2026-10-12 07:00:00.123456 UTC [s=1;i=2;b=3;m=4;t=5;x=6]\n    _TRANSPORT=stdout\n    \
    _PID=41\n    _HOSTNAME=box\n    _SYSTEMD_UNIT=bot.service\n    MESSAGE=  File \"a.py\", line 3\n";
const TABLE: &str = "@timestamp,@message\n2026-10-12 07:00:00.123,up\n\
    2026-10-12 07:00:01.123,\"ERROR said \"\"no\"\", twice\nKeyError: 'k'\"\n";

#[test]
fn objects_over_several_lines() {
    assert_eq!(lines(PRETTY), PRETTY_LINES);
    let tabs = "{\n\t\"__CURSOR\" : \"s=1\",\n\t\"MESSAGE\" : \"up\"\n}\n";
    assert_eq!(lines(tabs), ["{\"__CURSOR\": \"s=1\",\"MESSAGE\": \"up\"}"]);
    assert_eq!(lines(&PRETTY.replace('\n', "\r\n")), PRETTY_LINES);
}

#[test]
fn arrays_of_objects() {
    let indented = PRETTY.replace("}\n{", "},\n{").replace('\n', "\n  ");
    let array = format!("[\n  {}]\n", &indented[..indented.len() - 2]);
    assert_eq!(lines(&array), PRETTY_LINES);
    let answer = format!(
        "{{\n  \"events\": {}",
        array.replace('\n', "\n  ").trim_end().to_owned() + ",\n  \"nextToken\": \"b\"\n}\n"
    );
    assert_eq!(lines(&answer), PRETTY_LINES);
    assert_eq!(lines("[{\"a\": 1},\n {\"a\": 2}]\n"), ["{\"a\": 1}", "{\"a\": 2}"]);
}

#[test]
fn what_journalctl_prints() {
    let line = "Mon 2026-10-12 07:00:00.123456 UTC box bot.service[41]:   File \"a.py\", line 3";
    assert_eq!(lines(&VERBOSE.repeat(2)), [line, line]);
    let two = VERBOSE.replace("MESSAGE=", "MESSAGE=one\n            ");
    assert_eq!(lines(&two)[1], "  File \"a.py\", line 3");
    assert_eq!(lines("data: {\"a\":1}\n\ndata: {\"a\":2}\n\n"), ["{\"a\":1}", "{\"a\":2}"]);
    assert_eq!(lines("\x1e{\"a\":1}\n\x1e{\"a\":2}\n"), ["{\"a\":1}", "{\"a\":2}"]);
}

/// What is not clean text a journal writes as numbers.
#[test]
fn messages_that_are_lists_of_numbers() {
    let of = |message: &str| {
        format!("{{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":{message},\"_PID\":\"4\"}}\n")
    };
    let numbers = of("[27,91,51,49,109,85,112,32,195,164,255]");
    let text = of("\"\\u001b[31mUp ä\u{fffd}\"").trim_end().to_owned();
    assert_eq!(lines(&numbers).concat(), text);
    assert_eq!(lines(&format!("{}{numbers}", of("\"up\"")))[1], text);
    assert_eq!(
        lines(&numbers.replace(',', ",\n\t").replace("{\"", "{\n\t\"").replace("\"}", "\"\n}")),
        [text]
    );
    let all_control = of("[7,7,7]");
    assert_eq!(lines(&all_control), [all_control.trim_end()]);
}

#[test]
fn tables() {
    assert_eq!(
        lines(TABLE),
        [
            "2026-10-12 07:00:00.123\x1fup",
            "2026-10-12 07:00:01.123\x1fERROR said \"no\", twice",
            "KeyError: 'k'"
        ]
    );
    let google = "insertId,jsonPayload.message,textPayload,timestamp\na,,up,2026-10-12T07:00:00Z\n\
        b,\"said \"\"no\"\"\",,2026-10-12T07:00:01Z\n";
    assert_eq!(
        lines(google),
        ["2026-10-12T07:00:00Z\x1fup", "2026-10-12T07:00:01Z\x1fsaid \"no\""]
    );
}

/// A logger's own table: its level is told, commas without quotes are the message's, and so are those of milliseconds.
#[test]
fn tables_with_levels() {
    let log = "timestamp,level,logger,message\n2026-10-12 07:00:00,123,ERROR,bot,no host='a', port=443\n\
        2026-10-12 07:00:01,INFO,bot,up\n2026-10-12 07:00:02,ERROR,bot,  File \"a.py\"\n\
        2026-10-12 07:00:03,none,bot,tick\n";
    assert_eq!(
        lines(log),
        [
            "2026-10-12 07:00:00,123\x1fERROR: no host='a', port=443",
            "2026-10-12 07:00:01\x1fINFO: up",
            "2026-10-12 07:00:02\x1f  File \"a.py\"",
            "2026-10-12 07:00:03\x1ftick"
        ]
    );
}

/// The first lines of ordinary logs, and what is no log.
#[test]
fn other_texts_are_left_alone() {
    for text in [
        "{\"level\": \"INFO\", \"message\": \"up\"}\n{\n  \"a\": 1\n}\n",
        "{\n'a': 1\n}\n",
        "{}\n{\n",
        "[2026-10-12 07:00:00] up, and more\n[\n{\n",
        "[\n  1,\n  2\n]\n",
        "INFO, timestamp, message: up\n2026-10-12,up\n",
        "time to trade\n1,2\n",
        "Mon 2026-10-12 07:00:00 UTC box bot[41]: up\n    _PID=4\n",
        "data: up\n\ndata: {\"a\":1}\n\n",
        "2026-10-12 07:00:00 INFO up\n{\n  \"a\": 1\n}\n",
        "\n\n",
    ] {
        assert_eq!(unfolded(text.as_bytes(), 7), text.as_bytes(), "{text}");
        assert!(!is_folded(text.as_bytes()), "{text}");
    }
}

#[test]
fn what_does_not_fit_is_left_as_it_is() {
    assert_eq!(lines(PRETTY.trim_end()), PRETTY_LINES);
    for (text, lines_of) in [
        (
            "{\n  \"a\": 1,\ntorn\n{\n  \"b\": 2\n}\n",
            &["{", "  \"a\": 1,", "torn", "{\"b\": 2}"][..],
        ),
        ("{\n  \"a\": 1,\n}\nINFO up\n", &["{", "  \"a\": 1,", "}", "INFO up"]),
        ("{\n  \"a\": 1\n", &["{", "  \"a\": 1"]),
        ("{\n  \"a\": 1\n  ", &["{", "  \"a\": 1", ""]),
        ("time,message\nno row\n\n1,up", &["no row", "1\x1fup"]),
    ] {
        assert_eq!(lines(text), lines_of);
    }
    let long = format!("{{\n  \"a\": \"{}\"\n}}\n", "x".repeat(limits::LINE_BYTES));
    assert_eq!(unfolded(long.as_bytes(), 1 << 16), long.as_bytes());
}

proptest! {
    /// However a text is cut, the same comes out, as long and with as many lines.
    #[test]
    fn it_does_not_matter_how_a_text_is_cut(
        pieces in prop::collection::vec(prop_oneof![
            Just(PRETTY.to_owned()), Just(VERBOSE.to_owned()), Just(TABLE.to_owned()),
            Just("data: {\"a\":1}\n\n".to_owned()), Just("[\n".to_owned()), Just("{\n".to_owned()),
            "[a-z{}\\[\\]\",: \n]{0,20}",
        ], 0..6),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        piece in 1usize..40,
    ) {
        let mut text = pieces.concat().into_bytes();
        for (at, byte) in edits {
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
        }
        let whole = unfolded(&text, 1 << 20);
        prop_assert_eq!(&unfolded(&text, piece), &whole);
        prop_assert_eq!(whole.len(), text.len());
        let newlines = |bytes: &[u8]| memchr_iter(b'\n', bytes).count();
        prop_assert_eq!(newlines(&whole), newlines(&text));
    }
}
