//! Records of programs that are no bots: daemons and servers, which report errors of their clients and go on.

use crate::event::{Record, read_record};

/// Programs that write to a system's log, by the names that syslog and the journal know them by. One
/// that is followed by a blank, a dash or a slash stands for its kin (`systemd-logind`, `postfix/smtpd`).
const DAEMONS: [&str; 53] = [
    "anacron",
    "apache2",
    "apt",
    "atd",
    "audit",
    "auditd",
    "avahi",
    "bluetoothd",
    "chronyd",
    "containerd",
    "cron",
    "crond",
    "cupsd",
    "dbus",
    "dhclient",
    "dhcpcd",
    "dnsmasq",
    "dockerd",
    "dovecot",
    "ftpd",
    "gdm",
    "haproxy",
    "httpd",
    "init",
    "kernel",
    "kubelet",
    "login",
    "mariadbd",
    "modemmanager",
    "mysqld",
    "named",
    "networkmanager",
    "nginx",
    "ntpd",
    "polkitd",
    "postfix",
    "postgres",
    "redis",
    "rpc",
    "rsyslogd",
    "sendmail",
    "smartd",
    "snapd",
    "sshd",
    "su",
    "sudo",
    "syslog",
    "systemd",
    "telnetd",
    "udisksd",
    "wpa_supplicant",
    "xinetd",
    "xrdp",
];

/// How the names of classes begin that run on a Java virtual machine: domains, the other way round.
const JAVA: [&str; 8] = ["org", "com", "net", "io", "java", "javax", "scala", "akka"];

/// Words of a message among which the class that logs is looked for.
const HEAD_WORDS: usize = 4;

/// Bytes of a line among which PostgreSQL's level stands.
const HEAD_BYTES: usize = 120;

/// Whether a daemon or server wrote the line, and not a program in Python; `None` where no record begins
/// there.
///
/// Told by the program that syslog names, by the class that a Java logger names, and by PostgreSQL's own way
/// of writing levels (`FATAL:  ` with two blanks: its manual, 19.8, "error reporting and logging").
pub(super) fn wrote(line: &[u8]) -> Option<bool> {
    let record = read_record(line);
    let begins = record.begins || record.stream.is_some();
    begins.then(|| is_daemon(&record) || record.stamp.is_some() && is_postgres(line))
}

fn is_daemon(record: &Record<'_>) -> bool {
    let says_so = |program: &str| {
        let name = program.split(['-', '/', ' ', '(', '[']).next().unwrap_or_default();
        DAEMONS.binary_search_by(|known| known.cmp(&name.to_ascii_lowercase().as_str())).is_ok()
    };
    if record.stream.as_deref().is_some_and(says_so) {
        return true;
    }
    let first = record.message.lines().next().unwrap_or_default();
    let heads = first.split_whitespace().take(HEAD_WORDS);
    record.logger.as_deref().into_iter().chain(heads).any(|word| is_java(word) || is_log4j(word))
}

/// `org.apache.zookeeper.server.NIOServerCnxn`, also shortened (`o.a.z.s.NIOServerCnxn` is not told from a
/// name in Python and counts as none).
fn is_java(word: &str) -> bool {
    let word = word.trim_end_matches([':', ']', ',']).trim_start_matches('[');
    let mut parts = word.split('.');
    if !parts.next().is_some_and(|first| JAVA.contains(&first)) || parts.clone().count() < 2 {
        return false;
    }
    let class = parts.next_back().unwrap_or_default();
    class.starts_with(|c: char| c.is_ascii_uppercase())
        && class.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$_".contains(&byte))
        && parts.all(|part| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

/// `[main:QuorumPeer@913]`, log4j's thread, class and line.
fn is_log4j(word: &str) -> bool {
    let inner = word.strip_suffix(']').and_then(|word| word.rsplit_once('@'));
    inner.is_some_and(|(before, line)| {
        let class = before.rsplit(':').next().unwrap_or_default();
        !line.is_empty()
            && line.bytes().all(|byte| byte.is_ascii_digit())
            && class.starts_with(|c: char| c.is_ascii_uppercase())
    })
}

/// A line of the server's own log. Where a word and a colon stand before the level, a client repeats what the
/// server told it: `… port 5432 failed: FATAL:  …`.
fn is_postgres(line: &[u8]) -> bool {
    let line = &line[..line.len().min(HEAD_BYTES)];
    ["ERROR", "FATAL", "PANIC", "LOG", "DETAIL", "HINT", "STATEMENT", "CONTEXT"].iter().any(
        |level| {
            let at = memchr::memmem::find(line, format!(" {level}:  ").as_bytes());
            at.is_some_and(
                |at| !matches!(&line[..at], [.., word, b':'] if word.is_ascii_alphabetic()),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_are_told_from_bots() {
        assert!(DAEMONS.is_sorted(), "searched by halves");
        for (line, expected) in [
            ("Dec 10 07:51:20 box sshd[24326]: error: Received disconnect from 192.0.2.7: 3", true),
            ("Dec 10 07:51:20 box systemd-logind[4]: Failed to abandon session", true),
            ("Dec 10 07:51:20 box postfix/smtpd[4]: error: timeout", true),
            ("Dec 10 07:51:20 box grid[4]: ERROR cannot trade", false),
            (
                "2015-10-18 18:04:11,034 ERROR [Allocator] org.apache.hadoop.v2.RMContainer: unknown",
                true,
            ),
            ("2026-03-01 10:00:00 ERROR com.acme.Feed - no answer", true),
            ("2026-03-01 10:00:00,003 - ERROR [main:QuorumPeer@913] - Unexpected exception", true),
            ("2026-03-01 10:00:00,001 ERROR bot.core.Feed: no answer from api.acme.com", false),
            ("2026-03-01 10:00:00,001 ERROR feed: org.acme.feed is down", false),
            ("2026-11-26 08:07:27.101 UTC [8281] FATAL:  the database system is starting up", true),
            (
                "2026-11-26 08:07:27.101 UTC [8281] bot@trades FATAL:  password authentication failed for user \"bot\"",
                true,
            ),
            ("2026-11-26 08:07:27 FATAL: no key", false),
            ("2026-11-26 08:07:27 ERROR db: port 5432 failed: FATAL:  no such user", false),
        ] {
            assert_eq!(wrote(line.as_bytes()), Some(expected), "{line}");
        }
    }
}
