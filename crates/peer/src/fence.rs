use proto::OpCode;

/// Where a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// By [`crate::read::serve`], at once.
    Here,
    /// By the core, in order.
    Core,
}

/// Keeps the requests of one connection in order.
///
/// A read may be answered at once only while none of the connection's requests is with the core;
/// otherwise it follows them there, so that it sees the writes before it and none behind it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Fence {
    with_core: u32,
}

impl Fence {
    /// Where the next request goes. [`Route::Core`] is to be followed by one [`Fence::answered`].
    pub fn route(&mut self, op: OpCode) -> Route {
        if self.with_core == 0 && is_read(op) {
            return Route::Here;
        }
        self.with_core += 1;
        Route::Core
    }

    /// The core has answered a request of this connection.
    pub fn answered(&mut self) {
        self.with_core = self.with_core.saturating_sub(1);
    }

    /// How many requests are with the core.
    pub fn with_core(&self) -> u32 {
        self.with_core
    }
}

/// Whether any server may answer `op` from its own tree.
pub(crate) fn is_read(op: OpCode) -> bool {
    matches!(
        op,
        OpCode::Exists
            | OpCode::GetData
            | OpCode::GetAcl
            | OpCode::GetChildren
            | OpCode::GetChildren2
            | OpCode::GetAllChildrenNumber
            | OpCode::GetEphemerals
            | OpCode::MultiRead
            | OpCode::Ping
            | OpCode::SetWatches
            | OpCode::SetWatches2
            | OpCode::CheckWatches
            | OpCode::RemoveWatches
            | OpCode::AddWatch
            | OpCode::WhoAmI
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_follows_the_writes_of_its_connection() {
        let mut fence = Fence::default();
        assert_eq!(fence.route(OpCode::GetData), Route::Here);
        assert_eq!(fence.route(OpCode::SetData), Route::Core);
        assert_eq!(fence.route(OpCode::GetData), Route::Core);
        fence.answered();
        assert_eq!(fence.route(OpCode::Ping), Route::Core);
        fence.answered();
        fence.answered();
        assert_eq!(fence.route(OpCode::GetData), Route::Here);
    }

    #[test]
    fn a_sync_is_always_for_the_core() {
        assert_eq!(Fence::default().route(OpCode::Sync), Route::Core);
    }
}
