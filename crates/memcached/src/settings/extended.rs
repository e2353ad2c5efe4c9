//! memcached's `-o` options. Most tune its allocator and its LRU threads, which do not exist here:
//! start scripts that set them keep working, and the log says what had no effect.

use crate::settings::Settings;
use crate::settings::letters::{number, put};

/// An option of `-o`.
struct Extended {
    name: &'static str,
    effect: Effect,
}

enum Effect {
    Sets(fn(&mut Settings, &str) -> Result<(), String>),
    /// Accepted; the words say why nothing follows from it.
    Nothing(&'static str),
    /// Something else would run than what was asked for.
    Refused(&'static str),
}

use Effect::{Nothing, Refused, Sets};

const NO_SLABS: &str = "there are no slabs";
const TABLE: &str = "the table of keys grows by itself";
const BUFFERS: &str = "buffers are bounded for each worker and connection";
const WATCHERS: &str = "the buffers of watchers have a fixed size";
const NO_DISK: &str = "nothing is stored on disk";
const NO_TLS: &str = "it belongs to -Z";
const PROXY: &str = "the proxy mode is not supported";
const ALWAYS: &str = "it is always so";

/// Every name that memcached 1.6.38 knows.
#[rustfmt::skip]
const EXTENDED: &[Extended] = &[
    row("idle_timeout", Sets(|it, arg| {
        put(&mut it.idle_timeout_s, number(arg, 0, u64::from(u32::MAX))?)
    })),
    row("track_sizes", Sets(|it, _| put(&mut it.track_sizes, true))),
    row("lru_crawler", Sets(|it, _| put(&mut it.crawler, true))),
    row("no_lru_crawler", Sets(|it, _| put(&mut it.crawler, false))),
    row("lru_crawler_sleep", Sets(|it, arg| {
        put(&mut it.crawler_sleep_us, number(arg, 0, 1_000_000)?)
    })),
    row("lru_crawler_tocrawl", Sets(|it, arg| put(&mut it.n_to_crawl, number(arg, 0, u32::MAX)?))),
    row("hot_lru_pct", Sets(|it, arg| put(&mut it.tuning.hot_percent, number(arg, 1, 80)?))),
    row("warm_lru_pct", Sets(|it, arg| put(&mut it.tuning.warm_percent, number(arg, 1, 80)?))),
    row("hot_max_factor", Sets(|it, arg| put(&mut it.tuning.hot_factor, factor(arg)?))),
    row("warm_max_factor", Sets(|it, arg| put(&mut it.tuning.warm_factor, factor(arg)?))),
    row("lru_maintainer", Sets(|it, _| maintainer(it, true))),
    row("no_lru_maintainer", Sets(|it, _| maintainer(it, false))),
    row("temporary_ttl", Sets(|it, arg| {
        it.tuning.has_temp = true;
        put(&mut it.tuning.temp_ttl_s, number(arg, 0, u32::MAX)?)
    })),
    row("maxconns_fast", Nothing(ALWAYS)),
    row("no_maxconns_fast", Nothing("a connection that is one too many is always told so")),
    row("hashpower", Nothing(TABLE)),
    row("no_hashexpand", Nothing(TABLE)),
    row("hash_algorithm", Nothing("the hash is always a keyed one")),
    row("modern", Nothing(ALWAYS)),
    row("no_modern", Sets(|it, _| no_modern(it))),
    row("tail_repair_time", Nothing("no item can be stuck")),
    row("slab_reassign", Nothing(NO_SLABS)),
    row("no_slab_reassign", Nothing(NO_SLABS)),
    row("slab_automove", Nothing(NO_SLABS)),
    row("no_slab_automove", Nothing(NO_SLABS)),
    row("slab_automove_ratio", Nothing(NO_SLABS)),
    row("slab_automove_window", Nothing(NO_SLABS)),
    row("slab_automove_freeratio", Nothing(NO_SLABS)),
    row("slab_sizes", Nothing(NO_SLABS)),
    row("slab_chunk_max", Nothing(NO_SLABS)),
    row("no_chunked_items", Nothing(NO_SLABS)),
    row("watcher_logbuf_size", Nothing(WATCHERS)),
    row("worker_logbuf_size", Nothing(WATCHERS)),
    row("read_buf_mem_limit", Nothing(BUFFERS)),
    row("resp_obj_mem_limit", Nothing(BUFFERS)),
    row("inline_ascii_resp", Nothing("memcached no longer heeds it either")),
    row("no_inline_ascii_resp", Nothing("memcached no longer heeds it either")),
    row("drop_privileges", Nothing("the service manager does it")),
    row("no_drop_privileges", Nothing("the service manager does it")),
    row("sock_cookie_id", Nothing("sockets get no cookie")),
    row("ext_path", Nothing(NO_DISK)),
    row("ext_page_size", Nothing(NO_DISK)),
    row("ext_wbuf_size", Nothing(NO_DISK)),
    row("ext_threads", Nothing(NO_DISK)),
    row("ext_io_depth", Nothing(NO_DISK)),
    row("ext_item_size", Nothing(NO_DISK)),
    row("ext_item_age", Nothing(NO_DISK)),
    row("ext_low_ttl", Nothing(NO_DISK)),
    row("ext_recache_rate", Nothing(NO_DISK)),
    row("ext_compact_under", Nothing(NO_DISK)),
    row("ext_drop_under", Nothing(NO_DISK)),
    row("ext_max_sleep", Nothing(NO_DISK)),
    row("ext_max_frag", Nothing(NO_DISK)),
    row("ext_drop_unread", Nothing(NO_DISK)),
    row("ssl_chain_cert", Nothing(NO_TLS)),
    row("ssl_key", Nothing(NO_TLS)),
    row("ssl_verify_mode", Nothing(NO_TLS)),
    row("ssl_keyformat", Nothing(NO_TLS)),
    row("ssl_ciphers", Nothing(NO_TLS)),
    row("ssl_ca_cert", Nothing(NO_TLS)),
    row("ssl_wbuf_size", Nothing(NO_TLS)),
    row("ssl_session_cache", Nothing(NO_TLS)),
    row("ssl_kernel_tls", Nothing(NO_TLS)),
    row("ssl_min_version", Nothing(NO_TLS)),
    row("proxy_config", Refused(PROXY)),
    row("proxy_arg", Refused(PROXY)),
    row("proxy_uring", Refused(PROXY)),
    row("proxy_memprofile", Refused(PROXY)),
];

const fn row(name: &'static str, effect: Effect) -> Extended {
    Extended { name, effect }
}

/// Reads the list behind `-o`.
pub(super) fn apply(settings: &mut Settings, list: &str) -> Result<(), String> {
    for part in list.split(',').filter(|it| !it.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let row = EXTENDED.iter().find(|it| it.name == name);
        let row = row.ok_or_else(|| format!("Illegal suboption \"{part}\""))?;
        match row.effect {
            Sets(set) => set(settings, value).map_err(|why| format!("{name}: {why}"))?,
            Nothing(why) => settings.note(format!("-o {name} has no effect: {why}")),
            Refused(why) => return Err(format!("{name}: {why}")),
        }
    }
    Ok(())
}

/// Whether items are told by lists: nothing else depends on it.
fn maintainer(settings: &mut Settings, is_on: bool) -> Result<(), String> {
    settings.tuning.segmented = is_on;
    put(&mut settings.lru_maintainer, is_on)
}

/// Neither the crawler nor lists, as before 1.5; the rest of it spoke of slabs and of the hash.
fn no_modern(settings: &mut Settings) -> Result<(), String> {
    put(&mut settings.crawler, false)?;
    maintainer(settings, false)
}

fn factor(arg: &str) -> Result<f64, String> {
    let factor = arg.parse::<f64>().ok().filter(|it| *it > 0.0 && it.is_finite());
    factor.ok_or_else(|| "expected a number above 0".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_modern_has_neither_crawler_nor_lists_unless_asked_for_later() {
        let mut it = Settings::default();
        apply(&mut it, "lru_crawler,no_modern").unwrap();
        assert_eq!((it.crawler, it.lru_maintainer, it.tuning.segmented), (false, false, false));
        apply(&mut it, "lru_maintainer").unwrap();
        assert_eq!((it.crawler, it.lru_maintainer, it.tuning.segmented), (false, true, true));
    }

    #[test]
    fn options_are_those_of_memcached() {
        let mut it = Settings::default();
        let list =
            "modern,idle_timeout=9,track_sizes,no_lru_crawler,hot_lru_pct=30,,slab_automove=1";
        apply(&mut it, list).unwrap();
        assert_eq!((it.idle_timeout_s, it.track_sizes, it.crawler), (9, true, false));
        assert_eq!(it.tuning.hot_percent, 30);
        assert_eq!(
            it.notes,
            [
                "-o modern has no effect: it is always so",
                "-o slab_automove has no effect: there are no slabs",
            ]
        );
        for (list, words) in [
            ("a", "Illegal suboption \"a\""),
            ("foo=1", "Illegal suboption \"foo=1\""),
            ("idle_timeout", "idle_timeout: expected a number"),
            ("hot_lru_pct=81", "from 1 to 80"),
            ("hot_max_factor=0", "above 0"),
            ("proxy_config=x", "proxy mode"),
        ] {
            let error = apply(&mut it, list).unwrap_err();
            assert!(error.contains(words), "{list}: {error}");
        }
    }

    #[test]
    fn every_option_is_there_once() {
        for row in EXTENDED {
            assert_eq!(EXTENDED.iter().filter(|it| it.name == row.name).count(), 1, "{}", row.name);
        }
    }
}
