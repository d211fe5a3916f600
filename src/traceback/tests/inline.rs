//! Exceptions named in one line.

use super::*;

fn found(text: &str) -> Vec<(String, String)> {
    let all = inline_exceptions(text);
    for inline in &all {
        assert!(text[inline.start..].starts_with(&inline.class));
    }
    all.into_iter().map(|inline| (inline.class, inline.message)).collect()
}

#[test]
fn classes_and_messages() {
    for (text, class, message) in [
        ("ws error: KeyError: 'p'", "KeyError", "'p'"),
        ("exception=RuntimeError('Session is closed')>", "RuntimeError", "Session is closed"),
        (
            "got BinanceAPIException(\"APIError(code=-1021)\")",
            "BinanceAPIException",
            "APIError(code=-1021)",
        ),
        (
            "ccxt.base.errors.NetworkError: binance GET https://api.binance.com/api",
            "ccxt.base.errors.NetworkError",
            "binance GET https://api.binance.com/api",
        ),
        ("NetworkError binance GET https://x", "NetworkError", "binance GET https://x"),
        ("Could not load markets due to RequestTimeout. Message: x", "RequestTimeout", ""),
        ("stopped by KeyboardInterrupt", "KeyboardInterrupt", ""),
        (
            "failed: <class 'asyncio.exceptions.TimeoutError'>",
            "asyncio.exceptions.TimeoutError",
            "",
        ),
        ("requests.exceptions.Timeout: read", "requests.exceptions.Timeout", "read"),
        ("InvalidNonce: binance {\"code\":-1021}", "InvalidNonce", "binance {\"code\":-1021}"),
        ("TimeoutError()", "TimeoutError", ""),
        (
            "telegram.error.Conflict: by other getUpdates",
            "telegram.error.Conflict",
            "by other getUpdates",
        ),
        (
            "discord.errors.LoginFailure: Improper token",
            "discord.errors.LoginFailure",
            "Improper token",
        ),
        (
            "got selenium.common.exceptions.NoSuchElement()",
            "selenium.common.exceptions.NoSuchElement",
            "",
        ),
        ("Exception('no data')", "Exception", "no data"),
        ("ServerDisconnectedError(\"a\", 'b')", "ServerDisconnectedError", "\"a\", 'b'"),
        ("cut KeyError('p", "KeyError", "'p"),
    ] {
        let first = found(text).into_iter().next();
        assert_eq!(first, Some((class.into(), message.into())), "{text}");
    }
}

#[test]
fn one_inside_another() {
    let text = "ConnectionError: HTTPSConnectionPool(host='x'): Max retries exceeded (Caused by \
                NewConnectionError('<obj>: [Errno -2] Name or service not known'))";
    let classes: Vec<_> = found(text).into_iter().map(|(class, _)| class).collect();
    assert_eq!(classes, ["ConnectionError", "NewConnectionError"]);
}

#[test]
fn words_that_only_look_alike() {
    for text in [
        "",
        "errors=0 warnings=2",
        "ErrorHandler installed",
        "Error: something went wrong",
        "Exception: oops",
        "Timeout: 30",
        "Network Error: retrying",
        "log level ERROR: x",
        "GET /errors/NetworkError HTTP/1.1",
        "max_timeout=5",
        "NETWORK_ERROR: 3",
        "retry on NetworkError and TimeoutError only",
        "DeprecationWarning: old",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn a_few_of_many() {
    let text = "KeyError: ".repeat(5000);
    assert_eq!(found(&text).len(), 8);
}
