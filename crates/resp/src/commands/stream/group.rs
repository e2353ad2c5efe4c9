//! XGROUP: groups and their consumers.

use tandem_engine::{Edit, Key, Stream, View};

use super::pending::no_group;
use super::{ids, wrong_call};
use crate::args::Args;
use crate::dispatch::{ClientCtx, Ctx};
use crate::error::Error;
use crate::reply::Answer;

/// What CREATE and SETID say behind the id.
#[derive(Default)]
struct Options {
    n_words: usize,
    makes_stream: bool,
    n_read: Option<i64>,
}

impl Options {
    fn read(args: &mut Args<'_>, subcommand: &'static str) -> Result<Options, Error> {
        let mut options = Options { n_words: args.len(), ..Options::default() };
        while !args.is_done() {
            if subcommand == CREATE && args.flag("MKSTREAM") {
                options.makes_stream = true;
            } else if args.option("ENTRIESREAD") {
                let n = args.integer()?;
                if n < -1 {
                    return Err(Error::said("ERR value for ENTRIESREAD must be positive or -1"));
                }
                options.n_read = Some(n).filter(|it| *it >= 0);
            } else {
                return Err(wrong_call("XGROUP", subcommand));
            }
        }
        Ok(options)
    }
}

pub(super) fn create(cx: &mut Ctx<'_>) -> Answer {
    let (key, name, id) = (cx.args.key()?, cx.args.next()?, cx.args.next()?);
    let options = Options::read(&mut cx.args, CREATE)?;
    let mut stream = cx.db.edit_or_create::<Stream>(key)?;
    if stream.is_new() && !options.makes_stream {
        return Err(Error::said(NO_KEY));
    }
    if options.n_words > CREATE_WORDS_MAX {
        return Err(wrong_call("XGROUP", CREATE));
    }
    let id = if id == b"$" { stream.log().last_id() } else { ids::exact(id, 0)? };
    if stream.group(name).is_some() {
        return Err(Error::said("BUSYGROUP Consumer Group name already exists"));
    }
    if !stream.is_new() {
        stream.hush();
    }
    stream.add_group(name, id, options.n_read);
    Ok(cx.reply.ok())
}

pub(super) fn setid(cx: &mut Ctx<'_>) -> Answer {
    let (key, name, id) = (cx.args.key()?, cx.args.next()?, cx.args.next()?);
    let options = Options::read(&mut cx.args, SETID)?;
    let mut stream = with_group(&mut cx.db, key, name)?;
    if options.n_words > SETID_WORDS_MAX {
        return Err(wrong_call("XGROUP", SETID));
    }
    let id = if id == b"$" { stream.log().last_id() } else { ids::exact_or_end(id, 0)? };
    let mut group = stream.open_group(name).expect("the group was just found");
    (group.last_id, group.n_read) = (id, options.n_read);
    Ok(cx.reply.ok())
}

pub(super) fn destroy(cx: &mut Ctx<'_>) -> Answer {
    let (key, name) = (cx.args.key()?, cx.args.next()?);
    let mut stream = with_key(&mut cx.db, key)?;
    stream.change_aside();
    let was_there = stream.group(name).is_some() && stream.remove_group(name);
    Ok(cx.reply.int(i64::from(was_there)))
}

pub(super) fn createconsumer(cx: &mut Ctx<'_>) -> Answer {
    let (key, name, consumer) = (cx.args.key()?, cx.args.next()?, cx.args.next()?);
    let mut stream = with_group(&mut cx.db, key, name)?;
    let mut group = stream.open_group(name).expect("the group was just found");
    let is_new = group.add_consumer(consumer, cx.now_ms);
    drop(group);
    if !is_new {
        stream.keep_quiet();
    }
    Ok(cx.reply.int(i64::from(is_new)))
}

pub(super) fn delconsumer(cx: &mut Ctx<'_>) -> Answer {
    let (key, name, consumer) = (cx.args.key()?, cx.args.next()?, cx.args.next()?);
    let mut stream = with_group(&mut cx.db, key, name)?;
    let mut group = stream.open_group(name).expect("the group was just found");
    let is_there = group.consumer(consumer).is_some();
    let n_pending = group.remove_consumer(consumer);
    drop(group);
    if !is_there {
        stream.keep_quiet();
    }
    Ok(cx.reply.count(n_pending))
}

fn with_key<'v>(db: &'v mut View<'_>, key: Key<'v>) -> Result<Edit<'v, Stream>, Error> {
    db.edit::<Stream>(key)?.ok_or_else(|| Error::said(NO_KEY))
}

fn with_group<'v>(
    db: &'v mut View<'_>,
    key: Key<'v>,
    name: &[u8],
) -> Result<Edit<'v, Stream>, Error> {
    let mut stream = with_key(db, key)?;
    if stream.group(name).is_none() {
        return Err(no_group(NO_GROUP_OF_KEY, name, key.name));
    }
    stream.hush();
    Ok(stream)
}

pub(super) fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("XGROUP", HELP))
}

const CREATE: &str = "CREATE";
const SETID: &str = "SETID";

/// Words behind the id of which each is said once.
const CREATE_WORDS_MAX: usize = 3;
const SETID_WORDS_MAX: usize = 2;

const NO_KEY: &str = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE \
     you may want to use the MKSTREAM option to create an empty stream automatically.";
pub(super) const NO_GROUP_OF_KEY: [&str; 3] =
    ["NOGROUP No such consumer group '", "' for key name '", "'"];

const HELP: &[&str] = &[
    "CREATE <key> <groupname> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
    "    Make a group that reads on behind <id>. MKSTREAM makes the stream, too.",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Make a consumer of a group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Remove a consumer with what it has pending.",
    "DESTROY <key> <groupname>",
    "    Remove a group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD <count>]",
    "    Let a group read on behind <id>.",
];
