use proptest::prelude::*;

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

#[test]
fn headers_of_the_logging_module() {
    check_rows(
        "logging",
        &[
            (
                "2026-10-12 09:38:00,123 - grid - ERROR - order refused - code -2010",
                Some("2026-10-12T09:38:00.123"),
                ERROR,
                Some("grid"),
                "order refused - code -2010",
            ),
            (
                "2026-10-12 09:38:00,123 ERROR grid: order refused",
                Some("2026-10-12T09:38:00.123"),
                ERROR,
                Some("grid"),
                "order refused",
            ),
            (
                "2026-10-12 09:38:00.5 INFO  tick 12",
                Some("2026-10-12T09:38:00.5"),
                INFO,
                None,
                "tick 12",
            ),
            (
                "2026-10-12 09:38:00,123 [INFO] mm: up",
                Some("2026-10-12T09:38:00.123"),
                INFO,
                Some("mm"),
                "up",
            ),
            (
                "2026-10-12 09:38:00 INFO: ledger opened",
                Some("2026-10-12T09:38:00"),
                INFO,
                None,
                "ledger opened",
            ),
            (
                "2026-10-12T09:38:00.975Z [MainThread] INFO bot.py:15 grid up",
                Some("2026-10-12T09:38:00.975Z"),
                INFO,
                None,
                "grid up",
            ),
            (
                "2026-10-12T09:38:00+02:00 WARNING low margin",
                Some("2026-10-12T09:38:00+02:00"),
                WARNING,
                None,
                "low margin",
            ),
            (
                "2026-10-12 09:38:00 +0530 WARNING low margin",
                Some("2026-10-12T09:38:00+05:30"),
                WARNING,
                None,
                "low margin",
            ),
            (
                "1791797880.5 E order refused",
                Some("2026-10-12T09:38:00.5Z"),
                ERROR,
                None,
                "order refused",
            ),
            (
                "2026-10-12 09:38:00 UTC WARNING low margin",
                Some("2026-10-12T09:38:00Z"),
                WARNING,
                None,
                "low margin",
            ),
            (
                "2026-10-12 09:38:00,123,INFO,main,grid up",
                Some("2026-10-12T09:38:00.123"),
                INFO,
                Some("main"),
                "grid up",
            ),
            (
                "2026-10-12 09:38:00,123:INFO:dca_bot:20:dca up",
                Some("2026-10-12T09:38:00.123"),
                INFO,
                Some("dca_bot"),
                "dca up",
            ),
            (
                "INFO:2026-10-12 09:38:00,123:arb:loaded",
                Some("2026-10-12T09:38:00.123"),
                INFO,
                Some("arb"),
                "loaded",
            ),
            (
                "E 2026-10-12 09:38:00,123 boom",
                Some("2026-10-12T09:38:00.123"),
                ERROR,
                None,
                "boom",
            ),
            (
                "1791561950.390|41|W|pool.http|retrying",
                Some("2026-10-09T16:05:50.39Z"),
                WARNING,
                Some("pool.http"),
                "retrying",
            ),
            ("1791561950.390 INFO up", Some("2026-10-09T16:05:50.39Z"), INFO, None, "up"),
            ("1791561950390 INFO up", Some("2026-10-09T16:05:50.39Z"), INFO, None, "up"),
            (
                "[20261012-09:38:00][INFO][momentum] up",
                Some("2026-10-12T09:38:00"),
                INFO,
                Some("momentum"),
                "up",
            ),
            (
                "261012 09:38:00.924 INFO [okx-dca] slice 25",
                Some("2026-10-12T09:38:00.924"),
                INFO,
                Some("okx-dca"),
                "slice 25",
            ),
            ("10/12/2026 09:38:00 PM INFO up", Some("2026-10-12T21:38:00"), INFO, None, "up"),
            ("23/11/2026 03:14:26 [INFO] up", Some("2026-11-23T03:14:26"), INFO, None, "up"),
            ("11/23/2026 03:14:26 INFO: up", Some("2026-11-23T03:14:26"), INFO, None, "up"),
            (
                "10:00:01 feed-okx INFO     okx 3143.09",
                Some("10:00:01"),
                INFO,
                Some("feed-okx"),
                "okx 3143.09",
            ),
            (
                "10:00:01 feed-bitstamp INFO     bitstamp 3143.09",
                Some("10:00:01"),
                INFO,
                Some("feed-bitstamp"),
                "bitstamp 3143.09",
            ),
            ("[09:38:00][ERROR] cut off", Some("09:38:00"), ERROR, None, "cut off"),
            ("10:00:19 last price 3.2", Some("10:00:19"), None, None, "last price 3.2"),
            ("[2026-10-12 09:38:00] DCA up", Some("2026-10-12T09:38:00"), None, None, "DCA up"),
            (
                "2026-10-12 09:38:00,123 ForkProcess-1 INFO window 0",
                Some("2026-10-12T09:38:00.123"),
                INFO,
                None,
                "window 0",
            ),
            (
                "2026-10-12 09:38:00,898 trading-01 hedge[41] DEBUG delta=0.03",
                Some("2026-10-12T09:38:00.898"),
                DEBUG,
                Some("hedge"),
                "delta=0.03",
            ),
            ("Oct 12 09:38:00 ERROR cut off", Some("Oct 12 09:38:00"), ERROR, None, "cut off"),
            ("WARNING:root:cut off", None, WARNING, Some("root"), "cut off"),
            (
                "ERROR:bot.feed:Traceback (most recent call last):",
                None,
                ERROR,
                Some("bot.feed"),
                "Traceback (most recent call last):",
            ),
            ("ERROR cut off", None, ERROR, None, "cut off"),
            ("ERROR - cut off", None, ERROR, None, "cut off"),
            ("[INFO    ] up", None, INFO, None, "up"),
            ("[WARN] low", None, WARNING, None, "low"),
            ("[alembic] INFO: up", None, INFO, Some("alembic"), "up"),
            ("gridbot - ERROR - cut off", None, ERROR, Some("gridbot"), "cut off"),
            (
                "[E 261012 09:38:00 web:2239] Uncaught",
                Some("2026-10-12T09:38:00"),
                ERROR,
                None,
                "Uncaught",
            ),
            (
                "E1012 09:38:00.123456 1234 bot.py:12] boom",
                Some("1012 09:38:00.123456"),
                ERROR,
                None,
                "boom",
            ),
            (
                "[supervise] 2026-10-12 01:00:05 start #1",
                Some("2026-10-12T01:00:05"),
                None,
                Some("supervise"),
                "start #1",
            ),
            (
                "2026-10-12 09:38:00 SUCCESS filled",
                Some("2026-10-12T09:38:00"),
                INFO,
                None,
                "filled",
            ),
            (
                "2026-10-12 09:38:00 | ERROR | feed | cut off",
                Some("2026-10-12T09:38:00"),
                ERROR,
                Some("feed"),
                "cut off",
            ),
            (
                "2026-10-12 09:38:00 - Thread-1 (run) - ERROR - cut off",
                Some("2026-10-12T09:38:00"),
                ERROR,
                None,
                "cut off",
            ),
            (
                "[2026-10-12 09:38:00,123] ERROR in app: Exception on /hook [POST]",
                Some("2026-10-12T09:38:00.123"),
                ERROR,
                Some("app"),
                "Exception on /hook [POST]",
            ),
            (
                "[ERROR]\t2026-10-12T09:38:00.123Z\t0f5a-11\tcut off",
                Some("2026-10-12T09:38:00.123Z"),
                ERROR,
                None,
                "0f5a-11\tcut off",
            ),
            ("2026-10-12 09:38:00 - cut off", Some("2026-10-12T09:38:00"), None, None, "cut off"),
            ("2026-10-12 09:38:00: cut off", Some("2026-10-12T09:38:00"), None, None, "cut off"),
            (
                "2026-10-12 09:38:00 error: cut off",
                Some("2026-10-12T09:38:00"),
                ERROR,
                None,
                "cut off",
            ),
            ("2026-10-12 09:38:00 ERROR", Some("2026-10-12T09:38:00"), ERROR, None, ""),
            (
                "2026-10-12 09:38:00,1 CRITICAL:boot:no keys",
                Some("2026-10-12T09:38:00.1"),
                CRITICAL,
                Some("boot"),
                "no keys",
            ),
        ],
    );
}

#[test]
fn more_headers_of_the_logging_module() {
    let at = Some("2026-10-12T09:38:00.123");
    let day = Some("2026-10-12T09:38:00");
    check_rows(
        "logging",
        &[
            ("2026-10-12 09:38:00,123 [MainThread  ] [INFO ] up", at, INFO, None, "up"),
            ("[2026-10-12 09:38:00,123] [ERROR] [bot] cut", at, ERROR, Some("bot"), "cut"),
            ("[2026-10-12 09:38:00] ERROR [bot.feed:41] cut", day, ERROR, None, "cut"),
            ("INFO 2026-10-12 09:38:00,123 grid: up", at, INFO, Some("grid"), "up"),
            (
                "2026-10-12 09:38:00.123 +00:00 [INF] up",
                Some("2026-10-12T09:38:00.123Z"),
                INFO,
                None,
                "up",
            ),
            ("09:38:00 | INFO | flow - up", Some("09:38:00"), INFO, None, "flow - up"),
            (
                "2026-10-12T09:38:00+0000 [bot.feed#error] cut",
                Some("2026-10-12T09:38:00Z"),
                ERROR,
                Some("bot.feed"),
                "cut",
            ),
            (
                "2026-10-12 09:38:00,123 DEBG 'bot' stderr output:",
                at,
                DEBUG,
                None,
                "'bot' stderr output:",
            ),
            ("2026-10-12 09:38:00,123 (bot.feed:41) ERROR: cut", at, ERROR, None, "cut"),
            ("2026-10-12 09:38:00,123 p41 {feed.py:41} ERROR - cut", at, ERROR, Some("p41"), "cut"),
            ("2026-10-12 09:38:00 (MainThread) [ERROR] cut", day, ERROR, None, "cut"),
            ("[2026-10-12T09:38:00 - Kraken]: order", day, None, Some("Kraken"), "order"),
            ("12/10/2026, 09:38:00 - ERROR: cut", Some("2026-12-10T09:38:00"), ERROR, None, "cut"),
        ],
    );
    check_rows(
        "rich",
        &[("[09:38:00] INFO     up              bot.py:12", Some("09:38:00"), INFO, None, "up")],
    );
    check_rows("structlog", &[("[info     ] started", None, INFO, None, "started")]);
    check_rows("uvicorn", &[("WARNING:  StatReload", None, WARNING, None, "StatReload")]);
}

#[test]
fn words_of_the_message_stay_in_it() {
    for (line, severity, message) in [
        ("2026-10-12 09:38:00 INFO BTC 64203", INFO, "BTC 64203"),
        ("2026-10-12 09:38:00 ERROR ValueError: bad", ERROR, "ValueError: bad"),
        (
            "2026-10-12 09:38:00 ERROR ccxt.base.errors.NetworkError: x",
            ERROR,
            "ccxt.base.errors.NetworkError: x",
        ),
        (
            "2026-10-12 09:38:00 ERROR socket.gaierror: [Errno -2] x",
            ERROR,
            "socket.gaierror: [Errno -2] x",
        ),
        ("2026-10-12 09:38:00 [ERROR] [Errno 104] reset", ERROR, "[Errno 104] reset"),
        ("2026-10-12 09:38:00 [ERROR] [NetworkError] reset", ERROR, "[NetworkError] reset"),
        ("2026-10-12 09:38:00 ERROR [404] gone", ERROR, "[404] gone"),
        (
            "2026-10-12 09:38:00 INFO fetch_ticker() returned none",
            INFO,
            "fetch_ticker() returned none",
        ),
        ("2026-10-12 09:38:00 order failed ERROR 503", None, "order failed ERROR 503"),
        ("2026-10-12 09:38:00 HTTP ERROR 503", None, "HTTP ERROR 503"),
        ("2026-10-12 09:38:00 -1003 too many", None, "-1003 too many"),
        ("2026-10-12 09:38:00 Error: 10 refused", None, "Error: 10 refused"),
        ("ERROR:root:http://x refused", ERROR, "http://x refused"),
        ("INFO LINK-USD: 11.2", INFO, "LINK-USD: 11.2"),
    ] {
        let record = read_record(line.as_bytes());
        assert_eq!((record.severity, &*record.message), (severity, message), "{line}");
        assert!(record.begins, "{line}");
    }
}

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
fn lines_that_only_continue_a_record_are_left_whole() {
    for line in [
        "",
        "bid",
        "KeyError: 'INFO'",
        "ValueError: x",
        "ValueError: ERROR: x",
        "ConnectionError: HTTPSConnectionPool(host='x', port=443): Max retries",
        "requests.exceptions.ConnectTimeout: 2026-10-12 09:00:00",
        "error: [Errno 104] reset",
        "  File \"/x.py\", line 1, in f",
        "    code = 5",
        "    ERROR = logging.ERROR",
        "\tat x",
        "Traceback (most recent call last):",
        "During handling of the above exception, another exception occurred:",
        "E   ModuleNotFoundError: No module named 'x'",
        "ERROR",
        "ERROR=5",
        "Got ERROR from exchange",
        "next candle 2026-10-12 09:00:00 soon",
        "2026-10-12 is a Monday",
        "2026-13-12 09:00:00 no such month",
        "BTC   | 0.5 | 3",
        "ERROR_CODE: 5",
        "[1] starting",
        "['a', 'b']",
        "{\"code\":-2015,\"msg\":\"Invalid API-key\"}",
        "{'code': -2015}",
        "{",
        "a=5 b=7",
        "REC 1,1791561840.335,SOLUSDT",
        "1791561840.335,148.11,474",
        "1791561840 orders",
        "╭─── Traceback (most recent call last) ───╮",
        "                    INFO     same second                   bot.py:12",
        "/x/bot.py:12: DeprecationWarning: old",
    ] {
        let record = read_record(line.as_bytes());
        assert!(!record.begins, "{line:?}\n{record:#?}");
        assert_eq!(record.message, line);
        assert_eq!((record.severity, record.shape), (None, 0), "{line:?}");
    }
}

#[test]
fn indentation_of_the_message_is_kept() {
    for (line, message) in [
        ("2026-10-12 09:38:00 - grid - ERROR -   File \"x\"", "  File \"x\""),
        ("2026-10-12 09:38:00 | ERROR |   File \"x\"", "  File \"x\""),
        ("2026-10-12 09:38:00 ERROR:   File \"x\"", "  File \"x\""),
        ("2026-10-12 09:38:00 ERROR   File \"x\"", "  File \"x\""),
        ("2026-10-12 09:38:00 ERROR      File \"x\"", "  File \"x\""),
        ("2026-10-12 09:38:00 [ERROR]     return 1", "    return 1"),
        ("2026-10-12 09:38:00     return 1", "    return 1"),
        ("2026-10-12 09:38:00 WARNING  low", "low"),
        ("2026-10-12 09:38:00 ERROR    low", "low"),
    ] {
        assert_eq!(read_record(line.as_bytes()).message, message, "{line}");
    }
}

#[test]
fn one_writer_has_one_shape_and_two_writers_have_two() {
    let shape = |line: &str| read_record(line.as_bytes()).shape;
    for lines in [
        &[
            "2026-10-12 09:38:00,123 INFO up",
            "2027-01-02 00:00:00,999 CRITICAL down: now",
            "2026-10-12 09:38:00,123 WARNING  grid: x",
        ][..],
        &["10:00:01 feed-okx INFO     x", "10:00:02 feed-bitstamp ERROR    y"],
        &["ERROR:root:x", "INFO:bot.feed:y z"],
        &["bot-1  | ERROR:root:x", "db  | INFO:bot.feed:y"],
        &["2026-11-23T04:17:00.123456789Z x", "2026-11-23T04:17:00.1234567Z y"],
    ] {
        for line in lines {
            assert_eq!(shape(line), shape(lines[0]), "{line} and {}", lines[0]);
        }
    }
    let writers = [
        "2026-10-12 09:38:00,123 INFO up",
        "2026-10-12 09:38:00.123 INFO up",
        "2026-10-12 09:38:00 INFO up",
        "2026-10-12T09:38:00 INFO up",
        "[2026-10-12 09:38:00] INFO up",
        "2026-10-12 09:38:00 [INFO] up",
        "2026-10-12 09:38:00 - INFO - up",
        "2026-10-12 09:38:00 - x - INFO - up",
        "2026-10-12 09:38:00 up",
        "INFO:up:x",
        "bot-1  | INFO:up:x",
        "up",
    ];
    for (index, one) in writers.iter().enumerate() {
        for other in &writers[index + 1..] {
            assert_ne!(shape(one), shape(other), "{one} and {other}");
        }
    }
}

#[test]
fn a_wrapper_time_fills_in_where_the_logger_has_no_date() {
    let record = read_record(b"2026-11-23T04:17:00.123456789Z 05:17:00 INFO up");
    assert_eq!(time(&record).as_deref(), Some("2026-11-23T04:17:00.123456789Z"));
    assert!(read_record(b"2026-11-23T04:17:00.123456789Z stdout P half").partial);
}

#[test]
fn many_wrappers_or_brackets_stay_cheap() {
    let deep = "bot  | ".repeat(200_000);
    assert_eq!(read_record(deep.as_bytes()).stream.as_deref(), Some("bot"));
    for piece in
        ["[", "[a] ", "2026-10-12 09:00:00 ", "\x1b]", "\x1b[", "a:", "\r", "{\"a\":", "a - "]
    {
        let line = piece.repeat(200_000);
        let _ = read_record(line.as_bytes());
    }
}

/// Pieces of which headers are made, so that random lines come near to real ones.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("2026-10-12 09:38:00,123".to_owned()),
        Just("2026-10-12T09:38:00.123456789Z".to_owned()),
        Just("Oct 12 09:38:00".to_owned()),
        Just("1791561950.390".to_owned()),
        Just("09:38:00".to_owned()),
        "(DEBUG|INFO|ERROR|error|E|WARN)",
        "( |  | - | \\| |:|: |,|\t|/|\\]|\\[|\\{|\\}|\\(|\\)|=|\"|'|\\\\)",
        "[a-zé]{1,6}",
        "(<14>|<14>1 |bot-1  \\| |0\\|bot  \\| |vps bot\\[7\\]: |stdout F |00O |\\{\"log\":\"|\u{1b}\\[31m|\r)",
        ".{0,4}",
    ]
}

#[test]
fn torn_headers_are_lines_too() {
    let long = format!("2026-10-12 09:38:00 ERROR/A{}", "é".repeat(80));
    for line in
        ["<14>]x", "<14>é]", "<1", "[", "[]", "@4", "0|", "0|é |", "ERROR/", "[pod/", "##[", &long]
    {
        let record = read_record(line.as_bytes());
        assert!(line.ends_with(&*record.message), "{line}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_line(line in prop::collection::vec(any::<u8>(), 0..400)) {
        let record = read_record(&line);
        prop_assert!(record.message.len() <= 3 * line.len());
    }

    #[test]
    fn any_order_of_fields_is_a_line(pieces in prop::collection::vec(piece(), 0..14)) {
        let line = pieces.concat();
        let record = read_record(line.as_bytes());
        let text = clean::line_text(line.as_bytes()).into_owned();
        // JSON, logfmt and octal escapes are rewritten; all else is a piece of the line.
        if !line.contains(['{', '=', '#']) {
            prop_assert!(text.contains(&*record.message), "{record:?}");
        }
        if record.begins {
            prop_assert!(record.stamp.is_some() || record.severity.is_some() || record.format == Format::Kernel);
        }
        prop_assert_eq!(&record.clone().into_owned(), &record);
    }
}

/// A letter behind a number of seconds is a level, and not the name of a share.
#[test]
fn a_letter_behind_a_number() {
    let share = read_record(b"1791797880.5 F 12.30");
    assert_eq!((share.severity, share.begins), (None, false));
    let word = read_record(b"2026-10-12 09:38:00 E mini rolled over");
    assert_eq!(word.severity, None);
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
