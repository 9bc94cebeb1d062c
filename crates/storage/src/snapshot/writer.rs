use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proto::{AclList, SessionId, StatPersisted, Zxid};

use super::compress::Compressor;
use super::{Compression, SnapshotEncoder, SnapshotTail};
use crate::names::{NamedFile, STAGED_PREFIX, snapshot_name};
use crate::vfs::{OpenMode, Vfs, VfsFile};
use crate::{Error, Result};

/// How snapshots are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotOptions {
    /// `zookeeper.snapshot.compression.method`.
    pub compression: Compression,
    /// A large snapshot is synced in steps of this many bytes, so that the one sync at the end
    /// does not stand in the way of the log's.
    pub sync_step_bytes: u64,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        SnapshotOptions { compression: Compression::None, sync_step_bytes: 16 << 20 }
    }
}

/// Writes one snapshot file.
///
/// It grows under a name that Java ignores and gets its own only when it is complete and synced
/// (invariant D9). Dropped before [`SnapshotWriter::finish`], it is removed.
#[derive(Debug)]
pub struct SnapshotWriter {
    encoder: Option<SnapshotEncoder<Output>>,
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
    staged: PathBuf,
    path: PathBuf,
    zxid: Zxid,
}

type Output = Compressor<StagedFile>;

impl SnapshotWriter {
    /// Begins the snapshot of the tree at `zxid`. For sessions and ACLs see
    /// [`SnapshotEncoder::new`].
    pub fn create(
        vfs: Arc<dyn Vfs>,
        dir: &Path,
        zxid: Zxid,
        options: SnapshotOptions,
        sessions: &[(SessionId, i32)],
        acls: &[(i64, AclList)],
    ) -> Result<Self> {
        let name = snapshot_name(zxid, options.compression);
        let staged = dir.join(format!("{STAGED_PREFIX}{name}"));
        let file = vfs.open(&staged, OpenMode::Create).map_err(Error::io("create", &staged))?;
        let (dir, path) = (dir.to_path_buf(), dir.join(name));
        let mut writer = SnapshotWriter { encoder: None, vfs, dir, staged, path, zxid };
        let step = options.sync_step_bytes.max(1);
        let file = StagedFile { file, offset: 0, synced: 0, step };
        let encoder = Compressor::new(options.compression, file)
            .and_then(|out| SnapshotEncoder::new(out, sessions, acls));
        writer.encoder = Some(encoder.map_err(Error::io("write", &writer.staged))?);
        Ok(writer)
    }

    /// Adds a node, see [`SnapshotEncoder::node`].
    pub fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_key: i64,
        stat: &StatPersisted,
    ) -> Result<()> {
        let Some(encoder) = &mut self.encoder else { return Ok(()) };
        encoder.node(path, data, acl_key, stat).map_err(Error::io("write", &self.staged))
    }

    /// Completes, syncs and publishes the file.
    pub fn finish(mut self, tail: &SnapshotTail) -> Result<NamedFile> {
        let write = Error::io("write", &self.staged);
        let Some(encoder) = self.encoder.take() else {
            return Err(write(io::Error::other("the snapshot was not begun")));
        };
        let mut file = encoder.finish(tail).and_then(Compressor::finish).map_err(write)?;
        file.file.sync_data().map_err(Error::io("sync", &self.staged))?;
        let len = file.offset;
        drop(file);
        self.vfs.rename(&self.staged, &self.path).map_err(Error::io("rename", &self.staged))?;
        self.vfs.sync_dir(&self.dir).map_err(Error::io("sync", &self.dir))?;
        let meta = self.vfs.metadata(&self.path).map_err(Error::io("read", &self.path))?;
        let path = std::mem::take(&mut self.path);
        Ok(NamedFile { zxid: self.zxid, path, len, modified_ms: meta.modified_ms })
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        // Renamed or not created: then there is nothing to remove. If it cannot be removed now,
        // the next start does it.
        let _ = self.vfs.remove(&self.staged);
    }
}

#[derive(Debug)]
struct StagedFile {
    file: Box<dyn VfsFile>,
    offset: u64,
    synced: u64,
    step: u64,
}

impl Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        if self.offset - self.synced >= self.step {
            self.file.sync_data()?;
            self.synced = self.offset;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
