use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jute::Limits;
use storage::vfs::Vfs;
use storage::{DataDirs, purge};
use tracing::{error, info, warn};

/// Removes old snapshots and logs now and then (`DatadirCleanupManager`).
pub(crate) struct PurgeThread {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) dirs: DataDirs,
    pub(crate) retain: usize,
    pub(crate) interval: Duration,
    pub(crate) limits: Limits,
}

impl PurgeThread {
    /// Runs as long as the process; the first purge is at once.
    pub(crate) fn run(self) {
        loop {
            info!("Purge task started.");
            self.purge();
            info!("Purge task completed.");
            thread::sleep(self.interval);
        }
    }

    fn purge(&self) {
        match purge(&*self.vfs, &self.dirs, self.retain, self.limits) {
            Ok(removed) => {
                for file in removed {
                    match &file.failure {
                        None => info!("Removing file: {}", file.path.display()),
                        Some(why) => warn!("Failed to remove {}: {why}", file.path.display()),
                    }
                }
            }
            Err(error) => error!("Error occurred while purging: {error}"),
        }
    }
}
