//! What only several events show: a cause is named before its symptoms, one incident is told once, and
//! each detector is missed where it is switched off.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{RULES, opening, options, report_on_bytes};
use wd_diagnose::analyze::batch::{Outcome, run, run_over};
use wd_diagnose::analyze::{BatchOptions, Unobserved};
use wd_diagnose::detect::Matcher;
use wd_diagnose::diagnosis::Diagnosis;
use wd_diagnose::model::Level;
use wd_diagnose::report::Report;
use wd_diagnose::rules::{RuleOptions, RuleSet, load};
use wd_diagnose::source::{Reader, Source};
use wd_diagnose::traceback::Roots;

/// What `rules` make of a text.
fn report_with(rules: &RuleSet, text: &[u8]) -> Report {
    let matcher = Matcher::new(rules, Roots::default());
    let reader = Reader::over(std::io::Cursor::new(text.to_vec()), opening());
    run_over(&matcher, &Source::stdin(), reader, &options()).unwrap().report
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("fixtures/{name}.log")).unwrap()
}

fn find<'r>(report: &'r Report, rule: &str) -> Option<&'r Diagnosis> {
    report.diagnoses.iter().find(|diagnosis| diagnosis.rule == rule)
}

#[test]
fn the_cause_is_the_verdict_and_names_what_followed() {
    let text = fixture("rate-limit/weight-then-ban");
    let report = report_on_bytes(text.clone());
    let verdict = report.verdict.as_ref().unwrap();
    assert_eq!(verdict.rule, "rate-limit/weight-rising");
    assert!(
        verdict
            .summary
            .contains("What followed: Exchange's request limit reached (line 28, 3 times)")
    );
    assert_eq!(verdict.captures["status"], "418", "what the ban said is known to the cause");
    assert!(verdict.evidence.iter().any(|line| line.text.contains("answered 418")));
    let ban = find(&report, "rate-limit/ip-banned").unwrap();
    assert_eq!(ban.level, Level::Warning, "a consequence folds into its cause");
    // Switched off, the last symptom is all there is.
    let mut rules = load(&RuleOptions::default()).unwrap();
    rules.chains.clear();
    assert_eq!(report_with(&rules, &text).verdict.unwrap().rule, "rate-limit/ip-banned");
}

#[test]
fn series_are_found_and_missed_where_they_are_off() {
    for (name, rule, count) in [
        ("rate-limit/weight-then-ban", "rate-limit/weight-rising", 17),
        ("rate-limit/answers-degrade", "rate-limit/answers-degrade", 15),
        ("rate-limit/backing-off-in-a-row", "rate-limit/slowed-down-in-a-row", 8),
    ] {
        let text = fixture(name);
        let found = report_on_bytes(text.clone());
        let found = find(&found, rule).unwrap_or_else(|| panic!("{rule} in {name}"));
        assert_eq!(found.count, count, "{rule} in {name}");
        let disabled = vec![rule.to_owned()];
        let rules = load(&RuleOptions { disabled, ..RuleOptions::default() }).unwrap();
        assert!(find(&report_with(&rules, &text), rule).is_none());
    }
    let calm = report_on_bytes(fixture("near-miss/thin-market"));
    assert!(calm.diagnoses.iter().all(|one| one.rule == "rate-limit/backoff"), "{calm:#?}");
}

/// The rule of CONTRIBUTING.md that waits for what does not come: also where the log ends before anything else of the
/// kind is said.
#[test]
fn what_fails_to_come_is_told_at_the_end_of_the_log_too() {
    let guide = std::fs::read_to_string("CONTRIBUTING.md").unwrap();
    let blocks = guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let rule = blocks.filter(|block| block.contains("kind = \"absence\"")).collect::<String>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-reconnect.toml");
    std::fs::write(&path, &rule).unwrap();
    let rules = load(&RuleOptions { paths: vec![path], ..RuleOptions::default() }).unwrap();
    let texts = |kind: &str| -> Vec<String> {
        let head = format!("[[rule.{kind}]]\ntext = '''\n");
        let parts = rule.split(&head).skip(1);
        parts.map(|part| part.split("'''").next().unwrap().to_owned() + "\n").collect()
    };
    let (examples, near_misses) = (texts("example"), texts("near-miss"));
    assert_eq!((examples.len(), near_misses.len()), (2, 1));
    let told = |text: &str| {
        let report = report_with(&rules, text.as_bytes());
        find(&report, "network/no-reconnect").map(|one| (one.level, one.count))
    };
    for text in examples {
        assert_eq!(told(&text), Some((Level::Warning, 1)), "{text}");
    }
    assert_eq!(told(&near_misses[0]), None);
    // The log ends before the time is up.
    let short =
        "2026-03-02 08:00:00 WARNING feed: stream lost\n2026-03-02 08:04:00 INFO bot: heartbeat\n";
    assert_eq!(told(short), None);
}

#[test]
fn what_is_handled_for_long_is_no_cause() {
    let calm: String = (0..40)
        .map(|n| format!("2026-03-02 10:{:02}:00,000 INFO poll: BTCUSDT {}.5\n", n + 2, 64_000 + n))
        .collect();
    let text = format!(
        "2026-03-02 10:00:00,000 WARNING poll: HTTP 429 Too Many Requests from api.binance.com\n{calm}\
         Traceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    \
         price = book[\"bids\"]\nTypeError: 'NoneType' object is not subscriptable\n"
    );
    let report = report_on_bytes(text);
    assert_eq!(report.verdict.unwrap().rule, "payload/subscript-of-none");
}

#[test]
fn a_restart_loop_is_told_with_its_first_crash() {
    let crash = |minute: u32| {
        format!(
            "2026-03-02 10:{minute:02}:00,000 INFO main: bot starting, pid {}\n\
             Traceback (most recent call last):\n  File \"/srv/bot/run.py\", line 9, in <module>\n    \
             connect()\nConnectionRefusedError: [Errno 111] Connection refused\n",
            100 + minute
        )
    };
    let loops: String = (0..5).map(crash).collect();
    let verdict = report_on_bytes(loops).verdict.unwrap();
    let told = "A restart loop: 5 runs in a row ended in it, about 60 s apart, the first at 2026-03-02T10:00:00 (line 2).";
    assert!(verdict.summary.contains(told), "{}", verdict.summary);
    let twice: String = (0..2).map(crash).collect();
    assert!(!report_on_bytes(twice).verdict.unwrap().summary.contains("loop"));
}

#[test]
fn what_gunicorn_guesses_is_not_memory_where_the_worker_hung() {
    let report = report_on_bytes(fixture("system/gunicorn-worker-hung"));
    assert_eq!(report.verdict.unwrap().rule, "system/worker-timeout");
    let killed = "[2026-03-02 10:00:40 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:27)\n\
         [2026-03-02 10:00:41 +0000] [1] [ERROR] Worker (pid:PID) was sent SIGKILL! Perhaps out of memory?\n\
         [2026-03-02 10:00:41 +0000] [40] [INFO] Booting worker with pid: 40\n";
    let hung = report_on_bytes(killed.replace("PID", "27"));
    assert_eq!(hung.verdict.unwrap().rule, "system/worker-timeout");
    let other = report_on_bytes(killed.replace("PID", "31"));
    assert_eq!(other.verdict.unwrap().rule, "memory/gunicorn-worker-killed");
}

#[test]
fn the_built_in_chains_are_there() {
    assert!(RULES.chains.iter().any(|chain| chain.id == "limit-then-ban"));
}

/// The report on several logs, given in this order.
fn report_on_paths(paths: &[String]) -> Outcome {
    let paths: Vec<std::path::PathBuf> = paths.iter().map(Into::into).collect();
    wd_diagnose::analyze::batch::run(&paths, &options(), &mut Unobserved).unwrap()
}

fn pair(name: &str) -> Outcome {
    report_on_paths(&["bot", "kern"].map(|log| format!("fixtures/pairs/{name}/{log}.log")))
}

fn end_of_bot(outcome: &Outcome) -> &str {
    let bot = outcome.report.sources.iter().find(|source| source.name.contains("bot.log")).unwrap();
    &bot.runs.last().unwrap().end
}

#[test]
fn the_kernel_tells_who_killed_a_bot_whose_log_just_stops() {
    for (name, sure, note) in [
        ("oom-same-pid", 0.97, "stops at line 33"),
        ("oom-no-zone", 0.97, "Neither log has a zone"),
        ("oom-container", 0.85, "stops at line"),
        ("oom-uptime", 0.85, "cannot be compared; the pid is the same"),
    ] {
        let outcome = pair(name);
        let verdict = outcome.report.verdict.as_ref().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(verdict.rule, "memory/kernel-oom-kill", "{name}");
        assert_eq!((verdict.level, verdict.confidence), (Level::Fatal, sure), "{name}");
        assert!(verdict.summary.contains(note), "{name}: {}", verdict.summary);
        let files: Vec<&str> = verdict.evidence.iter().map(|line| line.file.as_str()).collect();
        assert!(
            files[0].ends_with("bot.log") && files[1].ends_with("kern.log"),
            "{name}: {files:?}"
        );
        assert!(verdict.first.file.ends_with("bot.log"), "it is the end of the bot's log");
        assert_eq!(end_of_bot(&outcome), "killed", "{name}");
        let fatal = outcome.report.diagnoses.iter().filter(|one| one.level > Level::Warning);
        assert_eq!(fatal.count(), 1, "{name}: one incident is told once");
        // The bot's log alone tells nothing, and the order of the logs does not matter.
        let alone = report_on_paths(&[format!("fixtures/pairs/{name}/bot.log")]);
        assert!(alone.report.verdict.is_none() && end_of_bot(&alone) == "open", "{name}");
        let turned =
            report_on_paths(&["kern", "bot"].map(|log| format!("fixtures/pairs/{name}/{log}.log")));
        assert_eq!(turned.report.verdict.as_ref(), Some(verdict), "{name}");
    }
}

#[test]
fn logs_whose_clocks_cannot_be_compared_are_not_joined() {
    let outcome = pair("zones-unknown");
    // What the kernel's log says of itself is no word on the bot.
    let is_of_bot = |verdict: &Diagnosis| verdict.first.file.ends_with("bot.log");
    assert!(!outcome.report.verdict.as_ref().is_some_and(is_of_bot));
    assert_eq!(end_of_bot(&outcome), "open");
    assert!(outcome.unclear.iter().any(|what| what.contains("--tz")), "{:?}", outcome.unclear);
}

#[test]
fn a_supervisor_tells_of_a_unit_and_an_operator_of_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let ticks: String = (0..30)
        .map(|n| format!("2026-03-02 10:00:{n:02},000 INFO tick: BTCUSDT {}.5\n", 64_000 + n))
        .collect();
    std::fs::write(path("grid.log"), ticks).unwrap();
    let grid_with = |journal: &str| {
        std::fs::write(path("journal.log"), journal).unwrap();
        let outcome = report_on_paths(&[path("grid.log"), path("journal.log")]);
        let mut sources = outcome.report.sources.into_iter();
        let grid = sources.find(|source| source.name.ends_with("grid.log")).unwrap();
        let last = grid.runs.last().unwrap();
        (last.end.clone(), last.rule.clone())
    };
    let oom = "Mar 02 10:00:30 box systemd[1]: grid.service: A process of this unit has been killed by the OOM killer.\n\
         Mar 02 10:00:30 box systemd[1]: grid.service: Main process exited, code=killed, status=9/KILL\n\
         Mar 02 10:00:30 box systemd[1]: grid.service: Failed with result 'oom-kill'.\n";
    let killed = ("killed".to_owned(), Some("memory/oom-killed".to_owned()));
    assert_eq!(grid_with(oom), killed);
    let open = ("open".to_owned(), None);
    assert_eq!(grid_with(&oom.replace("grid.service", "mysql.service")), open);
    let kill = "Mar 02 10:00:32 box kernel: Out of memory: Killed process 9120 (python3) total-vm:3920212kB, anon-rss:1720148kB\n";
    assert_eq!(grid_with(kill).0, "killed");
    let later = format!(
        "Mar 02 10:00:30 box systemd[1]: Stopping grid.service - Grid bot...\n{}",
        kill.replace("10:00:32", "10:00:42")
    );
    assert_eq!(grid_with(&later), open, "an operator stopped it");
    // It was asked to stop ten minutes before, did not, and was killed for it: that is no memory.
    let asked = "Mar 02 09:50:30 box systemd[1]: Stopping grid.service - Grid bot...\n\
         Mar 02 10:00:30 box systemd[1]: grid.service: State 'stop-sigterm' timed out. Killing.\n\
         Mar 02 10:00:30 box systemd[1]: grid.service: Killing process 811 (python3) with signal SIGKILL.\n\
         Mar 02 10:00:30 box systemd[1]: grid.service: Main process exited, code=killed, status=9/KILL\n";
    assert_eq!(grid_with(asked), ("killed".to_owned(), Some("system/stop-timeout".to_owned())));
    let unasked = asked.lines().last().unwrap().to_owned() + "\n";
    assert_eq!(grid_with(&unasked), ("killed".to_owned(), Some("memory/killed".to_owned())));
}

#[test]
fn a_real_supervisor_tells_of_a_kill_and_of_its_own_stop() {
    let paths = ["grid", "supervisord"].map(|log| format!("fixtures/pairs/supervised/{log}.log"));
    let grid = |outcome: &Outcome| {
        outcome.report.sources.iter().find(|one| one.name.ends_with("grid.log")).unwrap().clone()
    };
    let ends = |outcome: &Outcome| -> Vec<String> {
        grid(outcome).runs.iter().map(|run| run.end.clone()).collect()
    };
    let both = report_on_paths(&paths);
    assert_eq!(ends(&both), ["killed", "open"], "the second was asked to stop");
    let verdict = both.report.verdict.as_ref().unwrap();
    assert_eq!((verdict.rule.as_str(), verdict.last.line), ("memory/killed", 48));
    assert!(verdict.summary.contains("grid.log stops at line 48"), "{}", verdict.summary);
    let worse = both.report.diagnoses.iter().filter(|one| one.level > Level::Warning);
    assert_eq!(worse.count(), 1, "that it just stops is told with it");
    let alone = report_on_paths(&paths[..1]);
    assert_eq!(ends(&alone), ["silent", "open"]);
    assert_eq!(alone.report.diagnoses.len(), 1);
    assert_eq!(alone.report.diagnoses[0].rule, "system/silent-stop");
}

/// Ticks of a bot's log, one a second, from one minute to another of one morning.
fn minutes(from: u32, to: u32) -> String {
    let tick = |s: u32| {
        format!(
            "2026-03-02 {:02}:{:02}:{:02},000 INFO tick: BTCUSDT {}.5\n",
            10 + s / 3600,
            s / 60 % 60,
            s % 60,
            64_000 + s % 97
        )
    };
    (from * 60..to * 60).map(tick).collect()
}

/// What is said of the bot's log beside another.
fn beside(bot: &str, other: &str, options: &BatchOptions) -> (Outcome, Vec<Diagnosis>) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("grid.log"), bot).unwrap();
    std::fs::write(path("kern.log"), other).unwrap();
    let paths = [path("grid.log"), path("kern.log")];
    let outcome = run(&paths, options, &mut Unobserved).unwrap();
    let is_of_bot = |one: &&Diagnosis| one.first.file.ends_with("grid.log");
    let of_bot = outcome.report.diagnoses.iter().filter(is_of_bot).cloned().collect();
    (outcome, of_bot)
}

const SUSPEND: &str = "Mar 02 10:10:00 box kernel: PM: suspend entry (deep)\n\
     Mar 02 10:50:00 box kernel: PM: suspend exit\n";

#[test]
fn the_kernel_tells_why_a_bot_stood_still() {
    let bot = minutes(0, 10) + &minutes(50, 60);
    let (outcome, found) = beside(&bot, SUSPEND, &options());
    let [slept] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((slept.rule.as_str(), slept.level), ("system/host-suspended", Level::Warning));
    assert!(slept.summary.contains("grid.log is silent meanwhile."), "{}", slept.summary);
    assert!(slept.summary.contains("silent for 40 min"), "{}", slept.summary);
    let files: Vec<bool> =
        slept.evidence.iter().map(|line| line.file.ends_with("kern.log")).collect();
    assert_eq!(files, [false, false, true], "the silence, and the kernel's word");
    assert_eq!((slept.first.line, slept.last.line), (600, 601));
    assert!(outcome.report.verdict.is_none());
    // What happened at another time, and a kernel that says nothing of it, explain nothing.
    for (what, other) in [
        ("another time", SUSPEND.replace(" 10:", " 14:")),
        ("another word", "Mar 02 10:10:00 box kernel: usb 1-1: new device\n".to_owned()),
    ] {
        let (_, found) = beside(&bot, &other, &options());
        assert_eq!(
            found.iter().map(|one| one.rule.as_str()).collect::<Vec<_>>(),
            ["system/gap"],
            "{what}"
        );
    }
    // Where the rule is off that the kernel's line speaks for, the silence stays what it was.
    let off = BatchOptions {
        rules: RuleOptions {
            disabled: vec!["system/host-suspended".to_owned()],
            ..RuleOptions::default()
        },
        ..options()
    };
    assert_eq!(beside(&bot, SUSPEND, &off).1[0].rule, "system/gap");
}

#[test]
fn the_kernel_tells_why_a_run_just_stops() {
    let start = |minute: u32| {
        format!("2026-03-02 10:{minute:02}:00,000 INFO main: bot starting, pid {}\n", 70 + minute)
    };
    let bot = start(0) + &minutes(0, 10) + &start(12) + &minutes(12, 20);
    let disk = "Mar 02 10:09:40 box kernel: EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm python3: reading directory lblock 0\n";
    let (outcome, found) = beside(&bot, disk, &options());
    let [stopped] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((stopped.rule.as_str(), stopped.level), ("system/disk-error", Level::Error));
    assert!(stopped.summary.contains("stops at line 601, 19 s behind it"), "{}", stopped.summary);
    assert!(outcome.report.verdict.is_none(), "a later run is in health");
    let (_, found) = beside(&bot, &disk.replace(" 10:", " 09:"), &options());
    assert_eq!(found[0].rule, "system/silent-stop");
    // What a machine that goes down takes with it was killed.
    let down = "Mar 02 10:10:02 box systemd[1]: Reached target reboot.target - System Reboot.\n";
    let (outcome, _) = beside(&bot, down, &options());
    let bot_log = outcome.report.sources.iter().find(|one| one.name.ends_with("grid.log")).unwrap();
    assert_eq!(bot_log.runs[0].end, "killed");
    assert_eq!(bot_log.runs[0].rule.as_deref(), Some("system/host-shutdown"));
    // The bot is known to be down: what failed is the verdict, and no surer than that the log ends there.
    let down = BatchOptions { stopped: true, ..options() };
    let (outcome, _) = beside(&(start(0) + &minutes(0, 10)), disk, &down);
    let verdict = outcome.report.verdict.unwrap();
    assert_eq!((verdict.rule.as_str(), verdict.level), ("system/disk-error", Level::Fatal));
    assert!(verdict.confidence <= 0.6);
}
