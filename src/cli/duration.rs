//! Spans of time as typed: `150ms`, `10s`, `2m`, `1h`.

use std::time::Duration;

/// Longest span that makes sense to wait for.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Reads a span of time of at least a millisecond.
///
/// # Errors
/// Where it is none, or too long; the text says what is one.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let advice = || "not a span of time; write one such as `150ms`, `10s`, `2m` or `1h`".to_owned();
    let none = || "no time at all; write at least `1ms`".to_owned();
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(advice());
    }
    let number: f64 = number.parse().map_err(|_| advice())?;
    let unit = match unit.trim() {
        "ms" => 0.001,
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ if number == 0.0 => return Err(none()),
        "" => return Err(format!("{text} of what? Write `{text}s` for seconds, or `{text}ms`")),
        _ => return Err(advice()),
    };
    match Duration::try_from_secs_f64(number * unit) {
        Ok(span) if span >= Duration::from_millis(1) && span <= LONGEST => Ok(span),
        Ok(span) if span < Duration::from_millis(1) => Err(none()),
        _ => Err("too long; at most a year can be waited for".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, millis) in [
            ("150ms", 150),
            ("10s", 10_000),
            ("2m", 120_000),
            ("1.5 h", 5_400_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "s", "10", "-1s", "0s", "1y", "1e9s", "..s", "400d", "½s", "10 s later", "bot.log"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
