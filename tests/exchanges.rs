//! Every row of the exchanges' tables is found in the shapes in which bots log it: ccxt's message, the
//! exchange's own answer, and what its common Python client makes of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;

use common::MATCHER;
use wd_diagnose::detect::{Match, examples};
use wd_diagnose::rules::{Exchange, ExchangeError};

/// Least rows of all tables: a table that is lost must not go unseen.
const ROWS_LEAST: usize = 500;

/// What the exchange says in words: the row's own text, or any.
fn words(error: &ExchangeError) -> String {
    let own = error.contains.as_deref().or(error.message.as_deref());
    own.unwrap_or("see the documentation").replace('"', "'")
}

/// Text of a row as it stands in an answer.
fn message(error: &ExchangeError) -> &str {
    error.message.as_deref().unwrap_or_default()
}

/// The answer as sent.
fn answer(error: &ExchangeError) -> String {
    match &error.code {
        Some(code) if code.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) => {
            format!("{{\"code\":\"{code}\",\"msg\":\"{}\"}}", words(error))
        }
        Some(code) => format!(
            "{{\"status\":\"error\",\"err-code\":\"{code}\",\"code\":\"{code}\",\"label\":\"{code}\",\"message\":\"{}\"}}",
            words(error)
        ),
        None => format!("{{\"error\":[\"{}\"]}}", message(error)),
    }
}

fn ccxt(table: &Exchange, error: &ExchangeError) -> String {
    format!("ccxt.base.errors.ExchangeError: {} {}", table.ids[0], answer(error))
}

fn raw(table: &Exchange, error: &ExchangeError) -> String {
    let host = format!("api.{}", table.hosts[0]);
    format!(
        "2026-05-11 03:00:07,120 - bot - ERROR - https://{host}/v1/order answered {}",
        answer(error)
    )
}

/// What the exchange's common Python client raises. Where a client only hands the answer on, its `repr`.
fn client(table: &Exchange, error: &ExchangeError) -> String {
    let text = words(error);
    let Some(code) = &error.code else {
        let module = table.modules.first().map_or(table.id.as_str(), String::as_str);
        return format!(
            "2026-05-11 03:00:07 ERROR {}: {module}.exceptions.ApiError: {{'error': ['{}'], 'result': None}}",
            table.id,
            message(error)
        );
    };
    match table.id.as_str() {
        "binance" => {
            format!("binance.exceptions.BinanceAPIException: APIError(code={code}): {text}")
        }
        "mexc" => format!("pymexc.base.MexcAPIError: (code={code}): {text}"),
        "bybit" => format!(
            "pybit.exceptions.InvalidRequestError: {text} (ErrCode: {code}) (ErrTime: 12:00:00)."
        ),
        "okx" => format!("okx.exceptions.OkxAPIException: API Request Error(code={code}): {text}"),
        "kucoin" => {
            format!("kucoin.exceptions.KucoinAPIException: KucoinAPIException {code}: {text}")
        }
        "gate" if code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') => {
            format!("gate_api.exceptions.GateApiException: label: {code}, message: {text}")
        }
        "ibkr" => {
            format!("2026-05-11 03:00:07 ERROR ib_async.wrapper Error {code}, reqId -1: {text}")
        }
        _ => {
            let module = table.modules.first().map_or(table.id.as_str(), String::as_str);
            format!(
                "{module}.exceptions.ApiError: https://api.{}/v1: {{'code': '{code}', 'msg': '{text}'}}",
                table.hosts[0]
            )
        }
    }
}

/// In which ways a text is not judged as its row says.
fn wrong(table: &Exchange, error: &ExchangeError, text: &str) -> Option<String> {
    let rules = MATCHER.rules;
    let wanted = rules.get(&error.rule).unwrap().pattern;
    let found: Vec<Match> = examples::winners(&MATCHER, text);
    let pattern = |found: &Match| rules.rules[found.rule].pattern;
    match found.iter().find(|found| pattern(found) == wanted) {
        Some(_) if found.iter().all(|found| pattern(found) == wanted) => None,
        _ => {
            let won: BTreeSet<&str> =
                found.iter().map(|found| rules.rules[found.rule].id.as_str()).collect();
            Some(format!(
                "{} {:?} {:?} ({}): {won:?} on {text}",
                table.id, error.code, error.message, error.rule
            ))
        }
    }
}

#[test]
fn every_row_is_found_in_every_shape() {
    let tables: Vec<&Exchange> =
        MATCHER.rules.exchanges.tables.iter().filter(|table| table.id != "aws").collect();
    let mut complaints = Vec::new();
    let mut rows = 0;
    for table in tables {
        for error in &table.errors {
            rows += 1;
            let mut texts = vec![client(table, error)];
            // What no one reaches through ccxt, or only by a socket, has no such shapes.
            if !table.ids.is_empty() && table.id != "ibkr" {
                texts.push(ccxt(table, error));
            }
            if !table.hosts.is_empty() && table.id != "ibkr" {
                texts.push(raw(table, error));
            }
            complaints.extend(texts.iter().filter_map(|text| wrong(table, error, text)));
        }
    }
    assert!(rows >= ROWS_LEAST, "only {rows} rows");
    assert!(
        complaints.is_empty(),
        "{} of {} texts are judged otherwise:\n{}\n",
        complaints.len(),
        rows * 3,
        complaints.join("\n")
    );
}

#[test]
fn a_bare_number_is_no_code() {
    for table in &MATCHER.rules.exchanges.tables {
        for code in table.errors.iter().filter_map(|error| error.code.as_deref()) {
            // A code in words, such as `RequestTimeTooSkewed`, says what it means anywhere.
            if !code.bytes().any(|b| b.is_ascii_digit()) {
                continue;
            }
            let text = format!(
                "2026-05-11 03:00:07,120 - bot - INFO - {} order {code} filled, {code} left, price {code}.5",
                table.ids.first().map_or("", String::as_str)
            );
            let found = examples::winners(&MATCHER, &text);
            assert!(found.is_empty(), "{text}: {found:?}");
        }
    }
}

#[test]
fn a_code_that_exchanges_use_for_different_things_says_nothing_without_a_name() {
    // Deribit's "not enough funds" is Bybit's ban of an address.
    let unnamed =
        r#"2026-05-11 03:00:07 ERROR order failed: {"code":10009,"message":"no such thing"}"#;
    assert!(examples::winners(&MATCHER, unnamed).is_empty());
    let named =
        r#"ccxt.base.errors.PermissionDenied: bybit {"code":10009,"message":"no such thing"}"#;
    let found = examples::winners(&MATCHER, named);
    assert!(found.iter().any(|one| MATCHER.rules.rules[one.rule].id == "rate-limit/ip-banned"));
}

#[test]
fn codes_that_are_said_to_mean_something_else_are_rows_of_another_table() {
    let tables = &MATCHER.rules.exchanges.tables;
    let has = |table: &Exchange, code: &str| {
        table
            .errors
            .iter()
            .any(|error| error.code.as_deref() == Some(code) && error.contains.is_none())
    };
    for table in tables {
        for code in &table.otherwise {
            assert!(!has(table, code), "{} has a row for {code}", table.id);
            let another = tables.iter().any(|other| {
                other.id != table.id
                    && other.errors.iter().any(|error| error.code.as_ref() == Some(code))
            });
            assert!(another, "no other exchange has a row for {code} of {}", table.id);
        }
    }
}
