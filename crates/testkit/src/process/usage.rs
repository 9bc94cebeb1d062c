//! What a process uses, read from `/proc` by pid.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::Error;

/// Memory and CPU time of a process at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Resident memory.
    pub rss_bytes: u64,
    /// The most resident memory it ever had.
    pub rss_peak_bytes: u64,
    /// CPU time in user mode since its start, all threads. Resolution 10 ms.
    pub cpu_user: Duration,
    /// CPU time in the kernel since its start, all threads. Resolution 10 ms.
    pub cpu_system: Duration,
    /// Threads it has now.
    pub threads: u64,
}

impl ProcessUsage {
    /// Reads the usage of a process.
    ///
    /// # Errors
    /// [`Error::File`] when there is no such process or no `/proc`, or it has another form.
    pub fn of(pid: u32) -> Result<Self, Error> {
        let status = read(pid, "status")?;
        let stat = read(pid, "stat")?;
        parse(&status, &stat).ok_or_else(|| Error::File {
            path: PathBuf::from(format!("/proc/{pid}/stat")),
            source: io::Error::new(io::ErrorKind::InvalidData, "not in the form of Linux"),
        })
    }

    /// CPU time since its start, user and kernel.
    pub fn cpu(&self) -> Duration {
        self.cpu_user + self.cpu_system
    }

    /// CPU time between two moments of one process.
    pub fn cpu_since(&self, earlier: &Self) -> Duration {
        self.cpu().saturating_sub(earlier.cpu())
    }
}

/// `/proc` counts CPU time in ticks of 1/100 s, whatever the kernel's own clock.
const TICK_MS: u64 = 10;

fn read(pid: u32, file: &str) -> Result<String, Error> {
    let path = PathBuf::from(format!("/proc/{pid}/{file}"));
    fs::read_to_string(&path).map_err(|source| Error::File { path, source })
}

fn parse(status: &str, stat: &str) -> Option<ProcessUsage> {
    // Fields are counted after the name, which is in parentheses and may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(ProcessUsage {
        // A zombie has no memory lines.
        rss_bytes: kilobytes(status, "VmRSS:").unwrap_or(0) * 1024,
        rss_peak_bytes: kilobytes(status, "VmHWM:").unwrap_or(0) * 1024,
        cpu_user: Duration::from_millis(ticks(11)? * TICK_MS),
        cpu_system: Duration::from_millis(ticks(12)? * TICK_MS),
        threads: ticks(17)?,
    })
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_a_name_with_blanks() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 9 0 0 0 150 25 0 0 20 0 7 0 100 1 2";
        let status = "Name:\ta ) b\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(
            parse(status, stat),
            Some(ProcessUsage {
                rss_bytes: 1 << 20,
                rss_peak_bytes: 2 << 20,
                cpu_user: Duration::from_millis(1500),
                cpu_system: Duration::from_millis(250),
                threads: 7,
            })
        );
    }
}
