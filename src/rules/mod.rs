//! Detection rules: TOML as written (`schema.rs`), read (`read.rs`) and checked (`check.rs`), kept in the
//! binary as a digest (`digest.rs`), and filled in (`fill.rs`). Knows what a rule is, not how it is
//! matched.
//!
//! `build.rs` compiles this room's files as well, all but `builtin.rs`: that is how the built-in rules
//! are read and checked when the program is built, and not at each start.

mod builtin;
mod check;
mod classes;
mod complaint;
mod digest;
pub mod docs;
mod exchanges;
mod fill;
mod lazy;
mod links;
mod needed;
mod packages;
mod read;
mod rule;
mod schema;
mod series;

use std::path::PathBuf;

pub use builtin::{load, load_whole};
pub use classes::{Classes, is_named, short};
pub use complaint::{Complaint, nearest, place};
pub use digest::{Digest, write as write_digest};
pub use exchanges::{CodeContext, CodeExample, Exchange, ExchangeError, Exchanges};
pub use fill::Template;
pub use lazy::{Anchors, LazyRegex};
pub use links::Link;
pub use packages::{Module, Packages};
pub use rule::{Basis, Effect, Example, FixText, Guide, Mark, MarkKind, On, Rule, RuleSet, When};
pub use series::{Chain, Series, SeriesKind, names_rule};

/// Where rules come from.
#[derive(Debug, Clone)]
pub struct RuleOptions {
    /// Files and folders of rules, beside or instead of the built-in ones.
    pub paths: Vec<PathBuf>,
    /// Whether the rules in the binary run.
    pub builtin: bool,
    /// Ids of rules that do not run.
    pub disabled: Vec<String>,
}

impl Default for RuleOptions {
    fn default() -> Self {
        RuleOptions { paths: Vec::new(), builtin: true, disabled: Vec::new() }
    }
}
