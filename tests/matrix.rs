//! The same fault gets the same answer whichever client met it: rows of faults, columns of clients, each
//! cell a log that the real library printed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::cases;
use wd_diagnose::model::Pattern;

/// A fault, the pattern that every client's log of it must be judged as, and the fixtures by client.
const ROWS: &[(&str, Pattern, &[&str])] = &[
    (
        "refused",
        Pattern::Network,
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
        &[
            "network/read-timeout-requests",
            "network/connect-timeout-requests",
            "network/read-timeout-httpx",
            "network/timeout-aiohttp",
            "network/timeout-ccxt",
        ],
    ),
    ("no name", Pattern::Network, &["network/dns-requests", "network/dns-aiohttp"]),
    (
        "TLS",
        Pattern::Network,
        &[
            "network/tls-self-signed-requests",
            "network/tls-expired-aiohttp",
            "network/tls-expired-ccxt",
        ],
    ),
    (
        "5xx",
        Pattern::Network,
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
        &[
            "rate-limit/418-ban-requests",
            "rate-limit/418-ban-ccxt",
            "rate-limit/ban-binance-client",
        ],
    ),
    (
        "429",
        Pattern::RateLimit,
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
        &["payload/html-requests", "payload/html-aiohttp", "payload/html-httpx"],
    ),
    (
        "wrong shape",
        Pattern::Payload,
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
    for (fault, pattern, names) in ROWS {
        for name in *names {
            let case = cases.iter().find(|case| case.name == *name);
            let case = case.unwrap_or_else(|| panic!("no fixture `{name}`"));
            let verdict = case.report().verdict.map(|verdict| verdict.pattern);
            if verdict != Some(*pattern) {
                wrong.push(format!("{fault}: {name} is {verdict:?}, not {pattern}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
