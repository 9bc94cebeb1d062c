use std::collections::BTreeSet;

use proto::ServerId;
use thiserror::Error;

use super::hierarchical::{Group, Hierarchy};

/// Why members, groups and weights are not a quorum system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// There is nobody to vote.
    #[error("the configuration has no voter, make at least one server a participant")]
    NoVoter,
    /// A voter is in no group although there are groups.
    #[error("server {0} is not in a group, name it in one group.N line")]
    NotInAGroup(ServerId),
    /// A server is named by two groups.
    #[error("server {0} is in several groups, name it in one group.N line only")]
    InSeveralGroups(ServerId),
    /// A weight below zero.
    #[error("server {server} has the weight {weight}, weights must not be negative")]
    NegativeWeight {
        /// Whose weight.
        server: ServerId,
        /// The weight.
        weight: i64,
    },
    /// The weights of a group do not fit into 63 bits.
    #[error("the weights of group {0} add up to more than a long holds, lower them")]
    WeightOverflow(i64),
}

/// One configuration's voters and the rule that says which of them are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    voters: BTreeSet<ServerId>,
    rule: Rule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Majority,
    Hierarchical(Hierarchy),
}

impl Verifier {
    /// More than half of the voters (`QuorumMaj`).
    pub fn majority(voters: impl IntoIterator<Item = ServerId>) -> Result<Self, Error> {
        let voters: BTreeSet<_> = voters.into_iter().collect();
        if voters.is_empty() {
            return Err(Error::NoVoter);
        }
        Ok(Verifier { voters, rule: Rule::Majority })
    }

    /// More than half of the weight in more than half of the groups that have weight
    /// (`QuorumHierarchical`). A server without a weight has 1.
    pub fn hierarchical(
        voters: impl IntoIterator<Item = ServerId>,
        groups: &[Group],
        weights: &[(ServerId, i64)],
    ) -> Result<Self, Error> {
        let voters: BTreeSet<_> = voters.into_iter().collect();
        if voters.is_empty() {
            return Err(Error::NoVoter);
        }
        let hierarchy = Hierarchy::new(&voters, groups, weights)?;
        Ok(Verifier { voters, rule: Rule::Hierarchical(hierarchy) })
    }

    /// Who votes, in order of id.
    pub fn voters(&self) -> &BTreeSet<ServerId> {
        &self.voters
    }

    /// Whether `server` votes.
    pub fn is_voter(&self, server: ServerId) -> bool {
        self.voters.contains(&server)
    }

    /// How much `server` counts; 0 for somebody who does not vote, who is never elected.
    pub fn weight(&self, server: ServerId) -> i64 {
        match &self.rule {
            _ if !self.is_voter(server) => 0,
            Rule::Majority => 1,
            Rule::Hierarchical(hierarchy) => hierarchy.weight(server),
        }
    }

    /// Whether the servers for which `has` holds are enough.
    ///
    /// Only voters are asked, so an observer or a stranger can never be counted.
    pub fn is_quorum(&self, has: impl Fn(ServerId) -> bool) -> bool {
        let present = self.voters.iter().copied().filter(|voter| has(*voter));
        match &self.rule {
            Rule::Majority => present.count() > self.voters.len() / 2,
            Rule::Hierarchical(hierarchy) => hierarchy.is_quorum(present),
        }
    }
}
