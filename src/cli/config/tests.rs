use std::time::Duration;

use clap::CommandFactory;

use super::*;
use crate::cli::hook::meant;
use crate::hook::{Kind, Selector};
use crate::model::{Level, Pattern};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/wd-diagnose.toml");

fn read_with(text: &str, typed: &[&str]) -> Result<Config, Vec<String>> {
    let command = Args::command();
    let words = ["wd-diagnose"].iter().chain(typed);
    let typed = command.clone().try_get_matches_from(words).unwrap();
    let complaints = |all: Vec<Complaint>| all.iter().map(ToString::to_string).collect();
    read(Path::new("conf/wd-diagnose.toml"), text, &command, &typed).map_err(complaints)
}

fn words(text: &str, typed: &[&str]) -> Vec<String> {
    let config = read_with(text, typed).unwrap();
    config.words.into_iter().map(|word| word.into_string().unwrap()).collect()
}

fn refused(text: &str) -> String {
    read_with(text, &[]).unwrap_err().join("\n")
}

#[test]
fn keys_are_options() {
    assert_eq!(
        words("level = \"error\"\ncontext = 3\nstopped = true\nno-redact = false\n", &[]),
        ["--context=3", "--level=error", "--stopped"]
    );
    assert_eq!(
        words("pattern = [\"network\", \"memory\"]\ndisable = \"network/dns\"\n", &[]),
        ["--disable=network/dns", "--pattern=network", "--pattern=memory"]
    );
    assert_eq!(words("patterns = [\"network\"]\n", &[]), ["--pattern=network"]);
}

#[test]
fn paths_start_from_the_file() {
    assert_eq!(
        words("rules = [\"mine.toml\", \"/etc/rules\"]\noutput = \"-\"\n", &[]),
        ["--output=-", "--rules=conf/mine.toml", "--rules=/etc/rules"]
    );
    let config = read_with("paths = [\"logs\", \"/var/log/bot.log\", \"-\"]\n", &[]).unwrap();
    assert_eq!(config.paths, ["conf/logs", "/var/log/bot.log", "-"].map(PathBuf::from));
}

#[test]
fn the_command_line_wins() {
    let text = "level = \"error\"\nquiet = true\npattern = [\"network\"]\n";
    assert_eq!(words(text, &["--level", "fatal"]), ["--pattern=network", "--quiet"]);
    assert_eq!(words(text, &["-v", "--pattern", "memory"]), ["--level=error"]);
}

#[test]
fn mistakes_have_their_place_and_the_nearest_right_name() {
    for (text, said) in [
        (
            "\nfail_on = \"error\"\n",
            "conf/wd-diagnose.toml:2:1: unknown key `fail_on`; did you mean `fail-on`?",
        ),
        (
            "level = \"fatl\"\n",
            "conf/wd-diagnose.toml:1:9: `level` cannot be `fatl`; did you mean `fatal`? (one of fatal, error, warning)",
        ),
        (
            "pattern = [\"network\",\n  \"memry\"]\n",
            "conf/wd-diagnose.toml:2:3: `pattern` cannot be `memry`; did you mean `memory`?",
        ),
        ("stopped = \"yes\"\n", "conf/wd-diagnose.toml:1:11: `stopped` takes true or false"),
        ("level = [\"error\"]\n", "conf/wd-diagnose.toml:1:9: `level` takes one text or number"),
        ("tz = \"Mars\"\n", "conf/wd-diagnose.toml:1:6: `tz` cannot be `Mars`: "),
        ("context = true\n", "`context` takes one text or number"),
        ("paths = [1]\n", "conf/wd-diagnose.toml:1:10: `paths` takes texts, in quotes"),
        ("config = \"x\"\n", "`config` is an option and no setting"),
        ("hook-gap = \"2s\"\n", "put `gap` under a line `[[hook]]`"),
        ("hook = \"x\"\n", "begin each with a line `[[hook]]`"),
        ("level = \n", "conf/wd-diagnose.toml:1:9: "),
        ("level = \"error\"\nlevel = \"error\"\n", "conf/wd-diagnose.toml:2:1: duplicate key"),
        ("[[hook]]\nlevel = \"fatal\"\n", "conf/wd-diagnose.toml:1:1: a hook needs `run`"),
        (
            "[[hook]]\nrun = \"restart bot\"\n",
            "conf/wd-diagnose.toml:2:7: `run` is a list of commands",
        ),
        (
            "[[hook]]\nrun = [\"restart\", \"bot\"]\n",
            "conf/wd-diagnose.toml:2:8: `run` is a list of commands",
        ),
        ("[[hook]]\nrun = [[]]\n", "conf/wd-diagnose.toml:2:8: no command"),
        ("[[hook]]\nrun = [[\"a\", \"{modul}\"]]\n", "did you mean `{module}`?"),
        (
            "[[hook]]\nrun = [[\"a\"]]\nsetle = \"2s\"\n",
            "conf/wd-diagnose.toml:3:1: unknown key `setle`; did you mean `settle`?",
        ),
        (
            "[[hook]]\nrun = [[\"a\"]]\nsettle = 2\n",
            "conf/wd-diagnose.toml:3:10: `settle` cannot be `2`: 2 of what?",
        ),
        ("[[hook]]\nrun = [[\"a\"]]\nkind = \"repare\"\n", "did you mean `repair`?"),
        (
            "[[hook]]\nrun = [[\"a\"]]\nattempts = 0\n",
            "conf/wd-diagnose.toml:3:12: `attempts` cannot be `0`",
        ),
        (
            "[[hook]]\nrun = [[\"a\"]]\npatterns = [\"netwrk\"]\n",
            "conf/wd-diagnose.toml:3:13: `patterns` cannot be `netwrk`: no pattern",
        ),
    ] {
        let refused = refused(text);
        assert!(refused.contains(said), "{text}\n{refused}");
    }
    let both = refused("lvl = 1\n[[hook]]\nrum = []\n");
    assert_eq!(both.lines().count(), 3, "everything at once: {both}");
}

#[test]
fn hooks_are_tables() {
    let text = "
[[hook]]
patterns = [\"dependencies\", \"system/disk-full\"]
level = \"error\"
run = [[\"uv\", \"pip\", \"install\", \"{package}\"], [\"systemctl\", \"--user\", \"restart\", \"bot\"]]
settle = \"1s\"
gap = \"10s\"
gap-max = \"1m\"
attempts = 5
window = \"1h\"
timeout = \"30s\"
kill-after = \"5s\"
on-give-up = [[\"notify\", \"gave up\"]]
packages-from = [\"requirements.txt\"]
dry-run = true

[[hook]]
kind = \"notify\"
run = [[\"sh\", \"notify-telegram.sh\"]]
";
    let config = read_with(text, &[]).unwrap();
    let hooks = meant(&HookArgs::default(), &config.hooks).unwrap();
    let seconds = Duration::from_secs;
    let (first, second) = (&hooks[0], &hooks[1]);
    assert_eq!(
        first.patterns,
        [Selector::Pattern(Pattern::Dependencies), Selector::Rule("system/disk-full".to_owned())]
    );
    assert_eq!(
        (first.kind, first.level, first.attempts, first.dry_run),
        (Kind::Repair, Level::Error, 5, true)
    );
    assert_eq!(first.run.len(), 2);
    assert_eq!(first.run[0], ["uv", "pip", "install", "{package}"]);
    assert_eq!(
        [first.settle, first.gap, first.gap_max, first.window, first.timeout, first.kill_after],
        [seconds(1), seconds(10), seconds(60), seconds(3_600), seconds(30), seconds(5)]
    );
    assert_eq!(first.on_give_up, [["notify", "gave up"]]);
    assert_eq!(first.packages_from, [PathBuf::from("conf/requirements.txt")]);
    assert_eq!((second.kind, second.level, second.patterns.len()), (Kind::Notify, Level::Error, 8));
}

/// Every option is a setting, belongs to a hook, or is known to be neither.
#[test]
fn every_option_has_its_key() {
    let command = Args::command();
    let settings: Vec<&str> = settings(&command).map(|(long, _)| long).collect();
    let hook: Vec<String> = hook_settings(&command).map(|(key, _)| format!("hook-{key}")).collect();
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long() else {
            assert!(
                arg.is_positional() && arg.get_id() == "paths",
                "{} has no long name",
                arg.get_id()
            );
            continue;
        };
        let known = settings.contains(&long)
            || hook.iter().any(|key| key == long)
            || ["hook", "hook-on-give-up"].contains(&long)
            || NOT_SETTINGS.contains(&long);
        assert!(known, "--{long} has no key");
        if settings.contains(&long) {
            let takes =
                matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::Set | ArgAction::Append);
            assert!(takes, "--{long} takes its value in a way that a key cannot");
        }
    }
}

/// The example is right as it stands, right with everything in it switched on, and names every key.
#[test]
fn the_example_shows_every_key() {
    let text = fs::read_to_string(EXAMPLE).unwrap();
    read_with(&text, &[]).unwrap_or_else(|complaints| panic!("{}", complaints.join("\n")));
    let is_key = |line: &str| {
        line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let whole: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line))
        .collect();
    let whole = whole.join("\n");
    let config =
        read_with(&whole, &[]).unwrap_or_else(|complaints| panic!("{}", complaints.join("\n")));
    assert!(!config.paths.is_empty() && !config.hooks.is_empty());
    let (top, hooks) = whole.split_once("[[hook]]").unwrap();
    let names =
        |text: &str, key: &str| text.lines().any(|line| line.starts_with(&format!("{key} = ")));
    let command = Args::command();
    for (key, _) in settings(&command).chain([("paths", &Arg::new("paths"))]) {
        assert!(names(top, key), "the example does not show `{key}`");
    }
    let hook = HookArgs::augment_args(Command::new("hook"));
    for key in hook_settings(&hook).map(|(key, _)| key).chain(["run", "on-give-up"]) {
        assert!(names(hooks, key), "the example does not show `{key}` of a hook");
    }
}

/// An option that goes with another one may find it in the file, and is left out where it finds it nowhere.
#[test]
fn options_that_go_with_others() {
    let args = |typed: &[&str], written: &[&str]| {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let typed: Vec<&str> = ["wd-diagnose"].iter().chain(typed).copied().collect();
        together(&words(&typed), &words(written))
    };
    let baseline =
        args(&["--update-baseline"], &["--stopped", "--baseline=b.toml"]).unwrap().selection;
    assert!(baseline.update_baseline && baseline.stopped && baseline.baseline.is_some());
    assert!(args(&["--update-baseline"], &["--stopped"]).is_err());
    let alone = args(&[], &["--update-baseline", "--stopped"]).unwrap().selection;
    assert!(!alone.update_baseline && alone.stopped);
    assert!(args(&["-v"], &["--quiet"]).is_err());
}

#[test]
fn an_empty_file_says_nothing() {
    let config = read_with("# nothing\n", &[]).unwrap();
    assert!(config.words.is_empty() && config.paths.is_empty() && config.hooks.is_empty());
}
