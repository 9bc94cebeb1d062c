//! The scripts of `bin/`, run with a stand-in for the program: each text and exit code
//! that wrappers of Apache's scripts depend on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Writes its arguments to `calls` beside itself, and acts as the file `mood` says.
const STAND_IN: &str = r#"#!/usr/bin/env bash
here="$(dirname "$0")"
printf '%s\n' "$*" >> "$here/calls"
mood="$(cat "$here/mood" 2> /dev/null)"
case "$1" in
  server)
    echo "SERVER_JVMFLAGS=$SERVER_JVMFLAGS"
    [ "$mood" = refuse ] && exit 2
    exec sleep 60
    ;;
  4lw)
    [ "$mood" = silent ] && exit 1
    printf 'Zookeeper version: 3.9.5\nMode: standalone\nNode count: 5\n'
    ;;
  version)
    echo "Apache ZooKeeper, version 3.9.5-oxkeeper-0.1.0"
    echo noise >&2
    ;;
  purge)
    if [ $# -lt 4 ]; then
      printf 'Usage:\nPurgeTxnLog dataLogDir [snapDir] -n count\n'
      exit 1
    fi
    ;;
esac
"#;

/// An installed distribution in a directory of its own.
struct Prefix {
    root: TempDir,
}

impl Prefix {
    fn new() -> Self {
        let root = TempDir::new().expect("temporary directory");
        for folder in ["bin", "lib", "conf", "data"] {
            fs::create_dir(root.path().join(folder)).expect("folder");
        }
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bin");
        for entry in fs::read_dir(scripts).expect("bin/") {
            let path = entry.expect("entry").path();
            let name = path.file_name().expect("name");
            fs::copy(&path, root.path().join("bin").join(name)).expect("copy");
        }
        let program = root.path().join("lib/oxkeeper");
        fs::write(&program, STAND_IN).expect("stand-in");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("chmod");
        let prefix = Self { root };
        prefix.config(&["clientPort=2181"]);
        prefix
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn data(&self) -> String {
        self.path("data").display().to_string()
    }

    /// Writes zoo.cfg: a dataDir, and these lines.
    fn config(&self, lines: &[&str]) {
        let text = format!("dataDir={}\n{}\n", self.data(), lines.join("\n"));
        fs::write(self.path("conf/zoo.cfg"), text).expect("zoo.cfg");
    }

    fn mood(&self, mood: &str) {
        fs::write(self.path("lib/mood"), mood).expect("mood");
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Run {
        self.run_with(script, arguments, &[])
    }

    fn run_with(&self, script: &str, arguments: &[&str], env: &[(&str, &str)]) -> Run {
        let output = Command::new(self.path("bin").join(script))
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("PATH"))
            .env("USER", "zk")
            .envs(env.iter().copied())
            .output()
            .expect("script runs");
        Run::from(output)
    }

    /// The arguments of the last run of the stand-in.
    fn last_call(&self) -> String {
        let calls = fs::read_to_string(self.path("lib/calls")).expect("calls");
        calls.lines().last().expect("a call").to_owned()
    }

    fn pid(&self) -> String {
        fs::read_to_string(self.path("data/zookeeper_server.pid")).expect("pid file")
    }

    fn out_file(&self) -> String {
        let file = fs::read_dir(self.path("logs"))
            .expect("logs")
            .map(|entry| entry.expect("entry").path())
            .find(|path| path.extension().is_some_and(|extension| extension == "out"))
            .expect(".out file");
        let name = file.file_name().expect("name").to_string_lossy().into_owned();
        assert!(name.starts_with("zookeeper-zk-server-"), "{name}");
        fs::read_to_string(file).expect("readable")
    }

    /// What the scripts call this installation's file.
    fn config_name(&self) -> String {
        format!("{}/bin/../conf/zoo.cfg", self.root.path().display())
    }
}

impl Drop for Prefix {
    /// A started stand-in must not outlive its test.
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.path("data/zookeeper_server.pid")) {
            let _ = Command::new("kill").arg(pid.trim()).output();
        }
    }
}

struct Run {
    stdout: String,
    stderr: String,
    code: i32,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().expect("exit code"),
        }
    }
}

impl Run {
    #[track_caller]
    fn check(&self, stdout: &str, code: i32) {
        assert_eq!((self.stdout.as_str(), self.code), (stdout, code), "stderr: {}", self.stderr);
    }
}

fn is_alive(pid: &str) -> bool {
    // A zombie has no command line.
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[test]
fn start_stop_and_the_files_between() {
    let prefix = Prefix::new();
    let started = prefix.run("zkServer.sh", &["start"]);
    started.check("Starting zookeeper ... STARTED\n", 0);
    assert_eq!(
        started.stderr,
        format!("ZooKeeper JMX enabled by default\nUsing config: {}\n", prefix.config_name())
    );
    let pid = prefix.pid();
    assert!(!pid.ends_with('\n') && is_alive(&pid), "pid {pid:?}");
    assert!(prefix.out_file().starts_with("SERVER_JVMFLAGS="));

    let again = prefix.run("zkServer.sh", &["start"]);
    again.check(&format!("Starting zookeeper ... already running as process {pid}.\n"), 1);
    assert!(is_alive(&pid));

    prefix.run("zkServer.sh", &["stop"]).check("Stopping zookeeper ... STOPPED\n", 0);
    assert!(!is_alive(&pid), "TERM reached the server itself");
    assert!(!prefix.path("data/zookeeper_server.pid").exists());

    prefix.run("zkServer.sh", &["stop"]).check(
        &format!(
            "Stopping zookeeper ... no zookeeper to stop (could not find file \
             {}/zookeeper_server.pid)\n",
            prefix.data()
        ),
        0,
    );
}

#[test]
fn a_server_that_ends_at_once_failed_to_start() {
    let prefix = Prefix::new();
    prefix.mood("refuse");
    prefix.run("zkServer.sh", &["start"]).check("Starting zookeeper ... FAILED TO START\n", 1);
}

#[test]
fn a_pid_file_that_cannot_be_written_is_said() {
    let prefix = Prefix::new();
    fs::create_dir(prefix.path("data/zookeeper_server.pid")).expect("directory in the way");
    let run = prefix.run("zkServer.sh", &["start"]);
    // The server runs all the same, as with Apache's script; its pid is in no file.
    run.check("Starting zookeeper ... FAILED TO WRITE PID\n", 1);
    stop_children_of(&prefix);
}

/// Stops stand-ins whose output goes to this installation's `.out` file.
fn stop_children_of(prefix: &Prefix) {
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let out = fs::read_link(process.path().join("fd/1")).unwrap_or_default();
        if out.starts_with(prefix.path("logs")) {
            let pid = process.file_name();
            let _ = Command::new("kill").arg(pid).output();
        }
    }
}

#[test]
fn a_stale_pid_file_is_overwritten_and_stopped_all_the_same() {
    let prefix = Prefix::new();
    // The highest pid a kernel can give is below this one.
    fs::write(prefix.path("data/zookeeper_server.pid"), "4194305").expect("pid file");
    prefix.run("zkServer.sh", &["start"]).check("Starting zookeeper ... STARTED\n", 0);
    assert_ne!(prefix.pid(), "4194305");
    prefix.run("zkServer.sh", &["stop"]).check("Stopping zookeeper ... STOPPED\n", 0);
    fs::write(prefix.path("data/zookeeper_server.pid"), "4194305").expect("pid file");
    prefix.run("zkServer.sh", &["stop"]).check("Stopping zookeeper ... STOPPED\n", 0);
}

#[test]
fn restart_is_a_stop_and_a_start() {
    let prefix = Prefix::new();
    prefix.run("zkServer.sh", &["start"]).check("Starting zookeeper ... STARTED\n", 0);
    let first = prefix.pid();
    prefix
        .run("zkServer.sh", &["restart"])
        .check("Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n", 0);
    assert_ne!(prefix.pid(), first);
}

#[test]
fn the_command_names_the_main_class_and_carries_properties() {
    let prefix = Prefix::new();
    prefix.mood("refuse");
    let run = prefix.run_with(
        "zkServer.sh",
        &["start-foreground"],
        &[
            ("SERVER_JVMFLAGS", "-Xmx1g -Dzookeeper.snapCount=7 -Dzookeeper.x=\"a b\""),
            ("JVMFLAGS", "-Dzookeeper.4lw.commands.whitelist=* -XX:+UseG1GC"),
            ("ZOO_LOG_FILE", "zk.log"),
        ],
    );
    run.check("SERVER_JVMFLAGS=-Xmx1g -Dzookeeper.snapCount=7 -Dzookeeper.x=\"a b\"\n", 2);
    assert_eq!(
        prefix.last_call(),
        format!(
            "server --main-class org.apache.zookeeper.server.quorum.QuorumPeerMain \
             -Dzookeeper.log.dir={0}/bin/../logs -Dzookeeper.log.file=zk.log \
             -Dzookeeper.snapCount=7 -Dzookeeper.4lw.commands.whitelist=* {0}/bin/../conf/zoo.cfg",
            prefix.root.path().display()
        )
    );
    assert!(!prefix.path("data/zookeeper_server.pid").exists(), "no pid file in the foreground");
}

#[test]
fn foreground_without_exec_gives_the_servers_exit_code_too() {
    let prefix = Prefix::new();
    prefix.mood("refuse");
    let run = prefix.run_with("zkServer.sh", &["start-foreground"], &[("ZOO_NOEXEC", "1")]);
    assert_eq!(run.code, 2);
}

#[test]
fn print_cmd_prints_the_start_command() {
    let prefix = Prefix::new();
    let run = prefix.run_with("zkServer.sh", &["print-cmd"], &[("SERVER_JVMFLAGS", "-Da.b=c")]);
    assert_eq!(run.code, 0);
    let root = prefix.root.path().display();
    let start = format!(
        "\"{root}/bin/../lib/oxkeeper\" server --main-class \
         org.apache.zookeeper.server.quorum.QuorumPeerMain "
    );
    assert!(run.stdout.starts_with(&start), "{}", run.stdout);
    for part in [
        format!("-Dzookeeper.log.dir=\"{root}/bin/../logs\""),
        "-Da.b=c".to_owned(),
        format!("\"{root}/bin/../conf/zoo.cfg\" > \"{root}/bin/../logs/zookeeper-zk-server-"),
        ".out\" 2>&1 < /dev/null\n".to_owned(),
    ] {
        assert!(run.stdout.contains(&part), "{part} in {}", run.stdout);
    }
}

#[test]
fn version_is_the_programs_and_its_stderr_is_dropped() {
    let run = Prefix::new().run("zkServer.sh", &["version"]);
    run.check("Apache ZooKeeper, version 3.9.5-oxkeeper-0.1.0\n", 0);
    assert!(!run.stderr.contains("noise"));
}

#[test]
fn anything_else_prints_the_usage_and_ends_with_0() {
    let prefix = Prefix::new();
    for arguments in [&[][..], &["dance"][..]] {
        let run = prefix.run("zkServer.sh", arguments);
        run.check("", 0);
        let usage = format!(
            "Usage: {} [--config <conf-dir>] \
             {{start|start-foreground|stop|version|restart|status|print-cmd}}\n",
            prefix.path("bin/zkServer.sh").display()
        );
        assert!(run.stderr.ends_with(&usage), "{}", run.stderr);
    }
}

#[test]
fn jmx_texts_follow_the_environment() {
    let prefix = Prefix::new();
    let stderr = |env: &[(&str, &str)]| prefix.run_with("zkServer.sh", &["version"], env).stderr;
    assert!(stderr(&[("JMXDISABLE", "true")]).starts_with("JMX disabled by user request\n"));
    assert!(stderr(&[("JMXDISABLE", "false")]).starts_with("ZooKeeper JMX enabled by default\n"));
    assert!(stderr(&[("JMXPORT", "9"), ("JMXHOSTNAME", "h"), ("JMXSSL", "true")]).starts_with(
        "ZooKeeper JMX enabled by default\n\
         ZooKeeper remote JMX Port set to 9\n\
         ZooKeeper remote JMX authenticate set to false\n\
         ZooKeeper remote JMX ssl set to true\n\
         ZooKeeper remote JMX log4j set to true\n\
         ZooKeeper remote JMX Hostname set to h\n"
    ));
}

#[test]
fn the_configuration_is_found_by_argument_option_and_environment() {
    let prefix = Prefix::new();
    let other = prefix.path("other");
    fs::create_dir(&other).expect("folder");
    fs::copy(prefix.path("conf/zoo.cfg"), other.join("zoo.cfg")).expect("copy");
    fs::copy(prefix.path("conf/zoo.cfg"), prefix.path("conf/two.cfg")).expect("copy");
    let other = other.display().to_string();
    let file = format!("{other}/zoo.cfg");
    let used = |arguments: &[&str], env: &[(&str, &str)]| {
        let stderr = prefix.run_with("zkServer.sh", arguments, env).stderr;
        let line = stderr.lines().find(|line| line.starts_with("Using config: ")).expect("line");
        line["Using config: ".len()..].to_owned()
    };
    let conf = format!("{}/bin/../conf", prefix.root.path().display());
    assert_eq!(used(&["version"], &[]), format!("{conf}/zoo.cfg"));
    assert_eq!(used(&["version", "two.cfg"], &[]), format!("{conf}/two.cfg"));
    assert_eq!(used(&["version", &file], &[]), file);
    assert_eq!(used(&["--config", &other, "version"], &[]), file);
    assert_eq!(used(&["version"], &[("ZOOCFGDIR", &other)]), file);
    assert_eq!(used(&["version"], &[("ZOOCFG", "two.cfg")]), format!("{conf}/two.cfg"));
}

#[test]
fn environment_files_are_sourced_before_and_after_the_name_is_known() {
    let prefix = Prefix::new();
    prefix.mood("refuse");
    fs::write(prefix.path("conf/zookeeper-env.sh"), "ZOO_LOG_FILE=first.log\nZOOCFG=zoo.cfg\n")
        .expect("zookeeper-env.sh");
    fs::write(prefix.path("conf/java.env"), "SERVER_JVMFLAGS=\"-Dcfg=$ZOOCFG\"\n")
        .expect("java.env");
    prefix.run("zkServer.sh", &["start-foreground"]);
    let call = prefix.last_call();
    assert!(call.contains("-Dzookeeper.log.file=first.log"), "{call}");
    assert!(call.contains(&format!("-Dcfg={}", prefix.config_name())), "{call}");
}

#[test]
fn heap_sizes_reach_the_server_when_given() {
    let prefix = Prefix::new();
    prefix.mood("refuse");
    let env = [("ZK_SERVER_HEAP", "512")];
    let run = prefix.run_with("zkServer.sh", &["start-foreground"], &env);
    assert_eq!(run.stdout, "SERVER_JVMFLAGS=-Xmx512m \n");
}

#[test]
fn the_program_can_be_elsewhere_or_nowhere() {
    let prefix = Prefix::new();
    fs::rename(prefix.path("lib/oxkeeper"), prefix.path("lib/elsewhere")).expect("rename");
    // An empty PATH of our own keeps a program of this machine out.
    let tools = "/usr/bin:/bin";
    let nowhere = prefix.run_with("zkServer.sh", &["version"], &[("PATH", tools)]);
    nowhere.check("", 1);
    assert_eq!(
        nowhere.stderr,
        "Error: OXKEEPER_BIN is not set and oxkeeper could not be found in PATH.\n"
    );
    let told = prefix.path("lib/elsewhere").display().to_string();
    let run = prefix.run_with("zkServer.sh", &["version"], &[("OXKEEPER_BIN", &told)]);
    assert_eq!(run.code, 0);
    let folder = prefix.path("path");
    fs::create_dir(&folder).expect("folder");
    fs::rename(prefix.path("lib/elsewhere"), folder.join("oxkeeper")).expect("rename");
    let path = format!("{}:{tools}", folder.display());
    let run = prefix.run_with("zkServer.sh", &["version"], &[("PATH", &path)]);
    run.check("Apache ZooKeeper, version 3.9.5-oxkeeper-0.1.0\n", 0);
}

#[test]
fn libexec_wins_over_the_script_beside() {
    let prefix = Prefix::new();
    fs::create_dir(prefix.path("libexec")).expect("folder");
    fs::rename(prefix.path("bin/zkEnv.sh"), prefix.path("libexec/zkEnv.sh")).expect("rename");
    assert_eq!(prefix.run("zkServer.sh", &["version"]).code, 0);
}

#[test]
fn autocreate_switched_off_wants_the_directories_first() {
    let prefix = Prefix::new();
    let off = [("ZOO_DATADIR_AUTOCREATE_DISABLE", "1")];
    prefix.run_with("zkServer.sh", &["start"], &off).check(
        &format!(
            "ZooKeeper data directory is missing at {} fix the path or run initialize\n",
            prefix.data()
        ),
        1,
    );
    fs::create_dir(prefix.path("data/version-2")).expect("version-2");
    let log = prefix.path("txn").display().to_string();
    prefix.config(&[&format!("dataLogDir={log}")]);
    prefix.run_with("zkServer.sh", &["start"], &off).check(
        &format!("ZooKeeper txnlog directory is missing at {log} fix the path or run initialize\n"),
        1,
    );
    prefix.config(&[]);
    prefix.mood("refuse");
    prefix.run_with("zkServer.sh", &["start-foreground"], &off);
    let call = prefix.last_call();
    assert!(call.contains("QuorumPeerMain -Dzookeeper.datadir.autocreate=false -D"), "{call}");
}

#[test]
fn a_pid_file_of_ones_own_gets_its_folder() {
    let prefix = Prefix::new();
    let file = prefix.path("run/zk/server.pid");
    let env = [("ZOOPIDFILE", file.to_str().expect("Unicode"))];
    prefix.run_with("zkServer.sh", &["start"], &env).check("Starting zookeeper ... STARTED\n", 0);
    assert!(is_alive(&fs::read_to_string(&file).expect("pid")));
    prefix.run_with("zkServer.sh", &["stop"], &env).check("Stopping zookeeper ... STOPPED\n", 0);
    assert!(!file.exists());
}

#[test]
fn the_data_directory_is_created_for_the_pid_file() {
    let prefix = Prefix::new();
    fs::remove_dir(prefix.path("data")).expect("remove");
    prefix.run("zkServer.sh", &["stop"]);
    assert!(prefix.path("data").is_dir() && prefix.path("logs").is_dir());
}

/// Runs `status` and compares what it says and what it asks.
#[track_caller]
fn check_status(prefix: &Prefix, stdout: &str, code: i32, asked: Option<&str>) {
    let _ = fs::remove_file(prefix.path("lib/calls"));
    prefix.run("zkServer.sh", &["status"]).check(stdout, code);
    if let Some(asked) = asked {
        assert_eq!(prefix.last_call(), asked);
    }
}

#[test]
fn status_prints_port_and_mode() {
    let prefix = Prefix::new();
    check_status(
        &prefix,
        "Client port found: 2181. Client address: localhost. Client SSL: false.\n\
         Mode: standalone\n",
        0,
        Some("4lw localhost 2181 srvr"),
    );
    prefix.config(&["clientPort=2182", "clientPortAddress=10.0.0.1"]);
    check_status(
        &prefix,
        "Client port found: 2182. Client address: 10.0.0.1. Client SSL: false.\n\
         Mode: standalone\n",
        0,
        Some("4lw 10.0.0.1 2182 srvr"),
    );
}

#[test]
fn status_of_a_server_that_does_not_answer() {
    let prefix = Prefix::new();
    prefix.mood("silent");
    check_status(
        &prefix,
        "Client port found: 2181. Client address: localhost. Client SSL: false.\n\
         Error contacting service. It is probably not running.\n",
        1,
        None,
    );
}

#[test]
fn status_finds_the_port_in_the_server_list() {
    let prefix = Prefix::new();
    fs::write(prefix.path("data/myid"), "3\n").expect("myid");
    for (client, address, port) in [
        ("2190", "localhost", "2190"),
        ("10.0.0.3:2191", "10.0.0.3", "2191"),
        ("[2001:db8::3]:2192", "2001:db8::3", "2192"),
    ] {
        prefix.config(&[&format!("server.3=a:2888:3888;{client}")]);
        check_status(
            &prefix,
            &format!(
                "Client port found: {port}. Client address: {address}. Client SSL: false.\n\
                 Mode: standalone\n"
            ),
            0,
            Some(&format!("4lw {address} {port} srvr")),
        );
    }
    let dynamic = prefix.path("conf/zoo.cfg.dynamic.1");
    fs::write(&dynamic, "server.3=a:2888:3888:participant;2193\n").expect("dynamic file");
    prefix.config(&[&format!("dynamicConfigFile={}", dynamic.display())]);
    check_status(
        &prefix,
        "Client port not found in static config file. Looking in dynamic config file.\n\
         Client port found: 2193. Client address: localhost. Client SSL: false.\n\
         Mode: standalone\n",
        0,
        None,
    );
}

#[test]
fn status_without_any_port() {
    const LAST: &str = "Client port not found. Looking for secureClientPort in the static config.\n\
         Unable to find either secure or unsecure client port in any configs. Terminating.\n";
    let prefix = Prefix::new();
    prefix.config(&[]);
    check_status(
        &prefix,
        &format!(
            "myid could not be determined, will not able to locate clientPort in the server \
             configs.\n{LAST}"
        ),
        1,
        None,
    );
    fs::write(prefix.path("data/myid"), "1\n").expect("myid");
    let dynamic = prefix.path("conf/zoo.cfg.dynamic.1");
    fs::write(&dynamic, "server.1=a:2888:3888\n").expect("dynamic file");
    prefix.config(&[&format!("dynamicConfigFile={}", dynamic.display())]);
    check_status(
        &prefix,
        &format!(
            "Client port not found in static config file. Looking in dynamic config file.\n\
             Client port not found in the server configs\n{LAST}"
        ),
        1,
        None,
    );
}

#[test]
fn status_over_tls_explains_itself_when_it_fails() {
    let prefix = Prefix::new();
    prefix.config(&["secureClientPort=2281", "secureClientPortAddress=10.0.0.2"]);
    let found = "myid could not be determined, will not able to locate clientPort in the server \
         configs.\n\
         Client port not found. Looking for secureClientPort in the static config.\n\
         Client port found: 2281. Client address: 10.0.0.2. Client SSL: true.\n";
    check_status(
        &prefix,
        &format!("{found}Mode: standalone\n"),
        0,
        Some("4lw 10.0.0.2 2281 srvr true"),
    );
    prefix.mood("silent");
    let run = prefix.run("zkServer.sh", &["status"]);
    assert_eq!(run.code, 1);
    let note = run.stdout.strip_prefix(found).expect("the same beginning");
    let lines: Vec<_> = note.lines().collect();
    assert_eq!(lines.len(), 10, "{note}");
    assert_eq!((lines[0], lines[8]), (" ", " "));
    assert_eq!(
        lines[1],
        "Note: We used secureClientPort (2281) to establish connection, but we failed. The \
         'status'"
    );
    assert_eq!(lines[9], "Error contacting service. It is probably not running.");
}

#[test]
fn initialize_makes_empty_directories_once() {
    let prefix = Prefix::new();
    let log = prefix.path("txn").display().to_string();
    prefix.config(&[&format!("dataLogDir={log}")]);
    let data = prefix.data();
    prefix.run("zkServer-initialize.sh", &[]).check(
        &format!(
            "No myid provided, be sure to specify it in {data}/myid if using non-standalone\n"
        ),
        0,
    );
    for made in ["data/version-2", "data/initialize", "txn/version-2"] {
        assert!(prefix.path(made).exists(), "{made}");
    }
    let again = "already exists at";
    prefix.run("zkServer-initialize.sh", &["--myid=3"]).check(
        &format!(
            "ZooKeeper data directory {again} {data} (or use --force to force \
             re-initialization)\n"
        ),
        1,
    );
    fs::remove_dir(prefix.path("data/version-2")).expect("remove");
    prefix.run("zkServer-initialize.sh", &[]).check(
        &format!(
            "ZooKeeper txnlog directory {again} {log} (or use --force to force \
             re-initialization)\n"
        ),
        1,
    );
    fs::write(prefix.path("txn/version-2/log.1"), "x").expect("log");
    prefix.run("zkServer-initialize.sh", &["--force", "--myid", "3"]).check(
        "Force enabled, data/txnlog directories will be re-initialized\nUsing myid of 3\n",
        0,
    );
    assert!(!prefix.path("txn/version-2/log.1").exists());
    assert_eq!(fs::read_to_string(prefix.path("data/myid")).expect("myid"), "3\n");
}

#[test]
fn initialize_refuses_what_it_cannot_use() {
    let prefix = Prefix::new();
    let missing = prefix.path("none.cfg").display().to_string();
    for arguments in [vec!["--configfile", &missing], vec![&*format!("--configfile={missing}")]] {
        prefix
            .run("zkServer-initialize.sh", &arguments)
            .check(&format!("Unable to find config file at {missing}\n"), 1);
    }
    let empty = prefix.path("empty.cfg").display().to_string();
    fs::write(&empty, "clientPort=2181\n").expect("empty.cfg");
    prefix
        .run("zkServer-initialize.sh", &["--configfile", &empty])
        .check(&format!("Unable to determine dataDir from {empty}\n"), 1);
}

#[test]
fn initialize_prints_its_usage() {
    let prefix = Prefix::new();
    let usage =
        format!("usage: {} <parameters>\n", prefix.path("bin/zkServer-initialize.sh").display());
    for option in ["-h", "--help"] {
        let run = prefix.run("zkServer-initialize.sh", &[option]);
        assert_eq!(run.code, 1);
        assert!(run.stdout.starts_with(&usage), "{}", run.stdout);
        for name in ["-h", "--help", "--configfile=", "--myid=#", "--force"] {
            assert!(run.stdout.contains(&format!("     {name}")), "{name}");
        }
    }
    let run = prefix.run("zkServer-initialize.sh", &["--dance"]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with(&format!("Unknown option: --dance\n{usage}")), "{}", run.stdout);
}

#[test]
fn cleanup_hands_the_directories_to_the_purge() {
    let prefix = Prefix::new();
    prefix.run("zkCleanup.sh", &["-n", "5"]).check("", 0);
    assert_eq!(prefix.last_call(), format!("purge {} -n 5", prefix.data()));
    prefix.config(&["dataLogDir=/txn"]);
    prefix.run("zkCleanup.sh", &["-n", "5"]).check("", 0);
    assert_eq!(prefix.last_call(), format!("purge /txn {} -n 5", prefix.data()));
    prefix.run("zkCleanup.sh", &[]).check("Usage:\nPurgeTxnLog dataLogDir [snapDir] -n count\n", 1);
}

#[test]
fn the_sample_configuration_has_apaches_values() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conf/zoo_sample.cfg");
    let config = config::Config::from_file(path, &config::SystemProperties::default())
        .expect("the sample is valid");
    assert_eq!(config.tick_time_ms, 2000);
    assert_eq!(config.ensemble.init_limit_ticks, 10);
    assert_eq!(config.ensemble.sync_limit_ticks, 5);
    assert_eq!(config.data_dir, Path::new("/tmp/zookeeper"));
    assert_eq!(config.listeners.plain.expect("port").port, 2181);
    assert_eq!(config.listeners.max_client_cnxns, Some(60));
}
