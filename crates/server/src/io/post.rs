use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

use mio::Waker;
use mio::net::TcpStream;
use peer::{ConnId, IoBatch};

use super::info::ConnInfo;

/// What other threads send to an I/O thread.
#[derive(Debug)]
pub(crate) enum IoMessage {
    /// From the core.
    Batch(IoBatch),
    /// A connection accepted by another I/O thread.
    Adopt(TcpStream, std::net::SocketAddr),
    /// The answer to a four-letter word.
    Word { conn: ConnId, answer: Vec<u8> },
    /// Describe all connections.
    Describe(Sender<Vec<ConnInfo>>),
    /// Set the counters of all connections back (`crst`).
    ResetStats,
    /// Close everything and end.
    Stop,
}

/// The way into an I/O thread.
///
/// Pushing does not wake: a group of messages is pushed, then the thread is woken once, and only
/// if it sleeps.
#[derive(Debug)]
pub(crate) struct IoPost {
    messages: Mutex<Vec<IoMessage>>,
    /// There are messages. Set after the push, so whoever sees it finds them.
    is_pending: AtomicBool,
    is_asleep: AtomicBool,
    waker: Waker,
}

impl IoPost {
    pub(crate) fn new(waker: Waker) -> Self {
        IoPost {
            messages: Mutex::default(),
            is_pending: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            waker,
        }
    }

    pub(crate) fn push(&self, message: IoMessage) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        self.is_pending.store(true, SeqCst);
    }

    /// Wakes the thread if it sleeps.
    pub(crate) fn wake(&self) {
        if self.is_asleep.swap(false, SeqCst)
            && let Err(error) = self.waker.wake()
        {
            tracing::error!("cannot wake an I/O thread: {error}");
        }
    }

    pub(crate) fn send(&self, message: IoMessage) {
        self.push(message);
        self.wake();
    }

    /// Announces that the thread is going to sleep; false if it had better not.
    pub(super) fn may_sleep(&self) -> bool {
        self.is_asleep.store(true, SeqCst);
        !self.is_pending.load(SeqCst)
    }

    pub(super) fn awake(&self) {
        self.is_asleep.store(false, SeqCst);
    }

    /// Moves all messages to `into`, which is empty.
    pub(super) fn take(&self, into: &mut Vec<IoMessage>) {
        if self.is_pending.load(SeqCst) && self.is_pending.swap(false, SeqCst) {
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *messages, into);
        }
    }
}
