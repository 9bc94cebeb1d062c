//! The launchers against the real programs.

use std::time::Duration;

use testkit::java::{ServerKind, ServerOptions, skip};
use testkit::process::{Error, Readiness, ServerProcess};

#[test]
fn the_java_server_starts_dies_and_comes_back() {
    start_die_and_come_back("the_java_server_starts_dies_and_comes_back", ServerKind::Java);
}

#[test]
fn oxkeeper_starts_dies_and_comes_back() {
    start_die_and_come_back("oxkeeper_starts_dies_and_comes_back", ServerKind::Ox);
}

fn start_die_and_come_back(test: &str, kind: ServerKind) {
    let options = ServerOptions::new().config("tickTime", 700).readiness(Readiness::Session);
    let mut server = match options.start(kind) {
        Ok(server) => server,
        Err(why @ Error::PeerMissing { .. }) => return skip(test, &why),
        Err(other) => panic!("{other}"),
    };
    let addr = server.client_addr();
    assert!(server.four_letter_word("conf").unwrap().contains("tickTime=700"));
    assert!(server.usage().unwrap().rss_bytes > 1 << 20);
    // The session that proved readiness was opened and closed.
    assert_eq!(zxid(&server), 2);

    server.kill();
    assert!(!server.is_running());
    server.start_again().unwrap();
    assert_eq!(server.client_addr(), addr);
    assert_eq!(zxid(&server), 4);

    server.terminate(Duration::from_secs(10)).unwrap().expect("it stops when asked");
    assert!(server.four_letter_word("srvr").is_err());
}

fn zxid(server: &ServerProcess) -> u64 {
    let srvr = server.four_letter_word("srvr").unwrap();
    let hex = srvr.lines().find_map(|line| line.strip_prefix("Zxid: 0x")).unwrap();
    u64::from_str_radix(hex, 16).unwrap()
}
