//! Numbers and dates as Java prints them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A double as `Double.toString` prints it.
pub(crate) fn double(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (1e-3..1e7).contains(&magnitude) || !value.is_finite() {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// `total / count`, rounded half up to four decimals; 0 without samples.
pub(crate) fn average(total: i64, count: i64) -> f64 {
    if count <= 0 {
        return 0.0;
    }
    let (total, count) = (i128::from(total) * 10_000, i128::from(count));
    let rounded = (2 * total.abs() + count) / (2 * count) * total.signum();
    rounded as f64 / 10_000.0
}

/// A wall-clock time as `Date.toString` prints it: `Mon Nov 23 00:32:32 UTC 2026`.
pub(crate) fn date(wall_ms: i64) -> String {
    let Ok(time) = Timestamp::from_millisecond(wall_ms) else { return wall_ms.to_string() };
    time.to_zoned(TimeZone::system()).strftime("%a %b %d %H:%M:%S %Z %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_like_javas() {
        for (value, text) in [
            (0.0, "0.0"),
            (1.5, "1.5"),
            (12.3333, "12.3333"),
            (9_999_999.0, "9999999.0"),
            (10_000_000.0, "1.0E7"),
            (12_345_678.0, "1.2345678E7"),
            (0.0001, "1.0E-4"),
            (-2.0, "-2.0"),
        ] {
            assert_eq!(double(value), text);
        }
    }

    #[test]
    fn averages_are_rounded_half_up() {
        assert_eq!(average(0, 0), 0.0);
        assert_eq!(average(1, 3), 0.3333);
        assert_eq!(average(2, 3), 0.6667);
        assert_eq!(average(1, 32), 0.0313);
        assert_eq!(average(-1, 3), -0.3333);
    }
}
