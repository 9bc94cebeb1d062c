//! The `-Dname=value` properties of the process.

use std::collections::BTreeMap;

use crate::{Note, Origin, words};

/// One property: its value and where it was set last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The value, as written.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
}

/// Properties by full name (`zookeeper.snapCount`). Later settings replace earlier
/// ones in Java's order: `SERVER_JVMFLAGS`, `JVMFLAGS`, program arguments, file.
#[derive(Debug, Clone, Default)]
pub struct SystemProperties {
    properties: BTreeMap<String, Property>,
    ignored: Vec<Note>,
}

impl SystemProperties {
    /// From the texts of the two environment variables (`None` when unset) and the
    /// `-D` words among the program's arguments.
    pub fn new<'a>(
        server_jvmflags: Option<&str>,
        jvmflags: Option<&str>,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut properties = Self::default();
        for (variable, text) in [("SERVER_JVMFLAGS", server_jvmflags), ("JVMFLAGS", jvmflags)] {
            let words = words::split(text.unwrap_or_default());
            properties.add_words(words.iter().map(String::as_str), Origin::Environment(variable));
        }
        properties.add_words(arguments, Origin::Argument);
        properties
    }

    /// From this process's environment and the given `-D` arguments.
    pub fn from_process<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        // A variable that is not Unicode has no readable properties either.
        let server = std::env::var("SERVER_JVMFLAGS").ok();
        let every = std::env::var("JVMFLAGS").ok();
        Self::new(server.as_deref(), every.as_deref(), arguments)
    }

    /// The value of a property, by full name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|property| property.value.as_str())
    }

    /// The property with its origin, by full name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.get(name)
    }

    /// All properties in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Property)> {
        self.properties.iter().map(|(name, property)| (name.as_str(), property))
    }

    /// Sets or replaces a property.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>, origin: Origin) {
        self.properties.insert(name.into(), Property { value: value.into(), origin });
    }

    /// Flags that only a JVM has a use for.
    pub fn ignored(&self) -> &[Note] {
        &self.ignored
    }

    fn add_words<'a>(&mut self, words: impl IntoIterator<Item = &'a str>, origin: Origin) {
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if let Some(definition) = word.strip_prefix("-D") {
                // `-Dname` without a value is set to the empty text.
                let (name, value) = definition.split_once('=').unwrap_or((definition, ""));
                if is_jvm_property(name) {
                    self.ignore(word, &origin);
                } else {
                    self.set(name, value, origin.clone());
                }
            } else if !word.is_empty() {
                self.ignore(word, &origin);
                if takes_an_argument(word) {
                    words.next();
                }
            }
        }
    }

    fn ignore(&mut self, word: &str, origin: &Origin) {
        let note = Note::JvmOnly { flag: word.to_owned(), origin: origin.clone() };
        // zkServer.sh gives the same flag by environment and by argument.
        if !self.ignored.iter().any(|known| known.is_jvm_flag(word)) {
            self.ignored.push(note);
        }
    }
}

/// Properties of the Java platform. `java.security.auth.login.config` and the
/// renegotiation switch are ZooKeeper settings and stay.
fn is_jvm_property(name: &str) -> bool {
    const PREFIXES: [&str; 9] =
        ["com.sun.", "java.", "javax.", "jdk.", "sun.", "user.", "file.", "os.", "io.netty."];
    const ALSO: [&str; 5] = ["log4j.", "log4j2.", "logback.", "awt.", "networkaddress."];
    crate::keys::by_property(name).is_none()
        && PREFIXES.iter().chain(&ALSO).any(|prefix| name.starts_with(prefix))
}

fn takes_an_argument(word: &str) -> bool {
    matches!(
        word,
        "-cp"
            | "-classpath"
            | "--class-path"
            | "--module-path"
            | "-p"
            | "--add-opens"
            | "--add-exports"
            | "--add-modules"
            | "--add-reads"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_places_win() {
        let properties = SystemProperties::new(
            Some("-Dzookeeper.a=1 -Dzookeeper.b=1 -Dzookeeper.c=1"),
            Some("-Dzookeeper.b=2 -Dzookeeper.c=2"),
            ["-Dzookeeper.c=3"],
        );
        let values: Vec<_> = properties.iter().map(|(_, p)| p.value.as_str()).collect();
        assert_eq!(values, ["1", "2", "3"]);
        assert_eq!(
            properties.property("zookeeper.b").expect("b").origin,
            Origin::Environment("JVMFLAGS")
        );
    }

    #[test]
    fn a_definition_without_a_value_is_empty() {
        let properties = SystemProperties::new(None, None, ["-Dzookeeper.x", "-Dzookeeper.y=a=b"]);
        assert_eq!(properties.value("zookeeper.x"), Some(""));
        assert_eq!(properties.value("zookeeper.y"), Some("a=b"));
    }

    #[test]
    fn jvm_flags_are_noted_once_and_take_their_argument_along() {
        let properties = SystemProperties::new(
            Some("-Xmx1000m -cp /a:/b --add-opens java.base/x=y -Dzookeeper.skipACL=yes"),
            Some("-Xmx1000m -XX:+UseG1GC -Dcom.sun.management.jmxremote"),
            [],
        );
        let notes: Vec<_> = properties.ignored().iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "SERVER_JVMFLAGS: -Xmx1000m is ignored: JVM only",
                "SERVER_JVMFLAGS: -cp is ignored: JVM only",
                "SERVER_JVMFLAGS: --add-opens is ignored: JVM only",
                "JVMFLAGS: -XX:+UseG1GC is ignored: JVM only",
                "JVMFLAGS: -Dcom.sun.management.jmxremote is ignored: JVM only",
            ]
        );
        assert_eq!(properties.value("zookeeper.skipACL"), Some("yes"));
    }

    #[test]
    fn java_platform_properties_that_zookeeper_reads_stay() {
        let properties =
            SystemProperties::new(None, None, ["-Djava.security.auth.login.config=/jaas"]);
        assert_eq!(properties.value("java.security.auth.login.config"), Some("/jaas"));
    }
}
