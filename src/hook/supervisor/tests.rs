//! The thread with real commands. Waits are for what must happen, never for how long it takes.

// Their commands are those of a POSIX shell; `process/windows/tests.rs` starts commands on Windows.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use super::*;
use crate::hook::{Hook, Kind, sample};
use crate::model::{Pattern, RealClock};
use crate::report::HookAction;

const PATIENCE: Duration = Duration::from_secs(30);

fn hook(script: &str) -> Hook {
    let run = vec![["sh", "-c", script].map(str::to_owned).into()];
    let mut hook = Hook::new(Kind::Repair, run);
    hook.settle = Duration::ZERO;
    hook.gap = Duration::from_millis(50);
    hook.gap_max = Duration::from_secs(1);
    hook.kill_after = Duration::from_millis(200);
    hook
}

fn options(state: &Path, hooks: Vec<Hook>) -> HookOptions {
    HookOptions {
        hooks,
        state: Some(state.to_owned()),
        source_root: Some(state.to_owned()),
        beyond_restart: BTreeSet::from(["system/disk-full".to_owned()]),
        zone: None,
        redact: true,
        once: false,
    }
}

struct Watch {
    supervisor: Option<Supervisor>,
    events: Receiver<HookEvent>,
    count: u64,
}

impl Watch {
    fn new(options: HookOptions) -> Watch {
        let (tell, events) = mpsc::channel();
        let clock = Arc::new(RealClock::new());
        let supervisor =
            Supervisor::start(options, clock, move |event| drop(tell.send(event))).unwrap();
        Watch { supervisor: Some(supervisor), events, count: 0 }
    }

    fn offer(&mut self, diagnosis: Diagnosis) {
        self.count += 1;
        let mut diagnosis = diagnosis;
        diagnosis.last.byte = self.count;
        let trigger = Trigger {
            diagnosis,
            event: self.count,
            unread_for: Duration::ZERO,
            came_back: false,
            logged_as_error: false,
        };
        self.supervisor.as_ref().unwrap().offer(trigger);
    }

    fn next(&self) -> HookEvent {
        self.events.recv_timeout(PATIENCE).expect("an event")
    }

    /// The next event of this kind; others are passed over.
    fn wait_for(&self, action: HookAction) -> HookEvent {
        loop {
            let event = self.next();
            if event.action == action {
                return event;
            }
        }
    }

    fn finish(mut self) -> (Ending, Vec<HookEvent>) {
        let ending = self.supervisor.take().unwrap().finish();
        (ending, self.events.iter().collect())
    }
}

fn network() -> Diagnosis {
    sample::diagnosis(Pattern::Network, "network/dns", &[("host", "api.binance.com")])
}

#[test]
fn a_command_is_given_the_diagnosis() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cat; env | grep ^WD_ | sort";
    let mut watch = Watch::new(options(folder.path(), vec![hook(script)]));
    let mut diagnosis = network();
    diagnosis.captures.insert("odd-name".to_owned(), "x".to_owned());
    diagnosis.captures.insert("path".to_owned(), "ä".repeat(5_000));
    watch.offer(diagnosis.clone());
    let started = watch.next();
    assert_eq!(
        (started.action, started.attempt, started.hook),
        (HookAction::Started, Some(1), Some(1))
    );
    assert_eq!(started.fingerprint.as_deref(), Some("00000000000000aa"));
    let ended = watch.next();
    assert_eq!((ended.action, ended.exit), (HookAction::Succeeded, Some(0)));
    let output = ended.output.unwrap();
    let mut lines = output.lines();
    let read: Diagnosis = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(read.captures, diagnosis.captures);
    let variables: Vec<(&str, usize)> = lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name, value.len()))
        .collect();
    assert_eq!(
        variables,
        [
            ("WD_ATTEMPT", 1),
            ("WD_CAPTURE_HOST", 15),
            ("WD_CAPTURE_PATH", 4096),
            ("WD_FINGERPRINT", 16),
            ("WD_LEVEL", 5),
            ("WD_PATTERN", 7),
            ("WD_RULE", 11),
            ("WD_SOURCE", 7),
            ("WD_SUMMARY", 14),
        ]
    );
    assert_eq!(watch.finish().0, Ending { failed: false });
}

#[test]
fn commands_run_in_order_and_only_after_success() {
    let folder = tempfile::tempdir().unwrap();
    let mut two = hook("echo one");
    two.run.extend(hook("echo two; exit 3").run);
    two.run.extend(hook("echo three").run);
    two.attempts = 1;
    let mut watch = Watch::new(options(folder.path(), vec![two]));
    watch.offer(network());
    watch.wait_for(HookAction::Started);
    let failed = watch.next();
    assert_eq!((failed.action, failed.exit), (HookAction::Failed, Some(3)));
    assert_eq!(failed.output.as_deref(), Some("one\ntwo"));
    assert_eq!(watch.next().action, HookAction::GaveUp);
    assert!(watch.finish().0.failed);
}

#[test]
fn it_gives_up_and_runs_what_is_to_run_then_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gave-up");
    let mut failing = hook("exit 1");
    failing.on_give_up = hook(&format!("echo \"$WD_ATTEMPT\" >>{}", file.display())).run;
    let mut watch = Watch::new(options(folder.path(), vec![failing]));
    watch.offer(network());
    for attempt in 1..=3 {
        assert_eq!(watch.wait_for(HookAction::Started).attempt, Some(attempt));
    }
    let gave_up = watch.wait_for(HookAction::GaveUp);
    assert!(gave_up.reason.unwrap().starts_with("3 runs within"));
    let last = watch.wait_for(HookAction::Succeeded);
    assert_eq!(last.reason.as_deref(), Some("on-give-up"));
    watch.offer(network());
    assert!(watch.wait_for(HookAction::Suppressed).reason.unwrap().starts_with("it was given up"));
    watch.finish();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "3\n");
}

#[test]
fn a_missing_program_is_said_and_following_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut missing = hook("");
    missing.run = vec![vec!["/nonexistent/hook-program".to_owned()]];
    let mut watch = Watch::new(options(folder.path(), vec![missing]));
    watch.offer(network());
    let failed = watch.wait_for(HookAction::Failed);
    assert!(failed.reason.unwrap().contains("/nonexistent/hook-program"));
    assert!(watch.finish().0.failed);
}

/// It hangs and ignores SIGTERM: offers come back at once all the while, and in the end it is gone.
#[test]
fn nobody_waits_for_a_command_that_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let mut hangs = hook("trap '' TERM; sleep 300 & sleep 300");
    hangs.timeout = Duration::from_millis(300);
    hangs.attempts = 1;
    let mut watch = Watch::new(options(folder.path(), vec![hangs]));
    watch.offer(network());
    watch.wait_for(HookAction::Started);
    let before = Instant::now();
    for _ in 0..1_000 {
        watch.offer(network());
    }
    assert!(before.elapsed() < Duration::from_secs(5));
    let ended = watch.wait_for(HookAction::TimedOut);
    assert_eq!((ended.exit, ended.reason.as_deref()), (None, Some("took more than 300 ms")));
    watch.finish();
}

#[test]
fn stopping_ends_a_running_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("child");
    let script = format!("sleep 300 & echo $! >{}; wait", file.display());
    let mut watch = Watch::new(options(folder.path(), vec![hook(&script)]));
    watch.offer(network());
    watch.wait_for(HookAction::Started);
    while std::fs::read_to_string(&file).map_or(true, |text| !text.ends_with('\n')) {
        thread::sleep(Duration::from_millis(5));
    }
    let ending = watch.supervisor.take().unwrap().stop();
    assert!(ending.failed);
    assert_eq!(watch.next().reason.as_deref(), Some("ended with this program"));
    let child = std::fs::read_to_string(&file).unwrap();
    let stat = format!("/proc/{}/stat", child.trim());
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn nothing_begins_after_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut slow = hook("exit 0");
    slow.settle = Duration::from_secs(60);
    let mut watch = Watch::new(options(folder.path(), vec![slow]));
    watch.offer(network());
    assert_eq!(watch.supervisor.take().unwrap().stop(), Ending::default());
    assert_eq!(watch.events.iter().count(), 0);
}

/// Hostile names end in words of ours, and never in a command's.
#[test]
fn hostile_names_reach_no_command() {
    let folder = tempfile::tempdir().unwrap();
    let mut install = hook("");
    install.run = vec![["echo", "{module}"].map(str::to_owned).into()];
    install.patterns = vec!["dependencies".parse().unwrap()];
    let mut watch = Watch::new(options(folder.path(), vec![install]));
    let long = "x".repeat(5_000);
    let hostile = [
        "x; touch /tmp/pwned",
        "$(touch /tmp/pwned)",
        "`touch /tmp/pwned`",
        "x && touch /tmp/pwned",
        "x\\n touch /tmp/pwned",
        "-r/tmp/evil",
        "--index-url=http://evil.invalid/simple",
        "../../evil",
        "a'b\"c",
        long.as_str(),
        "r\u{435}quests",
        "git+https://evil.invalid/x",
        "x{module}",
        "%s%n",
    ];
    for name in hostile {
        watch.offer(sample::diagnosis(
            Pattern::Dependencies,
            "dependencies/module-not-found",
            &[("module", name)],
        ));
    }
    watch.offer(sample::diagnosis(
        Pattern::Dependencies,
        "dependencies/module-not-found",
        &[("module", "ccxt")],
    ));
    let (_, events) = watch.finish();
    let refused: Vec<&HookEvent> =
        events.iter().filter(|event| event.action == HookAction::Suppressed).collect();
    assert_eq!(refused.len(), hostile.len());
    for event in refused {
        assert!(event.reason.as_ref().unwrap().starts_with("refused: `{module}` cannot be filled"));
        assert_eq!(event.output.as_deref(), Some("echo '{module}'"));
    }
    let outputs: Vec<_> =
        events.iter().filter(|event| event.action == HookAction::Succeeded).collect();
    assert_eq!(outputs.len(), 1, "{events:?}");
    assert_eq!(outputs[0].output.as_deref(), Some("ccxt"));
}

#[test]
fn a_package_is_installed_as_the_bot_requires_it_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("requirements.txt"), "opencv-python==4.10.0.84\n").unwrap();
    let mut install = hook("");
    install.run = vec![["echo", "install", "{package}"].map(str::to_owned).into()];
    install.patterns = vec!["dependencies".parse().unwrap()];
    let mut watch = Watch::new(options(folder.path(), vec![install]));
    let missing = |captures: &[(&str, &str)]| {
        sample::diagnosis(Pattern::Dependencies, "dependencies/module-not-found", captures)
    };
    watch.offer(missing(&[("module", "cv2"), ("package", "opencv-python")]));
    assert_eq!(
        watch.wait_for(HookAction::Succeeded).output.as_deref(),
        Some("install opencv-python==4.10.0.84")
    );
    watch.offer(missing(&[("module", "web3")]));
    let refused = watch.wait_for(HookAction::Suppressed);
    assert!(refused.reason.unwrap().contains("do not name the package"));
    assert_eq!(refused.output.as_deref(), Some("echo install web3"));
}

#[test]
fn a_dry_run_says_what_would_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ran");
    let mut dry = hook("");
    dry.run = vec![["touch".to_owned(), file.display().to_string(), "{source}".to_owned()].into()];
    dry.dry_run = true;
    let state = folder.path().join("state");
    let mut watch = Watch::new(options(&state, vec![dry]));
    watch.offer(network());
    let event = watch.wait_for(HookAction::Suppressed);
    assert_eq!(event.reason.as_deref(), Some("a dry run"));
    assert_eq!(event.output, Some(format!("touch {} bot.log", file.display())));
    assert!(!watch.finish().0.failed);
    assert!(!file.exists() && !state.exists());
}

#[test]
fn what_a_restart_does_not_mend_is_left_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut watch = Watch::new(options(folder.path(), vec![hook("exit 0")]));
    for _ in 0..3 {
        watch.offer(sample::diagnosis(Pattern::System, "system/disk-full", &[]));
    }
    let (ending, events) = watch.finish();
    assert_eq!((ending.failed, events.len()), (false, 1));
    assert!(events[0].reason.as_ref().unwrap().contains("name system/disk-full"));
}

#[test]
fn without_a_state_folder_no_hook_runs() {
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let options =
        options(&folder.path().join("file/state"), vec![hook(&format!("touch {}", ran.display()))]);
    let mut watch = Watch::new(options);
    assert!(watch.next().reason.unwrap().starts_with("no hook runs: cannot write attempts to"));
    watch.offer(network());
    assert!(watch.wait_for(HookAction::Suppressed).reason.unwrap().starts_with("no hook runs"));
    assert!(watch.finish().0.failed);
    assert!(!ran.exists());
}

/// Two programs see the same lines of the same log.
#[test]
fn two_watchers_act_once() {
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    let script = format!("echo x >>{}; sleep 0.1", ran.display());
    let mut watches = [1, 2].map(|_| Watch::new(options(folder.path(), vec![hook(&script)])));
    for watch in &mut watches {
        watch.offer(network());
    }
    thread::sleep(Duration::from_millis(1_000));
    for watch in watches {
        watch.finish();
    }
    assert_eq!(std::fs::read_to_string(ran).unwrap(), "x\n");
}

#[test]
fn attempts_are_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let mut counts = Vec::new();
    for _ in 0..5 {
        let mut once = options(
            folder.path(),
            vec![Hook { gap: Duration::ZERO, gap_max: Duration::ZERO, ..hook("exit 0") }],
        );
        once.once = true;
        let mut watch = Watch::new(once);
        watch.offer(network());
        let (_, events) = watch.finish();
        counts.push(events.iter().filter(|event| event.action == HookAction::Started).count());
    }
    assert_eq!(counts, [1, 1, 1, 0, 0]);
}
