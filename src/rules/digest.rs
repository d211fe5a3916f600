//! The built-in rules as a digest: written by `build.rs` when the program is built, read at each start.
//!
//! Three parts, because they are wanted at different times: what each run needs, what only the reader of
//! rules needs (`explain`, `rules list`, `rules test`), and the table of packages.

use std::collections::BTreeMap;
use std::mem::take;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::read::Reader;
use super::{CodeExample, Complaint, Example, Guide, Packages, RuleSet};
use crate::model::Pattern;

/// The bytes of each part.
#[derive(Debug)]
pub struct Digest {
    /// The rules without what is in `prose`.
    pub rules: Vec<u8>,
    /// Examples, sources, and what `explain` tells.
    pub prose: Vec<u8>,
    /// The table of packages.
    pub packages: Vec<u8>,
    /// What they were made of.
    pub set: RuleSet,
}

/// What is only read by people, and by tests. In the order of the set.
#[derive(Debug, Serialize, Deserialize)]
struct Prose {
    rules: Vec<About>,
    marks: Vec<About>,
    chains: Vec<About>,
    contexts: Vec<Vec<CodeExample>>,
    guides: BTreeMap<Pattern, Guide>,
}

#[derive(Debug, Serialize, Deserialize)]
struct About {
    source: Vec<String>,
    examples: Vec<Example>,
    near_misses: Vec<Example>,
}

/// Reads and checks rule files, given by path and text. The error holds every complaint.
pub fn write<'a>(
    files: impl Iterator<Item = (&'a Path, &'a str)>,
) -> Result<Digest, Vec<Complaint>> {
    let mut reader = Reader::default();
    for (path, text) in files {
        reader.read(&path.display().to_string(), text);
    }
    let mut set = reader.finish()?;
    let prose = Prose {
        rules: set
            .rules
            .iter_mut()
            .map(|rule| About {
                source: take(&mut rule.source),
                examples: take(&mut rule.examples),
                near_misses: take(&mut rule.near_misses),
            })
            .collect(),
        marks: set
            .marks
            .iter_mut()
            .map(|mark| About {
                source: take(&mut mark.source),
                examples: take(&mut mark.examples),
                near_misses: take(&mut mark.near_misses),
            })
            .collect(),
        chains: set
            .chains
            .iter_mut()
            .map(|chain| About {
                source: take(&mut chain.source),
                examples: take(&mut chain.examples),
                near_misses: take(&mut chain.near_misses),
            })
            .collect(),
        contexts: set
            .exchanges
            .contexts
            .iter_mut()
            .map(|context| take(&mut context.examples))
            .collect(),
        guides: take(&mut set.guides),
    };
    let bytes = |part: Result<Vec<u8>, postcard::Error>| {
        part.map_err(|error| {
            let what = format!("cannot be written into the digest: {error}");
            vec![Complaint { file: "rules".into(), line: 1, column: 1, what }]
        })
    };
    Ok(Digest {
        rules: bytes(postcard::to_allocvec(&set))?,
        prose: bytes(postcard::to_allocvec(&prose))?,
        packages: bytes(postcard::to_allocvec(set.packages.table()))?,
        set,
    })
}

/// The set of a digest, without its prose. A digest of another build gives an empty set.
pub(super) fn read(rules: &[u8], packages: &'static [u8]) -> RuleSet {
    let mut set: RuleSet = postcard::from_bytes(rules).unwrap_or_default();
    set.packages = Packages::of_digest(packages);
    set
}

/// Adds the prose to the set that was read from the same digest.
pub(super) fn add_prose(set: &mut RuleSet, prose: &[u8]) {
    let Ok(prose) = postcard::from_bytes::<Prose>(prose) else { return };
    for (rule, prose) in set.rules.iter_mut().zip(prose.rules) {
        rule.source = prose.source;
        rule.examples = prose.examples;
        rule.near_misses = prose.near_misses;
    }
    for (mark, prose) in set.marks.iter_mut().zip(prose.marks) {
        mark.source = prose.source;
        mark.examples = prose.examples;
        mark.near_misses = prose.near_misses;
    }
    for (chain, prose) in set.chains.iter_mut().zip(prose.chains) {
        chain.source = prose.source;
        chain.examples = prose.examples;
        chain.near_misses = prose.near_misses;
    }
    for (context, examples) in set.exchanges.contexts.iter_mut().zip(prose.contexts) {
        context.examples = examples;
    }
    set.guides = prose.guides;
}
