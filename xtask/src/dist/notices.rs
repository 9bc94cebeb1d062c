//! The licence texts of the packages that are part of the program, which most of them ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

const INTRODUCTION: &str = "\
The program lib/oxkeeper contains the packages below. Each is named with its licence and the
texts that it comes with. Oxkeeper's own licence is in the file LICENSE.
";

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
}

/// All texts in one.
pub fn text(root: &Path) -> Result<String> {
    let packages = packages(root)?;
    let mut out = INTRODUCTION.to_owned();
    for name in linked(root)? {
        let Some(package) = packages.get(&name).filter(|package| package.source.is_some()) else {
            continue;
        };
        let licence = package.license.as_deref().unwrap_or("not named");
        let line = "-".repeat(78);
        let _ = write!(out, "\n{line}\n{name}: {licence}\n{line}\n");
        let folder = package.manifest_path.parent().unwrap_or(root);
        for file in licence_files(folder)? {
            let bytes =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let _ = write!(out, "\n{}\n", String::from_utf8_lossy(&bytes).trim_end());
        }
    }
    Ok(out)
}

/// Every package of the lock file, by `name version`.
fn packages(root: &Path) -> Result<BTreeMap<String, Package>> {
    let json = cargo(root, &["metadata", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_str(&json)?;
    let key = |package: &Package| format!("{} {}", package.name, package.version);
    Ok(metadata.packages.into_iter().map(|package| (key(&package), package)).collect())
}

/// What the program is linked from, as `name version`.
fn linked(root: &Path) -> Result<BTreeSet<String>> {
    let tree = cargo(root, &["tree", "-p", "oxkeeper", "-e", "normal", "--prefix", "none"])?;
    // A line is `name v1.2.3` and remarks.
    let words = tree.lines().map(|line| line.split_whitespace());
    let names = words.filter_map(|mut words| {
        let (name, version) = (words.next()?, words.next()?);
        Some(format!("{name} {}", version.strip_prefix('v')?))
    });
    Ok(names.collect())
}

fn licence_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let is_licence = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
        let known = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
        path.is_file() && known.iter().any(|start| name.starts_with(start))
    };
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_licence).collect();
    files.sort();
    Ok(files)
}

fn cargo(root: &Path, words: &[&str]) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(words)
        .current_dir(root)
        .output()
        .with_context(|| format!("cannot run cargo {}", words[0]))?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
