mod headers;
mod lines;
mod producers;
mod wrappers;

use super::*;

/// What a line should be read as; fields that do not matter are left at their default.
#[derive(Default)]
struct Want<'s> {
    format: &'s str,
    wrapper: Option<&'s str>,
    time: Option<&'s str>,
    severity: Option<Severity>,
    logger: Option<&'s str>,
    stream: Option<&'s str>,
    pid: Option<u32>,
    thread: Option<&'s str>,
    begins: bool,
    message: &'s str,
}

/// Time as ISO 8601, or as written where it has no date or year.
fn time(record: &Record<'_>) -> Option<String> {
    record.stamp.as_ref().map(|stamp| stamp.iso().unwrap_or_else(|| stamp.raw.clone()))
}

fn check(line: &str, want: &Want<'_>) {
    let record = read_record(line.as_bytes());
    assert_eq!(record.message, want.message, "message of {line:?}\n{record:#?}");
    assert_eq!(record.format.id(), want.format, "format of {line:?}");
    assert_eq!(record.wrapper.map(Format::id), want.wrapper, "wrapper of {line:?}");
    assert_eq!(time(&record).as_deref(), want.time, "time of {line:?}");
    assert_eq!(record.severity, want.severity, "severity of {line:?}");
    assert_eq!(record.logger.as_deref(), want.logger, "logger of {line:?}");
    assert_eq!(record.stream.as_deref(), want.stream, "stream of {line:?}");
    assert_eq!(record.pid, want.pid, "pid of {line:?}");
    assert_eq!(record.thread.as_deref(), want.thread, "thread of {line:?}");
    assert_eq!(record.begins, want.begins, "begins of {line:?}");
}

const DEBUG: Option<Severity> = Some(Severity::Debug);
const INFO: Option<Severity> = Some(Severity::Info);
const WARNING: Option<Severity> = Some(Severity::Warning);
const ERROR: Option<Severity> = Some(Severity::Error);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

/// Line, time, severity, logger, message of records in the family `logging`.
type Row<'s> = (&'s str, Option<&'s str>, Option<Severity>, Option<&'s str>, &'s str);

fn check_rows(format: &str, rows: &[Row<'_>]) {
    for (line, time, severity, logger, message) in rows {
        let record = read_record(line.as_bytes());
        let want = Want {
            format,
            time: *time,
            severity: *severity,
            logger: *logger,
            begins: true,
            message,
            pid: record.pid,
            thread: record.thread.as_deref(),
            ..Want::default()
        };
        check(line, &want);
    }
}
