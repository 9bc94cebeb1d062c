//! Session ids and passwords as every ZooKeeper server computes them.

use crate::{ServerId, SessionId};

/// XORed into the session id to seed the password generator (`ZooKeeperServer.superSecret`).
const PASSWORD_SECRET: i64 = 0xB341_5C00;

/// The first session id of a tracker that starts now (`SessionTrackerImpl.initializeNextSessionId`).
///
/// `monotonic_ms` is the machine's monotonic clock in Java; any clock that grows over restarts
/// keeps ids unique. The top byte is the server id.
pub fn first_id(server: ServerId, monotonic_ms: i64) -> SessionId {
    let seed = (((monotonic_ms << 24) as u64) >> 8) as i64 | (server.0 << 56);
    // i64::MIN marks container nodes, no session may have it.
    SessionId(if seed == i64::MIN { seed + 1 } else { seed })
}

/// The password of a session: 16 bytes of `java.util.Random` seeded by the id.
///
/// It is derived, not stored, so that a client can move between servers of any kind.
pub fn password(session: SessionId) -> [u8; 16] {
    let mut random = JavaRandom::new(session.0 ^ PASSWORD_SECRET);
    let mut bytes = [0; 16];
    for chunk in bytes.chunks_exact_mut(4) {
        chunk.copy_from_slice(&random.next_i32().to_le_bytes());
    }
    bytes
}

/// Whether `given` is the password of `session`; takes the same time wherever they differ.
pub fn password_matches(session: SessionId, given: Option<&[u8]>) -> bool {
    let Some(given) = given else { return false };
    if session.0 == 0 || given.len() != 16 {
        return false;
    }
    password(session).iter().zip(given).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// The 48-bit generator of `java.util.Random`.
struct JavaRandom(i64);

impl JavaRandom {
    const MULTIPLIER: i64 = 0x5_DEEC_E66D;
    const MASK: i64 = (1 << 48) - 1;

    fn new(seed: i64) -> Self {
        JavaRandom((seed ^ Self::MULTIPLIER) & Self::MASK)
    }

    fn next_i32(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xb) & Self::MASK;
        (self.0 >> 16) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_javas() {
        let want = 0x065c_db38_1bc4_3020_548d_d85f_5ced_3f15_u128.to_be_bytes();
        let session = SessionId(0x0100_001a_2b3c_0000);
        assert_eq!(password(session), want);
        assert!(password_matches(session, Some(&want)));
        assert!(!password_matches(session, Some(&[0; 16])));
        assert!(!password_matches(session, None));
        assert!(!password_matches(SessionId(0), Some(&password(SessionId(0)))));
    }

    #[test]
    fn the_first_id_carries_the_server() {
        assert_eq!(first_id(ServerId(1), 0x1a2b3c).0, 0x0100_001a_2b3c_0000);
        assert_eq!(first_id(ServerId(0x80), 0).0, i64::MIN + 1);
    }
}
