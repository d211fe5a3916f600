//! Finds rules in events: literals → candidates (`prefilter.rs`), then proof (`confirm.rs`).

mod captures;
mod chain;
mod codes;
mod confirm;
mod coverage;
pub mod examples;
mod gates;
mod interpreter;
mod literals;
mod prefilter;
mod scan;
mod series;
mod subject;
mod weigh;

pub use captures::take;
pub use chain::{Cause, ChainTracker};
pub use confirm::{Confirmed, Match, Matcher};
pub use prefilter::{Candidate, Prefilter};
pub use series::{Fired, Moment, SeriesTracker, Step};
pub use subject::{Inline, Parsed, Subject, Which};
