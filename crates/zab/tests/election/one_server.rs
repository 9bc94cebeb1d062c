//! One election of server 1 of 3, fed by hand.

use proto::{ServerId, Zxid};
use zab::ServerState;
use zab::election::{Election, Input, Output, Settings};
use zab::wire::{ConfigText, Notification};

use crate::cluster::{standing, voters};

fn server_1() -> Election {
    let config = ConfigText::new("version=0");
    let mut election = Election::new(ServerId(1), Settings::default(), voters(3), config);
    election.handle(0, Input::Start { standing: standing(1, 5) });
    drain(&mut election);
    election
}

fn drain(election: &mut Election) -> Vec<Output> {
    std::iter::from_fn(|| election.poll_output()).collect()
}

fn vote(state: ServerState, leader: i64, round: i64) -> Notification {
    Notification {
        state,
        leader: ServerId(leader),
        zxid: Zxid(5),
        round,
        peer_epoch: 1,
        version: 2,
        config: Some(ConfigText::new("version=0")),
    }
}

fn tell(election: &mut Election, from: i64, notification: Notification) -> Vec<Output> {
    election.handle(1, Input::Notification { from: ServerId(from), notification });
    drain(election)
}

fn decided(outputs: &[Output]) -> Option<(ServerState, i64, i64)> {
    outputs.iter().find_map(|output| match output {
        Output::Decided { state, vote } => Some((*state, vote.leader.0, vote.round)),
        _ => None,
    })
}

/// ZOOKEEPER-3537: a quorum that follows somebody who does not say that it leads is not enough.
#[test]
fn a_dead_leader_is_not_elected_by_its_followers() {
    let mut election = server_1();
    tell(&mut election, 2, vote(ServerState::Following, 3, 1));
    let got = tell(&mut election, 3, vote(ServerState::Following, 3, 1));
    assert_eq!(decided(&got), None);
    let got = tell(&mut election, 3, vote(ServerState::Leading, 3, 1));
    assert_eq!(decided(&got), Some((ServerState::Following, 3, 1)));
}

/// ZOOKEEPER-1514: a server that others follow in an older round does not lead in that round.
#[test]
fn nobody_leads_in_a_round_that_is_over() {
    let mut election = server_1();
    for _ in 0..3 {
        election.handle(1, Input::Stop);
        election.handle(1, Input::Start { standing: standing(1, 5) });
    }
    drain(&mut election);
    assert_eq!(election.round(), 4);
    tell(&mut election, 2, vote(ServerState::Following, 1, 2));
    let got = tell(&mut election, 3, vote(ServerState::Following, 1, 2));
    assert_eq!(decided(&got), None);
    assert_eq!(election.round(), 4);
}

#[test]
fn a_vote_of_an_older_round_is_answered_and_not_counted() {
    let mut election = server_1();
    election.handle(1, Input::Stop);
    election.handle(1, Input::Start { standing: standing(1, 5) });
    drain(&mut election);
    let got = tell(&mut election, 2, vote(ServerState::Looking, 3, 1));
    assert!(
        matches!(&got[..], [Output::Send { to: ServerId(2), notification }] if notification.round == 2
            && notification.leader == ServerId(1)),
        "{got:?}"
    );
}

#[test]
fn strangers_are_answered_and_not_counted() {
    let mut election = server_1();
    let got = tell(&mut election, 9, vote(ServerState::Looking, 9, 7));
    assert!(matches!(&got[..], [Output::Send { to: ServerId(9), .. }]), "{got:?}");
    let got = tell(&mut election, 2, vote(ServerState::Looking, 9, 7));
    assert_eq!(got, vec![]);
    assert_eq!(election.round(), 1);
}

#[test]
fn votes_are_sent_again_after_growing_pauses() {
    let mut election = server_1();
    let mut at = Vec::new();
    for _ in 0..12 {
        let due = election.poll_timeout().expect("an election always has a timeout");
        election.handle(due, Input::Timeout);
        let sent = drain(&mut election);
        assert!(matches!(sent[..], [Output::Reconnect, Output::Send { .. }, Output::Send { .. }]));
        at.push(due);
    }
    let pauses: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(
        pauses,
        [400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000]
    );
}

#[test]
fn a_settled_server_answers_with_its_vote_and_tells_the_leader() {
    let mut election = server_1();
    tell(&mut election, 2, vote(ServerState::Looking, 1, 1));
    let got = tell(&mut election, 3, vote(ServerState::Looking, 1, 1));
    assert_eq!(decided(&got), Some((ServerState::Leading, 1, 1)));
    election.handle(2, Input::Established { epoch: zab::Epoch(9) });
    let got = tell(&mut election, 2, vote(ServerState::Looking, 2, 8));
    let [Output::VoterLooking(ServerId(2)), Output::Send { to: ServerId(2), notification }] =
        &got[..]
    else {
        panic!("{got:?}");
    };
    assert_eq!(notification.state, ServerState::Leading);
    assert_eq!((notification.leader, notification.round), (ServerId(1), 1));
    assert_eq!(notification.peer_epoch, 9);
    let got = tell(&mut election, 2, vote(ServerState::Following, 1, 1));
    assert_eq!(got, vec![]);
}

#[test]
fn what_comes_between_two_roles_is_kept() {
    let mut election = server_1();
    election.handle(1, Input::Stop);
    assert_eq!(tell(&mut election, 2, vote(ServerState::Looking, 3, 6)), vec![]);
    tell(&mut election, 3, vote(ServerState::Looking, 3, 6));
    election.handle(2, Input::Start { standing: standing(1, 5) });
    assert_eq!(decided(&drain(&mut election)), Some((ServerState::Following, 3, 6)));
}

#[test]
fn a_newer_configuration_is_reported_while_looking() {
    let mut election = server_1();
    let config = ConfigText::new("version=100000001");
    let newer = Notification { config: Some(config.clone()), ..vote(ServerState::Looking, 1, 1) };
    let got = tell(&mut election, 2, newer);
    let want = Output::NewerConfig { from: ServerId(2), config };
    assert_eq!(got.first(), Some(&want));
}
