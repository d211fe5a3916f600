//! The words of a command: split once, never seen by a shell, with placeholders that are filled only with
//! values of a strict form.
//!
//! A log is hostile: `ModuleNotFoundError: No module named '--index-url=http://evil'` is a line that
//! anybody can make a bot write. So no placeholder takes free text, each value has a form that can be
//! neither an option nor shell syntax, and a value that does not fit means that nothing is run.

mod split;

use super::requirements::Requirement;
use crate::model::Pattern;
use crate::rules::nearest;

/// The placeholders, in the order in which they are documented.
pub const PLACEHOLDERS: [&str; 6] = ["package", "module", "pattern", "rule", "source", "attempt"];

/// Longest name of a module; Python's longest known package names have some 80 characters.
const NAME_BYTES: usize = 100;

/// Longest name of a source: `PATH_MAX` of Linux.
const SOURCE_BYTES: usize = 4096;

/// Shells, which run the text behind `-c`. Those of Windows run all that stands behind them.
const SHELLS: [&str; 9] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "busybox"];

/// Splits what stands behind `--hook` into words, by the rules of a POSIX shell for quotes and backslashes
/// and nothing else: no variables, no globs, no pipes. On Windows a backslash is itself.
///
/// # Errors
/// Where a quote is not closed, there are no words, or [`check`] refuses them.
pub fn split(command: &str) -> Result<Vec<String>, String> {
    let words = split::split(command).ok_or("a quote is not closed")?;
    check(&words)?;
    Ok(words)
}

/// Checks the words of a command before anything is run.
///
/// # Errors
/// Where there are none, a placeholder is unknown, stands for the program itself, or stands in the script
/// of a shell.
pub fn check(words: &[String]) -> Result<(), String> {
    let Some(program) = words.first().filter(|program| !program.is_empty()) else {
        return Err("no command; the first word is the program to run".to_owned());
    };
    if words.iter().any(|word| word.contains('\0')) {
        return Err("a word holds a NUL character, which no command can take".to_owned());
    }
    for word in words {
        for piece in pieces(word) {
            if let Piece::Placeholder(name) = piece
                && !PLACEHOLDERS.contains(&name)
            {
                let hint = nearest(name, PLACEHOLDERS.into_iter())
                    .map_or(String::new(), |near| format!("; did you mean `{{{near}}}`?"));
                return Err(format!(
                    "no placeholder `{{{name}}}`{hint} (there are {}; write `{{{{{name}}}}}` for the text itself)",
                    PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ")
                ));
            }
        }
    }
    if has_placeholder(program) {
        return Err(
            "the program to run cannot be a placeholder: the log would choose it".to_owned()
        );
    }
    if let Some(script) = shell_script(words)
        && has_placeholder(script)
    {
        return Err("a placeholder inside a shell's script would be read by the shell: write `\"$1\"` there \
                    and put the placeholder behind the script, as in `sh -c 'install \"$1\"' sh {package}`"
            .to_owned());
    }
    if has_placeholder_for_windows(words) {
        return Err("a placeholder behind `cmd` or PowerShell would be read by it: name the program itself, or use \
                    `powershell -File SCRIPT.ps1 {package}`"
            .to_owned());
    }
    Ok(())
}

/// What a word calls as a program: its last name in small letters, without `.exe`.
fn program_of(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word).to_ascii_lowercase();
    name.strip_suffix(".exe").map_or_else(|| name.clone(), str::to_owned)
}

/// Whether a placeholder stands where one of Windows' shells reads it: `cmd` reads its whole line anew, PowerShell
/// what stands behind it and no `-File`.
fn has_placeholder_for_windows(words: &[String]) -> bool {
    let Some(shell) = words
        .iter()
        .position(|word| matches!(program_of(word).as_str(), "cmd" | "powershell" | "pwsh"))
    else {
        return false;
    };
    let behind = &words[shell + 1..];
    let is_file = |word: &String| word.eq_ignore_ascii_case("-file");
    let read = match behind.iter().position(is_file) {
        Some(file) if program_of(&words[shell]) != "cmd" => &behind[..file],
        _ => behind,
    };
    read.iter().any(|word| has_placeholder(word))
}

/// The script that a shell is given, where the command is a shell's (also behind `env` and the like).
fn shell_script(words: &[String]) -> Option<&str> {
    let shell = words.iter().position(|word| SHELLS.contains(&program_of(word).as_str()))?;
    let is_c = |word: &String| {
        word.strip_prefix('-').is_some_and(|flags| {
            !flags.starts_with('-')
                && flags.contains('c')
                && flags.bytes().all(|b| b.is_ascii_alphabetic())
        })
    };
    let flag = words[shell..].iter().position(is_c)?;
    words.get(shell + flag + 1).map(String::as_str)
}

/// Whether a word has a placeholder.
pub(super) fn has_placeholder(word: &str) -> bool {
    pieces(word).any(|piece| matches!(piece, Piece::Placeholder(_)))
}

/// Whether any command asks for this placeholder.
pub(super) fn wants(commands: &[Vec<String>], name: &str) -> bool {
    commands
        .iter()
        .flatten()
        .flat_map(|word| pieces(word))
        .any(|piece| matches!(piece, Piece::Placeholder(found) if found == name))
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'w> {
    Text(&'w str),
    Placeholder(&'w str),
}

/// A word in pieces: `{name}` is a placeholder, `{{name}}` the text `{name}`, and any other brace itself.
fn pieces(word: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = braced(rest) {
            rest = after;
            return Some(Piece::Placeholder(name));
        }
        if rest.starts_with("{{")
            && let Some((_, after)) = braced(&rest[1..])
            && let Some(after) = after.strip_prefix('}')
        {
            let text = &rest[1..rest.len() - after.len() - 1];
            rest = after;
            return Some(Piece::Text(text));
        }
        let next = rest.char_indices().skip(1).find(|(_, c)| *c == '{');
        let end = next.map_or(rest.len(), |(at, _)| at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

/// `{name}` at the start of `text`, and what follows.
fn braced(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix('{')?.split_once('}')?;
    let is_name = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'));
    is_name.then_some((name, after))
}

/// What the placeholders of one run stand for.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub(super) module: Option<String>,
    /// The requirement, or why there is none.
    pub(super) package: Result<Requirement, String>,
    /// The package that the log's words point to, for a command that is only shown.
    pub(super) likely: Option<String>,
    pub(super) pattern: Pattern,
    pub(super) rule: String,
    pub(super) source: String,
}

impl Values {
    /// The value of a placeholder, in its strict form.
    fn get(&self, name: &str, attempt: u32) -> Result<String, String> {
        match name {
            "module" => {
                let module = self.module.as_deref().ok_or("the log names no module")?;
                let first = module.split('.').next().unwrap_or(module);
                if module.split('.').all(is_identifier) && module.len() <= NAME_BYTES {
                    Ok(first.to_owned())
                } else {
                    Err("what the log calls a module is no module's name".to_owned())
                }
            }
            "package" => match &self.package {
                Ok(requirement) => Ok(requirement.as_word()),
                Err(why) => Err(why.clone()),
            },
            "pattern" => Ok(self.pattern.id().to_owned()),
            "rule" if is_rule(&self.rule) => Ok(self.rule.clone()),
            "rule" => Err("the rule's id is not `pattern/kebab-name`".to_owned()),
            "source" if is_plain_path(&self.source) => Ok(self.source.clone()),
            "source" => {
                Err("the log's name holds more than letters, digits, blanks and `./@:+,=~-_`, or \
                             begins with `-`"
                    .to_owned())
            }
            "attempt" => Ok(attempt.to_string()),
            other => Err(format!("no placeholder `{{{other}}}`")),
        }
    }

    /// The commands with their placeholders filled.
    ///
    /// # Errors
    /// Where a value is missing or does not have its form: nothing may be run then. The text holds none of
    /// the log's.
    pub(super) fn fill(
        &self,
        commands: &[Vec<String>],
        attempt: u32,
    ) -> Result<Vec<Vec<String>>, String> {
        let fill = |word: &String| -> Result<String, String> {
            pieces(word)
                .map(|piece| match piece {
                    Piece::Text(text) => Ok(text.to_owned()),
                    Piece::Placeholder(name) => self
                        .get(name, attempt)
                        .map_err(|why| format!("`{{{name}}}` cannot be filled: {why}")),
                })
                .collect()
        };
        commands.iter().map(|words| words.iter().map(fill).collect()).collect()
    }

    /// A command to be shown to the user, who decides whether to run it: what cannot be filled in stays a
    /// placeholder, and `{package}` is the package that the log's words point to.
    pub(super) fn show(&self, words: &[String]) -> Vec<String> {
        let show = |piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Placeholder("package") if self.package.is_err() => {
                self.likely.clone().unwrap_or_else(|| "{package}".to_owned())
            }
            Piece::Placeholder(name) => self.get(name, 1).unwrap_or_else(|_| format!("{{{name}}}")),
        };
        words.iter().map(|word| pieces(word).map(show).collect()).collect()
    }
}

/// The words as one line to be copied into a shell.
pub(super) fn quoted(words: &[String]) -> String {
    let quote = |word: &String| shlex::try_quote(word).map_or_else(|_| word.clone(), Into::into);
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// `[A-Za-z_][A-Za-z0-9_]*`: what Python calls an identifier, without letters that look like others.
pub(super) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `<pattern>/<kebab-name>`.
fn is_rule(rule: &str) -> bool {
    let is_kebab = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    rule.len() <= NAME_BYTES
        && rule.split_once('/').is_some_and(|(pattern, name)| is_kebab(pattern) && is_kebab(name))
}

/// A path with nothing in it that a shell or a terminal would take for more.
fn is_plain_path(path: &str) -> bool {
    let is_plain =
        |c: char| c.is_alphanumeric() || " ./@:+,=~-_".contains(c) || (cfg!(windows) && c == '\\');
    !path.is_empty()
        && path.len() <= SOURCE_BYTES
        && !path.starts_with('-')
        && path.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn values(module: &str) -> Values {
        Values {
            module: Some(module.to_owned()),
            package: Err("the bot's requirements do not name the package".to_owned()),
            likely: Some("web3".to_owned()),
            pattern: Pattern::Dependencies,
            rule: "dependencies/module-not-found".to_owned(),
            source: "logs/bot.log".to_owned(),
        }
    }

    /// What a backslash does on Windows, `split.rs` tests.
    #[cfg(not(windows))]
    #[test]
    fn commands_are_split_once_and_by_quotes_alone() {
        assert_eq!(
            split(r#"notify "two words" 'it is' a\ b $HOME *.log | tee"#).unwrap(),
            words(&["notify", "two words", "it is", "a b", "$HOME", "*.log", "|", "tee"])
        );
        assert!(split("notify 'open").unwrap_err().contains("not closed"));
        assert!(split("  ").unwrap_err().contains("no command"));
    }

    #[test]
    fn placeholders_are_checked_before_anything_runs() {
        assert!(split("uv pip install {package}").is_ok());
        let error = split("uv pip install {pakage}").unwrap_err();
        assert!(error.contains("did you mean `{package}`?"), "{error}");
        assert!(split("{module} run").unwrap_err().contains("cannot be a placeholder"));
        for shell in [
            "sh -c 'pip install {package}'",
            "/bin/bash -ec 'echo {source}'",
            "env A=b zsh -lc '{rule}'",
        ] {
            assert!(split(shell).unwrap_err().contains("\"$1\""), "{shell}");
        }
        assert!(split(r#"sh -c 'pip install "$1"' sh {package}"#).is_ok());
        for shell in [
            "cmd /c pip install {package}",
            "C:/Windows/System32/CMD.EXE /c start {source}",
            "cmd /c x.bat -file {source}",
            "powershell -Command \"pip install {package}\"",
            "pwsh {source}",
            "powershell {source} -File x.ps1",
        ] {
            assert!(split(shell).unwrap_err().contains("-File"), "{shell}");
        }
        assert!(split("powershell.exe -NoProfile -file restart.ps1 {package}").is_ok());
        assert!(split("cmd /c restart.bat").is_ok());
    }

    #[test]
    fn other_braces_are_text() {
        let command = [words(&[
            "curl",
            r#"{"text": {}}"#,
            "{{module}}-{module}",
            "{}",
            "{ module }",
            "ü{module}{",
        ])];
        let filled = values("ccxt.pro").fill(&command, 1).unwrap();
        assert_eq!(
            filled[0],
            words(&["curl", r#"{"text": {}}"#, "{module}-ccxt", "{}", "{ module }", "üccxt{"])
        );
    }

    #[test]
    fn every_placeholder_has_its_value() {
        let command = [words(&["x", "{module}|{pattern}|{rule}|{source}|{attempt}"])];
        let filled = values("web3.auto").fill(&command, 2).unwrap();
        assert_eq!(filled[0][1], "web3|dependencies|dependencies/module-not-found|logs/bot.log|2");
        assert!(
            values("web3")
                .fill(&[words(&["x", "{package}"])], 1)
                .unwrap_err()
                .contains("do not name")
        );
    }

    /// The names that attackers would choose; none of them is ever a word.
    #[test]
    fn hostile_names_are_refused() {
        let long = "x".repeat(5_000);
        for name in [
            "x; touch /tmp/pwned",
            "$(touch /tmp/pwned)",
            "`touch /tmp/pwned`",
            "x && touch /tmp/pwned",
            "x\n touch /tmp/pwned",
            "-r/tmp/evil",
            "--index-url=http://evil.invalid/simple",
            "../../evil",
            "a'b\"c",
            long.as_str(),
            "r\u{435}quests",
            "git+https://evil.invalid/x",
            "x{module}",
            "%s%n",
            "",
            ".",
            "a..b",
            "x y",
            "x\0",
        ] {
            let error = values(name).fill(&[words(&["pip", "{module}"])], 1).unwrap_err();
            assert!(error.contains("no module's name"), "{name}");
            assert!(name.is_empty() || name.len() < 3 || !error.contains(name), "{error}");
        }
        for source in ["-rf", "a;b", "$(x)", "a\nb", "\u{1b}[2J", "a'b", "a|b", ""] {
            let values = Values { source: source.to_owned(), ..values("x") };
            assert!(values.fill(&[words(&["cat", "{source}"])], 1).is_err(), "{source:?}");
        }
        for rule in ["x", "a/b c", "-a/b", "a/-b", "A/b", "a/b/c"] {
            let values = Values { rule: rule.to_owned(), ..values("x") };
            assert!(values.fill(&[words(&["cat", "{rule}"])], 1).is_err(), "{rule:?}");
        }
    }

    proptest! {
        /// Whatever a log calls a module, a word that is filled in is a plain name.
        #[test]
        fn what_is_filled_in_is_plain(name in any::<String>(), near in "[a-z_.0-9-]{0,12}") {
            for name in [name, near] {
                if let Ok(filled) = values(&name).fill(&[words(&["pip", "{module}"])], 1) {
                    prop_assert!(is_identifier(&filled[0][1]));
                }
            }
        }

        #[test]
        fn pieces_lose_nothing(word in any::<String>()) {
            let whole: String = pieces(&word)
                .map(|piece| match piece {
                    Piece::Text(text) => text.to_owned(),
                    Piece::Placeholder(name) => format!("{{{name}}}"),
                })
                .collect();
            if !word.contains("{{") {
                prop_assert_eq!(whole, word);
            }
        }
    }
}
