use proto::{ServerId, Zxid};

/// The leader's side of broadcast: gives zxids and says what is committed.
///
/// ```text
/// committed <= durable on the slowest server of a quorum <= proposed
/// ```
#[derive(Debug)]
pub struct Proposals {
    me: ServerId,
    voters: Vec<Voter>,
    proposed: Zxid,
    committed: Zxid,
}

#[derive(Debug)]
struct Voter {
    server: ServerId,
    acked: Zxid,
}

impl Proposals {
    /// A leader alone: its own disk is the quorum.
    pub fn standalone(me: ServerId, last: Zxid) -> Self {
        Proposals {
            me,
            voters: vec![Voter { server: me, acked: last }],
            proposed: last,
            committed: last,
        }
    }

    /// The next place in the order.
    pub fn propose(&mut self) -> Zxid {
        self.proposed = self.proposed.next();
        self.proposed
    }

    /// The leader's own log is durable up to `upto`, which counts as its ack.
    pub fn log_durable(&mut self, upto: Zxid) {
        self.acked(self.me, upto);
    }

    /// `server` has everything up to `upto` on its disk.
    pub fn acked(&mut self, server: ServerId, upto: Zxid) {
        assert!(upto <= self.proposed, "an ack names a proposal that was made");
        if let Some(voter) = self.voters.iter_mut().find(|voter| voter.server == server) {
            voter.acked = voter.acked.max(upto);
        }
        self.committed = self.committed.max(self.quorum_acked());
    }

    /// Everything up to here is committed.
    pub fn committed(&self) -> Zxid {
        self.committed
    }

    /// The last zxid given out.
    pub fn proposed(&self) -> Zxid {
        self.proposed
    }

    /// The highest zxid that a majority of the voters has.
    fn quorum_acked(&self) -> Zxid {
        let mut acked: Vec<Zxid> = self.voters.iter().map(|voter| voter.acked).collect();
        acked.sort_unstable();
        acked[(acked.len() - 1) / 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_committed_before_it_is_durable() {
        let mut proposals = Proposals::standalone(ServerId(1), Zxid(7));
        assert_eq!(proposals.propose(), Zxid(8));
        assert_eq!(proposals.propose(), Zxid(9));
        assert_eq!(proposals.committed(), Zxid(7));
        proposals.log_durable(Zxid(8));
        assert_eq!(proposals.committed(), Zxid(8));
    }
}
