use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;
use testkit::java::workspace_root;

use super::median;

/// Where the numbers come from.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Logical processors, shared by server and load generator.
    pub processors: usize,
    /// Memory, GiB.
    pub memory_gib: f64,
    /// Operating system and release.
    pub system: String,
    /// The Java runtime.
    pub java: String,
    /// Time of one fdatasync of 1 KiB appended to a file of the temporary folder, microseconds.
    pub fdatasync_us: f64,
    /// The commit that was measured.
    pub commit: String,
    /// The day, UTC.
    pub date: String,
}

impl Machine {
    /// This machine, now, with the speed of its disk.
    pub fn this() -> Result<Self> {
        let fdatasync_us = fdatasync_us().context("cannot time fdatasync")?;
        Ok(Machine { fdatasync_us, ..Machine::here() })
    }

    /// This machine, now, without a measurement.
    pub fn here() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory_kib: f64 = field(&meminfo, "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .unwrap_or(0.0);
        Machine {
            processor: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            processors: thread::available_parallelism().map_or(0, std::num::NonZero::get),
            memory_gib: (memory_kib / 1_048_576.0 * 10.0).round() / 10.0,
            system: system(),
            java: said(Command::new("java").arg("-version")),
            fdatasync_us: 0.0,
            commit: said(
                Command::new("git")
                    .args(["rev-parse", "--short", "HEAD"])
                    .current_dir(workspace_root()),
            ),
            date: said(Command::new("date").args(["-u", "+%Y-%m-%d"])),
        }
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

/// The kernel and its release, without the builder's suffix.
fn system() -> String {
    let text = said(Command::new("uname").arg("-sr"));
    text.split('-').next().unwrap_or_default().to_owned()
}

/// The first line that a command prints, on either stream.
fn said(command: &mut Command) -> String {
    let Ok(output) = command.output() else { return "unknown".into() };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or("unknown").to_owned()
}

fn fdatasync_us() -> std::io::Result<f64> {
    let path = std::env::temp_dir().join(format!("oxkeeper-fdatasync-{}", std::process::id()));
    let mut file = File::create(&path)?;
    let mut times_us = Vec::new();
    for _ in 0..200 {
        file.write_all(&[7; 1024])?;
        let start = Instant::now();
        file.sync_data()?;
        times_us.push(start.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(path)?;
    Ok(median(times_us).round())
}
