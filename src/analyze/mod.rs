//! Turns the crank: sources through detection to a report.
