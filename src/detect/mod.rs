//! Finds rules in events: literals → candidates (`prefilter.rs`), then proof (`confirm.rs`).

mod captures;
mod codes;
mod confirm;
mod coverage;
pub mod examples;
mod gates;
mod literals;
mod prefilter;
mod subject;

pub use captures::take;
pub use confirm::{Match, Matcher};
pub use prefilter::{Candidate, Prefilter};
pub use subject::{Inline, Parsed, Subject, Which};
