use std::process::ExitCode;

/// The ZooKeeper release whose job this program does; clients parse it.
const ZOOKEEPER: &str = "3.9.5";

/// The version that a server reports.
pub(crate) fn version() -> server::Version {
    server::Version { name: name(), built: env!("OXKEEPER_TIME").to_owned() }
}

/// Prints the version as `zkServer.sh version` does.
pub(crate) fn run() -> ExitCode {
    println!("Apache ZooKeeper, version {} {}", name(), env!("OXKEEPER_TIME"));
    ExitCode::SUCCESS
}

fn name() -> String {
    let (own, revision) = (env!("CARGO_PKG_VERSION"), env!("OXKEEPER_REVISION"));
    format!("{ZOOKEEPER}-oxkeeper-{own}-{revision}")
}
