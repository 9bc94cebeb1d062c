//! Text that people write: configuration and quotas.

use std::fs;
use std::path::PathBuf;

use config::{Config, Properties, SystemProperties};
use tempfile::TempDir;
use tree::quota::StatsTrack;

/// A file of properties. Keys are unique, and lines are those of the file.
pub fn properties(input: &[u8]) {
    let Ok(properties) = Properties::parse(input) else { return };
    let line_max = input.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for entry in properties.iter() {
        assert!(
            (1..=line_max).contains(&(entry.line as usize)),
            "line {} of {line_max}",
            entry.line
        );
        assert_eq!(properties.find(&entry.key), Some(entry), "a key twice");
    }
}

/// A `zoo.cfg`, and the same text as `-D` flags. Whatever is refused or noted has a text.
pub fn zoo_cfg(input: &[u8]) {
    thread_local! {
        static FOLDER: TempDir = tempfile::tempdir().expect("a folder for zoo.cfg can be made");
    }
    let path: PathBuf = FOLDER.with(|folder| folder.path().join("zoo.cfg"));
    fs::write(&path, input).expect("zoo.cfg can be written");
    let flags = String::from_utf8_lossy(input);
    let properties = SystemProperties::new(Some(&flags), None, []);
    match Config::from_file(&path, &properties) {
        Ok(config) => {
            assert!(config.tick_time_ms >= 1);
            assert!(config.min_session_timeout_ms <= config.max_session_timeout_ms);
            assert!(config.notes.iter().all(|note| !note.to_string().is_empty()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The data of a quota node. What was understood is written so that it is understood again.
pub fn quota(input: &[u8]) {
    let Ok(stats) = StatsTrack::parse(input) else { return };
    let text = stats.to_string();
    let again = StatsTrack::parse(text.as_bytes()).expect("our own text is understood");
    let numbers = |stats: &StatsTrack| {
        [stats.count(), stats.bytes(), stats.count_hard_limit(), stats.byte_hard_limit()]
    };
    assert_eq!(numbers(&again), numbers(&stats), "{text:?}");
}
