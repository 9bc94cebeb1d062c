use std::borrow::Cow;

use thiserror::Error;

use crate::utf8;

/// Why bytes could not be read as jute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// The bytes end inside a field.
    #[error("the record ends at byte {offset}, {missing} more bytes are needed")]
    UnexpectedEnd {
        /// Where the field starts.
        offset: usize,
        /// How many bytes are missing.
        missing: usize,
    },
    /// A string or buffer length that is negative or above the limit.
    #[error("unreasonable length {length} at byte {offset}, the limit is {max} (jute.maxbuffer)")]
    UnreasonableLength {
        /// Where the length stands.
        offset: usize,
        /// The length read.
        length: i32,
        /// The largest length allowed.
        max: usize,
    },
}

/// How long a string or buffer inside a record may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `jute.maxbuffer`, bytes; also bounds a frame on the wire.
    pub max_buffer_bytes: usize,
    /// `zookeeper.jute.maxbuffer.extrasize`, bytes of slack when records are read.
    pub extra_bytes: usize,
}

impl Limits {
    /// Java's default of `jute.maxbuffer`: 0xfffff.
    pub const DEFAULT_MAX_BUFFER_BYTES: usize = 0xf_ffff;

    /// The limits for a `jute.maxbuffer`, with Java's default slack (the same again, at least 1024).
    pub fn new(max_buffer_bytes: usize) -> Self {
        Limits { max_buffer_bytes, extra_bytes: max_buffer_bytes.max(1024) }
    }

    /// The largest string or buffer in a record, capped at 2^31-1 as in Java.
    pub fn record_max_bytes(&self) -> usize {
        (self.max_buffer_bytes + self.extra_bytes).min(i32::MAX as usize)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::new(Limits::DEFAULT_MAX_BUFFER_BYTES)
    }
}

/// Reads jute fields one after the other, without copying.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    length_max: usize,
}

impl<'a> Reader<'a> {
    /// A reader with the default limits.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with_limits(bytes, Limits::default())
    }

    /// A reader that refuses strings and buffers above `limits`.
    pub fn with_limits(bytes: &'a [u8], limits: Limits) -> Self {
        Reader { bytes, at: 0, length_max: limits.record_max_bytes() }
    }

    /// How many bytes have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The bytes not read yet.
    pub fn remaining(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// One octet.
    pub fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.take::<1>()?[0])
    }

    /// A boolean: any non-zero octet is true.
    pub fn bool(&mut self) -> Result<bool, Error> {
        Ok(self.u8()? != 0)
    }

    /// A 32-bit integer.
    pub fn i32(&mut self) -> Result<i32, Error> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    /// A 64-bit integer.
    pub fn i64(&mut self) -> Result<i64, Error> {
        Ok(i64::from_be_bytes(self.take()?))
    }

    /// A buffer; `None` is null (length -1), which is not the empty buffer.
    pub fn buffer(&mut self) -> Result<Option<&'a [u8]>, Error> {
        let offset = self.at;
        let length = self.i32()?;
        if length == -1 {
            return Ok(None);
        }
        if length < 0 || length as usize > self.length_max {
            return Err(Error::UnreasonableLength { offset, length, max: self.length_max });
        }
        self.slice(length as usize).map(Some)
    }

    /// A string; malformed UTF-8 becomes U+FFFD exactly where Java's decoder puts it.
    pub fn string(&mut self) -> Result<Option<Cow<'a, str>>, Error> {
        Ok(self.buffer()?.map(utf8::decode))
    }

    /// A vector's element count; `None` is null. Counts below -1 are empty, as in Java.
    pub fn count(&mut self) -> Result<Option<usize>, Error> {
        let count = self.i32()?;
        Ok(if count == -1 { None } else { Some(count.max(0) as usize) })
    }

    /// A vector whose elements `element` reads; `None` is null.
    ///
    /// Memory grows with the bytes that are there, not with the count announced.
    pub fn vector<T, E: From<Error>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T, E>,
    ) -> Result<Option<Vec<T>>, E> {
        let Some(count) = self.count()? else { return Ok(None) };
        // Every element of every record has at least four bytes.
        let mut items = Vec::with_capacity(count.min(self.remaining().len() / 4));
        for _ in 0..count {
            items.push(element(self)?);
        }
        Ok(Some(items))
    }

    /// The next `length` bytes.
    pub fn slice(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let rest = self.remaining();
        if rest.len() < length {
            return Err(Error::UnexpectedEnd { offset: self.at, missing: length - rest.len() });
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let rest = self.remaining();
        let Some((head, _)) = rest.split_first_chunk::<N>() else {
            return Err(Error::UnexpectedEnd { offset: self.at, missing: N - rest.len() });
        };
        self.at += N;
        Ok(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_empty_buffers_differ() {
        assert_eq!(Reader::new(&[0xff; 4]).buffer(), Ok(None));
        assert_eq!(Reader::new(&[0; 4]).buffer(), Ok(Some(&[][..])));
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_its_bytes() {
        let limits = Limits { max_buffer_bytes: 10, extra_bytes: 5 };
        let frame = [0, 0, 0, 16];
        let got = Reader::with_limits(&frame, limits).buffer();
        assert_eq!(got, Err(Error::UnreasonableLength { offset: 0, length: 16, max: 15 }));
        let got = Reader::new(&[0xff, 0xff, 0xff, 0xfe]).buffer();
        assert!(matches!(got, Err(Error::UnreasonableLength { length: -2, .. })));
    }

    #[test]
    fn a_short_record_names_where_it_ends() {
        let got = Reader::new(&[0, 0]).i32();
        assert_eq!(got, Err(Error::UnexpectedEnd { offset: 0, missing: 2 }));
    }

    #[test]
    fn a_negative_count_other_than_null_is_an_empty_vector() {
        let got = Reader::new(&[0xff, 0xff, 0xff, 0xf0]).vector(|r| r.i32());
        assert_eq!(got, Ok(Some(vec![])));
    }

    #[test]
    fn a_huge_count_costs_no_memory() {
        let got = Reader::new(&[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]).vector(|r| r.i32());
        assert!(matches!(got, Err(Error::UnexpectedEnd { offset: 8, .. })));
    }
}
