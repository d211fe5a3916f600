//! The rules in the binary, and those of the user on top of them.

use super::digest;
use super::read::Reader;
use super::{Complaint, RuleOptions, RuleSet};
use crate::model::Pattern;

/// Parts of the digest that `build.rs` made of `rules/`.
const RULES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));
const PROSE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/prose.bin"));
const PACKAGES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/packages.bin"));

/// The built-in rules, without examples, sources and guides, and on top of them the files of `options`,
/// which replace built-in rules of the same id.
///
/// Comes back with every complaint at once, so that one look mends a file.
pub fn load(options: &RuleOptions) -> Result<RuleSet, Vec<Complaint>> {
    apply(digest::read(RULES, PACKAGES), options)
}

/// As [`load`], with the examples, sources and guides of the built-in rules: for those who read rules,
/// and do not run them.
pub fn load_whole(options: &RuleOptions) -> Result<RuleSet, Vec<Complaint>> {
    let mut set = digest::read(RULES, PACKAGES);
    digest::add_prose(&mut set, PROSE);
    apply(set, options)
}

fn apply(set: RuleSet, options: &RuleOptions) -> Result<RuleSet, Vec<Complaint>> {
    let mut reader = Reader::on(set);
    if !options.builtin {
        // `other` stays: the program itself raises those rules, as it raises tracebacks that no rule knows.
        reader.retain(|rule| rule.pattern == Pattern::Other);
    }
    for path in &options.paths {
        reader.read_path(path);
    }
    for id in &options.disabled {
        reader.disable(id);
    }
    let mut set = reader.finish()?;
    set.is_builtin = options.builtin && options.paths.is_empty() && options.disabled.is_empty();
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_reads_back() {
        let set = load_whole(&RuleOptions::default()).unwrap();
        assert!(set.rules.len() > 100 && set.marks.len() > 10 && set.guides.len() == 8);
        assert!(set.rules.iter().any(|rule| !rule.examples.is_empty()));
        assert_eq!(set.packages.find("yaml", &[]).unwrap().package.unwrap(), "PyYAML");
    }

    #[test]
    fn without_built_in_rules_the_tables_stay() {
        let set = load(&RuleOptions { builtin: false, ..RuleOptions::default() }).unwrap();
        assert!(set.rules.iter().all(|rule| rule.pattern == Pattern::Other));
        assert!(set.get("other/uncaught-exception").is_some());
        assert!(!set.marks.is_empty() && !set.exchanges.tables.is_empty());
    }

    #[test]
    fn a_mistyped_disabled_rule_is_told_its_nearest() {
        let disabled = vec!["network/conection-refused".to_owned()];
        let complaints = load(&RuleOptions { disabled, ..RuleOptions::default() }).unwrap_err();
        assert_eq!(
            complaints[0].what,
            "no rule `network/conection-refused`; did you mean `network/connection-refused`?"
        );
    }
}
