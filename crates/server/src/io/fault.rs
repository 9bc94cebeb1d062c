use std::fmt;

use net::BadLength;

/// Why a connection is closed without being asked for it.
#[derive(Debug)]
pub(super) enum Fault {
    /// A length that no client sends.
    Length(BadLength),
    /// Data is still being loaded.
    NotServing,
    /// The bytes of a frame are not what they should be.
    Malformed(&'static str, jute::Error),
    /// As before, where the decoder does not say more.
    Unreadable(&'static str),
    /// Too many large requests at once.
    LargeRequest(usize),
    /// Too many handshakes at once.
    HandshakeThrottle,
    /// The client authenticated for another ensemble.
    WrongEnsemble,
    /// A request waited longer than its session may be silent.
    Stale,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Length(bad) => write!(
                f,
                "Len error. A message with advertised length of {} is either a malformed message \
                 or too large to process (length is greater than jute.maxbuffer={})",
                bad.length, bad.max_bytes
            ),
            Fault::NotServing => f.write_str("ZooKeeperServer not running"),
            Fault::Malformed(what, error) => write!(f, "malformed {what}: {error}"),
            Fault::Unreadable(what) => write!(f, "malformed {what}"),
            Fault::LargeRequest(bytes) => write!(
                f,
                "Rejecting large request of {bytes} bytes: zookeeper.largeRequestMaxBytes is used up"
            ),
            Fault::HandshakeThrottle => f.write_str("connection throttle hit"),
            Fault::WrongEnsemble => f.write_str("the client is looking for another ensemble"),
            Fault::Stale => f.write_str("a request waited longer than the session timeout"),
        }
    }
}
