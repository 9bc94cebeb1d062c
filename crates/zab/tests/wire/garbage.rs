//! Every wrong byte gives an error that names it, and nothing panics.

use jute::Limits;
use proptest::prelude::*;
use proto::Zxid;
use zab::wire::{
    Decoded, ElectionFrames, Error, FromLeader, FromLearner, InitialMessage, Notification,
    PacketKind, Payload, QuorumPacket, decode_touched,
};

fn packet(kind: PacketKind, zxid: i64, data: Option<&[u8]>) -> QuorumPacket {
    QuorumPacket::new(kind, Zxid(zxid), data.map(Payload::from))
}

#[test]
fn packets_name_what_is_wrong() {
    let leader = |p| FromLeader::from_packet(p).unwrap_err();
    let learner = |p| FromLearner::from_packet(p).unwrap_err();
    let kind = PacketKind::Proposal;
    assert_eq!(leader(packet(kind, 1, None)), Error::MissingData(kind));
    let short = leader(packet(kind, 1, Some(&[0; 7])));
    assert!(matches!(short, Error::Jute(jute::Error::UnexpectedEnd { .. })), "{short:?}");
    let other = leader(packet(kind, 1, Some(&[0; 32])));
    assert_eq!(other, Error::ZxidMismatch { kind, packet: Zxid(1), txn: Zxid(0) });
    assert_eq!(learner(packet(kind, 1, None)), Error::WrongDirection(kind));
    let kind = PacketKind::Ack;
    assert_eq!(leader(packet(kind, 1, None)), Error::WrongDirection(kind));
    let kind = PacketKind::NewLeader;
    assert_eq!(leader(packet(kind, -1, None)), Error::Epoch { kind, epoch: -1 });
    let kind = PacketKind::AckEpoch;
    assert_eq!(
        learner(packet(kind, 1, Some(&(-2i32).to_be_bytes()))),
        Error::Epoch { kind, epoch: -2 }
    );
    let kind = PacketKind::FollowerInfo;
    assert_eq!(
        learner(packet(kind, 1, Some(&[0; 5]))),
        Error::DataLength { kind, length: 5, wanted: "at least 8" }
    );
}

#[test]
fn an_unknown_type_is_said_before_the_rest_arrives() {
    for code in [0, 20, -1, i32::MAX] {
        let got = QuorumPacket::decode(&code.to_be_bytes(), Limits::default());
        assert_eq!(got, Err(Error::UnknownPacketType(code)));
    }
}

#[test]
fn a_huge_length_costs_nothing() {
    let mut bytes = PacketKind::Ack.code().to_be_bytes().to_vec();
    bytes.extend(1i64.to_be_bytes());
    bytes.extend(i32::MAX.to_be_bytes());
    let got = QuorumPacket::decode(&bytes, Limits::default());
    assert!(matches!(got, Err(Error::Jute(jute::Error::UnreasonableLength { .. }))), "{got:?}");
}

#[test]
fn notifications_name_what_is_wrong() {
    assert_eq!(Notification::decode(&[0; 27]), Err(Error::NotificationTooShort(27)));
    let cut = Notification::decode(&[0; 33]);
    assert!(matches!(cut, Err(Error::Jute(jute::Error::UnexpectedEnd { .. }))), "{cut:?}");
    let mut vote = [0u8; 44];
    vote[3] = 9;
    assert_eq!(Notification::decode(&vote), Err(Error::UnknownServerState(9)));
    vote[39] = 2;
    vote[40..44].copy_from_slice(&45i32.to_be_bytes());
    let got = Notification::decode(&vote);
    assert_eq!(got, Err(Error::NotificationConfigLength { length: 45, size: 44 }));
    vote[40..44].copy_from_slice(&(-1i32).to_be_bytes());
    let got = Notification::decode(&vote);
    assert_eq!(got, Err(Error::NotificationConfigLength { length: -1, size: 44 }));
}

#[test]
fn handshakes_name_what_is_wrong() {
    let handshake = |version: i64, text: &str| {
        let mut bytes = version.to_be_bytes().to_vec();
        bytes.extend(2i64.to_be_bytes());
        bytes.extend((text.len() as i32).to_be_bytes());
        bytes.extend(text.as_bytes());
        InitialMessage::decode(&bytes)
    };
    assert_eq!(handshake(-1, "h:1"), Err(Error::HandshakeVersion(-1)));
    assert_eq!(handshake(-65536, ""), Err(Error::HandshakeLength { length: 0, max: 2048 }));
    let long = "h".repeat(2049);
    assert_eq!(handshake(-65536, &long), Err(Error::HandshakeLength { length: 2049, max: 2048 }));
    for text in ["h", "h:", ":1", "h:x", "h:70000", "[::1:5", "h:1|", "h:1:2", "h:+1"] {
        let got = handshake(-65535, text);
        assert!(matches!(got, Err(Error::HandshakeAddress(_))), "{text}: {got:?}");
    }
}

#[test]
fn touched_sessions_have_twelve_bytes_each() {
    let kind = PacketKind::Ping;
    assert_eq!(
        decode_touched(&[0; 13]),
        Err(Error::DataLength { kind, length: 13, wanted: "a multiple of 12" })
    );
    assert_eq!(decode_touched(&[]), Ok(vec![]));
}

proptest! {
    #[test]
    fn nothing_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Notification::decode(&bytes);
        let _ = InitialMessage::decode(&bytes);
        let _ = decode_touched(&bytes);
        prop_assert!(ElectionFrames::new(&bytes).count() <= bytes.len());
        let _ = QuorumPacket::decode(&bytes, Limits::default());
    }

    #[test]
    fn nothing_panics_on_any_packet(
        kind in prop::sample::select(PacketKind::ALL),
        zxid: i64,
        data in prop::option::of(prop::collection::vec(any::<u8>(), 0..60)),
    ) {
        let packet = packet(kind, zxid, data.as_deref());
        let _ = FromLeader::from_packet(packet.clone());
        let _ = FromLearner::from_packet(packet.clone());
        let mut bytes = Vec::new();
        packet.encode(&mut bytes);
        let got = QuorumPacket::decode(&bytes, Limits::default());
        prop_assert_eq!(got, Ok(Decoded::Whole { value: packet, bytes: bytes.len() }));
    }

    /// What is understood is written again as it was, garbage at the end of records apart.
    #[test]
    fn what_is_understood_survives(
        kind in prop::sample::select(PacketKind::ALL),
        zxid in 0i64..0x7fff_ffff_ffff_ffff,
        data in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let packet = packet(kind, zxid, Some(&data));
        if let Ok(said) = FromLeader::from_packet(packet.clone()) {
            prop_assert_eq!(FromLeader::from_packet(said.to_packet()), Ok(said));
        }
        if let Ok(said) = FromLearner::from_packet(packet) {
            prop_assert_eq!(FromLearner::from_packet(said.to_packet()), Ok(said));
        }
    }
}
