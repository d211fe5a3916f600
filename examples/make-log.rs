//! Writes a log made from a seed to standard output: `make-log KIND MIB [SEED]`, KIND being `healthy`,
//! `crash-loop`, `errors`, `retries`, `json-errors`, or what healthy lines are wrapped in: `docker`, `cri`, `compose`,
//! `journal`, `json`.

use std::io::{self, BufWriter, Write};

#[path = "../benches/corpus.rs"]
mod corpus;

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_else(|| "healthy".to_owned());
    let mib: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let seed: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let wrapper = corpus::Wrapper::ALL.iter().find(|(name, _)| *name == kind);
    let noise = corpus::Noise::ALL.iter().find(|(name, _)| *name == kind);
    match (wrapper, noise) {
        (Some(&(_, wrapper)), _) => corpus::write_wrapped(&mut out, wrapper, seed, mib << 20)?,
        (_, Some(&(_, noise))) => corpus::write_noise(&mut out, noise, seed, mib << 20)?,
        _ if kind == "crash-loop" => corpus::write_crash_loop(&mut out, seed, mib << 20)?,
        _ => corpus::write_healthy(&mut out, seed, mib << 20)?,
    }
    out.flush()
}
