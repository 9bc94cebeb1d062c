use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use proto::{ConnectResponse, ErrorCode, OpCode, SessionId, Zxid, session};

use super::profile::SUPER_AUTH;
use super::render::{Names, Seen};
use super::step::{Greeting, Request, Slot, Step, Who};
use crate::client::{Client, Error, Hello, Packet};

/// A session id that no server grants: its top byte names server 0x7f.
const UNKNOWN_SESSION: SessionId = SessionId(0x7f00_0000_1234_5678);

/// How long the session of [`Step::Expire`] lives without a sign of life.
const SHORT_SESSION_MS: i32 = 2000;

/// How long a server may take to expire it.
const EXPIRY_PATIENCE: Duration = Duration::from_secs(30);

/// What every connection that took part in a step saw.
pub type Outcome = Vec<(Slot, Vec<Seen>)>;

/// One of the two servers with the connections to it.
#[derive(Debug)]
pub struct Side {
    addr: SocketAddr,
    control: Client,
    slots: Vec<SlotState>,
    names: Names,
    expiring: Option<Result<Zxid, Error>>,
}

#[derive(Debug, Default)]
struct SlotState {
    client: Option<Client>,
    session: Option<ConnectResponse>,
    /// Why the last write failed.
    send_error: Option<Error>,
}

impl Side {
    /// Connects the control session, from which everything is counted.
    pub fn connect(addr: SocketAddr, slots: usize) -> Result<Self, Error> {
        let mut control = Client::connect(addr, &Hello::with_timeout_ms(3_600_000))?;
        control.auth("digest", SUPER_AUTH.as_bytes())?;
        let mut names = Names::default();
        names.set_base(control.ping()?);
        names.add_session(control.session_id().0);
        let slots = (0..slots).map(|_| SlotState::default()).collect();
        Ok(Side { addr, control, slots, names, expiring: None })
    }

    /// Sends what the step sends, without waiting for the answer where that is possible.
    pub fn begin(&mut self, step: &Step) {
        match step {
            Step::Ask(slot, request) => self.send(*slot, std::slice::from_ref(request)),
            Step::Close(slot, request) => self.send(*slot, std::slice::from_ref(request)),
            Step::Burst(slot, requests) => self.send(*slot, requests),
            Step::Expire(requests) => self.expiring = Some(self.leave_short_session(requests)),
            _ => {}
        }
    }

    /// Does the rest of the step and says what was seen.
    pub fn finish(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Connect(slot, greeting) => vec![(*slot, self.greet(*slot, greeting))],
            Step::Probe(slot, greeting) => vec![(*slot, self.probe(*slot, greeting))],
            Step::Ask(slot, request) => vec![(*slot, self.replies(*slot, &[request.op]))],
            Step::Burst(slot, requests) => {
                let ops: Vec<i32> = requests.iter().map(|request| request.op).collect();
                vec![(*slot, self.replies(*slot, &ops))]
            }
            Step::Close(slot, request) => vec![(*slot, self.close(*slot, request))],
            Step::Drop(slot) => vec![(*slot, self.drop_connection(*slot))],
            Step::Garbage(slot, bytes) => vec![(*slot, self.garbage(*slot, bytes))],
            Step::Expire(_) => vec![(0, self.await_expiry())],
            Step::Barrier => (0..self.slots.len()).map(|slot| (slot, self.ping(slot))).collect(),
        }
    }

    /// The outcome as lines that are equal on both servers when they behave alike.
    pub fn lines(&self, outcome: &Outcome) -> Vec<String> {
        if let [(_, seen)] = outcome.as_slice() {
            return self.names.lines(seen);
        }
        let of_slot = |(slot, seen): &(Slot, Vec<Seen>)| {
            let lines = self.names.lines(seen);
            lines.into_iter().map(move |line| format!("client {slot}: {line}")).collect::<Vec<_>>()
        };
        outcome.iter().flat_map(of_slot).collect()
    }

    /// Whether the slot has a connection.
    pub fn is_connected(&self, slot: Slot) -> bool {
        self.slots[slot].client.is_some()
    }

    /// The highest zxid the slot's connection saw, counted from the start of the round.
    pub fn last_zxid(&self, slot: Slot) -> i64 {
        let client = self.slots[slot].client.as_ref();
        client.map_or(0, |client| self.names.relative(client.last_zxid()))
    }

    /// Drops the slot's connection.
    pub fn disconnect(&mut self, slot: Slot) {
        if let Some(client) = self.slots[slot].client.take() {
            client.disconnect();
        }
    }

    /// The server's count of transactions now.
    pub fn zxid(&mut self) -> Result<i64, Error> {
        Ok(self.names.relative(self.control.ping()?))
    }

    /// From now on zxids count as if the last one were `relative`.
    pub fn realign(&mut self, relative: i64) -> Result<(), Error> {
        let now = self.control.ping()?;
        self.names.realign(now, relative);
        Ok(())
    }

    /// The connection with the super user's rights.
    pub fn control(&mut self) -> (&mut Client, &Names) {
        (&mut self.control, &self.names)
    }

    fn send(&mut self, slot: Slot, requests: &[Request]) {
        let state = &mut self.slots[slot];
        let Some(client) = &mut state.client else { return };
        let mut bytes = Vec::new();
        for request in requests {
            crate::client::put_frame(&mut bytes, &translated(&self.names, request).frame());
        }
        state.send_error = client.send_raw(&bytes).err();
    }

    /// Everything up to the last reply, and whether the server closed the connection after it.
    fn replies(&mut self, slot: Slot, ops: &[i32]) -> Vec<Seen> {
        let state = &mut self.slots[slot];
        let Some(client) = &mut state.client else { return vec![not_connected()] };
        let mut seen = Vec::new();
        // A failed write often means that the answer is there already.
        let error = receive_replies(client, ops, &mut seen).err().or(state.send_error.take());
        match error {
            Some(error) => {
                seen.push(trouble(error));
                state.client = None;
            }
            None if may_close(&seen) => {
                // The first ping can cross a close that is on its way; the second cannot.
                let result = ping(client, &mut seen).and_then(|()| ping(client, &mut seen));
                if let Err(error) = result {
                    seen.push(trouble(error));
                    state.client = None;
                }
            }
            None => {}
        }
        seen
    }

    fn close(&mut self, slot: Slot, request: &Request) -> Vec<Seen> {
        let state = &mut self.slots[slot];
        let Some(mut client) = state.client.take() else { return vec![not_connected()] };
        let mut seen = Vec::new();
        let result = receive_replies(&mut client, &[request.op], &mut seen);
        if let Some(Seen::Reply(_, reply)) = seen.last() {
            self.names.add_close(reply.header.zxid);
        }
        let rest = result.and_then(|()| drain(&mut client, &mut seen));
        seen.push(rest.map_or_else(trouble, |()| Seen::Closed));
        seen
    }

    fn greet(&mut self, slot: Slot, greeting: &Greeting) -> Vec<Seen> {
        let mut seen = self.ping(slot);
        let hello = self.hello(slot, greeting);
        let connected = Client::connect_raw(self.addr, &hello);
        let old = self.slots[slot].client.take();
        if let Some(mut old) = old.filter(|_| hello.session_id.0 != 0) {
            // The server closes the older connection of a session that moves.
            let result = drain(&mut old, &mut seen);
            seen.push(result.map_or_else(trouble, |()| Seen::Closed));
        }
        match connected {
            Ok(client) => self.sit_down(slot, client, &mut seen),
            Err(error) => seen.push(trouble(error)),
        }
        seen
    }

    fn sit_down(&mut self, slot: Slot, mut client: Client, seen: &mut Vec<Seen>) {
        let greeting = client.greeting().clone();
        self.names.add_session(greeting.session_id.0);
        seen.push(Seen::Greeting(greeting.clone()));
        if greeting.timeout_ms > 0 {
            self.slots[slot] =
                SlotState { client: Some(client), session: Some(greeting), send_error: None };
            return;
        }
        let result = drain(&mut client, seen);
        seen.push(result.map_or_else(trouble, |()| Seen::Closed));
    }

    fn probe(&mut self, slot: Slot, greeting: &Greeting) -> Vec<Seen> {
        let mut seen = self.ping(slot);
        let hello = self.hello(slot, greeting);
        if greeting.who.is_unproven_owner() {
            // Java cuts the session's connection before it looks at the password.
            self.disconnect(slot);
        }
        match Client::connect_raw(self.addr, &hello) {
            Ok(mut client) => {
                self.names.add_session(client.session_id().0);
                seen.push(Seen::Greeting(client.greeting().clone()));
                let result = self.leave(&mut client, &mut seen);
                seen.push(result.map_or_else(trouble, |()| Seen::Closed));
            }
            Err(error) => seen.push(trouble(error)),
        }
        // A handshake for a session may close the session's connection.
        seen.extend(self.ping(slot));
        seen
    }

    /// Closes a session that a probe was given.
    fn leave(&mut self, client: &mut Client, seen: &mut Vec<Seen>) -> Result<(), Error> {
        if client.greeting().timeout_ms > 0 {
            let op = OpCode::CloseSession;
            let reply = client.ask(op, &[])?;
            self.names.add_close(reply.header.zxid);
            seen.push(Seen::Reply(op.code(), reply));
        }
        drain(client, seen)
    }

    fn hello(&self, slot: Slot, greeting: &Greeting) -> Hello {
        let own = self.slots[slot].session.as_ref();
        let own_id = own.map_or(SessionId(0), |session| session.session_id);
        let own_password = own.map_or([0; 16], |session| session.password);
        let mut wrong = own_password;
        wrong[7] ^= 1;
        let (session_id, password): (_, Option<Box<[u8]>>) = match greeting.who {
            Who::New => (SessionId(0), Some(Box::new([0; 16]))),
            Who::Own => (own_id, Some(Box::new(own_password))),
            Who::OwnWrongPassword => (own_id, Some(Box::new(wrong))),
            Who::OwnNullPassword => (own_id, None),
            Who::OwnShortPassword => (own_id, Some(own_password[..5].into())),
            Who::Unknown => (UNKNOWN_SESSION, Some(Box::new(session::password(UNKNOWN_SESSION)))),
        };
        Hello {
            protocol_version: greeting.protocol_version,
            last_zxid_seen: Zxid(self.names.absolute(greeting.last_zxid_seen)),
            timeout_ms: greeting.timeout_ms,
            session_id,
            password,
            read_only: greeting.read_only,
        }
    }

    fn drop_connection(&mut self, slot: Slot) -> Vec<Seen> {
        let seen = self.ping(slot);
        self.disconnect(slot);
        seen
    }

    fn garbage(&mut self, slot: Slot, bytes: &[u8]) -> Vec<Seen> {
        let mut seen = self.ping(slot);
        let Some(mut client) = self.slots[slot].client.take() else { return seen };
        let result = client.send_raw(bytes).and_then(|()| drain(&mut client, &mut seen));
        seen.push(result.map_or_else(trouble, |()| Seen::Closed));
        seen
    }

    /// Events on the way to the slot; a connection that is gone leaves the slot.
    fn ping(&mut self, slot: Slot) -> Vec<Seen> {
        let mut seen = Vec::new();
        if let Some(client) = &mut self.slots[slot].client
            && let Err(error) = ping(client, &mut seen)
        {
            seen.push(trouble(error));
            self.slots[slot].client = None;
        }
        seen
    }

    fn leave_short_session(&mut self, requests: &[Request]) -> Result<Zxid, Error> {
        let mut client = Client::connect(self.addr, &Hello::with_timeout_ms(SHORT_SESSION_MS))?;
        self.names.add_session(client.session_id().0);
        for request in requests {
            client.send_frame(&request.frame())?;
            client.receive_reply()?;
        }
        client.disconnect();
        self.control.ping()
    }

    fn await_expiry(&mut self) -> Vec<Seen> {
        let Some(before) = self.expiring.take() else { return Vec::new() };
        let result = before.and_then(|before| self.await_zxid_above(before));
        vec![match result {
            Ok(zxid) => {
                self.names.add_close(zxid);
                Seen::Note(format!("expired with zxid {}", self.names.relative(zxid)))
            }
            Err(error) => trouble(error),
        }]
    }

    fn await_zxid_above(&mut self, before: Zxid) -> Result<Zxid, Error> {
        let start = Instant::now();
        while start.elapsed() < EXPIRY_PATIENCE {
            let now = self.control.ping()?;
            if now > before {
                return Ok(now);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Error::Silent(EXPIRY_PATIENCE))
    }
}

/// The request with the server's own zxid in place of the relative one.
fn translated(names: &Names, request: &Request) -> Request {
    let mut request = request.clone();
    let has_zxid = matches!(request.op_code(), Some(OpCode::SetWatches | OpCode::SetWatches2));
    if has_zxid && let Some(field) = request.body.first_chunk_mut::<8>() {
        *field = names.absolute(i64::from_be_bytes(*field)).to_be_bytes();
    }
    request
}

fn receive_replies(client: &mut Client, ops: &[i32], seen: &mut Vec<Seen>) -> Result<(), Error> {
    for op in ops {
        loop {
            match client.receive()? {
                Packet::Event(event) => seen.push(Seen::Event(event)),
                Packet::Reply(reply) => {
                    seen.push(Seen::Reply(*op, reply));
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Notes events until a ping is answered.
fn ping(client: &mut Client, seen: &mut Vec<Seen>) -> Result<(), Error> {
    client.send(OpCode::Ping, &[])?;
    loop {
        match client.receive()? {
            Packet::Event(event) => seen.push(Seen::Event(event)),
            Packet::Reply(_) => return Ok(()),
        }
    }
}

/// Notes everything until the server closes the connection.
fn drain(client: &mut Client, seen: &mut Vec<Seen>) -> Result<(), Error> {
    loop {
        match client.receive() {
            Ok(Packet::Event(event)) => seen.push(Seen::Event(event)),
            Ok(Packet::Reply(reply)) => seen.push(Seen::Reply(0, reply)),
            Err(Error::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Whether the last reply has a code after which servers close the connection.
fn may_close(seen: &[Seen]) -> bool {
    const CLOSING: [ErrorCode; 3] =
        [ErrorCode::Unimplemented, ErrorCode::AuthFailed, ErrorCode::SessionClosedRequireSaslAuth];
    match seen.last() {
        Some(Seen::Reply(_, reply)) => CLOSING.iter().any(|code| code.code() == reply.header.err),
        _ => false,
    }
}

fn not_connected() -> Seen {
    Seen::Note("not connected".into())
}

fn trouble(error: Error) -> Seen {
    match error {
        Error::Closed => Seen::Closed,
        other => Seen::Trouble(other.to_string()),
    }
}
