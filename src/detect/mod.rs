//! Finds rules in events: literals → candidates ([`prefilter`]), then proof ([`confirm`]).

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
