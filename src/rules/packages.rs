//! Import name → requirement name, and what else is known of a module.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// Import name → requirement name; read when first asked, for most logs never ask.
#[derive(Debug, Default)]
pub struct Packages {
    digest: &'static [u8],
    table: OnceLock<Table>,
}

/// `rules/packages.toml`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(default)]
    stdlib: Vec<String>,
    #[serde(default)]
    modules: BTreeMap<String, String>,
    #[serde(default)]
    choice: Vec<Choice>,
    #[serde(default)]
    package: BTreeMap<String, Package>,
    #[serde(default)]
    removed: BTreeMap<String, Removed>,
    #[serde(default)]
    system: BTreeMap<String, System>,
}

/// One import name, several packages.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    module: String,
    /// What is meant unless a name speaks for another.
    package: String,
    #[serde(default)]
    others: Vec<Other>,
    #[serde(default)]
    avoid: Vec<String>,
    why: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    package: String,
    names: Vec<String>,
}

/// What a requirement needs beside it, or what to know of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Package {
    needs: Option<String>,
    note: Option<String>,
    successor: Option<String>,
}

/// A module that left the standard library.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Removed {
    removed: String,
    #[serde(rename = "use")]
    instead: Option<String>,
    package: Option<String>,
}

/// A module of the standard library that an interpreter may lack.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct System {
    debian: Option<String>,
    debian_python: Option<String>,
}

/// What is known of a module that could not be imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Module {
    /// The requirement to install, where installing one helps.
    pub package: Option<String>,
    /// Sentences that a fix should say: what it needs, what to know, what not to install.
    pub notes: Vec<String>,
}

impl From<Table> for Packages {
    fn from(table: Table) -> Packages {
        Packages { digest: &[], table: OnceLock::from(table) }
    }
}

impl Packages {
    /// The table of a digest, which is read when it is first needed.
    pub(super) fn of_digest(digest: &'static [u8]) -> Packages {
        Packages { digest, table: OnceLock::new() }
    }

    pub(super) fn table(&self) -> &Table {
        self.table.get_or_init(|| postcard::from_bytes(self.digest).unwrap_or_default())
    }

    /// What is known of a dotted module name; `imported` are names that were imported from it, which
    /// tell packages of one module apart. `None` for a module that the table does not have.
    pub fn find(&self, module: &str, imported: &[&str]) -> Option<Module> {
        self.table().find(module, imported)
    }
}

impl Table {
    fn find(&self, module: &str, imported: &[&str]) -> Option<Module> {
        let top = module.split('.').next().unwrap_or(module);
        if let Some(system) = self.system.get(module) {
            let mut notes = vec![format!(
                "`{module}` is part of Python: this interpreter was built without it."
            )];
            let debian = system.debian_python.as_ref().or(system.debian.as_ref());
            notes.extend(debian.map(|name| {
                format!("On Debian and Ubuntu install `{name}`, then build or install the interpreter again.")
            }));
            return Some(Module { package: None, notes });
        }
        if let Some(removed) = self.removed.get(module).or_else(|| self.removed.get(top)) {
            let mut notes = vec![format!(
                "`{module}` left the standard library in Python {}.",
                removed.removed
            )];
            notes.extend(removed.instead.as_ref().map(|name| format!("Use `{name}` instead.")));
            return Some(Module { package: removed.package.clone(), notes });
        }
        let package = self.chosen(top, imported).or_else(|| self.longest(module));
        let Some(package) = package else {
            // A submodule of the standard library that does not exist, or a file that hides it.
            return self.stdlib.iter().any(|known| known == top).then(|| Module {
                package: None,
                notes: vec![format!(
                    "`{top}` is part of Python: look for a file of the bot's own called `{top}.py` that hides it."
                )],
            });
        };
        let mut notes = Vec::new();
        if let Some(known) = self.package.get(package) {
            notes.extend(known.needs.as_ref().map(|needs| format!("`{package}` needs {needs}.")));
            notes.extend(known.note.clone());
            notes
                .extend(known.successor.as_ref().map(|next| format!("Its successor is `{next}`.")));
        }
        if let Some(choice) = self.choice.iter().find(|choice| choice.module == top) {
            notes.push(choice.why.clone());
            notes.extend(
                choice
                    .avoid
                    .iter()
                    .map(|name| format!("Do not install `{name}`: that is another package.")),
            );
        }
        Some(Module { package: Some(package.to_owned()), notes })
    }

    /// The package that the imported names speak for, where the module has several.
    fn chosen(&self, top: &str, imported: &[&str]) -> Option<&str> {
        let choice = self.choice.iter().find(|choice| choice.module == top)?;
        let other = choice
            .others
            .iter()
            .find(|other| other.names.iter().any(|name| imported.contains(&name.as_str())));
        Some(other.map_or(choice.package.as_str(), |other| other.package.as_str()))
    }

    /// The package of the longest known prefix of a dotted name.
    fn longest(&self, module: &str) -> Option<&str> {
        let mut name = module;
        loop {
            if let Some(package) = self.modules.get(name) {
                return Some(package);
            }
            name = name.rsplit_once('.')?.0;
        }
    }
}
