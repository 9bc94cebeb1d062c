//! Writes the first inputs of every fuzz target: `fuzz_seeds <folder>`, a folder per target in it.

use std::path::PathBuf;
use std::{env, fs, io};

use testkit::fuzz::TARGETS;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "corpus".to_owned()));
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(())
}
