//! BITFIELD: numbers of any width at any bit.

use tandem_engine::{BitField, Key, Overflow, Str, StrRef};

use super::{bit_offset, bytes_max};
use crate::args::{Args, Argv};
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::keys::Access;
use crate::number;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn bitfield(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let bytes_max = bytes_max(cx);
    let steps = steps(&mut cx.args, bytes_max)?;
    let Some(len_min) = steps.iter().filter(|it| it.writes()).map(Step::bytes_end).max() else {
        return read_all(cx, key, &steps);
    };
    let mut string = cx.db.edit_or_create::<Str>(key)?;
    let bytes = string.bytes_mut(len_min);
    let mut has_written = false;
    let answered = cx.reply.array(steps.iter(), |reply, step| {
        let value = step.run(bytes);
        has_written |= step.writes() && value.is_some();
        answer(reply, value)
    });
    if !has_written {
        string.keep_quiet();
    }
    Ok(answered)
}

pub(super) fn bitfield_ro(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let bytes_max = bytes_max(cx);
    let steps = steps(&mut cx.args, bytes_max)?;
    if steps.iter().any(Step::writes) {
        return Err(Error::said("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    read_all(cx, key, &steps)
}

fn read_all(cx: &mut Ctx<'_>, key: Key<'_>, steps: &[Step]) -> Answer {
    let value = cx.db.get::<Str>(key)?;
    let bytes = value.map_or(&[][..], StrRef::as_slice);
    Ok(cx.reply.array(steps.iter(), |reply, it| reply.int(it.field.read(bytes, it.at))))
}

fn answer(reply: &mut Reply<'_>, value: Option<i64>) -> Answered {
    match value {
        Some(value) => reply.int(value),
        None => reply.null(),
    }
}

/// A line that only reads says so to whoever routes it.
pub(super) fn access(line: Argv<'_>) -> Access {
    let mut words = line.skip(2).iter();
    while let Some(word) = words.next() {
        let n_values = if word.eq_ignore_ascii_case(b"GET") {
            2
        } else if word.eq_ignore_ascii_case(b"OVERFLOW") {
            1
        } else {
            return Access::CHANGE.and(Access::ACCESS);
        };
        if words.len() < n_values {
            return Access::CHANGE.and(Access::ACCESS);
        }
        words.nth(n_values - 1);
    }
    Access::READ
}

/// One thing to do with one number.
#[derive(Clone, Copy)]
struct Step {
    action: Action,
    field: BitField,
    at: usize,
    /// What is written or added.
    value: i64,
    overflow: Overflow,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Get,
    Set,
    Add,
}

impl Step {
    fn writes(&self) -> bool {
        self.action != Action::Get
    }

    /// How long a string is that ends with the number.
    fn bytes_end(&self) -> usize {
        (self.at + self.field.n_bits()).div_ceil(8)
    }

    /// What the step answers: nothing where the number does not fit.
    fn run(&self, bytes: &mut [u8]) -> Option<i64> {
        let old = self.field.read(bytes, self.at);
        let new = match self.action {
            Action::Get => return Some(old),
            Action::Set => self.field.hold(self.value, self.overflow)?,
            Action::Add => self.field.add(old, self.value, self.overflow)?,
        };
        self.field.write(bytes, self.at, new);
        Some(if self.action == Action::Set { old } else { new })
    }
}

/// `[GET f o] [SET f o n] [INCRBY f o n] [OVERFLOW WRAP | SAT | FAIL]`, in any order and number.
fn steps(args: &mut Args<'_>, bytes_max: u64) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::default();
    while !args.is_done() {
        let n_values = args.len() - 1;
        let action = if n_values >= 2 && args.flag("GET") {
            Action::Get
        } else if n_values >= 3 && args.flag("SET") {
            Action::Set
        } else if n_values >= 3 && args.flag("INCRBY") {
            Action::Add
        } else if args.option("OVERFLOW") {
            overflow = overflow_word(args)?;
            continue;
        } else {
            return Err(Error::Syntax);
        };
        let field = field(args.next()?)?;
        let at = offset(args.next()?, field, bytes_max)?;
        let value = if action == Action::Get { 0 } else { args.integer()? };
        steps.push(Step { action, field, at, value, overflow });
    }
    Ok(steps)
}

fn overflow_word(args: &mut Args<'_>) -> Result<Overflow, Error> {
    let words = [("WRAP", Overflow::Wrap), ("SAT", Overflow::Saturate), ("FAIL", Overflow::Fail)];
    let found = words.into_iter().find(|(word, _)| args.flag(word));
    found.map(|(_, it)| it).ok_or(Error::said("ERR Invalid OVERFLOW type specified"))
}

/// `u8` or `i16`: a letter and a number of bits.
fn field(text: &[u8]) -> Result<BitField, Error> {
    let field = text.split_first().and_then(|(letter, digits)| {
        let n_bits = u32::try_from(number::integer(digits)?).ok()?;
        match letter {
            b'i' => BitField::new(true, n_bits),
            b'u' => BitField::new(false, n_bits),
            _ => None,
        }
    });
    field.ok_or(Error::said(
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported \
         but i64 is.",
    ))
}

/// A bit, or behind `#` the number of fields that stand before this one.
fn offset(text: &[u8], field: BitField, bytes_max: u64) -> Result<usize, Error> {
    match text.strip_prefix(b"#") {
        Some(index) => bit_offset(index, field.n_bits(), bytes_max),
        None => bit_offset(text, 1, bytes_max),
    }
}
