//! How a run ends where only a part of the log was copied, or where others than the bot say that it ended.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{report_on_bytes, report_on_end};
use wd_diagnose::report::Report;

/// The verdict's rule, and the line of the bot's own frame in it.
fn verdict(report: &Report) -> (Option<&str>, Option<u32>) {
    let verdict = report.verdict.as_ref();
    let frame = verdict
        .and_then(|verdict| verdict.exception.as_ref())
        .and_then(|exception| exception.frame.as_ref());
    (verdict.map(|verdict| verdict.rule.as_str()), frame.and_then(|frame| frame.line))
}

fn assert_ends(log: &str, rule: Option<&str>, frame: Option<u32>) {
    let report = report_on_bytes(log);
    assert_eq!(verdict(&report), (rule, frame), "of\n{log}\n{:#?}", report.diagnoses);
}

#[test]
fn the_last_line_of_a_traceback_alone_is_an_end() {
    let line = "ccxt.base.errors.RequestTimeout: kraken GET https://api.kraken.com/0/public/Time";
    assert_ends(line, Some("network/timeout"), None);
    let printed = format!("tick 1\n{line}\ntick 2\n");
    assert_ends(&printed, None, None);
}

#[test]
fn what_was_copied_out_alone_is_an_end() {
    let line = "- MemoryError: Unable to allocate 1.78 MiB for an array with shape (233898,) and data type float64\n";
    assert_ends(line, Some("memory/array-too-large"), None);
    // What goes on says so.
    assert_ends(&format!("{line}retrying with half of it\n"), None, None);
    assert_ends("429 Too Many Requests, waiting 60 s\n", None, None);
    // And who prints one error after the other has survived all but the last.
    assert_ends(&line.repeat(2), None, None);
    assert_ends(&format!("tick 64000.5\n{line}"), None, None);
}

#[test]
fn an_array_does_not_push_its_record_out_of_sight() {
    let mut log = "2026-03-01 10:00:00,001 - INFO - bot up\n2026-03-01 10:00:01,001 - ERROR - loop: no rows fit [[0.1\n".to_owned();
    for row in 0..90 {
        log += &format!(" 0.{row:02} 0.5 1.2e-03 nan\n");
    }
    assert_ends(&log, Some("other/logged-error"), None);
    log += "2026-03-01 10:00:02,001 - INFO - tick\n";
    assert_ends(&log, None, None);
}

#[test]
fn what_logging_prints_of_its_own_failure_names_the_caller() {
    let log = "--- Logging error ---\nTraceback (most recent call last):\n  \
        File \"/usr/lib/python3.11/logging/__init__.py\", line 1113, in emit\n    stream.write(msg + self.terminator)\n\
        OSError: [Errno 28] No space left on device\nCall stack:\n  File \"/srv/grid/main.py\", line 9, in <module>\n    \
        main()\n  File \"/srv/grid/main.py\", line 5, in main\n    log.info(\"tick\")\nMessage: 'tick'\nArguments: ()\n";
    assert_ends(log, Some("system/disk-full"), Some(5));
}

#[test]
fn a_traceback_without_its_last_line_is_told_by_the_error_above_it() {
    let log = "API connection failed: ConnectionRefusedError(111, \"Connect call failed ('127.0.0.1', 7497)\")\n\
        Make sure API port on TWS/IBG is open\n\
        Traceback (most recent call last):\n  File \"/srv/bot/trend.py\", line 15, in <module>\n    \
        app.connect(host=\"127.0.0.1\", port=7497, clientId=1)\n";
    assert_ends(log, Some("network/connection-refused"), Some(15));
}

#[test]
fn a_torn_traceback_is_told_by_the_whole_one_right_above_it() {
    let log = "Traceback (most recent call last):\n  File \"/srv/grid/gates/__init__.py\", line 30, in <module>\n    \
        load(name)\n  File \"/srv/grid/gates/spot.py\", line 4, in <module>\n    import websocket\n\
        ImportError: No module named websocket\nplease install the terminal first\n\
        Traceback (most recent call last):\n  File \"/srv/grid/main.py\", line 9, in <module>\n    \
        from engine import Engine\n";
    assert_ends(log, Some("dependencies/module-not-found"), Some(4));
}

#[test]
fn frames_of_ipython_are_a_traceback() {
    let log = "Traceback (most recent call last):\n\n  File ~\\bot\\feed.py:12 in read\n    \
        book = session.get(url)\n\n  File ~\\env\\lib\\site-packages\\urllib3\\connectionpool.py:703 in urlopen\n\n\
        ConnectionResetError: [WinError 10054] An existing connection was forcibly closed by the remote host\n";
    assert_ends(log, Some("network/connection-reset"), Some(12));
}

#[test]
fn a_traceback_lends_its_frame_to_the_record_before_it() {
    let log = "2026-03-24 22:22:10,272 | ERROR | Bot | feed: ConnectionResetError: [Errno 104] Connection reset by peer\n\
        2026-03-24 22:22:10,288 | DEBUG | Bot | Traceback (most recent call last):\n  \
        File \"/srv/bot/feed.py\", line 9, in pump\n    sock.recv(1)\n\
        ConnectionResetError: [Errno 104] Connection reset by peer\n";
    assert_ends(log, Some("network/connection-reset"), Some(9));
}

#[test]
fn what_a_shell_says_of_a_crash_is_an_end() {
    let log = "2026-08-02 02:18:35 INFO train: epoch 7\nSegmentation fault (core dumped)\n";
    assert_ends(log, Some("system/segmentation-fault"), None);
}

#[test]
fn fatal_outweighs_a_farewell() {
    let log = |word: &str| {
        format!(
            "2026-03-24 22:37:06,106 | INFO | Bot | starting\n2026-03-24 22:37:07,641 | ERROR | Bot | {word} the plan is void\n\
             2026-03-24 22:37:07,645 | INFO | Bot | ====================\n2026-03-24 22:37:07,645 | INFO | Bot | shutdown complete\n"
        )
    };
    assert_ends(&log("[FATAL]"), Some("other/logged-error"), None);
    assert_ends(&log("so"), None, None);
}

#[test]
fn good_news_in_the_form_of_errors_ends_nothing() {
    let log = "connecting\nERROR -1 2104 Market data farm connection is OK:usfarm\n\
        ERROR -1 2158 Sec-def data farm connection is OK:secdefeu\n";
    assert_ends(log, None, None);
}

#[test]
fn a_traceback_that_is_cut_is_told_by_a_whole_one_from_the_same_place() {
    let part = |symbol: &str| {
        format!(
            "2026-08-20 08:43:14,909 - feed - ERROR - no candles of {symbol}\nTraceback (most recent call last):\n  \
             File \"/srv/bot/feed.py\", line 176, in watch\n    data = await api.watch_ohlcv(pair)\n"
        )
    };
    let whole = format!(
        "{}ccxt.base.errors.NetworkError: Connection closed by remote server, closing code 1006\n",
        part("BTC/USDT")
    );
    let log = format!("{whole}{}", part("ETH/USDT"));
    assert_ends(&log, Some("network/websocket-closed"), Some(176));
    // Only the head is left: the last whole one tells most.
    let log = format!(
        "{whole}2026-08-20 08:43:15,073 - feed - ERROR - again\nTraceback (most recent call last):\n"
    );
    assert_ends(&log, Some("network/websocket-closed"), Some(176));
    // Another place in the code is another cause.
    let beats = "2026-08-20 08:43:14,950 - feed - INFO - 12 candles\n".repeat(3);
    let log = format!("{whole}{beats}{}", part("ETH/USDT").replace("line 176", "line 90"));
    assert_ends(&log, Some("other/uncaught-exception"), Some(90));
}

#[test]
fn what_logs_a_traceback_of_its_own_is_alive() {
    let log = "    raise IndexError(\"single positional indexer is out-of-bounds\")\n\
        IndexError: single positional indexer is out-of-bounds\n\
        2026-03-06 02:40:28,975 [INFO] round 2\n\
        2026-03-06 02:40:31,782 [ERROR] round failed: no key\nTraceback (most recent call last):\n  \
        File \"/srv/bot/run.py\", line 105, in main\n    rate = float(d[\"rate\"])\nKeyError: 'rate'\n\
        2026-03-06 02:41:30,505 [INFO] round 3\n2026-03-06 02:41:31,505 [INFO] 12 candles\n";
    assert_ends(log, None, None);
}

#[test]
fn an_error_among_printed_lines_is_one_of_them() {
    let printed = |from: u32, to: u32| {
        (from..to).map(|n| format!("Market {n}: no edge\n")).collect::<String>()
    };
    let error = "[ERROR] guard failed: getaddrinfo ENOTFOUND data-api.polymarket.com\n";
    let log = format!("{}{error}{}", printed(0, 20), printed(20, 60));
    assert_ends(&log, None, None);
    let log = format!("{}{error}{}", printed(0, 20), printed(20, 30));
    assert_ends(&log, None, None);
    let log = format!("{}{error}", printed(0, 20));
    assert_ends(&log, Some("network/dns"), None);
}

#[test]
fn a_foreign_word_between_a_frame_and_its_source_is_no_exception() {
    let log = "Traceback (most recent call last):\n  File \"/srv/bot/mail.py\", line 86, in open\nMenu\n    \
        self.connect()\n  File \"/srv/bot/mail.py\", line 99, in connect\n    raise ConnectionRefusedError(111, \"Connection refused\")\n\
        ConnectionRefusedError: [Errno 111] Connection refused\n";
    assert_ends(log, Some("network/connection-refused"), Some(99));
}

/// Ticks of a bot below a service manager, one a second from half past nine on.
fn ticks() -> String {
    let tick = |s: u32| {
        format!("Mar 02 09:30:{s:02} box grid[811]: INFO tick: BTCUSDT {}.5\n", 64_000 + s)
    };
    (0..30).map(tick).collect()
}

const ASKED: &str = "Mar 02 09:30:30 box systemd[1]: Stopping grid.service - Grid bot...\n";

/// What was killed because it did not stop when it was asked to is no matter of memory.
#[test]
fn who_hangs_and_is_killed_for_it_hung() {
    let killed = "Mar 02 09:32:00 box systemd[1]: grid.service: Main process exited, code=killed, status=9/KILL\n";
    let hung = "Mar 02 09:32:00 box systemd[1]: grid.service: State 'stop-sigterm' timed out. Killing.\n\
                Mar 02 09:32:00 box systemd[1]: grid.service: Killing process 811 (python3) with signal SIGKILL.\n";
    assert_ends(&(ticks() + ASKED + hung + killed), Some("system/stop-timeout"), None);
    assert_ends(&(ticks() + killed), Some("memory/killed"), None);
}

#[test]
fn who_was_asked_to_stop_and_ends_of_that_was_not_killed() {
    let ended = "Mar 02 09:30:31 box systemd[1]: grid.service: Main process exited, code=killed, status=15/TERM\n";
    let asked = report_on_bytes(ticks() + ASKED + ended);
    assert_eq!((asked.verdict.is_none(), asked.sources[0].runs[0].end.as_str()), (true, "clean"));
    assert_ends(&(ticks() + ended), Some("system/terminated"), None);
}

/// Where a log was copied from its middle, a few lines before the first start tell of no life.
#[test]
fn a_few_lines_before_another_start_are_no_run_that_stopped() {
    for (lines, is_told) in [(49, false), (50, true)] {
        let tick = |s: u32| {
            format!("2026-03-02 10:{:02}:{:02},000 INFO tick: {}.5\n", s / 60, s % 60, 64_000 + s)
        };
        let before: String = (0..lines).map(tick).collect();
        let after: String = (lines + 6..200).map(tick).collect();
        let start = tick(lines + 5).replace("tick: ", "main: bot starting, pid ").replace(".5", "");
        let report = report_on_bytes(before + &start + &after);
        let is_silent = report.diagnoses.iter().any(|one| one.rule == "system/silent-stop");
        assert_eq!((is_silent, report.sources[0].runs.len()), (is_told, 2), "{lines}");
    }
}

/// A bot that was asked to stop has ended in order, whatever it says on its way out.
#[test]
fn who_was_asked_to_stop_ended_in_order() {
    let tick = |s: u32| {
        format!("2026-03-02 10:00:{s:02},000 - bot - INFO - tick BTCUSDT {}.5\n", 64_000 + s)
    };
    let ticks: String = (0..30).map(tick).collect();
    let asked = "2026-03-02 10:00:31,000 - bot - INFO - Received SIGTERM, shutting down\n";
    let raised = |what: &str| {
        format!(
            "Traceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    loop()\n{what}\n"
        )
    };
    for (what, rest) in [
        ("nothing more", String::new()),
        ("cancelled", raised("asyncio.exceptions.CancelledError")),
        ("interrupted", raised("KeyboardInterrupt")),
    ] {
        for stopped in [false, true] {
            let report = report_on_end(ticks.clone() + asked + &rest, stopped);
            assert!(report.verdict.is_none(), "{what}: {:#?}", report.verdict);
            assert_eq!(report.sources[0].runs[0].end, "clean", "{what}");
        }
        // Nobody asked it.
        let report = report_on_end(ticks.clone() + &rest, true);
        assert!(report.verdict.is_some(), "{what}");
    }
    // It was not what it did then that nobody foresaw.
    let broken = ticks.clone() + asked + &raised("KeyError: 'price'");
    assert_eq!(report_on_bytes(broken).verdict.unwrap().rule, "payload/key-error");
    // It went on all the same.
    let on = ticks + asked + &(32..50).map(tick).collect::<String>();
    assert_eq!(report_on_end(on, true).verdict.unwrap().rule, "system/silent-stop");
}

#[test]
fn a_web_page_in_a_message_is_part_of_it() {
    let log = "Traceback (most recent call last):\n  File \"/srv/odds/main.py\", line 31, in <module>\n    \
        client.post_order(order)\n\
        py_clob_client.exceptions.PolyApiException: PolyApiException[status_code=403, error_message=<!DOCTYPE html>\n\
        <!--[if IE 8]>    <html class=\"no-js ie8 oldie\" lang=\"en-US\"> <![endif]-->\n<head>\n\
        <title>Attention Required! | Cloudflare</title>\n<meta charset=\"UTF-8\" />\n";
    assert_ends(log, Some("network/firewall-block"), Some(31));
    assert_eq!(report_on_bytes(log).diagnoses.len(), 1);
    // What is printed behind it is not.
    let goes_on = format!("{log}</head>\n</html>]\n<BTC> bought\n");
    assert_eq!(report_on_bytes(goes_on).diagnoses.len(), 1);
}

#[test]
fn a_platform_and_the_bot_itself_say_that_it_crashed() {
    let heroku = "2026-03-01T10:00:00.888257+00:00 heroku[worker.1]: Starting process with command `python grid.py`\n\
        2026-03-01T10:00:03.385608+00:00 heroku[worker.1]: Process exited with status 0\n\
        2026-03-01T10:00:03.409160+00:00 heroku[worker.1]: State changed from starting to crashed\n";
    assert_ends(heroku, Some("other/exited"), None);
    let restarts = "2026-03-01 10:00:00,127 - root - INFO - up\n\
        2026-03-01 10:00:01,127 - root - ERROR - lost the thread\n\
        2026-03-01 10:00:01,128 - root - INFO - Error occurred. The bot will restart in 5 seconds...\n\
        2026-03-01 10:00:06,130 - root - INFO - Starting the grid bot...\n";
    assert_ends(restarts, Some("other/logged-error"), None);
}

#[test]
fn who_says_that_it_passes_an_error_over_goes_on() {
    let error = "2026-03-01 10:00:00 Error: HTTP Error 422: open offers";
    assert_ends(&format!("{error}\n"), Some("other/logged-error"), None);
    assert_ends(&format!("{error}\nCaught HTTP Error 422, ignoring.\n"), None, None);
    assert_ends(
        &format!("{error}\nCaught HTTP Error 422, not ignoring.\n"),
        Some("other/logged-error"),
        None,
    );
    assert_ends("tick 1\nError: no answer\n", Some("other/logged-error"), None);
    assert_ends("tick 1\nError: no answer, retrying in 5 s\n", None, None);
    let refused = " MaxRetryError: HTTPSConnectionPool(host='api.kraken.com', port=443): Max retries exceeded with \
        url: / (Caused by NewConnectionError('<a>: Failed to establish a new connection: [WinError 10060] A connection \
        attempt failed because the connected party did not properly respond'))\n";
    assert_ends(refused, Some("network/connect-timeout"), None);
    let logged = "2026-03-01 10:00:00,001 - feed - ERROR - lost\nTraceback (most recent call last):\n  \
        File \"/srv/feed.py\", line 7, in run\n    ws.recv()\nConnectionResetError: [Errno 104] Connection reset by peer\n";
    assert_ends(logged, Some("network/connection-reset"), Some(7));
    assert_ends(&format!("{logged}Retrying in 5 s...\n"), None, None);
}

#[test]
fn what_a_pager_cut_of_systemds_words_is_known() {
    let said = ["Main process e", "Failed with re", "Start request", "Failed with re"];
    let mut log =
        String::from("Jul 25 03:42:22 mkspi systemd[1]: Started Moonraker Telegram Bot.\n");
    for said in said {
        log +=
            &format!("Jul 25 03:42:23 mkspi systemd[1]: moonraker-telegram-bot.service: {said}\n");
    }
    log += "Jul 25 03:42:23 mkspi systemd[1]: Failed to start Moonraker Telegram Bot.\n";
    assert_ends(&log, Some("system/restart-limit"), None);
}

#[test]
fn who_works_on_for_long_behind_a_traceback_did_not_die_of_it() {
    let log = |minutes: [u32; 4]| {
        let mut log = "2026-03-01 10:00:00,001 - INFO - backup: batch 1\nTraceback (most recent call last):\n  \
            File \"/srv/backup/main.py\", line 9, in run\n    db.execute(\"delete from sessions\")\n\
            sqlite3.OperationalError: database is locked\n"
            .to_owned();
        for minute in minutes {
            log +=
                &format!("2026-03-01 10:{minute:02}:00,001 - INFO - backup: batch at {minute}\n");
        }
        log
    };
    assert_ends(&log([1, 14, 29, 40]), None, None);
    // Other threads say a few words more.
    assert_ends(&log([1, 1, 2, 2]), Some("system/database-locked"), Some(9));
    assert_ends(&log([0, 0, 0, 10]), None, None);
    assert_ends(&log([0, 0, 0, 9]), Some("system/database-locked"), Some(9));
}
