//! The text format of `zoo.cfg`: Java's Properties syntax.
//!
//! ISO-8859-1 bytes; `#` and `!` start a comment line; `=`, `:` or blanks end a
//! key; a backslash at the end of a line joins the next one; `\t \n \r \f \uXXXX`
//! and `\c` for any other `c` are escapes. So a Windows path needs doubled
//! backslashes, and a UTF-8 letter is read as two Latin-1 letters, as Java does.

/// One `key=value` of a file, and where it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key with its escapes resolved, not trimmed.
    pub key: String,
    /// The value with its escapes resolved. Blanks at its end are kept.
    pub value: String,
    /// First physical line of the entry, counted from 1.
    pub line: u32,
}

/// The entries of a file, one per key: the last one wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    entries: Vec<Entry>,
    overwritten: Vec<Entry>,
}

/// A `\u` that four hexadecimal digits do not follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: \\u must be followed by four hexadecimal digits; write \\\\ for a backslash")]
pub struct MalformedEscape {
    /// Line on which the entry began, counted from 1.
    pub line: u32,
}

impl Properties {
    /// Reads a whole file.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedEscape> {
        let mut properties = Self::default();
        for (line, text) in logical_lines(bytes) {
            properties.insert(split_entry(&text, line)?);
        }
        Ok(properties)
    }

    /// Entries in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entry of `key`, compared exactly.
    pub fn find(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Earlier entries that a later one with the same key replaced.
    pub fn overwritten(&self) -> &[Entry] {
        &self.overwritten
    }

    fn insert(&mut self, entry: Entry) {
        if let Some(old) = self.entries.iter_mut().find(|old| old.key == entry.key) {
            self.overwritten.push(std::mem::replace(old, entry));
        } else {
            self.entries.push(entry);
        }
    }
}

/// Joins continued lines and drops blank and comment lines. Escapes stay.
fn logical_lines(bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    // Java does not see a line end that is the last byte, so what it would continue
    // stays an entry, even an empty one.
    let bytes = match bytes {
        [start @ .., b'\n' | b'\r'] if start.ends_with(b"\\") => start,
        _ => bytes,
    };
    let mut logical = Vec::new();
    let mut open: Option<(u32, Vec<u8>)> = None;
    for (index, line) in physical_lines(bytes).into_iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let text = trim_blanks_start(line);
        // An empty buffer is still the start of a line: a comment may follow it.
        if open.as_ref().is_none_or(|(_, text)| text.is_empty())
            && (text.is_empty() || matches!(text[0], b'#' | b'!'))
        {
            open = None;
            continue;
        }
        let (first, mut joined) = open.take().unwrap_or((number, Vec::new()));
        if ends_in_odd_backslashes(text) {
            joined.extend_from_slice(&text[..text.len() - 1]);
            open = Some((first, joined));
        } else {
            joined.extend_from_slice(text);
            logical.push((first, joined));
        }
    }
    // A backslash as the very last byte: even alone on its line it is an entry.
    logical.extend(open);
    logical
}

/// Splits at `\n`, `\r` and `\r\n`.
fn physical_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        lines.push(&rest[..end]);
        let width = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
    lines.push(rest);
    lines
}

fn trim_blanks_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
    &line[start..]
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0c)
}

fn ends_in_odd_backslashes(line: &[u8]) -> bool {
    line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

fn split_entry(text: &[u8], line: u32) -> Result<Entry, MalformedEscape> {
    let key_end = key_end(text);
    let after_blanks = trim_blanks_start(&text[key_end..]);
    let value = match after_blanks.first() {
        Some(b'=' | b':') => trim_blanks_start(&after_blanks[1..]),
        _ => after_blanks,
    };
    let key = unescape(&text[..key_end]).ok_or(MalformedEscape { line })?;
    let value = unescape(value).ok_or(MalformedEscape { line })?;
    Ok(Entry { key, value, line })
}

/// Where the first separator that no backslash protects stands.
fn key_end(text: &[u8]) -> usize {
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate() {
        if !escaped && (is_blank(*byte) || matches!(byte, b'=' | b':')) {
            return index;
        }
        escaped = *byte == b'\\' && !escaped;
    }
    text.len()
}

/// Resolves escapes, `None` for a malformed `\u`. Goes through UTF-16 because a
/// character above U+FFFF is written as two `\u` escapes.
fn unescape(text: &[u8]) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            units.push(byte.into());
            continue;
        }
        // A lone backslash at the end of the file stands for nothing.
        let Some(escape) = bytes.next() else { break };
        units.push(match escape {
            b'u' => hex_unit(&mut bytes)?,
            b't' => b'\t'.into(),
            b'n' => b'\n'.into(),
            b'r' => b'\r'.into(),
            b'f' => 0x0c,
            other => other.into(),
        });
    }
    Some(String::from_utf16_lossy(&units))
}

fn hex_unit(bytes: &mut impl Iterator<Item = u8>) -> Option<u16> {
    let mut unit = 0u16;
    for _ in 0..4 {
        let digit = char::from(bytes.next()?).to_digit(16)?;
        unit = unit << 4 | u16::try_from(digit).ok()?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, &str, u32)]) {
        let properties = Properties::parse(text.as_bytes()).expect("parses");
        let got: Vec<_> =
            properties.iter().map(|e| (e.key.as_str(), e.value.as_str(), e.line)).collect();
        assert_eq!(got, want, "{text:?}");
    }

    #[test]
    fn separators_are_equals_colon_and_blanks() {
        check(
            "a=1\nb:2\nc 3\nd\t=  4\n",
            &[("a", "1", 1), ("b", "2", 2), ("c", "3", 3), ("d", "4", 4)],
        );
        check("a = : b", &[("a", ": b", 1)]);
        check("lonely", &[("lonely", "", 1)]);
        check("=value", &[("", "value", 1)]);
    }

    #[test]
    fn comments_and_blank_lines_count_as_lines_only() {
        check("# one\n\n  ! two\r\n a=1", &[("a", "1", 4)]);
    }

    #[test]
    fn a_backslash_joins_lines_and_drops_the_indent() {
        check("a=1,\\\n   2\nb=3", &[("a", "1,2", 1), ("b", "3", 3)]);
        check("a=1\\\\\nb=2", &[("a", "1\\", 1), ("b", "2", 2)]);
        check("a=1,\\\n\nb=2", &[("a", "1,", 1), ("b", "2", 3)]);
        check("a=1,\\\n#2", &[("a", "1,#2", 1)]);
        check("\\\n# comment\na=1", &[("a", "1", 3)]);
        check("a=1\\", &[("a", "1", 1)]);
        check("\\", &[("", "", 1)]);
        check("\\\n", &[("", "", 1)]);
        check("\\\r\n", &[]);
    }

    #[test]
    fn escapes_are_resolved() {
        check("a\\ b=\\t\\u0041\\q\\\\", &[("a b", "\tAq\\", 1)]);
        check("a=C:\\data", &[("a", "C:data", 1)]);
        check("a=\\ud83d\\ude00", &[("a", "\u{1f600}", 1)]);
    }

    #[test]
    fn bytes_are_latin_1() {
        let properties = Properties::parse(b"a=\xe4").expect("parses");
        assert_eq!(properties.find("a").expect("a").value, "\u{e4}");
    }

    #[test]
    fn the_last_duplicate_wins_in_the_place_of_the_first() {
        check("a=1\nb=2\na=3", &[("a", "3", 3), ("b", "2", 2)]);
        let properties = Properties::parse(b"a=1\na=3").expect("parses");
        assert_eq!(properties.overwritten()[0].line, 1);
    }

    #[test]
    fn blanks_at_the_end_of_a_value_stay() {
        check("a=1  ", &[("a", "1  ", 1)]);
    }

    #[test]
    fn a_short_unicode_escape_is_refused_with_its_line() {
        assert_eq!(Properties::parse(b"a=1\nb=\\u12"), Err(MalformedEscape { line: 2 }));
    }
}
