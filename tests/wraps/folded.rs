//! Logs as tools print and export them that spread an entry over several lines, or put it into a table.

use serde_json::{Value, json};

use super::{Wrap, clock, iso, journal_value};

/// Fixtures that are read otherwise, as in the table of `wrappers.rs`.
pub(crate) const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "rate-limit/answers-degrade",
    "CloudWatch Logs Insights, exported",
    "how long the answers degrade is told by times, and the table's run otherwise than the log's own",
)];

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

/// The fields of a journal's entry, each with its value as JSON.
fn fields(number: usize, line: &[u8]) -> Vec<(&'static str, String)> {
    let micros = 1_791_792_000_000_000_u64 + number as u64 * 100_000;
    vec![
        ("__CURSOR", format!("\"s=1;i={number:x}\"")),
        ("__REALTIME_TIMESTAMP", format!("\"{micros}\"")),
        ("_TRANSPORT", "\"stdout\"".to_owned()),
        ("_PID", "\"412\"".to_owned()),
        ("_HOSTNAME", "\"box\"".to_owned()),
        ("_SYSTEMD_UNIT", "\"bot.service\"".to_owned()),
        ("SYSLOG_IDENTIFIER", "\"bot\"".to_owned()),
        ("PRIORITY", "\"6\"".to_owned()),
        ("MESSAGE", journal_value(line)),
    ]
}

fn entries(lines: &[&[u8]], one: impl Fn(usize, &[u8]) -> String) -> Vec<u8> {
    lines
        .iter()
        .enumerate()
        .map(|(number, line)| one(number, line))
        .collect::<String>()
        .into_bytes()
}

/// A value in a table: in quotes, those in it doubled.
fn cell(line: &[u8]) -> String {
    format!("\"{}\"", text(line).replace('"', "\"\""))
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut out = serde_json::to_vec_pretty(value).unwrap();
    out.push(b'\n');
    out
}

/// Each written from what the tool prints.
pub(crate) const FOLDED: &[Wrap] = &[
    Wrap {
        // systemd, src/shared/logs-show.c
        name: "journalctl -o json-pretty",
        wrap: |lines| {
            entries(lines, |number, line| {
                let fields = fields(number, line);
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("\t\"{name}\" : {value}")).collect();
                format!("{{\n{}\n}}\n", fields.join(",\n"))
            })
        },
    },
    Wrap {
        name: "journalctl -o json-sse",
        wrap: |lines| {
            entries(lines, |number, line| {
                let fields = fields(number, line);
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("data: {{{}}}\n\n", fields.join(","))
            })
        },
    },
    Wrap {
        name: "journalctl -o verbose --all",
        wrap: |lines| {
            let mut out = Vec::new();
            for (number, line) in lines.iter().enumerate() {
                let (h, m, s, tenth) = clock(number);
                let head = format!(
                    "Mon 2026-10-12 {h:02}:{m:02}:{s:02}.{tenth}23456 UTC [s=1;i={number:x};b=6c;m=1;t=1;x=1]\n"
                );
                out.extend_from_slice(head.as_bytes());
                for (name, value) in fields(number, b"") {
                    if !name.starts_with("__") && name != "MESSAGE" {
                        let value = value.trim_matches('"');
                        out.extend_from_slice(format!("    {name}={value}\n").as_bytes());
                    }
                }
                out.extend_from_slice(b"    MESSAGE=");
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            out
        },
    },
    Wrap {
        // https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
        name: "gcloud logging read --format=json",
        wrap: |lines| {
            let entry = |(number, line): (usize, &&[u8])| {
                json!({
                    "insertId": format!("x{number}"),
                    "logName": "projects/p/logs/stderr",
                    "resource": {"labels": {"container_name": "bot"}, "type": "k8s_container"},
                    "textPayload": text(line),
                    "timestamp": iso(number, ".#23456789", "Z"),
                })
            };
            pretty(&lines.iter().enumerate().map(entry).collect())
        },
    },
    Wrap {
        // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
        name: "aws logs filter-log-events",
        wrap: |lines| {
            let entry = |(number, line): (usize, &&[u8])| {
                json!({
                    "logStreamName": "ecs/bot/0f3b5c6a7d",
                    "timestamp": 1_791_792_000_000_u64 + number as u64 * 100,
                    "message": text(line),
                    "ingestionTime": 1_791_792_000_500_u64 + number as u64 * 100,
                })
            };
            let events: Value = lines.iter().enumerate().map(entry).collect();
            pretty(&json!({"events": events, "searchedLogStreams": []}))
        },
    },
    Wrap {
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
        name: "CloudWatch Logs Insights, exported",
        wrap: |lines| {
            let head = &b"@timestamp,@message\n"[..];
            let rows = entries(lines, |number, line| {
                let is_plain = !line.iter().any(|byte| matches!(byte, b',' | b'"'));
                let message = if is_plain { text(line) } else { cell(line) };
                format!("{},{message}\n", iso(number, ".#23", "").replace('T', " "))
            });
            [head, &rows].concat()
        },
    },
    Wrap {
        name: "Datadog, exported",
        wrap: |lines| {
            let head = &b"Date,Host,Service,Message\n"[..];
            let rows = entries(lines, |number, line| {
                format!("\"{}\",\"box\",\"bot\",{}\n", iso(number, ".#23", "Z"), cell(line))
            });
            [head, &rows].concat()
        },
    },
    Wrap {
        name: "Grafana, exported",
        wrap: |lines| {
            let head = &b"\"Time\",\"Line\",\"tsNs\"\n"[..];
            let rows = entries(lines, |number, line| {
                let millis = 1_791_792_000_000_u64 + number as u64 * 100;
                format!("{millis},{},{millis}000000\n", cell(line))
            });
            [head, &rows].concat()
        },
    },
    Wrap {
        name: "the source of a web page",
        wrap: |lines| {
            entries(lines, |_, line| {
                let text = text(line).replace('&', "&amp;").replace('<', "&lt;");
                let text = text.replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
                format!("{text}\n")
            })
        },
    },
];
