use jute::Reader;
use peer::{Connect, Input};
use proto::{ConnectRequest, SessionId};
use tracing::{debug, warn};

use super::conn::{Conn, Phase};
use super::fault::Fault;
use super::requests::{Lane, Taken};
use crate::metrics::{Basic, Counter};
use crate::shared::CoreMessage;
use crate::words::{Word, WordRequest};

/// The bytes of `stmk` behind the word.
const MASK_BYTES: usize = 8;

impl Lane<'_> {
    /// Whether the connection begins with a four-letter word; then it is on its way.
    pub(super) fn is_word(&mut self, conn: &mut Conn, rest: &[u8]) -> bool {
        let Some((head, behind)) = rest.split_first_chunk::<4>() else { return false };
        let Some(word) = Word::from_bytes(*head) else { return false };
        let is_allowed = self.shared.config.four_letter_words.allows(word.name());
        if word == Word::TelnetClose && is_allowed {
            // It has no answer of its own and is no good length either.
            return false;
        }
        let trace_mask = behind.first_chunk::<MASK_BYTES>().map(|mask| i64::from_be_bytes(*mask));
        conn.phase = Phase::Word;
        conn.stats.received += 1;
        self.tally.packets_received += 1;
        self.tally.bytes_received += 4;
        debug!("Processing {} command from {}", word.name(), net::java_address(conn.address));
        self.shared.words.push(WordRequest { conn: conn.id, word, trace_mask, is_allowed });
        true
    }

    /// Takes the handshake and gives it to the core.
    pub(super) fn greet(&mut self, conn: &mut Conn, frame: &[u8]) -> Taken {
        if !self.shared.is_serving() {
            self.shared.metrics.count(Counter::CnxnClosedWithoutZkServerRunning, 1);
            return Taken::Close(Fault::NotServing);
        }
        let mut reader = Reader::with_limits(frame, self.shared.limits);
        let request = match ConnectRequest::decode(&mut reader) {
            Ok(request) => request,
            Err(error) => return Taken::Close(Fault::Malformed("handshake", error)),
        };
        let renews = request.session_id != SessionId(0);
        if !self.shared.throttle.admits(renews, self.now_us / 1000) {
            self.shared.metrics.count(Counter::ConnectionRejected, 1);
            return Taken::Close(Fault::HandshakeThrottle);
        }
        self.count_handshake(renews);
        if request.read_only.is_none() {
            warn!(
                "Connection request from old client {}; will be dropped if server is in r-o mode",
                net::java_address(conn.address)
            );
        }
        conn.phase = Phase::Greeted;
        conn.renews = renews;
        let connect = Connect {
            conn: conn.id,
            session: request.session_id,
            password: request.password,
            timeout_ms: request.timeout_ms,
            last_zxid_seen: request.last_zxid_seen,
            with_read_only: request.read_only.is_some(),
            received_us: self.now_us,
        };
        self.shared.core.push(CoreMessage::Input(Input::Connect(connect)));
        Taken::Yes
    }

    fn count_handshake(&self, renews: bool) {
        let metrics = &self.shared.metrics;
        metrics.count(Counter::ConnectionRequestCount, 1);
        let deficit = i64::from(self.shared.throttle.deficit());
        metrics.basic(Basic::ConnectionTokenDeficit).add(deficit);
        if renews {
            metrics.count(Counter::ConnectionRevalidateCount, 1);
        }
    }
}
