use std::fmt;
use std::sync::Arc;

/// A configuration as its members write it down: `server.N=` lines, groups, weights, a version.
///
/// Only the version is looked at here.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ConfigText(Arc<str>);

impl ConfigText {
    /// The text of a configuration.
    pub fn new(text: &str) -> Self {
        ConfigText(text.into())
    }

    /// Decodes as Java's `new String(bytes, UTF_8)`.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        ConfigText(String::from_utf8_lossy(bytes).into())
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zxid of the reconfiguration that made it, 0 if there is none; `None` if the line with
    /// the version is no hexadecimal number.
    pub fn version(&self) -> Option<i64> {
        // As in a properties file the last one counts.
        let line = self.0.lines().rev().find_map(|line| line.trim().strip_prefix("version="));
        line.map_or(Some(0), |hex| i64::from_str_radix(hex.trim(), 16).ok())
    }
}

impl fmt::Debug for ConfigText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_last_version_line_in_hex() {
        let version = |text: &str| ConfigText::new(text).version();
        assert_eq!(version("server.1=a:1:2:participant\nversion=10000000f"), Some(0x1_0000_000f));
        assert_eq!(version("version=1\nversion=2"), Some(2));
        assert_eq!(version("server.1=a:1:2"), Some(0));
        assert_eq!(version("version=xyz"), None);
    }
}
