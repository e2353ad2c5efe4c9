//! `struct`: values as the bytes of C's structures and back.

use mlua::{Lua, MultiValue, Table, Value};

use super::{many, one};
use crate::script::arguments::{Arguments, truncated};
use crate::script::raised::Raised;

pub(super) fn library(lua: &Lua) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    one(lua, &library, "pack", pack)?;
    many(lua, &library, "unpack", unpack)?;
    one(lua, &library, "size", size)?;
    Ok(library)
}

/// A format on its way: what stands in it and how it is laid out.
struct Format<'a> {
    args: &'a Arguments<'a>,
    rest: &'a [u8],
    is_big: bool,
    align: usize,
}

/// A letter of a format, with the bytes that it takes and those before it that fill up.
#[derive(Clone, Copy)]
struct Item {
    letter: u8,
    size: usize,
    padding: usize,
}

impl<'a> Format<'a> {
    fn new(args: &'a Arguments<'a>, text: &'a [u8]) -> Format<'a> {
        Format { args, rest: text, is_big: false, align: 1 }
    }

    /// The next letter that is one of a value, at a place in the structure.
    fn next(&mut self, at: usize) -> mlua::Result<Option<Item>> {
        while let Some((&letter, rest)) = self.rest.split_first() {
            self.rest = rest;
            let size = match letter {
                b'b' | b'B' | b'x' => 1,
                b'h' | b'H' => 2,
                b'l' | b'L' | b'T' | b'd' => 8,
                b'f' => 4,
                b's' => 0,
                b'c' => self.number(1)?,
                b'i' | b'I' => {
                    let size = self.number(4)?;
                    if size > INTEGER_BYTES_MAX {
                        let why = "is larger than limit of";
                        let text = format!("integral size {size} {why} {INTEGER_BYTES_MAX}");
                        return Err(Raised::text_here(self.args.lua, &text));
                    }
                    size
                }
                _ => {
                    self.control(letter)?;
                    continue;
                }
            };
            let align = if letter == b'c' { 0 } else { size.min(self.align) };
            let padding =
                if align == 0 { 0 } else { align.wrapping_sub(at & (align - 1)) & (align - 1) };
            return Ok(Some(Item { letter, size, padding }));
        }
        Ok(None)
    }

    fn control(&mut self, letter: u8) -> mlua::Result<()> {
        match letter {
            b' ' => {}
            b'>' => self.is_big = true,
            b'<' => self.is_big = false,
            b'!' => {
                let align = self.number(8)?;
                if !align.is_power_of_two() {
                    let text = format!("alignment {align} is not a power of 2");
                    return Err(Raised::text_here(self.args.lua, &text));
                }
                self.align = align;
            }
            // Valkey's `size` ignores other letters.
            _ if self.args.name == "size" => {}
            other => {
                let text = format!("invalid format option '{}'", char::from(other));
                return Err(self.args.bad(1, &text));
            }
        }
        Ok(())
    }

    /// The digits that follow, or what is meant without any.
    fn number(&mut self, default: usize) -> mlua::Result<usize> {
        let n_digits = self.rest.iter().take_while(|it| it.is_ascii_digit()).count();
        if n_digits == 0 {
            return Ok(default);
        }
        let (digits, rest) = self.rest.split_at(n_digits);
        self.rest = rest;
        let number = crate::number::integer(digits).filter(|it| *it <= i64::from(i32::MAX));
        let overflow = || Raised::text_here(self.args.lua, "integral size overflow");
        number.map(|it| it as usize).ok_or_else(overflow)
    }

    /// A whole number's bytes as they are laid out, from those of the smallest first.
    fn ordered(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.is_big {
            bytes.reverse();
        }
        bytes
    }
}

fn pack(args: &Arguments<'_>) -> mlua::Result<Value> {
    let format = args.text(1)?;
    let format = format.as_bytes();
    let mut format = Format::new(args, &format);
    let mut out: Vec<u8> = Vec::new();
    let mut nth = 1;
    while let Some(item) = format.next(out.len())? {
        out.resize(out.len() + item.padding, 0);
        if item.letter == b'x' {
            out.push(0);
            continue;
        }
        nth += 1;
        if args.len() < nth {
            let expected = if matches!(item.letter, b's' | b'c') { "string" } else { "number" };
            return Err(args.bad(nth, &format!("{expected} expected, got nil")));
        }
        match item.letter {
            b'f' => {
                let bytes = (args.number(nth)? as f32).to_le_bytes().to_vec();
                out.extend(format.ordered(bytes));
            }
            b'd' => out.extend(format.ordered(args.number(nth)?.to_le_bytes().to_vec())),
            b's' | b'c' => {
                let text = args.text(nth)?;
                let text = text.as_bytes();
                let size = if item.size == 0 { text.len() } else { item.size };
                let Some(text) = text.get(..size) else {
                    // The library has counted the argument by then.
                    return Err(args.bad(nth + 1, "string too short"));
                };
                out.extend_from_slice(text);
                if item.letter == b's' {
                    out.push(0);
                }
            }
            _ => {
                let number = args.number(nth)?;
                let bits = if number < 0.0 { truncated(number) as u64 } else { number as u64 };
                let sign = if (bits as i64) < 0 { 0xFF } else { 0 };
                let mut bytes = bits.to_le_bytes().to_vec();
                bytes.resize(item.size.max(8), sign);
                bytes.truncate(item.size);
                out.extend(format.ordered(bytes));
            }
        }
    }
    Ok(Value::String(args.lua.create_string(out)?))
}

fn unpack(args: &Arguments<'_>) -> mlua::Result<MultiValue> {
    let format = args.text(1)?;
    let format = format.as_bytes();
    let data = args.text(2)?;
    let data = data.as_bytes();
    let start = if args.len() < 3 { 1 } else { args.integer(3)? };
    let Some(mut at) = usize::try_from(start).ok().and_then(|it| it.checked_sub(1)) else {
        return Err(args.bad(3, "offset must be 1 or greater"));
    };
    let mut format = Format::new(args, &format);
    let mut values = MultiValue::new();
    let short = || args.bad(2, "data string too short");
    while let Some(mut item) = format.next(at)? {
        at += item.padding;
        if item.letter == b'c' && item.size == 0 {
            let size = match values.pop_back() {
                Some(Value::Integer(size)) => size,
                Some(Value::Number(size)) => truncated(size),
                _ => {
                    let text = "format 'c0' needs a previous size";
                    return Err(Raised::text_here(args.lua, text));
                }
            };
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            item.size = size;
        }
        let rest = data.get(at..).ok_or_else(short)?;
        if item.letter == b's' {
            let Some(end) = memchr::memchr(0, rest) else {
                return Err(Raised::text_here(args.lua, "unfinished string in data"));
            };
            values.push_back(Value::String(args.lua.create_string(&rest[..end])?));
            at += end + 1;
            continue;
        }
        let bytes = rest.get(..item.size).ok_or_else(short)?;
        at += item.size;
        match item.letter {
            b'x' => {}
            b'c' => values.push_back(Value::String(args.lua.create_string(bytes)?)),
            letter => values.push_back(number(letter, format.ordered(bytes.to_vec()))),
        }
        if values.len() > VALUES_MAX {
            return Err(Raised::text_here(args.lua, "stack overflow (too many results)"));
        }
    }
    values.push_back(Value::Integer(at as i64 + 1));
    Ok(values)
}

/// The number that bytes are, the smallest first.
fn number(letter: u8, bytes: Vec<u8>) -> Value {
    if letter == b'f' {
        let bytes = bytes.first_chunk().copied().unwrap_or_default();
        return Value::Number(f64::from(f32::from_le_bytes(bytes)));
    }
    let mut eight = [0; 8];
    let len = bytes.len().min(8);
    eight[..len].copy_from_slice(&bytes[..len]);
    if letter == b'd' {
        return Value::Number(f64::from_le_bytes(eight));
    }
    let bits = u64::from_le_bytes(eight);
    if letter.is_ascii_uppercase() {
        return Value::Number(bits as f64);
    }
    let unused = 64 - 8 * len as u32;
    let shifted = bits.checked_shl(unused).unwrap_or_default() as i64;
    Value::Integer(shifted.checked_shr(unused).unwrap_or_default())
}

fn size(args: &Arguments<'_>) -> mlua::Result<Value> {
    let text = args.text(1)?;
    let text = text.as_bytes();
    let mut format = Format::new(args, &text);
    let mut total = 0;
    while let Some(item) = format.next(total)? {
        match item {
            Item { letter: b's', .. } => return Err(args.bad(1, "option 's' has no fixed size")),
            Item { letter: b'c', size: 0, .. } => {
                return Err(args.bad(1, "option 'c0' has no fixed size"));
            }
            Item { size, padding, .. } => total += padding + size,
        }
    }
    Ok(Value::Integer(total as i64))
}

/// Bytes of the longest whole number.
const INTEGER_BYTES_MAX: usize = 32;

/// Most values that one call returns: Lua's stack has no more room.
const VALUES_MAX: usize = 7000;
