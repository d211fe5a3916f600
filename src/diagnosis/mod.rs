//! From matches to diagnoses: findings, incidents, runs, levels, the verdict.

mod evidence;
mod finding;
mod fingerprint;
mod incident;
mod record;
mod rhythm;
mod run;
mod tail;

pub use evidence::{Line, lines_before};
pub use finding::{Finding, Kind};
pub use incident::{Incidents, LEAST_OF_A_VERDICT, Mention, Names};
pub use record::{ChainLink, Diagnosis, Evidence, Exception, Fix, OwnFrame};
pub use run::{End, Run, Runs};
