//! The meant differences that change the tree, which the oracle therefore never sends: each server
//! does exactly what the list says.

use jute::Put;
use proto::{ErrorCode, OpCode};
use testkit::client::{Client, Error, Hello, Packet, request};
use testkit::java::{ServerKind, ServerOptions, skip};
use testkit::process::{self, ServerProcess};

fn start(test: &str, kind: ServerKind) -> Option<ServerProcess> {
    match ServerOptions::new().start(kind) {
        Ok(server) => Some(server),
        Err(missing @ process::Error::PeerMissing { .. }) => {
            skip(test, &missing);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Sends a request that only servers make; true when it is answered like an unknown operation.
fn is_refused(client: &mut Client, op: OpCode, body: &[u8]) -> bool {
    client.send(op, body).unwrap();
    match client.receive() {
        Ok(Packet::Reply(reply)) if reply.header.err == ErrorCode::Unimplemented.code() => {
            matches!(client.wait_closed(), Ok(()))
        }
        Ok(_) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn delete_container_from_a_client() {
    for kind in [ServerKind::Java, ServerKind::Ox] {
        let Some(server) = start("delete_container_from_a_client", kind) else { return };
        let connect = || Client::connect(server.client_addr(), &Hello::default()).unwrap();
        let mut client = connect();
        client.create("/plain", b"", 0).unwrap();
        let body = request::path(Some("/plain"));
        let refused = is_refused(&mut client, OpCode::DeleteContainer, &body);
        let there = connect().exists("/plain", false).unwrap().is_some();
        assert_eq!((refused, there), (kind == ServerKind::Ox, kind == ServerKind::Ox), "{kind}");
    }
}

#[test]
fn create_session_from_a_client() {
    for kind in [ServerKind::Java, ServerKind::Ox] {
        let Some(server) = start("create_session_from_a_client", kind) else { return };
        let mut client = Client::connect(server.client_addr(), &Hello::default()).unwrap();
        let mut body = Vec::new();
        body.put_i32(5000);
        match kind {
            ServerKind::Ox => assert!(is_refused(&mut client, OpCode::CreateSession, &body)),
            ServerKind::Java => {
                client.send(OpCode::CreateSession, &body).unwrap();
                // A second handshake: protocol version 0 where a reply has its xid.
                let answer = client.receive();
                assert!(
                    matches!(&answer, Ok(Packet::Reply(reply)) if reply.header.xid == 0)
                        || matches!(answer, Err(Error::Malformed(_))),
                    "{answer:?}"
                );
            }
        }
    }
}

#[test]
fn a_handshake_with_a_wrong_password() {
    for kind in [ServerKind::Java, ServerKind::Ox] {
        let Some(server) = start("a_handshake_with_a_wrong_password", kind) else { return };
        let mut owner = Client::connect(server.client_addr(), &Hello::default()).unwrap();
        let hello = Hello {
            session_id: owner.session_id(),
            password: Some(Box::new([1; 16])),
            ..Hello::default()
        };
        let thief = Client::connect_raw(server.client_addr(), &hello).unwrap();
        assert_eq!(thief.greeting().timeout_ms, 0, "{kind} refuses it");
        let lives = owner.exists("/", false).is_ok();
        assert_eq!(lives, kind == ServerKind::Ox, "{kind}");
    }
}
