//! Records that are one JSON object a line: structlog, python-json-logger, loguru's `serialize`, ECS and
//! the like.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::shape::Shape;
use super::{Format, Record, Severity, Stamp, clean};

mod traceback;

type Object = Map<String, Value>;

const MESSAGE: [&str; 6] = ["message", "msg", "event", "text", "log", "textPayload"];
const LEVEL: [&str; 7] =
    ["level", "levelname", "severity", "lvl", "log.level", "level_name", "levelno"];
const TIME: [&str; 10] =
    ["timestamp", "time", "ts", "asctime", "@timestamp", "t", "datetime", "date", "created", "at"];
const LOGGER: [&str; 5] = ["logger", "name", "logger_name", "log.logger", "loggerName"];
const PID: [&str; 3] = ["process", "pid", "process.pid"];
const THREAD: [&str; 6] =
    ["threadName", "thread_name", "thread", "taskName", "processName", "process.thread.name"];
/// Where a traceback is kept, the more telling ones first.
const TRACEBACK: [&str; 11] = [
    "exception",
    "exc_info",
    "exc_text",
    "traceback",
    "stack_trace",
    "stackTrace",
    "stack",
    "stack_info",
    "error.stack_trace",
    "error.stack",
    "exc",
];
/// What `logging` knows of every record and nobody diagnoses by.
const NOISE: [&str; 20] = [
    "args",
    "filename",
    "funcName",
    "func_name",
    "function",
    "line",
    "lineno",
    "module",
    "msecs",
    "pathname",
    "processName",
    "process_name",
    "relativeCreated",
    "created",
    "levelno",
    "taskName",
    "ecs.version",
    "elapsed",
    "file",
    "log.original",
];

/// Reads `text`, one line. `None` where it is not an object, or not a log record: it must have a message
/// and a time, a level or a traceback, so that an exchange's printed answer is not taken for one.
pub(super) fn read(text: &str) -> Option<Record<'static>> {
    if !text.trim_ascii_end().ends_with('}') {
        return None;
    }
    let object: Object = serde_json::from_str(text).ok()?;
    if let (Some(Value::String(text)), Some(Value::Object(record))) =
        (object.get("text"), object.get("record"))
    {
        return Some(loguru(text, record));
    }
    let payload = object.get("jsonPayload").and_then(Value::as_object);
    let (message_key, message) =
        first(payload.unwrap_or(&object), &MESSAGE, |value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Object(_) | Value::Null => None,
            // Some bots log what they were sent.
            other => Some(other.to_string()),
        })?;
    let level = first(&object, &LEVEL, severity)
        .or_else(|| nested(&object, "log").and_then(|log| first(log, &["level"], severity)));
    let time = first(&object, &TIME, stamp);
    let logger = first(&object, &LOGGER, string)
        .or_else(|| nested(&object, "log").and_then(|log| first(log, &["logger"], string)));
    let (trace_key, trace) = match first(&object, &TRACEBACK, traceback::text) {
        Some((key, trace)) => (Some(key), Some(trace)),
        None => (None, nested(&object, "error").and_then(error)),
    };
    if level.is_none() && time.is_none() && trace.is_none() {
        return None;
    }
    let mut shape = Shape::EMPTY;
    for key in
        [Some(message_key), level.as_ref().map(|found| found.0), time.as_ref().map(|found| found.0)]
    {
        // A key is layout: its length and first letter tell those that are known apart.
        shape.add(key.map_or(0, |key| (key.len() as u32) << 8 | u32::from(key.as_bytes()[0])));
    }
    let used = [
        Some(message_key),
        level.as_ref().map(|found| found.0),
        time.as_ref().map(|found| found.0),
        logger.as_ref().map(|found| found.0),
        trace_key,
    ];
    let mut record = Record::plain(Cow::Owned(clean::lines_text(join(message, trace))));
    record.format = Format::Json;
    record.begins = true;
    record.stamp = time.map(|found| found.1);
    record.severity = level.map(|found| found.1);
    record.logger = logger.map(|found| Cow::Owned(found.1));
    record.pid =
        first(&object, &PID, |value| u32::try_from(value.as_u64()?).ok()).map(|found| found.1);
    record.thread = first(&object, &THREAD, string).map(|found| Cow::Owned(found.1));
    record.extra = Cow::Owned(extra(payload.unwrap_or(&object), &used));
    record.shape = shape.value();
    Some(record)
}

/// The first of `keys` for which `read` finds something.
fn first<T>(
    object: &Object,
    keys: &[&'static str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<(&'static str, T)> {
    keys.iter().find_map(|key| object.get(*key).and_then(&read).map(|found| (*key, found)))
}

fn nested<'o>(object: &'o Object, key: &str) -> Option<&'o Object> {
    object.get(key).and_then(Value::as_object)
}

fn string(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn severity(value: &Value) -> Option<Severity> {
    match value {
        Value::String(word) => {
            Severity::of_word(word.trim_ascii()).or_else(|| Severity::of_number(word.parse().ok()?))
        }
        Value::Number(number) => Severity::of_number(number.as_i64()?),
        _ => None,
    }
}

fn stamp(value: &Value) -> Option<Stamp> {
    match value {
        Value::String(text) => Stamp::parse(text),
        // `1791561950.39` has as many digits behind the point as it needs.
        Value::Number(number) => Stamp::parse(&number.to_string()),
        _ => None,
    }
}

/// ECS's `error` object.
fn error(error: &Object) -> Option<String> {
    if let Some((_, stack)) = first(error, &["stack_trace", "stack"], traceback::text) {
        return Some(stack);
    }
    let class = error.get("type").and_then(Value::as_str)?;
    let message = error.get("message").and_then(Value::as_str).unwrap_or("");
    Some(if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") })
}

/// Message and traceback, one below the other, the traceback once.
fn join(message: String, trace: Option<String>) -> String {
    let message = message.trim_end_matches(['\n', '\r']);
    let Some(trace) = trace else { return message.to_owned() };
    let trace = trace.trim_matches(['\n', '\r']);
    match (message.is_empty(), trace.is_empty() || message.contains(trace)) {
        (_, true) => message.to_owned(),
        (true, false) => trace.to_owned(),
        (false, false) => format!("{message}\n{trace}"),
    }
}

/// The fields that are neither used nor noise, as `key=value`.
fn extra(object: &Object, used: &[Option<&str>]) -> String {
    let mut text = String::new();
    for (key, value) in object {
        let known = used.contains(&Some(key.as_str())) || NOISE.contains(&key.as_str());
        if known || value.is_null() {
            continue;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(key);
        text.push('=');
        match value {
            Value::String(value) => text.push_str(value),
            value => {
                let _ = write!(text, "{value}");
            }
        }
    }
    text
}

/// loguru's `serialize=True`: the formatted text, and the record beside it.
fn loguru(text: &str, record: &Object) -> Record<'static> {
    let get = |key: &str, inner: &str| nested(record, key).and_then(|object| object.get(inner));
    let message = record.get("message").and_then(Value::as_str).unwrap_or("");
    // The traceback stands in the formatted text only, behind the message.
    let message = match text.find(message).filter(|_| !message.is_empty()) {
        Some(at) => &text[at..],
        None => text,
    };
    let mut found = Record::plain(Cow::Owned(clean::lines_text(message.to_owned())));
    found.format = Format::Json;
    found.begins = true;
    found.severity =
        get("level", "name").and_then(severity).or_else(|| get("level", "no").and_then(severity));
    found.stamp =
        get("time", "repr").and_then(stamp).or_else(|| get("time", "timestamp").and_then(stamp));
    found.logger = record.get("name").and_then(string).map(Cow::Owned);
    found.pid = get("process", "id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    found.thread = get("thread", "name").and_then(string).map(Cow::Owned);
    if let Some(fields) = nested(record, "extra") {
        found.extra = Cow::Owned(extra(fields, &[]));
    }
    let mut shape = Shape::EMPTY;
    shape.add(u32::from(b'L'));
    found.shape = shape.value();
    found
}

#[cfg(test)]
mod tests;
