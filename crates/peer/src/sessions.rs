use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use proto::{ErrorCode, SessionId};

use crate::ConnId;

/// A session as operators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// Its timeout, ms.
    pub timeout_ms: i32,
    /// The connection it uses now.
    pub conn: Option<ConnId>,
}

/// The sessions that expire at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryBucket {
    /// The moment on the monotonic clock, ms.
    pub at_ms: i64,
    /// The sessions, by id.
    pub sessions: Vec<SessionId>,
}

/// Who is alive (`SessionTrackerImpl`).
///
/// A session expires at the first multiple of the tick after its timeout. A session that has a
/// connection is not closed on suspicion: whoever owns the connection is asked first
/// ([`Due::Ask`]), so that requests need not be reported one by one.
#[derive(Debug)]
pub(crate) struct Sessions {
    by_id: HashMap<SessionId, Session, FixedState>,
    by_conn: HashMap<ConnId, SessionId, FixedState>,
    by_expiry: BTreeMap<i64, BTreeSet<SessionId>>,
    next_id: SessionId,
    tick_ms: i64,
}

#[derive(Debug)]
struct Session {
    timeout_ms: i32,
    expires_ms: i64,
    conn: Option<ConnId>,
    closing: bool,
    /// The timeout of its applied createSession, which is the one that snapshots hold.
    committed_timeout_ms: Option<i32>,
}

/// What to do about a session whose time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ask the owner of its connection for its last sign of life.
    Ask(ConnId),
    /// Close it.
    Expire(SessionId),
}

impl Sessions {
    pub(crate) fn new(first: SessionId, tick_ms: i64) -> Self {
        Sessions {
            by_id: HashMap::with_hasher(FixedState::default()),
            by_conn: HashMap::with_hasher(FixedState::default()),
            by_expiry: BTreeMap::new(),
            next_id: first,
            tick_ms: tick_ms.max(1),
        }
    }

    /// Gives out the next id and tracks it.
    pub(crate) fn open(&mut self, timeout_ms: i32, conn: ConnId, now_ms: i64) -> SessionId {
        while self.next_id.0 == 0 || self.by_id.contains_key(&self.next_id) {
            self.next_id.0 = self.next_id.0.wrapping_add(1);
        }
        let id = self.next_id;
        self.next_id.0 = self.next_id.0.wrapping_add(1);
        self.track(id, timeout_ms, Some(conn), now_ms);
        id
    }

    /// Tracks a session read from disk; its time starts now.
    pub(crate) fn restore(&mut self, id: SessionId, timeout_ms: i32, now_ms: i64) {
        self.track(id, timeout_ms, None, now_ms);
        self.commit(id, timeout_ms);
    }

    fn track(&mut self, id: SessionId, timeout_ms: i32, conn: Option<ConnId>, now_ms: i64) {
        let expires_ms = self.round_up(now_ms + i64::from(timeout_ms));
        let session =
            Session { timeout_ms, expires_ms, conn, closing: false, committed_timeout_ms: None };
        if let Some(old) = self.by_id.insert(id, session) {
            self.unschedule(id, old.expires_ms);
        }
        if let Some(conn) = conn {
            self.by_conn.insert(conn, id);
        }
        self.by_expiry.entry(expires_ms).or_default().insert(id);
    }

    /// Its createSession is applied.
    pub(crate) fn commit(&mut self, id: SessionId, timeout_ms: i32) {
        if let Some(session) = self.by_id.get_mut(&id) {
            session.committed_timeout_ms = Some(timeout_ms);
        }
    }

    /// Its closeSession is applied; gives the connection it had.
    pub(crate) fn remove(&mut self, id: SessionId) -> Option<ConnId> {
        let session = self.by_id.remove(&id)?;
        self.unschedule(id, session.expires_ms);
        if let Some(conn) = session.conn {
            self.by_conn.remove(&conn);
        }
        session.conn
    }

    /// The session that uses a connection.
    pub(crate) fn of(&self, conn: ConnId) -> Option<SessionId> {
        self.by_conn.get(&conn).copied()
    }

    /// Moves a session to a new connection. `None`: it is gone or closing.
    /// Otherwise the connection it had.
    pub(crate) fn reopen(
        &mut self,
        id: SessionId,
        timeout_ms: i32,
        conn: ConnId,
        now_ms: i64,
    ) -> Option<Option<ConnId>> {
        let session = self.by_id.get_mut(&id).filter(|session| !session.closing)?;
        session.timeout_ms = timeout_ms;
        let old = session.conn.replace(conn);
        if let Some(old) = old {
            self.by_conn.remove(&old);
        }
        self.by_conn.insert(conn, id);
        self.touch(id, now_ms);
        Some(old)
    }

    /// A sign of life at `seen_ms`, which may be earlier than what is known already.
    pub(crate) fn touch(&mut self, id: SessionId, seen_ms: i64) {
        let Some(session) = self.by_id.get(&id) else { return };
        let (old, timeout_ms) = (session.expires_ms, session.timeout_ms);
        let expires_ms = self.round_up(seen_ms + i64::from(timeout_ms)).max(old);
        if expires_ms != old {
            self.unschedule(id, old);
            self.by_expiry.entry(expires_ms).or_default().insert(id);
            if let Some(session) = self.by_id.get_mut(&id) {
                session.expires_ms = expires_ms;
            }
        }
    }

    /// The session's connection ended, after a last sign of life at `seen_ms`.
    pub(crate) fn disconnect(&mut self, id: SessionId, conn: ConnId, seen_ms: i64) {
        self.touch(id, seen_ms);
        if let Some(session) = self.by_id.get_mut(&id)
            && session.conn == Some(conn)
        {
            session.conn = None;
            self.by_conn.remove(&conn);
        }
    }

    /// From now on it may start no write.
    pub(crate) fn set_closing(&mut self, id: SessionId) {
        if let Some(session) = self.by_id.get_mut(&id) {
            session.closing = true;
        }
    }

    /// Whether a request of this session may go on (`checkSession`).
    pub(crate) fn check(&self, id: SessionId) -> Result<(), ErrorCode> {
        match self.by_id.get(&id) {
            None => Err(ErrorCode::UnknownSession),
            Some(session) if session.closing => Err(ErrorCode::SessionExpired),
            Some(_) => Ok(()),
        }
    }

    /// The timeout of a session that is known and not closing.
    pub(crate) fn open_timeout_ms(&self, id: SessionId) -> Option<i32> {
        self.by_id.get(&id).filter(|session| !session.closing).map(|session| session.timeout_ms)
    }

    /// When to call [`Sessions::poll_due`] next.
    pub(crate) fn next_expiry_ms(&self) -> Option<i64> {
        self.by_expiry.first_key_value().map(|(at, _)| *at)
    }

    /// Takes the next session whose time is up; it is looked at again a tick later.
    pub(crate) fn poll_due(&mut self, now_ms: i64) -> Option<Due> {
        loop {
            let id = self.pop_due(now_ms)?;
            let later = self.round_up(now_ms);
            let Some(session) = self.by_id.get_mut(&id) else { continue };
            // A closing session waits for its closeSession to be applied, nothing more.
            if session.closing {
                continue;
            }
            session.expires_ms = later;
            self.by_expiry.entry(later).or_default().insert(id);
            return Some(match session.conn {
                Some(conn) => Due::Ask(conn),
                None => Due::Expire(id),
            });
        }
    }

    fn pop_due(&mut self, now_ms: i64) -> Option<SessionId> {
        let mut bucket = self.by_expiry.first_entry().filter(|bucket| *bucket.key() <= now_ms)?;
        let id = bucket.get_mut().pop_first();
        if bucket.get().is_empty() {
            bucket.remove();
        }
        id
    }

    /// The answer to [`Due::Ask`]: whether the session's time is up after all.
    pub(crate) fn is_overdue(&mut self, id: SessionId, seen_ms: i64, now_ms: i64) -> bool {
        let Some(session) = self.by_id.get(&id) else { return false };
        let timeout_ms = i64::from(session.timeout_ms);
        self.touch(id, seen_ms);
        self.round_up(seen_ms + timeout_ms) <= now_ms
    }

    /// The sessions that snapshots hold, by id.
    pub(crate) fn committed(&self) -> Vec<(SessionId, i32)> {
        let timeout = |(id, session): (&SessionId, &Session)| {
            session.committed_timeout_ms.map(|timeout_ms| (*id, timeout_ms))
        };
        let mut list: Vec<_> = self.by_id.iter().filter_map(timeout).collect();
        list.sort_unstable();
        list
    }

    /// All sessions, by id.
    pub(crate) fn list(&self) -> Vec<SessionInfo> {
        let info = |(id, session): (&SessionId, &Session)| SessionInfo {
            id: *id,
            timeout_ms: session.timeout_ms,
            conn: session.conn,
        };
        let mut list: Vec<_> = self.by_id.iter().map(info).collect();
        list.sort_unstable_by_key(|info| info.id);
        list
    }

    /// The expiry times, earliest first.
    pub(crate) fn expiry(&self) -> Vec<ExpiryBucket> {
        let bucket = |(at, ids): (&i64, &BTreeSet<SessionId>)| ExpiryBucket {
            at_ms: *at,
            sessions: ids.iter().copied().collect(),
        };
        self.by_expiry.iter().map(bucket).collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The first multiple of the tick after `time_ms` (`ExpiryQueue.roundToNextInterval`).
    fn round_up(&self, time_ms: i64) -> i64 {
        (time_ms / self.tick_ms + 1) * self.tick_ms
    }

    fn unschedule(&mut self, id: SessionId, at_ms: i64) {
        if let Some(bucket) = self.by_expiry.get_mut(&at_ms) {
            bucket.remove(&id);
            if bucket.is_empty() {
                self.by_expiry.remove(&at_ms);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: ConnId = ConnId(7);

    fn sessions() -> Sessions {
        Sessions::new(SessionId(100), 10)
    }

    #[test]
    fn a_session_expires_at_the_tick_after_its_timeout() {
        let mut sessions = sessions();
        sessions.restore(SessionId(1), 25, 0);
        assert_eq!(sessions.next_expiry_ms(), Some(30));
        assert_eq!(sessions.poll_due(29), None);
        assert_eq!(sessions.poll_due(30), Some(Due::Expire(SessionId(1))));
        assert_eq!(sessions.poll_due(30), None, "looked at again a tick later");
        assert_eq!(sessions.next_expiry_ms(), Some(40));
    }

    #[test]
    fn the_owner_of_a_connection_is_asked_first() {
        let mut sessions = sessions();
        let id = sessions.open(25, CONN, 0);
        assert_eq!(sessions.poll_due(30), Some(Due::Ask(CONN)));
        assert!(!sessions.is_overdue(id, 20, 30), "seen at 20, lives until 50");
        assert_eq!(sessions.next_expiry_ms(), Some(50));
        assert_eq!(sessions.poll_due(50), Some(Due::Ask(CONN)));
        assert!(sessions.is_overdue(id, 20, 50));
    }

    #[test]
    fn a_closing_session_cannot_come_back() {
        let mut sessions = sessions();
        let id = sessions.open(25, CONN, 0);
        assert_eq!(sessions.reopen(id, 30, ConnId(8), 5), Some(Some(CONN)));
        sessions.set_closing(id);
        assert_eq!(sessions.check(id), Err(ErrorCode::SessionExpired));
        assert_eq!(sessions.reopen(id, 30, ConnId(9), 5), None);
        assert_eq!(sessions.remove(id), Some(ConnId(8)));
        assert_eq!(sessions.check(id), Err(ErrorCode::UnknownSession));
        assert_eq!(sessions.next_expiry_ms(), None);
    }

    #[test]
    fn an_old_connection_that_ends_late_does_not_take_the_new_one_with_it() {
        let mut sessions = sessions();
        let id = sessions.open(25, CONN, 0);
        sessions.reopen(id, 25, ConnId(8), 5);
        sessions.disconnect(id, CONN, 3);
        assert_eq!(sessions.list()[0].conn, Some(ConnId(8)));
    }
}
