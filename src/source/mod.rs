//! From PATHs to chunks of bytes: what counts as a log, which files are one log, how they are decoded,
//! mapped or read. Callers see only [`Source`], [`Reader`] and [`Chunk`], never which of these it came from.

mod chunk;

pub use chunk::{Chunk, Place, Segment};
