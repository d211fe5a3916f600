//! The lines of one chain: header, frames, source text, exception line, message.

use super::{
    Act, DEPTH, FENCE, Grammar, Holder, ORIGINAL, REPR_LINES, Read, State, carries_frames,
    is_carrier, is_tail, repeated,
};
use crate::traceback::line::{self, FrameLine};
use crate::traceback::{Relation, Step, boxed, preamble};

impl Grammar {
    /// A line of the innermost chain, its margin removed.
    pub(super) fn read_chain<'a>(&mut self, line: &'a str) -> Read<'a> {
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
            State::Fatal | State::Stacks => self.read_fatal(line, text),
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
        } else if line::is_header(text) || line::is_ipython_header(text) {
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
        self.chain.numbered = line::has_numbers_below(line.trim_start());
        self.chain.state = State::Frame;
        self.chain.unsure = false;
        Read::yes(Act::Frame(frame))
    }

    /// After a header, a chain's sentence or rich's box.
    fn read_start<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(frame) = line::frame_line(text) {
            return self.read_frame(line, frame);
        }
        if self.chain.state == State::Start && line::is_ray_header(text) {
            self.chain.state = State::Head;
            return Read::yes(Act::CarriedHead);
        }
        if self.chain.state == State::BoxEnd && boxed::opens(text) {
            self.chain.state = State::SyntaxBox;
            return Read::yes(Act::BoxBreak);
        }
        if line::is_rule(text) {
            return Read::yes(Act::Skip);
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

    pub(super) fn read_exception<'a>(&mut self, exception: line::ExceptionLine<'a>) -> Read<'a> {
        self.chain.state = State::Message;
        self.chain.shape_only = !exception.sure;
        self.chain.one_word = exception.message.is_empty() && !exception.class.contains('.');
        self.chain.carrier = is_carrier(&exception);
        self.chain.unsure = false;
        if carries_frames(&exception) {
            self.chain.state = State::Head;
            self.chain.flat = false;
            return Read::yes(Act::Carrier(exception.class, exception.message));
        }
        Read::yes(Act::Exception(exception.class, exception.message))
    }

    /// Among frames and source text.
    fn read_body<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(frame) = line::frame_line(text) {
            return self.read_frame(line, frame);
        }
        if self.chain.numbered {
            if let Some((number, code)) = line::arrow(text) {
                self.chain.state = State::Code;
                return Read::yes(Act::Arrow(number, code));
            }
            if line::is_numbered(text) {
                return Read::yes(Act::Skip);
            }
        }
        let indent = line::indent(line);
        if indent > self.chain.base {
            return self.read_source(text, indent - self.chain.base);
        }
        let exception = line::exception_line(text);
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
        // A foreign line in the shape of an exception line, and then frames go on or a certain one
        // comes: it was not one.
        if self.chain.shape_only {
            if let Some(frame) = line::frame_line(text) {
                self.chain.state = State::Code;
                return Read { revoke: true, ..self.read_frame(line, frame) };
            }
            // One foreign word between a frame and its source text.
            if self.chain.one_word && line::indent(line) == self.chain.base + 4 {
                self.chain.state = State::Frame;
                self.chain.shape_only = false;
                return Read { revoke: true, ..self.read_source(text, 4) };
            }
            if let Some(exception) = line::exception_line(text).filter(|found| found.sure)
                && line::indent(line) <= self.chain.base
            {
                return Read { revoke: true, ..self.read_exception(exception) };
            }
        }
        self.chain.shape_only = false;
        if let Some(note) = text.strip_prefix("[NOTE] ") {
            return Read::yes(Act::Note(note));
        }
        // pybind11's list of where in Python it was raised.
        if text == "At:" || line::indent(line) == 2 && preamble::listed_frame(text).is_some() {
            return Read::yes(Act::Text(line));
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
            self.chain.state = State::Stacks;
            return Some(Read::yes(Act::Thread(preamble::thread(text)?)));
        }
        if text == "Stack (most recent call last):" || self.logging && is_tail(text) {
            self.chain.state = State::Tail;
            return Some(Read::yes(Act::Skip));
        }
        None
    }

    fn read_after<'a>(&mut self, text: &'a str) -> Read<'a> {
        self.read_follower(text).unwrap_or_else(Read::no)
    }

    /// After a logging error, or the stack of `stack_info`.
    fn read_tail<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if self.logging
            && let Some(frame) = line::frame_line(text)
        {
            return Read::yes(Act::Caller(frame));
        }
        if self.logging && line::is_code_like(line) {
            return Read::yes(Act::CallerCode(text));
        }
        let part = line::is_frame(text) || line::is_code_like(line);
        if part || self.logging && is_tail(text) { Read::yes(Act::Skip) } else { Read::no() }
    }

    /// After a fatal error: what else the interpreter says of it, and faulthandler's stacks.
    fn read_fatal<'a>(&mut self, line: &'a str, text: &'a str) -> Read<'a> {
        if let Some(current) = preamble::thread(text) {
            self.chain.state = State::Stacks;
            return Read::yes(Act::Thread(current));
        }
        if let Some(frame) = line::frame_line(text) {
            return Read::yes(Act::Frame(frame));
        }
        if let Some(what) = text.strip_prefix("what():") {
            // What Python code raised below the C++ code that it was called from.
            let raised = line::exception_line(what.trim()).filter(|exception| exception.sure);
            return Read::yes(raised.map_or(Act::Skip, |exception| {
                Act::Exception(exception.class, exception.message)
            }));
        }
        if let Some(frame) = preamble::listed_frame(text) {
            return Read::yes(Act::Listed(frame));
        }
        let known = [
            "At:",
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
            Some(exception) if exception.sure && self.chain.state == State::Fatal => {
                self.read_exception(exception)
            }
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
