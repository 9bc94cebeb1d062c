use std::borrow::Cow;
use std::collections::VecDeque;

use proto::Zxid;
use zab::Epoch;
use zab::disk::{Durable, Duty};
use zab::wire::ProposedTxn;

use crate::entry::{self, Entry, last_zxid};
use crate::rng::Rng;

/// What the files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) accepted: Epoch,
    pub(crate) current: Epoch,
    /// The newest snapshot, as the history it holds.
    pub(crate) snapshot: Vec<Entry>,
    /// The log, as the whole history it leads to, also where only a snapshot has the beginning.
    pub(crate) log: Vec<Entry>,
}

impl Image {
    /// What recovery makes of it: the snapshot, and what the log has behind it.
    pub(crate) fn history(&self) -> Cow<'_, [Entry]> {
        let covered = last_zxid(&self.snapshot);
        if last_zxid(&self.log) >= covered && entry::agree(&self.log, &self.snapshot) {
            return Cow::Borrowed(&self.log);
        }
        let mut history = self.snapshot.clone();
        for entry in self.log.iter().filter(|entry| entry.zxid > covered) {
            let txn = ProposedTxn { zxid: entry.zxid, record: entry.record.clone() };
            entry::append(&mut history, txn);
        }
        Cow::Owned(history)
    }
}

/// A disk: what the process sees, what survives a power loss, and what is on its way.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) view: Image,
    pub(crate) durable: Image,
    /// Duties of the log that wait, with the role they are from.
    log_queue: VecDeque<(u64, Duty)>,
    /// Duties of the log that are being done.
    log_active: Vec<(u64, Duty)>,
    epoch_queue: VecDeque<(u64, Duty)>,
    epoch_active: Option<(u64, Duty)>,
    /// A snapshot that came, and the log behind it.
    staged: Option<Vec<Entry>>,
    /// Truth was lost on purpose.
    pub(crate) wiped: bool,
    /// What was given to the disk: [`zab::history::History`] is about this.
    pub(crate) known: Vec<Entry>,
}

impl Disk {
    pub(crate) fn give(&mut self, role: u64, duty: Duty) {
        match duty {
            Duty::PersistAcceptedEpoch(_) | Duty::PersistCurrentEpoch(_) => {
                self.epoch_queue.push_back((role, duty));
            }
            Duty::Append(txn) => {
                entry::append(&mut self.known, txn.clone());
                self.log_queue.push_back((role, Duty::Append(txn)));
            }
            Duty::Truncate { to } => {
                self.known.truncate(entry::count_upto(&self.known, to));
                self.log_queue.push_back((role, duty));
            }
            Duty::InstallSnapshot { .. } => self.log_queue.push_back((role, duty)),
        }
    }

    /// A whole snapshot came. It waits beside the old history.
    pub(crate) fn stage(&mut self, snapshot: Vec<Entry>) {
        self.known = snapshot.clone();
        self.staged = Some(snapshot);
    }

    /// Begins to write whatever waits; true if something takes time now.
    pub(crate) fn start_log(&mut self) -> bool {
        if !self.log_active.is_empty() {
            return false;
        }
        // Appends that wait are written and synced together.
        while let Some((_, duty)) = self.log_queue.front() {
            let append = matches!(duty, Duty::Append(_));
            if !append && !self.log_active.is_empty() {
                break;
            }
            self.log_active.extend(self.log_queue.pop_front());
            if !append {
                break;
            }
        }
        for (_, duty) in &self.log_active {
            // Written, not synced: the process sees it, a power loss may take it.
            if let (Duty::Append(txn), None) = (duty, &self.staged) {
                entry::append(&mut self.view.log, txn.clone());
            }
        }
        !self.log_active.is_empty()
    }

    /// What was being written is done. Gives what to report, and the role that wrote.
    pub(crate) fn finish_log(&mut self) -> Vec<(u64, Durable)> {
        let mut done = Vec::new();
        for (role, duty) in std::mem::take(&mut self.log_active) {
            done.push((role, self.finish_log_duty(duty)));
        }
        done
    }

    fn finish_log_duty(&mut self, duty: Duty) -> Durable {
        match duty {
            Duty::Append(txn) => {
                let upto = txn.zxid;
                match &mut self.staged {
                    Some(staged) => entry::append(staged, txn),
                    None => self.sync_log(),
                }
                Durable::Log { upto }
            }
            Duty::Truncate { to } => {
                self.truncate(to);
                Durable::Truncated { to }
            }
            Duty::InstallSnapshot { zxid, upto } => {
                if let Some(staged) = self.staged.take() {
                    let held = entry::count_upto(&staged, zxid);
                    self.view.snapshot = staged[..held].to_vec();
                    self.view.log = staged;
                    self.sync_history();
                }
                Durable::Snapshot { upto }
            }
            Duty::PersistAcceptedEpoch(epoch) => Durable::AcceptedEpoch(epoch),
            Duty::PersistCurrentEpoch(epoch) => Durable::CurrentEpoch(epoch),
        }
    }

    fn truncate(&mut self, to: Zxid) {
        let kept = entry::count_upto(&self.view.log, to);
        self.view.log.truncate(kept);
        if last_zxid(&self.view.snapshot) > to && !cfg!(feature = "planted-p07") {
            let kept = entry::count_upto(&self.view.snapshot, to);
            self.view.snapshot.truncate(kept);
        }
        if !cfg!(feature = "planted-p08") {
            self.sync_history();
        }
    }

    /// Syncs the log, of which most is synced already.
    fn sync_log(&mut self) {
        let (view, durable) = (&self.view.log, &mut self.durable.log);
        if entry::holds(view, durable) {
            durable.extend_from_slice(&view[durable.len()..]);
        } else {
            durable.clone_from(view);
        }
    }

    fn sync_history(&mut self) {
        self.durable.snapshot.clone_from(&self.view.snapshot);
        self.durable.log.clone_from(&self.view.log);
    }

    pub(crate) fn start_epoch(&mut self) -> bool {
        if self.epoch_active.is_some() {
            return false;
        }
        self.epoch_active = self.epoch_queue.pop_front();
        self.epoch_active.is_some()
    }

    pub(crate) fn finish_epoch(&mut self) -> Option<(u64, Durable)> {
        let (role, duty) = self.epoch_active.take()?;
        let durable = match duty {
            Duty::PersistAcceptedEpoch(epoch) => {
                self.view.accepted = self.view.accepted.max(epoch);
                Durable::AcceptedEpoch(epoch)
            }
            Duty::PersistCurrentEpoch(epoch) => {
                self.view.current = self.view.current.max(epoch);
                Durable::CurrentEpoch(epoch)
            }
            _ => return None,
        };
        // Renamed into place; without a sync of the directory the old name comes back.
        if !cfg!(feature = "planted-p09") {
            self.sync_epochs();
        }
        Some((role, durable))
    }

    pub(crate) fn sync_epochs(&mut self) {
        self.durable.accepted = self.view.accepted;
        self.durable.current = self.view.current;
    }

    /// A snapshot of what is applied.
    pub(crate) fn snapshot(&mut self, applied: Zxid) {
        let upto = if cfg!(feature = "planted-p07") { last_zxid(&self.view.log) } else { applied };
        let held = entry::count_upto(&self.view.log, upto);
        // Only what is on the disk goes into a snapshot, and it never goes back.
        if held <= self.durable.log.len() && upto > last_zxid(&self.view.snapshot) {
            self.view.snapshot = self.view.log[..held].to_vec();
            self.durable.snapshot.clone_from(&self.view.snapshot);
        }
    }

    /// Drops what has not begun. What has begun still ends.
    pub(crate) fn drop_waiting(&mut self) {
        self.log_queue.clear();
        self.epoch_queue.clear();
    }

    pub(crate) fn is_idle(&self) -> bool {
        let waiting = self.log_queue.len() + self.log_active.len() + self.epoch_queue.len();
        waiting == 0 && self.epoch_active.is_none()
    }

    /// What a server that begins anew finds; memory of the old role is forgotten.
    pub(crate) fn recover(&mut self) {
        self.staged = None;
        // A restart syncs what it read before it relies on it.
        if !cfg!(feature = "planted-p08") {
            self.sync_history();
        }
        self.known = self.view.history().into_owned();
    }

    /// The process ends; what was written stays, what was being written may or may not.
    pub(crate) fn kill(&mut self, rng: &mut Rng) {
        if self.epoch_active.is_some() && rng.chance(500) {
            self.finish_epoch();
        }
        if self.log_active.iter().any(|(_, duty)| !matches!(duty, Duty::Append(_)))
            && rng.chance(500)
        {
            self.finish_log();
        }
        self.drop_everything();
    }

    /// Power is lost: what was not synced is gone, or part of it, or nothing.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) {
        let unsynced = self.view.log.len().saturating_sub(self.durable.log.len());
        let survives_whole = rng.chance(250);
        let mut log = self.durable.log.clone();
        if entry::holds(&self.view.log, &self.durable.log) && unsynced > 0 {
            let kept = if survives_whole { unsynced } else { rng.index(unsynced + 1) };
            log = self.view.log[..self.durable.log.len() + kept].to_vec();
        }
        self.view = Image { log, ..self.durable.clone() };
        self.drop_everything();
    }

    /// The disk is replaced by an empty one.
    pub(crate) fn wipe(&mut self) {
        *self = Disk { wiped: true, ..Disk::default() };
    }

    fn drop_everything(&mut self) {
        self.log_active.clear();
        self.epoch_active = None;
        self.drop_waiting();
        self.staged = None;
    }
}
