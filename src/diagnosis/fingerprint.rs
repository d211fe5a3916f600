//! What makes two events the same cause: rule, exception, normalised message, the bot's own frame. No
//! line numbers, times, ids or amounts, so that it holds from day to day and from host to host.

mod normal;

use super::finding::Finding;
use crate::model::Fnv;
use crate::rules::short;
pub(super) use normal::normalised;

/// The fingerprint of a finding under a rule: 16 hexadecimal digits.
pub(super) fn of(rule: &str, finding: &Finding) -> String {
    let mut hash = Fnv::new();
    hash.add(rule);
    match &finding.exception {
        Some(exception) => {
            hash.add(short(&exception.class));
            hash.add(&normalised(&exception.message));
            if let Some(frame) = &exception.frame {
                hash.add(module_file(&frame.file));
                hash.add(frame.function.as_deref().unwrap_or(""));
            }
        }
        None => hash.add(&normalised(&finding.message)),
    }
    format!("{:016x}", hash.value())
}

/// The fingerprint of a series: its rule, and what tells it apart.
pub(super) fn of_series(rule: &str, key: &str) -> String {
    let mut hash = Fnv::new();
    hash.add(rule);
    hash.add(&normalised(key));
    format!("{:016x}", hash.value())
}

/// The part of a frame's path that is the same wherever the bot is installed: the file's name, and for
/// a package's own file, which all packages call the same, its folder too.
fn module_file(path: &str) -> &str {
    let is_separator = |c| matches!(c, '/' | '\\');
    let name = path.rsplit(is_separator).next().unwrap_or("");
    if !matches!(name, "__init__.py" | "__main__.py") {
        return name;
    }
    let folder = path[..path.len() - name.len()].trim_end_matches(is_separator);
    let start = folder.rfind(is_separator).map_or(0, |at| at + 1);
    &path[start..]
}

#[cfg(test)]
mod tests {
    use super::super::{Exception, Kind, OwnFrame};
    use super::*;
    use crate::source::Place;

    fn finding(message: &str, file: &str, line: u32, function: &str) -> Finding {
        Finding {
            place: Place { file: 0, line: 1, byte: 0 },
            last_line: 1,
            matched: None,
            marks: Vec::new(),
            kind: Kind::Died,
            severity: None,
            stamp: None,
            exception: Some(Exception {
                class: "builtins.KeyError".to_owned(),
                message: message.to_owned(),
                frame: Some(OwnFrame {
                    file: file.to_owned(),
                    line: Some(line),
                    function: Some(function.to_owned()),
                    code: None,
                }),
                chain: Vec::new(),
            }),
            message: String::new(),
            evidence: Vec::new(),
            steps: Vec::new(),
            pid: None,
            fingerprint: None,
        }
    }

    #[test]
    fn the_same_on_another_day_host_and_line() {
        let monday = of("payload/key", &finding("'price'", "/home/ann/bot/feed.py", 21, "latest"));
        for (file, line) in [
            ("/srv/bots/feed.py", 21),
            ("C:\\bots\\feed.py", 9),
            ("feed.py", 1),
            ("/home/ann/bot/feed.py", 400),
        ] {
            assert_eq!(
                of("payload/key", &finding("'price'", file, line, "latest")),
                monday,
                "{file}"
            );
        }
        for other in [
            of("payload/other", &finding("'price'", "/home/ann/bot/feed.py", 21, "latest")),
            of("payload/key", &finding("'volume'", "/home/ann/bot/feed.py", 21, "latest")),
            of("payload/key", &finding("'price'", "/home/ann/bot/grid.py", 21, "latest")),
            of("payload/key", &finding("'price'", "/home/ann/bot/feed.py", 21, "candles")),
        ] {
            assert_ne!(other, monday);
        }
    }

    #[test]
    fn a_package_is_told_by_its_folder() {
        for (path, part) in [
            ("/srv/bot/exchange/__init__.py", "exchange/__init__.py"),
            ("C:\\bot\\feed\\__main__.py", "feed\\__main__.py"),
            ("__init__.py", "__init__.py"),
            ("/__init__.py", "/__init__.py"),
            ("/srv/bot/feed.py", "feed.py"),
            ("", ""),
        ] {
            assert_eq!(module_file(path), part);
        }
    }
}
