use proto::ServerId;
use zab::member::Input;

/// Something that will happen.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    /// A server's timer may be due.
    Timer(ServerId, u32),
    /// Something reaches a process.
    Input(ServerId, u32, Box<Input>),
    /// The newest notification between two servers arrives.
    Vote { from: ServerId, to: ServerId },
    /// The next freight of a lane arrives.
    Deliver { conn: u64, lane: usize },
    /// A learner tries to connect.
    Connect { from: ServerId, role: u64, leader: ServerId, attempt: u32 },
    /// One end of a connection hears that it is closed.
    Gone { at: ServerId, conn: u64 },
    /// What was being written is done.
    LogDone(ServerId, u32),
    /// An epoch file is written.
    EpochDone(ServerId, u32),
    /// Directories reach the disk by themselves.
    DirectorySynced(ServerId),
    /// Look whether a server has finished with its disk.
    Drained(ServerId, u32),
    /// A client wants something.
    Client,
    /// Something goes wrong.
    Fault,
    /// A partition ends.
    Heal(Vec<(ServerId, ServerId)>),
    /// A process starts.
    Start(ServerId),
    /// A server takes a snapshot.
    Snapshot(ServerId),
}
