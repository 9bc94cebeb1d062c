use std::net::{IpAddr, SocketAddr};

/// A socket address as Java's `InetSocketAddress` prints it: `/1.2.3.4:5678`, and IPv6 with all
/// its groups in brackets.
pub fn java_address(address: SocketAddr) -> String {
    let port = address.port();
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => format!("/{v4}:{port}"),
        IpAddr::V6(v6) => {
            let groups = v6.segments().map(|group| format!("{group:x}")).join(":");
            format!("/[{groups}]:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_look_like_javas() {
        let text = |address: &str| java_address(address.parse().unwrap());
        assert_eq!(text("127.0.0.1:2181"), "/127.0.0.1:2181");
        assert_eq!(text("[::1]:2181"), "/[0:0:0:0:0:0:0:1]:2181");
        assert_eq!(text("[::ffff:10.1.2.3]:1"), "/10.1.2.3:1");
    }
}
