//! Reads a Python trading bot's log and tells what killed it, where in its code, and what to do now.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use wd_diagnose::analyze::{BatchOptions, Unobserved, batch};
//! use wd_diagnose::model::{Level, Pattern};
//! use wd_diagnose::rules::RuleOptions;
//! use wd_diagnose::safe::limits;
//!
//! let options = BatchOptions {
//!     since: None,
//!     until: None,
//!     patterns: Vec::new(),
//!     run: None,
//!     context: 0,
//!     redact: true,
//!     stopped: false,
//!     zone: None,
//!     source_root: None,
//!     threads: None,
//!     now: SystemTime::now(),
//!     rules: RuleOptions::default(),
//!     unpack_limit: limits::DECODED_BYTES,
//! };
//! let logs = ["fixtures/network/refused-ccxt.log".into()];
//! let outcome = batch::run(&logs, &options, &mut Unobserved)?;
//!
//! let verdict = outcome.report.verdict.expect("this bot crashed");
//! assert_eq!((verdict.pattern, verdict.level), (Pattern::Network, Level::Fatal));
//! assert_eq!(verdict.rule, "network/connection-refused");
//! let frame = verdict.exception.and_then(|exception| exception.frame).expect("a traceback was logged");
//! assert_eq!((frame.file.as_str(), frame.line), ("/home/trader/bot/grid_ccxt.py", Some(26)));
//! # Ok::<(), batch::Failure>(())
//! ```
//!
//! # The flow
//!
//! ```text
//! bytes ─► Source ─► Chunk ─► Candidate ─► Event ─► Parsed + Match ─► Finding ─► Incident, Run ─► Diagnosis ─► Report ─► writer
//! ```
//!
//! # The rooms
//!
//! A room imports only rooms above it.
//!
//! | room | holds |
//! | --- | --- |
//! | [`model`] | the words all others speak: patterns, levels, positions |
//! | [`safe`] | secrets, control characters, every bound |
//! | [`source`] | paths to chunks of bytes, however they are stored |
//! | [`traceback`] | Python tracebacks, from text alone |
//! | [`event`] | lines to records: formats, times, headers, which lines belong together |
//! | [`rules`] | rules as written and as checked |
//! | [`detect`] | candidates and proof: which rules hold on an event |
//! | [`diagnosis`] | what was found taken together: incidents, runs, levels |
//! | [`report`] | one report, one writer a format |
//! | [`hook`] | commands of the user's that run when a bot falls |
//! | [`analyze`] | turns the crank |
//! | [`cli`] | the command line |
//!
//! The project's `ARCHITECTURE.md` walks through it file by file.

pub mod analyze;
pub mod cli;
pub mod detect;
pub mod diagnosis;
pub mod event;
pub mod hook;
pub mod model;
pub mod report;
pub mod rules;
pub mod safe;
pub mod source;
pub mod traceback;
