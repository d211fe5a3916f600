//! What a line near a run's end says: life, shutdown talk, or an error.

use super::finding::Kind;
use super::incident::Mention;
use crate::event::{Record, passes_over, spoken};
use crate::model::Severity;

/// What a line near a run's end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// The bot goes about its work.
    Life,
    /// It is being closed: no sign of life, no cause either.
    Shutdown,
    /// An error record.
    Error,
}

/// Words of shutting down, lower case, matched as whole words.
const SHUTDOWN: [&str; 32] = [
    "closed",
    "closing",
    "close",
    "shutdown",
    "shutting",
    "stopping",
    "stopped",
    "exiting",
    "exit",
    "exited",
    "terminating",
    "terminated",
    "cancelled",
    "cancelling",
    "canceled",
    "disconnected",
    "disconnecting",
    "cleanup",
    "cleaning",
    "bye",
    "goodbye",
    "teardown",
    "quitting",
    "aborted",
    "ended",
    "halted",
    "died",
    "shut",
    "downstream",
    "failed",
    "atexit",
    "restarting",
];

/// Judges one line.
pub(super) fn talk(record: &Record<'_>) -> Talk {
    let text = record.message.as_ref();
    if record.severity.is_some_and(|severity| severity >= Severity::Error) {
        return Talk::Error;
    }
    let first = text.trim_start().lines().next().unwrap_or("");
    // A rule of `====` says nothing, and a web page is what some server answered.
    if !first.contains(char::is_alphanumeric) || !record.begins && is_of_page(first) {
        return Talk::Shutdown;
    }
    if record.severity.is_none() && spoken(first).is_some() && !passes_over(first) {
        return Talk::Error;
    }
    // A sentence of a dozen words about a position being closed is business, not the end.
    let mut words = first.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let is_short = words.clone().count() <= 14;
    let is_trade =
        words.clone().any(|word| TRADE.iter().any(|known| word.eq_ignore_ascii_case(known)));
    let is_component =
        words.clone().any(|word| COMPONENT.iter().any(|known| word.eq_ignore_ascii_case(known)));
    let closes = words.any(|word| SHUTDOWN.iter().any(|known| word.eq_ignore_ascii_case(known)))
        || closes_elsewhere(first);
    if closes && is_short && (!is_trade || is_component) { Talk::Shutdown } else { Talk::Life }
}

/// Beginnings of words of shutting down in other languages, lower case, and what is said of a connection that is gone.
const ELSEWHERE: [&str; 29] = [
    "connection lost",
    "parando",
    "parado",
    "encerrando",
    "encerrado",
    "fechando",
    "finalizando",
    "desligando",
    "deteniendo",
    "detenido",
    "cerrando",
    "arrêt",
    "fermeture",
    "beende",
    "stoppe",
    "gestoppt",
    "останавлива",
    "остановк",
    "остановлен",
    "закрыва",
    "закрыт",
    "завершен",
    "завершил",
    "停止",
    "关闭",
    "退出",
    "종료",
    "중지",
    "終了",
];

/// What begins a word that tells that orders are cancelled, where it is of all of them.
const CANCELS: [&str; 4] = ["cancelando", "annulation", "отмен", "取消"];
const ALL: [&str; 8] = ["todas", "todos", "toutes", "tous", "все", "всех", "所有", "全部"];

/// Whether a line tells in another language that something is being closed.
fn closes_elsewhere(line: &str) -> bool {
    let lower = line.to_lowercase();
    let cancels = CANCELS.iter().any(|word| lower.contains(word));
    let is_of_all = ALL.iter().any(|word| lower.contains(word));
    cancels && is_of_all
        || ELSEWHERE.iter().any(|known| {
            lower.match_indices(known).any(|(at, _)| {
                let before = lower[..at].chars().next_back();
                // Chinese and Japanese write no spaces between words.
                !known.is_ascii() && known.chars().count() == 2
                    || !before.is_some_and(char::is_alphanumeric)
            })
        })
}

/// Whether a line begins with a tag of HTML, as the lines of a page do that an error carries.
fn is_of_page(line: &str) -> bool {
    let Some(tag) = line.trim_start().strip_prefix('<') else { return false };
    let name = tag.trim_start_matches(['/', '!', '-']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    tag.starts_with("!--")
        || [
            "doctype", "html", "head", "title", "meta", "link", "style", "script", "body", "div",
            "center", "hr", "h1", "h2", "p",
        ]
        .iter()
        .any(|known| name[..end].eq_ignore_ascii_case(known))
}

/// Words that make `closed` and `stopped` a matter of trading.
const TRADE: [&str; 16] = [
    "position", "order", "trade", "candle", "price", "pnl", "profit", "buy", "sell", "long",
    "short", "kline", "bar", "market", "stoploss", "qty",
];

/// Words that make it a part of the program after all (`Market data streamer stopped`).
const COMPONENT: [&str; 12] = [
    "engine",
    "streamer",
    "stream",
    "feed",
    "thread",
    "process",
    "service",
    "server",
    "worker",
    "manager",
    "listener",
    "scheduler",
];

/// Whether a line says that the bot tries again or waits.
pub(super) fn goes_on(line: &str) -> bool {
    // An exception that says that it was tried often enough, and Windows' words for 10060.
    let lower =
        line.to_lowercase().replace("retryerror", "").replace("a connection attempt failed", "");
    ["retry", "again", "sleep", "wait", "reconnect", "attempt", "skip", "fallback", "falling back"]
        .iter()
        .any(|word| lower.contains(word))
}

/// Whether an error record says that it is the end, whatever is said in farewell behind it.
pub(super) fn says_fatal(line: &str) -> bool {
    let start = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    ["fatal", "critical"].iter().any(|word| {
        start.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
            && !start[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

/// Whether a finding that stands last ended the run: a traceback that nothing handled, or a record that
/// the logger called an error.
pub(super) fn is_ending(mention: &Mention) -> bool {
    match mention.kind {
        Kind::Died | Kind::PartDied => true,
        Kind::Logged | Kind::Record => {
            mention.severity.is_some_and(|severity| severity >= Severity::Error)
                || mention.kind == Kind::Logged
                    && matches!(mention.severity, None | Some(Severity::Info))
        }
        Kind::Ignored => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_tags() {
        for line in [
            "<!DOCTYPE html>",
            "<!--[if IE 7]> <html class=x>",
            "</head>",
            "  <title>Just a moment</title>",
        ] {
            assert!(is_of_page(line), "{line}");
        }
        for line in ["<BTC> bought", "<- fill 3", "price < 3", "<pair>"] {
            assert!(!is_of_page(line), "{line}");
        }
    }

    #[test]
    fn other_languages_close_as_well() {
        for line in [
            "Parando o bot...",
            "Отменяем все активные ордера...",
            "Бот: закрытие соединений",
            "[AUTO] execution connection lost",
            "行情线程停止",
            "Cancelando todas as ordens",
        ] {
            assert!(closes_elsewhere(line), "{line}");
        }
        for line in ["reparando a base", "connections lost: 0", "Ордер исполнен", "Отмена ордера 7"]
        {
            assert!(!closes_elsewhere(line), "{line}");
        }
    }

    #[test]
    fn fatal_stands_first() {
        assert!(says_fatal("[FATAL] no key"));
        assert!(!says_fatal("fatalities: 0, a fatal error would be told"));
    }
}
