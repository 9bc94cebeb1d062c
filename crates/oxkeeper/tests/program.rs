//! The program as scripts see it: words, texts and exit codes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

fn oxkeeper(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxkeeper"));
    command.args(arguments).env_remove("JVMFLAGS").env_remove("SERVER_JVMFLAGS");
    command
}

fn run(arguments: &[&str]) -> Output {
    oxkeeper(arguments).output().unwrap()
}

/// Exit code, standard output and standard error.
fn texts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A server process; dropping it kills it.
struct Server {
    child: Child,
    port: u16,
    _output: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(arguments: &[&str], folder: &Path) -> Self {
        // Whoever runs the tests may ignore SIGHUP, which is inherited.
        Server::start_with_hangup("--default-signal=HUP", arguments, folder)
    }

    /// `hangup` is an option of GNU `env`, which then becomes the server.
    fn start_with_hangup(hangup: &str, arguments: &[&str], folder: &Path) -> Self {
        let server = oxkeeper(arguments);
        let mut child = Command::new("env")
            .arg(hangup)
            .arg(server.get_program())
            .args(server.get_args())
            .env_remove("JVMFLAGS")
            .env_remove("SERVER_JVMFLAGS")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("serving clients on") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the server ended");
        }
        let address = line.split("serving clients on ").nth(1).unwrap();
        let port = address.split(',').next().unwrap().rsplit(':').next().unwrap();
        Server { child, port: port.parse().unwrap(), _output: output }
    }

    fn signal(&mut self, signal: Signal) -> (i32, Duration) {
        let started = Instant::now();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let code = self.child.wait().unwrap().code();
        (code.expect("an exit code, no signal"), started.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or is ended now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &TempDir, lines: &str) -> String {
    let path = folder.path().join("zoo.cfg");
    let data = folder.path().join("data");
    std::fs::write(&path, format!("dataDir={}\n{lines}\n", data.display())).unwrap();
    path.to_str().unwrap().to_owned()
}

const LISTEN: &str = "clientPort=0\nclientPortAddress=127.0.0.1";

#[test]
fn the_version_is_javas_line() {
    let (code, out, _) = texts(&run(&["version"]));
    assert_eq!(code, 0);
    assert!(out.starts_with("Apache ZooKeeper, version 3.9.5-oxkeeper-"), "{out}");
    assert!(out.ends_with(" UTC\n"), "{out}");
}

#[test]
fn a_server_stops_in_order_on_every_signal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let config = configuration(&folder, LISTEN);
        let mut server = Server::start(&["server", &config], folder.path());
        let (code, took) = server.signal(signal);
        assert_eq!(code, 0);
        // Far more than it takes: a server that hangs is meant.
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

#[test]
fn a_server_under_nohup_outlives_its_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&folder, LISTEN);
    let mut server =
        Server::start_with_hangup("--ignore-signal=HUP", &["server", &config], folder.path());
    kill_process(Pid::from_child(&server.child), Signal::HUP).unwrap();
    let port = server.port.to_string();
    let (code, stdout, _) = texts(&run(&["4lw", "127.0.0.1", &port, "srvr"]));
    assert_eq!(code, 0);
    assert!(stdout.contains("Mode: standalone"), "{stdout}");
    assert_eq!(server.signal(Signal::TERM).0, 0);
}

#[test]
fn all_forms_of_the_command_line_start_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&folder, LISTEN);
    let data = folder.path().join("short").to_str().unwrap().to_owned();
    for arguments in [
        vec![config.as_str()],
        vec!["server", "--main-class", "org.X", "-Xmx1g", "-Dzookeeper.snapCount=10", &config],
        vec!["server", "0", &data],
        vec!["0", &data, "1000", "5"],
    ] {
        let server = Server::start(&arguments, folder.path());
        let asked = run(&["4lw", "127.0.0.1", &server.port.to_string(), "srvr"]);
        let (code, out, _) = texts(&asked);
        assert_eq!(code, 0, "{arguments:?}");
        assert!(out.contains("Mode: standalone\n"), "{out}");
    }
}

#[test]
fn a_data_directory_serves_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&folder, LISTEN);
    let first = Server::start(&["server", &config], folder.path());
    let (code, _, err) = texts(&run(&["server", &config]));
    assert_eq!(code, 3);
    assert!(err.contains(&format!("process {}", first.child.id())), "{err}");
    assert!(err.ends_with("Unable to access datadir, exiting abnormally\n"), "{err}");
}

#[test]
fn a_taken_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(&folder, LISTEN);
    let first = Server::start(&["server", &config], folder.path());
    let other = tempfile::tempdir().unwrap();
    let lines = format!("clientPort={}\nclientPortAddress=127.0.0.1", first.port);
    let (code, _, err) = texts(&run(&["server", &configuration(&other, &lines)]));
    assert_eq!(code, 1);
    assert!(err.contains(&format!("port {} is taken", first.port)), "{err}");
}

#[test]
fn bad_configurations_end_with_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = texts(&run(&["server", "/no/such/zoo.cfg"]));
    assert_eq!(code, 2);
    assert!(err.ends_with("Invalid config, exiting abnormally\n"), "{err}");
    let config = configuration(&folder, "clientPort=many");
    let (code, _, err) = texts(&run(&["server", &config]));
    assert_eq!(code, 2);
    assert!(err.contains("clientPort=many"), "{err}");
    let members = "initLimit=5\nsyncLimit=2\nserver.1=127.0.0.1:1:2\nserver.2=127.0.0.1:3:4\n\
                   server.3=127.0.0.1:5:6";
    let config = configuration(&folder, &format!("{LISTEN}\n{members}"));
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/myid"), "1").unwrap();
    let (code, _, err) = texts(&run(&["server", &config]));
    assert_eq!(code, 2);
    assert!(err.contains("ensembles are not there yet"), "{err}");
}

#[test]
fn an_option_that_does_not_exist_is_named() {
    let (code, _, stderr) = texts(&run(&["server", "--foo"]));
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no option --foo"), "{stderr}");
}

#[test]
fn a_scheme_that_nobody_can_have_is_refused_at_start() {
    let folder = TempDir::new().unwrap();
    let lines = "clientPort=0\nsessionRequireClientSASLAuth=true\n\
                 authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n";
    let file = configuration(&folder, lines);
    let (code, _, stderr) = texts(&run(&["server", &file]));
    assert_eq!(code, 2);
    assert!(stderr.contains("none of these is there yet"), "{stderr}");
}

#[test]
fn asking_where_nobody_listens_fails() {
    let (code, out, err) = texts(&run(&["4lw", "127.0.0.1", "1", "srvr"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("no answer to srvr from 127.0.0.1:1"), "{err}");
}

#[test]
fn purge_has_javas_texts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let (code, out, _) = texts(&run(&["purge"]));
    assert_eq!(code, 1);
    assert!(out.starts_with("Usage:\nPurgeTxnLog dataLogDir [snapDir] -n count\n\tdataLogDir"));
    let (code, _, err) = texts(&run(&["purge", path, "-n", "2"]));
    assert_eq!((code, err.as_str()), (1, "count should be greater than or equal to 3\n"));
    let (code, _, err) = texts(&run(&["purge", path, "-n", "x"]));
    assert_eq!((code, err.as_str()), (1, "'x' can not be parsed to integer.\n"));
    let (code, _, err) = texts(&run(&["purge", "/no/such", "-n", "3"]));
    assert_eq!((code, err.as_str()), (1, "Path '/no/such' does not exist. \n"));
}

#[test]
fn help_teaches_by_example() {
    let (code, out, _) = texts(&run(&["--help"]));
    assert_eq!(code, 0);
    assert!(out.contains("oxkeeper server conf/zoo.cfg"), "{out}");
}
