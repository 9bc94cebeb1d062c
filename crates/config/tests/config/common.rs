//! A directory with a `zoo.cfg` and what it refers to.

use std::fs;
use std::path::PathBuf;

use config::{Config, Error, SystemProperties};
use tempfile::TempDir;

/// The files of one server. `%` in a written text stands for its directory.
pub struct Server {
    root: TempDir,
}

impl Server {
    pub fn new() -> Self {
        Self { root: TempDir::new().expect("temporary directory") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let text = text.replace('%', &self.root.path().display().to_string());
        fs::write(self.path(name), text).expect("writable");
    }

    /// Loads `text` as it stands, with these `-D` words.
    pub fn load_raw(&self, text: &str, words: &[&str]) -> Result<Config, Error> {
        self.write("zoo.cfg", text);
        let properties = SystemProperties::new(None, None, words.iter().copied());
        Config::from_file(self.path("zoo.cfg"), &properties)
    }

    /// Loads a `dataDir` line and `text`.
    pub fn load(&self, text: &str) -> Result<Config, Error> {
        self.load_raw(&format!("dataDir=%\n{text}"), &[])
    }

    /// Loads a `dataDir` line only, with these `-D` words.
    pub fn load_with(&self, words: &[&str]) -> Result<Config, Error> {
        self.load_raw("dataDir=%\n", words)
    }
}

/// The configuration, or a failure that shows the error's text.
#[track_caller]
pub fn loaded(result: Result<Config, Error>) -> Config {
    result.unwrap_or_else(|error| panic!("{error}"))
}
