use jute::{Put, Reader};
use proto::SessionId;

use super::{Error, PacketKind};

/// A session that a learner has heard of since the last ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// The session.
    pub session: SessionId,
    /// Its negotiated timeout, ms.
    pub timeout_ms: i32,
}

/// The data of a learner's PING (`Learner.ping`).
pub fn encode_touched(touched: &[Touched]) -> Vec<u8> {
    let mut out = Vec::with_capacity(touched.len() * 12);
    for Touched { session, timeout_ms } in touched {
        out.put_i64(session.0);
        out.put_i32(*timeout_ms);
    }
    out
}

/// Reads the data of a learner's PING.
pub fn decode_touched(data: &[u8]) -> Result<Vec<Touched>, Error> {
    if !data.len().is_multiple_of(12) {
        let wanted = "a multiple of 12";
        return Err(Error::DataLength { kind: PacketKind::Ping, length: data.len(), wanted });
    }
    let mut r = Reader::new(data);
    let mut touched = Vec::with_capacity(data.len() / 12);
    while !r.remaining().is_empty() {
        touched.push(Touched { session: SessionId(r.i64()?), timeout_ms: r.i32()? });
    }
    Ok(touched)
}
