use std::collections::BTreeMap;

use peer::Restored;
use proto::{AclList, OpCode, SessionId, Txn, TxnHeader, TxnRecord, Zxid};
use storage::snapshot::{SnapshotNode, SnapshotTail};
use storage::{Progress, RecoverySink};
use tracing::{info, warn};
use tree::{DataTree, Loader, Options, Watches};

/// Builds the tree and the sessions from what recovery reads.
pub(crate) struct Rebuild {
    options: Options,
    loader: Option<(Zxid, Loader)>,
    tree: Option<DataTree>,
    sessions: BTreeMap<SessionId, i32>,
    /// Nobody watches yet.
    watches: Watches,
}

impl Rebuild {
    pub(crate) fn new(options: Options) -> Self {
        let (sessions, watches) = (BTreeMap::new(), Watches::new());
        Rebuild { options, loader: None, tree: None, sessions, watches }
    }

    /// What was rebuilt; a fresh tree when there was nothing.
    pub(crate) fn finish(mut self, last_zxid: Zxid) -> (DataTree, Restored) {
        let options = self.options;
        let mut tree = self.tree.take().unwrap_or_else(|| DataTree::new(options));
        if let Some(mismatch) = tree.first_digest_mismatch() {
            warn!(
                "Digests are not matching. Value is Zxid. Value: {}, {} times in all",
                mismatch.zxid.0,
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
