//! Rule files: told apart by name, read, and put together into one [`RuleSet`].

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::check::Checker;
use super::complaint::{hint, place};
use super::packages::Table;
use super::schema::{
    CaptureFile, ChainFile, ClassFile, CodeFile, ExchangeFile, MarkFile, PatternFile, RuleFile,
};
use super::series::names_rule;
use super::{
    Chain, CodeContext, CodeExample, Complaint, Exchange, ExchangeError, Guide, Mark, Packages,
    Rule, RuleSet,
};
use crate::model::Pattern;

/// Reads rule files on top of a set: what they name again replaces what was there.
#[derive(Default)]
pub(super) struct Reader {
    set: RuleSet,
    complaints: Vec<Complaint>,
    /// What can only be judged when all files are read.
    later: Vec<Later>,
    /// Ids that were taken out of the set: still known, so that naming them is no mistake.
    removed: Vec<String>,
}

/// A name in a file that something else must bear.
struct Later {
    /// The complaint to make where nothing does.
    complaint: Complaint,
    named: Named,
}

enum Named {
    Rule(String),
    CaptureSet(String),
}

impl Reader {
    /// A reader on top of a set.
    pub(super) fn on(set: RuleSet) -> Reader {
        Reader { set, ..Reader::default() }
    }

    /// Takes out the rules that `keep` does not want. They may still be named.
    pub(super) fn retain(&mut self, keep: impl Fn(&Rule) -> bool) {
        let removed = &mut self.removed;
        self.set.rules.retain(|rule| {
            let keeps = keep(rule);
            if !keeps {
                removed.push(rule.id.clone());
            }
            keeps
        });
    }

    /// Takes out one rule; complains where there is none of that id.
    pub(super) fn disable(&mut self, id: &str) {
        if self.set.get(id).is_some() {
            self.retain(|rule| rule.id != id);
        } else if !self.removed.iter().any(|removed| removed == id) {
            let hint = hint(id, self.set.rules.iter().map(|rule| rule.id.as_str()));
            self.complain("--disable", "", 0, format!("no rule `{id}`{hint}"));
        }
    }

    /// A file, or every `*.toml` of a folder and the folders in it, in order of their names.
    pub(super) fn read_path(&mut self, path: &Path) {
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
            Ok(text) => self.read(&name, &text),
            Err(error) => self.complain(&name, "", 0, format!("cannot be read: {error}")),
        }
    }

    /// One file, of the kind that its name tells.
    pub(super) fn read(&mut self, name: &str, text: &str) {
        let path = Path::new(name);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
        let folder = path.parent().and_then(Path::file_name).and_then(|folder| folder.to_str());
        match stem {
            _ if folder == Some("exchanges") => self.read_exchange(name, text),
            "captures" => self.read_captures(name, text),
            "chains" => self.read_chains(name, text),
            "classes" | "exceptions" => {
                if let Some(file) = self.parse::<ClassFile>(name, text) {
                    self.set.classes.extend(file);
                }
            }
            "codes" => self.read_codes(name, text),
            "packages" => {
                if let Some(table) = self.parse::<Table>(name, text) {
                    self.set.packages = Packages::from(table);
                }
            }
            "patterns" => self.read_guides(name, text),
            "runs" => self.read_marks(name, text),
            _ => self.read_rules(name, text),
        }
    }

    fn parse<T: DeserializeOwned>(&mut self, name: &str, text: &str) -> Option<T> {
        match toml::from_str(text) {
            Ok(file) => Some(file),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                self.complain(name, text, at, advised(error.message()));
                None
            }
        }
    }

    pub(super) fn complain(&mut self, file: &str, text: &str, at: usize, what: String) {
        self.complaints.push(Complaint::at(file, text, at, what));
    }

    /// Asks for a shared capture set of that name when all files are read.
    pub(super) fn wants_set(&mut self, file: &str, text: &str, at: usize, set: &str) {
        let (line, column) = place(text, at);
        let what = format!("no capture set `{set}` in captures.toml");
        let complaint = Complaint { file: file.to_owned(), line, column, what };
        self.later.push(Later { complaint, named: Named::CaptureSet(set.to_owned()) });
    }

    /// Asks for a rule of that id, or for rules of that pattern, when all files are read.
    pub(super) fn wants_rule(&mut self, file: &str, text: &str, at: usize, named: &str) {
        let (line, column) = place(text, at);
        let what = format!("no rule `{named}`");
        let complaint = Complaint { file: file.to_owned(), line, column, what };
        self.later.push(Later { complaint, named: Named::Rule(named.to_owned()) });
    }

    fn read_rules(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<RuleFile>(name, text) else { return };
        let pattern = match file.pattern.get_ref().parse::<Pattern>() {
            Ok(pattern) => pattern,
            Err(what) => return self.complain(name, text, file.pattern.span().start, what),
        };
        let mut here: Vec<(String, usize)> = Vec::new();
        for written in file.rule {
            let at = written.id.span().start;
            let id = written.id.get_ref().clone();
            if let Some((_, line)) = here.iter().find(|(before, _)| *before == id) {
                let what =
                    format!("id `{id}` was used before, on line {line}; ids are never reused");
                self.complain(name, text, at, what);
                continue;
            }
            here.push((id, place(text, at).0));
            let before = self.complaints.len();
            let rule = Checker { reader: self, file: name, text }.rule(pattern, written);
            if self.complaints.len() == before {
                self.put(rule);
            }
        }
    }

    fn put(&mut self, rule: Rule) {
        let rules = &mut self.set.rules;
        match rules.binary_search_by(|known| known.id.cmp(&rule.id)) {
            Ok(at) => rules[at] = rule,
            Err(at) => rules.insert(at, rule),
        }
    }

    fn read_marks(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<MarkFile>(name, text) else { return };
        for written in file.mark {
            let before = self.complaints.len();
            let mark = Checker { reader: self, file: name, text }.mark(written);
            if let Some(mark) = mark
                && self.complaints.len() == before
            {
                self.put_mark(mark);
            }
        }
    }

    fn put_mark(&mut self, mark: Mark) {
        let marks = &mut self.set.marks;
        match marks.binary_search_by(|known| known.id.cmp(&mark.id)) {
            Ok(at) => marks[at] = mark,
            Err(at) => marks.insert(at, mark),
        }
    }

    fn read_chains(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<ChainFile>(name, text) else { return };
        for written in file.chain {
            let before = self.complaints.len();
            let chain = Checker { reader: self, file: name, text }.chain(written);
            if self.complaints.len() == before {
                self.put_chain(chain);
            }
        }
    }

    fn put_chain(&mut self, chain: Chain) {
        let chains = &mut self.set.chains;
        match chains.binary_search_by(|known| known.id.cmp(&chain.id)) {
            Ok(at) => chains[at] = chain,
            Err(at) => chains.insert(at, chain),
        }
    }

    fn read_captures(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<CaptureFile>(name, text) else { return };
        for (set, written) in file {
            let regexes = Checker { reader: self, file: name, text }.regexes(&written.regex);
            self.set.captures.insert(set, regexes);
        }
    }

    fn read_codes(&mut self, name: &str, text: &str) {
        let Some(file) = self.parse::<CodeFile>(name, text) else { return };
        for written in file.context {
            let at = written.regex.span().start;
            if !written.regex.get_ref().contains("(?P<code>") {
                self.complain(name, text, at, "the regex has no group `(?P<code>…)`".into());
            }
            let regex = Checker { reader: self, file: name, text }.regex(&written.regex);
            let examples = written.examples.into_iter().map(|example| CodeExample {
                line: place(text, example.text.span().start).0,
                text: example.text.into_inner(),
                code: example.code,
            });
            self.set.exchanges.contexts.push(CodeContext {
                name: written.name,
                literal: written.literal.into_inner(),
                direct: written.direct,
                exchange: written.exchange,
                regex,
                examples: examples.collect(),
                file: name.to_owned(),
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
            let (line, column) = place(text, error.rule.span().start);
            let rule = error.rule.into_inner();
            let what = format!("no rule `{rule}`");
            let complaint = Complaint { file: name.to_owned(), line, column, what };
            self.later.push(Later { complaint, named: Named::Rule(rule.clone()) });
            errors.push(ExchangeError {
                code: error.code,
                message: error.message,
                contains: error.contains,
                rule,
                means: error.means,
            });
        }
        let table = Exchange {
            id: file.exchange,
            ids: file.ids,
            hosts: file.hosts,
            modules: file.modules,
            otherwise: file.otherwise,
            errors,
        };
        let tables = &mut self.set.exchanges.tables;
        match tables.binary_search_by(|known| known.id.cmp(&table.id)) {
            Ok(at) => tables[at] = table,
            Err(at) => tables.insert(at, table),
        }
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

    /// Judges what needs all files at once, and hands the set over.
    ///
    /// Comes back with every complaint at once, so that one look mends a file.
    pub(super) fn finish(mut self) -> Result<RuleSet, Vec<Complaint>> {
        for Later { mut complaint, named } in self.later {
            let (name, known): (&str, Vec<&str>) = match &named {
                Named::Rule(id) => {
                    let rules = self.set.rules.iter().map(|rule| &rule.id);
                    (id, rules.chain(&self.removed).map(String::as_str).collect())
                }
                Named::CaptureSet(set) => {
                    (set, self.set.captures.keys().map(String::as_str).collect())
                }
            };
            let is_known = known.contains(&name)
                || name.ends_with("/*") && known.iter().any(|known| names_rule(name, known));
            if !is_known {
                complaint.what.push_str(&hint(name, known.into_iter()));
                self.complaints.push(complaint);
            }
        }
        if self.complaints.is_empty() { Ok(self.set) } else { Err(self.complaints) }
    }
}

/// What the TOML reader says, with the nearest right name where a key is unknown.
fn advised(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let Some((name, expected)) = unknown else { return message.to_owned() };
    // The known keys stand in backticks: every second part.
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let hint = hint(name, known.iter().copied());
    format!("unknown key `{name}`{hint} (known here: {})", known.join(", "))
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
