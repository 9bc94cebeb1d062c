//! Workers that change nodes: one alone, two at once, and one that only looks.

use std::collections::BTreeMap;

use jute::Reader;
use proto::{OpCode, Stat, Zxid};

use super::{Line, ROOT, Worker};
use crate::client::request::{self, Part};
use crate::client::{self, Body, Client, MultiResult, Reply};
use crate::oracle::rng::Rng;

const BURST_MAX: usize = 24;
/// How many setters there are for the onlooker to look at.
const SETTERS: usize = 2;

/// Sets a node to 1, 2, 3, and so on.
pub(super) struct Setter {
    path: String,
    count: Count,
    /// The zxid of the last acknowledged write.
    zxid: Zxid,
}

/// `acknowledged <= the truth <= sent`.
#[derive(Debug, Default)]
struct Count {
    acknowledged: u64,
    sent: u64,
}

impl Count {
    /// Says what is wrong with a value, and goes on from it.
    fn settle(&mut self, what: &str, value: u64, findings: &mut Vec<String>) {
        let Count { acknowledged, sent } = *self;
        if value < acknowledged {
            findings.push(format!("{what} is {value}, but {acknowledged} was acknowledged"));
        }
        if value > sent {
            findings.push(format!("{what} is {value}, but only {sent} was sent"));
        }
        *self = Count { acknowledged: value, sent: value };
    }
}

impl Setter {
    pub(super) fn new(number: usize) -> Self {
        Setter { path: setter_path(number), count: Count::default(), zxid: Zxid::ZERO }
    }
}

fn setter_path(number: usize) -> String {
    format!("{ROOT}/value-{number}")
}

impl Worker for Setter {
    fn prepare(&mut self, line: &mut Line) -> Result<(), client::Error> {
        line.client().create(&self.path, b"0", 0).map(drop)
    }

    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        let first = self.count.sent + 1;
        self.count.sent += 1 + rng.below(BURST_MAX) as u64;
        let padding = " ".repeat(rng.below(3) * rng.below(700));
        let requests: Vec<_> = (first..=self.count.sent)
            .map(|value| {
                let data = format!("{value}{padding}");
                let body = request::set_data(Some(&self.path), Some(data.as_bytes()), -1);
                (OpCode::SetData, body)
            })
            .collect();
        let (count, zxid) = (&mut self.count, &mut self.zxid);
        let mut wrong = None;
        line.burst(&requests, |_, reply| match reply.header.err {
            0 => {
                count.acknowledged += 1;
                *zxid = reply.header.zxid;
            }
            code => wrong = Some(client::Error::Refused(code)),
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error> {
        let (value, stat) = value(line.client(), &self.path)?;
        let is_last = value == self.count.acknowledged;
        self.count.settle(&self.path, value, findings);
        if stat.version as u64 != value {
            findings.push(format!("{} is {value} with version {}", self.path, stat.version));
        }
        if is_last && value > 0 && self.zxid != Zxid::ZERO && stat.mzxid != self.zxid {
            let (got, want) = (stat.mzxid, self.zxid);
            findings.push(format!("{} was changed at {got:?}, not {want:?}", self.path));
        }
        self.zxid = stat.mzxid;
        Ok(())
    }
}

/// A node's number and stat.
fn value(client: &mut Client, path: &str) -> Result<(u64, Stat), client::Error> {
    let (data, stat) = client.get_data(path, false)?;
    Ok((number(&data), stat))
}

/// A text that is no number counts as none that was ever sent.
fn number(data: &[u8]) -> u64 {
    std::str::from_utf8(data).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX)
}

/// Sets two nodes to the same number in one multi, which also moves a third node along; between
/// them multis that must fail as a whole.
pub(super) struct Pair {
    base: String,
    count: Count,
}

impl Pair {
    pub(super) fn new(number: usize) -> Self {
        Pair { base: format!("{ROOT}/pair-{number}"), count: Count::default() }
    }

    fn step(&self, value: u64) -> Vec<u8> {
        let data = value.to_string();
        let set = |name: &str| {
            let path = format!("{}/{name}", self.base);
            let body = request::set_data(Some(&path), Some(data.as_bytes()), -1);
            Part::new(OpCode::SetData, body)
        };
        let marker = |value: u64| format!("{}/markers/{value}", self.base);
        let acl = request::open_acl();
        let create = request::create(Some(&marker(value)), Some(b"m"), Some(&acl), 0);
        let delete = request::path_version(Some(&marker(value - 1)), -1);
        request::multi(&[
            set("left"),
            set("right"),
            Part::new(OpCode::Create, create),
            Part::new(OpCode::Delete, delete),
        ])
    }

    /// Must change nothing: its last part is wrong.
    fn failing(&self) -> Vec<u8> {
        let left = format!("{}/left", self.base);
        request::multi(&[
            Part::new(OpCode::SetData, request::set_data(Some(&left), Some(b"half"), -1)),
            Part::new(OpCode::Check, request::path_version(Some(&left), i32::MAX)),
        ])
    }
}

impl Worker for Pair {
    fn prepare(&mut self, line: &mut Line) -> Result<(), client::Error> {
        for name in ["", "/left", "/right", "/markers", "/markers/0"] {
            line.client().create(&format!("{}{name}", self.base), b"0", 0)?;
        }
        Ok(())
    }

    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        let first = self.count.sent + 1;
        self.count.sent += 1 + rng.below(BURST_MAX) as u64;
        let mut requests = Vec::new();
        let mut values = Vec::new();
        for value in first..=self.count.sent {
            if rng.chance(200) {
                requests.push((OpCode::Multi, self.failing()));
                values.push(None);
            }
            requests.push((OpCode::Multi, self.step(value)));
            values.push(Some(value));
        }
        let count = &mut self.count;
        let mut wrong = None;
        line.burst(&requests, |at, reply| match (values[at], multi_failed(reply)) {
            (Some(value), false) => count.acknowledged = value,
            (None, true) => {}
            _ => wrong = Some(client::Error::Refused(reply.header.err)),
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error> {
        let client = line.client();
        let (left, left_stat) = value(client, &format!("{}/left", self.base))?;
        let (right, right_stat) = value(client, &format!("{}/right", self.base))?;
        let markers = client.get_children(&format!("{}/markers", self.base), false)?;
        self.count.settle(&self.base, left, findings);
        let has_same_zxid = left_stat.mzxid == right_stat.mzxid;
        if left != right || !has_same_zxid || markers != [left.to_string()] {
            findings.push(format!(
                "half a multi: {}/left is {left} ({:?}), right is {right} ({:?}), marked {markers:?}",
                self.base, left_stat.mzxid, right_stat.mzxid
            ));
        }
        Ok(())
    }
}

fn multi_failed(reply: &Reply) -> bool {
    match Body::decode(OpCode::Multi, &mut Reader::new(&reply.body)) {
        Ok(Body::Multi(results)) => {
            results.iter().any(|result| matches!(result, MultiResult::Error { .. }))
        }
        _ => true,
    }
}

/// Reads what the setters write: what somebody has read is durable too.
#[derive(Default)]
pub(super) struct Onlooker {
    seen: BTreeMap<String, u64>,
    went_back: Option<String>,
}

impl Worker for Onlooker {
    fn prepare(&mut self, _: &mut Line) -> Result<(), client::Error> {
        self.seen = (0..SETTERS).map(|number| (setter_path(number), 0)).collect();
        Ok(())
    }

    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        let requests: Vec<_> = (0..1 + rng.below(8))
            .flat_map(|_| self.seen.keys())
            .map(|path| (OpCode::GetData, request::path_watch(Some(path), false)))
            .collect();
        let paths: Vec<String> = self.seen.keys().cloned().collect();
        let (seen, went_back) = (&mut self.seen, &mut self.went_back);
        line.burst(&requests, |at, reply| {
            let path = &paths[at % paths.len()];
            let data = Reader::new(&reply.body).buffer().ok().flatten().unwrap_or_default();
            let (value, before) = (number(data), seen.get(path).copied().unwrap_or_default());
            if value < before {
                *went_back = Some(format!("{path} went back from {before} to {value}"));
            }
            seen.insert(path.clone(), value);
        })
    }

    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error> {
        findings.extend(self.went_back.take());
        for (path, seen) in &mut self.seen {
            let (value, _) = value(line.client(), path)?;
            if value < *seen {
                findings.push(format!("{path} is {value}, but {seen} was read"));
            }
            *seen = value;
        }
        Ok(())
    }
}
