//! Hostile text made harmless: secrets redacted, control characters made visible, every bound in one place.

pub mod escape;
pub mod limits;
pub mod redact;
