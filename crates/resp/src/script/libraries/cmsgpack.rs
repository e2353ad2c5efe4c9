//! `cmsgpack`: values as `MessagePack` and back.

use mlua::{Lua, MultiValue, Table, Value};

use super::{many, one};
use crate::script::arguments::Arguments;
use crate::script::raised::Raised;

pub(super) fn library(lua: &Lua) -> mlua::Result<Table> {
    let library = lua.create_table()?;
    one(lua, &library, "pack", pack)?;
    many(lua, &library, "unpack", |args| unpack(args, 0, 0))?;
    many(lua, &library, "unpack_one", |args| {
        let start = if args.len() < 2 { 0 } else { args.integer(2)? };
        unpack(args, 1, start)
    })?;
    many(lua, &library, "unpack_limit", |args| {
        let limit = args.integer(2)?;
        let start = if args.len() < 3 { 0 } else { args.integer(3)? };
        unpack(args, limit, start)
    })?;
    library.raw_set("_NAME", "cmsgpack")?;
    library.raw_set("_VERSION", "lua-cmsgpack 0.4.0")?;
    library.raw_set("_COPYRIGHT", "Copyright (C) 2012, Redis Ltd.")?;
    library.raw_set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    Ok(library)
}

fn pack(args: &Arguments<'_>) -> mlua::Result<Value> {
    if args.len() == 0 {
        return Err(args.bad(0, "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    for value in args.values {
        write(&mut out, value, 0)?;
    }
    Ok(Value::String(args.lua.create_string(out)?))
}

fn write(out: &mut Vec<u8>, value: &Value, depth: usize) -> mlua::Result<()> {
    match value {
        Value::Boolean(false) => out.push(0xC2),
        Value::Boolean(true) => out.push(0xC3),
        Value::Integer(it) => write_integer(out, *it),
        Value::Number(it) => write_number(out, *it),
        Value::String(it) => {
            let bytes = it.as_bytes();
            write_head(out, bytes.len(), [0xA0, 31], &[0xD9, 0xDA, 0xDB]);
            out.extend_from_slice(&bytes);
        }
        Value::Table(it) if depth < DEPTH_MAX => write_table(out, it, depth + 1)?,
        _ => out.push(0xC0),
    }
    Ok(())
}

/// A length: in the first byte up to a limit, else behind one of the marks for 8, 16 and 32 bits
/// (no 8 bits where there are two).
fn write_head(out: &mut Vec<u8>, len: usize, [fixed, fixed_max]: [u8; 2], marks: &[u8]) {
    let [mark_16, mark_32] = *marks.last_chunk().expect("there are two marks or three");
    if len <= usize::from(fixed_max) {
        out.push(fixed | len as u8);
    } else if len <= 0xFF && marks.len() == 3 {
        out.extend_from_slice(&[marks[0], len as u8]);
    } else if len <= 0xFFFF {
        out.push(mark_16);
        out.extend_from_slice(&(len as u16).to_be_bytes());
    } else {
        out.push(mark_32);
        out.extend_from_slice(&(len as u32).to_be_bytes());
    }
}

fn write_integer(out: &mut Vec<u8>, n: i64) {
    let (mark, n_bytes) = match n {
        -32..=127 => return out.push(n as u8),
        128..=0xFF => (0xCC, 1),
        0x100..=0xFFFF => (0xCD, 2),
        0x1_0000..=0xFFFF_FFFF => (0xCE, 4),
        0x1_0000_0000.. => (0xCF, 8),
        -0x80.. => (0xD0, 1),
        -0x8000.. => (0xD1, 2),
        -0x8000_0000.. => (0xD2, 4),
        _ => (0xD3, 8),
    };
    out.push(mark);
    out.extend_from_slice(&n.to_be_bytes()[8 - n_bytes..]);
}

fn write_number(out: &mut Vec<u8>, number: f64) {
    let single = number as f32;
    if f64::from(single).to_bits() == number.to_bits() {
        out.push(0xCA);
        out.extend_from_slice(&single.to_be_bytes());
    } else {
        out.push(0xCB);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

fn write_table(out: &mut Vec<u8>, table: &Table, depth: usize) -> mlua::Result<()> {
    let pairs = || table.pairs::<Value, Value>();
    let n = pairs().count();
    let mut max = 0;
    let mut is_array = true;
    for pair in pairs() {
        match pair?.0 {
            Value::Integer(key @ 1..) => max = max.max(key),
            _ => is_array = false,
        }
    }
    if is_array && max == n as i64 {
        write_head(out, n, [0x90, 15], &[0xDC, 0xDD]);
        for nth in 1..=max {
            write(out, &table.raw_get(nth)?, depth)?;
        }
        return Ok(());
    }
    write_head(out, n, [0x80, 15], &[0xDE, 0xDF]);
    for pair in pairs() {
        let (key, value) = pair?;
        write(out, &key, depth)?;
        write(out, &value, depth)?;
    }
    Ok(())
}

/// Reads values from a place on, up to a limit if it is not 0. Unless that is all of them, what
/// stands first is where the next one begins, or -1.
fn unpack(args: &Arguments<'_>, limit: i64, start: i64) -> mlua::Result<MultiValue> {
    let text = args.text(1)?;
    let text = text.as_bytes();
    let raise = |text: String| Raised::text_here(args.lua, &text);
    if start < 0 || limit < 0 {
        let len = text.len();
        return Err(raise(format!(
            "Invalid request to unpack with offset of {start} and limit of {len}."
        )));
    }
    let is_part = limit != 0 || start != 0;
    let start = start as usize;
    if start > text.len() {
        let len = text.len();
        return Err(raise(format!("Start offset {start} greater than input length {len}.")));
    }
    let limit = if limit == 0 { usize::MAX } else { limit as usize };
    let mut reader = Reader { lua: args.lua, rest: &text[start..] };
    let mut values = MultiValue::new();
    while !reader.rest.is_empty() && values.len() < limit {
        if values.len() == VALUES_MAX {
            return Err(raise("too many results to unpack".to_owned()));
        }
        values.push_back(reader.value(0)?);
    }
    if is_part {
        let end = text.len() - reader.rest.len();
        values.push_front(Value::Integer(if reader.rest.is_empty() { -1 } else { end as i64 }));
    }
    Ok(values)
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn wrong(&self, text: &str) -> mlua::Error {
        Raised::text_here(self.lua, text)
    }

    fn take(&mut self, n: usize) -> mlua::Result<&'a [u8]> {
        if n > self.rest.len() {
            return Err(self.wrong("Missing bytes in input."));
        }
        let (taken, rest) = self.rest.split_at(n);
        self.rest = rest;
        Ok(taken)
    }

    fn unsigned(&mut self, n_bytes: usize) -> mlua::Result<u64> {
        Ok(self.take(n_bytes)?.iter().fold(0, |sum, it| sum << 8 | u64::from(*it)))
    }

    fn signed(&mut self, n_bytes: usize) -> mlua::Result<i64> {
        let unused = 64 - 8 * n_bytes;
        Ok((self.unsigned(n_bytes)? << unused) as i64 >> unused)
    }

    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        let mark = self.take(1)?[0];
        Ok(match mark {
            0..=0x7F => Value::Integer(i64::from(mark)),
            0xE0.. => Value::Integer(i64::from(mark as i8)),
            0xC0 => Value::Nil,
            0xC2 | 0xC3 => Value::Boolean(mark == 0xC3),
            0xCA => Value::Number(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xCB => Value::Number(f64::from_bits(self.unsigned(8)?)),
            // Valkey takes what is unsigned for a signed number, as Lua 5.1 had one size of them.
            0xCC..=0xCF => Value::Integer(self.unsigned(1 << (mark - 0xCC))? as i64),
            0xD0..=0xD3 => Value::Integer(self.signed(1 << (mark - 0xD0))?),
            0xA0..=0xBF => self.string(usize::from(mark & 31))?,
            0xD9..=0xDB => {
                let len = self.unsigned(1 << (mark - 0xD9))?;
                self.string(len as usize)?
            }
            0x90..=0x9F => self.array(u64::from(mark & 15), depth + 1)?,
            0xDC | 0xDD => {
                let n = self.unsigned(2 << (mark - 0xDC))?;
                self.array(n, depth + 1)?
            }
            0x80..=0x8F => self.map(u64::from(mark & 15), depth + 1)?,
            0xDE | 0xDF => {
                let n = self.unsigned(2 << (mark - 0xDE))?;
                self.map(n, depth + 1)?
            }
            _ => return Err(self.wrong("Bad data format in input.")),
        })
    }

    fn string(&mut self, len: usize) -> mlua::Result<Value> {
        Ok(Value::String(self.lua.create_string(self.take(len)?)?))
    }

    fn array(&mut self, n: u64, depth: usize) -> mlua::Result<Value> {
        self.bound(depth)?;
        let table = self.lua.create_table()?;
        for nth in 1..=n {
            let value = self.value(depth)?;
            table.raw_set(nth, value)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, n: u64, depth: usize) -> mlua::Result<Value> {
        self.bound(depth)?;
        let table = self.lua.create_table()?;
        for _ in 0..n {
            let key = self.value(depth)?;
            let value = self.value(depth)?;
            match key {
                Value::Nil => return Err(Raised::text("table index is nil")),
                Value::Number(it) if it.is_nan() => {
                    return Err(Raised::text("table index is NaN"));
                }
                key => table.raw_set(key, value)?,
            }
        }
        Ok(Value::Table(table))
    }

    fn bound(&self, depth: usize) -> mlua::Result<()> {
        if depth > READ_DEPTH_MAX {
            return Err(self.wrong("too deeply nested to unpack"));
        }
        Ok(())
    }
}

/// Tables below this many others are written as nothing.
const DEPTH_MAX: usize = 16;

/// Values within values that are read: what a thread's stack bears with ease.
const READ_DEPTH_MAX: usize = 1000;

/// Most values that one call returns: Lua's stack has no more room.
const VALUES_MAX: usize = 7000;
