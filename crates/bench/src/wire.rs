//! Blocking parts of the protocol: the handshake and pipelined housekeeping.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use jute::{Put, Reader};
use proto::{
    ConnectRequest, ConnectResponse, ErrorCode, OpCode, ReplyHeader, RequestHeader, SessionId, Zxid,
};

use crate::Error;

/// How long the server may take for an answer outside of the measurement.
const PATIENCE: Duration = Duration::from_secs(60);

/// Housekeeping requests in flight.
const WINDOW: usize = 1000;

/// Replies to housekeeping are small.
const REPLY_MAX_BYTES: usize = 4 << 20;

/// Connects and opens a session.
pub fn open(server: SocketAddr, timeout_ms: i32) -> Result<TcpStream, Error> {
    let connection_error = |source| Error::Connection { server, source };
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE).map_err(connection_error)?;
    stream.set_nodelay(true).map_err(connection_error)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(connection_error)?;
    let greeting = shake_hands(&mut stream, timeout_ms).map_err(connection_error)?;
    if greeting.timeout_ms <= 0 {
        return Err(Error::SessionRefused { server });
    }
    Ok(stream)
}

fn shake_hands(stream: &mut TcpStream, timeout_ms: i32) -> io::Result<ConnectResponse> {
    let mut frame = vec![0; 4];
    ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: Zxid::ZERO,
        timeout_ms,
        session_id: SessionId(0),
        password: Some(Box::new([0; 16])),
        read_only: Some(false),
    }
    .encode(&mut frame);
    set_length(&mut frame, 0);
    stream.write_all(&frame)?;
    let reply = read_frame(stream)?;
    ConnectResponse::decode(&mut Reader::new(&reply))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Starts a frame in `out` and returns where; [`set_length`] ends it.
pub fn begin_frame(out: &mut Vec<u8>, xid: i32, op: OpCode) -> usize {
    let at = out.len();
    out.put_i32(0);
    RequestHeader { xid, op: op.code() }.encode(out);
    at
}

/// Sets the length of the frame that starts at `at`.
pub fn set_length(out: &mut [u8], at: usize) {
    let length = (out.len() - at - 4) as i32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

/// One housekeeping request: its path and what follows the path in the body.
pub struct Job {
    /// The node.
    pub path: String,
    /// The rest of the body.
    pub rest: Vec<u8>,
}

/// Sends all jobs with many in flight. `accepted` are codes that count as done.
pub fn pipeline(
    stream: &mut TcpStream,
    op: OpCode,
    what: &'static str,
    jobs: impl IntoIterator<Item = Job>,
    accepted: &[ErrorCode],
) -> Result<(), Error> {
    let server = stream.peer_addr().map_err(Error::Wait)?;
    let connection_error = |source| Error::Connection { server, source };
    let mut jobs = jobs.into_iter().peekable();
    while jobs.peek().is_some() {
        let batch: Vec<Job> = jobs.by_ref().take(WINDOW).collect();
        let mut out = Vec::new();
        for (xid, job) in batch.iter().enumerate() {
            let at = begin_frame(&mut out, xid as i32 + 1, op);
            out.put_string(Some(&job.path));
            out.extend_from_slice(&job.rest);
            set_length(&mut out, at);
        }
        stream.write_all(&out).map_err(connection_error)?;
        for job in &batch {
            let err = read_reply(stream).map_err(connection_error)?;
            if err != 0 && !accepted.iter().any(|code| code.code() == err) {
                return Err(Error::Node { server, what, path: job.path.clone(), code: name(err) });
            }
        }
    }
    Ok(())
}

/// Ends the session; a failure changes nothing any more.
pub fn close(mut stream: TcpStream) {
    let mut out = Vec::new();
    let at = begin_frame(&mut out, i32::MAX, OpCode::CloseSession);
    set_length(&mut out, at);
    if stream.write_all(&out).is_ok() {
        let _ = read_reply(&mut stream);
    }
}

/// The name of a result code.
pub fn name(code: i32) -> String {
    ErrorCode::from_code(code).map_or_else(|| format!("code {code}"), |code| code.name().to_owned())
}

fn read_reply(stream: &mut TcpStream) -> io::Result<i32> {
    let frame = read_frame(stream)?;
    let header = ReplyHeader::decode(&mut Reader::new(&frame));
    header
        .map(|header| header.err)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = i32::from_be_bytes(length);
    let size = usize::try_from(length).ok().filter(|size| *size <= REPLY_MAX_BYTES);
    let bad = || io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes"));
    let mut frame = vec![0; size.ok_or_else(bad)?];
    stream.read_exact(&mut frame)?;
    Ok(frame)
}
