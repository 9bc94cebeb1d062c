use proto::{ServerId, Zxid};
use zab::disk::{Durable, Duty};
use zab::leader::{Closed, Ended, Input, Item, Leader, LearnerId, Output};
use zab::wire::{ConfigText, FromLeader, FromLearner, Payload};
use zab::{Epoch, Limits};

use crate::{Upto, info, position, three_voters, txn};

const LAST: Zxid = Zxid(0x1_0000_0003);
const A: LearnerId = LearnerId(1);
const B: LearnerId = LearnerId(2);

struct Script {
    leader: Leader,
    now_ms: i64,
}

impl Script {
    /// Server 3 of 3 with epochs 1 and a history up to (1,3).
    fn new() -> Self {
        Script::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let config = ConfigText::new("version=0");
        let own = position(1, 1, LAST);
        let leader = Leader::new(0, ServerId(3), limits, three_voters(), config, own);
        Script { leader, now_ms: 0 }
    }

    /// Leading epoch 2 with server 1 as follower A.
    fn broadcasting() -> Self {
        Script::new().established()
    }

    fn established(mut self) -> Self {
        self.introduce(A, 1, Epoch(1));
        self.feed(Input::Durable(Durable::AcceptedEpoch(Epoch(2))));
        self.hear(A, ack_epoch(1, LAST));
        self.feed(Input::Durable(Durable::CurrentEpoch(Epoch(2))));
        let got = self.hear(A, ack(Zxid::new(2, 0)));
        assert!(got.contains(&Output::Established { epoch: Epoch(2) }), "{got:?}");
        self
    }

    fn introduce(&mut self, learner: LearnerId, server: i64, accepted: Epoch) -> Vec<Output> {
        self.feed(Input::Connected(learner));
        let hello = FromLearner::FollowerInfo { accepted_epoch: accepted, info: info(server) };
        self.hear(learner, hello)
    }

    fn hear(&mut self, learner: LearnerId, message: FromLearner) -> Vec<Output> {
        self.feed(Input::Packet(learner, message))
    }

    fn feed(&mut self, input: Input) -> Vec<Output> {
        self.leader.handle(self.now_ms, input, &Upto(LAST));
        std::iter::from_fn(|| self.leader.poll_output()).collect()
    }

    fn propose(&mut self, counter: u32) -> Vec<Output> {
        let txn = txn(2, counter);
        self.feed(Input::Propose { zxid: txn.zxid, record: txn.record })
    }

    fn log_durable(&mut self, counter: u32) -> Vec<Output> {
        self.feed(Input::Durable(Durable::Log { upto: Zxid::new(2, counter) }))
    }
}

fn ack(zxid: Zxid) -> FromLearner {
    FromLearner::Ack { zxid }
}

fn ack_epoch(current: u32, last_zxid: Zxid) -> FromLearner {
    FromLearner::AckEpoch { current_epoch: Some(Epoch(current)), last_zxid }
}

fn to(learner: LearnerId, message: FromLeader) -> Output {
    Output::ToLearner(learner, Item::Say(message))
}

fn leader_info(epoch: u32) -> FromLeader {
    FromLeader::LeaderInfo { epoch: Epoch(epoch), protocol_version: 0x10000 }
}

#[test]
fn the_epoch_is_above_every_promise_and_promised_here_first() {
    let mut script = Script::new();
    let got = script.introduce(A, 1, Epoch(4));
    assert_eq!(got, [Output::Disk(Duty::PersistAcceptedEpoch(Epoch(5)))]);
    let got = script.feed(Input::Durable(Durable::AcceptedEpoch(Epoch(5))));
    assert_eq!(got, [to(A, leader_info(5))]);
}

/// ZOOKEEPER-2959: observers and strangers make no quorum.
#[test]
fn only_followers_that_vote_count() {
    let mut script = Script::new();
    script.feed(Input::Connected(A));
    let hello = FromLearner::ObserverInfo { accepted_epoch: Epoch(1), info: info(1) };
    assert_eq!(script.hear(A, hello), []);
    assert_eq!(script.introduce(B, 9, Epoch(1)), []);
    assert!(!script.introduce(LearnerId(3), 2, Epoch(1)).is_empty());
}

#[test]
fn a_follower_with_more_history_should_lead() {
    let mut script = Script::new();
    script.introduce(A, 1, Epoch(1));
    script.feed(Input::Durable(Durable::AcceptedEpoch(Epoch(2))));
    let got = script.hear(A, ack_epoch(1, Zxid::new(1, 4)));
    assert_eq!(got, [Output::Ended(Ended::FollowerIsAhead(ServerId(1)))]);
}

#[test]
fn a_promise_that_was_given_before_does_not_count() {
    let mut script = Script::new();
    script.introduce(A, 1, Epoch(1));
    script.feed(Input::Durable(Durable::AcceptedEpoch(Epoch(2))));
    let again = FromLearner::AckEpoch { current_epoch: None, last_zxid: LAST };
    assert_eq!(script.hear(A, again), []);
    script.introduce(B, 2, Epoch(1));
    let got = script.hear(B, ack_epoch(1, LAST));
    assert_eq!(got[0], Output::Disk(Duty::PersistCurrentEpoch(Epoch(2))));
}

#[test]
fn newleader_stands_behind_what_it_stands_for() {
    let mut script = Script::new();
    script.introduce(A, 1, Epoch(1));
    script.feed(Input::Durable(Durable::AcceptedEpoch(Epoch(2))));
    let got = script.hear(A, ack_epoch(1, Zxid::new(1, 1)));
    let config = Some(ConfigText::new("version=0"));
    let want = [
        Output::Disk(Duty::PersistCurrentEpoch(Epoch(2))),
        to(A, FromLeader::Diff { zxid: LAST }),
        Output::ToLearner(A, Item::Entries { after: Zxid::new(1, 1), upto: LAST }),
        to(A, FromLeader::NewLeader { epoch: Epoch(2), config }),
    ];
    assert_eq!(got, want);
    // The leader's own epoch is part of the quorum.
    assert_eq!(script.hear(A, ack(Zxid::new(2, 0))), []);
    let got = script.feed(Input::Durable(Durable::CurrentEpoch(Epoch(2))));
    let want = [
        Output::Established { epoch: Epoch(2) },
        Output::Commit { upto: LAST },
        to(A, FromLeader::UpToDate),
    ];
    assert_eq!(got, want);
    assert_eq!(script.leader.next_zxid(), Some(Zxid::new(2, 1)));
}

#[test]
fn a_quorum_commits_and_the_own_disk_applies() {
    let mut script = Script::broadcasting();
    let got = script.propose(1);
    assert_eq!(
        got,
        [Output::Disk(Duty::Append(txn(2, 1))), to(A, FromLeader::Proposal(txn(2, 1)))]
    );
    assert_eq!(script.hear(A, ack(Zxid::new(2, 1))), []);
    let zxid = Zxid::new(2, 1);
    let got = script.log_durable(1);
    assert_eq!(got, [to(A, FromLeader::Commit { zxid }), Output::Commit { upto: zxid }]);
}

/// An ack from an earlier connection is worth nothing once the learner is told to cut.
#[test]
fn a_learner_that_comes_back_acknowledges_again() {
    let mut script = Script::broadcasting();
    script.propose(1);
    script.hear(A, ack(Zxid::new(2, 1)));
    script.feed(Input::Disconnected(A));
    script.introduce(B, 1, Epoch(2));
    let again = FromLearner::AckEpoch { current_epoch: None, last_zxid: Zxid::new(2, 1) };
    let got = script.hear(B, again);
    assert!(matches!(&got[1], Output::ToLearner(B, Item::Say(FromLeader::Proposal(_)))), "{got:?}");
    assert_eq!(script.log_durable(1), []);
    script.hear(B, ack(Zxid::new(2, 0)));
    let got = script.hear(B, ack(Zxid::new(2, 1)));
    assert!(got.contains(&to(B, FromLeader::Commit { zxid: Zxid::new(2, 1) })), "{got:?}");
}

/// ZOOKEEPER-4685: an early ack is kept and nobody gives up.
#[test]
fn an_ack_that_overtakes_newleaders_counts_later() {
    let mut script = Script::broadcasting();
    script.introduce(B, 2, Epoch(1));
    script.hear(B, ack_epoch(1, LAST));
    script.propose(1);
    script.log_durable(1);
    assert_eq!(script.hear(B, ack(Zxid::new(2, 1))), []);
    let got = script.hear(B, ack(Zxid::new(2, 0)));
    assert!(got.contains(&to(B, FromLeader::Commit { zxid: Zxid::new(2, 1) })), "{got:?}");
}

#[test]
fn an_ack_of_nothing_closes_the_connection() {
    let mut script = Script::broadcasting();
    let got = script.hear(A, ack(Zxid::new(2, 7)));
    assert!(matches!(got[..], [Output::Close(A, Closed::Misbehaved(_))]), "{got:?}");
}

#[test]
fn a_voter_that_promised_more_gets_an_epoch_above_it() {
    let mut script = Script::broadcasting();
    let got = script.introduce(B, 2, Epoch(8));
    let want = [
        Output::Disk(Duty::PersistAcceptedEpoch(Epoch(8))),
        Output::Ended(Ended::HigherPromise(ServerId(2), Epoch(8))),
    ];
    assert_eq!(got, want);
}

#[test]
fn a_leader_that_hears_nobody_stops() {
    let mut script = Script::broadcasting();
    let mut ended_ms = None;
    while let Some(due_ms) = script.leader.poll_timeout() {
        script.now_ms = due_ms;
        if script.feed(Input::Timeout).contains(&Output::Ended(Ended::LostQuorum)) {
            ended_ms = Some(due_ms);
        }
    }
    assert_eq!(ended_ms, Some(11_000));
}

/// ZOOKEEPER-1675: a sync is answered when a quorum has confirmed, after it was asked for.
#[test]
fn a_sync_waits_for_a_quorum_that_still_follows() {
    let mut script = Script::broadcasting();
    let ping = FromLeader::Ping { zxid: Zxid::new(2, 0) };
    assert_eq!(script.feed(Input::Sync { token: 7 }), [to(A, ping)]);
    let touched = Payload::from([]);
    let pong = FromLearner::Ping { zxid: Zxid::new(2, 0), touched: touched.clone() };
    let got = script.hear(A, pong);
    assert_eq!(got, [Output::Touched(A, touched), Output::Synced { token: 7 }]);
}

/// ZOOKEEPER-1277: the counter ends before it could run over.
#[test]
fn a_used_up_counter_makes_room_for_a_new_epoch() {
    let limits = Limits { counter_max: 1, ..Limits::default() };
    let mut script = Script::with(limits).established();
    script.propose(1);
    assert_eq!(script.propose(2), [Output::Ended(Ended::CounterUsedUp)]);
    assert_eq!(script.leader.next_zxid(), None);
}
