use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::layers::SANS_IO;

/// What no source may hold, with the reason. Split so that this file passes its own check.
const NOWHERE: &[(&str, &str)] = &[
    (concat!("to", "do!("), "is no finished code"),
    (concat!("unimple", "mented!("), "is no finished code"),
    (concat!("db", "g!("), "is for debugging"),
    (concat!("#[ig", "nore"), "hides a test; assert today's result with a note"),
];

/// What no source below the sans-IO line may hold outside of tests.
const NOT_SANS_IO: &[(&str, &str)] = &[
    ("Instant::now", "time comes in as a value"),
    ("time::Instant", "time comes in as a value"),
    ("SystemTime", "time comes in as a value"),
    ("std::fs", "files are the driver's"),
    ("TcpStream", "sockets are the driver's"),
    ("TcpListener", "sockets are the driver's"),
    ("UdpSocket", "sockets are the driver's"),
    ("ToSocketAddrs", "names are resolved by the driver"),
    ("std::thread", "threads are the driver's"),
    ("std::process", "processes are the driver's"),
    ("std::env", "settings come in as values"),
    ("collections::HashMap", "its order is random; use BTreeMap or hashbrown with a fixed hasher"),
    ("collections::HashSet", "its order is random; use BTreeSet or hashbrown with a fixed hasher"),
];

/// Paths of one machine, which mean nothing to a reader.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Breaches in the files of the checkout.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for file in files(root)? {
        // A file that is listed and gone is being moved by somebody.
        let Ok(text) = fs::read_to_string(root.join(&file)) else { continue };
        if file.ends_with(".rs") {
            breaches.extend(check_source(&file, &text));
        } else if file.ends_with(".md") || file.starts_with("docs/") {
            let words = MACHINE_PATHS.iter().map(|path| (*path, "is a path of one machine"));
            breaches.extend(find(&file, &text, words));
        } else if is_manifest(&file) && !text.contains("[lints]\nworkspace = true") {
            breaches.push(format!("{file}: does not take the lints of the workspace"));
        }
    }
    Ok(breaches)
}

/// Whether it describes a crate of the workspace; the fuzz targets are one of their own.
fn is_manifest(file: &str) -> bool {
    file.ends_with("/Cargo.toml") && !file.starts_with("fuzz/")
}

fn check_source(file: &str, text: &str) -> Vec<String> {
    let code = without_comments(text);
    let mut breaches = find(file, &code, NOWHERE.iter().copied());
    let sans_io = SANS_IO.iter().any(|name| file.starts_with(&format!("crates/{name}/src/")));
    if sans_io && !is_test_file(file) {
        let product = code.split("#[cfg(test)]").next().unwrap_or_default();
        breaches.extend(find(file, product, NOT_SANS_IO.iter().copied()));
        breaches.extend(find_grouped_hash_imports(file, product));
    }
    breaches
}

fn is_test_file(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

fn find<'a>(
    file: &str,
    text: &str,
    words: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Vec<String> {
    let mut breaches = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, why) in words.clone().filter(|(word, _)| line.contains(word)) {
            breaches.push(format!("{file}:{}: {word} {why}", number + 1));
        }
    }
    breaches
}

/// `use std::collections::{BTreeMap, HashMap}`.
fn find_grouped_hash_imports(file: &str, text: &str) -> Vec<String> {
    let imports = text.split("std::collections::{").skip(1);
    let names = imports.filter_map(|rest| rest.split_once('}')).map(|(names, _)| names);
    names
        .filter(|names| names.contains("HashMap") || names.contains("HashSet"))
        .map(|names| format!("{file}: std::collections::{{{names}}}: their order is random"))
        .collect()
}

/// The text with comment lines emptied, so that line numbers stay.
fn without_comments(text: &str) -> String {
    let code = |line: &str| if line.trim_start().starts_with("//") { "" } else { line }.to_owned();
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The files that git knows or would add.
fn files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run git ls-files")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_found_below_the_line_and_only_there() {
        let text = "use std::time::Instant;\n// std::fs is not used\nfn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }";
        assert_eq!(check_source("crates/peer/src/a.rs", text).len(), 1);
        assert!(check_source("crates/server/src/a.rs", text).is_empty());
        assert!(check_source("crates/peer/tests/a.rs", text).is_empty());
    }

    #[test]
    fn unfinished_code_is_found_everywhere() {
        let text = format!("fn f() {{ {}) }}", NOWHERE[0].0);
        assert_eq!(check_source("crates/server/tests/a.rs", &text).len(), 1);
    }

    #[test]
    fn grouped_imports_are_seen() {
        let text = "use std::collections::{BTreeMap,\n    HashMap};";
        assert_eq!(check_source("crates/tree/src/a.rs", text).len(), 1);
    }
}
