//! Logs whose entries are spread over several lines, as tools print or export them: each entry becomes one line, as it
//! streams by.
//!
//! Known are JSON that was printed over several lines or as an array (`jq .`, `journalctl -o json-pretty`, `gcloud logging
//! read`, `aws logs filter-log-events`), `journalctl -o verbose`, `-o json-sse` and `-o json-seq`, and tables of
//! comma-separated values as the consoles of log stores export them. And a journal's message that is written as a list of
//! numbers, because it has colours, becomes text, in which words can be found.
//!
//! What comes out is as long as what went in and has as many lines, so that places stay true: behind the line that an
//! entry becomes stand lines of filling, which begin with [`FILLER`]. Which form a text has is told by its first lines,
//! and whatever does not fit it is left as it is. Neither depends on how the text was cut.

mod journal;
mod json;
mod table;

use std::io::{self, Read};

use memchr::{memchr, memchr_iter};

use super::chunk::{FIELD_END, FILLER};
use super::peek::{Peek, read_again};
use crate::safe::limits;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// Makes one line of each entry of a text, piece by piece.
#[derive(Debug, Clone, Default)]
pub(super) struct Unfold {
    form: Form,
    /// What came and was not given out: the entry that is not whole yet, and the line that is not.
    held: Vec<u8>,
    /// Length of the whole lines among it, all of one entry.
    seen: usize,
}

/// How the entries of a text look.
#[derive(Debug, Clone, Default)]
enum Form {
    /// Too little is known.
    #[default]
    Unknown,
    /// A line an entry: nothing is to be done.
    Plain,
    Json(json::Pretty),
    Verbose,
    /// `-o json`.
    Entries,
    /// `-o json-sse`.
    Events,
    /// `-o json-seq`.
    Sequence,
    Table(table::Table),
}

/// What a line is to the entry that is open, if one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// An entry begins with it; one that is open ends before it.
    First,
    /// An entry begins with it, and what stands open only held it.
    Inner,
    /// It goes on with the entry.
    More,
    /// The entry ends with it.
    Last,
    /// It is an entry.
    Whole,
    /// It holds nothing: a bracket around entries.
    Bracket,
    /// It is of no entry.
    Other,
}

impl Unfold {
    /// Takes in the next bytes of the text and appends to `out` what is ready.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if matches!(self.form, Form::Plain) {
            out.extend_from_slice(bytes);
            return;
        }
        self.held.extend_from_slice(bytes);
        if matches!(self.form, Form::Unknown) {
            match Form::of(&self.held, false) {
                Some(form) => self.form = form,
                None => return,
            }
        }
        self.unfold(out);
    }

    /// Nothing more comes: appends the rest to `out`.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if matches!(self.form, Form::Unknown) {
            self.form = Form::of(&self.held, true).unwrap_or(Form::Plain);
        }
        // The last line may lack its newline.
        let is_open = !matches!(self.form, Form::Plain) && self.held.len() > self.seen;
        if is_open {
            self.held.push(b'\n');
        }
        self.unfold(out);
        self.give_out(0, self.seen, out);
        if is_open {
            out.pop();
        }
        self.held.clear();
        self.seen = 0;
        self.form.forget();
    }

    /// Whether nothing is to be done.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.form, Form::Plain)
    }

    /// Whether bytes wait for what follows them.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Goes through the lines that are whole.
    fn unfold(&mut self, out: &mut Vec<u8>) {
        if matches!(self.form, Form::Plain) {
            out.append(&mut self.held);
            return;
        }
        // Where the open entry begins, and where the next line does.
        let (mut from, mut at) = (0, self.seen);
        while let Some(newline) = memchr(b'\n', &self.held[at..]) {
            let end = at + newline + 1;
            let part = self.form.part(&self.held[at..end], &self.held[from..at]);
            if matches!(part, Part::First | Part::Whole | Part::Bracket | Part::Other) {
                self.give_out(from, at, out);
                from = at;
            }
            if part == Part::Inner && from < at {
                let lines = memchr_iter(b'\n', &self.held[from..at]).count();
                fill(at - from, lines, out);
                from = at;
            }
            match part {
                Part::First | Part::Inner | Part::More if end - from <= limits::LINE_BYTES => {}
                Part::First | Part::Inner | Part::More | Part::Other => {
                    // Too long for an entry.
                    out.extend_from_slice(&self.held[from..end]);
                    self.form.forget();
                    from = end;
                }
                Part::Last | Part::Whole => {
                    self.give_out(from, end, out);
                    from = end;
                }
                Part::Bracket => {
                    fill(end - from, 1, out);
                    from = end;
                }
            }
            at = end;
        }
        self.held.drain(..from);
        self.seen = at - from;
    }

    /// Appends the entry that is held between two places, as a line or as it is.
    fn give_out(&self, from: usize, to: usize, out: &mut Vec<u8>) {
        let entry = &self.held[from..to];
        if entry.is_empty() {
            return;
        }
        match self.form.line_of(entry) {
            Some(line) if write(&line, entry, out) => {}
            _ => out.extend_from_slice(entry),
        }
    }
}

/// Appends `line` (which may hold newlines) and as much filling as makes it as long as `entry`, with as many newlines.
/// False, and nothing is appended, where there is no room.
fn write(line: &[u8], entry: &[u8], out: &mut Vec<u8>) -> bool {
    let newlines = |bytes: &[u8]| memchr_iter(b'\n', bytes).count();
    let Some(room) = entry.len().checked_sub(line.len() + 1) else { return false };
    let Some(lines) = newlines(entry).checked_sub(newlines(line) + 1) else { return false };
    if lines > room {
        return false;
    }
    out.extend_from_slice(line);
    if lines == 0 {
        out.resize(out.len() + room, b' ');
        out.push(b'\n');
    } else {
        out.push(b'\n');
        fill(room, lines, out);
    }
    true
}

/// Appends so many `lines` of filling, `length` bytes in all: each begins with [`FILLER`] as long as there is room, the
/// first of them first, and what room is left is blanks.
fn fill(length: usize, lines: usize, out: &mut Vec<u8>) {
    let mut marks = length - lines;
    for line in 0..lines {
        if marks > 0 {
            out.push(FILLER);
            marks -= 1;
        }
        if line + 1 == lines {
            out.resize(out.len() + marks, b' ');
        }
        out.push(b'\n');
    }
}

impl Form {
    /// The form of a text that begins with `head`; `None` where that does not tell yet and the text has not `ended`.
    fn of(head: &[u8], ended: bool) -> Option<Form> {
        let head = &head[..head.len().min(limits::SNIFF_BYTES)];
        let mut rest = head;
        // A fence may have been copied with it.
        while let Some(newline) = memchr(b'\n', rest)
            && (rest[..newline].trim_ascii().is_empty() || rest.starts_with(b"```"))
        {
            rest = &rest[newline + 1..];
        }
        let known = |form| {
            if ended || head.len() >= limits::SNIFF_BYTES { Some(Form::Plain) } else { form }
        };
        let text = rest.trim_ascii_start();
        match text {
            [] => return known(None),
            // What begins a line of an ordinary log.
            [b'{', next, ..] if !next.is_ascii_whitespace() => {
                return match line_of(text) {
                    Some((first, _)) if journal::is_entry(first) => Some(Form::Entries),
                    Some(_) => Some(Form::Plain),
                    None => known(None),
                };
            }
            [b'[', next, ..] if !next.is_ascii_whitespace() && *next != b'{' => {
                return Some(Form::Plain);
            }
            [b'0'..=b'9' | b'<' | b'(' | b'-' | b'=' | b'/' | 0x1b | 0x80.., ..] => {
                return Some(Form::Plain);
            }
            _ => {}
        }
        let Some((first, behind)) = line_of(rest) else { return known(None) };
        if let Some(table) = table::Table::of(first) {
            return Some(Form::Table(table));
        }
        if journal::is_event(first) {
            return Some(Form::Events);
        }
        if journal::is_of_sequence(first) {
            return Some(Form::Sequence);
        }
        let (verbose, pretty) = (journal::is_head(first), json::may_begin(first));
        if !verbose && !pretty {
            return Some(Form::Plain);
        }
        if json::is_of_array(first) {
            return Some(Form::Json(json::Pretty::default()));
        }
        let Some((second, _)) = line_of(behind) else { return known(None) };
        Some(if verbose && journal::is_field(second) {
            Form::Verbose
        } else if pretty && json::goes_on(first, second) {
            Form::Json(json::Pretty::default())
        } else {
            Form::Plain
        })
    }

    fn part(&mut self, line: &[u8], open: &[u8]) -> Part {
        match self {
            Form::Json(pretty) => pretty.part(line, open),
            Form::Verbose => journal::part_of_verbose(line, !open.is_empty()),
            Form::Events => journal::part_of_events(line, !open.is_empty()),
            Form::Entries if journal::has_numbers(line) => Part::Whole,
            Form::Sequence if journal::is_of_sequence(line) => Part::Whole,
            Form::Table(table) => table.part(line),
            Form::Unknown | Form::Plain | Form::Entries | Form::Sequence => Part::Other,
        }
    }

    /// The line that an entry becomes.
    fn line_of(&self, entry: &[u8]) -> Option<Vec<u8>> {
        match self {
            Form::Json(_) => json::line_of(entry).map(journal::with_text),
            Form::Verbose => journal::line_of_verbose(entry),
            Form::Entries => Some(journal::with_text(entry.trim_ascii().to_vec())),
            Form::Events => journal::line_of_event(entry).map(journal::with_text),
            Form::Sequence => Some(journal::with_text(entry.get(1..)?.trim_ascii().to_vec())),
            Form::Table(table) => table.line_of(entry),
            Form::Unknown | Form::Plain => None,
        }
    }

    /// The open entry is no more.
    fn forget(&mut self) {
        match self {
            Form::Json(pretty) => pretty.forget(),
            Form::Table(table) => table.forget(),
            _ => {}
        }
    }
}

/// The first line of `text`, newline included, and what is behind it.
fn line_of(text: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr(b'\n', text).map(|newline| text.split_at(newline + 1))
}

/// Whether entries of a text that begins with `head` (its first [`limits::SNIFF_BYTES`], or all of it) are spread over
/// several lines.
pub(super) fn is_folded(head: &[u8]) -> bool {
    !matches!(Form::of(head, true), None | Some(Form::Plain))
}

/// A stream with one line for each entry.
pub(super) struct Unfolded {
    inner: Peek,
    unfold: Unfold,
    raw: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Unfolded {
    /// Reads `inner`, whose entries are spread over several lines.
    pub(super) fn new(inner: Peek) -> Unfolded {
        Unfolded {
            inner,
            unfold: Unfold::default(),
            raw: vec![0; PIECE],
            out: Vec::new(),
            given: 0,
            ended: false,
        }
    }
}

impl Read for Unfolded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() && !self.ended {
            self.given = 0;
            self.out.clear();
            match read_again(&mut self.inner, &mut self.raw)? {
                0 => {
                    self.ended = true;
                    self.unfold.end(&mut self.out);
                }
                n => self.unfold.take(&self.raw[..n], &mut self.out),
            }
        }
        let rest = &self.out[self.given..];
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
