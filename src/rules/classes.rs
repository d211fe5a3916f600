//! Exception classes and their bases, so that a rule on `OSError` sees a `ConnectionResetError`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// Full class name → direct bases. Built-in classes have no module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Classes {
    /// Sorted by name.
    classes: Vec<Class>,
    /// Indexes of `classes`, sorted by last component, for classes logged without their module.
    by_short: Vec<u32>,
    /// For each class the indexes of those that name it as a base.
    derived: Vec<Vec<u32>>,
    /// For each class it and every class it derives from, made when it is first asked for: every event asks.
    #[serde(skip)]
    ancestors: OnceLock<Vec<OnceLock<Vec<String>>>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Class {
    name: String,
    bases: Vec<String>,
}

/// Classes with which anything can be raised.
const FOR_EVERYTHING: [&str; 3] = ["BaseException", "Exception", "RuntimeError"];

/// The part of a dotted class name after its module.
pub fn short(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

impl Classes {
    /// Adds classes; a name given again replaces its bases.
    pub(super) fn extend(&mut self, more: BTreeMap<String, Vec<String>>) {
        for (name, bases) in more {
            match self.position(&name) {
                Ok(at) => self.classes[at].bases = bases,
                Err(at) => self.classes.insert(at, Class { name, bases }),
            }
        }
        let classes = &self.classes;
        self.by_short = (0..classes.len() as u32).collect();
        self.by_short.sort_by_key(|&at| short(&classes[at as usize].name));
        let mut derived = vec![Vec::new(); classes.len()];
        for (at, class) in classes.iter().enumerate() {
            for base in class.bases.iter().filter_map(|base| self.position(base).ok()) {
                derived[base].push(at as u32);
            }
        }
        self.derived = derived;
        self.ancestors = OnceLock::new();
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.classes.binary_search_by(|class| class.name.as_str().cmp(name))
    }

    /// Indexes of the classes of that last component, in order of their names.
    fn of_short(&self, wanted: &str) -> &[u32] {
        let key = |&at: &u32| short(&self.classes[at as usize].name);
        let start = self.by_short.partition_point(|at| key(at) < wanted);
        let rest = &self.by_short[start..];
        &rest[..rest.partition_point(|at| key(at) == wanted)]
    }

    /// Whether a class tells nothing by itself of what went wrong: one of the bot's own, or one for everything.
    pub fn is_wordless(&self, logged: &str) -> bool {
        FOR_EVERYTHING.contains(&logged) || self.known(logged).is_empty()
    }

    /// The class as logged, and every class it derives from as far as the table knows.
    pub fn lineage<'a>(&'a self, logged: &'a str) -> Vec<&'a str> {
        let mut found = vec![logged];
        let mut known = self.known(logged).into_iter();
        let Some(first) = known.next() else { return found };
        let mut shared: Vec<&str> = self.ancestors(first).iter().map(String::as_str).collect();
        // A bare name that several libraries use says only what all of them mean by it.
        for other in known {
            let bases = self.ancestors(other);
            shared.retain(|name| bases.iter().any(|base| base == name));
        }
        found.extend(shared);
        found
    }

    /// A class of the table, by its index, and every class it derives from.
    fn ancestors(&self, at: usize) -> &[String] {
        let all =
            self.ancestors.get_or_init(|| self.classes.iter().map(|_| OnceLock::new()).collect());
        let owned = || self.with_bases(&self.classes[at].name).into_iter().map(str::to_owned);
        all[at].get_or_init(|| owned().collect())
    }

    /// A class of the table and every class it derives from.
    fn with_bases<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut found = Vec::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if !found.contains(&name) {
                found.push(name);
                let class = self.position(name).ok().map(|at| &self.classes[at]);
                open.extend(class.iter().flat_map(|class| &class.bases).map(String::as_str));
            }
        }
        found
    }

    /// The indexes of a class as logged.
    fn known(&self, logged: &str) -> Vec<usize> {
        if let Ok(at) = self.position(logged) {
            return vec![at];
        }
        let mut all = self.of_short(short(logged)).iter().map(|&at| at as usize);
        if logged.contains('.') {
            // Libraries move classes between modules (`ccxt.NetworkError`, `ccxt.base.errors.NetworkError`):
            // take the one whose top-level package is the same.
            let top = logged.split('.').next();
            all.find(|&at| self.classes[at].name.split('.').next() == top).into_iter().collect()
        } else {
            all.collect()
        }
    }

    /// Last components of `wanted` and of every class that derives from it: what to look for in text.
    pub fn literals(&self, wanted: &str) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = [short(wanted).to_owned()].into();
        let mut open: Vec<u32> = self.of_short(short(wanted)).to_vec();
        open.retain(|&at| is_named(&self.classes[at as usize].name, wanted));
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                found.insert(short(&self.classes[at as usize].name).to_owned());
                open.extend(&self.derived[at as usize]);
            }
        }
        found
    }
}

/// Whether a class name is the wanted one. A dotted `wanted` wants that full name, or the bare class
/// where the log has no module; a bare one is that class of any module.
pub fn is_named(name: &str, wanted: &str) -> bool {
    let (long, short) = if name.len() < wanted.len() { (wanted, name) } else { (name, wanted) };
    long.strip_suffix(short)
        .is_some_and(|module| module.is_empty() || module.ends_with('.') && !short.contains('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn classes() -> Classes {
        let mut classes = Classes::default();
        let table = [
            ("OSError", ""),
            ("ConnectionError", "OSError"),
            ("ConnectionResetError", "ConnectionError"),
            ("requests.exceptions.RequestException", "OSError"),
            ("requests.exceptions.ConnectionError", "requests.exceptions.RequestException"),
            ("ccxt.base.errors.NetworkError", "Exception"),
            ("aiohttp.ClientConnectorError", "aiohttp.client_exceptions.ClientConnectorError"),
            ("aiohttp.client_exceptions.ClientConnectorError", "OSError"),
            ("one.TimeoutError", "OSError"),
            ("two.TimeoutError", "Exception"),
        ];
        classes.extend(
            table.iter().map(|&(name, base)| (name.to_owned(), vec![base.to_owned()])).collect(),
        );
        classes
    }

    fn is_a(logged: &str, wanted: &str) -> bool {
        classes().lineage(logged).iter().any(|name| is_named(name, wanted))
    }

    #[test]
    fn a_class_is_its_bases() {
        assert!(is_a("ConnectionResetError", "OSError"));
        assert!(is_a("requests.exceptions.ConnectionError", "OSError"));
        assert!(!is_a("OSError", "ConnectionResetError"));
    }

    #[test]
    fn modules_tell_classes_of_one_name_apart() {
        assert!(!is_a("requests.exceptions.ConnectionError", "aiohttp.ConnectionError"));
        assert!(is_a("ConnectionError", "requests.exceptions.ConnectionError"));
        assert!(is_a("ccxt.NetworkError", "ccxt.base.errors.NetworkError"));
        assert!(is_a("mybot.errors.NetworkError", "NetworkError"));
    }

    #[test]
    fn a_bare_name_is_what_all_its_bearers_are() {
        assert!(is_a("ClientConnectorError", "OSError"));
        assert!(!is_a("TimeoutError", "OSError"));
    }

    #[test]
    fn literals_hold_every_subclass() {
        let found = classes().literals("OSError");
        assert!(found.contains("ConnectionResetError") && found.contains("RequestException"));
        assert!(!found.contains("NetworkError"));
    }

    proptest! {
        #[test]
        fn a_name_is_compared_by_its_parts(name in "[ab]{0,2}(\\.[ab]{0,2}){0,2}", wanted in "[ab]{0,2}(\\.[ab]{0,2}){0,2}") {
            let plainly = name == wanted
                || (!wanted.contains('.') && short(&name) == wanted)
                || (!name.contains('.') && short(&wanted) == name);
            prop_assert_eq!(is_named(&name, &wanted), plainly);
        }
    }
}
