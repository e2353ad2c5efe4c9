//! When keys expire.

use crate::args::Args;
use crate::commands::expiry::{Base, TimeForm, Unit};
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
    let Some(current_ms) = cx.db.peek(key).map(|it| it.expire_at_ms) else {
        return Ok(cx.reply.int(0));
    };
    if !conditions.allow(at_ms, current_ms) {
        return Ok(cx.reply.int(0));
    }
    // A time that has passed, be it before the epoch, removes the key.
    cx.db.set_expire(key, Some(u64::try_from(at_ms).unwrap_or(0)));
    Ok(cx.reply.int(1))
}

/// The conditions under which EXPIRE acts, all of which have to hold.
#[derive(Default)]
struct Conditions {
    absent: bool,
    present: bool,
    later: bool,
    earlier: bool,
}

impl Conditions {
    /// `[NX | XX | GT | LT]`, as many of them as go together.
    fn read(args: &mut Args<'_>) -> Result<Conditions, Error> {
        let mut it = Conditions::default();
        while !args.is_done() {
            let seen = if args.flag("NX") {
                &mut it.absent
            } else if args.flag("XX") {
                &mut it.present
            } else if args.flag("GT") {
                &mut it.later
            } else if args.flag("LT") {
                &mut it.earlier
            } else {
                let word = String::from_utf8_lossy(args.next()?);
                return Err(Error::said(format!("ERR Unsupported option {word}")));
            };
            *seen = true;
        }
        if it.absent && (it.present || it.later || it.earlier) {
            return Err(Error::said(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if it.later && it.earlier {
            return Err(Error::said("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(it)
    }

    /// A key that does not expire counts as one that expires at the end of time.
    fn allow(&self, at_ms: i64, current_ms: Option<u64>) -> bool {
        let current_ms = current_ms.map(|it| it as i64);
        !(self.absent && current_ms.is_some()
            || self.present && current_ms.is_none()
            || self.later && current_ms.is_none_or(|it| at_ms <= it)
            || self.earlier && current_ms.is_some_and(|it| at_ms >= it))
    }
}

pub(super) fn persist(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let expires = cx.db.peek(key).is_some_and(|it| it.expire_at_ms.is_some());
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
    let answer = match cx.db.peek(cx.args.key()?).map(|it| it.expire_at_ms) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_expiry_is_the_end_of_time() {
        let later = Conditions { later: true, ..Conditions::default() };
        let earlier = Conditions { earlier: true, ..Conditions::default() };
        assert!(!later.allow(5, None) && !later.allow(5, Some(5)) && later.allow(6, Some(5)));
        assert!(earlier.allow(5, None) && !earlier.allow(5, Some(5)) && earlier.allow(4, Some(5)));
        let present = Conditions { present: true, ..Conditions::default() };
        assert!(!present.allow(5, None) && present.allow(5, Some(9)));
        let absent = Conditions { absent: true, ..Conditions::default() };
        assert!(absent.allow(5, None) && !absent.allow(5, Some(9)));
    }
}
