//! Lines that stand before a traceback and tell who printed it.

use super::Origin;
use super::line::FrameLine;

/// What follows a preamble before the traceback's header.
pub(super) const ASYNCIO_STACK: &str = "source_traceback: Object created at";

/// Messages of asyncio's default exception handler other than those of tasks and callbacks
/// (CPython, Lib/asyncio); the loop goes on after each.
const LOOP_MESSAGES: &[&str] = &[
    "Fatal error on transport",
    "Fatal error on SSL",
    "Fatal read error on",
    "Fatal write error on",
    "Fatal error: ",
    "SSL error in data received",
    "SSL handshake failed",
    "Unhandled exception in client_connected_cb",
    "unhandled exception during asyncio.run() shutdown",
];

/// Reads a preamble. `None` for any other line.
///
/// Sources: CPython's Lib/threading.py, Lib/asyncio/{tasks,futures,events,base_events}.py,
/// Lib/multiprocessing/process.py, Lib/logging/__init__.py, Python/errors.c, Python/pythonrun.c,
/// Modules/atexitmodule.c, Modules/faulthandler.c.
pub(super) fn preamble(line: &str) -> Option<Origin> {
    let text = line.trim();
    if text == "--- Logging error ---" {
        return Some(Origin::Logging);
    }
    if text == "Error in sys.excepthook:" {
        return Some(Origin::Plain);
    }
    if let Some(rest) = text.strip_prefix("Exception in thread ") {
        let name = rest.strip_suffix(':')?;
        let name = name.split(" (most likely raised").next().unwrap_or(name);
        return Some(Origin::Thread(name.trim().to_owned()));
    }
    if let Some(rest) = text.strip_prefix("Unhandled exception in thread started by ") {
        return Some(Origin::Thread(rest.trim_end_matches(':').to_owned()));
    }
    if text.ends_with("Task exception was never retrieved")
        || text.ends_with("Future exception was never retrieved")
    {
        return Some(Origin::Task(String::new()));
    }
    if let Some(rest) = text.strip_prefix("Exception in callback ") {
        return Some(Origin::Callback(rest.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("Exception ignored ") {
        let what = rest.split_once(": ").map_or(rest, |(_, what)| what);
        let what = what.strip_prefix("in ").unwrap_or(what);
        return Some(Origin::Ignored(what.trim_end_matches(':').to_owned()));
    }
    if let Some(rest) = text.strip_prefix("Error in atexit._run_exitfuncs") {
        return rest
            .trim_end_matches(':')
            .is_empty()
            .then(|| Origin::Ignored("atexit._run_exitfuncs".into()));
    }
    if let Some(rest) = text.strip_prefix("Process ")
        && let Some(name) = rest.strip_suffix(':')
        && !name.is_empty()
        && !name.contains(char::is_whitespace)
    {
        return Some(Origin::Process(name.to_owned()));
    }
    if LOOP_MESSAGES.iter().any(|message| text.starts_with(message)) {
        return Some(Origin::Callback(text.to_owned()));
    }
    None
}

/// Reads the first line of a fatal error: its name (`Fatal Python error`) and what it says.
pub(super) fn fatal(line: &str) -> Option<(&'static str, &str)> {
    let text = line.trim();
    ["Fatal Python error", "Windows fatal exception"]
        .into_iter()
        .find_map(|name| {
            let rest = text.strip_prefix(name)?.strip_prefix(": ")?;
            Some((name, rest.trim()))
        })
        .or_else(|| {
            // libstdc++ (vterminate.cc) of an exception that C++ code does not catch.
            let rest =
                text.strip_prefix(TERMINATE)?.strip_prefix(" after throwing an instance of '")?;
            Some((TERMINATE, rest.strip_suffix('\'').unwrap_or(rest)))
        })
}

/// What the C++ runtime says first when it ends the process.
const TERMINATE: &str = "terminate called";

/// A frame as pybind11 lists them below an exception that C++ code got from Python, the innermost first:
/// `/srv/bot/feed.py(42): on_tick` (pybind11/pytypes.h 2.13, error_string).
pub(super) fn listed_frame(text: &str) -> Option<FrameLine<'_>> {
    let (place, function) = text.rsplit_once("): ")?;
    let (file, line) = place.rsplit_once('(')?;
    let line = line.parse().ok()?;
    let is_frame = !file.is_empty() && !function.is_empty() && !function.contains(' ');
    is_frame.then_some(FrameLine {
        file,
        line: Some(line),
        function: Some(function),
        caught: false,
    })
}

/// Whether the line names a thread whose frames follow, innermost first (faulthandler), and whether
/// it is the one that failed.
pub(super) fn thread(trimmed: &str) -> Option<bool> {
    let name = trimmed.strip_suffix("(most recent call first):")?;
    match name {
        name if name.starts_with("Current thread's C stack") => None,
        name if name.starts_with("Current thread 0x") => Some(true),
        "Stack " => Some(true),
        name if name.starts_with("Thread 0x") => Some(false),
        _ => None,
    }
}

/// Whether asyncio's default handler prints such a line under its message: `future: <Task …>`.
pub(super) fn is_context(trimmed: &str) -> bool {
    [
        "future: ",
        "task: ",
        "handle: ",
        "protocol: ",
        "transport: ",
        "asyncgen: ",
        "client_session: ",
    ]
    .iter()
    .any(|key| trimmed.starts_with(key))
}

/// The name of a task in `future: <Task finished name='Task-2' coro=<main() done, …> …>`: the name
/// that the bot gave, else the coroutine's, else the one that asyncio gave.
pub(super) fn task_name(context: &str) -> Option<&str> {
    let given = context
        .split_once("name='")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty());
    let coroutine = context
        .split_once("coro=<")
        .map(|(_, rest)| &rest[..rest.find(['(', ' ', '>']).unwrap_or(rest.len())])
        .filter(|name| !name.is_empty());
    let numbered = given
        .and_then(|name| name.strip_prefix("Task-"))
        .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
    if numbered { coroutine.or(given) } else { given.or(coroutine) }
}
