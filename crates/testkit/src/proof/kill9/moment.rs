//! When the server is killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::oracle::rng::Rng;
use crate::proof::Error;

/// A moment to kill at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// After this time under load.
    After(Duration),
    /// This long after a snapshot was begun.
    Snapshot { delay: Duration, at_latest: Duration },
    /// This long after a new log was begun.
    NewLog { delay: Duration, at_latest: Duration },
}

/// Before this nothing much can have happened.
const LOAD_MIN: Duration = Duration::from_millis(50);
/// A file is followed by a kill within this time.
const DELAY_MAX_US: usize = 5000;

impl Moment {
    pub(super) fn draw(rng: &mut Rng, load_max: Duration) -> Self {
        let delay = Duration::from_micros(rng.below(DELAY_MAX_US) as u64);
        let span_us = load_max.saturating_sub(LOAD_MIN).as_micros() as usize;
        let after = LOAD_MIN + Duration::from_micros(rng.below(span_us) as u64);
        match rng.below(4) {
            0 | 1 => Moment::After(after),
            2 => Moment::Snapshot { delay, at_latest: load_max },
            _ => Moment::NewLog { delay, at_latest: load_max },
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Moment::After(_) => "any",
            Moment::Snapshot { .. } => "snapshot",
            Moment::NewLog { .. } => "new log",
        }
    }

    /// Whether something may be asked of the server between the moment and the kill.
    pub(super) fn is_unhurried(self) -> bool {
        matches!(self, Moment::After(_))
    }

    /// Returns when it has come.
    pub(super) fn wait(self, data_dir: &Path) {
        match self {
            Moment::After(time) => thread::sleep(time),
            Moment::Snapshot { delay, at_latest } => {
                wait_for_file(data_dir, "snapshot", at_latest);
                thread::sleep(delay);
            }
            Moment::NewLog { delay, at_latest } => {
                wait_for_file(data_dir, "log.", at_latest);
                thread::sleep(delay);
            }
        }
    }
}

/// Waits for a new file whose name has `part` in it, but not for the first one: that comes with
/// the start.
fn wait_for_file(data_dir: &Path, part: &str, at_latest: Duration) {
    let begun = Instant::now();
    thread::sleep(LOAD_MIN * 4);
    let known = names(data_dir);
    let is_new = |name: &String| name.contains(part) && !known.contains(name);
    while begun.elapsed() < at_latest && !names(data_dir).iter().any(is_new) {
        thread::sleep(Duration::from_micros(200));
    }
}

fn names(data_dir: &Path) -> BTreeSet<String> {
    // A folder that cannot be read just now has no new file: the time limit ends the waiting.
    let entries = fs::read_dir(data_dir.join("version-2")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Whether a file is there that is neither a log nor a finished snapshot.
pub(super) fn has_unfinished(data_dir: &Path) -> Result<bool, Error> {
    let dir = data_dir.join("version-2");
    fs::metadata(&dir).map_err(Error::file(&dir))?;
    let is_finished = |name: &String| name.starts_with("log.") || name.starts_with("snapshot.");
    Ok(!names(data_dir).iter().all(is_finished))
}
