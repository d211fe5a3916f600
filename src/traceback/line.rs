//! What one line of a traceback is, told from the line alone.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Relation;

/// The header that CPython prints before frames.
pub(super) const HEADER: &str = "Traceback (most recent call last):";

/// Where that header stands in a line.
pub(super) fn header_in(line: &str) -> Option<usize> {
    // Every line of an event is asked: the search is made ready once.
    static HEADERS: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(HEADER));
    if line.len() < HEADER.len() { None } else { HEADERS.find(line.as_bytes()) }
}

/// A frame's own line: `File "bot.py", line 12, in main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLine<'a> {
    /// File as logged.
    pub file: &'a str,
    /// Line in it; `None` where the log has `???` or `None`.
    pub line: Option<u32>,
    /// Function; `None` for the place of a `SyntaxError`.
    pub function: Option<&'a str>,
    /// loguru's `>`: the frame that caught the exception.
    pub caught: bool,
}

/// The line that names an exception: `KeyError: 'k'`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExceptionLine<'a> {
    /// Class as logged.
    pub class: &'a str,
    /// First line of the message; empty where there is none.
    pub message: &'a str,
    /// The name alone says that it is an exception: a known ending, or a class in a module.
    /// Otherwise only its place after frames can say so (`Price: 5` has the same shape).
    pub sure: bool,
}

/// Whether a line is a frame's own line.
pub fn is_frame(line: &str) -> bool {
    frame_line(line).is_some()
}

/// Reads a frame's own line, in the form of `traceback`, faulthandler (no comma before `in`), loguru or IPython, or as
/// it is when its quotes were curled or lost on the way through an editor.
pub fn frame_line(line: &str) -> Option<FrameLine<'_>> {
    let text = line.trim();
    let (caught, text) = match text.strip_prefix("> ") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let Some((file, rest)) = file_of(text) else { return ipython_frame(text) };
    let number = rest.find([',', ' ']).unwrap_or(rest.len());
    let (number, rest) = rest.split_at(number);
    let line = match number {
        "None" => None,
        unknown if !unknown.is_empty() && unknown.bytes().all(|b| b == b'?') => None,
        digits => Some(digits.parse::<u32>().ok()?),
    };
    let function = match rest.trim_start_matches(',').trim_start() {
        "" => None,
        // What a web page made of `<module>`, which it took for a tag of its own.
        "in" => Some("<module>"),
        rest => Some(rest.strip_prefix("in ")?.trim()).filter(|name| !name.is_empty()),
    };
    Some(FrameLine { file, line, function, caught })
}

/// The file of a frame's line, and what stands behind `line `. Without quotes only a file of Python's.
fn file_of(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("File ")?;
    if let Some(quoted) = rest.strip_prefix('"') {
        return quoted.split_once("\", line ");
    }
    if let Some(quoted) = rest.strip_prefix(['“', '”', '„']) {
        let (file, rest) = quoted.split_once(", line ")?;
        return Some((file.strip_suffix(['”', '“'])?, rest));
    }
    let (file, rest) = rest.split_once(", line ")?;
    (is_python(file) && rest.contains(" in ")).then_some((file, rest))
}

fn is_python(file: &str) -> bool {
    [".py", ".pyx"].iter().any(|end| file.ends_with(end))
        || file.starts_with('<') && file.ends_with('>')
}

/// IPython's forms of a frame's line (IPython/core/ultratb.py, `_format_filename`), with no quotes:
/// `File ~/bot.py:12 in main` or `File ~/bot.py:12, in main(x)`, `Cell In[3], line 12`, `Cell In[3], line 12, in main(x)`,
/// `Input In [3], in <cell line: 1>()`, and of old `~/bot.py in main(x)`. Where no line is named an arrow shows it below.
/// Only of Python's files: any file may be named with a line.
fn ipython_frame(text: &str) -> Option<FrameLine<'_>> {
    if text.starts_with("Cell In") || text.starts_with("Input In") {
        return cell_frame(text);
    }
    if !text.starts_with("File ") {
        return old_frame(text);
    }
    let (place, function) = text.strip_prefix("File ")?.split_once(" in ")?;
    let (file, number) = place.trim_end_matches(',').rsplit_once(':')?;
    if !is_python(file) {
        return None;
    }
    let function = function.split('(').next().unwrap_or(function).trim();
    if function.is_empty() || function.contains(' ') {
        return None;
    }
    let line = Some(number.parse::<u32>().ok()?);
    Some(FrameLine { file, line, function: Some(function), caught: false })
}

fn cell_frame(text: &str) -> Option<FrameLine<'_>> {
    let close = text.find(']')?;
    let (cell, rest) = text.split_at(close + 1);
    let number = cell[..close].split_once('[')?.1;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (line, rest) = match rest.strip_prefix(", line ") {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (Some(rest[..end].parse::<u32>().ok()?), &rest[end..])
        }
        None => (None, rest),
    };
    let function = match rest.strip_prefix(", in ") {
        Some(function) => function_of(function)?,
        None if rest.is_empty() && line.is_some() => "<module>",
        None => return None,
    };
    Some(FrameLine { file: cell, line, function: Some(function), caught: false })
}

/// `~/bot.py in main(x)`, `<ipython-input-3-2b1c> in <module>`, and what Colab makes of either when it is copied:
/// a link, `[~/bot.py](https://localhost:8080/#) in main(x)`.
fn old_frame(text: &str) -> Option<FrameLine<'_>> {
    if let Some(link) = text.strip_prefix('[') {
        let (file, function) = link.split_once("](https://localhost:8080/#) in ")?;
        let is_cell = file.starts_with("<ipython-input-") && file.ends_with('>');
        if !is_cell && !is_python(file) {
            return None;
        }
        return Some(FrameLine {
            file,
            line: None,
            function: Some(function_of(function)?),
            caught: false,
        });
    }
    if !(text.starts_with(['/', '~', '<']) || text.get(1..3) == Some(":\\")) {
        return None;
    }
    let (file, function) = text.split_once(" in ")?;
    let is_path = file.starts_with(['/', '~', '<']) || file.get(1..3) == Some(":\\");
    let is_call = function.ends_with(')') || function == "<module>";
    if !(is_path && is_call && is_python(file)) || file.contains(' ') {
        return None;
    }
    Some(FrameLine { file, line: None, function: Some(function_of(function)?), caught: false })
}

/// The name before the arguments.
fn function_of(text: &str) -> Option<&str> {
    let name = text.split('(').next().unwrap_or(text).trim();
    let known = name.starts_with("<cell line: ") || !name.contains(' ');
    (known && !name.is_empty()).then_some(name)
}

/// IPython's header: the class of the exception, and behind blanks what it is.
pub(super) fn is_ipython_header(trimmed: &str) -> bool {
    let class = trimmed.strip_suffix("Traceback (most recent call last)");
    class.and_then(|class| class.strip_suffix(' ')).is_some_and(|class| {
        exception_line(class).is_some_and(|exception| exception.message.is_empty())
    })
}

/// Whether the source text below a frame's line has numbers, as IPython prints it.
pub(super) fn has_numbers_below(frame: &str) -> bool {
    !frame.contains(", line ") || frame.starts_with("Cell In")
}

/// The rule that IPython draws above a traceback.
pub(super) fn is_rule(trimmed: &str) -> bool {
    trimmed.len() >= 20 && trimmed.bytes().all(|byte| byte == b'-')
}

/// IPython's `---> 12 run()`: the line that was running, and its number.
pub(super) fn arrow(trimmed: &str) -> Option<(u32, &str)> {
    let rest = trimmed.trim_start_matches('-').strip_prefix("> ")?;
    let (number, code) = rest.split_once(' ').unwrap_or((rest, ""));
    (trimmed.starts_with("--")).then_some((number.parse().ok()?, code.trim()))
}

/// IPython's `12 run()`: a line near the one that was running.
pub(super) fn is_numbered(trimmed: &str) -> bool {
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && matches!(trimmed.as_bytes().get(digits), None | Some(b' '))
}

/// The sentence between two links of a chain, and what it says of the second.
pub fn chain_sentence(line: &str) -> Option<Relation> {
    match line.trim() {
        "The above exception was the direct cause of the following exception:" => {
            Some(Relation::Cause)
        }
        "During handling of the above exception, another exception occurred:" => {
            Some(Relation::Context)
        }
        _ => None,
    }
}

/// Whether a line holds the header of a traceback (a group's and rich's box included), perhaps after
/// other text.
pub fn has_header(line: &str) -> bool {
    header_in(line).is_some()
        || super::boxed::opens_traceback(line)
        || is_ipython_header(line.trim())
}

/// Whether a text that begins with the header is a whole traceback in one line, its line breaks
/// written as `\n` (a message logged with `%r`, a value inside JSON).
pub(super) fn is_escaped(text: &str) -> bool {
    text.strip_prefix(HEADER).is_some_and(|rest| rest.trim_start_matches('\\').starts_with("n "))
}

/// The lines of such a text.
pub(super) fn unescaped(text: &str) -> Vec<String> {
    // A representation inside another has more backslashes before `n`; as many as the first has.
    // A backslash in a path is doubled, so that `C:\\new` is no line break.
    let level = text[HEADER.len()..].bytes().take_while(|b| *b == b'\\').count();
    let mut lines = vec![String::new()];
    let mut rest = text;
    while let Some(line) = lines.last_mut() {
        let Some(at) = rest.find('\\') else {
            line.push_str(rest);
            break;
        };
        line.push_str(&rest[..at]);
        let after = rest[at..].trim_start_matches('\\');
        let run = rest.len() - at - after.len();
        rest = after;
        if run == level && after.starts_with('n') {
            rest = &after[1..];
            lines.push(String::new());
        } else if !after.starts_with(['\'', '"']) {
            line.push_str(&"\\".repeat(run.div_ceil(2 * level.max(1))));
        }
    }
    // What closes the string or the object around it.
    let closes = |line: &String| line.chars().all(|c| "'\"})], ".contains(c));
    while lines.len() > 1 && lines.last().is_some_and(closes) {
        lines.pop();
    }
    lines
}

/// Whether the line is a header and nothing else: ordinary, or of a group without its margin.
pub(super) fn is_header(trimmed: &str) -> bool {
    trimmed == HEADER || trimmed.strip_prefix("Exception Group ").is_some_and(|rest| rest == HEADER)
}

/// Whether a line is indented as source text under a frame is.
pub fn is_code_like(line: &str) -> bool {
    indent(line) >= 4 && !line.trim().is_empty() || line.starts_with('\t')
}

/// Whether a line only points at source text above it (PEP 657).
pub fn is_caret(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'^' | b'~' | b' '))
}

/// Whether a line shows a value under source text, as loguru and better_exceptions do.
pub(super) fn is_value_mark(trimmed: &str) -> bool {
    trimmed.starts_with(['│', '└'])
}

/// Whether a line is `name = value`, as `capture_locals` prints local variables.
pub(super) fn is_local(trimmed: &str) -> bool {
    trimmed.split_once(" = ").is_some_and(|(name, _)| is_identifier(name))
}

/// Number of blank bytes before the text.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Reads `Class` or `Class: message`. Indentation is the caller's business.
///
/// A class is a dotted name; parts such as `<locals>` (a class made in a function) and an end such as
/// `(KeyError)` (Ray's `RayTaskError(KeyError)`) are allowed.
pub fn exception_line(line: &str) -> Option<ExceptionLine<'_>> {
    let text = line.trim();
    let end = class_end(text)?;
    let (class, rest) = text.split_at(end);
    let message = match rest.strip_prefix(':') {
        None if rest.is_empty() => "",
        None => return None,
        Some("") => "",
        Some(rest) => rest.strip_prefix(' ')?,
    };
    Some(ExceptionLine { class, message: message.trim_start(), sure: is_exception_class(class) })
}

/// Whether a line stands in place of a header where Ray tells of another process: `ray::Feed.price() (pid=412,
/// ip=10.0.0.2, actor_id=…, repr=…)`.
pub(super) fn is_ray_header(text: &str) -> bool {
    text.strip_prefix("ray::").is_some_and(|rest| rest.contains("() (pid=") && rest.ends_with(')'))
}

/// Where the dotted name at the start of the text ends.
fn class_end(text: &str) -> Option<usize> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>')))
        .unwrap_or(text.len());
    let name = &text[..end];
    if !name.split('.').all(is_name_part) || name.starts_with("<") && !name.contains('.') {
        return None;
    }
    // Ray names the class it carries in brackets.
    if let Some(rest) = text[end..].strip_prefix('(')
        && let Some((inner, _)) = rest.split_once(')')
        && is_identifier(inner)
    {
        return Some(end + inner.len() + 2);
    }
    Some(end)
}

fn is_name_part(part: &str) -> bool {
    let plain = part.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(part);
    is_identifier(plain)
}

/// Whether the text is one Python identifier.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
}

/// Endings that Python programs give to exception classes and hardly to anything else.
const ENDINGS: &[&str] = &[
    "Error",
    "Exception",
    "ExceptionGroup",
    "Warning",
    "Timeout",
    "Interrupt",
    "Disconnected",
    "RemoteTraceback",
    "Failure",
];

/// Names of CPython's and well-known libraries' exception classes with none of those endings.
const NAMES: &[&str] = &[
    "StopIteration",
    "StopAsyncIteration",
    "GeneratorExit",
    "SystemExit",
    "ConnectionClosed",
    "ConnectionClosedOK",
    "MaxRetriesExceeded",
    "TooManyRedirects",
    "IncompleteRead",
    "BadStatusLine",
    "RemoteProtocolError",
    "DDoSProtection",
    "RateLimitExceeded",
    "ExchangeNotAvailable",
    "OnMaintenance",
    "InvalidNonce",
    "InsufficientFunds",
    "InvalidOrder",
    "OrderNotFound",
    "BadSymbol",
    "BadRequest",
    "BadResponse",
    "PermissionDenied",
    "NotSupported",
];

/// Whether an undotted name is that of a well-known exception class without one of those endings.
pub(super) fn is_known_name(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether a name (dotted or not) is an exception's by itself.
pub(super) fn is_exception_class(class: &str) -> bool {
    let name = class.rsplit('.').next().unwrap_or(class);
    let name = name.split('(').next().unwrap_or(name);
    let capital = name.starts_with(char::is_uppercase) || name.starts_with('_');
    if capital && (ENDINGS.iter().any(|end| name.ends_with(end)) || is_known_name(name)) {
        return true;
    }
    // `queue.Empty`, `bot.orders.Rejected`: a class in a module. A host name has no capital.
    // `zlib.error`, `socket.timeout`, `socket.gaierror` and Python 2's bare `error` are the old ones.
    match class.rfind('.') {
        Some(_) if class.contains("<locals>") => true,
        Some(dot) => {
            let module = &class[..dot];
            let modular = module.split('.').all(|part| !part.starts_with(char::is_uppercase));
            modular && capital || matches!(name, "error" | "timeout" | "gaierror" | "herror")
        }
        None => matches!(name, "error" | "timeout" | "gaierror" | "herror"),
    }
}
