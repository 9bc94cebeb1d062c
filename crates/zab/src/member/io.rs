use proto::ServerId;

use crate::disk::{Durable, Duty};
use crate::history::Position;
use crate::wire::Notification;
use crate::{Epoch, Limits, election, leader, learner};

/// How a member waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// In elections.
    pub election: election::Settings,
    /// In the roles.
    pub limits: Limits,
}

/// What the disk has between two roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// The promise, which even a server without history may have.
    pub accepted: Epoch,
    /// The history. `None` if the disk is empty without being known to be new, or damaged: such
    /// a server neither votes nor is counted until an established leader has repaired it.
    pub position: Option<Position>,
}

/// What can happen to a member.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Nothing is on its way to the disk, and this is what it has. The first input of all.
    Drained(Recovered),
    /// A notification came.
    Notification {
        /// Who sent it.
        from: ServerId,
        /// What it says.
        notification: Notification,
    },
    /// There is an election connection to this server again.
    LinkUp(ServerId),
    /// Nothing answers at this server's election address.
    LinkDown(ServerId),
    /// The disk did its duty.
    Durable(Durable),
    /// For the leader; ignored in other roles.
    Leader(leader::Input),
    /// For the learner; ignored in other roles.
    Learner(learner::Input),
    /// [`super::Member::poll_timeout`] has passed.
    Timeout,
}

/// What a member can want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a notification; only the newest for each server matters.
    Notify {
        /// To whom.
        to: ServerId,
        /// What.
        notification: Notification,
    },
    /// Connect to those voters that there is no election connection to.
    Reconnect,
    /// The role begins: listen for learners.
    Lead,
    /// The role begins: connect to the leader and report it with
    /// [`learner::Input::Connected`] or [`learner::Input::Disconnected`].
    Follow {
        /// The leader.
        leader: ServerId,
    },
    /// A duty of the disk.
    Disk(Duty),
    /// What the leader wants.
    Leader(leader::Output),
    /// What the learner wants.
    Learner(learner::Output),
    /// The role is over: close its connections, stop serving, finish or drop what waits for the
    /// disk, forget what is not on it, and answer with [`Input::Drained`].
    Drain,
}
