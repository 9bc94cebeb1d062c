use std::sync::atomic::Ordering::Relaxed;

use peer::{CloseReason, ConnId, Frame, Input, IoBatch, IoItem};
use proto::{OpCode, ReplyHeader, SessionId, Zxid};
use tracing::{debug, info, warn};

use super::conn::{Conn, Phase};
use super::outbound::is_hopeless;
use super::requests::count_responses;
use super::thread::IoThread;

impl IoThread<'_> {
    /// Does what the core wants, in its order.
    pub(super) fn deliver(&mut self, batch: IoBatch) {
        let mut rest = &batch.bytes[..];
        let mut frame = |len: usize| {
            let (frame, behind) = rest.split_at(len);
            rest = behind;
            frame
        };
        let mut answered = 0;
        for item in batch.items {
            match item {
                IoItem::Reply { conn, len, op, xid, zxid, received_us, close } => {
                    answered += 1;
                    let reply = Reply { op, xid, zxid, received_us, close };
                    self.reply(conn, frame(len), &reply);
                }
                IoItem::Session { conn, len, session, timeout_ms, received_us } => {
                    self.session(conn, frame(len), session, timeout_ms, received_us);
                }
                IoItem::Event { conn, kind, path, zxid, acl } => {
                    let Some(to) = self.conns.get_mut(&conn) else { continue };
                    if !self.shared.rules.may_read(&acl, &to.ids) {
                        continue;
                    }
                    let len = Frame::event(to.out.buffer(), zxid, kind, &path) - 4;
                    self.lane.tally.response(len);
                    self.lane.tally.watch_bytes += len as i64;
                    to.unsent_event_bytes += len;
                    to.stats.sent += 1;
                    self.sent_event(conn);
                }
                IoItem::Close { conn, reason } => self.close_by_core(conn, reason),
                IoItem::ReportActivity { conn } => self.report(conn),
            }
        }
        self.shared.stats.in_process.fetch_sub(answered, Relaxed);
    }

    fn reply(&mut self, id: ConnId, frame: &[u8], reply: &Reply) {
        let Some(conn) = self.conns.get_mut(&id) else {
            self.answered_nobody(id);
            return;
        };
        conn.fence.answered();
        self.lane.release_answered(conn, reply.op);
        conn.out.buffer().extend_from_slice(frame);
        conn.stats.sent += count_responses(frame, &mut self.lane.tally);
        let is_error = header_has_error(frame);
        self.lane.answered(conn, reply.op, reply.xid, reply.zxid, is_error, reply.received_us);
        conn.is_closing |= reply.close;
        let waits = waits(conn);
        self.mark_dirty(id);
        if waits {
            self.look_again(id);
        }
    }

    /// A reply for a connection that is gone. The last one may have set a watch for it.
    fn answered_nobody(&mut self, id: ConnId) {
        let Some(count) = self.leaving.get_mut(&id) else { return };
        *count -= 1;
        if *count == 0 {
            self.leaving.remove(&id);
            self.shared.watches().remove_watcher(id.watcher());
        }
    }

    fn session(
        &mut self,
        id: ConnId,
        frame: &[u8],
        session: Option<SessionId>,
        timeout_ms: i32,
        received_us: i64,
    ) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.out.buffer().extend_from_slice(frame);
        conn.stats.sent += 1;
        self.lane.tally.packets_sent += 1;
        let address = net::java_address(conn.address);
        match session {
            Some(session) => {
                debug!(
                    "Established session {session} with negotiated timeout {timeout_ms} for \
                     client {address}"
                );
                conn.session = Some(session);
                conn.timeout_ms = timeout_ms;
                conn.phase = Phase::Ready;
                if !conn.renews {
                    let op = OpCode::CreateSession;
                    self.lane.answered(conn, op, 0, Zxid(-1), false, received_us);
                }
            }
            None => {
                info!("Invalid session for client {address}, probably expired");
                conn.is_closing = true;
            }
        }
        let waits = waits(conn);
        self.mark_dirty(id);
        if waits {
            self.look_again(id);
        }
    }

    fn sent_event(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(&id) else { return };
        if is_hopeless(conn) {
            warn!(
                "Closing session {}: {} does not read its events, {} bytes are waiting",
                conn.session_text(),
                net::java_address(conn.address),
                conn.unsent_event_bytes
            );
            self.close(id);
        } else {
            self.mark_dirty(id);
        }
    }

    fn close_by_core(&mut self, id: ConnId, reason: CloseReason) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let (address, session) = (net::java_address(conn.address), conn.session_text());
        match reason {
            CloseReason::ClientAhead => info!(
                "Refusing session request for client {address} as it has seen a later zxid than \
                 ours, client must try another server"
            ),
            CloseReason::Reconnected => {
                debug!("session {session} came back over another connection than {address}");
            }
            CloseReason::Expired => info!("Expiring session {session} of {address}"),
        }
        self.close(id);
    }

    fn report(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get(&id) {
            self.to_core(Input::Activity { conn: id, last_seen_ms: conn.last_seen_ms });
        }
    }
}

/// What is known of a reply besides its frame.
struct Reply {
    op: OpCode,
    xid: i32,
    zxid: Zxid,
    received_us: i64,
    close: bool,
}

/// Whether there is something to be taken from the connection that no event will tell of.
fn waits(conn: &Conn) -> bool {
    conn.is_held || conn.is_readable
}

/// Whether the reply's header has an error. Of several frames, the first is looked at: those
/// with events before them have none.
fn header_has_error(frame: &[u8]) -> bool {
    let err = frame.get(4 + ReplyHeader::LEN - 4..4 + ReplyHeader::LEN);
    err.is_some_and(|err| err.iter().any(|byte| *byte != 0))
}
