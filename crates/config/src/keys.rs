//! Every setting of ZooKeeper 3.9, as a table: for checking, for suggestions when a
//! name is mistyped, and for the reference page of the manual.

mod connections;
mod ensemble;
mod foreign;
mod security;
mod static_file;
mod storage;
mod tls;

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySpec {
    /// Name in `zoo.cfg`; `None` if it can only be a `-D` property. A final `*` or
    /// `N` stands for any ending.
    pub key: Option<&'static str>,
    /// Full name as a `-D` property; `None` if it can only stand in the file.
    pub property: Option<&'static str>,
    /// A second, older property name that counts when the first is not set.
    pub older_property: Option<&'static str>,
    /// What holds when it is not set, as text.
    pub default: &'static str,
    /// Unit of the value, `-` for none.
    pub unit: &'static str,
    /// How the text is read.
    pub style: Style,
    /// What it does, in a few words.
    pub effect: &'static str,
    /// Whether this server acts on it.
    pub status: Status,
}

/// How the text of a value is read, and what happens when it cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Decimal 32-bit number; anything else refuses the start.
    StrictInt,
    /// Decimal 64-bit number; anything else refuses the start.
    StrictLong,
    /// `true` or `false`; anything else refuses the start.
    StrictBool,
    /// Number with a fraction; anything else refuses the start.
    StrictDouble,
    /// 32-bit number, also `0x`, `#` and octal; anything else means the default.
    Int,
    /// 64-bit number in the same notations; anything else means the default.
    Long,
    /// Decimal 64-bit number; anything else means the default.
    DecimalOrDefault,
    /// Number with a fraction; anything else means the default.
    Double,
    /// `true` in any case is true, anything else false.
    Bool,
    /// As `Bool`, but true when it is not set.
    BoolTrue,
    /// Only this exact word moves it away from the default.
    ExactWord(&'static str),
    /// One of these words, in any case; which ones refuse is up to the key.
    OneOf(&'static [&'static str]),
    /// Free text.
    Text,
    /// A path.
    Path,
    /// A host name or address.
    Host,
    /// Items with commas between them.
    List,
    /// Name of a Java class of which the known ones have a counterpart here.
    Class,
    /// A hexadecimal number without a prefix.
    Hex,
    /// A line of the server list, see [`crate::Member`].
    Member,
}

/// Whether this server acts on a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A standalone server acts on it.
    Standalone,
    /// Parsed and checked; the named subject is not there yet.
    ParsedOnly(&'static str),
    /// About the inside of Java's server or of the JVM; nothing corresponds to it.
    JvmOnly,
    /// A client reads it, not the server.
    ClientOnly,
}

/// Every setting, grouped by subject.
pub static KEYS: &[&[KeySpec]] = &[
    static_file::KEYS,
    ensemble::KEYS,
    storage::KEYS,
    connections::KEYS,
    security::KEYS,
    tls::KEYS,
    foreign::KEYS,
];

/// All settings in one row.
pub fn all() -> impl Iterator<Item = &'static KeySpec> {
    KEYS.iter().copied().flatten()
}

/// The setting with this name in the file.
pub fn by_key(key: &str) -> Option<&'static KeySpec> {
    all()
        .find(|spec| spec.key == Some(key))
        .or_else(|| all().find(|spec| spec.key.is_some_and(|name| matches_ending(name, key))))
}

/// The setting with this full property name.
pub fn by_property(property: &str) -> Option<&'static KeySpec> {
    let exact =
        |spec: &&KeySpec| spec.property == Some(property) || spec.older_property == Some(property);
    all().find(exact).or_else(|| {
        all().find(|spec| spec.property.is_some_and(|name| matches_ending(name, property)))
    })
}

impl KeySpec {
    /// The name to show: the file's if there is one.
    pub fn name(&self) -> &'static str {
        self.key.or(self.property).unwrap_or_default()
    }

    /// Whether the value is a secret that must not be printed.
    pub fn is_secret(&self) -> bool {
        let name = self.name().to_ascii_lowercase();
        name.ends_with("password") || name.ends_with("superdigest")
    }
}

/// Whether `pattern` ends in `*` or `.N` and `name` fits it.
fn matches_ending(pattern: &str, name: &str) -> bool {
    let stem = match pattern.strip_suffix('*') {
        Some(stem) => stem,
        None => match pattern.strip_suffix('N') {
            Some(stem) if stem.ends_with('.') => stem,
            _ => return false,
        },
    };
    name.len() > stem.len() && name.starts_with(stem)
}

// Constructors that keep the tables to a line or two per setting.

/// Subject of the settings that only an ensemble member acts on.
pub(crate) const ENSEMBLES: &str = "ensembles";

const ENSEMBLE: Status = Status::ParsedOnly(ENSEMBLES);
const TLS: Status = Status::ParsedOnly("TLS");
const SASL: Status = Status::ParsedOnly("SASL");
const ADMIN: Status = Status::ParsedOnly("the HTTP admin server");
const METRICS: Status = Status::ParsedOnly("metrics export");
const AUDIT: Status = Status::ParsedOnly("the audit log");
const PATH_STATS: Status = Status::ParsedOnly("per-path statistics");
const STANDALONE: Status = Status::Standalone;

const fn spec(
    key: Option<&'static str>,
    property: Option<&'static str>,
    (default, unit): (&'static str, &'static str),
    style: Style,
    status: Status,
    effect: &'static str,
) -> KeySpec {
    KeySpec { key, property, older_property: None, default, unit, style, effect, status }
}

/// A key that only the file can hold.
const fn file(
    key: &'static str,
    value: (&'static str, &'static str),
    style: Style,
    status: Status,
    effect: &'static str,
) -> KeySpec {
    spec(Some(key), None, value, style, status, effect)
}

/// A property that the file cannot hold.
const fn bare(
    property: &'static str,
    value: (&'static str, &'static str),
    style: Style,
    status: Status,
    effect: &'static str,
) -> KeySpec {
    spec(None, Some(property), value, style, status, effect)
}

impl KeySpec {
    const fn older(mut self, property: &'static str) -> Self {
        self.older_property = Some(property);
        self
    }

    const fn property(mut self, property: &'static str) -> Self {
        self.property = Some(property);
        self
    }
}

/// A property `zookeeper.X` that the file holds as `X`.
macro_rules! prop {
    ($key:literal, $value:expr, $style:expr, $status:expr, $effect:literal $(,)?) => {
        $crate::keys::spec(
            Some($key),
            Some(concat!("zookeeper.", $key)),
            $value,
            $style,
            $status,
            $effect,
        )
    };
}
use prop;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_longer_names_only() {
        assert_eq!(by_key("server.12").expect("server.N").key, Some("server.N"));
        assert!(by_key("server.").is_none());
        assert_eq!(by_key("tickTime").expect("tickTime").default, "3000");
        assert_eq!(
            by_property("zookeeper.authProvider.sasl").expect("provider").key,
            Some("authProvider.*")
        );
        assert!(by_key("metricsProvider.httpPort").expect("port").style == Style::StrictInt);
    }

    #[test]
    fn no_name_is_listed_twice() {
        let mut names: Vec<_> = all().filter_map(|spec| spec.key).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        let mut names: Vec<_> =
            all().flat_map(|spec| [spec.property, spec.older_property]).flatten().collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn every_setting_has_a_name_and_an_effect() {
        for spec in all() {
            assert!(!spec.name().is_empty() && !spec.effect.is_empty(), "{spec:?}");
        }
    }

    #[test]
    fn passwords_are_secret() {
        assert!(by_key("ssl.keyStore.password").expect("password").is_secret());
        assert!(by_key("DigestAuthenticationProvider.superDigest").expect("digest").is_secret());
        assert!(!by_key("tickTime").expect("tickTime").is_secret());
    }
}
