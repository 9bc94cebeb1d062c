use jute::{Put, Reader};
use proto::{Id, SessionId, Zxid};

use super::from_leader::{bytes, epoch, needed};
use super::{Error, LearnerInfo, PacketKind, Payload, QuorumPacket};
use crate::Epoch;

/// What a client asked a learner, on its way to the leader (`Learner.request`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedRequest {
    /// Who asks.
    pub session: SessionId,
    /// The client's number for it.
    pub cxid: i32,
    /// What it is, see [`proto::OpCode`].
    pub op: i32,
    /// The request's record.
    pub body: Payload,
    /// Who the client has proved to be.
    pub authinfo: Option<Vec<Id>>,
}

/// What a learner tells its leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromLearner {
    /// A follower is here.
    FollowerInfo {
        /// The last epoch it promised.
        accepted_epoch: Epoch,
        /// Who it is.
        info: LearnerInfo,
    },
    /// An observer is here.
    ObserverInfo {
        /// The last epoch it promised.
        accepted_epoch: Epoch,
        /// Who it is.
        info: LearnerInfo,
    },
    /// The proposed epoch is promised, durably.
    AckEpoch {
        /// The epoch whose history it has; `None` if it had promised this epoch already, which
        /// must not count again.
        current_epoch: Option<Epoch>,
        /// The last zxid in its log.
        last_zxid: Zxid,
    },
    /// Durable up to here. Counter 0 is the answer to NEWLEADER or UPTODATE.
    Ack {
        /// The zxid.
        zxid: Zxid,
    },
    /// The answer to a PING.
    Ping {
        /// The zxid of the PING.
        zxid: Zxid,
        /// The sessions heard of, see [`super::decode_touched`].
        touched: Payload,
    },
    /// A session wants to move here.
    Revalidate {
        /// The session.
        session: SessionId,
        /// Its timeout, ms.
        timeout_ms: i32,
    },
    /// A client's request for the leader.
    Request(ForwardedRequest),
}

impl FromLearner {
    /// The packet that says it.
    pub fn to_packet(&self) -> QuorumPacket {
        use PacketKind as Kind;
        let none = Zxid(-1);
        let (kind, zxid, data) = match self {
            FromLearner::FollowerInfo { accepted_epoch, info } => {
                (Kind::FollowerInfo, accepted_epoch.start(), bytes(|out| info.encode(out)))
            }
            FromLearner::ObserverInfo { accepted_epoch, info } => {
                (Kind::ObserverInfo, accepted_epoch.start(), bytes(|out| info.encode(out)))
            }
            FromLearner::AckEpoch { current_epoch, last_zxid } => {
                let epoch = current_epoch.map_or(-1, |epoch| epoch.0 as i32);
                (Kind::AckEpoch, *last_zxid, bytes(|out| out.put_i32(epoch)))
            }
            FromLearner::Ack { zxid } => return QuorumPacket::new(Kind::Ack, *zxid, None),
            FromLearner::Ping { zxid, touched } => (Kind::Ping, *zxid, touched.clone()),
            FromLearner::Revalidate { session, timeout_ms } => {
                let data = bytes(|out| {
                    out.put_i64(session.0);
                    out.put_i32(*timeout_ms);
                });
                (Kind::Revalidate, none, data)
            }
            FromLearner::Request(request) => return request.to_packet(),
        };
        QuorumPacket::new(kind, zxid, Some(data))
    }

    /// What the packet says.
    pub fn from_packet(packet: QuorumPacket) -> Result<Self, Error> {
        let QuorumPacket { kind, zxid, data, authinfo } = packet;
        Ok(match kind {
            PacketKind::FollowerInfo => FromLearner::FollowerInfo {
                accepted_epoch: epoch(kind, zxid)?,
                info: LearnerInfo::decode(kind, data.as_deref())?,
            },
            PacketKind::ObserverInfo => FromLearner::ObserverInfo {
                accepted_epoch: epoch(kind, zxid)?,
                info: LearnerInfo::decode(kind, data.as_deref())?,
            },
            PacketKind::AckEpoch => {
                let number = Reader::new(&needed(kind, data)?).i32()?;
                let current_epoch = match number {
                    -1 => None,
                    0.. => Some(Epoch(number as u32)),
                    _ => return Err(Error::Epoch { kind, epoch: number.into() }),
                };
                FromLearner::AckEpoch { current_epoch, last_zxid: zxid }
            }
            PacketKind::Ack => FromLearner::Ack { zxid },
            PacketKind::Ping => FromLearner::Ping { zxid, touched: needed(kind, data)? },
            PacketKind::Revalidate => {
                let data = needed(kind, data)?;
                let mut r = Reader::new(&data);
                FromLearner::Revalidate { session: SessionId(r.i64()?), timeout_ms: r.i32()? }
            }
            PacketKind::Request => {
                let data = needed(kind, data)?;
                FromLearner::Request(ForwardedRequest::decode(&data, authinfo)?)
            }
            PacketKind::Proposal
            | PacketKind::Commit
            | PacketKind::Sync
            | PacketKind::Inform
            | PacketKind::CommitAndActivate
            | PacketKind::NewLeader
            | PacketKind::UpToDate
            | PacketKind::Diff
            | PacketKind::Trunc
            | PacketKind::Snap
            | PacketKind::LeaderInfo
            | PacketKind::InformAndActivate => return Err(Error::WrongDirection(kind)),
        })
    }
}

impl ForwardedRequest {
    fn to_packet(&self) -> QuorumPacket {
        let data = bytes(|out| {
            out.put_i64(self.session.0);
            out.put_i32(self.cxid);
            out.put_i32(self.op);
            out.extend_from_slice(&self.body);
        });
        QuorumPacket {
            kind: PacketKind::Request,
            zxid: Zxid(-1),
            data: Some(data),
            authinfo: self.authinfo.clone(),
        }
    }

    fn decode(data: &[u8], authinfo: Option<Vec<Id>>) -> Result<Self, Error> {
        let mut r = Reader::new(data);
        Ok(ForwardedRequest {
            session: SessionId(r.i64()?),
            cxid: r.i32()?,
            op: r.i32()?,
            body: r.remaining().into(),
            authinfo,
        })
    }
}
