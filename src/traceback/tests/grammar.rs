//! What the assembler is told, line by line.

use super::*;

/// The steps of a text after its first line, one letter each.
fn steps(text: &str) -> String {
    let mut lines = text.lines();
    let mut grammar = Grammar::start(lines.next().unwrap()).unwrap();
    lines
        .map(|line| match grammar.next(line) {
            Step::Yes => 'y',
            Step::Message => 'm',
            Step::Gap => 'g',
            Step::No => 'n',
        })
        .collect()
}

#[test]
fn every_line_of_a_genuine_traceback_belongs_to_it() {
    for (name, text) in LOGS {
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.iter().position(|line| Grammar::start(line).is_some()).unwrap();
        let mut grammar = Grammar::start(lines[first]).unwrap();
        for (at, line) in lines.iter().enumerate().skip(first + 1) {
            if *name == "thread-ignored-3.11" && at == 10 {
                // The next traceback.
                assert_eq!(grammar.next(line), Step::No);
                break;
            }
            assert_ne!(grammar.next(line), Step::No, "{name} {}: {line}", at + 1);
        }
        assert!(grammar.complete(), "{name}");
    }
}

#[test]
fn a_chain_with_a_message_of_several_lines() {
    assert_eq!(steps(log("chain-3.6")), "yyyyygygyyyyyymgmgygyyyyyy");
}

#[test]
fn inside_a_group_every_line_is_certain() {
    // But for a message's second line, which CPython 3.11 prints without the margin.
    let steps = steps(log("group-3.11"));
    assert_eq!(steps, format!("{}m{}gygyyyyy", "y".repeat(17), "y".repeat(25)));
}

#[test]
fn a_new_header_is_a_new_event() {
    let header = "Traceback (most recent call last):";
    let frame = "  File \"/bot/a.py\", line 3, in f";
    for before in [vec![frame], vec![frame, "KeyError: 'k'"], vec![frame, "KeyError: 'k'", ""]] {
        let mut grammar = Grammar::start(header).unwrap();
        for line in &before {
            grammar.next(line);
        }
        assert_eq!(grammar.next(header), Step::No, "{before:?}");
        assert_eq!(grammar.next("Exception in thread feed:"), Step::No, "{before:?}");
    }
}

#[test]
fn no_leaves_the_state_as_it_was() {
    let lines: Vec<&str> = log("group-3.11").lines().collect();
    let mut grammar = Grammar::start(lines[0]).unwrap();
    let mut torn = grammar.clone();
    let mut exception_read = false;
    for line in &lines[1..] {
        if !torn.complete() && !exception_read {
            assert_eq!(torn.next("2 orders open, all is well"), Step::No, "before {line}");
        }
        assert_eq!(torn.next(line), grammar.next(line), "{line}");
        let text = line.trim_start_matches([' ', '|']);
        exception_read = exception_line(text).is_some_and(|exception| exception.sure)
            || exception_read && !has_header(text) && !text.starts_with('+');
    }
}

#[test]
fn complete_only_where_it_could_end() {
    let mut grammar = Grammar::start("Traceback (most recent call last):").unwrap();
    for (line, complete) in [
        ("  File \"/bot/a.py\", line 3, in f", false),
        ("    go()", false),
        ("KeyError: 'k'", true),
        ("", true),
        ("During handling of the above exception, another exception occurred:", false),
        ("", false),
        ("Traceback (most recent call last):", false),
        ("  File \"/bot/a.py\", line 3, in f", false),
        ("ValueError", true),
    ] {
        assert_ne!(grammar.next(line), Step::No, "{line}");
        assert_eq!(grammar.complete(), complete, "{line}");
    }
}

#[test]
fn starts() {
    for line in [
        "Traceback (most recent call last):",
        "loop died: Traceback (most recent call last):",
        "  + Exception Group Traceback (most recent call last):",
        "╭─────── Traceback (most recent call last) ───────╮",
        "+------- Traceback (most recent call last) -------+",
        "Exception in thread Thread-1 (work):",
        "Task exception was never retrieved",
        "Exception in callback tick(1) at /bot/a.py:2",
        "Process SpawnProcess-1:",
        "Exception ignored in: <function D.__del__ at 0x7f>",
        "--- Logging error ---",
        "Fatal Python error: Segmentation fault",
        "Windows fatal exception: access violation",
        "Error in sys.excepthook:",
        "multiprocessing.pool.RemoteTraceback:",
        "  File \"/bot/a.py\", line 3",
    ] {
        assert!(Grammar::start(line).is_some(), "{line}");
    }
    for line in [
        "",
        "KeyError: 'k'",
        "  File \"/bot/a.py\", line 3, in f",
        "Process started",
        "Process has 3 threads:",
        "Stack (most recent call last):",
        "+-----+-----+",
    ] {
        assert!(Grammar::start(line).is_none(), "{line}");
    }
}

#[test]
fn resumes() {
    for line in [
        "  File \"/bot/a.py\", line 3, in f",
        "> File \"/bot/a.py\", line 3, in f",
        "    return d[k]",
        "           ~^^^",
        "  [Previous line repeated 996 more times]",
        "The above exception was the direct cause of the following exception:",
        "  |   File \"/bot/a.py\", line 3, in f",
        "│ /bot/a.py:3 in f                 │",
        "Thread 0x00007f (most recent call first):",
    ] {
        assert!(Grammar::resume(line).is_some(), "{line}");
    }
    for line in ["", "order filled", "KeyError: 'k'", "  | BTC | 5 |", "│ BTC │ 5 │"] {
        assert!(Grammar::resume(line).is_none(), "{line}");
    }
}

#[test]
fn indented_text_alone_is_followed_by_a_certain_class_only() {
    let mut grammar = Grammar::resume("    \"price\": 5").unwrap();
    assert_eq!(grammar.next("Balance: 7"), Step::No);
    assert_eq!(grammar.next("KeyError: 'k'"), Step::Yes);
}

#[test]
fn exception_lines() {
    for (line, class, message, sure) in [
        ("KeyError: 'k'", "KeyError", "'k'", true),
        ("KeyboardInterrupt", "KeyboardInterrupt", "", true),
        ("AssertionError", "AssertionError", "", true),
        ("Rejected: no margin", "Rejected", "no margin", false),
        ("Rejected", "Rejected", "", false),
        ("Price: 5", "Price", "5", false),
        ("queue.Empty", "queue.Empty", "", true),
        ("socket.timeout: timed out", "socket.timeout", "timed out", true),
        ("error: [Errno 111] refused", "error", "[Errno 111] refused", true),
        ("__main__.f.<locals>.X: y", "__main__.f.<locals>.X", "y", true),
        (
            "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8 GiB",
            "numpy._core._exceptions._ArrayMemoryError",
            "Unable to allocate 8 GiB",
            true,
        ),
        (
            "ray.exceptions.RayTaskError(KeyError): x",
            "ray.exceptions.RayTaskError(KeyError)",
            "x",
            true,
        ),
        ("api.binance.com: timed out", "api.binance.com", "timed out", false),
    ] {
        let expected = ExceptionLine { class, message, sure };
        assert_eq!(exception_line(line), Some(expected), "{line}");
    }
    for line in ["", "two words", "12:30:01 started", "x=1", "a..b: c", "<module>: x", "url:port"] {
        assert_eq!(exception_line(line), None, "{line}");
    }
}

#[test]
fn frame_lines() {
    let of = |line| {
        let frame = frame_line(line)?;
        Some((frame.file, frame.line, frame.function, frame.caught))
    };
    for (line, expected) in [
        ("  File \"/bot/a b.py\", line 3, in f", ("/bot/a b.py", Some(3), Some("f"), false)),
        ("  File \"/bot/a.py\", line 3 in f", ("/bot/a.py", Some(3), Some("f"), false)),
        (
            "> File \"/bot/a.py\", line 3, in <module>",
            ("/bot/a.py", Some(3), Some("<module>"), true),
        ),
        ("  File \"a.py\", line ???, in f", ("a.py", None, Some("f"), false)),
        ("  File ~/bot/a.py:3 in f", ("~/bot/a.py", Some(3), Some("f"), false)),
        ("File C:\\bot\\a.py:3, in f(x, y)", ("C:\\bot\\a.py", Some(3), Some("f"), false)),
        ("  File <string>:3 in raise_from", ("<string>", Some(3), Some("raise_from"), false)),
        ("  File \"C:\\bot\\a.py\", line 3", ("C:\\bot\\a.py", Some(3), None, false)),
        (
            "  File \"pydantic/main.py\", line 341, in pydantic.main.BaseModel.__init__",
            ("pydantic/main.py", Some(341), Some("pydantic.main.BaseModel.__init__"), false),
        ),
    ] {
        assert_eq!(of(line), Some(expected), "{line}");
    }
    for line in [
        "File a.py, line 3",
        "File ticks.csv:3 in cache",
        "File a.py:3 in the cache",
        "  File \"a.py\", line",
        "  File \"a.py\", line 3:",
        "  File \"a.py",
    ] {
        assert_eq!(of(line), None, "{line}");
    }
}
