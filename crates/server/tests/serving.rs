//! Clients of a whole server: sessions, order, watches, recovery.

mod common;

use common::{Running, eventually};
use proto::{EventKind, OpCode, SessionId};
use testkit::client::{Body, Client, Error, Hello, Packet, request};

const SEVERAL_IO_THREADS: &str = "-Dzookeeper.nio.numSelectorThreads=3";

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let mut server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"1", 0).unwrap();
    client.create("/a/e", b"", 1).unwrap();
    let zxid = client.set_data("/a", b"2", 0).unwrap().mzxid;
    server.stop();
    server.start_again();
    let mut other = server.connect();
    let (data, stat) = other.get_data("/a", false).unwrap();
    assert_eq!((&data[..], stat.mzxid), (&b"2"[..], zxid));
    assert!(other.get_data("/a/e", false).is_ok(), "its session has not expired yet");
    let again = Client::connect(server.address(), &Hello::resume(client.greeting())).unwrap();
    assert_eq!(again.session_id(), client.session_id());
}

#[test]
fn a_read_behind_a_write_sees_it() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    for round in 0..50_u8 {
        let set = request::set_data(Some("/a"), Some(&[round]), -1);
        let get = request::path_watch(Some("/a"), false);
        let requests = [(OpCode::SetData, &set[..]), (OpCode::GetData, &get), (OpCode::Ping, &[])];
        let xids = client.send_all(requests).unwrap();
        assert_eq!(client.receive_reply().unwrap().header.xid, xids[0]);
        let read = client.receive_reply().unwrap();
        assert_eq!(read.header.xid, xids[1]);
        let body = Body::decode(OpCode::GetData, &mut jute::Reader::new(&read.body)).unwrap();
        assert!(matches!(body, Body::Data(Some(data), _) if data == [round]));
        assert_eq!(client.receive_reply().unwrap().header.xid, -2, "a ping keeps its place");
    }
}

#[test]
fn an_event_comes_before_the_data_it_announces() {
    let server = Running::start(&[], SEVERAL_IO_THREADS);
    let (mut writer, mut reader) = (server.connect(), server.connect());
    writer.create("/a", b"0", 0).unwrap();
    for round in 1..200_i32 {
        let (before, _) = reader.get_data("/a", true).unwrap();
        let text = round.to_string();
        writer
            .send(OpCode::SetData, &request::set_data(Some("/a"), Some(text.as_bytes()), -1))
            .unwrap();
        loop {
            let (now, _) = reader.get_data("/a", false).unwrap();
            let events = reader.events();
            if now != before {
                assert_eq!(events.len(), 1, "the new data came without its event");
                assert_eq!(events[0].event.kind, EventKind::NodeDataChanged as i32);
                break;
            }
            if !events.is_empty() {
                // The event is early; the data is on its way.
                break;
            }
        }
        writer.receive_reply().unwrap();
    }
}

#[test]
fn connections_of_all_io_threads_are_served_and_shown() {
    let server = Running::start(&[], SEVERAL_IO_THREADS);
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    for (at, client) in clients.iter_mut().enumerate() {
        client.create(&format!("/n{at}"), b"", 1).unwrap();
    }
    let cons = server.word("cons");
    assert!(clients.iter().all(|client| cons.contains(&format!("sid={}", client.session_id()))));
    let mut moved =
        Client::connect(server.address(), &Hello::resume(clients[0].greeting())).unwrap();
    assert!(matches!(clients[0].receive(), Err(Error::Closed | Error::Socket(_))));
    assert!(moved.get_data("/n0", false).is_ok());
}

#[test]
fn requests_sent_with_the_handshake_wait_for_the_session() {
    let server = Running::start(&[], "");
    let mut bytes = connect_frame(&Hello::default());
    bytes.extend(request_frame(1, OpCode::Exists, &request::path_watch(Some("/zookeeper"), false)));
    bytes.extend(request_frame(2, OpCode::CloseSession, &[]));
    let answer = server.exchange(&bytes);
    let greeting = 4 + 37;
    let xid = |at: usize| i32::from_be_bytes(answer[at + 4..at + 8].try_into().unwrap());
    assert_eq!(xid(greeting), 1);
    assert_eq!(xid(greeting + 4 + 16 + 68), 2);
    assert_eq!(answer.len(), greeting + 4 + 16 + 68 + 4 + 16, "and then it is closed");
}

#[test]
fn an_old_client_gets_an_answer_without_the_read_only_octet() {
    let server = Running::start(&[], "");
    let mut bytes = connect_frame(&Hello { read_only: None, ..Hello::default() });
    bytes.extend(request_frame(1, OpCode::CloseSession, &[]));
    assert_eq!(server.exchange(&bytes).len(), 4 + 36 + 4 + 16);
}

#[test]
fn a_session_goes_to_the_newest_connection() {
    let server = Running::start(&[], "");
    let mut first = server.connect();
    first.create("/e", b"", 1).unwrap();
    let mut second = Client::connect(server.address(), &Hello::resume(first.greeting())).unwrap();
    assert!(matches!(first.receive(), Err(Error::Closed | Error::Socket(_))));
    assert!(second.get_data("/e", false).is_ok());
}

#[test]
fn a_silent_session_expires_with_its_ephemerals() {
    let server = Running::start(&[], "");
    let mut watcher = server.connect();
    let mut silent = Client::connect(server.address(), &Hello::with_timeout_ms(400)).unwrap();
    silent.create("/e", b"", 1).unwrap();
    watcher.get_data("/e", true).unwrap();
    let Ok(Packet::Event(event)) = watcher.receive() else { panic!("an event was due") };
    assert_eq!(event.event.kind, EventKind::NodeDeleted as i32);
    assert!(matches!(silent.receive(), Err(Error::Closed | Error::Socket(_))));
    let resumed = Client::connect(server.address(), &Hello::resume(silent.greeting()));
    assert!(matches!(resumed, Err(Error::SessionRefused)));
}

#[test]
fn pings_keep_a_session_alive() {
    let server = Running::start(&[], "");
    let mut client = Client::connect(server.address(), &Hello::with_timeout_ms(400)).unwrap();
    client.create("/e", b"", 1).unwrap();
    for _ in 0..15 {
        std::thread::sleep(std::time::Duration::from_millis(100));
        client.send(OpCode::Ping, &[]).unwrap();
        client.receive_reply().unwrap();
    }
    assert!(client.get_data("/e", false).is_ok());
}

#[test]
fn a_client_that_has_seen_more_is_sent_elsewhere() {
    let server = Running::start(&[], "");
    let hello = Hello { last_zxid_seen: proto::Zxid(1 << 40), ..Hello::default() };
    assert!(server.exchange(&connect_frame(&hello)).is_empty());
}

#[test]
fn a_wrong_password_is_refused_with_zeros() {
    let server = Running::start(&[], "");
    let client = server.connect();
    let hello = Hello { password: Some(Box::new([1; 16])), ..Hello::resume(client.greeting()) };
    let answer = server.exchange(&connect_frame(&hello));
    assert_eq!(answer.len(), 4 + 37);
    assert!(answer[8..].iter().all(|byte| matches!(*byte, 0 | 16)), "{answer:?}");
}

#[test]
fn a_watch_of_a_closed_connection_is_gone() {
    let server = Running::start(&[], "");
    let mut client = server.connect();
    client.create("/a", b"", 0).unwrap();
    let set = request::set_data(Some("/a"), Some(b"x"), -1);
    let get = request::path_watch(Some("/a"), true);
    // The read waits behind the write; the connection does not wait for either.
    client.send_all([(OpCode::SetData, &set[..]), (OpCode::GetData, &get)]).unwrap();
    drop(client);
    let mut other = server.connect();
    eventually("the write is applied", || other.get_data("/a", false).unwrap().0 == b"x");
    eventually("the watch is gone", || {
        server.word("wchs").starts_with("0 connections watching 0 paths")
            || server.word("wchs").contains("Total watches:0")
    });
}

#[test]
fn a_snapshot_is_taken_under_load() {
    let mut server = Running::start(&["snapCount=100"], "");
    let mut client = server.connect();
    for at in 0..500 {
        client.create(&format!("/n{at}"), b"data", 0).unwrap();
    }
    let snapshots = || {
        let files = std::fs::read_dir(server.folder().join("data/version-2")).unwrap();
        let is_one = |name: &str| name.starts_with("snapshot.") && name != "snapshot.0";
        files.flatten().filter(|file| is_one(file.file_name().to_str().unwrap())).count()
    };
    eventually("two snapshots", || snapshots() >= 2);
    server.stop();
    server.start_again();
    let mut client = server.connect();
    assert!((0..500).all(|at| client.get_data(&format!("/n{at}"), false).is_ok()));
}

fn connect_frame(hello: &Hello) -> Vec<u8> {
    let mut body = Vec::new();
    proto::ConnectRequest {
        protocol_version: 0,
        last_zxid_seen: hello.last_zxid_seen,
        timeout_ms: hello.timeout_ms,
        session_id: SessionId(hello.session_id.0),
        password: hello.password.clone(),
        read_only: hello.read_only,
    }
    .encode(&mut body);
    framed(&body)
}

fn request_frame(xid: i32, op: OpCode, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(xid.to_be_bytes());
    frame.extend(op.code().to_be_bytes());
    frame.extend(body);
    framed(&frame)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend(body);
    frame
}
