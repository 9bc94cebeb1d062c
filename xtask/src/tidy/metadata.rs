use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A package as `cargo metadata` tells it.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression.
    pub license: Option<String>,
    /// Where it comes from; none for our own.
    pub source: Option<String>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

impl Package {
    /// Whether it is part of this workspace.
    pub fn is_ours(&self) -> bool {
        self.source.is_none()
    }
}

/// One line below `[dependencies]`.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// `dev`, `build` or none.
    pub kind: Option<String>,
}

impl Dependency {
    /// Whether the crate itself needs it, not only its tests.
    pub fn is_normal(&self) -> bool {
        self.kind.as_deref() != Some("dev")
    }
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// All packages of the lock file.
pub fn read(root: &Path) -> Result<Vec<Package>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.packages)
}
