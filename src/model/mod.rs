//! The words every other room speaks: patterns, levels, positions. Imports nothing of ours.

mod clock;
mod level;
mod pattern;
mod position;
mod severity;

pub use clock::{Clock, FakeClock, RealClock};
pub use level::Level;
pub use pattern::Pattern;
pub use position::Position;
pub use severity::Severity;
