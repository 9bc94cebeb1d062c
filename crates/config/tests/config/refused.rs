//! What stops a start: Java's sentence, the place, and the exit code.

use config::{Config, ExitCode, SystemProperties};

use crate::common::Server;

/// Loads a file that must be refused as an invalid configuration, and looks for all the
/// texts in the error.
#[track_caller]
fn check(text: &str, wanted: &[&str]) {
    check_raw(&format!("dataDir=%\n{text}"), wanted, ExitCode::InvalidInvocation);
}

#[track_caller]
fn check_raw(text: &str, wanted: &[&str], code: ExitCode) {
    let server = Server::new();
    let error = server.load_raw(text, &[]).expect_err(text);
    let message = error.to_string();
    for want in wanted {
        assert!(message.contains(want), "{want:?} in {message:?}");
    }
    assert_eq!(error.exit_code(), code, "{message}");
}

#[test]
fn a_file_that_is_not_there() {
    let none = SystemProperties::default();
    let error = Config::from_file("/no/such/zoo.cfg", &none).expect_err("missing");
    assert_eq!(
        error.to_string(),
        "Error processing /no/such/zoo.cfg: /no/such/zoo.cfg file is missing. Give the path of \
         an existing zoo.cfg"
    );
    assert_eq!(error.exit_code().code(), 2);
    assert_eq!(error.stderr_line(), Some("Invalid config, exiting abnormally"));
}

#[test]
fn a_directory_in_place_of_a_file() {
    let server = Server::new();
    let error = Config::from_file(server.path(""), &SystemProperties::default());
    assert!(error.expect_err("directory").to_string().contains("cannot be read"));
}

#[test]
fn a_broken_escape() {
    check("a=\\u12", &["Error processing", "zoo.cfg: line 2: \\u must be followed"]);
}

#[test]
fn values_name_file_line_key_and_what_is_allowed() {
    check("\ntickTime=2s", &["zoo.cfg line 3: tickTime=2s: must be a whole number from"]);
    check("clientPort=70000", &["clientPort=70000: port out of range:70000", "0 to 65535"]);
    check("clientPort=-1", &["port out of range:-1"]);
    check(
        "sslQuorum=yes",
        &["line 2: sslQuorum=yes: Invalid option yes for sslQuorum. Choose 'true' or 'false.'"],
    );
    check("electionAlg=0", &["Invalid electionAlg value. Only 3 is supported."]);
    check("peerType=boss", &["Unrecognised peertype: boss"]);
    check("metricsProvider.className=X", &["metrics provider class was not found"]);
    check("version=xyz", &["version=xyz: must be a hexadecimal number"]);
}

#[test]
fn keys_that_do_not_fit_together() {
    check_raw("clientPort=2181", &["dataDir is not set"], ExitCode::InvalidInvocation);
    check("clientPortAddress=a", &["clientPortAddress is set but clientPort is not set"]);
    check(
        "secureClientPortAddress=a",
        &["secureClientPortAddress is set but secureClientPort is not set"],
    );
    check("tickTime=0", &["tickTime is not set"]);
    check("tickTime=-2", &["tickTime must be at least 1 ms"]);
    check(
        "minSessionTimeout=5\nmaxSessionTimeout=4",
        &["minSessionTimeout must not be larger than maxSessionTimeout"],
    );
    check("tickTime=200000000", &["minSessionTimeout must not be larger than maxSessionTimeout"]);
    check(
        "quorum.auth.learnerRequireSasl=true",
        &["quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.learnerRequireSasl"],
    );
    check(
        "quorum.auth.serverRequireSasl=true",
        &["quorum.auth.enableSasl is disabled, so cannot enable quorum.auth.serverRequireSasl"],
    );
    check(
        "quorum.auth.enableSasl=true\nquorum.auth.serverRequireSasl=true",
        &[
            "quorum.auth.learnerRequireSasl is disabled, so cannot enable quorum.auth.serverRequireSasl",
        ],
    );
    check(
        "secureClientPort=1\nssl.authProvider=own\n",
        &["No auth provider configured for the SSL authentication scheme 'own'."],
    );
}

#[test]
fn classes_and_numbers_that_java_fails_on_later() {
    let code = ExitCode::Unexpected;
    check_raw("dataDir=%\nserverCnxnFactory=X", &["Couldn't instantiate X"], code);
    check_raw("dataDir=%\nwatchManagerName=X", &["Couldn't instantiate X"], code);
    check_raw("dataDir=%\nsecureClientPort=1", &["SSL isn't supported in NIOServerCnxn"], code);
    check_raw(
        "dataDir=%\naudit.enable=true\naudit.impl.class=X",
        &["Couldn't instantiate X"],
        code,
    );
    check_raw(
        "dataDir=%\nnio.numSelectorThreads=0",
        &["numSelectorThreads must be at least 1"],
        code,
    );
    check_raw(
        "dataDir=%\nDigestAuthenticationProvider.digestAlg=ROT13",
        &["line 2", "don't support this ACL digest algorithm: ROT13 in the current environment"],
        code,
    );
}

#[test]
fn access_rules_that_let_nobody_in() {
    let code = ExitCode::InvalidInvocation;
    check_raw(
        "dataDir=%\nenforce.auth.enabled=true",
        &[
            "zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be  configured.",
        ],
        code,
    );
    check_raw(
        "dataDir=%\nenforce.auth.enabled=true\nenforce.auth.schemes=digest,sasl",
        &["Authentication scheme sasl is not available."],
        code,
    );
    check_raw(
        "dataDir=%\nsessionRequireClientSASLAuth=true",
        &["Authentication scheme sasl is not available."],
        code,
    );
    check_raw("dataDir=%\nintBufferStartingSizeBytes=31", &["Buffer starting size (31)"], code);
    let error = Server::new().load("enforce.auth.enabled=true").expect_err("refused");
    assert!(error.stderr_line().expect("a line").starts_with("Usage: ZooKeeperServerMain"));
}

#[test]
fn arguments_that_make_no_sense() {
    let none = SystemProperties::default();
    for (words, want) in [
        (&["2181"][..], "Invalid number of arguments:[2181]"),
        (&["1", "2", "3", "4", "5"], "Invalid number of arguments:[1, 2, 3, 4, 5]"),
        (&["x", "/data"], "port \"x\" is no number"),
        (&["65536", "/data"], "port out of range:65536"),
        (&["2181", "/data", "fast"], "ticktime \"fast\" is no number"),
        (&["2181", "/data", "0"], "ticktime 0 must be at least 1 ms"),
        (&["2181", "/data", "2000", "many"], "maxcnxns \"many\" is no number"),
    ] {
        let error = Config::from_args(words, &none).expect_err(want);
        assert!(error.to_string().starts_with(want), "{error}");
        assert_eq!(error.exit_code(), ExitCode::InvalidInvocation);
        assert_eq!(
            error.stderr_line(),
            Some("Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]")
        );
    }
}
