//! What a rule's conditions are tried on: each link of a traceback's chain, the record's message, and
//! exceptions that a message names.

use std::borrow::Cow;

use crate::event::Event;
use crate::traceback::{self, Frame, Grammar, Link, Roots, Traceback};

/// An event taken apart for the rules.
#[derive(Debug)]
pub struct Parsed<'e> {
    /// Its traceback, where it has one; its links are in `links`.
    pub traceback: Option<Traceback>,
    /// Links of the traceback in the order in which they are tried: root first, members of a group
    /// before the group.
    pub links: Vec<Link>,
    /// The record's own words, without the traceback.
    pub message: String,
    /// Exceptions that the message names.
    pub inline: Vec<Inline>,
    /// Everything, wrappers removed.
    pub whole: String,
    /// The first line as logged, without colour; empty where it is long.
    pub raw: String,
    /// Links from here on only report what the ones before had raised.
    pub reporter: usize,
    /// For each line of the text the physical line of the event it came from.
    pub origins: Vec<usize>,
    /// The event itself.
    pub event: &'e Event<'e>,
}

/// An exception that a message names in one line.
#[derive(Debug, Clone)]
pub struct Inline {
    /// Its class.
    pub class: String,
    /// Its message.
    pub message: String,
}

/// One thing that a rule's conditions are tried on.
#[derive(Debug, Clone)]
pub struct Subject<'p> {
    /// Which one.
    pub which: Which,
    /// Its text: `Class: message` for an exception.
    pub text: Cow<'p, str>,
    /// The exception's class.
    pub class: Option<&'p str>,
    /// The exception's frames.
    pub frames: &'p [Frame],
}

/// Which part of an event a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// A link of the chain, by its index.
    Link(usize),
    /// An exception named in the message.
    Inline(usize),
    /// The message.
    Message,
    /// The line as logged, with its header: what a supervisor or the kernel says may look like one.
    Line,
}

impl<'e> Parsed<'e> {
    /// Takes an event apart.
    pub fn new(event: &'e Event<'e>, bytes: &[u8]) -> Parsed<'e> {
        let (texts, origins) = event.text_lines();
        let mut traceback = traceback::parse(&texts);
        let mut message = String::new();
        for text in &texts {
            let starts = traceback.is_some()
                && (Grammar::start(text).is_some() || traceback::looks_inside(text));
            if !message.is_empty() {
                message.push('\n');
            }
            // The head of a traceback may stand behind a logger's words on one line.
            let own = if starts { text.split("Traceback (").next().unwrap_or("") } else { text };
            if !starts || own.len() < text.len() {
                message.push_str(own);
            }
            if starts {
                break;
            }
        }
        let whole = texts.join("\n");
        let mut links = Vec::new();
        if let Some(traceback) = &mut traceback {
            flatten(std::mem::take(&mut traceback.links), &mut links, 0);
        }
        let inline = traceback::inline_exceptions(&message)
            .into_iter()
            .map(|found| Inline { class: found.class, message: found.message })
            .collect();
        let reporter = links.len();
        let raw = raw_line(event, bytes);
        Parsed { traceback, links, message, inline, whole, raw, reporter, origins, event }
    }

    /// Subjects in the order in which ties between rules are settled.
    pub fn subjects(&self) -> Vec<Subject<'_>> {
        let mut subjects = Vec::with_capacity(self.links.len() + 2);
        for (index, link) in self.links.iter().take(self.reporter).enumerate() {
            subjects.push(Subject {
                which: Which::Link(index),
                text: Cow::Owned(link_text(link)),
                class: Some(&link.class),
                frames: &link.frames,
            });
        }
        for (index, inline) in self.inline.iter().enumerate() {
            subjects.push(Subject {
                which: Which::Inline(index),
                text: Cow::Owned(class_and_message(&inline.class, &inline.message)),
                class: Some(&inline.class),
                frames: &[],
            });
        }
        if !self.message.trim().is_empty() {
            subjects.push(Subject {
                which: Which::Message,
                text: Cow::Borrowed(&self.message),
                class: None,
                frames: &[],
            });
        }
        if self.has_header() {
            subjects.push(Subject {
                which: Which::Line,
                text: Cow::Borrowed(&self.raw),
                class: None,
                frames: &[],
            });
        }
        subjects
    }

    /// Whether the first line as logged holds more than the message's first line: a header, which what a
    /// supervisor or the kernel says may look like.
    pub fn has_header(&self) -> bool {
        let first = self.message.lines().next().unwrap_or("");
        self.links.is_empty() && self.raw.len() > first.len()
    }

    /// Where a subject stands, in words.
    pub fn place(&self, which: Which) -> String {
        match which {
            Which::Link(at) => {
                let class = self.links.get(at).map_or("", |link| link.class.as_str());
                format!("link {} ({class})", at + 1)
            }
            Which::Inline(at) => {
                let class = self.inline.get(at).map_or("", |inline| inline.class.as_str());
                format!("the {class} that the message names")
            }
            Which::Message => "the message".to_owned(),
            Which::Line => "the line as logged".to_owned(),
        }
    }

    /// The innermost frame of the bot's own code on the way to a subject.
    pub fn own_frame(&self, which: Which, roots: &Roots) -> Option<&Frame> {
        match which {
            Which::Link(index) => traceback::own_frame(&self.links, index, roots),
            Which::Inline(_) | Which::Message | Which::Line => {
                let last = self.links.len().checked_sub(1)?;
                traceback::own_frame(&self.links, last, roots)
            }
        }
    }
}

/// Longest line that is tried with its header.
const RAW_BYTES: usize = 2_000;

/// The event's first line as logged.
fn raw_line(event: &Event<'_>, bytes: &[u8]) -> String {
    let line = event.lines.first().map_or(&[][..], |line| &bytes[line.at..line.end]);
    if line.len() > RAW_BYTES {
        return String::new();
    }
    String::from_utf8_lossy(line).trim().to_owned()
}

/// Most levels of exception groups that are looked into.
const GROUP_DEPTH: usize = 8;

fn flatten(links: Vec<Link>, flat: &mut Vec<Link>, depth: usize) {
    for mut link in links {
        let members = std::mem::take(&mut link.members);
        if depth < GROUP_DEPTH {
            for member in members {
                flatten(member, flat, depth + 1);
            }
        }
        flat.push(link);
    }
}

fn link_text(link: &Link) -> String {
    let mut text = class_and_message(&link.class, &link.message);
    for note in &link.notes {
        text.push('\n');
        text.push_str(note);
    }
    text
}

fn class_and_message(class: &str, message: &str) -> String {
    if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") }
}
