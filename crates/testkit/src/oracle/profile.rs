use std::fmt;

use crate::java::{ServerKind, ServerOptions};

/// The settings that both servers of a round run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Named in reports.
    pub name: &'static str,
    /// `zookeeper.extendedTypesEnabled`.
    pub extended_types: bool,
    /// `zookeeper.enforceQuota`.
    pub enforce_quota: bool,
    /// `reconfigEnabled`.
    pub reconfig: bool,
    /// `zookeeper.skipACL`.
    pub skip_acl: bool,
}

/// Rounds take these in turn.
pub const PROFILES: &[Profile] = &[
    Profile {
        name: "extended",
        extended_types: true,
        enforce_quota: true,
        reconfig: false,
        skip_acl: false,
    },
    Profile {
        name: "plain",
        extended_types: false,
        enforce_quota: false,
        reconfig: false,
        skip_acl: false,
    },
    Profile {
        name: "soft-quota",
        extended_types: true,
        enforce_quota: false,
        reconfig: true,
        skip_acl: false,
    },
    Profile {
        name: "skip-acl",
        extended_types: true,
        enforce_quota: true,
        reconfig: false,
        skip_acl: true,
    },
];

/// The super user's credentials in every round.
pub const SUPER_AUTH: &str = "super:oracle";

/// The digest of [`SUPER_AUTH`].
const SUPER_DIGEST: &str = "super:w41Z49KzAbWweq3fTkicrahb3kI=";

/// The shortest session timeout that the servers grant, ms.
pub const SESSION_TIMEOUT_MIN_MS: i32 = 1000;

impl Profile {
    /// How to start a server of this kind with these settings.
    ///
    /// Sweeps of containers and TTL nodes are put off beyond the end of a round, because they
    /// follow the clock and not the order of requests. No file is synced: a round looks at
    /// answers, and other tests at what a crash leaves.
    pub fn options(&self, kind: ServerKind) -> ServerOptions {
        let yes_no = |on: bool| if on { "yes" } else { "no" };
        let options = ServerOptions::new()
            .config("tickTime", 500)
            .config("minSessionTimeout", SESSION_TIMEOUT_MIN_MS)
            .config("maxSessionTimeout", 3_600_000)
            .config("maxClientCnxns", 0)
            .config("reconfigEnabled", self.reconfig)
            .property("zookeeper.extendedTypesEnabled", self.extended_types)
            .property("zookeeper.enforceQuota", self.enforce_quota)
            .property("zookeeper.skipACL", yes_no(self.skip_acl))
            .property("zookeeper.DigestAuthenticationProvider.superDigest", SUPER_DIGEST)
            .property("zookeeper.forceSync", "no")
            .property("znode.container.checkIntervalMs", i32::MAX);
        match kind {
            // A round is short: start quickly and leave the processors to the rest.
            ServerKind::Java => {
                options.jvm_flag("-XX:+UseSerialGC").jvm_flag("-XX:TieredStopAtLevel=1")
            }
            ServerKind::Ox => options,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
