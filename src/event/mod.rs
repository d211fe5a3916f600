//! Lines to events: which format a line is in, its time, its header, and which lines make one record.

mod assemble;
mod format;
mod record;
mod stamp;

pub use assemble::{Assembled, Event, EventLine, assemble};
pub use format::Format;
pub use record::{Record, Severity};
pub use stamp::Stamp;
