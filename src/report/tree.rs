//! The bot's source tree beside its log: where a frame's code lies in it now.

use std::fs;
use std::path::{Path, PathBuf};

use crate::diagnosis::OwnFrame;

/// Longest source file looked into: longer ones are not written by people.
const SOURCE_BYTES: u64 = 4 << 20;

/// Deepest path of a frame that is looked for.
const DEPTH: usize = 32;

/// The bot's source tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTree {
    root: PathBuf,
    /// What stands before a path below the root, for one who stands in the repository.
    prefix: Vec<String>,
}

impl SourceTree {
    /// The tree below the folder `root`. Its files are named as seen from `base` where it lies in there,
    /// else as seen from `root`.
    pub fn new(root: &Path, base: &Path) -> SourceTree {
        let whole = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let (root, base) = (whole(root), whole(base));
        let prefix = root.strip_prefix(&base).unwrap_or(Path::new(""));
        let prefix = prefix
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        SourceTree { root, prefix }
    }

    /// File and line of a frame's code, where the tree has it. The log may be another host's: the longest
    /// end of the frame's path that names a file of the tree is meant. The code may have moved since: the
    /// nearest line that reads the same is meant, else the logged one. `None` where there is no such file.
    pub(super) fn locate(&self, frame: &OwnFrame) -> Option<(String, u32)> {
        let parts: Vec<&str> =
            frame.file.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.contains(&"..") {
            return None;
        }
        let shortest = parts.len().saturating_sub(DEPTH);
        // What stands before a drive (`C:`), and that itself, is no part of a path below a folder.
        let is_drive = |part: &&str| part.len() == 2 && part.ends_with(':');
        let behind = parts.iter().rposition(is_drive).map_or(0, |drive| drive + 1);
        let (below, path) = (shortest.max(behind)..parts.len()).find_map(|from| {
            let path = parts[from..].iter().fold(self.root.clone(), |path, part| path.join(part));
            // A link would lead out of the tree.
            let inside = fs::canonicalize(&path).is_ok_and(|path| path.starts_with(&self.root));
            (inside && path.is_file()).then_some((&parts[from..], path))
        })?;
        let line = match frame.line {
            Some(line) => moved_to(&path, line, frame.code.as_deref()),
            None => 1,
        };
        let shown: Vec<&str> =
            self.prefix.iter().map(String::as_str).chain(below.iter().copied()).collect();
        Some((shown.join("/"), line))
    }
}

/// Line of the file that reads as `code`, nearest to `line`; `line` itself where none does, as far as the
/// file is that long.
fn moved_to(path: &Path, line: u32, code: Option<&str>) -> u32 {
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= SOURCE_BYTES);
    let Some(text) = small.then(|| fs::read(path).ok()).flatten() else { return line.max(1) };
    let text = String::from_utf8_lossy(&text);
    let code =
        code.and_then(|code| code.lines().next()).map(str::trim).filter(|code| !code.is_empty());
    let same = code.and_then(|code| {
        let numbered = text.lines().zip(1u32..);
        numbered.filter(|(text, _)| text.trim() == code).min_by_key(|&(_, at)| at.abs_diff(line))
    });
    match same {
        Some((_, at)) => at,
        None => {
            let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
            line.min(last).max(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(file: &str, line: u32, code: &str) -> OwnFrame {
        OwnFrame {
            file: file.to_owned(),
            line: Some(line),
            function: None,
            code: (!code.is_empty()).then(|| code.to_owned()),
        }
    }

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/bot")).unwrap();
        fs::write(folder.path().join("src/bot/feed.py"), "import x\n\n\ndef f():\n    get()\n")
            .unwrap();
        fs::write(folder.path().join("src/feed.py"), "get()\n").unwrap();
        fs::write(folder.path().join("secret.py"), "get()\n").unwrap();
        folder
    }

    #[test]
    fn another_hosts_path_is_found_by_its_end() {
        let folder = repository();
        let tree = SourceTree::new(&folder.path().join("src"), folder.path());
        for (file, shown) in [
            ("/home/ann/bot/feed.py", Some("src/bot/feed.py")),
            ("C:\\bots\\bot\\feed.py", Some("src/bot/feed.py")),
            ("./bot/feed.py", Some("src/bot/feed.py")),
            ("/srv/other/feed.py", Some("src/feed.py")),
            ("feed.py", Some("src/feed.py")),
            ("/srv/bot/grid.py", None),
            ("secret.py", None),
            ("../secret.py", None),
            ("bot", None),
            ("", None),
            ("/", None),
        ] {
            let found = tree.locate(&frame(file, 1, "")).map(|(path, _)| path);
            assert_eq!(found.as_deref(), shown, "{file}");
        }
        let absolute = folder.path().join("src/bot/feed.py");
        let found = tree.locate(&frame(absolute.to_str().unwrap(), 1, ""));
        assert_eq!(found.unwrap().0, "src/bot/feed.py");
    }

    #[test]
    fn a_tree_elsewhere_is_named_from_its_root() {
        let (folder, elsewhere) = (repository(), tempfile::tempdir().unwrap());
        let tree = SourceTree::new(&folder.path().join("src"), elsewhere.path());
        assert_eq!(tree.locate(&frame("bot/feed.py", 1, "")).unwrap().0, "bot/feed.py");
    }

    #[test]
    fn code_that_moved_is_found_again() {
        let folder = repository();
        let tree = SourceTree::new(folder.path(), folder.path());
        let line = |line, code| tree.locate(&frame("src/bot/feed.py", line, code)).unwrap().1;
        assert_eq!(line(2, "get()"), 5);
        assert_eq!(line(5, "get()"), 5);
        assert_eq!(line(4, "gone()"), 4);
        assert_eq!(line(90, "gone()"), 5);
        assert_eq!(line(0, ""), 1);
    }

    // Where a folder can be called like a drive.
    #[cfg(unix)]
    #[test]
    fn a_drive_is_no_folder_of_the_tree() {
        let folder = repository();
        fs::create_dir(folder.path().join("src/C:")).unwrap();
        fs::write(folder.path().join("src/C:/feed.py"), "get()\n").unwrap();
        let tree = SourceTree::new(&folder.path().join("src"), folder.path());
        assert_eq!(tree.locate(&frame("C:\\feed.py", 1, "")).unwrap().0, "src/feed.py");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_does_not_lead_out_of_the_tree() {
        let folder = repository();
        std::os::unix::fs::symlink("/etc", folder.path().join("src/etc")).unwrap();
        let tree = SourceTree::new(&folder.path().join("src"), folder.path());
        assert_eq!(tree.locate(&frame("etc/passwd", 1, "")), None);
    }
}
