//! Several hosts lost at once: it is not they who went, but the network or the name server of the machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Coming, Moment, Sign};
use crate::model::Level;

const RULE: &str = "network/offline";

/// The rules of errors that say that a host was not even found or reached.
const UNREACHED: [&str; 3] = ["network/dns", "network/no-route", "network/unreachable"];

/// Hosts that are lost within this, in seconds, are lost at once. As long as it goes on it is told anew so
/// often, so that what follows finds its cause near.
const AT_ONCE: f64 = 60.0;

/// So many hosts are several.
const HOSTS: usize = 2;

/// Most errors that are remembered.
const REMEMBERED: usize = 64;

/// Follows which hosts could not be reached.
#[derive(Debug, Clone, Default)]
pub(super) struct Offline {
    /// When, which host, and the line that says so.
    recent: VecDeque<(f64, String, Moment)>,
    told: Option<f64>,
}

impl Offline {
    /// The loss of several hosts, where the error that comes now makes it one.
    pub(super) fn before(&mut self, coming: Coming<'_>) -> Option<Sign> {
        if !UNREACHED.contains(&coming.rule) {
            return None;
        }
        let seconds = coming.seconds?;
        let host = ["host", "exchange"].iter().find_map(|name| coming.captures.get(*name))?;
        self.recent.retain(|(at, ..)| (0.0..=AT_ONCE).contains(&(seconds - at)));
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((seconds, host.clone(), coming.moment.clone()));
        if self.told.is_some_and(|told| (0.0..AT_ONCE).contains(&(seconds - told))) {
            return None;
        }
        let hosts: BTreeSet<&str> = self.recent.iter().map(|(_, host, _)| host.as_str()).collect();
        if hosts.len() < HOSTS {
            return None;
        }
        let (since, _, first) = self.recent.front()?;
        self.told = Some(seconds);
        Some(Sign {
            rule: RULE,
            subject: "hosts".to_owned(),
            level: Level::Warning,
            count: 1,
            first: first.clone(),
            last: coming.moment.clone(),
            captures: BTreeMap::from([(
                "hosts".to_owned(),
                hosts.into_iter().collect::<Vec<_>>().join(", "),
            )]),
            says_most: true,
            causes_since: Some(*since),
        })
    }
}
