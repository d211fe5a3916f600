//! Hooks beside a log that grows.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{CRASH, Place, hostile_names, lives, wait_until};

/// A program that follows the log of a place; what it tells comes line by line.
struct Following {
    child: Child,
    lines: std::sync::mpsc::Receiver<serde_json::Value>,
}

impl Following {
    /// Starts one that acts on missing modules at once, and waits until it stands at the log's end.
    fn start(place: &Place, args: &[&str]) -> Following {
        let fixed = ["--follow", "--format", "jsonl", "--hook-patterns", "dependencies"];
        let paced = ["--hook-level", "error", "--hook-settle", "1ms", "--hook-kill-after", "200ms"];
        let mut child = place.command(&[&fixed[..], &paced, args].concat()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for line in std::io::BufRead::lines(std::io::BufReader::new(stdout)) {
                let line = line.unwrap();
                let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
                let _ = sender.send(value);
            }
        });
        let following = Following { child, lines };
        following.wait_for(|line| line["event"] == "source" && line["action"] == "opened");
        following
    }

    /// The next line that is what is waited for; others are passed over.
    fn wait_for(&self, is_it: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).expect("a line");
            if is_it(&line) {
                return line;
            }
        }
    }

    fn wait_for_hook(&self, action: &str) -> serde_json::Value {
        self.wait_for(|line| line["event"] == "hook" && line["action"] == action)
    }

    /// SIGTERM; comes back with the exit status.
    fn stop(mut self) -> i32 {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().code().unwrap()
    }
}

fn append(place: &Place, module: &str) {
    let mut log = fs::File::options().append(true).open(place.path("bot.log")).unwrap();
    let line = format!(
        "2026-03-01 10:00:00,000 ERROR bot: ModuleNotFoundError: No module named '{module}'\n"
    );
    std::io::Write::write_all(&mut log, line.as_bytes()).unwrap();
}

/// What was there before is not acted on. A hook that hangs and ignores SIGTERM makes nobody wait, and is gone
/// with all that it started when the program is asked to end.
#[test]
fn following_never_waits_for_a_hook() {
    let place = Place::new("");
    append(&place, "older");
    let script = "trap \"\" TERM; (trap \"\" TERM; exec sleep 300) & echo $! >child; echo $$ >leader; sleep 300";
    let following = Following::start(&place, &["--hook", &format!("sh -c '{script}'")]);
    append(&place, "ccxt");
    assert_eq!(following.wait_for_hook("started")["attempt"], 1);
    wait_until("it runs", || place.read("leader").ends_with('\n'));
    for module in ["one", "two", "three"] {
        append(&place, module);
        following.wait_for(|line| {
            assert!(line["event"] != "hook" || line["action"] == "suppressed", "{line}");
            line["event"] == "diagnosis" && line["captures"]["module"] == module
        });
    }
    assert!(lives(&place.read("leader")));
    assert_eq!(following.stop(), 0);
    wait_until("nothing is left", || !lives(&place.read("leader")) && !lives(&place.read("child")));
}

/// 100 MiB of output end in one event with a bounded tail, and lines stay lines.
#[test]
fn a_flood_is_one_event() {
    let place = Place::new("");
    let hook = "sh -c 'head -c 104857600 /dev/zero | tr \"\\0\" y; echo; echo the end'";
    let following = Following::start(&place, &["--hook", hook]);
    append(&place, "ccxt");
    let event = following.wait_for_hook("succeeded");
    let output = event["output"].as_str().unwrap();
    assert!(output.len() < 70_000 && output.ends_with("the end"), "{}", output.len());
    assert_eq!(following.stop(), 0);
}

/// SIGHUP says that somebody has mended it: what was given up is acted on again, here and for who comes later.
#[test]
fn attempts_count_anew_at_sighup() {
    let place = Place::new("");
    let args = ["--hook", "sh -c 'exit 1'", "--hook-attempts", "1", "--hook-gap", "0s"];
    let following = Following::start(&place, &args);
    append(&place, "ccxt");
    following.wait_for_hook("gave-up");
    append(&place, "ccxt");
    let told = following.wait_for_hook("suppressed");
    assert!(told["reason"].as_str().unwrap().starts_with("it was given up"), "{told}");
    Command::new("kill").args(["-HUP", &following.child.id().to_string()]).status().unwrap();
    let told = following.wait_for_hook("resolved");
    assert!(told["reason"].as_str().unwrap().contains("anew"), "{told}");
    append(&place, "ccxt");
    assert_eq!(following.wait_for_hook("started")["attempt"], 1);
    following.wait_for_hook("gave-up");
    assert_eq!(following.stop(), 0);
    // A watcher that has seen nothing yet forgets what is written down.
    let following = Following::start(&place, &args);
    Command::new("kill").args(["-HUP", &following.child.id().to_string()]).status().unwrap();
    following.wait_for_hook("resolved");
    append(&place, "ccxt");
    assert_eq!(following.wait_for_hook("started")["attempt"], 1);
    assert_eq!(following.stop(), 0);
}

/// The bot that a hook started outlives the hook, and the program that ran it.
#[test]
fn a_bot_that_was_started_outlives_the_watcher() {
    let place = Place::new("");
    let following = Following::start(&place, &["--hook", "sh -c 'sleep 300 & echo $! >bot'"]);
    append(&place, "ccxt");
    following.wait_for_hook("succeeded");
    let bot = place.read("bot");
    assert!(lives(&bot));
    assert_eq!(following.stop(), 0);
    assert!(lives(&bot));
    Command::new("kill").arg(bot.trim()).status().unwrap();
}

/// The pipe that ends tells that the bot is dead: the hook still runs, and its failure is the exit status.
#[test]
fn the_end_of_standard_input_is_acted_on() {
    for (end, status) in [("exit 0", 1), ("exit 1", 2)] {
        let place = Place::new("");
        let hook = format!("sh -c 'touch ran; {end}'");
        let mut child = Command::new(env!("CARGO_BIN_EXE_wd-diagnose"))
            .args(["--follow", "--hook-settle", "10ms", "--hook", &hook, "-"])
            .current_dir(place.folder.path())
            .env("XDG_STATE_HOME", place.path("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), CRASH.as_bytes()).unwrap();
        let (found, said) = super::end(child);
        assert_eq!((found, place.path("ran").exists()), (status, true), "{said}");
    }
}

/// What `--level` hides is hidden from the reader and not from hooks.
#[test]
fn what_a_level_hides_is_acted_on() {
    let place = Place::new("");
    let following = Following::start(&place, &["--level", "fatal", "--hook", "touch ran"]);
    append(&place, "ccxt");
    let line = following.wait_for(|line| line["event"] == "diagnosis" || line["event"] == "hook");
    assert_eq!(line["event"], "hook", "{line}");
    following.wait_for_hook("succeeded");
    assert!(place.path("ran").exists());
    assert_eq!(following.stop(), 0);
}

/// A record that names a module which no module can be called is told for what it is, and refused.
#[test]
fn hostile_names_in_plain_records_are_told_and_refused() {
    let place = Place::new("");
    let hook = "sh -c 'echo \"$1\" >>ran' sh {module}";
    let following = Following::start(&place, &["--hook", hook, "--hook-attempts", "9"]);
    for name in hostile_names() {
        append(&place, &name);
        let told = following.wait_for(|line| line["event"] == "diagnosis");
        assert_eq!(told["rule"], "dependencies/module-not-found", "{name}: {told}");
        let start: String = name.chars().take(20).collect();
        let quoted = serde_json::to_string(&start).unwrap();
        assert!(told["evidence"].to_string().contains(quoted.trim_matches('"')), "{name}: {told}");
        assert!(!told["fix"]["commands"].to_string().contains(&start), "{name}: {told}");
    }
    assert_eq!(following.stop(), 0);
    assert!(!place.path("PWNED").exists());
    // `No module named 'a'b"c'` names `a`, too, which is as plain as any name.
    let ran = place.read("ran");
    assert!(ran.lines().all(|name| name == "a"), "{ran}");
}
