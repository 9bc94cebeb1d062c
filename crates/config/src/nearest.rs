//! The known name that a mistyped one most likely meant.

use crate::keys;

/// The closest name a file may hold, if any is close enough to be a slip.
pub fn key(mistyped: &str) -> Option<&'static str> {
    closest(mistyped, keys::all().filter_map(|spec| spec.key))
}

/// The closest property name.
pub fn property(mistyped: &str) -> Option<&'static str> {
    closest(mistyped, keys::all().filter_map(|spec| spec.property))
}

fn closest(mistyped: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let wanted: Vec<char> = mistyped.to_lowercase().chars().take(LENGTH_MAX).collect();
    // A third of the letters wrong is no slip any more.
    let allowed = (wanted.len() / 3).clamp(1, 6);
    names
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Longer than any known name; bounds the work for a hostile file.
const LENGTH_MAX: usize = 100;

/// Insertions, deletions and replacements between two names (Levenshtein).
fn distance(left: &[char], right: &str) -> usize {
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (index, right) in right.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, left) in left.iter().enumerate() {
            let replaced = diagonal + usize::from(*left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[left.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        for (mistyped, want) in [
            ("ticktime", Some("tickTime")),
            ("tickTme", Some("tickTime")),
            ("snapcont", Some("snapCount")),
            ("dataDirectory", None),
            ("maxClientConns", Some("maxClientCnxns")),
            ("autopurge.snapRetentionCount", Some("autopurge.snapRetainCount")),
            ("x", None),
            ("something.entirely.different", None),
        ] {
            assert_eq!(key(mistyped), want, "{mistyped}");
        }
        assert_eq!(property("zookeeper.snapCuont"), Some("zookeeper.snapCount"));
    }

    #[test]
    fn distance_counts_single_edits() {
        let kitten: Vec<char> = "kitten".chars().collect();
        assert_eq!(distance(&kitten, "sitting"), 3);
        assert_eq!(distance(&[], "abc"), 3);
        assert_eq!(distance(&kitten, ""), 6);
    }
}
