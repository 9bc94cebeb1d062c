//! The whole tree as a client sees it, and where two of them differ.

use std::collections::BTreeMap;

use proto::{Acl, ErrorCode, OpCode, Stat};

use super::{Doing, Error, receive_body};
use crate::client::{Body, Client, request};

/// Everything a client can learn of one node but its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The data; `None` is null.
    pub data: Option<Vec<u8>>,
    /// All numbers.
    pub stat: Stat,
    /// The access control list in its order.
    pub acl: Vec<Acl>,
}

/// All nodes by path.
pub type Tree = BTreeMap<String, Node>;

/// How many requests are on the way at once.
const WINDOW: usize = 256;

/// Reads every node. The client must be allowed to, as the super user is. A node that is deleted
/// meanwhile is left out.
///
/// # Errors
/// [`Error::Client`] when a node cannot be read.
pub fn tree(client: &mut Client) -> Result<Tree, Error> {
    let mut tree = Tree::new();
    let mut paths = vec!["/".to_owned()];
    while !paths.is_empty() {
        let batch = paths.split_off(paths.len().saturating_sub(WINDOW));
        for (path, node, children) in read(client, &batch)? {
            let prefix = if path == "/" { "" } else { path.as_str() };
            paths.extend(children.iter().map(|child| format!("{prefix}/{child}")));
            tree.insert(path, node);
        }
    }
    Ok(tree)
}

/// Where two trees differ, one line each, at most `lines_max`; `ignore` says of a path that it
/// does not count.
pub fn differences(
    before: &Tree,
    after: &Tree,
    ignore: impl Fn(&str) -> bool,
    lines_max: usize,
) -> Vec<String> {
    let gone = before
        .keys()
        .filter(|path| !after.contains_key(*path))
        .map(|path| (path, format!("{path:?} is gone")));
    let others = after.iter().filter_map(|(path, node)| match before.get(path) {
        None => Some((path, format!("{path:?} is new: {node:?}"))),
        Some(old) if old != node => Some((path, format!("{path:?} was {old:?}, is {node:?}"))),
        Some(_) => None,
    });
    gone.chain(others)
        .filter(|(path, _)| !ignore(path))
        .map(|(_, line)| line)
        .take(lines_max)
        .collect()
}

/// A node's path, the node and its children's names.
type Read = (String, Node, Vec<String>);

fn read(client: &mut Client, paths: &[String]) -> Result<Vec<Read>, Error> {
    let asked: Vec<(OpCode, Vec<u8>)> = paths
        .iter()
        .flat_map(|path| {
            [
                (OpCode::GetData, request::path_watch(Some(path), false)),
                (OpCode::GetAcl, request::path(Some(path))),
                (OpCode::GetChildren, request::path_watch(Some(path), false)),
            ]
        })
        .collect();
    let requests = asked.iter().map(|(op, body)| (*op, body.as_slice()));
    client.send_all(requests).doing("reading the tree")?;
    let mut read = Vec::with_capacity(paths.len());
    for path in paths {
        // All three answers are taken from the connection before any of them is looked at.
        let data = answer(client, OpCode::GetData, path)?;
        let acl = answer(client, OpCode::GetAcl, path)?;
        let children = answer(client, OpCode::GetChildren, path)?;
        if let (
            Some(Body::Data(data, stat)),
            Some(Body::Acl(acl, _)),
            Some(Body::Children(children)),
        ) = (data, acl, children)
        {
            read.push((path.clone(), Node { data, stat, acl }, children));
        }
    }
    Ok(read)
}

/// `None` when the node is gone.
fn answer(client: &mut Client, op: OpCode, path: &str) -> Result<Option<Body>, Error> {
    match receive_body(client, op) {
        Err(error) if error.code() == Some(ErrorCode::NoNode) => Ok(None),
        other => other.map(Some).doing(&format!("{op:?} of {path:?}")),
    }
}
