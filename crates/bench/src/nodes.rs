use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use jute::Put;
use proto::{AclList, ErrorCode, OpCode};

use crate::args::Workload;
use crate::wire::{self, Job};
use crate::{Args, Error};

/// Keys in one folder; also what a list returns.
pub const KEYS_PER_FOLDER: usize = 100;

/// The nodes of a run: a folder of its own below the root, so that runs never meet.
///
/// ```text
/// ROOT/run-PID-MS/k0/0 … 99     keys of get, set and mixed; k0, k1, … are what list lists
/// ROOT/run-PID-MS/c7/123        the 123rd node created by connection 7
/// ```
#[derive(Debug)]
pub struct Nodes {
    root: String,
    folder: String,
    keys: usize,
    data: Vec<u8>,
    timeout_ms: i32,
    /// Folders for created nodes.
    creators: usize,
}

impl Nodes {
    /// The nodes that `args` need.
    pub fn new(args: &Args) -> Self {
        let root = args.root.trim_end_matches('/').to_owned();
        let now_ms = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis());
        let folder = format!("{root}/run-{}-{now_ms}", std::process::id());
        let creates = args.workload == Workload::Create;
        Nodes {
            root,
            folder,
            keys: if creates { 0 } else { args.keys.max(1) },
            data: vec![b'x'; args.size],
            timeout_ms: args.timeout_ms,
            creators: if creates { args.connections } else { 0 },
        }
    }

    /// The paths of all keys.
    pub fn keys(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.keys).map(|key| {
            format!("{}/k{}/{}", self.folder, key / KEYS_PER_FOLDER, key % KEYS_PER_FOLDER)
        })
    }

    /// The paths of the keys' folders.
    pub fn folders(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.keys.div_ceil(KEYS_PER_FOLDER)).map(|index| format!("{}/k{index}", self.folder))
    }

    /// The folder in which a connection creates.
    pub fn creator(&self, connection: usize) -> String {
        format!("{}/c{connection}", self.folder)
    }

    /// The data of a node.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Makes the folders and keys.
    pub fn make(&self, server: SocketAddr) -> Result<(), Error> {
        let mut stream = wire::open(server, self.timeout_ms)?;
        let mut create = |paths: &mut dyn Iterator<Item = String>, data: &[u8], known: &[_]| {
            let rest = create_rest(data);
            let jobs = paths.map(|path| Job { path, rest: rest.clone() });
            wire::pipeline(&mut stream, OpCode::Create, "create", jobs, known)
        };
        create(&mut parents(&self.root), b"", &[ErrorCode::NodeExists])?;
        create(&mut std::iter::once(self.folder.clone()), b"", &[])?;
        create(&mut self.folders(), b"", &[])?;
        create(&mut (0..self.creators).map(|index| self.creator(index)), b"", &[])?;
        create(&mut self.keys(), &self.data, &[])?;
        wire::close(stream);
        Ok(())
    }

    /// Removes everything that was made; `created` says how many nodes each connection created.
    /// The root goes too when it is empty then.
    pub fn remove(
        &self,
        server: SocketAddr,
        created: &Result<Vec<u64>, Error>,
    ) -> Result<(), Error> {
        let mut stream = wire::open(server, self.timeout_ms)?;
        let gone = [ErrorCode::NoNode];
        let mut delete = |paths: &mut dyn Iterator<Item = String>, accepted: &[_]| {
            let rest = (-1i32).to_be_bytes().to_vec();
            let jobs = paths.map(|path| Job { path, rest: rest.clone() });
            wire::pipeline(&mut stream, OpCode::Delete, "delete", jobs, accepted)
        };
        let created = created.as_deref().unwrap_or_default();
        for (index, count) in created.iter().enumerate().take(self.creators) {
            let creator = self.creator(index);
            delete(&mut (0..*count).map(|node| format!("{creator}/{node}")), &gone)?;
        }
        delete(&mut self.keys(), &gone)?;
        delete(&mut (0..self.creators).map(|index| self.creator(index)), &gone)?;
        delete(&mut self.folders(), &gone)?;
        delete(&mut std::iter::once(self.folder.clone()), &gone)?;
        let shared = [ErrorCode::NoNode, ErrorCode::NotEmpty, ErrorCode::BadArguments];
        delete(&mut std::iter::once(self.root.clone()).filter(|root| !root.is_empty()), &shared)?;
        wire::close(stream);
        Ok(())
    }
}

/// What follows the path in a create of a plain node with this data.
pub fn create_rest(data: &[u8]) -> Vec<u8> {
    let mut rest = Vec::new();
    rest.put_buffer(Some(data));
    AclList::open().encode(&mut rest);
    rest.put_i32(0);
    rest
}

/// The root and the nodes above it, from the top.
fn parents(root: &str) -> impl Iterator<Item = String> + '_ {
    let ends = root.match_indices('/').map(|(at, _)| at).skip(1).chain([root.len()]);
    ends.filter(|end| *end > 0).map(|end| root[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_from_the_top() {
        let all = |root| parents(root).collect::<Vec<_>>();
        assert_eq!(all("/bench"), ["/bench"]);
        assert_eq!(all("/a/b/c"), ["/a", "/a/b", "/a/b/c"]);
        assert!(all("").is_empty());
    }

    #[test]
    fn keys_lie_in_folders_of_a_hundred() {
        let mut args = Args::new(Vec::new(), Workload::Get);
        args.keys = 250;
        let nodes = Nodes::new(&args);
        assert_eq!((nodes.keys().count(), nodes.folders().count()), (250, 3));
        assert!(nodes.keys().all(|key| nodes.folders().any(|f| key.starts_with(&(f + "/")))));
    }
}
