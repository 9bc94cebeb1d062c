//! Checks before a start that touch the disk or ask the resolver.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use crate::{Config, Error, ListenAddress, Note, Origin};

/// Makes sure that the data directories can be used and that names resolve. Creates
/// missing directories unless `datadir.autocreate=false`. What a server can live with
/// comes back as notes.
pub fn check(config: &Config) -> Result<Vec<Note>, Error> {
    data_directories(config)?;
    let mut notes = my_id(config)?;
    listener(&config.listeners.plain, "clientPortAddress")?;
    listener(&config.listeners.secure, "secureClientPortAddress")?;
    notes.extend(unresolved_members(config));
    Ok(notes)
}

/// The socket addresses of a listener, in the resolver's order. Without a host that is
/// `[::]` alone; bind it for IPv4 too.
pub fn resolve(address: &ListenAddress) -> io::Result<Vec<SocketAddr>> {
    match address.host.as_deref() {
        None => Ok(vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port))]),
        Some(host) => Ok((host, address.port).to_socket_addrs()?.collect()),
    }
}

/// Both `version-2` directories exist, can be written, and do not hold each other's
/// files.
pub fn data_directories(config: &Config) -> Result<(), Error> {
    let log_dir = config.data_log_dir.join("version-2");
    let snap_dir = config.data_dir.join("version-2");
    directory(config, &log_dir, "data")?;
    directory(config, &snap_dir, "snap")?;
    if log_dir != snap_dir {
        // Java calls this LogDirContentCheck and SnapDirContentCheck (ZOOKEEPER-2967).
        refuse_files(&log_dir, "snapshot.", "Log directory has snapshot files", "dataDir")?;
        refuse_files(&snap_dir, "log.", "Snapshot directory has log files", "dataLogDir")?;
    }
    Ok(())
}

fn directory(config: &Config, dir: &Path, what: &str) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::Datadir { reason });
    if !dir.exists() {
        if !config.storage.autocreate_directories {
            return refuse(format!(
                "Missing {what} directory {}, automatic data directory creation is disabled \
                 (zookeeper.datadir.autocreate is false). Please create this directory manually.",
                dir.display()
            ));
        }
        if let Err(source) = fs::create_dir_all(dir) {
            return refuse(format!(
                "Unable to create {what} directory {}: {source}. Check that its parent exists \
                 and that this user may write there",
                dir.display()
            ));
        }
    }
    match write_probe(dir) {
        Ok(()) => Ok(()),
        Err(source) => refuse(format!(
            "Cannot write to {what} directory {}: {source}. Give this user write permission, or \
             name another directory",
            dir.display()
        )),
    }
}

/// Permissions alone do not tell about read-only mounts and full disks.
fn write_probe(dir: &Path) -> io::Result<()> {
    let probe = dir.join(format!(".write-probe.{}", std::process::id()));
    File::create(&probe)?;
    fs::remove_file(&probe)
}

fn refuse_files(dir: &Path, prefix: &str, sentence: &str, key: &str) -> Result<(), Error> {
    match first_file(dir, prefix) {
        None => Ok(()),
        Some(file) => Err(Error::Datadir {
            reason: format!(
                "{sentence}. Check if dataLogDir and dataDir configuration is correct: {} belongs \
                 under {key}",
                file.display()
            ),
        }),
    }
}

/// A file whose name is the prefix and a hexadecimal number, and perhaps more.
fn first_file(dir: &Path, prefix: &str) -> Option<PathBuf> {
    let fits = |name: &str| {
        let number = name.strip_prefix(prefix)?.split('.').next()?;
        u64::from_str_radix(number, 16).ok()
    };
    // A directory that cannot be listed fails later, by name.
    let entries = fs::read_dir(dir).ok()?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().and_then(|name| fits(name.to_str()?)).is_some())
        .collect();
    files.sort();
    files.into_iter().next()
}

/// Whether `myid` fits the list of servers.
pub fn my_id(config: &Config) -> Result<Vec<Note>, Error> {
    let Some(id) = config.ensemble.my_id else { return Ok(Vec::new()) };
    let file = config.data_dir.join("myid");
    let members = &config.ensemble.membership.members;
    let known = members.contains_key(&id);
    if config.is_distributed() && !known {
        let listed: Vec<String> = members.keys().map(|id| format!("server.{id}")).collect();
        return Err(Error::Unusable {
            origin: Origin::File { path: file, line: 1 },
            key: "myid".to_owned(),
            value: id.to_string(),
            reason: format!(
                "My id {id} not in the peer list. It must be one of {}",
                listed.join(", ")
            ),
        });
    }
    let mut notes = Vec::new();
    if !known && !members.is_empty() {
        notes.push(Note::Ensemble(format!(
            "{} says {id}, but the configuration lists no server.{id}. A standalone server does \
             not need it",
            file.display()
        )));
    }
    if !(1..=255).contains(&id.0) {
        notes.push(Note::Ensemble(format!(
            "{} says {id}, but a server id should be from 1 to 255: session ids hold its low 8 \
             bits only",
            file.display()
        )));
    }
    Ok(notes)
}

fn listener(address: &Option<ListenAddress>, key: &str) -> Result<(), Error> {
    let Some(address) = address else { return Ok(()) };
    let host = address.host.as_deref().unwrap_or_default();
    let unknown = |why: String| Error::Whole {
        path: "the configuration".to_owned(),
        reason: format!(
            "{key}={host}: the host does not resolve ({why}). Use a name that this machine knows, \
             or an address"
        ),
    };
    match resolve(address) {
        Ok(addresses) if addresses.is_empty() => Err(unknown("no address".to_owned())),
        Ok(_) => Ok(()),
        Err(source) => Err(unknown(source.to_string())),
    }
}

/// Java starts all the same: the name may come to life later.
fn unresolved_members(config: &Config) -> Vec<Note> {
    let mut notes = Vec::new();
    if !config.is_distributed() {
        return notes;
    }
    for member in config.ensemble.membership.members.values() {
        for address in &member.addresses {
            if let Err(source) = (address.host.as_str(), address.quorum_port).to_socket_addrs() {
                notes.push(Note::Ensemble(format!(
                    "server.{}: the host {} does not resolve ({source}). It is tried again when \
                     the server connects",
                    member.id, address.host
                )));
            }
        }
    }
    notes
}
