//! Whose code a frame is: the bot's own, or a library's, the standard library's, the interpreter's.

use std::path::PathBuf;

use super::{Frame, Link};

/// Where the bot's own code is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    /// The bot's source tree (`--source-root`), as paths in the log have it.
    pub source_root: Option<PathBuf>,
}

/// Packages with compiled modules, whose frames have paths relative to the package's build
/// (`pandas/_libs/index.pyx`), and packages that PyInstaller lists without a folder. A bot's own
/// folder has none of these names: it could not import the package beside it.
const RELATIVE: &[&str] = &[
    "PyInstaller",
    "aiohttp",
    "asyncio",
    "ccxt",
    "concurrent",
    "cython",
    "email",
    "eth_abi",
    "eth_account",
    "eth_utils",
    "frozenlist",
    "http",
    "httpcore",
    "httpx",
    "ib_async",
    "ib_insync",
    "importlib",
    "json",
    "logging",
    "lumibot",
    "lxml",
    "multidict",
    "multiprocessing",
    "numpy",
    "pandas",
    "pydantic",
    "requests",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "statsmodels",
    "urllib",
    "urllib3",
    "uvloop",
    "web3",
    "websockets",
    "yarl",
    "zmq",
];

/// The same of programs that PyInstaller froze, where no frame shows its source text: names that a bot's own files
/// may have as well. Of modules that are one file only those are here that nobody gives to a script.
const FROZEN: &[&str] = &[
    "alpaca",
    "alpaca_trade_api",
    "autobahn",
    "binance",
    "codecs.py",
    "contextlib.py",
    "discord",
    "functools.py",
    "kiteconnect",
    "kucoin",
    "okx",
    "selectors.py",
    "socketserver.py",
    "ssl.py",
    "subprocess.py",
    "telegram",
    "threading.py",
    "tornado",
    "twisted",
    "websocket",
];

/// Clients of exchanges that people copy into the bot's own folder instead of installing them, by the name they
/// are imported by. That is no other module's.
const COPIED: &[&str] = &[
    "alpaca_trade_api",
    "ccxt",
    "ib_async",
    "ib_insync",
    "kiteconnect",
    "krakenex",
    "oandapyV20",
    "pybit",
];

/// The same, where the name may be that of a folder of the bot's own as well: certain only where the exception
/// is a class of that very package.
const COPIED_OR_OWN: &[&str] = &["alpaca", "binance", "kucoin", "okex", "okx"];

/// Endings of what is no Python source of the bot's.
const COMPILED: &[&str] = &[".pyx", ".pxd", ".pxi", ".c", ".cpp", ".rs", ".so", ".pyd"];

/// Whether a frame is the bot's own code.
///
/// Not its own: code under `site-packages` or `dist-packages`, a standard library (Unix, pyenv,
/// conda, macOS, Windows), a zipped library, `/usr/lib`, compiled modules, and everything without a
/// file (`<string>`, `<frozen importlib._bootstrap>`).
///
/// Under the source root a frame is the bot's own, wherever that root is; but what looks like a
/// library below the root (a virtual environment inside the project) is not.
pub fn is_own(frame: &Frame, roots: &Roots) -> bool {
    let file = frame.file.as_str();
    if file.is_empty() || file.starts_with('<') {
        return false;
    }
    let parts = path_parts(file);
    if let Some(root) = &roots.source_root {
        let root = root.to_string_lossy();
        if let Some(below) = below(&parts, &path_parts(&root))
            && is_absolute(file)
        {
            return library_end(below, true).is_none() && !is_compiled(file);
        }
    }
    let system = file.starts_with("/usr/lib/") || file.starts_with("/System/Library/");
    !(system
        || is_compiled(file)
        || library_end(&parts, is_absolute(file)).is_some()
        || is_extension(frame, &parts)
        || is_frozen(frame, &parts))
}

/// The frame of the bot's own code to show for a cause: the innermost own frame of the link
/// `links[cause]`; else of the nearest later link that has one (what the bot did with it); else of
/// the nearest earlier one; `None` where no link has any. A client of an exchange that lies in the bot's own folder
/// is its own only where nothing else is.
pub fn own_frame<'a>(links: &'a [Link], cause: usize, roots: &Roots) -> Option<&'a Frame> {
    let (inner, outward) = links.split_at(cause.min(links.len()));
    let nearest = |copies: bool| {
        let own = |link: &'a Link| {
            link.frames
                .iter()
                .rev()
                .find(|frame| is_own(frame, roots) && (copies || !is_copied(frame, link, roots)))
        };
        outward.iter().find_map(own).or_else(|| inner.iter().rev().find_map(own))
    };
    nearest(false).or_else(|| nearest(true))
}

/// Whether a frame is of a client of an exchange that was copied into the bot's own folder.
fn is_copied(frame: &Frame, link: &Link, roots: &Roots) -> bool {
    if roots.source_root.is_some() {
        return false;
    }
    let parts = path_parts(&frame.file);
    let package = link.class.split('.').next().filter(|name| name.len() < link.class.len());
    parts.split_last().is_some_and(|(_, folders)| {
        folders.iter().any(|folder| {
            COPIED.contains(folder) || COPIED_OR_OWN.contains(folder) && package == Some(*folder)
        })
    })
}

/// Whether a frame is a library's in a program that PyInstaller froze.
fn is_frozen(frame: &Frame, parts: &[&str]) -> bool {
    frame.code.is_none()
        && !is_absolute(&frame.file)
        && frame.function.as_deref() != Some("<module>")
        && parts.first().is_some_and(|first| FROZEN.contains(first))
}

/// The top-level package of a library's file: `ccxt` for `…/site-packages/ccxt/base/exchange.py`,
/// `asyncio` for `…/lib/python3.11/asyncio/events.py`, `importlib` for
/// `<frozen importlib._bootstrap>`, `pandas` for `pandas/_libs/index.pyx`. `None` for other files.
pub fn package(file: &str) -> Option<&str> {
    if let Some(frozen) = file.strip_prefix("<frozen ") {
        let module = frozen.trim_end_matches('>');
        return module.split('.').next().filter(|name| !name.is_empty());
    }
    let parts = path_parts(file);
    let absolute = is_absolute(file);
    let first = match library_end(&parts, absolute) {
        Some(end) => parts.get(end)?,
        None if !absolute && parts.len() > 1 => {
            let first = parts.first()?;
            (RELATIVE.contains(first) || is_compiled(file)).then_some(first)?
        }
        None => return None,
    };
    Some(first.split_once('.').map_or(*first, |(stem, _)| stem))
}

/// The components of a path, Unix's or Windows'; a drive is one (`C:`).
pub fn path_parts(file: &str) -> Vec<&str> {
    file.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect()
}

/// Whether a path starts at a root or a drive.
fn is_absolute(file: &str) -> bool {
    file.starts_with(['/', '\\']) || has_drive(file)
}

fn has_drive(file: &str) -> bool {
    let bytes = file.as_bytes();
    bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

/// The components below a root; Windows' names do not differ by case.
fn below<'p, 'a>(parts: &'p [&'a str], root: &[&str]) -> Option<&'p [&'a str]> {
    let windows = parts.first().is_some_and(|part| has_drive(part));
    let same = |a: &str, b: &str| if windows { a.eq_ignore_ascii_case(b) } else { a == b };
    let under = !root.is_empty()
        && parts.len() > root.len()
        && parts.iter().zip(root).all(|(part, root)| same(part, root));
    under.then(|| &parts[root.len()..])
}

/// Index of the component after the last folder of a library tree: of the package itself.
fn library_end(parts: &[&str], absolute: bool) -> Option<usize> {
    let ends = (0..parts.len()).rev().find_map(|at| library_folder(parts, at));
    ends.or_else(|| {
        let listed = !absolute && parts.len() > 1 && RELATIVE.contains(parts.first()?);
        listed.then_some(0)
    })
}

/// Where `parts[at]` is the folder that holds packages: the index after it.
fn library_folder(parts: &[&str], at: usize) -> Option<usize> {
    let part = parts[at];
    let before = at.checked_sub(1).map(|before| parts[before]);
    let last = at + 1 == parts.len();
    if last {
        return None;
    }
    if matches!(part, "site-packages" | "dist-packages") {
        return Some(at + 1);
    }
    if [".egg", ".zip", ".whl"].iter().any(|end| part.ends_with(end)) {
        return Some(at + 1);
    }
    let before = before?;
    // lib/python3.11, lib64/python3.11, lib/pypy3.10, lib-python/3
    if matches!(before, "lib" | "lib64" | "Lib" | "lib-python") {
        let version = ["python", "pypy"].iter().find_map(|name| part.strip_prefix(name));
        let version = if before == "lib-python" { Some(part) } else { version };
        if version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) {
            return Some(at + 1);
        }
    }
    // C:\…\Python311\Lib, C:\ProgramData\miniconda3\envs\bot\Lib
    let drive = parts.first().is_some_and(|part| has_drive(part));
    if drive && part.eq_ignore_ascii_case("lib") {
        let home = before.to_ascii_lowercase();
        let named =
            ["python", "conda", "miniforge", "mambaforge"].iter().any(|name| home.contains(name))
                || at >= 2 && parts[at - 2].eq_ignore_ascii_case("envs");
        if named || part == "Lib" {
            return Some(at + 1);
        }
    }
    None
}

fn is_compiled(file: &str) -> bool {
    COMPILED.iter().any(|end| file.ends_with(end))
}

/// Whether a frame is of a module compiled with Cython: its path is relative and its function is
/// named from the package down (`pydantic/main.py`, `pydantic.main.BaseModel.__init__`).
fn is_extension(frame: &Frame, parts: &[&str]) -> bool {
    let Some(function) = &frame.function else { return false };
    if is_absolute(&frame.file) || parts.len() < 2 {
        return false;
    }
    let stem = frame.file.strip_suffix(".py").unwrap_or(&frame.file);
    let module = stem.replace(['/', '\\'], ".");
    function.strip_prefix(&module).is_some_and(|rest| rest.starts_with('.'))
}
