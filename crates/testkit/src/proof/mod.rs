//! Proofs that need a whole server: its files handed to and fro between Java and Oxkeeper
//! ([`swap`]), and its death under load ([`kill9`]).
//!
//! What both look at from outside is in [`dump`] (the tree), [`probe`] (what the server says of
//! itself) and [`files`] (the transaction logs, read by other code than the server's own).

pub mod dump;
pub mod files;
pub mod kill9;
pub mod population;
pub mod probe;
pub mod swap;

use std::io;
use std::path::{Path, PathBuf};

use jute::Reader;
use proto::OpCode;

use crate::client::{Body, Client};
use crate::{client, process};

/// Why a proof could not be carried through. What a server did wrong is not an error but a
/// finding in the proof's report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server could not be started or stopped.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// A request failed that must not.
    #[error("{doing}: {source}")]
    Client {
        /// What was tried.
        doing: String,
        /// How it failed.
        source: client::Error,
    },
    /// A file of the test could not be read or changed.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A four-letter word was not answered, or with something else.
    #[error("the four-letter word {word} got: {answer}")]
    Word {
        /// The word.
        word: &'static str,
        /// The answer or the failure.
        answer: String,
    },
    /// A transaction log that does not have the format.
    #[error("{}: no record at offset {offset}: {reason}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// Why not.
        reason: &'static str,
    },
}

impl Error {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::File { path, source }
    }
}

/// Says what was tried when a request fails.
trait Doing<T> {
    /// Adds the words to the error.
    fn doing(self, what: &str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, client::Error> {
    fn doing(self, what: &str) -> Result<T, Error> {
        self.map_err(|source| Error::Client { doing: what.to_owned(), source })
    }
}

/// The body of the next reply, which answers `op`; a result code other than OK is an error.
fn receive_body(client: &mut Client, op: OpCode) -> Result<Body, client::Error> {
    let reply = client.receive_reply()?;
    match reply.header.err {
        0 => Ok(Body::decode(op, &mut Reader::new(&reply.body))?),
        code => Err(client::Error::Refused(code)),
    }
}

/// The property that makes [`SUPER_AUTH`] the super user, on Java and here alike.
pub const SUPER_PROPERTY: (&str, &str) = (
    "zookeeper.DigestAuthenticationProvider.superDigest",
    // Base64 of the SHA-1 of "super:proof".
    "super:3/1C1tu5gHki2ujupdutfbTntRM=",
);

/// What the super user says to be one.
pub const SUPER_AUTH: &[u8] = b"super:proof";
