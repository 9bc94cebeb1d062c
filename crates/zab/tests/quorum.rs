//! Which sets are quorums: tables after `QuorumMaj` and `QuorumHierarchical`, and properties.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proto::{ServerId, Zxid};
use zab::quorum::{Error, Group, Quorums, Verifier};

fn ids(list: &[i64]) -> Vec<ServerId> {
    list.iter().copied().map(ServerId).collect()
}

fn majority(list: &[i64]) -> Verifier {
    Verifier::majority(ids(list)).expect("a majority system")
}

fn group(id: i64, members: &[i64]) -> Group {
    Group { id, members: ids(members) }
}

fn groups(voters: &[i64], groups: &[Group], weights: &[(i64, i64)]) -> Result<Verifier, Error> {
    let weights: Vec<_> = weights.iter().map(|(s, w)| (ServerId(*s), *w)).collect();
    Verifier::hierarchical(ids(voters), groups, &weights)
}

#[track_caller]
fn check(verifier: &Verifier, set: &[i64], want: bool) {
    assert_eq!(verifier.is_quorum(|s| set.contains(&s.0)), want, "{set:?} of {verifier:?}");
}

#[test]
fn a_majority_is_more_than_half() {
    let three = majority(&[1, 2, 3]);
    check(&three, &[], false);
    check(&three, &[1], false);
    check(&three, &[1, 3], true);
    let four = majority(&[1, 2, 3, 4]);
    check(&four, &[1, 2], false);
    check(&four, &[1, 2, 4], true);
    check(&majority(&[7]), &[7], true);
}

#[test]
fn strangers_and_observers_never_count() {
    let three = majority(&[1, 2, 3]);
    check(&three, &[1, 4, 5, 6], false);
    assert_eq!(three.weight(ServerId(4)), 0);
    assert_eq!(three.weight(ServerId(1)), 1);
}

#[test]
fn most_groups_must_have_most_of_their_weight() {
    let nine = groups(
        &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        &[group(1, &[1, 2, 3]), group(2, &[4, 5, 6]), group(3, &[7, 8, 9])],
        &[],
    )
    .expect("three groups");
    check(&nine, &[1, 2, 4, 5], true);
    check(&nine, &[1, 2, 3, 4, 7], false);
    check(&nine, &[1, 2, 8, 9], true);
    check(&nine, &[1, 2, 3, 4, 5, 6], true);
}

#[test]
fn weights_decide_inside_a_group_with_whole_numbers() {
    let one = groups(&[1, 2, 3], &[group(1, &[1, 2, 3])], &[(1, 3), (2, 1), (3, 1)]).expect("ok");
    check(&one, &[1], true);
    check(&one, &[2, 3], false);
    // 5 / 2 is 2 for Java, so 3 of 5 are enough and 2 are not.
    let five = groups(&[1, 2], &[group(1, &[1, 2])], &[(1, 2), (2, 3)]).expect("ok");
    check(&five, &[1], false);
    check(&five, &[2], true);
}

#[test]
fn a_group_or_server_without_weight_is_not_asked() {
    let two = groups(
        &[1, 2, 3, 4, 5],
        &[group(1, &[1, 2, 3]), group(2, &[4, 5])],
        &[(4, 0), (5, 0), (3, 0)],
    )
    .expect("ok");
    check(&two, &[1, 2], true);
    check(&two, &[1, 3, 4, 5], false);
    assert_eq!(two.weight(ServerId(4)), 0);
    let nobody = groups(&[1], &[group(1, &[1])], &[(1, 0)]).expect("ok");
    check(&nobody, &[1], false);
}

#[test]
fn what_is_no_quorum_system_is_refused_by_name() {
    assert_eq!(Verifier::majority(ids(&[])), Err(Error::NoVoter));
    assert_eq!(groups(&[1, 2], &[group(1, &[1])], &[]), Err(Error::NotInAGroup(ServerId(2))));
    assert_eq!(
        groups(&[1], &[group(1, &[1]), group(2, &[1])], &[]),
        Err(Error::InSeveralGroups(ServerId(1)))
    );
    assert_eq!(
        groups(&[1], &[group(1, &[1])], &[(1, -1)]),
        Err(Error::NegativeWeight { server: ServerId(1), weight: -1 })
    );
    assert_eq!(
        groups(&[1, 2], &[group(4, &[1, 2])], &[(1, i64::MAX), (2, 1)]),
        Err(Error::WeightOverflow(4))
    );
}

#[test]
fn two_systems_at_once_must_both_agree() {
    let both = Quorums::with_proposed(majority(&[1, 2, 3]), majority(&[3, 4, 5]));
    let quorum = |set: &[i64]| both.is_quorum(|s| set.contains(&s.0));
    assert!(!quorum(&[1, 2, 3]));
    assert!(!quorum(&[3, 4, 5]));
    assert!(quorum(&[1, 3, 4]));
    assert_eq!(both.voters(), ids(&[1, 2, 3, 4, 5]).into_iter().collect::<BTreeSet<_>>());
}

#[test]
fn the_highest_zxid_that_enough_servers_have() {
    let at = |list: &[(i64, i64)]| -> BTreeMap<ServerId, Zxid> {
        list.iter().map(|(s, z)| (ServerId(*s), Zxid(*z))).collect()
    };
    let three = Quorums::new(majority(&[1, 2, 3]));
    assert_eq!(three.reached(&at(&[(1, 9), (2, 5), (3, 1)])), Some(Zxid(5)));
    assert_eq!(three.reached(&at(&[(1, 9)])), None);
    assert_eq!(three.reached(&at(&[(1, 9), (7, 9), (8, 9)])), None);
    assert_eq!(three.reached(&at(&[])), None);
}

/// A system of up to seven servers: a majority, or groups with small weights.
fn system() -> impl Strategy<Value = Verifier> {
    let majority = (1i64..8).prop_map(|n| Verifier::majority((1..=n).map(ServerId)).expect("ok"));
    let grouped = prop::collection::vec((0i64..3, 0i64..4), 1..8).prop_map(|places| {
        let voters: Vec<_> = (1..=places.len() as i64).map(ServerId).collect();
        let members =
            |g| voters.iter().zip(&places).filter(move |(_, p)| p.0 == g).map(|(s, _)| *s);
        let groups: Vec<_> =
            (0..3).map(|g| Group { id: g, members: members(g).collect() }).collect();
        let weights: Vec<_> = voters.iter().zip(&places).map(|(s, p)| (*s, p.1)).collect();
        Verifier::hierarchical(voters.clone(), &groups, &weights).expect("ok")
    });
    prop_oneof![majority, grouped]
}

proptest! {
    /// The one property everything rests on.
    #[test]
    fn any_two_quorums_share_a_server(verifier in system(), a in 0u32..128, b in 0u32..128) {
        let inside = |set: u32| move |s: ServerId| set & (1 << (s.0 - 1)) != 0;
        if verifier.is_quorum(inside(a)) && verifier.is_quorum(inside(b)) {
            prop_assert_ne!(a & b, 0);
        }
    }

    #[test]
    fn more_servers_are_never_less(verifier in system(), a in 0u32..128, b in 0u32..128) {
        let inside = |set: u32| move |s: ServerId| set & (1 << (s.0 - 1)) != 0;
        if verifier.is_quorum(inside(a)) {
            prop_assert!(verifier.is_quorum(inside(a | b)));
        }
    }

    /// [`Quorums::reached`] by definition.
    #[test]
    fn reached_is_the_highest_that_a_quorum_has(
        verifier in system(),
        positions in prop::collection::btree_map((1i64..9).prop_map(ServerId), (0i64..5).prop_map(Zxid), 0..8),
    ) {
        let quorums = Quorums::new(verifier);
        let naive = (0..5).rev().map(Zxid).find(|z| {
            quorums.is_quorum(|s| positions.get(&s).is_some_and(|p| p >= z))
        });
        prop_assert_eq!(quorums.reached(&positions), naive);
    }
}
