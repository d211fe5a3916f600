//! Tests on genuine output: `logs/` holds what CPython 2.7 to 3.13, loguru, rich and pydantic print
//! (paths shortened).

mod copied;
mod cut;
mod frames;
mod genuine;
mod grammar;
mod inline;
mod properties;

use std::fmt::Write as _;

use super::*;

/// Every log of `logs/`, by name.
const LOGS: &[(&str, &str)] = &[
    ("callback-3.12", include_str!("logs/callback-3.12.txt")),
    ("chain-2.7", include_str!("logs/chain-2.7.txt")),
    ("chain-3.13", include_str!("logs/chain-3.13.txt")),
    ("chain-3.6", include_str!("logs/chain-3.6.txt")),
    ("excepthook-3.12", include_str!("logs/excepthook-3.12.txt")),
    ("fault-3.13", include_str!("logs/fault-3.13.txt")),
    ("group-3.11", include_str!("logs/group-3.11.txt")),
    ("group-backport-3.8", include_str!("logs/group-backport-3.8.txt")),
    ("group-many-3.12", include_str!("logs/group-many-3.12.txt")),
    ("init-3.11", include_str!("logs/init-3.11.txt")),
    ("init-3.7", include_str!("logs/init-3.7.txt")),
    ("local-class-3.9", include_str!("logs/local-class-3.9.txt")),
    ("locals-3.12", include_str!("logs/locals-3.12.txt")),
    ("logging-3.10", include_str!("logs/logging-3.10.txt")),
    ("loguru", include_str!("logs/loguru.txt")),
    ("loguru-values", include_str!("logs/loguru-values.txt")),
    ("multiline-3.13", include_str!("logs/multiline-3.13.txt")),
    ("process-3.7", include_str!("logs/process-3.7.txt")),
    ("pydantic1-3.8", include_str!("logs/pydantic1-3.8.txt")),
    ("pydantic2-3.13", include_str!("logs/pydantic2-3.13.txt")),
    ("pybind11", include_str!("logs/pybind11.txt")),
    ("ray-2", include_str!("logs/ray-2.txt")),
    ("recursion-3.11", include_str!("logs/recursion-3.11.txt")),
    ("remote-3.11", include_str!("logs/remote-3.11.txt")),
    ("rich", include_str!("logs/rich.txt")),
    ("rich-group", include_str!("logs/rich-group.txt")),
    ("rich-handler", include_str!("logs/rich-handler.txt")),
    ("rich-legacy", include_str!("logs/rich-legacy.txt")),
    ("rich-syntax", include_str!("logs/rich-syntax.txt")),
    ("stack-info-3.9", include_str!("logs/stack-info-3.9.txt")),
    ("structlog-plain", include_str!("logs/structlog-plain.txt")),
    ("syntax-exec-3.13", include_str!("logs/syntax-exec-3.13.txt")),
    ("syntax-file-3.8", include_str!("logs/syntax-file-3.8.txt")),
    ("task-3.12", include_str!("logs/task-3.12.txt")),
    ("task-debug-3.12", include_str!("logs/task-debug-3.12.txt")),
    ("thread-ignored-3.11", include_str!("logs/thread-ignored-3.11.txt")),
];

fn log(name: &str) -> &'static str {
    LOGS.iter().find(|(known, _)| *known == name).expect("a log of that name").1
}

fn parse_text(text: &str) -> Option<Traceback> {
    parse(&text.lines().collect::<Vec<_>>())
}

/// A traceback in a few lines: relation, class, message, then frames, notes and members.
fn show(traceback: &Traceback) -> String {
    let mut out = format!("{:?}", traceback.origin);
    if traceback.head_missing {
        out.push_str(" head missing");
    }
    if traceback.tail_missing {
        out.push_str(" tail missing");
    }
    out.push('\n');
    show_links(&traceback.links, 0, &mut out);
    out
}

fn show_links(links: &[Link], depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for link in links {
        let (relation, line) = (link.relation, link.line);
        writeln!(out, "{pad}{relation:?} @{line} {:?}: {:?}", link.class, link.message).unwrap();
        for frame in &link.frames {
            let line = frame.line.map_or("?".into(), |line| line.to_string());
            let function = frame.function.as_deref().unwrap_or("-");
            write!(out, "{pad}  @{} {}:{line} {function}", frame.at, frame.file).unwrap();
            match &frame.code {
                Some(code) => writeln!(out, " | {code:?}").unwrap(),
                None => out.push('\n'),
            }
        }
        for note in &link.notes {
            writeln!(out, "{pad}  note {note:?}").unwrap();
        }
        for member in &link.members {
            writeln!(out, "{pad}  member").unwrap();
            show_links(member, depth + 2, out);
        }
    }
}
