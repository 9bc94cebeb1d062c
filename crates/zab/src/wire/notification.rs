use jute::{Put, Reader};
use proto::{ServerId, Zxid};

use super::{ConfigText, Error};
use crate::ServerState;

/// The size of a notification before 3.4, without the peer epoch.
const WITHOUT_PEER_EPOCH: usize = 28;
/// The size of a notification of 3.4, whose version number means nothing.
const WITHOUT_VERSION: usize = 40;

/// A vote on its way: who should lead, seen from one server.
///
/// Source: `FastLeaderElection.buildMsg`, `WorkerReceiver.run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What the sender is doing.
    pub state: ServerState,
    /// Who it wants to lead, or follows.
    pub leader: ServerId,
    /// The last zxid in that server's log.
    pub zxid: Zxid,
    /// The round of elections the sender is in (`electionEpoch`).
    pub round: i64,
    /// The current epoch of the proposed leader.
    pub peer_epoch: i64,
    /// The form of the message: 2 since 3.5, 1 in 3.4.6, 0 before.
    pub version: i32,
    /// The sender's committed configuration, since 3.5.
    pub config: Option<ConfigText>,
}

impl Notification {
    /// The form that 3.5 to 3.9 send.
    pub const VERSION: i32 = 2;

    /// Appends the message in the form of 3.5 to 3.9.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.state.code());
        out.put_i64(self.leader.0);
        out.put_i64(self.zxid.0);
        out.put_i64(self.round);
        out.put_i64(self.peer_epoch);
        out.put_i32(Self::VERSION);
        let config = self.config.as_ref().map_or("", ConfigText::as_str);
        out.put_i32(config.len() as i32);
        out.extend_from_slice(config.as_bytes());
    }

    /// Reads a message in any form since 3.3. Which one it is, is told by its size.
    pub fn decode(message: &[u8]) -> Result<Self, Error> {
        let size = message.len();
        if size < WITHOUT_PEER_EPOCH {
            return Err(Error::NotificationTooShort(size));
        }
        let mut r = Reader::new(message);
        let state = r.i32()?;
        let leader = ServerId(r.i64()?);
        let zxid = Zxid(r.i64()?);
        let round = r.i64()?;
        let peer_epoch = if size == WITHOUT_PEER_EPOCH { zxid.0 >> 32 } else { r.i64()? };
        let has_version = size != WITHOUT_PEER_EPOCH && size != WITHOUT_VERSION;
        let version = if has_version { r.i32()? } else { 0 };
        let config = if version > 1 { Some(config(&mut r, size)?) } else { None };
        let state = ServerState::from_code(state).ok_or(Error::UnknownServerState(state))?;
        Ok(Notification { state, leader, zxid, round, peer_epoch, version, config })
    }
}

fn config(r: &mut Reader<'_>, size: usize) -> Result<ConfigText, Error> {
    let length = r.i32()?;
    if length < 0 || length as usize > size {
        return Err(Error::NotificationConfigLength { length, size });
    }
    Ok(ConfigText::from_bytes(r.slice(length as usize)?))
}
