//! The grammar of a traceback, one line at a time: a state machine over lines, shared by the event
//! assembler (which asks what a line is) and the parser (which keeps what it says).
//!
//! Three things nest. A *group's* members stand behind margins that count from the same column, so
//! they are kept as a stack of chains (`outer`, `chain`). A *fence* (`"""`) of a remote traceback and
//! a *panel* of rich hold a text of their own, so each has a grammar of its own (`inner`).

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
    /// Faulthandler's stacks.
    Fatal,
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
    /// No frame has been seen yet in a log that begins inside the traceback.
    unsure: bool,
    /// The exception line just read has the shape only (see `ExceptionLine::sure`).
    shape_only: bool,
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
            unsure: false,
            shape_only: false,
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
    /// A frame.
    Frame(FrameLine<'a>),
    /// Source text of the frame before it, trimmed.
    Code(&'a str),
    /// The exception line: class and first line of the message.
    Exception(&'a str, &'a str),
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
                State::Closed | State::Tail | State::Fatal => true,
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
        if let Some(header) = text.find(line::HEADER) {
            let mut chain = Chain::new(State::Head);
            // Text before the header tells nothing of its column, but for a group's plus sign.
            match &text[..header] {
                "" | "Exception Group " => chain.base = indent,
                "+ Exception Group " => chain.margin = Some(indent),
                _ => {}
            }
            return Some((Grammar::new(chain), Act::Head));
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
        if let Some(exception) = line::exception_line(text)
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

    /// `resume`, with what the line says. The parser is told of an open group by `is_nested`.
    pub(super) fn reopen(line: &str) -> Option<(Grammar, Act<'_>)> {
        let line = line.trim_end();
        let text = line.trim_start();
        let indent = line::indent(line);
        if let Some(frame) = line::frame_line(line) {
            let mut chain = Chain::new(State::Frame);
            chain.base = indent.saturating_sub(2);
            chain.flat = indent == 0 && !frame.caught;
            return Some((Grammar::new(chain), Act::Frame(frame)));
        }
        if let Some(relation) = line::chain_sentence(text) {
            return Some((Grammar::new(Chain::new(State::Start)), Act::Chain(relation)));
        }
        if let Some(current) = preamble::thread(text) {
            let mut grammar = Grammar::new(Chain::new(State::Fatal));
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

    /// A line of a group in which the log begins: only what cannot be a table's row.
    fn reopen_in_group(rest: &str) -> Option<(Grammar, Act<'_>)> {
        let strong = line::is_frame(rest) || line::chain_sentence(rest).is_some();
        strong.then(|| Grammar::reopen(rest)).flatten()
    }

    /// Chains around the innermost one, which the parser must have open.
    pub(super) fn nested(&self) -> usize {
        self.outer.len() + self.inner.as_ref().map_or(0, |(_, inner)| 1 + inner.nested())
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

    /// A line while a fence or a panel is open.
    fn read_inner<'a>(&mut self, line: &'a str) -> Read<'a> {
        let text = match self.chain.margin {
            // A fence inside a group: its lines stand behind the group's margin.
            Some(column) => match margin(line) {
                Some((found, rest)) if found == column => rest,
                _ => return Read::no(),
            },
            None => line,
        };
        let Some((holder, inner)) = &mut self.inner else { return Read::no() };
        let leave = inner.nested() + 1;
        let (text, closed) = match holder {
            Holder::Fence => (text, text.trim() == FENCE),
            Holder::Panel => match boxed::inside(text) {
                Some(inside) => (inside, false),
                None if boxed::closes(text.trim_start()) => ("", true),
                None => return Read::no(),
            },
        };
        if closed {
            self.inner = None;
            self.chain.state = State::Closed;
            return Read { leave, ..Read::yes(Act::Skip) };
        }
        let mut read = inner.advance(text);
        if *holder == Holder::Panel || self.chain.margin.is_some() {
            if read.step == Step::No {
                return Read::yes(Act::Skip);
            }
            read.step = Step::Yes;
        }
        read
    }

    /// A line of a group: behind its margin, or what follows the group.
    fn read_grouped<'a>(&mut self, line: &'a str) -> Read<'a> {
        let Some((column, rest)) = margin(line) else {
            if line.trim().is_empty() {
                return Read::new(Step::Gap, Act::Blank);
            }
            let read = self.leave_group(line);
            // CPython 3.11 puts the margin before the first line of a message only.
            if read.step == Step::No && self.chain.state == State::Message {
                return Read::new(Step::Message, Act::Text(line));
            }
            return read;
        };
        if line[column..].starts_with('|') {
            let Some(leave) = self.chains_above(column) else { return Read::no() };
            self.leave(leave);
            let mut read = self.read_chain(rest);
            if matches!(read.step, Step::Message | Step::Gap) {
                read.step = Step::Yes;
            }
            return Read { leave, ..read };
        }
        let ruler = line[column..].trim_start_matches('+');
        if let Some(first) = ruler.strip_prefix("-+-") {
            let Some(leave) = self.chains_above(column) else { return Read::no() };
            if self.outer.len() >= DEPTH {
                return Read::no();
            }
            self.leave(leave);
            self.chain.state = State::Closed;
            let member = member(column + 2, first);
            self.outer.push(std::mem::replace(&mut self.chain, member));
            return Read { leave, ..Read::yes(Act::EnterMember) };
        }
        let Some(above) = self.chains_above(column).filter(|above| *above < self.outer.len())
        else {
            return Read::no();
        };
        let leave = above + 1;
        if ruler.trim_matches('-').is_empty() && ruler.starts_with("---") {
            self.leave(leave);
            self.chain.state = State::Closed;
            if self.outer.is_empty() {
                self.chain.margin = None;
            }
            return Read { leave, ..Read::yes(Act::Skip) };
        }
        if ruler.starts_with("---") {
            self.leave(above);
            self.chain = member(column, ruler);
            return Read { leave, ..Read::yes(Act::EnterMember) };
        }
        Read::no()
    }

    /// A line without a margin after a group: only the chain's next link can be part of it.
    fn leave_group<'a>(&mut self, line: &'a str) -> Read<'a> {
        let follows = line::chain_sentence(line).is_some() || line.trim() == ORIGINAL;
        let tail = self.logging && is_tail(line.trim());
        let read = matches!(self.chain.state, State::Closed | State::Message | State::More);
        if !(read && (follows || tail)) {
            return Read::no();
        }
        let leave = self.outer.len();
        self.leave(leave);
        self.chain.margin = None;
        self.chain.state = State::Closed;
        Read { leave, ..self.read_chain(line) }
    }

    /// How many chains are inside the one whose margin stands in this column.
    fn chains_above(&self, column: usize) -> Option<usize> {
        if self.chain.margin == Some(column) {
            return Some(0);
        }
        self.outer.iter().rev().position(|chain| chain.margin == Some(column)).map(|at| at + 1)
    }

    /// Ends so many chains, innermost first.
    fn leave(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(chain) = self.outer.pop() {
                self.chain = chain;
            }
        }
    }

    /// A line of the innermost chain, its margin removed.
    fn read_chain<'a>(&mut self, line: &'a str) -> Read<'a> {
        if matches!(self.chain.state, State::Box { .. } | State::SyntaxBox) {
            return self.read_box(line);
        }
        let text = line.trim();
        if text.is_empty() {
            let act = if self.chain.state == State::Message { Act::Blank } else { Act::Skip };
            return Read::new(Step::Gap, act);
        }
        if let Some(relation) = line::chain_sentence(text) {
            return self.read_sentence(relation);
        }
        if line::has_header(text) && self.chain.state != State::More {
            return self.read_header(line, text);
        }
        match self.chain.state {
            State::Preamble | State::PreambleStack => self.read_preamble(line, text),
            State::Start | State::Head | State::BoxEnd => self.read_start(line, text),
            State::Frame | State::Code | State::Values => self.read_body(line, text),
            State::Message => self.read_message(line, text),
            State::Closed => self.read_after(text),
            State::Tail => self.read_tail(line, text),
            State::Fatal => self.read_fatal(line, text),
            State::More => Read::yes(Act::Skip),
            State::Box { .. } | State::SyntaxBox => Read::no(),
        }
    }

    fn read_sentence<'a>(&mut self, relation: Relation) -> Read<'a> {
        match self.chain.state {
            State::Preamble | State::PreambleStack | State::Start | State::More => Read::no(),
            _ => {
                self.await_link();
                Read::yes(Act::Chain(relation))
            }
        }
    }

    /// Ready for the next link of the chain.
    fn await_link(&mut self) {
        self.chain.state = State::Start;
        self.chain.unsure = false;
        self.chain.carrier = false;
    }

    fn read_header<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        let expected = match self.chain.state {
            State::Preamble | State::PreambleStack | State::Start | State::Fatal => true,
            // Mid-line text after a chain's sentence would be another record's.
            _ => false,
        };
        if !expected {
            return Read::no();
        }
        let indent = line::indent(line);
        if boxed::opens_traceback(text) {
            self.chain.state = State::Box { locals: false };
        } else if line::is_header(text) {
            self.chain.state = State::Head;
        } else if text.starts_with("+ Exception Group Traceback") && self.chain.margin.is_none() {
            self.chain.state = State::Head;
            self.chain.margin = Some(indent);
            self.chain.base = 0;
            return Read::yes(Act::Head);
        } else {
            return Read::no();
        }
        self.chain.base = indent;
        self.chain.flat = false;
        Read::yes(Act::Head)
    }

    fn read_preamble<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if self.repr > 0 {
            self.repr = if text.ends_with('>') { 0 } else { self.repr - 1 };
            return Read::yes(Act::Skip);
        }
        if preamble::is_context(text) {
            self.repr = if text.contains('<') && !text.ends_with('>') { REPR_LINES } else { 0 };
            return Read::yes(Act::Context(text));
        }
        if text.starts_with(preamble::ASYNCIO_STACK) {
            self.chain.state = State::PreambleStack;
            return Read::yes(Act::Skip);
        }
        if self.chain.state == State::PreambleStack {
            let stack = line::is_frame(text) || line::is_code_like(line);
            return if stack { Read::yes(Act::Skip) } else { Read::no() };
        }
        match line::frame_line(text) {
            Some(frame) => self.read_frame(line, frame),
            None => Read::no(),
        }
    }

    /// A frame's own line, where one may stand.
    fn read_frame<'a>(&mut self, line: &str, frame: FrameLine<'a>) -> Read<'a> {
        let indent = line::indent(line);
        if matches!(self.chain.state, State::Head | State::Start | State::Preamble) && !frame.caught
        {
            // Continuation lines may be indented further than the header of their record.
            self.chain.base = indent.saturating_sub(2);
            self.chain.flat = indent < 2;
        }
        self.chain.state = State::Frame;
        self.chain.unsure = false;
        Read::yes(Act::Frame(frame))
    }

    /// After a header, a chain's sentence or rich's box.
    fn read_start<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(frame) = line::frame_line(text) {
            return self.read_frame(line, frame);
        }
        if self.chain.state == State::BoxEnd && boxed::opens(text) {
            self.chain.state = State::SyntaxBox;
            return Read::yes(Act::BoxBreak);
        }
        if text.starts_with("... (max_group_depth") {
            self.chain.state = State::Closed;
            return Read::yes(Act::Skip);
        }
        let certain = self.chain.state == State::BoxEnd
            || !self.outer.is_empty()
            || (self.depth > 0 && self.chain.state == State::Start);
        if let Some(exception) = line::exception_line(text)
            && (certain || exception.sure && line::indent(line) <= self.chain.base + 1)
        {
            return self.read_exception(exception);
        }
        if self.chain.state == State::Head && line::indent(line) > self.chain.base + 2 {
            // Source text whose frame line was lost.
            return Read::yes(Act::Skip);
        }
        Read::no()
    }

    fn read_exception<'a>(&mut self, exception: line::ExceptionLine<'a>) -> Read<'a> {
        self.chain.state = State::Message;
        self.chain.shape_only = !exception.sure;
        self.chain.carrier = is_carrier(&exception);
        self.chain.unsure = false;
        Read::yes(Act::Exception(exception.class, exception.message))
    }

    /// Among frames and source text.
    fn read_body<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(frame) = line::frame_line(text) {
            return self.read_frame(line, frame);
        }
        let indent = line::indent(line);
        let exception = line::exception_line(text);
        if indent > self.chain.base {
            return self.read_source(text, indent - self.chain.base);
        }
        if self.chain.flat {
            let source = match self.chain.state {
                State::Frame => !exception.is_some_and(|exception| exception.sure),
                _ => line::is_caret(text) || repeated(text),
            };
            if source {
                return self.read_source(text, 4);
            }
        }
        match exception {
            Some(exception) if exception.sure || !self.chain.unsure => {
                self.read_exception(exception)
            }
            _ => Read::no(),
        }
    }

    /// A line indented under a frame: source text, a pointer, values.
    fn read_source<'a>(&mut self, text: &'a str, indent: usize) -> Read<'a> {
        if repeated(text) || line::is_caret(text) || text.starts_with("File \"") {
            // The last is a frame's line that was cut.
            return Read::yes(Act::Skip);
        }
        // Values are never kept: they hold secrets.
        let local = self.chain.state == State::Code && indent == 4 && line::is_local(text);
        if self.chain.state == State::Values || local || line::is_value_mark(text) {
            self.chain.state = State::Values;
            return Read::yes(Act::Skip);
        }
        self.chain.state = State::Code;
        Read::yes(if self.chain.unsure { Act::Skip } else { Act::Code(text) })
    }

    /// After the exception line.
    fn read_message<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(read) = self.read_follower(text) {
            return read;
        }
        if self.chain.carrier {
            self.chain.carrier = false;
            if text == FENCE && self.depth < DEPTH {
                return self.nest(Holder::Fence, Act::EnterFence);
            }
        }
        if text == FENCE {
            // The log begins inside a fence.
            self.chain.state = State::Closed;
            return Read::yes(Act::FenceEnd);
        }
        if Grammar::open(text).is_some() && line::frame_line(text).is_none() {
            return Read::no();
        }
        // A foreign line in the shape of an exception line, and frames go on: it was not one.
        if self.chain.shape_only
            && let Some(frame) = line::frame_line(text)
        {
            self.chain.state = State::Code;
            return Read { revoke: true, ..self.read_frame(line, frame) };
        }
        self.chain.shape_only = false;
        if let Some(note) = text.strip_prefix("[NOTE] ") {
            return Read::yes(Act::Note(note));
        }
        // pydantic's closing line of each error.
        if text.starts_with("For further information visit https://errors.pydantic.dev/") {
            return Read::yes(Act::Text(line));
        }
        Read::new(Step::Message, Act::Text(line))
    }

    /// What may follow a whole exception, apart from its message.
    fn read_follower<'a>(&mut self, text: &'a str) -> Option<Read<'a>> {
        if self.hook && text == ORIGINAL {
            self.hook = false;
            self.await_link();
            return Some(Read::yes(Act::Original));
        }
        if boxed::opens_member(text) && self.depth < DEPTH {
            return Some(self.nest(Holder::Panel, Act::EnterMember));
        }
        if self.fatal && preamble::thread(text).is_some() {
            self.chain.state = State::Fatal;
            return Some(Read::yes(Act::Thread(preamble::thread(text)?)));
        }
        if text == "Stack (most recent call last):" || self.logging && is_tail(text) {
            self.chain.state = State::Tail;
            return Some(Read::yes(Act::Skip));
        }
        None
    }

    fn nest<'a>(&mut self, holder: Holder, act: Act<'a>) -> Read<'a> {
        let mut inner = Grammar::new(Chain::new(State::Start));
        inner.depth = self.depth + 1;
        self.inner = Some((holder, Box::new(inner)));
        Read::yes(act)
    }

    fn read_after<'a>(&mut self, text: &'a str) -> Read<'a> {
        self.read_follower(text).unwrap_or_else(Read::no)
    }

    /// After a logging error, or the stack of `stack_info`.
    fn read_tail<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        let part = line::is_frame(text) || line::is_code_like(line);
        if part || self.logging && is_tail(text) { Read::yes(Act::Skip) } else { Read::no() }
    }

    /// Faulthandler's stacks.
    fn read_fatal<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(current) = preamble::thread(text) {
            return Read::yes(Act::Thread(current));
        }
        if let Some(frame) = line::frame_line(text) {
            return Read::yes(Act::Frame(frame));
        }
        let known = [
            "Python runtime state: ",
            "Extension modules: ",
            "Current thread's C stack trace",
            "<no Python frame>",
            "<cannot get C stack",
            "object ",
            "type: ",
            "refcount",
            "lost sys.stderr",
            "Enable tracemalloc ",
        ];
        if line::indent(line) >= 2 || known.iter().any(|start| text.starts_with(start)) {
            return Read::yes(Act::Skip);
        }
        match line::exception_line(text) {
            Some(exception) if exception.sure => self.read_exception(exception),
            _ => Read::no(),
        }
    }

    fn read_box<'a>(&mut self, line: &'a str) -> Read<'a> {
        let text = line.trim();
        if boxed::closes(text) {
            self.chain.state = State::BoxEnd;
            return Read::yes(Act::BoxBreak);
        }
        let Some(inside) = boxed::inside(text) else { return Read::no() };
        let trimmed = inside.trim();
        if self.chain.state == State::SyntaxBox {
            return Read::yes(if trimmed.is_empty() || trimmed == "▲" {
                Act::Skip
            } else {
                Act::SyntaxText(trimmed)
            });
        }
        if self.chain.state == (State::Box { locals: true }) {
            self.chain.state = State::Box { locals: !boxed::closes(trimmed) };
            return Read::yes(Act::Skip);
        }
        if boxed::opens(trimmed) {
            self.chain.state = State::Box { locals: true };
            return Read::yes(Act::BoxBreak);
        }
        if trimmed.is_empty() || trimmed.starts_with("... ") {
            return Read::yes(Act::BoxBreak);
        }
        Read::yes(match boxed::source_line(inside) {
            Some((true, code)) => Act::Code(code.trim()),
            Some((false, _)) => Act::BoxBreak,
            None => Act::BoxText(trimmed),
        })
    }
}

/// Whether an exception only carries the text of another process's traceback, which follows.
fn is_carrier(exception: &line::ExceptionLine<'_>) -> bool {
    exception.message.is_empty() && exception.class.ends_with("RemoteTraceback")
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

/// A chain that begins under a ruler: `--- 2 ---`, or `--- ... ---` for members left out.
fn member(column: usize, ruler: &str) -> Chain {
    let left_out = ruler.trim_matches('-').trim() == "...";
    let mut chain = Chain::new(if left_out { State::More } else { State::Start });
    chain.margin = Some(column);
    chain
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
