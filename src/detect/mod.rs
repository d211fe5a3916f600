//! Finds rules in events: literals → candidates (`prefilter.rs`, `likely.rs`), then proof (`confirm.rs`,
//! condition by condition in `condition.rs`).

mod captures;
mod chain;
mod codes;
mod condition;
mod confirm;
mod coverage;
pub mod examples;
mod gates;
mod interpreter;
mod likely;
mod literals;
mod prefilter;
mod scan;
mod series;
mod subject;
mod weigh;

pub use captures::take;
pub use chain::{Cause, ChainTracker};
pub use confirm::{Confirmed, Heard, Match, Matcher};
pub use prefilter::{Candidate, Prefilter};
pub use series::{Fired, Moment, SeriesTracker, Step};
pub use subject::{Inline, Parsed, Subject, Which};
