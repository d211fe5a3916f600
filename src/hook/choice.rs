//! Which diagnoses a hook acts on, and what an incident is about.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::policy::STALE;
use super::{Hook, Kind};
use crate::diagnosis::{Diagnosis, LEAST_OF_A_VERDICT};
use crate::model::{Level, Pattern};

/// What a hook acts on: a pattern, or one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// All rules of a pattern; of those that the default names, only what a restart can mend.
    Pattern(Pattern),
    /// The rule of this id, whatever a restart does for it.
    Rule(String),
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            None => text.parse().map(Selector::Pattern),
            Some((pattern, name)) if !name.is_empty() => {
                pattern.parse::<Pattern>().map(|_| Selector::Rule(text.to_owned()))
            }
            Some(_) => {
                Err(format!("`{text}` is neither a pattern nor a rule; rules are `pattern/name`"))
            }
        }
    }
}

/// Whether a hook acts on a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// It does.
    Acts,
    /// It is not its business.
    Passes,
    /// It would, but this is nothing that a restart mends.
    BeyondRestart,
}

/// Whether `hook` acts on `diagnosis`, whose level counts as `level`.
pub(super) fn choose(
    hook: &Hook,
    diagnosis: &Diagnosis,
    level: Level,
    beyond_restart: &BTreeSet<String>,
) -> Choice {
    if level < hook.level {
        return Choice::Passes;
    }
    if hook
        .patterns
        .iter()
        .any(|chosen| matches!(chosen, Selector::Rule(rule) if *rule == diagnosis.rule))
    {
        return Choice::Acts;
    }
    if !hook.patterns.contains(&Selector::Pattern(diagnosis.pattern)) {
        return Choice::Passes;
    }
    match hook.kind {
        Kind::Notify => Choice::Acts,
        // What is too weak for a verdict is too weak to act on.
        Kind::Repair if diagnosis.confidence < LEAST_OF_A_VERDICT => Choice::Passes,
        Kind::Repair if beyond_restart.contains(&diagnosis.rule) => Choice::BeyondRestart,
        Kind::Repair => Choice::Acts,
    }
}

/// What a diagnosis is about within its pattern, so that one trouble in many words is one incident: the
/// package, the exchange or host, the rule, or the bot as a whole.
pub fn subject(diagnosis: &Diagnosis) -> String {
    let capture =
        |names: &[&str]| names.iter().find_map(|name| diagnosis.captures.get(*name)).cloned();
    match diagnosis.pattern {
        Pattern::Dependencies => capture(&["package"])
            .or_else(|| {
                let module = diagnosis.captures.get("module")?;
                module.split('.').next().map(str::to_owned)
            })
            .or_else(|| capture(&["library", "name"]))
            .unwrap_or_else(|| diagnosis.fingerprint.clone()),
        Pattern::Network | Pattern::RateLimit | Pattern::Credentials => {
            capture(&["exchange", "host"]).unwrap_or_default()
        }
        Pattern::Memory => String::new(),
        Pattern::System => diagnosis.rule.clone(),
        Pattern::Payload | Pattern::Other => diagnosis.fingerprint.clone(),
    }
}

/// Whether an event is too old to be acted on. `unread_for` is the longest that it can have lain unread;
/// where that is short it is fresh whatever it says of its own time, because clocks of logs are often
/// off by hours and zones by more. `zone` is that of times which carry none.
pub(super) fn is_stale(
    diagnosis: &Diagnosis,
    unread_for: Duration,
    now: SystemTime,
    zone: Option<&TimeZone>,
) -> bool {
    if unread_for <= STALE {
        return false;
    }
    let written = diagnosis.last.time.as_deref().and_then(|time| written(time, zone));
    let age = written.and_then(|written| now.duration_since(written).ok());
    // Without a time it may be as old as it can be; a time that lies ahead is a clock that is off.
    match (written, age) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(_), Some(age)) => age > STALE,
    }
}

fn written(time: &str, zone: Option<&TimeZone>) -> Option<SystemTime> {
    if let Ok(timestamp) = time.parse::<Timestamp>() {
        return Some(timestamp.into());
    }
    let civil: DateTime = time.parse().ok()?;
    let zone = zone.cloned().unwrap_or_else(TimeZone::system);
    civil.to_zoned(zone).ok().map(|zoned| zoned.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::sample;

    #[test]
    fn by_default_what_a_restart_can_mend() {
        let hook = Hook::new(Kind::Repair, Vec::new());
        let beyond = BTreeSet::from(["system/disk-full".to_owned()]);
        for (pattern, rule, level, expected) in [
            (Pattern::Network, "network/dns", Level::Fatal, Choice::Acts),
            (Pattern::Memory, "memory/killed", Level::Fatal, Choice::Acts),
            (Pattern::System, "system/segmentation-fault", Level::Fatal, Choice::Acts),
            (Pattern::System, "system/disk-full", Level::Fatal, Choice::BeyondRestart),
            (Pattern::Network, "network/dns", Level::Error, Choice::Passes),
            (Pattern::Dependencies, "dependencies/module-not-found", Level::Fatal, Choice::Passes),
            (Pattern::Credentials, "credentials/invalid-key", Level::Fatal, Choice::Passes),
            (Pattern::RateLimit, "rate-limit/banned", Level::Fatal, Choice::Passes),
            (Pattern::Payload, "payload/missing-key", Level::Fatal, Choice::Passes),
            (Pattern::Other, "other/uncaught-exception", Level::Fatal, Choice::Passes),
        ] {
            let diagnosis = Diagnosis { level, ..sample::diagnosis(pattern, rule, &[]) };
            assert_eq!(
                choose(&hook, &diagnosis, diagnosis.level, &beyond),
                expected,
                "{rule} {level}"
            );
        }
        let weak = Diagnosis {
            confidence: 0.4,
            ..sample::diagnosis(Pattern::Network, "network/dns", &[])
        };
        assert_eq!(choose(&hook, &weak, weak.level, &beyond), Choice::Passes);
    }

    #[test]
    fn what_is_named_is_acted_on() {
        let mut hook = Hook::new(Kind::Repair, Vec::new());
        hook.patterns =
            ["system", "system/disk-full", "dependencies"].map(|text| text.parse().unwrap()).into();
        let beyond = BTreeSet::from([
            "system/disk-full".to_owned(),
            "system/read-only-file-system".to_owned(),
        ]);
        let choice = |pattern, rule| {
            choose(&hook, &sample::diagnosis(pattern, rule, &[]), Level::Fatal, &beyond)
        };
        assert_eq!(choice(Pattern::System, "system/disk-full"), Choice::Acts);
        assert_eq!(choice(Pattern::System, "system/read-only-file-system"), Choice::BeyondRestart);
        assert_eq!(choice(Pattern::Dependencies, "dependencies/module-not-found"), Choice::Acts);
        assert_eq!(choice(Pattern::Network, "network/dns"), Choice::Passes);
        assert!("sytem".parse::<Selector>().is_err() && "system/".parse::<Selector>().is_err());
    }

    #[test]
    fn a_message_goes_out_for_every_pattern_from_error_up() {
        let hook = Hook::new(Kind::Notify, Vec::new());
        for pattern in Pattern::ALL {
            let told = |level| {
                let diagnosis =
                    Diagnosis { level, ..sample::diagnosis(pattern, "system/disk-full", &[]) };
                choose(&hook, &diagnosis, level, &BTreeSet::from(["system/disk-full".to_owned()]))
            };
            assert_eq!(told(Level::Fatal), Choice::Acts);
            assert_eq!(told(Level::Error), Choice::Acts);
            assert_eq!(told(Level::Warning), Choice::Passes);
        }
    }

    #[test]
    fn one_trouble_in_many_words_is_one_incident() {
        let about = |pattern, rule: &str, captures: &[(&str, &str)]| {
            subject(&sample::diagnosis(pattern, rule, captures))
        };
        let host = [("host", "api.binance.com")];
        assert_eq!(
            about(Pattern::Network, "network/dns", &host),
            about(Pattern::Network, "network/timeout", &host)
        );
        assert_ne!(
            about(Pattern::System, "system/a", &[]),
            about(Pattern::System, "system/b", &[])
        );
        let module = [("module", "web3.auto")];
        assert_eq!(about(Pattern::Dependencies, "dependencies/module-not-found", &module), "web3");
        let named = [("module", "cv2"), ("package", "opencv-python")];
        assert_eq!(
            about(Pattern::Dependencies, "dependencies/module-not-found", &named),
            "opencv-python"
        );
    }

    #[test]
    fn only_what_lay_unread_can_be_stale() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let stale = |unread, time: Option<&str>| {
            let mut diagnosis = sample::diagnosis(Pattern::Network, "network/dns", &[]);
            diagnosis.last.time = time.map(str::to_owned);
            is_stale(&diagnosis, unread, now, Some(&TimeZone::UTC))
        };
        // 1_700_000_000 is 2023-11-14T22:13:20Z.
        assert!(!stale(minutes(0), Some("2020-01-01T00:00:00")), "a log's clock may be wrong");
        assert!(!stale(minutes(5), None));
        assert!(stale(minutes(6), None));
        assert!(stale(minutes(60), Some("2023-11-14T22:08:00")));
        assert!(stale(minutes(60), Some("2023-11-14T23:08:00+01:00")));
        assert!(!stale(minutes(60), Some("2023-11-14T22:09:00Z")));
        assert!(!stale(minutes(60), Some("2023-11-14T22:09:00")));
        assert!(!stale(minutes(60), Some("2023-11-15T22:09:00")));
    }
}
