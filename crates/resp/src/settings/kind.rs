//! The kinds of values: which texts they accept, and the one spelling that CONFIG GET shows.

use super::live::OutputLimit;
use super::refusal::Refusal;
use crate::number;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Boolean,
    /// One of the words, in any letter case.
    Choice(&'static [&'static str]),
    /// One or several of the words.
    Choices(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    /// An integer that is moved into the range instead of refused.
    Clamped {
        min: i64,
        max: i64,
    },
    /// An IPv4 or IPv6 address, or empty.
    Address(AddressFamily),
    /// Bytes, with the units of redis.conf: `kb` is 1024, `k` is 1000.
    Memory {
        min: u64,
        max: u64,
    },
    /// Bytes, or a percentage of `maxmemory`.
    MemoryOrPercent,
    Octal,
    Text,
    /// `client-output-buffer-limit`: what is not named keeps its value.
    OutputLimits,
    /// `notify-keyspace-events`.
    EventClasses,
    /// `oom-score-adj-values`.
    OomScores,
    /// `latency-tracking-info-percentiles`.
    Percentiles,
    /// `save`: pairs of seconds and changes.
    SavePoints,
    /// `replicaof`: empty for a primary.
    Primary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressFamily {
    V4,
    V6,
}

impl Kind {
    /// The value in the words of CONFIG GET.
    pub(super) fn canonical(self, text: &str, current: &str) -> Result<String, Refusal> {
        match self {
            Kind::Boolean => boolean(text),
            Kind::Choice(words) => choice(words, text),
            Kind::Choices(words) => choices(words, text),
            Kind::Integer { min, max } => integer(text, min, max),
            Kind::Clamped { min, max } => {
                let n: i64 = integer(text, 0, i64::from(i32::MAX))?.parse().unwrap_or(min);
                Ok(n.clamp(min, max).to_string())
            }
            Kind::Address(family) => address(text, family),
            Kind::Memory { min, max } => memory_in(text, min, max),
            Kind::MemoryOrPercent => memory_or_percent(text),
            Kind::Octal => octal(text),
            Kind::OutputLimits => merge_output_limits(text, current),
            Kind::EventClasses => event_classes(text),
            Kind::OomScores => oom_scores(text),
            Kind::Percentiles => percentiles(text),
            Kind::SavePoints => save_points(text),
            Kind::Primary if text.eq_ignore_ascii_case("no one") => Ok(String::new()),
            Kind::Text | Kind::Primary => Ok(text.to_string()),
        }
    }

    /// A canonical value as a number; 0 where it is none.
    pub(super) fn number(self, canonical: &str) -> i64 {
        let digits = canonical.trim_end_matches('%');
        match self {
            Kind::Octal => i64::from_str_radix(digits, 8).unwrap_or_default(),
            Kind::Memory { .. } | Kind::MemoryOrPercent => {
                let bytes: u64 = digits.parse().unwrap_or_default();
                bytes.try_into().unwrap_or(i64::MAX)
            }
            _ => digits.parse().unwrap_or_default(),
        }
    }
}

fn boolean(text: &str) -> Result<String, Refusal> {
    choice(&["yes", "no"], text).map_err(|_| Refusal::NotYesOrNo)
}

fn choice(words: &'static [&'static str], text: &str) -> Result<String, Refusal> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text));
    found.map(ToString::to_string).ok_or(Refusal::NotAChoice(words))
}

fn choices(words: &'static [&'static str], text: &str) -> Result<String, Refusal> {
    let chosen: Result<Vec<String>, Refusal> =
        text.split_ascii_whitespace().map(|word| choice(words, word)).collect();
    match chosen?.join(" ") {
        none if none.is_empty() => Err(Refusal::NotAChoice(words)),
        chosen => Ok(chosen),
    }
}

fn integer(text: &str, min: i64, max: i64) -> Result<String, Refusal> {
    let n = number::integer(text.as_bytes()).ok_or(Refusal::NotAnInteger)?;
    if (min..=max).contains(&n) { Ok(n.to_string()) } else { Err(Refusal::Between(min, max)) }
}

fn address(text: &str, family: AddressFamily) -> Result<String, Refusal> {
    let is_good = text.is_empty()
        || match family {
            AddressFamily::V4 => text.parse::<std::net::Ipv4Addr>().is_ok(),
            AddressFamily::V6 => text.parse::<std::net::Ipv6Addr>().is_ok(),
        };
    if is_good { Ok(text.to_string()) } else { Err(Refusal::NotAnAddress(family)) }
}

fn memory_in(text: &str, min: u64, max: u64) -> Result<String, Refusal> {
    let n = memory(text).ok_or(Refusal::NotAMemoryValue)?;
    if (min..=max).contains(&n) {
        Ok(n.to_string())
    } else {
        Err(Refusal::Between(min as i64, max.try_into().unwrap_or(i64::MAX)))
    }
}

/// Bytes with an optional unit. No digits at all are 0; what is too much is the most there is.
pub(super) fn memory(text: &str) -> Option<u64> {
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(n_digits);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    let n: u64 = if digits.is_empty() { 0 } else { digits.parse().unwrap_or(u64::MAX) };
    (!digits.is_empty() || text.is_empty()).then(|| n.saturating_mul(unit))
}

fn memory_or_percent(text: &str) -> Result<String, Refusal> {
    let Some(digits) = text.strip_suffix('%') else {
        let n = memory(text).ok_or(Refusal::NotAMemoryOrPercentValue)?;
        return Ok(n.to_string());
    };
    let n = number::unsigned(digits.as_bytes()).ok_or(Refusal::NotAMemoryOrPercentValue)?;
    match n {
        0 => Ok("0".to_string()),
        1..=100 => Ok(format!("{n}%")),
        _ => Err(Refusal::Percent),
    }
}

fn octal(text: &str) -> Result<String, Refusal> {
    let n = u32::from_str_radix(text, 8).map_err(|_| Refusal::NotAnOctal)?;
    if n <= 0o777 { Ok(format!("{n:o}")) } else { Err(Refusal::NotAnOctal) }
}

fn save_points(text: &str) -> Result<String, Refusal> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let words: Vec<&str> = text.split(' ').collect();
    let (points, odd) = words.as_chunks::<2>();
    let good = |[seconds, changes]: &[&str; 2]| {
        let number = |text: &str| number::integer(text.as_bytes());
        number(seconds).is_some_and(|it| it >= 1) && number(changes).is_some_and(|it| it >= 0)
    };
    if odd.is_empty() && points.iter().all(good) {
        Ok(text.to_string())
    } else {
        Err(Refusal::SavePoints)
    }
}

fn event_classes(text: &str) -> Result<String, Refusal> {
    if !text.chars().all(|it| "AKEm".contains(it) || EVENT_CLASSES.contains(it)) {
        return Err(Refusal::EventClass);
    }
    let has = |class: char| text.contains(class);
    let all = has('A') || ALL_CLASSES.chars().all(has);
    let classes: String = if all {
        "A".to_string()
    } else {
        EVENT_CLASSES.chars().filter(|it| ALL_CLASSES.contains(*it) && has(*it)).collect()
    };
    let rest: String = "KEmn".chars().filter(|it| has(*it)).collect();
    Ok(classes + &rest)
}

fn oom_scores(text: &str) -> Result<String, Refusal> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    if words.len() != 3 {
        return Err(Refusal::OomScoreCount);
    }
    let good = |word: &&str| {
        number::integer(word.as_bytes()).is_some_and(|it| (-2000..=2000).contains(&it))
    };
    if words.iter().all(good) { Ok(words.join(" ")) } else { Err(Refusal::OomScore) }
}

fn percentiles(text: &str) -> Result<String, Refusal> {
    let mut words = Vec::new();
    for word in text.split_ascii_whitespace() {
        let n: f64 = word.parse().map_err(|_| Refusal::Percentiles)?;
        if !(0.0..=100.0).contains(&n) {
            return Err(Refusal::PercentilesRange);
        }
        words.push(n.to_string());
    }
    Ok(words.join(" "))
}

fn merge_output_limits(text: &str, current: &str) -> Result<String, Refusal> {
    let mut limits = output_limits(current);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let (groups, odd) = words.as_chunks::<4>();
    if !odd.is_empty() {
        return Err(Refusal::OutputLimitCount);
    }
    for [class, hard, soft, seconds] in groups {
        let class = class.to_ascii_lowercase();
        let class = if class == "replica" { "slave" } else { &class };
        let which = OUTPUT_CLASSES.iter().position(|it| *it == class);
        let limit = OutputLimit {
            hard_bytes: memory(hard).ok_or(Refusal::OutputLimitValue)?,
            soft_bytes: memory(soft).ok_or(Refusal::OutputLimitValue)?,
            soft_s: number::unsigned(seconds.as_bytes()).ok_or(Refusal::OutputLimitValue)?,
        };
        limits[which.ok_or(Refusal::OutputLimitClass)?] = limit;
    }
    let show = |(class, it): (&&str, &OutputLimit)| {
        format!("{class} {} {} {}", it.hard_bytes, it.soft_bytes, it.soft_s)
    };
    Ok(OUTPUT_CLASSES.iter().zip(&limits).map(show).collect::<Vec<_>>().join(" "))
}

/// The limits of normal, replica and pubsub clients, out of a canonical value.
pub(super) fn output_limits(canonical: &str) -> [OutputLimit; 3] {
    let mut limits = [OutputLimit::default(); 3];
    let words: Vec<&str> = canonical.split(' ').collect();
    for (limit, [_, hard, soft, seconds]) in limits.iter_mut().zip(words.as_chunks::<4>().0) {
        let number = |text: &str| text.parse().unwrap_or_default();
        *limit = OutputLimit {
            hard_bytes: number(hard),
            soft_bytes: number(soft),
            soft_s: number(seconds),
        };
    }
    limits
}

const OUTPUT_CLASSES: [&str; 3] = ["normal", "slave", "pubsub"];

/// Event classes in the order in which they are shown, and those that `A` stands for.
const EVENT_CLASSES: &str = "g$lshzxetdn";
const ALL_CLASSES: &str = "g$lshzxetd";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, text: &str, expected: Result<&str, Refusal>) {
        assert_eq!(kind.canonical(text, ""), expected.map(str::to_string), "{text:?}");
    }

    #[test]
    fn memory_has_the_units_of_redis() {
        let kind = Kind::Memory { min: 0, max: u64::MAX };
        check(kind, "1k", Ok("1000"));
        check(kind, "1kb", Ok("1024"));
        check(kind, "2mB", Ok("2097152"));
        check(kind, "1G", Ok("1000000000"));
        check(kind, "10b", Ok("10"));
        check(kind, "", Ok("0"));
        check(kind, "99999999999999999999999", Ok("18446744073709551615"));
        for bad in ["1.5gb", "1 mb", "1tb", "-0", "-1", "kb"] {
            check(kind, bad, Err(Refusal::NotAMemoryValue));
        }
        let some = Kind::Memory { min: 5, max: i64::MAX as u64 };
        check(some, "4", Err(Refusal::Between(5, i64::MAX)));
    }

    #[test]
    fn percentages_of_memory() {
        check(Kind::MemoryOrPercent, "5%", Ok("5%"));
        check(Kind::MemoryOrPercent, "0%", Ok("0"));
        check(Kind::MemoryOrPercent, "101%", Err(Refusal::Percent));
        check(Kind::MemoryOrPercent, "10mb", Ok("10485760"));
        check(Kind::MemoryOrPercent, "1.5%", Err(Refusal::NotAMemoryOrPercentValue));
    }

    #[test]
    fn save_points_are_pairs() {
        for good in ["", "900 1", "900 1 300 0"] {
            check(Kind::SavePoints, good, Ok(good));
        }
        for bad in ["900", "0 1", "-1 1", "1 -1", "900  1", "a b"] {
            check(Kind::SavePoints, bad, Err(Refusal::SavePoints));
        }
    }

    #[test]
    fn event_classes_have_one_spelling() {
        for (text, shown) in
            [("KEA", "AKE"), ("Kx", "xK"), ("Egn", "gEn"), ("", ""), ("g$lshzxetdK", "AK")]
        {
            check(Kind::EventClasses, text, Ok(shown));
        }
        check(Kind::EventClasses, "Z", Err(Refusal::EventClass));
    }

    #[test]
    fn output_limits_keep_what_is_not_named() {
        let old = "normal 0 0 0 slave 1 2 3 pubsub 4 5 6";
        let kind = Kind::OutputLimits;
        let set = |text| kind.canonical(text, old);
        assert_eq!(set("").unwrap(), old);
        assert_eq!(
            set("replica 1kb 2 3 NORMAL 7 8 9").unwrap(),
            "normal 7 8 9 slave 1024 2 3 pubsub 4 5 6"
        );
        assert_eq!(set("normal 1 2"), Err(Refusal::OutputLimitCount));
        assert_eq!(set("master 1 1 1"), Err(Refusal::OutputLimitClass));
        assert_eq!(set("normal 0 0 -1"), Err(Refusal::OutputLimitValue));
    }

    #[test]
    fn other_kinds() {
        check(Kind::Boolean, "YES", Ok("yes"));
        check(Kind::Boolean, "1", Err(Refusal::NotYesOrNo));
        check(Kind::Integer { min: 1, max: 5 }, "01", Err(Refusal::NotAnInteger));
        check(Kind::Integer { min: 1, max: 5 }, "6", Err(Refusal::Between(1, 5)));
        check(Kind::Octal, "0770", Ok("770"));
        check(Kind::Octal, "8", Err(Refusal::NotAnOctal));
        check(Kind::OomScores, "0 200", Err(Refusal::OomScoreCount));
        check(Kind::OomScores, "0 0 2001", Err(Refusal::OomScore));
        check(Kind::Percentiles, "50.0 99.99", Ok("50 99.99"));
        check(Kind::Percentiles, "101", Err(Refusal::PercentilesRange));
        check(Kind::Percentiles, "a", Err(Refusal::Percentiles));
        check(Kind::Clamped { min: 1, max: 500 }, "1000", Ok("500"));
        check(Kind::Address(AddressFamily::V4), "10.0.0.1", Ok("10.0.0.1"));
        let not_v6 = Err(Refusal::NotAnAddress(AddressFamily::V6));
        check(Kind::Address(AddressFamily::V6), "10.0.0.1", not_v6);
        check(Kind::Primary, "NO ONE", Ok(""));
        check(Kind::Choices(&["now", "save"]), "SAVE now", Ok("save now"));
        check(Kind::Choices(&["now"]), "", Err(Refusal::NotAChoice(&["now"])));
    }
}
