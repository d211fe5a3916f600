//! One examined event, owned: what was found in it and all that later steps need of it.

use crate::detect::{Confirmed, Match, Matcher, Parsed, Step, Which};
use crate::event::{Event, Stamp};
use crate::model::Severity;
use crate::rules::RuleSet;
use crate::source::{Chunk, Place};
use crate::traceback::{Link, Origin, has_header};

use super::evidence::{self, Line};
use super::fingerprint;
use super::{ChainLink, Exception, OwnFrame};

/// One examined event.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Its first line.
    pub place: Place,
    /// Line number of its last line.
    pub last_line: u64,
    /// The winning match, where a rule holds.
    pub matched: Option<Match>,
    /// Marks that its lines carry.
    pub marks: Vec<usize>,
    /// What kind of event it is.
    pub kind: Kind,
    /// The logger's level.
    pub severity: Option<Severity>,
    /// Its time, where it has one.
    pub stamp: Option<Stamp>,
    /// The exception behind it.
    pub exception: Option<Exception>,
    /// The record's first line, wrappers removed, bounded.
    pub message: String,
    /// Lines that prove it.
    pub evidence: Vec<Line>,
    /// Process id of its line, where it carries one.
    pub pid: Option<u32>,
    /// What it is to rules that ask for several events.
    pub steps: Vec<Step>,
    /// The fingerprint of an examined event under the rule of that index, which speaks for it.
    pub fingerprint: Option<(usize, String)>,
}

/// What kind of event a finding is, which tells what died of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A traceback that the interpreter itself wrote: no logger header.
    Died,
    /// A thread, task or child process died of it.
    PartDied,
    /// A traceback under a logger's header.
    Logged,
    /// A traceback of which the interpreter says that it went on.
    Ignored,
    /// A line or record without a traceback.
    Record,
}

impl Kind {
    /// Whether it is a traceback that nothing handled as far as the log tells.
    pub fn is_unhandled(self) -> bool {
        matches!(self, Kind::Died | Kind::PartDied | Kind::Logged)
    }
}

/// Longest message kept.
const MESSAGE_BYTES: usize = 600;

/// Most links of a chain that are reported.
const CHAIN_LINKS: usize = 32;

impl Finding {
    /// Whether nothing was found in the event: no rule, no mark, no traceback.
    pub fn is_nothing(&self) -> bool {
        self.matched.is_none()
            && self.marks.is_empty()
            && self.steps.is_empty()
            && self.kind == Kind::Record
    }

    /// Examines an event.
    pub fn examine(
        matcher: &Matcher<'_>,
        chunk: &Chunk<'_>,
        event: &Event<'_>,
        place: Place,
    ) -> Finding {
        let mut parsed = Parsed::new(event, chunk.bytes);
        parsed.reporter = reporter_start(matcher, &parsed);
        let heard = matcher.announced(&parsed);
        let Confirmed { matches, steps } = matcher.winner(&parsed, &heard);
        let mut matched = matches.into_iter().next();
        if let (Some(matched), Some(Origin::Thread(name))) =
            (&mut matched, parsed.traceback.as_ref().map(|traceback| &traceback.origin))
        {
            matched.captures.entry("thread".to_owned()).or_insert_with(|| name.clone());
        }
        let kind = kind_of(&parsed);
        let which = matched.as_ref().map_or(
            if parsed.links.is_empty() { Which::Message } else { Which::Link(root_of(&parsed)) },
            |matched| matched.which,
        );
        let marks = matcher.marks_of(&parsed, &heard);
        let lines = evidence::choose(&parsed, which, &matcher.roots, chunk, place);
        let last_line = lines.last_line;
        let mut finding = Finding {
            place,
            last_line,
            marks,
            kind,
            severity: event.head.severity,
            stamp: event.head.stamp.clone(),
            exception: exception_of(matcher, &parsed, which),
            message: bounded(parsed.message.lines().next().unwrap_or("")),
            evidence: lines.chosen,
            pid: event.head.pid,
            steps,
            matched,
            fingerprint: None,
        };
        finding.fingerprint = finding
            .rule(matcher.rules)
            .map(|rule| (rule, fingerprint::of(&matcher.rules.rules[rule].id, &finding)));
        finding
    }

    /// Index of the rule that speaks for it: the one that was matched; a traceback that none knows is `other`.
    pub(super) fn rule(&self, rules: &RuleSet) -> Option<usize> {
        match &self.matched {
            Some(matched) => Some(matched.rule),
            None if self.kind.is_unhandled() => rules.position("other/uncaught-exception"),
            None => None,
        }
    }
}

fn kind_of(parsed: &Parsed<'_>) -> Kind {
    let Some(traceback) = &parsed.traceback else { return Kind::Record };
    // Who asks a pool for work that is being shut down comes too late; that is no end of its own
    // (CPython Lib/concurrent/futures/thread.py, submit).
    let is_late = |link: &Link| link.message.contains("cannot schedule new futures after");
    match &traceback.origin {
        _ if !parsed.event.bare && parsed.links.iter().any(is_late) => Kind::Ignored,
        Origin::Thread(_) | Origin::Task(_) | Origin::Process(_) => Kind::PartDied,
        Origin::Callback(_) => Kind::Logged,
        Origin::Ignored(_) => Kind::Ignored,
        // The logger failed, not the bot; what it could not write to matters all the same.
        Origin::Logging => Kind::Logged,
        Origin::Fatal(_) => Kind::Died,
        Origin::Plain if parsed.event.bare => Kind::Died,
        // A time before every line is a wrapper's (`ts`): no logger wrote the head.
        Origin::Plain
            if parsed.event.head.severity.is_none()
                && has_header(parsed.event.head.message.trim()) =>
        {
            Kind::Died
        }
        Origin::Plain => Kind::Logged,
    }
}

/// The link named the cause where no rule holds: the root, unless it only reports.
fn root_of(parsed: &Parsed<'_>) -> usize {
    let shown = parsed.reporter.min(parsed.links.len());
    // The first exception of a chain raised `while handling` is often an ordinary miss (a cache, a
    // default); what was raised last ended the run. An explicit cause is named by its root.
    (0..shown).find(|&index| !parsed.links[index].class.is_empty()).unwrap_or(0)
}

fn exception_of(matcher: &Matcher<'_>, parsed: &Parsed<'_>, which: Which) -> Option<Exception> {
    let chain: Vec<ChainLink> = parsed
        .links
        .iter()
        .rev()
        .take(CHAIN_LINKS)
        .rev()
        .map(|link| ChainLink { class: link.class.clone(), message: link.message.clone() })
        .collect();
    let frame = parsed.own_frame(which, &matcher.roots).map(|frame| OwnFrame {
        file: frame.file.clone(),
        line: frame.line,
        function: frame.function.clone(),
        code: frame.code.clone(),
    });
    let (class, message) = match which {
        Which::Link(index) => {
            let link = parsed.links.get(index)?;
            (link.class.clone(), link.message.clone())
        }
        Which::Inline(index) => {
            let inline = parsed.inline.get(index)?;
            (inline.class.clone(), inline.message.clone())
        }
        Which::Message | Which::Line => match (parsed.links.last(), parsed.inline.first()) {
            (Some(link), _) => (link.class.clone(), link.message.clone()),
            (None, Some(inline)) => (inline.class.clone(), inline.message.clone()),
            (None, None) => return None,
        },
    };
    let chain = if chain.is_empty() {
        vec![ChainLink { class: class.clone(), message: message.clone() }]
    } else {
        chain
    };
    Some(Exception { class, message, frame, chain })
}

/// Index of the first link that was raised while an error reporter (Telegram, Slack …) ran: such links
/// say that the report failed, not what it was about. The number of links where there are none.
fn reporter_start(matcher: &Matcher<'_>, parsed: &Parsed<'_>) -> usize {
    let links = &parsed.links;
    let reports = |link: &Link| {
        matcher.names_reporter(&link.message)
            || link.frames.iter().any(|frame| {
                let is_called = frame.function.as_deref().is_some_and(|f| matcher.is_reporter(f));
                let code = frame.code.as_deref();
                (is_called || code.is_some_and(|code| matcher.names_reporter(code)))
                    && matcher_frame_is_own(matcher, frame)
            })
    };
    let Some(reporting) = links.iter().position(reports) else { return links.len() };
    // The links of the reporter's own chain begin behind the last one that starts in the bot's code.
    let starts_in_bot =
        |link: &Link| link.frames.first().is_some_and(|frame| matcher_frame_is_own(matcher, frame));
    match links[..reporting].iter().rposition(starts_in_bot) {
        Some(before) => before + 1,
        None => links.len(),
    }
}

fn matcher_frame_is_own(matcher: &Matcher<'_>, frame: &crate::traceback::Frame) -> bool {
    crate::traceback::is_own(frame, &matcher.roots)
}

fn bounded(text: &str) -> String {
    let mut end = text.len().min(MESSAGE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
