//! The end of the last log after a power cut.

use std::path::Path;

use proto::Zxid;

use crate::oracle::rng::Rng;
use crate::proof::{Error, files};

/// Cuts or zeroes the last log somewhere behind the record with the zxid `kept`; its header too,
/// when the log only has later records. Returns whether anything was lost.
pub(super) fn harm(data_dir: &Path, kept: Zxid, rng: &mut Rng) -> Result<bool, Error> {
    let Some(log) = files::logs(data_dir)?.pop() else { return Ok(false) };
    let records = files::records(&log.path)?;
    let Some(end) = records.last().map(|record| record.end) else { return Ok(false) };
    let floor = records.iter().take_while(|record| record.zxid <= kept).last();
    let from = floor.map_or(0, |record| record.end);
    let offset = from + rng.below((end - from) as usize + 1) as u64;
    match rng.below(2) {
        0 => files::cut(&log.path, offset)?,
        _ => files::zero_from(&log.path, offset)?,
    }
    Ok(offset < end)
}

/// Takes the record with the zxid `acknowledged` away, and what follows.
pub(super) fn lose_acknowledged(data_dir: &Path, acknowledged: Zxid) -> Result<(), Error> {
    for snapshot in files::snapshots(data_dir)? {
        if snapshot.zxid >= acknowledged {
            let path = snapshot.path;
            std::fs::remove_file(&path).map_err(Error::file(&path))?;
        }
    }
    for log in files::logs(data_dir)?.into_iter().rev() {
        let records = files::records(&log.path)?;
        if let Some(record) = records.iter().find(|record| record.zxid == acknowledged) {
            return files::cut(&log.path, record.start);
        }
        std::fs::remove_file(&log.path).map_err(Error::file(&log.path))?;
    }
    Ok(())
}
