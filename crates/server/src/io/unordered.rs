use jute::Reader;
use peer::auth::Outcome;
use proto::{ErrorCode, OpCode, Request, RequestHeader, Zxid};
use tracing::{debug, error, warn};

use super::conn::Conn;
use super::fault::Fault;
use super::requests::{Lane, Taken};
use crate::metrics::Counter;

/// What is answered at once, ahead of the connection's requests that are still in process.
impl Lane<'_> {
    pub(super) fn auth(&mut self, conn: &mut Conn, xid: i32, body: &[u8]) -> Taken {
        let mut reader = Reader::with_limits(body, self.shared.limits);
        let (scheme, auth) = match Request::decode(OpCode::Auth, &mut reader) {
            Ok(Request::Auth { scheme, auth }) => (scheme.unwrap_or_default(), auth),
            _ => return Taken::Close(Fault::Unreadable("auth packet")),
        };
        let address = net::java_address(conn.address);
        let outcome = self.shared.rules.authenticate(&scheme, auth, conn.ip());
        self.count_ensemble_auth(&scheme, auth, &outcome);
        match outcome {
            Outcome::Accepted(ids) => {
                debug!(
                    "Session {}: auth success for scheme {scheme} and address {address}",
                    conn.session_text()
                );
                conn.add_ids(ids);
                self.reply(conn, xid, Zxid::ZERO, ErrorCode::Ok, false);
                Taken::Yes
            }
            Outcome::Failed => {
                warn!("Authentication failed for scheme: {scheme}, address {address}");
                self.reply(conn, xid, Zxid::ZERO, ErrorCode::AuthFailed, false);
                conn.is_closing = true;
                Taken::Yes
            }
            Outcome::Dropped => Taken::Close(Fault::WrongEnsemble),
        }
    }

    fn count_ensemble_auth(&self, scheme: &str, auth: Option<&[u8]>, outcome: &Outcome) {
        let Some(ensemble) = self.shared.rules.ensemble.as_ref().filter(|_| scheme == "ensemble")
        else {
            return;
        };
        let is_checked = ensemble.names.is_some() && !auth.unwrap_or_default().is_empty();
        self.shared.metrics.count(
            match (is_checked, outcome) {
                (false, _) => Counter::EnsembleAuthSkip,
                (true, Outcome::Accepted(_)) => Counter::EnsembleAuthSuccess,
                (true, _) => Counter::EnsembleAuthFail,
            },
            1,
        );
    }

    /// Java's answer when no SASL login is configured: success with a null token.
    pub(super) fn sasl(&mut self, conn: &mut Conn, xid: i32, body: &[u8]) -> Taken {
        let mut reader = Reader::with_limits(body, self.shared.limits);
        match Request::decode(OpCode::Sasl, &mut reader) {
            Ok(Request::Sasl { token: Some(_) }) => {
                self.reply(conn, xid, Zxid::ZERO, ErrorCode::Ok, true);
                Taken::Yes
            }
            _ => Taken::Close(Fault::Unreadable("SASL packet")),
        }
    }

    pub(super) fn refuse_unauthenticated(&mut self, conn: &mut Conn, xid: i32) -> Taken {
        let schemes = |ids: &[proto::Id]| {
            ids.iter().map(|id| id.scheme().to_owned()).collect::<Vec<_>>().join(", ")
        };
        error!(
            "Client authentication scheme(s) [{}] does not match with any of the expected \
             authentication scheme [{}], closing session.",
            schemes(&conn.ids),
            self.shared.rules.enforced_schemes.join(", ")
        );
        let err = ErrorCode::SessionClosedRequireSaslAuth;
        self.reply(conn, xid, Zxid::ZERO, err, false);
        conn.is_closing = true;
        Taken::Yes
    }

    pub(super) fn unknown(&mut self, conn: &mut Conn, header: &RequestHeader) -> Taken {
        warn!(
            "Received packet at server of unknown type {} from {}",
            header.op,
            net::java_address(conn.address)
        );
        self.reply(conn, header.xid, Zxid(-1), ErrorCode::Unimplemented, false);
        conn.is_closing = true;
        Taken::Yes
    }
}
