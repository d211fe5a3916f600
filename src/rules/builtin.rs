//! The rules in the binary.

macro_rules! file {
    ($name:literal) => {
        (concat!("rules/", $name), include_str!(concat!("../../rules/", $name)))
    };
}

/// Name and text of each built-in file. A test holds that none of the folder is missing.
pub(super) const BUILTIN: &[(&str, &str)] = &[
    file!("captures.toml"),
    file!("codes.toml"),
    file!("credentials.toml"),
    file!("dependencies.toml"),
    file!("exceptions.toml"),
    file!("exchanges/alpaca.toml"),
    file!("exchanges/aws.toml"),
    file!("exchanges/binance.toml"),
    file!("exchanges/bingx.toml"),
    file!("exchanges/bitfinex.toml"),
    file!("exchanges/bitget.toml"),
    file!("exchanges/bitstamp.toml"),
    file!("exchanges/bybit.toml"),
    file!("exchanges/coinbase.toml"),
    file!("exchanges/cryptocom.toml"),
    file!("exchanges/deribit.toml"),
    file!("exchanges/gate.toml"),
    file!("exchanges/gemini.toml"),
    file!("exchanges/htx.toml"),
    file!("exchanges/hyperliquid.toml"),
    file!("exchanges/ibkr.toml"),
    file!("exchanges/kalshi.toml"),
    file!("exchanges/kraken.toml"),
    file!("exchanges/krakenfutures.toml"),
    file!("exchanges/kucoin.toml"),
    file!("exchanges/mexc.toml"),
    file!("exchanges/okx.toml"),
    file!("exchanges/phemex.toml"),
    file!("exchanges/polymarket.toml"),
    file!("exchanges/upbit.toml"),
    file!("memory.toml"),
    file!("network.toml"),
    file!("other.toml"),
    file!("packages.toml"),
    file!("patterns.toml"),
    file!("payload.toml"),
    file!("rate-limit.toml"),
    file!("runs.toml"),
    file!("system.toml"),
];
