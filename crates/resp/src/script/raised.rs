//! Errors on their way through Lua.
//!
//! What our functions raise reaches Lua as an opaque value of mlua's. Before a script can look at
//! it (`pcall`, `xpcall`, `coroutine.resume`) and at a script's end it becomes what Valkey's
//! scripts see: a table with the field `err`, or a string.

use std::fmt;

use mlua::{Lua, Value};

/// An error that one of our functions raises.
#[derive(Clone, Debug)]
pub(super) enum Raised {
    /// A table: an error of a command or of a function of `redis`.
    Reply(Vec<u8>),
    /// A string: as Lua's own functions raise them.
    Text(Vec<u8>),
    /// Nobody may catch it: the script ends.
    End,
}

impl Raised {
    pub(super) fn reply(line: &str) -> mlua::Error {
        Raised::Reply(line.as_bytes().to_vec()).into()
    }

    pub(super) fn text(text: &str) -> mlua::Error {
        Raised::Text(text.as_bytes().to_vec()).into()
    }

    /// As `text`, with where in the script that is, as Lua's own functions say it.
    pub(super) fn text_here(lua: &Lua, text: &str) -> mlua::Error {
        let place = lua.inspect_stack(1, |it| {
            let source = it.source();
            let name = source.short_src.as_deref().unwrap_or_default().to_owned();
            it.current_line().map(|line| format!("{name}:{line}: "))
        });
        Raised::text(&format!("{}{text}", place.flatten().unwrap_or_default()))
    }

    /// What was raised, if it was one of ours.
    fn of(error: &mlua::Error) -> Option<&Raised> {
        match error {
            mlua::Error::CallbackError { cause, .. } => Raised::of(cause),
            other => other.downcast_ref(),
        }
    }
}

impl From<Raised> for mlua::Error {
    fn from(raised: Raised) -> mlua::Error {
        mlua::Error::external(raised)
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raised::Reply(text) | Raised::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
            Raised::End => f.write_str("the script has to end"),
        }
    }
}

impl std::error::Error for Raised {}

/// The table that stands for an error.
pub(super) fn table(lua: &Lua, line: &[u8]) -> mlua::Result<Value> {
    let table = lua.create_table_with_capacity(0, 2)?;
    table.raw_set("err", lua.create_string(line)?)?;
    table.raw_set("ignore_error_stats_update", true)?;
    Ok(Value::Table(table))
}

/// What a script sees of a value that was raised. Raises it anew if nobody may catch it.
pub(super) fn caught(lua: &Lua, value: Value) -> mlua::Result<Value> {
    let Value::Error(error) = value else { return Ok(value) };
    match Raised::of(&error) {
        Some(Raised::Reply(line)) => table(lua, line),
        Some(Raised::Text(text)) => Ok(Value::String(lua.create_string(text)?)),
        Some(Raised::End) => Err(Raised::End.into()),
        None => Ok(Value::String(lua.create_string(plain(&error))?)),
    }
}

/// What is at fault, without the traceback that mlua adds.
fn plain(error: &mlua::Error) -> String {
    match error {
        mlua::Error::CallbackError { cause, .. } => plain(cause),
        mlua::Error::RuntimeError(text) | mlua::Error::MemoryError(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Runs where an error that nobody catches was raised: notes where in the script that was. The
/// function that raised it may be one of C or of ours; then its caller counts.
pub(super) fn trace(lua: &Lua, value: Value) -> mlua::Result<Value> {
    let ends = matches!(&value, Value::Error(it) if matches!(Raised::of(it), Some(Raised::End)));
    if ends {
        return Ok(value);
    }
    let table = match caught(lua, value)? {
        Value::Table(table) => table,
        other => {
            let table = lua.create_table_with_capacity(0, 3)?;
            let mut line = b"ERR ".to_vec();
            match &other {
                Value::String(text) => line.extend_from_slice(&text.as_bytes()),
                other => line.extend_from_slice(other.to_string()?.as_bytes()),
            }
            table.raw_set("err", lua.create_string(line)?)?;
            table
        }
    };
    for level in 1..=LEVELS_MAX {
        let place = lua.inspect_stack(level, |it| {
            let source = it.source();
            let name = source.source.as_deref().unwrap_or_default().to_owned();
            let is_ours =
                source.what == "C" || source.what == "tail" || name == super::sandbox::CHUNK_NAME;
            (!is_ours).then(|| (name, it.current_line().map_or(-1, |it| it as i64)))
        });
        match place {
            Some(Some((source, line))) => {
                table.raw_set("source", source)?;
                table.raw_set("line", line)?;
                break;
            }
            Some(None) => {}
            None => break,
        }
    }
    Ok(Value::Table(table))
}

/// Functions of C or of ours that may stand between an error and the script.
const LEVELS_MAX: usize = 8;
