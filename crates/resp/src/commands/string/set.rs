//! Whole-string writes, and reads that change the expiry.

use tandem_engine::{Expire, Key, NewValue, SetOptions, SetOutcome, Str, Value, When, doing_now};

use crate::args::{Args, Argv};
use crate::commands::expiry::TimeForm;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::keys::Access;
use crate::reply::Answer;

pub(super) fn set(cx: &mut Ctx<'_>) -> Answer {
    let (key, value) = (cx.args.key()?, cx.args.value()?);
    if cx.args.is_done() {
        cx.db.set(key, value, SetOptions::default());
        return Ok(cx.reply.ok());
    }
    let words = set_words(&mut cx.args)?;
    let expire = words.expire(cx.now_ms, "set")?;
    if words.returns_old {
        let old = cx.db.get::<Str>(key)?;
        let answered = cx.reply.string_or_null(old);
        store(cx, key, value, words.condition, expire)?;
        return Ok(answered);
    }
    Ok(match store(cx, key, value, words.condition, expire)? {
        SetOutcome::Stored => cx.reply.ok(),
        _ => cx.reply.null(),
    })
}

/// With GET a line reads what it overwrites.
/// Stores a string, and says so if it is to expire.
pub(super) fn set_until(
    cx: &mut Ctx<'_>,
    key: Key<'_>,
    value: NewValue<'_>,
    options: SetOptions,
) -> SetOutcome {
    let outcome = cx.db.set(key, value, options);
    if let (SetOutcome::Stored, Expire::AtMs(at_ms)) = (outcome, options.expire)
        && cx.now_ms < at_ms
    {
        cx.db.say(key, &events::EXPIRE);
    }
    outcome
}

pub(super) fn access(line: Argv<'_>) -> Access {
    let reads = line.iter().skip(3).any(|word| word.eq_ignore_ascii_case(b"GET"));
    if reads { Access::CHANGE.and(Access::ACCESS) } else { Access::REPLACE }
}

fn store(
    cx: &mut Ctx<'_>,
    key: Key<'_>,
    value: NewValue<'_>,
    condition: Condition<'_>,
    expire: Expire,
) -> Result<SetOutcome, Error> {
    let when = match condition {
        Condition::None => When::Always,
        Condition::Absent => When::Absent,
        Condition::Present => When::Present,
        Condition::Equals(expected) => match cx.db.peek(key).map(|it| it.value()) {
            Some(Value::String(it)) if it.as_slice() == expected => When::Always,
            Some(Value::String(_)) | None => return Ok(SetOutcome::NotStored),
            Some(_) => return Err(tandem_engine::Error::WrongType.into()),
        },
    };
    Ok(set_until(cx, key, value, SetOptions { when, expire, ..SetOptions::default() }))
}

/// What stands behind SET's value.
#[derive(Default)]
pub(super) struct SetWords<'a> {
    pub(super) condition: Condition<'a>,
    expire: Option<Until<'a>>,
    pub(super) returns_old: bool,
}

impl SetWords<'_> {
    pub(super) fn expire(&self, now_ms: u64, command: &'static str) -> Result<Expire, Error> {
        Ok(match self.expire {
            None => Expire::Never,
            Some(Until::Kept) => Expire::Keep,
            Some(Until::Time(form, text)) => {
                Expire::AtMs(form.read_positive(text, now_ms, command)?)
            }
        })
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Condition<'a> {
    #[default]
    None,
    Absent,
    Present,
    Equals(&'a [u8]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until<'a> {
    Kept,
    Time(TimeForm, &'a [u8]),
}

/// `[NX | XX | IFEQ value] [GET] [EX n | PX n | EXAT n | PXAT n | KEEPTTL]`, in any order. A word
/// may be repeated, but not joined by another of its choice.
pub(super) fn set_words<'a>(args: &mut Args<'a>) -> Result<SetWords<'a>, Error> {
    let mut words = SetWords::default();
    while !args.is_done() {
        let condition = words.condition;
        if matches!(condition, Condition::None | Condition::Absent) && args.flag("NX") {
            words.condition = Condition::Absent;
        } else if matches!(condition, Condition::None | Condition::Present) && args.flag("XX") {
            words.condition = Condition::Present;
        } else if condition == Condition::None && args.option("IFEQ") {
            words.condition = Condition::Equals(args.next()?);
        } else if args.flag("GET") {
            words.returns_old = true;
        } else if matches!(words.expire, None | Some(Until::Kept)) && args.flag("KEEPTTL") {
            words.expire = Some(Until::Kept);
        } else {
            words.expire = Some(time_word(args, words.expire)?);
        }
    }
    Ok(words)
}

/// `EX n`, `PX n`, `EXAT n` or `PXAT n`, unless another of the choice stood before.
fn time_word<'a>(args: &mut Args<'a>, before: Option<Until<'a>>) -> Result<Until<'a>, Error> {
    let found = TimeForm::WORDS.into_iter().find(|(word, _)| args.option(word));
    let (_, form) = found.ok_or(Error::Syntax)?;
    match before {
        Some(Until::Kept) => Err(Error::Syntax),
        Some(Until::Time(other, _)) if other != form => Err(Error::Syntax),
        _ => Ok(Until::Time(form, args.next()?)),
    }
}

pub(super) fn setnx(cx: &mut Ctx<'_>) -> Answer {
    let (key, value) = (cx.args.key()?, cx.args.value()?);
    let outcome = store(cx, key, value, Condition::Absent, Expire::Never)?;
    Ok(cx.reply.int(i64::from(outcome == SetOutcome::Stored)))
}

pub(super) fn setex(cx: &mut Ctx<'_>) -> Answer {
    set_for(cx, TimeForm::IN_SECONDS, "setex")
}

pub(super) fn psetex(cx: &mut Ctx<'_>) -> Answer {
    set_for(cx, TimeForm::IN_MILLISECONDS, "psetex")
}

fn set_for(cx: &mut Ctx<'_>, form: TimeForm, command: &'static str) -> Answer {
    let (key, time) = (cx.args.key()?, cx.args.next()?);
    let value = cx.args.value()?;
    let expire = Expire::AtMs(form.read_positive(time, cx.now_ms, command)?);
    set_until(cx, key, value, SetOptions { expire, ..SetOptions::default() });
    Ok(cx.reply.ok())
}

pub(super) fn getset(cx: &mut Ctx<'_>) -> Answer {
    let (key, value) = (cx.args.key()?, cx.args.value()?);
    let old = cx.db.get::<Str>(key)?;
    let answered = cx.reply.string_or_null(old);
    cx.db.set(key, value, SetOptions::default());
    Ok(answered)
}

pub(super) fn getex(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let change = expiry_words(&mut cx.args)?;
    let Some(value) = cx.db.get::<Str>(key)? else {
        return Ok(cx.reply.null());
    };
    let expire_at_ms = match change {
        Some(Change::Time(form, text)) => Some(form.read_positive(text, cx.now_ms, "getex")?),
        _ => None,
    };
    let answered = cx.reply.string(value);
    if change.is_some() {
        let expires = expire_at_ms.is_some();
        doing_now(Some(if expires { &events::EXPIRE } else { &events::PERSIST }));
        cx.db.set_expire(key, expire_at_ms);
    }
    Ok(answered)
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Clear,
    Time(TimeForm, &'a [u8]),
}

/// `[EX n | PX n | EXAT n | PXAT n | PERSIST]`.
fn expiry_words<'a>(args: &mut Args<'a>) -> Result<Option<Change<'a>>, Error> {
    let mut change = None;
    while !args.is_done() {
        if matches!(change, None | Some(Change::Clear)) && args.flag("PERSIST") {
            change = Some(Change::Clear);
            continue;
        }
        let before = match change {
            None => None,
            Some(Change::Clear) => Some(Until::Kept),
            Some(Change::Time(form, text)) => Some(Until::Time(form, text)),
        };
        let Until::Time(form, text) = time_word(args, before)? else {
            return Err(Error::Syntax);
        };
        change = Some(Change::Time(form, text));
    }
    Ok(change)
}
