use proto::ErrorCode;
use tree::DataTree;
use tree::quota::{StatsTrack, limits_path, stats_path};

use crate::Notice;

/// What a change adds below a quota.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// Bytes of data.
    pub(crate) bytes: i64,
    /// Nodes.
    pub(crate) count: i64,
}

/// Whether a change below a quota keeps its hard limits (`ZooKeeperServer.checkQuota`).
///
/// Only the nearest quota above `path` counts, and only what is applied, not what is proposed.
/// A soft limit that is passed, or the hard one, is noted.
pub(crate) fn check(
    tree: &DataTree,
    path: &str,
    growth: Growth,
    notices: &mut Vec<Notice>,
) -> Result<(), ErrorCode> {
    let Some(prefix) = tree.quota_prefix(path) else { return Ok(()) };
    let (Some(limits), Some(used)) =
        (stats(tree, &limits_path(prefix))?, stats(tree, &stats_path(prefix))?)
    else {
        return Ok(());
    };
    let limits = [
        ("count", growth.count, used.count(), limits.count(), limits.count_hard_limit()),
        ("bytes", growth.bytes, used.bytes(), limits.bytes(), limits.byte_hard_limit()),
    ];
    for (what, growth, used, soft, hard) in limits {
        let is_hard = hard > -1;
        let limit = if is_hard { hard } else { soft };
        let current = used.wrapping_add(growth);
        if growth == 0 || limit < 0 || current <= limit {
            continue;
        }
        let prefix = prefix.to_owned();
        notices.push(Notice::QuotaExceeded { prefix, what, current, limit, is_hard });
        if is_hard {
            return Err(ErrorCode::QuotaExceeded);
        }
    }
    Ok(())
}

/// Text that is no quota makes Java fail while it works on the request.
fn stats(tree: &DataTree, path: &str) -> Result<Option<StatsTrack>, ErrorCode> {
    let Some(id) = tree.find(path) else { return Ok(None) };
    let text = tree.node(id).data().bytes().unwrap_or_default();
    StatsTrack::parse(text).map(Some).map_err(|_| ErrorCode::MarshallingError)
}
