use triomphe::ThinArc;

const INLINE_MAX_BYTES: usize = 14;

/// The last component of a path, in 16 bytes; short ones need no allocation.
#[derive(Clone)]
pub(crate) enum Name {
    Inline { len: u8, bytes: [u8; INLINE_MAX_BYTES] },
    Heap(ThinArc<(), u8>),
}

const _: () = assert!(size_of::<Name>() == 16);

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let source = name.as_bytes();
        if source.len() > INLINE_MAX_BYTES {
            return Name::Heap(ThinArc::from_header_and_slice((), source));
        }
        let mut bytes = [0; INLINE_MAX_BYTES];
        bytes[..source.len()].copy_from_slice(source);
        Name::Inline { len: source.len() as u8, bytes }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Name::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Name::Heap(bytes) => &bytes.slice,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("a name is made from a str")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_length_come_back() {
        for len in 0..40 {
            let name = "é-0123456789abcdefghijklmnopqrstuvwxyzABCDEF";
            let name = name.get(..len).unwrap_or("x");
            assert_eq!(Name::new(name).as_str(), name);
        }
    }
}
