use proto::{ServerId, Zxid};
use zab::disk::{Durable, Duty};
use zab::learner::{Ended, Input, Kind, Learner, Output};
use zab::wire::{FromLeader, FromLearner};
use zab::{Epoch, Limits, PeerMisbehaved};

use crate::{info, position, txn};

const LAST: Zxid = Zxid(0x1_0000_0003);

struct Script(Learner);

impl Script {
    /// Server 2 with epochs 1 and a history up to (1,3).
    fn new(kind: Kind) -> Self {
        let own = Some(position(1, 1, LAST));
        let limits = Limits::default();
        Script(Learner::new(0, ServerId(2), kind, limits, 0, Epoch(1), own))
    }

    /// A follower that promised epoch 2 and waits for DIFF, TRUNC or SNAP.
    fn waiting() -> Self {
        let mut script = Script::new(Kind::Follower);
        script.feed(Input::Connected);
        script.hear(FromLeader::LeaderInfo { epoch: Epoch(2), protocol_version: 0x10000 });
        script.durable(Durable::AcceptedEpoch(Epoch(2)));
        script
    }

    fn feed(&mut self, input: Input) -> Vec<Output> {
        self.0.handle(0, input);
        std::iter::from_fn(|| self.0.poll_output()).collect()
    }

    fn hear(&mut self, message: FromLeader) -> Vec<Output> {
        self.feed(Input::Packet(message))
    }

    fn durable(&mut self, durable: Durable) -> Vec<Output> {
        self.feed(Input::Durable(durable))
    }
}

fn newleader() -> FromLeader {
    FromLeader::NewLeader { epoch: Epoch(2), config: None }
}

fn say(message: FromLearner) -> Output {
    Output::ToLeader(message)
}

fn ack(zxid: Zxid) -> Output {
    say(FromLearner::Ack { zxid })
}

fn misbehaved(outputs: &[Output]) -> Option<&PeerMisbehaved> {
    match outputs {
        [Output::Ended(Ended::Misbehaved(misbehaved))] => Some(misbehaved),
        _ => None,
    }
}

#[test]
fn a_promise_is_durable_before_it_is_given() {
    let mut script = Script::new(Kind::Follower);
    let got = script.feed(Input::Connected);
    let accepted_epoch = Epoch(1);
    assert_eq!(got, [say(FromLearner::FollowerInfo { accepted_epoch, info: info(2) })]);
    let got = script.hear(FromLeader::LeaderInfo { epoch: Epoch(2), protocol_version: 0x10000 });
    assert_eq!(got, [Output::Disk(Duty::PersistAcceptedEpoch(Epoch(2)))]);
    let got = script.durable(Durable::AcceptedEpoch(Epoch(2)));
    let current_epoch = Some(Epoch(1));
    assert_eq!(got, [say(FromLearner::AckEpoch { current_epoch, last_zxid: LAST })]);
}

#[test]
fn an_epoch_promised_before_does_not_count_again() {
    let mut script = Script::new(Kind::Follower);
    script.feed(Input::Connected);
    let got = script.hear(FromLeader::LeaderInfo { epoch: Epoch(1), protocol_version: 0x10000 });
    assert_eq!(got, [say(FromLearner::AckEpoch { current_epoch: None, last_zxid: LAST })]);
}

#[test]
fn a_lower_epoch_is_refused() {
    let mut script = Script::new(Kind::Follower);
    script.feed(Input::Connected);
    let got = script.hear(FromLeader::LeaderInfo { epoch: Epoch(0), protocol_version: 0x10000 });
    let (proposed, accepted) = (Epoch(0), Epoch(1));
    assert_eq!(misbehaved(&got), Some(&PeerMisbehaved::EpochTooLow { proposed, accepted }));
}

/// ZOOKEEPER-3911, 4643, 4646, 4785: history, then epoch, then ACK; each from the disk's answer.
#[test]
fn history_then_epoch_then_ack() {
    let mut script = Script::waiting();
    assert_eq!(script.hear(FromLeader::Diff { zxid: Zxid::new(1, 4) }), []);
    let got = script.hear(FromLeader::Proposal(txn(1, 4)));
    assert_eq!(got, [Output::Disk(Duty::Append(txn(1, 4)))]);
    assert_eq!(script.hear(FromLeader::Commit { zxid: Zxid::new(1, 4) }), []);
    assert_eq!(script.hear(newleader()), []);
    let got = script.durable(Durable::Log { upto: Zxid::new(1, 4) });
    assert_eq!(got, [Output::Disk(Duty::PersistCurrentEpoch(Epoch(2)))]);
    let got = script.durable(Durable::CurrentEpoch(Epoch(2)));
    assert_eq!(got, [ack(Zxid::new(2, 0))]);
    // Nothing was applied so far.
    let got = script.hear(FromLeader::UpToDate);
    let want = [
        Output::Established { epoch: Epoch(2) },
        ack(Zxid::new(2, 0)),
        Output::Commit { upto: Zxid::new(1, 4) },
        Output::Serve,
    ];
    assert_eq!(got, want);
}

/// ZOOKEEPER-4685: no ack overtakes that of NEWLEADER. ZOOKEEPER-4394: a commit between
/// NEWLEADER and UPTODATE finds its proposal.
#[test]
fn proposals_during_synchronization_are_acknowledged_behind_newleader() {
    let mut script = Script::waiting();
    script.hear(FromLeader::Diff { zxid: LAST });
    script.hear(FromLeader::Proposal(txn(2, 1)));
    script.hear(newleader());
    script.durable(Durable::Log { upto: Zxid::new(2, 1) });
    let got = script.durable(Durable::CurrentEpoch(Epoch(2)));
    assert_eq!(got, [ack(Zxid::new(2, 0)), ack(Zxid::new(2, 1))]);
    script.hear(FromLeader::Proposal(txn(2, 2)));
    assert_eq!(script.hear(FromLeader::Commit { zxid: Zxid::new(2, 1) }), []);
    assert_eq!(script.hear(FromLeader::Commit { zxid: Zxid::new(2, 2) }), []);
    // ZOOKEEPER-3023: it serves when it has applied what UPTODATE stands for.
    let got = script.hear(FromLeader::UpToDate);
    assert!(!got.contains(&Output::Serve), "{got:?}");
    let got = script.durable(Durable::Log { upto: Zxid::new(2, 2) });
    let want = [ack(Zxid::new(2, 2)), Output::Commit { upto: Zxid::new(2, 2) }, Output::Serve];
    assert_eq!(got, want);
}

#[test]
fn a_cut_is_durable_before_the_epoch() {
    let mut script = Script::waiting();
    let to = Zxid::new(1, 2);
    assert_eq!(script.hear(FromLeader::Trunc { zxid: to }), [Output::Disk(Duty::Truncate { to })]);
    assert_eq!(script.hear(newleader()), []);
    let got = script.durable(Durable::Truncated { to });
    assert_eq!(got, [Output::Disk(Duty::PersistCurrentEpoch(Epoch(2)))]);
}

/// ZOOKEEPER-3642, 5094: the old history is the truth until snapshot and tail replace it at once.
#[test]
fn a_snapshot_becomes_the_truth_with_what_follows_it() {
    let mut script = Script::waiting();
    let zxid = Zxid::new(1, 9);
    assert_eq!(script.hear(FromLeader::Snap { zxid }), [Output::ReceiveSnapshot { zxid }]);
    // ZOOKEEPER-3104: NEWLEADER cannot come before the snapshot is there.
    assert_eq!(script.feed(Input::SnapshotReceived), []);
    script.hear(FromLeader::Proposal(txn(1, 10)));
    let upto = Zxid::new(1, 10);
    assert_eq!(script.durable(Durable::Log { upto }), []);
    assert_eq!(script.hear(newleader()), [Output::Disk(Duty::InstallSnapshot { zxid, upto })]);
    let got = script.durable(Durable::Snapshot { upto });
    assert_eq!(got, [Output::Disk(Duty::PersistCurrentEpoch(Epoch(2)))]);
}

#[test]
fn newleader_inside_of_a_snapshot_is_refused() {
    let mut script = Script::waiting();
    script.hear(FromLeader::Snap { zxid: Zxid::new(1, 9) });
    let got = script.hear(newleader());
    assert!(matches!(misbehaved(&got), Some(PeerMisbehaved::OutOfPlace { .. })), "{got:?}");
}

/// ZOOKEEPER-4925: a hole is never logged.
#[test]
fn a_hole_is_refused() {
    let mut script = Script::waiting();
    script.hear(FromLeader::Diff { zxid: LAST });
    let got = script.hear(FromLeader::Proposal(txn(1, 5)));
    let want = PeerMisbehaved::ProposalOutOfOrder { last: LAST, got: Zxid::new(1, 5) };
    assert_eq!(misbehaved(&got), Some(&want));
}

#[test]
fn a_commit_of_something_else_is_refused() {
    let mut script = Script::waiting();
    script.hear(FromLeader::Diff { zxid: LAST });
    script.hear(FromLeader::Proposal(txn(1, 4)));
    let got = script.hear(FromLeader::Commit { zxid: Zxid::new(1, 5) });
    let expected = Some(Zxid::new(1, 4));
    let want = PeerMisbehaved::CommitOutOfOrder { expected, got: Zxid::new(1, 5) };
    assert_eq!(misbehaved(&got), Some(&want));
}

#[test]
fn an_observer_logs_what_it_is_informed_of_and_acknowledges_nothing() {
    let mut script = Script::new(Kind::Observer);
    script.feed(Input::Connected);
    script.hear(FromLeader::LeaderInfo { epoch: Epoch(2), protocol_version: 0x10000 });
    script.durable(Durable::AcceptedEpoch(Epoch(2)));
    script.hear(FromLeader::Diff { zxid: LAST });
    script.hear(newleader());
    script.durable(Durable::CurrentEpoch(Epoch(2)));
    script.hear(FromLeader::UpToDate);
    let got = script.hear(FromLeader::Inform(txn(2, 1)));
    assert_eq!(got, [Output::Disk(Duty::Append(txn(2, 1)))]);
    let upto = Zxid::new(2, 1);
    assert_eq!(script.durable(Durable::Log { upto }), [Output::Commit { upto }]);
    let got = script.hear(FromLeader::Proposal(txn(2, 2)));
    assert!(matches!(misbehaved(&got), Some(PeerMisbehaved::OutOfPlace { .. })), "{got:?}");
}

/// A history that cannot be relied on is neither told nor counted.
#[test]
fn a_server_without_history_observes() {
    let limits = Limits::default();
    let learner = Learner::new(0, ServerId(2), Kind::Follower, limits, 0, Epoch::ZERO, None);
    let mut script = Script(learner);
    let got = script.feed(Input::Connected);
    assert!(matches!(got[..], [Output::ToLeader(FromLearner::ObserverInfo { .. })]), "{got:?}");
    script.hear(FromLeader::LeaderInfo { epoch: Epoch(2), protocol_version: 0x10000 });
    let got = script.durable(Durable::AcceptedEpoch(Epoch(2)));
    assert!(
        matches!(got[..], [Output::ToLeader(FromLearner::AckEpoch { last_zxid: Zxid(-1), .. })]),
        "{got:?}"
    );
    // Part of an earlier repair may be there.
    let got = script.hear(FromLeader::Diff { zxid: LAST });
    assert_eq!(got, [Output::Disk(Duty::Truncate { to: Zxid::ZERO })]);
}

#[test]
fn silence_ends_it() {
    let mut script = Script::waiting();
    assert_eq!(script.0.poll_timeout(), Some(20_000));
    script.0.handle(19_999, Input::Timeout);
    assert_eq!(script.0.poll_output(), None);
    script.0.handle(20_000, Input::Timeout);
    assert_eq!(script.0.poll_output(), Some(Output::Ended(Ended::Silence)));
    assert_eq!(script.0.poll_timeout(), None);
}
