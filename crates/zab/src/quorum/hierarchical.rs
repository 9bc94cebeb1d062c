use std::collections::{BTreeMap, BTreeSet};

use proto::ServerId;

use super::Error;

/// A `group.N=...` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The number of the group.
    pub id: i64,
    /// The servers in it.
    pub members: Vec<ServerId>,
}

/// Groups of voters with weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hierarchy {
    /// Every voter's group and weight.
    places: BTreeMap<ServerId, Place>,
    /// The total weight of each group that has any.
    totals: BTreeMap<i64, i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    group: i64,
    weight: i64,
}

impl Hierarchy {
    pub(super) fn new(
        voters: &BTreeSet<ServerId>,
        groups: &[Group],
        weights: &[(ServerId, i64)],
    ) -> Result<Self, Error> {
        let group_of = group_of_each(groups)?;
        let weights: BTreeMap<_, _> = weights.iter().copied().collect();
        let mut places = BTreeMap::new();
        let mut totals = BTreeMap::new();
        for &server in voters {
            let group = *group_of.get(&server).ok_or(Error::NotInAGroup(server))?;
            let weight = weights.get(&server).copied().unwrap_or(1);
            if weight < 0 {
                return Err(Error::NegativeWeight { server, weight });
            }
            places.insert(server, Place { group, weight });
            let total: &mut i64 = totals.entry(group).or_default();
            *total = total.checked_add(weight).ok_or(Error::WeightOverflow(group))?;
        }
        // Groups without weight are not asked, as if they did not exist.
        totals.retain(|_, total| *total > 0);
        Ok(Hierarchy { places, totals })
    }

    pub(super) fn weight(&self, server: ServerId) -> i64 {
        self.places.get(&server).map_or(0, |place| place.weight)
    }

    pub(super) fn is_quorum(&self, present: impl Iterator<Item = ServerId>) -> bool {
        let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
        for place in present.filter_map(|server| self.places.get(&server)) {
            *sums.entry(place.group).or_default() += place.weight;
        }
        let won = self.totals.iter().filter(|(group, total)| {
            let sum = sums.get(group).copied().unwrap_or(0);
            sum > **total / 2
        });
        won.count() > self.totals.len() / 2
    }
}

fn group_of_each(groups: &[Group]) -> Result<BTreeMap<ServerId, i64>, Error> {
    let mut group_of = BTreeMap::new();
    for group in groups {
        for &member in &group.members {
            if group_of.insert(member, group.id).is_some() {
                return Err(Error::InSeveralGroups(member));
            }
        }
    }
    Ok(group_of)
}
