//! Splits the text of `SERVER_JVMFLAGS` and `JVMFLAGS` into words, as a shell would.

/// Words are separated by blanks; single and double quotes and a backslash protect
/// them. A quote that is never closed reaches to the end of the text.
pub fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') if matches!(chars.peek(), Some('"' | '\\' | '$' | '`')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn quotes_and_backslashes_protect_blanks() {
        for (text, want) in [
            ("", &[][..]),
            ("  -Xmx1g\t-Da=b  ", &["-Xmx1g", "-Da=b"]),
            ("-Da='b c' -Dd=\"e f\"", &["-Da=b c", "-Dd=e f"]),
            ("-Da=b\\ c", &["-Da=b c"]),
            ("\"a \\\" b\" '\\'", &["a \" b", "\\"]),
            ("''", &[""]),
            ("'open end", &["open end"]),
            ("end\\", &["end"]),
        ] {
            assert_eq!(split(text), want, "{text:?}");
        }
    }
}
