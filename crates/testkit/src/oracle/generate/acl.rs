use proto::{Acl, Id};

use super::Generator;
use crate::client::request::open_acl;

/// Digests of the users that [`Generator::auth`] logs in.
const U1: &str = "u1:fpT/y03U+EjItKZOSLGvjnJlyng=";
const U2: &str = "u2:o9NxcCGDPOlcV7JVhmKHOf5ctVE=";

const IDS: [(&str, &str); 34] = [
    ("world", "anyone"),
    ("world", "anyone"),
    ("world", "anyone"),
    ("auth", ""),
    ("auth", ""),
    ("auth", "x"),
    ("digest", U1),
    ("digest", U1),
    ("digest", U2),
    ("digest", "super:w41Z49KzAbWweq3fTkicrahb3kI="),
    ("ip", "127.0.0.1"),
    ("ip", "127.0.0.0/8"),
    ("ip", "10.0.0.0/8"),
    ("ip", "0.0.0.0/0"),
    ("ip", "::1"),
    ("ip", "fe80::/10"),
    // The rest is refused, or should be.
    ("world", "other"),
    ("world", ""),
    ("digest", "nocolon"),
    ("digest", "a:b:c"),
    ("digest", ""),
    ("digest", ":"),
    ("digest", "u1:"),
    ("ip", "127.0.0.1/33"),
    ("ip", "127.0.0.1/-1"),
    ("ip", "127.0.0.1/"),
    ("ip", "300.0.0.1"),
    ("ip", "1.2.3"),
    ("ip", ""),
    ("ip", "::1/129"),
    ("sasl", "bob"),
    ("x509", "CN=bob"),
    ("nosuch", "id"),
    ("", ""),
];

impl Generator {
    /// An ACL; `None` is null.
    pub(super) fn acl(&mut self) -> Option<Vec<Acl>> {
        Some(match self.rng.weighted(&[700, 8, 6, 210, 76]) {
            0 => open_acl(),
            1 => return None,
            2 => Vec::new(),
            3 => vec![self.acl_entry()],
            _ => (0..2 + self.rng.below(3)).map(|_| self.acl_entry()).collect(),
        })
    }

    fn acl_entry(&mut self) -> Acl {
        let perms = match self.rng.weighted(&[50, 45, 5]) {
            0 => 31,
            1 => 1 + self.rng.below(31) as i32,
            _ => self.rng.number(&[0, 32, 63, -1, i32::MIN]),
        };
        let mut id = if self.rng.chance(500) {
            Id::new("world", "anyone")
        } else {
            let (scheme, id) = IDS[self.rng.below(IDS.len())];
            Id::new(scheme, id)
        };
        match self.rng.below(120) {
            0 => id.id = None,
            1 => id.scheme = None,
            _ => {}
        }
        Acl { perms, id }
    }
}
