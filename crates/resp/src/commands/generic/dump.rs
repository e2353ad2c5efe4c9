//! Values as one string of bytes: taken out of one server, put into another.

use tandem_engine::{PutOptions, doing_now};
use tandem_rdb::{DumpOptions, Payload};

use crate::args::{Args, integer};
use crate::dispatch::{ClientCtx, Ctx};
use crate::double::Text;
use crate::error::Error;
use crate::events;
use crate::reply::Answer;
use crate::server::Server;

pub(in crate::commands) const SYNTAX: &str = "key ttl:integer serialized-value [REPLACE] [ABSTTL] \
    [IDLETIME seconds] [FREQ frequency:integer]";

pub(super) fn dump(cx: &mut Ctx<'_>) -> Answer {
    let options = dump_options(cx.server);
    Ok(match cx.db.read(cx.args.key()?) {
        Some(item) => cx.reply.bulk(&tandem_rdb::dump(item.value(), options)),
        None => cx.reply.null(),
    })
}

fn dump_options(server: &Server) -> DumpOptions {
    let write_score = |score: f64, text: &mut Vec<u8>| {
        text.extend_from_slice(Text::of(score).as_str().as_bytes());
    };
    DumpOptions { compresses: server.settings.is_on("rdbcompression"), write_score }
}

/// A payload is read while nothing is locked: that may take long.
pub(in crate::commands) fn restore(cx: &mut ClientCtx<'_>) -> Answer {
    let (key, ttl, payload) = (cx.args.key()?, cx.args.next()?, cx.args.next()?);
    let words = RestoreWords::read(&mut cx.args)?;
    let keyspace = &cx.server.keyspace;
    let is_taken = || !words.replace && keyspace.view(key, cx.now_ms).peek(key).is_some();
    if is_taken() {
        return Err(BUSY);
    }
    let ttl = integer(ttl)?;
    if ttl < 0 {
        return Err(Error::said("ERR Invalid TTL value, must be >= 0"));
    }
    let content = Payload::open(payload)?.read(keyspace.limits(), cx.now_ms)?;
    let expire_at_ms = match (ttl, words.absttl) {
        (0, _) => None,
        (ttl, true) => Some(ttl),
        (ttl, false) => {
            Some(ttl.checked_add(cx.now_ms as i64).ok_or(Error::InvalidExpire("restore"))?)
        }
    };
    let mut db = keyspace.view(key, cx.now_ms);
    if !words.replace && db.peek(key).is_some() {
        return Err(BUSY);
    }
    if expire_at_ms.is_some_and(|it| it <= cx.now_ms as i64) {
        doing_now(Some(&events::DEL));
        db.remove(key);
        return Ok(cx.reply.ok());
    }
    let expire_at_ms = expire_at_ms.map(|it| it as u64);
    content.store(&mut db, key, PutOptions { expire_at_ms, idle_s: words.idle_s });
    db.say(key, &events::NEW);
    db.say(key, &events::RESTORE);
    Ok(cx.reply.ok())
}

/// `[REPLACE] [ABSTTL] [IDLETIME seconds | FREQ frequency]`. No policy that counts uses is built
/// in yet: a frequency is read and means nothing.
#[derive(Default)]
struct RestoreWords {
    replace: bool,
    absttl: bool,
    idle_s: u32,
}

impl RestoreWords {
    fn read(args: &mut Args<'_>) -> Result<RestoreWords, Error> {
        let mut words = RestoreWords::default();
        let (mut has_idle_time, mut has_frequency) = (false, false);
        while !args.is_done() {
            if args.flag("REPLACE") {
                words.replace = true;
            } else if args.flag("ABSTTL") {
                words.absttl = true;
            } else if !has_frequency && args.option("IDLETIME") {
                let idle_s = args.integer()?;
                if idle_s < 0 {
                    return Err(Error::said("ERR Invalid IDLETIME value, must be >= 0"));
                }
                words.idle_s = u32::try_from(idle_s).unwrap_or(u32::MAX);
                has_idle_time = true;
            } else if !has_idle_time && args.option("FREQ") {
                if !(0..=255).contains(&args.integer()?) {
                    return Err(Error::said("ERR Invalid FREQ value, must be >= 0 and <= 255"));
                }
                has_frequency = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(words)
    }
}

const BUSY: Error =
    Error::Said(std::borrow::Cow::Borrowed("BUSYKEY Target key name already exists."));
