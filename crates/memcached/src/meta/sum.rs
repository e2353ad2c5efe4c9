//! `ma`: adds to a number or subtracts from it.

use tandem_engine::Key;

use crate::error::Error;
use crate::meta::flags::{DecodedKey, Flags};
use crate::meta::reply::{self, KeyText};
use crate::meta::{Request, told_roughly};
use crate::ops::{self, Arithmetic, Initial, MoreSum, Sign, Sum, Summed, expiry};
use crate::request::Tell;
use crate::run::Cx;

pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>) {
    let mut decoded = DecodedKey::new();
    let flags = Flags::parse(request.flags, request.key.name, &mut decoded).map_err(told_roughly);
    let checked = flags.and_then(|flags| Ok((sign(flags.mode)?, flags)));
    let done = checked.and_then(|(sign, flags)| {
        let key = flags.key(request.key, &decoded);
        add(cx, key, &flags, sign)
    });
    if let Err(error) = done {
        cx.refuse(Some(request.verb), Tell::Outcome, error);
    }
}

fn sign(letter: u8) -> Result<Sign, Error> {
    match letter {
        0 | b'I' | b'+' => Ok(Sign::Plus),
        b'D' | b'-' => Ok(Sign::Minus),
        _ => Err(Error::ArithmeticMode),
    }
}

fn add(cx: &mut Cx<'_>, key: Key<'_>, flags: &Flags<'_>, sign: Sign) -> Result<(), Error> {
    let sum = Arithmetic {
        key,
        sign,
        delta: flags.delta,
        compare: flags.compare().filter(|it| *it != 0),
        wants_cas: flags.has(b'c'),
        initial: flags
            .has(b'N')
            .then(|| Initial { value: flags.initial, exptime: flags.first_exptime() }),
        more: MoreSum { cas: flags.cas(), touch: flags.has(b'T').then_some(flags.exptime) },
    };
    let code = match ops::arithmetic(cx, &sum) {
        Summed::Done(it) => return tell(cx, key, flags, &it),
        Summed::Missing => b"NF",
        Summed::CasMismatch => b"EX",
        Summed::NonNumeric => return Err(Error::NonNumeric),
        Summed::NoMemory => return Err(Error::NoMemory),
    };
    // Only now, as in memcached.
    flags.check_opaque()?;
    reply::echo(&mut cx.out.buf, code, key.name, flags);
    Ok(())
}

/// Writes the answer. The flags have their say in the order in which they came.
fn tell(cx: &mut Cx<'_>, key: Key<'_>, flags: &Flags<'_>, sum: &Sum) -> Result<(), Error> {
    flags.check_opaque()?;
    // As memcached does: a number that begins is told in any case.
    if flags.has(b'q') && !sum.is_new {
        return Ok(());
    }
    let now_ms = cx.now_ms;
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(sum.value).as_bytes();
    let buf = &mut cx.out.buf;
    if flags.has(b'v') {
        buf.extend_from_slice(b"VA ");
        buf.extend_from_slice(itoa::Buffer::new().format(digits.len()).as_bytes());
    } else {
        buf.extend_from_slice(b"HD");
    }
    let mut expire_at_ms = sum.expired_at_ms;
    for token in flags.tokens() {
        match token[0] {
            b'N' if sum.is_new => expire_at_ms = expiry(flags.vivify, now_ms),
            b'T' => expire_at_ms = expiry(flags.exptime, now_ms),
            b't' => reply::number(buf, b't', reply::ttl_s(expire_at_ms, now_ms)),
            b'c' => reply::number(buf, b'c', sum.cas),
            b'k' => reply::key(buf, key.name, KeyText::asked(flags)),
            b'O' => reply::opaque(buf, token),
            _ => {}
        }
    }
    buf.extend_from_slice(b"\r\n");
    if flags.has(b'v') {
        buf.extend_from_slice(digits);
        buf.extend_from_slice(b"\r\n");
    }
    Ok(())
}
