//! Writes rules by the thousand, to see what many of them cost: `make-rules FOLDER [TIMES]`. With the built-in rules they are TIMES (10) as
//! many. `wd-diagnose --rules FOLDER` reads the folder; the rules carry no examples.
//!
//! What they look for are classes and texts that libraries really raise (`benches/raises.tsv`, made by `tools/raises.py`), so that
//! their literals are like those of the built-in rules, and healthy logs hold none of them.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

use wd_diagnose::model::Pattern;
use wd_diagnose::rules::{RuleOptions, load};

/// Package, class and text a line, separated by tabs.
const RAISES: &str = include_str!("../benches/raises.tsv");

fn main() -> io::Result<()> {
    let mut args = env::args().skip(1);
    let folder = args.next().filter(|folder| !folder.starts_with('-'));
    let folder = folder.ok_or_else(|| io::Error::other("usage: make-rules FOLDER [TIMES]"))?;
    let times: usize = args.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let built_in = load(&RuleOptions::default())
        .map_err(|error| io::Error::other(format!("the built-in rules: {error:?}")))?;
    write(Path::new(&folder), times.saturating_sub(1) * built_in.rules.len())
}

/// Writes `count` rules, a file a pattern, into `folder`. Fails where the list has fewer.
fn write(folder: &Path, count: usize) -> io::Result<()> {
    let raises: Vec<&str> = RAISES.lines().collect();
    if count > raises.len() {
        return Err(io::Error::other(format!("the list has {} texts, not {count}", raises.len())));
    }
    fs::create_dir_all(folder)?;
    let mut files = Pattern::ALL.map(|pattern| (pattern, format!("pattern = \"{pattern}\"\n")));
    let patterns = files.len();
    for at in 0..count {
        // Taken evenly, so that each package has its share.
        let mut fields = raises[at * raises.len() / count].splitn(3, '\t');
        let (pattern, file) = &mut files[at % patterns];
        if let (Some(package), Some(class), Some(text)) =
            (fields.next(), fields.next(), fields.next())
        {
            push_rule(file, *pattern, at, package, class, text);
        }
    }
    for (pattern, file) in files {
        fs::write(folder.join(format!("{pattern}.toml")), file)?;
    }
    Ok(())
}

/// One rule, shaped as the built-in ones are: the class or the text shows it, and a value of the text is captured.
fn push_rule(
    file: &mut String,
    pattern: Pattern,
    at: usize,
    package: &str,
    class: &str,
    text: &str,
) {
    let id = format!("{pattern}/made-{at:04}");
    let regex = regex_of(text);
    let _ = write!(
        file,
        r#"
[[rule]]
id = "{id}"
title = "{package} says: {text}"
basis = "text"
confidence = 0.9
summary = "{package} raised {class}: {text} ({{subject|nothing more}})."
capture = ['{regex}[ :=]+(?P<subject>\w[\w./-]*)']
source = ["{package}, `raise {class}`"]

[[rule.when]]
exception = ["{class}"]
any = ["{text}"]

[[rule.when]]
on = "message"
severity = "error"
any = ["{text}"]

[rule.fix]
summary = "Look at what the bot hands to {package}."
steps = ["Log what {{subject}} was when it happened.", "Read in the documentation of {package} when it raises {class}."]
"#
    );
}

/// The text as a regex that matches it alone.
fn regex_of(text: &str) -> String {
    text.chars().fold(String::new(), |mut regex, letter| {
        if !letter.is_ascii_alphanumeric() && letter != ' ' {
            regex.push('\\');
        }
        regex.push(letter);
        regex
    })
}
