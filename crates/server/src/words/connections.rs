use crate::io::ConnInfo;

/// The answer of `cons`.
pub(super) fn full(connections: &[ConnInfo]) -> String {
    let lines: String = connections.iter().map(|info| info.full() + "\n").collect();
    lines + "\n"
}

/// The clients in the answer of `stat`.
pub(super) fn brief(connections: &[ConnInfo]) -> String {
    let lines: String = connections.iter().map(|info| info.brief() + "\n").collect();
    format!("Clients:\n{lines}\n")
}
