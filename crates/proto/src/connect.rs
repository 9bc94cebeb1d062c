use jute::{Error, Put, Reader};

use crate::{SessionId, Zxid};

/// The first packet of a client; it carries no request header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Always 0.
    pub protocol_version: i32,
    /// The highest zxid the client has seen; a server behind it must not serve it.
    pub last_zxid_seen: Zxid,
    /// The session timeout asked for, ms.
    pub timeout_ms: i32,
    /// The session to resume, 0 for a new one.
    pub session_id: SessionId,
    /// The password of that session.
    pub password: Option<Box<[u8]>>,
    /// Whether the client accepts a read-only server; `None` when an old client omits the octet.
    pub read_only: Option<bool>,
}

impl ConnectRequest {
    /// Reads the packet; the last octet is optional (clients before 3.4 omit it).
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(ConnectRequest {
            protocol_version: r.i32()?,
            last_zxid_seen: Zxid(r.i64()?),
            timeout_ms: r.i32()?,
            session_id: SessionId(r.i64()?),
            password: r.buffer()?.map(Into::into),
            read_only: r.bool().ok(),
        })
    }

    /// Appends the packet without its length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.protocol_version);
        out.put_i64(self.last_zxid_seen.0);
        out.put_i32(self.timeout_ms);
        out.put_i64(self.session_id.0);
        out.put_buffer(self.password.as_deref());
        if let Some(read_only) = self.read_only {
            out.put_bool(read_only);
        }
    }
}

/// The answer to a [`ConnectRequest`]; it carries no reply header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectResponse {
    /// The negotiated timeout, ms; 0 tells the client that its session is gone.
    pub timeout_ms: i32,
    /// The session, 0 when refused.
    pub session_id: SessionId,
    /// Its password, zeros when refused.
    pub password: [u8; 16],
    /// Whether the server is in read-only mode; left out for clients that left it out.
    pub read_only: Option<bool>,
}

impl ConnectResponse {
    /// The answer to a client whose session is gone or whose password is wrong.
    pub fn refused(read_only: Option<bool>) -> Self {
        ConnectResponse { timeout_ms: 0, session_id: SessionId(0), password: [0; 16], read_only }
    }

    /// Appends the packet without its length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(0);
        out.put_i32(self.timeout_ms);
        out.put_i64(self.session_id.0);
        out.put_buffer(Some(&self.password));
        if let Some(read_only) = self.read_only {
            out.put_bool(read_only);
        }
    }

    /// Reads the packet.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.i32()?;
        let timeout_ms = r.i32()?;
        let session_id = SessionId(r.i64()?);
        let offset = r.position();
        let bytes = r.buffer()?.unwrap_or_default();
        let password = bytes.try_into().map_err(|_| Error::UnreasonableLength {
            offset,
            length: bytes.len() as i32,
            max: 16,
        })?;
        Ok(ConnectResponse { timeout_ms, session_id, password, read_only: r.bool().ok() })
    }
}
