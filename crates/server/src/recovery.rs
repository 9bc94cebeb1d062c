use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use peer::Restored;
use proto::{AclList, OpCode, SessionId, Txn, TxnHeader, TxnRecord, Zxid};
use storage::snapshot::{SnapshotNode, SnapshotTail};
use storage::vfs::Vfs;
use storage::{DataDirs, Progress, RecoveryError, RecoverySink, recover};
use tracing::{info, warn};
use tree::{DataTree, Loader, Options, Watches};

use crate::metrics::Basic;
use crate::settings;
use crate::shared::Shared;

/// Reads what is on disk into the shared tree.
pub(crate) fn load(
    shared: &Shared,
    vfs: &Arc<dyn Vfs>,
    dirs: &DataDirs,
    seed: u64,
) -> Result<Restored, RecoveryError> {
    let started = Instant::now();
    let mut rebuild = Rebuild::new(settings::tree(&shared.config, seed));
    let options = settings::recovery(&shared.config, shared.limits);
    let recovered = recover(vfs, dirs, &options, &mut rebuild)?;
    for note in &recovered.notes {
        info!("{}", note_text(note));
    }
    let last_zxid = recovered.last_zxid.max(Zxid::ZERO);
    let (mut tree, restored) = rebuild.finish(last_zxid);
    tree.set_last_processed(last_zxid);
    let took_ms = started.elapsed().as_millis() as i64;
    info!(
        "loaded {} nodes and {} sessions up to {last_zxid} in {took_ms} ms, {} transactions of \
         them from logs",
        tree.node_count(),
        restored.sessions.len(),
        recovered.txns_replayed
    );
    *shared.tree_mut() = tree;
    let metrics = &shared.metrics;
    metrics.basic(Basic::Dbinittime).add(took_ms);
    metrics.basic(Basic::StartupSnapLoadTime).add(took_ms);
    if recovered.txns_replayed > 0 {
        metrics.basic(Basic::StartupTxnsLoaded).add(recovered.txns_replayed as i64);
        metrics.basic(Basic::StartupTxnsLoadTime).add(took_ms);
    }
    Ok(restored)
}

fn note_text(note: &storage::Note) -> String {
    use storage::Note;
    match note {
        Note::LoadedSnapshot { path, nodes } => {
            format!("Reading snapshot {}: {nodes} nodes", path.display())
        }
        Note::SkippedSnapshot { path, reason } => {
            format!("problem reading snap file {}, an older one is used: {reason}", path.display())
        }
        Note::CutTornTail { path, offset, len_before } => format!(
            "{} ended in the middle of a record that was never acknowledged: cut from {len_before} \
             to {offset} bytes",
            path.display()
        ),
        Note::RemovedUnfinishedLog { path } => {
            format!("removed {}: its creation was cut short", path.display())
        }
        Note::RemovedStaged { path } => {
            format!("removed {}: it was being written when the server stopped", path.display())
        }
        Note::ToleratedGap { path, offset, before, found } => {
            format!("{}: {found} at offset {offset} follows {before}", path.display())
        }
        Note::Initialized => "Initialize file found, an empty database will be assumed".to_owned(),
        Note::TrustedEmpty => "logs are used without a snapshot (snapshot.trust.empty)".to_owned(),
    }
}

/// Builds the tree and the sessions from what recovery reads.
struct Rebuild {
    options: Options,
    loader: Option<(Zxid, Loader)>,
    tree: Option<DataTree>,
    sessions: BTreeMap<SessionId, i32>,
    /// Nobody watches yet.
    watches: Watches,
}

impl Rebuild {
    fn new(options: Options) -> Self {
        let (sessions, watches) = (BTreeMap::new(), Watches::new());
        Rebuild { options, loader: None, tree: None, sessions, watches }
    }

    /// What was rebuilt; a fresh tree when there was nothing.
    fn finish(mut self, last_zxid: Zxid) -> (DataTree, Restored) {
        let options = self.options;
        let mut tree = self.tree.take().unwrap_or_else(|| DataTree::new(options));
        if let Some(mismatch) = tree.first_digest_mismatch() {
            warn!(
                "the digest in the log is not that of the tree, first at {}, {} times in all: the files \
                 do not belong together, or one of them is damaged",
                mismatch.zxid,
                tree.digest_mismatches()
            );
        }
        self.close_dead_sessions(&mut tree);
        let sessions = self.sessions.into_iter().collect();
        (tree, Restored { sessions, last_zxid })
    }

    /// Ephemerals of sessions that no file knows go (`ZooKeeperServer.loadData`).
    fn close_dead_sessions(&mut self, tree: &mut DataTree) {
        let dead: Vec<SessionId> = tree
            .sessions_with_ephemerals()
            .filter(|session| !self.sessions.contains_key(session))
            .collect();
        for session in dead {
            let header = TxnHeader {
                client_id: session,
                cxid: 0,
                zxid: tree.last_processed(),
                time_ms: 0,
                op: OpCode::CloseSession.code(),
            };
            let txn = Txn::CloseSession { paths: None };
            tree.apply(&header, &txn, None, &mut self.watches, &mut Vec::new());
        }
    }
}

impl RecoverySink for Rebuild {
    fn begin_snapshot(
        &mut self,
        zxid: Zxid,
        sessions: &[(SessionId, i32)],
        acls: &[(i64, AclList)],
    ) -> Result<(), String> {
        let mut loader = Loader::new(self.options);
        for (key, list) in acls {
            loader.acl(*key, list.clone());
        }
        self.loader = Some((zxid, loader));
        self.tree = None;
        self.sessions = sessions.iter().copied().collect();
        Ok(())
    }

    fn node(&mut self, node: SnapshotNode<'_>) -> Result<(), String> {
        let Some((_, loader)) = &mut self.loader else {
            return Err("a node came before its snapshot".to_owned());
        };
        let path = if node.path == "/" { "" } else { &*node.path };
        loader.node(path, node.data, node.acl_key, node.stat).map_err(|error| error.to_string())
    }

    fn end_snapshot(&mut self, tail: &SnapshotTail) -> Result<(), String> {
        let Some((zxid, loader)) = self.loader.take() else {
            return Err("an end came before its snapshot".to_owned());
        };
        let digest = tail.digest.map(|digest| tree::ZxidDigest {
            zxid: digest.zxid,
            version: digest.version,
            digest: digest.digest,
        });
        self.tree = Some(loader.finish(zxid, digest).map_err(|error| error.to_string())?);
        Ok(())
    }

    fn txn(&mut self, record: TxnRecord, _bytes: &[u8]) -> Result<(), String> {
        let options = self.options;
        let tree = self.tree.get_or_insert_with(|| DataTree::new(options));
        match &record.txn {
            Txn::CreateSession { timeout_ms } => {
                self.sessions.insert(record.header.client_id, *timeout_ms);
            }
            Txn::CloseSession { .. } => {
                self.sessions.remove(&record.header.client_id);
            }
            _ => {}
        }
        let mut events = Vec::new();
        tree.apply(&record.header, &record.txn, record.digest, &mut self.watches, &mut events);
        Ok(())
    }

    fn progress(&mut self, progress: Progress<'_>) {
        match progress {
            Progress::Snapshot { path, nodes } => {
                info!("reading snapshot {}: {nodes} nodes so far", path.display());
            }
            Progress::Replay { path, txns } => {
                info!("replaying {}: {txns} transactions so far", path.display());
            }
        }
    }
}
