//! Every setting of `keys.txt` is in the table, is accepted, is checked in its style,
//! and gets the note that its status deserves.

use std::collections::BTreeSet;

use crate::common::{Server, loaded};
use config::keys::{self, KeySpec, Status, Style};
use config::{Config, Error, ExitCode, Note};

const NAMES: &str = include_str!("../keys.txt");

#[test]
fn the_table_and_the_list_agree() {
    let listed: BTreeSet<&str> = NAMES.lines().collect();
    let mut known = BTreeSet::new();
    for spec in keys::all() {
        let names: Vec<String> = spec
            .key
            .map(|key| format!("key {key}"))
            .into_iter()
            .chain(
                [spec.property, spec.older_property]
                    .into_iter()
                    .flatten()
                    .map(|property| format!("property {property}")),
            )
            .collect();
        assert!(names.iter().any(|name| listed.contains(name.as_str())), "not listed: {spec:?}");
        known.extend(names);
    }
    for name in listed {
        assert!(known.contains(name), "not in the table: {name}");
    }
}

/// A name that fits the pattern a table row may have.
fn concrete(name: &str) -> String {
    match name {
        "authProvider.*" | "zookeeper.authProvider.*" => name.replace('*', "1"),
        _ => name.replace('*', "x").replace(".N", ".1"),
    }
}

/// A value that the setting takes.
fn good_value(spec: &KeySpec) -> String {
    match (spec.name(), spec.style) {
        ("dataDir" | "dataLogDir", _) => "%",
        ("clientPortAddress" | "secureClientPortAddress", _) => "127.0.0.1",
        ("metricsProvider.className", _) => {
            "org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider"
        }
        ("serverCnxnFactory", _) => "org.apache.zookeeper.server.NettyServerCnxnFactory",
        ("watchManagerName", _) => "org.apache.zookeeper.server.watch.WatchManagerOptimized",
        ("authProvider.*", _) => "org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
        ("audit.impl.class", _) => "org.apache.zookeeper.audit.Slf4jAuditLogger",
        ("DigestAuthenticationProvider.digestAlg", _) => "SHA-256",
        ("dynamicConfigFile", _) => "%/list",
        ("electionAlg", _) => "3",
        ("quorum.auth.learnerRequireSasl" | "quorum.auth.serverRequireSasl", _) => "FALSE",
        ("standaloneEnabled", _) => "True",
        ("group.N", _) => "7",
        ("maxSessionTimeout", _) => "400000",
        ("enforce.auth.enabled" | "sessionRequireClientSASLAuth", _) => "FALSE",
        (_, Style::StrictInt | Style::StrictLong | Style::DecimalOrDefault) => "4000",
        (_, Style::Int | Style::Long) => "0x7d0",
        (_, Style::StrictDouble | Style::Double) => "0.25",
        (_, Style::StrictBool | Style::Bool | Style::BoolTrue) => "TRUE",
        (_, Style::ExactWord(word)) => word,
        (_, Style::OneOf(words)) => words[0],
        (_, Style::Path) => "/some/where",
        (_, Style::Hex) => "1f",
        (_, Style::Member) => "127.0.0.1:2888:3888",
        (_, Style::Text | Style::Host | Style::List | Style::Class) => "digest",
    }
    .to_owned()
}

/// Lines that a setting cannot do without.
fn company(spec: &KeySpec) -> &'static str {
    match spec.name() {
        "clientPortAddress" => "clientPort=2181\n",
        "secureClientPort" => NETTY,
        "secureClientPortAddress" => concat!(
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n",
            "secureClientPort=2281\n"
        ),
        "group.N" => "weight.7=1\n",
        "weight.N" => "server.1=a:1:2\ngroup.2=1\n",
        _ => "",
    }
}

const NETTY: &str = "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n";

/// The lines of a file with this setting in the last one.
fn file_with(spec: &KeySpec, key: &str, value: &str) -> String {
    format!("{}{key}={value}\n", company(spec))
}

#[track_caller]
fn has_note_of_status(config: &Config, spec: &KeySpec, name: &str) {
    let no_effect = config
        .notes
        .iter()
        .any(|note| matches!(note, Note::NoEffectYet { key, .. } if key == name));
    let ignored =
        config.notes.iter().any(|note| matches!(note, Note::JvmOnly { flag, .. } if flag == name));
    let wrong_place =
        config.notes.iter().any(|note| matches!(note, Note::WrongPlace { key, .. } if key == name));
    // The scripts set these at every start, so nobody wants to hear of them.
    let quiet = matches!(name, "zookeeper.log.dir" | "zookeeper.log.file");
    let want = match spec.status {
        Status::Standalone => (false, false, false),
        // None of these files makes an ensemble, where alone they would matter.
        Status::ParsedOnly("ensembles") => (false, false, false),
        Status::ParsedOnly(_) => (true, false, false),
        Status::JvmOnly => (false, !quiet, false),
        Status::ClientOnly => (false, false, true),
    };
    assert_eq!((no_effect, ignored, wrong_place), want, "{name}: {:?}", config.notes);
    let unknown = config.notes.iter().any(|note| matches!(note, Note::UnknownKey { .. }));
    assert!(!unknown, "{name}: {:?}", config.notes);
}

#[test]
fn every_key_is_accepted_in_the_file() {
    for spec in keys::all() {
        let Some(key) = spec.key.map(concrete) else { continue };
        let server = Server::new();
        server.write("list", "server.1=127.0.0.1:2888:3888\n");
        let text = file_with(spec, &key, &good_value(spec));
        let config = match spec.key {
            Some("dataDir") => loaded(server.load_raw(&text, &[])),
            _ => loaded(server.load(&text)),
        };
        has_note_of_status(&config, spec, &key);
    }
}

#[test]
fn every_property_is_accepted_as_a_definition() {
    for spec in keys::all() {
        for property in [spec.property, spec.older_property].into_iter().flatten().map(concrete) {
            let word = format!("-D{property}={}", good_value(spec));
            let config = loaded(Server::new().load_with(&[&word]));
            has_note_of_status(&config, spec, &property);
            assert!(config.properties.value(&property).is_some(), "{property}");
        }
    }
}

#[test]
fn strict_keys_refuse_what_they_cannot_read() {
    for spec in keys::all() {
        let Some(key) = spec.key.map(concrete) else { continue };
        // Properties are checked where they are read; the provider reads its own.
        if spec.property.is_some() && !key.starts_with("multiAddress") && key != "syncEnabled"
            || key.starts_with("metricsProvider.")
        {
            continue;
        }
        let bad = match spec.style {
            Style::StrictInt | Style::StrictLong => "0x10",
            Style::StrictBool => "yes",
            Style::OneOf(_) | Style::Hex | Style::Member => "zebra",
            Style::Class => "no.such.Class",
            _ => continue,
        };
        let error = Server::new().load(&file_with(spec, &key, bad)).expect_err(&key);
        assert_eq!(error.exit_code(), ExitCode::InvalidInvocation, "{key}");
        assert_eq!(error.stderr_line(), Some("Invalid config, exiting abnormally"), "{key}");
        let text = error.to_string();
        assert!(text.contains("zoo.cfg") && text.contains(bad), "{text}");
        if !matches!(error, Error::Whole { .. }) {
            assert!(text.contains(" line ") && text.contains(&key), "{text}");
        }
    }
}

#[test]
fn lenient_properties_fall_back_and_say_so() {
    for spec in keys::all() {
        let Some(property) = spec.property.map(concrete) else { continue };
        let lenient = matches!(
            spec.style,
            Style::Int
                | Style::Long
                | Style::DecimalOrDefault
                | Style::Double
                | Style::Bool
                | Style::BoolTrue
        );
        if !lenient {
            continue;
        }
        let word = format!("-D{property}=zebra");
        let config = loaded(Server::new().load_with(&[&word]));
        let noted = config.notes.iter().any(
            |note| matches!(note, Note::DefaultUsed { key, value, .. } | Note::Adjusted { key, value, .. } if *key == property && value == "zebra"),
        );
        assert!(noted, "{property}: {:?}", config.notes);
    }
}

#[test]
fn strict_properties_refuse_with_the_code_of_a_java_crash() {
    for property in [
        "zookeeper.connection_throttle_drop_increase",
        "zookeeper.connection_throttle_drop_decrease",
        "zookeeper.connection_throttle_decrease_ratio",
        "zookeeper.pathStats.sampleRate",
        "zookeeper.admin.rateLimiterIntervalInMS",
        "zookeeper.multiAddress.reachabilityCheckTimeoutMs",
    ] {
        let word = format!("-D{property}=zebra");
        let error = Server::new().load_with(&[&word]).expect_err(property);
        assert_eq!(error.exit_code(), ExitCode::Unexpected, "{property}");
        assert!(error.to_string().starts_with(&format!("command line: {property}=zebra: ")));
    }
}
