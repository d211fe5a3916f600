//! One line split into the words of a command, as people of each system write them.

/// Splits by the rules of a POSIX shell for quotes and backslashes, on Windows as [`on_windows`] tells. `None` where
/// a quote is not closed.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    if cfg!(windows) { on_windows(line) } else { shlex::split(line) }
}

/// Blanks part words, quotes of either kind hold them together, and a backslash is itself: there it parts the folders
/// of a path. `None` where a quote is not closed.
fn on_windows(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                // Quotes around nothing are a word, too.
                word.get_or_insert_default();
            }
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_windows_stay_whole() {
        let words = on_windows(r#"C:\bot\restart.exe "C:\Program Files\x.exe" '' it" is"  a\"#);
        let whole = [r"C:\bot\restart.exe", r"C:\Program Files\x.exe", "", "it is", r"a\"];
        assert_eq!(words.unwrap(), whole);
        assert_eq!(on_windows(" \t").unwrap(), Vec::<String>::new());
        assert_eq!(on_windows(r#"say "it"#), None);
        assert_eq!(on_windows("say it's"), None);
    }
}
