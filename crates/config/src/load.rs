//! Puts a [`Config`] together from its sources.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::membership::{self, Reading};
use crate::settings::{self, Settings};
use crate::static_file::StaticFile;
use crate::{
    Config, Ensemble, Error, ListenAddress, Membership, MultiAddress, Note, Origin, Properties,
    Quorum, QuorumSasl, QuorumTls, Role, ServerId, Source, SystemProperties, sections, values,
};

impl Config {
    /// Reads `path`, the dynamic file it may name, and `<dataDir>/myid`.
    /// `properties` are those of the process; the file's own go above them.
    pub fn from_file(path: impl AsRef<Path>, properties: &SystemProperties) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| unreadable(path, source))?;
        let file = parse(path, &bytes)?;
        let mut properties = properties.clone();
        let mut notes = Vec::new();
        note_relative(path, &mut notes);
        notes.extend(file.overwritten().iter().map(|entry| Note::Overwritten {
            key: entry.key.clone(),
            origin: Origin::File { path: path.to_owned(), line: entry.line },
        }));
        let read = StaticFile::read(path, &file, &mut properties, &mut notes)?;
        let ensemble = ensemble(path, &file, &read, &properties, &mut notes)?;
        let listed = ensemble
            .my_id
            .and_then(|id| ensemble.membership.members.get(&id))
            .and_then(|member| member.client.clone());
        let mut config = Self::assemble(Source::File(path.to_owned()), read, properties, notes)?;
        // The list decides; it was checked against the file's own key.
        config.listeners.plain = listed.or(config.listeners.plain);
        config.ensemble = ensemble;
        config.file_text = String::from_utf8_lossy(&bytes).into_owned();
        config.forget_ensemble_settings();
        Ok(config)
    }

    /// Java's short form: `port datadir [ticktime] [maxcnxns]`. Unlike a file, it has
    /// no cap on connections unless one is given.
    pub fn from_args(words: &[&str], properties: &SystemProperties) -> Result<Self, Error> {
        let usage = |reason: String| Error::Usage { reason };
        let (port, data_dir, rest) = match words {
            [port, data_dir, rest @ ..] if rest.len() <= 2 => (*port, *data_dir, rest),
            _ => return Err(usage(format!("Invalid number of arguments:[{}]", words.join(", ")))),
        };
        let number = |text: &str, what: &str| {
            values::strict_i32(text).ok_or_else(|| usage(format!("{what} \"{text}\" is no number")))
        };
        let port = u16::try_from(number(port, "port")?)
            .map_err(|_| usage(format!("port out of range:{port}. It must be from 0 to 65535")))?;
        let tick_time_ms = rest.first().map_or(Ok(3000), |text| number(text, "ticktime"))?;
        if tick_time_ms < 1 {
            return Err(usage(format!("ticktime {tick_time_ms} must be at least 1 ms")));
        }
        let read = StaticFile {
            client_port: Some(port),
            data_dir: Some(PathBuf::from(data_dir)),
            max_client_cnxns: rest.get(1).map_or(Ok(0), |text| number(text, "maxcnxns"))?,
            ..StaticFile::with_tick(tick_time_ms)
        };
        Self::without_ensemble(Source::Arguments, read, properties.clone())
    }

    /// A first run without any configuration: port 2181 on the loopback address and
    /// the sample file's values.
    pub fn default_embedded(
        data_dir: impl Into<PathBuf>,
        properties: &SystemProperties,
    ) -> Result<Self, Error> {
        const LOOPBACK: &str = "127.0.0.1";
        let read = StaticFile {
            client_port: Some(2181),
            client_port_address: Some(LOOPBACK.to_owned()),
            data_dir: Some(data_dir.into()),
            ..StaticFile::with_tick(2000)
        };
        let mut properties = properties.clone();
        if properties.value("zookeeper.admin.serverAddress").is_none() {
            properties.set("zookeeper.admin.serverAddress", LOOPBACK, Origin::BuiltIn);
        }
        Self::without_ensemble(Source::Embedded, read, properties)
    }

    fn without_ensemble(
        source: Source,
        read: StaticFile,
        properties: SystemProperties,
    ) -> Result<Self, Error> {
        let mut config = Self::assemble(source, read, properties, Vec::new())?;
        config.forget_ensemble_settings();
        Ok(config)
    }

    fn assemble(
        source: Source,
        read: StaticFile,
        mut properties: SystemProperties,
        mut notes: Vec<Note>,
    ) -> Result<Self, Error> {
        let metrics = sections::metrics(&source, &read)?;
        if read.secure_client_port.is_some() {
            sections::register_tls_provider(&source, &mut properties)?;
        }
        notes.extend(settings::check(&properties));
        let data_dir = read.data_dir.clone().unwrap_or_default();
        let data_log_dir = read.data_log_dir.clone().unwrap_or_else(|| data_dir.clone());
        if matches!(source, Source::File(_)) {
            note_relative(&data_dir, &mut notes);
            read.data_log_dir.iter().for_each(|dir| note_relative(dir, &mut notes));
        }
        let settings = Settings(&properties);
        let auth = sections::auth(settings, &mut notes)?;
        sections::check_classes(settings, read.secure_client_port.is_some())?;
        Ok(Self {
            file_text: String::new(),
            data_dir,
            data_log_dir,
            tick_time_ms: read.tick_time_ms,
            min_session_timeout_ms: read.min_session_timeout_ms,
            max_session_timeout_ms: read.max_session_timeout_ms,
            listeners: sections::listeners(&read, settings, &mut notes),
            storage: sections::storage(settings, &mut notes),
            purge: sections::purge(&read),
            tree: sections::tree(settings, &mut notes),
            limits: sections::limits(settings, &mut notes),
            request_throttle: sections::request_throttle(settings),
            connection_throttle: sections::connection_throttle(settings, &mut notes)?,
            auth,
            four_letter_words: sections::four_letter_words(settings),
            admin: sections::admin(settings)?,
            audit: sections::audit(settings)?,
            metrics,
            log_threshold: sections::log_threshold(settings, &mut notes),
            ensemble: between_servers(&read, settings)?,
            source,
            properties,
            notes,
        })
    }
}

/// Reads and checks everything about the other servers.
fn ensemble(
    path: &Path,
    file: &Properties,
    read: &StaticFile,
    properties: &SystemProperties,
    notes: &mut Vec<Note>,
) -> Result<Ensemble, Error> {
    let mut ensemble = between_servers(read, Settings(properties))?;
    let list_path = read.dynamic_config_file.as_deref().unwrap_or(path);
    let several_addresses =
        ensemble.multi_address.enabled || Settings(properties).bool(MULTI_ADDRESS);
    let reading = |path| Reading {
        path,
        several_addresses,
        oracle: read.oracle_path.clone(),
        standalone_enabled: read.standalone_enabled,
    };
    ensemble.membership = if read.dynamic_config_file.is_some() {
        reading(list_path).of_dynamic_file(&read_properties(list_path)?, notes)?
    } else {
        reading(list_path).of_static_file(file, notes)?
    };
    ensemble.my_id = my_id(path, &read.data_dir.clone().unwrap_or_default())?;
    set_client_address(path, &mut ensemble, read)?;
    set_role(&mut ensemble, read.peer_type, notes);
    check_distributed(path, &ensemble, Settings(properties))?;
    if read.dynamic_config_file.is_some() {
        ensemble.pending = pending(path, several_addresses)?;
    }
    Ok(ensemble)
}

const MULTI_ADDRESS: &str = "zookeeper.multiAddress.enabled";

/// The settings between servers, with an empty list.
fn between_servers(read: &StaticFile, settings: Settings<'_>) -> Result<Ensemble, Error> {
    const CHECK: &str = "zookeeper.multiAddress.reachabilityCheckEnabled";
    const TIMEOUT: &str = "zookeeper.multiAddress.reachabilityCheckTimeoutMs";
    const SYNC: &str = "zookeeper.observer.syncEnabled";
    let timeout_ms = match read.multi_address_check_timeout_ms {
        Some(timeout_ms) => timeout_ms,
        None => settings.strict_int(TIMEOUT, 1000)?,
    };
    Ok(Ensemble {
        my_id: None,
        membership: Membership {
            members: Default::default(),
            quorum: Quorum::Majority { oracle: None },
            version: 0,
        },
        pending: None,
        role: Role::Participant,
        standalone_enabled: read.standalone_enabled,
        reconfig_enabled: read.reconfig_enabled,
        init_limit_ticks: read.init_limit_ticks,
        sync_limit_ticks: read.sync_limit_ticks,
        connect_to_learner_master_limit_ticks: read.connect_to_learner_master_limit_ticks,
        observer_master_port: read.observer_master_port,
        listen_on_all_addresses: read.quorum_listen_on_all_addresses,
        sync_enabled: match settings.text(SYNC) {
            Some(text) => values::lenient_bool(text),
            None => read.sync_enabled,
        },
        dynamic_config_file: read.dynamic_config_file.clone(),
        local_sessions: read.local_sessions,
        local_sessions_upgrading: read.local_sessions_upgrading,
        multi_address: MultiAddress {
            enabled: read.multi_address.unwrap_or_else(|| settings.bool(MULTI_ADDRESS)),
            reachability_check: read
                .multi_address_check
                .unwrap_or_else(|| settings.bool_or_true(CHECK)),
            reachability_check_timeout_ms: timeout_ms,
        },
        tls: QuorumTls {
            enabled: read.ssl_quorum,
            port_unification: read.port_unification,
            reload_cert_files: read.ssl_quorum_reload,
        },
        sasl: QuorumSasl {
            enabled: read.quorum_sasl,
            server_required: read.quorum_sasl_server_required,
            learner_required: read.quorum_sasl_learner_required,
            learner_login_context: read.quorum_sasl_learner_context.clone(),
            server_login_context: read.quorum_sasl_server_context.clone(),
            service_principal: read.quorum_sasl_principal.clone(),
            // Java's pool never has fewer.
            cnxn_threads: read.quorum_cnxn_threads.max(20),
        },
    })
}

/// The first line of `<dataDir>/myid`, if the file is there.
fn my_id(path: &Path, data_dir: &Path) -> Result<Option<ServerId>, Error> {
    let file = data_dir.join("myid");
    if !file.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(&file).map_err(|source| unreadable(&file, source))?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next().unwrap_or("null");
    match values::strict_i64(line) {
        Some(id) => Ok(Some(ServerId(id))),
        None => Err(whole(
            path,
            format!(
                "serverid {line} is not a number. The first line of {} must be the number of \
                 this server, without blanks",
                file.display()
            ),
        )),
    }
}

/// The client address may stand in the list, in the main file, or alike in both.
fn set_client_address(
    path: &Path,
    ensemble: &mut Ensemble,
    read: &StaticFile,
) -> Result<(), Error> {
    let Some(id) = ensemble.my_id else { return Ok(()) };
    let Some(member) = ensemble.membership.members.get_mut(&id) else { return Ok(()) };
    let own =
        read.client_port.map(|port| ListenAddress { host: read.client_port_address.clone(), port });
    match (&own, &member.client) {
        (Some(own), Some(listed)) if !own.agrees_with(listed) => Err(whole(
            path,
            format!(
                "client address for this server (id = {id}) in static config file is {own} is \
                 different from client address found in dynamic file: {listed}"
            ),
        )),
        (_, Some(_)) => Ok(()),
        (_, None) => {
            member.client = own;
            member.client_from_static_file = true;
            Ok(())
        }
    }
}

fn set_role(ensemble: &mut Ensemble, expected: Role, notes: &mut Vec<Note>) {
    let observes = ensemble
        .my_id
        .is_some_and(|id| ensemble.membership.observers().any(|member| member.id == id));
    ensemble.role = if observes { Role::Observer } else { Role::Participant };
    if ensemble.role != expected {
        let word = |role: Role| role.to_string().to_uppercase();
        notes.push(Note::Ensemble(format!(
            "Peer type from servers list ({}) doesn't match peerType ({}). Defaulting to servers \
             list.",
            word(ensemble.role),
            word(expected)
        )));
    }
}

/// What an ensemble member needs and a standalone server does not.
fn check_distributed(
    path: &Path,
    ensemble: &Ensemble,
    settings: Settings<'_>,
) -> Result<(), Error> {
    if !ensemble.is_distributed() {
        return Ok(());
    }
    if ensemble.init_limit_ticks == 0 {
        return Err(whole(
            path,
            "initLimit is not set. An ensemble needs it, such as initLimit=10",
        ));
    }
    if ensemble.sync_limit_ticks == 0 {
        return Err(whole(path, "syncLimit is not set. An ensemble needs it, such as syncLimit=5"));
    }
    let Some(id) = ensemble.my_id else {
        return Err(whole(
            path,
            "myid file is missing. Write this server's number into the file myid in dataDir",
        ));
    };
    settings.strict_int("zookeeper.cnxTimeout", 5000)?;
    const EXTENDED: &str = "zookeeper.extendedTypesEnabled";
    if settings.bool(EXTENDED) && !(0..=254).contains(&id.0) {
        return Err(settings.unusable(
            EXTENDED,
            format!("nodes with a time to live need a server id from 0 to 254, but myid is {id}"),
        ));
    }
    Ok(())
}

/// `<cfg>.dynamic.next`, left by a reconfiguration that was under way.
fn pending(path: &Path, several_addresses: bool) -> Result<Option<Membership>, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(".dynamic.next");
    let next = PathBuf::from(name);
    if !next.exists() {
        return Ok(None);
    }
    let reading =
        Reading { path: &next, several_addresses, oracle: None, standalone_enabled: true };
    reading.of_pending_file(&read_properties(&next)?).map(Some)
}

fn read_properties(path: &Path) -> Result<Properties, Error> {
    let bytes = fs::read(path).map_err(|source| unreadable(path, source))?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Properties, Error> {
    Properties::parse(bytes)
        .map_err(|source| Error::Syntax { path: path.display().to_string(), source })
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    let path = path.display().to_string();
    if source.kind() == io::ErrorKind::NotFound {
        Error::Missing { path }
    } else {
        Error::Unreadable { path, source }
    }
}

fn whole(path: &Path, reason: impl Into<String>) -> Error {
    Error::Whole { path: path.display().to_string(), reason: reason.into() }
}

/// Java warns about a path that neither is absolute nor begins with `./`.
fn note_relative(path: &Path, notes: &mut Vec<Note>) {
    if !path.is_absolute() && !path.as_os_str().as_encoded_bytes().starts_with(b"./") {
        notes.push(Note::RelativePath { path: path.display().to_string() });
    }
}

/// The version a dynamic file's name gives it, `None` if it has none.
pub fn config_version_of_name(path: &Path) -> Option<i64> {
    membership::version_of_name(path)
}
