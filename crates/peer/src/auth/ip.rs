//! The ip scheme (`IPAuthenticationProvider`): an address, or an address and a prefix length.

use std::net::{IpAddr, Ipv6Addr};

/// The address as `InetAddress.getHostAddress` prints it: IPv6 in eight groups, never shortened.
pub(super) fn text(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => v6_text(v6),
    }
}

fn v6_text(address: Ipv6Addr) -> String {
    if let Some(v4) = address.to_ipv4_mapped() {
        return v4.to_string();
    }
    address.segments().map(|group| format!("{group:x}")).join(":")
}

/// Whether the text may stand in an ACL.
pub(super) fn is_valid(text: &str) -> bool {
    parse(text).is_some()
}

/// Whether the connection's address lies in the network that the ACL names.
pub(super) fn matches(address: &str, network: &str) -> bool {
    let (Some((mut net, bits)), Some(mut addr)) = (parse(network), bytes(address)) else {
        return false;
    };
    mask(&mut net, bits);
    mask(&mut addr, bits);
    net == addr
}

fn parse(text: &str) -> Option<(Vec<u8>, usize)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address = bytes(address)?;
    let all = address.len() * 8;
    let bits = match prefix {
        None => all,
        Some(prefix) => {
            java_int(prefix, 10).filter(|bits| (0..=all as i64).contains(bits))? as usize
        }
    };
    Some((address, bits))
}

fn bytes(address: &str) -> Option<Vec<u8>> {
    if address.contains(':') {
        v6_bytes(address)
    } else if address.contains('.') {
        v4_bytes(address)
    } else {
        None
    }
}

fn v4_bytes(address: &str) -> Option<Vec<u8>> {
    let parts: Vec<&str> = address.split('.').collect();
    if parts.len() != 4 {
        return None;
    }
    let octet = |part: &str| java_int(part, 10).and_then(|value| u8::try_from(value).ok());
    parts.into_iter().map(octet).collect()
}

fn v6_bytes(address: &str) -> Option<Vec<u8>> {
    let groups = |text: &str| -> Option<Vec<u8>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        let mut bytes = Vec::with_capacity(16);
        for group in text.split(':') {
            bytes.extend_from_slice(&v6_group(group)?);
        }
        Some(bytes)
    };
    let halves: Vec<&str> = address.split("::").collect();
    match halves[..] {
        [whole] => groups(whole).filter(|bytes| bytes.len() == 16),
        [head, tail] => {
            let (mut head, tail) = (groups(head)?, groups(tail)?);
            if head.len() + tail.len() >= 16 {
                return None;
            }
            head.resize(16 - tail.len(), 0);
            head.extend_from_slice(&tail);
            Some(head)
        }
        _ => None,
    }
}

fn v6_group(group: &str) -> Option<[u8; 2]> {
    if group.is_empty() || group.len() > 4 {
        return None;
    }
    java_int(group, 16).map(|value| (value as u16).to_be_bytes())
}

/// `Integer.parseInt`: a sign of either kind is allowed, blanks are not.
fn java_int(text: &str, radix: u32) -> Option<i64> {
    i32::from_str_radix(text, radix).ok().map(i64::from)
}

fn mask(address: &mut [u8], bits: usize) {
    for (at, byte) in address.iter_mut().enumerate() {
        let kept = bits.saturating_sub(at * 8).min(8);
        *byte &= !(0xff_u16 >> kept) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_match_by_prefix() {
        assert!(matches("10.1.2.3", "10.1.2.3"));
        assert!(matches("10.1.2.3", "10.1.0.0/16"));
        assert!(!matches("10.2.2.3", "10.1.0.0/16"));
        assert!(matches("10.2.2.3", "10.1.0.0/0"));
        assert!(matches("0:0:0:0:0:0:0:1", "::1"));
        assert!(matches("fe80:0:0:0:0:0:0:1", "fe80::/10"));
        assert!(!matches("10.1.2.3", "::1"));
    }

    #[test]
    fn texts_are_checked() {
        for good in ["1.2.3.4", "1.2.3.4/32", "::", "::1/128", "1:2:3:4:5:6:7:8", "+1.2.3.4"] {
            assert!(is_valid(good), "{good}");
        }
        let bad =
            ["", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "256.1.1.1", "1::2::3"];
        for bad in bad.iter().chain(&["1:2:3:4:5:6:7:8::", "12345::", ":::", "1.2.3.4.5"]) {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn addresses_print_as_in_java() {
        assert_eq!(text("::1".parse().unwrap()), "0:0:0:0:0:0:0:1");
        assert_eq!(text("::ffff:127.0.0.1".parse().unwrap()), "127.0.0.1");
    }
}
