//! Tracebacks in JSON: text, lists of lines, and structlog's dictionaries, as CPython prints them.

use std::fmt::Write;

use serde_json::{Map, Value};

/// Deepest nesting of exception groups that is written out.
const DEPTH: usize = 8;

/// The traceback that `value` holds, as text; `None` where it holds none (`true`, `null`, an id).
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim_ascii().is_empty() && text != "None" => {
            Some(text.clone())
        }
        Value::Array(items) => list(items),
        Value::Object(object) => object_text(object),
        _ => None,
    }
}

/// A list of lines, of pieces of `traceback.format_exception`, or of structlog's stacks.
fn list(items: &[Value]) -> Option<String> {
    if items.first()?.get("exc_type").is_some() {
        let mut out = String::new();
        stacks(items, "", 0, &mut out);
        return Some(out);
    }
    let mut out = String::new();
    for item in items {
        let line = item.as_str()?;
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push('\n');
        }
    }
    Some(out)
}

/// `{"type", "message" or "value", "traceback" or "stacktrace"}`, as hand-made formatters write it.
fn object_text(object: &Map<String, Value>) -> Option<String> {
    let get = |keys: &[&str]| keys.iter().find_map(|key| object.get(*key)).filter(|v| !v.is_null());
    if let Some(stack) = get(&["traceback", "stacktrace", "stack_trace", "stack"]).and_then(text) {
        return Some(stack);
    }
    let class = get(&["type", "class", "name", "exc_type"])?.as_str()?;
    let message = get(&["message", "value", "msg", "args", "exc_value"]);
    Some(match message {
        Some(Value::String(message)) if !message.is_empty() => format!("{class}: {message}"),
        Some(Value::String(_)) | None => class.to_owned(),
        Some(other) => format!("{class}: {other}"),
    })
}

/// structlog's `ExceptionDictTransformer` (structlog/tracebacks.py): a list of stacks, the exception that
/// was raised last first, `is_cause` telling how a stack led to the one before it in the list.
fn stacks(items: &[Value], prefix: &str, depth: usize, out: &mut String) {
    for (index, stack) in items.iter().enumerate().rev() {
        one(stack, prefix, depth, out);
        if index > 0 {
            let direct = stack.get("is_cause").and_then(Value::as_bool).unwrap_or(false);
            let ruler = if direct {
                "The above exception was the direct cause of the following exception:"
            } else {
                "During handling of the above exception, another exception occurred:"
            };
            let _ = writeln!(out, "{prefix}\n{prefix}{ruler}\n{prefix}");
        }
    }
}

fn one(stack: &Value, prefix: &str, depth: usize, out: &mut String) {
    let members = stack.get("exceptions").and_then(Value::as_array).filter(|m| !m.is_empty());
    let group = members.is_some();
    let bar = if group { format!("{prefix}  | ") } else { prefix.to_owned() };
    let frames = stack.get("frames").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if group {
        let _ = writeln!(out, "{prefix}  + Exception Group Traceback (most recent call last):");
    } else if !frames.is_empty() {
        let _ = writeln!(out, "{prefix}Traceback (most recent call last):");
    }
    for frame in frames {
        let part = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or("");
        let line = frame.get("lineno").and_then(Value::as_u64).unwrap_or(0);
        let _ =
            writeln!(out, "{bar}  File \"{}\", line {line}, in {}", part("filename"), part("name"));
        if !part("line").is_empty() {
            let _ = writeln!(out, "{bar}    {}", part("line").trim_ascii());
        }
    }
    let part = |key: &str| stack.get(key).and_then(Value::as_str).unwrap_or("");
    let (class, message) = (part("exc_type"), part("exc_value"));
    let _ = match message {
        "" => writeln!(out, "{bar}{class}"),
        _ => writeln!(out, "{bar}{class}: {message}"),
    };
    for note in stack.get("exc_notes").and_then(Value::as_array).into_iter().flatten() {
        let _ = writeln!(out, "{bar}{}", note.as_str().unwrap_or(""));
    }
    let Some(members) = members.filter(|_| depth < DEPTH) else { return };
    for (index, member) in members.iter().enumerate() {
        let mark = if index == 0 { "+-" } else { "  " };
        let _ = writeln!(out, "{prefix}  {mark}+---------------- {} ----------------", index + 1);
        let inner = format!("{prefix}    | ");
        match member.as_array() {
            Some(items) => stacks(items, &inner, depth + 1, out),
            None => one(member, &inner, depth + 1, out),
        }
    }
    let _ = writeln!(out, "{prefix}    +------------------------------------");
}
