//! Control, bidirectional and zero-width characters as visible text; what HTML and XML cannot hold.
//!
//! Everything that comes out of a log goes through [`visible`] or [`visible_lines`] once, before any
//! writer sees it, so that a log can neither send a control sequence to a terminal nor reorder or hide
//! text in it. Backslashes of the log stay as they are: the result is for reading, not for decoding.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` as one line: a newline is shown as `\n`, a carriage return as `\r`, a tab as a space, and what
/// cannot be seen by its number (`\x1b`, `\u{202e}`). Borrowed where nothing had to change.
pub fn visible(text: &str) -> Cow<'_, str> {
    replace(text, false)
}

/// The same as [`visible`], but newlines stay: for messages of several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    replace(text, true)
}

/// `text` for the content or a quoted attribute of an HTML page. Controls are not its business:
/// [`visible`] comes first.
pub fn html(text: &str) -> Cow<'_, str> {
    entities(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}

/// `text` as far as an XML 1.0 document can hold it at all (its production 2, `Char`): what it cannot
/// becomes U+FFFD. Markup is the business of whoever writes the document.
pub fn xml_chars(text: &str) -> Cow<'_, str> {
    entities(text, |c| match c {
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
            Some("\u{fffd}")
        }
        _ => None,
    })
}

fn replace(text: &str, keep_newlines: bool) -> Cow<'_, str> {
    let is_plain = |c: char| !is_hidden(c) || (keep_newlines && c == '\n');
    let Some(first) = text.find(|c| !is_plain(c)) else { return Cow::Borrowed(text) };
    let mut shown = String::with_capacity(text.len() + 16);
    shown.push_str(&text[..first]);
    for c in text[first..].chars() {
        match c {
            c if is_plain(c) => shown.push(c),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push(' '),
            c => push_number(&mut shown, c),
        }
    }
    Cow::Owned(shown)
}

fn push_number(shown: &mut String, c: char) {
    let number = u32::from(c);
    // Writing to a `String` cannot fail.
    let _ = if number <= 0xff {
        write!(shown, "\\x{number:02x}")
    } else {
        write!(shown, "\\u{{{number:x}}}")
    };
}

/// What a reader would not see, or what would change how the rest is seen: C0, DEL, C1, line and
/// paragraph separators, and the invisible format characters (Unicode `Default_Ignorable_Code_Point`
/// and `Bidi_Control`), variation selectors aside, which every emoji has.
fn is_hidden(c: char) -> bool {
    if c < '\u{7f}' {
        return c < ' ';
    }
    matches!(
        c,
        '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e00ff}'
    )
}

fn entities(text: &str, entity: impl Fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    let Some(first) = text.find(|c| entity(c).is_some()) else { return Cow::Borrowed(text) };
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(&text[..first]);
    for c in text[first..].chars() {
        match entity(c) {
            Some(name) => escaped.push_str(name),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_hides_becomes_visible() {
        for (text, shown) in [
            ("plain text, größer, 日本, 🚀", "plain text, größer, 日本, 🚀"),
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("\x1b]8;;http://evil\x07link", "\\x1b]8;;http://evil\\x07link"),
            ("8-bit CSI \u{9b}31m", "8-bit CSI \\x9b31m"),
            ("bell\x07 back\x08 del\x7f nul\0", "bell\\x07 back\\x08 del\\x7f nul\\x00"),
            ("abc\rxyz", "abc\\rxyz"),
            ("a\tb\nc", "a b\\nc"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            (
                "\u{2066}x\u{2069} \u{200e}\u{200f}\u{61c}",
                "\\u{2066}x\\u{2069} \\u{200e}\\u{200f}\\u{61c}",
            ),
            (
                "pay\u{200b}pal \u{feff}\u{2060}\u{200d}",
                "pay\\u{200b}pal \\u{feff}\\u{2060}\\u{200d}",
            ),
            ("one\u{2028}two\u{2029}", "one\\u{2028}two\\u{2029}"),
            ("tag \u{e0041}", "tag \\u{e0041}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn lines_stay_lines_where_asked() {
        assert_eq!(visible_lines("a\nb\tc\r\n"), "a\nb c\\r\n");
    }

    #[test]
    fn nothing_is_copied_where_nothing_changes() {
        assert!(matches!(visible("binance 429"), Cow::Borrowed(_)));
        assert!(matches!(visible_lines("a\nb"), Cow::Borrowed(_)));
        assert!(matches!(html("a b"), Cow::Borrowed(_)));
    }

    #[test]
    fn markup_is_inert() {
        assert_eq!(
            html("<script a='b' c=\"d\">&</script>"),
            "&lt;script a=&#39;b&#39; c=&quot;d&quot;&gt;&amp;&lt;/script&gt;"
        );
        assert_eq!(xml_chars("]]> & \u{b}\u{ffff} 'x'\n"), "]]> & \u{fffd}\u{fffd} 'x'\n");
    }

    proptest! {
        #[test]
        fn result_is_safe_and_stable(text in any::<String>()) {
            let once = visible(&text).into_owned();
            prop_assert!(!once.chars().any(is_hidden));
            prop_assert_eq!(visible(&once), once.as_str());
            let lines = visible_lines(&text).into_owned();
            prop_assert!(!lines.chars().any(|c| c != '\n' && is_hidden(c)));
        }
    }
}
