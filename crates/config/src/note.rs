//! Things the operator should know although the server starts.

use std::fmt;

use crate::Origin;

/// One sentence for the log at start-up. `Display` gives the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A flag that only a JVM can use.
    JvmOnly {
        /// The word as written.
        flag: String,
        /// Where it was written.
        origin: Origin,
    },
    /// A name nobody knows. It counts as a property, as Java takes it.
    UnknownKey {
        /// The name as written.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// The known name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// The name is known but has no effect in this place.
    WrongPlace {
        /// The name as written.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// How to set it instead.
        instead: String,
    },
    /// A known setting whose subject this server does not have yet.
    NoEffectYet {
        /// The name as written.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// What the setting is for.
        subject: &'static str,
    },
    /// A lenient setting that does not parse, so the default counts, as in Java.
    DefaultUsed {
        /// The name as written.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// The value that does not parse.
        value: String,
        /// What would have been allowed.
        allowed: String,
        /// The value in force.
        used: String,
    },
    /// A value out of range that was moved into it, as Java does.
    Adjusted {
        /// The name as written.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// The value as written.
        value: String,
        /// What would have been allowed.
        allowed: String,
        /// The value in force.
        used: String,
    },
    /// A key was set twice in the file; the last line counts.
    Overwritten {
        /// The key.
        key: String,
        /// The line that does not count.
        origin: Origin,
    },
    /// A path that depends on the directory the server is started in.
    RelativePath {
        /// The path as written.
        path: String,
    },
    /// Something about the list of servers.
    Ensemble(String),
    /// Something else worth a warning.
    Other(String),
}

impl Note {
    /// Whether this is only for information; every other note is a warning.
    pub fn is_info(&self) -> bool {
        matches!(self, Self::JvmOnly { .. })
    }

    pub(crate) fn is_jvm_flag(&self, word: &str) -> bool {
        matches!(self, Self::JvmOnly { flag, .. } if flag == word)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JvmOnly { flag, origin } => {
                write!(f, "{origin}: {flag} is ignored: JVM only")
            }
            Self::UnknownKey { key, origin, nearest } => {
                write!(f, "{origin}: nothing is called {key}, so it has no effect")?;
                match nearest {
                    Some(nearest) => write!(f, ". Did you mean {nearest}?"),
                    None => Ok(()),
                }
            }
            Self::WrongPlace { key, origin, instead } => {
                write!(f, "{origin}: {key} has no effect here. {instead}")
            }
            Self::NoEffectYet { key, origin, subject } => {
                write!(f, "{origin}: {key} has no effect yet ({subject})")
            }
            Self::DefaultUsed { key, origin, value, allowed, used } => {
                write!(f, "{origin}: {key}={value} is not {allowed}, so the default {used} is used")
            }
            Self::Adjusted { key, origin, value, allowed, used } => {
                write!(f, "{origin}: {key}={value} must be {allowed}, so {used} is used")
            }
            Self::Overwritten { key, origin } => {
                write!(f, "{origin}: {key} is set again further down, and the last line counts")
            }
            Self::RelativePath { path } => {
                write!(f, "{path} is relative. Prepend ./ to indicate that you're sure!")
            }
            Self::Ensemble(text) | Self::Other(text) => f.write_str(text),
        }
    }
}
