use std::fmt;

use jute::{Limits, Put, Reader};
use proto::{Id, Zxid};

use super::{Error, Payload};

/// What a prefix of a stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded<T> {
    /// A whole value at its start.
    Whole {
        /// The value.
        value: T,
        /// How many bytes it took.
        bytes: usize,
    },
    /// More bytes are needed.
    Incomplete,
}

macro_rules! packet_kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal = $code:literal,)*) => {
        /// The types of packets on the quorum port (`Leader`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PacketKind {
            $($(#[$doc])* $name = $code,)*
        }

        impl PacketKind {
            /// Every type.
            pub const ALL: &[PacketKind] = &[$(PacketKind::$name,)*];

            /// The type with this number.
            pub fn from_code(code: i32) -> Option<Self> {
                match code {
                    $($code => Some(PacketKind::$name),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for PacketKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(PacketKind::$name => $text,)* })
            }
        }
    };
}

packet_kinds! {
    /// A learner passes on what a client asked.
    Request "REQUEST" = 1,
    /// The leader wants a transaction logged.
    Proposal "PROPOSAL" = 2,
    /// A learner has logged what it was told to.
    Ack "ACK" = 3,
    /// A transaction is decided.
    Commit "COMMIT" = 4,
    /// Signs of life, and the sessions that were heard of.
    Ping "PING" = 5,
    /// A session changes its server.
    Revalidate "REVALIDATE" = 6,
    /// The answer to a forwarded sync.
    Sync "SYNC" = 7,
    /// Proposal and commit in one, for observers.
    Inform "INFORM" = 8,
    /// A configuration is decided.
    CommitAndActivate "COMMITANDACTIVATE" = 9,
    /// Everything before was synchronization.
    NewLeader "NEWLEADER" = 10,
    /// A follower introduces itself.
    FollowerInfo "FOLLOWERINFO" = 11,
    /// The epoch is established.
    UpToDate "UPTODATE" = 12,
    /// Synchronization by what is missing.
    Diff "DIFF" = 13,
    /// Synchronization that begins with a cut.
    Trunc "TRUNC" = 14,
    /// Synchronization by a whole snapshot.
    Snap "SNAP" = 15,
    /// An observer introduces itself.
    ObserverInfo "OBSERVERINFO" = 16,
    /// The leader proposes an epoch.
    LeaderInfo "LEADERINFO" = 17,
    /// A learner promises an epoch.
    AckEpoch "ACKEPOCH" = 18,
    /// [`PacketKind::CommitAndActivate`] for observers.
    InformAndActivate "INFORMANDACTIVATE" = 19,
}

impl PacketKind {
    /// The number on the wire.
    pub fn code(self) -> i32 {
        self as i32
    }
}

/// One record on the quorum port, as it is framed; see [`super::FromLeader`] and
/// [`super::FromLearner`] for what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumPacket {
    /// The type.
    pub kind: PacketKind,
    /// The place in the order that it is about; -1 where there is none.
    pub zxid: Zxid,
    /// What the type needs.
    pub data: Option<Payload>,
    /// Who asks, in requests.
    pub authinfo: Option<Vec<Id>>,
}

impl QuorumPacket {
    /// A packet without authentication.
    pub fn new(kind: PacketKind, zxid: Zxid, data: Option<Payload>) -> Self {
        QuorumPacket { kind, zxid, data, authinfo: None }
    }

    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.kind.code());
        out.put_i64(self.zxid.0);
        out.put_buffer(self.data.as_deref());
        out.put_count(self.authinfo.as_ref().map(Vec::len));
        for id in self.authinfo.iter().flatten() {
            out.put_string(id.scheme.as_deref());
            out.put_string(id.id.as_deref());
        }
    }

    /// Reads the record at the start of what was received so far.
    pub fn decode(received: &[u8], limits: Limits) -> Result<Decoded<Self>, Error> {
        let mut r = Reader::with_limits(received, limits);
        let packet = match read(&mut r) {
            Err(Error::Jute(jute::Error::UnexpectedEnd { .. })) => return Ok(Decoded::Incomplete),
            other => other?,
        };
        Ok(Decoded::Whole { value: packet, bytes: r.position() })
    }
}

fn read(r: &mut Reader<'_>) -> Result<QuorumPacket, Error> {
    let code = r.i32()?;
    // Said at once: waiting for the rest of garbage could take for ever.
    let kind = PacketKind::from_code(code).ok_or(Error::UnknownPacketType(code))?;
    let zxid = Zxid(r.i64()?);
    let data = r.buffer()?.map(Payload::from);
    let authinfo = r.vector(id)?;
    Ok(QuorumPacket { kind, zxid, data, authinfo })
}

fn id(r: &mut Reader<'_>) -> Result<Id, jute::Error> {
    let text = |text: Option<std::borrow::Cow<'_, str>>| text.map(|t| t.into_owned().into());
    Ok(Id { scheme: text(r.string()?), id: text(r.string()?) })
}
