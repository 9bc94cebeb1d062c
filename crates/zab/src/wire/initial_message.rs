use std::fmt;

use jute::{Put, Reader};
use proto::ServerId;

use super::{Decoded, Error};

/// The largest text of addresses in a handshake (`QuorumCnxManager.maxBuffer`), bytes.
pub const HANDSHAKE_ADDRESSES_MAX_BYTES: usize = 2048;

/// The id of an observer that was given none; the receiver invents a negative one.
pub const ANONYMOUS_OBSERVER: ServerId = ServerId(i64::MAX);

const ONE_ADDRESS: i64 = -65536;
const SEVERAL_ADDRESSES: i64 = -65535;

/// An address as it is written in a handshake: a name or number, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The host, without brackets.
    pub host: String,
    /// The port as Java parses it; ports outside of 0 to 65535 are refused.
    pub port: u16,
}

/// The first bytes on an election connection: who connects, and where to connect back.
///
/// Everything must leave in one write: Java reads the addresses with a single read call.
///
/// Source: `QuorumCnxManager.startConnection`, `InitialMessage.parse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialMessage {
    /// Who connects.
    pub server: ServerId,
    /// Its election addresses; none in the form of releases before 3.5.
    pub addresses: Vec<HostPort>,
}

impl InitialMessage {
    /// Appends the message. With `several` it is the form of multiAddress.enabled, which servers
    /// before 3.6 refuse; without it only the first address is sent.
    pub fn encode(&self, several: bool, out: &mut Vec<u8>) {
        let count = if several { self.addresses.len() } else { 1 };
        let texts: Vec<_> = self.addresses.iter().take(count).map(HostPort::to_string).collect();
        let text = texts.join("|");
        out.put_i64(if several { SEVERAL_ADDRESSES } else { ONE_ADDRESS });
        out.put_i64(self.server.0);
        out.put_i32(text.len() as i32);
        out.extend_from_slice(text.as_bytes());
    }

    /// Reads the message from what was received so far.
    pub fn decode(received: &[u8]) -> Result<Decoded<Self>, Error> {
        let mut r = Reader::new(received);
        let message = match read(&mut r) {
            Err(Error::Jute(jute::Error::UnexpectedEnd { .. })) => return Ok(Decoded::Incomplete),
            other => other?,
        };
        Ok(Decoded::Whole { value: message, bytes: r.position() })
    }
}

fn read(r: &mut Reader<'_>) -> Result<InitialMessage, Error> {
    let first = r.i64()?;
    if first >= 0 {
        // The form before 3.5: the id alone.
        return Ok(InitialMessage { server: ServerId(first), addresses: Vec::new() });
    }
    if first != ONE_ADDRESS && first != SEVERAL_ADDRESSES {
        return Err(Error::HandshakeVersion(first));
    }
    let server = ServerId(r.i64()?);
    let length = r.i32()?;
    let max = HANDSHAKE_ADDRESSES_MAX_BYTES;
    if length <= 0 || length as usize > max {
        return Err(Error::HandshakeLength { length, max });
    }
    let text = String::from_utf8_lossy(r.slice(length as usize)?).into_owned();
    let addresses = text.split('|').map(HostPort::parse).collect::<Result<_, _>>()?;
    Ok(InitialMessage { server, addresses })
}

impl HostPort {
    fn parse(text: &str) -> Result<Self, Error> {
        let bad = || Error::HandshakeAddress(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once("]:").ok_or_else(bad)?,
            None => text.split_once(':').ok_or_else(bad)?,
        };
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if host.is_empty() || !digits {
            return Err(bad());
        }
        Ok(HostPort { host: host.to_owned(), port: port.parse().map_err(|_| bad())? })
    }
}

impl fmt::Display for HostPort {
    /// As Java joins host and port: brackets around IPv6.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
