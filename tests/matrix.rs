//! The same fault gets the same answer whichever client met it: rows of faults, columns of clients, each
//! cell a log that the real library printed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;

use common::{cases, report_on_bytes};
use wd_diagnose::model::Pattern;
use wd_diagnose::report::Report;

/// The clients of the matrix; python-binance knows Binance only, the others speak to Bybit.
const CLIENTS: [&str; 7] =
    ["ccxt", "ccxt-async", "pybit", "requests", "aiohttp", "httpx", "python-binance"];

/// A fault and what every client's log of it comes to: `fixtures/matrix/<fault>-<client>.log`.
struct Fault {
    name: &'static str,
    pattern: Pattern,
    /// Rules one of which must explain the end: the same answer, as near as the client's words allow.
    rules: &'static [&'static str],
    /// What every log shows and every report must carry.
    shown: &'static [(&'static str, &'static str)],
    /// The same of python-binance, whose exchange has codes of its own.
    shown_binance: &'static [(&'static str, &'static str)],
    /// What a client does not tell: client and capture.
    untold: &'static [(&'static str, &'static str)],
    /// Clients that cannot meet the fault.
    without: &'static [&'static str],
}

const fn fault(name: &'static str, pattern: Pattern, rules: &'static [&'static str]) -> Fault {
    Fault { name, pattern, rules, shown: &[], shown_binance: &[], untold: &[], without: &[] }
}

/// One row a fault.
const FAULTS: &[Fault] = &[
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10003")],
        shown_binance: &[("exchange", "binance"), ("code", "-2014")],
        ..fault("key", Pattern::Credentials, &["credentials/invalid-key"])
    },
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10004")],
        shown_binance: &[("exchange", "binance"), ("code", "-1022")],
        ..fault("signature", Pattern::Credentials, &["credentials/invalid-signature"])
    },
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10002"), ("skew", "6204 ms")],
        shown_binance: &[("exchange", "binance"), ("code", "-1021")],
        ..fault("clock", Pattern::System, &["system/clock-skew"])
    },
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10010")],
        // Binance says the same of a wrong address as of a right that lacks: see `permission`.
        without: &["python-binance"],
        ..fault("address", Pattern::Credentials, &["credentials/ip-not-allowed"])
    },
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10005")],
        shown_binance: &[("exchange", "binance"), ("code", "-2015")],
        ..fault(
            "permission",
            Pattern::Credentials,
            &["credentials/permission-denied", "credentials/key-ip-or-permission"],
        )
    },
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10006")],
        shown_binance: &[("exchange", "binance"), ("code", "-1003"), ("limit", "6000")],
        ..fault("pace", Pattern::RateLimit, &["rate-limit/exchange-limit"])
    },
    Fault {
        // All of them ask Binance here, which bans with a status of its own.
        shown: &[("exchange", "binance"), ("status", "418")],
        shown_binance: &[("exchange", "binance"), ("code", "-1003")],
        without: &["pybit"],
        ..fault("ban", Pattern::RateLimit, &["rate-limit/ip-banned"])
    },
    Fault {
        shown: &[("exchange", "bybit"), ("code", "10016")],
        shown_binance: &[("exchange", "binance"), ("code", "-1001")],
        ..fault("exchange-error", Pattern::Network, &["network/exchange-unavailable"])
    },
    Fault {
        shown: &[("exchange", "bybit"), ("status", "502"), ("host", "api.bybit.com")],
        shown_binance: &[("exchange", "binance"), ("status", "502")],
        ..fault("502", Pattern::Network, &["network/server-error"])
    },
    Fault {
        shown: &[("errno", "111"), ("host", "api.bybit.com")],
        shown_binance: &[("errno", "111"), ("host", "api.binance.com")],
        untold: &[("httpx", "host")],
        ..fault("refused", Pattern::Network, &["network/connection-refused"])
    },
    Fault {
        shown: &[("host", "api.bybit.com")],
        shown_binance: &[("host", "api.binance.com")],
        untold: &[("httpx", "host")],
        ..fault("dns", Pattern::Network, &["network/dns"])
    },
    Fault {
        shown: &[("reason", "certificate has expired"), ("host", "api.bybit.com")],
        shown_binance: &[("reason", "certificate has expired"), ("host", "api.binance.com")],
        untold: &[("httpx", "host")],
        ..fault("tls", Pattern::Network, &["network/tls-certificate"])
    },
    fault("timeout", Pattern::Network, &["network/read-timeout", "network/timeout"]),
    fault("reset", Pattern::Network, &["network/remote-closed", "network/connection-reset"]),
    // ccxt hands the page on as text, and the bot's own code falls over it.
    fault("html", Pattern::Payload, &["payload/html-instead-of-json", "payload/wrong-container"]),
    Fault {
        shown: &[("key", "lastPrice")],
        shown_binance: &[("key", "price")],
        ..fault("wrong-shape", Pattern::Payload, &["payload/key-error"])
    },
];

/// What the log comes to where it differs from what the row says.
fn complaint(report: &Report, row: &Fault, client: &str) -> Option<String> {
    let Some(ended) = &report.verdict else { return Some("nothing".to_owned()) };
    let rule = ended.rule.as_str();
    if ended.pattern != row.pattern || !row.rules.contains(&rule) {
        return Some(format!("{rule}, not {:?}", row.rules));
    }
    let shown = if client == "python-binance" { row.shown_binance } else { row.shown };
    let told: BTreeMap<&str, &str> =
        ended.captures.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    shown
        .iter()
        .filter(|(name, _)| !row.untold.contains(&(client, *name)))
        .find(|(name, value)| told.get(name) != Some(value))
        .map(|(name, value)| format!("{name} is {:?}, not {value}", told.get(name)))
}

#[test]
fn every_client_gets_the_same_answer() {
    let mut wrong = Vec::new();
    for row in FAULTS {
        for client in CLIENTS.iter().filter(|client| !row.without.contains(client)) {
            let log = format!("fixtures/matrix/{}-{client}.log", row.name);
            let report = report_on_bytes(std::fs::read(&log).unwrap());
            wrong.extend(complaint(&report, row, client).map(|what| format!("{log}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_log_of_the_matrix_is_a_cell() {
    let cells: Vec<String> = FAULTS
        .iter()
        .flat_map(|row| {
            let with = CLIENTS.iter().filter(|client| !row.without.contains(client));
            with.map(|client| format!("{}-{client}.log", row.name))
        })
        .collect();
    for entry in std::fs::read_dir("fixtures/matrix").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(cells.contains(&name), "{name} belongs to no row");
    }
}

/// A fault, the pattern, the rules one of which must explain it, and fixtures of other clients and exchanges.
type Row = (&'static str, Pattern, &'static [&'static str], &'static [&'static str]);

/// What the other fixtures hold of the same: sockets, urllib3, other exchanges.
const ROWS: &[Row] = &[
    (
        "refused",
        Pattern::Network,
        &["network/connection-refused"],
        &[
            "network/refused-requests",
            "network/refused-urllib3",
            "network/refused-aiohttp",
            "network/refused-httpx",
            "network/refused-websockets",
            "network/refused-websocket-client",
            "network/refused-ccxt",
            "network/refused-ccxt-async",
        ],
    ),
    (
        "reset or closed",
        Pattern::Network,
        &[
            "network/connection-reset",
            "network/remote-closed",
            "network/websocket-closed",
            "network/broken-response",
        ],
        &[
            "network/reset-requests",
            "network/remote-closed-requests",
            "network/reset-aiohttp",
            "network/remote-protocol-httpx",
            "network/ws-abnormal-close-websockets",
            "network/ws-lost-websocket-client",
            "network/binance-client-reset",
        ],
    ),
    (
        "timeout",
        Pattern::Network,
        &["network/read-timeout", "network/connect-timeout", "network/timeout"],
        &[
            "network/read-timeout-requests",
            "network/connect-timeout-requests",
            "network/read-timeout-httpx",
            "network/timeout-aiohttp",
            "network/timeout-ccxt",
        ],
    ),
    (
        "no name",
        Pattern::Network,
        &["network/dns"],
        &["network/dns-requests", "network/dns-aiohttp"],
    ),
    (
        "TLS",
        Pattern::Network,
        &["network/tls-certificate"],
        &[
            "network/tls-self-signed-requests",
            "network/tls-expired-aiohttp",
            "network/tls-expired-ccxt",
        ],
    ),
    (
        "5xx",
        Pattern::Network,
        &["network/server-error"],
        &[
            "network/500-requests",
            "network/502-requests",
            "network/504-requests",
            "network/503-httpx",
            "network/503-ccxt",
            "network/ws-503-websockets",
        ],
    ),
    (
        "401, 403, refused keys",
        Pattern::Credentials,
        &[
            "credentials/unauthorized",
            "credentials/forbidden",
            "credentials/invalid-key",
            "credentials/invalid-signature",
            "credentials/key-ip-or-permission",
        ],
        &[
            "credentials/401-requests",
            "credentials/403-httpx",
            "credentials/bad-key-binance-client",
            "credentials/signature-binance-client",
            "credentials/key-or-ip-ccxt",
            "credentials/bybit-key",
            "credentials/okx-key",
            "credentials/kraken-key",
        ],
    ),
    (
        "418",
        Pattern::RateLimit,
        &["rate-limit/ip-banned"],
        &[
            "rate-limit/418-ban-requests",
            "rate-limit/418-ban-ccxt",
            "rate-limit/ban-binance-client",
        ],
    ),
    (
        "429",
        Pattern::RateLimit,
        &["rate-limit/too-many-requests", "rate-limit/exchange-limit"],
        &[
            "rate-limit/429-requests",
            "rate-limit/429-too-many-responses-urllib3",
            "rate-limit/429-aiohttp",
            "rate-limit/429-httpx",
            "rate-limit/429-ccxt",
            "rate-limit/429-binance-client",
            "rate-limit/ws-429-websockets",
        ],
    ),
    (
        "HTML for JSON",
        Pattern::Payload,
        &["payload/html-instead-of-json"],
        &["payload/html-requests", "payload/html-aiohttp", "payload/html-httpx"],
    ),
    (
        "wrong shape",
        Pattern::Payload,
        &["payload/key-error", "payload/bad-number", "payload/validation"],
        &[
            "payload/key-error-requests",
            "payload/missing-key-aiohttp",
            "payload/float-none-urllib3",
            "payload/pydantic-null",
            "payload/ws-unexpected-message",
        ],
    ),
    (
        "clock",
        Pattern::System,
        &["system/clock-skew"],
        &[
            "system/clock-ahead-ccxt",
            "system/clock-binance-client",
            "system/clock-bybit-10002",
            "system/clock-okx-50102",
        ],
    ),
];

#[test]
fn one_fault_has_one_answer() {
    let cases = cases();
    let mut wrong = Vec::new();
    for (fault, pattern, rules, names) in ROWS {
        for name in *names {
            let case = cases.iter().find(|case| case.name == *name);
            let report = case.unwrap_or_else(|| panic!("no fixture `{name}`")).report();
            let row = self::fault("", *pattern, rules);
            wrong.extend(
                complaint(&report, &row, "").map(|what| format!("{fault}: {name}: {what}")),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
