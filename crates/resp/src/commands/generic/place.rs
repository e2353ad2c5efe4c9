//! Keys under other names and in other databases.

use tandem_engine::Key;

use crate::args::{Args, integer};
use crate::dispatch::{ClientCtx, Ctx};
use crate::error::Error;
use crate::events;
use crate::reply::{Answer, Answered};
use crate::server::Server;

pub(super) fn rename(cx: &mut Ctx<'_>) -> Answer {
    move_name(cx, Taken::Replace).map(|_| cx.reply.ok())
}

pub(super) fn renamenx(cx: &mut Ctx<'_>) -> Answer {
    let moved = move_name(cx, Taken::Refuse)?;
    Ok(cx.reply.int(i64::from(moved)))
}

/// What happens when the new name is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Replace,
    Refuse,
}

/// True when the key has the new name and had another.
fn move_name(cx: &mut Ctx<'_>, taken: Taken) -> Result<bool, Error> {
    let (from, to) = (cx.args.key()?, cx.args.key()?);
    if cx.db.peek(from).is_none() {
        return Err(Error::NoSuchKey);
    }
    if from.name == to.name || taken == Taken::Refuse && cx.db.peek(to).is_some() {
        return Ok(false);
    }
    let is_done = cx.db.rename(from, to);
    cx.db.say(to, &events::NEW);
    cx.db.say(from, &events::RENAME_FROM);
    cx.db.say(to, &events::RENAME_TO);
    Ok(is_done)
}

/// The lock covers two databases, which no row can declare: hence without locked keys.
pub(super) fn copy(cx: &mut ClientCtx<'_>) -> Answer {
    let (from, to) = (cx.args.key()?, cx.args.key()?);
    let words = CopyWords::read(&mut cx.args, cx.server, from.db)?;
    let to = to.in_db(words.db);
    if from.db == to.db && from.name == to.name {
        return Err(Error::SameObject);
    }
    let mut db = cx.server.keyspace.view_many([from, to], cx.now_ms);
    let copied =
        db.read(from).is_some() && (words.replace || db.peek(to).is_none()) && db.copy(from, to);
    if copied {
        db.say(to, &events::NEW);
        db.say(to, &events::COPY_TO);
    }
    Ok(cx.reply.int(i64::from(copied)))
}

/// `[DB destination-db] [REPLACE]`.
struct CopyWords {
    db: u32,
    replace: bool,
}

impl CopyWords {
    fn read(args: &mut Args<'_>, server: &Server, db: u32) -> Result<CopyWords, Error> {
        let mut words = CopyWords { db, replace: false };
        while !args.is_done() {
            if args.flag("REPLACE") {
                words.replace = true;
            } else if args.option("DB") {
                words.db = db_index(args.next()?, server)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(words)
    }
}

pub(super) fn move_to(cx: &mut ClientCtx<'_>) -> Answer {
    let from = cx.args.key()?;
    let to = from.in_db(db_index(cx.args.next()?, cx.server)?);
    if from.db == to.db {
        return Err(Error::SameObject);
    }
    Ok(move_between(cx, from, to))
}

fn move_between(cx: &mut ClientCtx<'_>, from: Key<'_>, to: Key<'_>) -> Answered {
    let mut db = cx.server.keyspace.view_many([from, to], cx.now_ms);
    let moved = db.peek(from).is_some() && db.peek(to).is_none() && db.rename(from, to);
    if moved {
        db.say(to, &events::NEW);
        db.say(from, &events::MOVE_FROM);
        db.say(to, &events::MOVE_TO);
    }
    cx.reply.int(i64::from(moved))
}

/// The number of a database that there is.
fn db_index(text: &[u8], server: &Server) -> Result<u32, Error> {
    let index = i32::try_from(integer(text)?)
        .map_err(|_| Error::OutOfRange { min: i32::MIN.into(), max: i32::MAX.into() })?;
    u32::try_from(index)
        .ok()
        .filter(|it| *it < server.keyspace.n_databases())
        .ok_or(Error::said("ERR DB index is out of range"))
}
