//! Removes snapshots and logs that are no longer needed (`PurgeTxnLog`).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jute::Limits;
use proto::Zxid;

use crate::names::zxid_of;
use crate::snapshot::{SnapshotReader, valid_snapshots};
use crate::vfs::Vfs;
use crate::{DataDirs, Error, NamedFile, Result, logs};

/// Java keeps at least this many.
const RETAIN_MIN: usize = 3;

/// A file that was removed, or should have been.
#[derive(Debug)]
pub struct Removed {
    /// The file.
    pub path: PathBuf,
    /// Time of its last change, ms since 1970.
    pub modified_ms: i64,
    /// Why it is still there.
    pub failure: Option<io::Error>,
}

impl Removed {
    /// Java's line about it, without its end: `Removing file: Nov 23, 2025, 12:10:05 AM<TAB>path`.
    pub fn line(&self, utc_offset_s: i32) -> String {
        let date = JavaDate(self.modified_ms.div_euclid(1000) + i64::from(utc_offset_s));
        format!("Removing file: {date}\t{}", self.path.display())
    }
}

/// Keeps the newest `retain` valid snapshots and every log that they need; removes what is older.
///
/// The oldest snapshot kept is read to its end first: everything older hangs on it. If it is
/// damaged the next older one takes its place, and if none can be read nothing is removed
/// (invariant D7). A file that cannot be removed does not end the purge.
pub fn purge(
    vfs: &dyn Vfs,
    dirs: &DataDirs,
    retain: usize,
    limits: Limits,
) -> Result<Vec<Removed>> {
    if retain < RETAIN_MIN {
        return Err(Error::RetainCountTooSmall);
    }
    let (snap_dir, log_dir) = (dirs.snap_dir(), dirs.log_dir());
    let snapshots = valid_snapshots(vfs, &snap_dir)?;
    let Some(limit) = oldest_needed(vfs, &snapshots, retain, limits) else {
        return Ok(Vec::new());
    };
    // The log that starts at or before the limit may reach beyond it.
    let spanning = logs(vfs, &log_dir)?.into_iter().rfind(|log| log.zxid <= limit);
    let first_log = spanning.map_or(limit, |log| log.zxid);
    let mut removed = remove_below(vfs, &log_dir, "log", first_log)?;
    removed.extend(remove_below(vfs, &snap_dir, "snapshot", limit)?);
    for dir in [&log_dir, &snap_dir] {
        vfs.sync_dir(dir).map_err(Error::io("sync", dir))?;
    }
    Ok(removed)
}

fn oldest_needed(
    vfs: &dyn Vfs,
    valid: &[NamedFile],
    retain: usize,
    limits: Limits,
) -> Option<Zxid> {
    let newest_first = valid.iter().rev();
    let from = retain.min(valid.len()).saturating_sub(1);
    let reads = |file: &&NamedFile| {
        SnapshotReader::open(vfs, &file.path, limits).and_then(SnapshotReader::finish).is_ok()
    };
    newest_first.skip(from).find(reads).map(|file| file.zxid)
}

fn remove_below(vfs: &dyn Vfs, dir: &Path, prefix: &str, limit: Zxid) -> Result<Vec<Removed>> {
    let entries = vfs.list(dir).map_err(Error::io("list", dir))?;
    let old = |name: &str| zxid_of(name, prefix).is_some_and(|zxid| zxid < limit);
    let old = entries.into_iter().filter(|entry| !entry.is_dir && old(&entry.name));
    let remove = |entry: crate::vfs::Entry| {
        let path = dir.join(&entry.name);
        let failure = vfs.remove(&path).err();
        Removed { path, modified_ms: entry.modified_ms, failure }
    };
    Ok(old.map(remove).collect())
}

/// Seconds since 1970 as `DateFormat.getDateTimeInstance()` shows them in English.
struct JavaDate(i64);

impl fmt::Display for JavaDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (days, second) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let half = if hour < 12 { "AM" } else { "PM" };
        let hour = (hour + 11) % 12 + 1;
        let month = MONTHS[month - 1];
        write!(f, "{month} {day}, {year}, {hour}:{minute:02}:{second:02} {half}")
    }
}

/// Year, month (1 to 12) and day of a day since 1970 (Howard Hinnant's algorithm: years that
/// start in March put the leap day last).
fn civil_from_days(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as usize, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_java_prints_them() {
        assert_eq!(JavaDate(0).to_string(), "Jan 1, 1970, 12:00:00 AM");
        assert_eq!(JavaDate(1_709_210_096).to_string(), "Feb 29, 2024, 12:34:56 PM");
        assert_eq!(JavaDate(1_763_856_605).to_string(), "Nov 23, 2025, 12:10:05 AM");
    }
}
