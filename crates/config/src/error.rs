//! What stops a start, in a sentence an operator can act on.

use std::io;

use crate::{ExitCode, MalformedEscape, Origin};

/// A configuration that the server refuses. The text names the place, the key, the
/// value and what is allowed; Java's sentence is kept where tools know it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration file is not there.
    #[error(
        "Error processing {path}: {path} file is missing. Give the path of an existing zoo.cfg"
    )]
    Missing {
        /// The path that was asked for.
        path: String,
    },
    /// A file is there but cannot be read.
    #[error("Error processing {path}: it cannot be read ({source}). Check its permissions")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is not in Properties syntax.
    #[error("Error processing {path}: {source}")]
    Syntax {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: MalformedEscape,
    },
    /// A value is outside what its key allows.
    #[error("{origin}: {key}={value}: {reason}")]
    Value {
        /// Where it was set.
        origin: Origin,
        /// The key as the operator wrote it.
        key: String,
        /// The refused value.
        value: String,
        /// Java's sentence if it has one, and what is allowed.
        reason: String,
    },
    /// Keys that are each fine do not fit together, or one is missing.
    #[error("Error processing {path}: {reason}")]
    Whole {
        /// The file.
        path: String,
        /// Java's sentence if it has one, and what to do.
        reason: String,
    },
    /// A property asks for something that a start cannot do without.
    #[error("{origin}: {key}={value}: {reason}")]
    Unusable {
        /// Where it was set.
        origin: Origin,
        /// The property.
        key: String,
        /// Its value.
        value: String,
        /// Java's sentence if it has one, and what is allowed.
        reason: String,
    },
    /// Access rules that contradict each other. Java calls these invalid arguments.
    #[error("{reason}")]
    Rules {
        /// Java's sentence and what to do.
        reason: String,
    },
    /// The words after the program's name make no sense.
    #[error("{reason}. Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]")]
    Usage {
        /// Which word, and why.
        reason: String,
    },
    /// A data directory cannot be used.
    #[error("{reason}")]
    Datadir {
        /// Which directory, why, and what to do.
        reason: String,
    },
}

impl Error {
    /// The code the process should end with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unusable { .. } => ExitCode::Unexpected,
            Self::Datadir { .. } => ExitCode::DatadirNotAccessible,
            _ => ExitCode::InvalidInvocation,
        }
    }

    /// The line Java prints on stderr in this case, which wrappers look for. `None`
    /// where Java only logs.
    pub fn stderr_line(&self) -> Option<&'static str> {
        match self {
            Self::Unusable { .. } => None,
            Self::Datadir { .. } => Some("Unable to access datadir, exiting abnormally"),
            Self::Usage { .. } | Self::Rules { .. } => {
                Some("Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]")
            }
            _ => Some("Invalid config, exiting abnormally"),
        }
    }
}
