//! A dataDir that goes from server to server: Java writes, Oxkeeper goes on, Java goes on.
//!
//! After every hand-over the tree, the sessions, the ephemerals, the zxid and the digests must be
//! what they were. Start at [`run`].

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use proto::Zxid;

use super::dump::{self, Tree};
use super::population::{self, Population, super_client};
use super::{Doing, Error, SUPER_PROPERTY, files, probe};
use crate::client::Client;
use crate::java::{ServerKind, ServerOptions};
use crate::process::ServerProcess;

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM.
    Asked,
    /// SIGKILL.
    Killed,
}

/// What happens to the files before the next server gets them. Nothing acknowledged is touched,
/// but for one write that is made for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    None,
    /// The last log ends in the middle of its last record.
    CutRecord,
    /// The last record's second half is zeros, as far as the log was preallocated. Only Oxkeeper
    /// starts on this: for Java the checksum is wrong.
    ZeroedRecord,
    /// The last log ends where its last record does: its preallocated rest is gone.
    NoPadding,
    /// A log without a byte, as when the machine stops while it is created.
    EmptyLog,
    /// A snapshot that was being written when the machine stopped.
    TornSnapshot,
}

/// One server's turn.
#[derive(Debug, Clone, Copy)]
pub struct Hop {
    /// Whose turn.
    pub server: ServerKind,
    /// `zookeeper.snapshot.compression.method`: empty for none, `gz` or `snappy`.
    pub compression: &'static str,
    /// How often it takes a snapshot, in transactions (`snapCount`).
    pub snap_count: u32,
    /// How it ends.
    pub stop: Stop,
    /// What happens then.
    pub damage: Damage,
}

impl Hop {
    /// A plain turn: no compression, rare snapshots, asked to stop, no damage.
    pub const fn new(server: ServerKind) -> Self {
        let stop = Stop::Asked;
        Hop { server, compression: "", snap_count: 100_000, stop, damage: Damage::None }
    }

    /// With compressed snapshots.
    #[must_use]
    pub const fn compression(self, compression: &'static str) -> Self {
        Hop { compression, ..self }
    }

    /// With a snapshot every so many transactions.
    #[must_use]
    pub const fn snap_count(self, snap_count: u32) -> Self {
        Hop { snap_count, ..self }
    }

    /// Killed, and the files damaged.
    #[must_use]
    pub const fn killed(self, damage: Damage) -> Self {
        Hop { stop: Stop::Killed, damage, ..self }
    }
}

/// What is the same for all servers of a chain.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// `dataLogDir` apart from `dataDir`.
    pub own_log_dir: bool,
    /// `zookeeper.digest.enabled`.
    pub digest: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { own_log_dir: false, digest: true }
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    /// One line per difference.
    pub findings: Vec<String>,
    /// Hand-overs made.
    pub hand_overs: usize,
    /// Nodes compared over all hand-overs.
    pub nodes_compared: usize,
    /// Digests that two servers or two lives of one gave for the same zxid.
    pub digests_compared: usize,
}

/// Hands a new dataDir from hop to hop; the last server also sweeps containers and TTL nodes.
///
/// # Errors
/// When a server does not start or a request fails that must not; a difference is a finding.
pub fn run(hops: &[Hop], settings: Settings) -> Result<Report, Error> {
    let folder = tempfile::tempdir().map_err(Error::file(&std::env::temp_dir()))?;
    let mut chain = Chain {
        data_dir: folder.path().join("data"),
        log_dir: folder.path().join(if settings.own_log_dir { "log" } else { "data" }),
        settings,
        population: Population::default(),
        left: None,
        digests: BTreeMap::new(),
        report: Report::default(),
    };
    for hop in hops {
        chain.hop(hop)?;
    }
    if let (Some(first), Some(last)) = (hops.first(), hops.last()) {
        chain.sweep(&Hop::new(last.server))?;
        chain.take_over(&Hop::new(first.server))?;
    }
    if !chain.report.findings.is_empty() {
        let kept = folder.keep();
        chain.report.findings.push(format!("the files are in {}", kept.display()));
    }
    Ok(chain.report)
}

/// What the last server left behind.
struct Left {
    tree: Tree,
    zxid: Zxid,
    /// The parent of ephemerals whose session expires under the next server.
    doomed: String,
}

struct Chain {
    data_dir: PathBuf,
    log_dir: PathBuf,
    settings: Settings,
    population: Population,
    left: Option<Left>,
    digests: BTreeMap<Zxid, i64>,
    report: Report,
}

impl Chain {
    fn hop(&mut self, hop: &Hop) -> Result<(), Error> {
        let mut server = self.take_over(hop)?;
        self.population.write(server.client_addr())?;
        self.hand_over(hop, &mut server)
    }

    /// Starts a server on the files and compares what it read with what was left.
    fn take_over(&mut self, hop: &Hop) -> Result<ServerProcess, Error> {
        let server = self.options(hop, SWEEP_NEVER_MS).start(hop.server)?;
        let addr = server.client_addr();
        let Some(left) = self.left.take() else { return Ok(server) };
        let zxid = probe::zxid(addr)?;
        if zxid != left.zxid {
            self.finding(hop, &format!("the zxid is {zxid:?}, it was {:?}", left.zxid));
        }
        let mut client = super_client(addr)?;
        let tree = dump::tree(&mut client)?;
        self.compare(hop, &left, &tree, |_| false);
        self.await_expiry(hop, &mut client, &left)?;
        client.close_session().doing("closing the reader's session")?;
        for line in self.population.come_back(addr)? {
            self.finding(hop, &line);
        }
        self.check_digests(hop, addr)?;
        self.check_suffix(hop)?;
        Ok(server)
    }

    /// A server that does nothing but sweep what is over. It may begin before the first look at
    /// the tree, so the tree is only compared afterwards.
    fn sweep(&mut self, hop: &Hop) -> Result<(), Error> {
        let mut server = self.options(hop, SWEEP_OFTEN_MS).start(hop.server)?;
        let Some(left) = self.left.take() else { return Ok(()) };
        let mut client = super_client(server.client_addr())?;
        let swept = self.population.to_be_swept().to_vec();
        for path in &swept {
            if !wait_until(|| Ok(client.exists(path, false).doing(path)?.is_none()))? {
                self.finding(hop, &format!("{path} was not swept"));
            }
        }
        self.await_expiry(hop, &mut client, &left)?;
        let tree = dump::tree(&mut client)?;
        client.close_session().doing("closing the sweep's session")?;
        let is_near = |path: &str| {
            swept.iter().any(|swept| swept == path || proto::path::parent(swept) == Some(path))
        };
        self.compare(hop, &left, &tree, is_near);
        for line in self.population.come_back(server.client_addr())? {
            self.finding(hop, &line);
        }
        self.hand_over(hop, &mut server)
    }

    fn compare(&mut self, hop: &Hop, left: &Left, tree: &Tree, ignore: impl Fn(&str) -> bool) {
        let is_doomed = |path: &str| path.starts_with(&left.doomed);
        let ignore = |path: &str| is_doomed(path) || ignore(path);
        for line in dump::differences(&left.tree, tree, ignore, LINES_MAX) {
            self.finding(hop, &line);
        }
        self.report.hand_overs += 1;
        self.report.nodes_compared += tree.len();
    }

    /// The ephemerals of the session that nobody resumed go away, and only then.
    fn await_expiry(&mut self, hop: &Hop, client: &mut Client, left: &Left) -> Result<(), Error> {
        let doomed = &left.doomed;
        let mut is_empty = || Ok(client.get_children(doomed, false).doing(doomed)?.is_empty());
        if !wait_until(&mut is_empty)? {
            self.finding(hop, &format!("the children of {doomed} outlive their session"));
        }
        self.population.doomed_is_gone();
        Ok(())
    }

    /// Notes what there is and ends the server.
    fn hand_over(&mut self, hop: &Hop, server: &mut ServerProcess) -> Result<(), Error> {
        let addr = server.client_addr();
        // Open until the end, so that its end takes no zxid.
        let mut client = super_client(addr)?;
        let tree = dump::tree(&mut client)?;
        self.population.doom_a_session(addr)?;
        self.check_digests(hop, addr)?;
        let zxid = probe::zxid(addr)?;
        if matches!(hop.damage, Damage::CutRecord | Damage::ZeroedRecord) {
            let path = format!("{}/shared/counter", population::ROOT);
            client.set_data(&path, b"to be lost", -1).doing("a write to be lost")?;
        }
        self.left = Some(Left { tree, zxid, doomed: self.population.doomed() });
        self.population.leave();
        client.disconnect();
        match hop.stop {
            Stop::Asked => server.terminate(STOP_PATIENCE).map(drop)?,
            Stop::Killed => server.kill(),
        }
        self.damage(hop.damage, zxid)
    }

    fn options(&self, hop: &Hop, sweep_ms: u32) -> ServerOptions {
        ServerOptions::new()
            .data_dir(&self.data_dir)
            .config("dataLogDir", self.log_dir.display())
            .config("tickTime", 500)
            .config("minSessionTimeout", population::DOOMED_TIMEOUT_MS)
            .config("maxSessionTimeout", population::HELD_TIMEOUT_MS)
            .property(SUPER_PROPERTY.0, SUPER_PROPERTY.1)
            .property("zookeeper.extendedTypesEnabled", true)
            .property("zookeeper.enforceQuota", true)
            .property("zookeeper.digest.enabled", self.settings.digest)
            .property("zookeeper.snapshot.compression.method", hop.compression)
            .property("zookeeper.snapCount", hop.snap_count)
            .property("znode.container.checkIntervalMs", sweep_ms)
    }

    fn damage(&self, damage: Damage, zxid: Zxid) -> Result<(), Error> {
        let last_record = || -> Result<_, Error> {
            let log = files::logs(&self.log_dir)?.pop();
            let record = log.as_ref().map(|log| files::records(&log.path)).transpose()?;
            Ok(log.zip(record.and_then(|records| records.last().copied())))
        };
        match (damage, last_record()?) {
            (Damage::CutRecord, Some((log, record))) => {
                files::cut(&log.path, record.start + (record.end - record.start) / 2)
            }
            (Damage::ZeroedRecord, Some((log, record))) => {
                files::zero_from(&log.path, record.start + (record.end - record.start) / 2)
            }
            (Damage::NoPadding, Some((log, record))) => files::cut(&log.path, record.end),
            (Damage::EmptyLog, _) => {
                let name = format!("log.{:x}", zxid.0 + 1);
                let path = self.log_dir.join("version-2").join(name);
                fs::write(&path, []).map_err(Error::file(&path))
            }
            (Damage::TornSnapshot, _) => tear_snapshot(&self.data_dir, zxid),
            (Damage::None, _) | (_, None) => Ok(()),
        }
    }

    /// The same zxid has the same digest, whoever computed it.
    fn check_digests(&mut self, hop: &Hop, addr: SocketAddr) -> Result<(), Error> {
        if !self.settings.digest {
            return Ok(());
        }
        for (zxid, digest) in probe::digests(addr)? {
            let known = *self.digests.entry(zxid).or_insert(digest);
            self.report.digests_compared += 1;
            if known != digest {
                self.finding(hop, &format!("the digest of {zxid:?} is {digest}, it was {known}"));
            }
        }
        let mismatches = probe::digest_mismatches(addr)?;
        if mismatches > 0 {
            self.finding(hop, &format!("{mismatches} digests in the log do not fit the tree"));
        }
        Ok(())
    }

    /// A standalone server takes a snapshot at its start, compressed as it was told.
    fn check_suffix(&mut self, hop: &Hop) -> Result<(), Error> {
        let mut found = files::snapshots(&self.data_dir)?.into_iter().map(|file| file.path);
        let wanted = |path: PathBuf| match hop.compression {
            "" => path.extension().is_some_and(|hex| hex != "gz" && hex != "snappy"),
            suffix => path.extension().is_some_and(|extension| extension == suffix),
        };
        if !found.any(wanted) {
            self.finding(hop, &format!("no snapshot with compression {:?}", hop.compression));
        }
        Ok(())
    }

    fn finding(&mut self, hop: &Hop, what: &str) {
        let at = self.report.hand_overs;
        self.report.findings.push(format!("hand-over {at} to {}: {what}", hop.server));
    }
}

/// Copies the first part of the newest snapshot to the name of one that was begun at the end: the
/// logs reach `zxid`.
fn tear_snapshot(data_dir: &Path, zxid: Zxid) -> Result<(), Error> {
    let Some(newest) = files::snapshots(data_dir)?.pop() else { return Ok(()) };
    let bytes = fs::read(&newest.path).map_err(Error::file(&newest.path))?;
    let mut path = newest.path.with_file_name(format!("snapshot.{:x}", zxid.0));
    if let Some(suffix) = newest.path.extension().filter(|e| *e == "gz" || *e == "snappy") {
        path.as_mut_os_string().push(".");
        path.as_mut_os_string().push(suffix);
    }
    fs::write(&path, &bytes[..bytes.len() * 2 / 3]).map_err(Error::file(&path))
}

/// Asks again and again for as long as a server may take to expire or sweep something.
fn wait_until(mut is_so: impl FnMut() -> Result<bool, Error>) -> Result<bool, Error> {
    let deadline = Instant::now() + EXPIRY_PATIENCE;
    while Instant::now() < deadline {
        if is_so()? {
            return Ok(true);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

const SWEEP_NEVER_MS: u32 = 3_600_000;
const SWEEP_OFTEN_MS: u32 = 300;
const EXPIRY_PATIENCE: Duration = Duration::from_secs(20);
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// Findings of one kind at one hand-over; more would only say the same.
const LINES_MAX: usize = 10;
