//! Rule files: written → checked, or refused with file, line, column and what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use regex::{Regex, RegexBuilder};
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::builtin::BUILTIN;
use super::schema::{
    CaptureFile, ClassFile, CodeFile, ExampleText, ExchangeFile, FixText as FixWritten, MarkFile,
    MarkText, PatternFile, RuleFile, RuleText, WhenText,
};
use super::{
    Basis, CodeContext, Effect, Example, Exchange, ExchangeError, FixText, Guide, LazyRegex, Mark,
    MarkKind, On, Packages, Rule, RuleOptions, RuleSet, Template, When,
};
use crate::model::{Level, Pattern, Severity};

/// Largest compiled size of one regex, in bytes: a rule cannot make start-up or memory explode.
const REGEX_BYTES: usize = 4 << 20;

/// Shortest literal that the search can use without drowning in false candidates.
const LITERAL_BYTES: usize = 3;

/// What is wrong in a rule file, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file, as given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// Compiles a rule's regex with the size limit that holds for all of them.
pub(super) fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(REGEX_BYTES).build()
}

/// Reads the built-in rules and those of `options`, which replace built-in ones of the same id.
///
/// Comes back with every complaint at once, so that one look mends a file.
pub fn load(options: &RuleOptions) -> Result<RuleSet, Vec<Complaint>> {
    let mut loader = Loader::default();
    if options.builtin {
        for (name, text) in BUILTIN {
            loader.read(name, text, Trust::Builtin);
        }
    }
    for path in &options.paths {
        loader.read_path(path);
    }
    for id in &options.disabled {
        if loader.rules.remove(id).is_none() {
            let near = nearest(id, loader.rules.keys().map(String::as_str));
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            loader.complain("--disable", "", 0, format!("no rule `{id}`{hint}"));
        }
    }
    loader.finish()
}

/// Whether regexes are compiled at once (a user's files) or when first needed (those that tests hold).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Builtin,
    User,
}

#[derive(Default)]
struct Loader {
    rules: BTreeMap<String, Rule>,
    marks: BTreeMap<String, Mark>,
    set: RuleSet,
    complaints: Vec<Complaint>,
}

impl Loader {
    fn read_path(&mut self, path: &Path) {
        let name = path.display().to_string();
        if path.is_dir() {
            let mut files = Vec::new();
            collect(path, &mut files);
            files.sort();
            if files.is_empty() {
                self.complain(&name, "", 0, "no *.toml in this folder".into());
            }
            for file in files {
                self.read_path(&file);
            }
            return;
        }
        match std::fs::read_to_string(path) {
            Ok(text) => self.read(&name, &text, Trust::User),
            Err(error) => self.complain(&name, "", 0, format!("cannot be read: {error}")),
        }
    }

    /// One file, of the kind that its name tells.
    fn read(&mut self, name: &str, text: &str, trust: Trust) {
        let path = Path::new(name);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
        let folder = path.parent().and_then(Path::file_name).and_then(|folder| folder.to_str());
        match stem {
            _ if folder == Some("exchanges") => self.read_exchange(name, text),
            "captures" => self.read_captures(name, text, trust),
            "classes" | "exceptions" => {
                if let Some(file) = self.parse::<ClassFile>(name, text) {
                    self.set.classes.extend(file);
                }
            }
            "codes" => self.read_codes(name, text, trust),
            "packages" => {
                if let Some(packages) = self.parse::<Packages>(name, text) {
                    self.set.packages = packages;
                }
            }
            "patterns" => self.read_guides(name, text),
            "runs" => self.read_marks(name, text, trust),
            _ => self.read_rules(name, text, trust),
        }
    }

    fn parse<T: DeserializeOwned>(&mut self, name: &str, text: &str) -> Option<T> {
        match toml::from_str(text) {
            Ok(file) => Some(file),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                self.complain(name, text, at, error.message().to_owned());
                None
            }
        }
    }

    fn complain(&mut self, file: &str, text: &str, at: usize, what: String) {
        let (line, column) = place(text, at);
        self.complaints.push(Complaint { file: file.to_owned(), line, column, what });
    }

    fn read_rules(&mut self, name: &str, text: &str, trust: Trust) {
        let Some(file) = self.parse::<RuleFile>(name, text) else { return };
        let pattern = match file.pattern.get_ref().parse::<Pattern>() {
            Ok(pattern) => pattern,
            Err(what) => return self.complain(name, text, file.pattern.span().start, what),
        };
        let mut here: BTreeMap<String, usize> = BTreeMap::new();
        for written in file.rule {
            let at = written.id.span().start;
            let id = written.id.get_ref().clone();
            if let Some(line) = here.insert(id.clone(), place(text, at).0) {
                self.complain(
                    name,
                    text,
                    at,
                    format!("id `{id}` was used before, on line {line}; ids are never reused"),
                );
                continue;
            }
            let before = self.complaints.len();
            let mut checker = Checker { loader: self, file: name, text, trust };
            let rule = checker.rule(pattern, written);
            if self.complaints.len() == before {
                self.rules.insert(id, rule);
            }
        }
    }

    fn read_marks(&mut self, name: &str, text: &str, trust: Trust) {
        let Some(file) = self.parse::<MarkFile>(name, text) else { return };
        for written in file.mark {
            let before = self.complaints.len();
            let mut checker = Checker { loader: self, file: name, text, trust };
            let mark = checker.mark(written);
            if let Some(mark) = mark
                && self.complaints.len() == before
            {
                self.marks.insert(mark.id.clone(), mark);
            }
        }
    }

    fn read_captures(&mut self, name: &str, text: &str, trust: Trust) {
        let Some(file) = self.parse::<CaptureFile>(name, text) else { return };
        for (set, written) in file {
            let mut checker = Checker { loader: self, file: name, text, trust };
            let regexes = checker.regexes(&written.regex);
            self.set.captures.insert(set, regexes);
        }
    }

    fn read_codes(&mut self, name: &str, text: &str, trust: Trust) {
        let Some(file) = self.parse::<CodeFile>(name, text) else { return };
        for written in file.context {
            let at = written.regex.span().start;
            if !written.regex.get_ref().contains("(?P<code>") {
                self.complain(name, text, at, "the regex has no group `(?P<code>…)`".into());
            }
            let mut checker = Checker { loader: self, file: name, text, trust };
            let regex = checker.regex(&written.regex);
            self.set.exchanges.contexts.push(CodeContext {
                name: written.name,
                literal: written.literal.into_inner(),
                direct: written.direct,
                exchange: written.exchange,
                regex,
            });
        }
    }

    fn read_exchange(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<ExchangeFile>(name, text) else { return };
        let mut errors = Vec::new();
        for written in file.error {
            let at = written.span().start;
            let error = written.into_inner();
            if error.code.is_none() && error.message.is_none() {
                self.complain(name, text, at, "an error needs a `code` or a `message`".into());
            }
            errors.push(ExchangeError {
                code: error.code,
                message: error.message,
                contains: error.contains,
                rule: error.rule,
                means: error.means,
            });
        }
        self.set.exchanges.tables.retain(|table| table.id != file.exchange);
        self.set.exchanges.tables.push(Exchange {
            id: file.exchange,
            ids: file.ids,
            hosts: file.hosts,
            modules: file.modules,
            errors,
        });
    }

    fn read_guides(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<PatternFile>(name, text) else { return };
        for (id, written) in file {
            match id.parse::<Pattern>() {
                Ok(pattern) => {
                    let guide = Guide {
                        symptom: written.symptom,
                        why: written.why,
                        fix: written.fix,
                        sample: written.sample,
                        watch: written.watch,
                        confirm: written.confirm,
                    };
                    self.set.guides.insert(pattern, guide);
                }
                Err(what) => {
                    let at = text.find(&format!("[{id}]")).unwrap_or(0);
                    self.complain(name, text, at, what);
                }
            }
        }
    }

    /// Checks what needs all files at once, and hands the rules over.
    fn finish(mut self) -> Result<RuleSet, Vec<Complaint>> {
        for rule in self.rules.values() {
            for set in &rule.take {
                if !self.set.captures.contains_key(set) {
                    let near = nearest(set, self.set.captures.keys().map(String::as_str));
                    let hint =
                        near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                    self.complaints.push(Complaint {
                        file: rule.file.clone(),
                        line: rule.line,
                        column: 1,
                        what: format!("rule `{}` takes an unknown capture set `{set}`{hint}", rule.id),
                    });
                }
            }
        }
        for table in &self.set.exchanges.tables {
            for error in &table.errors {
                // A rule may be disabled; then its codes simply do not speak.
                if !error.rule.contains('/') {
                    self.complaints.push(Complaint {
                        file: format!("exchanges/{}.toml", table.id),
                        line: 1,
                        column: 1,
                        what: format!("`{}` is not the id of a rule", error.rule),
                    });
                }
            }
        }
        if !self.complaints.is_empty() {
            return Err(self.complaints);
        }
        self.set.exchanges.tables.sort_by(|a, b| a.id.cmp(&b.id));
        self.set.rules = self.rules.into_values().collect();
        self.set.marks = self.marks.into_values().collect();
        Ok(self.set)
    }
}

/// Checks the parts of one file; complaints go to the loader.
struct Checker<'a> {
    loader: &'a mut Loader,
    file: &'a str,
    text: &'a str,
    trust: Trust,
}

impl Checker<'_> {
    fn complain(&mut self, at: usize, what: impl Into<String>) {
        self.loader.complain(self.file, self.text, at, what.into());
    }

    fn rule(&mut self, pattern: Pattern, written: RuleText) -> Rule {
        let id_at = written.id.span().start;
        let id = written.id.into_inner();
        let name_is_kebab = id.strip_prefix(pattern.id()).and_then(|rest| rest.strip_prefix('/'));
        let name_is_kebab = name_is_kebab.is_some_and(|name| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        });
        if !name_is_kebab {
            self.complain(
                id_at,
                format!("id `{id}` must be `{pattern}/` and a name of a-z, 0-9 and `-`"),
            );
        }
        let basis = Basis::ALL.into_iter().find(|basis| basis.id() == written.basis.get_ref());
        if basis.is_none() {
            let what = format!(
                "no basis `{}`; one of code, errno, status, exception, text",
                written.basis.get_ref()
            );
            self.complain(written.basis.span().start, what);
        }
        let confidence = match &written.confidence {
            Some(value) if !(0.0..=1.0).contains(value.get_ref()) => {
                self.complain(value.span().start, "confidence lies between 0 and 1");
                0.5
            }
            Some(value) => *value.get_ref(),
            None => 0.9,
        };
        let effect = match written.effect.as_ref().map(|effect| effect.get_ref().as_str()) {
            None | Some("symptom") => Effect::Symptom,
            Some("killed") => Effect::Killed,
            Some("exited") => Effect::Exited,
            Some(other) => {
                let what = format!("no effect `{other}`; one of symptom, killed, exited");
                let at = written.effect.as_ref().map_or(0, |effect| effect.span().start);
                self.complain(at, what);
                Effect::Symptom
            }
        };
        let at_most = written.at_most.as_ref().and_then(|level| {
            level.get_ref().parse::<Level>().map_err(|what| self.complain(level.span().start, what)).ok()
        });
        let whens: Vec<When> = written.when.into_iter().map(|when| self.when(when)).collect();
        let summary = self.template(&written.summary);
        let fix = self.fix(&written.fix);
        let capture = self.regexes(&written.capture);
        let rule = Rule {
            pattern,
            title: written.title,
            basis: basis.unwrap_or(Basis::Text),
            weight: written.weight,
            confidence,
            summary,
            take: written.take.into_iter().map(Spanned::into_inner).collect(),
            capture,
            set: written.set,
            effect,
            at_most,
            source: written.source,
            whens,
            fix,
            examples: self.examples(written.example),
            near_misses: self.examples(written.near_miss),
            file: self.file.to_owned(),
            line: place(self.text, id_at).0,
            id,
        };
        self.always_fillable(&rule, &rule.summary, written.summary.span().start);
        self.always_fillable(&rule, &rule.fix.summary, written.fix.summary.span().start);
        for (template, written) in rule
            .fix
            .steps
            .iter()
            .zip(&written.fix.steps)
            .chain(rule.fix.commands.iter().zip(&written.fix.commands))
        {
            self.knows_captures(&rule, template, written.span().start);
        }
        rule
    }

    fn when(&mut self, written: Spanned<WhenText>) -> When {
        let at = written.span().start;
        let when = written.into_inner();
        let on = match when.on.as_ref().map(|on| on.get_ref().as_str()) {
            None | Some("any") => On::Any,
            Some("link") => On::Link,
            Some("message") => On::Message,
            Some(other) => {
                let at = when.on.as_ref().map_or(at, |on| on.span().start);
                self.complain(at, format!("no place `{other}`; one of link, message, any"));
                On::Any
            }
        };
        let severity = when.severity.as_ref().and_then(|severity| {
            severity
                .get_ref()
                .parse::<Severity>()
                .map_err(|what| self.complain(severity.span().start, what))
                .ok()
        });
        for literal in when.any.iter().chain(&when.all) {
            self.literal(literal);
        }
        if when.any.is_empty() && when.all.is_empty() && when.exception.is_empty() {
            self.complain(
                at,
                "no literal to look for: give `any`, `all` or `exception`, so that lines without it \
                 cost nothing",
            );
        }
        When {
            on,
            exception: when.exception,
            any: when.any.into_iter().map(Spanned::into_inner).collect(),
            all: when.all.into_iter().map(Spanned::into_inner).collect(),
            not: when.not,
            regex: self.regexes(&when.regex),
            raised_in: when.raised_in,
            code: when.code.as_ref().map(|regex| self.regex(regex)),
            severity,
            chain: when.chain,
            ignore_case: when.ignore_case,
        }
    }

    fn literal(&mut self, literal: &Spanned<String>) {
        let text = literal.get_ref();
        if text.len() < LITERAL_BYTES {
            self.complain(
                literal.span().start,
                format!("literal `{text}` is shorter than {LITERAL_BYTES} bytes; take more of the text"),
            );
        } else if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            self.complain(
                literal.span().start,
                format!(
                    "`{text}` is a bare number, which prices and order ids hold too; add what stands \
                     round it, such as `status {text}` or `\"code\":{text}`"
                ),
            );
        }
    }

    fn mark(&mut self, written: MarkText) -> Option<Mark> {
        let kind = match written.kind.get_ref().as_str() {
            "start" => MarkKind::Start,
            "goodbye" => MarkKind::Goodbye,
            "stop-request" => MarkKind::StopRequest,
            "exit" => MarkKind::Exit,
            "supervisor" => MarkKind::Supervisor,
            "noise" => MarkKind::Noise,
            "reporter" => MarkKind::Reporter,
            other => {
                self.complain(
                    written.kind.span().start,
                    format!(
                        "no kind `{other}`; one of start, goodbye, stop-request, exit, supervisor, \
                         noise, reporter"
                    ),
                );
                return None;
            }
        };
        let at = written.id.span().start;
        if written.any.is_empty() {
            self.complain(at, "no literal to look for: give `any`");
        }
        for literal in &written.any {
            self.literal(literal);
        }
        Some(Mark {
            id: written.id.into_inner(),
            kind,
            any: written.any.into_iter().map(Spanned::into_inner).collect(),
            not: written.not,
            regex: self.regexes(&written.regex),
            ignore_case: written.ignore_case,
            examples: self.examples(written.example),
            near_misses: self.examples(written.near_miss),
            file: self.file.to_owned(),
            line: place(self.text, at).0,
        })
    }

    fn fix(&mut self, written: &FixWritten) -> FixText {
        FixText {
            summary: self.template(&written.summary),
            steps: written.steps.iter().map(|step| self.template(step)).collect(),
            commands: written.commands.iter().map(|command| self.template(command)).collect(),
        }
    }

    fn template(&mut self, written: &Spanned<String>) -> Template {
        match Template::parse(written.get_ref()) {
            Ok(template) => template,
            Err((offset, what)) => {
                self.complain(written.span().start + 1 + offset, what);
                Template::empty()
            }
        }
    }

    fn regexes(&mut self, written: &[Spanned<String>]) -> Vec<LazyRegex> {
        written.iter().map(|regex| self.regex(regex)).collect()
    }

    fn regex(&mut self, written: &Spanned<String>) -> LazyRegex {
        let text = written.get_ref();
        if self.trust == Trust::User
            && let Err(error) = compile(text)
        {
            self.complain(written.span().start, format!("wrong regex: {error}"));
        }
        if text.starts_with(".*") || text.starts_with("^.*") {
            self.complain(written.span().start, "a regex that starts with `.*` matches everything first; begin with the text");
        }
        LazyRegex::new(text.clone())
    }

    fn examples(&mut self, written: Vec<ExampleText>) -> Vec<Example> {
        written
            .into_iter()
            .map(|example| Example {
                line: place(self.text, example.text.span().start).0,
                text: example.text.into_inner(),
                captures: example.captures,
                source: example.source,
            })
            .collect()
    }

    fn knows_captures(&mut self, rule: &Rule, template: &Template, at: usize) {
        let known = known_captures(rule);
        for (name, _) in template.names() {
            if !known.iter().any(|known| known == name) {
                self.complain(
                    at,
                    format!("`{{{name}}}` is captured nowhere in this rule; add a regex with `(?P<{name}>…)` or a `take`"),
                );
            }
        }
    }

    fn always_fillable(&mut self, rule: &Rule, template: &Template, at: usize) {
        self.knows_captures(rule, template, at);
        for (name, needed) in template.names() {
            let group = format!("(?P<{name}>");
            let certain = rule.set.contains_key(name)
                || (!rule.whens.is_empty()
                    && rule.whens.iter().all(|when| {
                        !when.regex.is_empty()
                            && when.regex.iter().all(|regex| regex.text().contains(&group))
                    }));
            if needed && !certain {
                self.complain(
                    at,
                    format!("`{{{name}}}` may be missing here; give it a default, as in `{{{name}|…}}`"),
                );
            }
        }
    }
}

/// Captures that any rule may name: those of the report, which the program or another match may fill
/// (where they are missing a default or a shorter fix stands in), and what the program itself adds.
const NAMED: [&str; 26] = [
    "attribute", "banned_until", "code", "errno", "exchange", "exit", "host", "key", "library", "module",
    "name", "package", "path", "pid", "port", "retry_after", "signal", "size", "skew", "status", "thread",
    "exception", "message", "means", "note", "reason",
];

fn known_captures(rule: &Rule) -> Vec<String> {
    let mut known: Vec<String> = NAMED.iter().map(|name| (*name).to_owned()).collect();
    known.extend(rule.set.keys().cloned());
    known.extend(rule.take.iter().cloned());
    let whens = rule.whens.iter().flat_map(|when| &when.regex);
    for regex in rule.capture.iter().chain(whens) {
        for part in regex.text().split("(?P<").skip(1) {
            if let Some((name, _)) = part.split_once('>') {
                known.push(name.to_owned());
            }
        }
    }
    known
}

/// Line and column, from 1, of a byte of a text.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or("");
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}

/// The known name nearest to a mistyped one, where one is near enough.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
