use std::fmt;
use std::io::{self, Write};

use jute::Put;
use proto::{AclList, SessionId, StatPersisted};
use simd_adler32::Adler32;

use super::{DBID, MAGIC, SLASH, SnapshotTail, VERSION};

/// Passed on when this much is buffered.
const FLUSH_BYTES: usize = 256 << 10;

/// Writes the uncompressed stream of a snapshot, to a file or to a peer.
pub struct SnapshotEncoder<W> {
    out: W,
    buf: Vec<u8>,
    /// Over everything written since the start, seals included.
    sum: Adler32,
}

impl<W: Write> SnapshotEncoder<W> {
    /// Starts a stream with its sessions (id, timeout in ms) and its ACLs by key. Keys start
    /// at 1; key -1 is world:anyone:all and not in the table.
    pub fn new(out: W, sessions: &[(SessionId, i32)], acls: &[(i64, AclList)]) -> io::Result<Self> {
        let buf = Vec::with_capacity(FLUSH_BYTES + 4096);
        let mut encoder = SnapshotEncoder { out, buf, sum: Adler32::new() };
        encoder.buf.put_i32(MAGIC as i32);
        encoder.buf.put_i32(VERSION);
        encoder.buf.put_i64(DBID);
        encoder.buf.put_count(Some(sessions.len()));
        for (session, timeout_ms) in sessions {
            encoder.buf.put_i64(session.0);
            encoder.buf.put_i32(*timeout_ms);
            encoder.flush_if_full()?;
        }
        encoder.buf.put_count(Some(acls.len()));
        for (key, acl) in acls {
            encoder.buf.put_i64(*key);
            acl.encode(&mut encoder.buf);
            encoder.flush_if_full()?;
        }
        Ok(encoder)
    }

    /// Adds a node. Parents come before their children, the root (`/`) first.
    pub fn node(
        &mut self,
        path: &str,
        data: Option<&[u8]>,
        acl_key: i64,
        stat: &StatPersisted,
    ) -> io::Result<()> {
        // In the stream the root is the empty path, "/" is the end.
        self.buf.put_string(Some(if path == "/" { "" } else { path }));
        self.buf.put_buffer(data);
        self.buf.put_i64(acl_key);
        stat.encode(&mut self.buf);
        self.flush_if_full()
    }

    /// Ends the stream and returns what it was written to.
    pub fn finish(mut self, tail: &SnapshotTail) -> io::Result<W> {
        self.buf.extend_from_slice(SLASH);
        self.seal()?;
        if let Some(digest) = tail.digest {
            self.buf.put_i64(digest.zxid.0);
            self.buf.put_i32(digest.version);
            match digest.version {
                // Before version 2 the digest was hex text.
                ..2 => self.buf.put_string(Some(&format!("{:x}", digest.digest))),
                _ => self.buf.put_i64(digest.digest),
            }
            self.seal()?;
        }
        if let Some(zxid) = tail.last_zxid {
            self.buf.put_i64(zxid.0);
            self.seal()?;
        }
        Ok(self.out)
    }

    fn seal(&mut self) -> io::Result<()> {
        self.flush()?;
        self.buf.put_i64(i64::from(self.sum.finish()));
        self.buf.extend_from_slice(SLASH);
        self.flush()
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buf.len() >= FLUSH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sum.write(&self.buf);
        self.out.write_all(&self.buf)?;
        self.buf.clear();
        Ok(())
    }
}

impl<W> fmt::Debug for SnapshotEncoder<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotEncoder").finish_non_exhaustive()
    }
}
