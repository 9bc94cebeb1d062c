use jute::{Put, Reader};
use proto::{ServerId, SessionId, TxnHeader, Zxid};

use super::{ConfigText, Error, PROTOCOL_VERSION, PacketKind, Payload, QuorumPacket};
use crate::Epoch;

/// A transaction with its place: header, body and digest as in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedTxn {
    /// Its place in the order.
    pub zxid: Zxid,
    /// The record.
    pub record: Payload,
}

/// What a leader tells a learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromLeader {
    /// The epoch it wants to lead.
    LeaderInfo {
        /// The epoch.
        epoch: Epoch,
        /// What it speaks.
        protocol_version: i32,
    },
    /// Transactions follow.
    Diff {
        /// The last one committed.
        zxid: Zxid,
    },
    /// Everything after this goes, then transactions follow.
    Trunc {
        /// The last one to keep.
        zxid: Zxid,
    },
    /// A snapshot follows on the stream, then transactions.
    Snap {
        /// What the snapshot holds.
        zxid: Zxid,
    },
    /// Synchronization is complete.
    NewLeader {
        /// The epoch.
        epoch: Epoch,
        /// The leader's last seen configuration.
        config: Option<ConfigText>,
    },
    /// The epoch is established: serve.
    UpToDate,
    /// Log this.
    Proposal(ProposedTxn),
    /// It is decided.
    Commit {
        /// Which.
        zxid: Zxid,
    },
    /// A configuration is decided.
    CommitAndActivate {
        /// The transaction with the configuration.
        zxid: Zxid,
        /// Who leads from now on.
        designated_leader: ServerId,
    },
    /// Log this, it is decided.
    Inform(ProposedTxn),
    /// [`FromLeader::CommitAndActivate`] with the transaction.
    InformAndActivate {
        /// The transaction with the configuration.
        txn: ProposedTxn,
        /// Who leads from now on.
        designated_leader: ServerId,
    },
    /// A sign of life that wants an answer.
    Ping {
        /// The leader's last proposal.
        zxid: Zxid,
    },
    /// Whether a session lives.
    Revalidate {
        /// The session.
        session: SessionId,
        /// Whether it does, and belongs to this learner now.
        valid: bool,
    },
    /// The oldest forwarded sync of this learner is done.
    Sync,
}

impl FromLeader {
    /// The packet that says it.
    pub fn to_packet(&self) -> QuorumPacket {
        use PacketKind as Kind;
        let none = Zxid(-1);
        let (kind, zxid, data) = match self {
            FromLeader::LeaderInfo { epoch, protocol_version } => {
                (Kind::LeaderInfo, epoch.start(), Some(bytes(|out| out.put_i32(*protocol_version))))
            }
            FromLeader::Diff { zxid } => (Kind::Diff, *zxid, None),
            FromLeader::Trunc { zxid } => (Kind::Trunc, *zxid, None),
            FromLeader::Snap { zxid } => (Kind::Snap, *zxid, None),
            FromLeader::NewLeader { epoch, config } => {
                let config = config.as_ref().map(|text| Payload::from(text.as_str().as_bytes()));
                (Kind::NewLeader, epoch.start(), config)
            }
            FromLeader::UpToDate => (Kind::UpToDate, none, None),
            FromLeader::Proposal(txn) => (Kind::Proposal, txn.zxid, Some(txn.record.clone())),
            FromLeader::Commit { zxid } => (Kind::Commit, *zxid, None),
            FromLeader::CommitAndActivate { zxid, designated_leader } => {
                let data = bytes(|out| out.put_i64(designated_leader.0));
                (Kind::CommitAndActivate, *zxid, Some(data))
            }
            FromLeader::Inform(txn) => (Kind::Inform, txn.zxid, Some(txn.record.clone())),
            FromLeader::InformAndActivate { txn, designated_leader } => {
                let data = bytes(|out| {
                    out.put_i64(designated_leader.0);
                    out.extend_from_slice(&txn.record);
                });
                (Kind::InformAndActivate, txn.zxid, Some(data))
            }
            FromLeader::Ping { zxid } => (Kind::Ping, *zxid, None),
            FromLeader::Revalidate { session, valid } => {
                let data = bytes(|out| {
                    out.put_i64(session.0);
                    out.put_bool(*valid);
                });
                (Kind::Revalidate, none, Some(data))
            }
            FromLeader::Sync => (Kind::Sync, Zxid::ZERO, None),
        };
        QuorumPacket::new(kind, zxid, data)
    }

    /// What the packet says.
    pub fn from_packet(packet: QuorumPacket) -> Result<Self, Error> {
        let QuorumPacket { kind, zxid, data, .. } = packet;
        Ok(match kind {
            PacketKind::LeaderInfo => FromLeader::LeaderInfo {
                epoch: epoch(kind, zxid)?,
                protocol_version: match data {
                    Some(data) => Reader::new(&data).i32()?,
                    None => PROTOCOL_VERSION,
                },
            },
            PacketKind::Diff => FromLeader::Diff { zxid },
            PacketKind::Trunc => FromLeader::Trunc { zxid },
            PacketKind::Snap => FromLeader::Snap { zxid },
            PacketKind::NewLeader => FromLeader::NewLeader {
                epoch: epoch(kind, zxid)?,
                // A single byte is no configuration either (Learner.syncWithLeader).
                config: data.filter(|d| d.len() > 1).map(|d| ConfigText::from_bytes(&d)),
            },
            PacketKind::UpToDate => FromLeader::UpToDate,
            PacketKind::Proposal => FromLeader::Proposal(txn(kind, zxid, data)?),
            PacketKind::Commit => FromLeader::Commit { zxid },
            PacketKind::CommitAndActivate => FromLeader::CommitAndActivate {
                zxid,
                designated_leader: ServerId(Reader::new(&needed(kind, data)?).i64()?),
            },
            PacketKind::Inform => FromLeader::Inform(txn(kind, zxid, data)?),
            PacketKind::InformAndActivate => {
                let data = needed(kind, data)?;
                let mut r = Reader::new(&data);
                let designated_leader = ServerId(r.i64()?);
                let record = Payload::from(r.remaining());
                let txn = txn(kind, zxid, Some(record))?;
                FromLeader::InformAndActivate { txn, designated_leader }
            }
            PacketKind::Ping => FromLeader::Ping { zxid },
            PacketKind::Revalidate => {
                let data = needed(kind, data)?;
                let mut r = Reader::new(&data);
                FromLeader::Revalidate { session: SessionId(r.i64()?), valid: r.bool()? }
            }
            PacketKind::Sync => FromLeader::Sync,
            PacketKind::Request
            | PacketKind::Ack
            | PacketKind::FollowerInfo
            | PacketKind::ObserverInfo
            | PacketKind::AckEpoch => return Err(Error::WrongDirection(kind)),
        })
    }
}

/// The epoch in the upper half of a zxid, if it is one.
pub(super) fn epoch(kind: PacketKind, zxid: Zxid) -> Result<Epoch, Error> {
    let epoch = Epoch::of(zxid);
    if epoch > Epoch::MAX {
        return Err(Error::Epoch { kind, epoch: zxid.0 >> 32 });
    }
    Ok(epoch)
}

pub(super) fn needed(kind: PacketKind, data: Option<Payload>) -> Result<Payload, Error> {
    data.ok_or(Error::MissingData(kind))
}

pub(super) fn bytes(put: impl FnOnce(&mut Vec<u8>)) -> Payload {
    let mut out = Vec::new();
    put(&mut out);
    out.into()
}

/// A transaction whose header names the zxid of its packet.
fn txn(kind: PacketKind, zxid: Zxid, data: Option<Payload>) -> Result<ProposedTxn, Error> {
    let record = needed(kind, data)?;
    let header = TxnHeader::decode(&mut Reader::new(&record))?;
    if header.zxid != zxid {
        return Err(Error::ZxidMismatch { kind, packet: zxid, txn: header.zxid });
    }
    Ok(ProposedTxn { zxid, record })
}
