use std::fmt;

use crate::Knobs;

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What the run was like.
    pub knobs: Knobs,
    /// A hash of everything that happened.
    pub trace_hash: u64,
    /// How many things happened.
    pub events: u64,
    /// How many transactions were committed.
    pub committed: usize,
    /// How many epochs were established.
    pub epochs: usize,
    /// How many servers were crashed.
    pub crashes: u64,
    /// How often learners were synchronized by DIFF, TRUNC and SNAP.
    pub syncs: [u64; 3],
    /// The first rule that was broken.
    pub violation: Option<Violation>,
    /// What happened, line by line, in a replay.
    pub trace: Vec<String>,
}

/// A rule that was broken; the names are those of the list of invariants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// When, ms of simulated time.
    pub at_ms: i64,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} broken at {} ms: {}", self.rule, self.at_ms, self.what)
    }
}
