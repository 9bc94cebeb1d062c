//! Which sets of servers are enough: majorities, groups with weights, and two systems at once.
//!
//! A [`Verifier`] is one configuration's rule. [`Quorums`] is what must agree: the committed
//! configuration and, while a reconfiguration is pending, also the proposed one.
//!
//! Source: `QuorumMaj`, `QuorumHierarchical`, `SyncedLearnerTracker`.

mod hierarchical;
mod quorums;
mod verifier;

pub use hierarchical::Group;
pub use quorums::Quorums;
pub use verifier::{Error, Verifier};
