/// The version as clients, scripts and dashboards parse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `3.9.5-oxkeeper-<version>-<revision>`: the ZooKeeper release whose job this is comes first.
    pub name: String,
    /// When it was built, `yyyy-MM-dd HH:mm UTC`.
    pub built: String,
}

impl Version {
    /// The text of `srvr` and `mntr`: the name, then `, built on` and the time.
    pub fn full(&self) -> String {
        format!("{}, built on {}", self.name, self.built)
    }
}
