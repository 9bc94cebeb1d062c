use jute::Put;
use proto::{ErrorCode, EventKind, ReplyHeader, WatcherEvent, Zxid, xid};

/// Writes one length-prefixed packet at the end of a buffer; the length is set by [`Frame::end`].
pub struct Frame<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Frame<'a> {
    /// A packet without header (the handshake).
    pub fn bare(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        out.put_i32(0);
        Frame { out, start }
    }

    /// A reply with its header; the body follows.
    pub fn reply(out: &'a mut Vec<u8>, xid: i32, zxid: Zxid, err: ErrorCode) -> Self {
        let frame = Frame::bare(out);
        ReplyHeader::new(xid, zxid, err).encode(frame.out);
        frame
    }

    /// A whole notification.
    pub fn event(out: &'a mut Vec<u8>, zxid: Zxid, kind: EventKind, path: &str) -> usize {
        let mut frame = Frame::reply(out, xid::NOTIFICATION, zxid, ErrorCode::Ok);
        WatcherEvent::encode_parts(frame.body(), kind, path);
        frame.end()
    }

    /// Where the body is appended.
    pub fn body(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// Turns the reply into an error without a body.
    pub fn fail(&mut self, err: ErrorCode) {
        self.out.truncate(self.start + 4 + ReplyHeader::LEN);
        self.set_error(err);
    }

    /// Sets the result in the header and leaves the body as it is.
    pub fn set_error(&mut self, err: ErrorCode) {
        let end = self.start + 4 + ReplyHeader::LEN;
        self.out[end - 4..end].copy_from_slice(&err.code().to_be_bytes());
    }

    /// Sets the length; gives the whole packet's length in bytes.
    pub fn end(self) -> usize {
        let len = self.out.len() - self.start;
        let body = (len - 4) as u32;
        self.out[self.start..self.start + 4].copy_from_slice(&body.to_be_bytes());
        len
    }
}
