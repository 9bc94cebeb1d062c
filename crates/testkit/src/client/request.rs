//! Builds request bodies. Everything that can be null on the wire is an `Option`.

use jute::Put;
use proto::{Acl, AclList, MultiHeader, OpCode};

/// One operation of a multi: its number and its encoded body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The operation's number.
    pub op: i32,
    /// Its body.
    pub body: Vec<u8>,
}

impl Part {
    /// A sub-request of a known operation.
    pub fn new(op: OpCode, body: Vec<u8>) -> Self {
        Part { op: op.code(), body }
    }
}

/// `world:anyone` with all permissions.
pub fn open_acl() -> Vec<Acl> {
    AclList::open().entries().to_vec()
}

/// create, create2 and createContainer.
pub fn create(path: Option<&str>, data: Option<&[u8]>, acl: Option<&[Acl]>, flags: i32) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_string(path);
    out.put_buffer(data);
    put_acl(&mut out, acl);
    out.put_i32(flags);
    out
}

/// createTTL.
pub fn create_ttl(
    path: Option<&str>,
    data: Option<&[u8]>,
    acl: Option<&[Acl]>,
    flags: i32,
    ttl_ms: i64,
) -> Vec<u8> {
    let mut out = create(path, data, acl, flags);
    out.put_i64(ttl_ms);
    out
}

/// getACL, sync, getEphemerals, getAllChildrenNumber, deleteContainer.
pub fn path(path: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_string(path);
    out
}

/// exists, getData, getChildren, getChildren2.
pub fn path_watch(path: Option<&str>, watch: bool) -> Vec<u8> {
    let mut out = self::path(path);
    out.put_bool(watch);
    out
}

/// delete and check; also checkWatches, removeWatches and addWatch with their number.
pub fn path_version(path: Option<&str>, version: i32) -> Vec<u8> {
    let mut out = self::path(path);
    out.put_i32(version);
    out
}

/// setData.
pub fn set_data(path: Option<&str>, data: Option<&[u8]>, version: i32) -> Vec<u8> {
    let mut out = self::path(path);
    out.put_buffer(data);
    out.put_i32(version);
    out
}

/// setACL.
pub fn set_acl(path: Option<&str>, acl: Option<&[Acl]>, version: i32) -> Vec<u8> {
    let mut out = self::path(path);
    put_acl(&mut out, acl);
    out.put_i32(version);
    out
}

/// auth.
pub fn auth(scheme: Option<&str>, auth: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_i32(0);
    out.put_string(scheme);
    out.put_buffer(auth);
    out
}

/// sasl.
pub fn sasl(token: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_buffer(token);
    out
}

/// setWatches (three lists) and setWatches2 (five): data, exist, child, persistent, recursive.
pub fn set_watches(relative_zxid: i64, lists: &[Vec<String>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_i64(relative_zxid);
    for list in lists {
        out.put_count(Some(list.len()));
        list.iter().for_each(|path| out.put_string(Some(path)));
    }
    out
}

/// reconfig.
pub fn reconfig(
    joining: Option<&str>,
    leaving: Option<&str>,
    new_members: Option<&str>,
    current_config: i64,
) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_string(joining);
    out.put_string(leaving);
    out.put_string(new_members);
    out.put_i64(current_config);
    out
}

/// multi and multiRead.
pub fn multi(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        MultiHeader { op: part.op, done: false, err: -1 }.encode(&mut out);
        out.extend_from_slice(&part.body);
    }
    MultiHeader::END.encode(&mut out);
    out
}

fn put_acl(out: &mut Vec<u8>, acl: Option<&[Acl]>) {
    out.put_count(acl.map(<[Acl]>::len));
    for entry in acl.unwrap_or_default() {
        entry.encode(out);
    }
}
