//! Answers about streams: they may differ in how long ago something was, and in ids that the
//! servers' clocks gave.

use crate::value::Value;

/// Facts that grow with the time since something.
const AGES: &[&[u8]] = &[b"idle", b"inactive"];

/// It follows from the bytes of ids, so it differs where a clock gave them.
const NODES: &[u8] = b"radix-tree-nodes";

/// Times of this century's clocks, in milliseconds. Generated commands say none of them.
const CLOCK_MS: std::ops::Range<i64> = 1_600_000_000_000..4_000_000_000_000;

pub(super) fn same(ours: &Value, theirs: &Value) -> bool {
    let by_clock = has_clock_id(ours) && has_clock_id(theirs);
    alike(&Value::Null, ours, theirs, by_clock)
}

/// Compares what is told behind `label`, if that is a name.
fn alike(label: &Value, ours: &Value, theirs: &Value, by_clock: bool) -> bool {
    let is = |name: &[u8]| matches!(label, Value::Bulk(it) if it == name);
    match (ours, theirs) {
        (Value::Integer(ours), Value::Integer(theirs)) => {
            let ages = AGES.iter().any(|it| is(it)) && *ours >= 0 && *theirs >= 0;
            let times = CLOCK_MS.contains(ours) && CLOCK_MS.contains(theirs);
            ours == theirs || (is(NODES) && by_clock) || ((ages || times) && near(*ours, *theirs))
        }
        (Value::Bulk(ours), Value::Bulk(theirs)) => {
            let ids = clock_ms(ours).zip(clock_ms(theirs));
            ours == theirs || ids.is_some_and(|(ours, theirs)| near(ours, theirs))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && (0..ours.len()).all(|at| {
                    let label = label_of(ours, at);
                    alike(&label, &ours[at], &theirs[at], by_clock)
                })
        }
        (Value::Map(ours), Value::Map(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| {
                    alike(&Value::Null, &ours.0, &theirs.0, by_clock)
                        && alike(&ours.0, &ours.1, &theirs.1, by_clock)
                })
        }
        _ => ours == theirs,
    }
}

/// What the element is called: by the one before it, or by its place in a row of XPENDING.
fn label_of(items: &[Value], at: usize) -> Value {
    match items {
        [Value::Bulk(_), Value::Bulk(_), Value::Integer(_), Value::Integer(_)] if at == 2 => {
            Value::Bulk(b"idle".to_vec())
        }
        _ => at.checked_sub(1).map_or(Value::Null, |it| items[it].clone()),
    }
}

fn near(ours: i64, theirs: i64) -> bool {
    ours.abs_diff(theirs) <= super::TOLERANCE_MS as u64
}

/// The time in an id that a clock gave.
fn clock_ms(id: &[u8]) -> Option<i64> {
    let (ms, seq) = std::str::from_utf8(id).ok()?.split_once('-')?;
    seq.parse::<u64>().ok()?;
    ms.parse().ok().filter(|it| CLOCK_MS.contains(it))
}

fn has_clock_id(value: &Value) -> bool {
    match value {
        Value::Bulk(it) => clock_ms(it).is_some(),
        Value::Array(items) => items.iter().any(has_clock_id),
        Value::Map(pairs) => pairs.iter().any(|(_, it)| has_clock_id(it)),
        _ => false,
    }
}
