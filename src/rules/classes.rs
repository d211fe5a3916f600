//! Exception classes and their bases, so that a rule on `OSError` sees a `ConnectionResetError`.

use std::collections::{BTreeMap, BTreeSet};

/// Full class name → direct bases. Built-in classes have no module.
#[derive(Debug, Default)]
pub struct Classes {
    bases: BTreeMap<String, Vec<String>>,
    derived: BTreeMap<String, Vec<String>>,
    /// Last component → full names, for classes logged without their module.
    by_short: BTreeMap<String, Vec<String>>,
}

/// The part of a dotted class name after its module.
pub fn short(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

impl Classes {
    /// Adds classes; a name given again replaces its bases.
    pub(super) fn extend(&mut self, more: BTreeMap<String, Vec<String>>) {
        self.bases.extend(more);
        self.derived.clear();
        self.by_short.clear();
        for (name, bases) in &self.bases {
            self.by_short.entry(short(name).to_owned()).or_default().push(name.clone());
            for base in bases {
                self.derived.entry(base.clone()).or_default().push(name.clone());
            }
        }
    }

    /// The class as logged, and every class it derives from as far as the table knows.
    pub fn lineage<'a>(&'a self, logged: &'a str) -> Vec<&'a str> {
        let mut found = vec![logged];
        let mut open: Vec<&str> = match self.known(logged) {
            Some(name) => vec![name],
            None => Vec::new(),
        };
        while let Some(name) = open.pop() {
            if !found[1..].contains(&name) {
                found.push(name);
                open.extend(self.bases.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        found
    }

    /// The table's name for a class as logged.
    fn known(&self, logged: &str) -> Option<&str> {
        if let Some((name, _)) = self.bases.get_key_value(logged) {
            return Some(name);
        }
        let names = self.by_short.get(short(logged))?;
        if logged.contains('.') {
            // Libraries move classes between modules (`ccxt.NetworkError`, `ccxt.base.errors.NetworkError`):
            // take the one whose top-level package is the same.
            let top = logged.split('.').next();
            names.iter().find(|name| name.split('.').next() == top).map(String::as_str)
        } else {
            // A bare name that several libraries use says too little about its bases.
            (names.len() == 1).then(|| names[0].as_str())
        }
    }

    /// Last components of `wanted` and of every class that derives from it: what to look for in text.
    pub fn literals(&self, wanted: &str) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = [short(wanted).to_owned()].into();
        let mut open: Vec<&str> = match self.by_short.get(short(wanted)) {
            Some(names) => {
                names.iter().map(String::as_str).filter(|name| is_named(name, wanted)).collect()
            }
            None => Vec::new(),
        };
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                found.insert(short(name).to_owned());
                open.extend(self.derived.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        found
    }
}

/// Whether a class name is the wanted one. A dotted `wanted` wants that full name, or the bare class
/// where the log has no module; a bare one is that class of any module.
pub fn is_named(name: &str, wanted: &str) -> bool {
    name == wanted
        || (!wanted.contains('.') && short(name) == wanted)
        || (!name.contains('.') && short(wanted) == name)
}

#[cfg(test)]
mod tests {
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
        ];
        classes.extend(
            table
                .iter()
                .map(|&(name, base)| (name.to_owned(), vec![base.to_owned()]))
                .collect(),
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
    fn literals_hold_every_subclass() {
        let found = classes().literals("OSError");
        assert!(found.contains("ConnectionResetError") && found.contains("RequestException"));
        assert!(!found.contains("NetworkError"));
    }
}
