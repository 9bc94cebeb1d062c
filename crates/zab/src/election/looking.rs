use std::collections::{BTreeMap, BTreeSet};

use proto::{ServerId, Zxid};

use super::vote::{Ballot, Standing, Vote};
use crate::ServerState;
use crate::quorum::Quorums;

/// One search for a leader.
#[derive(Debug)]
pub(super) struct Looking {
    me: ServerId,
    /// What this server would vote for alone.
    own: Vote,
    /// Whether its vote may count.
    may_vote: bool,
    /// What it votes for now.
    pub(super) proposal: Vote,
    /// Candidates that could not be followed lately, fixed for this search.
    left_out: BTreeSet<ServerId>,
    /// Votes of this round.
    received: BTreeMap<ServerId, Ballot>,
    /// Votes of those that have a leader, of any round.
    settled: BTreeMap<ServerId, Ballot>,
    /// The pause before votes are sent again, ms.
    pub(super) interval_ms: i64,
    /// When they are.
    pub(super) notify_at_ms: i64,
    /// When the present proposal is final, unless a better one comes.
    pub(super) final_at_ms: Option<i64>,
}

/// What a notification led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to tell.
    Quiet,
    /// The proposal changed: tell everybody.
    Broadcast,
    /// Others have a leader already.
    Join(Vote),
}

impl Looking {
    pub(super) fn new(
        me: ServerId,
        standing: Option<Standing>,
        voter: bool,
        round: i64,
        left_out: BTreeSet<ServerId>,
    ) -> Self {
        let own = own_vote(me, standing, voter, round);
        let may_vote = voter && standing.is_some();
        let mut looking = Looking {
            me,
            own,
            may_vote,
            proposal: own,
            left_out,
            received: BTreeMap::new(),
            settled: BTreeMap::new(),
            interval_ms: 0,
            notify_at_ms: 0,
            final_at_ms: None,
        };
        looking.record_own();
        looking
    }

    /// Takes in a notification from a voter about a voter.
    pub(super) fn take(&mut self, quorums: &Quorums, from: ServerId, ballot: Ballot) -> Step {
        match ballot.state {
            ServerState::Looking => self.take_looking(quorums, from, ballot),
            ServerState::Observing => Step::Quiet,
            ServerState::Following | ServerState::Leading => {
                self.take_settled(quorums, from, ballot)
            }
        }
    }

    fn take_looking(&mut self, quorums: &Quorums, from: ServerId, ballot: Ballot) -> Step {
        let vote = ballot.vote;
        // A server that may not vote, here or there, has nothing to compare.
        let nothing_loaded = self.own.standing.zxid == NOTHING_LOADED;
        if nothing_loaded || vote.standing.zxid == NOTHING_LOADED || vote.round < self.own.round {
            return Step::Quiet;
        }
        let mut step = Step::Quiet;
        if vote.round > self.own.round {
            self.own.round = vote.round;
            self.received.clear();
            self.proposal = self.own;
            step = Step::Broadcast;
        }
        if self.is_better(quorums, &vote) {
            self.proposal = vote;
            step = Step::Broadcast;
        }
        if step == Step::Broadcast {
            self.record_own();
        }
        self.received.insert(from, ballot);
        step
    }

    fn take_settled(&mut self, quorums: &Quorums, from: ServerId, ballot: Ballot) -> Step {
        let same_round = ballot.vote.round == self.own.round;
        if same_round {
            self.received.insert(from, ballot);
            // Within a round the peer epoch tells only whether the sender has heard of the
            // establishment already.
            let supports = |b: &Ballot| match b.state {
                ServerState::Looking => b.supports_same(&ballot),
                _ => b.vote.leader == ballot.vote.leader,
            };
            let enough = quorums.is_quorum(|s| self.received.get(&s).is_some_and(supports));
            if enough && self.leads(&self.received, &ballot.vote) {
                return Step::Join(ballot.vote);
            }
        }
        self.settled.insert(from, ballot);
        let supports = |b: &Ballot| b.supports_same(&ballot);
        let enough = quorums.is_quorum(|s| self.settled.get(&s).is_some_and(supports));
        if enough && self.leads(&self.settled, &ballot.vote) {
            return Step::Join(ballot.vote);
        }
        Step::Quiet
    }

    /// Whether the leader of `vote` says itself that it leads; this server can only be the one
    /// if the others elected it in the present round (`checkLeader`).
    fn leads(&self, ballots: &BTreeMap<ServerId, Ballot>, vote: &Vote) -> bool {
        if vote.leader == self.me {
            return self.may_vote && vote.round == self.own.round;
        }
        ballots.get(&vote.leader).is_some_and(|b| b.state == ServerState::Leading)
    }

    /// Candidates that could not be followed come behind all others, but before nobody.
    fn is_better(&self, quorums: &Quorums, vote: &Vote) -> bool {
        if quorums.committed().weight(vote.leader) == 0 {
            return false;
        }
        let rank = |vote: &Vote| (!self.left_out.contains(&vote.leader), vote.rank());
        rank(vote) > rank(&self.proposal)
    }

    /// Whether enough voters want what this server wants.
    pub(super) fn has_quorum(&self, quorums: &Quorums) -> bool {
        // Nobody who has weight zero leads, even if it is all that is left.
        quorums.committed().weight(self.proposal.leader) > 0
            && quorums.is_quorum(|s| self.agrees(s))
    }

    /// Whether no better vote can come: every voter agrees, or nothing answers at its address.
    pub(super) fn is_unanimous(&self, quorums: &Quorums, down: &BTreeSet<ServerId>) -> bool {
        quorums.voters().iter().all(|s| self.agrees(*s) || down.contains(s))
    }

    fn agrees(&self, server: ServerId) -> bool {
        self.received.get(&server).is_some_and(|ballot| ballot.vote == self.proposal)
    }

    /// What this server says of itself.
    fn record_own(&mut self) {
        if self.may_vote {
            let state = ServerState::Looking;
            let ballot = Ballot { vote: self.proposal, state, version: 2 };
            self.received.insert(self.me, ballot);
        }
    }

    pub(super) fn round(&self) -> i64 {
        self.own.round
    }

    pub(super) fn left_out(&self) -> &BTreeSet<ServerId> {
        &self.left_out
    }
}

/// The zxid of a server with nothing loaded: neither voted for nor listened to.
const NOTHING_LOADED: Zxid = Zxid(-1);

fn own_vote(me: ServerId, standing: Option<Standing>, voter: bool, round: i64) -> Vote {
    if !voter {
        // Observers ask with the lowest numbers there are.
        let standing = Standing { peer_epoch: i64::MIN, zxid: Zxid(i64::MIN) };
        return Vote { leader: ServerId(i64::MIN), standing, round };
    }
    let nothing = Standing { peer_epoch: 0, zxid: NOTHING_LOADED };
    Vote { leader: me, standing: standing.unwrap_or(nothing), round }
}
