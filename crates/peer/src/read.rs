//! Reads, answered wherever the tree can be read (`FinalRequestProcessor`).
//!
//! The caller holds the tree still for the whole call, so that setting a watch is one step with
//! the read that sets it, and the reply's zxid is the state that was read.

use std::borrow::Cow;
use std::ops::DerefMut;

use jute::{Limits, Put, Reader};
use proto::{
    Acl, AclList, ErrorCode, Id, MultiHeader, OpCode, Request, SessionId, SetWatches, SubRequest,
    WatcherKind, Zxid, perms, xid,
};
use tree::{DataTree, NodeRef, Watches};

use crate::auth::Rules;
use crate::{ConnId, Frame};

/// How a read gets at the watch tables; they are asked for only when it sets or removes one.
pub trait WatchAccess {
    /// A hold on the tables.
    type Guard<'a>: DerefMut<Target = Watches>
    where
        Self: 'a;

    /// Takes hold of the tables.
    fn watches(&mut self) -> Self::Guard<'_>;
}

/// Whoever has the tables for itself.
impl WatchAccess for &mut Watches {
    type Guard<'a>
        = &'a mut Watches
    where
        Self: 'a;

    fn watches(&mut self) -> &mut Watches {
        self
    }
}

/// Who reads.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The connection, which also receives the events.
    pub conn: ConnId,
    /// Its session.
    pub session: SessionId,
    /// Its identities.
    pub ids: &'a [Id],
    /// The server's rules.
    pub rules: &'a Rules,
    /// Bounds for the request's fields.
    pub limits: Limits,
}

/// What a read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The zxid in the reply's header.
    pub zxid: Zxid,
    /// The result in the reply's header.
    pub err: ErrorCode,
}

/// Answers a read: appends the framed reply, and before it the events that setWatches finds due.
pub fn serve(
    tree: &DataTree,
    watches: &mut impl WatchAccess,
    client: &Client<'_>,
    xid: i32,
    op: OpCode,
    body: &[u8],
    out: &mut Vec<u8>,
) -> Served {
    let zxid = tree.last_processed();
    let mut reader = Reader::with_limits(body, client.limits);
    let Ok(request) = Request::decode(op, &mut reader) else {
        return error(out, xid, zxid, ErrorCode::MarshallingError);
    };
    if let Request::SetWatches(request) = &request {
        set_watches(tree, &mut watches.watches(), client, request, out);
    }
    let xid = if op == OpCode::Ping { xid::PING } else { xid };
    let mut frame = Frame::reply(out, xid, zxid, ErrorCode::Ok);
    let read = Read { tree, client };
    if let Request::MultiRead(multi) = &request {
        // Java sends what it has so far, also when a part stops it.
        let err = read.multi(&multi.parts, frame.body());
        frame.set_error(err);
        frame.end();
        return Served { zxid, err };
    }
    let err = match read.answer(watches, request, frame.body()) {
        Ok(()) => ErrorCode::Ok,
        Err(code) => {
            frame.fail(code);
            code
        }
    };
    frame.end();
    Served { zxid, err }
}

/// Appends a reply that is only a header.
pub(crate) fn error(out: &mut Vec<u8>, xid: i32, zxid: Zxid, err: ErrorCode) -> Served {
    Frame::reply(out, xid, zxid, err).end();
    Served { zxid, err }
}

fn set_watches(
    tree: &DataTree,
    watches: &mut Watches,
    client: &Client<'_>,
    request: &SetWatches<'_>,
    out: &mut Vec<u8>,
) {
    let mut events = Vec::new();
    watches.set_watches(tree, request, client.conn.watcher(), &mut events);
    for event in events {
        // Catch-up events are not filtered by ACL, as in Java: the client names the paths.
        Frame::event(out, event.zxid, event.kind, &event.path);
    }
}

/// A path that must be there; null makes Java fail while it works on the request.
fn some<'a>(path: &'a Option<Cow<'_, str>>) -> Result<&'a str, ErrorCode> {
    path.as_deref().ok_or(ErrorCode::MarshallingError)
}

struct Read<'a> {
    tree: &'a DataTree,
    client: &'a Client<'a>,
}

impl<'a> Read<'a> {
    fn answer(
        &self,
        watches: &mut impl WatchAccess,
        request: Request<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ErrorCode> {
        let me = self.client.conn.watcher();
        match request {
            Request::Ping | Request::SetWatches(_) => {}
            Request::Exists { path, watch } => {
                let path = some(&path)?;
                let stat = self.exists(path, watch, watches)?;
                stat.stat().encode(out);
            }
            Request::GetData { path, watch } => {
                let path = some(&path)?;
                let node = self.readable(path, perms::READ)?;
                if watch {
                    watches.watches().add_data(path, me);
                }
                put_data(node, out);
            }
            Request::GetChildren { path, watch } => {
                let path = some(&path)?;
                self.children(path, watch, watches, out)?;
            }
            Request::GetChildren2 { path, watch } => {
                let path = some(&path)?;
                self.children(path, watch, watches, out)?.stat().encode(out);
            }
            Request::GetAcl { path } => self.acl(some(&path)?, out)?,
            Request::GetAllChildrenNumber { path } => {
                let path = some(&path)?;
                self.readable(path, perms::READ)?;
                out.put_i32(self.tree.all_children_number(path) as i32);
            }
            Request::GetEphemerals { prefix } => self.ephemerals(prefix.as_deref(), out),
            Request::WhoAmI => self.who_am_i(out),
            Request::AddWatch { path, mode } => {
                // Java keeps a watch on null, too; nothing ever fires it.
                if let Some(path) = path {
                    watches.watches().add(&path, mode, me);
                }
                out.put_i32(0);
            }
            Request::CheckWatches { path, kind } => {
                self.check_watch(path.as_deref(), kind, watches)?;
            }
            Request::RemoveWatches { path, kind } => {
                let path = path.as_deref().ok_or(ErrorCode::NoWatcher)?;
                if !watches.watches().remove(path, kind, me) {
                    return Err(ErrorCode::NoWatcher);
                }
            }
            _ => return Err(ErrorCode::Unimplemented),
        }
        Ok(())
    }

    fn exists(
        &self,
        path: &str,
        watch: bool,
        watches: &mut impl WatchAccess,
    ) -> Result<NodeRef<'a>, ErrorCode> {
        if path.contains('\0') {
            return Err(ErrorCode::BadArguments);
        }
        let node = self.tree.find(path).map(|id| self.tree.node(id));
        if let Some(node) = &node {
            self.client.rules.check(node.acl(), perms::READ, self.client.ids)?;
        }
        // The watch is set on a node that is not there, too.
        if watch {
            watches.watches().add_data(path, self.client.conn.watcher());
        }
        node.ok_or(ErrorCode::NoNode)
    }

    fn children(
        &self,
        path: &str,
        watch: bool,
        watches: &mut impl WatchAccess,
        out: &mut Vec<u8>,
    ) -> Result<NodeRef<'a>, ErrorCode> {
        let node = self.readable(path, perms::READ)?;
        if watch {
            watches.watches().add_child(path, self.client.conn.watcher());
        }
        put_children(node, out);
        Ok(node)
    }

    fn readable(&self, path: &str, wanted: i32) -> Result<NodeRef<'a>, ErrorCode> {
        let id = self.tree.find(path).ok_or(ErrorCode::NoNode)?;
        let node = self.tree.node(id);
        self.client.rules.check(node.acl(), wanted, self.client.ids)?;
        Ok(node)
    }

    fn acl(&self, path: &str, out: &mut Vec<u8>) -> Result<(), ErrorCode> {
        let node = self.readable(path, perms::READ | perms::ADMIN)?;
        match self.client.rules.check(node.acl(), perms::ADMIN, self.client.ids) {
            Ok(()) => node.acl().encode(out),
            Err(_) => masked(node.acl()).encode(out),
        }
        node.stat().encode(out);
        Ok(())
    }

    fn ephemerals(&self, prefix: Option<&str>, out: &mut Vec<u8>) {
        let prefix = match prefix {
            Some(prefix) if !matches!(java_trim(prefix), "" | "/") => prefix,
            _ => "",
        };
        let owned = self.tree.ephemerals(self.client.session);
        let paths: Vec<_> = owned.filter(|path| path.starts_with(prefix)).collect();
        out.put_count(Some(paths.len()));
        paths.iter().for_each(|path| out.put_string(Some(path)));
    }

    fn who_am_i(&self, out: &mut Vec<u8>) {
        out.put_count(Some(self.client.ids.len()));
        for id in self.client.ids {
            out.put_string(id.scheme.as_deref());
            out.put_string(Some(self.client.rules.user_name(id)));
        }
    }

    /// Appends the results of the parts; a part that cannot be understood ends them.
    fn multi(&self, parts: &[SubRequest<'_>], out: &mut Vec<u8>) -> ErrorCode {
        let mut err = ErrorCode::Ok;
        for part in parts {
            match self.part(part, out) {
                Ok(()) => {}
                Err(ErrorCode::MarshallingError) => {
                    err = ErrorCode::MarshallingError;
                    break;
                }
                Err(code) => put_multi_error(code.code(), out),
            }
        }
        MultiHeader::END.encode(out);
        err
    }

    fn part(&self, part: &SubRequest<'_>, out: &mut Vec<u8>) -> Result<(), ErrorCode> {
        let (op, path) = match part {
            SubRequest::GetChildren { path } => (OpCode::GetChildren, path),
            SubRequest::GetData { path } => (OpCode::GetData, path),
            _ => return Err(ErrorCode::MarshallingError),
        };
        let node = self.readable(some(path)?, perms::READ)?;
        MultiHeader { op: op.code(), done: false, err: 0 }.encode(out);
        match op {
            OpCode::GetData => put_data(node, out),
            _ => put_children(node, out),
        }
        Ok(())
    }

    fn check_watch(
        &self,
        path: Option<&str>,
        kind: WatcherKind,
        watches: &mut impl WatchAccess,
    ) -> Result<(), ErrorCode> {
        let path = path.ok_or(ErrorCode::NoWatcher)?;
        let found = watches.watches().contains(path, kind, self.client.conn.watcher());
        if found { Ok(()) } else { Err(ErrorCode::NoWatcher) }
    }
}

/// `String.trim`: everything up to the blank counts as white space.
fn java_trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// Appends the result of a failed part of a multi.
pub(crate) fn put_multi_error(code: i32, out: &mut Vec<u8>) {
    MultiHeader { op: OpCode::Error.code(), done: false, err: code }.encode(out);
    out.put_i32(code);
}

fn put_data(node: NodeRef<'_>, out: &mut Vec<u8>) {
    out.put_buffer(node.data().bytes());
    node.stat().encode(out);
}

fn put_children(node: NodeRef<'_>, out: &mut Vec<u8>) {
    out.put_count(Some(node.child_count()));
    node.children().for_each(|name| out.put_string(Some(name)));
}

/// The list without the secrets of digest ids: what follows the first colon becomes `x`.
fn masked(acl: &AclList) -> AclList {
    let mask = |entry: &Acl| match (entry.id.scheme(), entry.id.text().split_once(':')) {
        ("digest", Some((user, _))) => {
            Acl { perms: entry.perms, id: Id::new("digest", &format!("{user}:x")) }
        }
        _ => entry.clone(),
    };
    AclList::from(acl.entries().iter().map(mask).collect::<Vec<_>>())
}
