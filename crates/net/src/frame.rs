use thiserror::Error;

/// A frame length that no peer in its right mind sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a frame length of {length}, allowed are 0 to {max_bytes} (jute.maxbuffer)")]
pub struct BadLength {
    /// The length announced.
    pub length: i32,
    /// The largest one allowed.
    pub max_bytes: usize,
}

/// What stands at the front of the bytes received so far.
#[derive(Debug, PartialEq, Eq)]
pub enum FrameHead<'a> {
    /// A whole frame, without its length.
    Whole(&'a [u8]),
    /// The front of one.
    Partial,
}

/// Looks at the front of `bytes` for a frame of at most `max_bytes`.
///
/// The length is judged as soon as its four bytes are there, before any memory is spent on it.
pub fn next_frame(bytes: &[u8], max_bytes: usize) -> Result<FrameHead<'_>, BadLength> {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else {
        return Ok(FrameHead::Partial);
    };
    let length = i32::from_be_bytes(*head);
    let Some(length_bytes) = usize::try_from(length).ok().filter(|len| *len <= max_bytes) else {
        return Err(BadLength { length, max_bytes });
    };
    Ok(rest.get(..length_bytes).map_or(FrameHead::Partial, FrameHead::Whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_one_after_the_other() {
        let bytes = [0, 0, 0, 2, 7, 8, 0, 0, 0, 0, 0, 0];
        assert_eq!(next_frame(&bytes, 10), Ok(FrameHead::Whole(&[7, 8])));
        assert_eq!(next_frame(&bytes[6..], 10), Ok(FrameHead::Whole(&[])));
        assert_eq!(next_frame(&bytes[10..], 10), Ok(FrameHead::Partial));
        assert_eq!(next_frame(&bytes[..5], 10), Ok(FrameHead::Partial));
    }

    #[test]
    fn a_bad_length_is_seen_before_its_bytes() {
        assert_eq!(next_frame(&[0, 0, 0, 3], 2), Err(BadLength { length: 3, max_bytes: 2 }));
        let telnet = [0xff, 0xf4, 0xff, 0xfd];
        assert_eq!(next_frame(&telnet, 2), Err(BadLength { length: -720_899, max_bytes: 2 }));
    }
}
