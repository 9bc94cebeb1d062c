use std::fmt::Write as _;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use proto::SessionId;
use tree::WatcherId;

use crate::io::ConnInfo;
use crate::shared::Shared;

/// The answer of `wchs`.
pub(super) fn summary(shared: &Shared) -> String {
    let summary = shared.watches().summary();
    format!(
        "{} connections watching {} paths\nTotal watches:{}\n",
        summary.connections, summary.paths, summary.watches
    )
}

/// The answer of `wchc`.
pub(super) fn by_session(shared: &Shared, connections: &[ConnInfo]) -> String {
    let sessions = sessions(connections);
    let list = shared.watches().by_watcher();
    let mut out = String::new();
    for (watcher, paths) in list {
        let _ = writeln!(out, "{}", session_of(&sessions, watcher));
        for path in paths {
            let _ = writeln!(out, "\t{path}");
        }
    }
    out + "\n"
}

/// The answer of `wchp`.
pub(super) fn by_path(shared: &Shared, connections: &[ConnInfo]) -> String {
    let sessions = sessions(connections);
    let list = shared.watches().by_path();
    let mut out = String::new();
    for (path, watchers) in list {
        let _ = writeln!(out, "{path}");
        for watcher in watchers {
            let _ = writeln!(out, "\t{}", session_of(&sessions, watcher));
        }
    }
    out + "\n"
}

type Sessions = HashMap<WatcherId, SessionId, RandomState>;

fn sessions(connections: &[ConnInfo]) -> Sessions {
    connections.iter().map(|info| (info.id.watcher(), info.session.unwrap_or_default())).collect()
}

/// A connection that has gone in between is shown as one without session.
fn session_of(sessions: &Sessions, watcher: WatcherId) -> SessionId {
    sessions.get(&watcher).copied().unwrap_or_default()
}
