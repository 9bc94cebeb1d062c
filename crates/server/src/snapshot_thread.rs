use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use peer::{Input, Snapshot};
use proto::{Data, StatPersisted};
use storage::snapshot::{SnapshotOptions, SnapshotTail, SnapshotWriter, ZxidDigest};
use storage::vfs::Vfs;
use tracing::{debug, error};
use tree::{EndedSnapshot, SnapshotCursor};

use crate::metrics::Basic;
use crate::shared::{CoreMessage, Shared};

/// Nodes looked at under one hold of the tree: short against a group of commits.
const STEP_NODES: usize = 256;

/// Writes snapshots, one at a time, each in a thread of its own.
pub(crate) struct SnapshotThread {
    shared: Arc<Shared>,
    vfs: Arc<dyn Vfs>,
    options: SnapshotOptions,
    give_up: Arc<AtomicBool>,
    running: Option<JoinHandle<()>>,
}

impl SnapshotThread {
    pub(crate) fn new(shared: Arc<Shared>, vfs: Arc<dyn Vfs>, options: SnapshotOptions) -> Self {
        SnapshotThread { shared, vfs, options, give_up: Arc::default(), running: None }
    }

    /// Begins to write `snapshot`; its end is reported to the core.
    pub(crate) fn begin(&mut self, snapshot: Snapshot) {
        let job = Job {
            shared: self.shared.clone(),
            vfs: self.vfs.clone(),
            options: self.options,
            give_up: self.give_up.clone(),
            snapshot,
        };
        let thread = thread::Builder::new().name("snapshot".to_owned()).spawn(move || job.run());
        match thread {
            Ok(handle) => self.running = Some(handle),
            Err(error) => {
                error!("cannot start a thread to write a snapshot: {error}");
                self.shared.core.push(CoreMessage::Input(Input::SnapshotEnded));
            }
        }
    }

    /// Frees what the tree kept for a snapshot, which can take a while.
    pub(crate) fn discard(&self, ended: EndedSnapshot) {
        let thread = thread::Builder::new().name("snapshot".to_owned());
        // Without a thread it is dropped at once, which is only slow.
        if let Err(error) = thread.spawn(move || drop(ended)) {
            debug!("cannot start a thread to free a snapshot: {error}");
        }
    }

    /// Gives up a snapshot that is being written: the logs hold everything.
    pub(crate) fn stop(&mut self) {
        self.give_up.store(true, Ordering::Relaxed);
        if let Some(running) = self.running.take()
            && running.join().is_err()
        {
            error!("the snapshot thread panicked");
        }
    }
}

struct Job {
    shared: Arc<Shared>,
    vfs: Arc<dyn Vfs>,
    options: SnapshotOptions,
    give_up: Arc<AtomicBool>,
    snapshot: Snapshot,
}

/// A node on its way from the tree to the file.
struct Node {
    path: String,
    data: Data,
    acl_key: i64,
    stat: StatPersisted,
}

impl Job {
    fn run(self) {
        let started = Instant::now();
        match self.write() {
            Ok(Some(name)) => {
                let took_ms = started.elapsed().as_millis() as i64;
                self.shared.metrics.basic(Basic::Snapshottime).add(took_ms);
                debug!("Snapshot taken in {took_ms} ms: {name}");
            }
            Ok(None) => {}
            Err(error) => {
                error!("no snapshot was written: {error}. The transaction logs keep everything");
            }
        }
        self.shared.core.push(CoreMessage::Input(Input::SnapshotEnded));
    }

    /// The file's path; `None` when it was given up.
    fn write(&self) -> Result<Option<String>, storage::Error> {
        let Snapshot { plan, sessions } = &self.snapshot;
        let mut writer = SnapshotWriter::create(
            self.vfs.clone(),
            &self.shared.snap_dir,
            plan.zxid,
            self.options,
            sessions,
            &plan.acls,
        )?;
        let mut cursor = SnapshotCursor::default();
        let mut nodes = Vec::with_capacity(STEP_NODES);
        loop {
            let is_done = self.collect(&mut cursor, &mut nodes);
            for node in nodes.drain(..) {
                writer.node(&node.path, node.data.bytes(), node.acl_key, &node.stat)?;
            }
            if is_done {
                break;
            }
            if self.give_up.load(Ordering::Relaxed) {
                return Ok(None);
            }
        }
        Ok(Some(writer.finish(&self.tail())?.path.display().to_string()))
    }

    /// One step under the tree's lock, without any file access.
    fn collect(&self, cursor: &mut SnapshotCursor, nodes: &mut Vec<Node>) -> bool {
        self.shared.tree().walk_snapshot(cursor, STEP_NODES, &mut |node| {
            nodes.push(Node {
                path: node.path.to_owned(),
                data: node.data.clone(),
                acl_key: node.acl_key,
                stat: node.stat,
            });
        })
    }

    fn tail(&self) -> SnapshotTail {
        let plan = &self.snapshot.plan;
        let digest = ZxidDigest {
            zxid: plan.digest.zxid,
            version: plan.digest.version,
            digest: plan.digest.digest,
        };
        SnapshotTail {
            digest: self.shared.config.tree.digest.then_some(digest),
            last_zxid: self
                .shared
                .config
                .storage
                .serialize_last_processed_zxid
                .then_some(plan.zxid),
        }
    }
}
