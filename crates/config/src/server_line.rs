//! One line of the server list: `server.N=host:quorum:election[:role][|...][;client]`.

use crate::values::{split, strict_i32, trim};
use crate::{ListenAddress, Member, PeerAddress, Role, ServerId};

/// Java's sentence for a line of the wrong shape, without the line itself.
const WRONG_FORM: &str = " does not have the form server_config or server_config;client_config \
     where server_config is the pipe separated list of host:port:port or host:port:port:type \
     and client_config is port or host:port";

/// Reads the value of `server.<id>`. The error is Java's sentence.
pub fn parse(id: ServerId, line: &str, several_addresses: bool) -> Result<Member, String> {
    let wrong_form = || format!("{line}{WRONG_FORM}");
    let parts = split(line, ';');
    let [servers, rest @ ..] = parts.as_slice() else { return Err(wrong_form()) };
    let client = match rest {
        [] => None,
        [client] => Some(parse_client(client, wrong_form)?),
        _ => return Err(wrong_form()),
    };
    let servers = split(servers, '|');
    if servers.len() > 1 && !several_addresses {
        return Err(format!(
            "Multiple address feature is disabled, but multiple addresses were specified for \
             sid {id}. Set multiAddress.enabled=true, or keep one address"
        ));
    }
    let mut member = Member {
        id,
        addresses: Vec::with_capacity(servers.len()),
        role: Role::Participant,
        client,
        client_from_static_file: false,
    };
    let mut role = None;
    for server in servers {
        let (address, its_role) = parse_server(id, server, wrong_form)?;
        member.addresses.push(address);
        if let Some(its_role) = its_role {
            let first = *role.get_or_insert(its_role);
            if first != its_role {
                return Err(format!(
                    "Multiple addresses should have similar roles: {first} vs {its_role}"
                ));
            }
        }
    }
    // An empty list of addresses comes from a line of separators only.
    if member.addresses.is_empty() {
        return Err(wrong_form());
    }
    member.role = role.unwrap_or(Role::Participant);
    Ok(member)
}

fn parse_server(
    id: ServerId,
    server: &str,
    wrong_form: impl Fn() -> String,
) -> Result<(PeerAddress, Option<Role>), String> {
    let parts = host_and_ports(server)?;
    let (host, quorum, election, role) = match parts.as_slice() {
        [host, quorum, election] => (host, quorum, election, None),
        [host, quorum, election, role] => (host, quorum, election, Some(parse_role(role)?)),
        _ => return Err(wrong_form()),
    };
    let quorum_port = parse_port(host, quorum)?;
    let election_port = parse_port(host, election)?;
    if quorum_port == election_port {
        return Err(format!(
            "Client and election port must be different! Please update the configuration file \
             on server.{id}"
        ));
    }
    Ok((PeerAddress { host: (*host).to_owned(), quorum_port, election_port }, role))
}

fn parse_client(client: &str, wrong_form: impl Fn() -> String) -> Result<ListenAddress, String> {
    let parts = host_and_ports(client)?;
    match parts.as_slice() {
        [port] => Ok(ListenAddress { host: None, port: parse_port("0.0.0.0", port)? }),
        [host, port] => {
            Ok(ListenAddress { host: Some((*host).to_owned()), port: parse_port(host, port)? })
        }
        _ => Err(wrong_form()),
    }
}

fn parse_role(text: &str) -> Result<Role, String> {
    match trim(text).to_lowercase().as_str() {
        "observer" => Ok(Role::Observer),
        "participant" => Ok(Role::Participant),
        _ => Err(format!("Unrecognised peertype: {text}. It must be participant or observer")),
    }
}

fn parse_port(host: &str, text: &str) -> Result<u16, String> {
    let number = strict_i32(text).ok_or_else(|| {
        format!("Address unresolved: {host}:{text}. The port must be digits without blanks")
    })?;
    u16::try_from(number)
        .map_err(|_| format!("port out of range:{number}. It must be from 0 to 65535"))
}

/// Splits at colons; an address in brackets may contain some.
fn host_and_ports(text: &str) -> Result<Vec<&str>, String> {
    let Some(bracketed) = text.strip_prefix('[') else { return Ok(split(text, ':')) };
    let Some((host, rest)) = bracketed.split_once(']') else {
        return Err(format!("{text} starts with '[' but has no matching ']:'"));
    };
    match rest.chars().next() {
        None => Ok(vec![host]),
        // Java skips the character after the bracket, whatever it is.
        Some(colon) if rest.len() == colon.len_utf8() => {
            Err(format!("{text} doesn't have a port after colon"))
        }
        Some(colon) => {
            let mut parts = vec![host];
            parts.extend(split(&rest[colon.len_utf8()..], ':'));
            Ok(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(line: &str) -> Member {
        parse(ServerId(1), line, true).expect("parses")
    }

    fn refused(line: &str) -> String {
        parse(ServerId(1), line, true).expect_err("is refused")
    }

    #[test]
    fn the_plain_form_is_a_participant() {
        let member = member("zk1:2888:3888");
        assert_eq!(
            member.addresses,
            [PeerAddress { host: "zk1".into(), quorum_port: 2888, election_port: 3888 }]
        );
        assert_eq!(member.role, Role::Participant);
        assert_eq!(member.client, None);
    }

    #[test]
    fn roles_are_read_in_any_case() {
        assert_eq!(member("a:1:2:OBSERVER").role, Role::Observer);
        assert_eq!(member("a:1:2:Participant ").role, Role::Participant);
    }

    #[test]
    fn the_client_part_is_a_port_or_an_address() {
        assert_eq!(member("a:1:2;2181").client, Some(ListenAddress { host: None, port: 2181 }));
        assert_eq!(
            member("a:1:2:observer;10.0.0.1:2181").client,
            Some(ListenAddress { host: Some("10.0.0.1".into()), port: 2181 })
        );
        assert_eq!(
            member("a:1:2;[::1]:2181").client,
            Some(ListenAddress { host: Some("::1".into()), port: 2181 })
        );
    }

    #[test]
    fn several_addresses_and_ipv6_in_brackets() {
        let member = member("[2001:db8::1]:1:2:observer|b:1:2;2181");
        assert_eq!(member.addresses[0].host, "2001:db8::1");
        assert_eq!(member.addresses[1].host, "b");
        assert_eq!(member.role, Role::Observer);
    }

    #[test]
    fn several_addresses_have_to_be_switched_on() {
        let error = parse(ServerId(7), "a:1:2|b:1:2", false).expect_err("is refused");
        assert!(error.starts_with(
            "Multiple address feature is disabled, but multiple addresses were specified for sid 7"
        ));
    }

    #[test]
    fn wrong_shapes_are_refused_in_javas_words() {
        for line in ["a", "a:1", "", ";", ";2181", "a:1:2:observer:x", "a:1:2;2181;2182", "|"] {
            assert!(refused(line).contains(" does not have the form server_config"), "{line}");
        }
        assert!(refused("a:1:2;b:c:d").contains(" does not have the form"));
        assert_eq!(refused("[::1:1:2"), "[::1:1:2 starts with '[' but has no matching ']:'");
        assert_eq!(refused("[::1]:"), "[::1]: doesn't have a port after colon");
        assert!(refused("a:1:2:boss").starts_with("Unrecognised peertype: boss"));
        assert!(refused("a:x:2").starts_with("Address unresolved: a:x"));
        assert!(refused("a:1:2 ").starts_with("Address unresolved: a:2 "));
        assert!(refused("a:1:65536").starts_with("port out of range:65536"));
        assert_eq!(
            refused("a:1:1"),
            "Client and election port must be different! Please update the configuration file \
             on server.1"
        );
        assert_eq!(
            refused("a:1:2:observer|b:1:2:participant"),
            "Multiple addresses should have similar roles: observer vs participant"
        );
    }
}
