//! `--tz`: a zone by its name or offset.

use jiff::tz::{Offset, TimeZone};

/// Reads a zone.
///
/// # Errors
/// Where there is none of that name; the text has names that are near.
pub(super) fn parse(text: &str) -> Result<TimeZone, String> {
    if text.eq_ignore_ascii_case("local") {
        return Ok(TimeZone::system());
    }
    if let Some(offset) = offset(text) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(text).map_err(|_| {
        let near = near(text);
        if near.is_empty() {
            "no such time zone; write a name such as `Europe/Berlin`, `UTC`, or an offset such as `+02:00`".to_owned()
        } else {
            format!("no such time zone; did you mean {}?", near.join(", "))
        }
    })
}

/// `+02:00`, `-0530` or `+2`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| match text {
        _ if text.len() > 2 || !text.bytes().all(|byte| byte.is_ascii_digit()) => None,
        _ => text.parse::<i32>().ok(),
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// At most three names that are like `text`, or whose city is, the nearest first.
fn near(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let likeness = |name: &str| {
        let name = name.to_ascii_lowercase();
        let city = name.rsplit('/').next().unwrap_or(&name);
        strsim::jaro_winkler(&name, &text).max(strsim::jaro_winkler(city, &text))
    };
    let mut names: Vec<(f64, String)> = jiff::tz::db()
        .available()
        .map(|name| (likeness(name.as_str()), name.as_str().to_owned()))
        .filter(|(likeness, _)| *likeness > 0.87)
        .collect();
    names.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    names.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_offsets() {
        assert_eq!(parse("UTC").unwrap().iana_name(), Some("UTC"));
        assert_eq!(parse("europe/berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        for (text, seconds) in
            [("+02:00", 7_200), ("-0530", -19_800), ("+2", 7_200), ("-00:30", -1_800)]
        {
            assert_eq!(
                parse(text).unwrap().to_fixed_offset().unwrap().seconds(),
                seconds,
                "{text}"
            );
        }
    }

    #[test]
    fn a_near_miss_is_named() {
        assert!(parse("Berlin").unwrap_err().contains("`Europe/Berlin`"));
        assert!(parse("Europe/Berln").unwrap_err().contains("`Europe/Berlin`"));
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in ["", "+", "+99:00", "+2:75", "+02:+3", "é", "+éé", "Mars/Olympus Mons"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
