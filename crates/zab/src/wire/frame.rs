use super::Error;

/// The largest message on the election port (`QuorumCnxManager.PACKETMAXSIZE`), bytes.
pub const ELECTION_MESSAGE_MAX_BYTES: usize = 512 * 1024;

/// Appends a message for the election port: its length, then itself.
pub fn put_election_frame(out: &mut Vec<u8>, message: &[u8]) {
    assert!(!message.is_empty() && message.len() <= ELECTION_MESSAGE_MAX_BYTES);
    out.extend_from_slice(&(message.len() as i32).to_be_bytes());
    out.extend_from_slice(message);
}

/// Cuts the bytes of an election connection into messages.
#[derive(Debug)]
pub struct ElectionFrames<'a> {
    rest: &'a [u8],
    taken: usize,
}

impl<'a> ElectionFrames<'a> {
    /// The messages in what was received so far.
    pub fn new(received: &'a [u8]) -> Self {
        ElectionFrames { rest: received, taken: 0 }
    }

    /// How many bytes the messages given out so far took.
    pub fn consumed_bytes(&self) -> usize {
        self.taken
    }
}

impl<'a> Iterator for ElectionFrames<'a> {
    type Item = Result<&'a [u8], Error>;

    /// The next whole message; `None` when more bytes are needed.
    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<4>()?;
        let length = i32::from_be_bytes(*head);
        let max = ELECTION_MESSAGE_MAX_BYTES;
        if length <= 0 || length as usize > max {
            // Nothing behind it can be made sense of.
            self.rest = &[];
            return Some(Err(Error::ElectionFrameLength { length, max }));
        }
        let (message, rest) = rest.split_at_checked(length as usize)?;
        self.rest = rest;
        self.taken += head.len() + message.len();
        Some(Ok(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_come_out_and_the_rest_waits() {
        let mut bytes = Vec::new();
        put_election_frame(&mut bytes, b"abc");
        put_election_frame(&mut bytes, b"d");
        let mut frames = ElectionFrames::new(&bytes[..11]);
        assert_eq!(frames.next(), Some(Ok(&b"abc"[..])));
        assert_eq!(frames.next(), None);
        assert_eq!(frames.consumed_bytes(), 7);
    }

    #[test]
    fn a_length_that_nobody_sends_is_an_error() {
        for length in [0i32, -1, 512 * 1024 + 1] {
            let bytes = length.to_be_bytes();
            let mut frames = ElectionFrames::new(&bytes);
            let got = frames.next();
            assert!(matches!(got, Some(Err(Error::ElectionFrameLength { .. }))), "{length}");
            assert_eq!(frames.next(), None);
        }
    }
}
