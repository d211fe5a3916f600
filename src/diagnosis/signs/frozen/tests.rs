#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::Frozen;
use crate::diagnosis::signs::shape::shape;
use crate::diagnosis::signs::{Sample, Sign};
use crate::source::Place;

/// What is found in messages of which one comes every `every` seconds from a quarter past ten on.
fn found(messages: impl IntoIterator<Item = String>, every: f64) -> Option<Sign> {
    let mut frozen = Frozen::default();
    for (at, message) in messages.into_iter().enumerate() {
        let place = Place { file: 0, byte: 0, line: at as u64 + 1 };
        let sample = Sample {
            place,
            stamp: None,
            line: message.as_bytes(),
            is_first: true,
            tells: false,
            skipped: false,
            said: None,
        };
        frozen.sample(&sample, &shape(&message), Some(36_900.0 + at as f64 * every));
    }
    frozen.close()
}

fn price(n: u32) -> f64 {
    64_000.0 + f64::from(n * 37 % 101) * 0.7
}

#[test]
fn a_price_that_stood_still_is_told_once_with_its_beginning() {
    let moves = |n: u32| format!("BTCUSDT {:.2}", price(n.min(100)));
    let sign = found((0..200).map(moves), 2.0).unwrap();
    assert_eq!(
        (sign.first.line.place.line, sign.last.line.place.line, sign.count),
        (102, 200, 100)
    );
    assert_eq!(
        (sign.captures["measure"].as_str(), sign.captures["span"].as_str()),
        ("the same", " in 3 min")
    );
    let zero = |n: u32| format!("price {:.2} (poll {n})", if n < 100 { price(n) } else { 0.0 });
    assert_eq!(found((0..200).map(zero), 2.0).unwrap().captures["measure"], "zero");
    let resumed =
        |n: u32| format!("ETH/USDT last={:.2}", price(if n < 180 { n.min(100) } else { n }));
    assert_eq!(found((0..300).map(resumed), 2.0).unwrap().count, 80, "also where it went on later");
    let mut frozen = Frozen::default();
    assert!(frozen.close().is_none());
}

#[test]
fn what_may_stand_still_is_left_alone() {
    type Says = fn(u32) -> String;
    let cases: [(&str, Says, f64); 9] = [
        ("constant from the start", |_| "BTCUSDT 64000.50".to_owned(), 2.0),
        (
            "a stablecoin",
            |n| format!("USDC/USDT {:.4}", if n % 40 == 7 { 1.0001 } else { 1.0 }),
            2.0,
        ),
        ("a thin market", |n| format!("XMR/EUR last={:.2}", price(n.min(100) / 3)), 2.0),
        (
            "a pause of a minute",
            |n| format!("BTCUSDT {:.2}", price(if (100..125).contains(&n) { 100 } else { n })),
            2.0,
        ),
        ("less than a minute", |n| format!("BTCUSDT {:.2}", price(n.min(100))), 0.2),
        ("a position", |n| format!("position BTCUSDT entry price {:.2}", price(n.min(100))), 2.0),
        ("a balance", |n| format!("balance {:.2} USDT", price(n.min(100))), 2.0),
        ("whole numbers", |n| format!("price {}", n.min(100)), 2.0),
        ("no market data", |n| format!("load {:.2}", price(n.min(100))), 2.0),
    ];
    for (what, message, every) in cases {
        assert!(found((0..200).map(message), every).is_none(), "{what}");
    }
    // From 10:15 on, 450 ticks of two seconds end at half past ten.
    let closes = |n: u32| format!("AAPL last={:.2}", price(n.min(450)));
    assert!(found((0..700).map(closes), 2.0).is_none(), "a market that closed");
}
