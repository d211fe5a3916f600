//! Headers of the `logging` module and its kin, and where the message begins.

use super::*;

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
            ("0:00:05.204411 INFO up", Some("0:00:05.204411"), INFO, None, "up"),
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

/// A letter behind a number of seconds is a level, and not the name of a share.
#[test]
fn a_letter_behind_a_number() {
    let share = read_record(b"1791797880.5 F 12.30");
    assert_eq!((share.severity, share.begins), (None, false));
    let word = read_record(b"2026-10-12 09:38:00 E mini rolled over");
    assert_eq!(word.severity, None);
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

/// The longest names that hummingbot logs under: modules and class of a connector.
#[test]
fn a_logger_may_have_a_long_name() {
    check_rows(
        "hummingbot",
        &[(
            "2026-10-12 09:38:00,123 - 4120 - hummingbot.connector.exchange.coinbase_advanced_trade.coinbase_advanced_trade_exchange.CoinbaseAdvancedTradeExchange - ERROR - no pairs",
            Some("2026-10-12T09:38:00.123"),
            ERROR,
            Some(
                "hummingbot.connector.exchange.coinbase_advanced_trade.coinbase_advanced_trade_exchange.CoinbaseAdvancedTradeExchange",
            ),
            "no pairs",
        )],
    );
}
