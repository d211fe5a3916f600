//! Control, bidirectional and zero-width characters as visible text; HTML and XML escaping.
