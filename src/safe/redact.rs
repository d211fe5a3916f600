//! Secrets out of text, before any sink sees it.
