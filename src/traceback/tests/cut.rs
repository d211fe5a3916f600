//! Logs that begin or end inside a traceback, and text around one.

use super::*;

#[test]
fn a_log_cut_after_any_line_says_so() {
    for name in ["chain-3.13", "chain-2.7", "recursion-3.11", "rich", "loguru", "remote-3.11"] {
        let lines: Vec<&str> = log(name).lines().collect();
        let whole = parse(&lines).unwrap();
        let first = lines.iter().position(|line| Grammar::start(line).is_some()).unwrap();
        let mut grammar = Grammar::start(lines[first]).unwrap();
        for end in first + 1..=lines.len() {
            if end > first + 1 {
                grammar.next(lines[end - 1]);
            }
            let cut = parse(&lines[..end]).unwrap();
            assert!(!cut.head_missing, "{name} {end}");
            assert_eq!(cut.tail_missing, !grammar.complete(), "{name} {end}");
            // Links that were whole stay as they are.
            let kept = whole.links.iter().filter(|link| link.line < end).count();
            assert!(cut.links.len() >= kept, "{name} {end}");
            for (cut, whole) in cut.links.iter().zip(&whole.links[..kept]) {
                assert_eq!(cut.class, whole.class, "{name} {end}");
                assert_eq!(cut.frames, whole.frames, "{name} {end}");
            }
        }
    }
}

#[test]
fn a_log_that_begins_at_any_line_keeps_the_rest() {
    for name in ["chain-3.13", "chain-3.6", "chain-2.7", "rich", "loguru", "recursion-3.11"] {
        let lines: Vec<&str> = log(name).lines().collect();
        let whole = parse(&lines).unwrap();
        let last = whole.links.last().unwrap();
        let exception = last.line;
        for begin in 1..exception {
            let Some(cut) = parse(&lines[begin..]) else {
                // Only a blank line, a border or text of rich's box can stand there alone.
                assert!(name.starts_with("rich") || name == "loguru", "{name} from {begin}");
                continue;
            };
            let found = cut.links.last().unwrap();
            assert_eq!(found.class, last.class, "{name} from {begin}");
            assert_eq!(found.message, last.message, "{name} from {begin}");
            assert!(!cut.tail_missing, "{name} from {begin}");
        }
    }
}

#[test]
fn a_log_that_begins_inside_knows_it() {
    let lines: Vec<&str> = log("chain-3.6").lines().collect();
    for begin in [1, 2, 3, 4, 10, 11, 23] {
        assert!(parse(&lines[begin..]).unwrap().head_missing, "{begin}");
    }
}

#[test]
fn a_log_cut_at_any_byte_is_read_without_harm() {
    for (name, text) in LOGS {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            if let Some(traceback) = parse_text(&text[..end]) {
                assert!(!traceback.links.is_empty(), "{name} {end}");
            }
        }
    }
}

#[test]
fn a_log_that_begins_inside_a_group_keeps_its_members() {
    let lines: Vec<&str> = log("group-3.11").lines().collect();
    let traceback = parse(&lines[11..]).unwrap();
    insta::assert_snapshot!(show(&traceback));
}

#[test]
fn a_log_that_begins_inside_a_fence_keeps_the_remote_relation() {
    let lines: Vec<&str> = log("remote-3.11").lines().collect();
    let traceback = parse(&lines[5..]).unwrap();
    assert_eq!(traceback.links.len(), 2);
    assert!(traceback.head_missing);
    assert_eq!(traceback.links[1].relation, Relation::Remote);
}

#[test]
fn without_its_exception_line_a_class_is_empty() {
    let traceback = parse_text(
        "Traceback (most recent call last):\n  File \"/bot/a.py\", line 3, in f\n    go()\n",
    )
    .unwrap();
    assert!(traceback.tail_missing);
    assert_eq!(traceback.links[0].class, "");
    assert_eq!(traceback.links[0].line, 1);
    assert_eq!(traceback.links[0].frames.len(), 1);
}

#[test]
fn a_class_cut_inside_its_name_is_a_missing_tail() {
    for (name, cut) in [
        ("KeyErr", true),
        ("requests.exceptions.ConnectionErro", true),
        ("BinanceAPIExcept", true),
        ("KeyError", false),
        ("Rejected", false),
        ("bot.Exc", true),
    ] {
        let text = format!(
            "Traceback (most recent call last):\n  File \"/bot/a.py\", line 3, in f\n{name}"
        );
        let traceback = parse_text(&text).unwrap();
        assert_eq!(traceback.links[0].class, name);
        assert_eq!(traceback.tail_missing, cut, "{name}");
    }
}

#[test]
fn text_before_the_header_is_skipped() {
    let text = "tick failed: Traceback (most recent call last):\n  File \"/bot/a.py\", line 3, in f\n    \
                go()\nKeyError: 'k'";
    let traceback = parse_text(text).unwrap();
    assert_eq!(traceback.links[0].class, "KeyError");
    let text = format!("order rejected\n  retry: 3\n{text}");
    assert_eq!(parse_text(&text).unwrap().links[0].line, 5);
}

#[test]
fn foreign_lines_inside_are_skipped() {
    let mut lines: Vec<&str> = log("chain-3.13").lines().collect();
    let whole = parse(&lines).unwrap();
    for at in [1, 2, 3, 4, 5, 7] {
        lines.insert(at, "fetching candles for BTC/USDT ...");
        let torn = parse(&lines).unwrap();
        let classes = |traceback: &Traceback| {
            traceback.links.iter().map(|link| link.class.clone()).collect::<Vec<_>>()
        };
        assert_eq!(classes(&torn), classes(&whole));
        assert_eq!(torn.links[0].frames.len(), 2);
        lines.remove(at);
    }
}

#[test]
fn a_foreign_line_in_the_shape_of_an_exception_is_taken_back() {
    let text = "Traceback (most recent call last):\n  File \"/bot/a.py\", line 3, in f\n    go()\n\
                Price: 5\n  File \"/bot/b.py\", line 4, in go\n    raise E\nKeyError: 'k'";
    let traceback = parse_text(text).unwrap();
    assert_eq!(traceback.links.len(), 1);
    assert_eq!(traceback.links[0].class, "KeyError");
    assert_eq!(traceback.links[0].frames.len(), 2);
    let text = "Traceback (most recent call last):\n  File \"/bot/a.py\", line 3, in f\n    go()\n\
                Price: 5\nKeyError: 'k'";
    let traceback = parse_text(text).unwrap();
    assert_eq!((traceback.links.len(), traceback.links[0].class.as_str()), (1, "KeyError"));
    assert_eq!(traceback.links[0].frames.len(), 1);
}

#[test]
fn indentation_may_be_added_or_lost() {
    for name in ["chain-3.6", "chain-3.13", "recursion-3.11", "syntax-exec-3.13"] {
        let text = log(name);
        let whole = parse_text(text).unwrap();
        let indented: Vec<String> = text.lines().map(|line| format!("      {line}")).collect();
        let mut lines: Vec<&str> = indented.iter().map(String::as_str).collect();
        let shifted = parse(&lines).unwrap();
        assert_eq!(shifted.links[0].frames, whole.links[0].frames, "{name}");
        assert_eq!(shifted.links.len(), whole.links.len());
        // The header on the line of its record, the rest indented.
        let header = format!("boom {}", text.lines().next().unwrap());
        lines[0] = &header;
        let shifted = parse(&lines).unwrap();
        assert_eq!(shifted.links[0].frames, whole.links[0].frames, "{name}");
    }
    for name in ["chain-3.6", "chain-2.7", "recursion-3.11"] {
        let lines: Vec<&str> = log(name).lines().map(str::trim_start).collect();
        let whole = parse_text(log(name)).unwrap();
        let flat = parse(&lines).unwrap();
        let codes = |traceback: &Traceback| {
            let frames = traceback.links.iter().flat_map(|link| link.frames.clone());
            frames.map(|frame| frame.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(&flat), codes(&whole), "{name}");
        assert_eq!(flat.links[0].class, whole.links[0].class);
    }
}

#[test]
fn text_without_a_traceback_is_none() {
    for text in [
        "",
        "\n\n",
        "KeyError: 'k'",
        "order 12 filled\n    price: 5\n    size: 1",
        "Exception in thread feed:",
        "Task exception was never retrieved\nfuture: <Future finished exception=KeyError('p')>",
        "Process started:\nall well",
        "    {\n    \"code\": -1021\n    }\nConfig: loaded",
        "    {\n    \"code\": -1021\n    }\nConfig: loaded\nValueError: bad",
        "│ BTC │ 5 │",
        "  | name | price |",
    ] {
        assert_eq!(parse_text(text), None, "{text:?}");
    }
}

#[test]
fn a_preamble_is_kept_over_a_foreign_line() {
    let text = "Exception in thread feed:\nconnected\nTraceback (most recent call last):\n  \
                File \"/bot/a.py\", line 3, in f\nKeyError: 'k'";
    assert_eq!(parse_text(text).unwrap().origin, Origin::Thread("feed".into()));
}

#[test]
fn a_preamble_after_a_cut_traceback_is_kept() {
    let text = "  File \"/bot/a.py\", line 3, in f\nException in thread feed:\n\
                Traceback (most recent call last):\n  File \"/bot/a.py\", line 3, in f\nKeyError: 'k'";
    let traceback = parse_text(text).unwrap();
    assert_eq!(traceback.origin, Origin::Thread("feed".into()));
    assert!(!traceback.head_missing);
}

#[test]
fn more_lines_than_the_limit_are_not_read() {
    use crate::safe::limits::EVENT_LINES;
    let mut lines = vec!["Traceback (most recent call last):"];
    lines.resize(EVENT_LINES + 5, "  File \"/bot/a.py\", line 3, in f");
    lines.push("KeyError: 'k'");
    let traceback = parse(&lines).unwrap();
    assert!(traceback.tail_missing);
    assert_eq!(traceback.links[0].frames.len(), EVENT_LINES - 1);
}

#[test]
fn a_traceback_in_one_line_is_read_as_several() {
    let text = log("chain-3.6");
    let whole = parse_text(text).unwrap();
    for line in [
        format!("boom: '{}'", text.replace('\n', "\\n")),
        format!("{{\"error\": \"{}\"}}", text.replace('"', "\\\"").replace('\n', "\\n")),
        format!("{:?}", format!("{:?}", text.replace("\\n", " "))),
    ] {
        let read = parse(&["tick", &line]).unwrap();
        assert_eq!(read.links.len(), 3, "{line}");
        assert!(!read.tail_missing);
        for (read, whole) in read.links.iter().zip(&whole.links) {
            assert_eq!((&read.class, read.line), (&whole.class, 1));
            assert_eq!(read.frames.len(), whole.frames.len());
            assert!(read.frames.iter().all(|frame| frame.at == 1));
        }
        assert_eq!(read.links[2].message, "");
        let mut grammar = Grammar::start(&line).unwrap();
        assert!(grammar.complete());
        assert_eq!(grammar.next("next tick"), Step::No);
    }
    let windows =
        r#"Traceback (most recent call last):\n  File "C:\\new\\bot.py", line 3, in f\nKeyError"#;
    assert_eq!(parse(&[windows]).unwrap().links[0].frames[0].file, r"C:\new\bot.py");
    let cut = format!("boom: {}", &text[..100].replace('\n', "\\n"));
    assert!(parse(&[&cut]).unwrap().tail_missing);
}

#[test]
fn a_childs_fatal_error_and_its_parents_traceback_are_two() {
    let text = format!("{}\n{}", log("fault-3.13"), log("chain-2.7"));
    let traceback = parse_text(&text).unwrap();
    assert_eq!(traceback.links.len(), 1);
    assert_eq!(traceback.links[0].class, "Fatal Python error");
}

#[test]
fn a_web_page_ate_module() {
    let lines = [
        "Traceback (most recent call last):",
        "File \"bot.py\", line 50, in",
        "asyncio.run(main())",
        "File \"bot.py\", line 32, in main",
        "raise KeyError('k')",
        "KeyError: 'k'",
    ];
    let traceback = parse(&lines).unwrap();
    let frames = &traceback.links[0].frames;
    assert_eq!(frames[0].function.as_deref(), Some("<module>"));
    assert_eq!(frames[0].code.as_deref(), Some("asyncio.run(main())"));
    assert_eq!(frames[1].line, Some(32));
    assert_eq!(traceback.links[0].class, "KeyError");
}
