use jute::{Put, Reader};
use proto::ServerId;

use super::{Error, PacketKind};

/// The protocol of 3.4 and later: epochs are agreed on before anything is synchronized.
pub const PROTOCOL_VERSION: i32 = 0x10000;

/// Who a learner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LearnerInfo {
    /// Its id; `None` if it was given none, then the leader invents one.
    pub server: Option<ServerId>,
    /// What it speaks, see [`PROTOCOL_VERSION`]; 1 if it does not say.
    pub protocol_version: i32,
    /// The version of its committed configuration; 0 if it does not say.
    pub config_version: i64,
}

impl LearnerInfo {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.server.map_or(0, |server| server.0));
        out.put_i32(self.protocol_version);
        out.put_i64(self.config_version);
    }

    /// Reads as much as there is: old releases send less (`LearnerHandler.run`).
    pub fn decode(kind: PacketKind, data: Option<&[u8]>) -> Result<Self, Error> {
        let mut info = LearnerInfo { server: None, protocol_version: 1, config_version: 0 };
        let Some(data) = data else { return Ok(info) };
        if data.len() < 8 {
            return Err(Error::DataLength { kind, length: data.len(), wanted: "at least 8" });
        }
        let mut r = Reader::new(data);
        info.server = Some(ServerId(r.i64()?));
        if data.len() >= 12 {
            info.protocol_version = r.i32()?;
        }
        if data.len() >= 20 {
            info.config_version = r.i64()?;
        }
        Ok(info)
    }
}
