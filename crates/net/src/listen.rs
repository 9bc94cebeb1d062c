use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use thiserror::Error;

use crate::port_owner;

/// Java's default, and what Linux caps most systems at.
const DEFAULT_BACKLOG: i32 = 1024;

/// A listening socket, non-blocking, and the address it got.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// Where it listens; the port is known even if 0 was asked for.
    pub address: SocketAddr,
}

/// Why nothing listens.
#[derive(Debug, Error)]
pub enum ListenError {
    /// The name has no address.
    #[error("the host name {host} cannot be resolved ({source}); check it or use an address")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// Another process has the port.
    #[error(
        "port {port} is taken{}; stop that process or choose another clientPort",
        .owner.as_ref().map(|owner| format!(" by {owner}")).unwrap_or_default()
    )]
    Taken {
        /// The port.
        port: u16,
        /// The process that has it, if that can be found out.
        owner: Option<String>,
    },
    /// Anything else.
    #[error("cannot listen on {address} ({source})")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Listens on `host` (`None`: on every address, IPv4 and IPv6) and `port` (0: any free one).
///
/// # Errors
/// [`ListenError`], one variant per cause.
pub fn listen(
    host: Option<&str>,
    port: u16,
    backlog: Option<u32>,
) -> Result<Listener, ListenError> {
    let backlog = backlog.map_or(DEFAULT_BACKLOG, |count| i32::try_from(count).unwrap_or(i32::MAX));
    let Some(host) = host else { return listen_everywhere(port, backlog) };
    let unresolved = |source| ListenError::Unresolved { host: host.to_owned(), source };
    let address = (host, port)
        .to_socket_addrs()
        .map_err(unresolved)?
        .next()
        .ok_or_else(|| unresolved(ErrorKind::NotFound.into()))?;
    bind(address, backlog).map_err(|source| refused(address, source))
}

/// Low latency, no lingering close, and probes of dead peers if asked for.
///
/// # Errors
/// What the system reports, for a socket that is already gone.
pub fn set_client_options(socket: &impl AsFd, keep_alive: bool) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_linger(None)?;
    socket.set_keepalive(keep_alive)
}

/// Makes closing the socket discard what is on its way and reset the connection, so that nothing
/// lingers of a client that was turned away.
pub fn reset_on_close(socket: &impl AsFd) {
    // A socket that takes no options is gone already.
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

/// One socket for both families, or IPv4 alone where there is no IPv6.
fn listen_everywhere(port: u16, backlog: i32) -> Result<Listener, ListenError> {
    let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let four = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    match bind(both, backlog) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(refused(both, error)),
        Err(_) => bind(four, backlog).map_err(|source| refused(four, source)),
    }
}

fn bind(address: SocketAddr, backlog: i32) -> io::Result<Listener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    let socket = TcpListener::from(socket);
    let address = socket.local_addr()?;
    Ok(Listener { socket, address })
}

fn refused(address: SocketAddr, source: io::Error) -> ListenError {
    let port = address.port();
    match source.kind() {
        ErrorKind::AddrInUse => ListenError::Taken { port, owner: port_owner(port) },
        _ => ListenError::Refused { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_owner() {
        let first = listen(Some("127.0.0.1"), 0, None).unwrap();
        let port = first.address.port();
        let error = listen(Some("127.0.0.1"), port, Some(5)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("port {port} is taken")), "{error}");
        #[cfg(target_os = "linux")]
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    }

    #[test]
    fn an_unknown_host_is_named() {
        let error = listen(Some("no-such-host.invalid"), 0, None).unwrap_err().to_string();
        assert!(error.contains("no-such-host.invalid cannot be resolved"), "{error}");
    }
}
