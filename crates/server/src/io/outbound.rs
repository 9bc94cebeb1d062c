use std::net::Shutdown;

use net::Flushed;
use peer::{ConnId, Input};
use tracing::debug;

use super::conn::{Conn, Phase};
use super::thread::IoThread;

/// A connection with more than this to send is not read from (slow reader).
const OUT_PAUSE_BYTES: usize = 1 << 20;
/// A connection that lets more events than this pile up is closed.
const EVENTS_MAX_BYTES: usize = 16 << 20;
/// Java sends long answers in pieces of this size, and counts each as a packet.
const WORD_CHUNK_BYTES: usize = 8192;

/// What goes out, and the end of a connection.
impl IoThread<'_> {
    pub(super) fn mark_dirty(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id)
            && !conn.is_dirty
        {
            conn.is_dirty = true;
            self.dirty.push(id);
        }
    }

    pub(super) fn flush_all(&mut self) {
        for id in std::mem::take(&mut self.dirty) {
            self.flush(id);
        }
    }

    fn flush(&mut self, id: ConnId) {
        let now_ms = self.now_ms();
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.is_dirty = false;
        if conn.is_blocked {
            return;
        }
        let was_paused = conn.out.len() > OUT_PAUSE_BYTES;
        match conn.out.flush(&conn.socket) {
            Ok(Flushed::All) if conn.is_closing => self.close(id),
            Ok(Flushed::All) => {
                conn.last_io_ms = now_ms;
                conn.unsent_event_bytes = 0;
                if was_paused {
                    self.look_again(id);
                }
            }
            Ok(Flushed::Blocked) => {
                conn.is_blocked = true;
                if was_paused && conn.out.len() <= OUT_PAUSE_BYTES {
                    self.look_again(id);
                }
            }
            Err(error) => {
                debug!("cannot send to {}: {error}", net::java_address(conn.address));
                self.close(id);
            }
        }
    }

    /// Ends a connection and everything that hangs on it.
    pub(super) fn close(&mut self, id: ConnId) {
        let Some(conn) = self.conns.remove(&id) else { return };
        // The client may be faster; then there is nothing to shut down.
        let _ = conn.socket.shutdown(Shutdown::Both);
        self.shared.admission.leave(conn.ip());
        self.lane.release_all(&conn);
        if matches!(conn.phase, Phase::Greeted | Phase::Ready) {
            self.shared.watches().remove_watcher(id.watcher());
            if conn.fence.with_core() > 0 {
                self.leaving.insert(id, conn.fence.with_core());
            }
            // What it sent before comes first.
            self.hand_over();
            let last_seen_ms = conn.last_seen_ms;
            self.to_core(Input::Closed { conn: id, last_seen_ms });
        }
        debug!(
            "Closed socket connection for client {} with session {}",
            net::java_address(conn.address),
            conn.session_text()
        );
    }

    /// A four-letter word is answered; then the connection is done.
    pub(super) fn word_answer(&mut self, id: ConnId, answer: &[u8]) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.out.buffer().extend_from_slice(answer);
        conn.is_closing = true;
        let chunks = answer.len().div_ceil(WORD_CHUNK_BYTES) as u64;
        conn.stats.sent += chunks;
        self.lane.tally.packets_sent += chunks;
        self.mark_dirty(id);
    }
}

/// Whether a connection has so much to send that nothing more is taken from it.
pub(super) fn is_slow_reader(conn: &Conn) -> bool {
    conn.out.len() > OUT_PAUSE_BYTES
}

/// Whether even events are too many.
pub(super) fn is_hopeless(conn: &Conn) -> bool {
    conn.unsent_event_bytes > EVENTS_MAX_BYTES
}
