//! No file, flag or argument makes the parsers panic.

use crate::common::Server;
use config::{Config, Properties, SystemProperties, keys};
use proptest::prelude::*;

/// A name of the table with any value, or any text at all.
fn line() -> impl Strategy<Value = String> {
    let names: Vec<String> = keys::all()
        .filter_map(|spec| spec.key)
        .map(|key| key.replace(".N", ".1").replace('*', "x"))
        // Reading a random path is no subject of ours.
        .filter(|key| key != "dynamicConfigFile")
        .collect();
    let value = prop_oneof![
        "[-+0-9a-fx#.:;|\\[\\]]{0,12}",
        "(true|false|yes|no|observer|[a-z]{1,4}):[0-9]{1,6}:[0-9]{1,6}(:observer)?(;[0-9]{1,5})?",
        any::<String>(),
    ];
    let known = (prop::sample::select(names), value).prop_map(|(key, value)| {
        let value = value.replace('%', "_");
        format!("{key}={value}")
    });
    prop_oneof![8 => known, 1 => any::<String>().prop_map(|text| text.replace('%', "_"))]
}

proptest! {
    #[test]
    fn properties_from_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Properties::parse(&bytes);
    }

    #[test]
    fn properties_from_what_looks_like_properties(text in "[a=:# \\\\u0d\t\r\n!]{0,80}") {
        let _ = Properties::parse(text.as_bytes());
    }

    #[test]
    fn flags(text in any::<String>(), more in "[-D=a.\"'\\\\ x]{0,60}") {
        let _ = SystemProperties::new(Some(&text), Some(&more), [text.as_str()]);
    }

    #[test]
    fn arguments(words in prop::collection::vec("[-0-9a-z]{0,6}", 0..6)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _ = Config::from_args(&words, &SystemProperties::default());
    }

    #[test]
    fn files(lines in prop::collection::vec(line(), 0..12)) {
        let server = Server::new();
        if let Ok(config) = server.load(&lines.join("\n")) {
            prop_assert!(config.tick_time_ms >= 1);
            prop_assert!(config.min_session_timeout_ms <= config.max_session_timeout_ms);
            prop_assert!(config.limits.jute_extra_bytes >= 1024);
            for note in &config.notes {
                prop_assert!(!note.to_string().is_empty());
            }
        }
    }
}
