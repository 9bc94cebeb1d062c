//! The list of servers and what holds between them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::ListenAddress;

/// Number of a server, from `myid` and `server.N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub i64);

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Votes and acknowledges.
    Participant,
    /// Follows without a vote.
    Observer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Participant => "participant",
            Self::Observer => "observer",
        })
    }
}

/// One address of a member, names unresolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    /// Host name or address, without brackets.
    pub host: String,
    /// Port a leader serves learners on.
    pub quorum_port: u16,
    /// Port votes are exchanged on.
    pub election_port: u16,
}

/// One line of the server list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub id: ServerId,
    /// At least one; several only with `multiAddress.enabled`.
    pub addresses: Vec<PeerAddress>,
    /// Voter or observer.
    pub role: Role,
    /// Where it serves clients, if the list says so.
    pub client: Option<ListenAddress>,
    /// Whether `client` comes from `clientPort` and not from the list.
    pub client_from_static_file: bool,
}

/// Which sets of servers may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quorum {
    /// More than half of the voters.
    Majority {
        /// File that decides between two voters.
        oracle: Option<PathBuf>,
    },
    /// More than half of the groups, in each more than half of its weight.
    Hierarchical {
        /// Group of each server.
        groups: BTreeMap<ServerId, i64>,
        /// Votes of each server that is in a group.
        weights: BTreeMap<ServerId, i64>,
    },
}

/// A version of the server list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// All members by number.
    pub members: BTreeMap<ServerId, Member>,
    /// Who may decide.
    pub quorum: Quorum,
    /// Zxid of the change that made this list.
    pub version: i64,
}

impl Membership {
    /// Members with a vote.
    pub fn voters(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.role == Role::Participant)
    }

    /// Members without a vote.
    pub fn observers(&self) -> impl Iterator<Item = &Member> {
        self.members.values().filter(|member| member.role == Role::Observer)
    }
}

/// The list of servers and what holds between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensemble {
    /// This server's number, from `myid`; a standalone server needs none.
    pub my_id: Option<ServerId>,
    /// The list in force. Empty for a plain standalone server.
    pub membership: Membership,
    /// A list that was proposed but not known to be committed (`.dynamic.next`).
    pub pending: Option<Membership>,
    /// This server's role by the list.
    pub role: Role,
    /// One voter runs without election.
    pub standalone_enabled: bool,
    /// Clients may change the list.
    pub reconfig_enabled: bool,
    /// Ticks that joining and catching up may take.
    pub init_limit_ticks: i32,
    /// Ticks a server may lag behind its leader.
    pub sync_limit_ticks: i32,
    /// Ticks that opening the connection to a leader may take; 0 for the init limit.
    pub connect_to_learner_master_limit_ticks: i32,
    /// Port on which followers take observers.
    pub observer_master_port: Option<u16>,
    /// Quorum and election ports bind every address.
    pub listen_on_all_addresses: bool,
    /// Observers keep transactions on disk.
    pub sync_enabled: bool,
    /// File that holds the list, if it is not in the main file.
    pub dynamic_config_file: Option<PathBuf>,
    /// New sessions stay on the server they began on.
    pub local_sessions: bool,
    /// A local session becomes global with its first ephemeral node.
    pub local_sessions_upgrading: bool,
    /// Several addresses of one server.
    pub multi_address: MultiAddress,
    /// TLS between servers.
    pub tls: QuorumTls,
    /// SASL between servers.
    pub sasl: QuorumSasl,
}

impl Ensemble {
    /// Whether this server takes part in elections.
    pub fn is_distributed(&self) -> bool {
        !self.standalone_enabled || self.membership.voters().count() > 1
    }
}

/// Several addresses of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiAddress {
    /// Whether several are allowed.
    pub enabled: bool,
    /// Whether it is tried which of them answers.
    pub reachability_check: bool,
    /// How long such a try may take.
    pub reachability_check_timeout_ms: i32,
}

/// TLS between servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumTls {
    /// Whether it is used.
    pub enabled: bool,
    /// Whether plain text is taken too.
    pub port_unification: bool,
    /// Whether changed stores are read again.
    pub reload_cert_files: bool,
}

/// SASL between servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuorumSasl {
    /// Whether it is used.
    pub enabled: bool,
    /// Whether servers that do not authenticate are refused.
    pub server_required: bool,
    /// Whether this server authenticates when it connects.
    pub learner_required: bool,
    /// JAAS section for connections this server opens.
    pub learner_login_context: String,
    /// JAAS section for connections this server accepts.
    pub server_login_context: String,
    /// Principal of the other servers.
    pub service_principal: String,
    /// Threads for authenticated election connections.
    pub cnxn_threads: i32,
}
