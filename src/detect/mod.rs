//! Finds rules in events: literals → candidates (`prefilter.rs`), then proof (`confirm.rs`).

mod captures;
mod codes;
mod confirm;
mod coverage;
pub mod examples;
mod gates;
mod prefilter;
mod subject;

pub use confirm::{Match, Matcher};
pub use prefilter::{Candidate, Literal, Prefilter, Then};
pub use subject::{Inline, Parsed, Subject, Which};
