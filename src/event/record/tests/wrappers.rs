//! What stands before a line that is not its own.

use super::*;

#[test]
fn wrappers_are_taken_off() {
    let docker = "2026-11-23T04:17:00.123456789Z";
    for (line, want) in [
        (
            "bot-1  | tick",
            Want {
                wrapper: Some("docker-compose"),
                stream: Some("bot-1"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "bot-1  |   File \"x.py\", line 1",
            Want {
                wrapper: Some("docker-compose"),
                stream: Some("bot-1"),
                message: "  File \"x.py\", line 1",
                ..Want::default()
            },
        ),
        (
            "bot-1  | ",
            Want { wrapper: Some("docker-compose"), stream: Some("bot-1"), ..Want::default() },
        ),
        (
            "bot-1  | ERROR:root:cut off",
            Want {
                wrapper: Some("docker-compose"),
                stream: Some("bot-1"),
                format: "logging",
                severity: ERROR,
                logger: Some("root"),
                begins: true,
                message: "cut off",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.123456789Z   File \"x.py\", line 1",
            Want {
                wrapper: Some("docker"),
                time: Some(docker),
                message: "  File \"x.py\", line 1",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.123456789Z 2026-11-23 05:17:00,123 INFO up",
            Want {
                wrapper: Some("docker"),
                format: "logging",
                time: Some("2026-11-23T05:17:00.123"),
                severity: INFO,
                begins: true,
                message: "up",
                ..Want::default()
            },
        ),
        (
            r#"{"log":"  File \"x.py\", line 1\n","stream":"stderr","time":"2026-11-23T04:17:00.123456789Z"}"#,
            Want {
                wrapper: Some("docker-json"),
                time: Some(docker),
                message: "  File \"x.py\", line 1",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.123456789Z stderr F KeyError: 'x'",
            Want {
                wrapper: Some("cri"),
                time: Some(docker),
                message: "KeyError: 'x'",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.123456789+00:00 stdout F tick",
            Want { wrapper: Some("cri"), time: Some(docker), message: "tick", ..Want::default() },
        ),
        (
            "Nov 23 04:17:00 vps bot[123]:   File \"x.py\", line 1",
            Want {
                wrapper: Some("journald"),
                time: Some("Nov 23 04:17:00"),
                stream: Some("bot"),
                pid: Some(123),
                message: "  File \"x.py\", line 1",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00+0000 vps bot[123]: tick",
            Want {
                wrapper: Some("journald"),
                time: Some("2026-11-23T04:17:00Z"),
                stream: Some("bot"),
                pid: Some(123),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "Mon 2026-11-23 04:17:00 UTC vps bot.service[123]: tick",
            Want {
                wrapper: Some("journald"),
                time: Some("2026-11-23T04:17:00Z"),
                stream: Some("bot.service"),
                pid: Some(123),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "Nov 23 04:17:00 vps kernel: Out of memory: Killed process 7 (python3)",
            Want {
                wrapper: Some("journald"),
                format: "kernel",
                time: Some("Nov 23 04:17:00"),
                stream: Some("kernel"),
                begins: true,
                message: "Out of memory: Killed process 7 (python3)",
                ..Want::default()
            },
        ),
        (
            r#"{"MESSAGE":"tick","_PID":"41","_SYSTEMD_UNIT":"bot.service","__REALTIME_TIMESTAMP":"1795407420123456"}"#,
            Want {
                wrapper: Some("journald"),
                time: Some("2026-11-23T04:17:00.123456Z"),
                stream: Some("bot.service"),
                pid: Some(41),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            r#"{"MESSAGE":[116,105,99,107],"__REALTIME_TIMESTAMP":"1795407420123456"}"#,
            Want {
                wrapper: Some("journald"),
                time: Some("2026-11-23T04:17:00.123456Z"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "MESSAGE=KeyError: 'x'",
            Want { wrapper: Some("journald"), message: "KeyError: 'x'", ..Want::default() },
        ),
        (
            "<11>Nov 23 04:17:00 vps bot[7]: cut off",
            Want {
                wrapper: Some("syslog"),
                time: Some("Nov 23 04:17:00"),
                severity: ERROR,
                stream: Some("bot"),
                pid: Some(7),
                message: "cut off",
                ..Want::default()
            },
        ),
        (
            "<14>1 2026-11-23T04:17:00Z vps bot 7 - [a@1 k=\"v\\]\"] \u{feff}tick",
            Want {
                wrapper: Some("syslog"),
                time: Some("2026-11-23T04:17:00Z"),
                severity: INFO,
                stream: Some("bot"),
                pid: Some(7),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "0|bot  | tick",
            Want { wrapper: Some("pm2"), stream: Some("bot"), message: "tick", ..Want::default() },
        ),
        (
            "0|bot  | 2026-11-23T04:17:00: tick",
            Want {
                wrapper: Some("pm2"),
                time: Some("2026-11-23T04:17:00"),
                stream: Some("bot"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "04:17:00 web.1   | tick",
            Want {
                wrapper: Some("foreman"),
                time: Some("04:17:00"),
                stream: Some("web.1"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "bot stderr | tick",
            Want {
                wrapper: Some("supervisord"),
                stream: Some("bot"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "2026-11-23 04:17:00 [41] | tick",
            Want {
                wrapper: Some("circus"),
                time: Some("2026-11-23T04:17:00"),
                pid: Some(41),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "Oct 12 09:00:01 2026-10-12 09:00:01,123 INFO up",
            Want {
                wrapper: Some("ts"),
                format: "logging",
                time: Some("2026-10-12T09:00:01.123"),
                severity: INFO,
                begins: true,
                message: "up",
                ..Want::default()
            },
        ),
        (
            "@4000000037c219bf2ef02e94 tick",
            Want {
                wrapper: Some("tai64n"),
                time: Some("1999-08-24T04:04:05.7874925Z"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.1234567Z tick",
            Want {
                wrapper: Some("github-actions"),
                time: Some("2026-11-23T04:17:00.1234567Z"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "run\tStart bot\t2026-11-23T04:17:00.1234567Z tick",
            Want {
                wrapper: Some("github-actions"),
                time: Some("2026-11-23T04:17:00.1234567Z"),
                stream: Some("run"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.123456Z 00O tick",
            Want {
                wrapper: Some("gitlab-ci"),
                time: Some("2026-11-23T04:17:00.123456Z"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "[ 4759.869485] oom_reaper: reaped",
            Want {
                wrapper: Some("kernel"),
                format: "kernel",
                begins: true,
                message: "oom_reaper: reaped",
                ..Want::default()
            },
        ),
        (
            "[Mon Nov 23 04:17:00 2026] oom_reaper: reaped",
            Want {
                wrapper: Some("kernel"),
                format: "kernel",
                time: Some("2026-11-23T04:17:00"),
                begins: true,
                message: "oom_reaper: reaped",
                ..Want::default()
            },
        ),
        (
            "[pod/bot-0/bot] tick",
            Want {
                wrapper: Some("kubectl"),
                stream: Some("bot-0/bot"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "2026-11-23T04:17:00.1234567Z ##[error]Process completed with exit code 1.",
            Want {
                wrapper: Some("github-actions"),
                time: Some("2026-11-23T04:17:00.1234567Z"),
                severity: ERROR,
                message: "Process completed with exit code 1.",
                ..Want::default()
            },
        ),
        (
            "2026-10-06_14:03:44.12345 tick",
            Want {
                wrapper: Some("tai64n"),
                time: Some("2026-10-06T14:03:44.12345"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "1791561950.390123 vps bot[41]: tick",
            Want {
                wrapper: Some("journald"),
                time: Some("2026-10-09T16:05:50.390123Z"),
                stream: Some("bot"),
                pid: Some(41),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "<6>[ 4759.869485] oom_reaper: reaped",
            Want {
                wrapper: Some("kernel"),
                format: "kernel",
                severity: INFO,
                begins: true,
                message: "oom_reaper: reaped",
                ..Want::default()
            },
        ),
        (
            "<11>cut off",
            Want {
                wrapper: Some("syslog"),
                severity: ERROR,
                message: "cut off",
                ..Want::default()
            },
        ),
        (
            "section_start:1795407420:run\r\u{1b}[0Ktick",
            Want { message: "tick", ..Want::default() },
        ),
        (
            "2026-11-23T04:17:00.123456+00:00 app[worker.1]: tick",
            Want {
                wrapper: Some("syslog"),
                time: Some("2026-11-23T04:17:00.123456Z"),
                stream: Some("worker.1"),
                message: "tick",
                ..Want::default()
            },
        ),
        (
            "PM2      | App [bot:0] exited with code [1]",
            Want {
                wrapper: Some("pm2"),
                stream: Some("PM2"),
                message: "App [bot:0] exited with code [1]",
                ..Want::default()
            },
        ),
        (
            "Oct 12 09:00:01 retrying order: 5",
            Want {
                format: "ts",
                time: Some("Oct 12 09:00:01"),
                begins: true,
                message: "retrying order: 5",
                ..Want::default()
            },
        ),
        (
            "Nov 23 04:17:00 vps docker[9]: bot-1  | 2026-11-23 04:17:00,5 - grid - ERROR - cut off",
            Want {
                wrapper: Some("journald"),
                format: "logging",
                time: Some("2026-11-23T04:17:00.5"),
                severity: ERROR,
                logger: Some("grid"),
                stream: Some("bot-1"),
                pid: Some(9),
                begins: true,
                message: "cut off",
                ..Want::default()
            },
        ),
    ] {
        let format = if want.format.is_empty() { "plain" } else { want.format };
        check(line, &Want { format, ..want });
    }
}

#[test]
fn a_wrapper_time_fills_in_where_the_logger_has_no_date() {
    let record = read_record(b"2026-11-23T04:17:00.123456789Z 05:17:00 INFO up");
    assert_eq!(time(&record).as_deref(), Some("2026-11-23T04:17:00.123456789Z"));
    assert!(read_record(b"2026-11-23T04:17:00.123456789Z stdout P half").partial);
}

#[test]
fn what_clients_and_copies_put_before_a_line() {
    for (line, wrapper, message) in [
        (
            "bot-6d5f7c9b4-x2x8z bot   File \"a.py\", line 3",
            Some("kubectl"),
            "  File \"a.py\", line 3",
        ),
        ("re-entry-filled order 17 sent", None, "re-entry-filled order 17 sent"),
        ("2026-10-12T07:00:00.023000+00:00 ecs/bot/0f3b5c6a7d up", Some("cloudwatch"), "up"),
        ("2026-10-12T07:00:00Z {app=\"bot\"} up", Some("loki"), "up"),
        ("2026-10-12T07:00:00Z app[4d891d3f123e89] ams [info]up", Some("syslog"), "up"),
        ("[ 1000.100000] box bot[412]: up", Some("journald"), "up"),
        ("[ 1000.100000] usb 1-1: new device", Some("kernel"), "usb 1-1: new device"),
        (">   File \"a.py\", line 3", Some("quoted"), "  File \"a.py\", line 3"),
        (">> Traceback", Some("quoted"), "Traceback"),
        (">  File \"a.py\", line 3", Some("quoted"), "  File \"a.py\", line 3"),
        (">KeyError: 'k'", Some("quoted"), "KeyError: 'k'"),
        (">>> import ccxt", None, ">>> import ccxt"),
        ("`  File \"a.py\", line 3`", Some("quoted"), "  File \"a.py\", line 3"),
        ("**KeyError: 'k'**", Some("quoted"), "KeyError: 'k'"),
        ("** starting **", None, "** starting **"),
        ("*****", None, "*****"),
        ("|   File \"a.py\", line 3", Some("quoted"), "  File \"a.py\", line 3"),
        ("| KeyError: 'k'", Some("quoted"), "KeyError: 'k'"),
        ("| BTC/USDT |  3 | 0.4 |", None, "| BTC/USDT |  3 | 0.4 |"),
        ("|WARNING|up", None, "|WARNING|up"),
        ("Freqtrade  |   File \"a.py\", line 3", Some("docker-compose"), "  File \"a.py\", line 3"),
        ("Freqtrade  | ", Some("docker-compose"), ""),
        ("Balance  | 100.5", None, "Balance  | 100.5"),
        ("BTC  | bought", None, "BTC  | bought"),
        ("Pair  | Trades |", None, "Pair  | Trades |"),
        ("Warning  | low", None, "Warning  | low"),
        ("`a` and `b`", None, "`a` and `b`"),
        (
            "2026-10-12 07:00:00.123\x1f  File \"a.py\", line 3",
            Some("csv"),
            "  File \"a.py\", line 3",
        ),
        ("1791788400123\x1fup", Some("csv"), "up"),
        ("> File \"a.py\", line 3", None, "> File \"a.py\", line 3"),
        ("    12\tup", Some("quoted"), "up"),
        ("   12\tup", None, "   12\tup"),
        ("      \"  File \\\"a.py\\\", line 3\\n\",", Some("notebook"), "  File \"a.py\", line 3"),
        ("      \"name\": \"stderr\",", None, "      \"name\": \"stderr\","),
    ] {
        let record = read_record(line.as_bytes());
        assert_eq!(record.wrapper.map(Format::id), wrapper, "{line}");
        assert_eq!(record.message, message, "{line}");
    }
}
