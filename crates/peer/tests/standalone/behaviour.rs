//! The standalone server as a state machine: what it promises between its inputs and outputs.

use crate::world::{Sent, World, close, create, data_of, delete, get, put_create, set};
use jute::{Put, Reader};
use peer::{CloseReason, ConnId, Connect, Input, Settings};
use proto::{ErrorCode, EventKind, MultiHeader, OpCode, SessionId, Stat, Zxid};

#[test]
fn nothing_is_answered_before_the_log_is_durable() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/a", 0)]);
    assert_eq!(world.take(), vec![]);
    assert_eq!(world.tree.find("/a"), None, "and nobody sees it");
    world.sync();
    assert_eq!(world.errors(), vec![ErrorCode::Ok]);
    assert!(world.tree.find("/a").is_some());
}

#[test]
fn a_read_between_two_writes_sees_the_first_only() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/a", 0), set("/a", b"1"), get("/a", false), set("/a", b"2")]);
    world.sync();
    let replies = world.take();
    let Sent::Reply { zxid, body, .. } = &replies[2] else { panic!("{replies:?}") };
    assert_eq!(data_of(body), b"1");
    assert_eq!(*zxid, 3, "session 1, create 2, first set 3");
}

#[test]
fn an_event_comes_before_the_reply_to_the_write_that_fired_it() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/a", 0)]);
    world.sync();
    world.send(1, &[get("/a", true)]);
    world.take();
    world.send(1, &[set("/a", b"x")]);
    world.sync();
    let sent = world.take();
    let event =
        Sent::Event { conn: 1, kind: EventKind::NodeDataChanged, path: "/a".into(), zxid: 3 };
    assert_eq!(sent[0], event);
    assert!(matches!(sent[1], Sent::Reply { .. }));
}

#[test]
fn a_refused_write_takes_its_place_in_the_order() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[delete("/nobody", -1), create("/a", 0)]);
    world.sync();
    let replies = world.take();
    assert!(matches!(replies[0], Sent::Reply { err: ErrorCode::NoNode, zxid: 2, .. }));
    assert!(matches!(replies[1], Sent::Reply { err: ErrorCode::Ok, zxid: 3, .. }));
}

#[test]
fn requests_are_checked_against_what_is_on_its_way() {
    let mut world = World::new();
    world.open(1);
    let requests = [
        create("/a", 0),
        create("/a", 0),
        create("/a/b", 0),
        delete("/a", -1),
        delete("/a/b", 1),
        delete("/a/b", 0),
        delete("/a", 0),
        set("/a", b"x"),
    ];
    world.send(1, &requests);
    world.sync();
    use ErrorCode::*;
    let want = vec![Ok, NodeExists, Ok, NotEmpty, BadVersion, Ok, Ok, NoNode];
    assert_eq!(world.errors(), want);
}

#[test]
fn a_failed_multi_leaves_no_trace_in_the_counters() {
    let mut world = World::new();
    world.open(1);
    let mut body = Vec::new();
    for (path, flags) in [("/s/x-", 2), ("/s/y-", 2), ("/nowhere/z", 0), ("/s/z", 0)] {
        MultiHeader { op: OpCode::Create.code(), done: false, err: -1 }.encode(&mut body);
        put_create(&mut body, path, flags);
    }
    MultiHeader::END.encode(&mut body);
    world.send(1, &[create("/s", 0), (OpCode::Multi, body), create("/s/n-", 2)]);
    world.sync();
    let replies = world.take();
    let Sent::Reply { err: ErrorCode::Ok, body, .. } = &replies[1] else { panic!("{replies:?}") };
    let mut r = Reader::new(body);
    let codes: Vec<i32> = (0..4)
        .map(|_| {
            let header = MultiHeader::decode(&mut r).unwrap();
            assert_eq!((header.op, r.i32().unwrap()), (-1, header.err));
            header.err
        })
        .collect();
    assert_eq!(codes, vec![0, 0, ErrorCode::NoNode.code(), ErrorCode::RuntimeInconsistency.code()]);
    let Sent::Reply { body, .. } = &replies[2] else { panic!("{replies:?}") };
    assert_eq!(Reader::new(body).string().unwrap().unwrap(), "/s/n-0000000000");
    assert_eq!(world.tree.digest_mismatches(), 0);
}

#[test]
fn closing_a_session_takes_ephemerals_that_are_still_on_their_way() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/p", 0), create("/p/e", 1), close()]);
    world.sync();
    let sent = world.take();
    assert!(matches!(sent[2], Sent::Reply { close: true, err: ErrorCode::Ok, .. }));
    assert_eq!(world.tree.find("/p/e"), None);
    assert!(world.tree.find("/p").is_some());
    assert_eq!(world.peer.session_count(), 0);
    assert_eq!(world.tree.digest_mismatches(), 0);
}

#[test]
fn nothing_starts_after_the_close_of_its_session() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[close(), create("/e", 1), create("/p", 0)]);
    world.sync();
    use ErrorCode::*;
    assert_eq!(world.errors(), vec![Ok, SessionExpired, SessionExpired]);
    assert_eq!(world.tree.find("/e"), None);
}

#[test]
fn a_silent_session_expires_only_after_its_connection_was_asked() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/e", 1)]);
    world.sync();
    world.take();
    world.advance(11_999);
    assert_eq!(world.take(), vec![]);
    world.advance(1);
    assert_eq!(world.take(), vec![Sent::Ask { conn: 1 }]);
    world.input(Input::Activity { conn: ConnId(1), last_seen_ms: 5_000 });
    world.sync();
    assert_eq!(world.take(), vec![], "seen at 5 s, so it lives until 16 s");
    world.advance(4_000);
    assert_eq!(world.take(), vec![Sent::Ask { conn: 1 }]);
    world.input(Input::Activity { conn: ConnId(1), last_seen_ms: 5_000 });
    world.sync();
    assert_eq!(world.take(), vec![Sent::Close { conn: 1, reason: CloseReason::Expired }]);
    assert_eq!(world.tree.find("/e"), None);
}

#[test]
fn a_session_without_connection_expires_by_itself() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/e", 1)]);
    world.sync();
    world.input(Input::Closed { conn: ConnId(1), last_seen_ms: 1_000 });
    world.take();
    world.advance(12_000);
    world.sync();
    assert_eq!(world.tree.find("/e"), None);
    assert_eq!(world.peer.session_count(), 0);
}

#[test]
fn a_session_moves_to_its_new_connection() {
    let mut world = World::new();
    let session = world.open(1);
    world.connect(2, session, proto::session::password(session));
    let sent = world.take();
    assert_eq!(sent[0], Sent::Close { conn: 1, reason: CloseReason::Reconnected });
    assert_eq!(sent[1], Sent::Session { conn: 2, session: session.0, timeout_ms: 10_000 });
    // The old connection's end must not take the session's new one.
    world.input(Input::Closed { conn: ConnId(1), last_seen_ms: 0 });
    assert_eq!(world.peer.sessions()[0].conn, Some(ConnId(2)));
}

#[test]
fn a_wrong_password_gets_what_an_expired_session_gets() {
    let mut world = World::new();
    let session = world.open(1);
    world.connect(2, session, [1; 16]);
    world.connect(3, SessionId(4711), proto::session::password(SessionId(4711)));
    let refused = |conn| Sent::Session { conn, session: 0, timeout_ms: 0 };
    assert_eq!(world.take(), vec![refused(2), refused(3)]);
    assert_eq!(world.peer.sessions()[0].conn, Some(ConnId(1)), "and takes nothing over");
}

#[test]
fn a_client_from_the_future_is_sent_away() {
    let mut world = World::new();
    world.input(Input::Connect(Connect {
        conn: ConnId(1),
        session: SessionId(0),
        password: None,
        timeout_ms: 1,
        last_zxid_seen: Zxid(99),
        with_read_only: false,
        received_us: 0,
    }));
    assert_eq!(world.take(), vec![Sent::Close { conn: 1, reason: CloseReason::ClientAhead }]);
}

#[test]
fn timeouts_are_clamped() {
    let mut world = World::new();
    for (asked, given) in [(1, 4_000), (7_000, 7_000), (1_000_000, 40_000), (-5, 4_000)] {
        world.input(Input::Connect(Connect {
            conn: ConnId(1),
            session: SessionId(0),
            password: None,
            timeout_ms: asked,
            last_zxid_seen: Zxid(0),
            with_read_only: true,
            received_us: 0,
        }));
        world.sync();
        assert!(
            matches!(world.take()[..], [Sent::Session { timeout_ms, .. }] if timeout_ms == given)
        );
    }
}

#[test]
fn an_empty_container_is_swept_once_it_was_used() {
    let mut world = World::new();
    world.open(1);
    let mut body = Vec::new();
    put_create(&mut body, "/c", 4);
    world.send(1, &[(OpCode::CreateContainer, body)]);
    world.sync();
    world.now.monotonic_ms += 60_000;
    world.input(Input::Activity { conn: ConnId(1), last_seen_ms: 60_000 });
    world.sync();
    assert!(world.tree.find("/c").is_some(), "it never had a child");
    world.send(1, &[create("/c/x", 0), delete("/c/x", -1)]);
    world.sync();
    world.now.monotonic_ms += 60_000;
    world.input(Input::Activity { conn: ConnId(1), last_seen_ms: 120_000 });
    world.sync();
    assert_eq!(world.tree.find("/c"), None);
}

#[test]
fn a_body_that_cannot_be_read_keeps_its_place_among_the_replies() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/a", 0), (OpCode::SetData, vec![0, 0]), set("/a", b"x")]);
    world.sync();
    let replies = world.take();
    let xids: Vec<_> = replies.iter().map(|sent| matches!(sent, Sent::Reply { .. })).collect();
    assert_eq!(xids, vec![true; 3]);
    assert!(matches!(replies[1], Sent::Reply { err: ErrorCode::MarshallingError, .. }));
}

#[test]
fn sync_waits_for_the_writes_before_it_and_echoes_its_path() {
    let mut world = World::new();
    world.open(1);
    let mut body = Vec::new();
    body.put_string(Some("/nobody/checks"));
    world.send(1, &[create("/a", 0), (OpCode::Sync, body)]);
    assert_eq!(world.take(), vec![]);
    world.sync();
    let replies = world.take();
    let Sent::Reply { body, zxid: 2, .. } = &replies[1] else { panic!("{replies:?}") };
    assert_eq!(Reader::new(body).string().unwrap().unwrap(), "/nobody/checks");
}

#[test]
fn a_snapshot_is_asked_for_after_so_many_transactions() {
    let mut world = World::with(Settings { snap_count: 10, ..Settings::default() });
    world.open(1);
    for n in 0..20 {
        world.send(1, &[create(&format!("/n{n}"), 0)]);
        world.sync();
    }
    let [snapshot] = &world.snapshots[..] else { panic!("{:?}", world.snapshots) };
    assert!((5..=11).contains(&snapshot.plan.zxid.0), "{:?}", snapshot.plan);
    assert_eq!(snapshot.sessions, vec![(SessionId(100), 10_000)]);
    world.input(Input::SnapshotEnded);
    assert_eq!(world.snapshots.len(), 2, "the next one had been due for a while");
}

#[test]
fn a_long_snapshot_is_followed_by_a_rest() {
    let mut world = World::with(Settings { snap_count: 10, ..Settings::default() });
    world.open(1);
    let burst = |world: &mut World, from: usize, count: usize| {
        for n in from..from + count {
            world.send(1, &[create(&format!("/n{n}"), 0)]);
            world.sync();
        }
    };
    burst(&mut world, 0, 12);
    assert_eq!(world.snapshots.len(), 1);
    world.now.monotonic_ms += 1_000;
    world.input(Input::SnapshotEnded);
    burst(&mut world, 12, 30);
    assert_eq!(world.snapshots.len(), 1, "9 s of rest after 1 s of work");
    world.now.monotonic_ms += 9_000;
    burst(&mut world, 42, 1);
    assert_eq!(world.snapshots.len(), 2);
    world.now.monotonic_ms += 1_000;
    world.input(Input::SnapshotEnded);
    burst(&mut world, 43, 101);
    assert_eq!(world.snapshots.len(), 3, "ten times snapCount ends any rest");
}

#[test]
fn stats_in_replies_are_those_of_the_write() {
    let mut world = World::new();
    world.open(1);
    world.send(1, &[create("/a", 0), set("/a", b"1"), set("/a", b"22")]);
    world.sync();
    let versions: Vec<_> = world.take()[1..]
        .iter()
        .map(|sent| match sent {
            Sent::Reply { body, .. } => {
                let stat = Stat::decode(&mut Reader::new(body)).unwrap();
                (stat.version, stat.data_length, stat.mzxid)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(versions, vec![(1, 1, Zxid(3)), (2, 2, Zxid(4))]);
}
