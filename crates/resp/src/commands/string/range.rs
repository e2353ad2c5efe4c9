//! Parts of strings.

use tandem_engine::{Error as EngineError, Str, Value};

use super::check_length;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::Answer;

pub(super) fn getrange(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let (start, end) = (cx.args.integer()?, cx.args.integer()?);
    let value = cx.db.get::<Str>(key)?;
    let value = value.map_or(&b""[..], |it| it.as_slice());
    Ok(cx.reply.bulk(slice(value, start, end)))
}

/// The bytes from `start` to `end`, both included; negative ones count from the end.
fn slice(value: &[u8], start: i64, end: i64) -> &[u8] {
    if start < 0 && end < 0 && start > end {
        return b"";
    }
    let len = value.len() as i64;
    let from_end = |at: i64| if at < 0 { at.saturating_add(len).max(0) } else { at };
    let (start, end) = (from_end(start), from_end(end).min(len - 1));
    if start > end { b"" } else { &value[start as usize..=end as usize] }
}

pub(super) fn setrange(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let offset = cx.args.integer()?;
    let bytes = cx.args.next()?;
    let offset = usize::try_from(offset).map_err(|_| Error::said("ERR offset is out of range"))?;
    let bytes_max = cx.server.settings.live().bulk_bytes_max();
    if bytes.is_empty() {
        return match cx.db.peek(key).map(|it| it.value()) {
            None => Ok(cx.reply.int(0)),
            Some(Value::String(value)) => Ok(cx.reply.count(value.as_slice().len())),
            Some(_) => Err(EngineError::WrongType.into()),
        };
    }
    let mut string = cx.db.edit_or_create::<Str>(key)?;
    check_length(offset, bytes.len(), bytes_max)?;
    string.write_at(offset, bytes);
    Ok(cx.reply.count(string.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_count_from_both_sides() {
        let text = b"Hello";
        for (start, end, expected) in [
            (0, -1, "Hello"),
            (1, 3, "ell"),
            (-3, -2, "ll"),
            (-2, -3, ""),
            (-100, 1, "He"),
            (3, 100, "lo"),
            (5, 5, ""),
            (0, -100, "H"),
            (i64::MIN, i64::MAX, "Hello"),
        ] {
            assert_eq!(slice(text, start, end), expected.as_bytes(), "{start} {end}");
        }
        assert_eq!(slice(b"", 0, -1), b"");
        assert_eq!(slice(text, -5, -100), b"");
    }
}
