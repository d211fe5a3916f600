//! Reads and checks the built-in rules, so that a start of the program need not: `rules/**/*.toml` →
//! `$OUT_DIR/{rules,prose,packages,literals}.bin`. A rule that is refused fails the build, with its place.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[allow(dead_code, unreachable_pub, missing_docs, unused_imports)]
#[path = "src/model/mod.rs"]
mod model;

/// The room of rules as the program has it, without the part that holds the digest made here.
#[allow(dead_code, unreachable_pub, missing_docs)]
#[path = "src/rules"]
mod rules {
    mod check;
    mod classes;
    mod complaint;
    pub mod digest;
    mod exchanges;
    mod fill;
    mod lazy;
    mod links;
    mod needed;
    mod packages;
    mod read;
    mod rule;
    mod schema;
    mod series;

    pub use classes::Classes;
    pub use complaint::Complaint;
    pub use exchanges::{CodeContext, CodeExample, Exchange, ExchangeError, Exchanges};
    use fill::Template;
    pub use lazy::LazyRegex;
    use packages::Packages;
    pub use rule::{
        Basis, Effect, Example, FixText, Guide, Mark, MarkKind, On, Rule, RuleSet, When,
    };
    use series::{Chain, Series};
}

/// What is searched for, and the table of the filter.
#[allow(dead_code, unreachable_pub, missing_docs)]
#[path = "src/detect"]
mod detect {
    mod gates;
    pub mod literals;
    mod weigh;
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rules");
    println!("cargo::rerun-if-changed=src/model");
    println!("cargo::rerun-if-changed=src/detect");
    let mut paths = Vec::new();
    collect(Path::new("rules"), &mut paths)?;
    paths.sort();
    let texts = paths.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
    let files = paths.iter().map(PathBuf::as_path).zip(texts.iter().map(String::as_str));
    let digest = match rules::digest::write(files) {
        Ok(digest) => digest,
        Err(complaints) => {
            for complaint in complaints {
                println!("cargo::error={complaint}");
            }
            return Ok(());
        }
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(out.join("rules.bin"), digest.rules)?;
    fs::write(out.join("prose.bin"), digest.prose)?;
    fs::write(out.join("packages.bin"), digest.packages)?;
    let literals = detect::literals::Literals::of(&digest.set);
    let bytes = postcard::to_allocvec(&literals).map_err(io::Error::other)?;
    fs::write(out.join("literals.bin"), bytes)
}

/// Every `*.toml` of a folder and the folders in it.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    Ok(())
}
