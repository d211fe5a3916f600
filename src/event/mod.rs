//! Lines to events: which format a line is in, its time, its header, and which lines make one record.

mod assemble;
mod clean;
mod export;
mod fields;
mod format;
mod header;
mod json;
mod lines;
mod logfmt;
mod record;
mod severity;
mod shape;
mod speaker;
mod stamp;
mod weave;
mod wrapper;

use crate::model::Severity;

pub use assemble::{Assembled, Event, EventLine, assemble, beginning, begins_alone};
pub use format::{Format, name_of};
pub use lines::{Reading, stamped_at};
pub use record::{Record, read_record};
pub use severity::{passes_over, spoken};
pub use speaker::Layout;
pub use stamp::{Alike, Stamp};
pub use weave::{Heard, Weave};
