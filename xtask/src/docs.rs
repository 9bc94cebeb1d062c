//! `cargo xtask docs`: the pages that are made from code, so that they cannot say anything else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use config::keys::{KEYS, KeySpec, Status, Style};
use testkit::java::workspace_root;

/// The page about every setting.
const CONFIGURATION: &str = "docs/configuration.md";

/// A heading for each group of [`KEYS`].
const GROUPS: [&str; 7] = [
    "The configuration file itself: ports, times, purge, metrics",
    "Servers of an ensemble",
    "Files on disk and the tree",
    "Connections, limits, overload, four-letter words, admin",
    "Authentication and access",
    "TLS",
    "Settings of clients, of Java's log and of JMX",
];

const INTRODUCTION: &str = "\
# Every setting

<!-- Made by `cargo xtask docs` from crates/config/src/keys; edit there. -->

This page lists every key of `zoo.cfg` and every property of ZooKeeper 3.9, and says for each
whether Oxkeeper acts on it. `docs/operations.md` tells how to run the server.

## How settings are read

- `zoo.cfg` is a Java properties file: `key=value`, comments begin with `#`, a backslash at the
  end of a line goes on in the next one. When a key stands there twice, the last line counts and a
  warning says so.
- A **property** is given as `-Dname=value`: on the command line before the file's name, or in the
  environment variables `SERVER_JVMFLAGS` and `JVMFLAGS`.
- A key that has a property may stand in either place. `snapCount=1000` in the file and
  `-Dzookeeper.snapCount=1000` mean the same. When both are given, the file wins, as in Java.
- A row without a property works in the file only. A row whose key is empty works as a property
  only; in the file it has no effect, and a warning says so.
- A key that nobody knows has no effect. A warning names the known key that looks most like it.

## What happens to a bad value

- *or no start*: the server refuses to start and names file, line, key, value and what is allowed.
- *or the default*: the default counts, and a warning says so.
- `true` in any case is true and anything else is false where it says *true; anything else is
  false*.

## Does it act on it?

- **yes**: a standalone server does what the row says.
- **not yet**: the value is read and checked, and nothing more. One line at start lists all such
  keys that are set. What is about ensembles is not listed, because it means nothing to a single
  server in Java either.
- **JVM**: it is about the inside of Java's server. It is accepted and nothing corresponds to it.
- **client**: a client reads it, not the server.
";

/// Makes the pages that are made from code.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Writes nothing; fails when a page is not up to date.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the pages; exit code 1 when a check fails.
pub fn run(args: &Args) -> Result<ExitCode> {
    let root = workspace_root();
    if args.check {
        let breaches = check(&root);
        breaches.iter().for_each(|breach| println!("docs: {breach}"));
        return Ok(if breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let path = root.join(CONFIGURATION);
    fs::write(&path, configuration())
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("docs: wrote {CONFIGURATION}");
    Ok(ExitCode::SUCCESS)
}

/// What is wrong with the pages in the checkout.
pub fn check(root: &Path) -> Vec<String> {
    // A file that is not there is not up to date either.
    let found = fs::read_to_string(root.join(CONFIGURATION)).unwrap_or_default();
    match found == configuration() {
        true => Vec::new(),
        false => vec![format!("{CONFIGURATION}: does not fit the code; run cargo xtask docs")],
    }
}

/// The text of [`CONFIGURATION`].
fn configuration() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (heading, keys) in GROUPS.iter().zip(KEYS) {
        let _ = write!(
            page,
            "\n## {heading}\n\n\
             | key | property | default | unit | allowed | what it does | acts on it |\n\
             | --- | --- | --- | --- | --- | --- | --- |\n"
        );
        keys.iter().for_each(|spec| page += &row(spec));
    }
    page
}

fn row(spec: &KeySpec) -> String {
    let code = |text: &str| match text {
        "" => String::new(),
        text => format!("`{}`", escape(text)),
    };
    let mut property = code(spec.property.unwrap_or_default());
    if let Some(older) = spec.older_property {
        let _ = write!(property, " or `{older}`");
    }
    let unit = if spec.unit == "-" { "" } else { spec.unit };
    format!(
        "| {} | {property} | {} | {} | {} | {} | {} |\n",
        code(spec.key.unwrap_or_default()),
        escape(spec.default),
        escape(unit),
        escape(&allowed(spec.style)),
        escape(spec.effect),
        escape(&acts(spec.status)),
    )
}

fn allowed(style: Style) -> String {
    match style {
        Style::StrictInt => "32-bit number, or no start".to_owned(),
        Style::StrictLong => "64-bit number, or no start".to_owned(),
        Style::StrictBool => "true or false, or no start".to_owned(),
        Style::StrictDouble => "number, or no start".to_owned(),
        Style::Int => "32-bit number (also 0x…, octal), or the default".to_owned(),
        Style::Long => "64-bit number (also 0x…, octal), or the default".to_owned(),
        Style::DecimalOrDefault => "64-bit number, or the default".to_owned(),
        Style::Double => "number, or the default".to_owned(),
        Style::Bool | Style::BoolTrue => "true; anything else is false".to_owned(),
        Style::ExactWord(word) => format!("exactly `{word}`; anything else is the default"),
        Style::OneOf(words) => {
            let word = |word: &&str| match *word {
                "" => "empty".to_owned(),
                word => format!("`{word}`"),
            };
            format!("{}, in any case", words.iter().map(word).collect::<Vec<_>>().join(", "))
        }
        Style::Text => "text".to_owned(),
        Style::Path => "path".to_owned(),
        Style::Host => "host name or address".to_owned(),
        Style::List => "items with commas between them".to_owned(),
        Style::Class => "name of a Java class".to_owned(),
        Style::Hex => "hexadecimal number without 0x".to_owned(),
        Style::Member => "a line of the server list".to_owned(),
    }
}

fn acts(status: Status) -> String {
    match status {
        Status::Standalone => "yes".to_owned(),
        Status::ParsedOnly(subject) => format!("not yet: {subject}"),
        Status::JvmOnly => "JVM".to_owned(),
        Status::ClientOnly => "client".to_owned(),
    }
}

/// A bar ends a cell, also inside of code.
fn escape(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_settings_has_its_heading() {
        assert_eq!(KEYS.len(), GROUPS.len());
        let first: Vec<_> = KEYS.iter().map(|keys| keys[0].name()).collect();
        // Who reorders the groups has to look at the headings.
        assert_eq!(first[0], "dataDir");
        assert_eq!(first[2], "snapCount");
        assert_eq!(first[3], "jute.maxbuffer");
    }

    #[test]
    fn every_setting_has_a_row_of_seven_cells() {
        let page = configuration();
        let rows = page.lines().filter(|line| line.starts_with("| ") && !line.contains("---"));
        let mut count = 0;
        for row in rows {
            let cells = row.replace("\\|", "").matches('|').count() - 1;
            assert_eq!(cells, 7, "{row}");
            count += 1;
        }
        assert_eq!(count, config::keys::all().count() + GROUPS.len());
    }
}
