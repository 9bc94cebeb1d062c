//! Clients that ask for too much, or for nonsense.

mod common;

use std::io::{Read, Write};
use std::time::Duration;

use common::{Running, eventually};
use proto::OpCode;
use testkit::client::{Client, Error, Hello, request};

#[test]
fn garbage_closes_that_connection_only() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\xff\xff\xff\xff",
        b"\x7f\xff\xff\xff",
        b"\0\0\0\x01x",
        b"\0\0\0\0",
    ] {
        assert!(server.exchange(garbage).is_empty());
    }
    assert!(client.get_data("/zookeeper", false).is_ok());
}

#[test]
fn a_frame_above_jute_maxbuffer_closes_the_connection() {
    let server = Running::start(&[], "-Djute.maxbuffer=2000");
    let mut client = server.connect();
    client.create("/a", &[0; 1500], 0).unwrap();
    client.send_raw(&2001_u32.to_be_bytes()).unwrap();
    assert!(matches!(client.receive(), Err(Error::Closed | Error::Socket(_))));
}

#[test]
fn a_large_frame_in_small_pieces_is_understood() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    let data = vec![7; 900_000];
    let body = request::set_data(Some("/a"), Some(&data), -1);
    let mut frame = ((body.len() + 8) as u32).to_be_bytes().to_vec();
    frame.extend(1_i32.to_be_bytes());
    frame.extend(OpCode::SetData.code().to_be_bytes());
    frame.extend(body);
    for piece in frame.chunks(50_001) {
        client.send_raw(piece).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.receive_reply().unwrap().header.err, 0);
    assert_eq!(client.get_data("/a", false).unwrap().0, data);
}

#[test]
fn an_unknown_operation_is_answered_then_closed() {
    let server = Running::start(&[], "");
    for op in [OpCode::Check, OpCode::DeleteContainer, OpCode::CreateSession, OpCode::Error] {
        let mut client = server.connect();
        let reply = client.ask(op, &[]).unwrap();
        assert_eq!((reply.header.err, reply.header.zxid.0), (-6, -1), "{op:?}");
        assert!(matches!(client.receive(), Err(Error::Closed | Error::Socket(_))), "{op:?}");
    }
}

#[test]
fn failed_authentication_is_answered_then_closed() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    assert!(client.ask(OpCode::Auth, &request::auth(Some("digest"), Some(b"u:p"))).is_ok());
    let reply = client.ask(OpCode::Auth, &request::auth(Some("nobody"), Some(b""))).unwrap();
    assert_eq!((reply.header.err, reply.header.zxid.0), (-115, 0));
    assert!(matches!(client.receive(), Err(Error::Closed | Error::Socket(_))));
}

#[test]
fn sasl_without_a_login_is_answered_with_a_null_token() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    let reply = client.ask(OpCode::Sasl, &request::sasl(Some(b"token"))).unwrap();
    assert_eq!((reply.header.err, &reply.body[..]), (0, &[0xff; 4][..]));
}

#[test]
fn enforced_authentication_comes_first() {
    let flags = "-Dzookeeper.enforce.auth.enabled=true -Dzookeeper.enforce.auth.schemes=digest";
    let server = Running::start(&[], flags);
    let mut client = server.connect();
    client.ask(OpCode::Auth, &request::auth(Some("digest"), Some(b"u:p"))).unwrap();
    assert!(client.get_data("/", false).is_ok());
    let mut stranger = server.connect();
    let reply = stranger.ask(OpCode::Ping, &[]).unwrap();
    assert_eq!(reply.header.err, -124);
    assert!(matches!(stranger.receive(), Err(Error::Closed | Error::Socket(_))));
}

#[test]
fn connections_are_counted_by_address_and_in_all() {
    let server = Running::start(&["maxClientCnxns=2"], "");
    let first = server.connect();
    let _second = server.connect();
    let third = Client::connect(server.address(), &Hello::default());
    assert!(third.is_err(), "the cap is 2");
    drop(first);
    eventually("a place is free", || Client::connect(server.address(), &Hello::default()).is_ok());
    let server = Running::start(&["maxClientCnxns=0"], "-Dzookeeper.maxCnxns=1");
    let _first = server.connect();
    assert!(Client::connect(server.address(), &Hello::default()).is_err());
}

#[test]
fn a_connection_without_a_session_is_closed_after_a_while() {
    let server = Running::start(&[], "-Dzookeeper.nio.sessionlessCnxnTimeout=100");
    let mut socket = server.socket();
    let mut answer = Vec::new();
    assert_eq!(socket.read_to_end(&mut answer).unwrap(), 0);
    eventually("it is counted", || {
        server.value("mntr", "zk_sessionless_connections_expired") == "1"
    });
}

#[test]
fn a_slow_reader_is_not_read_from() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", &[7; 500_000], 0).unwrap();
    let get = request::path_watch(Some("/a"), false);
    let requests: Vec<_> = (0..400).map(|_| (OpCode::GetData, &get[..])).collect();
    client.send_all(requests).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let sent: u64 = server.value("mntr", "zk_packets_sent").parse().unwrap();
    assert!(sent < 200, "{sent} replies of half a megabyte wait for a client that reads none");
    for _ in 0..400 {
        assert_eq!(client.receive_reply().unwrap().body.len(), 500_000 + 4 + 68);
    }
}

#[test]
fn reads_behind_a_write_are_bounded_too() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", &[7; 500_000], 0).unwrap();
    let set = request::set_data(Some("/b"), Some(b""), -1);
    let get = request::path_watch(Some("/a"), false);
    let reads = (0..400).map(|_| (OpCode::GetData, &get[..]));
    client.send_all([(OpCode::SetData, &set[..])].into_iter().chain(reads)).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let sent: u64 = server.value("mntr", "zk_packets_sent").parse().unwrap();
    assert!(sent < 200, "{sent} replies of half a megabyte wait for a client that reads none");
    assert_eq!(client.receive_reply().unwrap().header.err, -101);
    for _ in 0..400 {
        assert_eq!(client.receive_reply().unwrap().body.len(), 500_000 + 4 + 68);
    }
}

#[test]
fn above_the_global_limit_everything_is_still_answered() {
    let flags = "-Dzookeeper.globalOutstandingLimit=5";
    let server = Running::start(&[], flags);
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    let set = request::set_data(Some("/a"), Some(b"x"), -1);
    let requests: Vec<_> = (0..500).map(|_| (OpCode::SetData, &set[..])).collect();
    let xids = client.send_all(requests).unwrap();
    for xid in xids {
        assert_eq!(client.receive_reply().unwrap().header.xid, xid);
    }
}

#[test]
fn throttled_requests_are_answered_in_order() {
    let flags = "-Dzookeeper.request_throttle_max_requests=2 \
                 -Dzookeeper.request_throttle_stall_time=5";
    let server = Running::start(&[], flags);
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    let set = request::set_data(Some("/a"), Some(b"x"), -1);
    let requests: Vec<_> = (0..50).map(|_| (OpCode::SetData, &set[..])).collect();
    let xids = client.send_all(requests).unwrap();
    for xid in xids {
        assert_eq!(client.receive_reply().unwrap().header.xid, xid);
    }
}

#[test]
fn handshakes_above_the_throttle_are_closed() {
    let flags = "-Dzookeeper.connection_throttle_tokens=2 \
                 -Dzookeeper.connection_throttle_fill_time=1000000";
    let server = Running::start(&[], flags);
    let _two = [server.connect(), server.connect()];
    assert!(Client::connect(server.address(), &Hello::default()).is_err());
}

#[test]
fn large_requests_have_a_budget() {
    let flags = "-Dzookeeper.largeRequestThreshold=1000 -Dzookeeper.largeRequestMaxBytes=5000";
    let server = Running::start(&[], flags);
    let mut client = server.connect();
    for at in 0..10 {
        client.create(&format!("/a{at}"), &[0; 3000], 0).unwrap();
    }
    let result = client.create("/b", &[0; 6000], 0);
    assert!(matches!(result, Err(Error::Closed | Error::Socket(_))));
}

#[test]
fn half_a_frame_does_not_hold_up_others() {
    let server = Running::start(&[], "");
    let mut half = server.socket();
    half.write_all(&[0, 0]).unwrap();
    assert!(server.connect().get_data("/", false).is_ok());
}
