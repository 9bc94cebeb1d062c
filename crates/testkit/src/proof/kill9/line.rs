use std::net::SocketAddr;

use proto::{ConnectResponse, OpCode, Zxid};

use crate::client::{self, Client, Hello, Reply};

/// A connection that counts what it is told.
#[derive(Debug)]
pub(super) struct Line {
    server: SocketAddr,
    client: Client,
    greeting: ConnectResponse,
    written: Vec<Zxid>,
    unanswered: usize,
    last_zxid: Zxid,
}

impl Line {
    /// A new session.
    pub(super) fn open(server: SocketAddr, timeout_ms: i32) -> Result<Self, client::Error> {
        Ok(Line::of(server, Client::connect(server, &Hello::with_timeout_ms(timeout_ms))?))
    }

    /// A connection that is there.
    pub(super) fn of(server: SocketAddr, client: Client) -> Self {
        let greeting = client.greeting().clone();
        let (written, last_zxid) = (Vec::new(), Zxid::ZERO);
        Line { server, client, greeting, written, unanswered: 0, last_zxid }
    }

    /// The same session over a new connection, which claims to have seen `zxid_seen`: a server
    /// that is behind must not take it.
    pub(super) fn resume(
        &mut self,
        server: SocketAddr,
        zxid_seen: Zxid,
    ) -> Result<(), client::Error> {
        let hello = Hello { last_zxid_seen: zxid_seen, ..Hello::resume(&self.greeting) };
        self.client = Client::connect(server, &hello)?;
        Ok(())
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    pub(super) fn greeting(&self) -> &ConnectResponse {
        &self.greeting
    }

    /// Sends all requests at once and hands each reply over with its request's number.
    pub(super) fn burst(
        &mut self,
        requests: &[(OpCode, Vec<u8>)],
        mut answered: impl FnMut(usize, &Reply),
    ) -> Result<(), client::Error> {
        let is_write = |op: OpCode| {
            !matches!(op, OpCode::GetData | OpCode::GetChildren | OpCode::Exists | OpCode::Ping)
        };
        self.unanswered += requests.len();
        self.client.send_all(requests.iter().map(|(op, body)| (*op, body.as_slice())))?;
        for (number, (op, _)) in requests.iter().enumerate() {
            let reply = self.client.receive_reply()?;
            self.unanswered -= 1;
            if is_write(*op) && reply.header.err == 0 {
                self.written.push(reply.header.zxid);
            }
            answered(number, &reply);
        }
        self.last_zxid = self.last_zxid.max(self.client.last_zxid());
        Ok(())
    }

    /// The zxids of the writes acknowledged since the last call.
    pub(super) fn take_written(&mut self) -> Vec<Zxid> {
        std::mem::take(&mut self.written)
    }

    /// How many requests were never answered since the last call.
    pub(super) fn take_unanswered(&mut self) -> usize {
        std::mem::take(&mut self.unanswered)
    }

    /// The highest zxid in any answer.
    pub(super) fn last_zxid(&self) -> Zxid {
        self.last_zxid.max(self.client.last_zxid())
    }

    /// Takes over what `other` was told.
    pub(super) fn absorb(&mut self, other: &mut Line) {
        self.written.append(&mut other.written);
        self.unanswered += other.take_unanswered();
        self.last_zxid = self.last_zxid.max(other.last_zxid());
    }

    /// Ends the session; it is over once this returns without an error.
    pub(super) fn close(&mut self) -> Result<(), client::Error> {
        let mut code = 0;
        self.burst(&[(OpCode::CloseSession, Vec::new())], |_, reply| code = reply.header.err)?;
        if code == 0 { Ok(()) } else { Err(client::Error::Refused(code)) }
    }
}
