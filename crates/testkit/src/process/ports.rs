//! Ports for servers under test.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use super::{Error, loopback};

/// Below the range that systems take source ports of connections from (32768 on Linux), so that
/// no client connection sits on a server's port while the server is being restarted.
const PORT_MIN: u16 = 11_000;
const PORT_MAX: u16 = 31_000;
const PORTS: u32 = (PORT_MAX - PORT_MIN) as u32 + 1;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A port of 127.0.0.1 that nobody listens on. One process never gets the same port twice until
/// it has used up the range; other processes start elsewhere in it.
///
/// # Errors
/// [`Error::NoFreePort`] when all are taken.
pub fn free_port() -> Result<u16, Error> {
    for _ in 0..PORTS {
        let offset = start_offset().wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        // The offset is below PORTS, which fits 16 bits.
        let port = PORT_MIN + offset as u16;
        if TcpListener::bind(loopback(port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::NoFreePort { from: PORT_MIN, to: PORT_MAX })
}

/// A place in the range that differs from process to process.
fn start_offset() -> u32 {
    static START: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *START.get_or_init(|| {
        let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
        (std::process::id().wrapping_mul(2_654_435_761) ^ nanos) % PORTS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_are_below_the_source_ports() {
        let ports: Vec<u16> = (0..20).map(|_| free_port().unwrap()).collect();
        let mut distinct = ports.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), ports.len());
        assert!(ports.iter().all(|port| (PORT_MIN..=PORT_MAX).contains(port)));
    }
}
