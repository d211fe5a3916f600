//! Logs of bots in health, made from a seed, in which nothing may be found: numbers, prices, ids and times
//! that look like codes, and the words that tempt a careless search.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "../benches/corpus.rs"]
mod corpus;

use std::fmt::Write as _;

use common::report_on_bytes;
use corpus::Dice;
use wd_diagnose::report::Report;

const LINES: usize = 100_000;

/// A moment of 2026 that goes on, line by line.
struct Clock {
    millis: u64,
}

impl Clock {
    fn tick(&mut self, dice: &mut Dice) -> [u64; 6] {
        self.millis += 30 + dice.below(400);
        let s = self.millis / 1000;
        [1 + s / 86_400 % 28, s / 3600 % 24, s / 60 % 60, s % 60, self.millis % 1000, s]
    }
}

/// How a bot writes a record: head and message.
type Writer = fn(&mut Dice, [u64; 6], &str) -> String;

const FORMATS: [(&str, Writer); 7] = [
    ("logging", |_, [d, h, m, s, ms, _], message| {
        format!("2026-05-{d:02} {h:02}:{m:02}:{s:02},{ms:03} - bot.market - INFO - {message}")
    }),
    ("brackets", |_, [d, h, m, s, ms, _], message| {
        format!("[2026-05-{d:02} {h:02}:{m:02}:{s:02}.{ms:03}] [INFO] {message}")
    }),
    ("loguru", |dice, [d, h, m, s, ms, _], message| {
        let line = dice.below(999);
        format!(
            "2026-05-{d:02} {h:02}:{m:02}:{s:02}.{ms:03} | INFO     | bot.feed:step:{line} - {message}"
        )
    }),
    ("basic", |_, _, message| format!("INFO:bot.orders:{message}")),
    ("json", |_, [d, h, m, s, ms, _], message| {
        let message = message.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "{{\"timestamp\": \"2026-05-{d:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z\", \"level\": \"info\", \
             \"logger\": \"bot\", \"event\": \"{message}\"}}"
        )
    }),
    ("epoch", |_, [_, _, _, _, ms, s], message| {
        format!("{}.{ms:03} DEBUG {message}", 1_777_593_600 + s)
    }),
    ("print", |_, _, message| message.to_owned()),
];

/// What a healthy bot has to say. Every number is drawn anew.
fn message(dice: &mut Dice) -> String {
    let price = dice.below(12_000_000) as f64 / 100.0;
    let amount = dice.below(9_999_999) as f64 / 10_000.0;
    let id = dice.below(999_999_999_999);
    let small = dice.below(1_000);
    let tiny = dice.below(100_000) as f64 / 1e8;
    let coin = ["BTC", "ETH", "SOL", "XRP", "DOGE", "ERR", "GAS", "OM"][dice.below(8) as usize];
    let side = ["buy", "sell"][dice.below(2) as usize];
    let mut text = String::new();
    let _ = match dice.below(30) {
        0 => write!(text, "{coin}/USDT {price:.2} {amount:.4}"),
        1 => write!(text, "order {id} {side} {amount:.4} {coin} @ {price:.2} filled"),
        2 => write!(text, "GET /api/v3/ticker/price 200 {small} bytes in {}ms", dice.below(999)),
        3 => write!(
            text,
            "used weight {}/1200, rate limit ok, next reset in {small}s",
            dice.below(1200)
        ),
        4 => write!(text, "heartbeat {id}: errors=0 failures=0 timeouts=0 memory={small}MB"),
        5 => write!(text, "balance {amount:.4} {coin} free, {:.4} locked", amount / 3.0),
        6 => write!(text, "pnl {:+.2} USDT over {small} trades", price - 60_000.0),
        7 => write!(
            text,
            "candle 1m o={price:.2} h={:.2} l={:.2} v={amount:.3}",
            price + 1.0,
            price - 1.0
        ),
        8 => write!(text, "signal {side} strength {tiny:.8} id={id:x}"),
        9 => write!(
            text,
            "latency p50={}ms p99={}ms, queue {small}",
            dice.below(90),
            dice.below(999)
        ),
        10 => write!(text, "429 candles loaded, 503 kept, {small} dropped, code {}", dice.below(9)),
        11 => write!(text, "retry policy: 5 attempts, timeout 10s, backoff 2.0; none used"),
        12 => write!(
            text,
            "position closed: {coin} qty={amount:.4} exit={price:.2} reason=take-profit"
        ),
        13 => write!(text, "killed 0 orders, cancelled {small}, expired 0"),
        14 => write!(
            text,
            "risk: exposure {:.1}% of limit, no rejection",
            dice.below(990) as f64 / 10.0
        ),
        15 => write!(
            text,
            "ws ping {small} pong {small}, connection alive for {} s",
            dice.below(99_999)
        ),
        16 => write!(text, "funding {tiny:.8} next {:02}:{:02}:00", dice.below(24), dice.below(60)),
        17 => write!(
            text,
            "{{\"e\":\"trade\",\"t\":{id},\"p\":\"{price:.2}\",\"code\":0,\"msg\":\"ok\"}}"
        ),
        18 => write!(text, "book {coin} bids {small} asks {} spread {tiny:.6}", dice.below(999)),
        19 => write!(text, "sleeping {}.{small:03}s until next candle", dice.below(60)),
        20 => write!(
            text,
            "disk {}% used, {} open files, load {:.2}",
            dice.below(80),
            small,
            amount / 1e4
        ),
        21 => write!(
            text,
            "api key loaded (ends {:04x}), permissions: read, trade",
            dice.below(65_536)
        ),
        22 => write!(text, "backtest window {} .. {}: sharpe {tiny:.3}", small, small + 500),
        23 => {
            write!(text, "order {id} code {small} status FILLED, error 0 of {}", dice.below(99_999))
        }
        24 => write!(text, "{{'retCode': 0, 'retMsg': 'OK', 'time': {id}, 'status': 'open'}}"),
        25 => write!(
            text,
            "error rate {:.2}% over {} calls, last status 200, error_code 0",
            amount / 1e3,
            dice.below(999_999)
        ),
        26 => write!(text, "symbol code {} known, status: ok, errors: 0", dice.below(99_999)),
        27 => write!(text, "status {small} of {id} rows loaded, code: none, errno: none"),
        28 => write!(text, "exit price {price:.2}, exit code 0, lot {}", dice.below(99_999)),
        _ => write!(text, "{} {} {} {}", dice.below(600), -1 - dice.below(5_000) as i64, id, small),
    };
    text
}

/// What was found, where nothing may be.
fn found(report: &Report) -> Vec<String> {
    report
        .diagnoses
        .iter()
        .map(|found| format!("{} {}x: {:?}", found.rule, found.count, found.evidence.first()))
        .collect()
}

#[test]
fn nothing_is_found_in_health() {
    let mut wrong = Vec::new();
    for (at, (name, writer)) in FORMATS.iter().enumerate() {
        let mut dice = Dice::new(at as u64 + 11);
        let mut clock = Clock { millis: 0 };
        let mut log = String::new();
        for _ in 0..LINES / FORMATS.len() {
            let time = clock.tick(&mut dice);
            let message = message(&mut dice);
            log += &writer(&mut dice, time, &message);
            log.push('\n');
        }
        let report = report_on_bytes(log);
        for line in found(&report) {
            wrong.push(format!("{name}: {line}"));
        }
        for run in &report.sources[0].runs {
            if run.end != "open" {
                wrong.push(format!("{name}: a run ends {} at line {}", run.end, run.last_line));
            }
        }
    }
    assert!(wrong.is_empty(), "found in health:\n{}\n", wrong.join("\n"));
}

/// What a bot in health says in second `s` of its day: prices that move, memory that rises and is given back
/// each time its candles are loaded anew, a warm-up, a queue that is full now and then, a stablecoin, a
/// position that does not change.
fn day(dice: &mut Dice, s: u64) -> Vec<String> {
    let mut says = Vec::new();
    if s.is_multiple_of(10) {
        let price = 64_000.0 + (s as f64 / 900.0).sin() * 400.0 + dice.below(100) as f64 / 10.0;
        says.push(format!("tick BTCUSDT {price:.2}"));
    }
    if s.is_multiple_of(30) {
        says.push(format!("USDC/USDT last={:.4}", if dice.below(90) == 0 { 1.0001 } else { 1.0 }));
        says.push("position BTCUSDT 0.25 entry price 61022.50".to_owned());
    }
    if s.is_multiple_of(60) {
        let warm = 1.0 - (-(s as f64) / 2_400.0).exp();
        let tooth = (s % 3_300) as f64 / 3_300.0;
        let rss = 120.0 + 60.0 * warm + 240.0 * tooth + dice.below(12) as f64;
        says.push(format!(
            "health: rss={rss:.1}MB threads={} open_files={} tasks={} queue={}",
            12 + dice.below(3),
            30 + dice.below(9),
            40 + dice.below(30),
            dice.below(60) * dice.below(2)
        ));
        says.push(format!("memory usage: {:.1} % of 2 GB", rss / 20.0));
        says.push("heartbeat".to_owned());
    }
    if s.is_multiple_of(3_300) {
        says.push("candles loaded anew".to_owned());
    }
    says
}

#[test]
fn a_day_of_memory_that_rises_and_falls_is_health() {
    let mut wrong = Vec::new();
    for (at, (name, writer)) in FORMATS.iter().enumerate() {
        if matches!(*name, "brackets" | "print") {
            continue;
        }
        let mut dice = Dice::new(at as u64 + 3);
        let mut log = String::new();
        for s in 0..86_400 {
            let time = [1 + s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60, dice.below(900), s];
            for message in day(&mut dice, s) {
                log += &writer(&mut dice, time, &message);
                log.push('\n');
            }
        }
        let report = report_on_bytes(log);
        wrong.extend(found(&report).into_iter().map(|line| format!("{name}: {line}")));
        if report.verdict.is_some() {
            wrong.push(format!("{name}: a verdict"));
        }
    }
    assert!(wrong.is_empty(), "found in a day of health:\n{}\n", wrong.join("\n"));
}

#[test]
fn nothing_is_found_in_the_logs_that_speed_is_measured_on() {
    for seed in 1..4 {
        let mut log = Vec::new();
        corpus::write_healthy(&mut log, seed, 4 << 20).unwrap();
        let report = report_on_bytes(log);
        assert!(report.diagnoses.is_empty(), "{:#?}", found(&report));
    }
}

#[test]
fn a_crash_loop_that_is_survived_is_no_verdict() {
    let mut log = Vec::new();
    corpus::write_crash_loop(&mut log, 1, 1 << 20).unwrap();
    corpus::write_healthy(&mut log, 1, 1 << 20).unwrap();
    let report = report_on_bytes(log);
    assert!(report.verdict.is_none(), "{:#?}", report.verdict);
    assert_eq!(report.diagnoses.len(), 1, "{:#?}", found(&report));
}

/// Ends of logs of programs that are no bots, as nginx 1.22, Apache 2.2 and 2.4, PostgreSQL 15, sshd 9.2 and redis 7 write
/// them: errors of requests and clients, workers that are told to end.
const SERVERS: [(&str, &str); 10] = [
    (
        "nginx",
        "2026/11/26 08:07:04 [error] 79#79: *1 \"/nonexist/index.html\" is not found (2: No such file or directory), \
         client: 127.0.0.1, server: , request: \"GET / HTTP/1.1\", host: \"127.0.0.1:8399\"\n\
         2026/11/26 08:07:05 [error] 79#79: *2 connect() failed (111: Connection refused) while connecting to \
         upstream, client: 127.0.0.1, server: , request: \"GET /up HTTP/1.1\", upstream: \"http://127.0.0.1:9/up\"\n",
    ),
    (
        "Apache 2.2",
        "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok /etc/httpd/conf/workers2.properties\n\
         [Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6\n",
    ),
    (
        "Apache 2.4",
        "[Thu Nov 26 08:07:05.123456 2026] [mpm_event:notice] [pid 8:tid 14] AH00489: Apache/2.4.66 (Debian) configured\n\
         [Thu Nov 26 08:07:06.654321 2026] [proxy:error] [pid 9:tid 15] (111)Connection refused: AH00957: http: attempt \
         to connect to 127.0.0.1:9 (127.0.0.1:9) failed\n",
    ),
    (
        "PostgreSQL",
        "2026-11-26 08:07:27.101 UTC [8281] LOG:  database system is ready to accept connections\n\
         2026-11-26 08:07:29.380 UTC [8270] LOG:  received smart shutdown request\n\
         2026-11-26 08:07:29.383 UTC [8270] LOG:  background worker \"logical replication launcher\" (PID 8281) exited \
         with exit code 1\n\
         2026-11-26 08:07:29.399 UTC [8270] LOG:  database system is shut down\n",
    ),
    (
        "PostgreSQL that a client asks too early",
        "2026-11-26 08:07:27.101 UTC [8281] LOG:  database system is starting up\n\
         2026-11-26 08:07:27.380 UTC [8290] FATAL:  the database system is starting up\n",
    ),
    (
        "sshd alone",
        "Dec 10 11:03:44 box sshd[25455]: Failed password for root from 192.0.2.253 port 42393 ssh2\n\
         Dec 10 11:03:45 box sshd[25455]: error: Received disconnect from 192.0.2.253 port 42393:3: Auth fail [preauth]\n",
    ),
    (
        "Hadoop",
        "2026-11-26 08:07:27,034 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Executing with tokens:\n\
         2026-11-26 08:07:28,034 ERROR [RMCommunicator Allocator] \
         org.apache.hadoop.mapreduce.v2.app.rm.RMContainerAllocator: Error communicating with RM\n",
    ),
    (
        "sshd in a syslog",
        "Dec 10 11:03:44 box sshd-session[25455]: Failed password for root from 183.62.140.253 port 42393 ssh2\n\
         Dec 10 11:03:45 box login[99]: FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure\n\
         Dec 10 11:03:46 box login[99]: ERROR: too many failures\n\
         Dec 10 11:03:53 box sshd-session[25457]: fatal: Write failed: Connection reset by peer [preauth]\n",
    ),
    (
        "redis",
        "8:M 26 Nov 2026 08:07:01.002 * Ready to accept connections\n\
         8:signal-handler (1795680423) Received SIGTERM scheduling shutdown...\n\
         8:M 26 Nov 2026 08:07:03.050 # User requested shutdown...\n\
         8:M 26 Nov 2026 08:07:03.051 # Redis is now ready to exit, bye bye...\n",
    ),
    (
        "the kernel",
        "[    0.000000] Linux version 6.1.0-38-amd64 (debian-kernel@lists.debian.org)\n\
         [    1.204411] ACPI Error: AE_NOT_FOUND, While resolving a named reference package element\n\
         [    2.511202] ata2.00: failed to IDENTIFY (I/O error, err_mask=0x1)\n\
         [   12.900014] nouveau 0000:01:00.0: fifo: SCHED_ERROR 08\n",
    ),
];

#[test]
fn logs_of_servers_and_machines_have_no_verdict() {
    for (program, log) in SERVERS {
        let report = report_on_bytes(log);
        assert!(report.verdict.is_none(), "{program}: {:#?}", report.verdict);
    }
}

/// What a bot writes in the course of a day, with the seconds since midnight.
type Day = fn(&mut Dice) -> Vec<(u64, &'static str, String)>;

/// Days in health: nothing in their times may alarm anyone.
const DAYS: [(&str, Day); 5] = [
    ("a quiet market", |dice| {
        let mut day = Vec::new();
        for minute in 0..1_440 {
            day.push((minute * 60, "INFO", "heartbeat, 0 open orders".to_owned()));
            if dice.below(40) == 0 {
                let at = minute * 60 + dice.below(59);
                day.push((at, "INFO", format!("order {} filled", dice.below(99_999))));
            }
        }
        day
    }),
    ("a busy market", |dice| {
        let (mut day, mut at) = (Vec::new(), 0.0);
        while at < 86_400.0 {
            // Ten times as much by day as by night.
            let hour = at / 3_600.0;
            let mean = if (7.0..21.0).contains(&hour) { 0.7 } else { 7.0 };
            let chance = (dice.below(1_000_000) + 1) as f64 / 1_000_001.0;
            at += -chance.ln() * mean;
            day.push((at as u64, "INFO", message(dice)));
        }
        day
    }),
    ("handled retries", |dice| {
        let mut day = Vec::new();
        for second in (0..86_400).step_by(5) {
            day.push((second, "INFO", format!("tick BTCUSDT {}.5", 64_000 + dice.below(99))));
            if dice.below(900) == 0 {
                let text = "ReadTimeout: HTTPSConnectionPool(host='api.binance.com', port=443): Read timed out. \
                            (read timeout=10), retry 1/3";
                day.push((second + 1, "WARNING", text.to_owned()));
                day.push((second + 3, "INFO", "retry succeeded".to_owned()));
            }
        }
        day
    }),
    ("nightly reconnects", |dice| {
        let mut day = Vec::new();
        for second in (0..86_400).step_by(7) {
            // The exchange is closed for a quarter of an hour.
            if !(7_200..8_100).contains(&second) {
                day.push((second, "INFO", format!("tick ETHUSDT {}.1", 3_000 + dice.below(99))));
            }
            if second / 7 == 7_199 / 7 {
                let text = "stream closed for maintenance, reconnecting in 900 s";
                day.push((second + 2, "INFO", text.to_owned()));
            }
        }
        day
    }),
    ("trades only", |dice| {
        let (mut day, mut at) = (Vec::new(), 0.0);
        while at < 86_400.0 {
            let normal = (0..12).map(|_| dice.below(1_000) as f64 / 1e3).sum::<f64>() - 6.0;
            at += 90.0 * (normal * 1.5).exp();
            day.push((at as u64, "INFO", format!("fill {} BTC", dice.below(99))));
        }
        day
    }),
];

/// Writes a record: day, hour, minute and second, level, message.
type Head = fn([u64; 4], &str, &str) -> String;

/// Heads of records: logging's own, ISO with a zone, JSON, syslog without a year, and a time alone.
const HEADS: [Head; 5] = [
    |[d, h, m, s], level, text| {
        format!("2026-05-{d:02} {h:02}:{m:02}:{s:02},000 {level} bot: {text}")
    },
    |[d, h, m, s], level, text| {
        format!("2026-05-{d:02}T{h:02}:{m:02}:{s:02}+00:00 [{level}] {text}")
    },
    |[d, h, m, s], level, text| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "{{\"time\": \"2026-05-{d:02}T{h:02}:{m:02}:{s:02}Z\", \"level\": \"{level}\", \"msg\": \"{text}\"}}"
        )
    },
    |[d, h, m, s], level, text| {
        format!("May {d:2} {h:02}:{m:02}:{s:02} box bot[812]: {level} {text}")
    },
    |[_, h, m, s], level, text| format!("{h:02}:{m:02}:{s:02} {level} {text}"),
];

#[test]
fn days_in_health_alarm_nobody() {
    let mut wrong = Vec::new();
    for (at, (name, day)) in DAYS.iter().enumerate() {
        for (head_at, head) in HEADS.iter().enumerate() {
            let mut dice = Dice::new((at * HEADS.len() + head_at) as u64 + 1);
            let mut lines = day(&mut dice);
            lines.sort_by_key(|line| line.0);
            let mut log = String::new();
            // From one noon to the next.
            for (second, level, text) in &lines {
                let at = second + 43_200;
                let time = [6 + at / 86_400, at / 3_600 % 24, at / 60 % 60, at % 60];
                log += &head(time, level, text);
                log.push('\n');
            }
            let report = report_on_bytes(log);
            let is_alarm = |rule: &str| rule.starts_with("system/") || rule == "network/offline";
            for found in &report.diagnoses {
                if found.level >= wd_diagnose::model::Level::Error || is_alarm(&found.rule) {
                    wrong.push(format!("{name}, head {head_at}: {} {}", found.rule, found.summary));
                }
            }
            if report.verdict.is_some() || report.sources.iter().any(|one| one.runs.len() != 1) {
                wrong.push(format!("{name}, head {head_at}: {:?}", report.sources[0].runs));
            }
        }
    }
    assert!(wrong.is_empty(), "alarms in health:\n{}\n", wrong.join("\n"));
}
