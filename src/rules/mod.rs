//! Detection rules: TOML as written, checked, and filled in.
