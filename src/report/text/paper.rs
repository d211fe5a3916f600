use std::borrow::Cow;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSplitter};

use crate::safe::escape::visible;

/// Prose is not wider than this, however wide the terminal: longer lines are hard to read.
const MEASURE: usize = 100;

/// Narrower than this nothing fits; lines are then simply longer than the terminal.
const NARROWEST: usize = 24;

/// How many rows one log line may fill before it is cut; its head tells what it is.
const ROWS: usize = 4;

/// What is written on, line by line. Everything it is given is made visible first: a report may come
/// from a file that someone else wrote.
pub(super) struct Paper {
    text: String,
    width: usize,
    colour: bool,
}

/// What text is, for its colour. Only colours that read well on dark and on light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Strong,
    Faint,
    Heading,
    Bad,
    Careful,
    Good,
    Place,
    Command,
}

impl Ink {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        match self {
            Ink::Plain => Style::new(),
            Ink::Strong => Style::new().bold(),
            Ink::Faint => Style::new().dimmed(),
            Ink::Heading => Style::new().bold().underline(),
            Ink::Bad => colour(AnsiColor::Red).bold(),
            Ink::Careful => colour(AnsiColor::Yellow).bold(),
            Ink::Good => colour(AnsiColor::Green).bold(),
            Ink::Place => colour(AnsiColor::Cyan),
            Ink::Command => colour(AnsiColor::Blue).bold(),
        }
    }
}

impl Paper {
    pub(super) fn new(width: usize, colour: bool) -> Paper {
        Paper { text: String::new(), width: width.max(NARROWEST), colour }
    }

    pub(super) fn finish(self) -> String {
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.split_inclusive('\n') {
            text.push_str(&no_command(line));
        }
        text
    }

    /// Columns there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn colour(&self) -> bool {
        self.colour
    }

    /// An empty line, unless one is there already or nothing is yet.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line across, between two answers.
    pub(super) fn rule(&mut self) {
        self.gap();
        let line = "─".repeat(self.width.min(MEASURE));
        self.line(&[(Ink::Faint, &line)]);
        self.gap();
    }

    /// The title of a section, with something about it behind.
    pub(super) fn heading(&mut self, title: &str, about: &str) {
        self.gap();
        if about.is_empty() {
            self.line(&[(Ink::Heading, title)]);
            return;
        }
        let about = fit(about, self.width.saturating_sub(title.len() + 2));
        self.line(&[(Ink::Heading, title), (Ink::Plain, "  "), (Ink::Faint, &about)]);
    }

    /// One line of pieces, as long as it is. The pieces must be visible text.
    pub(super) fn line(&mut self, pieces: &[(Ink, &str)]) {
        for &(ink, text) in pieces {
            self.paint(ink, text);
        }
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// Prose, wrapped: `mark` before its first line, as much space before the others.
    pub(super) fn prose(&mut self, mark: (Ink, &str), ink: Ink, text: &str) {
        let text = visible(text);
        let indent = textwrap::core::display_width(mark.1);
        let room = self.width.min(MEASURE).saturating_sub(indent).max(NARROWEST / 2);
        // Not at hyphens: dates, ids and options stay whole.
        let options = Options::new(room).word_splitter(WordSplitter::NoHyphenation);
        let space = " ".repeat(indent);
        for (index, row) in textwrap::wrap(text.trim(), options).into_iter().enumerate() {
            let before = if index == 0 { mark } else { (Ink::Plain, space.as_str()) };
            self.line(&[before, (ink, &row)]);
        }
    }

    /// A numbered line of a log or of source code: the number, a bar, the text wrapped at any character
    /// (log lines are no prose) and cut after a few rows.
    pub(super) fn numbered(&mut self, number: &str, digits: usize, ink: Ink, text: &str) {
        let text = visible(text);
        let room = self.width.saturating_sub(digits + 5).max(NARROWEST / 2);
        let mut rest = text.trim_end();
        for row in 0..ROWS {
            let (mut piece, after) = split_at_width(rest, room);
            let is_cut = row + 1 == ROWS && !after.is_empty();
            if is_cut {
                piece = split_at_width(rest, room - 1).0;
            }
            let number = format!("  {:>digits$} ", if row == 0 { number } else { "" });
            let end = if is_cut { "…" } else { "" };
            self.line(&[
                (Ink::Faint, &number),
                (Ink::Faint, "│ "),
                (ink, piece),
                (Ink::Faint, end),
            ]);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }

    /// A mark in the gutter where lines are left out.
    pub(super) fn skipped(&mut self, digits: usize) {
        let mark = format!("  {:>digits$}", "⋮");
        self.line(&[(Ink::Faint, &mark)]);
    }

    /// A block that is laid out already, such as a table, two columns in.
    pub(super) fn block(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            let line = format!("  {}", line.trim_end());
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn paint(&mut self, ink: Ink, text: &str) {
        let style = ink.style();
        if !self.colour || style.is_plain() || text.is_empty() {
            self.text.push_str(text);
            return;
        }
        // Writing to a `String` cannot fail.
        let _ = write!(self.text, "{style}{text}{style:#}");
    }
}

/// The longest head of `text` that fits `width` columns, and the rest. The head has at least one
/// character, so that cutting comes to an end.
fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > width && at > 0 {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// `text` made visible and cut to `width` columns.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = visible(text);
    let (head, rest) = split_at_width(&text, width);
    if rest.is_empty() {
        return text.into_owned();
    }
    let head = split_at_width(head, width.saturating_sub(1)).0;
    format!("{head}…")
}

/// Text safe to print on one line.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    visible(text)
}
/// A CI system takes a line that begins with `::`, behind blanks or none, for a command to itself. What
/// stands before it, or its first colon, gives way to a backslash, so that columns stay.
fn no_command(line: &str) -> Cow<'_, str> {
    let start = line.len() - line.trim_start().len();
    if !line[start..].starts_with("::") {
        return Cow::Borrowed(line);
    }
    Cow::Owned(match line[..start].char_indices().next_back() {
        Some((at, _)) => format!("{}\\{}", &line[..at], &line[start..]),
        None => format!("\\{}", &line[1..]),
    })
}
