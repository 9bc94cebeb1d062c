use proptest::prelude::*;
use proto::ServerId;
use zab::Epoch;
use zab::election::Input;
use zab::quorum::{Group, Quorums, Verifier};

use crate::cluster::{Cluster, standing, voters};

#[test]
fn five_servers_started_in_order_elect_the_third() {
    let mut cluster = Cluster::new(voters(5));
    cluster.start(1, standing(0, 0));
    cluster.start(2, standing(0, 0));
    cluster.pass(1000);
    assert_eq!(cluster.roles(), "1 looks, 2 looks");
    cluster.start(3, standing(0, 0));
    cluster.pass(1000);
    assert_eq!(cluster.roles(), "1 follows 3, 2 follows 3, 3 leads");
    cluster.start(4, standing(0, 0));
    cluster.start(5, standing(0, 0));
    cluster.pass(1000);
    assert_eq!(cluster.roles(), "1 follows 3, 2 follows 3, 3 leads, 4 follows 3, 5 follows 3");
}

#[test]
fn of_three_servers_the_second_leads_and_then_the_third() {
    let mut cluster = Cluster::new(voters(3));
    cluster.start(1, standing(0, 0));
    cluster.start(2, standing(0, 0));
    cluster.pass(1000);
    cluster.start(3, standing(0, 0));
    assert_eq!(cluster.roles(), "1 follows 2, 2 leads, 3 follows 2");
    cluster.stop(2);
    cluster.look(1, standing(1, 7));
    cluster.look(3, standing(1, 7));
    cluster.pass(200);
    assert_eq!(cluster.roles(), "1 follows 3, 3 leads");
}

#[test]
fn a_voter_alone_leads_at_once() {
    let mut cluster = Cluster::new(voters(1));
    cluster.start(1, standing(0, 0));
    assert_eq!(cluster.roles(), "1 leads");
}

#[test]
fn epoch_then_zxid_then_id_decide() {
    let mut cluster = Cluster::new(voters(3));
    cluster.start(1, standing(2, 5));
    cluster.start(2, standing(1, 9));
    cluster.start(3, standing(2, 4));
    cluster.pass(300);
    assert_eq!(cluster.roles(), "1 leads, 2 follows 1, 3 follows 1");
}

#[test]
fn all_votes_in_decide_without_waiting() {
    let mut cluster = Cluster::new(voters(3));
    for server in 1..=3 {
        cluster.start(server, standing(1, 5));
    }
    assert_eq!(cluster.now_ms, 0);
    assert_eq!(cluster.roles(), "1 follows 3, 2 follows 3, 3 leads");
}

#[test]
fn a_voter_known_to_be_down_is_not_waited_for() {
    let mut cluster = Cluster::new(voters(3));
    cluster.start(1, standing(1, 5));
    cluster.start(2, standing(1, 5));
    assert_eq!(cluster.roles(), "1 looks, 2 looks");
    cluster.feed(1, Input::LinkDown(ServerId(3)));
    cluster.feed(2, Input::LinkDown(ServerId(3)));
    assert_eq!(cluster.roles(), "1 follows 2, 2 leads");
}

#[test]
fn observers_look_on_and_are_never_counted() {
    let mut cluster = Cluster::new(voters(3));
    cluster.start(1, standing(0, 0));
    cluster.start(7, None);
    cluster.start(8, None);
    cluster.pass(5000);
    assert_eq!(cluster.roles(), "1 looks, 7 looks, 8 looks");
    cluster.start(2, standing(0, 0));
    cluster.pass(70_000);
    assert_eq!(cluster.roles(), "1 follows 2, 2 leads, 7 observes 2, 8 observes 2");
}

/// ZOOKEEPER-479: a server without weight follows and is neither elected nor counted.
#[test]
fn a_server_without_weight_is_never_elected() {
    let ids: Vec<_> = (1..=3).map(ServerId).collect();
    let groups = [Group { id: 1, members: ids.clone() }];
    let verifier = Verifier::hierarchical(ids, &groups, &[(ServerId(3), 0)]).expect("ok");
    let mut cluster = Cluster::new(Quorums::new(verifier));
    cluster.start(3, standing(5, 99));
    cluster.start(1, standing(1, 1));
    cluster.pass(2000);
    assert_eq!(cluster.roles(), "1 looks, 3 looks");
    cluster.start(2, standing(1, 2));
    cluster.pass(2000);
    assert_eq!(cluster.roles(), "1 follows 2, 2 leads, 3 follows 2");
}

/// ZOOKEEPER-261: an empty disk may not elect, but follows who is elected.
#[test]
fn a_server_with_nothing_loaded_waits_for_others() {
    let mut cluster = Cluster::new(voters(3));
    cluster.start(1, standing(0, 0));
    cluster.start(2, None);
    cluster.pass(5000);
    assert_eq!(cluster.roles(), "1 looks, 2 looks");
    cluster.start(3, standing(1, 5));
    cluster.pass(70_000);
    assert_eq!(cluster.roles(), "1 follows 3, 2 follows 3, 3 leads");
}

#[test]
fn a_newcomer_with_more_history_joins_and_does_not_depose() {
    let mut cluster = Cluster::new(voters(3));
    cluster.start(1, standing(1, 1));
    cluster.start(2, standing(1, 1));
    cluster.pass(300);
    for server in 1..=2 {
        cluster.feed(server, Input::Established { epoch: Epoch(2) });
    }
    cluster.start(3, standing(1, 900));
    cluster.pass(300);
    assert_eq!(cluster.roles(), "1 follows 2, 2 leads, 3 follows 2");
}

/// ZOOKEEPER-1732, 1818: members that settled in different rounds tell one leader and one epoch,
/// so that a newcomer in any round finds a quorum.
#[test]
fn a_newcomer_finds_members_that_settled_in_different_rounds() {
    let mut cluster = Cluster::new(voters(5));
    for server in 1..=4 {
        cluster.start(server, standing(1, 1));
    }
    cluster.pass(300);
    assert_eq!(cluster.roles(), "1 follows 4, 2 follows 4, 3 follows 4, 4 leads");
    for server in 1..=4 {
        cluster.feed(server, Input::Established { epoch: Epoch(2) });
    }
    // Server 1 lost its connection twice and came back in its own rounds.
    for _ in 0..2 {
        cluster.look(1, standing(2, 8));
        cluster.feed(1, Input::Established { epoch: Epoch(2) });
    }
    cluster.stop(2);
    cluster.start(2, standing(2, 8));
    cluster.feed(2, Input::Established { epoch: Epoch(2) });
    cluster.start(5, standing(1, 1));
    assert_eq!(cluster.roles(), "1 follows 4, 2 follows 4, 3 follows 4, 4 leads, 5 follows 4");
}

/// Reconnecting tells the proposal again, without waiting for the next interval.
#[test]
fn a_link_that_comes_back_carries_the_vote() {
    let mut cluster = Cluster::new(voters(3));
    cluster.cut(1, 2);
    cluster.start(1, standing(1, 1));
    cluster.start(2, standing(1, 1));
    cluster.pass(30_000);
    assert_eq!(cluster.roles(), "1 looks, 2 looks");
    let mut healed = Cluster::new(voters(3));
    healed.now_ms = cluster.now_ms;
    healed.running = std::mem::take(&mut cluster.running);
    healed.feed(1, Input::LinkUp(ServerId(2)));
    healed.feed(2, Input::LinkUp(ServerId(1)));
    healed.pass(200);
    assert_eq!(healed.roles(), "1 follows 2, 2 leads");
}

/// `sched-partial-star`: the best candidate reaches only one other, which passes on its vote.
/// Its would-be followers leave it out after three attempts.
#[test]
fn an_unreachable_candidate_is_left_out() {
    let mut cluster = Cluster::new(voters(5));
    for other in 1..=3 {
        cluster.cut(5, other);
    }
    let zxid = |server: i64| standing(1, if server == 5 { 100 } else { 50 });
    for server in 1..=5 {
        cluster.start(server, zxid(server));
    }
    for _attempt in 0..20 {
        cluster.pass(400);
        let led = |c: &Cluster, leader: i64| {
            let with = |(s, (_, l)): (&i64, &(_, i64))| *l == leader && c.connected(*s, leader);
            c.decided.iter().filter(|x| with((x.0, x.1))).count() >= 3
        };
        let attempts: Vec<(i64, i64)> =
            cluster.decided.iter().map(|(s, (_, l))| (*s, *l)).collect();
        if attempts.iter().any(|(_, leader)| led(&cluster, *leader)) {
            return;
        }
        for (server, leader) in attempts {
            cluster.feed(server, Input::AttemptFailed { leader: ServerId(leader) });
            cluster.look(server, zxid(server));
        }
    }
    panic!("nobody leads: {}", cluster.roles());
}

proptest! {
    /// Whatever the histories and whoever runs: a majority elects its best, and everybody that
    /// runs agrees (ZOOKEEPER-1419).
    #[test]
    fn a_majority_elects_its_best(
        histories in prop::collection::vec((0i64..3, 0i64..3), 5),
        order in Just((1i64..=5).collect::<Vec<_>>()).prop_shuffle(),
        running in 3usize..=5,
    ) {
        let mut cluster = Cluster::new(voters(5));
        for server in &order[..running] {
            let (epoch, zxid) = histories[*server as usize - 1];
            cluster.start(*server, standing(epoch, zxid));
        }
        cluster.pass(1000);
        let leader = cluster.decided.values().next().expect("somebody decided").1;
        prop_assert_eq!(cluster.decided.len(), running);
        prop_assert!(cluster.decided.values().all(|(_, l)| *l == leader));
        // The first three decide in a race with those that come later only if they are enough.
        let rank = |s: &i64| (histories[*s as usize - 1], *s);
        let best_of_first = order[..3].iter().max_by_key(|s| rank(s)).expect("three");
        let best_of_all = order[..running].iter().max_by_key(|s| rank(s)).expect("three");
        prop_assert!(rank(&leader) >= rank(best_of_first) && rank(&leader) <= rank(best_of_all));
    }
}
