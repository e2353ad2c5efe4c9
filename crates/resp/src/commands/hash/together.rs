//! HGETEX, HSETEX and HGETDEL: fields read or written, and their ends set or the fields removed,
//! in one go.

use tandem_engine::{Hash, doing_now};

use crate::commands::expiry::TimeForm;
use crate::commands::hash::expire::{Done, NOT_A_COUNT, end, fields, set_end};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::events;
use crate::number;
use crate::reply::Answer;

/// What becomes of a field's end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Keep,
    Never,
    AtMs(u64),
}

/// `[EX seconds | PX milliseconds | EXAT time | PXAT time]`, if one of them comes next.
fn end_option(cx: &mut Ctx<'_>, command: &'static str) -> Result<Option<End>, Error> {
    let Some((_, form)) = TimeForm::WORDS.into_iter().find(|(word, _)| cx.args.flag(word)) else {
        return Ok(None);
    };
    end(cx.args.next()?, form, cx.now_ms, command).map(|it| Some(End::AtMs(it)))
}

/// `key [EX seconds | PX milliseconds | EXAT time | PXAT time | PERSIST] FIELDS ...`.
pub(super) fn hgetex(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    drop(cx.db.edit::<Hash>(key)?);
    let given = match end_option(cx, "hgetex")? {
        None if cx.args.flag("PERSIST") => Some(End::Never),
        given => given,
    };
    let fields = fields(cx, NOT_A_COUNT)?;
    let Some(end) = given else {
        let hash = cx.db.get::<Hash>(key)?;
        return Ok(cx.reply.array(fields.iter(), |reply, field| {
            reply.bulk_or_null(hash.and_then(|it| it.get(field)))
        }));
    };
    let mut hash = cx.db.edit::<Hash>(key)?;
    let now_ms = cx.now_ms;
    if let Some(hash) = &mut hash {
        hash.start_expiring();
    }
    let mut done = Done::default();
    let answered = cx.reply.array(fields.iter(), |reply, field| {
        let Some(hash) = &mut hash else { return reply.null() };
        let answered = reply.bulk_or_null(hash.get(field));
        if hash.get(field).is_some() {
            done.note(matches!(end, End::AtMs(end_ms) if end_ms <= now_ms));
        }
        apply(hash, field, end, now_ms);
        answered
    });
    if let Some(hash) = &mut hash {
        done.tell(hash);
        if end == End::Never {
            doing_now(Some(&events::HPERSIST));
        }
    }
    Ok(answered)
}

fn apply(hash: &mut Hash, field: &[u8], end: End, now_ms: u64) {
    match end {
        End::Keep => {}
        End::Never => hash.set_end(field, 0),
        End::AtMs(end_ms) => drop(set_end(hash, field, end_ms, now_ms)),
    }
}

/// `key FIELDS numfields field [field ...]`.
pub(super) fn hgetdel(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    drop(cx.db.edit::<Hash>(key)?);
    let fields = fields(cx, NOT_A_COUNT)?;
    let mut hash = cx.db.edit::<Hash>(key)?;
    Ok(cx.reply.array(fields.iter(), |reply, field| {
        let Some(hash) = hash.as_mut().filter(|it| it.get(field).is_some()) else {
            return reply.null();
        };
        let answered = reply.bulk_or_null(hash.get(field));
        hash.remove(field);
        answered
    }))
}

/// Which fields have to be there for HSETEX to act.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    None,
    All,
}

struct Options {
    when: Option<When>,
    end: Option<End>,
}

/// `[FNX | FXX] [EX seconds | PX milliseconds | EXAT time | PXAT time | KEEPTTL]` in any order, up
/// to `FIELDS`.
fn options(cx: &mut Ctx<'_>) -> Result<Options, Error> {
    let mut options = Options { when: None, end: None };
    while !cx.args.flag("FIELDS") {
        let when = if cx.args.flag("FNX") {
            Some(When::None)
        } else {
            cx.args.flag("FXX").then_some(When::All)
        };
        if when.is_some() {
            if options.when.is_some() {
                return Err(Error::said("ERR Only one of FXX or FNX arguments can be specified"));
            }
            options.when = when;
            continue;
        }
        let word = cx.args.peek().ok_or(Error::Syntax)?;
        let names_end = TimeForm::WORDS.into_iter().map(|(it, _)| it).chain(["KEEPTTL"]);
        if !names_end.into_iter().any(|it| word.eq_ignore_ascii_case(it.as_bytes())) {
            return Err(Error::quoting("ERR unknown argument: ", word, ""));
        }
        if options.end.is_some() {
            return Err(Error::said(
                "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
            ));
        }
        options.end =
            if cx.args.flag("KEEPTTL") { Some(End::Keep) } else { end_option(cx, "hsetex")? };
    }
    Ok(options)
}

/// `key [FNX | FXX] [expiry] FIELDS numfields field value [field value ...]`.
pub(super) fn hsetex(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let Options { when, end } = options(cx)?;
    if cx.args.len() < 3 {
        return Err(Error::WrongArity("hsetex"));
    }
    let n_fields = number::integer(cx.args.next()?).filter(|it| (1..=N_FIELDS_MAX).contains(it));
    let n_fields = n_fields.ok_or_else(|| Error::said("ERR invalid number of fields"))?;
    if cx.args.len() as i64 != n_fields * 2 {
        return Err(Error::WrongArity("hsetex"));
    }
    let mut hash = cx.db.edit_or_create::<Hash>(key)?;
    let words = cx.args.rest();
    let mut fields = words.iter().step_by(2);
    let may_act = match when {
        None => true,
        Some(When::None) => fields.all(|it| hash.get(it).is_none()),
        Some(When::All) => fields.all(|it| hash.get(it).is_some()),
    };
    if !may_act {
        return Ok(cx.reply.int(0));
    }
    let end = end.unwrap_or(End::Never);
    for (field, value) in words.iter().step_by(2).zip(words.iter().skip(1).step_by(2)) {
        match end {
            End::Keep => hash.update(field, value),
            End::Never | End::AtMs(_) => hash.set(field, value),
        };
        if end != End::Never {
            apply(&mut hash, field, end, cx.now_ms);
        }
    }
    drop(hash);
    if let End::AtMs(end_ms) = end {
        let has_ended = end_ms <= cx.now_ms;
        cx.db.say(key, if has_ended { &events::HDEL } else { &events::HEXPIRE });
    }
    Ok(cx.reply.int(1))
}

/// Half of what a line can have.
const N_FIELDS_MAX: i64 = i64::MAX / 2;
