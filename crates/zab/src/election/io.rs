use proto::ServerId;

use super::{Standing, Vote};
use crate::ServerState;
use crate::quorum::Quorums;
use crate::wire::{ConfigText, Notification};

/// How long an election waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a quorum waits for a better vote (`finalizeWait`), ms.
    pub finalize_wait_ms: i64,
    /// The first pause before votes are sent again
    /// (`zookeeper.fastleader.minNotificationInterval`), ms.
    pub notification_interval_min_ms: i64,
    /// The longest such pause (`zookeeper.fastleader.maxNotificationInterval`), ms.
    pub notification_interval_max_ms: i64,
    /// After how many failed attempts to follow it a candidate is left out. Java has no such
    /// limit and elects an unreachable server for ever.
    pub failed_attempts_max: u32,
    /// How long it stays left out, ms.
    pub left_out_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            finalize_wait_ms: 200,
            notification_interval_min_ms: 200,
            notification_interval_max_ms: 60_000,
            failed_attempts_max: 3,
            left_out_ms: 10_000,
        }
    }
}

/// What can happen to an election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Look for a leader. Nothing may be on its way to the log any more.
    Start {
        /// Where the durable history ends. `None` if this server must not vote: it is an
        /// observer, or its disk is empty or damaged and nobody said that this is right.
        standing: Option<Standing>,
    },
    /// The role that was decided on has ended. Votes are kept until the next start.
    Stop,
    /// The leader decided on could not be followed, or could not get followers.
    AttemptFailed {
        /// Who it was, this server itself included.
        leader: ServerId,
    },
    /// The leader decided on is established.
    Established {
        /// Its epoch.
        epoch: crate::Epoch,
    },
    /// A notification came.
    Notification {
        /// Who sent it.
        from: ServerId,
        /// What it says.
        notification: Notification,
    },
    /// There is a connection to this server again.
    LinkUp(ServerId),
    /// Nothing answers at this server's address.
    LinkDown(ServerId),
    /// The configuration changed.
    Configured {
        /// Who decides now.
        quorums: Quorums,
        /// The committed configuration in words.
        config: ConfigText,
    },
    /// [`super::Election::poll_timeout`] has passed.
    Timeout,
}

/// What an election can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this; only the newest for each server matters.
    Send {
        /// To whom.
        to: ServerId,
        /// What.
        notification: Notification,
    },
    /// Connect to those voters that there is no connection to.
    Reconnect,
    /// There is a leader.
    Decided {
        /// What this server does now.
        state: ServerState,
        /// The vote it settled on.
        vote: Vote,
    },
    /// A voter looks for a leader while this server leads.
    VoterLooking(ServerId),
    /// Somebody has a newer configuration while this server looks.
    NewerConfig {
        /// Who.
        from: ServerId,
        /// The configuration.
        config: ConfigText,
    },
}
