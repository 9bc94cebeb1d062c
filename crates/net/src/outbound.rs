use std::io::{self, ErrorKind, Write};

/// What came of an attempt to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    /// Everything is with the kernel.
    All,
    /// The kernel takes no more for now; try again when the socket is writable.
    Blocked,
}

/// Bytes on their way to a socket that may be slow.
///
/// A connection with nothing to send holds no memory here.
#[derive(Debug, Default)]
pub struct Outbound {
    bytes: Vec<u8>,
    sent: usize,
}

/// A buffer of up to this size is kept for the next reply.
const KEPT_BYTES: usize = 1024;

impl Outbound {
    /// Where to append.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    /// What the socket reports, but for "would block" and "interrupted".
    pub fn flush(&mut self, mut socket: impl Write) -> io::Result<Flushed> {
        while !self.is_empty() {
            match socket.write(&self.bytes[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.forget_sent();
                    return Ok(Flushed::Blocked);
                }
                Err(error) => return Err(error),
            }
        }
        self.clear();
        Ok(Flushed::All)
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        self.sent = 0;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }

    /// Moves the rest to the front once the part sent is the larger one, so that every byte is
    /// moved at most once on average.
    fn forget_sent(&mut self) {
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that takes so many bytes, then blocks.
    struct Narrow(usize, Vec<u8>);

    impl Write for &mut Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0);
            if count == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.0 -= count;
            self.1.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_socket_does_not_take_waits() {
        let mut out = Outbound::default();
        out.buffer().extend_from_slice(b"abcdef");
        let mut socket = Narrow(4, Vec::new());
        assert_eq!(out.flush(&mut socket).unwrap(), Flushed::Blocked);
        assert_eq!(out.len(), 2);
        out.buffer().extend_from_slice(b"gh");
        socket.0 = 10;
        assert_eq!(out.flush(&mut socket).unwrap(), Flushed::All);
        assert_eq!(socket.1, b"abcdefgh");
        assert!(out.is_empty());
    }
}
