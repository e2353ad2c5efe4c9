//! Replies of commands as values of Lua.

use mlua::{Lua, Value};

/// A reply as it would be sent.
pub(super) struct Wire<'a> {
    rest: &'a [u8],
}

impl<'a> Wire<'a> {
    pub(super) fn new(reply: &'a [u8]) -> Wire<'a> {
        Wire { rest: reply }
    }

    /// Takes the next value.
    pub(super) fn value(&mut self, lua: &Lua) -> mlua::Result<Value> {
        let (sigil, line) = self.line();
        match sigil {
            b':' => Ok(Value::Integer(number(line))),
            b'$' => match self.bytes(line) {
                Some(bytes) => Ok(Value::String(lua.create_string(bytes)?)),
                None => Ok(Value::Boolean(false)),
            },
            b'+' => field(lua, "ok", Value::String(lua.create_string(line)?)),
            b'-' => super::raised::table(lua, line),
            b'*' | b'>' => self.array(lua, number(line)),
            b'%' => self.map(lua, number(line)),
            b'~' => self.set(lua, number(line)),
            b'_' => Ok(Value::Nil),
            b'#' => Ok(Value::Boolean(line == b"t")),
            b',' => field(lua, "double", Value::Number(double(line))),
            b'(' => field(lua, "big_number", Value::String(lua.create_string(line)?)),
            b'=' => self.verbatim(lua, line),
            _ => unreachable!("our own replies begin with a known byte"),
        }
    }

    fn array(&mut self, lua: &Lua, n: i64) -> mlua::Result<Value> {
        let Ok(n) = usize::try_from(n) else { return Ok(Value::Boolean(false)) };
        let mut failure = None;
        let items = (0..n).map(|_| match self.value(lua) {
            Ok(value) => value,
            Err(error) => {
                failure = Some(error);
                Value::Nil
            }
        });
        let table = lua.create_sequence_from(items)?;
        match failure {
            Some(error) => Err(error),
            None => Ok(Value::Table(table)),
        }
    }

    fn map(&mut self, lua: &Lua, n: i64) -> mlua::Result<Value> {
        let map = lua.create_table_with_capacity(0, n as usize)?;
        for _ in 0..n {
            let key = self.value(lua)?;
            map.raw_set(key, self.value(lua)?)?;
        }
        field(lua, "map", Value::Table(map))
    }

    fn set(&mut self, lua: &Lua, n: i64) -> mlua::Result<Value> {
        let set = lua.create_table_with_capacity(0, n as usize)?;
        for _ in 0..n {
            set.raw_set(self.value(lua)?, true)?;
        }
        field(lua, "set", Value::Table(set))
    }

    fn verbatim(&mut self, lua: &Lua, line: &[u8]) -> mlua::Result<Value> {
        let bytes = self.bytes(line).unwrap_or_default();
        let (format, text) = bytes.split_at(bytes.len().min(3));
        let verbatim = lua.create_table_with_capacity(0, 2)?;
        verbatim.raw_set("format", lua.create_string(format)?)?;
        verbatim.raw_set("string", lua.create_string(text.get(1..).unwrap_or_default())?)?;
        field(lua, "verbatim_string", Value::Table(verbatim))
    }

    /// The next line: its first byte and the rest.
    fn line(&mut self) -> (u8, &'a [u8]) {
        let end = memchr::memchr(b'\r', self.rest).expect("our own replies are whole");
        let (line, rest) = self.rest.split_at(end);
        self.rest = &rest[2..];
        (line[0], &line[1..])
    }

    /// What follows a line that says how long it is.
    fn bytes(&mut self, len: &[u8]) -> Option<&'a [u8]> {
        let len = usize::try_from(number(len)).ok()?;
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = &rest[2..];
        Some(bytes)
    }
}

/// A table with one field.
fn field(lua: &Lua, name: &str, value: Value) -> mlua::Result<Value> {
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set(name, value)?;
    Ok(Value::Table(table))
}

fn number(digits: &[u8]) -> i64 {
    crate::number::integer(digits).expect("our own numbers are well written")
}

fn double(text: &[u8]) -> f64 {
    std::str::from_utf8(text).ok().and_then(|it| it.parse().ok()).unwrap_or(f64::NAN)
}
