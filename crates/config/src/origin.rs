//! Where a setting was written.

use std::fmt;
use std::path::PathBuf;

/// The place to look at when a setting is wrong. Prints as `conf/zoo.cfg line 4`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A line of a configuration file, counted from 1.
    File {
        /// The file as it was named to us.
        path: PathBuf,
        /// First line of the entry.
        line: u32,
    },
    /// A `-D` word of an environment variable, such as `SERVER_JVMFLAGS`.
    Environment(&'static str),
    /// An argument of the program.
    Argument,
    /// Set by the server itself.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{} line {line}", path.display()),
            Self::Environment(variable) => write!(f, "{variable}"),
            Self::Argument => f.write_str("command line"),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}
