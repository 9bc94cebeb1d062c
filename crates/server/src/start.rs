use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use config::{AuthProvider, Config, ExitCode};
use jute::Limits;
use mio::{Poll, Waker};
use net::{ListenError, Listener};
use peer::auth::Rules;
use peer::{Input, Peer, Restored};
use proto::ServerId;
use storage::log::LogWriter;
use storage::vfs::{OsVfs, Vfs};
use storage::{DataDirs, DirsError, DirsLock, RecoveryError};
use thiserror::Error;
use tracing::warn;
use tree::DataTree;

use crate::clock::{Clock, wall_ms};
use crate::core_gate::Core;
use crate::failure::{Failure, FailureSink};
use crate::io::{IoMessage, IoPost, IoThread, wake_token};
use crate::log_thread::{LogMessage, LogThread};
use crate::mailbox::Mailbox;
use crate::purge::PurgeThread;
use crate::recovery::load;
use crate::shared::{CoreMessage, Parts, Shared, State};
use crate::snapshot_thread::SnapshotThread;
use crate::words::WordThread;
use crate::{Version, settings};

/// More I/O threads than this do not pay: the core is the limit then.
const IO_THREADS_MAX: usize = 4;
/// However many are asked for.
const IO_THREADS_LIMIT: usize = 64;
/// What a thread of ours needs at most; only what is touched costs memory.
const STACK_BYTES: usize = 1 << 20;

/// Why a server does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration names no plain client port.
    #[error(
        "no clientPort is set, and TLS ports are not there yet: set clientPort in the configuration"
    )]
    NoClientPort,
    /// An algorithm that is not there yet.
    #[error(
        "zookeeper.DigestAuthenticationProvider.digestAlg: SHA-512/224 and SHA-512/256 are not \
         there yet; choose SHA1, SHA-224, SHA-256, SHA-384 or SHA-512"
    )]
    DigestAlgorithm,
    /// Every client would be refused.
    #[error(
        "clients must authenticate with one of [{0}] (enforce.auth.schemes or \
         sessionRequireClientSASLAuth), and none of these is there yet: digest, ip and ensemble are"
    )]
    EnforcedSchemes(String),
    /// A data directory cannot be used, or another server has it.
    #[error("{0}")]
    Datadir(#[from] DirsError),
    /// The client port cannot be listened on.
    #[error("{0}")]
    Listen(#[from] ListenError),
    /// The files on disk are not a state to start from.
    #[error("{0}")]
    Recovery(#[from] RecoveryError),
    /// The system refused a thread, a descriptor or random numbers.
    #[error("the system refused {what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
}

impl StartError {
    /// The code the process should end with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            StartError::NoClientPort | StartError::EnforcedSchemes(_) => {
                ExitCode::InvalidInvocation
            }
            StartError::Datadir(_) => ExitCode::DatadirNotAccessible,
            _ => ExitCode::Unexpected,
        }
    }
}

/// A running server. It runs until [`Server::stop`].
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    core: JoinHandle<()>,
    log: JoinHandle<()>,
    io: Vec<JoinHandle<()>>,
    _lock: DirsLock,
}

impl Server {
    /// Starts a standalone server; it serves when this returns.
    ///
    /// `on_failure` is called, from one of the server's threads, when it cannot go on.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub fn start(
        config: Config,
        version: Version,
        on_failure: impl Fn(Failure) + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let rules = settings::rules(&config).ok_or(StartError::DigestAlgorithm)?;
        check_schemes(&config, &rules)?;
        let failures = FailureSink::new(on_failure);
        let clock = Clock::start();
        let vfs: Arc<dyn Vfs> = Arc::new(OsVfs);
        let dirs = DataDirs {
            data_dir: absolute(&config.data_dir),
            data_log_dir: absolute(&config.data_log_dir),
        };
        dirs.prepare(&*vfs, config.storage.autocreate_directories)?;
        let lock = dirs.lock(&vfs)?;
        let listener = listen(&config)?;
        let address = listener.address;
        let seed = random_seed()?;
        let (polls, posts) = io_posts(io_threads(&config))?;
        let shared = Arc::new(Shared::new(Parts {
            version,
            clock,
            rules,
            tree: DataTree::new(settings::tree(&config, seed)),
            io: posts,
            client_port: address.port(),
            snap_dir: dirs.snap_dir(),
            log_dir: dirs.log_dir(),
            seed,
            config,
        }));
        // From here on four-letter words are answered, and clients told to come back.
        spawn_words(&shared)?;
        let io = spawn_io(&shared, polls, listener, &failures)?;
        let running = load(&shared, &vfs, &dirs, seed)
            .map_err(StartError::from)
            .and_then(|restored| spawn_pipeline(&shared, &vfs, &dirs, restored, seed, &failures));
        let (core, log) = match running {
            Ok(threads) => threads,
            Err(error) => {
                stop_io(&shared, io);
                return Err(error);
            }
        };
        shared.set_state(State::Serving);
        shared.core.push(CoreMessage::Input(Input::SnapshotWanted));
        spawn_purge(&shared, vfs, dirs)?;
        Ok(Server { shared, address, core, log, io, _lock: lock })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops in order: no more clients, then the pipeline, then the log's last sync.
    pub fn stop(self) {
        self.shared.set_state(State::Stopping);
        stop_io(&self.shared, self.io);
        self.shared.core.push(CoreMessage::Stop);
        for thread in [self.core, self.log] {
            if thread.join().is_err() {
                warn!("a thread had panicked");
            }
        }
    }
}

/// Refuses a configuration under which nobody could send a request; names schemes without effect.
fn check_schemes(config: &Config, rules: &Rules) -> Result<(), StartError> {
    for provider in &config.auth.extra_providers {
        if matches!(provider, AuthProvider::Sasl | AuthProvider::X509) {
            warn!("authProvider: the scheme {} is not there yet", provider.scheme());
        }
    }
    let is_there = |scheme: &String| matches!(scheme.as_str(), "digest" | "ip" | "ensemble");
    let enforced = &rules.enforced_schemes;
    if !enforced.is_empty() && !enforced.iter().any(is_there) {
        return Err(StartError::EnforcedSchemes(enforced.join(", ")));
    }
    Ok(())
}

/// `nio.numSelectorThreads` if it is set, as in Java the number of threads that wait for sockets.
/// Else `min(cores, 4)`, but one where the core and the log thread need the other processors.
fn io_threads(config: &Config) -> usize {
    let asked = config.properties.value("zookeeper.nio.numSelectorThreads");
    if let Some(count) = asked.and_then(|count| count.trim().parse::<usize>().ok()) {
        return count.clamp(1, IO_THREADS_LIMIT);
    }
    match thread::available_parallelism().map_or(1, usize::from) {
        0..=2 => 1,
        cores => cores.min(IO_THREADS_MAX),
    }
}

fn listen(config: &Config) -> Result<Listener, StartError> {
    let plain = config.listeners.plain.as_ref().ok_or(StartError::NoClientPort)?;
    Ok(net::listen(plain.host.as_deref(), plain.port, config.listeners.backlog)?)
}

fn io_posts(count: usize) -> Result<(Vec<Poll>, Vec<IoPost>), StartError> {
    let refused = |source| StartError::System { what: "a readiness queue", source };
    let mut polls = Vec::with_capacity(count);
    let mut posts = Vec::with_capacity(count);
    for _ in 0..count {
        let poll = Poll::new().map_err(refused)?;
        posts.push(IoPost::new(Waker::new(poll.registry(), wake_token()).map_err(refused)?));
        polls.push(poll);
    }
    Ok((polls, posts))
}

fn spawn_io(
    shared: &Arc<Shared>,
    polls: Vec<Poll>,
    listener: Listener,
    failures: &FailureSink,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let mut listener = Some(listener.socket);
    let mut threads = Vec::with_capacity(polls.len());
    for (number, poll) in polls.into_iter().enumerate() {
        let (shared, failures, listener) = (shared.clone(), failures.clone(), listener.take());
        let on_error = failures.clone();
        let body = move || {
            let thread = IoThread::new(number as u16, &shared, poll, listener);
            if let Err(error) = thread.and_then(IoThread::run) {
                tracing::error!("an I/O thread cannot go on: {error}");
                on_error.report(Failure::Thread("I/O"));
            }
        };
        threads.push(spawn(&format!("io-{number}"), guarded("I/O", &failures, body))?);
    }
    Ok(threads)
}

fn stop_io(shared: &Shared, threads: Vec<JoinHandle<()>>) {
    shared.io.iter().for_each(|io| io.send(IoMessage::Stop));
    for thread in threads {
        if thread.join().is_err() {
            warn!("an I/O thread had panicked");
        }
    }
}

fn spawn_words(shared: &Arc<Shared>) -> Result<(), StartError> {
    let words = WordThread::new(shared.clone());
    // It ends with the process.
    spawn("words", move || words.run()).map(drop)
}

/// Starts the core and the log thread.
fn spawn_pipeline(
    shared: &Arc<Shared>,
    vfs: &Arc<dyn Vfs>,
    dirs: &DataDirs,
    restored: Restored,
    seed: u64,
    failures: &FailureSink,
) -> Result<(JoinHandle<()>, JoinHandle<()>), StartError> {
    let config = &shared.config;
    let peer_settings = settings::peer(config, shared.io.len() as u16, shared.limits, seed);
    // The wall clock: it goes on after a restart of the machine, so no id comes twice.
    let first_session = proto::session::first_id(ServerId(1), wall_ms());
    let now = shared.clock.now();
    let peer = Peer::new(peer_settings, shared.rules.clone(), restored, first_session, now);
    let inbox = Arc::new(Mailbox::<LogMessage>::new());
    let writer = LogWriter::open(vfs.clone(), &dirs.log_dir(), settings::log(config));
    let snapshots = SnapshotThread::new(shared.clone(), vfs.clone(), settings::snapshot(config));
    let log = LogThread::new(shared.clone(), inbox.clone(), writer, failures.clone());
    shared.core.open(Core::new(peer, inbox, snapshots));
    let log = spawn("log", guarded("log", failures, move || log.run()))?;
    let owner = shared.clone();
    let core = spawn("core", guarded("core", failures, move || owner.core.run(&owner)))?;
    Ok((core, log))
}

/// Reports it when `body` panics: a server without this thread must not look alive.
fn guarded(
    name: &'static str,
    failures: &FailureSink,
    body: impl FnOnce() + Send + 'static,
) -> impl FnOnce() + Send + 'static {
    struct Guard(&'static str, FailureSink);
    impl Drop for Guard {
        fn drop(&mut self) {
            if thread::panicking() {
                self.1.report(Failure::Thread(self.0));
            }
        }
    }
    let failures = failures.clone();
    move || {
        let _guard = Guard(name, failures);
        body();
    }
}

fn spawn_purge(shared: &Shared, vfs: Arc<dyn Vfs>, dirs: DataDirs) -> Result<(), StartError> {
    let purge = &shared.config.purge;
    let Some(hours) = purge.interval_hours else { return Ok(()) };
    let thread = PurgeThread {
        vfs,
        dirs,
        retain: purge.snap_retain_count as usize,
        interval: Duration::from_secs(u64::from(hours) * 3600),
        limits: Limits { ..shared.limits },
    };
    // It ends with the process.
    spawn("PurgeTask", move || thread.run()).map(drop)
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(STACK_BYTES)
        .spawn(body)
        .map_err(|source| StartError::System { what: "a thread", source })
}

fn random_seed() -> Result<u64, StartError> {
    getrandom::u64().map_err(|error| StartError::System {
        what: "random numbers",
        source: io::Error::other(error.to_string()),
    })
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
