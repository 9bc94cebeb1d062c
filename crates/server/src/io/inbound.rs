use std::io::{self, ErrorKind, Read};

use peer::ConnId;
use tracing::{debug, warn};

use super::conn::{Conn, Phase};
use super::requests::Step;
use super::thread::IoThread;
use crate::metrics::Counter;

/// Read at once from one connection.
pub(super) const SCRATCH_BYTES: usize = 64 * 1024;
/// Up to this much of a partial frame is put before the next bytes, so that one buffer holds both.
const KEPT_IN_SCRATCH_MAX: usize = SCRATCH_BYTES / 2;
/// An empty buffer of up to this size is kept.
const INBOUND_KEPT_BYTES: usize = 256;
/// A prime, so that no connection is always first or last.
const TURN: usize = 7919;

/// What comes in: bytes to frames, frames to [`super::requests::Lane`].
impl IoThread<'_> {
    /// Looks at a connection in the next round, or in this one if that part of it is still ahead.
    pub(super) fn look_again(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id)
            && !conn.is_queued
        {
            conn.is_queued = true;
            self.again.push(id);
        }
    }

    /// Begins at another connection each time: near a limit, the first ones get most of it.
    pub(super) fn pump_again(&mut self) {
        let mut again = std::mem::take(&mut self.again);
        self.turn = self.turn.wrapping_add(TURN);
        let first = self.turn % again.len().max(1);
        again.rotate_left(first);
        for id in again {
            if let Some(conn) = self.conns.get_mut(&id) {
                conn.is_queued = false;
                self.pump(id);
            }
        }
    }

    /// Understands what was held back, or reads once and understands that.
    pub(super) fn pump(&mut self, id: ConnId) {
        let now_ms = self.now_ms();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.phase == Phase::Word || !self.lane.may_read(conn) {
            return;
        }
        if conn.is_held {
            let bytes = std::mem::take(&mut conn.inbound);
            conn.is_held = false;
            self.understand(id, &bytes);
        } else if conn.is_readable {
            let mut scratch = std::mem::take(&mut self.scratch);
            match receive(conn, &mut scratch) {
                Received::Bytes(count) => {
                    conn.last_seen_ms = now_ms;
                    conn.last_io_ms = now_ms;
                    self.understand_received(id, &scratch, count);
                }
                Received::Nothing => {}
                Received::End => self.ended(id),
                Received::Failed(error) => {
                    let address = net::java_address(conn.address);
                    debug!("connection of {address} failed: {error}");
                    self.close(id);
                }
            }
            self.scratch = scratch;
        }
        if self.conns.get(&id).is_some_and(|conn| conn.is_readable || conn.is_held)
            && self.conns.get(&id).is_some_and(|conn| self.lane.may_read(conn))
        {
            self.look_again(id);
        }
    }

    /// `scratch` holds what was kept of the connection, if that is little, and `count` new bytes.
    fn understand_received(&mut self, id: ConnId, scratch: &[u8], count: usize) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.inbound.len() <= KEPT_IN_SCRATCH_MAX {
            let filled = conn.inbound.len() + count;
            conn.inbound.clear();
            self.understand(id, &scratch[..filled]);
        } else {
            let mut bytes = std::mem::take(&mut conn.inbound);
            bytes.extend_from_slice(&scratch[..count]);
            self.understand(id, &bytes);
        }
    }

    /// Works through whole frames; keeps the rest.
    fn understand(&mut self, id: ConnId, bytes: &[u8]) {
        let shared = self.shared;
        let mut at = 0;
        let mut tree = None;
        loop {
            let Some(conn) = self.conns.get_mut(&id) else { return };
            match self.lane.advance(conn, bytes, &mut at, tree.as_deref()) {
                Step::WantsTree => {
                    tree = Some(shared.tree());
                    // Events first: they were sent before this tree was seen.
                    self.take_messages();
                }
                Step::Partial => break,
                Step::Held => {
                    conn.is_held = true;
                    break;
                }
                Step::Close(reason) => {
                    drop(tree);
                    let address = net::java_address(conn.address);
                    let session = conn.session_text();
                    warn!("Close of session {session}: {address}: {reason}");
                    self.close(id);
                    return;
                }
            }
        }
        drop(tree);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.inbound.clear();
        conn.inbound.extend_from_slice(&bytes[at..]);
        if conn.inbound.is_empty() && conn.inbound.capacity() > INBOUND_KEPT_BYTES {
            conn.inbound = Vec::new();
        }
        if !conn.out.is_empty() || conn.is_closing {
            self.mark_dirty(id);
        }
    }

    /// The client closed its side. Replies still on their way are not waited for, as in Java.
    fn ended(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(&id) else { return };
        let (address, session) = (net::java_address(conn.address), conn.session_text());
        self.shared.metrics.count(Counter::ConnectionDropCount, 1);
        debug!(
            "Unable to read additional data from client, it probably closed the socket: \
             address = {address}, session = {session}"
        );
        self.close(id);
    }
}

/// What a read brought.
enum Received {
    Bytes(usize),
    Nothing,
    End,
    Failed(io::Error),
}

/// Reads once, behind what is kept of the connection if that is little.
fn receive(conn: &mut Conn, scratch: &mut [u8]) -> Received {
    let kept = match conn.inbound.len() {
        kept if kept <= KEPT_IN_SCRATCH_MAX => {
            scratch[..kept].copy_from_slice(&conn.inbound);
            kept
        }
        _ => 0,
    };
    let room = &mut scratch[kept..];
    loop {
        return match (&conn.socket).read(room) {
            Ok(0) => Received::End,
            Ok(count) => {
                // The queue reports edges: a full buffer may have left something behind, and an
                // end of the stream that was reported already is not reported again.
                conn.is_readable = count == room.len() || conn.is_half_closed;
                Received::Bytes(count)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                conn.is_readable = false;
                Received::Nothing
            }
            Err(error) => Received::Failed(error),
        };
    }
}
