//! Checks that touch the disk or the resolver.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use config::{Config, Error, preflight};

use crate::common::{Server, loaded};

#[track_caller]
fn refused(config: &Config, want: &str, code: u8) -> Error {
    let error = preflight::check(config).expect_err(want);
    assert!(error.to_string().contains(want), "{error}");
    assert_eq!(error.exit_code().code(), code, "{error}");
    error
}

#[test]
fn missing_directories_are_created() {
    let server = Server::new();
    let config = loaded(server.load_raw("dataDir=%/a/b\ndataLogDir=%/c\n", &[]));
    assert_eq!(preflight::check(&config).expect("passes"), []);
    assert!(server.path("a/b/version-2").is_dir() && server.path("c/version-2").is_dir());
    assert_eq!(fs::read_dir(server.path("c/version-2")).expect("listed").count(), 0);
}

#[test]
fn missing_directories_stay_missing_when_told_so() {
    let server = Server::new();
    let config = loaded(server.load_raw("dataDir=%/a\ndatadir.autocreate=false\n", &[]));
    let error = refused(&config, "automatic data directory creation is disabled", 3);
    assert_eq!(error.stderr_line(), Some("Unable to access datadir, exiting abnormally"));
    assert!(!server.path("a").exists());
}

#[test]
fn a_file_in_the_way_and_a_directory_without_permission() {
    let server = Server::new();
    server.write("file", "");
    let config = loaded(server.load_raw("dataDir=%/file\n", &[]));
    refused(&config, "Unable to create data directory", 3);

    let config = loaded(server.load(""));
    fs::create_dir(server.path("version-2")).expect("version-2");
    fs::set_permissions(server.path("version-2"), fs::Permissions::from_mode(0o555))
        .expect("chmod");
    // The super user may write anywhere, permissions or not.
    if fs::write(server.path("version-2/try"), "").is_err() {
        refused(&config, "Cannot write to data directory", 3);
    }
}

#[test]
fn mixed_up_directories_are_refused_by_the_file_that_shows_it() {
    let server = Server::new();
    let config = loaded(server.load("dataLogDir=%/log\n"));
    preflight::check(&config).expect("passes");
    server.write("log/version-2/snapshot.1f.gz", "");
    refused(&config, "Log directory has snapshot files", 3);
    fs::remove_file(server.path("log/version-2/snapshot.1f.gz")).expect("remove");
    server.write("version-2/log.1", "");
    let error = refused(&config, "Snapshot directory has log files", 3);
    assert!(error.to_string().contains("version-2/log.1"), "{error}");
    // In one directory both are at home, and other names mean nothing.
    let config = loaded(server.load(""));
    preflight::check(&config).expect("passes");
}

#[test]
fn a_number_that_does_not_fit_is_told_or_refused() {
    let server = Server::new();
    server.write("myid", "300\n");
    let config = loaded(server.load("server.1=127.0.0.1:1:2\n"));
    let notes: Vec<String> =
        preflight::check(&config).expect("passes").iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(notes[0].contains("lists no server.300"), "{notes:?}");
    assert!(notes[1].contains("should be from 1 to 255"), "{notes:?}");

    let servers = "initLimit=1\nsyncLimit=1\nserver.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:4\n";
    let config = loaded(server.load(servers));
    let error = refused(&config, "My id 300 not in the peer list", 1);
    assert!(error.to_string().contains("server.1, server.2"), "{error}");
}

#[test]
fn a_host_that_does_not_resolve() {
    let server = Server::new();
    let config = loaded(server.load("clientPort=2181\nclientPortAddress=no-such-host.invalid\n"));
    refused(&config, "clientPortAddress=no-such-host.invalid: the host does not resolve", 2);

    server.write("myid", "1\n");
    let config = loaded(server.load(
        "initLimit=1\nsyncLimit=1\nserver.1=127.0.0.1:1:2\nserver.2=no-such-host.invalid:3:4\n",
    ));
    let notes = preflight::check(&config).expect("Java starts all the same");
    assert!(notes[0].to_string().starts_with("server.2: the host no-such-host.invalid"));
}

#[test]
fn addresses_resolve_and_every_address_is_ipv6() {
    let server = Server::new();
    let config = loaded(server.load("clientPort=2181\nclientPortAddress=127.0.0.1\n"));
    let plain = config.listeners.plain.expect("listener");
    let addresses = preflight::resolve(&plain).expect("resolves");
    assert_eq!(addresses, ["127.0.0.1:2181".parse().expect("address")]);
    let any = config::ListenAddress { host: None, port: 1 };
    assert_eq!(preflight::resolve(&any).expect("resolves"), ["[::]:1".parse().expect("address")]);
}
