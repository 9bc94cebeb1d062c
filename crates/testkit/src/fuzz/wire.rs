//! What arrives over a client connection, and transactions.

use std::net::{IpAddr, Ipv4Addr};

use jute::{Limits, Reader};
use net::{FrameHead, next_frame};
use peer::auth::{Outcome, Rules};
use proto::{ConnectRequest, OpCode, Request, RequestHeader, Txn, TxnRecord};
use tree::{DataTree, Options, Watches};

/// A small `jute.maxbuffer`, so that inputs reach it.
const FRAME_MAX_BYTES: usize = 4096;

/// A stream of frames. The same frames come out however the bytes arrive, and none is larger
/// than allowed.
pub fn frames(input: &[u8]) {
    let (mut whole, mut at) = (Vec::new(), 0);
    let ended = loop {
        match next_frame(&input[at..], FRAME_MAX_BYTES) {
            Ok(FrameHead::Whole(frame)) => {
                assert!(frame.len() <= FRAME_MAX_BYTES, "a frame above the limit");
                whole.push(frame);
                at += 4 + frame.len();
            }
            Ok(FrameHead::Partial) => break Ok(at),
            Err(bad) => break Err(bad),
        }
    };
    // The same with one byte more each time.
    let (mut found, mut start) = (0, 0);
    for end in 0..=input.len() {
        loop {
            match next_frame(&input[start..end], FRAME_MAX_BYTES) {
                Ok(FrameHead::Partial) => break,
                Ok(FrameHead::Whole(frame)) => {
                    assert_eq!(whole.get(found), Some(&frame), "frame {found} changes");
                    found += 1;
                    start += 4 + frame.len();
                }
                Err(bad) => return assert_eq!(Err(bad), ended, "a bad length changes"),
            }
        }
    }
    assert_eq!((found, Ok(start)), (whole.len(), ended), "frames depend on how bytes arrive");
}

/// A handshake. What was understood is encoded to what is understood in the same way.
pub fn connect(input: &[u8]) {
    let Ok(request) = ConnectRequest::decode(&mut Reader::new(input)) else { return };
    let mut bytes = Vec::new();
    request.encode(&mut bytes);
    assert_eq!(ConnectRequest::decode(&mut Reader::new(&bytes)).as_ref(), Ok(&request));
    if let Some(password) = &request.password {
        // The comparison must not depend on the length being right.
        let _ = proto::session::password_matches(request.session_id, Some(password));
    }
}

/// A frame with header and body of any operation.
pub fn request(input: &[u8]) {
    let mut reader = Reader::new(input);
    let Ok(header) = RequestHeader::decode(&mut reader) else { return };
    let Some(op) = OpCode::from_code(header.op) else { return };
    let small = Limits { max_buffer_bytes: 64, extra_bytes: 0 };
    let body = reader.remaining();
    let decoded = Request::decode(op, &mut reader);
    if Request::decode(op, &mut Reader::with_limits(body, small)).is_ok() {
        assert!(decoded.is_ok(), "{op:?} is accepted with a smaller limit only");
    }
    if let Ok(Request::Auth { scheme: Some(scheme), auth }) = decoded {
        authenticate(&scheme, auth);
    }
}

fn authenticate(scheme: &str, auth: Option<&[u8]>) {
    let rules = Rules {
        digest: Some(Default::default()),
        ensemble: Some(Default::default()),
        ..Rules::default()
    };
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if let Outcome::Accepted(ids) = rules.authenticate(scheme, auth, address) {
        assert!(ids.iter().all(|id| id.scheme() != "super"), "nobody becomes super by chance");
    }
}

/// A transaction with header and digest. What was read is written so that it is read again as the
/// same, and a tree takes it whatever it says.
pub fn txn(input: &[u8]) {
    let Ok(record) = TxnRecord::decode(&mut Reader::new(input)) else { return };
    // A close without its list is told from one with a list by what follows: not both ways.
    if !matches!(record.txn, Txn::CloseSession { paths: None }) {
        // Java writes a character above U+FFFF as two, which are not read as one again: only the
        // second reading is stable.
        let once = rewritten(&record);
        assert_eq!((once.header, once.digest), (record.header, record.digest));
        assert_eq!(rewritten(&once), once);
    }
    let mut tree = DataTree::new(options());
    let mut events = Vec::new();
    for _ in 0..2 {
        tree.apply(&record.header, &record.txn, None, &mut Watches::new(), &mut events);
    }
}

fn rewritten(record: &TxnRecord) -> TxnRecord {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    let limits = Limits { max_buffer_bytes: bytes.len(), extra_bytes: 0 };
    let mut reader = Reader::with_limits(&bytes, limits);
    TxnRecord::decode(&mut reader).unwrap_or_else(|error| panic!("{record:?}: {error}"))
}

/// How trees are built here; the digest is kept because it is the costlier way.
pub(super) fn options() -> Options {
    let ephemeral = proto::EphemeralRules { extended_types: true, emulate_353: false };
    Options { hash_seed: 1, digest: true, ephemeral }
}
