//! Finds rules in events: literals, then candidates, then proof.
