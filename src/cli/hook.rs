//! Hooks as typed and as written in the configuration file, and what they mean together.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, ValueEnum};

use super::duration;
use super::options::levels;
use crate::hook::{Hook, Kind, Selector, split_words};
use crate::model::Level;

/// `--hook` and what belongs to it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Hook")]
pub(super) struct HookArgs {
    /// Run CMD when the bot falls; again for more commands, each only after the one before succeeded.
    ///
    /// With --follow for what is appended from now on, else once, for the verdict. No shell is used: CMD is
    /// split into words once. A word may hold {package} (the requirement as the bot's own requirements
    /// have it), {module}, {pattern}, {rule}, {source} or {attempt}; where a value is missing or is not plain,
    /// nothing is run. The diagnosis comes as one line of JSON on standard input and as WD_* variables.
    #[arg(id = "hook", long = "hook", value_name = "CMD", action = ArgAction::Append, value_parser = words)]
    pub(super) run: Vec<Words>,

    /// What the hook is for: `repair` gives up when it does not help, `notify` tells somebody.
    #[arg(id = "hook-kind", long = "hook-kind", value_name = "KIND")]
    pub(super) kind: Option<KindArg>,

    /// What it acts on: patterns, or rules by their id, separated by commas.
    ///
    /// Default for `repair`: network, memory and system, and of these only what starting the bot again can
    /// mend; a rule that is named is always acted on. Default for `notify`: all.
    #[arg(id = "hook-patterns", long = "hook-patterns", value_name = "ID", value_delimiter = ',')]
    pub(super) patterns: Vec<Selector>,

    /// From this level up; default `fatal`, for `notify` `error`.
    #[arg(id = "hook-level", long = "hook-level", value_name = "LEVEL", value_parser = levels())]
    pub(super) level: Option<Level>,

    /// With --follow: wait first, for the bot's own supervisor may act; default 2s.
    #[arg(id = "hook-settle", long = "hook-settle", value_name = "DURATION", value_parser = span)]
    pub(super) settle: Option<Duration>,

    /// Least time between two runs for one incident; doubles up to --hook-gap-max; default 60s.
    #[arg(id = "hook-gap", long = "hook-gap", value_name = "DURATION", value_parser = span)]
    pub(super) gap: Option<Duration>,

    /// Longest gap; default 5m.
    #[arg(id = "hook-gap-max", long = "hook-gap-max", value_name = "DURATION", value_parser = span)]
    pub(super) gap_max: Option<Duration>,

    /// Most runs for one incident in --hook-window; then it gives up and says so; default 3.
    ///
    /// They count anew when the incident has stayed away for ten minutes, or, while following, at SIGHUP.
    #[arg(id = "hook-attempts", long = "hook-attempts", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) attempts: Option<u32>,

    /// Time in which attempts are counted; default 15m.
    #[arg(id = "hook-window", long = "hook-window", value_name = "DURATION", value_parser = span)]
    pub(super) window: Option<Duration>,

    /// Longest that a command may take; then its process group gets SIGTERM; default 200s.
    #[arg(id = "hook-timeout", long = "hook-timeout", value_name = "DURATION", value_parser = span)]
    pub(super) timeout: Option<Duration>,

    /// Time from there to SIGKILL; default 10s.
    #[arg(id = "hook-kill-after", long = "hook-kill-after", value_name = "DURATION", value_parser = span)]
    pub(super) kill_after: Option<Duration>,

    /// Run CMD once when the hook gives up; again for more commands.
    #[arg(id = "hook-on-give-up", long = "hook-on-give-up", value_name = "CMD", action = ArgAction::Append, value_parser = words)]
    pub(super) on_give_up: Vec<Words>,

    /// Where {package} is looked up: a requirements file, pyproject.toml, uv.lock, poetry.lock, or a folder;
    /// again for more; default: the folder of --source-root.
    #[arg(id = "hook-packages-from", long = "hook-packages-from", value_name = "PATH", action = ArgAction::Append)]
    pub(super) packages_from: Vec<PathBuf>,

    /// Only say what would run.
    #[arg(id = "hook-dry-run", long = "hook-dry-run")]
    pub(super) dry_run: bool,
}

/// A command, split into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words(pub(super) Vec<String>);

/// A span of time, which may be none at all.
fn span(text: &str) -> Result<Duration, String> {
    if matches!(text.trim(), "0" | "0s" | "0ms") {
        Ok(Duration::ZERO)
    } else {
        duration::parse(text)
    }
}

fn words(text: &str) -> Result<Words, String> {
    split_words(text).map(Words)
}

/// `--hook-kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KindArg {
    /// Mends, for instance by starting the bot again.
    Repair,
    /// Tells somebody.
    Notify,
}

impl HookArgs {
    /// What is typed here goes before what is written there.
    fn over(&self, written: &HookArgs) -> HookArgs {
        fn list<T: Clone>(typed: &[T], written: &[T]) -> Vec<T> {
            if typed.is_empty() { written.to_vec() } else { typed.to_vec() }
        }
        HookArgs {
            run: list(&self.run, &written.run),
            kind: self.kind.or(written.kind),
            patterns: list(&self.patterns, &written.patterns),
            level: self.level.or(written.level),
            settle: self.settle.or(written.settle),
            gap: self.gap.or(written.gap),
            gap_max: self.gap_max.or(written.gap_max),
            attempts: self.attempts.or(written.attempts),
            window: self.window.or(written.window),
            timeout: self.timeout.or(written.timeout),
            kill_after: self.kill_after.or(written.kill_after),
            on_give_up: list(&self.on_give_up, &written.on_give_up),
            packages_from: list(&self.packages_from, &written.packages_from),
            dry_run: self.dry_run || written.dry_run,
        }
    }

    /// The hook that these are.
    ///
    /// # Errors
    /// Where they contradict each other.
    fn hook(self) -> Result<Hook, String> {
        let kind = match self.kind {
            None | Some(KindArg::Repair) => Kind::Repair,
            Some(KindArg::Notify) => Kind::Notify,
        };
        let commands = |words: Vec<Words>| words.into_iter().map(|words| words.0).collect();
        let default = Hook::new(kind, commands(self.run));
        let gap = self.gap.unwrap_or(default.gap);
        let gap_max = self.gap_max.unwrap_or(default.gap_max.max(gap));
        if gap_max < gap {
            return Err(
                "a hook's gap-max is shorter than its gap; raise one or lower the other".to_owned()
            );
        }
        if kind == Kind::Notify && !self.on_give_up.is_empty() {
            return Err(
                "a hook of kind `notify` never gives up, so on-give-up would never run".to_owned()
            );
        }
        Ok(Hook {
            patterns: if self.patterns.is_empty() { default.patterns } else { self.patterns },
            level: self.level.unwrap_or(default.level),
            settle: self.settle.unwrap_or(default.settle),
            gap,
            gap_max,
            attempts: self.attempts.unwrap_or(default.attempts),
            window: self.window.unwrap_or(default.window),
            timeout: self.timeout.unwrap_or(default.timeout),
            kill_after: self.kill_after.unwrap_or(default.kill_after),
            on_give_up: commands(self.on_give_up),
            packages_from: self.packages_from,
            dry_run: self.dry_run,
            ..default
        })
    }

    /// Whether anything was typed.
    fn is_given(&self) -> bool {
        let HookArgs {
            run,
            kind,
            patterns,
            level,
            settle,
            gap,
            gap_max,
            attempts,
            window,
            timeout,
            kill_after,
            on_give_up,
            packages_from,
            dry_run,
        } = self;
        let durations = [settle, gap, gap_max, window, timeout, kill_after];
        !run.is_empty()
            || kind.is_some()
            || !patterns.is_empty()
            || level.is_some()
            || durations.iter().any(|duration| duration.is_some())
            || attempts.is_some()
            || !on_give_up.is_empty()
            || !packages_from.is_empty()
            || *dry_run
    }
}

/// The hooks of a run: a command that is typed takes the place of all that are written, and every other
/// option goes before the same key of each of them.
///
/// # Errors
/// Where options contradict each other, or there is no hook that they could belong to.
pub(super) fn meant(typed: &HookArgs, written: &[HookArgs]) -> Result<Vec<Hook>, String> {
    if !typed.run.is_empty() {
        return Ok(vec![typed.clone().hook()?]);
    }
    if written.is_empty() && typed.is_given() {
        return Err("there is no hook for the --hook-… options; give it a command with --hook CMD"
            .to_owned());
    }
    written.iter().map(|written| typed.over(written).hook()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(run: &[&str]) -> HookArgs {
        HookArgs {
            run: run.iter().map(|command| words(command).unwrap()).collect(),
            ..HookArgs::default()
        }
    }

    #[test]
    fn the_command_line_wins() {
        let written = HookArgs {
            attempts: Some(5),
            gap: Some(Duration::from_secs(1)),
            ..typed(&["restart"])
        };
        let options = HookArgs { attempts: Some(1), ..HookArgs::default() };
        let hooks = meant(&options, std::slice::from_ref(&written)).unwrap();
        assert_eq!((hooks[0].attempts, hooks[0].gap), (1, Duration::from_secs(1)));
        assert_eq!(hooks[0].run, [["restart"]]);
        let hooks = meant(&typed(&["other"]), &[written]).unwrap();
        assert_eq!((hooks.len(), hooks[0].attempts), (1, 3));
        assert_eq!(hooks[0].run, [["other"]]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let nothing = HookArgs { dry_run: true, ..HookArgs::default() };
        assert!(meant(&nothing, &[]).unwrap_err().contains("--hook CMD"));
        let gaps = HookArgs {
            gap: Some(Duration::from_secs(9)),
            gap_max: Some(Duration::from_secs(8)),
            ..typed(&["x"])
        };
        assert!(meant(&gaps, &[]).unwrap_err().contains("gap-max"));
        let notify = HookArgs {
            kind: Some(KindArg::Notify),
            on_give_up: typed(&["x"]).run,
            ..typed(&["x"])
        };
        assert!(meant(&notify, &[]).unwrap_err().contains("never gives up"));
        assert_eq!(meant(&HookArgs::default(), &[]), Ok(Vec::new()));
    }

    #[test]
    fn a_long_gap_raises_the_longest() {
        let hooks =
            meant(&HookArgs { gap: Some(Duration::from_secs(3_600)), ..typed(&["x"]) }, &[])
                .unwrap();
        assert_eq!(hooks[0].gap_max, Duration::from_secs(3_600));
    }
}
