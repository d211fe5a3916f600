//! Which event is the consequence of which: the nearest event of a declared cause before it.

use std::collections::{BTreeMap, VecDeque};

use super::series::{Moment, Window};
use crate::rules::RuleSet;

/// Events of one rule that are remembered: the last of each of so many values of the captures that chains
/// compare, so that one exchange does not hide another.
const REMEMBERED: usize = 8;

/// Follows the chains of a source. `T` is what the caller wants to have back of an event.
#[derive(Debug, Clone)]
pub struct ChainTracker<T> {
    /// The last events of each rule that had any, oldest first.
    last: BTreeMap<usize, VecDeque<Seen<T>>>,
    order: u64,
}

impl<T> Default for ChainTracker<T> {
    fn default() -> Self {
        ChainTracker { last: BTreeMap::new(), order: 0 }
    }
}

#[derive(Debug, Clone)]
struct Seen<T> {
    moment: Moment,
    order: u64,
    captures: BTreeMap<String, String>,
    event: T,
}

/// The cause of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause<T> {
    /// Index of the chain in its [`RuleSet`].
    pub chain: usize,
    /// The event that is the cause.
    pub event: T,
}

impl<T: Clone + PartialEq> ChainTracker<T> {
    /// One more event, of the rule of that index, in the order of the log. Comes back with its cause: the
    /// nearest one, never one that `event` equals.
    pub fn see(
        &mut self,
        rules: &RuleSet,
        rule: usize,
        captures: &BTreeMap<String, String>,
        now: Moment,
        event: &T,
    ) -> Option<Cause<T>> {
        let mut cause: Option<(u64, Cause<T>)> = None;
        for link in rules.links_to(rule) {
            let chain = &rules.chains[link.chain];
            let window = Window { within: chain.within, lines: chain.lines };
            for seen in link.causes.iter().filter_map(|cause| self.last.get(cause)).flatten() {
                let is_same = |name: &String| match (seen.captures.get(name), captures.get(name)) {
                    (Some(one), Some(other)) => one == other,
                    _ => true,
                };
                if seen.event != *event
                    && cause.as_ref().is_none_or(|(order, _)| seen.order > *order)
                    && window.holds(seen.moment, now)
                    && chain.same.iter().all(is_same)
                {
                    let found = Cause { chain: link.chain, event: seen.event.clone() };
                    cause = Some((seen.order, found));
                }
            }
        }
        self.order += 1;
        let last = self.last.entry(rule).or_default();
        let compared = ["exchange", "host", "pid"];
        let is_like = |seen: &Seen<T>| {
            seen.event == *event
                && compared.iter().all(|name| seen.captures.get(*name) == captures.get(*name))
        };
        let known = last.iter().position(is_like).and_then(|known| last.remove(known));
        let captures = match known {
            // They are the same.
            Some(known) => known.captures,
            None => {
                if last.len() == REMEMBERED {
                    last.pop_front();
                }
                let named = compared.iter().filter_map(|name| captures.get_key_value(*name));
                named.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
        };
        last.push_back(Seen { moment: now, order: self.order, captures, event: event.clone() });
        cause.map(|(_, cause)| cause)
    }
}
