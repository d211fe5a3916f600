//! Whose code a frame is.

use super::*;

fn frame(file: &str, function: &str) -> Frame {
    Frame { file: file.into(), line: Some(1), function: Some(function.into()), code: None, at: 0 }
}

#[test]
fn own_files_and_others() {
    let none = Roots::default();
    for file in [
        "/bot/main.py",
        "main.py",
        "./strategies/rsi.py",
        "/home/me/bot/lib/exchange.py",
        "/home/me/python/bot.py",
        "/usr/src/app/bot.py",
        "/usr/local/bin/bot",
        "C:\\Users\\me\\bot\\main.py",
        "C:\\Users\\me\\bot\\lib\\feed.py",
        "D:/trading/bot/main.py",
        "/opt/python3.11/bot.py",
    ] {
        assert!(is_own(&frame(file, "run"), &none), "{file}");
    }
    for file in [
        "",
        "<string>",
        "<stdin>",
        "<frozen importlib._bootstrap>",
        "<__array_function__ internals>",
        "<ipython-input-3-5a1b>",
        "/bot/.venv/lib/python3.11/site-packages/ccxt/base/exchange.py",
        "/usr/lib/python3/dist-packages/requests/api.py",
        "/usr/lib/python3.8/asyncio/events.py",
        "/usr/local/lib/python3.11/threading.py",
        "/home/me/.pyenv/versions/3.12.1/lib/python3.12/asyncio/runners.py",
        "/home/me/miniconda3/envs/bot/lib/python3.10/ssl.py",
        "/opt/pypy/lib/pypy3.10/ssl.py",
        "/Library/Frameworks/Python.framework/Versions/3.11/lib/python3.11/ssl.py",
        "C:\\Users\\me\\AppData\\Local\\Programs\\Python\\Python311\\Lib\\asyncio\\runners.py",
        "C:\\Python27\\lib\\ssl.py",
        "C:\\ProgramData\\miniconda3\\envs\\bot\\lib\\ssl.py",
        "C:\\bot\\venv\\Lib\\site-packages\\binance\\client.py",
        "/bot/deps.zip/requests/api.py",
        "pandas/_libs/index.pyx",
        "numpy/random/mtrand.pyx",
        "uvloop/loop.pyx",
        "aiohttp/_websocket.pyx",
        "asyncio\\runners.py",
        "httpx\\_client.py",
        "binance/client.py",
        "contextlib.py",
    ] {
        assert!(!is_own(&frame(file, "run"), &none), "{file}");
    }
    let compiled = frame("mylib/core.py", "mylib.core.run");
    assert!(!is_own(&compiled, &none));
    assert!(is_own(&frame("mylib/core.py", "run"), &none));
    let shown = Frame { code: Some("self.poll()".into()), ..frame("binance/client.py", "run") };
    assert!(is_own(&shown, &none), "a bot's own folder may be called so");
}

#[test]
fn the_source_root_makes_own() {
    let roots = |root: &str| Roots { source_root: Some(root.into()) };
    let installed = "/usr/lib/python3/dist-packages/mybot/main.py";
    assert!(is_own(&frame(installed, "f"), &roots("/usr/lib/python3/dist-packages/mybot")));
    assert!(!is_own(&frame(installed, "f"), &roots("/usr/lib/python3/dist-packages/my")));
    let venv = "/bot/.venv/lib/python3.11/site-packages/ccxt/base/exchange.py";
    assert!(!is_own(&frame(venv, "f"), &roots("/bot")));
    let windows = "c:\\Python311\\Lib\\site-packages\\bot\\main.py";
    assert!(is_own(&frame(windows, "f"), &roots("C:\\Python311\\Lib\\site-packages\\bot")));
    assert!(is_own(&frame("/other/main.py", "f"), &roots("/bot")));
}

#[test]
fn packages() {
    for (file, package) in [
        ("/v/lib/python3.11/site-packages/ccxt/base/exchange.py", Some("ccxt")),
        ("/v/lib/python3.11/site-packages/six.py", Some("six")),
        ("/usr/lib/python3.11/asyncio/events.py", Some("asyncio")),
        ("/usr/lib/python3.11/threading.py", Some("threading")),
        ("C:\\Python311\\Lib\\ssl.py", Some("ssl")),
        ("/v/lib/python3.8/site-packages/ccxt-4.0-py3.8.egg/ccxt/base/exchange.py", Some("ccxt")),
        ("pandas/_libs/index.pyx", Some("pandas")),
        ("pydantic/main.py", Some("pydantic")),
        ("<frozen importlib._bootstrap>", Some("importlib")),
        ("<string>", None),
        ("/bot/main.py", None),
        ("main.py", None),
        ("strategies/rsi.py", None),
    ] {
        assert_eq!(super::package(file), package, "{file}");
    }
    assert_eq!(path_parts("C:\\a/b\\.\\c.py"), ["C:", "a", "b", "c.py"]);
}

#[test]
fn the_own_frame_is_the_innermost_near_the_cause() {
    let link = |files: &[&str]| Link {
        class: "E".into(),
        message: String::new(),
        frames: files.iter().map(|file| frame(file, "f")).collect(),
        notes: Vec::new(),
        relation: Relation::Root,
        members: Vec::new(),
        line: 0,
    };
    let library = "/v/lib/python3.11/site-packages/urllib3/connection.py";
    let roots = Roots::default();
    let find = |links: &[Link], cause| own_frame(links, cause, &roots).map(|f| f.file.clone());
    let links = [link(&["a.py", library]), link(&[library]), link(&["b.py", "c.py", library])];
    assert_eq!(find(&links, 0).as_deref(), Some("a.py"));
    assert_eq!(find(&links, 1).as_deref(), Some("c.py"));
    assert_eq!(find(&links[..2], 1).as_deref(), Some("a.py"));
    assert_eq!(find(&links[1..2], 0), None);
    assert_eq!(find(&links, 9).as_deref(), Some("c.py"));
    assert_eq!(find(&[], 0), None);
}

#[test]
fn a_client_that_was_copied_into_the_bots_folder_is_not_the_bot() {
    let find = |class: &str, files: &[&str]| {
        let link = Link {
            class: class.into(),
            message: String::new(),
            frames: files.iter().map(|file| frame(file, "f")).collect(),
            notes: Vec::new(),
            relation: Relation::Root,
            members: Vec::new(),
            line: 0,
        };
        own_frame(&[link], 0, &Roots::default()).map(|frame| frame.file.clone())
    };
    let (bot, client) = ("/home/ann/grid/bot.py", "/home/ann/grid/binance/client.py");
    let copied = "/home/ann/grid/alpaca_trade_api/rest.py";
    let of_client = "binance.exceptions.BinanceAPIException";
    assert_eq!(find(of_client, &[bot, client]).as_deref(), Some(bot));
    assert_eq!(
        find("KeyError", &[bot, client]).as_deref(),
        Some(client),
        "it may be the bot's own"
    );
    assert_eq!(find("KeyError", &[bot, copied]).as_deref(), Some(bot));
    assert_eq!(find("KeyError", &[copied]).as_deref(), Some(copied), "where nothing else is");
}

#[test]
fn what_pybind11_puts_into_a_message_is_the_cause() {
    let text = "Traceback (most recent call last):\n  File \"/srv/bot/main.py\", line 9, in <module>\n    engine.run()\nRuntimeError: KeyError: 'ask'\n\nAt:\n  /srv/bot/gateway.py(312): on_depth\n  /srv/bot/main.py(9): <module>\n";
    let traceback = parse_text(text).unwrap();
    let classes: Vec<&str> = traceback.links.iter().map(|link| link.class.as_str()).collect();
    assert_eq!(classes, ["KeyError", "RuntimeError"]);
    let innermost = traceback.links[0].frames.last().unwrap();
    assert_eq!((innermost.file.as_str(), innermost.line), ("/srv/bot/gateway.py", Some(312)));
    let other = text.replace("At:\n  /srv", "At:\n  see /srv");
    assert_eq!(parse_text(&other).unwrap().links.len(), 2, "frames may have blanks in their path");
    assert_eq!(parse_text(&text.replace("At:", "On:")).unwrap().links.len(), 1);
}
