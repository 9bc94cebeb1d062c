use std::sync::{Arc, LazyLock};

use jute::{Error, Put, Reader};

/// Permission bits.
pub mod perms {
    /// Read data, stat and children.
    pub const READ: i32 = 1;
    /// Change data.
    pub const WRITE: i32 = 2;
    /// Create children.
    pub const CREATE: i32 = 4;
    /// Delete children.
    pub const DELETE: i32 = 8;
    /// Change the ACL.
    pub const ADMIN: i32 = 16;
    /// All of them.
    pub const ALL: i32 = 31;
}

/// An identity: a scheme (`world`, `ip`, `digest`, ...) and a text that the scheme understands.
///
/// Null texts can arrive from a client; they are kept so that they can be refused as Java does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id {
    /// The authentication scheme.
    pub scheme: Option<Box<str>>,
    /// The identity in that scheme.
    pub id: Option<Box<str>>,
}

impl Id {
    /// An identity with both parts.
    pub fn new(scheme: &str, id: &str) -> Self {
        Id { scheme: Some(scheme.into()), id: Some(id.into()) }
    }

    /// The scheme, empty if null.
    pub fn scheme(&self) -> &str {
        self.scheme.as_deref().unwrap_or_default()
    }

    /// The text, empty if null.
    pub fn text(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Whether this is `world:anyone`.
    pub fn is_anyone(&self) -> bool {
        self.scheme() == "world" && self.text() == "anyone"
    }
}

/// One entry of an access control list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Acl {
    /// Permission bits, see [`perms`].
    pub perms: i32,
    /// Who has them.
    pub id: Id,
}

impl Acl {
    /// Appends the record.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_i32(self.perms);
        out.put_string(self.id.scheme.as_deref());
        out.put_string(self.id.id.as_deref());
    }

    /// Reads the record.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, Error> {
        let perms = r.i32()?;
        let scheme = r.string()?.map(|s| s.into_owned().into_boxed_str());
        let id = r.string()?.map(|s| s.into_owned().into_boxed_str());
        Ok(Acl { perms, id: Id { scheme, id } })
    }
}

/// A shared access control list; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AclList(Arc<[Acl]>);

static OPEN: LazyLock<AclList> = LazyLock::new(|| {
    AclList::from(vec![Acl { perms: perms::ALL, id: Id::new("world", "anyone") }])
});
static READ_ONLY: LazyLock<AclList> = LazyLock::new(|| {
    AclList::from(vec![Acl { perms: perms::READ, id: Id::new("world", "anyone") }])
});

/// The encoding of world:anyone:all, which nearly every request carries.
const OPEN_ENCODED: &[u8] = b"\0\0\0\x01\0\0\0\x1f\0\0\0\x05world\0\0\0\x06anyone";

impl AclList {
    /// `world:anyone` with all permissions.
    pub fn open() -> Self {
        OPEN.clone()
    }

    /// `world:anyone` with READ, the ACL of `/zookeeper/config`.
    pub fn read_only() -> Self {
        READ_ONLY.clone()
    }

    /// The list without entries.
    pub fn empty() -> Self {
        AclList::from(Vec::new())
    }

    /// The entries in order.
    pub fn entries(&self) -> &[Acl] {
        &self.0
    }

    /// Whether this is `world:anyone` with all permissions.
    pub fn is_open(&self) -> bool {
        Arc::ptr_eq(&self.0, &OPEN.0) || *self.0 == *OPEN.0
    }

    /// Appends the vector.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_count(Some(self.0.len()));
        for acl in self.0.iter() {
            acl.encode(out);
        }
    }

    /// Reads a vector; `None` is null.
    pub fn decode(r: &mut Reader<'_>) -> Result<Option<Self>, Error> {
        if r.remaining().starts_with(OPEN_ENCODED) {
            r.slice(OPEN_ENCODED.len())?;
            return Ok(Some(AclList::open()));
        }
        Ok(r.vector(Acl::decode)?.map(AclList::from))
    }
}

impl From<Vec<Acl>> for AclList {
    fn from(entries: Vec<Acl>) -> Self {
        AclList(entries.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_list_has_the_encoding_the_fast_path_expects() {
        let mut out = Vec::new();
        AclList::open().encode(&mut out);
        assert_eq!(out, OPEN_ENCODED);
        let list = AclList::decode(&mut Reader::new(&out)).unwrap().unwrap();
        assert!(list.is_open());
    }
}
