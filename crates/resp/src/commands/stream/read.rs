//! XREAD and XREADGROUP: what streams have behind an id.

use tandem_engine::{Key, Log, OpenGroup, Stream, StreamData, StreamId, Type, Value, View};

use super::ids;
use super::pending::no_group;
use super::range::{reply_entries, reply_entry, reply_id};
use crate::args::{Args, Argv, Span};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::number;
use crate::reply::{Answer, Answered, Reply};
use crate::waiting::{WaitsFor, after_ms};

/// The keys of both commands: the first half of what follows `STREAMS`. A line that is refused
/// for its words has none.
pub(super) fn keys(argv: Argv<'_>, into: &mut Vec<usize>) -> Result<(), Error> {
    let mut at = 1;
    while let Some(word) = argv.get(at) {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        if is(b"STREAMS") {
            let n_words = argv.len() - at - 1;
            if n_words.is_multiple_of(2) {
                into.extend(at + 1..=at + n_words / 2);
            }
            break;
        }
        at += match () {
            () if is(b"BLOCK") || is(b"COUNT") => 2,
            () if is(b"GROUP") => 3,
            () if is(b"NOACK") => 1,
            () => break,
        };
    }
    Ok(())
}

/// What stands in front of `STREAMS`.
struct Options<'a> {
    /// Most entries of a stream.
    count: usize,
    /// When the wait ends, where there is one.
    until_ms: Option<u64>,
    group: Option<Member<'a>>,
    acknowledges: bool,
}

/// Who of a group reads.
#[derive(Clone, Copy)]
struct Member<'a> {
    group: &'a [u8],
    consumer: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Read,
    ReadGroup,
}

impl<'a> Options<'a> {
    /// Reads up to the keys, which as many ids follow.
    fn read(args: &mut Args<'a>, command: Command, now_ms: u64) -> Result<Options<'a>, Error> {
        let mut options =
            Options { count: usize::MAX, until_ms: None, group: None, acknowledges: true };
        loop {
            if args.option("BLOCK") {
                options.until_ms = Some(until_ms(args.next()?, now_ms)?);
            } else if args.option("COUNT") {
                options.count = usize::try_from(args.integer()?).unwrap_or_default();
            } else if args.option("STREAMS") {
                break;
            } else if args.len() > 2 && args.flag("GROUP") {
                if command == Command::Read {
                    return Err(Error::said(GROUP_OF_READ));
                }
                options.group = Some(Member { group: args.next()?, consumer: args.next()? });
            } else if args.flag("NOACK") {
                if command == Command::Read {
                    return Err(Error::said(NOACK_OF_READ));
                }
                options.acknowledges = false;
            } else {
                return Err(Error::Syntax);
            }
        }
        if !args.len().is_multiple_of(2) {
            return Err(Error::said(match command {
                Command::Read => UNBALANCED_READ,
                Command::ReadGroup => UNBALANCED_READGROUP,
            }));
        }
        if options.count == 0 {
            options.count = usize::MAX;
        }
        Ok(options)
    }
}

fn until_ms(text: &[u8], now_ms: u64) -> Result<u64, Error> {
    let wrong = || Error::said("ERR timeout is not an integer or out of range");
    after_ms(number::integer(text).ok_or_else(wrong)?, now_ms)
}

/// The keys, which are half of what is left.
fn take_keys<'a>(args: &mut Args<'a>) -> Result<Vec<Key<'a>>, Error> {
    (0..args.len() / 2).map(|_| args.key()).collect()
}

/// What one stream has for the client.
struct Served<'a> {
    key: Key<'a>,
    what: What,
}

enum What {
    /// Entries between two ids, and how many of them at most.
    Between(StreamId, StreamId, usize),
    /// These, some of which may be gone.
    These(Vec<StreamId>),
}

pub(super) fn xread(cx: &mut Ctx<'_>) -> Answer {
    let options = Options::read(&mut cx.args, Command::Read, cx.now_ms)?;
    let mut served = Vec::new();
    let keys = take_keys(&mut cx.args)?;
    let n_keys = keys.len();
    let mut last_ids = Vec::new();
    for (index, key) in keys.into_iter().enumerate() {
        let log = cx.db.get::<Stream>(key)?.map(StreamData::log);
        let behind = match (cx.args.next()?, log) {
            (b"$", log) => {
                let last_id = log.map_or(StreamId::MIN, Log::last_id);
                last_ids.push((cx.line.argv.len() - n_keys + index, last_id));
                last_id
            }
            (b"+", None) => StreamId::MIN,
            // The newest entry, if it is the last that was added.
            (b"+", Some(log)) => log.last_id().previous().ok_or_else(|| Error::said(NO_NEWEST))?,
            (b">", _) => return Err(Error::said(NEW_OF_READ)),
            (id, _) => ids::exact(id, 0)?,
        };
        if let Some(newest) = log.and_then(Log::newest_id).filter(|it| behind < *it) {
            let from = behind.next().expect("an id is above it");
            served.push(Served { key, what: What::Between(from, newest, options.count) });
        }
    }
    match options.until_ms {
        Some(until_ms) if served.is_empty() => {
            let argv = cx.line.argv;
            let words = || with_ids(argv, &last_ids);
            cx.wait_with(words, WaitsFor::reading(Type::Stream), until_ms, Reply::null_array)
        }
        _ => Ok(answer(cx, &served)),
    }
}

/// The line with `$` replaced by what it stands for now: when the line is run again it would
/// stand for what was waited for.
fn with_ids(argv: Argv<'_>, ids: &[(usize, StreamId)]) -> (Vec<u8>, Vec<Span>) {
    let (mut buffer, mut spans) = argv.copied();
    for (at, id) in ids {
        let text = id.to_string();
        spans[*at] = Span::new(buffer.len(), text.len());
        buffer.extend_from_slice(text.as_bytes());
    }
    (buffer, spans)
}

pub(super) fn xreadgroup(cx: &mut Ctx<'_>) -> Answer {
    let options = Options::read(&mut cx.args, Command::ReadGroup, cx.now_ms)?;
    let missing = || Error::said("ERR Missing GROUP option for XREADGROUP");
    let member = options.group.ok_or_else(missing)?;
    let keys = take_keys(&mut cx.args)?;
    let mut behind = Vec::with_capacity(keys.len());
    for key in &keys {
        let stream = cx.db.get::<Stream>(*key)?;
        if stream.is_none_or(|it| it.group(member.group).is_none()) {
            return Err(no_group(NO_GROUP_TO_READ, key.name, member.group));
        }
        behind.push(match cx.args.next()? {
            b"$" => return Err(Error::said(END_OF_READGROUP)),
            b"+" => return Err(Error::said(NEWEST_OF_READGROUP)),
            b">" => None,
            // The last of all ids stands for what is new, too.
            id => Some(ids::exact(id, 0)?).filter(|it| *it != StreamId::MAX),
        });
    }
    let mut served = Vec::new();
    for (key, behind) in keys.into_iter().zip(behind) {
        let what = read_for(&mut cx.db, key, member, behind, &options)?;
        served.extend(what.map(|what| Served { key, what }));
    }
    match options.until_ms {
        // A stream or a group that goes is told, too.
        Some(until_ms) if served.is_empty() => {
            cx.wait_or(WaitsFor::change(), until_ms, Reply::null_array)
        }
        _ => Ok(answer(cx, &served)),
    }
}

/// Reads one stream for a consumer: what it has pending behind an id, or what is new.
fn read_for(
    db: &mut View<'_>,
    key: Key<'_>,
    member: Member<'_>,
    behind: Option<StreamId>,
    options: &Options<'_>,
) -> Result<Option<What>, Error> {
    let now_ms = db.now_ms();
    let mut stream = db.edit::<Stream>(key)?.expect("the stream was there a moment ago");
    stream.keep_quiet();
    let mut group = stream.open_group(member.group).expect("the group was there a moment ago");
    let is_new = group.see(member.consumer, now_ms);
    let what = read_as(&mut group, member, behind, options, now_ms);
    drop(group);
    if is_new {
        stream.say(&events::CONSUMER_MADE);
    }
    Ok(what)
}

fn read_as(
    group: &mut OpenGroup<'_>,
    member: Member<'_>,
    behind: Option<StreamId>,
    options: &Options<'_>,
    now_ms: u64,
) -> Option<What> {
    let log = group.log();
    let Some(behind) = behind else {
        let start = group.last_id.next();
        let (from, to) = start.zip(log.newest_id()).filter(|(from, to)| from <= to)?;
        for entry in log.range(from, to).take(options.count) {
            group.pass(entry.id);
            if options.acknowledges {
                group.deliver(entry.id, member.consumer, now_ms);
            }
        }
        return Some(What::Between(from, to, options.count));
    };
    let from = behind.next().expect("the last id was taken for another");
    let consumer = group.consumer(member.consumer).expect("the consumer was just seen");
    let ids: Vec<StreamId> = consumer.pending_from(from).take(options.count).collect();
    for id in ids.iter().filter(|id| log.get(**id).is_some()) {
        group.redeliver(*id, now_ms);
    }
    Some(What::These(ids))
}

fn answer(cx: &mut Ctx<'_>, served: &[Served<'_>]) -> Answered {
    if served.is_empty() {
        return cx.reply.null_array();
    }
    let reply = &mut cx.reply;
    let answered = if reply.is_resp3() {
        reply.map_header(served.len())
    } else {
        reply.array_header(served.len())
    };
    for Served { key, what } in served {
        if !reply.is_resp3() {
            reply.array_header(2);
        }
        reply.bulk(key.name);
        let item = cx.db.peek(*key).expect("the stream was there a moment ago");
        let Value::Stream(stream) = item.value() else { unreachable!("it was a stream") };
        match what {
            What::Between(from, to, n) => {
                reply_entries(reply, stream.log().range(*from, *to).take(*n));
            }
            What::These(ids) => {
                reply.array(ids.iter(), |reply, id| match stream.log().get(*id) {
                    Some(entry) => reply_entry(reply, &entry),
                    None => reply_gone(reply, *id),
                });
            }
        }
    }
    answered
}

/// A pending entry that was removed.
fn reply_gone(reply: &mut Reply<'_>, id: StreamId) -> Answered {
    reply.array_header(2);
    reply_id(reply, id);
    reply.null_array()
}

const GROUP_OF_READ: &str =
    "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
const NOACK_OF_READ: &str =
    "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
const UNBALANCED_READ: &str = "ERR Unbalanced 'xread' list of streams: for each stream key an ID \
     or '$' must be specified.";
const UNBALANCED_READGROUP: &str = "ERR Unbalanced 'xreadgroup' list of streams: for each stream \
     key an ID or '>' must be specified.";
const NO_NEWEST: &str = "ERR the stream last element ID is 0-0";
const NEW_OF_READ: &str = "ERR The > ID can be specified only when calling XREADGROUP using the \
     GROUP <group> <consumer> option.";
const END_OF_READGROUP: &str = "ERR The $ ID is meaningless in the context of XREADGROUP: you want \
     to read the history of this consumer by specifying a proper ID, or use the > ID to get new \
     messages. The $ ID would just return an empty result set.";
const NEWEST_OF_READGROUP: &str = "ERR The + ID is meaningless in the context of XREADGROUP: you \
     want to read the history of this consumer by specifying a proper ID, or use the > ID to get \
     new messages. The + ID would just return an empty result set.";
const NO_GROUP_TO_READ: [&str; 3] =
    ["NOGROUP No such key '", "' or consumer group '", "' in XREADGROUP with GROUP option"];
