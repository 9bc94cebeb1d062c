use super::metadata::Package;

/// Which crates of ours a crate may import: only what lies below it in the house.
///
/// Tests may import anything; Cargo refuses circles.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("jute", &[]),
    ("proto", &["jute"]),
    ("tree", &["proto", "jute"]),
    ("zab", &["proto", "jute"]),
    ("peer", &["zab", "tree", "proto", "jute"]),
    ("storage", &["tree", "proto", "jute"]),
    ("config", &["zab", "proto", "jute"]),
    ("net", &["proto", "jute"]),
    ("client", &["net", "proto", "jute"]),
    ("server", &["peer", "zab", "tree", "storage", "config", "net", "proto", "jute"]),
    ("bench", &["client", "net", "proto", "jute"]),
    ("cli", &["client", "storage", "config", "net", "tree", "proto", "jute"]),
    (
        "oxkeeper",
        &["server", "bench", "cli", "client", "storage", "config", "net", "tree", "proto", "jute"],
    ),
    ("sim", &["peer", "zab", "tree", "storage", "proto", "jute"]),
    ("testkit", &["peer", "zab", "tree", "storage", "config", "net", "client", "proto", "jute"]),
    ("xtask", &["testkit", "bench", "sim", "storage", "config", "proto", "jute"]),
];

/// The crates below the sans-IO line.
pub const SANS_IO: &[&str] = &["jute", "proto", "tree", "zab", "peer"];

/// Crates that reach for a clock, socket, file, thread or random source, or know JSON.
const EFFECTS: &[&str] = &[
    "tokio",
    "mio",
    "socket2",
    "rustix",
    "libc",
    "nix",
    "getrandom",
    "rand",
    "fastrand",
    "chrono",
    "time",
    "tempfile",
    "serde_json",
    "crossbeam-channel",
    "parking_lot",
];

/// Breaches of the layering.
pub fn check(packages: &[Package]) -> Vec<String> {
    let ours: Vec<&Package> = packages.iter().filter(|package| package.is_ours()).collect();
    let mut breaches = Vec::new();
    for package in &ours {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == package.name) else {
            breaches.push(format!("{}: has no place in the layering of xtask", package.name));
            continue;
        };
        let imports = package.dependencies.iter().filter(|import| import.is_normal());
        for import in imports {
            let name = import.name.as_str();
            if ours.iter().any(|package| package.name == name) && !allowed.contains(&name) {
                breaches.push(format!("{}: must not import {name}", package.name));
            }
            if SANS_IO.contains(&package.name.as_str()) && EFFECTS.contains(&name) {
                let crate_name = &package.name;
                breaches.push(format!("{crate_name}: is below the sans-IO line, no {name} there"));
            }
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Dependency;
    use super::*;

    fn package(name: &str, imports: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).into(),
            kind: kind.map(Into::into),
        };
        Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: None,
            source: None,
            dependencies: imports.iter().map(dependency).collect(),
        }
    }

    #[test]
    fn imports_go_down_only() {
        let packages = [
            package("jute", &[("proto", None), ("tokio", None)]),
            package("proto", &[("jute", None), ("tokio", Some("dev")), ("server", Some("dev"))]),
            package("attic", &[]),
        ];
        let breaches = check(&packages);
        assert_eq!(breaches.len(), 3, "{breaches:?}");
        assert_eq!(breaches[0], "jute: must not import proto");
    }

    #[test]
    fn the_table_has_no_upward_line() {
        for (at, (name, allowed)) in MAY_IMPORT.iter().enumerate() {
            for import in *allowed {
                let place = MAY_IMPORT.iter().position(|(known, _)| known == import);
                let program = matches!(*name, "oxkeeper" | "xtask" | "testkit");
                assert!(program || place.is_some_and(|place| place < at), "{name} -> {import}");
            }
        }
    }
}
