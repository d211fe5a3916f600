//! One traceback from the lines of its event: the grammar's answers put together as a chain.

use crate::safe::limits::EVENT_LINES;

use super::build::Build;
use super::grammar::{Act, Grammar};
use super::{Step, Traceback, line};

/// Foreign lines tolerated between a preamble and its header.
const PREAMBLE_GAP: usize = 3;

/// Reads the traceback in the lines of one event, from which wrappers, the logger's header and
/// colour were removed. Text before it is skipped; foreign lines inside it are too.
///
/// Only the first `EVENT_LINES` lines are looked at. Of several tracebacks the first whole one is
/// taken. `None` where there is none.
///
/// A class is empty only where its line is missing: the log was cut there, or it was torn out of the
/// middle of a chain; `Link::line` is then the last line of that link that is known.
pub fn parse(lines: &[&str]) -> Option<Traceback> {
    let lines = &lines[..lines.len().min(EVENT_LINES)];
    let mut fallback = None;
    let mut at = 0;
    while at < lines.len() {
        let opened = Grammar::open(lines[at]).map(|(grammar, act)| (grammar, act, false));
        let opened = opened.or_else(|| {
            let (grammar, act) = Grammar::reopen(lines[at])?;
            // Indented text alone is a cut traceback only where the event begins with it.
            (at == 0 || act != Act::Skip).then_some((grammar, act, true))
        });
        let Some((grammar, act, resumed)) = opened else {
            at += 1;
            continue;
        };
        let run = Run::over(lines, at, grammar, act, resumed);
        at = run.end.max(at + 1);
        match run.finish() {
            Some(traceback) if !traceback.tail_missing => return Some(traceback),
            Some(traceback) => fallback = fallback.or(Some(traceback)),
            None => {}
        }
    }
    fallback
}

/// One attempt from one line on.
struct Run {
    build: Build,
    grammar: Grammar,
    resumed: bool,
    /// The line after the last one looked at.
    end: usize,
}

impl Run {
    fn over<'a>(
        lines: &[&'a str],
        first: usize,
        mut grammar: Grammar,
        act: Act<'a>,
        resumed: bool,
    ) -> Run {
        let mut build = Build::new(first, grammar.nested());
        let mut begun = !matches!(act, Act::Preamble(_));
        build.act(first, act);
        let mut at = first + 1;
        let mut foreign = 0;
        while at < lines.len() {
            let read = grammar.read(lines[at]);
            if read.step == Step::No {
                let opens = Grammar::open(lines[at]).is_some();
                let again = line::has_header(lines[at]) || opens && (resumed || !begun);
                let lost = !begun && foreign == PREAMBLE_GAP;
                if grammar.complete() || grammar.unsure() || again || lost {
                    break;
                }
                foreign += 1;
            } else {
                begun |= !matches!(read.act, Act::Skip | Act::Context(_));
                for _ in 0..read.leave {
                    build.leave();
                }
                if read.revoke {
                    build.revoke();
                }
                build.act(at, read.act);
            }
            at += 1;
        }
        Run { build, grammar, resumed, end: at }
    }

    fn finish(self) -> Option<Traceback> {
        let Run { build, grammar, resumed, .. } = self;
        build.finish(resumed, &grammar)
    }
}
