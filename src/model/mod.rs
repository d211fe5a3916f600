//! The words every other room speaks: patterns, levels, positions, clocks. Imports nothing of ours.

mod clock;
mod hash;
mod level;
mod pattern;
mod position;
mod severity;

pub use clock::{Clock, FakeClock, RealClock};
pub use hash::Fnv;
pub use level::Level;
pub use pattern::Pattern;
pub use position::Position;
pub use severity::Severity;
