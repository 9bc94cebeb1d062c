use std::borrow::Cow;

/// Decodes as `new String(bytes, UTF_8)` does in Java: standard UTF-8, malformed input replaced.
///
/// Rust and Java replace alike but for encoded surrogates (ED A0..BF xx), for which Java gives
/// one replacement for the three bytes and Rust three.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(decode_malformed(bytes)),
    }
}

fn decode_malformed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return text;
            }
            Err(error) => error,
        };
        let (valid, bad) = rest.split_at(error.valid_up_to());
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        text.push(char::REPLACEMENT_CHARACTER);
        let skip = match bad {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
            _ => error.error_len().unwrap_or(bad.len()),
        };
        rest = &bad[skip..];
    }
}

/// Appends `text` as Java's server writes it: each UTF-16 unit on its own, so that a
/// supplementary character takes two surrogates of three bytes each.
pub fn put_java_utf8(out: &mut Vec<u8>, text: &str) {
    if !has_supplementary(text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for unit in text.encode_utf16() {
        match unit {
            0..=0x7f => out.push(unit as u8),
            0x80..=0x7ff => out.extend([0xc0 | (unit >> 6) as u8, 0x80 | (unit & 0x3f) as u8]),
            _ => out.extend([
                0xe0 | (unit >> 12) as u8,
                0x80 | ((unit >> 6) & 0x3f) as u8,
                0x80 | (unit & 0x3f) as u8,
            ]),
        }
    }
}

/// How many bytes [`put_java_utf8`] appends for `text`.
pub fn java_utf8_len(text: &str) -> usize {
    // Four bytes of UTF-8 become six.
    text.len() + 2 * text.bytes().filter(|b| *b >= 0xf0).count()
}

fn has_supplementary(text: &str) -> bool {
    text.bytes().any(|b| b >= 0xf0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_input_is_replaced_as_in_java() {
        assert_eq!(decode(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(decode(b"\xed\xa0\x80x"), "\u{fffd}x");
        assert_eq!(decode(b"\xe2\x82"), "\u{fffd}");
        assert_eq!(decode(b"\xf0\x80\x80\x80"), "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn supplementary_characters_leave_as_two_surrogates() {
        let mut out = Vec::new();
        put_java_utf8(&mut out, "a\u{1f600}é");
        assert_eq!(out, b"a\xed\xa0\xbd\xed\xb8\x80\xc3\xa9");
        assert_eq!(out.len(), java_utf8_len("a\u{1f600}é"));
    }
}
