//! Lines to events: which format a line is in, its time, its header, and which lines make one record.

mod clean;
mod fields;
mod format;
mod header;
mod json;
mod logfmt;
mod record;
mod severity;
mod shape;
mod stamp;
mod wrapper;

pub use format::{Format, name_of};
pub use record::{Record, read_record};
pub use severity::Severity;
pub use stamp::Stamp;
