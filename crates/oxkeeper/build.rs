//! Writes down what was built and when, for `srvr`, `mntr` and `oxkeeper version`.

use std::process::Command;

/// For builds from an archive without history.
const NO_REVISION: &str = "release";
const NO_TIME: &str = "2026-11-23 00:00 UTC";

fn main() {
    let revision = git(&["rev-parse", "--short=10", "HEAD"]);
    let time = git(&["log", "-1", "--date=format-local:%Y-%m-%d %H:%M UTC", "--format=%cd"]);
    println!("cargo:rustc-env=OXKEEPER_REVISION={}", revision.as_deref().unwrap_or(NO_REVISION));
    println!("cargo:rustc-env=OXKEEPER_TIME={}", time.as_deref().unwrap_or(NO_TIME));
    println!("cargo:rerun-if-changed=../../.git/logs/HEAD");
    println!("cargo:rerun-if-changed=build.rs");
}

/// The output of git; `None` without git or without history.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).env("TZ", "UTC").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
