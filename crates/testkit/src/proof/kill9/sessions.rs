//! A worker whose sessions come and go.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use proto::{ConnectResponse, CreateMode, OpCode};

use super::{LONG_TIMEOUT_MS, Line, ROOT, SHORT_TIMEOUT_MS, Worker};
use crate::client::{self, Client, Hello, request};
use crate::oracle::rng::Rng;

const EPHEMERALS_MAX: usize = 6;
/// More are closed.
const KEPT_MAX: usize = 4;
/// Sessions that are over are looked at for so many rounds.
const ROUNDS_REMEMBERED: usize = 3;

/// Opens sessions, gives them ephemerals, and closes, keeps or leaves them.
pub(super) struct Sessions {
    base: String,
    next: u64,
    sessions: Vec<Session>,
}

struct Session {
    greeting: ConnectResponse,
    /// Names of ephemerals that were asked for, and how many of them were acknowledged.
    names: Vec<String>,
    acknowledged: usize,
    fate: Fate,
    line: Option<Line>,
    rounds: usize,
}

/// What becomes of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is used.
    Kept,
    /// Its close was sent.
    Closing,
    /// Its close was acknowledged.
    Closed,
    /// Nobody answers for it any more.
    Left,
}

impl Sessions {
    pub(super) fn new(number: usize) -> Self {
        Sessions { base: format!("{ROOT}/sessions-{number}"), next: 0, sessions: Vec::new() }
    }

    /// A new session with ephemerals, and what is to become of it.
    fn open(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        let fate = match rng.below(8) {
            0..5 => Fate::Closing,
            5 | 6 => Fate::Left,
            _ => Fate::Kept,
        };
        let timeout_ms = if fate == Fate::Left { SHORT_TIMEOUT_MS } else { LONG_TIMEOUT_MS };
        let mut own = Line::open(line.server(), timeout_ms)?;
        // A greeting has no zxid: only with this answer it is known which one must survive.
        own.client().ping()?;
        let names: Vec<String> =
            (0..1 + rng.below(EPHEMERALS_MAX)).map(|at| format!("{}-{at}", self.next)).collect();
        self.next += 1;
        // Noted before anything is sent: the server may die at any point of it.
        let mut session = Session {
            greeting: own.greeting().clone(),
            names,
            acknowledged: 0,
            fate: if fate == Fate::Left { Fate::Left } else { Fate::Kept },
            line: None,
            rounds: 0,
        };
        let mut outcome = session.fill(&self.base, &mut own);
        if outcome.is_ok() && fate == Fate::Closing {
            outcome = session.close(&mut own);
        }
        line.absorb(&mut own);
        if session.fate == Fate::Kept {
            session.line = Some(own);
        }
        self.sessions.push(session);
        outcome
    }

    /// Closes the oldest of too many that are kept.
    fn close_oldest(&mut self, line: &mut Line) -> Result<(), client::Error> {
        let mut kept: Vec<&mut Session> =
            self.sessions.iter_mut().filter(|session| session.fate == Fate::Kept).collect();
        if kept.len() <= KEPT_MAX {
            return Ok(());
        }
        let Some(mut own) = kept[0].line.take() else { return Ok(()) };
        let outcome = kept[0].close(&mut own);
        line.absorb(&mut own);
        outcome
    }
}

impl Worker for Sessions {
    fn prepare(&mut self, line: &mut Line) -> Result<(), client::Error> {
        line.client().create(&self.base, b"", 0).map(drop)
    }

    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        line.client().ping()?;
        self.open(line, rng)?;
        self.close_oldest(line)
    }

    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error> {
        self.look(line, findings, false)
    }

    fn check_at_rest(
        &mut self,
        line: &mut Line,
        findings: &mut Vec<String>,
    ) -> Result<(), client::Error> {
        self.look(line, findings, true)
    }
}

impl Sessions {
    fn look(
        &mut self,
        line: &mut Line,
        findings: &mut Vec<String>,
        at_rest: bool,
    ) -> Result<(), client::Error> {
        let names = line.client().get_children(&self.base, false)?;
        let there: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let known: usize = self.sessions.iter().map(|session| session.count(&there)).sum();
        if known != there.len() {
            let count = there.len() - known;
            findings.push(format!("{} has {count} ephemerals of forgotten sessions", self.base));
        }
        for session in &mut self.sessions {
            session.check(line, &self.base, &there, findings, at_rest)?;
        }
        self.sessions.retain(|session| {
            let is_over = match session.fate {
                Fate::Closed => true,
                Fate::Left => session.count(&there) == 0,
                Fate::Kept | Fate::Closing => false,
            };
            !is_over || session.rounds < ROUNDS_REMEMBERED
        });
        Ok(())
    }
}

impl Session {
    fn fill(&mut self, base: &str, own: &mut Line) -> Result<(), client::Error> {
        let (acl, flags) = (request::open_acl(), CreateMode::Ephemeral as i32);
        let requests: Vec<_> = self
            .names
            .iter()
            .map(|name| {
                let path = format!("{base}/{name}");
                (OpCode::Create, request::create(Some(&path), Some(b"e"), Some(&acl), flags))
            })
            .collect();
        let acknowledged = &mut self.acknowledged;
        own.burst(&requests, |_, reply| *acknowledged += usize::from(reply.header.err == 0))
    }

    fn close(&mut self, own: &mut Line) -> Result<(), client::Error> {
        self.fate = Fate::Closing;
        own.close()?;
        self.fate = Fate::Closed;
        Ok(())
    }

    /// How many of its ephemerals are there.
    fn count(&self, there: &BTreeSet<&str>) -> usize {
        self.names.iter().filter(|name| there.contains(name.as_str())).count()
    }

    fn check(
        &mut self,
        line: &mut Line,
        base: &str,
        there: &BTreeSet<&str>,
        findings: &mut Vec<String>,
        at_rest: bool,
    ) -> Result<(), client::Error> {
        self.rounds += 1;
        let count = self.count(there);
        let in_order = self.names.iter().take(count).all(|name| there.contains(name.as_str()));
        let has_all = count >= self.acknowledged && in_order;
        let is_known = match (self.fate, at_rest) {
            // They are not resumed: it would keep them alive.
            (Fate::Left, _) => !at_rest,
            (Fate::Closed, _) => false,
            // Nothing has happened to it since the last check.
            (Fate::Kept | Fate::Closing, true) => return Ok(()),
            (Fate::Kept | Fate::Closing, false) => self.resume(line.server())?,
        };
        let wrong = match (self.fate, is_known) {
            (Fate::Kept, false) => Some("was kept, but is gone"),
            (Fate::Kept | Fate::Closing, true) if !has_all => Some("lost ephemerals"),
            (Fate::Left, true) if count > 0 && !has_all => Some("expired in part"),
            (_, false) if count > 0 => Some("is over, but its ephemerals are not"),
            _ => None,
        };
        findings.extend(wrong.map(|wrong| {
            let (id, acknowledged, fate) = (self.greeting.session_id, self.acknowledged, self.fate);
            format!(
                "{base}: session {id:?} ({fate:?}) {wrong}: {count} there, {acknowledged} \
                 acknowledged of {:?}",
                self.names
            )
        }));
        if is_known && self.fate != Fate::Left {
            self.names.truncate(count);
            self.acknowledged = count;
        }
        match (self.fate, self.line.take()) {
            (Fate::Closing, Some(mut own)) => {
                self.close(&mut own)?;
                line.absorb(&mut own);
            }
            (Fate::Closing, None) => self.fate = Fate::Closed,
            (_, own) => self.line = own,
        }
        Ok(())
    }

    /// Whether the server still knows it.
    fn resume(&mut self, server: SocketAddr) -> Result<bool, client::Error> {
        match Client::connect(server, &Hello::resume(&self.greeting)) {
            Ok(client) => {
                self.line = Some(Line::of(server, client));
                Ok(true)
            }
            Err(client::Error::SessionRefused) => {
                self.line = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
