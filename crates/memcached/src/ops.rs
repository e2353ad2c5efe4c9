//! What every encoding does with items: one call of the engine each, with its statistics. Nothing
//! here knows how a request was written or how its answer is told.

use tandem_engine::{Error as EngineError, Expire, Key, NewValue, Output, SetOptions, SetOutcome};
use tandem_engine::{Str, StrRef, Value, View, When};

use crate::number;
use crate::run::Cx;
use crate::stats::ClassEvent;
use crate::watch;

/// An expiry of more seconds than these 30 days is a time since the epoch.
const RELATIVE_SECONDS_MAX: i32 = 60 * 60 * 24 * 30;

/// A time that has always passed.
const LONG_AGO_MS: u64 = 1;

/// Digits of 2^64.
const DIGITS_MAX: usize = 20;

/// Everything that a store needs but its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store<'a> {
    pub(crate) key: Key<'a>,
    pub(crate) mode: Mode,
    /// Kept as they are by `Append` and `Prepend`, like the expiry.
    pub(crate) client_flags: u32,
    pub(crate) exptime: i32,
    /// The CAS number that the item has to have. `Add` does not look at it.
    pub(crate) compare: Option<u64>,
    /// Whether `Stored::Done` tells the new CAS number, which costs an item eight bytes.
    pub(crate) wants_cas: bool,
}

/// Which items a store is for, and where it puts the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Set,
    Add,
    Replace,
    Append,
    Prepend,
}

/// What became of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// With its CAS number where it was wanted.
    Done {
        cas: u64,
    },
    /// There is an item, or none, against the mode; or it would grow too large.
    Declined,
    /// A CAS number was given and there is no item.
    Missing,
    CasMismatch,
    NoMemory,
}

/// Why a store comes to nothing before it looks at the item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unstorable {
    TooLarge,
    NoMemory,
}

/// Stores a value; big ones come shared.
#[inline]
pub(crate) fn store(cx: &mut Cx<'_>, store: &Store<'_>, value: NewValue<'_>) -> Stored {
    let class = cx.server.classes.of_parts(store.key, store.client_flags, value.as_slice().len());
    cx.worker.stores.add(1);
    cx.worker.count_class(class, ClassEvent::Set);
    cx.count_prefix(store.key, |it| it.sets += 1);
    put(cx, store, class, value)
}

/// A store that is not counted as one.
#[inline]
fn put(cx: &Cx<'_>, store: &Store<'_>, class: usize, value: NewValue<'_>) -> Stored {
    if cx.server.keyspace.make_room(cx.now_ms).is_err() {
        cx.worker.count_class(class, ClassEvent::NoMemory);
        refuse_store(cx, store.mode, store.key, Unstorable::NoMemory);
        return Stored::NoMemory;
    }
    let when = match (store.mode, store.compare) {
        (Mode::Append | Mode::Prepend, _) => return watched_extend(cx, store, &value),
        (Mode::Add, _) => When::Absent,
        (Mode::Set | Mode::Replace, Some(cas)) => When::CasIs(cas),
        (Mode::Set, None) => When::Always,
        (Mode::Replace, None) => When::Present,
    };
    let expire = match expiry(store.exptime, cx.now_ms) {
        Some(at_ms) => Expire::AtMs(at_ms),
        None => Expire::Never,
    };
    let mut view = cx.view(store.key);
    let is_watched = cx.is_watched();
    let value_bytes = value.as_slice().len();
    if is_watched {
        cx.watch_look_before(store.key, &mut view);
    }
    let cas = if store.wants_cas { Some(view.new_cas(store.key)) } else { None };
    let options = SetOptions { when, expire, client_flags: store.client_flags, cas };
    let outcome = view.set(store.key, value, options);
    drop(view);
    if matches!(when, When::CasIs(_)) {
        count_cas(cx, class, outcome);
    }
    let stored = match outcome {
        SetOutcome::Stored => Stored::Done { cas: cx.told_cas(cas) },
        SetOutcome::NotStored => Stored::Declined,
        SetOutcome::Missing => Stored::Missing,
        SetOutcome::CasMismatch => Stored::CasMismatch,
    };
    if is_watched {
        cx.watch_store(store, watch::Stored::By(stored), value_bytes);
    }
    stored
}

fn count_cas(cx: &Cx<'_>, class: usize, outcome: SetOutcome) {
    match outcome {
        SetOutcome::Stored => {
            cx.worker.cas_hits.add(1);
            cx.worker.count_class(class, ClassEvent::Cas);
        }
        SetOutcome::Missing => cx.worker.cas_misses.add(1),
        SetOutcome::CasMismatch | SetOutcome::NotStored => {
            cx.worker.cas_badval.add(1);
            cx.worker.count_class(class, ClassEvent::CasBadval);
        }
    }
}

/// Counts a store that cannot be. A `Set` that fails takes the old value with it: a client that
/// meant to replace it must not read it again.
pub(crate) fn refuse_store(cx: &Cx<'_>, mode: Mode, key: Key<'_>, why: Unstorable) {
    match why {
        Unstorable::TooLarge => count_too_large(cx, key),
        Unstorable::NoMemory => cx.worker.store_no_memory.add(1),
    }
    if cx.is_watched() {
        cx.watch_refusal(mode, key, why);
    }
    if mode == Mode::Set {
        cx.view(key).remove(key);
    }
}

fn count_too_large(cx: &Cx<'_>, key: Key<'_>) {
    cx.worker.store_too_large.add(1);
    let prefix = cx.server.too_large.count(key.name, cx.server.settings.prefix_delimiter);
    cx.server.host.store_was_too_large(&prefix, cx.server.settings.item_bytes_max);
}

fn watched_extend(cx: &Cx<'_>, store: &Store<'_>, value: &NewValue<'_>) -> Stored {
    let mut view = cx.view(store.key);
    if !cx.is_watched() {
        return extend(cx, store, value.as_slice(), &mut view);
    }
    cx.watch_look_before(store.key, &mut view);
    let stored = extend(cx, store, value.as_slice(), &mut view);
    // Told is the whole value, where it has become one.
    let whole = view.peek(store.key).filter(|_| matches!(stored, Stored::Done { .. }));
    let value_bytes = whole.map_or(value.as_slice().len(), |it| watch::bytes_of(&it));
    cx.watch_store(store, watch::Stored::By(stored), value_bytes);
    stored
}

fn extend(cx: &Cx<'_>, store: &Store<'_>, added: &[u8], view: &mut View<'_>) -> Stored {
    let key = store.key;
    let Some(before) = view.peek(key) else { return Stored::Declined };
    if store.compare.is_some() && store.compare != before.cas {
        return Stored::CasMismatch;
    }
    let flags = before.client_flags;
    let cas = if store.wants_cas { Some(view.new_cas(key)) } else { None };
    let Ok(Some(mut old)) = view.edit::<Str>(key) else { return Stored::Declined };
    if !cx.server.settings.item_fits(key.name.len(), flags, old.len() + added.len()) {
        return Stored::Declined;
    }
    if store.mode == Mode::Append {
        old.append(added);
    } else {
        old.prepend(added);
    }
    if let Some(cas) = cas {
        old.set_cas(cas);
    }
    Stored::Done { cas: cx.told_cas(cas) }
}

/// A retrieval of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read<'a> {
    pub(crate) key: Key<'a>,
    /// The expiry that the item gets.
    pub(crate) touch: Option<i32>,
    pub(crate) wants_cas: bool,
}

/// An item that a read has found.
#[derive(Clone, Copy)]
pub(crate) struct Hit<'a> {
    pub(crate) value: StrRef<'a>,
    pub(crate) client_flags: u32,
    /// Where it was wanted.
    pub(crate) cas: Option<u64>,
}

/// Has the item written, if there is one. A value of a type that memcached does not know is none.
#[inline]
pub(crate) fn read(
    cx: &mut Cx<'_>,
    read: &Read<'_>,
    write: impl FnOnce(&mut Output, Hit<'_>),
) -> bool {
    let is_found = read_item(cx, read, ClassEvent::Get, write);
    let worker = cx.worker;
    if is_found {
        worker.get_hits.add(1);
    } else {
        worker.get_misses.add(1);
    }
    // They are counted as both.
    if read.touch.is_some() {
        count_touch(cx, is_found);
    }
    count_read_prefix(cx, read.key, is_found);
    is_found
}

/// Has an item written whose expiry is set, if there is one, and counts this as no read.
pub(crate) fn touch_and_read(
    cx: &mut Cx<'_>,
    read: &Read<'_>,
    write: impl FnOnce(&mut Output, Hit<'_>),
) -> bool {
    let is_found = read_item(cx, read, ClassEvent::Touch, write);
    count_touch(cx, is_found);
    count_read_prefix(cx, read.key, is_found);
    is_found
}

fn count_touch(cx: &Cx<'_>, is_found: bool) {
    let touches = if is_found { &cx.worker.touch_hits } else { &cx.worker.touch_misses };
    touches.add(1);
}

#[inline]
fn count_read_prefix(cx: &Cx<'_>, key: Key<'_>, is_found: bool) {
    cx.count_prefix(key, |it| {
        it.gets += 1;
        it.hits += u64::from(is_found);
    });
}

#[inline]
fn read_item(
    cx: &mut Cx<'_>,
    read: &Read<'_>,
    event: ClassEvent,
    write: impl FnOnce(&mut Output, Hit<'_>),
) -> bool {
    let mut view = cx.view(read.key);
    let mut cas = None;
    if read.wants_cas {
        cas = Some(if cx.server.settings.cas { view.cas(read.key).unwrap_or(0) } else { 0 });
    }
    let is_watched = cx.is_watched();
    let Some(item) = view.read(read.key) else {
        if is_watched {
            cx.watch_look(read.key, None);
        }
        return false;
    };
    let Value::String(value) = item.value else { return false };
    let class = cx.server.classes.of_parts(read.key, item.client_flags, value.as_slice().len());
    if is_watched {
        cx.watch_look(read.key, Some((class, value.as_slice().len())));
    }
    cx.worker.count_class(class, event);
    if event == ClassEvent::Get && item.fetched {
        cx.worker.count_class(class, ClassEvent::GetAgain);
    }
    write(cx.out, Hit { value, client_flags: item.client_flags, cas });
    if let Some(exptime) = read.touch {
        if event == ClassEvent::Get {
            // Counted as both.
            cx.worker.count_class(class, ClassEvent::Touch);
        }
        view.set_expire(read.key, expiry(exptime, cx.now_ms));
    }
    true
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    Done,
    Missing,
    CasMismatch,
}

/// Removes an item, with `compare` only one of that CAS number.
pub(crate) fn remove(cx: &Cx<'_>, key: Key<'_>, compare: Option<u64>) -> Removed {
    cx.count_prefix(key, |it| it.deletes += 1);
    let mut view = cx.view(key);
    let is_watched = cx.is_watched();
    if is_watched {
        cx.watch_look_before(key, &mut view);
    }
    let Some(item) = view.peek(key) else {
        cx.worker.delete_misses.add(1);
        return Removed::Missing;
    };
    if compare.is_some() && item.cas != compare {
        return Removed::CasMismatch;
    }
    let class = cx.server.classes.of(&item);
    if is_watched {
        cx.watch_removal(&item);
    }
    view.remove(key);
    cx.worker.delete_hits.add(1);
    cx.worker.count_class(class, ClassEvent::Delete);
    Removed::Done
}

/// Sets the expiry. False when there is no item.
pub(crate) fn touch(cx: &Cx<'_>, key: Key<'_>, exptime: i32) -> bool {
    let at_ms = expiry(exptime, cx.now_ms);
    let mut view = cx.view(key);
    if cx.is_watched() {
        cx.watch_look_before(key, &mut view);
    }
    if let Some(item) = view.peek(key) {
        cx.worker.count_class(cx.server.classes.of(&item), ClassEvent::Touch);
    }
    let is_found = view.set_expire(key, at_ms);
    count_touch(cx, is_found);
    is_found
}

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
    /// The item holds `value` now, with its CAS number where it was wanted.
    Done {
        value: u64,
        cas: u64,
    },
    Missing,
    NonNumeric,
    CasMismatch,
    NoMemory,
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
    let mut view = cx.view(key);
    if cx.is_watched() {
        cx.watch_look_before(key, &mut view);
    }
    if sum.compare.is_some() && view.peek(key).is_some_and(|it| it.cas != sum.compare) {
        return Summed::CasMismatch;
    }
    let cas = if sum.wants_cas { Some(view.new_cas(key)) } else { None };
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
    put_padded(&mut value, digits);
    if let Some(cas) = cas {
        value.set_cas(cas);
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
    Summed::Done { value: new, cas: cx.told_cas(cas) }
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
    };
    match put(cx, &first, class, NewValue::Copied(digits)) {
        Stored::Done { cas } => Summed::Done { value, cas },
        Stored::NoMemory => Summed::NoMemory,
        // Somebody else was first.
        _ => Summed::Missing,
    }
}

/// When an item expires, in milliseconds since the epoch. Zero is never, below zero is at once,
/// up to thirty days counts from now, above it is a time of its own.
pub(crate) fn expiry(exptime: i32, now_ms: u64) -> Option<u64> {
    match exptime {
        0 => None,
        ..0 => Some(LONG_AGO_MS),
        1..=RELATIVE_SECONDS_MAX => Some(now_ms + exptime.unsigned_abs() as u64 * 1000),
        _ => Some(exptime.unsigned_abs() as u64 * 1000),
    }
}
