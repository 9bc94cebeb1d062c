//! A worker that creates and deletes.

use proto::OpCode;

use super::{Line, ROOT, Worker};
use crate::client::{self, request};
use crate::oracle::rng::Rng;

const BURST_MAX: usize = 16;
/// Nodes that are left standing, so that snapshots have something to write.
const STANDING: u64 = 300;

/// Creates the nodes 0, 1, 2 and so on, and deletes the oldest: what is there is one range.
pub(super) struct Creator {
    base: String,
    /// Created: `acknowledged <= the end of the range <= sent`.
    created: (u64, u64),
    /// Deleted: likewise the start of the range.
    deleted: (u64, u64),
}

impl Creator {
    pub(super) fn new(number: usize) -> Self {
        Creator { base: format!("{ROOT}/list-{number}"), created: (0, 0), deleted: (0, 0) }
    }

    fn path(&self, node: u64) -> String {
        format!("{}/{node}", self.base)
    }
}

impl Worker for Creator {
    fn prepare(&mut self, line: &mut Line) -> Result<(), client::Error> {
        line.client().create(&self.base, b"", 0).map(drop)
    }

    fn work(&mut self, line: &mut Line, rng: &mut Rng) -> Result<(), client::Error> {
        let acl = request::open_acl();
        let mut requests = Vec::new();
        for _ in 0..1 + rng.below(BURST_MAX) {
            let node = self.created.1;
            self.created.1 += 1;
            let data = vec![b'd'; rng.below(400)];
            let body = request::create(Some(&self.path(node)), Some(&data), Some(&acl), 0);
            requests.push((OpCode::Create, body));
            if self.created.0.saturating_sub(self.deleted.1) > STANDING {
                let body = request::path_version(Some(&self.path(self.deleted.1)), -1);
                requests.push((OpCode::Delete, body));
                self.deleted.1 += 1;
            }
        }
        let (created, deleted) = (&mut self.created.0, &mut self.deleted.0);
        let mut wrong = None;
        line.burst(&requests, |at, reply| match (requests[at].0, reply.header.err) {
            (OpCode::Create, 0) => *created += 1,
            (_, 0) => *deleted += 1,
            (_, code) => wrong = Some(client::Error::Refused(code)),
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn check(&mut self, line: &mut Line, findings: &mut Vec<String>) -> Result<(), client::Error> {
        let names = line.client().get_children(&self.base, false)?;
        let mut nodes: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        nodes.sort_unstable();
        let (first, end) = match (nodes.first(), nodes.last()) {
            (Some(first), Some(last)) => (*first, *last + 1),
            _ => (self.deleted.0, self.deleted.0),
        };
        let (base, created, deleted) = (&self.base, self.created, self.deleted);
        if end - first != names.len() as u64 {
            findings.push(format!("{base} has {} nodes between {first} and {end}", names.len()));
        }
        if !(created.0..=created.1).contains(&end) {
            findings.push(format!("{base} ends at {end}, acknowledged and sent were {created:?}"));
        }
        if !(deleted.0..=deleted.1).contains(&first) {
            let text = format!("{base} starts at {first}, acknowledged and sent were {deleted:?}");
            findings.push(text);
        }
        (self.created, self.deleted) = ((end, end), (first, first));
        Ok(())
    }
}
