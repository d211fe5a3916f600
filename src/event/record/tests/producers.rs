//! Headers of known producers other than `logging`.

use super::*;

#[test]
fn headers_of_known_producers() {
    let at = Some("2026-10-12T09:38:00.123");
    for (line, want) in [
        (
            "2026-10-12 09:38:00,123 - freqtrade.worker - INFO - Bot heartbeat. PID=1",
            Want {
                format: "freqtrade",
                time: at,
                severity: INFO,
                logger: Some("freqtrade.worker"),
                message: "Bot heartbeat. PID=1",
                ..Want::default()
            },
        ),
        (
            "2026-10-12 09:38:00,123 - 77 - hummingbot.core.clock - ERROR - tick failed",
            Want {
                format: "hummingbot",
                time: at,
                severity: ERROR,
                logger: Some("hummingbot.core.clock"),
                pid: Some(77),
                message: "tick failed",
                ..Want::default()
            },
        ),
        (
            "[ERROR | 2026-10-12T09:38:00] order refused",
            Want {
                format: "jesse",
                time: Some("2026-10-12T09:38:00"),
                severity: ERROR,
                message: "order refused",
                ..Want::default()
            },
        ),
        (
            "2026-10-12T09:38:00.123456789Z [WARN] TRADER-001.DataEngine: no bars",
            Want {
                format: "nautilus",
                time: Some("2026-10-12T09:38:00.123456789Z"),
                severity: WARNING,
                logger: Some("TRADER-001.DataEngine"),
                message: "no bars",
                ..Want::default()
            },
        ),
        (
            "2026-10-12 09:38:00 ERROR    Trader[okx]          trader.py:41    order refused",
            Want {
                format: "octobot",
                time: Some("2026-10-12T09:38:00"),
                severity: ERROR,
                logger: Some("Trader[okx]"),
                message: "order refused",
                ..Want::default()
            },
        ),
        (
            " 2026-10-12 09:38:00,123 ERROR cut off",
            Want {
                format: "logging",
                time: at,
                severity: ERROR,
                message: "cut off",
                ..Want::default()
            },
        ),
        (
            "2026-10-12 09:38:00,123 | WARNING | broker.py:poll:12 | low cash",
            Want {
                format: "lumibot",
                time: at,
                severity: WARNING,
                message: "low cash",
                ..Want::default()
            },
        ),
        (
            "2026-10-12 09:38:00.123 | ERROR    | bot.feed:<module>:41 - cut off",
            Want {
                format: "loguru",
                time: at,
                severity: ERROR,
                logger: Some("bot.feed"),
                message: "cut off",
                ..Want::default()
            },
        ),
        (
            "2026-10-12T09:38:00.123Z [error    ] order refused         sym=BTC",
            Want {
                format: "structlog",
                time: Some("2026-10-12T09:38:00.123Z"),
                severity: ERROR,
                message: "order refused         sym=BTC",
                ..Want::default()
            },
        ),
        (
            "[10/12/26 09:38:00] ERROR    order refused                    bot.py:12",
            Want {
                format: "rich",
                time: Some("2026-10-12T09:38:00"),
                severity: ERROR,
                message: "order refused",
                ..Want::default()
            },
        ),
        (
            "[2026-10-12 09:38:00,123: ERROR/ForkPoolWorker-1] Task x raised",
            Want {
                format: "celery",
                time: at,
                severity: ERROR,
                thread: Some("ForkPoolWorker-1"),
                message: "Task x raised",
                ..Want::default()
            },
        ),
        (
            "[2026-10-12 09:38:00 +0000] [19] [ERROR] Worker was sent SIGKILL",
            Want {
                format: "gunicorn",
                time: Some("2026-10-12T09:38:00Z"),
                severity: ERROR,
                pid: Some(19),
                message: "Worker was sent SIGKILL",
                ..Want::default()
            },
        ),
        (
            "INFO:     Started server process [7]",
            Want {
                format: "uvicorn",
                severity: INFO,
                message: "Started server process [7]",
                ..Want::default()
            },
        ),
        (
            "ERROR:      File \"x.py\", line 1",
            Want {
                format: "uvicorn",
                severity: ERROR,
                message: "  File \"x.py\", line 1",
                ..Want::default()
            },
        ),
        (
            "[2026-10-12T09:38:00.123+0000] {taskinstance.py:12} ERROR - Task failed",
            Want {
                format: "airflow",
                time: Some("2026-10-12T09:38:00.123Z"),
                severity: ERROR,
                message: "Task failed",
                ..Want::default()
            },
        ),
        (
            "2026-10-12 09:38:00,123 INFO exited: bot (exit status 1; not expected)",
            Want {
                format: "supervisord",
                time: at,
                severity: INFO,
                message: "exited: bot (exit status 1; not expected)",
                ..Want::default()
            },
        ),
        (
            "2026-10-12 09:38:00 circus[7] [INFO] Arbiter now waiting",
            Want {
                format: "circus",
                time: Some("2026-10-12T09:38:00"),
                severity: INFO,
                logger: Some("circus"),
                pid: Some(7),
                message: "Arbiter now waiting",
                ..Want::default()
            },
        ),
        (
            "Oct 12 09:38:00   File \"x.py\", line 1, in f",
            Want {
                format: "ts",
                time: Some("Oct 12 09:38:00"),
                message: "  File \"x.py\", line 1, in f",
                ..Want::default()
            },
        ),
        (
            "10.0.0.7 - - [06/Oct/2026:14:03:16 +0000] \"POST /hook HTTP/1.1\" 200 2",
            Want {
                format: "access",
                time: Some("2026-10-06T14:03:16Z"),
                message: "10.0.0.7 - - [06/Oct/2026:14:03:16 +0000] \"POST /hook HTTP/1.1\" 200 2",
                ..Want::default()
            },
        ),
        (
            "\u{1b}[32m2026-10-12 09:38:00\u{1b}[0m \u{1b}[1;31mERROR\u{1b}[0m cut off",
            Want {
                format: "logging",
                time: Some("2026-10-12T09:38:00"),
                severity: ERROR,
                message: "cut off",
                ..Want::default()
            },
        ),
    ] {
        check(line, &Want { begins: true, ..want });
    }
}

#[test]
fn error_logs_of_web_servers() {
    for (line, time, severity, message) in [
        (
            "2026/11/26 08:07:05 [error] 79#79: *2 connect() failed (111: Connection refused)",
            "2026-11-26T08:07:05",
            WARNING,
            "79#79: *2 connect() failed (111: Connection refused)",
        ),
        (
            "2026/11/26 08:07:05 [emerg] 79#79: bind() to 0.0.0.0:80 failed (98: Address in use)",
            "2026-11-26T08:07:05",
            CRITICAL,
            "79#79: bind() to 0.0.0.0:80 failed (98: Address in use)",
        ),
        (
            "[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6",
            "2005-12-04T04:47:44",
            WARNING,
            "mod_jk child workerEnv in error state 6",
        ),
        (
            "[Thu Nov 26 08:07:06.654321 2026] [proxy:error] [pid 9:tid 15] AH00957: attempt failed",
            "2026-11-26T08:07:06.654321",
            WARNING,
            "[pid 9:tid 15] AH00957: attempt failed",
        ),
    ] {
        check(
            line,
            &Want {
                format: "access",
                time: Some(time),
                severity,
                begins: true,
                message,
                ..Want::default()
            },
        );
    }
    // A bot that writes its level so means it.
    let record = read_record(b"2026/11/26 08:07:05 [error] order refused: no funds");
    assert_ne!(record.format.id(), "access");
    assert_eq!(record.severity, ERROR);
}
