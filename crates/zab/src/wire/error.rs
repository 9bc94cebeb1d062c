use thiserror::Error;

use super::PacketKind;

/// What is wrong with the bytes of a peer. The connection is closed, nothing else is harmed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// A record that is not jute, or a length above the limit.
    #[error("malformed record: {0}")]
    Jute(#[from] jute::Error),
    /// A length on the election port outside of what is sent there.
    #[error("an election message of {length} bytes, 1 to {max} are allowed")]
    ElectionFrameLength {
        /// The length announced.
        length: i32,
        /// The largest allowed, bytes.
        max: usize,
    },
    /// A notification with fewer bytes than the oldest form has.
    #[error("an election notification of {0} bytes, the shortest has 28")]
    NotificationTooShort(usize),
    /// A notification whose configuration does not fit into it.
    #[error("an election notification of {size} bytes announces a configuration of {length}")]
    NotificationConfigLength {
        /// The length announced.
        length: i32,
        /// The size of the notification, bytes.
        size: usize,
    },
    /// A server state that does not exist.
    #[error("server state {0} in an election notification, 0 to 3 exist")]
    UnknownServerState(i32),
    /// The first message of an election connection has an unknown version.
    #[error("handshake version {0} on the election port, known are -65536 and -65535")]
    HandshakeVersion(i64),
    /// The addresses of a handshake are longer than allowed, or missing.
    #[error("a handshake with {length} bytes of addresses, 1 to {max} are allowed")]
    HandshakeLength {
        /// The length announced.
        length: i32,
        /// The largest allowed, bytes.
        max: usize,
    },
    /// An address in a handshake without host or port.
    #[error("the address {0:?} in a handshake is not host:port")]
    HandshakeAddress(String),
    /// A packet type that no release sends.
    #[error("quorum packet of the unknown type {0}")]
    UnknownPacketType(i32),
    /// A packet whose type exists but is never sent in this direction.
    #[error("a {0} packet came from the wrong side")]
    WrongDirection(PacketKind),
    /// A packet without the data that its type needs.
    #[error("a {0} packet without data")]
    MissingData(PacketKind),
    /// A packet whose data is not what its type needs.
    #[error("{length} bytes of data in a {kind} packet, {wanted} are needed")]
    DataLength {
        /// The type of the packet.
        kind: PacketKind,
        /// The length of its data, bytes.
        length: usize,
        /// What is needed, in words.
        wanted: &'static str,
    },
    /// An epoch that no leader proposes.
    #[error("epoch {epoch} in a {kind} packet, epochs go from 0 to 2147483647")]
    Epoch {
        /// The type of the packet.
        kind: PacketKind,
        /// The number found.
        epoch: i64,
    },
    /// A proposal whose transaction names another zxid than the packet.
    #[error("a {kind} packet for {packet} carries the transaction {txn}")]
    ZxidMismatch {
        /// The type of the packet.
        kind: PacketKind,
        /// The packet's zxid.
        packet: proto::Zxid,
        /// The transaction's zxid.
        txn: proto::Zxid,
    },
}
