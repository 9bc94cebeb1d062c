use std::borrow::Cow;

use jute::{Error, Put, Reader};

use crate::request::{CreateRequest, RequestError};
use crate::{CreateMode, OpCode};

/// What stands before every part of a multi and of its answer, and closes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MultiHeader {
    /// The operation, -1 for an error result and for the end.
    pub op: i32,
    /// Whether this is the end.
    pub done: bool,
    /// The result in answers, -1 in requests.
    pub err: i32,
}

impl MultiHeader {
    /// The header that ends a multi.
    pub const END: MultiHeader = MultiHeader { op: -1, done: true, err: -1 };

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(MultiHeader { op: r.i32()?, done: r.bool()?, err: r.i32()? })
    }

    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.op);
        out.put_bool(self.done);
        out.put_i32(self.err);
    }
}

/// One part of a multi or multiRead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are named as in zookeeper.jute")]
pub enum SubRequest<'a> {
    Create(CreateRequest<'a>),
    Delete { path: Option<Cow<'a, str>>, version: i32 },
    SetData { path: Option<Cow<'a, str>>, data: Option<&'a [u8]>, version: i32 },
    Check { path: Option<Cow<'a, str>>, version: i32 },
    GetChildren { path: Option<Cow<'a, str>> },
    GetData { path: Option<Cow<'a, str>> },
}

impl SubRequest<'_> {
    fn is_read(&self) -> bool {
        matches!(self, SubRequest::GetChildren { .. } | SubRequest::GetData { .. })
    }

    /// The node it is about; `None` is null.
    pub fn path(&self) -> Option<&str> {
        match self {
            SubRequest::Create(create) => create.path.as_deref(),
            SubRequest::Delete { path, .. }
            | SubRequest::SetData { path, .. }
            | SubRequest::Check { path, .. }
            | SubRequest::GetChildren { path }
            | SubRequest::GetData { path } => path.as_deref(),
        }
    }
}

/// The parts of a multi or multiRead, all writes or all reads (`MultiOperationRecord`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MultiRequest<'a> {
    /// The parts in order.
    pub parts: Vec<SubRequest<'a>>,
}

impl<'a> MultiRequest<'a> {
    pub(crate) fn decode(r: &mut Reader<'a>) -> Result<Self, RequestError> {
        let mut parts: Vec<SubRequest<'a>> = Vec::new();
        loop {
            let header = MultiHeader::decode(r)?;
            if header.done {
                return Ok(MultiRequest { parts });
            }
            let part = sub_request(header.op, r)?;
            if parts.first().is_some_and(|first| first.is_read() != part.is_read()) {
                return Err(RequestError::MixedMulti);
            }
            parts.push(part);
        }
    }

    /// Whether the parts are reads; an empty multi is neither.
    pub fn is_read(&self) -> bool {
        self.parts.first().is_some_and(SubRequest::is_read)
    }
}

fn sub_request<'a>(op: i32, r: &mut Reader<'a>) -> Result<SubRequest<'a>, RequestError> {
    Ok(match OpCode::from_code(op) {
        Some(op @ (OpCode::Create | OpCode::Create2 | OpCode::CreateContainer)) => {
            SubRequest::Create(sub_create(CreateRequest::decode(op, r)?)?)
        }
        Some(OpCode::CreateTtl) => {
            SubRequest::Create(sub_create_ttl(CreateRequest::decode(OpCode::CreateTtl, r)?))
        }
        Some(OpCode::Delete) => SubRequest::Delete { path: r.string()?, version: r.i32()? },
        Some(OpCode::SetData) => {
            SubRequest::SetData { path: r.string()?, data: r.buffer()?, version: r.i32()? }
        }
        Some(OpCode::Check) => SubRequest::Check { path: r.string()?, version: r.i32()? },
        Some(OpCode::GetChildren) => {
            let path = r.string()?;
            r.bool()?;
            SubRequest::GetChildren { path }
        }
        Some(OpCode::GetData) => {
            let path = r.string()?;
            r.bool()?;
            SubRequest::GetData { path }
        }
        _ => return Err(RequestError::NotInMulti(op)),
    })
}

/// In a multi the container flag decides, not the operation; flags are checked while decoding.
fn sub_create(mut create: CreateRequest<'_>) -> Result<CreateRequest<'_>, RequestError> {
    let refused = RequestError::MultiCreateFlags(create.flags);
    let mode = CreateMode::from_flags(create.flags).ok_or(refused)?;
    if create.acl.is_none() {
        return Err(RequestError::Null("the ACL of a create"));
    }
    if mode.is_ttl() {
        return Err(refused);
    }
    if mode == CreateMode::Container {
        create.op = OpCode::CreateContainer;
    }
    Ok(create)
}

/// A createTTL whose flags have no TTL becomes the create that its flags mean.
fn sub_create_ttl(mut create: CreateRequest<'_>) -> CreateRequest<'_> {
    match CreateMode::from_flags(create.flags) {
        Some(mode) if mode.is_ttl() => {}
        Some(CreateMode::Container) => {
            create.op = OpCode::CreateContainer;
            create.ttl_ms = -1;
        }
        _ => {
            create.op = OpCode::Create;
            create.ttl_ms = -1;
        }
    }
    create
}
