//! Import name → requirement name.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `rules/packages.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// Import name → requirement, where one answer is right.
    #[serde(default)]
    pub modules: BTreeMap<String, String>,
}

/// What is known of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module<'a> {
    /// The requirement to install.
    pub package: &'a str,
}

impl Packages {
    /// What is known of a dotted module name: the longest known prefix decides.
    pub fn find(&self, module: &str) -> Option<Module<'_>> {
        let mut name = module;
        loop {
            if let Some(package) = self.modules.get(name) {
                return Some(Module { package });
            }
            name = name.rsplit_once('.')?.0;
        }
    }
}
