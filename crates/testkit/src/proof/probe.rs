//! What a server says of itself without a session: four-letter words.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use proto::Zxid;

use super::Error;
use crate::process::four_letter_word;

const PATIENCE: Duration = Duration::from_secs(10);

/// The last zxid the server has processed (`srvr`).
///
/// # Errors
/// [`Error::Word`] when it does not say.
pub fn zxid(server: SocketAddr) -> Result<Zxid, Error> {
    let answer = ask(server, "srvr")?;
    answer
        .lines()
        .find_map(|line| line.strip_prefix("Zxid: 0x"))
        .and_then(|hex| i64::from_str_radix(hex.trim(), 16).ok())
        .map(Zxid)
        .ok_or(Error::Word { word: "srvr", answer })
}

/// How often the digest in a transaction was not that of the tree (`mntr`).
///
/// # Errors
/// [`Error::Word`] when it does not say.
pub fn digest_mismatches(server: SocketAddr) -> Result<u64, Error> {
    metric(server, "zk_digest_mismatches_count")
}

/// A counter of `mntr`.
///
/// # Errors
/// [`Error::Word`] when there is none of this name.
pub fn metric(server: SocketAddr, name: &str) -> Result<u64, Error> {
    let answer = ask(server, "mntr")?;
    answer
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| Error::Word { word: "mntr", answer: format!("no number {name}: {answer}") })
}

/// The tree's digest by zxid, for every 128th one (`hash`).
///
/// # Errors
/// [`Error::Word`] when the answer is something else.
pub fn digests(server: SocketAddr) -> Result<BTreeMap<Zxid, i64>, Error> {
    let answer = ask(server, "hash")?;
    let pair = |line: &str| {
        let (zxid, digest) = line.split_once(": ")?;
        Some((Zxid(i64::from_str_radix(zxid, 16).ok()?), digest.trim().parse().ok()?))
    };
    answer
        .lines()
        .map(pair)
        .collect::<Option<BTreeMap<_, _>>>()
        .ok_or(Error::Word { word: "hash", answer })
}

/// True when the server answers `srvr` as one that serves.
pub fn serves(server: SocketAddr) -> bool {
    four_letter_word(server, "srvr", Duration::from_secs(2))
        .is_ok_and(|answer| answer.contains("Mode: "))
}

fn ask(server: SocketAddr, word: &'static str) -> Result<String, Error> {
    four_letter_word(server, word, PATIENCE)
        .map_err(|source| Error::Word { word, answer: source.to_string() })
}
