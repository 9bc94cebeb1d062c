//! The list of servers: from the file, from a dynamic file, with `myid`.

use config::{Config, Error, ListenAddress, Quorum, Role, ServerId};

use crate::common::{Server, loaded};

const THREE: &str = "initLimit=10\nsyncLimit=5\nserver.1=a:2888:3888\nserver.2=b:2888:3888\n\
     server.3=c:2888:3888:observer;2183\nserver.4=d:2888:3888\n";

fn with_id(id: &str) -> Server {
    let server = Server::new();
    server.write("myid", id);
    server
}

#[track_caller]
fn refused(result: Result<Config, Error>, want: &str) {
    let error = result.expect_err(want);
    assert!(error.to_string().contains(want), "{error}");
    assert_eq!(error.exit_code().code(), 2, "{error}");
}

fn has_note(config: &Config, want: &str) -> bool {
    config.notes.iter().any(|note| note.to_string().contains(want))
}

#[test]
fn several_voters_make_an_ensemble() {
    let config = loaded(with_id("1\n").load(THREE));
    assert!(config.is_distributed());
    let ensemble = &config.ensemble;
    assert_eq!(ensemble.my_id, Some(ServerId(1)));
    assert_eq!(ensemble.role, Role::Participant);
    assert_eq!((ensemble.init_limit_ticks, ensemble.sync_limit_ticks), (10, 5));
    assert_eq!(ensemble.membership.voters().count(), 3);
    assert_eq!(ensemble.membership.observers().count(), 1);
    assert_eq!(ensemble.membership.quorum, Quorum::Majority { oracle: None });
    assert_eq!(ensemble.sasl.cnxn_threads, 20);
    assert!(!has_note(&config, "odd number"));
}

#[test]
fn the_shape_of_the_list_is_judged() {
    let server = with_id("1");
    let lines = |voters: usize, observers: usize, more: &str| {
        let mut text = format!("initLimit=10\nsyncLimit=5\n{more}\n");
        for id in 1..=voters + observers {
            let role = if id <= voters { "participant" } else { "observer" };
            text.push_str(&format!("server.{id}=h{id}:2888:3888:{role}\n"));
        }
        server.load(&text)
    };
    assert!(!loaded(lines(0, 0, "")).is_distributed());
    let one = loaded(lines(1, 0, ""));
    assert!(!one.is_distributed() && has_note(&one, "only one server specified (ignoring)"));
    assert!(has_note(&loaded(lines(2, 0, "")), "No server failure will be tolerated."));
    assert!(has_note(&loaded(lines(4, 0, "")), "consider an odd number of servers."));
    assert!(loaded(lines(1, 1, "standaloneEnabled=false")).is_distributed());
    refused(lines(0, 1, ""), "Observers w/o participants is an invalid configuration");
    refused(lines(1, 1, ""), "Observers w/o quorum is an invalid configuration");
    refused(
        lines(0, 0, "standaloneEnabled=false"),
        "standaloneEnabled = false then number of participants should be >0",
    );
}

#[test]
fn an_ensemble_needs_limits_and_a_number() {
    let servers = "server.1=a:1:2\nserver.2=b:1:2\n";
    refused(with_id("1").load(servers), "initLimit is not set");
    refused(with_id("1").load(&format!("initLimit=1\n{servers}")), "syncLimit is not set");
    refused(
        Server::new().load(&format!("initLimit=1\nsyncLimit=1\n{servers}")),
        "myid file is missing",
    );
    refused(with_id("one").load(servers), "serverid one is not a number");
    refused(with_id("1 ").load(servers), "serverid 1  is not a number");
    refused(with_id("").load(servers), "serverid null is not a number");
    let error = with_id("255").load(&format!("{THREE}server.255=z:1:2\nextendedTypesEnabled=true"));
    assert_eq!(error.expect_err("too large").exit_code().code(), 1);
}

#[test]
fn server_lines_are_refused_with_their_line_number() {
    let server = with_id("1");
    let load = |line: &str| server.load(&format!("\n{line}"));
    refused(
        load("server.1=a:2888"),
        "zoo.cfg line 3: server.1=a:2888: a:2888 does not have the form",
    );
    refused(load("server.1=a:1:1"), "on server.1");
    refused(load("server.x=a:1:2"), "\"x\" must be the decimal number of a server");
    refused(load("server.1=a:1:2|b:1:2"), "Multiple address feature is disabled");
    refused(load("server.1=a:1:2 "), "Address unresolved: a:2 ");
    let several = loaded(load("multiAddress.enabled=true\nserver.1=a:1:2|b:1:2"));
    assert_eq!(several.ensemble.membership.members[&ServerId(1)].addresses.len(), 2);
}

#[test]
fn the_list_decides_about_the_role() {
    let config = loaded(with_id("3").load(&format!("{THREE}peerType=participant\n")));
    assert_eq!(config.ensemble.role, Role::Observer);
    assert!(has_note(
        &config,
        "Peer type from servers list (OBSERVER) doesn't match peerType (PARTICIPANT). Defaulting \
         to servers list."
    ));
    let config = loaded(with_id("3").load(&format!("{THREE}peerType=Observer\n")));
    assert!(!has_note(&config, "Peer type"));
}

#[test]
fn the_client_address_comes_from_the_list_or_the_file() {
    let listed = loaded(with_id("3").load(THREE));
    assert_eq!(listed.listeners.plain, Some(ListenAddress { host: None, port: 2183 }));
    let same = loaded(with_id("3").load(&format!("{THREE}clientPort=2183\n")));
    assert_eq!(same.listeners.plain, listed.listeners.plain);
    refused(
        with_id("3").load(&format!("{THREE}clientPort=2184\n")),
        "client address for this server (id = 3) in static config file is 0.0.0.0:2184 is \
         different from client address found in dynamic file: 0.0.0.0:2183",
    );
    let own = loaded(with_id("1").load(&format!("{THREE}clientPort=2181\n")));
    let member = &own.ensemble.membership.members[&ServerId(1)];
    assert_eq!(member.client, own.listeners.plain);
    assert!(member.client_from_static_file);
}

#[test]
fn groups_and_weights_make_a_hierarchy() {
    let config = loaded(with_id("1").load(&format!("{THREE}group.1=1:2\ngroup.2=4\nweight.4=3\n")));
    let Quorum::Hierarchical { groups, weights } = &config.ensemble.membership.quorum else {
        panic!("hierarchical")
    };
    assert_eq!(groups[&ServerId(2)], 1);
    assert_eq!((weights[&ServerId(1)], weights[&ServerId(4)]), (1, 3));
    refused(with_id("1").load(&format!("{THREE}group.1=1:2\n")), "Server 4is not in a group");
    refused(
        with_id("1").load(&format!("{THREE}group.1=1:2:4\ngroup.2=2\n")),
        "Server 2is in multiple groups",
    );
    refused(
        with_id("1").load(&format!("{THREE}group.1=1:2:3:4\n")),
        "Server 3 is in a group, but it is no voter and has no line weight.3",
    );
    refused(with_id("1").load("groups=1"), "\"groups\" must be the decimal number of a group");
    let oracle = loaded(with_id("1").load(&format!("{THREE}group.1=1\noraclePath=/oracle\n")));
    assert_eq!(
        oracle.ensemble.membership.quorum,
        Quorum::Majority { oracle: Some("/oracle".into()) }
    );
}

#[test]
fn a_dynamic_file_holds_the_list_and_its_version() {
    let server = with_id("1");
    let main = "initLimit=10\nsyncLimit=5\ndynamicConfigFile=%/zoo.cfg.dynamic.1a\n";
    server.write("zoo.cfg.dynamic.1a", "server.1=a:1:2;2181\nserver.2=b:1:2;2181\n");
    let config = loaded(server.load(main));
    assert_eq!(config.ensemble.membership.version, 0x1a);
    assert_eq!(config.ensemble.pending, None);
    assert!(config.is_distributed());

    server.write("zoo.cfg.dynamic.next", "server.1=a:1:2;2181\nversion=200000001\n");
    let pending = loaded(server.load(main)).ensemble.pending.expect("pending list");
    assert_eq!((pending.version, pending.members.len()), (0x2_0000_0001, 1));

    refused(
        server.load(&format!("{main}server.1=a:1:2\n")),
        "parameter: server.1 must be in a separate dynamic config file",
    );
    server.write("zoo.cfg.dynamic.1a", "server.1=a:1:2\nversion=1\n");
    refused(server.load(main), "dynamic file shouldn't have version inside");
    server.write("zoo.cfg.dynamic.1a", "server.1=a:1:2\ntickTime=1\n");
    refused(server.load(main), "line 2: tickTime=1: Unrecognised parameter: tickTime");
    refused(server.load("dynamicConfigFile=%/none"), "none file is missing");
}

#[test]
fn observers_can_be_told_not_to_sync_by_property() {
    let text = "dataDir=%\nsyncEnabled=true\n";
    let config = loaded(Server::new().load_raw(text, &["-Dzookeeper.observer.syncEnabled=no"]));
    assert!(!config.ensemble.sync_enabled);
}
