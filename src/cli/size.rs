//! Sizes as typed: `500MB`, `16GiB`, `64k`.

/// Reads a size in bytes. `kB`, `MB`, `GB`, `TB` are powers of 1000; `KiB` and so on, and single letters,
/// of 1024.
///
/// # Errors
/// Where it is no size, or nothing, or too much; the text says what is one.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let advice = || "not a size; write one such as `500MB` or `16GiB`".to_owned();
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().map_err(|_| advice())?;
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        _ => return Err(advice()),
    };
    match number.checked_mul(unit) {
        Some(0) | None => Err(advice()),
        Some(size) => Ok(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, size) in [
            ("1", 1),
            ("64k", 65_536),
            ("500MB", 500_000_000),
            ("16GiB", 16 << 30),
            ("2 tib", 2 << 40),
        ] {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
        for text in ["", "0", "MB", "-1", "1.5GB", "1PB", "99999999999999999999", "99999999T", "½"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
