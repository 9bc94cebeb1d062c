use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::Error;

/// Puts load on any ZooKeeper-compatible server and measures it.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Servers, `host:port[,host:port...]`; connections take them in turn.
    #[arg(long, default_value = "127.0.0.1:2181", value_delimiter = ',')]
    pub servers: Vec<String>,
    /// What to do: set, create, get, list, mixed[:READ_PERCENT] or load (only makes the keys).
    #[arg(long, default_value = "mixed:80")]
    pub workload: Workload,
    /// Connections, each with its own session.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Requests in flight per connection.
    #[arg(long, default_value_t = 16)]
    pub depth: usize,
    /// Data of a node, bytes.
    #[arg(long, default_value_t = 1024)]
    pub size: usize,
    /// Nodes that get, set and list work on.
    #[arg(long, default_value_t = 1000)]
    pub keys: usize,
    /// Seconds of load before measuring.
    #[arg(long, default_value = "2", value_parser = seconds)]
    pub warmup: Duration,
    /// Seconds to measure.
    #[arg(long, default_value = "5", value_parser = seconds)]
    pub duration: Duration,
    /// Stop measuring early after this many operations.
    #[arg(long)]
    pub count: Option<u64>,
    /// Server processes whose CPU time and memory are read.
    #[arg(long, value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Threads of the load generator.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// The node below which everything happens.
    #[arg(long, default_value = "/bench")]
    pub root: String,
    /// Leave the nodes that were made.
    #[arg(long)]
    pub keep: bool,
    /// Session timeout to ask for, ms.
    #[arg(long, default_value_t = 30_000)]
    pub timeout_ms: i32,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write the result as JSON to this file as well.
    #[arg(long)]
    pub json_file: Option<PathBuf>,
}

/// What the connections do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// setData on a random key.
    Set,
    /// create of a new node.
    Create,
    /// getData of a random key.
    Get,
    /// getChildren2 of a node with 100 children.
    List,
    /// getData in this share of cases (percent), else setData.
    Mixed {
        /// Reads in 100 operations.
        read_percent: u8,
    },
    /// Makes the keys and nothing else.
    Load,
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (name, share) = word.split_once(':').map_or((word, None), |(a, b)| (a, Some(b)));
        let workload = match name {
            "set" => Workload::Set,
            "create" => Workload::Create,
            "get" => Workload::Get,
            "list" => Workload::List,
            "load" => Workload::Load,
            "mixed" => {
                let percent = share.map_or(Ok(80), |share| share.parse());
                let percent = percent.ok().filter(|percent| *percent <= 100);
                let percent = percent.ok_or("the share of reads is a number from 0 to 100")?;
                return Ok(Workload::Mixed { read_percent: percent });
            }
            _ => {
                return Err(
                    "known are set, create, get, list, mixed[:READ_PERCENT] and load".into()
                );
            }
        };
        if share.is_some() {
            return Err(format!("only mixed takes a share of reads, not {name}"));
        }
        Ok(workload)
    }
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Workload::Set => f.write_str("set"),
            Workload::Create => f.write_str("create"),
            Workload::Get => f.write_str("get"),
            Workload::List => f.write_str("list"),
            Workload::Mixed { read_percent } => write!(f, "mixed:{read_percent}"),
            Workload::Load => f.write_str("load"),
        }
    }
}

impl Args {
    /// The defaults of the command line.
    pub fn new(servers: Vec<String>, workload: Workload) -> Self {
        Args {
            servers,
            workload,
            connections: 32,
            depth: 16,
            size: 1024,
            keys: 1000,
            warmup: Duration::from_secs(2),
            duration: Duration::from_secs(5),
            count: None,
            pid: Vec::new(),
            threads: 1,
            root: "/bench".into(),
            keep: false,
            timeout_ms: 30_000,
            json: false,
            json_file: None,
        }
    }

    /// The servers' addresses; names are resolved, IPv4 first.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        self.servers.iter().map(|server| resolve(server)).collect()
    }
}

fn resolve(server: &str) -> Result<SocketAddr, Error> {
    let addresses = server.to_socket_addrs();
    let addresses = addresses.map_err(|source| Error::Resolve { server: server.into(), source })?;
    let mut addresses: Vec<SocketAddr> = addresses.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let none = || std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    let first = addresses.first().copied();
    first.ok_or_else(|| Error::Resolve { server: server.into(), source: none() })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "a number of seconds, such as 5 or 0.5")?;
    Duration::try_from_secs_f64(number).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads_are_words() {
        for word in ["set", "create", "get", "list", "load", "mixed:50"] {
            assert_eq!(word.parse::<Workload>().unwrap().to_string(), word);
        }
        assert_eq!("mixed".parse(), Ok(Workload::Mixed { read_percent: 80 }));
        for bad in ["", "put", "mixed:101", "mixed:x", "get:5"] {
            assert!(bad.parse::<Workload>().is_err(), "{bad}");
        }
    }

    #[test]
    fn seconds_may_have_fractions() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert!(seconds("-1").is_err());
        assert!(seconds("soon").is_err());
    }
}
