//! Which names in a folder are those of logs. Pure.

use super::rotation::{steps, unpacked};

/// What is looked for in a folder, in words.
pub const LOOKED_FOR: &str = "*.log, *.out, *.err, nohup.out, syslog, messages, and *.txt, *.json, \
     *.jsonl or *.ndjson with log, trace, crash, error, console, output, stdout, stderr, dmesg, kernel \
     or journal in the name, also rotated (.1, .2026-08-11) and compressed (.gz, .zst, .xz, .bz2)";

/// Names that are logs as they are.
const WHOLE: [&str; 6] = ["syslog", "messages", "dmesg", "stdout", "stderr", "log"];

/// Extensions that are logs' alone.
const EXTENSIONS: [&str; 5] = ["log", "out", "err", "stdout", "stderr"];

/// Extensions that logs share with other files.
const SHARED: [&str; 5] = ["txt", "json", "jsonl", "ndjson", "export"];

/// Words that make a log of a name with a shared extension.
const WORDS: [&str; 21] = [
    "log",
    "logs",
    "syslog",
    "logfile",
    "botlog",
    "errorlog",
    "trace",
    "traceback",
    "crash",
    "crashes",
    "error",
    "errors",
    "console",
    "output",
    "stdout",
    "stderr",
    "dmesg",
    "kern",
    "kernel",
    "journal",
    "journald",
];

/// Folders that hold programs, not what they wrote.
const PROGRAMS: [&str; 3] = ["node_modules", "__pycache__", "site-packages"];

/// Whether a file of this name, found in a folder, is a log: rotated and compressed ones, too.
pub(super) fn is_log(name: &str) -> bool {
    let (plain, _) = unpacked(name);
    !is_hidden(name) && (is_plain_log(plain) || steps(plain).iter().any(|step| is_log(&step.base)))
}

/// Whether a name is left out of a search: hidden files, and what editors leave behind.
fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '#', '~']) || name.ends_with('~')
}

/// Whether a folder of this name is left out of a search.
pub(super) fn is_programs(name: &str) -> bool {
    is_hidden(name) || PROGRAMS.contains(&name)
}

/// Whether the name, as it was before any rotation, is a log's.
fn is_plain_log(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return WHOLE.contains(&name.as_str());
    };
    let mut words = stem.split(|c: char| !c.is_ascii_alphabetic());
    EXTENSIONS.contains(&extension)
        || (SHARED.contains(&extension) && words.any(|word| WORDS.contains(&word)))
}

#[cfg(test)]
mod tests {
    use super::is_log;

    #[test]
    fn logs_are_told_by_name() {
        for name in [
            "bot.log",
            "BOT.LOG",
            "bot.log.1",
            "bot.log.10.gz",
            "bot.log.2026-08-11",
            "nohup.out",
            "bot.log-20260811.xz",
            "bot.2026-08-11_00-00-00_123456.log",
            "bot.1.log",
            "syslog",
            "syslog.2.gz",
            "messages-20260811",
            "bot.err",
            "log.txt",
            "bot_log.txt",
            "crash.txt",
            "freqtrade-logs.jsonl",
            "app.log.json",
            "journal.export",
            "bot.log.old",
            "bot.log.zst",
            "kern.log.1",
            "hummingbot_logs_bot.log.2026-08-11",
            "error.log.2024-01-01.1.gz",
        ] {
            assert!(is_log(name), "{name}");
        }
        for name in [
            "bot.py",
            "requirements.txt",
            "CHANGELOG.txt",
            "CHANGELOG",
            "CHANGELOG.md",
            "README.txt",
            "blog.txt",
            ".bot.log",
            "bot.log~",
            "#bot.log#",
            "bot.log.zip",
            "logs.tar.gz",
            "data.json",
            "package.json",
            "bot.log.swp",
            "bot.logic",
            "catalog.json",
            "dialog.txt",
            "1",
            "",
            ".gz",
            "v1.2.1",
            "system.journal",
            "bot.log.tmp",
            "trades-2026-08-11.csv",
        ] {
            assert!(!is_log(name), "{name}");
        }
    }
}
