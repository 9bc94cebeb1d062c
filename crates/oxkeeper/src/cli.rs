use clap::{Args, Parser, Subcommand};

use crate::purge::Purge;
use crate::word::Word;

/// Apache ZooKeeper's job, done by one small native program.
#[derive(Debug, Parser)]
#[command(
    name = "oxkeeper",
    version = env!("CARGO_PKG_VERSION"),
    after_help = EXAMPLES,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  oxkeeper                             a server on 127.0.0.1:2181 with its data in ./oxkeeper-data
  oxkeeper server conf/zoo.cfg         a server with an existing ZooKeeper configuration
  oxkeeper conf/zoo.cfg                the same
  oxkeeper server 2181 /var/lib/zk     a server with this port and data directory
  oxkeeper 4lw localhost 2181 srvr     ask a server how it is
  oxkeeper bench --workload set        measure any ZooKeeper-compatible server

Properties are given as to Java: oxkeeper server -Dzookeeper.snapCount=1000 conf/zoo.cfg,
or in the environment variables SERVER_JVMFLAGS and JVMFLAGS.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a server
    Server(Server),
    /// Ask a server with a four-letter word and print its answer
    #[command(name = "4lw")]
    Word(Word),
    /// Print the version
    Version,
    /// Remove old snapshots and transaction logs
    Purge(Purge),
    /// Put load on a server and measure it
    Bench(bench::Args),
    /// Words that are no subcommand are those of `server`
    #[command(external_subcommand)]
    Start(Vec<String>),
}

#[derive(Debug, Args)]
pub(crate) struct Server {
    /// A configuration file, or: port dataDir [tickTime] [maxClientCnxns]
    ///
    /// Before them may stand -Dname=value properties; flags that only a JVM understands, and
    /// --main-class X, are taken and ignored. Without any word the server runs on
    /// 127.0.0.1:2181 with its data in ./oxkeeper-data.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true, value_name = "WORD")]
    pub(crate) words: Vec<String>,
}
