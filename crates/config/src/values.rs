//! How Java reads numbers and truth values, style by style.
//!
//! Keys of the file itself are *strict*: a bad value stops the start. System
//! properties are *lenient*: a bad value counts as if it were not set.

/// `Integer.parseInt`: decimal with an optional sign.
pub fn strict_i32(text: &str) -> Option<i32> {
    strict_i64(text)?.try_into().ok()
}

/// `Long.parseLong`: decimal with an optional sign.
pub fn strict_i64(text: &str) -> Option<i64> {
    // Rust's grammar is Java's: one sign, then digits.
    text.parse().ok()
}

/// `Integer.getInteger`: decimal, `0x`, `0X` or `#` hexadecimal, leading-0 octal.
pub fn lenient_i32(text: &str) -> Option<i32> {
    lenient_i64(text)?.try_into().ok()
}

/// `Long.getLong`, in the same three notations.
pub fn lenient_i64(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = if let Some(hex) =
        digits.strip_prefix("0x").or(digits.strip_prefix("0X")).or(digits.strip_prefix('#'))
    {
        (16, hex)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    };
    // A second sign is an error; from_str_radix would take it.
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// An explicit key of the file: only the two words, in any case.
pub fn strict_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// `Boolean.parseBoolean`: the word `true` in any case, everything else is false.
pub fn lenient_bool(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// `Double.parseDouble` without its hexadecimal notation.
pub fn double(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.trim_start_matches(['+', '-']) {
        "NaN" | "Infinity" => return text.parse().ok(),
        _ => {}
    }
    let number = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    if number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        number.parse().ok()
    } else {
        None
    }
}

/// `String.trim`: characters up to the blank go from both ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// `String.split` on one character: empty parts at the end are dropped.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    if text.is_empty() {
        return vec![text];
    }
    let mut parts: Vec<&str> = text.split(separator).collect();
    while parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts
}

/// A comma list, each item trimmed, empty items dropped.
pub fn comma_list(text: &str) -> Vec<String> {
    text.split(',').map(trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_numbers_are_decimal_with_a_sign() {
        for (text, want) in [
            ("0", Some(0)),
            ("-5", Some(-5)),
            ("+5", Some(5)),
            ("007", Some(7)),
            ("0x10", None),
            ("", None),
            (" 1", None),
            ("2147483648", None),
            ("1.5", None),
        ] {
            assert_eq!(strict_i32(text), want, "{text:?}");
        }
    }

    #[test]
    fn lenient_numbers_know_three_notations() {
        for (text, want) in [
            ("10", Some(10)),
            ("0x10", Some(16)),
            ("-0X10", Some(-16)),
            ("#ff", Some(255)),
            ("010", Some(8)),
            ("0", Some(0)),
            ("09", None),
            ("0x", None),
            ("0x-1", None),
            ("--1", None),
            ("", None),
            ("-", None),
            ("4294967296", None),
        ] {
            assert_eq!(lenient_i32(text), want, "{text:?}");
        }
        assert_eq!(lenient_i64("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(lenient_i64("9223372036854775808"), None);
    }

    #[test]
    fn truth_values_strict_and_lenient() {
        assert_eq!(strict_bool("TRUE"), Some(true));
        assert_eq!(strict_bool("False"), Some(false));
        assert_eq!(strict_bool("yes"), None);
        assert!(lenient_bool("True"));
        assert!(!lenient_bool("yes"));
    }

    #[test]
    fn doubles_take_java_suffixes_only() {
        assert_eq!(double(" 0.5f "), Some(0.5));
        assert_eq!(double("1e-3"), Some(0.001));
        assert_eq!(double("inf"), None);
        assert_eq!(double("half"), None);
        assert!(double("NaN").expect("NaN").is_nan());
    }

    #[test]
    fn split_drops_empty_parts_at_the_end() {
        assert_eq!(split("a:b::", ':'), ["a", "b"]);
        assert_eq!(split(":a", ':'), ["", "a"]);
        assert_eq!(split("", ':'), [""]);
        assert!(split("::", ':').is_empty());
    }
}
