use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use tracing::warn;

use super::post::IoMessage;
use super::thread::IoThread;
use crate::metrics::Counter;

/// Connections taken in one round; the others have their turn first.
const ACCEPTS_MAX: usize = 64;
/// How long to wait when the process has no descriptors left, ms.
const RETRY_MS: i64 = 100;

/// Accepts connections and deals them out.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: TcpListener,
    next_io: usize,
    /// When to look at the listener although it reports nothing new.
    retry_ms: Option<i64>,
    /// Refusals are logged once per this moment's second.
    quiet_until_ms: i64,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener) -> Self {
        Acceptor { listener, next_io: 0, retry_ms: None, quiet_until_ms: 0 }
    }

    pub(super) fn retry_ms(&self) -> Option<i64> {
        self.retry_ms
    }
}

impl IoThread<'_> {
    pub(super) fn accept(&mut self) {
        let now_ms = self.now_ms();
        let Some(acceptor) = &mut self.acceptor else { return };
        acceptor.retry_ms = Some(now_ms);
        for _ in 0..ACCEPTS_MAX {
            let Some(acceptor) = &mut self.acceptor else { return };
            match acceptor.listener.accept() {
                Ok((socket, address)) => self.welcome(socket, address),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    acceptor.retry_ms = None;
                    return;
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    acceptor.retry_ms = Some(now_ms + RETRY_MS);
                    self.complain(&format!("Error accepting new connection: {error}"));
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, socket: TcpStream, address: SocketAddr) {
        if let Err(refused) = self.shared.admission.enter(address.ip().to_canonical()) {
            self.shared.metrics.count(Counter::ConnectionRejected, 1);
            self.complain(&format!("Error accepting new connection: {refused}"));
            net::reset_on_close(&socket);
            return;
        }
        if net::set_client_options(&socket, self.shared.config.listeners.tcp_keep_alive).is_err() {
            // It is gone already.
            self.shared.admission.leave(address.ip().to_canonical());
            return;
        }
        let Some(acceptor) = &mut self.acceptor else { return };
        let io = acceptor.next_io % self.shared.io.len();
        acceptor.next_io = io + 1;
        if io == usize::from(self.number) {
            self.adopt(socket, address);
        } else {
            self.shared.io[io].send(IoMessage::Adopt(socket, address));
        }
    }

    /// Logs at most once a second: a flood of connections must not become a flood of lines.
    fn complain(&mut self, text: &str) {
        let now_ms = self.now_ms();
        let Some(acceptor) = &mut self.acceptor else { return };
        if now_ms >= acceptor.quiet_until_ms {
            acceptor.quiet_until_ms = now_ms + Duration::from_secs(1).as_millis() as i64;
            warn!("{text}");
        }
    }
}

/// Errors that say something about one connection, not about the listener.
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}
