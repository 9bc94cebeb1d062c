use proto::{ServerId, Zxid};
use zab::history::{History, Position};
use zab::member::{Member, Recovered};

use crate::disk::Disk;
use crate::entry::{self, Entry, last_zxid};

/// A machine with a disk, and perhaps a process on it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) id: ServerId,
    pub(crate) disk: Disk,
    pub(crate) member: Option<Member>,
    /// How often it was started.
    pub(crate) incarnation: u32,
    /// How many roles it has had; what a role wrote carries its number.
    pub(crate) role: u64,
    /// Whether it waits for its disk between two roles.
    pub(crate) draining: bool,
    /// Nothing reaches it before.
    pub(crate) paused_until_ms: i64,
    pub(crate) applied: Zxid,
    pub(crate) serving: bool,
    /// The connection to the leader.
    pub(crate) upstream: Option<u64>,
    /// What the leader had committed when it said UPTODATE.
    pub(crate) serve_from: Zxid,
    /// When its timer was last set.
    pub(crate) timer_ms: Option<i64>,
}

impl Server {
    pub(crate) fn new(id: ServerId) -> Self {
        Server {
            id,
            disk: Disk::default(),
            member: None,
            incarnation: 0,
            role: 0,
            draining: false,
            paused_until_ms: 0,
            applied: Zxid::ZERO,
            serving: false,
            upstream: None,
            serve_from: Zxid::ZERO,
            timer_ms: None,
        }
    }

    /// What the disk has, between two roles.
    pub(crate) fn recovered(&self) -> Recovered {
        let image = &self.disk.view;
        let position = Position {
            accepted: image.accepted,
            current: image.current,
            last: last_zxid(&self.disk.known),
            committed: last_zxid(&image.snapshot),
        };
        let position = (!self.disk.wiped).then_some(position);
        Recovered { accepted: image.accepted, position }
    }

    /// The machine's memory of the old role is gone.
    pub(crate) fn begin_role(&mut self) {
        self.role += 1;
        self.applied = Zxid::ZERO;
        self.serving = false;
        self.upstream = None;
    }
}

/// What a leader can replay: everything that was given to its disk, as far as the log is kept.
pub(crate) struct View<'a> {
    entries: &'a [Entry],
    /// How many entries only a snapshot has.
    purged: usize,
    snapshot: Zxid,
}

impl<'a> View<'a> {
    pub(crate) fn of(server: &'a Server, log_kept: usize) -> Self {
        let entries = &server.disk.known;
        let snapshot = last_zxid(&server.disk.view.snapshot).max(server.applied);
        let held = entry::count_upto(entries, snapshot);
        let purged = entries.len().saturating_sub(log_kept).min(held);
        View { entries, purged, snapshot }
    }
}

impl History for View<'_> {
    fn floor(&self, zxid: Zxid) -> Option<Zxid> {
        let count = entry::count_upto(self.entries, zxid);
        match count.cmp(&self.purged) {
            std::cmp::Ordering::Less => None,
            _ => Some(last_zxid(&self.entries[..count])),
        }
    }

    fn snapshot_zxid(&self) -> Zxid {
        self.snapshot
    }

    fn is_worth_replaying(&self, _after: Zxid, _upto: Zxid) -> bool {
        true
    }
}
