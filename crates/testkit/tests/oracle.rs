//! The oracle itself: two servers of one kind never differ, and a planted difference is found.

use testkit::java::{ServerKind, skip};
use testkit::oracle::{self, Error, Options, Report};
use testkit::process;

fn java_against_java(test: &str, options: Options) -> Option<Report> {
    let options = Options { servers: [ServerKind::Java, ServerKind::Java], ..options };
    match oracle::run(&options, |line| eprintln!("{line}")) {
        Ok(report) => Some(report),
        Err(Error::Process(missing @ process::Error::PeerMissing { .. })) => {
            skip(test, &missing);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn java_does_not_differ_from_java() {
    let options =
        Options { ops: 6000, ops_per_round: 3000, expire_every: 900, ..Options::default() };
    let Some(report) = java_against_java("java_does_not_differ_from_java", options) else { return };
    assert!(report.is_clean(), "{report}");
    assert!(report.events > 100 && report.nodes > 50, "{report}");
}

#[test]
fn a_planted_difference_is_found() {
    let options = Options { ops: 1000, ops_per_round: 1000, inject: true, ..Options::default() };
    let Some(report) = java_against_java("a_planted_difference_is_found", options) else { return };
    assert_eq!(report.differences.len(), 1, "{report}");
    assert!(report.differences[0].signature.starts_with("Exists"), "{report}");
}
