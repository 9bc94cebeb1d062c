//! `golden/java-3.9.5.txt` was written by the Java classes themselves, a name and hex per line.

use proto::{Id, ServerId, SessionId, Zxid};
use zab::wire::{
    ConfigText, Decoded, ForwardedRequest, FromLeader, FromLearner, HostPort, InitialMessage,
    LearnerInfo, Notification, ProposedTxn, QuorumPacket, Touched, decode_touched, encode_touched,
};
use zab::{Epoch, ServerState};

fn golden(name: &str) -> Vec<u8> {
    let lines = include_str!("../golden/java-3.9.5.txt");
    let hex = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let hex = hex.unwrap_or_else(|| panic!("no golden bytes named {name}")).as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.chunks(2).map(byte).collect()
}

fn decode(bytes: &[u8]) -> QuorumPacket {
    match QuorumPacket::decode(bytes, jute::Limits::default()) {
        Ok(Decoded::Whole { value, bytes: taken }) if taken == bytes.len() => value,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_leader(name: &str, message: FromLeader) {
    let bytes = golden(name);
    assert_eq!(FromLeader::from_packet(decode(&bytes)).as_ref(), Ok(&message));
    let mut out = Vec::new();
    message.to_packet().encode(&mut out);
    assert_eq!(out, bytes, "{name}");
}

#[track_caller]
fn check_learner(name: &str, message: FromLearner) {
    let bytes = golden(name);
    assert_eq!(FromLearner::from_packet(decode(&bytes)).as_ref(), Ok(&message));
    let mut out = Vec::new();
    message.to_packet().encode(&mut out);
    assert_eq!(out, bytes, "{name}");
}

/// createSession with timeout 4000 of session 0x77, zxid 0x500000001.
fn txn() -> ProposedTxn {
    let bytes = golden("proposal");
    ProposedTxn { zxid: Zxid(0x5_0000_0001), record: bytes[16..52].into() }
}

#[test]
fn what_a_leader_says() {
    let epoch = Epoch(5);
    let zxid = Zxid(0x5_0000_0001);
    let three = ServerId(3);
    check_leader("leaderinfo", FromLeader::LeaderInfo { epoch, protocol_version: 0x10000 });
    check_leader("diff", FromLeader::Diff { zxid: Zxid(0x4_0000_0009) });
    check_leader("trunc", FromLeader::Trunc { zxid: Zxid(0x4_0000_0008) });
    check_leader("snap", FromLeader::Snap { zxid: Zxid(0x5_0000_0000) });
    let config = Some(ConfigText::new("version=0"));
    check_leader("newleader", FromLeader::NewLeader { epoch, config });
    check_leader("newleader_bare", FromLeader::NewLeader { epoch, config: None });
    check_leader("uptodate", FromLeader::UpToDate);
    check_leader("proposal", FromLeader::Proposal(txn()));
    check_leader("commit", FromLeader::Commit { zxid });
    check_leader("inform", FromLeader::Inform(txn()));
    check_leader(
        "commitandactivate",
        FromLeader::CommitAndActivate { zxid: Zxid(0x5_0000_0002), designated_leader: three },
    );
    check_leader(
        "informandactivate",
        FromLeader::InformAndActivate { txn: txn(), designated_leader: three },
    );
    check_leader("ping", FromLeader::Ping { zxid });
    check_leader("revalidated", FromLeader::Revalidate { session: SessionId(0x77), valid: true });
    check_leader("sync", FromLeader::Sync);
}

#[test]
fn what_a_learner_says() {
    let info = LearnerInfo {
        server: Some(ServerId(3)),
        protocol_version: 0x10000,
        config_version: 0x2_0000_0001,
    };
    let accepted_epoch = Epoch(4);
    let last_zxid = Zxid(0x4_0000_0009);
    check_learner("followerinfo", FromLearner::FollowerInfo { accepted_epoch, info });
    check_learner("observerinfo", FromLearner::ObserverInfo { accepted_epoch, info });
    let current_epoch = Some(Epoch(4));
    check_learner("ackepoch", FromLearner::AckEpoch { current_epoch, last_zxid });
    check_learner("ackepoch_again", FromLearner::AckEpoch { current_epoch: None, last_zxid });
    check_learner("ack", FromLearner::Ack { zxid: Zxid(0x5_0000_0000) });
    let touched = [
        Touched { session: SessionId(0x77), timeout_ms: 4000 },
        Touched { session: SessionId(0x78), timeout_ms: 6000 },
    ];
    let bytes = encode_touched(&touched);
    assert_eq!(decode_touched(&bytes).as_deref(), Ok(&touched[..]));
    let zxid = Zxid(0x5_0000_0001);
    check_learner("pong", FromLearner::Ping { zxid, touched: bytes.into() });
    let session = SessionId(0x77);
    check_learner("revalidate", FromLearner::Revalidate { session, timeout_ms: 4000 });
    check_learner(
        "request",
        FromLearner::Request(ForwardedRequest {
            session,
            cxid: 3,
            op: 9,
            body: [1, 2].into(),
            authinfo: Some(vec![Id::new("ip", "127.0.0.1")]),
        }),
    );
}

#[test]
fn learner_info_of_old_releases_is_shorter() {
    let with = |length: usize| {
        let mut packet = decode(&golden("followerinfo"));
        packet.data = packet.data.map(|data| data[..length].into());
        match FromLearner::from_packet(packet) {
            Ok(FromLearner::FollowerInfo { info, .. }) => info,
            other => panic!("{other:?}"),
        }
    };
    let server = Some(ServerId(3));
    assert_eq!(with(8), LearnerInfo { server, protocol_version: 1, config_version: 0 });
    assert_eq!(with(12), LearnerInfo { server, protocol_version: 0x10000, config_version: 0 });
    let mut packet = decode(&golden("followerinfo"));
    packet.data = None;
    let anonymous = LearnerInfo { server: None, protocol_version: 1, config_version: 0 };
    let Ok(FromLearner::FollowerInfo { info, .. }) = FromLearner::from_packet(packet) else {
        panic!("a follower without data is anonymous");
    };
    assert_eq!(info, anonymous);
}

#[test]
fn notifications_of_every_age() {
    let bytes = golden("notification_v2");
    let vote = Notification {
        state: ServerState::Looking,
        leader: ServerId(3),
        zxid: Zxid(0x1_0000_0007),
        round: 5,
        peer_epoch: 1,
        version: 2,
        config: Some(ConfigText::new("server.1=h:2888:3888:participant\nversion=100000000")),
    };
    assert_eq!(Notification::decode(&bytes), Ok(vote.clone()));
    let mut out = Vec::new();
    vote.encode(&mut out);
    assert_eq!(out, bytes);

    // 3.4: 40 bytes; the version number is there and means nothing.
    let bytes = golden("notification_40");
    let old = Notification { state: ServerState::Leading, version: 0, config: None, ..vote };
    assert_eq!(Notification::decode(&bytes), Ok(old.clone()));
    // 3.3: the epoch is the zxid's.
    assert_eq!(
        Notification::decode(&bytes[..28]),
        Ok(Notification { peer_epoch: 1, ..old.clone() })
    );
    // 3.4.6 in its full form: a version below 2 and something behind it.
    let mut with_tail = bytes.clone();
    with_tail.extend([0; 3]);
    assert_eq!(Notification::decode(&with_tail), Ok(Notification { version: 1, ..old }));

    let bytes = golden("notification_observer");
    let got = Notification::decode(&bytes).expect("an observer's");
    assert_eq!((got.leader, got.peer_epoch), (ServerId(i64::MIN), i64::MIN));
    assert_eq!(got.config.and_then(|config| config.version()), Some(0));
}

#[test]
fn handshakes_of_every_age() {
    let address = |host: &str, port| HostPort { host: host.to_owned(), port };
    let server = ServerId(2);
    let one = InitialMessage { server, addresses: vec![address("127.0.0.1", 3888)] };
    let two = InitialMessage { server, addresses: vec![address("h1", 3888), address("::1", 3889)] };
    for (name, message, several) in [("initial_one", one, false), ("initial_several", two, true)] {
        let bytes = golden(name);
        let got = InitialMessage::decode(&bytes);
        assert_eq!(got, Ok(Decoded::Whole { value: message.clone(), bytes: bytes.len() }));
        let mut out = Vec::new();
        message.encode(several, &mut out);
        assert_eq!(out, bytes, "{name}");
    }
    let legacy = 7i64.to_be_bytes();
    let message = InitialMessage { server: ServerId(7), addresses: vec![] };
    let got = InitialMessage::decode(&legacy);
    assert_eq!(got, Ok(Decoded::Whole { value: message, bytes: 8 }));
}

#[test]
fn a_prefix_waits_for_the_rest() {
    for name in ["request", "proposal", "ack", "newleader"] {
        let bytes = golden(name);
        for cut in 0..bytes.len() {
            let got = QuorumPacket::decode(&bytes[..cut], jute::Limits::default());
            assert_eq!(got, Ok(Decoded::Incomplete), "{name} cut at {cut}");
        }
    }
    let bytes = golden("initial_several");
    for cut in 0..bytes.len() {
        assert_eq!(InitialMessage::decode(&bytes[..cut]), Ok(Decoded::Incomplete), "{cut}");
    }
}
