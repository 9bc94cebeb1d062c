use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use proto::ReplyHeader;

/// Read from the socket in one go.
const CHUNK_BYTES: usize = 64 << 10;

/// A reply's length, xid, zxid and code.
const REPLY_HEAD_BYTES: usize = 4 + ReplyHeader::LEN;

/// No server sends a larger frame to this program.
const FRAME_MAX_BYTES: usize = 64 << 20;

/// One session with its requests in flight, never blocking.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    /// Bytes of `input` that hold received data.
    filled: usize,
    output: Vec<u8>,
    /// Bytes of `output` that were written.
    written: usize,
    /// When the requests in flight were sent, ns since the worker's start, oldest first.
    sent_ns: VecDeque<u64>,
    /// The folder in which it creates.
    pub folder: String,
    /// How many requests it has made.
    pub made: u64,
    /// Whether the socket accepts no more bytes now.
    pub blocked: bool,
}

impl Connection {
    /// A connection with a session.
    pub fn new(stream: TcpStream, folder: String) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream,
            input: vec![0; CHUNK_BYTES],
            filled: 0,
            output: Vec::new(),
            written: 0,
            sent_ns: VecDeque::new(),
            folder,
            made: 0,
            blocked: false,
        })
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Gives the socket back, blocking again.
    pub fn into_stream(self) -> io::Result<TcpStream> {
        self.stream.set_nonblocking(false)?;
        Ok(self.stream)
    }

    /// Requests without a reply yet.
    pub fn in_flight(&self) -> usize {
        self.sent_ns.len()
    }

    /// Adds a request that `put` appends with the xid it is given.
    pub fn push(&mut self, now_ns: u64, put: impl FnOnce(&mut Vec<u8>, i32, &str, u64)) {
        // xids from 1 to 2^31-1, around and around.
        let xid = (self.made % 0x7fff_ffff) as i32 + 1;
        put(&mut self.output, xid, &self.folder, self.made);
        self.made += 1;
        self.sent_ns.push_back(now_ns);
    }

    /// Writes what the socket takes.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked = true;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.blocked = false;
        self.output.clear();
        self.written = 0;
        Ok(())
    }

    /// Reads once and calls `on_reply` with the code and the time of sending of every whole
    /// reply. False when nothing was there.
    pub fn receive(&mut self, mut on_reply: impl FnMut(i32, u64)) -> io::Result<bool> {
        let count = match self.stream.read(&mut self.input[self.filled..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(error),
        };
        self.filled += count;
        let taken = self.take_replies(&mut on_reply)?;
        self.input.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        Ok(true)
    }

    /// Takes whole replies and returns how many bytes they have.
    fn take_replies(&mut self, on_reply: &mut impl FnMut(i32, u64)) -> io::Result<usize> {
        let mut at = 0;
        while self.filled - at >= REPLY_HEAD_BYTES {
            let head = &self.input[at..at + REPLY_HEAD_BYTES];
            let field = |at: usize| {
                i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
            };
            let length = field(0);
            let size = usize::try_from(length).ok().filter(|size| *size <= FRAME_MAX_BYTES);
            let size = 4 + size.ok_or_else(|| bad_frame(length))?;
            if self.filled - at < size {
                if self.input.len() < size {
                    self.input.resize(size + CHUNK_BYTES, 0);
                }
                break;
            }
            // Watch events have xid -1; this program watches nothing.
            if field(4) >= 0 {
                let sent_ns = self.sent_ns.pop_front().ok_or_else(|| bad_frame(length))?;
                on_reply(field(16), sent_ns);
            }
            at += size;
        }
        Ok(at)
    }
}

fn bad_frame(length: i32) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("an unexpected frame of {length} bytes"))
}
