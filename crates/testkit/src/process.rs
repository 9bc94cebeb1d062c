//! Servers as child processes: started with a configuration in their own folder, watched until
//! they serve, stopped by pid, gone when the handle is dropped.
//!
//! This module knows nothing of Java or Oxkeeper; [`crate::java`] makes the [`Launch`] of either.

mod ports;
mod ready;
mod usage;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use ports::free_port;
pub use ready::Readiness;
pub use usage::ProcessUsage;

/// What can go wrong with a server under test.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program or its libraries are not on this machine; the text says how to get them.
    #[error("{what} is missing: {remedy}")]
    PeerMissing {
        /// What was looked for, with its path.
        what: String,
        /// The command that makes it.
        remedy: String,
    },
    /// A file or folder of the test could not be made or read.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program could not be started or signalled.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The server ended before it served.
    #[error("{program} ended with {status} before it served; its output:\n{output}")]
    Exited {
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// The server runs but did not serve in time.
    #[error("{program} did not serve on {addr} within {waited_ms} ms; its output:\n{output}")]
    NotReady {
        /// The program.
        program: String,
        /// Where it was asked.
        addr: SocketAddr,
        /// How long it was given, in milliseconds.
        waited_ms: u128,
        /// The end of what it printed.
        output: String,
    },
    /// No free port was found on 127.0.0.1.
    #[error("no free port on 127.0.0.1 between {from} and {to}")]
    NoFreePort {
        /// First port tried.
        from: u16,
        /// Last port tried.
        to: u16,
    },
}

/// Everything that is needed to start one server, again and again.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The program, by name or path.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Environment variables set on top of the caller's.
    pub env: Vec<(OsString, OsString)>,
    /// Environment variables the server must not inherit.
    pub env_removed: Vec<OsString>,
    /// Where clients connect.
    pub client_addr: SocketAddr,
    /// What counts as serving.
    pub readiness: Readiness,
    /// How long the server may take until then.
    pub start_timeout: Duration,
}

/// A running (or stopped, and startable again) server.
///
/// Dropping it kills the process with SIGKILL and removes its folder.
#[derive(Debug)]
pub struct ServerProcess {
    launch: Launch,
    folder: TempDir,
    child: Option<Child>,
    start_took: Duration,
}

impl ServerProcess {
    /// Starts a server and returns when it serves.
    ///
    /// `folder` is its working folder; standard output and error are appended to `server.out` in it.
    ///
    /// # Errors
    /// [`Error::Run`] when the program cannot be started, [`Error::Exited`] and
    /// [`Error::NotReady`] with the end of its output when it does not come to serve.
    pub fn start(launch: Launch, folder: TempDir) -> Result<Self, Error> {
        let mut server = Self { launch, folder, child: None, start_took: Duration::ZERO };
        server.start_again()?;
        Ok(server)
    }

    /// Starts the server again after it was stopped or killed, with the same files and ports.
    /// Does nothing while it runs.
    ///
    /// # Errors
    /// As [`ServerProcess::start`].
    pub fn start_again(&mut self) -> Result<(), Error> {
        if self.is_running() {
            return Ok(());
        }
        let started = Instant::now();
        self.child = Some(self.spawn()?);
        self.wait_until_ready(started + self.launch.start_timeout)?;
        self.start_took = started.elapsed();
        Ok(())
    }

    /// Kills the server as a power cut would: SIGKILL, then waits for its end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only for a process that is already gone, which is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to stop (SIGTERM) and waits for its end; after `patience` it is killed.
    ///
    /// Returns how it ended, or `None` when it had to be killed or did not run.
    ///
    /// # Errors
    /// [`Error::Run`] when the signal cannot be sent.
    pub fn terminate(&mut self, patience: Duration) -> Result<Option<ExitStatus>, Error> {
        if !self.is_running() {
            return Ok(self.child.take().and_then(|mut child| child.wait().ok()));
        }
        self.signal("TERM")?;
        let status = self.wait_for_exit(patience);
        self.kill();
        Ok(status)
    }

    /// Waits until the server ends by itself; `None` when it still runs after `patience`.
    pub fn wait_for_exit(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Ok(Some(status)) = self.child.as_mut()?.try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Sends a signal by name, such as `STOP`, `CONT` or `TERM`. Does nothing when it does not run.
    ///
    /// # Errors
    /// [`Error::Run`] when the signal cannot be sent.
    pub fn signal(&self, name: &str) -> Result<(), Error> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let run_error = |source| Error::Run { program: format!("kill -s {name} {pid}"), source };
        // The shell's own kill: present wherever sh is, and no unsafe call here.
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()])
            .status()
            .map_err(run_error)?;
        if status.success() {
            Ok(())
        } else {
            Err(run_error(io::Error::other(format!("ended with {status}"))))
        }
    }

    /// Where clients connect.
    pub fn client_addr(&self) -> SocketAddr {
        self.launch.client_addr
    }

    /// Where clients connect, as a connect string.
    pub fn connect_string(&self) -> String {
        self.launch.client_addr.to_string()
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// True while the process has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Time from the last start of the process to its first answer.
    pub fn start_took(&self) -> Duration {
        self.start_took
    }

    /// The server's folder: configuration, output and, unless told otherwise, data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file that standard output and error of all its runs go to.
    pub fn output_path(&self) -> PathBuf {
        self.folder.path().join(OUTPUT_FILE)
    }

    /// What it printed so far; empty when that cannot be read.
    pub fn output(&self) -> String {
        fs::read(self.output_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Memory and CPU time of the process now.
    ///
    /// # Errors
    /// [`Error::File`] when it does not run or the system has no `/proc`.
    pub fn usage(&self) -> Result<ProcessUsage, Error> {
        // Pid 0 has no folder in /proc, so a stopped server gives the error of a missing file.
        ProcessUsage::of(self.pid().unwrap_or(0))
    }

    /// Sends a four-letter word and returns the whole answer.
    ///
    /// # Errors
    /// What the system says when the server cannot be reached or does not answer in ten seconds.
    pub fn four_letter_word(&self, word: &str) -> io::Result<String> {
        four_letter_word(self.launch.client_addr, word, FOUR_LETTER_WORD_TIMEOUT)
    }

    fn spawn(&self) -> Result<Child, Error> {
        let launch = &self.launch;
        let output_path = self.output_path();
        let file_error = |source| Error::File { path: output_path.clone(), source };
        let output: File =
            OpenOptions::new().create(true).append(true).open(&output_path).map_err(file_error)?;
        let errors = output.try_clone().map_err(file_error)?;
        let mut command = Command::new(&launch.program);
        for name in &launch.env_removed {
            command.env_remove(name);
        }
        command
            .args(&launch.args)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|source| Error::Run { program: self.program(), source })
    }

    fn wait_until_ready(&mut self, deadline: Instant) -> Result<(), Error> {
        loop {
            if self.launch.readiness.is_ready(self.launch.client_addr) {
                return Ok(());
            }
            if let Some(status) = self.wait_for_exit(Duration::ZERO) {
                self.child = None;
                return Err(Error::Exited {
                    program: self.program(),
                    status,
                    output: self.output_tail(),
                });
            }
            if Instant::now() >= deadline {
                self.kill();
                return Err(Error::NotReady {
                    program: self.program(),
                    addr: self.launch.client_addr,
                    waited_ms: self.launch.start_timeout.as_millis(),
                    output: self.output_tail(),
                });
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    fn program(&self) -> String {
        self.launch.program.to_string_lossy().into_owned()
    }

    fn output_tail(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        lines[lines.len().saturating_sub(OUTPUT_TAIL_LINES)..].join("\n")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a four-letter word to any server and returns the whole answer.
///
/// # Errors
/// What the system says when the server cannot be reached or does not answer within `timeout`.
pub fn four_letter_word(addr: SocketAddr, word: &str, timeout: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(word.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The address of a port on this machine's loopback.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Short, because the start time of a server is measured with it.
const POLL_INTERVAL: Duration = Duration::from_millis(2);
const FOUR_LETTER_WORD_TIMEOUT: Duration = Duration::from_secs(10);
const OUTPUT_FILE: &str = "server.out";
const OUTPUT_TAIL_LINES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(script: &str) -> Launch {
        Launch {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            env: Vec::new(),
            env_removed: Vec::new(),
            client_addr: loopback(free_port().unwrap()),
            readiness: Readiness::Running,
            start_timeout: Duration::from_millis(200),
        }
    }

    fn start(launch: Launch) -> Result<ServerProcess, Error> {
        ServerProcess::start(launch, tempfile::tempdir().unwrap())
    }

    #[test]
    fn a_server_that_ends_early_shows_its_output() {
        let launch = Launch {
            readiness: Readiness::Serving,
            start_timeout: Duration::from_secs(10),
            ..launch("echo no such file; exit 3")
        };
        let error = start(launch).unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("no such file"), "{error}");
    }

    #[test]
    fn a_server_that_never_answers_is_reported() {
        let launch = Launch { readiness: Readiness::Serving, ..launch("exec sleep 60") };
        let error = start(launch).unwrap_err();
        assert!(matches!(error, Error::NotReady { waited_ms: 200, .. }), "{error}");
    }

    #[test]
    fn terminate_returns_how_it_ended() {
        let mut server = start(launch("trap 'exit 7' TERM; while :; do sleep 0.01; done")).unwrap();
        thread::sleep(Duration::from_millis(50));
        let status = server.terminate(Duration::from_secs(10)).unwrap();
        assert_eq!(status.and_then(|status| status.code()), Some(7));
        assert!(!server.is_running());
        server.start_again().unwrap();
        assert!(server.is_running());
    }

    #[test]
    fn usage_counts_cpu_and_memory() {
        let server = start(launch("while :; do :; done")).unwrap();
        thread::sleep(Duration::from_millis(300));
        let usage = server.usage().unwrap();
        assert!(usage.cpu() > Duration::ZERO, "{usage:?}");
        assert!(usage.rss_bytes > 0 && usage.rss_peak_bytes >= usage.rss_bytes, "{usage:?}");
    }
}
