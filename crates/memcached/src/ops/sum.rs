//! Numbers: what `incr`, `decr` and `ma` do with an item.

use tandem_engine::{Error as EngineError, Key, NewValue, Str, Value};

use crate::number;
use crate::ops::{Mode, More, Store, Stored, expiry, put};
use crate::run::Cx;
use crate::stats::ClassEvent;

/// Digits of 2^64.
const DIGITS_MAX: usize = 20;

/// A sum with the number that an item holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arithmetic<'a> {
    pub(crate) key: Key<'a>,
    pub(crate) sign: Sign,
    pub(crate) delta: u64,
    /// The CAS number that the item has to have.
    pub(crate) compare: Option<u64>,
    pub(crate) wants_cas: bool,
    /// What a missing item begins as.
    pub(crate) initial: Option<Initial>,
    pub(crate) more: MoreSum,
}

/// What only meta commands ask of a sum.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MoreSum {
    /// The CAS number that the item gets.
    pub(crate) cas: Option<u64>,
    /// The expiry that the item gets if it is there.
    pub(crate) touch: Option<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Wraps at 2^64.
    Plus,
    /// Stops at 0.
    Minus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Initial {
    pub(crate) value: u64,
    pub(crate) exptime: i32,
}

/// What became of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Summed {
    Done(Sum),
    Missing,
    NonNumeric,
    CasMismatch,
    NoMemory,
}

/// What an item holds after a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) value: u64,
    /// Where it was wanted.
    pub(crate) cas: u64,
    /// The expiry that it had before.
    pub(crate) expired_at_ms: Option<u64>,
    pub(crate) is_new: bool,
}

/// Adds or subtracts, or begins with the initial number.
pub(crate) fn arithmetic(cx: &mut Cx<'_>, sum: &Arithmetic<'_>) -> Summed {
    match add_to_item(cx, sum) {
        Summed::Missing => begin_number(cx, sum),
        outcome => outcome,
    }
}

/// The value keeps its length, padded with spaces, unless the number has outgrown it; flags and
/// expiry stay.
fn add_to_item(cx: &mut Cx<'_>, sum: &Arithmetic<'_>) -> Summed {
    let room = cx.server.keyspace.make_room(cx.now_ms);
    let key = sum.key;
    cx.watch_look(key);
    let mut view = cx.view(key);
    let Some(before) = view.peek(key) else { return Summed::Missing };
    if matches!(before.value(), Value::String(it) if it.as_slice().is_empty()) {
        return Summed::NonNumeric;
    }
    if sum.compare.is_some() && before.cas() != sum.compare {
        return Summed::CasMismatch;
    }
    let expired_at_ms = before.expire_at_ms();
    let wants_cas = sum.wants_cas && sum.more.cas.is_none();
    let cas = if wants_cas { Some(view.new_cas(key)) } else { sum.more.cas };
    let mut value = match view.edit::<Str>(key) {
        Ok(Some(value)) => value,
        Ok(None) => return Summed::Missing,
        Err(_) => return Summed::NonNumeric,
    };
    let Some(old) = number::loose_u64(&value) else { return Summed::NonNumeric };
    let new = match sum.sign {
        Sign::Plus => old.wrapping_add(sum.delta),
        Sign::Minus => old.saturating_sub(sum.delta),
    };
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(new).as_bytes();
    if digits.len() > value.len() && room == Err(EngineError::OutOfMemory) {
        return Summed::NoMemory;
    }
    if digits.len() > value.len() {
        value.renew();
    }
    put_padded(&mut value, digits);
    if let Some(cas) = cas {
        value.set_cas(cas);
    }
    if let Some(exptime) = sum.more.touch {
        value.set_expire(expiry(exptime, cx.now_ms));
    }
    // Whoever counts seldom sets flags: these four bytes are not looked for.
    let class = cx.server.classes.of_parts(key, 0, value.len());
    drop(value);
    let (hits, event) = match sum.sign {
        Sign::Plus => (&cx.worker.incr_hits, ClassEvent::Incr),
        Sign::Minus => (&cx.worker.decr_hits, ClassEvent::Decr),
    };
    hits.add(1);
    cx.worker.count_class(class, event);
    Summed::Done(Sum { value: new, cas: cx.told_cas(cas), expired_at_ms, is_new: false })
}

fn put_padded(value: &mut Str, digits: &[u8]) {
    let padded_len = value.len().max(digits.len());
    if padded_len <= DIGITS_MAX {
        let mut padded = [b' '; DIGITS_MAX];
        padded[..digits.len()].copy_from_slice(digits);
        return value.replace(&padded[..padded_len]);
    }
    let mut padded = vec![b' '; padded_len];
    padded[..digits.len()].copy_from_slice(digits);
    value.replace(&padded);
}

/// A sum without an item: begins with the initial number, or counts the miss.
fn begin_number(cx: &mut Cx<'_>, sum: &Arithmetic<'_>) -> Summed {
    let Some(Initial { value, exptime }) = sum.initial else {
        let misses = match sum.sign {
            Sign::Plus => &cx.worker.incr_misses,
            Sign::Minus => &cx.worker.decr_misses,
        };
        misses.add(1);
        return Summed::Missing;
    };
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value).as_bytes();
    let class = cx.server.classes.of_parts(sum.key, 0, digits.len());
    let first = Store {
        key: sum.key,
        mode: Mode::Add,
        client_flags: 0,
        exptime,
        compare: None,
        wants_cas: sum.wants_cas,
        more: More { cas: sum.more.cas, ..More::default() },
    };
    match put(cx, &first, class, NewValue::Copied(digits)) {
        Stored::Done { cas, .. } => {
            Summed::Done(Sum { value, cas, expired_at_ms: None, is_new: true })
        }
        Stored::NoMemory => Summed::NoMemory,
        // Somebody else was first.
        _ => Summed::Missing,
    }
}
