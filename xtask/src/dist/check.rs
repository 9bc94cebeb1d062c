//! What an operator does first with the archive, with each text compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testkit::process::free_port;

/// What would make the scripts act on something else than the unpacked folder.
const FOREIGN_ENV: &[&str] = &[
    "CLIENT_JVMFLAGS",
    "JMXDISABLE",
    "JMXPORT",
    "JVMFLAGS",
    "OXKEEPER_BIN",
    "SERVER_JVMFLAGS",
    "ZK_CLIENT_HEAP",
    "ZK_SERVER_HEAP",
    "ZOOCFG",
    "ZOOCFGDIR",
    "ZOOPIDFILE",
    "ZOO_DATADIR_AUTOCREATE_DISABLE",
    "ZOO_LOG_DIR",
    "ZOO_LOG_FILE",
];

/// Unpacks the archive and has a server of it started, asked and stopped.
pub fn run(archive: &Path, name: &str) -> Result<()> {
    let temp = TempDir::new().context("cannot make a temporary folder")?;
    super::done(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(temp.path()), "tar")?;
    let installed = Installed::configure(temp.path().join(name))?;
    let status = installed.status_line();
    let config = installed.config_lines();
    installed.expect("status", 1, &format!("{status}{GONE}"), &config)?;
    installed.expect("start", 0, "Starting zookeeper ... STARTED\n", &config)?;
    installed.wait_until_serving()?;
    let pid = installed.pid()?;
    let again = format!("Starting zookeeper ... already running as process {pid}.\n");
    installed.expect("start", 1, &again, &config)?;
    installed.expect("status", 0, &format!("{status}Mode: standalone\n"), &config)?;
    installed.expect("stop", 0, "Stopping zookeeper ... STOPPED\n", &config)?;
    installed.expect("status", 1, &format!("{status}{GONE}"), &config)?;
    ensure!(!installed.out_file()?.is_empty(), "the .out file is empty");
    println!("dist: started, asked and stopped a server of {}", archive.display());
    Ok(())
}

const GONE: &str = "Error contacting service. It is probably not running.\n";

/// The unpacked folder with a configuration. Dropping it stops its server.
struct Installed {
    folder: PathBuf,
    port: u16,
}

impl Installed {
    fn configure(folder: PathBuf) -> Result<Self> {
        let sample = fs::read_to_string(folder.join("conf/zoo_sample.cfg"))
            .context("the archive has no conf/zoo_sample.cfg")?;
        let port = free_port()?;
        let data = folder.join("data");
        let changed = sample
            .replace("dataDir=/tmp/zookeeper", &format!("dataDir={}", data.display()))
            .replace("clientPort=2181", &format!("clientPort={port}"));
        ensure!(
            changed.contains(&format!("{port}")) && changed.contains("data\n"),
            "the sample configuration has no dataDir or clientPort to change"
        );
        // A test is nobody else's server.
        let text = format!("{changed}\nclientPortAddress=127.0.0.1\n");
        fs::write(folder.join("conf/zoo.cfg"), text).context("cannot write zoo.cfg")?;
        Ok(Installed { folder, port })
    }

    fn status_line(&self) -> String {
        format!("Client port found: {}. Client address: 127.0.0.1. Client SSL: false.\n", self.port)
    }

    fn config_lines(&self) -> String {
        let folder = self.folder.display();
        format!("ZooKeeper JMX enabled by default\nUsing config: {folder}/bin/../conf/zoo.cfg\n")
    }

    fn script(&self, word: &str) -> Command {
        let mut command = Command::new(self.folder.join("bin/zkServer.sh"));
        command.arg(word);
        for name in FOREIGN_ENV {
            command.env_remove(name);
        }
        command
    }

    /// Runs a subcommand and compares what it says on both streams, and its exit code.
    fn expect(&self, word: &str, code: i32, stdout: &str, stderr: &str) -> Result<()> {
        let output = self.script(word).output().context("cannot run zkServer.sh")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let said_aside = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(code) && said == stdout && said_aside == stderr,
            "zkServer.sh {word}: wanted code {code}, {stdout:?} and {stderr:?}; got {}, {said:?} \
             and {said_aside:?}; the server said:\n{}",
            output.status,
            self.out_file().unwrap_or_default()
        );
        Ok(())
    }

    /// STARTED says that the process exists; on a busy machine it may serve a little later.
    fn wait_until_serving(&self) -> Result<()> {
        for _ in 0..100 {
            if self.script("status").output()?.status.success() {
                return Ok(());
            }
        }
        anyhow::bail!("the server does not come to serve:\n{}", self.out_file()?)
    }

    fn pid(&self) -> Result<String> {
        let file = self.folder.join("data/zookeeper_server.pid");
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// What the server printed.
    fn out_file(&self) -> Result<String> {
        let mut text = String::new();
        for entry in fs::read_dir(self.folder.join("logs")).context("there is no logs folder")? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "out") {
                text += &fs::read_to_string(&path)?;
            }
        }
        Ok(text)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        // After a good run there is nothing to stop, and the script says so.
        let _ = self.script("stop").output();
    }
}
