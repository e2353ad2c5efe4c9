//! What every encoding does with items: one call of the engine each, with its statistics. Nothing
//! here knows how a request was written or how its answer is told.

use tandem_engine::{Expire, Key, NewValue, Output, SetOptions, SetOutcome};
use tandem_engine::{Str, StrRef, Value, View, When};

use crate::host::TooLarge;
use crate::marks;
use crate::run::Cx;
use crate::stats::ClassEvent;
use crate::watch;

mod sum;

pub(crate) use crate::ops::sum::{Arithmetic, Initial, MoreSum, Sign, Sum, Summed, arithmetic};

/// An expiry of more seconds than these 30 days is a time since the epoch.
const RELATIVE_SECONDS_MAX: i32 = 60 * 60 * 24 * 30;

/// A time that has always passed.
const LONG_AGO_MS: u64 = 1;

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
    pub(crate) more: More,
}

/// What only meta commands ask of a store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct More {
    /// The CAS number that the item gets.
    pub(crate) cas: Option<u64>,
    /// The marks that a new value gets.
    pub(crate) marks: u8,
    /// A value that is older than the item's, by `compare`, is stored as a stale one.
    pub(crate) takes_stale: bool,
    /// The expiry of an item that `Append` and `Prepend` make where there is none.
    pub(crate) vivify: Option<i32>,
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
    /// With its CAS number where it was wanted, and the length of the whole value.
    Done {
        cas: u64,
        value_bytes: usize,
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
    TooLarge { value_bytes: usize },
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
    let value_bytes = value.as_slice().len();
    let is_watched = cx.watch_look(store.key);
    let stored = try_put(cx, store, class, value);
    // Where there is no memory, that is told already.
    if is_watched && stored != Stored::NoMemory {
        cx.watch_store(store, watch::Stored::By(stored), value_bytes);
    }
    stored
}

#[inline]
fn try_put(cx: &Cx<'_>, store: &Store<'_>, class: usize, value: NewValue<'_>) -> Stored {
    if cx.server.keyspace.make_room(cx.now_ms).is_err() {
        cx.worker.count_class(class, ClassEvent::NoMemory);
        refuse_store(cx, store.mode, store.key, Unstorable::NoMemory);
        return Stored::NoMemory;
    }
    let when = match (store.mode, store.compare) {
        (Mode::Append | Mode::Prepend, _) => return extend(cx, store, value),
        (Mode::Add, _) => When::Absent,
        (Mode::Set | Mode::Replace, Some(cas)) => When::CasIs(cas),
        (Mode::Set, None) => When::Always,
        (Mode::Replace, None) => When::Present,
    };
    let value_bytes = value.as_slice().len();
    let (outcome, cas) = {
        let mut view = cx.view(store.key);
        let mut options = SetOptions {
            when,
            expire: new_expiry(store.exptime, cx.now_ms),
            client_flags: store.client_flags,
            cas: new_cas(&mut view, store),
            marks: store.more.marks,
        };
        if store.more.takes_stale {
            take_stale(&mut view, store, &mut options);
        }
        (view.set(store.key, value, options), options.cas)
    };
    if matches!(when, When::CasIs(_)) {
        count_cas(cx, class, outcome);
    }
    match outcome {
        SetOutcome::Stored => Stored::Done { cas: cx.told_cas(cas), value_bytes },
        SetOutcome::NotStored => Stored::Declined,
        SetOutcome::Missing => Stored::Missing,
        SetOutcome::CasMismatch => Stored::CasMismatch,
    }
}

/// The CAS number that an item is to get, if it matters which.
#[inline]
fn new_cas(view: &mut View<'_>, store: &Store<'_>) -> Option<u64> {
    if store.wants_cas && store.more.cas.is_none() {
        return Some(view.new_cas(store.key));
    }
    store.more.cas
}

/// A value that is older than the item, by its CAS number, becomes a stale one: it leaves the
/// expiry and whether somebody was told to fetch it anew.
fn take_stale(view: &mut View<'_>, store: &Store<'_>, options: &mut SetOptions) {
    let When::CasIs(wanted @ 1..) = options.when else { return };
    if view.cas(store.key).is_none_or(|have| have <= wanted) {
        return;
    }
    let kept = view.peek(store.key).map_or(0, |it| it.marks()) & marks::WON;
    options.marks |= marks::STALE | kept;
    options.when = When::Always;
    options.expire = Expire::Keep;
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
        Unstorable::TooLarge { value_bytes } => {
            cx.worker.store_too_large.add(1);
            tell_too_large(cx, key, value_bytes);
        }
        Unstorable::NoMemory => cx.worker.store_no_memory.add(1),
    }
    if cx.is_watched() {
        cx.watch_refusal(mode, key, why);
    }
    if mode == Mode::Set {
        cx.view(key).remove(key);
    }
}

/// Has the operator know whose value is not kept.
#[cold]
fn tell_too_large(cx: &Cx<'_>, key: Key<'_>, value_bytes: usize) {
    let settings = &cx.server.settings;
    let prefix = cx.server.too_large.count(key.name, settings.prefix_delimiter);
    let item_bytes_max = settings.item_bytes_max;
    let it = TooLarge { prefix: &prefix, value_bytes, item_bytes_max };
    cx.server.host.store_was_too_large(it);
}

fn extend(cx: &Cx<'_>, store: &Store<'_>, value: NewValue<'_>) -> Stored {
    let key = store.key;
    let mut view = cx.view(key);
    let Some(before) = view.peek(key) else { return begin_value(cx, view, store, value) };
    if store.compare.is_some_and(|it| it != 0 && Some(it) != before.cas()) {
        return Stored::CasMismatch;
    }
    let flags = before.client_flags();
    let cas = new_cas(&mut view, store);
    let Ok(Some(mut old)) = view.edit::<Str>(key) else { return Stored::Declined };
    let added = value.as_slice();
    let value_bytes = old.len() + added.len();
    if !cx.server.settings.item_fits(key.name.len(), flags, value_bytes) {
        drop(old);
        drop(view);
        // memcached does not count it among the stores that are too large.
        tell_too_large(cx, key, value_bytes);
        return Stored::Declined;
    }
    if store.mode == Mode::Append {
        old.append(added);
    } else {
        old.prepend(added);
    }
    old.renew();
    if let Some(cas) = cas {
        old.set_cas(cas);
    }
    Stored::Done { cas: cx.told_cas(cas), value_bytes }
}

/// An `append` or `prepend` without an item: there is one afterwards if the store says so.
fn begin_value(cx: &Cx<'_>, mut view: View<'_>, store: &Store<'_>, value: NewValue<'_>) -> Stored {
    let Some(exptime) = store.more.vivify else { return Stored::Declined };
    let value_bytes = value.as_slice().len();
    let options = SetOptions {
        when: When::Always,
        expire: new_expiry(exptime, cx.now_ms),
        client_flags: store.client_flags,
        cas: new_cas(&mut view, store),
        marks: store.more.marks,
    };
    view.set(store.key, value, options);
    Stored::Done { cas: cx.told_cas(options.cas), value_bytes }
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
    cx.watch_look(read.key);
    let mut view = cx.view(read.key);
    let item = if read.wants_cas && cx.server.settings.cas {
        view.read_with_cas(read.key)
    } else {
        view.read(read.key)
    };
    let Some(item) = item else { return false };
    let Value::String(value) = item.value() else { return false };
    let cas = read.wants_cas.then(|| cx.told_cas(item.cas()));
    let class = cx.server.classes.of_parts(read.key, item.client_flags(), value.as_slice().len());
    let is_again = event == ClassEvent::Get && item.fetched();
    cx.worker.count_class(class, if is_again { ClassEvent::GetAgain } else { event });
    write(cx.out, Hit { value, client_flags: item.client_flags(), cas });
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
    let is_watched = cx.watch_look(key);
    let mut view = cx.view(key);
    let Some(item) = view.peek(key) else {
        cx.worker.delete_misses.add(1);
        return Removed::Missing;
    };
    if compare.is_some() && item.cas() != compare {
        return Removed::CasMismatch;
    }
    let class = cx.server.classes.of(&item);
    if is_watched {
        cx.watch_removal(&item, "delete");
    }
    view.remove(key);
    cx.worker.delete_hits.add(1);
    cx.worker.count_class(class, ClassEvent::Delete);
    Removed::Done
}

/// Sets the expiry. False when there is no item.
pub(crate) fn touch(cx: &Cx<'_>, key: Key<'_>, exptime: i32) -> bool {
    let at_ms = expiry(exptime, cx.now_ms);
    cx.watch_look(key);
    let mut view = cx.view(key);
    if let Some(item) = view.peek(key) {
        cx.worker.count_class(cx.server.classes.of(&item), ClassEvent::Touch);
    }
    let is_found = view.set_expire(key, at_ms);
    view.touch(key);
    drop(view);
    count_touch(cx, is_found);
    is_found
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

fn new_expiry(exptime: i32, now_ms: u64) -> Expire {
    expiry(exptime, now_ms).map_or(Expire::Never, Expire::AtMs)
}
