//! The configuration file, `wd-diagnose.toml`: every option has a key of the same name, `paths` are the
//! logs, and each `[[hook]]` is a hook.
//!
//! A key is given to clap as the option that it is. So what may be written is what may be typed, with the
//! same checks and the same words for what is wrong, and a new option has its key at once.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args as _, Command, FromArgMatches, Parser};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Args;
use super::hook::{HookArgs, Words};
use crate::hook::check_words;
use crate::rules::{Complaint, nearest, place};

/// The file that is read where none is named.
const DEFAULT: &str = "wd-diagnose.toml";

/// Options that say what to do now and not how: they have no key.
const NOT_SETTINGS: [&str; 4] = ["config", "help", "update-baseline", "version"];

/// Largest file that is read.
const FILE_BYTES: u64 = 1 << 20;

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Options that were not typed, as words of a command line.
    pub(super) words: Vec<OsString>,
    /// The logs.
    pub(super) paths: Vec<PathBuf>,
    /// The hooks.
    pub(super) hooks: Vec<HookArgs>,
}

/// Reads the file that is named, or the default one where there is one. What was typed is left out.
///
/// # Errors
/// Where it cannot be read, or something in it is wrong: every place, and what to do.
pub(super) fn load(
    named: Option<&Path>,
    command: &Command,
    typed: &ArgMatches,
) -> anyhow::Result<Config> {
    let path = named.unwrap_or(Path::new(DEFAULT));
    let text = match read_file(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(Config::default());
        }
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot read the configuration {}", path.display()));
        }
    };
    match read(path, &text, command, typed) {
        Ok(config) if named.is_none() && !config.hooks.is_empty() => {
            check_owner(path)?;
            Ok(config)
        }
        Ok(config) => Ok(config),
        Err(complaints) => {
            bail!("{}", complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }
    }
}

/// The command line with what is written added to it. An option that only goes with another one is left out
/// where that one is neither typed nor written: a key for following means nothing to a finished log.
///
/// # Errors
/// Where what is typed and what is written contradict each other.
pub(super) fn together(typed: &[OsString], written: &[OsString]) -> Result<Args, clap::Error> {
    let (program, rest) = typed.split_at(typed.len().min(1));
    let parse = |written: &[&OsString]| {
        Args::try_parse_from(program.iter().chain(written.iter().copied()).chain(rest))
    };
    let mut taken: Vec<&OsString> = Vec::new();
    let mut open: Vec<&OsString> = written.iter().collect();
    loop {
        let before = open.len();
        open.retain(|word| {
            taken.push(word);
            let lacks = parse(&taken)
                .is_err_and(|error| error.kind() == ErrorKind::MissingRequiredArgument);
            if lacks {
                taken.pop();
            }
            lacks
        });
        if open.len() == before || open.is_empty() {
            return parse(&taken);
        }
    }
}

/// A file that merely lies where the program is started must not make it run commands of somebody else's.
#[cfg(unix)]
fn check_owner(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let metadata = fs::metadata(path)?;
    let owner = metadata.uid();
    let is_own = owner == 0 || owner == rustix::process::geteuid().as_raw();
    let why = match (is_own, metadata.mode() & 0o002) {
        (true, 0) => return Ok(()),
        (false, _) => "belongs to another user",
        (true, _) => "is a file that others may write",
    };
    bail!(
        "{} has hooks and {why}; look at it, and name it with --config if it is right",
        path.display()
    );
}

/// Here it is not told who may write a file.
#[cfg(not(unix))]
fn check_owner(path: &Path) -> anyhow::Result<()> {
    bail!(
        "{} has hooks, and on this system it is not known whose it is; look at it, and name it with --config if it \
         is right",
        path.display()
    );
}

fn read_file(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > FILE_BYTES {
        return Err(io::Error::other("it is too large to be one"));
    }
    fs::read_to_string(path)
}

/// Reads the text of a configuration file; `path` is what it is called, and relative paths in it start
/// from its folder.
fn read(
    path: &Path,
    text: &str,
    command: &Command,
    typed: &ArgMatches,
) -> Result<Config, Vec<Complaint>> {
    let mut command = command.clone();
    command.build();
    let mut reader = Reader { path, text, complaints: Vec::new() };
    let mut config = Config::default();
    match DeTable::parse(text) {
        Ok(table) => reader.table(table.get_ref(), &command, typed, &mut config),
        Err(error) => reader.complain(error.span().unwrap_or_default(), error.message()),
    }
    if reader.complaints.is_empty() {
        Ok(config)
    } else {
        reader.complaints.sort_by_key(|complaint| (complaint.line, complaint.column));
        Err(reader.complaints)
    }
}

/// The keys of the file, beside `paths` and `hook`: the options that may be written, by their long name.
fn settings(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    command.get_arguments().filter_map(|arg| {
        let long = arg.get_long()?;
        let is_setting =
            !NOT_SETTINGS.contains(&long) && long != "hook" && !long.starts_with("hook-");
        is_setting.then_some((long, arg))
    })
}

/// The keys of a `[[hook]]`, beside `run` and `on-give-up`.
fn hook_settings(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    command.get_arguments().filter_map(|arg| {
        let key = arg.get_long()?.strip_prefix("hook-")?;
        (key != "on-give-up").then_some((key, arg))
    })
}

struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
    complaints: Vec<Complaint>,
}

impl Reader<'_> {
    fn complain(&mut self, at: Range<usize>, what: impl Into<String>) {
        let (line, column) = place(self.text, at.start);
        let file = self.path.display().to_string();
        self.complaints.push(Complaint { file, line, column, what: what.into() });
    }

    fn table(
        &mut self,
        table: &DeTable<'_>,
        command: &Command,
        typed: &ArgMatches,
        config: &mut Config,
    ) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "paths" => {
                    let paths = self.texts(value, "paths");
                    config.paths = paths.into_iter().map(|path| self.resolved(&path)).collect();
                }
                "hook" => config.hooks = self.hooks(value),
                _ => {
                    let is_it = |long: &str, arg: &Arg| {
                        long == name || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
                    };
                    let found = settings(command).find(|(long, arg)| is_it(long, arg));
                    match found {
                        Some((long, arg)) => {
                            let words = self.option(command, long, arg, value);
                            if !is_overruled(command, arg, typed) {
                                config.words.extend(words);
                            }
                        }
                        None => {
                            let known =
                                settings(command).map(|(long, _)| long).chain(["paths", "hook"]);
                            self.unknown(key, known.collect());
                        }
                    }
                }
            }
        }
    }

    fn unknown(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, mut known: Vec<&str>) {
        let name = key.get_ref().as_ref();
        let what = if NOT_SETTINGS.contains(&name) {
            format!("`{name}` is an option and no setting; give it on the command line")
        } else if let Some(rest) = name.strip_prefix("hook-") {
            format!("hooks are written as tables: put `{rest}` under a line `[[hook]]`")
        } else {
            known.sort_unstable();
            let near = nearest(name, known.iter().copied());
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            format!("unknown key `{name}`{hint} (known here: {})", known.join(", "))
        };
        self.complain(key.span(), what);
    }

    /// The option that a key is, as words of a command line, checked by clap.
    fn option(
        &mut self,
        command: &Command,
        key: &str,
        arg: &Arg,
        value: &Spanned<DeValue<'_>>,
    ) -> Vec<OsString> {
        let Some(long) = arg.get_long() else { return Vec::new() };
        let mut words = Vec::new();
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            match value.get_ref().as_bool() {
                Some(true) => words.push(format!("--{long}").into()),
                Some(false) => {}
                None => self.complain(value.span(), format!("`{key}` takes true or false")),
            }
            return words;
        }
        if let Some(is_on) = value.get_ref().as_bool()
            && arg.get_num_args().is_some_and(|count| count.min_values() == 0)
        {
            // Its value may be left out.
            return if is_on { vec![format!("--{long}").into()] } else { words };
        }
        let takes_many = matches!(arg.get_action(), ArgAction::Append);
        let values: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(values) if takes_many => values.iter().collect(),
            _ => vec![value],
        };
        let is_path = is_path(arg.get_value_parser());
        for value in values {
            let Some(text) = plain(value.get_ref()) else {
                let expected =
                    if takes_many { "a text, or a list of them" } else { "one text or number" };
                self.complain(value.span(), format!("`{key}` takes {expected}"));
                continue;
            };
            let text = if is_path && text != "-" {
                self.resolved(&text).into_os_string()
            } else {
                text.into()
            };
            let mut word = OsString::from(format!("--{long}="));
            word.push(&text);
            let alone = command.clone().no_binary_name(true).try_get_matches_from([&word]);
            match alone {
                Ok(_) => words.push(word),
                // What goes with it may be written elsewhere.
                Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
                    words.push(word)
                }
                Err(error) => {
                    let what = in_words(key, &error);
                    self.complain(value.span(), what);
                }
            }
        }
        words
    }

    fn hooks(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<HookArgs> {
        let Some(tables) = value.get_ref().as_array() else {
            self.complain(value.span(), "hooks are tables: begin each with a line `[[hook]]`");
            return Vec::new();
        };
        tables.iter().filter_map(|table| self.hook(table)).collect()
    }

    fn hook(&mut self, value: &Spanned<DeValue<'_>>) -> Option<HookArgs> {
        let Some(table) = value.get_ref().as_table() else {
            self.complain(value.span(), "hooks are tables: begin each with a line `[[hook]]`");
            return None;
        };
        let mut command = HookArgs::augment_args(Command::new("hook"));
        command.build();
        let (mut words, mut run, mut on_give_up) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "run" => run = self.commands(name, value),
                "on-give-up" => on_give_up = self.commands(name, value),
                _ => match hook_settings(&command).find(|(known, _)| *known == name) {
                    Some((known, arg)) => words.extend(self.option(&command, known, arg, value)),
                    None => {
                        let known = hook_settings(&command).map(|(known, _)| known);
                        self.unknown(key, known.chain(["run", "on-give-up"]).collect());
                    }
                },
            }
        }
        if !table.iter().any(|(key, _)| key.get_ref() == "run") {
            self.complain(
                value.span(),
                "a hook needs `run`, a list of commands, each a list of words: run = [[\"systemctl\", \"--user\", \
                 \"restart\", \"bot\"]]",
            );
        }
        let matches = command.no_binary_name(true).try_get_matches_from(words).ok()?;
        let args = HookArgs::from_arg_matches(&matches).ok()?;
        Some(HookArgs { run, on_give_up, ..args })
    }

    /// Commands, each a list of words.
    fn commands(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Vec<Words> {
        let shape = format!(
            "`{key}` is a list of commands, each a list of words: {key} = [[\"systemctl\", \"--user\", \"restart\", \
             \"bot\"]]"
        );
        let Some(commands) = value.get_ref().as_array() else {
            self.complain(value.span(), shape);
            return Vec::new();
        };
        if key == "run" && commands.is_empty() {
            self.complain(value.span(), shape);
            return Vec::new();
        }
        let mut split = Vec::new();
        for command in commands {
            if command.get_ref().as_array().is_none() {
                self.complain(command.span(), shape.clone());
                continue;
            }
            let words = self.texts(command, key);
            match check_words(&words) {
                Ok(()) => split.push(Words(words)),
                Err(what) => self.complain(command.span(), what),
            }
        }
        split
    }

    /// A list of texts; one text is a list, too.
    fn texts(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Vec<String> {
        let one = [value];
        let values: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => one.into(),
        };
        let mut texts = Vec::new();
        for value in values {
            match value.get_ref() {
                DeValue::String(text) => texts.push(text.to_string()),
                _ => self.complain(value.span(), format!("`{key}` takes texts, in quotes")),
            }
        }
        texts
    }

    /// A path of the file: it starts from where the file is.
    fn resolved(&self, path: &str) -> PathBuf {
        if path == "-" {
            return PathBuf::from(path);
        }
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// A value as it would be typed.
fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn is_path(parser: &ValueParser) -> bool {
    parser.type_id() == std::any::TypeId::of::<PathBuf>()
}

/// Whether the option itself, or one that goes not with it, was typed: the command line wins.
fn is_overruled(command: &Command, arg: &Arg, typed: &ArgMatches) -> bool {
    let is_typed =
        |arg: &Arg| typed.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    is_typed(arg)
        || command.get_arg_conflicts_with(arg).into_iter().any(is_typed)
        // A conflict need be written at one of the two options only.
        || command.get_arguments().any(|other| {
            is_typed(other)
                && command
                    .get_arg_conflicts_with(other)
                    .into_iter()
                    .any(|conflict| conflict.get_id() == arg.get_id())
        })
}

/// What clap has against a value, in the words of a file.
fn in_words(key: &str, error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) if !texts.is_empty() => Some(texts.join(", ")),
        _ => None,
    };
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    if let Some(valid) = context(ContextKind::ValidValue) {
        let near = context(ContextKind::SuggestedValue)
            .or_else(|| nearest(&value, valid.split(", ")).map(str::to_owned));
        let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        return format!("`{key}` cannot be `{value}`{hint} (one of {valid})");
    }
    match std::error::Error::source(error) {
        Some(why) => format!("`{key}` cannot be `{value}`: {why}"),
        None => format!("`{key}` cannot be `{value}`"),
    }
}

#[cfg(test)]
mod tests;
