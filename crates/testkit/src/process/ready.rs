//! When a server that was started counts as serving.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::four_letter_word;

/// What a server must do to count as serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Answer `srvr` with a mode. Leaves no trace in the server; needs `srvr` in the white list.
    Serving,
    /// Give a session to a client, which closes it at once. Takes two zxids.
    Session,
    /// Exist: for a start that is meant to fail or hang.
    Running,
}

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

impl Readiness {
    pub(super) fn is_ready(self, addr: SocketAddr) -> bool {
        match self {
            // `ruok` is no proof: Java answers it while the database is still loading.
            Self::Serving => four_letter_word(addr, "srvr", ATTEMPT_TIMEOUT)
                .is_ok_and(|answer| answer.contains("Mode: ")),
            Self::Session => open_and_close_session(addr).unwrap_or(false),
            Self::Running => true,
        }
    }
}

/// True when the server granted a session.
fn open_and_close_session(addr: SocketAddr) -> io::Result<bool> {
    // protocolVersion, lastZxidSeen, timeOut 10 s, sessionId, 16-byte passwd, readOnly.
    let mut connect = Vec::with_capacity(49);
    connect.extend_from_slice(&45_i32.to_be_bytes());
    connect.extend_from_slice(&[0; 12]);
    connect.extend_from_slice(&10_000_i32.to_be_bytes());
    connect.extend_from_slice(&[0; 8]);
    connect.extend_from_slice(&16_i32.to_be_bytes());
    connect.extend_from_slice(&[0; 17]);
    // Header of closeSession: xid 1, type -11.
    let mut close = 8_i32.to_be_bytes().to_vec();
    close.extend_from_slice(&1_i32.to_be_bytes());
    close.extend_from_slice(&(-11_i32).to_be_bytes());

    let mut stream = TcpStream::connect_timeout(&addr, ATTEMPT_TIMEOUT)?;
    stream.set_read_timeout(Some(ATTEMPT_TIMEOUT))?;
    stream.write_all(&connect)?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    // Length, protocolVersion, negotiated timeOut: 0 refuses the session.
    let timeout_ms = i32::from_be_bytes([answer[8], answer[9], answer[10], answer[11]]);
    stream.write_all(&close)?;
    // The server closes the connection after its reply; what it says is of no interest.
    stream.read_to_end(&mut Vec::new())?;
    Ok(timeout_ms > 0)
}
