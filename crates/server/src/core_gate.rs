use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

use peer::{Input, Notice, Output, Peer};
use tracing::{debug, info, warn};

use crate::io::IoMessage;
use crate::log_thread::LogMessage;
use crate::mailbox::Mailbox;
use crate::metrics::Counter;
use crate::shared::{CoreMessage, Shared};
use crate::snapshot_thread::SnapshotThread;

/// Whoever has at most so many requests or transactions for the core runs it on the spot. With
/// more, two threads at work are better than two wake-ups saved.
pub(crate) const RUN_HERE_MAX: usize = 8;

/// The peer, and the ways out of it.
///
/// One round: take everything that has arrived, let the peer see it, apply what is committed,
/// hand out what the peer wants. Nothing here waits for a disk or a socket.
pub(crate) struct Core {
    peer: Peer,
    log: Arc<Mailbox<LogMessage>>,
    snapshots: SnapshotThread,
    /// I/O threads with new messages.
    to_wake: Vec<u16>,
    messages: Vec<CoreMessage>,
    is_stopping: bool,
}

/// The way to the core.
///
/// A core round needs no thread of its own: whoever has something for the core may run it if it
/// is free. That saves the two wake-ups that cost a single request most of its time. Whoever has
/// much for it, or finds it busy, leaves it to the core thread, which also minds the timers.
pub(crate) struct CoreGate {
    inbox: Mailbox<CoreMessage>,
    core: Mutex<Option<Core>>,
    /// When the core thread looks at the timers next, on the monotonic clock.
    sleeps_until_ms: AtomicI64,
}

impl CoreGate {
    /// Closed until [`CoreGate::open`]; messages wait.
    pub(crate) fn new() -> Self {
        CoreGate {
            inbox: Mailbox::new(),
            core: Mutex::new(None),
            sleeps_until_ms: AtomicI64::new(i64::MAX),
        }
    }

    pub(crate) fn open(&self, core: Core) {
        *self.lock() = Some(core);
    }

    /// For the core thread.
    pub(crate) fn push(&self, message: CoreMessage) {
        self.inbox.push(message);
    }

    /// Runs a round with `message` here if the core is free. The caller holds no lock.
    pub(crate) fn push_and_run(&self, message: CoreMessage, shared: &Shared) {
        self.inbox.push_quietly(message);
        let wants_thread = match self.core.try_lock() {
            Ok(mut core) => match core.as_mut() {
                Some(core) => {
                    core.round(shared);
                    core.deadline_ms() < self.sleeps_until_ms.load(Relaxed) || core.is_stopping
                }
                None => false,
            },
            Err(_) => true,
        };
        if wants_thread || !self.inbox.is_empty() {
            self.inbox.nudge();
        }
    }

    /// The core thread: runs until it is told to stop.
    pub(crate) fn run(&self, shared: &Shared) {
        loop {
            let until_ms = self.sleeps_until_ms.load(Relaxed);
            let deadline = (until_ms != i64::MAX).then(|| shared.clock.instant(until_ms));
            self.inbox.wait(deadline);
            let mut gate = self.lock();
            let Some(core) = gate.as_mut() else { return };
            core.round(shared);
            if core.is_stopping {
                let core = gate.take();
                drop(gate);
                core.into_iter().for_each(Core::finish);
                return;
            }
            self.sleeps_until_ms.store(core.deadline_ms(), Relaxed);
        }
    }

    /// A core that panicked in the middle of a round is not to be used: the process ends then.
    fn lock(&self) -> MutexGuard<'_, Option<Core>> {
        self.core.lock().expect("no round of the core was cut short")
    }
}

impl Core {
    pub(crate) fn new(
        peer: Peer,
        log: Arc<Mailbox<LogMessage>>,
        snapshots: SnapshotThread,
    ) -> Self {
        Core { peer, log, snapshots, to_wake: Vec::new(), messages: Vec::new(), is_stopping: false }
    }

    fn round(&mut self, shared: &Shared) {
        shared.core.inbox.drain(&mut self.messages);
        self.handle(shared);
        self.apply(shared);
        self.wake(shared);
    }

    fn deadline_ms(&self) -> i64 {
        self.peer.poll_timeout().unwrap_or(i64::MAX)
    }

    fn handle(&mut self, shared: &Shared) {
        let now = shared.clock.now();
        let tree = shared.tree();
        for message in self.messages.drain(..) {
            match message {
                CoreMessage::Input(input) => self.peer.handle(now, input, &tree),
                CoreMessage::Inspect(look) => look(&self.peer),
                CoreMessage::Stop => self.is_stopping = true,
            }
        }
        if self.deadline_ms() <= now.monotonic_ms {
            self.peer.handle(now, Input::Timeout, &tree);
        }
    }

    /// After the last round: the log writes what it has, a snapshot is given up.
    fn finish(mut self) {
        self.log.push(LogMessage::Stop);
        self.snapshots.stop();
    }

    /// What the peer wants goes out while the tree is still held: whoever sees the new state
    /// finds the events about it in its mailbox.
    ///
    /// What the log has to write goes first: the disk is the slowest.
    fn apply(&mut self, shared: &Shared) {
        self.hand_out(shared);
        if self.peer.wants_apply() {
            let mut tree = shared.tree_mut();
            let mut watches = shared.watches();
            self.peer.apply(&mut tree, &mut watches);
            self.hand_out(shared);
        }
    }

    fn hand_out(&mut self, shared: &Shared) {
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Append(batch) => self.log.push(LogMessage::Append(batch)),
                Output::ToIo { io, batch } => {
                    shared.io[usize::from(io)].push(IoMessage::Batch(batch));
                    self.to_wake.push(io);
                }
                Output::Snapshot(snapshot) => {
                    self.log.push(LogMessage::Roll);
                    self.snapshots.begin(snapshot);
                }
                Output::SnapshotEnded(ended) => self.snapshots.discard(ended),
                Output::Notice(notice) => note(&notice, shared),
            }
        }
    }

    fn wake(&mut self, shared: &Shared) {
        for io in self.to_wake.drain(..) {
            shared.io[usize::from(io)].wake();
        }
    }
}

fn note(notice: &Notice, shared: &Shared) {
    match notice {
        Notice::SessionExpired { session, timeout_ms } => {
            shared.metrics.count(Counter::StaleSessionsExpired, 1);
            info!("Expiring session {session}, timeout of {timeout_ms}ms exceeded");
        }
        Notice::QuotaExceeded { prefix, what, current, limit, is_hard } => {
            let limit_name = match (*is_hard, *what) {
                (true, "count") => "hardCountLimit",
                (true, _) => "hardByteLimit",
                (false, "count") => "softCountLimit",
                (false, _) => "softByteLimit",
            };
            warn!("Quota exceeded: {prefix} [current {what}={current}, {limit_name}={limit}]");
        }
        Notice::ContainerSwept { path } => {
            info!("Attempting to delete candidate container: {path}");
        }
        Notice::SessionRefused { conn, session } => {
            debug!(
                "connection {:x} named session {session}, which is gone, or a wrong \
                    password",
                conn.0
            );
        }
    }
}
