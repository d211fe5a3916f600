//! Chains by the numbers of their rules: names are slow to compare, and every event asks.

use std::sync::{Arc, OnceLock};

use super::RuleSet;
use super::series::names_rule;

/// A chain of which a rule is a symptom.
#[derive(Debug, Clone)]
pub struct Link {
    /// Index of the chain.
    pub chain: usize,
    /// Indexes of the rules that are its causes.
    pub causes: Arc<[usize]>,
}

/// For each rule the chains of which it is a symptom; made when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Links(OnceLock<Vec<Vec<Link>>>);

impl RuleSet {
    /// The chains of which the rule of that index is a symptom. The rules and chains must not be changed any
    /// more once this was asked.
    pub fn links_to(&self, rule: usize) -> &[Link] {
        let links = self.links.0.get_or_init(|| {
            let named = |names: &[String]| -> Vec<usize> {
                let is_named =
                    |at: &usize| names.iter().any(|name| names_rule(name, &self.rules[*at].id));
                (0..self.rules.len()).filter(is_named).collect()
            };
            let mut links = vec![Vec::new(); self.rules.len()];
            for (chain, declared) in self.chains.iter().enumerate() {
                let causes: Arc<[usize]> = named(&declared.cause).into();
                for symptom in named(&declared.symptom) {
                    links[symptom].push(Link { chain, causes: causes.clone() });
                }
            }
            links
        });
        links.get(rule).map_or(&[], Vec::as_slice)
    }
}
