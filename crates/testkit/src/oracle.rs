//! The oracle: the same random operations into two servers, every answer compared.
//!
//! A seed gives rounds; a round gives both servers the same settings and a fresh tree, drives the
//! same steps through several connections, and compares each reply, stat and event in the order
//! of arrival on its connection, then the whole tree. Requests run one at a time over all
//! connections, apart from bursts on one connection, so the answers do not depend on timing. What
//! Java keeps in hash order is compared as a set; times are not compared.
//!
//! Start at [`run`]. Differences that are meant stand in [`explained`].

mod dump;
pub mod explained;
mod generate;
mod profile;
mod render;
mod report;
pub(crate) mod rng;
mod round;
mod side;
mod step;

use std::time::Instant;

use crate::client;
use crate::java::ServerKind;
use crate::process;

pub use profile::{PROFILES, Profile};
pub use report::{Difference, Report};

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// How many operations in all.
    pub ops: usize,
    /// How many of them with one pair of servers.
    pub ops_per_round: usize,
    /// The servers to compare; the first one is right.
    pub servers: [ServerKind; 2],
    /// Connections.
    pub slots: usize,
    /// Steps between two sessions that are left to expire (a few seconds each); 0 for none.
    pub expire_every: usize,
    /// Stop after this many rounds with differences.
    pub differences_max: usize,
    /// Go on with a round until it has this many.
    pub differences_per_round: usize,
    /// Only this round (the first is 0), to look at a difference again.
    pub only_round: Option<usize>,
    /// Only rounds with this profile.
    pub profile: Option<String>,
    /// Changes one request of each round on the second server, to prove that it is noticed.
    pub inject: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 1,
            ops: 20_000,
            ops_per_round: 10_000,
            servers: [ServerKind::Java, ServerKind::Ox],
            slots: 5,
            expire_every: 8000,
            differences_max: 10,
            differences_per_round: 1,
            only_round: None,
            profile: None,
            inject: false,
        }
    }
}

/// Why the comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server could not be started.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// The control connection failed: the server is gone or does not speak the protocol.
    #[error(
        "the {server} server failed the control connection in round {round}: {source}; it \
             printed:\n{output}"
    )]
    Control {
        /// Which server.
        server: ServerKind,
        /// Which round.
        round: usize,
        /// How.
        source: client::Error,
        /// What the server printed.
        output: String,
    },
    /// No profile has this name.
    #[error("unknown profile '{0}'; known are {names}", names = profile_names())]
    UnknownProfile(String),
}

/// Runs all rounds. `progress` gets a line per round.
pub fn run(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, Error> {
    let profiles = profiles(options)?;
    let start = Instant::now();
    let mut report = Report::default();
    let mut round = 0;
    let mut ops = 0;
    while ops < options.ops && report.rounds_with_differences < options.differences_max {
        let wanted = options.ops_per_round.min(options.ops - ops);
        ops += wanted;
        if options.only_round.is_none_or(|only| only == round) {
            let profile = profiles[round % profiles.len()];
            let found = round::run(options, round, profile, wanted, &mut report)?;
            progress(&format!(
                "round {round} ({profile}): {wanted} operations, {found} differences, {:.1} s",
                start.elapsed().as_secs_f64()
            ));
        }
        round += 1;
    }
    Ok(report)
}

fn profiles(options: &Options) -> Result<Vec<Profile>, Error> {
    let Some(name) = &options.profile else { return Ok(PROFILES.to_vec()) };
    match PROFILES.iter().find(|profile| profile.name == name) {
        Some(profile) => Ok(vec![*profile]),
        None => Err(Error::UnknownProfile(name.clone())),
    }
}

fn profile_names() -> String {
    PROFILES.iter().map(|profile| profile.name).collect::<Vec<_>>().join(", ")
}
