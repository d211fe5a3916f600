//! Which interpreter ran the bot, told by the paths of a traceback, and what installs into it: commands in
//! a fix must reach that one, not whichever `python` comes first on the path.

/// An interpreter, as a person types it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// Runs Python: `/srv/bot/.venv/bin/python`, `conda run -n trade python`.
    pub(super) python: String,
    /// Installs: the same and `-m pip`, or uv's.
    pub(super) pip: String,
}

impl Interpreter {
    /// Out of the files of a traceback's frames; `None` where they lie in no environment of their own
    /// (an image's `/usr/local`, the bot's own code), so that plain `python` is as good.
    pub(super) fn of_files<'f>(files: impl Iterator<Item = &'f str>) -> Option<Interpreter> {
        let mut root = None;
        let mut uv = false;
        for file in files {
            uv |=
                ["/uv/python/", "/.cache/uv/", "\\uv\\python\\"].iter().any(|at| file.contains(at));
            root = root.or_else(|| environment(file));
        }
        let Some(root) = root else {
            let own = || Interpreter { python: "uv run python".into(), pip: "uv pip".into() };
            return uv.then(own);
        };
        if !is_plain(root) {
            return None;
        }
        if let Some(name) = conda_name(root) {
            return Some(Interpreter::at(format!("conda run -n {name} python")));
        }
        if root.contains(":\\") {
            let last = root.rsplit('\\').next().unwrap_or(root).to_ascii_lowercase();
            let below = if last.contains("env") { "\\Scripts" } else { "" };
            return Some(Interpreter::at(format!("{root}{below}\\python.exe")));
        }
        if root == "/usr" {
            return Some(Interpreter::at("/usr/bin/python3".to_owned()));
        }
        let python = format!("{root}/bin/python");
        Some(if uv {
            // An environment of uv's holds no pip.
            Interpreter { pip: format!("VIRTUAL_ENV={root} uv pip"), python }
        } else {
            Interpreter::at(python)
        })
    }

    /// Out of a line that an interpreter begins with its own path: `/opt/bot/.venv/bin/python: No module …`.
    pub(super) fn of_line(line: &str) -> Option<Interpreter> {
        let (path, _) = line.split_once(": ")?;
        let is_python = path.starts_with('/')
            && path.rsplit_once("/bin/python").is_some_and(|(_, version)| {
                version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            });
        (is_python && is_plain(path)).then(|| Interpreter::at(path.to_owned()))
    }

    fn at(python: String) -> Interpreter {
        Interpreter { pip: format!("{python} -m pip"), python }
    }
}

/// The folder of the environment whose packages a file belongs to.
fn environment(file: &str) -> Option<&str> {
    if file.starts_with("/usr/lib/") && file.contains("/dist-packages/") {
        return Some("/usr");
    }
    let root = if let Some((before, _)) = file.split_once("\\site-packages\\") {
        before.rsplit_once('\\').filter(|(_, lib)| lib.eq_ignore_ascii_case("lib"))?.0
    } else {
        let (before, _) = file.split_once("/site-packages/")?;
        let (before, version) = before.rsplit_once('/')?;
        let lib = before.rsplit_once('/').filter(|(_, lib)| matches!(*lib, "lib" | "lib64"))?;
        version.starts_with("python").then_some(lib.0)?
    };
    (!matches!(root, "" | "/usr" | "/usr/local" | "/install")).then_some(root)
}

/// The name of a conda environment: `trade` of `/home/a/miniconda3/envs/trade`, `base` of the home itself.
fn conda_name(root: &str) -> Option<&str> {
    let mut parts = root.rsplit(['/', '\\']);
    let last = parts.next()?;
    let before = parts.next();
    let is_home = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["conda", "miniforge", "mambaforge", "micromamba"].iter().any(|home| name.contains(home))
    };
    if before == Some("envs") && parts.next().is_some_and(is_home) {
        return Some(last);
    }
    is_home(last).then_some("base")
}

/// Whether a path is safe to be pasted into a shell: it came out of a log.
fn is_plain(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/\\:._-+@".contains(&b);
    path.len() < 200 && path.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> (String, String) {
        let found = Interpreter::of_files(files.iter().copied());
        found.map_or_else(Default::default, |found| (found.python, found.pip))
    }

    #[test]
    fn environments_are_told_by_their_paths() {
        for (files, python, pip) in [
            (
                &[
                    "/srv/bot/run.py",
                    "/srv/bot/.venv/lib/python3.11/site-packages/ccxt/__init__.py",
                ][..],
                "/srv/bot/.venv/bin/python",
                "/srv/bot/.venv/bin/python -m pip",
            ),
            (
                &[
                    "/home/a/miniconda3/envs/trade/lib/python3.10/site-packages/yfinance/__init__.py",
                ],
                "conda run -n trade python",
                "conda run -n trade python -m pip",
            ),
            (
                &["C:\\Users\\eva\\anaconda3\\Lib\\site-packages\\numpy\\__init__.py"],
                "conda run -n base python",
                "conda run -n base python -m pip",
            ),
            (
                &["C:\\bots\\dca\\.venv\\Lib\\site-packages\\talib\\__init__.py"],
                "C:\\bots\\dca\\.venv\\Scripts\\python.exe",
                "C:\\bots\\dca\\.venv\\Scripts\\python.exe -m pip",
            ),
            (
                &["C:\\Python39\\lib\\site-packages\\ccxt\\__init__.py"],
                "C:\\Python39\\python.exe",
                "C:\\Python39\\python.exe -m pip",
            ),
            (
                &[
                    "/home/u/.local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/lib/python3.12/runpy.py",
                    "/home/u/bot/.venv/lib/python3.12/site-packages/ccxt/__init__.py",
                ],
                "/home/u/bot/.venv/bin/python",
                "VIRTUAL_ENV=/home/u/bot/.venv uv pip",
            ),
            (
                &[
                    "/home/u/.local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/lib/python3.12/runpy.py",
                ],
                "uv run python",
                "uv pip",
            ),
            (
                &["/usr/lib/python3/dist-packages/talib/__init__.py"],
                "/usr/bin/python3",
                "/usr/bin/python3 -m pip",
            ),
            (&["/usr/local/lib/python3.11/site-packages/cv2/__init__.py", "/app/main.py"], "", ""),
            (&["/srv/bot/run.py"], "", ""),
        ] {
            assert_eq!(of(files), (python.to_owned(), pip.to_owned()), "{files:?}");
        }
    }

    #[test]
    fn a_path_that_a_shell_would_act_on_is_not_used() {
        assert_eq!(of(&["/tmp/$(reboot)/lib/python3.11/site-packages/x/y.py"]).0, "");
        assert_eq!(of(&["/tmp/a b/lib/python3.11/site-packages/x/y.py"]).0, "");
        assert_eq!(Interpreter::of_line("/tmp/;reboot;/bin/python: No module named pip"), None);
    }

    #[test]
    fn an_interpreter_names_itself() {
        let named =
            Interpreter::of_line("/opt/bot/.venv/bin/python3.11: No module named ccxt").unwrap();
        assert_eq!(named.pip, "/opt/bot/.venv/bin/python3.11 -m pip");
        assert_eq!(Interpreter::of_line("/opt/bot/bin/pythonista: No module named ccxt"), None);
        assert_eq!(Interpreter::of_line("no path at all"), None);
    }
}
