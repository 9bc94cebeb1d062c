//! A worker that creates sequential nodes next to others.

use std::collections::{BTreeMap, BTreeSet};

use jute::Reader;
use proto::{CreateMode, OpCode};

use super::{Line, ROOT, Worker};
use crate::client::{self, Body, request};
use crate::oracle::rng::Rng;

const BURST_MAX: usize = 16;

/// Creates sequential nodes with a text of its own in each. All counters share one parent, and
/// each removes its own nodes after every round.
pub(super) struct Counter {
    number: usize,
    /// The texts of this round and the names that were acknowledged for them.
    sent: u64,
    acknowledged: BTreeMap<String, String>,
    /// The highest number in any name that was acknowledged or found.
    highest: i64,
    first_of_round: u64,
}

impl Counter {
    pub(super) fn new(number: usize) -> Self {
        let acknowledged = BTreeMap::new();
        Counter { number, sent: 0, acknowledged, highest: -1, first_of_round: 0 }
    }

    fn parent() -> String {
        format!("{ROOT}/sequence")
    }

    fn text(&self, at: u64) -> String {
        format!("{}-{at}", self.number)
    }

    fn prefix(&self) -> String {
        format!("n{}-", self.number)
    }
}

/// The number at the end of a sequential name.
fn suffix(name: &str) -> i64 {
    name.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(i64::MAX)
}

impl Worker for Counter {
    fn prepare(&mut self, line: &mut Line) -> Result<(), client::Error> {
        match line.client().exists(&Counter::parent(), false)? {
            Some(_) => Ok(()),
            None => line.client().create(&Counter::parent(), b"", 0).map(drop),
        }
    }

    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        let acl = request::open_acl();
        let path = format!("{}/{}", Counter::parent(), self.prefix());
        let first = self.sent;
        self.sent += 1 + rng.below(BURST_MAX) as u64;
        let texts: Vec<String> = (first..self.sent).map(|at| self.text(at)).collect();
        let flags = CreateMode::PersistentSequential as i32;
        let requests: Vec<_> = texts
            .iter()
            .map(|text| {
                let body = request::create(Some(&path), Some(text.as_bytes()), Some(&acl), flags);
                (OpCode::Create, body)
            })
            .collect();
        let acknowledged = &mut self.acknowledged;
        let mut wrong = None;
        line.burst(&requests, |at, reply| {
            let name = Reader::new(&reply.body)
                .string()
                .ok()
                .flatten()
                .map(|path| path.rsplit('/').next().unwrap_or_default().to_owned());
            match name {
                Some(name) if reply.header.err == 0 => {
                    acknowledged.insert(name, texts[at].clone());
                }
                _ => wrong = Some(client::Error::Refused(reply.header.err)),
            }
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error> {
        let parent = Counter::parent();
        let prefix = self.prefix();
        let mut names = line.client().get_children(&parent, false)?;
        names.retain(|name| name.starts_with(&prefix));
        let mut found = BTreeMap::new();
        for chunk in names.chunks(500) {
            let requests: Vec<_> = chunk
                .iter()
                .map(|name| {
                    let path = format!("{parent}/{name}");
                    (OpCode::GetData, request::path_watch(Some(&path), false))
                })
                .collect();
            line.burst(&requests, |at, reply| {
                let body = Body::decode(OpCode::GetData, &mut Reader::new(&reply.body));
                if let Ok(Body::Data(Some(data), _)) = body {
                    let text = String::from_utf8_lossy(&data).into_owned();
                    found.insert(chunk[at].clone(), text);
                }
            })?;
        }
        for (name, text) in &self.acknowledged {
            match found.get(name) {
                Some(there) if there == text => {}
                other => {
                    findings.push(format!("{name} was acknowledged with {text}, is {other:?}"))
                }
            }
        }
        let texts: BTreeSet<&String> = found.values().collect();
        if texts.len() != found.len() {
            findings.push(format!("a create of {prefix} was done twice"));
        }
        let sent: BTreeSet<String> =
            (self.first_of_round..self.sent).map(|at| self.text(at)).collect();
        if let Some(other) = texts.iter().find(|text| !sent.contains(**text)) {
            findings.push(format!("{prefix} has {other}, which nobody sent in this round"));
        }
        if let Some(old) = found.keys().find(|name| suffix(name) <= self.highest) {
            findings.push(format!("the number of {old} was used before, up to {}", self.highest));
        }
        self.highest = found.keys().map(|name| suffix(name)).max().unwrap_or(-1).max(self.highest);
        self.clear(line, &names)
    }
}

impl Counter {
    fn clear(&mut self, line: &mut Line, names: &[String]) -> Result<(), client::Error> {
        for chunk in names.chunks(500) {
            let requests: Vec<_> = chunk
                .iter()
                .map(|name| {
                    let path = format!("{}/{name}", Counter::parent());
                    (OpCode::Delete, request::path_version(Some(&path), -1))
                })
                .collect();
            line.burst(&requests, |_, _| {})?;
        }
        self.acknowledged.clear();
        self.first_of_round = self.sent;
        Ok(())
    }
}
