/// A running hash of a line's layout: which fields, in which order, between which separators.
///
/// Values never enter it, so every record of one writer has the same shape, and two writers in one file
/// that format their lines differently have different ones. It is FNV-1a taken a word at a time, the same in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape(u64);

impl Shape {
    /// A layout with nothing in it.
    pub(super) const EMPTY: Shape = Shape(0xcbf2_9ce4_8422_2325);

    /// Adds one piece of the layout.
    pub(super) fn add(&mut self, piece: u32) {
        self.0 = (self.0 ^ u64::from(piece)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(29);
    }

    /// The shape of `self` with all of `inner` behind it.
    pub(super) fn with(mut self, inner: u64) -> u64 {
        self.add(inner as u32);
        self.add((inner >> 32) as u32);
        self.0
    }

    /// The number given to callers.
    pub(super) fn value(self) -> u64 {
        self.0
    }
}
