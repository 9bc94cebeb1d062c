use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use storage::vfs::OsVfs;
use storage::{DataDirs, purge};

/// The least number of snapshots that Java keeps.
const COUNT_MIN: i32 = 3;
const USAGE: &str = "Usage:
PurgeTxnLog dataLogDir [snapDir] -n count
\tdataLogDir -- path to the txn log directory
\tsnapDir -- path to the snapshot directory
\tcount -- the number of old snaps/logs you want to keep, value should be greater than or equal to 3";

/// Removes old snapshots and logs (`PurgeTxnLog`).
#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// dataLogDir [snapDir] -n count
    #[arg(allow_hyphen_values = true, trailing_var_arg = true, value_name = "WORD")]
    words: Vec<String>,
}

impl Purge {
    pub(crate) fn run(&self) -> ExitCode {
        let Some((dirs, retain)) = self.parse() else {
            println!("{USAGE}");
            return ExitCode::FAILURE;
        };
        match purge(&OsVfs, &dirs, retain, jute::Limits::default()) {
            Ok(removed) => {
                for file in removed {
                    println!("{}", file.line(utc_offset_s(file.modified_ms)));
                    if file.failure.is_some() {
                        eprintln!("Failed to remove {}", file.path.display());
                    }
                }
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    /// The directories and the count; `None`, after saying why, when they make no sense.
    fn parse(&self) -> Option<(DataDirs, usize)> {
        let (log_dir, snap_dir, option, count) = match self.words.as_slice() {
            [log_dir, option, count] => (log_dir, log_dir, option, count),
            [log_dir, snap_dir, option, count] => (log_dir, snap_dir, option, count),
            _ => return None,
        };
        let (data_log_dir, data_dir) = (existing(log_dir)?, existing(snap_dir)?);
        let count = parse_count(count)?;
        (option == "-n").then_some((DataDirs { data_dir, data_log_dir }, count))
    }
}

fn existing(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    if path.exists() {
        return Some(path.to_owned());
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    eprintln!("Path '{}' does not exist. ", absolute.display());
    None
}

fn parse_count(text: &str) -> Option<usize> {
    match text.parse::<i32>() {
        Ok(count) if count < COUNT_MIN => {
            eprintln!("count should be greater than or equal to 3");
            None
        }
        Ok(count) => usize::try_from(count).ok(),
        Err(_) => {
            eprintln!("'{text}' can not be parsed to integer.");
            None
        }
    }
}

fn utc_offset_s(wall_ms: i64) -> i32 {
    let time = Timestamp::from_millisecond(wall_ms).unwrap_or_default();
    TimeZone::system().to_offset(time).seconds()
}
