use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a benchmark could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server's name has no address.
    #[error("server {server}: {source}; give host:port")]
    Resolve {
        /// The name.
        server: String,
        /// What the system said.
        source: io::Error,
    },
    /// A connection failed.
    #[error("connection to {server}: {source}")]
    Connection {
        /// The server.
        server: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server answered a handshake with a refusal.
    #[error("{server} refused the session")]
    SessionRefused {
        /// The server.
        server: SocketAddr,
    },
    /// A node could not be made or removed.
    #[error("{server} answered {code} to the {what} of {path}")]
    Node {
        /// The server.
        server: SocketAddr,
        /// `create` or `delete`.
        what: &'static str,
        /// The node.
        path: String,
        /// The code's name.
        code: String,
    },
    /// The epoll instance failed.
    #[error("waiting for connections: {0}")]
    Wait(#[source] io::Error),
    /// The usage of a process cannot be read.
    #[error("usage of process {pid}: {source}")]
    Usage {
        /// The process.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// The result could not be written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A thread of the load generator ended with a panic.
    #[error("a thread of the load generator died; this is a bug of the benchmark")]
    WorkerDied,
}
