//! Lists.

mod pop;
mod search;
mod wait;

use tandem_engine::{Edit, End, List, ListRef, NewValue};

use crate::dispatch::Ctx;
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, read, write};

const BLOCKING: &[Flags] = &[Flags::BLOCKING];
const MOVABLE: &[Flags] = &[Flags::MOVABLEKEYS];
const PUSHED: Access = Access::RW.and(Access::INSERT);
const TAKEN: Access = Access::RW.and(Access::ACCESS).and(Access::DELETE);
const CUT: Access = Access::RW.and(Access::DELETE);
const MOVED: &[KeySpec] = &[KeySpec::new(Keys::FIRST, TAKEN), KeySpec::new(Keys::SECOND, PUSHED)];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("blmove", "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout:double",
        Keys::BOTH, wait::blmove)
        .denyoom().flags(BLOCKING).keyed(MOVED)
        .event("").doc("6.2.0", "O(1)",
            "Moves an element from one list to another, or waits until there is one."),
    write("blmpop",
        "timeout:double numkeys:integer key [key ...] <LEFT | RIGHT> [COUNT count:integer]",
        Keys::Counted { at: 2 }, wait::blmpop)
        .flags(BLOCKING).flags(MOVABLE).access(TAKEN)
        .event("").doc("7.0.0", "O(N+M) in the keys and the elements taken",
            "Takes elements from the first of several lists that has some, or waits for them."),
    write("blpop", "key [key ...] timeout:double", Keys::range(1, -2, 1), wait::blpop)
        .flags(BLOCKING).access(TAKEN)
        .event("lpop").doc("2.0.0", "O(N) in the keys given",
            "Takes the first element of the first list that has one, or waits for one."),
    write("brpop", "key [key ...] timeout:double", Keys::range(1, -2, 1), wait::brpop)
        .flags(BLOCKING).access(TAKEN)
        .event("rpop").doc("2.0.0", "O(N) in the keys given",
            "Takes the last element of the first list that has one, or waits for one."),
    write("brpoplpush", "source destination timeout:double", Keys::BOTH, wait::brpoplpush)
        .denyoom().flags(BLOCKING).keyed(MOVED)
        .deprecated("6.2.0", "`BLMOVE` with `RIGHT` and `LEFT`")
        .event("").doc("2.2.0", "O(1)",
            "Moves the last element of a list to the front of another, or waits for one."),
    read("lindex", "key index:integer", Keys::FIRST, lindex)
        .doc("1.0.0", "O(log N) in the list's length", "Reads one element of a list."),
    write("linsert", "key <BEFORE | AFTER> pivot element", Keys::FIRST, search::linsert)
        .denyoom().access(PUSHED)
        .doc("2.2.0", "O(N) in the elements before the pivot",
            "Puts an element next to another one of a list."),
    read("llen", "key", Keys::FIRST, llen)
        .fast().access(Access::RO)
        .doc("1.0.0", "O(1)", "Counts the elements of a list."),
    write("lmove", "source destination <LEFT | RIGHT> <LEFT | RIGHT>", Keys::BOTH, pop::lmove)
        .denyoom().keyed(MOVED)
        .event("")
        .doc("6.2.0", "O(1)", "Moves an element from one end of a list to one of another."),
    write("lmpop", "numkeys:integer key [key ...] <LEFT | RIGHT> [COUNT count:integer]",
        Keys::Counted { at: 1 }, pop::lmpop)
        .flags(MOVABLE).access(TAKEN)
        .event("").doc("7.0.0", "O(N+M) in the keys and the elements taken",
            "Takes elements from the first of several lists that has some."),
    write("lpop", "key [count]", Keys::FIRST, pop::lpop)
        .fast().access(TAKEN)
        .doc("1.0.0", "O(N) in the elements taken", "Takes elements from the front of a list."),
    read("lpos", "key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]",
        Keys::FIRST, search::lpos)
        .doc("6.0.6", "O(N) in the elements looked at", "Finds where an element is in a list."),
    write("lpush", "key element [element ...]", Keys::FIRST, lpush)
        .fast().denyoom().access(PUSHED)
        .doc("1.0.0", "O(N) in the elements given", "Puts elements in front of a list."),
    write("lpushx", "key element [element ...]", Keys::FIRST, lpushx)
        .fast().denyoom().access(PUSHED)
        .event("lpush").doc("2.2.0", "O(N) in the elements given",
            "Puts elements in front of a list if it exists."),
    read("lrange", "key start:integer stop:integer", Keys::FIRST, lrange)
        .doc("1.0.0", "O(log S+N) in the start and the elements read",
            "Reads a range of a list's elements."),
    write("lrem", "key count:integer element", Keys::FIRST, search::lrem)
        .access(CUT)
        .doc("1.0.0", "O(N) in the list's length", "Takes equal elements out of a list."),
    write("lset", "key index:integer element", Keys::FIRST, lset)
        .denyoom().access(Access::CHANGE)
        .doc("1.0.0", "O(log N) in the list's length", "Replaces one element of a list."),
    write("ltrim", "key start:integer stop:integer", Keys::FIRST, ltrim)
        .access(CUT)
        .doc("1.0.0", "O(N) in the elements removed", "Cuts a list down to a range of it."),
    write("rpop", "key [count]", Keys::FIRST, pop::rpop)
        .fast().access(TAKEN)
        .doc("1.0.0", "O(N) in the elements taken", "Takes elements from the back of a list."),
    write("rpoplpush", "source destination", Keys::BOTH, pop::rpoplpush)
        .denyoom().keyed(MOVED)
        .deprecated("6.2.0", "`LMOVE` with `RIGHT` and `LEFT`")
        .event("")
        .doc("1.2.0", "O(1)", "Moves the last element of a list to the front of another."),
    write("rpush", "key element [element ...]", Keys::FIRST, rpush)
        .fast().denyoom().access(PUSHED)
        .doc("1.0.0", "O(N) in the elements given", "Puts elements behind a list."),
    write("rpushx", "key element [element ...]", Keys::FIRST, rpushx)
        .fast().denyoom().access(PUSHED)
        .event("rpush")
        .doc("2.2.0", "O(N) in the elements given", "Puts elements behind a list if it exists."),
];

fn lpush(cx: &mut Ctx<'_>) -> Answer {
    push(cx, End::Front, Missing::Create)
}

fn rpush(cx: &mut Ctx<'_>) -> Answer {
    push(cx, End::Back, Missing::Create)
}

fn lpushx(cx: &mut Ctx<'_>) -> Answer {
    push(cx, End::Front, Missing::Refuse)
}

fn rpushx(cx: &mut Ctx<'_>) -> Answer {
    push(cx, End::Back, Missing::Refuse)
}

/// What a push does without a list.
#[derive(Clone, Copy)]
enum Missing {
    Create,
    Refuse,
}

fn push(cx: &mut Ctx<'_>, end: End, missing: Missing) -> Answer {
    let key = cx.args.key()?;
    let opened = match missing {
        Missing::Create => Some(cx.db.edit_or_create::<List>(key)?),
        Missing::Refuse => cx.db.edit::<List>(key)?,
    };
    let Some(mut list) = opened else { return Ok(cx.reply.int(0)) };
    let n_bytes = cx.args.clone().rest().iter().map(<[u8]>::len).sum();
    make_room(&mut list, cx.args.len(), n_bytes);
    // One value may keep its buffer; several would keep it for each other.
    if cx.args.len() == 1 {
        list.push(&cx.args.value()?, end);
    }
    for value in cx.args.rest().iter() {
        list.push(&NewValue::Copied(value), end);
    }
    Ok(cx.reply.count(list.len()))
}

/// Before elements are added: all of them decide at once whether the list stays a listpack. That
/// is decided even if none is added in the end.
fn make_room(list: &mut Edit<'_, List>, n_elements: usize, n_bytes: usize) {
    if list.outgrows(n_elements, n_bytes) {
        list.split();
    }
}

fn llen(cx: &mut Ctx<'_>) -> Answer {
    let list = cx.db.get::<List>(cx.args.key()?)?;
    Ok(cx.reply.count(list.map_or(0, ListRef::len)))
}

fn lindex(cx: &mut Ctx<'_>) -> Answer {
    let Some(list) = cx.db.get::<List>(cx.args.key()?)? else { return Ok(cx.reply.null()) };
    let element = place(list.len(), cx.args.integer()?).and_then(|it| list.get(it));
    Ok(match element {
        Some(it) => cx.reply.element(it),
        None => cx.reply.null(),
    })
}

fn lset(cx: &mut Ctx<'_>) -> Answer {
    let mut list = cx.db.edit::<List>(cx.args.key()?)?.ok_or(Error::NoSuchKey)?;
    let index = cx.args.integer()?;
    let value = cx.args.value()?;
    make_room(&mut list, 1, value.as_slice().len());
    let Some(index) = place(list.len(), index) else {
        list.keep_quiet();
        return Err(Error::said("ERR index out of range"));
    };
    list.set(index, &value);
    Ok(cx.reply.ok())
}

fn lrange(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (start, stop) = (cx.args.integer()?, cx.args.integer()?);
    let Some(list) = cx.db.get::<List>(key)? else { return Ok(cx.reply.array_header(0)) };
    let (start, n_elements) = range(list.len(), start, stop);
    let answered = cx.reply.array_header(n_elements);
    for element in list.iter_from(start, End::Back).take(n_elements) {
        cx.reply.element(element);
    }
    Ok(answered)
}

fn ltrim(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (start, stop) = (cx.args.integer()?, cx.args.integer()?);
    let Some(mut list) = cx.db.edit::<List>(key)? else { return Ok(cx.reply.ok()) };
    list.touch();
    let len = list.len();
    let (start, n_kept) = range(len, start, stop);
    if n_kept < len {
        list.remove(start + n_kept, len - start - n_kept);
        list.remove(0, start);
    }
    Ok(cx.reply.ok())
}

/// The element at an index that counts from the back below 0.
fn place(len: usize, index: i64) -> Option<usize> {
    let from_front = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(from_front).ok().filter(|it| *it < len)
}

/// Where the elements from `start` to `stop` begin, and how many they are.
fn range(len: usize, start: i64, stop: i64) -> (usize, usize) {
    let from_front = |it: i64| if it < 0 { (it + len as i64).max(-1) } else { it };
    let start = from_front(start).max(0);
    let stop = from_front(stop).min(len as i64 - 1);
    if stop < start { (0, 0) } else { (start as usize, (stop - start + 1) as usize) }
}
