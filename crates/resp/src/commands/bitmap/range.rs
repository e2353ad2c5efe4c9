//! BITCOUNT and BITPOS: what lies between two bytes or two bits.

use std::ops::Range;

use tandem_engine::{Str, StrRef, count_ones, find_bit};

use crate::args::{Args, integer};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::Answer;

pub(super) fn bitcount(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let ends = Ends::read(&mut cx.args)?;
    let value = cx.db.get::<Str>(key)?.map_or(&[][..], StrRef::as_slice);
    // Beyond the start, both ends would be moved to it.
    let range = if ends.are_backward() { None } else { ends.bits_of(value) };
    Ok(cx.reply.count(range.map_or(0, |it| count_ones(value, it))))
}

pub(super) fn bitpos(cx: &mut Ctx<'_>) -> Answer {
    let (key, bit) = (cx.args.key()?, cx.args.integer()?);
    let wanted = match bit {
        0 => false,
        1 => true,
        _ => return Err(Error::said("ERR The bit argument must be 1 or 0.")),
    };
    let ends = Ends::read(&mut cx.args)?;
    let Some(value) = cx.db.get::<Str>(key)? else {
        // An absent string is taken for one of zeros without an end.
        return Ok(cx.reply.int(if wanted { -1 } else { 0 }));
    };
    let value = value.as_slice();
    let Some(range) = ends.bits_of(value) else {
        return Ok(cx.reply.int(-1));
    };
    let found = find_bit(value, wanted, range).map_or(-1, |it| it as i64);
    if found < 0 && !wanted && ends.end.is_none() {
        // Without a last byte, zeros follow the string.
        return Ok(cx.reply.count(value.len() * 8));
    }
    Ok(cx.reply.int(found))
}

/// `[start [end [BYTE | BIT]]]`: both ends are included, negative ones count from the end.
struct Ends {
    start: i64,
    end: Option<i64>,
    unit_bits: i64,
}

impl Ends {
    fn read(args: &mut Args<'_>) -> Result<Ends, Error> {
        if args.len() > 3 {
            return Err(Error::Syntax);
        }
        let start = if args.is_done() { 0 } else { args.integer()? };
        let end = if args.is_done() { None } else { Some(args.next()?) };
        let unit_bits = match args.peek() {
            None => 8,
            Some(_) if args.flag("BYTE") => 8,
            Some(_) if args.flag("BIT") => 1,
            Some(_) => return Err(Error::Syntax),
        };
        let end = end.map(integer).transpose()?;
        Ok(Ends { start, end, unit_bits })
    }

    fn are_backward(&self) -> bool {
        self.start < 0 && self.end.is_some_and(|end| end < self.start)
    }

    /// The bits of a string that lie between the ends, unless there are none.
    fn bits_of(&self, value: &[u8]) -> Option<Range<usize>> {
        let len = value.len() as i64 * 8 / self.unit_bits;
        let (start, end) = (self.start, self.end.unwrap_or(-1));
        let from_end = |at: i64| if at < 0 { at.saturating_add(len).max(0) } else { at };
        let (start, end) = (from_end(start), from_end(end).min(len - 1));
        let bits = |units: i64| (units * self.unit_bits) as usize;
        (start <= end).then(|| bits(start)..bits(end + 1))
    }
}
