//! Exceptions named in a message of one line, where no traceback was printed.

use super::line;

/// Most exceptions taken from one text.
const MOST: usize = 8;

/// How much of a text is searched, in bytes.
const SEARCHED: usize = 16 << 10;

/// An exception named in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inline {
    /// Class as written, with its module where it stands there.
    pub class: String,
    /// What is said of it: the rest of the line after `Class: `, or what `Class(…)` holds (unquoted
    /// where that is one string). Empty where it stands alone.
    pub message: String,
    /// Byte offset of the class in the text.
    pub start: usize,
}

/// Finds exceptions named in a log message, in order, at most a few: `Class: message`,
/// `Class('message')`, `due to Class.`, and a class that begins or ends the text.
///
/// Words that only look alike (`errors=0`, `ErrorHandler installed`, the label `Error: …`) are none.
pub fn inline_exceptions(text: &str) -> Vec<Inline> {
    let text = &text[..text.floor_char_boundary(SEARCHED)];
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < MOST {
        let Some((start, end)) = next_name(text, from) else { break };
        from = end;
        if let Some(inline) = exception_at(text, start, end) {
            found.push(inline);
        }
    }
    found
}

/// The next dotted name.
fn next_name(text: &str, from: usize) -> Option<(usize, usize)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let start = from + text[from..].find(is_part)?;
    let length = text[start..].find(|c| !is_part(c)).unwrap_or(text.len() - start);
    Some((start, start + length))
}

fn exception_at(text: &str, start: usize, end: usize) -> Option<Inline> {
    let stop = text[start..end].trim_end_matches('.').len() + start;
    let class = &text[start..stop];
    let ended = stop < end;
    if !is_class(class) || text[..start].ends_with(['/', '-', '\\', '@']) {
        return None;
    }
    let rest = &text[stop..];
    let name = class.rsplit('.').next().unwrap_or(class);
    let dotted = class.contains('.');
    // `Timeout: 30` is a setting.
    let label = !dotted && matches!(name, "Error" | "Exception" | "Timeout");
    let message = if let Some(arguments) = rest.strip_prefix('(') {
        unquoted(within_brackets(arguments)).to_owned()
    } else if let Some(after) = rest.strip_prefix(':') {
        if !(after.is_empty() || after.starts_with([' ', '\n'])) {
            return None;
        }
        let message = after.lines().next().unwrap_or("").trim();
        let setting = message.starts_with(|c: char| c.is_ascii_digit());
        if label && (name != "Timeout" || setting) {
            return None;
        }
        message.to_owned()
    } else if label {
        return None;
    } else {
        let before = &text[..start];
        let last = rest.trim_end_matches(['.', '!', '\'', '"', '>', ')', ']']).trim().is_empty();
        let first = before.trim().is_empty() && rest.starts_with(' ');
        let reason = before.ends_with("due to ") && (ended || rest.starts_with([' ', ',', ';']));
        let quoted = before.ends_with("<class '");
        if !(last || first || reason || quoted) {
            return None;
        }
        if first { rest.trim().lines().next().unwrap_or("").to_owned() } else { String::new() }
    };
    Some(Inline { class: class.to_owned(), message, start })
}

/// Endings and names by which a class is known without a traceback around it.
fn is_class(class: &str) -> bool {
    if !class.split('.').all(line::is_identifier) {
        return false;
    }
    let name = class.rsplit('.').next().unwrap_or(class);
    if !name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') {
        return false;
    }
    // All capitals is a level or a constant: `NETWORK_ERROR`.
    let ending = ["Error", "Exception", "Timeout", "Disconnected"];
    ending.iter().any(|end| name.ends_with(end))
        || name == "KeyboardInterrupt"
        || line::is_known_name(name)
        || is_of_errors(class, name)
}

/// Whether a class of any name is an exception by the module it is in: `telegram.error.Conflict`,
/// `discord.errors.LoginFailure`, `playwright._impl._errors.TargetClosed`.
fn is_of_errors(class: &str, name: &str) -> bool {
    let modules = class[..class.len() - name.len()].trim_end_matches('.');
    let of_errors = |part: &str| {
        let part = part.trim_start_matches('_');
        ["error", "errors", "exceptions"].contains(&part) || part.ends_with("_exceptions")
    };
    modules.contains('.')
        && modules.split('.').any(of_errors)
        && name.contains(|c: char| c.is_ascii_lowercase())
}

/// The text up to the bracket that closes; all of it where none does.
fn within_brackets(text: &str) -> &str {
    let mut depth = 0_u32;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' => depth += 1,
                ')' if depth == 0 => return &text[..at],
                ')' => depth -= 1,
                _ => {}
            },
        }
    }
    text
}

/// The inside of one quoted string; any other text as it is.
fn unquoted(text: &str) -> &str {
    let text = text.trim().trim_end_matches(',');
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))
            && !inner.contains(quote)
        {
            return inner;
        }
    }
    text
}
