use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use config::Config;
use jute::Limits;
use peer::auth::Rules;
use peer::{Input, Peer};
use tree::{DataTree, Watches};

use crate::admission::Admission;
use crate::clock::Clock;
use crate::core_gate::CoreGate;
use crate::io::IoPost;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::stats::ServerStats;
use crate::throttle::HandshakeThrottle;
use crate::version::Version;
use crate::words::WordRequest;

/// What all threads of a server share.
///
/// Order of locks: the core, then `tree`, then `watches`; nothing else is taken while one of them
/// is held, but for the mailboxes. Nobody takes `tree` twice: with a writer waiting, that would be
/// for ever.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) version: Version,
    pub(crate) clock: Clock,
    pub(crate) rules: Arc<Rules>,
    pub(crate) limits: Limits,
    tree: RwLock<DataTree>,
    watches: Mutex<Watches>,
    pub(crate) core: CoreGate,
    pub(crate) io: Vec<IoPost>,
    pub(crate) words: Mailbox<WordRequest>,
    pub(crate) admission: Admission,
    pub(crate) throttle: HandshakeThrottle,
    pub(crate) stats: ServerStats,
    pub(crate) metrics: Metrics,
    pub(crate) client_port: u16,
    /// `version-2` below dataDir, absolute.
    pub(crate) snap_dir: PathBuf,
    /// `version-2` below dataLogDir, absolute.
    pub(crate) log_dir: PathBuf,
    state: AtomicU8,
    pub(crate) log_is_failing: AtomicBool,
}

/// What is sent to the core thread.
pub(crate) enum CoreMessage {
    /// Something for the peer.
    Input(Input),
    /// A question about the peer.
    Inspect(Box<dyn FnOnce(&Peer) + Send>),
    /// Finish what is there and end.
    Stop,
}

/// What [`Shared`] is made from, besides what starts empty.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) version: Version,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    pub(crate) tree: DataTree,
    pub(crate) io: Vec<IoPost>,
    pub(crate) client_port: u16,
    pub(crate) snap_dir: PathBuf,
    pub(crate) log_dir: PathBuf,
    pub(crate) seed: u64,
}

/// Whether clients are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// Data is being loaded.
    Starting,
    /// Yes.
    Serving,
    /// No more.
    Stopping,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let config = &parts.config;
        let limits = Limits {
            max_buffer_bytes: config.limits.jute_max_buffer_bytes as usize,
            extra_bytes: config.limits.jute_extra_bytes as usize,
        };
        let listeners = &config.listeners;
        let throttle = HandshakeThrottle::new(
            config.connection_throttle.clone(),
            parts.clock.monotonic_ms(),
            parts.seed,
        );
        Shared {
            admission: Admission::new(listeners.max_client_cnxns, listeners.max_cnxns),
            throttle,
            limits,
            version: parts.version,
            clock: parts.clock,
            rules: Arc::new(parts.rules),
            tree: RwLock::new(parts.tree),
            watches: Mutex::new(Watches::with_seed(parts.seed)),
            core: CoreGate::new(),
            io: parts.io,
            words: Mailbox::new(),
            stats: ServerStats::new(),
            metrics: Metrics::new(),
            client_port: parts.client_port,
            snap_dir: parts.snap_dir,
            log_dir: parts.log_dir,
            state: AtomicU8::new(State::Starting as u8),
            log_is_failing: AtomicBool::new(false),
            config: parts.config,
        }
    }

    /// The tree, to read.
    ///
    /// A lock is poisoned when the core panicked in the middle of a change. The process ends
    /// then; nobody is to read a tree that is half changed.
    pub(crate) fn tree(&self) -> RwLockReadGuard<'_, DataTree> {
        self.tree.read().expect("the core applied whole transactions")
    }

    /// The tree, to change.
    pub(crate) fn tree_mut(&self) -> RwLockWriteGuard<'_, DataTree> {
        self.tree.write().expect("the core applied whole transactions")
    }

    pub(crate) fn watches(&self) -> MutexGuard<'_, Watches> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Serving,
            _ => State::Stopping,
        }
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    pub(crate) fn is_serving(&self) -> bool {
        self.state() == State::Serving
    }
}
