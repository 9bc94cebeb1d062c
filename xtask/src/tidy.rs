//! `cargo xtask tidy`: rules that the compiler does not check.

mod layers;
mod licences;
mod metadata;
mod sources;

use std::process::ExitCode;

use anyhow::Result;
use testkit::java::workspace_root;

/// Checks all rules and prints every breach; exit code 1 when there is one.
pub fn run() -> Result<ExitCode> {
    let root = workspace_root();
    let packages = metadata::read(&root)?;
    let mut breaches = layers::check(&packages);
    breaches.extend(licences::check(&packages));
    breaches.extend(sources::check(&root)?);
    breaches.extend(crate::docs::check(&root));
    for breach in &breaches {
        println!("tidy: {breach}");
    }
    if breaches.is_empty() {
        println!("tidy: {} packages, no breach", packages.len());
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
