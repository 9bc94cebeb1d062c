//! What the operator is told although the server starts.

use crate::common::{Server, loaded};

/// The notes of a file after its `dataDir` line, without the file's own path.
fn notes(text: &str, words: &[&str]) -> Vec<String> {
    let server = Server::new();
    let config = loaded(server.load_raw(&format!("dataDir=%\n{text}"), words));
    let path = server.path("zoo.cfg").display().to_string();
    config.notes.iter().map(|note| note.to_string().replace(&path, "zoo.cfg")).collect()
}

#[test]
fn an_unknown_key_is_a_property_and_is_told_once() {
    assert_eq!(
        notes("snapCuont=5", &[]),
        [
            "zoo.cfg line 2: nothing is called snapCuont, so it has no effect. Did you mean snapCount?"
        ]
    );
    assert_eq!(
        notes("entirely.else=5", &[]),
        ["zoo.cfg line 2: nothing is called entirely.else, so it has no effect"]
    );
    let config = loaded(Server::new().load("entirely.else=5"));
    assert_eq!(config.properties.value("zookeeper.entirely.else"), Some("5"));
}

#[test]
fn an_unknown_definition_is_told_if_it_is_zookeepers() {
    assert_eq!(
        notes("", &["-Dzookeeper.snapCuont=5", "-Dmy.program=x"]),
        ["command line: nothing is called zookeeper.snapCuont, so it has no effect. Did you mean \
         zookeeper.snapCount?"]
    );
}

#[test]
fn a_known_name_in_the_wrong_place_is_told_where_it_belongs() {
    assert_eq!(
        notes("jute.maxbuffer=99", &[]),
        ["zoo.cfg line 2: jute.maxbuffer has no effect here. Put -Djute.maxbuffer=99 into \
         SERVER_JVMFLAGS"]
    );
    assert_eq!(
        notes("zookeeper.snapCount=5", &[]),
        [
            "zoo.cfg line 2: zookeeper.snapCount has no effect here. In the file it is called snapCount"
        ]
    );
    assert_eq!(
        notes("", &["-Dzookeeper.tickTime=5"]),
        ["command line: zookeeper.tickTime has no effect here. It belongs in the configuration \
         file, as tickTime"]
    );
    assert_eq!(
        notes("", &["-DsnapCount=5"]),
        ["command line: snapCount has no effect here. Write -Dzookeeper.snapCount"]
    );
}

#[test]
fn settings_without_effect_are_one_line() {
    let text = "admin.serverPort=8081\nsnapCount=9\nssl.crl=true\nssl.ocsp=true\ninitLimit=10\n";
    let line = "These settings have no effect yet: ssl.crl, ssl.ocsp (TLS); admin.serverPort (the \
         HTTP admin server)";
    let config = loaded(Server::new().load(text));
    assert_eq!(config.no_effect_yet().as_deref(), Some(line));
    assert_eq!(config.warnings(), [line]);
}

#[test]
fn ensemble_settings_are_told_to_ensemble_members_only() {
    let limits = "initLimit=10\nsyncLimit=5\n";
    assert_eq!(notes(limits, &["-Dzookeeper.leaderServes=no"]), [""; 0]);
    let server = Server::new();
    server.write("myid", "1");
    let config = loaded(server.load(&format!("{limits}server.1=a:1:2\nserver.2=b:1:2\n")));
    assert_eq!(
        config.no_effect_yet().as_deref(),
        Some("These settings have no effect yet: initLimit, syncLimit (ensembles)")
    );
}

#[test]
fn jvm_flags_are_information_and_the_rest_warns() {
    let config = loaded(Server::new().load_with(&["-Xmx1g", "-Dzookeeper.x=1"]));
    assert_eq!(config.infos(), ["command line: -Xmx1g is ignored: JVM only"]);
    assert_eq!(
        config.warnings(),
        ["command line: nothing is called zookeeper.x, so it has no effect"]
    );
}

#[test]
fn a_malformed_lenient_value_is_told_with_what_counts() {
    assert_eq!(
        notes("snapCount=many", &[]),
        ["zoo.cfg line 2: snapCount=many is not a whole number, so the default 100000 is used"]
    );
    assert_eq!(
        notes("digest.enabled=yes", &[]),
        ["zoo.cfg line 2: digest.enabled=yes must be true or false, so false is used"]
    );
}

#[test]
fn relative_paths_are_told_unless_they_begin_with_a_dot() {
    let told = |text: &str| {
        let config = loaded(Server::new().load_raw(text, &[]));
        config.notes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        told("dataDir=data\ndataLogDir=./log"),
        ["data is relative. Prepend ./ to indicate that you're sure!"]
    );
}
