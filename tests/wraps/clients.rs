//! What clients of log stores print, and what becomes of a log that somebody copies.

use super::{Wrap, clock, iso, joined, prefixed};

/// Fixtures that are read otherwise, as in the table of `wrappers.rs`.
pub(crate) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "near-miss/own-config-timeout",
        "a fence in an issue",
        "what stands before the first record hides that the log begins with a start",
    ),
    (
        "network/crash-then-healthy-run",
        "script",
        "what stands before the first record hides that the log begins with a start",
    ),
    (
        "near-miss/own-config-timeout",
        "notebook",
        "what stands before the first record hides that the log begins with a start",
    ),
    (
        "network/crash-then-healthy-run",
        "notebook",
        "what stands before the first record hides that the log begins with a start",
    ),
    ("system/killed-mid-line", "a fence in an issue", "the fence is the last line, and whole"),
    (
        "formats/loguru-json",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "formats/print",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "formats/python-json-logger",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "formats/structlog-dict",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "formats/structlog-json",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "formats/structlog-logfmt",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "formats/structlog-rich",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "near-miss/failing-unit-test",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "other/exception-group-of-two",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
    (
        "system/killed-mid-line",
        "notebook",
        "what closes the list stands behind the log and reads as more of it",
    ),
];

/// Each written from what the client prints.
pub(crate) const CLIENTS: &[Wrap] = &[
    Wrap {
        // stern, cmd/cmd.go: `{{color .PodColor .PodName}} {{color .ContainerColor .ContainerName}} {{.Message}}`
        name: "stern",
        wrap: |lines| prefixed(lines, |_| "bot-6d5f7c9b4-x2x8z bot ".to_owned()),
    },
    Wrap {
        name: "stern in colour",
        wrap: |lines| {
            prefixed(lines, |_| {
                "\x1b[38;5;81mbot-6d5f7c9b4-x2x8z\x1b[0m \x1b[38;5;87mbot\x1b[0m ".to_owned()
            })
        },
    },
    Wrap {
        name: "stern --timestamps",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!("bot-6d5f7c9b4-x2x8z bot {}", iso(number, ".#23456789", "Z "))
            })
        },
    },
    Wrap {
        name: "kubectl logs --prefix",
        wrap: |lines| prefixed(lines, |_| "[pod/bot-6d5f7c9b4-x2x8z/bot] ".to_owned()),
    },
    Wrap {
        name: "docker-compose 1 in colour",
        wrap: |lines| prefixed(lines, |_| "\x1b[36mbot_1    |\x1b[0m ".to_owned()),
    },
    Wrap {
        // systemd, src/shared/logs-show.c
        name: "journalctl -o short-monotonic",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!("[{:5}.{}00000] box bot[412]: ", 1000 + number / 10, number % 10)
            })
        },
    },
    Wrap {
        name: "journalctl -o short-delta",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!(
                    "[{:5}.{}00000 <    0.100000 >] box bot[412]: ",
                    1000 + number / 10,
                    number % 10
                )
            })
        },
    },
    Wrap {
        name: "journalctl -o short-unix",
        wrap: |lines| {
            prefixed(lines, |number| {
                format!("{}.{}00000 box bot[412]: ", 1_791_792_000 + number / 10, number % 10)
            })
        },
    },
    Wrap {
        name: "journalctl -o short-full",
        wrap: |lines| {
            prefixed(lines, |number| {
                let (h, m, s, _) = clock(number);
                format!("Mon 2026-10-12 {h:02}:{m:02}:{s:02} UTC box bot[412]: ")
            })
        },
    },
    Wrap {
        name: "heroku logs",
        wrap: |lines| prefixed(lines, |number| iso(number, ".#23456", "+00:00 app[worker.1]: ")),
    },
    Wrap {
        // flyctl, internal/render/logs.go
        name: "fly logs",
        wrap: |lines| prefixed(lines, |number| iso(number, "", "Z app[4d891d3f123e89] ams [info]")),
    },
    Wrap {
        // aws-cli, awscli/customizations/logs/tail.py
        name: "aws logs tail",
        wrap: |lines| {
            prefixed(lines, |number| iso(number, ".#23000", "+00:00 ecs/bot/0f3b5c6a7d "))
        },
    },
    Wrap {
        // grafana/loki, pkg/logcli/output/default.go
        name: "logcli",
        wrap: |lines| {
            prefixed(lines, |number| iso(number, "", "Z {app=\"bot\", stream=\"stderr\"} "))
        },
    },
    Wrap { name: "quoted", wrap: |lines| prefixed(lines, |_| "> ".to_owned()) },
    Wrap { name: "cat -n", wrap: |lines| prefixed(lines, |number| format!("{:6}\t", number + 1)) },
    Wrap {
        // nbformat 4: a stream's text as a list of lines
        name: "notebook",
        wrap: |lines| {
            let text: Vec<String> =
                lines.iter().map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
            let output =
                serde_json::json!({"name": "stderr", "output_type": "stream", "text": text});
            let cell = serde_json::json!({"cell_type": "code", "outputs": [output], "source": []});
            let book = serde_json::json!({"cells": [cell], "metadata": {}, "nbformat": 4});
            serde_json::to_vec_pretty(&book).unwrap()
        },
    },
    Wrap {
        name: "script",
        wrap: |lines| {
            let mut out = b"Script started on 2026-10-12 07:00:00+00:00 [TERM=\"xterm\"]\r\n\
                \x1b[?2004h\x1b]0;trader@box: ~\x07trader@box:~$ pyt\x08\x08\x08python bot.py\r\n\x1b[?2004l\r"
                .to_vec();
            out.extend(joined(lines, b"\r\n"));
            out
        },
    },
    Wrap { name: "screen -L", wrap: |lines| joined(lines, b"\r\r\n") },
    Wrap {
        name: "a fence in an issue",
        wrap: |lines| [&b"### Log\n\n```\n"[..], &joined(lines, b"\n"), b"```\n"].concat(),
    },
];
