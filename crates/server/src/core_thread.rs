use std::sync::Arc;
use std::time::Instant;

use peer::{Input, Notice, Output, Peer};
use tracing::{debug, info, warn};

use crate::io::IoMessage;
use crate::log_thread::LogMessage;
use crate::mailbox::Mailbox;
use crate::metrics::Counter;
use crate::shared::{CoreMessage, Shared};
use crate::snapshot_thread::SnapshotThread;

/// The thread that owns the [`Peer`].
///
/// One round: take everything that has arrived, let the peer see it, apply what is committed,
/// hand out what the peer wants. Nothing here waits for a disk or a socket.
pub(crate) struct CoreThread {
    shared: Arc<Shared>,
    peer: Peer,
    log: Arc<Mailbox<LogMessage>>,
    snapshots: SnapshotThread,
    /// I/O threads with new messages.
    to_wake: Vec<u16>,
}

impl CoreThread {
    pub(crate) fn new(
        shared: Arc<Shared>,
        peer: Peer,
        log: Arc<Mailbox<LogMessage>>,
        snapshots: SnapshotThread,
    ) -> Self {
        CoreThread { shared, peer, log, snapshots, to_wake: Vec::new() }
    }

    /// Runs until it is told to stop.
    pub(crate) fn run(mut self) {
        let mut messages = Vec::new();
        let mut is_stopping = false;
        while !is_stopping {
            self.shared.core.take(&mut messages, self.deadline());
            is_stopping = self.handle(&mut messages);
            self.apply();
            self.wake();
        }
        self.log.push(LogMessage::Stop);
        self.snapshots.stop();
    }

    fn deadline(&self) -> Option<Instant> {
        self.peer.poll_timeout().map(|at_ms| self.shared.clock.instant(at_ms))
    }

    /// Whether the thread is to end.
    fn handle(&mut self, messages: &mut Vec<CoreMessage>) -> bool {
        let now = self.shared.clock.now();
        let mut is_stopping = false;
        let tree = self.shared.tree();
        for message in messages.drain(..) {
            match message {
                CoreMessage::Input(input) => self.peer.handle(now, input, &tree),
                CoreMessage::Inspect(look) => look(&self.peer),
                CoreMessage::Stop => is_stopping = true,
            }
        }
        if self.peer.poll_timeout().is_some_and(|at_ms| at_ms <= now.monotonic_ms) {
            self.peer.handle(now, Input::Timeout, &tree);
        }
        is_stopping
    }

    /// What the peer wants goes out while the tree is still held: whoever sees the new state
    /// finds the events about it in its mailbox.
    ///
    /// What the log has to write goes first: the disk is the slowest.
    fn apply(&mut self) {
        self.hand_out();
        if self.peer.wants_apply() {
            let shared = self.shared.clone();
            let mut tree = shared.tree_mut();
            let mut watches = shared.watches();
            self.peer.apply(&mut tree, &mut watches);
            self.hand_out();
        }
    }

    fn hand_out(&mut self) {
        while let Some(output) = self.peer.poll_output() {
            match output {
                Output::Append(batch) => self.log.push(LogMessage::Append(batch)),
                Output::ToIo { io, batch } => {
                    self.shared.io[usize::from(io)].push(IoMessage::Batch(batch));
                    self.to_wake.push(io);
                }
                Output::Snapshot(snapshot) => {
                    self.log.push(LogMessage::Roll);
                    self.snapshots.begin(snapshot);
                }
                Output::SnapshotEnded(ended) => self.snapshots.discard(ended),
                Output::Notice(notice) => self.note(&notice),
            }
        }
    }

    fn note(&self, notice: &Notice) {
        match notice {
            Notice::SessionExpired { session, timeout_ms } => {
                self.shared.metrics.count(Counter::StaleSessionsExpired, 1);
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

    fn wake(&mut self) {
        for io in self.to_wake.drain(..) {
            self.shared.io[usize::from(io)].wake();
        }
    }
}
