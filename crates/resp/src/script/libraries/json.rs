//! `cjson`: values as JSON and back, with the options of the library of that name.

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, MultiValue, Table, Value};

use super::json_read::Reader;
use super::json_write::Writer;
use crate::script::arguments::Arguments;

/// What scripts can set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) sparse_as_object: bool,
    pub(super) sparse_ratio: i64,
    pub(super) sparse_safe: i64,
    pub(super) write_depth_max: i64,
    pub(super) read_depth_max: i64,
    pub(super) digits: i64,
    pub(super) write_odd_numbers: Odd,
    pub(super) read_odd_numbers: bool,
    keeps_buffer: bool,
}

/// What becomes of numbers that JSON has no words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    Refused,
    Written,
    Null,
}

type Shared = Rc<Cell<Options>>;

const DEFAULTS: Options = Options {
    sparse_as_object: false,
    sparse_ratio: 2,
    sparse_safe: 10,
    write_depth_max: 1000,
    read_depth_max: 1000,
    digits: 14,
    write_odd_numbers: Odd::Refused,
    read_odd_numbers: true,
    keeps_buffer: true,
};

/// A library with options of its own.
pub(super) fn library(lua: &Lua) -> mlua::Result<Table> {
    let json = lua.create_table()?;
    let options = Rc::new(Cell::new(DEFAULTS));
    add(lua, &json, &options, "encode", encode)?;
    add(lua, &json, &options, "decode", decode)?;
    add(lua, &json, &options, "encode_sparse_array", |args, it| {
        too_many(args, 3)?;
        let converts = flag(args, 1, it.sparse_as_object)?;
        it.sparse_as_object = converts;
        it.sparse_ratio = integer(args, 2, it.sparse_ratio, [0, INT_MAX])?;
        it.sparse_safe = integer(args, 3, it.sparse_safe, [0, INT_MAX])?;
        let numbers = [it.sparse_ratio, it.sparse_safe].map(Value::Integer);
        Ok(std::iter::once(Value::Boolean(converts)).chain(numbers).collect())
    })?;
    add(lua, &json, &options, "encode_max_depth", |args, it| {
        it.write_depth_max = only_integer(args, it.write_depth_max, [1, INT_MAX])?;
        Ok(number(it.write_depth_max))
    })?;
    add(lua, &json, &options, "decode_max_depth", |args, it| {
        it.read_depth_max = only_integer(args, it.read_depth_max, [1, INT_MAX])?;
        Ok(number(it.read_depth_max))
    })?;
    add(lua, &json, &options, "encode_number_precision", |args, it| {
        it.digits = only_integer(args, it.digits, [1, 14])?;
        Ok(number(it.digits))
    })?;
    add(lua, &json, &options, "encode_keep_buffer", |args, it| {
        too_many(args, 1)?;
        it.keeps_buffer = flag(args, 1, it.keeps_buffer)?;
        Ok(answer(Value::Boolean(it.keeps_buffer)))
    })?;
    add(lua, &json, &options, "encode_invalid_numbers", write_odd_numbers)?;
    add(lua, &json, &options, "decode_invalid_numbers", |args, it| {
        too_many(args, 1)?;
        it.read_odd_numbers = flag(args, 1, it.read_odd_numbers)?;
        Ok(answer(Value::Boolean(it.read_odd_numbers)))
    })?;
    json.raw_set("new", lua.create_function(|lua, ()| library(lua))?)?;
    json.raw_set("null", Value::NULL)?;
    json.raw_set("_NAME", "cjson")?;
    json.raw_set("_VERSION", "2.1.0")?;
    Ok(json)
}

type Run = fn(&Arguments<'_>, &mut Options) -> mlua::Result<MultiValue>;

fn add(
    lua: &Lua,
    json: &Table,
    options: &Shared,
    name: &'static str,
    run: Run,
) -> mlua::Result<()> {
    let options = options.clone();
    let run = move |lua: &Lua, values: MultiValue| {
        let mut now = options.get();
        let result = run(&Arguments { lua, name, values: &values }, &mut now);
        options.set(now);
        result
    };
    json.raw_set(name, lua.create_function(run)?)
}

fn encode(args: &Arguments<'_>, options: &mut Options) -> mlua::Result<MultiValue> {
    if args.len() != 1 {
        return Err(args.bad(1, "expected 1 argument"));
    }
    let text = Writer::new(args.lua, *options).write(args.get(1))?;
    Ok(answer(Value::String(args.lua.create_string(text)?)))
}

fn decode(args: &Arguments<'_>, options: &mut Options) -> mlua::Result<MultiValue> {
    if args.len() != 1 {
        return Err(args.bad(1, "expected 1 argument"));
    }
    let text = args.text(1)?;
    let text = text.as_bytes();
    Ok(answer(Reader::new(args.lua, &text, *options).read()?))
}

fn write_odd_numbers(args: &Arguments<'_>, options: &mut Options) -> mlua::Result<MultiValue> {
    too_many(args, 1)?;
    match args.get(1) {
        Value::Nil => {}
        Value::Boolean(false) => options.write_odd_numbers = Odd::Refused,
        Value::Boolean(true) => options.write_odd_numbers = Odd::Written,
        _ => {
            let word = args.text(1)?;
            options.write_odd_numbers = match &*word.as_bytes() {
                b"off" => Odd::Refused,
                b"on" => Odd::Written,
                b"null" => Odd::Null,
                other => return Err(args.bad(1, &invalid(other))),
            };
        }
    }
    Ok(answer(match options.write_odd_numbers {
        Odd::Refused => Value::Boolean(false),
        Odd::Written => Value::Boolean(true),
        Odd::Null => Value::String(args.lua.create_string("null")?),
    }))
}

fn answer(value: Value) -> MultiValue {
    std::iter::once(value).collect()
}

fn number(number: i64) -> MultiValue {
    answer(Value::Integer(number))
}

fn invalid(word: &[u8]) -> String {
    format!("invalid option '{}'", String::from_utf8_lossy(word))
}

fn too_many(args: &Arguments<'_>, n_max: usize) -> mlua::Result<()> {
    if args.len() > n_max {
        return Err(args.bad(n_max + 1, "found too many arguments"));
    }
    Ok(())
}

/// A flag as it was, or as an argument sets it.
fn flag(args: &Arguments<'_>, nth: usize, now: bool) -> mlua::Result<bool> {
    match args.get(nth) {
        Value::Nil => Ok(now),
        Value::Boolean(it) => Ok(*it),
        _ => match &*args.text(nth)?.as_bytes() {
            b"off" => Ok(false),
            b"on" => Ok(true),
            other => Err(args.bad(nth, &invalid(other))),
        },
    }
}

fn only_integer(args: &Arguments<'_>, now: i64, range: [i64; 2]) -> mlua::Result<i64> {
    too_many(args, 1)?;
    integer(args, 1, now, range)
}

/// A number as it was, or as an argument sets it.
fn integer(args: &Arguments<'_>, nth: usize, now: i64, range: [i64; 2]) -> mlua::Result<i64> {
    if args.get(nth).is_nil() {
        return Ok(now);
    }
    let value = args.integer(nth)?;
    let [min, max] = range;
    if !(min..=max).contains(&value) {
        return Err(args.bad(nth, &format!("expected integer between {min} and {max}")));
    }
    Ok(value)
}

const INT_MAX: i64 = i32::MAX as i64;
