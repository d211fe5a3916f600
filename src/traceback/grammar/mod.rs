//! The grammar of a traceback, one line at a time: a state machine over lines, shared by the event
//! assembler (which asks what a line is) and the parser (which keeps what it says).
//!
//! Three things nest. A *group's* members stand behind margins that count from the same column, so
//! they are kept as a stack of chains (`outer`, `chain`). A *fence* (`"""`) of a remote traceback and
//! a *panel* of rich hold a text of their own, so each has a grammar of its own (`inner`).

mod chain;
mod group;

use super::line::{self, FrameLine};
use super::{Origin, Relation, Step, boxed, preamble};

/// Deepest nesting followed (CPython's own limit for groups is 10); what lies deeper is text.
const DEPTH: usize = 16;

/// Most lines of a `future: <Task …` whose representation has line breaks in it.
const REPR_LINES: u8 = 8;

/// What the next line may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A preamble was read; its header is yet to come.
    Preamble,
    /// A stack that asyncio's debug mode prints before the header.
    PreambleStack,
    /// A header may come, or the exception line at once: after a chain's sentence, or as a member.
    Start,
    /// The header was read.
    Head,
    /// A frame's own line was read.
    Frame,
    /// Source text was read, or a pointer under it.
    Code,
    /// Values were read (`diagnose`, `capture_locals`): nothing to keep until the next frame.
    Values,
    /// The exception line was read; its message may go on.
    Message,
    /// Nothing can follow but the next link of the chain.
    Closed,
    /// The stack and the two lines after a logging error.
    Tail,
    /// After `and 3 more exceptions`.
    More,
    /// After the first line of a fatal error.
    Fatal,
    /// Faulthandler's stacks.
    Stacks,
    /// Inside rich's box, perhaps inside its box of local variables.
    Box { locals: bool },
    /// Inside rich's box that shows where a `SyntaxError` is.
    SyntaxBox,
    /// After rich's box.
    BoxEnd,
}

/// One chain being read.
#[derive(Debug, Clone)]
struct Chain {
    state: State,
    /// Column of the margin `|`, inside a group.
    margin: Option<usize>,
    /// Column at which the header stands and the exception line is expected.
    base: usize,
    /// Indentation was lost: source text stands in the same column as frames.
    flat: bool,
    /// Source text has numbers, and an arrow shows the line that was running (IPython).
    numbered: bool,
    /// No frame has been seen yet in a log that begins inside the traceback.
    unsure: bool,
    /// The exception line just read has the shape only (see `ExceptionLine::sure`).
    shape_only: bool,
    /// It is one word.
    one_word: bool,
    /// The exception line just read is that of a remote traceback, and a fence may open.
    carrier: bool,
}

impl Chain {
    fn new(state: State) -> Chain {
        Chain {
            state,
            margin: None,
            base: 0,
            flat: false,
            numbered: false,
            unsure: false,
            shape_only: false,
            one_word: false,
            carrier: false,
        }
    }
}

/// What holds an inner text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Fence,
    Panel,
}

/// What a line says, for the parser.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act<'a> {
    /// Nothing to keep.
    Skip,
    /// Blank: kept if the message goes on after it.
    Blank,
    /// A preamble.
    Preamble(Origin),
    /// A line of asyncio's context.
    Context(&'a str),
    /// A header.
    Head,
    /// A whole traceback in one line, its line breaks written as `\n`.
    Escaped(&'a str),
    /// A frame.
    Frame(FrameLine<'a>),
    /// A frame of the exception before it, the innermost first.
    Listed(FrameLine<'a>),
    /// Source text of the frame before it, trimmed.
    Code(&'a str),
    /// The same, with its number.
    Arrow(u32, &'a str),
    /// A frame of the stack that `logging` prints below its own traceback: what called the logger.
    Caller(FrameLine<'a>),
    /// Source text of that frame, trimmed.
    CallerCode(&'a str),
    /// The exception line: class and first line of the message.
    Exception(&'a str, &'a str),
    /// The same of an exception that carries another process's traceback, which follows.
    Carrier(&'a str, &'a str),
    /// A header inside such a traceback.
    CarriedHead,
    /// More of the message, or a note.
    Text(&'a str),
    /// Certainly a note.
    Note(&'a str),
    /// A chain's sentence.
    Chain(Relation),
    /// What follows is what the hook that failed should have printed.
    Original,
    /// A member of a group begins.
    EnterMember,
    /// The text of a remote traceback begins.
    EnterFence,
    /// The text of a remote traceback ends whose beginning was not seen.
    FenceEnd,
    /// A fatal error: its name and what it says.
    Fatal(&'static str, &'a str),
    /// Frames of a thread follow; whether it is the one that failed.
    Thread(bool),
    /// Text inside rich's box: a frame's line or a part of one that was wrapped.
    BoxText(&'a str),
    /// A line of the box that shows where a `SyntaxError` is.
    SyntaxText(&'a str),
    /// Blank or source text in rich's box: what was wrapped ends here.
    BoxBreak,
}

/// One line read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Read<'a> {
    pub(super) step: Step,
    /// Chains that end before this line.
    pub(super) leave: usize,
    /// The exception line read before this one was someone else's.
    pub(super) revoke: bool,
    pub(super) act: Act<'a>,
}

impl<'a> Read<'a> {
    fn new(step: Step, act: Act<'a>) -> Read<'a> {
        Read { step, leave: 0, revoke: false, act }
    }
    fn yes(act: Act<'a>) -> Read<'a> {
        Read::new(Step::Yes, act)
    }
    fn no() -> Read<'a> {
        Read::new(Step::No, Act::Skip)
    }
}

/// A traceback being read line by line.
///
/// Lines are given without their wrapper and their logger's header, and without colour.
#[derive(Debug, Clone)]
pub struct Grammar {
    /// Chains around the innermost one, outermost first (groups).
    outer: Vec<Chain>,
    chain: Chain,
    inner: Option<(Holder, Box<Grammar>)>,
    depth: usize,
    logging: bool,
    hook: bool,
    fatal: bool,
    /// Lines that a representation with line breaks may still take.
    repr: u8,
}

impl Grammar {
    /// Starts at a line (wrapper and header removed) that starts a traceback or is one of its
    /// preambles; the header may stand after other text. `None` for any other line.
    pub fn start(line: &str) -> Option<Grammar> {
        Grammar::open(line).map(|(grammar, _)| grammar)
    }

    /// Starts, with the head missing, at a line of a log that begins inside a traceback: a frame,
    /// text indented like source, a chain's sentence, a line with a group's margin or in rich's box,
    /// a thread's line of faulthandler. `None` for any other line.
    ///
    /// Of these only text indented like source is weak evidence: such a start is followed only by
    /// more of the kind, a frame, or an exception line whose class is certain.
    pub fn resume(line: &str) -> Option<Grammar> {
        Grammar::reopen(line).map(|(grammar, _)| grammar)
    }

    /// What the next line is to the traceback. The state advances unless the answer is `No`.
    pub fn next(&mut self, line: &str) -> Step {
        self.read(line).step
    }

    /// Whether the traceback could end here: an exception line has been read, and no group, fence
    /// or panel is open after it.
    pub fn complete(&self) -> bool {
        self.inner.is_none()
            && match self.chain.state {
                State::Message => self.outer.is_empty() && self.chain.margin.is_none(),
                State::Closed | State::Tail | State::Fatal | State::Stacks => true,
                _ => false,
            }
    }

    fn new(chain: Chain) -> Grammar {
        Grammar {
            outer: Vec::new(),
            chain,
            inner: None,
            depth: 0,
            logging: false,
            hook: false,
            fatal: false,
            repr: 0,
        }
    }

    /// `start`, with what the line says.
    pub(super) fn open(line: &str) -> Option<(Grammar, Act<'_>)> {
        let line = line.trim_end();
        let text = line.trim_start();
        let indent = line::indent(line);
        if text.is_empty() {
            return None;
        }
        if boxed::opens_traceback(line) {
            let mut chain = Chain::new(State::Box { locals: false });
            chain.base = indent;
            return Some((Grammar::new(chain), Act::Head));
        }
        if let Some(header) = line::header_in(text) {
            if line::is_escaped(&text[header..]) {
                return Some((
                    Grammar::new(Chain::new(State::Closed)),
                    Act::Escaped(&text[header..]),
                ));
            }
            let mut chain = Chain::new(State::Head);
            // Text before the header tells nothing of its column, but for a group's plus sign.
            match &text[..header] {
                "" | "Exception Group " => chain.base = indent,
                "+ Exception Group " => chain.margin = Some(indent),
                other if other.ends_with("+ Exception Group ") => chain.margin = Some(2),
                _ => {}
            }
            return Some((Grammar::new(chain), Act::Head));
        }
        if line::is_ipython_header(text) {
            return Some((Grammar::new(Chain::new(State::Head)), Act::Head));
        }
        if let Some((name, says)) = preamble::fatal(text) {
            let mut grammar = Grammar::new(Chain::new(State::Fatal));
            grammar.fatal = true;
            return Some((grammar, Act::Fatal(name, says)));
        }
        if let Some(origin) = preamble::preamble(text) {
            let mut grammar = Grammar::new(Chain::new(State::Preamble));
            grammar.logging = origin == Origin::Logging;
            grammar.hook = text == "Error in sys.excepthook:";
            return Some((grammar, Act::Preamble(origin)));
        }
        // The first link of a remote chain has no header of its own.
        if text.trim_end_matches(':').ends_with(CARRIER)
            && let Some(exception) = line::exception_line(text)
            && is_carrier(&exception)
        {
            let mut grammar = Grammar::new(Chain::new(State::Start));
            grammar.chain.base = indent;
            let act = grammar.read_exception(exception).act;
            return Some((grammar, act));
        }
        // The interpreter's word on a file that it cannot compile has no header.
        let frame = line::frame_line(line).filter(|frame| frame.function.is_none())?;
        let mut chain = Chain::new(State::Frame);
        chain.base = indent.saturating_sub(2);
        Some((Grammar::new(chain), Act::Frame(frame)))
    }

    /// `resume`, with what the line says. Of an open group the parser learns by `nested`.
    pub(super) fn reopen(line: &str) -> Option<(Grammar, Act<'_>)> {
        let line = line.trim_end();
        let text = line.trim_start();
        let indent = line::indent(line);
        if let Some(frame) = line::frame_line(line) {
            let mut chain = Chain::new(State::Frame);
            chain.base = indent.saturating_sub(2);
            chain.flat = indent == 0 && !frame.caught;
            chain.numbered = line::has_numbers_below(text);
            return Some((Grammar::new(chain), Act::Frame(frame)));
        }
        if let Some(relation) = line::chain_sentence(text) {
            return Some((Grammar::new(Chain::new(State::Start)), Act::Chain(relation)));
        }
        if let Some(current) = preamble::thread(text) {
            let mut grammar = Grammar::new(Chain::new(State::Stacks));
            grammar.fatal = true;
            return Some((grammar, Act::Thread(current)));
        }
        if let Some(inside) = boxed::inside(line)
            && boxed::frame(inside.trim()).is_some_and(|(_, _, function)| function.is_some())
        {
            let mut chain = Chain::new(State::Box { locals: false });
            chain.base = indent;
            return Some((Grammar::new(chain), Act::BoxText(inside.trim())));
        }
        if let Some((column, rest)) = margin(line)
            && line[column..].starts_with('|')
            && let Some((mut grammar, act)) = Grammar::reopen_in_group(rest)
        {
            grammar.chain.margin = Some(column);
            if column >= 4 {
                let mut group = Chain::new(State::Closed);
                group.margin = Some(column - 2);
                grammar.outer.push(group);
            }
            return Some((grammar, act));
        }
        if line::is_code_like(line) || repeated(text) {
            let mut chain = Chain::new(State::Code);
            chain.unsure = true;
            return Some((Grammar::new(chain), Act::Skip));
        }
        None
    }

    /// A line of a group inside which the log begins: only what cannot be a table's row.
    fn reopen_in_group(rest: &str) -> Option<(Grammar, Act<'_>)> {
        let strong = line::is_frame(rest) || line::chain_sentence(rest).is_some();
        strong.then(|| Grammar::reopen(rest)).flatten()
    }

    /// Chains around the innermost one, which the parser must have open.
    pub(super) fn nested(&self) -> usize {
        self.outer.len() + self.inner.as_ref().map_or(0, |(_, inner)| 1 + inner.nested())
    }

    /// Whether all that was seen is text indented like source: weak evidence (see `resume`).
    pub(super) fn unsure(&self) -> bool {
        self.chain.unsure
    }

    /// `next`, with what the line says.
    pub(super) fn read<'a>(&mut self, line: &'a str) -> Read<'a> {
        let mut after = self.clone();
        let read = after.advance(line.trim_end());
        if read.step != Step::No {
            *self = after;
        }
        read
    }

    fn advance<'a>(&mut self, line: &'a str) -> Read<'a> {
        if self.inner.is_some() {
            self.read_inner(line)
        } else if self.chain.margin.is_some() || !self.outer.is_empty() {
            self.read_grouped(line)
        } else {
            self.read_chain(line)
        }
    }
}

/// Whether an exception only carries the text of another process's traceback, which follows.
fn is_carrier(exception: &line::ExceptionLine<'_>) -> bool {
    exception.message.is_empty() && exception.class.ends_with(CARRIER)
}

/// What the class of such an exception ends with.
const CARRIER: &str = "RemoteTraceback";

/// Whether an exception has the frames and the exception of another process below it, with no header but its own
/// message (`ray::load() (pid=412, ip=10.0.0.2)`; ray/exceptions.py 2.9, RayTaskError).
fn carries_frames(exception: &line::ExceptionLine<'_>) -> bool {
    exception.class.contains("RayTaskError(") && line::is_ray_header(exception.message)
}

/// What opens and closes the text of a remote traceback (multiprocessing, concurrent.futures).
const FENCE: &str = "\"\"\"";

/// Between the traceback of a failed `sys.excepthook` and the one it should have printed.
const ORIGINAL: &str = "Original exception was:";

/// A group's margin: its column, and what stands behind it.
fn margin(line: &str) -> Option<(usize, &str)> {
    let column = line::indent(line);
    let rest = line[column..].strip_prefix(['|', '+'])?;
    Some((column, rest.strip_prefix(' ').unwrap_or(rest)))
}

/// `[Previous line repeated 3 more times]`.
fn repeated(trimmed: &str) -> bool {
    trimmed.starts_with("[Previous line repeated ")
}

/// Whether a line belongs to the tail of a logging error (Lib/logging/__init__.py).
fn is_tail(trimmed: &str) -> bool {
    let starts =
        ["Message: ", "Arguments: ", "Logged from file ", "Unable to print the message and"];
    trimmed == "Call stack:"
        || trimmed == "Use the traceback above to help find the error."
        || starts.iter().any(|start| trimmed.starts_with(start))
}
