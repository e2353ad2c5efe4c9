//! When the fields of a hash expire: commands of Redis that Valkey 8.1 does not have.

use tandem_engine::{Edit, FIELD_END_MAX_MS, Hash, Type, doing_now};

use crate::args::{Argv, integer};
use crate::commands::expiry::{Base, Condition, TimeForm, Unit};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::number;
use crate::reply::Answer;

pub(super) fn hexpire(cx: &mut Ctx<'_>) -> Answer {
    expire(cx, TimeForm::IN_SECONDS, "hexpire")
}

pub(super) fn hpexpire(cx: &mut Ctx<'_>) -> Answer {
    expire(cx, TimeForm::IN_MILLISECONDS, "hpexpire")
}

pub(super) fn hexpireat(cx: &mut Ctx<'_>) -> Answer {
    expire(cx, TimeForm::AT_SECONDS, "hexpireat")
}

pub(super) fn hpexpireat(cx: &mut Ctx<'_>) -> Answer {
    expire(cx, TimeForm::AT_MILLISECONDS, "hpexpireat")
}

/// `key time [NX | XX | GT | LT] FIELDS numfields field [field ...]`.
fn expire(cx: &mut Ctx<'_>, form: TimeForm, command: &'static str) -> Answer {
    let key = cx.args.key()?;
    // What the key holds is looked at first, as in Redis.
    drop(cx.db.edit::<Hash>(key)?);
    let end_ms = end(cx.args.next()?, form, cx.now_ms, command)?;
    let condition = Condition::WORDS.into_iter().find(|(word, _)| cx.args.flag(word));
    let fields = fields(cx, "ERR Parameter `numFields` should be greater than 0")?;
    let Some(mut hash) = cx.db.edit::<Hash>(key)? else {
        return Ok(cx.reply.array(fields.iter(), |reply, _| reply.int(NO_FIELD)));
    };
    hash.start_expiring();
    let now_ms = cx.now_ms;
    let mut done = Done::default();
    let answered = cx.reply.array(fields.iter(), |reply, field| {
        let Some(old_ms) = hash.end_of(field) else { return reply.int(NO_FIELD) };
        let current_ms = Some(old_ms).filter(|it| *it != 0);
        if condition.is_some_and(|(_, it)| !it.holds(end_ms as i64, current_ms)) {
            return reply.int(REFUSED);
        }
        let removed = set_end(&mut hash, field, end_ms, now_ms);
        done.note(removed);
        reply.int(if removed { REMOVED } else { DONE })
    });
    done.tell(&mut hash);
    Ok(answered)
}

/// What became of the fields of one command.
#[derive(Default)]
pub(super) struct Done {
    has_ended: bool,
    will_end: bool,
}

impl Done {
    pub(super) fn note(&mut self, removed: bool) {
        *(if removed { &mut self.has_ended } else { &mut self.will_end }) = true;
    }

    /// Says what the closing of the edit will be told as.
    pub(super) fn tell(&self, hash: &mut Edit<'_, Hash>) {
        match (self.has_ended, self.will_end) {
            (true, _) => doing_now(Some(&events::HDEL)),
            (false, true) => doing_now(Some(&events::HEXPIRE)),
            (false, false) => hash.keep_quiet(),
        }
    }
}

/// Lets a field expire at a time; one that has come takes the field out, which is true.
pub(super) fn set_end(hash: &mut Hash, field: &[u8], end_ms: u64, now_ms: u64) -> bool {
    if end_ms <= now_ms {
        return hash.remove(field);
    }
    hash.set_end(field, end_ms);
    false
}

/// When a field ends, in ms since the epoch.
pub(super) fn end(
    text: &[u8],
    form: TimeForm,
    now_ms: u64,
    command: &'static str,
) -> Result<u64, Error> {
    if integer(text)? < 0 {
        return Err(Error::said("ERR invalid expire time, must be >= 0"));
    }
    let end_ms = form.read(text, now_ms, command)? as u64;
    if FIELD_END_MAX_MS < end_ms { Err(Error::InvalidExpire(command)) } else { Ok(end_ms) }
}

/// `FIELDS numfields field [field ...]`, to the end of the line.
pub(super) fn fields<'a>(cx: &mut Ctx<'a>, not_a_count: &'static str) -> Result<Argv<'a>, Error> {
    if !cx.args.flag("FIELDS") {
        return Err(Error::said(
            "ERR Mandatory argument FIELDS is missing or not at the right position",
        ));
    }
    let n_fields = number::integer(cx.args.next()?).filter(|it| 0 < *it);
    let n_fields = n_fields.ok_or_else(|| Error::said(not_a_count))?;
    if cx.args.len() as i64 != n_fields {
        return Err(Error::said(
            "ERR The `numfields` parameter must match the number of arguments",
        ));
    }
    Ok(cx.args.rest())
}

pub(super) fn httl(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::IN_SECONDS)
}

pub(super) fn hpttl(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::IN_MILLISECONDS)
}

pub(super) fn hexpiretime(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::AT_SECONDS)
}

pub(super) fn hpexpiretime(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::AT_MILLISECONDS)
}

fn time(cx: &mut Ctx<'_>, form: TimeForm) -> Answer {
    let key = cx.args.key()?;
    if cx.db.peek(key).is_some_and(|it| it.kind() != Type::Hash) {
        return Err(tandem_engine::Error::WrongType.into());
    }
    let fields = fields(cx, NOT_A_COUNT)?;
    let base_ms = if form.base == Base::Now { cx.now_ms } else { 0 };
    let hash = cx.db.get::<Hash>(key)?;
    Ok(cx.reply.array(fields.iter(), |reply, field| {
        reply.int(match hash.and_then(|it| it.end_of(field)) {
            None => NO_FIELD,
            Some(0) => NO_EXPIRY,
            Some(end_ms) => {
                let ms = end_ms.saturating_sub(base_ms) as i64;
                // A second that has begun counts.
                if form.unit == Unit::Seconds { (ms + 999) / 1000 } else { ms }
            }
        })
    }))
}

pub(super) fn hpersist(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    drop(cx.db.edit::<Hash>(key)?);
    let fields = fields(cx, NOT_A_COUNT)?;
    let mut hash = cx.db.edit::<Hash>(key)?;
    Ok(cx.reply.array(fields.iter(), |reply, field| {
        let Some(hash) = &mut hash else { return reply.int(NO_FIELD) };
        reply.int(match hash.end_of(field) {
            None => NO_FIELD,
            Some(0) => NO_EXPIRY,
            Some(_) => {
                hash.set_end(field, 0);
                DONE
            }
        })
    }))
}

/// What is said of a count of fields that is none.
pub(super) const NOT_A_COUNT: &str = "ERR Number of fields must be a positive integer";

const NO_FIELD: i64 = -2;
const NO_EXPIRY: i64 = -1;
/// The condition does not hold.
const REFUSED: i64 = 0;
const DONE: i64 = 1;
/// The time has come already: the field is gone.
const REMOVED: i64 = 2;
