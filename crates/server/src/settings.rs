//! From the configuration to what the parts of a server want to know.

use config::{AuthProvider, Compression, Config, DigestAlgorithm};
use jute::Limits;
use peer::Settings;
use peer::auth::{Algorithm, Digest, Ensemble, Rules};
use proto::{EphemeralRules, ServerId};
use storage::RecoveryOptions;
use storage::log::LogOptions;
use storage::snapshot::SnapshotOptions;
use tree::Options;

/// Session ids of a standalone server say 1, although it reports 0.
const STANDALONE: ServerId = ServerId(1);

pub(crate) fn peer(config: &Config, io_threads: u16, limits: Limits, seed: u64) -> Settings {
    let tree = &config.tree;
    Settings {
        server: STANDALONE,
        io_threads,
        tick_ms: i64::from(config.tick_time_ms),
        session_timeout_min_ms: config.min_session_timeout_ms,
        session_timeout_max_ms: config.max_session_timeout_ms,
        snap_count: u64::from(config.storage.snap_count),
        snap_size_bytes: config.storage.snap_size_limit_bytes,
        digest: tree.digest,
        close_session_txn: tree.close_session_txn,
        enforce_quota: tree.enforce_quota,
        reconfig_enabled: config.ensemble.reconfig_enabled,
        ephemeral: ephemeral(config),
        limits,
        container_check_ms: i64::from(tree.container_check_interval_ms),
        container_max_per_minute: i64::from(tree.container_max_per_minute),
        container_never_used_ms: tree
            .container_max_never_used_ms
            .map_or(0, |age_ms| i64::try_from(age_ms).unwrap_or(i64::MAX)),
        seed,
    }
}

/// `None` when the digest algorithm is one that is not there yet.
pub(crate) fn rules(config: &Config) -> Option<Rules> {
    let auth = &config.auth;
    let digest = Digest {
        algorithm: algorithm(auth.digest_algorithm)?,
        super_digest: auth.super_digest.clone(),
    };
    let has_ensemble = auth.extra_providers.contains(&AuthProvider::Ensemble);
    Some(Rules {
        skip_acl: config.tree.skip_acl,
        digest: auth.digest_enabled.then_some(digest),
        ensemble: has_ensemble.then(|| Ensemble { names: auth.ensemble_names.clone() }),
        enforced_schemes: auth.enforced_schemes.clone().unwrap_or_default(),
    })
}

pub(crate) fn tree(config: &Config, hash_seed: u64) -> Options {
    Options { hash_seed, digest: config.tree.digest, ephemeral: ephemeral(config) }
}

pub(crate) fn log(config: &Config) -> LogOptions {
    LogOptions {
        prealloc_bytes: config.storage.preallocate_bytes,
        size_limit_bytes: config.storage.txn_log_size_limit_bytes,
        force_sync: config.storage.force_sync,
    }
}

pub(crate) fn snapshot(config: &Config) -> SnapshotOptions {
    let compression = match config.storage.compression {
        Compression::None => storage::snapshot::Compression::None,
        Compression::Gzip => storage::snapshot::Compression::Gzip,
        Compression::Snappy => storage::snapshot::Compression::Snappy,
    };
    SnapshotOptions { compression, ..SnapshotOptions::default() }
}

pub(crate) fn recovery(config: &Config, limits: Limits) -> RecoveryOptions {
    RecoveryOptions {
        limits,
        trust_empty: config.storage.trust_empty_snapshot,
        db_autocreate: config.storage.autocreate_database,
        snapshot: snapshot(config),
        digest_enabled: config.tree.digest,
        last_zxid_enabled: config.storage.serialize_last_processed_zxid,
        ..RecoveryOptions::default()
    }
}

fn ephemeral(config: &Config) -> EphemeralRules {
    EphemeralRules {
        extended_types: config.tree.extended_types,
        emulate_353: config.tree.emulate_353_ttl,
    }
}

fn algorithm(algorithm: DigestAlgorithm) -> Option<Algorithm> {
    Some(match algorithm {
        DigestAlgorithm::Md5 => Algorithm::Md5,
        DigestAlgorithm::Sha1 => Algorithm::Sha1,
        DigestAlgorithm::Sha224 => Algorithm::Sha224,
        DigestAlgorithm::Sha256 => Algorithm::Sha256,
        DigestAlgorithm::Sha384 => Algorithm::Sha384,
        DigestAlgorithm::Sha512 => Algorithm::Sha512,
        DigestAlgorithm::Sha512_224 | DigestAlgorithm::Sha512_256 => return None,
    })
}
