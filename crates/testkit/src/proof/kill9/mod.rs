//! kill -9 under load, again and again: nothing that was acknowledged may be missing.
//!
//! Several clients write as fast as they can and note what was acknowledged. The server is killed
//! at a drawn moment: anywhere, when a snapshot or a new log begins, or while it starts. In half
//! of the rounds the last log then loses its end too, behind the last acknowledged record, as a
//! power cut may have it. The server is started on what is left, and every [`Worker`] checks its
//! part of the tree. Start at [`run`].

mod line;
mod lists;
mod moment;
mod sequential;
mod sessions;
mod tail;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proto::Zxid;

use super::population::super_client;
use super::{Doing, Error, SUPER_PROPERTY, files, probe};
use crate::client;
use crate::java::{ServerKind, ServerOptions, java_class_path};
use crate::oracle::rng::Rng;
use crate::process::{Readiness, ServerProcess, free_port};

use line::Line;
use moment::Moment;

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// All draws follow from it; what the server does meanwhile does not.
    pub seed: u64,
    /// How often the server is killed.
    pub rounds: usize,
    /// Whose server.
    pub server: ServerKind,
    /// In some rounds the Java server takes over in good order, bears the load and is killed;
    /// `server` starts on what it leaves.
    pub java_turns: bool,
    /// The longest time of load in one round.
    pub load_max: Duration,
    /// Cuts an acknowledged record off in the last round, to prove that it is noticed.
    pub inject: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 1,
            rounds: 50,
            server: ServerKind::Ox,
            java_turns: false,
            load_max: Duration::from_millis(1500),
            inject: false,
        }
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    /// One line per wrong thing.
    pub findings: Vec<String>,
    /// Kills, those during a start included.
    pub kills: usize,
    /// Kills by what they were meant to hit.
    pub kills_by_moment: BTreeMap<&'static str, usize>,
    /// Kills of the Java server that took a turn.
    pub java_turns: usize,
    /// Kills that left a snapshot half written.
    pub unfinished_snapshots: usize,
    /// Logs whose end was cut or zeroed.
    pub cut_tails: usize,
    /// Acknowledged writes.
    pub writes: usize,
    /// Writes without an answer when the server was killed.
    pub unanswered: usize,
    /// Digests that two lives of the server gave for one zxid.
    pub digests_compared: usize,
    /// The longest start of `server`.
    pub slowest_start: Duration,
}

/// One client's part of the tree.
trait Worker: Send {
    /// Creates what it needs, before the first round.
    fn prepare(&mut self, line: &mut Line) -> Result<(), client::Error>;

    /// Some requests; called until the connection breaks.
    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error>;

    /// Compares what it knows with the tree after a restart, and goes on from there. `line` is a
    /// connection that may read everything.
    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error>;

    /// As [`Worker::check`], when every session that could expire had the time for it.
    fn check_at_rest(
        &mut self,
        line: &mut Line,
        findings: &mut Vec<String>,
    ) -> Result<(), client::Error> {
        self.check(line, findings)
    }
}

/// The node everything is below.
const ROOT: &str = "/kill9";

/// A session that is meant to outlive the kills.
const LONG_TIMEOUT_MS: i32 = 60_000;
/// A session that is meant to expire.
const SHORT_TIMEOUT_MS: i32 = 800;
/// By when it must have.
const EXPIRY_PATIENCE: Duration = Duration::from_secs(4);
const START_PATIENCE: Duration = Duration::from_secs(60);

/// Kills a server as often as asked, and says what was lost. `progress` gets a line per round.
///
/// # Errors
/// When the first start fails; what goes wrong later is a finding.
pub fn run(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, Error> {
    if options.java_turns {
        // That it is missing must be known before the first round.
        java_class_path()?;
    }
    let folder = tempfile::tempdir().map_err(Error::file(&std::env::temp_dir()))?;
    let data_dir = folder.path().join("data");
    let launch = server_options(&data_dir, options.seed).client_port(free_port()?);
    let mut proof = Proof {
        server: launch.start(options.server)?,
        java: None,
        launch,
        data_dir,
        rng: Rng::new(options.seed),
        crew: crew(),
        zxid_seen: Zxid::ZERO,
        zxid_written: Zxid::ZERO,
        digests: BTreeMap::new(),
        report: Report::default(),
        options: options.clone(),
    };
    let begun = Instant::now();
    proof.prepare()?;
    for round in 0..options.rounds {
        let (writes, found) = (proof.report.writes, proof.report.findings.len());
        let outcome = proof.round(round);
        proof.note(round, outcome);
        let findings = proof.report.findings.len() - found;
        progress(&format!(
            "round {round}: {} writes, {findings} findings, {:.1} s",
            proof.report.writes - writes,
            begun.elapsed().as_secs_f64()
        ));
        if findings > 0 {
            break;
        }
    }
    if proof.report.findings.is_empty() {
        let outcome = proof.rest();
        proof.note(options.rounds, outcome);
    }
    if !proof.report.findings.is_empty() && !options.inject {
        proof.server.kill();
        let output = proof.server.output();
        let kept = folder.keep();
        // For whoever looks at the finding; that it cannot be written must not hide it.
        let _ = std::fs::write(kept.join("server.out"), output);
        proof.report.findings.push(format!("the files are in {}", kept.display()));
    }
    Ok(proof.report)
}

/// Settings that make much happen: snapshots and logs are small, and their kind is drawn.
fn server_options(data_dir: &Path, seed: u64) -> ServerOptions {
    let mut rng = Rng::new(seed);
    let options = match rng.below(2) {
        0 => ServerOptions::new(),
        _ => ServerOptions::new().config("txnLogSizeLimitInKb", 256),
    };
    options
        .data_dir(data_dir)
        .readiness(Readiness::Running)
        .config("tickTime", 200)
        .config("minSessionTimeout", SHORT_TIMEOUT_MS)
        .config("maxSessionTimeout", LONG_TIMEOUT_MS)
        .config("maxClientCnxns", 0)
        // Purging is done at the start, and then once an hour.
        .config("autopurge.purgeInterval", 1)
        .config("autopurge.snapRetainCount", 3)
        .property("zookeeper.snapCount", rng.number(&[500, 3000, 10_000]))
        .property("zookeeper.snapshot.compression.method", rng.pick(&["", "gz", "snappy"]))
        .property("zookeeper.preAllocSize", 64)
        .property(SUPER_PROPERTY.0, SUPER_PROPERTY.1)
}

fn crew() -> Vec<Member> {
    let mut workers: Vec<Box<dyn Worker>> = Vec::new();
    for number in 0..2 {
        workers.push(Box::new(values::Setter::new(number)));
        workers.push(Box::new(values::Pair::new(number)));
        workers.push(Box::new(lists::Creator::new(number)));
        workers.push(Box::new(sequential::Counter::new(number)));
        workers.push(Box::new(sessions::Sessions::new(number)));
    }
    workers.push(Box::new(values::Onlooker::default()));
    workers.into_iter().map(|worker| Member { worker, line: None }).collect()
}

/// A worker and its connection, whose session outlives the server's lives.
struct Member {
    worker: Box<dyn Worker>,
    line: Option<Line>,
}

struct Proof {
    options: Options,
    server: ServerProcess,
    /// Set while the Java server has its turn.
    java: Option<ServerProcess>,
    launch: ServerOptions,
    data_dir: PathBuf,
    rng: Rng,
    crew: Vec<Member>,
    /// The highest zxid in any answer.
    zxid_seen: Zxid,
    /// The highest zxid of an acknowledged write.
    zxid_written: Zxid,
    digests: BTreeMap<Zxid, i64>,
    report: Report,
}

impl Proof {
    fn addr(&self) -> SocketAddr {
        self.server.client_addr()
    }

    fn prepare(&mut self) -> Result<(), Error> {
        self.wait_until_serving()?;
        let addr = self.addr();
        let mut line = Line::of(addr, super_client(addr)?);
        line.client().create(ROOT, b"", 0).doing(ROOT)?;
        for member in &mut self.crew {
            member.worker.prepare(&mut line).doing("preparing")?;
            member.line = Some(Line::open(addr, LONG_TIMEOUT_MS).doing("connecting")?);
        }
        line.close().doing("closing")
    }

    /// A round's failure is a finding; nothing in it may fail.
    fn note(&mut self, round: usize, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            self.report.findings.push(format!("round {round}: {error}"));
        }
        for line in &mut self.report.findings {
            if !line.starts_with("round ") {
                *line = format!("round {round}: {line}");
            }
        }
    }

    fn round(&mut self, round: usize) -> Result<(), Error> {
        if self.options.java_turns && self.rng.chance(500) {
            self.give_java_a_turn()?;
        }
        let moment = Moment::draw(&mut self.rng, self.options.load_max);
        self.load_and_kill(moment, round)?;
        if self.java.take().is_none() {
            self.harm_tail(round)?;
        }
        while self.rng.chance(200) {
            // Killed while it starts: recovery is repeated, purges are cut short.
            let delay = Duration::from_micros(self.rng.below(60_000) as u64);
            self.server.start_again()?;
            thread::sleep(delay);
            self.kill("start");
        }
        self.server.start_again()?;
        self.wait_until_serving()?;
        self.check_server()?;
        self.check_workers(false)
    }

    fn give_java_a_turn(&mut self) -> Result<(), Error> {
        self.server.terminate(START_PATIENCE)?;
        self.java = Some(self.launch.start(ServerKind::Java)?);
        self.report.java_turns += 1;
        self.wait_until_serving()?;
        self.check_server()?;
        self.check_workers(false)
    }

    /// All sessions that nobody keeps alive expire; then everything is looked at once more.
    fn rest(&mut self) -> Result<(), Error> {
        let until = Instant::now() + EXPIRY_PATIENCE;
        while Instant::now() < until {
            for line in self.crew.iter_mut().filter_map(|member| member.line.as_mut()) {
                line.client().ping().doing("ping")?;
            }
            thread::sleep(Duration::from_millis(100));
        }
        self.check_workers(true)
    }

    fn load_and_kill(&mut self, moment: Moment, round: usize) -> Result<(), Error> {
        let stop = AtomicBool::new(false);
        let addr = self.addr();
        let server = self.java.as_mut().unwrap_or(&mut self.server);
        let (crew, rng) = (&mut self.crew, &mut self.rng);
        let seeds: Vec<u64> = crew.iter().map(|_| rng.next()).collect();
        let data_dir = &self.data_dir;
        let (ends, digests) = thread::scope(|scope| {
            let stop = &stop;
            let threads: Vec<_> = crew
                .iter_mut()
                .zip(seeds)
                .map(|(member, seed)| scope.spawn(move || member.work(seed, stop)))
                .collect();
            moment.wait(data_dir);
            let digests = moment.is_unhurried().then(|| probe::digests(addr).ok()).flatten();
            server.kill();
            stop.store(true, Ordering::Relaxed);
            let ends = threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>();
            (ends, digests.unwrap_or_default())
        });
        self.report.kills += 1;
        *self.report.kills_by_moment.entry(moment.name()).or_default() += 1;
        self.report.unfinished_snapshots += usize::from(moment::has_unfinished(&self.data_dir)?);
        for end in ends {
            match end {
                Ok(Err(client::Error::Closed | client::Error::Socket(_))) => {}
                Ok(Ok(())) => self.report.findings.push("a worker was not stopped".to_owned()),
                Ok(Err(error)) => self.report.findings.push(format!("under load: {error}")),
                Err(_) => self.report.findings.push("a worker panicked".to_owned()),
            }
        }
        self.count_writes(round);
        self.compare_digests(digests);
        Ok(())
    }

    /// Zxids of writes grow, over all rounds, and no two writes have the same one.
    fn count_writes(&mut self, round: usize) {
        let mut written: Vec<Zxid> = Vec::new();
        for line in self.crew.iter_mut().filter_map(|member| member.line.as_mut()) {
            written.append(&mut line.take_written());
            self.report.unanswered += line.take_unanswered();
            self.zxid_seen = self.zxid_seen.max(line.last_zxid());
        }
        written.sort_unstable();
        self.report.writes += written.len();
        if let Some(pair) = written.windows(2).find(|pair| pair[0] == pair[1]) {
            self.report.findings.push(format!("two writes have the zxid {:?}", pair[0]));
        }
        if let (Some(first), Some(last)) = (written.first(), written.last()) {
            if *first <= self.zxid_written {
                let before = self.zxid_written;
                let text = format!("the zxid {first:?} of round {round} comes after {before:?}");
                self.report.findings.push(text);
            }
            self.zxid_written = *last;
        }
    }

    fn harm_tail(&mut self, round: usize) -> Result<(), Error> {
        // Java refuses to start on most torn tails, so it gets none.
        if self.options.server == ServerKind::Java {
            return Ok(());
        }
        let is_last = round + 1 == self.options.rounds;
        if self.options.inject && is_last {
            return tail::lose_acknowledged(&self.data_dir, self.zxid_written);
        }
        if self.rng.chance(500) {
            let newest = files::snapshots(&self.data_dir)?.pop();
            let kept = newest.map_or(Zxid::ZERO, |file| file.zxid).max(self.zxid_seen);
            let harmed = tail::harm(&self.data_dir, kept, &mut self.rng)?;
            self.report.cut_tails += usize::from(harmed);
        }
        Ok(())
    }

    fn kill(&mut self, moment: &'static str) {
        self.server.kill();
        self.report.kills += 1;
        *self.report.kills_by_moment.entry(moment).or_default() += 1;
    }

    fn wait_until_serving(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        let addr = self.addr();
        let server = self.java.as_mut().unwrap_or(&mut self.server);
        while !probe::serves(addr) {
            if !server.is_running() || begun.elapsed() > START_PATIENCE {
                let output = server.output();
                let lines: Vec<&str> = output.lines().collect();
                let tail = lines[lines.len().saturating_sub(10)..].join("\n");
                return Err(Error::Word { word: "srvr", answer: format!("nothing:\n{tail}") });
            }
            thread::sleep(Duration::from_millis(2));
        }
        if self.java.is_none() {
            self.report.slowest_start = self.report.slowest_start.max(begun.elapsed());
        }
        Ok(())
    }

    /// What the server says of itself before anybody has a session.
    fn check_server(&mut self) -> Result<(), Error> {
        let zxid = probe::zxid(self.addr())?;
        if zxid < self.zxid_seen {
            let seen = self.zxid_seen;
            self.report.findings.push(format!("the zxid went back from {seen:?} to {zxid:?}"));
        }
        let digests = probe::digests(self.addr())?;
        self.compare_digests(digests);
        let mismatches = probe::digest_mismatches(self.addr())?;
        if mismatches > 0 {
            let text = format!("{mismatches} digests in the log do not fit the tree");
            self.report.findings.push(text);
        }
        Ok(())
    }

    /// One zxid has one digest, in every life of the server.
    fn compare_digests(&mut self, digests: BTreeMap<Zxid, i64>) {
        // Behind that a transaction may be lost, and its zxid given to another one.
        for (zxid, digest) in digests.into_iter().take_while(|(zxid, _)| *zxid <= self.zxid_seen) {
            let Some(known) = self.digests.insert(zxid, digest) else { continue };
            self.report.digests_compared += 1;
            if known != digest {
                let text = format!("the digest of {zxid:?} is {digest}, it was {known}");
                self.report.findings.push(text);
            }
        }
    }

    fn check_workers(&mut self, at_rest: bool) -> Result<(), Error> {
        let addr = self.addr();
        let mut line = Line::of(addr, super_client(addr)?);
        let findings = &mut self.report.findings;
        for member in &mut self.crew {
            match member.resume(addr, self.zxid_seen) {
                Err(client::Error::SessionRefused) => {
                    findings.push("a session with a long timeout is gone".to_owned());
                }
                other => other.doing("resuming a session")?,
            }
            let worker = &mut member.worker;
            match at_rest {
                true => worker.check_at_rest(&mut line, findings),
                false => worker.check(&mut line, findings),
            }
            .doing("checking")?;
        }
        let written = line.take_written();
        self.zxid_written = written.into_iter().max().unwrap_or_default().max(self.zxid_written);
        self.zxid_seen = line.last_zxid().max(self.zxid_seen);
        line.close().doing("closing")
    }
}

impl Member {
    /// Works until the connection breaks.
    fn work(&mut self, seed: u64, stop: &AtomicBool) -> Result<(), client::Error> {
        let mut rng = Rng::new(seed);
        let Some(line) = &mut self.line else { return Err(client::Error::Closed) };
        let stopped_at = || stop.load(Ordering::Relaxed).then(Instant::now);
        let mut stopped = None;
        loop {
            self.worker.work(line, &mut rng)?;
            stopped = stopped.or_else(stopped_at);
            // A connection to a dead server breaks at the next request, or something is wrong.
            if stopped.is_some_and(|since| since.elapsed() > client::PATIENCE) {
                return Ok(());
            }
        }
    }

    fn resume(&mut self, addr: SocketAddr, zxid_seen: Zxid) -> Result<(), client::Error> {
        match &mut self.line {
            Some(line) => line.resume(addr, zxid_seen),
            None => Ok(()),
        }
    }
}
