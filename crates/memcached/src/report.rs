//! `stats` and what it can be asked for.

use tandem_engine::{Item, KeyspaceStats, Value};

use crate::admin::Done;
use crate::error::Error;
use crate::number;
use crate::parse::Words;
use crate::reply::{self, stat};
use crate::run::Cx;
use crate::server::DATABASE;

mod general;
mod settings;

/// The one class that a storage without slabs shows, so that tools find what they look for.
pub(crate) const CLASS: u32 = 1;

/// memcached has 63 slab classes and a hidden one.
const CLASSES_MAX: u32 = 64;

/// `cachedump` answers with at most this much, as in memcached.
const DUMP_BYTES_MAX: usize = 2 << 20;

/// Items that one step of a dump visits under a lock.
const DUMP_STEP: usize = 100;

pub(crate) fn run(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    match words.get(0) {
        b"" => general::put(cx),
        b"settings" => settings::put(cx),
        b"items" => items(cx),
        b"slabs" => slabs(cx),
        b"sizes" => stat(&mut cx.out.buf, "sizes_status", "disabled"),
        b"conns" => connections(cx),
        b"extstore" | b"proxy" | b"proxyfuncs" | b"proxybe" => {}
        b"reset" => {
            cx.server.reset_stats();
            return Ok(reply::RESET);
        }
        b"detail" => return detail(cx, words),
        b"cachedump" => return cachedump(cx, words),
        _ => return Err(Error::UnknownCommand),
    }
    Ok(reply::END)
}

fn detail(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    if !cx.server.settings.dump {
        return Err(Error::DetailNotAllowed);
    }
    match words.get(1) {
        b"on" => cx.server.start_counting_prefixes(),
        b"off" => cx.server.stop_counting_prefixes(),
        b"dump" => {
            cx.server.prefixes.dump(&mut cx.out.buf);
            return Ok(b"");
        }
        _ => return Err(Error::DetailUsage),
    }
    Ok(reply::OK)
}

/// `cachedump <class> <limit>`, in no particular order.
fn cachedump(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    if !cx.server.settings.dump {
        return Err(Error::DumpNotAllowed);
    }
    if words.n < 3 {
        return Err(Error::BadCommandLine);
    }
    let class = number::strict_u32(words.get(1)).ok_or(Error::BadFormat)?;
    let limit = number::strict_u32(words.get(2)).ok_or(Error::BadFormat)?;
    if class >= CLASSES_MAX {
        return Err(Error::IllegalSlab);
    }
    if class == CLASS {
        dump(cx, if limit == 0 { usize::MAX } else { limit as usize });
    }
    Ok(reply::END)
}

fn dump(cx: &mut Cx<'_>, limit: usize) {
    let (keyspace, now_ms) = (&cx.server.keyspace, cx.now_ms);
    let buf = &mut cx.out.buf;
    let end = buf.len() + DUMP_BYTES_MAX;
    let (mut n, mut cursor) = (0, 0);
    loop {
        cursor = keyspace.scan(DATABASE, cursor, DUMP_STEP, now_ms, &mut |item| {
            if n < limit && buf.len() < end {
                n += usize::from(dump_item(buf, &item));
            }
        });
        if cursor == 0 || n >= limit || buf.len() >= end {
            return;
        }
    }
}

/// Appends an item's line. Values that memcached does not know have none.
fn dump_item(buf: &mut Vec<u8>, item: &Item<'_>) -> bool {
    let Value::String(value) = item.value else { return false };
    let expires_s = item.expire_at_ms.map_or(0, |it| it.div_ceil(1000));
    buf.extend_from_slice(b"ITEM ");
    buf.extend_from_slice(item.key);
    let line = format!(" [{} b; {expires_s} s]\r\n", value.as_slice().len());
    buf.extend_from_slice(line.as_bytes());
    true
}

fn items(cx: &mut Cx<'_>) {
    let engine = cx.server.keyspace.stats();
    if engine.n_items == 0 {
        return;
    }
    let totals = cx.server.totals_since_reset();
    let KeyspaceStats { n_items, item_bytes, evictions, expirations, .. } = engine;
    for (name, value) in [
        ("number", n_items),
        ("number_hot", n_items),
        ("number_warm", 0),
        ("number_cold", 0),
        ("age_hot", 0),
        ("age_warm", 0),
        ("age", 0),
        ("mem_requested", item_bytes),
        ("evicted", evictions),
        ("evicted_nonzero", engine.evictions_expiring),
        ("evicted_time", 0),
        ("outofmemory", totals.store_no_memory),
        ("tailrepairs", 0),
        ("reclaimed", expirations),
        ("expired_unfetched", engine.expirations_unfetched),
        ("evicted_unfetched", engine.evictions_unfetched),
        ("evicted_active", 0),
        ("crawler_reclaimed", 0),
        ("crawler_items_checked", 0),
        ("lrutail_reflocked", 0),
        ("moves_to_cold", 0),
        ("moves_to_warm", 0),
        ("moves_within_lru", 0),
        ("direct_reclaims", 0),
        ("hits_to_hot", totals.get_hits),
        ("hits_to_warm", 0),
        ("hits_to_cold", 0),
        ("hits_to_temp", 0),
    ] {
        stat(&mut cx.out.buf, &format!("items:{CLASS}:{name}"), value);
    }
}

/// Memory is shown as pages of the biggest item and chunks of the mean item.
fn slabs(cx: &mut Cx<'_>) {
    let engine = cx.server.keyspace.stats();
    let page_bytes = cx.server.settings.item_bytes_max as u64;
    let has_items = engine.n_items > 0;
    if has_items {
        put_class(cx, &engine, page_bytes);
    }
    stat(&mut cx.out.buf, "active_slabs", u64::from(has_items));
    stat(&mut cx.out.buf, "total_malloced", engine.used_bytes);
}

fn put_class(cx: &mut Cx<'_>, engine: &KeyspaceStats, page_bytes: u64) {
    let totals = cx.server.totals_since_reset();
    let chunk_bytes = (engine.item_bytes / engine.n_items).max(1);
    let free_bytes = engine.used_bytes.saturating_sub(engine.item_bytes + engine.table_bytes);
    let free_chunks = free_bytes / chunk_bytes;
    for (name, value) in [
        ("chunk_size", chunk_bytes),
        ("chunks_per_page", (page_bytes / chunk_bytes).max(1)),
        ("total_pages", engine.used_bytes.div_ceil(page_bytes)),
        ("total_chunks", engine.n_items + free_chunks),
        ("used_chunks", engine.n_items),
        ("free_chunks", free_chunks),
        ("free_chunks_end", 0),
        ("get_hits", totals.get_hits),
        ("cmd_set", totals.stores),
        ("delete_hits", totals.delete_hits),
        ("incr_hits", totals.incr_hits),
        ("decr_hits", totals.decr_hits),
        ("cas_hits", totals.cas_hits),
        ("cas_badval", totals.cas_badval),
        ("touch_hits", totals.touch_hits),
    ] {
        stat(&mut cx.out.buf, &format!("{CLASS}:{name}"), value);
    }
}

/// Listeners first, under numbers of their own, then the open connections.
fn connections(cx: &mut Cx<'_>) {
    use std::sync::atomic::Ordering::Relaxed;

    let buf = &mut cx.out.buf;
    let listeners = cx.server.host.listeners();
    for (index, address) in listeners.iter().enumerate() {
        stat(buf, &format!("{index}:addr"), address);
        stat(buf, &format!("{index}:state"), "conn_listening");
        stat(buf, &format!("{index}:secs_since_last_cmd"), cx.server.host.uptime_s());
    }
    for client in cx.server.clients.list() {
        let id = client.id + listeners.len() as u64;
        let idle_ms = cx.now_ms.saturating_sub(client.last_active_ms.load(Relaxed));
        stat(buf, &format!("{id}:addr"), client.aside.peer());
        stat(buf, &format!("{id}:listen_addr"), client.aside.local());
        let state = match idle_ms {
            _ if client.is_watching() => "conn_watch",
            0 => "conn_parse_cmd",
            _ => "conn_read",
        };
        stat(buf, &format!("{id}:state"), state);
        stat(buf, &format!("{id}:secs_since_last_cmd"), idle_ms / 1000);
    }
}
