use proto::OpCode;

use super::render::Names;
use crate::client::{Body, Client, Error, request};

/// The whole tree as lines: per node its data, stat, ACL and children, in the order of paths.
pub fn tree(client: &mut Client, names: &Names) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let mut paths = vec!["/".to_owned()];
    while let Some(path) = paths.pop() {
        let data = client.call(OpCode::GetData, &request::path_watch(Some(&path), false))?;
        let acl = client.call(OpCode::GetAcl, &request::path(Some(&path)))?;
        lines.push(format!("{path:?} {} {}", names.body(&data), names.body(&acl)));
        let body = request::path_watch(Some(&path), false);
        let Body::Children(mut children) = client.call(OpCode::GetChildren, &body)? else {
            continue;
        };
        children.sort();
        let prefix = if path == "/" { "" } else { path.as_str() };
        paths.extend(children.iter().rev().map(|child| format!("{prefix}/{child}")));
    }
    Ok(lines)
}
