//! The server process's exit codes, which wrappers and supervisors read.

/// Why a server process ended, as a number Apache's server uses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Stopped in good order.
    Finished = 0,
    /// Something that has no code of its own.
    Unexpected = 1,
    /// Wrong arguments or an invalid configuration.
    InvalidInvocation = 2,
    /// A data directory is missing, unwritable or mixed up.
    DatadirNotAccessible = 3,
    /// The HTTP admin server could not start.
    AdminServerFailed = 4,
    /// A snapshot could not be written.
    SnapshotFailed = 10,
    /// A commit came that no proposal belongs to.
    UnmatchedCommit = 12,
    /// A packet between servers could not be read.
    QuorumPacketError = 13,
    /// The election port could not be bound.
    ElectionPortNotBound = 14,
}

impl ExitCode {
    /// The number given to the operating system.
    pub fn code(self) -> u8 {
        self as u8
    }
}
