use std::fmt;

/// The shape in which a line was written, for `sources[].format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// No header that we know: `print`.
    Plain,
    /// A time, a level or both before the message, as Python's `logging` writes them.
    Logging,
    /// loguru: `T | LEVEL    | module:function:line - message`.
    Loguru,
    /// structlog's console: `T [level    ] event   key=value`.
    Structlog,
    /// rich's handler: `[T] LEVEL    message   file.py:12`.
    Rich,
    /// One JSON object a line.
    Json,
    /// `key=value` pairs with a level or a time among them.
    Logfmt,
    /// freqtrade: `T - freqtrade.x - LEVEL - message`.
    Freqtrade,
    /// hummingbot: `T - pid - hummingbot.x - LEVEL - message`.
    Hummingbot,
    /// jesse: `[LEVEL | T] message`.
    Jesse,
    /// nautilus_trader: `T [LEVEL] TRADER-001.Component: message`.
    Nautilus,
    /// OctoBot: `T LEVEL  name  file:line  message`.
    Octobot,
    /// lumibot: `T | LEVEL | file:function:line | message`.
    Lumibot,
    /// Celery: `[T: LEVEL/Process] message`.
    Celery,
    /// gunicorn: `[T +0000] [pid] [LEVEL] message`.
    Gunicorn,
    /// uvicorn: `LEVEL:     message`.
    Uvicorn,
    /// Airflow: `[T] {file.py:12} LEVEL - message`.
    Airflow,
    /// A web server's access log.
    Access,
    /// A time and nothing else, as `ts` of moreutils puts before every line.
    Ts,
    /// The kernel's ring buffer.
    Kernel,
    /// journald, as journalctl prints it.
    Journald,
    /// syslog, RFC 3164 or RFC 5424.
    Syslog,
    /// `docker compose logs`: `service-1  | line`.
    DockerCompose,
    /// `docker logs -t` and `kubectl logs --timestamps`: `T line`.
    DockerTimes,
    /// Docker's json-file driver.
    DockerJson,
    /// Kubernetes CRI: `T stdout F line`.
    Cri,
    /// `kubectl logs --prefix`: `[pod/name/container] line`.
    Kubectl,
    /// supervisord's own lines, and its prefix on a program's lines.
    Supervisord,
    /// circus.
    Circus,
    /// pm2: `0|bot  | line`.
    Pm2,
    /// honcho and foreman: `12:00:00 web.1   | line`.
    Foreman,
    /// multilog, s6-log and svlogd: `@4000… line`.
    Tai64n,
    /// GitHub Actions.
    GithubActions,
    /// GitLab CI.
    GitlabCi,
    /// CloudWatch: `aws logs tail`, `aws logs filter-log-events`.
    CloudWatch,
    /// Google Cloud's log, as `gcloud logging read --format=json` prints it.
    Gcloud,
    /// logcli.
    Loki,
    /// A table of comma-separated values, as the consoles of log stores export them.
    Csv,
    /// A log that was quoted (`> line`) or numbered when it was copied.
    Quoted,
    /// The output of a notebook's cell.
    Notebook,
}

impl Format {
    /// The id used in reports, such as `docker-compose`.
    pub fn id(self) -> &'static str {
        match self {
            Format::Plain => "plain",
            Format::Logging => "logging",
            Format::Loguru => "loguru",
            Format::Structlog => "structlog",
            Format::Rich => "rich",
            Format::Json => "json",
            Format::Logfmt => "logfmt",
            Format::Freqtrade => "freqtrade",
            Format::Hummingbot => "hummingbot",
            Format::Jesse => "jesse",
            Format::Nautilus => "nautilus",
            Format::Octobot => "octobot",
            Format::Lumibot => "lumibot",
            Format::Celery => "celery",
            Format::Gunicorn => "gunicorn",
            Format::Uvicorn => "uvicorn",
            Format::Airflow => "airflow",
            Format::Access => "access",
            Format::Ts => "ts",
            Format::Kernel => "kernel",
            Format::Journald => "journald",
            Format::Syslog => "syslog",
            Format::DockerCompose => "docker-compose",
            Format::DockerTimes => "docker",
            Format::DockerJson => "docker-json",
            Format::Cri => "cri",
            Format::Kubectl => "kubectl",
            Format::Supervisord => "supervisord",
            Format::Circus => "circus",
            Format::Pm2 => "pm2",
            Format::Foreman => "foreman",
            Format::Tai64n => "tai64n",
            Format::GithubActions => "github-actions",
            Format::GitlabCi => "gitlab-ci",
            Format::CloudWatch => "cloudwatch",
            Format::Gcloud => "gcloud",
            Format::Loki => "loki",
            Format::Csv => "csv",
            Format::Quoted => "quoted",
            Format::Notebook => "notebook",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// The name of a source's format, such as `loguru` or `docker-compose+logging`, from how many lines had
/// each wrapper and format (see [`super::Record::wrapper`]).
///
/// The most frequent pair wins. Lines without a header count only where there are no others: they are
/// mostly tracebacks. Equal counts are settled by the order of [`Format`]'s variants.
pub fn name_of(counts: impl IntoIterator<Item = ((Option<Format>, Format), u64)>) -> String {
    let best = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .max_by_key(|&((wrapper, format), count)| {
            (format != Format::Plain, count, std::cmp::Reverse((wrapper, format)))
        })
        .map(|(pair, _)| pair);
    match best {
        None | Some((None, Format::Plain)) => Format::Plain.to_string(),
        Some((Some(wrapper), format)) if format == Format::Plain || format == wrapper => {
            wrapper.to_string()
        }
        Some((Some(wrapper), format)) => format!("{wrapper}+{format}"),
        Some((None, format)) => format.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_named_after_its_most_frequent_records() {
        let compose = Some(Format::DockerCompose);
        for (counts, name) in [
            (vec![], "plain"),
            (vec![((None, Format::Plain), 9)], "plain"),
            (vec![((None, Format::Plain), 900), ((None, Format::Loguru), 3)], "loguru"),
            (vec![((None, Format::Json), 2), ((None, Format::Logging), 3)], "logging"),
            (vec![((None, Format::Json), 3), ((None, Format::Logging), 3)], "logging"),
            (vec![((compose, Format::Plain), 3)], "docker-compose"),
            (vec![((Some(Format::Kernel), Format::Kernel), 3)], "kernel"),
            (vec![((compose, Format::Logging), 3)], "docker-compose+logging"),
            (vec![((compose, Format::Logging), 0)], "plain"),
        ] {
            assert_eq!(name_of(counts), name);
        }
    }
}
