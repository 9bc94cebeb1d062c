//! Lenient reading of properties, and the checks that every set property gets.

use crate::keys::{self, KeySpec, Style};
use crate::static_file::note_of_status;
use crate::{Error, Note, Origin, Property, SystemProperties, nearest, values};

/// Reads properties by their full names, with defaults. A value that does not parse
/// counts as not set; [`check`] has noted it.
#[derive(Clone, Copy)]
pub struct Settings<'a>(pub &'a SystemProperties);

impl<'a> Settings<'a> {
    /// The text, if set.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.0.value(name)
    }

    /// A 32-bit number.
    pub fn int(self, name: &str, default: i32) -> i32 {
        self.text(name).and_then(values::lenient_i32).unwrap_or(default)
    }

    /// A 64-bit number.
    pub fn long(self, name: &str, default: i64) -> i64 {
        self.text(name).and_then(values::lenient_i64).unwrap_or(default)
    }

    /// A number that is none below 0: those count as 0.
    pub fn count(self, name: &str, default: u32) -> u32 {
        let default = i32::try_from(default).unwrap_or(i32::MAX);
        u32::try_from(self.int(name, default)).unwrap_or(0)
    }

    /// A cap that 0 and below lift.
    pub fn cap(self, name: &str, default: Option<u32>) -> Option<u32> {
        let count = self.count(name, default.unwrap_or(0));
        (count > 0).then_some(count)
    }

    /// A number that has to be at least 1; otherwise the default counts, with a note.
    pub fn positive(self, name: &str, default: u32, notes: &mut Vec<Note>) -> u32 {
        match self.count(name, default) {
            0 => {
                notes.extend(self.adjusted(name, "at least 1", &default.to_string()));
                default
            }
            count => count,
        }
    }

    /// A 64-bit number of which those below 0 count as 0.
    pub fn long_count(self, name: &str, default: u32) -> u64 {
        u64::try_from(self.long(name, default.into())).unwrap_or(0)
    }

    /// A size in KiB, as bytes; `None` for 0 and below.
    pub fn kib_cap(self, name: &str, default_kib: i64) -> Option<u64> {
        let kib = u64::try_from(self.long(name, default_kib)).ok()?;
        (kib > 0).then(|| kib.saturating_mul(1024))
    }

    /// True for the word `true` only.
    pub fn bool(self, name: &str) -> bool {
        self.text(name).is_some_and(values::lenient_bool)
    }

    /// True unless set to anything but `true`.
    pub fn bool_or_true(self, name: &str) -> bool {
        self.text(name).is_none_or(values::lenient_bool)
    }

    /// Whether the value is exactly this word.
    pub fn is(self, name: &str, word: &str) -> bool {
        self.text(name) == Some(word)
    }

    /// A number with a fraction that Java refuses to misread.
    pub fn double(self, name: &str, default: f64) -> Result<f64, Error> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => values::double(text)
                .ok_or_else(|| self.unusable(name, "must be a number such as 0.02")),
        }
    }

    /// A decimal number that Java refuses to misread.
    pub fn strict_int(self, name: &str, default: i32) -> Result<i32, Error> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => values::strict_i32(text)
                .ok_or_else(|| self.unusable(name, "must be a whole number, decimal digits only")),
        }
    }

    /// An error about a set property.
    pub fn unusable(self, name: &str, reason: impl Into<String>) -> Error {
        let (value, origin) = self.where_set(name);
        Error::Unusable { origin, key: name.to_owned(), value, reason: reason.into() }
    }

    /// A note that a set property was moved into its range. `None` if it is not set.
    pub fn adjusted(self, name: &str, allowed: &str, used: &str) -> Option<Note> {
        let property = self.0.property(name)?;
        Some(Note::Adjusted {
            key: name.to_owned(),
            origin: property.origin.clone(),
            value: property.value.clone(),
            allowed: allowed.to_owned(),
            used: used.to_owned(),
        })
    }

    fn where_set(self, name: &str) -> (String, Origin) {
        match self.0.property(name) {
            Some(property) => (property.value.clone(), property.origin.clone()),
            None => (String::new(), Origin::BuiltIn),
        }
    }
}

/// Looks at every set property: is it known, does it parse, does it have an effect?
pub fn check(properties: &SystemProperties) -> Vec<Note> {
    let mut notes = properties.ignored().to_vec();
    for (name, property) in properties.iter() {
        if property.origin == Origin::BuiltIn || is_list_version(name, property) {
            continue;
        }
        match keys::by_property(name) {
            Some(spec) => {
                let shown = shown_name(name, property);
                notes.extend(note_of_status(spec, shown, property.origin.clone()));
                notes.extend(note_of_value(spec, shown, property));
            }
            None => notes.extend(note_of_unknown(name, property)),
        }
    }
    notes
}

/// `version` in the file belongs to the server list. Java's side effect, a property
/// with the name of something else, is kept but not judged.
fn is_list_version(name: &str, property: &Property) -> bool {
    name == "zookeeper.version" && matches!(property.origin, Origin::File { .. })
}

/// The name as the operator wrote it: the file leaves `zookeeper.` out.
fn shown_name<'a>(name: &'a str, property: &Property) -> &'a str {
    match property.origin {
        Origin::File { .. } => name.strip_prefix("zookeeper.").unwrap_or(name),
        _ => name,
    }
}

/// Keys of the file were looked at when it was read.
fn note_of_unknown(name: &str, property: &Property) -> Option<Note> {
    if matches!(property.origin, Origin::File { .. }) {
        return None;
    }
    let stem = name.strip_prefix("zookeeper.");
    if let Some(spec) = keys::by_key(stem.unwrap_or(name)) {
        let instead = match spec.property {
            Some(property) => format!("Write -D{property}"),
            None => format!("It belongs in the configuration file, as {}", spec.name()),
        };
        let origin = property.origin.clone();
        return Some(Note::WrongPlace { key: name.to_owned(), origin, instead });
    }
    // A name without the prefix is some other program's affair.
    stem?;
    Some(Note::UnknownKey {
        key: name.to_owned(),
        origin: property.origin.clone(),
        nearest: nearest::property(name),
    })
}

fn note_of_value(spec: &KeySpec, name: &str, property: &Property) -> Option<Note> {
    let text = property.value.as_str();
    let (fits, allowed) = match spec.style {
        Style::Int => (values::lenient_i32(text).is_some(), "a whole number"),
        Style::Long => (values::lenient_i64(text).is_some(), "a whole number"),
        // Where Java would fail on a strict one, so does reading it for its section.
        Style::DecimalOrDefault | Style::StrictInt | Style::StrictLong => {
            (values::strict_i64(text).is_some(), "a decimal number")
        }
        Style::Double | Style::StrictDouble => (values::double(text).is_some(), "a number"),
        Style::Bool | Style::BoolTrue => (values::strict_bool(text).is_some(), "true or false"),
        _ => return None,
    };
    if fits {
        return None;
    }
    let (key, origin) = (name.to_owned(), property.origin.clone());
    let (value, allowed) = (text.to_owned(), allowed.to_owned());
    Some(match spec.style {
        // Any other text counts as false, whatever the default is.
        Style::Bool | Style::BoolTrue => {
            Note::Adjusted { key, origin, value, allowed, used: "false".to_owned() }
        }
        _ => Note::DefaultUsed { key, origin, value, allowed, used: spec.default.to_owned() },
    })
}
