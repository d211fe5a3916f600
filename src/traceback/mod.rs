//! Python tracebacks, from text alone: chains, groups, notes, frames, and whose code a frame is.
//! Knows nothing of logs or files; takes lines from which every prefix was removed.

mod boxed;
mod build;
mod frame;
mod grammar;
mod inline;
mod line;
mod parse;
mod preamble;
#[cfg(test)]
mod tests;

pub use boxed::{closes_box, is_in_box};
pub use frame::{Roots, is_own, own_frame, package, path_parts};
pub use grammar::Grammar;
pub use inline::{Inline, inline_exceptions};
pub use line::{
    ExceptionLine, FrameLine, chain_sentence, exception_line, frame_line, has_header, is_caret,
    is_code_like, is_frame,
};
pub use parse::parse;

/// A parsed traceback: one exception chain and how it reached the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traceback {
    /// The chain, from root cause to the exception that was raised last. Never empty.
    pub links: Vec<Link>,
    /// Who printed it.
    pub origin: Origin,
    /// The log begins inside it: its head, and perhaps earlier links, are missing.
    pub head_missing: bool,
    /// It ends before its exception line: the log or the event was cut there.
    pub tail_missing: bool,
}

/// Who printed a traceback, which tells what died of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nothing stands before it: the interpreter's own last word, `traceback.print_exc()`, or a logger.
    Plain,
    /// `Exception in thread NAME:`; that thread died.
    Thread(String),
    /// `Task exception was never retrieved` / `Future exception was never retrieved`: that task died.
    Task(String),
    /// `Exception in callback …` of an event loop; the loop goes on.
    Callback(String),
    /// `Process NAME:` of multiprocessing; that process died.
    Process(String),
    /// `Exception ignored in: …`: the interpreter went on.
    Ignored(String),
    /// `--- Logging error ---`: the logger failed, the bot went on.
    Logging,
    /// `Fatal Python error: …` with faulthandler's stacks; the interpreter died.
    Fatal(String),
}

/// One exception of a chain, with the frames it went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Class as logged, with its module where the log has it; `SyntaxError` and the like included;
    /// `Fatal Python error` or `Windows fatal exception` for faulthandler's. Empty only where the line
    /// that names it is missing from the log.
    pub class: String,
    /// Message, lines joined with `\n`; empty where there is none. Notes that cannot be told from it
    /// are at its end.
    pub message: String,
    /// Outermost first, as CPython prints them.
    pub frames: Vec<Frame>,
    /// PEP 678 notes, where they can be told from the message; one line each.
    pub notes: Vec<String>,
    /// How it follows from the link before it.
    pub relation: Relation,
    /// Members of an exception group, each a chain of its own.
    pub members: Vec<Vec<Link>>,
    /// Index (into the lines given) of the line that names the class; where that is missing, of the
    /// last line known of this link.
    pub line: usize,
}

/// How a link follows from the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// It is the first.
    Root,
    /// `raise … from …`: the direct cause of this one.
    Cause,
    /// This one was raised while the one before was being handled.
    Context,
    /// The same exception, carried over from another process (`RemoteTraceback`, `_RemoteTraceback`).
    Remote,
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// File as logged.
    pub file: String,
    /// Line in it, where given.
    pub line: Option<u32>,
    /// Function or method, where given.
    pub function: Option<String>,
    /// Source text, trimmed, several lines joined with `\n`; `None` where the log has none.
    pub code: Option<String>,
    /// Index (into the lines given) of the frame's own line.
    pub at: usize,
}

/// What a line is to the traceback before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Part of it.
    Yes,
    /// The exception line has been read; this may be more of its message or a line of someone else.
    /// The caller decides, by whether a record begins here.
    Message,
    /// Blank or a ruler: part of it only if a later line is.
    Gap,
    /// Not part of it.
    No,
}

/// Whether a line may stand inside a traceback: a frame, source text, a chain's sentence.
pub fn looks_inside(line: &str) -> bool {
    Grammar::resume(line).is_some()
}
