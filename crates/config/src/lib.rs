//! From `zoo.cfg`, `-D` properties and arguments to one checked struct.
//!
//! [`Config`] is what the server starts from. [`Config::from_file`] reads a file the
//! way Java does: explicit keys are strict, every other key becomes a property
//! `zookeeper.<key>`, and properties are lenient. [`keys`] is the table of all
//! settings. Whatever touches the disk beyond reading the named files, or asks a
//! resolver, is in [`preflight`].
//!
//! This crate never prints and never starts anything: what the operator should be
//! told comes back as [`Note`]s, what stops the start as an [`Error`].

mod config;
mod ensemble;
mod error;
mod exit_code;
pub mod keys;
mod load;
mod membership;
mod nearest;
mod note;
mod origin;
pub mod preflight;
mod properties;
mod sections;
mod server_line;
mod settings;
mod static_file;
mod system_properties;
mod values;
mod words;

pub use config::{
    Admin, Audit, Auth, AuthProvider, Compression, Config, ConnectionThrottle, DigestAlgorithm,
    FourLetterWords, Limits, ListenAddress, Listeners, Metrics, MetricsProvider, Purge,
    RequestThrottle, Source, Storage, Tree,
};
pub use ensemble::{
    Ensemble, Member, Membership, MultiAddress, PeerAddress, Quorum, QuorumSasl, QuorumTls, Role,
    ServerId,
};
pub use error::Error;
pub use exit_code::ExitCode;
pub use load::config_version_of_name;
pub use note::Note;
pub use origin::Origin;
pub use properties::{Entry, MalformedEscape, Properties};
pub use system_properties::{Property, SystemProperties};
