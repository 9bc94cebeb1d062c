//! dataDirs that go to and fro between the Java server and Oxkeeper.

use testkit::java::{ServerKind::Java, ServerKind::Ox, skip};
use testkit::process;
use testkit::proof::Error;
use testkit::proof::swap::{Damage, Hop, Settings, run};

/// Runs a chain; a missing peer skips it by name.
#[track_caller]
fn check(test: &str, hops: &[Hop], settings: Settings) {
    let report = match run(hops, settings) {
        Ok(report) => report,
        Err(Error::Process(why @ process::Error::PeerMissing { .. })) => return skip(test, &why),
        Err(other) => panic!("{other}"),
    };
    let findings = report.findings.join("\n");
    assert!(report.findings.is_empty(), "{test}: {} findings\n{findings}", report.findings.len());
    println!(
        "{test}: {} hand-overs, {} nodes and {} digests compared",
        report.hand_overs, report.nodes_compared, report.digests_compared
    );
}

/// The proof itself must hold where one program reads what it wrote.
#[test]
fn java_reads_its_own_files() {
    let hops = [
        Hop::new(Java),
        Hop::new(Java).compression("gz").killed(Damage::CutRecord),
        Hop::new(Java).compression("snappy").killed(Damage::NoPadding),
        Hop::new(Java).snap_count(200).killed(Damage::EmptyLog),
    ];
    check("java_reads_its_own_files", &hops, Settings::default());
}

#[test]
fn oxkeeper_reads_its_own_files() {
    let hops = [
        Hop::new(Ox),
        Hop::new(Ox).compression("gz").killed(Damage::CutRecord),
        Hop::new(Ox).compression("snappy").killed(Damage::ZeroedRecord),
        Hop::new(Ox).snap_count(200).killed(Damage::EmptyLog),
        Hop::new(Ox).killed(Damage::TornSnapshot),
    ];
    check("oxkeeper_reads_its_own_files", &hops, Settings::default());
}

#[test]
fn plain_snapshots_and_whole_logs() {
    let hops = [Hop::new(Java), Hop::new(Ox), Hop::new(Java), Hop::new(Ox), Hop::new(Java)];
    check("plain_snapshots_and_whole_logs", &hops, Settings::default());
}

#[test]
fn compressed_snapshots_and_an_own_log_directory() {
    let hops = [
        Hop::new(Java).compression("gz").snap_count(300),
        Hop::new(Ox).compression("snappy").snap_count(300),
        Hop::new(Java).compression("snappy").snap_count(300),
        Hop::new(Ox).compression("gz").snap_count(300),
        Hop::new(Java),
    ];
    let settings = Settings { own_log_dir: true, ..Settings::default() };
    check("compressed_snapshots_and_an_own_log_directory", &hops, settings);
}

#[test]
fn killed_servers_and_torn_tails() {
    let hops = [
        Hop::new(Java).killed(Damage::CutRecord),
        Hop::new(Ox).killed(Damage::CutRecord),
        Hop::new(Java).killed(Damage::ZeroedRecord),
        Hop::new(Ox).killed(Damage::NoPadding),
        Hop::new(Java).killed(Damage::EmptyLog),
        Hop::new(Ox).killed(Damage::EmptyLog),
        Hop::new(Java).killed(Damage::TornSnapshot),
        Hop::new(Ox).killed(Damage::TornSnapshot),
        Hop::new(Java).killed(Damage::None),
        Hop::new(Ox).killed(Damage::None),
    ];
    check("killed_servers_and_torn_tails", &hops, Settings::default());
}

#[test]
fn files_without_digests() {
    let hops = [Hop::new(Ox), Hop::new(Java).snap_count(300), Hop::new(Ox)];
    let settings = Settings { digest: false, ..Settings::default() };
    check("files_without_digests", &hops, settings);
}
