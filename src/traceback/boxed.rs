//! rich's boxes: their borders, and what a line inside them is.

/// Corners that open a box: rounded, square (old Windows consoles), ASCII.
const OPEN: [&str; 3] = ["╭─", "┌─", "+-"];
/// Corners that close one.
const CLOSE: [&str; 3] = ["╰─", "└─", "+-"];
/// Sides.
const SIDE: [char; 2] = ['│', '|'];

/// Whether the line is the top border of a traceback's box.
pub(super) fn opens_traceback(line: &str) -> bool {
    let text = line.trim_start();
    // A narrow box cuts its title.
    opens(text) && text.contains(" Traceback (most")
}

/// Whether the line is the top border of a member of an exception group.
pub(super) fn opens_member(line: &str) -> bool {
    let text = line.trim_start();
    opens(text) && text.contains(" Sub-exception #")
}

/// Whether the text starts with the top border of any box.
pub(super) fn opens(text: &str) -> bool {
    OPEN.iter().any(|corner| text.starts_with(corner))
}

/// Whether the text starts with a bottom border.
pub(super) fn closes(text: &str) -> bool {
    CLOSE.iter().any(|corner| text.starts_with(corner))
}

/// Whether the line is the bottom border of a box, and no more than that.
pub fn closes_box(line: &str) -> bool {
    let text = line.trim();
    closes(text) && !text.contains(char::is_alphanumeric)
}

/// Whether the line begins with the side of a box.
pub fn is_in_box(line: &str) -> bool {
    line.trim_start().starts_with(SIDE)
}

/// What stands between the two sides; `None` where the line does not start with one.
pub(super) fn inside(line: &str) -> Option<&str> {
    let text = line.trim();
    let text = text.strip_prefix(SIDE)?;
    let text = text.strip_suffix(SIDE).unwrap_or(text);
    Some(text.strip_prefix(' ').unwrap_or(text).trim_end())
}

/// A numbered source line inside a box: whether it is the one that was running, and its text
/// without number and indent guides.
pub(super) fn source_line(inside: &str) -> Option<(bool, &str)> {
    let text = inside.trim_start();
    let (running, text) = match text.strip_prefix(['❱', '>']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[digits..];
    if digits == 0 || !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    Some((running, rest.trim_start_matches([' ', '│', '|'])))
}

/// Reads `/bot/main.py:12 in main`, or `in main:12` (source unknown), or for the place of a
/// `SyntaxError` `/bot/main.py:12`: file, line, function.
pub(super) fn frame(text: &str) -> Option<(&str, u32, Option<&str>)> {
    if let Some(rest) = text.strip_prefix("in ") {
        let (function, line) = rest.rsplit_once(':')?;
        return Some(("<string>", number(line)?, Some(function)));
    }
    match text.rsplit_once(" in ") {
        Some((place, function)) if !function.is_empty() => {
            let (file, line) = place.rsplit_once(':')?;
            Some((file, number(line)?, Some(function.trim()))).filter(|_| !file.is_empty())
        }
        Some(_) => None,
        None => {
            let (file, line) = text.rsplit_once(':')?;
            Some((file, number(line)?, None)).filter(|_| !file.is_empty())
        }
    }
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}
