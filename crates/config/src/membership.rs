//! The server list, from the main file or a dynamic file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::static_file::is_member_key;
use crate::{
    Entry, Error, Member, Membership, Note, Origin, Properties, Quorum, ServerId, server_line,
    values,
};

/// How a list is to be read.
pub struct Reading<'a> {
    /// The file, for messages.
    pub path: &'a Path,
    /// Whether several addresses per server are switched on.
    pub several_addresses: bool,
    /// The oracle of two voters; with it groups do not count.
    pub oracle: Option<PathBuf>,
    /// Whether one voter may run without election.
    pub standalone_enabled: bool,
}

impl Reading<'_> {
    /// The list among the entries of the main file.
    pub fn of_static_file(
        &self,
        file: &Properties,
        notes: &mut Vec<Note>,
    ) -> Result<Membership, Error> {
        let membership = self.read(file)?;
        self.check_shape(&membership, notes)?;
        Ok(membership)
    }

    /// The list of a dynamic file, its version taken from the file's name.
    pub fn of_dynamic_file(
        &self,
        file: &Properties,
        notes: &mut Vec<Note>,
    ) -> Result<Membership, Error> {
        for entry in file.iter() {
            let key = values::trim(&entry.key);
            if key == "version" {
                return Err(self.refuse(
                    entry,
                    "dynamic file shouldn't have version inside. It is the suffix of the name",
                ));
            }
            if !is_member_key(key) {
                return Err(self.refuse(
                    entry,
                    format!(
                        "Unrecognised parameter: {key}. Only server.N, group.N and weight.N belong here"
                    ),
                ));
            }
        }
        let mut membership = self.read(file)?;
        membership.version = version_of_name(self.path).unwrap_or(0);
        self.check_shape(&membership, notes)?;
        Ok(membership)
    }

    /// A proposed list, its version among the entries.
    pub fn of_pending_file(&self, file: &Properties) -> Result<Membership, Error> {
        self.read(file)
    }

    fn read(&self, file: &Properties) -> Result<Membership, Error> {
        let mut members = BTreeMap::new();
        let mut version = 0;
        for entry in file.iter() {
            if let Some(number) = entry.key.strip_prefix("server.") {
                let member = self.member(entry, number)?;
                members.insert(member.id, member);
            } else if entry.key == "version" {
                version = i64::from_str_radix(&entry.value, 16)
                    .map_err(|_| self.refuse(entry, "must be a hexadecimal number"))?;
            }
        }
        let quorum = self.quorum(file, &members)?;
        Ok(Membership { members, quorum, version })
    }

    fn member(&self, entry: &Entry, number: &str) -> Result<Member, Error> {
        let id = self.number(entry, number, "server")?;
        server_line::parse(ServerId(id), &entry.value, self.several_addresses)
            .map_err(|reason| self.refuse(entry, reason))
    }

    fn quorum(
        &self,
        file: &Properties,
        members: &BTreeMap<ServerId, Member>,
    ) -> Result<Quorum, Error> {
        let hierarchical = file.iter().any(|entry| {
            let key = values::trim(&entry.key);
            key.starts_with("group") || key.starts_with("weight")
        });
        if !hierarchical || self.oracle.is_some() {
            return Ok(Quorum::Majority { oracle: self.oracle.clone() });
        }
        let mut groups = BTreeMap::new();
        let mut weights = BTreeMap::new();
        for entry in file.iter() {
            if entry.key.starts_with("group") {
                let group = self.number(entry, after_dot(&entry.key), "group")?;
                for server in values::split(&entry.value, ':') {
                    let id = ServerId(self.number(entry, server, "server")?);
                    if groups.insert(id, group).is_some() {
                        // The missing blank is Java's.
                        return Err(self.refuse(entry, format!("Server {id}is in multiple groups")));
                    }
                }
            } else if entry.key.starts_with("weight") {
                let id = ServerId(self.number(entry, after_dot(&entry.key), "server")?);
                weights.insert(id, self.number(entry, &entry.value, "weight")?);
            }
        }
        self.check_groups(members, &groups, &mut weights)?;
        Ok(Quorum::Hierarchical { groups, weights })
    }

    fn check_groups(
        &self,
        members: &BTreeMap<ServerId, Member>,
        groups: &BTreeMap<ServerId, i64>,
        weights: &mut BTreeMap<ServerId, i64>,
    ) -> Result<(), Error> {
        for member in members.values().filter(|member| member.role == crate::Role::Participant) {
            if !groups.contains_key(&member.id) {
                return Err(self.whole(format!(
                    "Server {}is not in a group. Every voter must be in a line group.N",
                    member.id
                )));
            }
            weights.entry(member.id).or_insert(1);
        }
        match groups.keys().find(|id| !weights.contains_key(id)) {
            Some(id) => Err(self.whole(format!(
                "Server {id} is in a group, but it is no voter and has no line weight.{id}"
            ))),
            None => Ok(()),
        }
    }

    fn check_shape(&self, membership: &Membership, notes: &mut Vec<Note>) -> Result<(), Error> {
        let voters = membership.voters().count();
        let observers = membership.observers().count();
        if voters == 0 && !self.standalone_enabled {
            return Err(self.whole(
                "standaloneEnabled = false then number of participants should be >0. Add a line \
                 server.1=host:2888:3888",
            ));
        }
        if voters == 0 && observers > 0 {
            return Err(self.whole(
                "Observers w/o participants is an invalid configuration. Give at least one \
                 server the role participant",
            ));
        }
        if voters == 1 && self.standalone_enabled {
            if observers > 0 {
                return Err(self.whole(
                    "Observers w/o quorum is an invalid configuration. Add voters, or set \
                     standaloneEnabled=false",
                ));
            }
            notes.push(Note::Ensemble(
                "Invalid configuration, only one server specified (ignoring): it runs standalone"
                    .to_owned(),
            ));
        } else if (1..=2).contains(&voters) {
            notes.push(Note::Ensemble(
                "No server failure will be tolerated. You need at least 3 servers.".to_owned(),
            ));
        } else if voters > 0 && voters.is_multiple_of(2) {
            notes.push(Note::Ensemble(
                "Non-optimal configuration, consider an odd number of servers.".to_owned(),
            ));
        }
        Ok(())
    }

    fn number(&self, entry: &Entry, text: &str, what: &str) -> Result<i64, Error> {
        values::strict_i64(text).ok_or_else(|| {
            self.refuse(entry, format!("\"{text}\" must be the decimal number of a {what}"))
        })
    }

    fn refuse(&self, entry: &Entry, reason: impl Into<String>) -> Error {
        Error::Value {
            origin: Origin::File { path: self.path.to_owned(), line: entry.line },
            key: entry.key.clone(),
            value: entry.value.clone(),
            reason: reason.into(),
        }
    }

    fn whole(&self, reason: impl Into<String>) -> Error {
        Error::Whole { path: self.path.display().to_string(), reason: reason.into() }
    }
}

/// Java takes what follows the first dot, or everything without one.
fn after_dot(key: &str) -> &str {
    key.split_once('.').map_or(key, |(_, after)| after)
}

/// The version a dynamic file has by its suffix: `zoo.cfg.dynamic.1001` is 0x1001.
pub fn version_of_name(path: &Path) -> Option<i64> {
    let name = path.to_str()?;
    let (_, suffix) = name.rsplit_once('.')?;
    i64::from_str_radix(suffix, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_suffix_in_hex() {
        assert_eq!(version_of_name(Path::new("/c/zoo.cfg.dynamic.1001")), Some(0x1001));
        assert_eq!(version_of_name(Path::new("zoo.cfg.dynamic")), None);
        assert_eq!(version_of_name(Path::new("zoo")), None);
    }
}
