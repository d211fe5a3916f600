//! The grammar's answers put together as a chain of links.

use super::grammar::{Act, Grammar};
use super::line::FrameLine;
use super::{Frame, Link, Origin, Relation, Traceback, boxed, line, parse, preamble};

/// Longest line of a frame put together again from rich's wrapping: a path and a function.
const WRAPPED_BYTES: usize = 8 << 10;

/// What a chain being built is to the one around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outermost,
    Member,
    Fence,
}

/// A chain being built.
struct Part {
    place: Place,
    links: Vec<Link>,
    /// Frames of the link whose exception line is yet to come.
    frames: Vec<Frame>,
    /// How that link follows from the last.
    relation: Relation,
    /// A header or a chain's sentence stands open.
    open: Option<usize>,
    /// The last link only carried a remote traceback over.
    carried: bool,
    /// Exceptions that carry another process's traceback, which is being read, outermost first.
    carriers: Vec<Link>,
    /// Blank lines held back until the message goes on.
    blanks: usize,
    /// A frame's line in rich's box that may go on.
    wrapped: Option<Wrapped>,
}

impl Part {
    fn new(place: Place) -> Part {
        Part {
            place,
            links: Vec::new(),
            frames: Vec::new(),
            relation: Relation::Root,
            open: None,
            carried: false,
            carriers: Vec::new(),
            blanks: 0,
            wrapped: None,
        }
    }

    /// Holds the last link back until what it carries has been read.
    fn carry(&mut self, at: usize) {
        self.carriers.extend(self.links.pop());
        self.open = Some(at);
    }

    /// What was carried is whole: it took place before those that carried it.
    fn settle(&mut self) {
        while let Some(mut carrier) = self.carriers.pop() {
            if !self.links.is_empty() {
                carrier.relation = Relation::Remote;
            }
            self.links.push(carrier);
        }
    }

    fn relation(&mut self) -> Relation {
        let relation = if self.links.is_empty() { Relation::Root } else { self.relation };
        if std::mem::take(&mut self.carried) && !self.links.is_empty() {
            return Relation::Remote;
        }
        relation
    }

    fn push(&mut self, class: &str, message: &str, line: usize) {
        let link = Link {
            class: class.to_owned(),
            message: message.to_owned(),
            frames: std::mem::take(&mut self.frames),
            notes: Vec::new(),
            relation: self.relation(),
            members: Vec::new(),
            line,
        };
        self.links.push(link);
        self.open = None;
        self.blanks = 0;
    }

    /// Ends a link whose exception line never came.
    fn cut(&mut self) {
        let Some(opened) = self.open.take() else { return };
        if !self.frames.is_empty() || self.links.is_empty() {
            let line = self.frames.last().map_or(opened, |frame| frame.at);
            self.push("", "", line);
        }
    }

    fn frame(&mut self, at: usize, frame: FrameLine<'_>) {
        self.open.get_or_insert(at);
        self.frames.push(kept_frame(at, frame));
    }

    fn code(&mut self, text: &str) {
        if let Some(frame) = self.frames.last_mut() {
            match &mut frame.code {
                Some(code) => {
                    code.push('\n');
                    code.push_str(text);
                }
                None => frame.code = Some(text.to_owned()),
            }
        }
    }

    fn text(&mut self, text: &str) {
        let blanks = std::mem::take(&mut self.blanks);
        let Some(link) = self.links.last_mut() else { return };
        if has_whole_message(link) {
            link.notes.push(text.trim().to_owned());
            return;
        }
        // A message may begin on the line after its class.
        if !link.message.is_empty() || blanks > 0 {
            link.message.extend(std::iter::repeat_n('\n', blanks + 1));
        }
        link.message.push_str(text);
    }

    fn box_text(&mut self, at: usize, text: &str) {
        let alone = boxed::frame(text).is_some_and(|(_, _, function)| function.is_some());
        let before = self.wrapped.take().filter(|before| !(before.whole && alone));
        let (at, text) = match before {
            None => (at, text.to_owned()),
            Some(mut before) => {
                if before.whole {
                    self.frames.pop();
                }
                // rich wraps between words, and inside a word that is longer than the line.
                let between = before.text.ends_with(" in") || ends_with_number(&before.text);
                before.text.push_str(if between { " " } else { "" });
                before.text.push_str(text);
                (before.at, before.text)
            }
        };
        let mut whole = false;
        if let Some((file, line, function)) = boxed::frame(&text)
            && function.is_some()
        {
            whole = true;
            self.frame(at, FrameLine { file, line: Some(line), function, caught: false });
        }
        // Longer is no frame's line.
        self.wrapped = (text.len() <= WRAPPED_BYTES).then_some(Wrapped { at, text, whole });
    }

    fn syntax_text(&mut self, at: usize, text: &str) {
        match boxed::frame(text) {
            Some((file, line, None)) if !file.contains(' ') => {
                self.frame(at, FrameLine { file, line: Some(line), function: None, caught: false });
            }
            _ => {
                if self.frames.last().is_some_and(|frame| frame.function.is_none()) {
                    self.code(text);
                }
            }
        }
    }
}

/// A frame's line in rich's box, perhaps wrapped over several.
struct Wrapped {
    /// Index of its first line.
    at: usize,
    text: String,
    /// It reads as a frame already, which is the last one kept.
    whole: bool,
}

fn ends_with_number(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether no line can be added to the message, so that what follows is a note: a `KeyError` shows
/// the representation of its key, a group ends with the number of its members.
fn has_whole_message(link: &Link) -> bool {
    let message = link.message.as_str();
    if link.class == "KeyError" {
        let quote = message.chars().next().filter(|c| matches!(c, '\'' | '"'));
        return message.len() > 1 && quote.is_some_and(|quote| message.ends_with(quote));
    }
    message.ends_with(" sub-exception)") || message.ends_with(" sub-exceptions)")
}

/// A traceback being built.
pub(super) struct Build {
    /// The chain being read, and those around it, outermost first.
    outer: Vec<Part>,
    part: Part,
    origin: Origin,
    first: usize,
    /// The fatal error, with the frames of its thread, innermost first.
    fatal: Option<Link>,
    /// Whether frames go to the fatal error, and whether the failed thread's were found.
    thread: Option<bool>,
    failed_seen: bool,
    /// Links of a failed `sys.excepthook`.
    hook: Vec<Link>,
    /// What called the logger whose handler failed, outermost first.
    callers: Vec<Frame>,
    /// The log is cut inside a traceback in one line.
    cut: bool,
}

impl Build {
    pub(super) fn new(first: usize, nested: usize) -> Build {
        let mut build = Build {
            outer: Vec::new(),
            part: Part::new(Place::Outermost),
            origin: Origin::Plain,
            first,
            fatal: None,
            thread: None,
            failed_seen: false,
            hook: Vec::new(),
            callers: Vec::new(),
            cut: false,
        };
        for _ in 0..nested {
            build.enter(Place::Member);
        }
        build
    }

    fn enter(&mut self, place: Place) {
        self.outer.push(std::mem::replace(&mut self.part, Part::new(place)));
    }

    /// Ends the innermost chain and hands it to the one around it.
    pub(super) fn leave(&mut self) {
        let Some(outer) = self.outer.pop() else { return };
        let mut part = std::mem::replace(&mut self.part, outer);
        part.cut();
        part.settle();
        if part.links.is_empty() {
            return;
        }
        let line = part.links.last().map_or(self.first, |link| link.line);
        let around = &mut self.part;
        match part.place {
            Place::Fence => {
                // The carrier has no say of its own: what it carried takes its place.
                if let Some(carrier) = around.links.pop()
                    && let Some(first) = part.links.first_mut()
                {
                    first.relation = carrier.relation;
                }
                around.links.append(&mut part.links);
                around.carried = true;
            }
            Place::Member | Place::Outermost => {
                if around.links.is_empty() {
                    // The log begins inside the group: nothing is known of the group itself.
                    around.push("", "", line);
                }
                if let Some(group) = around.links.last_mut() {
                    group.members.push(part.links);
                }
            }
        }
    }

    /// Takes back the last exception line: it was someone else's.
    pub(super) fn revoke(&mut self) {
        if let Some(link) = self.part.links.pop() {
            self.part.frames = link.frames;
            self.part.relation = link.relation;
            self.part.carried = link.relation == Relation::Remote;
            self.part.open = Some(link.line);
        }
    }

    pub(super) fn act(&mut self, at: usize, act: Act<'_>) {
        if !matches!(act, Act::Blank | Act::Text(_)) {
            self.part.blanks = 0;
        }
        if !matches!(act, Act::BoxText(_) | Act::Blank) {
            self.part.wrapped = None;
        }
        match act {
            Act::Skip | Act::BoxBreak => {}
            Act::Blank => self.part.blanks += 1,
            Act::Preamble(origin) => self.origin = origin,
            Act::Context(text) => {
                if let Origin::Task(name) = &mut self.origin
                    && let Some(found) = preamble::task_name(text)
                    && name.is_empty()
                {
                    found.clone_into(name);
                }
            }
            Act::Head => {
                self.thread = None;
                self.part.settle();
                self.part.open.get_or_insert(at);
            }
            Act::CarriedHead => {
                self.part.open.get_or_insert(at);
            }
            Act::Carrier(class, message) => {
                self.part.push(class, message, at);
                self.part.carry(at);
            }
            Act::Escaped(text) => self.escaped(at, text),
            Act::Frame(frame) => match (self.thread, &mut self.fatal) {
                (Some(kept), Some(fatal)) => {
                    if kept {
                        fatal.frames.push(kept_frame(at, frame));
                    }
                }
                _ => self.part.frame(at, frame),
            },
            Act::Listed(frame) => {
                if let Some(link) = self.part.links.last_mut() {
                    link.frames.insert(0, kept_frame(at, frame));
                }
            }
            Act::Code(text) => self.part.code(text),
            Act::Arrow(number, text) => {
                if let Some(frame) = self.part.frames.last_mut() {
                    frame.line.get_or_insert(number);
                }
                self.part.code(text);
            }
            Act::Caller(frame) => self.callers.push(kept_frame(at, frame)),
            Act::CallerCode(text) => {
                if let Some(frame) = self.callers.last_mut() {
                    frame.code.get_or_insert_with(|| text.to_owned());
                }
            }
            Act::Exception(class, message) => self.part.push(class, message, at),
            Act::Text(text) => self.part.text(text),
            Act::Note(text) => {
                if let Some(link) = self.part.links.last_mut() {
                    link.notes.push(text.to_owned());
                }
            }
            Act::Chain(relation) => {
                self.part.cut();
                self.part.relation = relation;
                self.part.open = Some(at);
            }
            Act::Original => {
                self.part.cut();
                self.hook = std::mem::take(&mut self.part.links);
                self.part.open = Some(at);
            }
            Act::EnterMember => self.enter(Place::Member),
            Act::FenceEnd => self.part.carried = true,
            Act::EnterFence => self.enter(Place::Fence),
            Act::Fatal(class, message) => {
                self.origin = Origin::Fatal(message.to_owned());
                self.fatal = Some(fatal_link(class, message, at));
            }
            Act::Thread(current) => self.thread(at, current),
            Act::BoxText(text) => self.part.box_text(at, text),
            Act::SyntaxText(text) => self.part.syntax_text(at, text),
        }
    }

    /// A whole traceback in one line: all that is known of it stands in that line.
    fn escaped(&mut self, at: usize, text: &str) {
        let lines = line::unescaped(text);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if let Some(traceback) = parse(&lines) {
            self.part.links = traceback.links;
            self.cut |= traceback.tail_missing;
            move_to(&mut self.part.links, at);
        }
    }

    /// Frames of a thread follow. Those of the thread that failed are kept, else those of the first.
    fn thread(&mut self, at: usize, current: bool) {
        if self.fatal.is_none() {
            self.origin = Origin::Fatal(String::new());
        }
        let fatal = self.fatal.get_or_insert_with(|| fatal_link("", "", at));
        let keep = if current { !self.failed_seen } else { self.thread.is_none() };
        if current && keep {
            fatal.frames.clear();
        }
        self.failed_seen |= current;
        self.thread = Some(keep);
    }

    pub(super) fn finish(mut self, resumed: bool, grammar: &Grammar) -> Option<Traceback> {
        while !self.outer.is_empty() {
            self.leave();
        }
        // After a chain's sentence alone there is nothing to say of the next link.
        if !(self.part.frames.is_empty() && self.part.links.is_empty() && resumed) {
            self.part.cut();
        }
        self.part.settle();
        let mut links = Vec::with_capacity(self.part.links.len());
        for mut link in self.part.links {
            if let Some(told) = told_by_pybind(&link) {
                link.relation = Relation::Cause;
                links.push(told);
            }
            links.push(link);
        }
        // `logging` shows its handler's frames and those that called it apart; they were one stack.
        if let Some(last) = links.last_mut() {
            last.frames.splice(..0, self.callers);
        }
        if !self.hook.is_empty() {
            if let Some(first) = self.hook.first_mut()
                && !links.is_empty()
            {
                first.relation = Relation::Context;
            }
            links.append(&mut self.hook);
        }
        if let Some(mut fatal) = self.fatal {
            fatal.frames.reverse();
            if !links.is_empty() {
                fatal.relation = Relation::Context;
            }
            links.push(fatal);
        }
        let tail_missing = self.cut || !grammar.complete() || links.last().is_some_and(is_cut_name);
        // Begun at the place of a `SyntaxError`, but it is no such error.
        let misread = links.first().is_some_and(|link| {
            link.frames.first().is_some_and(|frame| frame.at == self.first)
                && !is_syntax_error(link)
        });
        let head_missing = resumed || misread;
        (!links.is_empty()).then_some(Traceback {
            links,
            origin: self.origin,
            head_missing,
            tail_missing,
        })
    }
}

/// Lets every index point to one line.
fn move_to(links: &mut [Link], at: usize) {
    for link in links {
        link.line = at;
        link.frames.iter_mut().for_each(|frame| frame.at = at);
        link.members.iter_mut().for_each(|member| move_to(member, at));
    }
}

fn kept_frame(at: usize, frame: FrameLine<'_>) -> Frame {
    Frame {
        file: frame.file.to_owned(),
        line: frame.line,
        function: frame.function.map(str::to_owned),
        code: None,
        at,
    }
}

/// The exception that C++ code got from Python, which pybind11 puts with its frames into the message of its own.
fn told_by_pybind(link: &Link) -> Option<Link> {
    let (raised, listed) = link.message.split_once("\n\nAt:\n")?;
    let raised = line::exception_line(raised.lines().next()?).filter(|found| found.sure)?;
    let frames = listed.lines().map_while(|text| preamble::listed_frame(text.trim()));
    let mut frames: Vec<Frame> = frames.map(|frame| kept_frame(link.line, frame)).collect();
    frames.reverse();
    (!frames.is_empty()).then(|| Link {
        class: raised.class.to_owned(),
        message: raised.message.to_owned(),
        frames,
        notes: Vec::new(),
        relation: link.relation,
        members: Vec::new(),
        line: link.line,
    })
}

fn fatal_link(class: &str, message: &str, line: usize) -> Link {
    Link {
        class: class.to_owned(),
        message: message.to_owned(),
        frames: Vec::new(),
        notes: Vec::new(),
        relation: Relation::Root,
        members: Vec::new(),
        line,
    }
}

fn is_syntax_error(link: &Link) -> bool {
    ["SyntaxError", "IndentationError", "TabError"].iter().any(|name| link.class.ends_with(name))
}

/// Whether the line that names the class was cut inside the name: `requests.exceptions.ConnectionErr`.
fn is_cut_name(link: &Link) -> bool {
    let cut = |end: &str| (3..end.len()).any(|n| link.class.ends_with(&end[..n]));
    link.message.is_empty() && (cut("Error") || cut("Exception"))
}
