//! Servers inside the test's own process.
#![allow(dead_code, reason = "each test program uses its part")]

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use config::{Config, SystemProperties};
use server::{Server, Version};
use tempfile::TempDir;
use testkit::client::{Client, Hello};

/// A server and its folder. Dropping it stops the server.
pub struct Running {
    server: Option<Server>,
    folder: TempDir,
    config: String,
    flags: String,
}

impl Running {
    /// A server with these lines in its configuration and these `-D` flags.
    pub fn start(lines: &[&str], flags: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = String::new();
        writeln!(config, "dataDir={}", folder.path().join("data").display()).unwrap();
        config += "clientPort=0\nclientPortAddress=127.0.0.1\ntickTime=200\n";
        config += "4lw.commands.whitelist=*\npreAllocSize=64\n";
        lines.iter().for_each(|line| writeln!(config, "{line}").unwrap());
        let mut running = Running { server: None, folder, config, flags: flags.to_owned() };
        running.start_again();
        running
    }

    pub fn start_again(&mut self) {
        let path = self.folder.path().join("zoo.cfg");
        std::fs::write(&path, &self.config).unwrap();
        let properties = SystemProperties::new(Some(&self.flags), None, []);
        let config = Config::from_file(&path, &properties).unwrap();
        let version = Version { name: "3.9.5-test".into(), built: "2026-11-23 00:00 UTC".into() };
        let server = Server::start(config, version, |failure| panic!("{failure}"));
        self.server = Some(server.unwrap());
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address(), &Hello::default()).unwrap()
    }

    pub fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    /// Sends bytes and gives everything that comes back until the server closes.
    pub fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let mut socket = self.socket();
        socket.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // A reset is a way of closing, too.
        let _ = socket.read_to_end(&mut answer);
        answer
    }

    pub fn word(&self, word: &str) -> String {
        String::from_utf8(self.exchange(word.as_bytes())).unwrap()
    }

    /// The value of a line `key=value`, `key: value` or `key<TAB>value` in the answer of a word.
    pub fn value(&self, word: &str, key: &str) -> String {
        let answer = self.word(word);
        let line = answer.lines().find_map(|line| line.strip_prefix(key));
        let line = line.unwrap_or_else(|| panic!("no {key} in {answer}"));
        line.trim_start_matches([':', '=', '\t', ' ']).to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until something is so.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
