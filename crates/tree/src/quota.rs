//! Quotas: where they are kept, what their text says, and which one encloses a path.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proto::path::QUOTA;
use thiserror::Error;

/// The name of the node with the limits.
pub const LIMITS_NAME: &str = "zookeeper_limits";
/// The name of the node with the usage.
pub const STATS_NAME: &str = "zookeeper_stats";

/// The node with the limits of `path`.
pub fn limits_path(path: &str) -> String {
    format!("{QUOTA}{path}/{LIMITS_NAME}")
}

/// The node with the usage of `path`.
pub fn stats_path(path: &str) -> String {
    format!("{QUOTA}{path}/{STATS_NAME}")
}

/// The text of a limits or stats node is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not the text of a quota node (count=<n>,bytes=<n>)")]
pub struct BadQuotaText(pub String);

/// What a limits or stats node says (`StatsTrack`): numbers by name, -1 for no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatsTrack(BTreeMap<String, i64>);

impl StatsTrack {
    /// Reads the text; unknown names are kept.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadQuotaText> {
        let text = String::from_utf8_lossy(bytes);
        let bad = || BadQuotaText(text.clone().into_owned());
        let mut values = BTreeMap::new();
        for pair in text.split([',', ';']).filter(|pair| !pair.is_empty()) {
            let (name, rest) = pair.split_once('=').ok_or_else(bad)?;
            // The bytes have a second "=" behind them when hard limits follow.
            let value = match rest.split('=').next().unwrap_or_default() {
                "" => -1,
                number => number.parse().map_err(|_| bad())?,
            };
            values.insert(name.to_owned(), value);
        }
        Ok(StatsTrack(values))
    }

    /// Usage, as a stats node says it.
    pub fn usage(count: i64, bytes: i64) -> Self {
        StatsTrack([("count".to_owned(), count), ("bytes".to_owned(), bytes)].into())
    }

    /// The number of nodes, or its soft limit.
    pub fn count(&self) -> i64 {
        self.value("count")
    }

    /// The bytes of data, or their soft limit.
    pub fn bytes(&self) -> i64 {
        self.value("bytes")
    }

    /// The hard limit of nodes.
    pub fn count_hard_limit(&self) -> i64 {
        self.value("countHardLimit")
    }

    /// The hard limit of bytes.
    pub fn byte_hard_limit(&self) -> i64 {
        self.value("byteHardLimit")
    }

    /// Adds to count and bytes.
    pub(crate) fn add(&mut self, count: i64, bytes: i64) {
        let (count, bytes) = (self.count().wrapping_add(count), self.bytes().wrapping_add(bytes));
        self.0.insert("count".to_owned(), count);
        self.0.insert("bytes".to_owned(), bytes);
    }

    fn value(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(-1)
    }
}

impl fmt::Display for StatsTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "count={},bytes={}", self.count(), self.bytes())?;
        let mut others =
            self.0.iter().filter(|(name, _)| *name != "count" && *name != "bytes").peekable();
        if others.peek().is_some() {
            // This makes parsers of 3.4 skip the rest.
            f.write_str("=")?;
        }
        others.try_for_each(|(name, value)| write!(f, ";{name}={value}"))
    }
}

/// The path that the quota node `parent` (of limits or stats) is about, as Java cuts it.
pub(crate) fn limited_path(parent: &str) -> Option<&str> {
    parent.get(QUOTA.len()..)
}

/// The paths that have limits (`PathTrie`).
#[derive(Default)]
pub(crate) struct LimitedPaths(BTreeSet<Box<str>>);

impl LimitedPaths {
    pub(crate) fn add(&mut self, path: &str) {
        let path = normal(path);
        // The root has no quota: ZooKeeper never finds one there.
        if !path.is_empty() {
            self.0.insert(path.into());
        }
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.0.remove(&*normal(path));
    }

    /// The deepest limited path that is `path` or above it.
    pub(crate) fn enclosing(&self, path: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let path = normal(path);
        let mut prefix = &*path;
        while !prefix.is_empty() {
            if let Some(found) = self.0.get(prefix) {
                return Some(found);
            }
            prefix = proto::path::parent(prefix)?;
        }
        None
    }
}

/// Java's trie leaves out components that are empty or blank.
fn normal(path: &str) -> Cow<'_, str> {
    let blank = |part: &str| part.chars().all(|c| c <= ' ');
    let Some(rest) = path.strip_prefix('/') else { return join(path.split('/'), blank) };
    if rest.split('/').any(blank) { join(rest.split('/'), blank) } else { Cow::Borrowed(path) }
}

fn join<'a>(parts: impl Iterator<Item = &'a str>, blank: impl Fn(&str) -> bool) -> Cow<'a, str> {
    Cow::Owned(parts.filter(|part| !blank(part)).flat_map(|part| ["/", part]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_read_and_written_as_in_java() {
        let text = "count=4,bytes=5=;countHardLimit=10;byteHardLimit=11";
        let stats = StatsTrack::parse(text.as_bytes()).unwrap();
        assert_eq!((stats.count(), stats.bytes()), (4, 5));
        assert_eq!((stats.count_hard_limit(), stats.byte_hard_limit()), (10, 11));
        assert_eq!(stats.to_string(), "count=4,bytes=5=;byteHardLimit=11;countHardLimit=10");
        assert_eq!(StatsTrack::usage(3, 0).to_string(), "count=3,bytes=0");
        assert_eq!(StatsTrack::default().to_string(), "count=-1,bytes=-1");
        assert_eq!(StatsTrack::parse(b"count==7").unwrap().count(), -1);
        assert!(StatsTrack::parse(b"count=many").is_err());
        assert!(StatsTrack::parse(b"count").is_err());
    }

    #[test]
    fn the_nearest_limit_counts() {
        let mut limits = LimitedPaths::default();
        limits.add("/a");
        limits.add("/a/b/c");
        limits.add("");
        assert_eq!(limits.enclosing("/a"), Some("/a"));
        assert_eq!(limits.enclosing("/a/b"), Some("/a"));
        assert_eq!(limits.enclosing("/a/b/c/d/e"), Some("/a/b/c"));
        assert_eq!(limits.enclosing("/a/ /b/c"), Some("/a/b/c"));
        assert_eq!(limits.enclosing("/ab"), None);
        assert_eq!(limits.enclosing("/"), None);
        limits.remove("/a");
        assert_eq!(limits.enclosing("/a/b"), None);
    }
}
