use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use peer::{Input, LogBatch};
use storage::log::{CommitStats, LogWriter};
use tracing::{error, info, warn};

use crate::core_gate::RUN_HERE_MAX;
use crate::failure::{Failure, FailureSink};
use crate::mailbox::Mailbox;
use crate::metrics::{Advanced, Basic, Counter};
use crate::shared::{CoreMessage, Shared};

/// How long to wait before a full disk is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How often the operator is reminded of it.
const REMIND: Duration = Duration::from_secs(60);

/// What the log thread is asked to do.
pub(crate) enum LogMessage {
    /// Write these records.
    Append(LogBatch),
    /// Begin a new file with the next record.
    Roll,
    /// Finish what is there and end.
    Stop,
}

/// The thread that writes the transaction log: whatever has queued up while the last batch was
/// on its way to the disk is the next batch.
pub(crate) struct LogThread {
    shared: Arc<Shared>,
    inbox: Arc<Mailbox<LogMessage>>,
    writer: LogWriter,
    failures: FailureSink,
    is_stopping: bool,
}

impl LogThread {
    pub(crate) fn new(
        shared: Arc<Shared>,
        inbox: Arc<Mailbox<LogMessage>>,
        writer: LogWriter,
        failures: FailureSink,
    ) -> Self {
        LogThread { shared, inbox, writer, failures, is_stopping: false }
    }

    /// Runs until it is told to stop, or the log cannot be written any more.
    pub(crate) fn run(mut self) {
        let mut messages = Vec::new();
        while !self.is_stopping {
            self.inbox.take(&mut messages, None);
            self.wait_for_more(&mut messages);
            if let Err(error) = self.write(&mut messages) {
                error!("Severe unrecoverable error: {error}. The server stops");
                self.failures.report(Failure::Log(error.to_string()));
                return;
            }
        }
        self.writer.close();
    }

    /// `flushDelay`: a transaction may wait for others to share its sync.
    fn wait_for_more(&self, messages: &mut Vec<LogMessage>) {
        let storage = &self.shared.config.storage;
        if storage.flush_delay_ms == 0 {
            return;
        }
        let end = Instant::now() + Duration::from_millis(storage.flush_delay_ms);
        let poll = Duration::from_millis(storage.max_write_queue_poll_time_ms.max(1));
        let enough = storage.max_batch_size.map_or(usize::MAX, |count| count as usize);
        let mut more = Vec::new();
        while records(messages) < enough && Instant::now() < end {
            self.inbox.take(&mut more, Some(end.min(Instant::now() + poll)));
            if more.is_empty() {
                break;
            }
            messages.append(&mut more);
        }
    }

    fn write(&mut self, messages: &mut Vec<LogMessage>) -> Result<(), storage::Error> {
        let started = Instant::now();
        let mut queued = 0;
        for message in messages.drain(..) {
            match message {
                LogMessage::Append(batch) => {
                    queued += batch.ends.len();
                    for (zxid, bytes) in batch.records() {
                        self.writer.append(zxid, bytes)?;
                    }
                }
                LogMessage::Roll => {
                    self.commit()?;
                    if let Err(error) = self.writer.roll() {
                        self.outlive(error)?;
                        self.writer.roll()?;
                    }
                }
                LogMessage::Stop => self.is_stopping = true,
            }
        }
        self.commit()?;
        self.count(queued, started);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), storage::Error> {
        if self.writer.pending_records() == 0 {
            return Ok(());
        }
        let stats = match self.writer.commit() {
            Ok(stats) => stats,
            Err(error) => self.outlive(error)?,
        };
        self.durable(&stats);
        Ok(())
    }

    fn durable(&self, stats: &CommitStats) {
        if let Some(upto) = stats.upto {
            self.tell_core(CoreMessage::Input(Input::LogDurable { upto }), stats.records);
        }
        let sync_ms = stats.sync_time.as_millis() as i64;
        self.shared.metrics.basic(Basic::Fsynctime).add(sync_ms);
        self.shared.metrics.basic(Basic::SyncProcessorBatchSize).add(stats.records as i64);
        if sync_ms as u64 > self.shared.config.storage.fsync_warning_threshold_ms {
            warn!(
                "fsync-ing the write ahead log took {sync_ms}ms which will adversely effect \
                 operation latency. See the ZooKeeper troubleshooting guide"
            );
        }
    }

    /// With little to apply and nothing to write, the core's next step is done here. Otherwise
    /// the core applies while the next batch is written.
    fn tell_core(&self, message: CoreMessage, records: usize) {
        match records <= RUN_HERE_MAX && self.inbox.is_empty() {
            true => self.shared.core.push_and_run(message, &self.shared),
            false => self.shared.core.push(message),
        }
    }

    fn count(&self, queued: usize, started: Instant) {
        let metrics = &self.shared.metrics;
        metrics.count(Counter::SyncProcessorRequestQueued, queued as i64);
        let took_ms = started.elapsed().as_millis() as i64;
        metrics.advanced(Advanced::SyncProcessorQueueFlushTimeMs).add(took_ms);
        metrics.basic(Basic::SyncProcessTime).add(took_ms);
    }

    /// A full disk: nothing is acknowledged, reads go on, and the batch is tried until it fits
    /// or the server is stopped. Any other error is handed back: after a failed sync nobody
    /// knows what the disk holds (fsyncgate).
    fn outlive(&mut self, error: storage::Error) -> Result<CommitStats, storage::Error> {
        if !error.is_disk_full() {
            return Err(error);
        }
        error!("{error}. No write is acknowledged until there is space; reads are served");
        self.shared.log_is_failing.store(true, Relaxed);
        let mut reminded = Instant::now();
        loop {
            std::thread::sleep(RETRY);
            match self.writer.reopen_after_failure().and_then(|()| self.writer.commit()) {
                Ok(stats) => {
                    self.shared.log_is_failing.store(false, Relaxed);
                    let upto = stats.upto.unwrap_or_default();
                    info!("the transaction log is written again, up to {upto}");
                    return Ok(stats);
                }
                Err(error) if !error.is_disk_full() => return Err(error),
                Err(error) if !self.shared.is_serving() => return Err(error),
                Err(error) if reminded.elapsed() > REMIND => {
                    reminded = Instant::now();
                    error!("still no space for the transaction log: {error}");
                }
                Err(_) => {}
            }
        }
    }
}

fn records(messages: &[LogMessage]) -> usize {
    let count = |message: &LogMessage| match message {
        LogMessage::Append(batch) => batch.ends.len(),
        _ => 0,
    };
    messages.iter().map(count).sum()
}
