//! Sizes as Redis writes them: `64mb`, `1g` (a thousand to the third), `512k`, `1048576`.

const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1 << 30),
];

pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|it| it.0.eq_ignore_ascii_case(unit))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// In the largest unit in which it is short: for people, not for reading back.
pub(crate) fn format(bytes: u64) -> String {
    let units = [("GB", 30), ("MB", 20), ("KB", 10)];
    match units.into_iter().find(|(_, shift)| bytes >= 1 << shift) {
        Some((unit, shift)) if bytes.is_multiple_of(1 << shift) => {
            format!("{} {unit}", bytes >> shift)
        }
        Some((unit, shift)) => format!("{:.1} {unit}", bytes as f64 / (1_u64 << shift) as f64),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_redis_reads_them() {
        let cases = [
            ("0", Some(0)),
            ("64mb", Some(64 << 20)),
            ("10GB", Some(10 << 30)),
            ("1k", Some(1000)),
            ("1b", Some(1)),
            ("", None),
            ("mb", None),
            ("-1", None),
            ("1.5gb", None),
            ("1tb", None),
            ("99999999999999999999", None),
            ("99999999999gb", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_unit_that_suits_them() {
        assert_eq!(format(64 << 20), "64 MB");
        assert_eq!(format((1 << 30) + (1 << 29)), "1.5 GB");
        assert_eq!(format(100), "100 bytes");
    }
}
