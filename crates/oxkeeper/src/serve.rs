use std::io;
use std::process::ExitCode;
use std::thread;

use config::{Config, ExitCode as Code, Source, SystemProperties, preflight};
use server::{Failure, Server};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::logging::{self, Log};
use crate::version::version;

/// Where a server without any configuration keeps its data.
const EMBEDDED_DATA_DIR: &str = "./oxkeeper-data";

/// Runs a server with the words of its command line until it is told to stop.
pub(crate) fn run(words: &[String]) -> ExitCode {
    if let Some(word) = words.iter().find(|word| is_unknown_option(word)) {
        eprintln!(
            "oxkeeper: there is no option {word}; oxkeeper server --help shows what there is"
        );
        return ExitCode::from(Code::InvalidInvocation.code());
    }
    let log = logging::begin();
    let code =
        Signals::register().and_then(|signals| start_and_serve(words.to_vec(), log, signals));
    let code = code.unwrap_or_else(|error| {
        tell(&format!("the system refused signals or a thread: {error}"), None, Code::Unexpected)
    });
    ExitCode::from(code.code())
}

/// Starts the server in a thread of its own: loading can take a while, and a signal is not to
/// wait for it. Nothing is acknowledged before the start is over, so it may be cut short.
fn start_and_serve(words: Vec<String>, log: Log, mut signals: Signals) -> io::Result<Code> {
    let (report, mut failures) = unbounded_channel();
    let (started, start_result) = oneshot::channel();
    let body = move || started.send(start(&words, &log, report)).is_ok();
    let starter = thread::Builder::new().name("main".to_owned()).spawn(body)?;
    let server = match signals.wait_for(start_result) {
        End::Signal(name) => {
            info!("{name} received while starting");
            return Ok(Code::Finished);
        }
        End::Event(Ok(Ok(server))) => server,
        End::Event(Ok(Err(code))) => return Ok(code),
        // The starter panicked and has said so.
        End::Event(Err(_)) => return Ok(Code::Unexpected),
    };
    drop(starter);
    Ok(match signals.wait_for(failures.recv()) {
        End::Signal(name) => {
            info!("{name} received, stopping");
            server.stop();
            info!("Exiting normally");
            Code::Finished
        }
        End::Event(failure) => {
            let failure = failure.map_or_else(|| "unknown".to_owned(), |why| why.to_string());
            // The threads that are left may wait for the one that failed.
            tell(&failure, None, Code::Unexpected)
        }
    })
}

/// The running server, or the code to end with after the reason was told.
fn start(words: &[String], log: &Log, report: UnboundedSender<Failure>) -> Result<Server, Code> {
    let (properties, words) = split_words(words);
    let config = configure(&words, &properties)
        .map_err(|error| tell(&error, error.stderr_line(), error.exit_code()))?;
    log.set_threshold(&config.log_threshold);
    log.add_file(&config.properties);
    info!("Starting oxkeeper, ZooKeeper version {}", version().full());
    config.infos().iter().for_each(|line| info!("{line}"));
    config.warnings().iter().for_each(|line| warn!("{line}"));
    if config.is_distributed() {
        error!("Ensembles are not there yet: this configuration lists several servers");
        eprintln!(
            "oxkeeper: ensembles are not there yet, and this configuration lists several servers; \
             give it at most one server line"
        );
        return Err(Code::InvalidInvocation);
    }
    let notes = preflight::check(&config)
        .map_err(|error| tell(&error, error.stderr_line(), error.exit_code()))?;
    notes.iter().for_each(|note| warn!("{note}"));
    let welcome = Welcome::new(&config);
    let on_failure = move |failure| {
        // Nobody listens once the server is being stopped.
        let _ = report.send(failure);
    };
    let server = Server::start(config, version(), on_failure).map_err(|error| {
        let code = error.exit_code();
        let line = match code {
            Code::DatadirNotAccessible => Some("Unable to access datadir, exiting abnormally"),
            Code::InvalidInvocation => Some("Invalid config, exiting abnormally"),
            _ => None,
        };
        tell(&error, line, code)
    })?;
    welcome.print(&server);
    Ok(server)
}

/// Tells why the server does not start: in the log, and to whoever reads standard error.
fn tell(error: &dyn std::fmt::Display, line: Option<&str>, code: Code) -> Code {
    error!("{error}");
    eprintln!("oxkeeper: {error}");
    if let Some(line) = line {
        eprintln!("{line}");
    }
    code
}

/// Whether a word is neither ours nor an option of a JVM, which scripts may still pass.
fn is_unknown_option(word: &str) -> bool {
    const JVM: [&str; 12] = [
        "--add-exports",
        "--add-modules",
        "--add-opens",
        "--add-reads",
        "--class-path",
        "--enable-native-access",
        "--enable-preview",
        "--illegal-access",
        "--limit-modules",
        "--module-path",
        "--patch-module",
        "--upgrade-module-path",
    ];
    let name = word.split('=').next().unwrap_or_default();
    word.starts_with("--") && name != "--main-class" && !JVM.contains(&name)
}

/// Properties and flags, and the words that are left.
fn split_words(words: &[String]) -> (SystemProperties, Vec<&str>) {
    let mut flags = Vec::new();
    let mut rest = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            // The Java class that zkServer.sh would start.
            "--main-class" => drop(words.next()),
            // Flags of a JVM whose next word belongs to them.
            "-cp" | "-classpath" | "--class-path" => drop(words.next()),
            flag if flag.starts_with('-') => flags.push(flag),
            word => rest.push(word),
        }
    }
    (SystemProperties::from_process(flags), rest)
}

fn configure(words: &[&str], properties: &SystemProperties) -> Result<Config, config::Error> {
    match words {
        [] => Config::default_embedded(EMBEDDED_DATA_DIR, properties),
        [file] => Config::from_file(file, properties),
        words => Config::from_args(words, properties),
    }
}

/// What is said once, to whoever started the server by hand.
struct Welcome {
    is_embedded: bool,
    data_dir: String,
}

impl Welcome {
    fn new(config: &Config) -> Self {
        let data_dir = std::path::absolute(&config.data_dir).map_or_else(
            |_| config.data_dir.display().to_string(),
            |dir| dir.display().to_string(),
        );
        Welcome { is_embedded: config.source == Source::Embedded, data_dir }
    }

    fn print(&self, server: &Server) {
        let address = server.address();
        info!("serving clients on {address}, data in {}", self.data_dir);
        if self.is_embedded {
            println!();
            println!("  oxkeeper listens on {address}");
            println!("  data is in          {}", self.data_dir);
            println!("  connect with        zkCli.sh -server {address}, or any ZooKeeper client");
            println!("  ask how it is with  oxkeeper 4lw {} {} srvr", address.ip(), address.port());
            println!("  stop it with        Ctrl-C");
            println!();
        }
    }
}

/// The signals that stop a server.
struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    /// `None` when it is to be ignored, as `nohup` arranges it.
    hangup: Option<Signal>,
}

/// What came first.
enum End<T> {
    Signal(&'static str),
    Event(T),
}

impl Signals {
    fn register() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let context = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let hangup = match is_hangup_ignored() {
            true => None,
            false => Some(signal(SignalKind::hangup())?),
        };
        drop(context);
        Ok(Signals { runtime, terminate, interrupt, hangup })
    }

    fn wait_for<T>(&mut self, event: impl Future<Output = T>) -> End<T> {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => End::Signal("SIGTERM"),
                _ = self.interrupt.recv() => End::Signal("SIGINT"),
                Some(_) = hung_up(&mut self.hangup) => End::Signal("SIGHUP"),
                result = event => End::Event(result),
            }
        })
    }
}

/// The next SIGHUP; `None` at once when none is awaited.
async fn hung_up(hangup: &mut Option<Signal>) -> Option<()> {
    hangup.as_mut()?.recv().await
}

/// Whether the process was started with SIGHUP ignored. A handler of ours would undo that.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit is signal 1.
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}
