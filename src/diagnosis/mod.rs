//! From matches to diagnoses: findings, incidents, runs, levels, the verdict.

mod alone;
mod baseline;
mod daemon;
mod decision;
mod evidence;
mod finding;
mod fingerprint;
mod incident;
mod join;
mod record;
mod rhythm;
mod run;
mod signs;
mod tail;

pub use alone::alone;
pub use baseline::{Baseline, Known};
pub use decision::{Cause, Decision, End};
pub use evidence::{Line, lines_before};
pub use finding::{Finding, Kind};
pub use incident::{Incidents, LEAST_OF_A_VERDICT, Mention, Names, Whole};
pub use join::{Death, Halt, Halted, Life, Pause, Told, join};
pub use record::{ChainLink, Diagnosis, Evidence, Exception, Fix, OwnFrame, Standing};
pub use rhythm::longest_pause;
pub use run::{Ended, NEWEST_FIRST, Run, Runs, TAIL_ITEMS, said_in};
pub use signs::{Between, Said, Sample, Stretch, telling};
