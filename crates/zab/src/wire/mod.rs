//! The bytes that servers exchange, as Java 3.5 to 3.9 writes and reads them.
//!
//! The election port carries an [`InitialMessage`] and then [framed](ElectionFrames)
//! [`Notification`]s. The quorum port carries [`QuorumPacket`]s, one after the other without
//! lengths; [`FromLeader`] and [`FromLearner`] say what they mean.
//!
//! Decoding never panics. What a peer may send wrong is one [`Error`].
//!
//! Source: `QuorumCnxManager`, `FastLeaderElection`, `Leader`, `LearnerHandler`, `Learner`.

mod config_text;
mod error;
mod frame;
mod from_leader;
mod from_learner;
mod initial_message;
mod learner_info;
mod notification;
mod packet;
mod sessions;

use std::sync::Arc;

pub use config_text::ConfigText;
pub use error::Error;
pub use frame::{ELECTION_MESSAGE_MAX_BYTES, ElectionFrames, put_election_frame};
pub use from_leader::{FromLeader, ProposedTxn};
pub use from_learner::{ForwardedRequest, FromLearner};
pub use initial_message::{
    ANONYMOUS_OBSERVER, HANDSHAKE_ADDRESSES_MAX_BYTES, HostPort, InitialMessage,
};
pub use learner_info::{LearnerInfo, PROTOCOL_VERSION};
pub use notification::Notification;
pub use packet::{Decoded, PacketKind, QuorumPacket};
pub use sessions::{Touched, decode_touched, encode_touched};

/// Bytes that are passed on without being looked at; cheap to clone.
pub type Payload = Arc<[u8]>;
