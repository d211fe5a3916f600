//! Wrappers that are a JSON object: Docker's json-file driver and `journalctl -o json`.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use super::Wrapper;
use crate::event::{Format, Severity, Stamp};
use crate::event::{clean, fields};

/// Where Docker cuts a long line in two (moby daemon/logger/copier.go). One that is shorter and has no newline
/// is the last that a process wrote.
pub(super) const CUT: usize = 16 << 10;

/// A line of Docker's json-file driver.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DockerLine {
    log: String,
    #[serde(default)]
    stream: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    #[serde(rename = "attrs")]
    _attrs: Option<Value>,
}

/// The fields of a journal entry that tell something here (systemd.journal-fields(7)).
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "MESSAGE")]
    message: Option<Value>,
    #[serde(rename = "_PID")]
    pid: Option<Value>,
    #[serde(rename = "_SYSTEMD_UNIT")]
    unit: Option<Value>,
    #[serde(rename = "CONTAINER_NAME")]
    container: Option<Value>,
    #[serde(rename = "SYSLOG_IDENTIFIER")]
    identifier: Option<Value>,
    #[serde(rename = "_TRANSPORT")]
    transport: Option<Value>,
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    time: Option<Value>,
}

/// Takes the object off; `None` for JSON of any other kind.
pub(super) fn json(text: &str) -> Option<Wrapper<'_>> {
    // Docker's encoder writes this key first, always.
    if text.starts_with("{\"log\":") {
        return docker(text);
    }
    if ENTRY.find(text.as_bytes()).is_some() {
        return journal(text);
    }
    let is_of_store = STORES.iter().any(|field| field.find(text.as_bytes()).is_some());
    if is_of_store { store(text) } else { None }
}

/// A field that every journal entry has.
static ENTRY: LazyLock<memmem::Finder<'static>> =
    LazyLock::new(|| memmem::Finder::new("\"__REALTIME_TIMESTAMP\""));

/// Fields that entries of CloudWatch and of Google Cloud's log have, and no logger writes.
static STORES: LazyLock<[memmem::Finder<'static>; 2]> = LazyLock::new(|| {
    [memmem::Finder::new("\"ingestionTime\""), memmem::Finder::new("\"textPayload\"")]
});

/// An entry of a log store that holds a line as it was written.
#[derive(Deserialize)]
struct Stored {
    /// CloudWatch (`FilteredLogEvent`).
    message: Option<String>,
    #[serde(rename = "ingestionTime")]
    ingested: Option<Value>,
    /// Google Cloud (`LogEntry`).
    #[serde(rename = "textPayload")]
    text: Option<String>,
    severity: Option<String>,
    timestamp: Option<Value>,
}

fn store(text: &str) -> Option<Wrapper<'_>> {
    let entry: Stored = serde_json::from_str(text).ok()?;
    let (format, line) = match (entry.text, entry.message) {
        (Some(line), _) => (Format::Gcloud, line),
        (None, Some(line)) if entry.ingested.is_some() => (Format::CloudWatch, line),
        _ => return None,
    };
    let mut wrapper = Wrapper::new(format, clean::lines_text(line));
    // What goes to standard error is an error there, whatever it says.
    wrapper.severity = entry.severity.and_then(|word| Severity::of_word(&word));
    Some(wrapper.at(string(entry.timestamp).and_then(|time| Stamp::parse(&time))))
}

fn docker(text: &str) -> Option<Wrapper<'_>> {
    let line: DockerLine = serde_json::from_str(text).ok()?;
    if line.stream.is_empty() && line.time.is_empty() {
        return None;
    }
    let partial = line.log.len() >= CUT && !line.log.ends_with('\n');
    let clean = clean::lines_text(line.log);
    let wrapper = Wrapper { partial, ..Wrapper::new(Format::DockerJson, clean) };
    Some(wrapper.at(Stamp::parse(&line.time)))
}

fn journal(text: &str) -> Option<Wrapper<'_>> {
    let entry: Entry = serde_json::from_str(text).ok()?;
    // A message that is not clean text is written as an array of its bytes.
    let message = match entry.message? {
        Value::String(text) => text.into_bytes(),
        Value::Array(bytes) => bytes
            .iter()
            .map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    let clean = clean::lines_text(String::from_utf8_lossy(&message).into_owned());
    let kernel = entry.transport.as_ref().and_then(Value::as_str) == Some("kernel");
    let mut wrapper = Wrapper { kernel, ..Wrapper::new(Format::Journald, clean) };
    wrapper.pid = string(entry.pid).as_deref().and_then(fields::pid);
    wrapper.stream = string(entry.container)
        .or_else(|| string(entry.unit))
        .or_else(|| string(entry.identifier))
        .map(Cow::Owned);
    wrapper.stamp = string(entry.time).and_then(|micros| {
        let since: i64 = micros.parse().ok()?;
        let nanos = i32::try_from(since.rem_euclid(1_000_000) * 1000).ok()?;
        Stamp::from_epoch(since.div_euclid(1_000_000), nanos, &micros)
    });
    Some(wrapper)
}

fn string(value: Option<Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
