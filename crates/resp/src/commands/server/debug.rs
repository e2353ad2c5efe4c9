//! DEBUG: what test suites look into a server with. Served where `enable-debug-command` allows it.

use std::sync::atomic::Ordering::Relaxed;

use tandem_engine::{Element, HashEncoding, Item, SetEncoding, StreamId, Value};

use super::digest::Digest;
use crate::commands::generic::object::encoding_name;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::Answer;
use crate::server::random_id;

/// One row of DEBUG's own small table: it is one command to the rest of the world.
struct Subcommand {
    name: &'static str,
    /// Least and most arguments behind the name.
    takes: (usize, usize),
    run: fn(&mut ClientCtx<'_>) -> Answer,
}

const fn row(
    name: &'static str,
    takes: (usize, usize),
    run: fn(&mut ClientCtx<'_>) -> Answer,
) -> Subcommand {
    Subcommand { name, takes, run }
}

const SUBCOMMANDS: &[Subcommand] = &[
    row("change-repl-id", (0, 0), change_replication_id),
    row("digest", (0, 0), digest),
    row("digest-value", (0, usize::MAX), digest_value),
    row("error", (1, 1), error),
    row("help", (0, 0), help),
    row("listpack", (1, 1), listpack),
    row("object", (1, 2), object),
    row("quicklist-packed-threshold", (1, 1), packed_threshold),
    row("reload", (0, usize::MAX), reload),
    row("set-active-expire", (1, 1), set_active_expire),
    row("sleep", (1, 1), sleep),
    row("stringmatch-len", (2, 2), stringmatch_len),
];

pub(super) fn debug(cx: &mut ClientCtx<'_>) -> Answer {
    let name = cx.args.next()?;
    let n_args = cx.args.len();
    let found = SUBCOMMANDS.iter().find(|it| it.name.as_bytes().eq_ignore_ascii_case(name));
    match found {
        Some(it) if (it.takes.0..=it.takes.1).contains(&n_args) => (it.run)(cx),
        _ => Err(Error::said(format!(
            "ERR unknown subcommand or wrong number of arguments for '{}'. Try DEBUG HELP.",
            String::from_utf8_lossy(name)
        ))),
    }
}

fn change_replication_id(cx: &mut ClientCtx<'_>) -> Answer {
    *cx.server.replication_id.lock() = random_id();
    Ok(cx.reply.ok())
}

fn digest(cx: &mut ClientCtx<'_>) -> Answer {
    let keyspace = &cx.server.keyspace;
    let mut digest = Digest::default();
    for db in 0..keyspace.n_databases() {
        if keyspace.len(db) > 0 {
            digest.add_database(db);
            keyspace.for_each(db, cx.now_ms, &mut |item| digest.add_item(&item));
        }
    }
    Ok(cx.reply.simple(&digest.to_hex()))
}

fn digest_value(cx: &mut ClientCtx<'_>) -> Answer {
    let names = cx.args.rest();
    let digests: Vec<Digest> = names
        .iter()
        .map(|name| look(cx, name, |it| Digest::of_value(&it)).unwrap_or_default())
        .collect();
    Ok(cx.reply.array(digests.iter(), |reply, it| reply.simple(&it.to_hex())))
}

/// Looks at a key without counting or marking.
fn look<T>(cx: &ClientCtx<'_>, name: &[u8], see: impl FnOnce(Item<'_>) -> T) -> Option<T> {
    let keyspace = &cx.server.keyspace;
    let key = keyspace.key(cx.client.db, name);
    keyspace.view(key, cx.now_ms).peek(key).map(see)
}

fn error(cx: &mut ClientCtx<'_>) -> Answer {
    let text = String::from_utf8_lossy(cx.args.next()?).into_owned();
    Err(Error::said(text))
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("DEBUG", HELP))
}

/// Valkey prints the pack on its terminal; the answer says only whether there is one.
fn listpack(cx: &mut ClientCtx<'_>) -> Answer {
    let name = cx.args.next()?;
    let is_packed = look(cx, name, |it| match it.value() {
        Value::Hash(hash) => hash.encoding() != HashEncoding::Indexed,
        Value::List(list) => list.is_listpack(),
        Value::Set(set) => set.encoding() == SetEncoding::Packed,
        Value::SortedSet(set) => set.is_packed(),
        Value::Stream(_) | Value::String(_) => false,
    });
    match is_packed {
        Some(true) => Ok(cx.reply.simple("Listpack structure printed on stdout")),
        Some(false) => Err(Error::said("ERR Not a listpack encoded object.")),
        None => Err(Error::NoSuchKey),
    }
}

/// `key [fast]`. There is no address to tell and no reference count.
fn object(cx: &mut ClientCtx<'_>) -> Answer {
    let name = cx.args.next()?;
    let now_s = cx.now_ms / 1000;
    let text = look(cx, name, |it| {
        let lru = (now_s - u64::from(it.idle_s()).min(now_s)) & LRU_CLOCK_MAX;
        format!(
            "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{lru} lru_seconds_idle:{}",
            encoding_name(&it),
            serialized_bytes(&it),
            it.idle_s()
        )
    });
    let text = text.ok_or(Error::NoSuchKey)?;
    Ok(cx.reply.simple(&text))
}

fn serialized_bytes(item: &Item<'_>) -> usize {
    // A length takes one byte below 64, two below 16384, five beyond.
    let framed = |bytes: &[u8]| match bytes.len() {
        len @ 0..64 => len + 1,
        len @ 64..16_384 => len + 2,
        len => len + 5,
    };
    match item.value() {
        Value::String(value) => framed(value.as_slice()),
        Value::List(list) => {
            let mut buffer = itoa::Buffer::new();
            list.iter().map(|it| framed(it.text(&mut buffer))).sum::<usize>() + 1
        }
        Value::Hash(hash) => {
            hash.iter().map(|(field, value)| framed(field) + framed(value)).sum::<usize>() + 1
        }
        Value::Set(set) => set.iter().map(|it| it.with(framed)).sum::<usize>() + 1,
        Value::Stream(stream) => {
            let word = |it: Element<'_>| framed(it.text(&mut itoa::Buffer::new()));
            let entries = stream.log().range(StreamId::MIN, StreamId::MAX);
            let fields = entries.flat_map(|it| it.fields());
            fields.map(|(name, value)| word(name) + word(value)).sum()
        }
        Value::SortedSet(set) => {
            set.iter().map(|(member, _)| framed(member) + size_of::<f64>()).sum::<usize>() + 1
        }
    }
}

/// The size is checked and nothing else: in Valkey no answer depends on it either.
fn packed_threshold(cx: &mut ClientCtx<'_>) -> Answer {
    let size = crate::settings::memory_bytes(cx.args.next()?);
    match size {
        Some(size) if size <= PACKED_THRESHOLD_MAX => Ok(cx.reply.ok()),
        _ => Err(Error::said(
            "ERR argument must be a memory value bigger than 1 and smaller than 4gb",
        )),
    }
}

fn reload(cx: &mut ClientCtx<'_>) -> Answer {
    cx.args.rest();
    Err(Error::said("ERR DEBUG RELOAD is not supported yet: nothing is saved"))
}

fn set_active_expire(cx: &mut ClientCtx<'_>) -> Answer {
    let on = cx.args.integer().is_ok_and(|it| it != 0);
    cx.server.active_expiry.store(on, Relaxed);
    cx.server.keyspace.set_active_expiry(on);
    Ok(cx.reply.ok())
}

/// Parks this connection; the others go on.
fn sleep(cx: &mut ClientCtx<'_>) -> Answer {
    let text = String::from_utf8_lossy(cx.args.next()?);
    let seconds: f64 = text.parse().unwrap_or_default();
    let wait_ms = ((seconds * 1000.0) as u64).min(SLEEP_MS_MAX);
    if wait_ms == 0 || cx.client.wait_is_over() {
        return Ok(cx.reply.ok());
    }
    Ok(cx.reply.wait(wait_ms))
}

/// Matches a long text with a pattern, to see that it takes no long time.
fn stringmatch_len(cx: &mut ClientCtx<'_>) -> Answer {
    let len = usize::try_from(cx.args.integer()?).unwrap_or_default().min(MATCH_BYTES_MAX);
    let matched = crate::glob::matches(cx.args.next()?, &vec![b'a'; len]);
    Ok(cx.reply.int(i64::from(matched)))
}

/// 4 GiB, beyond which Valkey takes no such threshold.
const PACKED_THRESHOLD_MAX: u64 = 4 << 30;

/// A year: more than any test waits, and less than any clock overflows.
const SLEEP_MS_MAX: u64 = 365 * 24 * 3600 * 1000;

/// The longest text for STRINGMATCH-LEN.
const MATCH_BYTES_MAX: usize = 64 << 20;

/// The clock of LRU ages has 24 bits, in seconds.
const LRU_CLOCK_MAX: u64 = (1 << 24) - 1;

const HELP: &[&str] = &[
    "CHANGE-REPL-ID",
    "    Draw a new replication id.",
    "DIGEST",
    "    Answer one number for all that is stored.",
    "DIGEST-VALUE <key> [<key> ...]",
    "    Answer one number for each value.",
    "ERROR <string>",
    "    Answer with that error.",
    "LISTPACK <key>",
    "    Say whether the value is packed.",
    "OBJECT <key> [fast]",
    "    Tell how a value is stored.",
    "QUICKLIST-PACKED-THRESHOLD <size>",
    "    Check a size for elements of lists.",
    "SET-ACTIVE-EXPIRE <0|1>",
    "    Switch the removal of expired keys in the background off or on.",
    "SLEEP <seconds>",
    "    Park this connection. Others are served.",
    "STRINGMATCH-LEN <len> <pattern>",
    "    Match a text of that many letters with a pattern.",
];

#[cfg(test)]
mod tests {
    use crate::session::Step;
    use crate::testing::World;

    #[test]
    fn debug_is_off_unless_the_setting_says_so() {
        let mut it = World::new(&[]).connect(1);
        it.check_has(
            "DEBUG SLEEP 0",
            "-ERR DEBUG command not allowed. If the enable-debug-command",
        );
    }

    #[test]
    fn sleep_parks_the_connection() {
        let world = World::new(&[("enable-debug-command", "yes")]);
        let mut it = world.connect(1);
        it.check("DEBUG SLEEP 0.5", "");
        assert_eq!(it.step, Step::Wait { until_ms: Some(world.now_ms + 500) });
        it.check("PING", "");
        world.connect(2).check("PING", "+PONG");
        it.advance_clock(500);
        it.check("PING", "+OK +PONG +PONG");
    }

    /// The figures are Valkey's for the same keys.
    #[test]
    fn digests_are_those_of_valkey() {
        let mut it = World::new(&[("enable-debug-command", "yes")]).connect(1);
        it.check("DEBUG DIGEST", &format!("+{}", "0".repeat(40)));
        it.ask("SET foo bar");
        it.ask("HSET h a 1 b 2");
        it.check(
            "DEBUG DIGEST-VALUE foo h",
            "*2 +68467c70ae30376e7ce005bcc8827f5ba7fd67dc \
             +6c8f22b3bf510fdcfd6122dd0f908a80e88243bf",
        );
        it.check("DEBUG DIGEST-VALUE", "*0");
        it.check("DEBUG DIGEST", "+36d8d94f583ed0abeaa90e90969e7480c975c676");
        it.ask("SET e x EX 1000");
        it.check("DEBUG DIGEST-VALUE e", "*1 +0745672cb1bf060476eedeb8a28f5ffe1ff5a2be");
    }
}
