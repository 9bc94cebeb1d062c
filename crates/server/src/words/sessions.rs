use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::WordThread;
use crate::clock::wall_ms;
use crate::java;

/// The answer of `dump`: sessions by the moment they expire, their ephemerals, and connections
/// by the moment they are closed.
pub(super) fn text(words: &WordThread) -> String {
    let mut out = "SessionTracker dump:\n".to_owned();
    put_sessions(words, &mut out);
    out += "ephemeral nodes dump:\n";
    put_ephemerals(words, &mut out);
    out += "Connections dump:\n";
    put_connections(words, &mut out);
    out
}

fn put_sessions(words: &WordThread, out: &mut String) {
    let buckets = words.ask_core(peer::Peer::expiry).unwrap_or_default();
    let lines = buckets.into_iter().map(|bucket| {
        let ids = bucket.sessions.iter().map(ToString::to_string).collect();
        (bucket.at_ms, ids)
    });
    put_sets("Session", lines.collect(), words, out);
}

fn put_ephemerals(words: &WordThread, out: &mut String) {
    let tree = words.shared.tree();
    let sessions: Vec<_> = tree.sessions_with_ephemerals().collect();
    let _ = writeln!(out, "Sessions with Ephemerals ({}):", sessions.len());
    for session in sessions {
        let _ = writeln!(out, "{session}:");
        for path in tree.ephemerals(session) {
            let _ = writeln!(out, "\t{path}");
        }
    }
}

fn put_connections(words: &WordThread, out: &mut String) {
    let mut sets: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for info in words.connections() {
        let session = info.session.unwrap_or_default();
        let line = format!("ip: {} sessionId: {session}", net::java_address(info.address));
        sets.entry(info.expires_ms).or_default().push(line);
    }
    put_sets("Connections", sets, words, out);
}

/// Groups with the moment each is due (`ExpiryQueue.dump`).
fn put_sets(what: &str, sets: BTreeMap<i64, Vec<String>>, words: &WordThread, out: &mut String) {
    let all: usize = sets.values().map(Vec::len).sum();
    let _ = writeln!(out, "{what} Sets ({})/({all}):", sets.len());
    let start_ms = wall_ms() - words.shared.clock.monotonic_ms();
    for (at_ms, lines) in sets {
        let _ = writeln!(out, "{} expire at {}:", lines.len(), java::date(start_ms + at_ms));
        for line in lines {
            let _ = writeln!(out, "\t{line}");
        }
    }
}
