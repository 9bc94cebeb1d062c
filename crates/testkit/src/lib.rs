//! What tests and tools need around a server: a client that hides nothing, the oracle that holds
//! Oxkeeper against the Java server, and the processes of both.
//!
//! Start at [`client`] for the wire, [`oracle`] for the comparison, [`proof`] for the files.

pub mod client;
pub mod fuzz;
pub mod java;
pub mod oracle;
pub mod process;
pub mod proof;
