use super::Kind::{Heartbeat, Market, Other, Pause};
use super::shape;

#[test]
fn messages_are_told_by_their_words() {
    for (message, kind) in [
        ("BTCUSDT 64000.5", Market),
        ("BTC/USDT last=64000.5 bid=63999.9", Market),
        ("price 12.5 (poll 7)", Market),
        ("candle closed: 1m o=1.5", Market),
        ("heartbeat 17", Heartbeat),
        ("keep-alive sent", Heartbeat),
        ("market closed until 09:30", Pause),
        ("exchange maintenance", Pause),
        ("position BTCUSDT 0.5", Other),
        ("balance 12.5 USDT", Other),
        ("GET /api/v3/time 200", Other),
        ("", Other),
    ] {
        assert_eq!(shape(message).kind, kind, "{message}");
    }
}

#[test]
fn numbers_do_not_make_a_shape_and_fractions_are_its_values() {
    let (one, other) = (shape("BTCUSDT 64000.5 poll 7"), shape("BTCUSDT 63,999.25 poll 18"));
    assert_eq!(one.hash, other.hash);
    assert_ne!(one.values, other.values);
    assert_eq!(one.values, shape("BTCUSDT 64000.5 poll 8").values, "a whole number is a count");
    assert_ne!(one.hash, shape("ETHUSDT 64000.5 poll 7").hash);
    assert_eq!(shape("poll 7").values, None);
    assert!(shape("price 0.00").is_zero && !shape("price 0.01").is_zero);
    assert_eq!(shape(&"é9.5 ".repeat(200)).kind, Other);
}

#[test]
fn a_price_beside_what_the_bot_holds_is_a_price() {
    let same = |one: &str, other: &str| shape(one).values == shape(other).values;
    assert!(shape("BTC/USDT price=64000.5 signal=HOLD").shows_price);
    assert!(shape("BTC/USDT 64000.5 position 0.25 pnl -1.5").shows_price);
    assert!(same("BTC/USDT 64000.5 pnl -1.5", "BTC/USDT 64000.5 pnl -1.7"), "the bot's own number");
    assert!(!same("BTC/USDT 64000.5 pnl -1.5", "BTC/USDT 64001.5 pnl -1.5"));
    for own in [
        "position BTCUSDT 0.5",
        "BTCUSDT position 0.5",
        "BTC/USDT entry price 64000.5",
        "order filled BTCUSDT price=64000.5",
        "balance 12.5 USDT",
    ] {
        assert!(!shape(own).shows_price, "{own}");
    }
}

#[test]
fn full_and_half_hours_are_near_or_between() {
    for (from, to, near) in [
        (3_499.0, 3_499.0, false),
        (3_590.0, 3_590.0, true),
        (3_680.0, 3_680.0, true),
        (3_701.0, 3_701.0, false),
        (3_701.0, 5_300.0, true),
        (3_701.0, 5_250.0, false),
    ] {
        assert_eq!(super::is_near_half_hour(from, to, 100.0), near, "{from} to {to}");
    }
}
