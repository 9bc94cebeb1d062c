//! Defects that the simulator has to find (known-bugs, section 9), one cargo feature each. They
//! are compiled out of every release; each function is a constant.

/// A learner acknowledges NEWLEADER before its history is durable.
pub(crate) const fn p01_ack_newleader_early() -> bool {
    cfg!(feature = "planted-p01")
}

/// A learner writes the current epoch before the history of that epoch.
pub(crate) const fn p02_epoch_before_history() -> bool {
    cfg!(feature = "planted-p02")
}

/// A learner acknowledges proposals before they are durable.
pub(crate) const fn p03_ack_proposal_early() -> bool {
    cfg!(feature = "planted-p03")
}

/// A leader replays only what it has in memory, and nobody looks for the hole.
pub(crate) const fn p05_no_contiguity_check() -> bool {
    cfg!(feature = "planted-p05")
}

/// A server votes with what it has received and not with what is on its disk.
pub(crate) const fn p06_position_from_memory() -> bool {
    cfg!(feature = "planted-p06")
}

/// A snapshot replaces the history before the log behind it is there.
pub(crate) const fn p10_snapshot_in_place() -> bool {
    cfg!(feature = "planted-p10")
}

/// NEWLEADER is acknowledged although the snapshot has not become the truth.
pub(crate) const fn p11_newleader_before_snapshot() -> bool {
    cfg!(feature = "planted-p11")
}
