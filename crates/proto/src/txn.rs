use std::sync::Arc;

use jute::{Put, Reader};
use thiserror::Error;

use crate::{AclList, Data, OpCode, SessionId, Zxid};

/// What stands before every transaction in the log and in proposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxnHeader {
    /// The session that asked for it.
    pub client_id: SessionId,
    /// That session's number for the request.
    pub cxid: i32,
    /// The place in the order.
    pub zxid: Zxid,
    /// The leader's wall clock, ms since 1970.
    pub time_ms: i64,
    /// The kind, see [`OpCode`]; -1 for a refused request.
    pub op: i32,
}

impl TxnHeader {
    /// Length on disk.
    pub const LEN: usize = 32;

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, jute::Error> {
        Ok(TxnHeader {
            client_id: SessionId(r.i64()?),
            cxid: r.i32()?,
            zxid: Zxid(r.i64()?),
            time_ms: r.i64()?,
            op: r.i32()?,
        })
    }

    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.client_id.0);
        out.put_i32(self.cxid);
        out.put_i64(self.zxid.0);
        out.put_i64(self.time_ms);
        out.put_i32(self.op);
    }
}

/// The digest of the whole tree after a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxnDigest {
    /// How it is computed; 2 here.
    pub version: i32,
    /// The 64-bit sum over the nodes.
    pub tree_digest: i64,
}

impl TxnDigest {
    /// Length on disk.
    pub const LEN: usize = 12;
    /// The version that 3.6 to 3.9 compute.
    pub const VERSION: i32 = 2;
}

/// Which create a [`CreateTxn`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateKind {
    /// create: the reply is the path. Plain or ephemeral.
    Create {
        /// Whether the session owns the node.
        ephemeral: bool,
    },
    /// create2: the reply is path and stat. Plain or ephemeral.
    Create2 {
        /// Whether the session owns the node.
        ephemeral: bool,
    },
    /// createContainer.
    Container,
    /// createTTL.
    Ttl {
        /// The TTL in ms.
        ttl_ms: i64,
    },
}

/// A node is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTxn {
    /// Which create it is.
    pub kind: CreateKind,
    /// The full path.
    pub path: Arc<str>,
    /// The data.
    pub data: Data,
    /// The ACL.
    pub acl: AclList,
    /// The parent's stored cversion afterwards; -1 (old logs) means one more than before.
    pub parent_cversion: i32,
}

/// A change of the tree or of the sessions, decided and ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are named as in zookeeper.jute")]
pub enum Txn {
    CreateSession {
        timeout_ms: i32,
    },
    /// `paths` is missing in logs before 3.6 or with closeSessionTxn.enabled=false.
    CloseSession {
        paths: Option<Vec<Arc<str>>>,
    },
    Create(CreateTxn),
    Delete {
        path: Arc<str>,
    },
    DeleteContainer {
        path: Arc<str>,
    },
    SetData {
        path: Arc<str>,
        data: Data,
        version: i32,
    },
    Reconfig {
        path: Arc<str>,
        data: Data,
        version: i32,
    },
    SetAcl {
        path: Arc<str>,
        acl: AclList,
        version: i32,
    },
    Check {
        path: Arc<str>,
        version: i32,
    },
    Error {
        code: i32,
    },
    Multi(Vec<Txn>),
}

/// Why bytes are not a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TxnError {
    /// The bytes are not the record.
    #[error(transparent)]
    Jute(#[from] jute::Error),
    /// A kind that no release writes.
    #[error("unsupported transaction type {0}")]
    UnknownType(i32),
    /// A path that is null.
    #[error("a path in the transaction is null")]
    NullPath,
}

/// A transaction with its header and digest: what one log record or proposal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxnRecord {
    /// Who, when and which place in the order.
    pub header: TxnHeader,
    /// What changes.
    pub txn: Txn,
    /// The tree's digest afterwards, when the writer computed it.
    pub digest: Option<TxnDigest>,
}

impl TxnRecord {
    /// Appends header, body and digest.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.txn.encode(out);
        if let Some(digest) = self.digest {
            out.put_i32(digest.version);
            out.put_i64(digest.tree_digest);
        }
    }

    /// Reads header, body and, if it is there, the digest (`SerializeUtils.deserializeTxn`).
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, TxnError> {
        let header = TxnHeader::decode(r)?;
        let txn = Txn::decode_tolerant(header.op, r)?;
        let digest = (r.remaining().len() >= TxnDigest::LEN)
            .then(|| -> Result<_, jute::Error> {
                Ok(TxnDigest { version: r.i32()?, tree_digest: r.i64()? })
            })
            .transpose()?;
        Ok(TxnRecord { header, txn, digest })
    }
}

impl Txn {
    /// The number of its kind.
    pub fn op(&self) -> OpCode {
        match self {
            Txn::CreateSession { .. } => OpCode::CreateSession,
            Txn::CloseSession { .. } => OpCode::CloseSession,
            Txn::Create(create) => match create.kind {
                CreateKind::Create { .. } => OpCode::Create,
                CreateKind::Create2 { .. } => OpCode::Create2,
                CreateKind::Container => OpCode::CreateContainer,
                CreateKind::Ttl { .. } => OpCode::CreateTtl,
            },
            Txn::Delete { .. } => OpCode::Delete,
            Txn::DeleteContainer { .. } => OpCode::DeleteContainer,
            Txn::SetData { .. } => OpCode::SetData,
            Txn::Reconfig { .. } => OpCode::Reconfig,
            Txn::SetAcl { .. } => OpCode::SetAcl,
            Txn::Check { .. } => OpCode::Check,
            Txn::Error { .. } => OpCode::Error,
            Txn::Multi(_) => OpCode::Multi,
        }
    }

    /// Appends the body.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Txn::CreateSession { timeout_ms } => out.put_i32(*timeout_ms),
            Txn::CloseSession { paths: None } => {}
            Txn::CloseSession { paths: Some(paths) } => {
                out.put_count(Some(paths.len()));
                paths.iter().for_each(|path| out.put_string(Some(path)));
            }
            Txn::Create(create) => create.encode(out),
            Txn::Delete { path } | Txn::DeleteContainer { path } => out.put_string(Some(path)),
            Txn::SetData { path, data, version } | Txn::Reconfig { path, data, version } => {
                out.put_string(Some(path));
                out.put_buffer(data.bytes());
                out.put_i32(*version);
            }
            Txn::SetAcl { path, acl, version } => {
                out.put_string(Some(path));
                acl.encode(out);
                out.put_i32(*version);
            }
            Txn::Check { path, version } => {
                out.put_string(Some(path));
                out.put_i32(*version);
            }
            Txn::Error { code } => out.put_i32(*code),
            Txn::Multi(parts) => {
                out.put_count(Some(parts.len()));
                for part in parts {
                    out.put_i32(part.op().code());
                    let length_at = out.len();
                    out.put_i32(0);
                    part.encode(out);
                    let length = (out.len() - length_at - 4) as i32;
                    out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
                }
            }
        }
    }

    /// Reads a body, also in the forms of old releases that end early.
    fn decode_tolerant(op: i32, r: &mut Reader<'_>) -> Result<Self, TxnError> {
        let start = r.clone();
        let result = Txn::decode(op, r);
        let ended_early = matches!(result, Err(TxnError::Jute(jute::Error::UnexpectedEnd { .. })));
        if op == OpCode::Create.code() && ended_early {
            *r = start;
            return decode_create_v0(r);
        }
        if op == OpCode::CloseSession.code() {
            let rest = r.remaining().len();
            let whole = result.is_ok() && (rest == 0 || rest == TxnDigest::LEN);
            if !whole {
                // No path list: nothing, or only a digest, follows the header.
                *r = start;
                return Ok(Txn::CloseSession { paths: None });
            }
        }
        result
    }

    /// Reads the body of kind `op`.
    pub fn decode(op: i32, r: &mut Reader<'_>) -> Result<Self, TxnError> {
        let Some(op) = OpCode::from_code(op) else { return Err(TxnError::UnknownType(op)) };
        Ok(match op {
            OpCode::CreateSession => Txn::CreateSession { timeout_ms: r.i32()? },
            OpCode::CloseSession => Txn::CloseSession { paths: r.vector(path)? },
            OpCode::Create | OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => {
                Txn::Create(CreateTxn::decode(op, r)?)
            }
            OpCode::Delete => Txn::Delete { path: path(r)? },
            OpCode::DeleteContainer => Txn::DeleteContainer { path: path(r)? },
            OpCode::SetData => {
                Txn::SetData { path: path(r)?, data: r.buffer()?.into(), version: r.i32()? }
            }
            OpCode::Reconfig => {
                Txn::Reconfig { path: path(r)?, data: r.buffer()?.into(), version: r.i32()? }
            }
            OpCode::SetAcl => Txn::SetAcl { path: path(r)?, acl: acl(r)?, version: r.i32()? },
            OpCode::Check => Txn::Check { path: path(r)?, version: r.i32()? },
            OpCode::Error => Txn::Error { code: r.i32()? },
            OpCode::Multi => Txn::Multi(r.vector(decode_part)?.unwrap_or_default()),
            other => return Err(TxnError::UnknownType(other.code())),
        })
    }
}

impl CreateTxn {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_string(Some(&self.path));
        out.put_buffer(self.data.bytes());
        self.acl.encode(out);
        if let CreateKind::Create { ephemeral } | CreateKind::Create2 { ephemeral } = self.kind {
            out.put_bool(ephemeral);
        }
        out.put_i32(self.parent_cversion);
        if let CreateKind::Ttl { ttl_ms } = self.kind {
            out.put_i64(ttl_ms);
        }
    }

    fn decode(op: OpCode, r: &mut Reader<'_>) -> Result<Self, TxnError> {
        let path = path(r)?;
        let data = r.buffer()?.into();
        let acl = acl(r)?;
        let mut kind = match op {
            OpCode::CreateContainer => CreateKind::Container,
            OpCode::CreateTtl => CreateKind::Ttl { ttl_ms: 0 },
            OpCode::Create2 => CreateKind::Create2 { ephemeral: r.bool()? },
            _ => CreateKind::Create { ephemeral: r.bool()? },
        };
        let parent_cversion = r.i32()?;
        if let CreateKind::Ttl { ttl_ms } = &mut kind {
            *ttl_ms = r.i64()?;
        }
        Ok(CreateTxn { kind, path, data, acl, parent_cversion })
    }
}

/// The create of releases before 3.4.0 (`CreateTxnV0`).
fn decode_create_v0(r: &mut Reader<'_>) -> Result<Txn, TxnError> {
    Ok(Txn::Create(CreateTxn {
        path: path(r)?,
        data: r.buffer()?.into(),
        acl: acl(r)?,
        kind: CreateKind::Create { ephemeral: r.bool()? },
        parent_cversion: -1,
    }))
}

fn decode_part(r: &mut Reader<'_>) -> Result<Txn, TxnError> {
    let op = r.i32()?;
    let body = r.buffer()?.unwrap_or_default();
    // Java reads no multi inside a multi; refusing it here also bounds the recursion.
    if op == OpCode::Multi.code() {
        return Err(TxnError::UnknownType(op));
    }
    // The whole record was bounded when it was read, its parts need no second limit.
    let limits = jute::Limits { max_buffer_bytes: body.len(), extra_bytes: 0 };
    Txn::decode_tolerant(op, &mut Reader::with_limits(body, limits))
}

fn path(r: &mut Reader<'_>) -> Result<Arc<str>, TxnError> {
    Ok(r.string()?.ok_or(TxnError::NullPath)?.into())
}

fn acl(r: &mut Reader<'_>) -> Result<AclList, jute::Error> {
    Ok(AclList::decode(r)?.unwrap_or_else(AclList::empty))
}
