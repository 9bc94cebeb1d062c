/// What a server is doing, as it tells others (`QuorumPeer.ServerState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerState {
    /// Looking for a leader.
    Looking,
    /// Following one.
    Following,
    /// Leading.
    Leading,
    /// Observing a leader.
    Observing,
}

impl ServerState {
    /// The number on the wire.
    pub fn code(self) -> i32 {
        self as i32
    }

    /// The state with this number.
    pub fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            0 => ServerState::Looking,
            1 => ServerState::Following,
            2 => ServerState::Leading,
            3 => ServerState::Observing,
            _ => return None,
        })
    }
}
