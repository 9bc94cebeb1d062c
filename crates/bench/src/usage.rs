//! CPU time and memory of a process, from `/proc`.

use std::fs;
use std::io;

use crate::Error;

/// `/proc` counts CPU time in ticks of 1/100 s.
const TICK_US: u64 = 10_000;

/// What a process used at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time since its start, microseconds.
    pub cpu_us: u64,
    /// Resident memory, bytes.
    pub rss_bytes: u64,
}

impl Usage {
    /// The usage of a process now.
    pub fn of(pid: u32) -> Result<Self, Error> {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{pid}/{file}"))
                .map_err(|source| Error::Usage { pid, source })
        };
        let form = || io::Error::new(io::ErrorKind::InvalidData, "/proc has another form here");
        parse(&read("stat")?, &read("status")?).ok_or_else(|| Error::Usage { pid, source: form() })
    }

    /// The sum over processes.
    pub fn of_all(pids: &[u32]) -> Result<Self, Error> {
        let mut sum = Usage::default();
        for pid in pids {
            let usage = Usage::of(*pid)?;
            sum.cpu_us += usage.cpu_us;
            sum.rss_bytes += usage.rss_bytes;
        }
        Ok(sum)
    }
}

/// CPU time per operation between two moments, microseconds.
pub fn cpu_us_per_op(before: &Usage, after: &Usage, ops: u64) -> f64 {
    after.cpu_us.saturating_sub(before.cpu_us) as f64 / ops.max(1) as f64
}

fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The name is in parentheses and may hold blanks; fields count from behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let rss_kb = rss.and_then(|rss| rss.split_whitespace().next()?.parse::<u64>().ok());
    Some(Usage {
        cpu_us: (ticks(11)? + ticks(12)?) * TICK_US,
        rss_bytes: rss_kb.unwrap_or(0) * 1024,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 9 0 0 0 150 25 0 0 20 0 7 0 100 1 2";
        let usage = parse(stat, "VmRSS:\t    1024 kB\n");
        assert_eq!(usage, Some(Usage { cpu_us: 1_750_000, rss_bytes: 1 << 20 }));
        assert!(Usage::of(std::process::id()).unwrap().rss_bytes > 0);
    }
}
