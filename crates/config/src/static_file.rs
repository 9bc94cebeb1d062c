//! The keys that Java reads from the main file itself, strictly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Error, Note, Origin, Properties, Role, SystemProperties, keys, nearest, values};

/// What the explicit keys of the file say, `None` or the default where they say
/// nothing. Other keys have gone to the properties.
#[derive(Debug)]
pub struct StaticFile {
    pub data_dir: Option<PathBuf>,
    pub data_log_dir: Option<PathBuf>,
    pub client_port: Option<u16>,
    pub client_port_address: Option<String>,
    pub secure_client_port: Option<u16>,
    pub secure_client_port_address: Option<String>,
    pub observer_master_port: Option<u16>,
    pub backlog: i32,
    pub tick_time_ms: i32,
    pub max_client_cnxns: i32,
    pub min_session_timeout_ms: i32,
    pub max_session_timeout_ms: i32,
    pub init_limit_ticks: i32,
    pub sync_limit_ticks: i32,
    pub connect_to_learner_master_limit_ticks: i32,
    pub quorum_listen_on_all_addresses: bool,
    pub peer_type: Role,
    pub sync_enabled: bool,
    pub dynamic_config_file: Option<PathBuf>,
    pub snap_retain_count: i32,
    pub purge_interval_hours: i32,
    pub standalone_enabled: bool,
    pub reconfig_enabled: bool,
    pub local_sessions: bool,
    pub local_sessions_upgrading: bool,
    pub ssl_quorum: bool,
    pub port_unification: bool,
    pub ssl_quorum_reload: bool,
    pub quorum_sasl: bool,
    pub quorum_sasl_server_required: bool,
    pub quorum_sasl_learner_required: bool,
    pub quorum_sasl_learner_context: String,
    pub quorum_sasl_server_context: String,
    pub quorum_sasl_principal: String,
    pub quorum_cnxn_threads: i32,
    pub metrics_class: String,
    pub metrics: BTreeMap<String, String>,
    pub multi_address: Option<bool>,
    pub multi_address_check: Option<bool>,
    pub multi_address_check_timeout_ms: Option<i32>,
    pub oracle_path: Option<PathBuf>,
}

impl Default for StaticFile {
    fn default() -> Self {
        Self {
            data_dir: None,
            data_log_dir: None,
            client_port: None,
            client_port_address: None,
            secure_client_port: None,
            secure_client_port_address: None,
            observer_master_port: None,
            backlog: -1,
            tick_time_ms: 3000,
            max_client_cnxns: 60,
            min_session_timeout_ms: -1,
            max_session_timeout_ms: -1,
            init_limit_ticks: 0,
            sync_limit_ticks: 0,
            connect_to_learner_master_limit_ticks: 0,
            quorum_listen_on_all_addresses: false,
            peer_type: Role::Participant,
            sync_enabled: true,
            dynamic_config_file: None,
            snap_retain_count: 3,
            purge_interval_hours: 0,
            standalone_enabled: true,
            reconfig_enabled: false,
            local_sessions: false,
            local_sessions_upgrading: false,
            ssl_quorum: false,
            port_unification: false,
            ssl_quorum_reload: false,
            quorum_sasl: false,
            quorum_sasl_server_required: false,
            quorum_sasl_learner_required: false,
            quorum_sasl_learner_context: "QuorumLearner".to_owned(),
            quorum_sasl_server_context: "QuorumServer".to_owned(),
            quorum_sasl_principal: "zkquorum/localhost".to_owned(),
            quorum_cnxn_threads: 0,
            metrics_class: "org.apache.zookeeper.metrics.impl.DefaultMetricsProvider".to_owned(),
            metrics: BTreeMap::new(),
            multi_address: None,
            multi_address_check: None,
            multi_address_check_timeout_ms: None,
            oracle_path: None,
        }
    }
}

/// One entry of the file, trimmed.
struct Setting<'a> {
    path: &'a Path,
    key: &'a str,
    value: &'a str,
    line: u32,
}

impl StaticFile {
    /// Nothing set but the tick and the session timeouts that follow from it.
    pub fn with_tick(tick_time_ms: i32) -> Self {
        Self {
            tick_time_ms,
            min_session_timeout_ms: tick_time_ms.saturating_mul(2),
            max_session_timeout_ms: tick_time_ms.saturating_mul(20),
            ..Self::default()
        }
    }

    /// Takes the explicit keys, and hands every other one to `properties` as
    /// `zookeeper.<key>`, over whatever `-D` set there.
    pub fn read(
        path: &Path,
        file: &Properties,
        properties: &mut SystemProperties,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Error> {
        let mut read = Self::default();
        let separate_list =
            file.iter().any(|entry| values::trim(&entry.key) == "dynamicConfigFile");
        for entry in file.iter() {
            let setting = Setting {
                path,
                key: values::trim(&entry.key),
                value: values::trim(&entry.value),
                line: entry.line,
            };
            if read.take(&setting)? {
                setting.note_if_without_effect(notes);
            } else if separate_list && is_member_key(setting.key) {
                return Err(setting.refuse(format!(
                    "parameter: {} must be in a separate dynamic config file",
                    setting.key
                )));
            } else {
                setting.note_if_unknown(notes);
                let name = format!("zookeeper.{}", setting.key);
                properties.set(name, setting.value, setting.origin());
            }
        }
        read.check(path, notes)?;
        Ok(read)
    }

    /// Stores an explicit key. False if it is not one.
    fn take(&mut self, setting: &Setting<'_>) -> Result<bool, Error> {
        match setting.key {
            "dataDir" => self.data_dir = Some(setting.path()?),
            "dataLogDir" => self.data_log_dir = Some(setting.path()?),
            "clientPort" => self.client_port = Some(setting.port()?),
            "clientPortAddress" => self.client_port_address = Some(setting.text()),
            "secureClientPort" => self.secure_client_port = Some(setting.port()?),
            "secureClientPortAddress" => self.secure_client_port_address = Some(setting.text()),
            "observerMasterPort" => self.observer_master_port = setting.port_or_off()?,
            "clientPortListenBacklog" => self.backlog = setting.int()?,
            "tickTime" => self.tick_time_ms = setting.int()?,
            "maxClientCnxns" => self.max_client_cnxns = setting.int()?,
            "minSessionTimeout" => self.min_session_timeout_ms = setting.int()?,
            "maxSessionTimeout" => self.max_session_timeout_ms = setting.int()?,
            "autopurge.snapRetainCount" => self.snap_retain_count = setting.int()?,
            "autopurge.purgeInterval" => self.purge_interval_hours = setting.int()?,
            "jvm.pause.monitor" => {
                setting.bool()?;
            }
            "jvm.pause.info-threshold.ms"
            | "jvm.pause.warn-threshold.ms"
            | "jvm.pause.sleep.time.ms" => {
                setting.long()?;
            }
            "metricsProvider.className" => self.metrics_class = setting.text(),
            key => {
                if let Some(name) = key.strip_prefix("metricsProvider.") {
                    self.metrics.insert(name.to_owned(), setting.text());
                } else {
                    return self.take_ensemble(setting);
                }
            }
        }
        Ok(true)
    }

    fn take_ensemble(&mut self, setting: &Setting<'_>) -> Result<bool, Error> {
        match setting.key {
            "initLimit" => self.init_limit_ticks = setting.int()?,
            "syncLimit" => self.sync_limit_ticks = setting.int()?,
            "connectToLearnerMasterLimit" => {
                self.connect_to_learner_master_limit_ticks = setting.int()?;
            }
            "electionAlg" if setting.int()? != 3 => {
                return Err(
                    setting.refuse("Invalid electionAlg value. Only 3 is supported.".into())
                );
            }
            "electionAlg" => {}
            "quorumListenOnAllIPs" => self.quorum_listen_on_all_addresses = setting.bool()?,
            "peerType" => self.peer_type = setting.role()?,
            "syncEnabled" => self.sync_enabled = setting.bool()?,
            "dynamicConfigFile" => self.dynamic_config_file = Some(setting.path()?),
            "standaloneEnabled" => self.standalone_enabled = setting.bool()?,
            "reconfigEnabled" => self.reconfig_enabled = setting.bool()?,
            "localSessionsEnabled" => self.local_sessions = setting.bool()?,
            "localSessionsUpgradingEnabled" => self.local_sessions_upgrading = setting.bool()?,
            "sslQuorum" => self.ssl_quorum = setting.bool()?,
            "portUnification" => self.port_unification = setting.bool()?,
            "sslQuorumReloadCertFiles" => self.ssl_quorum_reload = setting.bool()?,
            "quorum.auth.enableSasl" => self.quorum_sasl = setting.bool()?,
            "quorum.auth.serverRequireSasl" => self.quorum_sasl_server_required = setting.bool()?,
            "quorum.auth.learnerRequireSasl" => {
                self.quorum_sasl_learner_required = setting.bool()?;
            }
            "quorum.auth.learner.saslLoginContext" => {
                self.quorum_sasl_learner_context = setting.text();
            }
            "quorum.auth.server.saslLoginContext" => {
                self.quorum_sasl_server_context = setting.text();
            }
            "quorum.auth.kerberos.servicePrincipal" => self.quorum_sasl_principal = setting.text(),
            "quorum.cnxn.threads.size" => self.quorum_cnxn_threads = setting.int()?,
            "multiAddress.enabled" => self.multi_address = Some(setting.bool()?),
            "multiAddress.reachabilityCheckEnabled" => {
                self.multi_address_check = Some(setting.bool()?);
            }
            "multiAddress.reachabilityCheckTimeoutMs" => {
                self.multi_address_check_timeout_ms = Some(setting.int()?);
            }
            "oraclePath" => self.oracle_path = Some(setting.path()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What must hold between keys, in Java's order.
    fn check(&mut self, path: &Path, notes: &mut Vec<Note>) -> Result<(), Error> {
        let whole =
            |reason: &str| Error::Whole { path: path.display().to_string(), reason: reason.into() };
        if let Some((lower, upper)) = self.sasl_contradiction() {
            return Err(whole(&format!("{lower} is disabled, so cannot enable {upper}")));
        }
        if self.snap_retain_count < 3 {
            notes.push(Note::Other(format!(
                "Invalid autopurge.snapRetainCount: {}. Defaulting to 3",
                self.snap_retain_count
            )));
            self.snap_retain_count = 3;
        }
        if self.data_dir.is_none() {
            return Err(whole("dataDir is not set. Add a line such as dataDir=/var/lib/zookeeper"));
        }
        if self.client_port.is_none() && self.client_port_address.is_some() {
            return Err(whole(
                "clientPortAddress is set but clientPort is not set. Add a line clientPort=2181",
            ));
        }
        if self.secure_client_port.is_none() && self.secure_client_port_address.is_some() {
            return Err(whole("secureClientPortAddress is set but secureClientPort is not set"));
        }
        self.check_times(whole)
    }

    fn check_times(&mut self, whole: impl Fn(&str) -> Error) -> Result<(), Error> {
        if self.tick_time_ms == 0 {
            return Err(whole("tickTime is not set. It must be at least 1 ms"));
        }
        if self.tick_time_ms < 0 {
            return Err(whole("tickTime must be at least 1 ms"));
        }
        // Java's arithmetic wraps, and the comparison then refuses the result.
        if self.min_session_timeout_ms == -1 {
            self.min_session_timeout_ms = self.tick_time_ms.wrapping_mul(2);
        }
        if self.max_session_timeout_ms == -1 {
            self.max_session_timeout_ms = self.tick_time_ms.wrapping_mul(20);
        }
        if self.min_session_timeout_ms > self.max_session_timeout_ms {
            return Err(whole(&format!(
                "minSessionTimeout must not be larger than maxSessionTimeout, but {} > {}",
                self.min_session_timeout_ms, self.max_session_timeout_ms
            )));
        }
        Ok(())
    }

    /// A requirement that is on without what it builds on.
    fn sasl_contradiction(&self) -> Option<(&'static str, &'static str)> {
        const ENABLE: &str = "quorum.auth.enableSasl";
        const SERVER: &str = "quorum.auth.serverRequireSasl";
        const LEARNER: &str = "quorum.auth.learnerRequireSasl";
        if !self.quorum_sasl && self.quorum_sasl_server_required {
            Some((ENABLE, SERVER))
        } else if !self.quorum_sasl && self.quorum_sasl_learner_required {
            Some((ENABLE, LEARNER))
        } else if !self.quorum_sasl_learner_required && self.quorum_sasl_server_required {
            Some((LEARNER, SERVER))
        } else {
            None
        }
    }
}

/// Whether a key belongs to the server list, by Java's loose prefixes.
pub fn is_member_key(key: &str) -> bool {
    key.starts_with("server.") || key.starts_with("group") || key.starts_with("weight")
}

impl Setting<'_> {
    fn origin(&self) -> Origin {
        Origin::File { path: self.path.to_owned(), line: self.line }
    }

    fn refuse(&self, reason: String) -> Error {
        Error::Value {
            origin: self.origin(),
            key: self.key.to_owned(),
            value: self.value.to_owned(),
            reason,
        }
    }

    fn text(&self) -> String {
        self.value.to_owned()
    }

    fn path(&self) -> Result<PathBuf, Error> {
        if self.value.is_empty() {
            return Err(self.refuse("a path must follow".into()));
        }
        Ok(PathBuf::from(self.value))
    }

    fn int(&self) -> Result<i32, Error> {
        values::strict_i32(self.value).ok_or_else(|| {
            self.refuse(format!(
                "must be a whole number from {} to {}, decimal digits only",
                i32::MIN,
                i32::MAX
            ))
        })
    }

    fn long(&self) -> Result<i64, Error> {
        values::strict_i64(self.value)
            .ok_or_else(|| self.refuse("must be a whole number, decimal digits only".into()))
    }

    fn port(&self) -> Result<u16, Error> {
        let number = values::strict_i32(self.value)
            .ok_or_else(|| self.refuse("must be a port, a number from 0 to 65535".into()))?;
        u16::try_from(number).map_err(|_| {
            self.refuse(format!("port out of range:{}. It must be from 0 to 65535", self.value))
        })
    }

    /// A port where 0 and below mean none.
    fn port_or_off(&self) -> Result<Option<u16>, Error> {
        if self.int()? <= 0 { Ok(None) } else { self.port().map(Some) }
    }

    fn bool(&self) -> Result<bool, Error> {
        values::strict_bool(self.value).ok_or_else(|| {
            self.refuse(format!(
                "Invalid option {} for {}. Choose 'true' or 'false.'",
                self.value, self.key
            ))
        })
    }

    fn role(&self) -> Result<Role, Error> {
        match self.value.to_lowercase().as_str() {
            "observer" => Ok(Role::Observer),
            "participant" => Ok(Role::Participant),
            _ => Err(self.refuse(format!(
                "Unrecognised peertype: {}. It must be participant or observer",
                self.value
            ))),
        }
    }

    fn note_if_without_effect(&self, notes: &mut Vec<Note>) {
        let Some(spec) = keys::by_key(self.key) else { return };
        notes.extend(note_of_status(spec, self.key, self.origin()));
    }

    /// A key that is not explicit should be a property that somebody reads.
    fn note_if_unknown(&self, notes: &mut Vec<Note>) {
        let key = self.key;
        let property = format!("zookeeper.{key}");
        if is_member_key(key) || key == "version" || keys::by_property(&property).is_some() {
            return;
        }
        let origin = self.origin();
        notes.push(if keys::by_property(key).is_some() {
            let instead = match key.strip_prefix("zookeeper.") {
                Some(stem) => format!("In the file it is called {stem}"),
                None => format!("Put -D{key}={} into SERVER_JVMFLAGS", self.value),
            };
            Note::WrongPlace { key: key.to_owned(), origin, instead }
        } else {
            Note::UnknownKey { key: key.to_owned(), origin, nearest: nearest::key(key) }
        });
    }
}

/// The note that a set and known name deserves for its status.
pub fn note_of_status(spec: &keys::KeySpec, name: &str, origin: Origin) -> Option<Note> {
    let key = name.to_owned();
    match spec.status {
        keys::Status::Standalone => None,
        keys::Status::ParsedOnly(subject) => Some(Note::NoEffectYet { key, origin, subject }),
        keys::Status::JvmOnly => Some(Note::JvmOnly { flag: key, origin }),
        keys::Status::ClientOnly => {
            Some(Note::WrongPlace { key, origin, instead: "Only clients read it".to_owned() })
        }
    }
}
