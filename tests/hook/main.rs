//! Hooks, as a user meets them: finished logs, real commands, exit statuses.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod follow;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const CRASH: &str = "\
2026-03-01 10:00:00,000 INFO bot: started
Traceback (most recent call last):
  File \"/srv/bot/bot.py\", line 7, in tick
    get()
ConnectionRefusedError: [Errno 111] Connection refused
";

fn missing(module: &str) -> String {
    format!(
        "2026-03-01 10:00:00,000 INFO bot: started\nTraceback (most recent call last):\n  \
         File \"/srv/bot/bot.py\", line 2, in <module>\n    import x\n\
         ModuleNotFoundError: No module named '{module}'\n"
    )
}

/// A folder with a log, a state folder and no configuration.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(log: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("bot.log"), log).unwrap();
        Place { folder }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wd-diagnose"));
        command
            .args(args)
            .arg("bot.log")
            .current_dir(self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("COLUMNS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Exit status and what was said on standard error.
    fn say(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

/// Whether a process lives; one that only waits to be taken in does not.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").trim_start().starts_with('Z'))
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn end(mut child: Child) -> (i32, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code().unwrap(), said)
}

#[test]
fn it_runs_once_for_the_verdict() {
    let place = Place::new(&format!("{CRASH}{CRASH}"));
    let script = "cat >given; echo \"$WD_RULE $WD_LEVEL $1 $2 $3 $4\" >>ran";
    let hook = format!("sh -c '{script}' sh {{pattern}} {{rule}} {{source}} {{attempt}}");
    let (status, said) = place.say(&["--hook", &hook]);
    assert_eq!(status, 1, "{said}");
    assert_eq!(
        place.read("ran"),
        "network/connection-refused fatal network network/connection-refused bot.log 1\n"
    );
    let given = place.read("given");
    assert!(given.starts_with("{\"pattern\":\"network\"") && given.ends_with("}\n"), "{given}");
    assert_eq!(given.lines().count(), 1);
    assert!(
        said.contains("hook: started (attempt 1) for bot.log [network/connection-refused]"),
        "{said}"
    );
    assert!(
        said.contains("hook: succeeded (attempt 1) for bot.log [network/connection-refused]"),
        "{said}"
    );
    let quiet = place.say(&["-q", "--hook", &hook, "--hook-gap", "0", "--hook-gap-max", "0"]);
    assert_eq!(quiet, (1, String::new()));
}

#[test]
fn a_hook_that_fails_makes_the_exit_status_2() {
    for (hook, said) in [
        ("sh -c 'echo why; exit 3'", "exit status 3; it said last: why"),
        ("sh -c 'exit 125'", "gave-up"),
        ("sh -c 'kill -9 $$'", "ended by signal 9"),
        (
            "/nonexistent/hook-program",
            "cannot start `/nonexistent/hook-program`: No such file or directory",
        ),
    ] {
        let place = Place::new(CRASH);
        let (status, stderr) = place.say(&["--hook", hook]);
        assert_eq!(status, 2, "{hook}: {stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn no_verdict_no_run() {
    for log in ["2026-03-01 10:00:00,000 INFO bot: started\n", &missing("ccxt")] {
        let place = Place::new(log);
        place.run(&["--hook", "touch ran"]);
        assert!(!place.path("ran").exists(), "{log}");
    }
}

/// The log goes on in health after the crash: somebody has started the bot, and a second one would trade
/// against it. To tell somebody is never wrong.
#[test]
fn a_bot_that_runs_again_is_left_alone() {
    let mut log = format!("{CRASH}2026-03-01 10:05:00,000 INFO bot: started\n");
    for second in 1..40 {
        log += &format!("2026-03-01 10:05:{second:02},000 INFO bot: tick {second}\n");
    }
    let place = Place::new(&log);
    let (status, said) = place.say(&["--hook", "touch ran"]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("the bot was started again by something else"), "{said}");
    assert!(!place.path("ran").exists());
    place.run(&["--hook", "touch ran", "--hook-kind", "notify"]);
    assert!(place.path("ran").exists());
}

#[test]
fn attempts_outlive_the_program() {
    let place = Place::new(CRASH);
    let args = [
        "--hook",
        "sh -c 'echo x >>ran'",
        "--hook-gap",
        "0",
        "--hook-gap-max",
        "0",
        "--hook-on-give-up",
        "touch gave-up",
    ];
    for _ in 0..5 {
        place.run(&args);
    }
    assert_eq!(place.read("ran"), "x\nx\nx\n");
    assert!(place.path("gave-up").exists());
    assert!(place.say(&args).1.contains("it was given up"));
    // The gap holds from one program to the next, too.
    let place = Place::new(CRASH);
    for _ in 0..3 {
        place.run(&["--hook", "sh -c 'echo x >>ran'"]);
    }
    assert_eq!(place.read("ran"), "x\n");
}

#[test]
fn where_attempts_cannot_be_remembered_no_hook_runs() {
    let place = Place::new(CRASH);
    fs::write(place.path("state"), "in the way").unwrap();
    let (status, said) = place.say(&["--hook", "touch ran"]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("no hook runs: cannot write attempts to"), "{said}");
    assert!(!place.path("ran").exists());
}

#[test]
fn a_dry_run_says_what_would_run() {
    let place = Place::new(CRASH);
    let (status, said) = place.say(&["--hook", "touch ran {source}", "--hook-dry-run"]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("a dry run; not run: touch ran bot.log"), "{said}");
    assert!(!place.path("ran").exists() && !place.path("state").exists());
}

#[test]
fn a_disk_that_is_full_is_not_mended_by_a_restart() {
    let log = CRASH.replace(
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "OSError: [Errno 28] No space left on device: 'trades.db'",
    );
    let place = Place::new(&log);
    let (status, said) = place.say(&["--hook", "touch ran"]);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("a restart does not mend it; name system/disk-full"), "{said}");
    assert!(!place.path("ran").exists());
    place.run(&["--hook", "touch ran", "--hook-patterns", "system/disk-full"]);
    assert!(place.path("ran").exists());
}

#[test]
fn a_package_is_the_requirement_of_the_bot() {
    let place = Place::new(&missing("cv2"));
    fs::create_dir(place.path("bot")).unwrap();
    fs::write(place.path("bot/requirements.txt"), "opencv-python==4.10.0.84 # pinned\n").unwrap();
    let args = [
        "--hook",
        "sh -c 'echo \"$1\" >>ran' sh {package}",
        "--hook-patterns",
        "dependencies",
        "--source-root",
        "bot",
    ];
    let (status, said) = place.say(&args);
    assert_eq!((status, place.read("ran").as_str()), (1, "opencv-python==4.10.0.84\n"), "{said}");

    let place = Place::new(&missing("web3"));
    fs::create_dir(place.path("bot")).unwrap();
    fs::write(place.path("bot/requirements.txt"), "ccxt\n").unwrap();
    let (status, said) = place.say(&args);
    assert_eq!((status, place.read("ran").as_str()), (1, ""), "{said}");
    assert!(
        said.contains("the bot's requirements do not name the package; not run: sh -c"),
        "{said}"
    );
    assert!(said.contains("sh web3"), "{said}");
}

/// Names of modules that a log may hold and no command ever.
fn hostile_names() -> Vec<String> {
    let long = "x".repeat(5_000);
    [
        "x; touch PWNED",
        "$(touch PWNED)",
        "`touch PWNED`",
        "x && touch PWNED",
        "x\\n touch PWNED",
        "-rPWNED",
        "--index-url=http://evil.invalid/simple",
        "../../evil",
        "a'b\"c",
        long.as_str(),
        "r\u{435}quests",
        "git+https://evil.invalid/x",
        "x{module}",
        "%s%n",
    ]
    .map(str::to_owned)
    .into()
}

/// Whatever a log calls a module, it is in the report and in no command.
#[test]
fn hostile_names_reach_no_command_and_stay_in_the_report() {
    for name in hostile_names() {
        for hook in
            ["sh -c 'echo \"$1\" >>ran' sh {module}", "sh -c 'echo \"$1\" >>ran' sh {package}"]
        {
            let place = Place::new(&missing(&name));
            fs::write(place.path("requirements.txt"), "ccxt\nx\na\n").unwrap();
            let all = ["--hook", hook, "--hook-patterns", "dependencies,other", "--format", "json"];
            let output = place.run(&all);
            assert_eq!(output.status.code(), Some(1), "{name}");
            let report = String::from_utf8(output.stdout).unwrap();
            let start: String = name.chars().take(20).collect();
            let quoted = serde_json::to_string(&start).unwrap();
            assert!(report.contains(quoted.trim_matches('"')), "{name} is not in {report}");
            let said = String::from_utf8(output.stderr).unwrap();
            let refused = said.contains("hook: suppressed") && said.contains("refused: ");
            // `No module named 'a'b"c'` names `a`, too, which is as plain as any name.
            assert!(
                refused || name.starts_with("a'") && place.read("ran") == "a\n",
                "{name}: {said}"
            );
            assert!(!place.path("PWNED").exists(), "{name}");
        }
    }
}

/// It ignores SIGTERM, and so does what it started: both are gone soon after the time that it was given.
#[test]
fn a_command_that_hangs_is_ended_with_all_it_started() {
    let place = Place::new(CRASH);
    let script = "trap \"\" TERM; (trap \"\" TERM; exec sleep 300) & echo $! >child; echo $$ >leader; sleep 300";
    let hook = format!("sh -c '{script}'");
    let args = ["--hook", &hook, "--hook-timeout", "500ms", "--hook-kill-after", "200ms"];
    let (status, said) = place.say(&args);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains(
            "timed-out (attempt 1) for bot.log [network/connection-refused]: took more than 500 ms"
        ),
        "{said}"
    );
    wait_until("the group is gone", || {
        !lives(&place.read("child")) && !lives(&place.read("leader"))
    });
}

/// 100 MiB of output are drained at full speed, in little memory, and none of them on standard output.
#[test]
fn a_flood_of_output_is_drained() {
    let place = Place::new(CRASH);
    let hook = "sh -c 'head -c 104857600 /dev/zero | tr \"\\0\" y; echo; echo the end; exit 3'";
    let mut child = place.command(&["--hook", hook, "--format", "json"]).spawn().unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0_u64;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        thread::sleep(Duration::from_millis(5));
    }
    let mut report = String::new();
    child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    let (status, said) = end(child);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("it said last: the end"), "{said}");
    serde_json::from_str::<serde_json::Value>(&report).unwrap();
    if cfg!(target_os = "linux") {
        assert!((1..96 << 10).contains(&peak), "{peak} KiB");
    }
}

/// The bot that it started lives in its group, keeps its output, and lives on when the program is gone.
#[test]
fn a_bot_that_was_started_lives_on() {
    let place = Place::new(CRASH);
    let hook = "sh -c 'sleep 300 & echo $! >bot'";
    let (status, said) = place.say(&["--hook", hook]);
    assert_eq!(status, 1, "{said}");
    let bot = place.read("bot");
    assert!(lives(&bot));
    Command::new("kill").arg(bot.trim()).status().unwrap();
}

#[test]
fn sigterm_ends_a_running_hook() {
    let place = Place::new(CRASH);
    let hook = "sh -c 'sleep 300 & echo $! >child; wait'";
    let child = place.command(&["--hook", hook]).spawn().unwrap();
    wait_until("it runs", || place.read("child").ends_with('\n'));
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let (status, said) = end(child);
    assert_eq!(status, 2, "{said}");
    assert!(
        said.contains(
            "failed (attempt 1) for bot.log [network/connection-refused]: ended with this program"
        ),
        "{said}"
    );
    wait_until("nothing is left", || !lives(&place.read("child")));
}

#[test]
fn hooks_may_be_written_down() {
    let place = Place::new(CRASH);
    let config = "
[[hook]]
run = [[\"sh\", \"-c\", \"echo one >>ran\"], [\"sh\", \"-c\", \"echo \\\"$1\\\" >>ran\", \"sh\", \"{pattern}\"]]

[[hook]]
kind = \"notify\"
run = [[\"sh\", \"-c\", \"echo told >>ran\"]]
";
    fs::write(place.path("wd-diagnose.toml"), config).unwrap();
    let (status, said) = place.say(&[]);
    assert_eq!((status, place.read("ran").as_str()), (1, "one\nnetwork\ntold\n"), "{said}");
}

#[test]
fn options_without_a_hook_are_refused() {
    let place = Place::new(CRASH);
    let (status, said) = place.say(&["--hook-attempts", "2"]);
    assert_eq!(status, 2);
    assert!(said.contains("--hook CMD"), "{said}");
    let (status, said) = place.say(&["--hook", "pip install {modul}"]);
    assert_eq!(status, 2);
    assert!(said.contains("did you mean `{module}`?"), "{said}");
}

/// A configuration that lies where somebody else may write must not make a command run.
#[test]
fn hooks_of_a_file_that_others_may_write_are_refused() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new(CRASH);
    let path = place.path("wd-diagnose.toml");
    fs::write(&path, "[[hook]]\nrun = [[\"touch\", \"ran\"]]\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let (status, said) = place.say(&[]);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("others may write"), "{said}");
    assert!(!place.path("ran").exists());
    place.run(&["--config", "wd-diagnose.toml"]);
    assert!(place.path("ran").exists(), "one that is named is trusted");
}

#[test]
fn configuration_is_read_from_the_current_directory() {
    let place = Place::new(CRASH);
    let config = |text: &str| fs::write(place.path("wd-diagnose.toml"), text).unwrap();
    config("fail-on = \"never\"\n");
    assert_eq!(place.say(&[]).0, 0);
    assert_eq!(place.say(&["--fail-on", "fatal"]).0, 1, "the command line wins");
    config("fail_on = \"never\"\n");
    let (status, said) = place.say(&[]);
    assert_eq!(status, 2);
    assert!(
        said.contains("wd-diagnose.toml:1:1: unknown key `fail_on`; did you mean `fail-on`?"),
        "{said}"
    );
    let (status, said) = place.say(&["--config", "gone.toml"]);
    assert_eq!(status, 2);
    assert!(said.contains("cannot read the configuration gone.toml"), "{said}");
    fs::create_dir_all(place.path("conf/logs")).unwrap();
    fs::write(place.path("conf/logs/other.log"), CRASH).unwrap();
    fs::write(place.path("conf/c.toml"), "paths = [\"logs\"]\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wd-diagnose"))
        .args(["--config", "conf/c.toml", "--format", "json"])
        .current_dir(place.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let named = Path::new("conf").join("logs").join("other.log");
    assert!(report.contains(&named.display().to_string()), "{report}");
}
