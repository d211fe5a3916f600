//! Writes a log made from a seed to standard output: `make-log healthy|crash-loop MIB [SEED]`.

use std::io::{self, BufWriter, Write};

#[path = "../benches/corpus.rs"]
mod corpus;

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_else(|| "healthy".to_owned());
    let mib: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let seed: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    match kind.as_str() {
        "crash-loop" => corpus::write_crash_loop(&mut out, seed, mib << 20)?,
        _ => corpus::write_healthy(&mut out, seed, mib << 20)?,
    }
    out.flush()
}
