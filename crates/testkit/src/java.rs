//! Servers of both kinds, started from one description: the Java server that `interop/setup.sh`
//! brought, and Oxkeeper. A test that takes a [`ServerKind`] runs against either.
//!
//! ```no_run
//! # use testkit::java::{ServerKind, ServerOptions};
//! let options = ServerOptions::new().config("tickTime", 500).property("zookeeper.skipACL", "yes");
//! let mut server = options.start(ServerKind::Java)?;
//! println!("{} {:?}", server.connect_string(), server.usage()?);
//! server.kill();
//! server.start_again()?;
//! # Ok::<(), testkit::process::Error>(())
//! ```

use std::ffi::OsString;
use std::fmt::{self, Display, Write as _};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use crate::process::{Error, Launch, Readiness, ServerProcess, free_port, loopback};

/// Whose server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerKind {
    /// Apache ZooKeeper's own.
    Java,
    /// Ours.
    Ox,
}

/// A word that names no kind of server.
#[derive(Debug, thiserror::Error)]
#[error("unknown server '{0}'; known are java and ox")]
pub struct UnknownKind(String);

impl FromStr for ServerKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        match word {
            "java" => Ok(Self::Java),
            "ox" => Ok(Self::Ox),
            _ => Err(UnknownKind(word.to_owned())),
        }
    }
}

impl Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Java => "java",
            Self::Ox => "ox",
        })
    }
}

/// How a standalone server is started. The default: an own folder, a free port of 127.0.0.1,
/// every four-letter word allowed, no admin server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    config: Vec<(String, String)>,
    properties: Vec<(String, String)>,
    jvm_flags: Vec<String>,
    env: Vec<(String, String)>,
    heap_mb: u32,
    data_dir: Option<PathBuf>,
    client_port: Option<u16>,
    readiness: Readiness,
    start_timeout: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// The default described above.
    pub fn new() -> Self {
        Self {
            config: Vec::new(),
            properties: vec![("zookeeper.admin.enableServer".into(), "false".into())],
            jvm_flags: Vec::new(),
            env: Vec::new(),
            // What zkServer.sh gives the Java server.
            heap_mb: 1000,
            data_dir: None,
            client_port: None,
            readiness: Readiness::Serving,
            start_timeout: Duration::from_secs(60),
        }
    }

    /// A line `key=value` of `zoo.cfg`; the last one of a key counts.
    #[must_use]
    pub fn config(mut self, key: &str, value: impl Display) -> Self {
        set(&mut self.config, key, value);
        self
    }

    /// A `-Dname=value` of the command line; the last one of a name counts.
    #[must_use]
    pub fn property(mut self, name: &str, value: impl Display) -> Self {
        set(&mut self.properties, name, value);
        self
    }

    /// A flag for the Java virtual machine only, such as `-XX:+UseSerialGC`.
    #[must_use]
    pub fn jvm_flag(mut self, flag: &str) -> Self {
        self.jvm_flags.push(flag.to_owned());
        self
    }

    /// An environment variable of the server.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Display) -> Self {
        set(&mut self.env, name, value);
        self
    }

    /// Heap limit of the Java server, in mebibytes.
    #[must_use]
    pub fn heap_mb(mut self, heap_mb: u32) -> Self {
        self.heap_mb = heap_mb;
        self
    }

    /// An existing or new dataDir that outlives the server. Default: `data` in its own folder.
    #[must_use]
    pub fn data_dir(mut self, data_dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(data_dir.into());
        self
    }

    /// The client port. Default: a free one.
    #[must_use]
    pub fn client_port(mut self, port: u16) -> Self {
        self.client_port = Some(port);
        self
    }

    /// What counts as serving. Default: an answer to `srvr`.
    #[must_use]
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// How long the server may take until it serves. Default: 60 s.
    #[must_use]
    pub fn start_timeout(mut self, start_timeout: Duration) -> Self {
        self.start_timeout = start_timeout;
        self
    }

    /// Starts a server of the given kind and returns when it serves.
    ///
    /// # Errors
    /// [`Error::PeerMissing`] when the program is not on this machine, else as
    /// [`ServerProcess::start`].
    pub fn start(&self, kind: ServerKind) -> Result<ServerProcess, Error> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{kind}-server-"))
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let client_addr = loopback(match self.client_port {
            Some(port) => port,
            None => free_port()?,
        });
        let config_path = self.write_config(folder.path(), client_addr)?;
        let launch = match kind {
            ServerKind::Java => self.java_launch(&config_path, client_addr)?,
            ServerKind::Ox => self.ox_launch(&config_path, client_addr)?,
        };
        ServerProcess::start(launch, folder)
    }

    /// Writes `zoo.cfg` and the dataDir and returns the path of the former.
    fn write_config(&self, folder: &Path, client_addr: SocketAddr) -> Result<PathBuf, Error> {
        let data_dir = self.data_dir.clone().unwrap_or_else(|| folder.join("data"));
        fs::create_dir_all(&data_dir)
            .map_err(|source| Error::File { path: data_dir.clone(), source })?;
        let mut lines = vec![
            ("dataDir".to_owned(), data_dir.display().to_string()),
            ("clientPort".to_owned(), client_addr.port().to_string()),
            ("clientPortAddress".to_owned(), client_addr.ip().to_string()),
            ("4lw.commands.whitelist".to_owned(), "*".to_owned()),
        ];
        for (key, value) in &self.config {
            set(&mut lines, key, value);
        }
        let mut text = String::new();
        for (key, value) in &lines {
            let _ = writeln!(text, "{key}={value}");
        }
        let path = folder.join("zoo.cfg");
        fs::write(&path, text).map_err(|source| Error::File { path: path.clone(), source })?;
        Ok(path)
    }

    fn java_launch(&self, config: &Path, client_addr: SocketAddr) -> Result<Launch, Error> {
        let mut args: Vec<OsString> = vec![
            format!("-Xmx{}m", self.heap_mb).into(),
            "-Dfile.encoding=UTF-8".into(),
            "-cp".into(),
            java_class_path()?.into(),
        ];
        args.extend(self.jvm_flags.iter().map(OsString::from));
        args.extend(self.property_flags().map(OsString::from));
        args.push(JAVA_MAIN.into());
        args.push(config.into());
        Ok(self.launch("java".into(), args, Vec::new(), client_addr))
    }

    fn ox_launch(&self, config: &Path, client_addr: SocketAddr) -> Result<Launch, Error> {
        let args = vec!["server".into(), config.into()];
        let flags: Vec<String> = self.property_flags().collect();
        let env = vec![("JVMFLAGS".into(), flags.join(" ").into())];
        Ok(self.launch(ox_binary()?.into(), args, env, client_addr))
    }

    fn launch(
        &self,
        program: OsString,
        args: Vec<OsString>,
        mut env: Vec<(OsString, OsString)>,
        client_addr: SocketAddr,
    ) -> Launch {
        env.extend(self.env.iter().map(|(name, value)| (name.into(), value.into())));
        Launch {
            program,
            args,
            env,
            env_removed: vec!["SERVER_JVMFLAGS".into(), "JVMFLAGS".into()],
            client_addr,
            readiness: self.readiness,
            start_timeout: self.start_timeout,
        }
    }

    fn property_flags(&self) -> impl Iterator<Item = String> + '_ {
        self.properties.iter().map(|(name, value)| format!("-D{name}={value}"))
    }
}

/// Sets the value of a key, in place when it is there already.
fn set(pairs: &mut Vec<(String, String)>, key: &str, value: impl Display) {
    let value = value.to_string();
    match pairs.iter_mut().find(|(known, _)| known == key) {
        Some(pair) => pair.1 = value,
        None => pairs.push((key.to_owned(), value)),
    }
}

/// Entry point of the Java server, as in `zkServer.sh`.
const JAVA_MAIN: &str = "org.apache.zookeeper.server.quorum.QuorumPeerMain";

/// The folder that `interop/setup.sh` fills: `OXKEEPER_INTEROP_DIR`, or `target/interop` of the
/// checkout.
pub fn interop_dir() -> PathBuf {
    match std::env::var_os("OXKEEPER_INTEROP_DIR") {
        Some(dir) => dir.into(),
        None => workspace_root().join("target").join("interop"),
    }
}

/// The class path of the Java peer: its libraries and its quiet log settings. Any of its classes
/// can be run with it, such as the command line.
///
/// # Errors
/// [`Error::PeerMissing`] when there is no Java runtime or `interop/setup.sh` has not been run.
pub fn java_class_path() -> Result<String, Error> {
    let java = interop_dir().join("java");
    let missing = |what: String| Error::PeerMissing { what, remedy: SETUP_JAVA.to_owned() };
    if !java.join("stamp").is_file() {
        return Err(missing(format!("the Java server in {}", java.display())));
    }
    if Command::new("java").arg("-version").output().is_err() {
        return Err(missing("the java command".to_owned()));
    }
    Ok(format!("{}:{}/*", java.join("conf").display(), java.join("lib").display()))
}

const SETUP_JAVA: &str = "run interop/setup.sh java";

/// Our program: `OXKEEPER_BIN`, or the newer one of the release and the debug build.
///
/// # Errors
/// [`Error::PeerMissing`] when neither was built.
pub fn ox_binary() -> Result<PathBuf, Error> {
    let candidates = match std::env::var_os("OXKEEPER_BIN") {
        Some(path) => vec![PathBuf::from(path)],
        None => ["release", "debug"].map(|name| target_dir().join(name).join("oxkeeper")).to_vec(),
    };
    let built = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    candidates
        .iter()
        .filter(|path| built(path).is_some())
        .max_by_key(|path| built(path))
        .cloned()
        .ok_or_else(|| Error::PeerMissing {
            what: format!("the program {}", candidates[0].display()),
            remedy: "run cargo build --release -p oxkeeper, or set OXKEEPER_BIN".to_owned(),
        })
}

fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        // Cargo takes a relative one from where it was called; for us that is the checkout.
        Some(dir) => workspace_root().join(dir),
        None => workspace_root().join("target"),
    }
}

/// Says on standard error that a test is skipped because a peer is missing. Panics instead when
/// `OXKEEPER_REQUIRE_PEERS` is set, as in CI, where a skipped test is a failed one.
///
/// # Panics
/// See above.
pub fn skip(test: &str, why: &Error) {
    assert!(std::env::var_os("OXKEEPER_REQUIRE_PEERS").is_none(), "{test} cannot run: {why}");
    eprintln!("SKIPPED {test}: {why}");
}

/// The checkout this crate was built in.
pub fn workspace_root() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.ancestors().nth(2).unwrap_or(crate_dir).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_counts() {
        let folder = tempfile::tempdir().unwrap();
        let options = ServerOptions::new()
            .config("tickTime", 500)
            .config("4lw.commands.whitelist", "srvr")
            .config("tickTime", 600);
        let path = options.write_config(folder.path(), loopback(2181)).unwrap();
        let data_dir = folder.path().join("data");
        assert_eq!(
            fs::read_to_string(path).unwrap(),
            format!(
                "dataDir={}\nclientPort=2181\nclientPortAddress=127.0.0.1\n\
                 4lw.commands.whitelist=srvr\ntickTime=600\n",
                data_dir.display()
            )
        );
        assert!(data_dir.is_dir());
    }

    #[test]
    fn kinds_are_words() {
        for kind in [ServerKind::Java, ServerKind::Ox] {
            assert_eq!(kind.to_string().parse::<ServerKind>().unwrap(), kind);
        }
        assert!("etcd".parse::<ServerKind>().is_err());
    }
}
