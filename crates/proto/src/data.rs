use std::fmt;

use triomphe::ThinArc;

/// A znode's data: null or bytes, shared, eight bytes as a handle.
///
/// Null and empty are different values in ZooKeeper and stay different on disk.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Data(Option<ThinArc<(), u8>>);

impl Data {
    /// The null value.
    pub const NULL: Data = Data(None);

    /// Shares a copy of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        Data(Some(ThinArc::from_header_and_slice((), bytes)))
    }

    /// The bytes; `None` is null.
    pub fn bytes(&self) -> Option<&[u8]> {
        self.0.as_ref().map(|arc| &arc.slice)
    }

    /// The length in bytes; null counts as 0.
    pub fn len(&self) -> usize {
        self.bytes().map_or(0, <[u8]>::len)
    }

    /// Whether there are no bytes (null or empty).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Option<&[u8]>> for Data {
    fn from(bytes: Option<&[u8]>) -> Self {
        bytes.map_or(Data::NULL, Data::new)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bytes() {
            None => f.write_str("null"),
            Some(bytes) => write!(f, "b\"{}\"", bytes.escape_ascii()),
        }
    }
}
