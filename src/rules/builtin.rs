//! The rules in the binary.

/// Name and text of each built-in file, in the order in which they are read.
pub(super) const BUILTIN: &[(&str, &str)] = &[];
