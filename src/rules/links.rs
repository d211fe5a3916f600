//! Chains by the numbers of their rules: names are slow to compare, and every event asks.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::series::names_rule;
use super::{Chain, RuleSet};

/// A chain of which a rule is a symptom.
#[derive(Debug, Clone)]
pub struct Link {
    /// Index of the chain.
    pub chain: usize,
    /// Indexes of the rules that are its causes.
    pub causes: Arc<[usize]>,
}

/// What links rules, made when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Links(OnceLock<Table>);

#[derive(Debug)]
struct Table {
    /// For each rule the chains of which it is a symptom.
    to: Vec<Vec<Link>>,
    /// Indexes of rules by their ids.
    rules: HashMap<String, usize>,
}

impl RuleSet {
    /// The chains of which the rule of that index is a symptom. The rules and chains must not be changed any
    /// more once this was asked.
    pub fn links_to(&self, rule: usize) -> &[Link] {
        self.links().to.get(rule).map_or(&[], Vec::as_slice)
    }

    /// Within how many seconds the rule `cause` leads to the rule `symptom`, by the chains; the longest.
    pub fn leads(&self, cause: &str, symptom: &str) -> Option<f64> {
        let rules = &self.links().rules;
        let within = |chain: &Chain| chain.within;
        let micros = match (rules.get(cause), rules.get(symptom)) {
            (Some(cause), Some(&symptom)) => {
                let links = self.links_to(symptom).iter();
                let links = links.filter(|link| link.causes.contains(cause));
                links.map(|link| within(&self.chains[link.chain])).max()
            }
            // Chains speak also of rules that are not loaded.
            _ => {
                let names =
                    |names: &[String], id: &str| names.iter().any(|name| names_rule(name, id));
                let leads =
                    |chain: &&Chain| names(&chain.cause, cause) && names(&chain.symptom, symptom);
                self.chains.iter().filter(leads).map(within).max()
            }
        };
        Some(micros? as f64 / 1e6)
    }

    fn links(&self) -> &Table {
        self.links.0.get_or_init(|| {
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
            let ids = self.rules.iter().enumerate().map(|(at, rule)| (rule.id.clone(), at));
            Table { to: links, rules: ids.collect() }
        })
    }
}
