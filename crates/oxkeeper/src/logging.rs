//! Log lines as logback prints them: `2026-11-23 00:32:16,584 [myid:] - INFO  [main] - text`.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use config::SystemProperties;
use jiff::Zoned;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt as layer};

/// Changes what the log takes once the configuration is known.
pub(crate) struct Log {
    level: Handle<LevelFilter, Registry>,
    output: Output,
}

/// Begins to log to standard output, at INFO.
pub(crate) fn begin() -> Log {
    let (filter, level) = reload::Layer::new(LevelFilter::INFO);
    let output = Output::default();
    let lines = layer::layer().event_format(Line).with_writer(output.clone());
    // It fails only when called twice; the first one stays then.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Log { level, output }
}

impl Log {
    /// Sets the least level, `INFO` and the like.
    pub(crate) fn set_threshold(&self, threshold: &str) {
        let level = match threshold {
            "OFF" => LevelFilter::OFF,
            "ERROR" | "FATAL" => LevelFilter::ERROR,
            "WARN" => LevelFilter::WARN,
            "DEBUG" => LevelFilter::DEBUG,
            "TRACE" | "ALL" => LevelFilter::TRACE,
            _ => LevelFilter::INFO,
        };
        // The subscriber lives as long as the process.
        let _ = self.level.modify(|filter| *filter = level);
    }

    /// Also writes to the file that `zookeeper.log.file` names, below `zookeeper.log.dir`.
    pub(crate) fn add_file(&self, properties: &SystemProperties) {
        let Some(file) = properties.value("zookeeper.log.file") else { return };
        let dir = properties.value("zookeeper.log.dir").unwrap_or(".");
        let path = Path::new(dir).join(file);
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => {
                *self.output.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
            }
            Err(error) => tracing::warn!("no log file {}: {error}", path.display()),
        }
    }
}

/// Standard output, and a file once there is one.
#[derive(Clone, Default)]
struct Output {
    file: Arc<Mutex<Option<File>>>,
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Output {
    /// One call per line. Nobody is left to be told when a log cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stdout().lock().write_all(bytes);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = file.as_mut() {
            let _ = file.write_all(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// The shape of a line.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let now = Zoned::now();
        let thread = thread::current();
        write!(
            writer,
            "{},{:03} [myid:] - {:<5} [{}] - ",
            now.strftime("%Y-%m-%d %H:%M:%S"),
            now.millisecond(),
            event.metadata().level().as_str(),
            thread.name().unwrap_or("thread")
        )?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
