//! Garbage on the client port ends that connection and disturbs nobody else.
//!
//! `OXKEEPER_GARBAGE_SEED` chooses other garbage.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testkit::client::{Client, Hello};
use testkit::fuzz::garbage;
use testkit::java::{ServerKind, ServerOptions, skip};
use testkit::process::Error;

const CONNECTIONS: usize = 1500;
/// How long to wait for an answer; most garbage gets none.
const PATIENCE: Duration = Duration::from_millis(5);

#[test]
fn garbage_disturbs_nobody() {
    let server = match ServerOptions::new().config("maxClientCnxns", 0).start(ServerKind::Ox) {
        Ok(server) => server,
        Err(why @ Error::PeerMissing { .. }) => return skip("garbage_disturbs_nobody", &why),
        Err(other) => panic!("{other}"),
    };
    let addr = server.client_addr();
    let mut watcher = Client::connect(addr, &Hello::default()).unwrap();
    watcher.create("/watched", b"", 0).unwrap();
    watcher.get_data("/watched", true).unwrap();

    let seed = std::env::var("OXKEEPER_GARBAGE_SEED").ok().and_then(|text| text.parse().ok());
    let rss_before = server.usage().unwrap().rss_bytes;
    for stream in garbage::streams(seed.unwrap_or(1)).take(CONNECTIONS) {
        throw(addr, &stream);
    }
    // Still the same session, and its watch.
    watcher.ping().unwrap();
    let mut writer = Client::connect(addr, &Hello::default()).unwrap();
    writer.set_data("/watched", b"changed", -1).unwrap();
    watcher.ping().unwrap();
    assert_eq!(watcher.events().len(), 1);
    let (data, _) = watcher.get_data("/watched", false).unwrap();
    assert_eq!(data, b"changed");
    let grown = server.usage().unwrap().rss_bytes.saturating_sub(rss_before);
    assert!(grown < 64 << 20, "garbage made the server {grown} bytes larger");
    let output = server.output();
    assert!(!output.contains("panicked"), "{output}");
}

fn throw(addr: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(addr).expect("the server takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    // The server may close at the first bytes.
    let _ = stream.write_all(bytes);
    let _ = stream.read(&mut [0; 4096]);
}
