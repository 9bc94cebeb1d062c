use jute::{Error, Reader};
use proto::{Acl, MultiHeader, OpCode, Stat};

/// The body of a successful reply, by operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing follows the header.
    Empty,
    /// create, sync.
    Path(Option<String>),
    /// create2, createContainer, createTTL.
    PathStat(Option<String>, Stat),
    /// exists, setData, setACL.
    Stat(Stat),
    /// getData, reconfig.
    Data(Option<Vec<u8>>, Stat),
    /// getACL.
    Acl(Vec<Acl>, Stat),
    /// getChildren.
    Children(Vec<String>),
    /// getChildren2.
    ChildrenStat(Vec<String>, Stat),
    /// getEphemerals.
    Ephemerals(Vec<String>),
    /// getAllChildrenNumber, addWatch.
    Number(i32),
    /// whoAmI: scheme and user.
    Identities(Vec<(Option<String>, Option<String>)>),
    /// sasl.
    Token(Option<Vec<u8>>),
    /// multi, multiRead.
    Multi(Vec<MultiResult>),
}

/// The result of one operation of a multi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MultiResult {
    /// create.
    Create(Option<String>),
    /// create2, createContainer and createTTL: all three are answered as create2.
    Create2(Option<String>, Stat),
    /// delete.
    Delete,
    /// check.
    Check,
    /// setData.
    SetData(Stat),
    /// getData.
    GetData(Option<Vec<u8>>, Stat),
    /// getChildren.
    GetChildren(Vec<String>),
    /// This operation failed, or another one did: the code in header and body.
    Error {
        /// The code in the sub-header.
        header_err: i32,
        /// The code in the body.
        err: i32,
    },
    /// A kind that no server sends; reading stops here.
    Unknown(MultiHeader),
}

impl Body {
    /// Reads the body of a reply to `op` whose result is OK.
    ///
    /// What is left in the reader afterwards should not be there.
    pub fn decode(op: OpCode, r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(match op {
            OpCode::Create | OpCode::Sync => Body::Path(string(r)?),
            OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl => {
                Body::PathStat(string(r)?, Stat::decode(r)?)
            }
            OpCode::Exists | OpCode::SetData | OpCode::SetAcl => Body::Stat(Stat::decode(r)?),
            OpCode::GetData | OpCode::Reconfig => Body::Data(buffer(r)?, Stat::decode(r)?),
            OpCode::GetAcl => Body::Acl(list(r, Acl::decode)?, Stat::decode(r)?),
            OpCode::GetChildren => Body::Children(strings(r)?),
            OpCode::GetChildren2 => Body::ChildrenStat(strings(r)?, Stat::decode(r)?),
            OpCode::GetEphemerals => Body::Ephemerals(strings(r)?),
            OpCode::GetAllChildrenNumber | OpCode::AddWatch => Body::Number(r.i32()?),
            OpCode::WhoAmI => Body::Identities(list(r, |r| Ok((string(r)?, string(r)?)))?),
            OpCode::Sasl => Body::Token(buffer(r)?),
            OpCode::Multi | OpCode::MultiRead => Body::Multi(multi(r)?),
            _ => Body::Empty,
        })
    }
}

fn multi(r: &mut Reader<'_>) -> Result<Vec<MultiResult>, Error> {
    let mut results = Vec::new();
    loop {
        let header = MultiHeader::decode(r)?;
        if header.done {
            return Ok(results);
        }
        let result = multi_result(header, r)?;
        let known = !matches!(result, MultiResult::Unknown(_));
        results.push(result);
        if !known {
            return Ok(results);
        }
    }
}

fn multi_result(header: MultiHeader, r: &mut Reader<'_>) -> Result<MultiResult, Error> {
    Ok(match OpCode::from_code(header.op) {
        Some(OpCode::Create) => MultiResult::Create(string(r)?),
        Some(OpCode::Create2 | OpCode::CreateContainer | OpCode::CreateTtl) => {
            MultiResult::Create2(string(r)?, Stat::decode(r)?)
        }
        Some(OpCode::Delete) => MultiResult::Delete,
        Some(OpCode::Check) => MultiResult::Check,
        Some(OpCode::SetData) => MultiResult::SetData(Stat::decode(r)?),
        Some(OpCode::GetData) => MultiResult::GetData(buffer(r)?, Stat::decode(r)?),
        Some(OpCode::GetChildren) => MultiResult::GetChildren(strings(r)?),
        Some(OpCode::Error) => MultiResult::Error { header_err: header.err, err: r.i32()? },
        _ => MultiResult::Unknown(header),
    })
}

fn string(r: &mut Reader<'_>) -> Result<Option<String>, Error> {
    Ok(r.string()?.map(|text| text.into_owned()))
}

fn buffer(r: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Error> {
    Ok(r.buffer()?.map(<[u8]>::to_vec))
}

fn strings(r: &mut Reader<'_>) -> Result<Vec<String>, Error> {
    list(r, |r| Ok(string(r)?.unwrap_or_default()))
}

fn list<T>(
    r: &mut Reader<'_>,
    element: impl FnMut(&mut Reader<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    Ok(r.vector(element)?.unwrap_or_default())
}
