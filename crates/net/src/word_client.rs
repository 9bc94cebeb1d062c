use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::Duration;

use thiserror::Error;

/// Why a four-letter word got no answer.
#[derive(Debug, Error)]
#[error("no answer to {word} from {host}:{port} ({source})")]
pub struct WordError {
    word: String,
    host: String,
    port: u16,
    source: io::Error,
}

/// Sends a four-letter word and gives the whole answer (`FourLetterWordMain`).
///
/// # Errors
/// When the server cannot be reached or falls silent for longer than `patience`.
pub fn ask_word(
    host: &str,
    port: u16,
    word: &str,
    patience: Duration,
) -> Result<String, WordError> {
    ask(host, port, word, patience).map_err(|source| WordError {
        word: word.to_owned(),
        host: host.to_owned(),
        port,
        source,
    })
}

fn ask(host: &str, port: u16, word: &str, patience: Duration) -> io::Result<String> {
    let mut socket = connect(host, port, patience)?;
    socket.set_read_timeout(Some(patience))?;
    socket.set_write_timeout(Some(patience))?;
    socket.write_all(word.as_bytes())?;
    // As nc does; a server that has closed already has answered already.
    if let Err(error) = socket.shutdown(Shutdown::Write)
        && error.kind() != ErrorKind::NotConnected
    {
        return Err(error);
    }
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn connect(host: &str, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}
