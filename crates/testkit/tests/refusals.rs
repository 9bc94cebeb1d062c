//! What the server must refuse to start on, how it says so, and that it touches nothing then.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use testkit::client::{Client, Hello};
use testkit::java::{ServerKind, ServerOptions, skip};
use testkit::process::{Error, Readiness};
use testkit::proof::files;

/// Exit codes of Apache's server.
const UNEXPECTED: i32 = 1;
const BAD_CONFIGURATION: i32 = 2;
const DATADIR_NOT_ACCESSIBLE: i32 = 3;

/// A dataDir with one snapshot, several logs behind it, and nobody on it.
struct DataDir {
    folder: tempfile::TempDir,
}

impl DataDir {
    /// `None`, and a word about it, when the program is not built.
    fn new(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path()).readiness(Readiness::Serving);
        let mut server = match options.start(ServerKind::Ox) {
            Ok(server) => server,
            Err(why @ Error::PeerMissing { .. }) => {
                skip(test, &why);
                return None;
            }
            Err(other) => panic!("{other}"),
        };
        let mut client = Client::connect(server.client_addr(), &Hello::default()).unwrap();
        for number in 0..100 {
            client.create(&format!("/n{number}"), &[b'x'; 500], 0).unwrap();
        }
        server.kill();
        let data_dir = DataDir { folder };
        assert!(data_dir.logs().len() > 2, "txnLogSizeLimitInKb makes several logs");
        Some(data_dir)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn logs(&self) -> Vec<PathBuf> {
        files::logs(self.path()).unwrap().into_iter().map(|log| log.path).collect()
    }

    fn snapshots(&self) -> Vec<PathBuf> {
        files::snapshots(self.path()).unwrap().into_iter().map(|file| file.path).collect()
    }

    /// All bytes of all logs and snapshots.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let paths = self.logs().into_iter().chain(self.snapshots());
        paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// The server must not start on it, say `texts`, and leave it as it is.
    #[track_caller]
    fn refused(&self, texts: &[&str]) {
        let before = self.contents();
        refused(&options(self.path()), UNEXPECTED, texts);
        assert!(before == self.contents(), "a refused start changed files");
    }
}

fn options(data_dir: &Path) -> ServerOptions {
    ServerOptions::new()
        .data_dir(data_dir)
        .config("txnLogSizeLimitInKb", 16)
        .property("zookeeper.preAllocSize", 64)
}

/// The server must end by itself with `code` and print every one of `texts`.
#[track_caller]
fn refused(options: &ServerOptions, code: i32, texts: &[&str]) {
    match options.start(ServerKind::Ox) {
        Err(Error::Exited { status, output, .. }) => {
            assert_eq!(status.code(), Some(code), "{output}");
            for text in texts {
                assert!(output.contains(text), "{text:?} is missing in:\n{output}");
            }
        }
        Err(why @ Error::PeerMissing { .. }) => skip("refusals", &why),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the server started"),
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn flip(path: &Path, offset: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset as usize] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_in_the_middle_of_a_log() {
    let Some(data_dir) = DataDir::new("a_flipped_bit_in_the_middle_of_a_log") else { return };
    let log = &data_dir.logs()[1];
    let record = files::records(log).unwrap()[3];
    flip(log, record.start + 100);
    let place = format!("{} is damaged at offset {}", name(log), record.start);
    data_dir.refused(&[&place, "acknowledged writes may be lost", "restore"]);
}

#[test]
fn a_log_that_ends_early_with_others_behind_it() {
    let Some(data_dir) = DataDir::new("a_log_that_ends_early") else { return };
    let log = &data_dir.logs()[1];
    let record = *files::records(log).unwrap().last().unwrap();
    files::cut(log, record.end - 10).unwrap();
    let place = format!("{} is damaged at offset {}", name(log), record.start);
    data_dir.refused(&[&place, "later logs exist"]);
}

#[test]
fn a_log_that_is_missing() {
    let Some(data_dir) = DataDir::new("a_log_that_is_missing") else { return };
    let logs = data_dir.logs();
    fs::remove_file(&logs[1]).unwrap();
    data_dir.refused(&["the history has a hole", &name(&logs[2]), "restore this directory"]);
}

#[test]
fn a_log_that_is_none() {
    let Some(data_dir) = DataDir::new("a_log_that_is_none") else { return };
    let log = &data_dir.logs()[1];
    flip(log, 1);
    data_dir.refused(&[&name(log), "is not a transaction log"]);
}

#[test]
fn logs_without_a_snapshot() {
    let Some(data_dir) = DataDir::new("logs_without_a_snapshot") else { return };
    data_dir.snapshots().iter().for_each(|path| fs::remove_file(path).unwrap());
    data_dir.refused(&["No snapshot found, but there are log entries. Something is broken!"]);
}

#[test]
fn snapshots_that_are_all_damaged() {
    let Some(data_dir) = DataDir::new("snapshots_that_are_all_damaged") else { return };
    let snapshots = data_dir.snapshots();
    snapshots.iter().for_each(|path| flip(path, 40));
    data_dir.refused(&["Not able to find valid snapshots in", &name(&snapshots[0])]);
}

#[test]
fn a_torn_snapshot_that_the_logs_do_not_reach() {
    let Some(data_dir) = DataDir::new("a_torn_snapshot") else { return };
    let torn = data_dir.path().join("version-2/snapshot.ffff");
    fs::write(&torn, b"ZKSN\0\0\0\x02").unwrap();
    data_dir.refused(&[&name(&torn), "acknowledged writes would be lost"]);
}

#[test]
fn a_data_directory_in_use() {
    let Some(data_dir) = DataDir::new("a_data_directory_in_use") else { return };
    let Ok(server) = options(data_dir.path()).start(ServerKind::Ox) else {
        panic!("the files are in order")
    };
    let holder = format!("process {}", server.pid().unwrap());
    refused(&options(data_dir.path()), DATADIR_NOT_ACCESSIBLE, &[&holder]);
}

#[test]
fn a_port_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    // With this readiness a foreign listener is not taken for the server.
    let options = options(folder.path()).client_port(port).readiness(Readiness::Serving);
    refused(&options, UNEXPECTED, &[&format!("port {port} is taken")]);
}

#[test]
fn files_in_the_wrong_directory() {
    let Some(data_dir) = DataDir::new("files_in_the_wrong_directory") else { return };
    let log_dir = tempfile::tempdir().unwrap();
    let options = options(data_dir.path()).config("dataLogDir", log_dir.path().display());
    let texts = ["log files", &name(data_dir.path())];
    refused(&options, DATADIR_NOT_ACCESSIBLE, &texts);
}

#[test]
fn directories_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let no_autocreate = options(&missing)
        .property("zookeeper.datadir.autocreate", false)
        .config("dataDir", name(&missing.join("deep")));
    refused(&no_autocreate, DATADIR_NOT_ACCESSIBLE, &[&name(&missing)]);
    let inside_a_file = options(&missing).config("dataDir", name(&file.join("data")));
    refused(&inside_a_file, DATADIR_NOT_ACCESSIBLE, &[&name(&file)]);
}

/// Key, value, and what the sentence must say besides the key.
const BAD_VALUES: &[(&str, &str, &[&str])] = &[
    ("clientPort", "many", &["clientPort=many"]),
    ("clientPort", "70000", &["clientPort=70000", "65535"]),
    ("tickTime", "2s", &["tickTime=2s"]),
    ("initLimit", "ten", &["initLimit=ten"]),
    ("maxClientCnxns", "-", &["maxClientCnxns=-"]),
    ("minSessionTimeout", "1h", &["minSessionTimeout=1h"]),
    ("autopurge.snapRetainCount", "three", &["autopurge.snapRetainCount=three"]),
    ("standaloneEnabled", "perhaps", &["standaloneEnabled=perhaps", "true", "false"]),
    ("peerType", "leader", &["peerType=leader", "observer"]),
    ("clientPortAddress", "no.such.host.invalid", &["no.such.host.invalid"]),
    ("dataDir", "", &["dataDir"]),
];

#[test]
fn values_that_are_not_allowed() {
    for (key, value, texts) in BAD_VALUES {
        println!("{key}={value}");
        let folder = tempfile::tempdir().unwrap();
        refused(&options(folder.path()).config(key, value), BAD_CONFIGURATION, texts);
    }
    let folder = tempfile::tempdir().unwrap();
    let crossed =
        options(folder.path()).config("minSessionTimeout", 9000).config("maxSessionTimeout", 5000);
    let texts = ["minSessionTimeout", "maxSessionTimeout"];
    refused(&crossed, BAD_CONFIGURATION, &texts);
}
