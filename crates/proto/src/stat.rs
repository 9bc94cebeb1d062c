use jute::{Error, Put, Reader};

use crate::Zxid;

/// A node's stat as clients see it (68 bytes on the wire).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// The zxid that created the node.
    pub czxid: Zxid,
    /// The zxid that last changed its data.
    pub mzxid: Zxid,
    /// Creation time, ms since 1970.
    pub ctime_ms: i64,
    /// Time of the last change of data, ms since 1970.
    pub mtime_ms: i64,
    /// Number of changes of data.
    pub version: i32,
    /// Number of changes of children, as clients see it: 2 x stored - children.
    pub cversion: i32,
    /// Number of changes of the ACL.
    pub aversion: i32,
    /// The owning session, 0 for all but session ephemerals.
    pub ephemeral_owner: i64,
    /// Length of the data in bytes.
    pub data_length: i32,
    /// Number of children.
    pub num_children: i32,
    /// The zxid that last changed the children.
    pub pzxid: Zxid,
}

impl Stat {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.czxid.0);
        out.put_i64(self.mzxid.0);
        out.put_i64(self.ctime_ms);
        out.put_i64(self.mtime_ms);
        out.put_i32(self.version);
        out.put_i32(self.cversion);
        out.put_i32(self.aversion);
        out.put_i64(self.ephemeral_owner);
        out.put_i32(self.data_length);
        out.put_i32(self.num_children);
        out.put_i64(self.pzxid.0);
    }

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Stat {
            czxid: Zxid(r.i64()?),
            mzxid: Zxid(r.i64()?),
            ctime_ms: r.i64()?,
            mtime_ms: r.i64()?,
            version: r.i32()?,
            cversion: r.i32()?,
            aversion: r.i32()?,
            ephemeral_owner: r.i64()?,
            data_length: r.i32()?,
            num_children: r.i32()?,
            pzxid: Zxid(r.i64()?),
        })
    }
}

/// A node's stat as it is stored (60 bytes on disk).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatPersisted {
    /// See [`Stat::czxid`].
    pub czxid: Zxid,
    /// See [`Stat::mzxid`].
    pub mzxid: Zxid,
    /// See [`Stat::ctime_ms`].
    pub ctime_ms: i64,
    /// See [`Stat::mtime_ms`].
    pub mtime_ms: i64,
    /// See [`Stat::version`].
    pub version: i32,
    /// How many children were ever created; deletions do not count here.
    pub cversion: i32,
    /// See [`Stat::aversion`].
    pub aversion: i32,
    /// 0, a session, or the encoded container or TTL kind ([`crate::EphemeralType`]).
    pub ephemeral_owner: i64,
    /// See [`Stat::pzxid`].
    pub pzxid: Zxid,
}

impl StatPersisted {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.czxid.0);
        out.put_i64(self.mzxid.0);
        out.put_i64(self.ctime_ms);
        out.put_i64(self.mtime_ms);
        out.put_i32(self.version);
        out.put_i32(self.cversion);
        out.put_i32(self.aversion);
        out.put_i64(self.ephemeral_owner);
        out.put_i64(self.pzxid.0);
    }

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(StatPersisted {
            czxid: Zxid(r.i64()?),
            mzxid: Zxid(r.i64()?),
            ctime_ms: r.i64()?,
            mtime_ms: r.i64()?,
            version: r.i32()?,
            cversion: r.i32()?,
            aversion: r.i32()?,
            ephemeral_owner: r.i64()?,
            pzxid: Zxid(r.i64()?),
        })
    }
}
