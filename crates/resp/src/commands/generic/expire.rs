//! When keys expire.

use crate::args::Args;
use crate::commands::expiry::{Base, Condition, TimeForm, Unit};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::Answer;

pub(super) fn expire(cx: &mut Ctx<'_>) -> Answer {
    expire_at(cx, TimeForm::IN_SECONDS, "expire")
}

pub(super) fn pexpire(cx: &mut Ctx<'_>) -> Answer {
    expire_at(cx, TimeForm::IN_MILLISECONDS, "pexpire")
}

pub(super) fn expireat(cx: &mut Ctx<'_>) -> Answer {
    expire_at(cx, TimeForm::AT_SECONDS, "expireat")
}

pub(super) fn pexpireat(cx: &mut Ctx<'_>) -> Answer {
    expire_at(cx, TimeForm::AT_MILLISECONDS, "pexpireat")
}

fn expire_at(cx: &mut Ctx<'_>, form: TimeForm, command: &'static str) -> Answer {
    let (key, time) = (cx.args.key()?, cx.args.next()?);
    let conditions = Conditions::read(&mut cx.args)?;
    let at_ms = form.read(time, cx.now_ms, command)?;
    let Some(current_ms) = cx.db.peek(key).map(|it| it.expire_at_ms()) else {
        return Ok(cx.reply.int(0));
    };
    if !conditions.allow(at_ms, current_ms) {
        return Ok(cx.reply.int(0));
    }
    // A time that has passed, be it before the epoch, removes the key.
    cx.db.set_expire(key, Some(u64::try_from(at_ms).unwrap_or(0)));
    Ok(cx.reply.int(1))
}

/// All that were given have to hold.
#[derive(Default)]
struct Conditions {
    given: [bool; Condition::WORDS.len()],
}

impl Conditions {
    /// `[NX | XX | GT | LT]`, as many of them as go together.
    fn read(args: &mut Args<'_>) -> Result<Conditions, Error> {
        let mut conditions = Conditions::default();
        while !args.is_done() {
            let found = Condition::WORDS.into_iter().find(|(word, _)| args.flag(word));
            let Some((_, condition)) = found else {
                return Err(Error::quoting("ERR Unsupported option ", args.next()?, ""));
            };
            conditions.given[condition as usize] = true;
        }
        match conditions.given {
            [true, true, ..] | [true, _, true, _] | [true, .., true] => Err(Error::said(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            )),
            [.., true, true] => {
                Err(Error::said("ERR GT and LT options at the same time are not compatible"))
            }
            _ => Ok(conditions),
        }
    }

    fn allow(&self, at_ms: i64, current_ms: Option<u64>) -> bool {
        Condition::WORDS
            .into_iter()
            .all(|(_, it)| !self.given[it as usize] || it.holds(at_ms, current_ms))
    }
}

pub(super) fn persist(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let expires = cx.db.peek(key).is_some_and(|it| it.expire_at_ms().is_some());
    if expires {
        cx.db.set_expire(key, None);
    }
    Ok(cx.reply.int(i64::from(expires)))
}

pub(super) fn ttl(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::IN_SECONDS)
}

pub(super) fn pttl(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::IN_MILLISECONDS)
}

pub(super) fn expiretime(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::AT_SECONDS)
}

pub(super) fn pexpiretime(cx: &mut Ctx<'_>) -> Answer {
    time(cx, TimeForm::AT_MILLISECONDS)
}

fn time(cx: &mut Ctx<'_>, form: TimeForm) -> Answer {
    let answer = match cx.db.look(cx.args.key()?).map(|it| it.expire_at_ms()) {
        None => NO_KEY,
        Some(None) => NO_EXPIRY,
        Some(Some(at_ms)) => {
            let base_ms = if form.base == Base::Now { cx.now_ms } else { 0 };
            let ms = at_ms.saturating_sub(base_ms) as i64;
            // Seconds are rounded to the nearest, not down.
            if form.unit == Unit::Seconds { ms.saturating_add(500) / 1000 } else { ms }
        }
    };
    Ok(cx.reply.int(answer))
}

/// What TTL and its like answer where there is no time to tell.
const NO_KEY: i64 = -2;
const NO_EXPIRY: i64 = -1;
