//! What a key holds, and how.

use tandem_engine::{HashEncoding, Item, SetEncoding, Type, Value};

use crate::dispatch::{ClientCtx, Ctx};
use crate::error::Error;
use crate::number;
use crate::reply::Answer;

pub(super) fn type_of(cx: &mut Ctx<'_>) -> Answer {
    let kind = cx.db.look(cx.args.key()?).map(|it| it.kind());
    Ok(cx.reply.simple(kind.map_or("none", type_name)))
}

/// The name of a type in TYPE and SCAN.
pub(super) fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::String => "string",
        Type::Hash => "hash",
        Type::List => "list",
        Type::Set => "set",
        Type::Stream => "stream",
        Type::SortedSet => "zset",
    }
}

pub(super) fn encoding(cx: &mut Ctx<'_>) -> Answer {
    let name = cx.db.look(cx.args.key()?).map(|it| encoding_name(&it));
    Ok(match name {
        Some(name) => cx.reply.text(name),
        None => cx.reply.null(),
    })
}

pub(in crate::commands) fn encoding_name(item: &Item<'_>) -> &'static str {
    match item.value() {
        Value::Hash(hash) => match hash.encoding() {
            HashEncoding::Packed => "listpack",
            HashEncoding::PackedExpiring => "listpackex",
            HashEncoding::Indexed => "hashtable",
        },
        Value::List(list) if list.is_listpack() => "listpack",
        Value::List(_) => "quicklist",
        Value::Set(set) => match set.encoding() {
            SetEncoding::Integers => "intset",
            SetEncoding::Packed => "listpack",
            SetEncoding::Indexed => "hashtable",
        },
        Value::Stream(_) => "stream",
        Value::String(_) if item.edited() => "raw",
        Value::SortedSet(set) if set.is_packed() => "listpack",
        Value::SortedSet(_) => "skiplist",
        Value::String(value) => {
            let text = value.as_slice();
            let expiry_bytes = if item.expire_at_ms().is_some() { 8 } else { 0 };
            if number::integer(text).is_some() {
                "int"
            } else if item.key().len() + text.len() + expiry_bytes <= EMBEDDED_BYTES_MAX {
                "embstr"
            } else {
                "raw"
            }
        }
    }
}

pub(super) fn idletime(cx: &mut Ctx<'_>) -> Answer {
    let idle_s = cx.db.look(cx.args.key()?).map(|it| it.idle_s());
    Ok(match idle_s {
        Some(idle_s) => cx.reply.int(i64::from(idle_s)),
        None => cx.reply.null(),
    })
}

pub(super) fn refcount(cx: &mut Ctx<'_>) -> Answer {
    let exists = cx.db.look(cx.args.key()?).is_some();
    Ok(if exists { cx.reply.int(1) } else { cx.reply.null() })
}

/// No policy that counts uses is built in yet, so that there is never a count to tell.
pub(super) fn freq(cx: &mut Ctx<'_>) -> Answer {
    if cx.db.look(cx.args.key()?).is_none() {
        return Ok(cx.reply.null());
    }
    Err(Error::said(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note \
         that when switching between policies at runtime LRU and LFU data will take some time to \
         adjust.",
    ))
}

pub(super) fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help(
        "OBJECT",
        &[
            "ENCODING <key>",
            "    Name the form in which the value of <key> is kept.",
            "FREQ <key>",
            "    Tell how often <key> is used, under an LFU policy.",
            "IDLETIME <key>",
            "    Tell for how many seconds <key> was not used.",
            "REFCOUNT <key>",
            "    Tell how many references the value of <key> has.",
        ],
    ))
}

/// Longest key and value, with expiry, that Valkey 8.1 keeps in one piece with their header: they
/// share a cache line.
const EMBEDDED_BYTES_MAX: usize = 41;
