use std::io::Write;

use tempfile::TempDir;

use super::*;

/// A folder with files of one line each; a name that ends in `/` is a folder.
fn tree(names: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in names {
        let path = dir.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{name}\n")).unwrap();
        }
    }
    dir
}

fn find(paths: &[&Path]) -> Discovery {
    let paths: Vec<PathArg> = paths.iter().map(|path| PathArg::Path(path.to_path_buf())).collect();
    discover(&paths, &Discover::default())
}

/// The files of each source, without the folder they are in.
fn files(dir: &TempDir, discovery: &Discovery) -> Vec<Vec<String>> {
    let short = |file: &SourceFile| {
        Path::new(&file.name).strip_prefix(dir.path()).unwrap().to_string_lossy().into_owned()
    };
    discovery.sources.iter().map(|source| source.files.iter().map(short).collect()).collect()
}

fn words(problems: &[Problem]) -> Vec<(&str, &str)> {
    problems.iter().map(|p| (file_name(&p.path), p.what.as_str())).collect()
}

#[test]
fn a_folder_is_searched_for_logs() {
    let dir = tree(&[
        "b/z.log",
        "b/a.log",
        "a.log.1",
        "a.log",
        "a.log.2.gz",
        "bot.py",
        ".hidden.log",
        ".git/x.log",
        "node_modules/n.log",
        "venv/pyvenv.cfg",
        "venv/pip.log",
        "c/d/deep.out",
        "requirements.txt",
        "old.log.zip",
    ]);
    fs::write(dir.path().join("000003.log"), [1, 2, 3, 4, 5, 6, 1, 2, 3, b'k', b'v']).unwrap();
    fs::write(dir.path().join("hole.log"), [[0; 5_000].as_slice(), b"text\n"].concat()).unwrap();
    let discovery = find(&[dir.path()]);
    assert_eq!(
        files(&dir, &discovery),
        [
            vec!["a.log.2.gz", "a.log.1", "a.log"],
            vec!["b/a.log"],
            vec!["b/z.log"],
            vec!["c/d/deep.out"],
            vec!["hole.log"],
        ]
    );
    assert_eq!(discovery.sources[0].name, dir.path().join("a.log").to_string_lossy());
    assert_eq!(words(&discovery.problems), []);
    let skipped = [("000003.log", "not text"), ("old.log.zip", "a zip archive: unpack it first")];
    assert_eq!(words(&discovery.skipped), skipped);
}

#[test]
fn files_given_together_are_one_source_and_one_alone_stays_alone() {
    let dir = tree(&["bot.log", "bot.log.1", "other/bot.log.2"]);
    let (live, rotated) = (dir.path().join("bot.log"), dir.path().join("bot.log.1"));
    assert_eq!(files(&dir, &find(&[&live])), [["bot.log"]]);
    assert_eq!(files(&dir, &find(&[&live, &rotated])), [["bot.log.1", "bot.log"]]);
    let discovery = find(&[&live, &dir.path().join("other/bot.log.2"), &rotated]);
    assert_eq!(files(&dir, &discovery), [vec!["bot.log.1", "bot.log"], vec!["other/bot.log.2"]]);
    assert_eq!(discovery.sources[1].name, discovery.sources[1].files[0].name);
}

#[test]
fn sources_come_in_the_order_of_the_paths() {
    let dir = tree(&["b.log", "a.log", "c/c.log"]);
    let paths = [
        PathArg::Path(dir.path().join("c")),
        PathArg::from(OsString::from("-")),
        PathArg::Path(dir.path().join("b.log")),
        PathArg::Stdin,
        PathArg::Path(dir.path().to_path_buf()),
    ];
    let discovery = discover(&paths, &Discover::default());
    let names: Vec<&str> = discovery.sources.iter().map(|s| file_name(&s.name)).collect();
    assert_eq!(names, ["c.log", "-", "b.log", "a.log"]);
    assert_eq!(discovery.problems, []);
}

#[test]
fn what_is_not_there_or_holds_no_log_is_a_problem() {
    let dir = tree(&["empty/", "src/bot.py", "bot.zip"]);
    fs::write(dir.path().join("bot.zip"), b"PK\x03\x04").unwrap();
    let at = |name: &str| dir.path().join(name);
    let discovery = find(&[&at("missing.log"), &at("empty"), &at("*.log"), &at("bot.zip")]);
    assert!(discovery.sources.is_empty());
    let problems = words(&discovery.problems);
    assert_eq!(problems[0], ("missing.log", "no such file or folder"));
    assert!(problems[1].1.starts_with("no log found in this folder; looked for *.log"));
    assert_eq!(problems[2], ("*.log", "no file matches this pattern"));
    assert_eq!(problems[3], ("bot.zip", "a zip archive: unpack it first"));
}

#[test]
fn a_pattern_is_expanded_unless_a_file_is_called_so() {
    let dir = tree(&["a1.txt", "a2.txt", "b.txt", "[x].log", "x.log", "sub/s.log"]);
    let pattern = |text: &str| find(&[&dir.path().join(text)]);
    assert_eq!(files(&dir, &pattern("a*.txt")), [["a1.txt"], ["a2.txt"]]);
    assert_eq!(files(&dir, &pattern("[x].log")), [["[x].log"]]);
    assert_eq!(files(&dir, &pattern("[wx].log")), [["x.log"]]);
    assert_eq!(files(&dir, &pattern("s?b")), [["sub/s.log"]]);
}

#[test]
fn a_search_has_limits() {
    let dir = tree(&["1.log", "2.log", "3.log", "a/b/c/d.log"]);
    let path = [PathArg::Path(dir.path().to_path_buf())];
    let few = discover(&path, &Discover { entries: 2, ..Discover::default() });
    assert_eq!(few.sources.len(), 2);
    assert_eq!(few.problems[0].what, "search ended after 2 entries");
    let flat = discover(&path, &Discover { depth: 2, ..Discover::default() });
    assert_eq!(flat.sources.len(), 3);
    assert_eq!(words(&flat.problems), [("c", "more than 2 folders deep")]);
}

#[test]
#[cfg(unix)]
fn links_are_followed_and_one_file_is_one_source() {
    use std::os::unix::fs::symlink;
    let dir = tree(&["logs/run.log", "linked/", "bot.log"]);
    let at = |name: &str| dir.path().join(name);
    symlink(at("logs"), at("linked/down")).unwrap();
    symlink(at("linked"), at("linked/up")).unwrap();
    symlink("self.log", at("linked/self.log")).unwrap();
    symlink("nothing", at("linked/gone.log")).unwrap();
    symlink(at("bot.log"), at("current.log")).unwrap();
    fs::hard_link(at("bot.log"), at("same.log")).unwrap();
    let discovery = find(&[dir.path(), &at("same.log"), &at("./bot.log")]);
    assert_eq!(files(&dir, &discovery), [["bot.log"], ["linked/down/run.log"]]);
    let up = format!("a symbolic link that leads back to {}", at("linked").display());
    assert_eq!(
        words(&discovery.problems),
        [("self.log", "a symbolic link that leads back to itself"), ("up", up.as_str())]
    );
    assert_eq!(words(&discovery.skipped), [("gone.log", "a symbolic link to nothing")]);
    // A link to nothing whose name is a pattern that matches it.
    symlink("nothing", at("star*")).unwrap();
    assert_eq!(words(&find(&[&at("star*")]).problems), [("star*", "no such file or folder")]);
}

#[test]
#[cfg(unix)]
fn pipes_are_read_where_they_are_named_and_devices_never() {
    let dir = tree(&["bot.log"]);
    let (fifo, socket) = (dir.path().join("fifo.log"), dir.path().join("socket.log"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let discovery = find(&[dir.path()]);
    assert_eq!(files(&dir, &discovery), [["bot.log"]]);
    assert_eq!(
        words(&discovery.skipped),
        [("fifo.log", "a FIFO"), ("socket.log", "a socket, which cannot be read as a file")]
    );
    assert_eq!(files(&dir, &find(&[&fifo])), [["fifo.log"]]);
    let refused = find(&[&socket, Path::new("/dev/null")]);
    assert_eq!(
        words(&refused.problems),
        [
            ("socket.log", "a socket, which cannot be read as a file"),
            ("null", "a device, not a file")
        ]
    );
}

#[test]
#[cfg(unix)]
fn what_may_not_be_read_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tree(&["bot.log", "secret.log", "closed/c.log"]);
    let at = |name: &str| dir.path().join(name);
    for name in ["secret.log", "closed"] {
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    // Nothing is closed to root.
    if fs::File::open(at("secret.log")).is_err() {
        let discovery = find(&[dir.path(), &at("secret.log")]);
        assert_eq!(files(&dir, &discovery), [["bot.log"]]);
        assert_eq!(
            words(&discovery.problems),
            [
                ("closed", "cannot be listed: permission denied"),
                ("secret.log", "permission denied"),
                ("secret.log", "permission denied")
            ]
        );
    }
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn text_is_told_from_binary() {
    let text: Vec<u8> = "2026-08-11 \x1b[31mERROR\x1b[0m caf\u{e9}\r\n".repeat(90).into_bytes();
    assert!(!is_binary(&text));
    assert!(!is_binary(b""));
    assert!(!is_binary(&[0; 4_096]), "a hole");
    assert!(!is_binary(b"l\0o\0g\0 \0l\0i\0n\0e\0"));
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    elf.write_all(&[0; 500]).unwrap();
    assert!(is_binary(&elf));
}
