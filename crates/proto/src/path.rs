//! Rules and parts of znode paths.

/// Whether `path` passes the full rule (`PathUtils.validatePath`).
///
/// It starts with `/`, has no trailing `/`, no empty, `.` or `..` component, and none of
/// U+0000-001F, U+007F-009F, U+D800-F8FF, U+FFF0-FFFF as UTF-16 units, which bars every
/// supplementary character.
pub fn is_valid(path: &str) -> bool {
    if path == "/" {
        return true;
    }
    let Some(rest) = path.strip_prefix('/') else { return false };
    rest.split('/').all(is_valid_name)
}

fn is_valid_name(name: &str) -> bool {
    if matches!(name, "" | "." | "..") {
        return false;
    }
    // Printable ASCII needs no decoding.
    name.bytes().all(|b| (0x20..0x7f).contains(&b)) || name.chars().all(is_valid_char)
}

fn is_valid_char(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{10ffff}')
}

/// The parent of `path` as Java cuts it, at the last slash: the parent of `/a` is the empty path.
///
/// `None` when there is no slash.
pub fn parent(path: &str) -> Option<&str> {
    path.rfind('/').map(|slash| &path[..slash])
}

/// The last component; `None` when there is no slash.
pub fn name(path: &str) -> Option<&str> {
    path.rfind('/').map(|slash| &path[slash + 1..])
}

/// Whether ZooKeeper itself owns the node, so that it cannot be deleted (`DataTree.isSpecialPath`).
pub fn is_special(path: &str) -> bool {
    matches!(path, "/" | "/zookeeper" | "/zookeeper/quota" | CONFIG)
}

/// The node with the ensemble's configuration.
pub const CONFIG: &str = "/zookeeper/config";

/// Where quotas are kept.
pub const QUOTA: &str = "/zookeeper/quota";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_rule_is_javas() {
        for good in ["/", "/a", "/a/b", "/a.b", "/...", "/.a", "/a..", "/é", "/ "] {
            assert!(is_valid(good), "{good:?}");
        }
        let bad =
            ["", "a", "/a/", "//", "/a//b", "/.", "/..", "/a/./b", "/a/..", "/a\u{1}", "/\u{fffd}"];
        for bad in bad.iter().chain(&["/\u{7f}", "/\u{1f600}", "/\u{e000}", "/a\0"]) {
            assert!(!is_valid(bad), "{bad:?}");
        }
        assert!(is_valid("/\u{ffef}"));
    }

    #[test]
    fn parents_are_cut_at_the_last_slash() {
        assert_eq!(parent("/a"), Some(""));
        assert_eq!(parent("/a/b"), Some("/a"));
        assert_eq!(parent("/a/"), Some("/a"));
        assert_eq!(parent("a"), None);
        assert_eq!(name("/a/b"), Some("b"));
    }
}
