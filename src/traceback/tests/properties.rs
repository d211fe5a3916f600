//! What holds for any text, and for genuine logs that were damaged.

use proptest::prelude::*;

use super::*;

fn check_links(links: &[Link], count: usize) {
    assert!(!links.is_empty());
    for link in links {
        assert!(link.line < count);
        assert!(link.frames.iter().all(|frame| frame.at < count));
        link.members.iter().for_each(|member| check_links(member, count));
    }
    assert!(links[0].relation == Relation::Root);
    assert!(links[1..].iter().all(|link| link.relation != Relation::Root));
}

fn check(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let traceback = parse(&lines);
    if let Some(traceback) = &traceback {
        check_links(&traceback.links, lines.len());
    }
    let Some(first) = lines.first() else { return };
    for grammar in [Grammar::start(first), Grammar::resume(first)] {
        let Some(mut grammar) = grammar else { continue };
        let accepted = lines[1..].iter().all(|line| {
            let before = format!("{grammar:?}");
            let step = grammar.next(line);
            assert!(step != Step::No || before == format!("{grammar:?}"));
            step != Step::No
        });
        if accepted && grammar.complete() {
            assert!(traceback.is_some(), "accepted, but not parsed:\n{text}");
        }
    }
}

/// Lines that mean something to the grammar, to be put where they do not belong.
const PIECES: &[&str] = &[
    "",
    "Traceback (most recent call last):",
    "  + Exception Group Traceback (most recent call last):",
    "  File \"/bot/a.py\", line 3, in f",
    "  File \"/bot/a.py\", line 3",
    "    go()",
    "    ^^^^",
    "    key = 'value'",
    "KeyError: 'k'",
    "Price: 5",
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
    "  | ValueError: x",
    "  +-+---------------- 1 ----------------",
    "    +---------------- 2 ----------------",
    "    +------------------------------------",
    "    | ValueError: 0",
    "multiprocessing.pool.RemoteTraceback:",
    "\"\"\"",
    "--- Logging error ---",
    "Call stack:",
    "Error in sys.excepthook:",
    "Original exception was:",
    "Fatal Python error: Aborted",
    "Current thread 0x00007f (most recent call first):",
    "Thread 0x00007f (most recent call first):",
    "╭──── Traceback (most recent call last) ────╮",
    "╭──── Sub-exception #1 ────╮",
    "│ /bot/a.py:3 in f │",
    "│ ❱ 3 │ go() │",
    "│ ╭─ locals ─╮ │",
    "╰──────────╯",
    "Task exception was never retrieved",
    "future: <Task finished name='Task-2' coro=<f()> exception=E(",
    "Process bot:",
    r#"x Traceback (most recent call last):\n  File "/bot/a.py", line 3, in f\nKeyError: 'k'\n'"#,
    r#"Traceback (most recent call last):\n  File \"/bot/a.py\", line 3"#,
    "[NOTE] x",
];

fn damaged() -> impl Strategy<Value = String> {
    let log = (0..LOGS.len()).prop_map(|at| LOGS[at].1);
    let edit = (any::<prop::sample::Index>(), 0..7_u8, any::<prop::sample::Index>(), "\\PC{0,12}");
    (log, prop::collection::vec(edit, 0..12)).prop_map(|(log, edits)| {
        let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
        for (place, kind, pick, noise) in edits {
            if lines.is_empty() {
                break;
            }
            let at = place.index(lines.len());
            match kind {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, PIECES[pick.index(PIECES.len())].to_owned()),
                2 => lines.insert(at, noise),
                3 => drop(lines.drain(..at)),
                4 => lines.truncate(at + 1),
                5 => {
                    let cut = lines[at].floor_char_boundary(pick.index(lines[at].len() + 1));
                    lines[at].truncate(cut);
                }
                _ => lines[at].insert_str(0, "  "),
            }
        }
        lines.join("\n")
    })
}

/// Each piece, and each pair, as often as an event may have lines: in time that grows with the lines.
#[test]
fn many_lines_take_no_more_than_their_share() {
    use crate::safe::limits::EVENT_LINES;
    let began = std::time::Instant::now();
    for first in PIECES {
        for second in [PIECES[0], PIECES[1], PIECES[3], "│ x │", first] {
            let mut lines = vec![*first; EVENT_LINES / 10];
            lines.iter_mut().skip(1).step_by(2).for_each(|line| *line = second);
            let _ = parse(&lines);
        }
    }
    let long = "│ /bot".repeat(20_000);
    for text in [long.as_str(), &"(".repeat(100_000), &"KeyError(".repeat(10_000)] {
        let _ = (parse(&[text, text]), inline_exceptions(text), exception_line(text));
    }
    // Some 350,000 lines: a second or two where nothing is optimised; minutes were it quadratic.
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

proptest! {
    #[test]
    fn any_text(text in "(\\PC{0,40}\n?){0,12}") {
        check(&text);
        inline_exceptions(&text);
    }

    #[test]
    fn any_line(line in "\\PC{0,60}") {
        let _ = (frame_line(&line), exception_line(&line), package(&line));
        let frame = Frame { file: line, line: None, function: None, code: None, at: 0 };
        is_own(&frame, &Roots { source_root: Some("/bot".into()) });
    }

    #[test]
    fn any_order_of_pieces(pieces in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let lines: Vec<&str> = pieces.into_iter().map(|at| PIECES[at]).collect();
        check(&lines.join("\n"));
    }

    #[test]
    fn damaged_logs(text in damaged()) {
        check(&text);
    }

    #[test]
    fn any_exception_text(text in "[A-Za-z.:(\\[ '\"=)Ee]{0,40}(Error|Exception|Timeout)[:( ]{0,2}\\PC{0,20}") {
        for inline in inline_exceptions(&text) {
            prop_assert!(text[inline.start..].starts_with(&inline.class));
        }
    }
}
