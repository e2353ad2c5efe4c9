//! What goes back to the client.

use tandem_engine::{Output, StrRef};

pub(crate) const STORED: &[u8] = b"STORED\r\n";
pub(crate) const NOT_STORED: &[u8] = b"NOT_STORED\r\n";
pub(crate) const EXISTS: &[u8] = b"EXISTS\r\n";
pub(crate) const NOT_FOUND: &[u8] = b"NOT_FOUND\r\n";
pub(crate) const DELETED: &[u8] = b"DELETED\r\n";
pub(crate) const TOUCHED: &[u8] = b"TOUCHED\r\n";
pub(crate) const OK: &[u8] = b"OK\r\n";
pub(crate) const END: &[u8] = b"END\r\n";
/// What ends a list of meta commands.
pub(crate) const EN: &[u8] = b"EN\r\n";
pub(crate) const LINE_END: &[u8] = b"\r\n";
pub(crate) const NOOP: &[u8] = b"MN\r\n";
pub(crate) const RESET: &[u8] = b"RESET\r\n";

/// `VALUE `, three numbers with a blank each, three line ends and `END` take less than this.
const FRAME_BYTES_MAX: usize = 80;

/// An item on its way to a client.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: StrRef<'a>,
    pub(crate) client_flags: u32,
    pub(crate) cas: Option<u64>,
}

/// Appends one item of a retrieval.
#[inline]
pub(crate) fn value(out: &mut Output, found: Found<'_>) {
    let Found { key, value, client_flags, cas } = found;
    let data = value.as_slice();
    let inline_len = if let StrRef::Inline(it) = value { it.len() } else { 0 };
    let buf = &mut out.buf;
    buf.reserve(FRAME_BYTES_MAX + key.len() + inline_len);
    buf.extend_from_slice(b"VALUE ");
    buf.extend_from_slice(key);
    if client_flags == 0 {
        buf.extend_from_slice(b" 0");
    } else {
        put_number(buf, u64::from(client_flags));
    }
    put_number(buf, data.len() as u64);
    if let Some(cas) = cas {
        put_number(buf, cas);
    }
    buf.extend_from_slice(b"\r\n");
    match value {
        StrRef::Inline(it) => buf.extend_from_slice(it),
        StrRef::Shared(it) => out.put_shared(it),
    }
    out.buf.extend_from_slice(LINE_END);
}

/// Appends a line of a number alone.
pub(crate) fn number(out: &mut Output, number: u64) {
    out.put(itoa::Buffer::new().format(number).as_bytes());
    out.put(LINE_END);
}

/// Appends a blank and a number. Numbers below a thousand, which are nearly all lengths, are laid
/// out in one word.
#[inline]
fn put_number(buf: &mut Vec<u8>, number: u64) {
    if number >= 1000 {
        return put_long_number(buf, number);
    }
    let digit = |n: u64| b'0' + n as u8;
    let (word, len) = match number {
        0..10 => ([b' ', digit(number), 0, 0], 2),
        10..100 => ([b' ', digit(number / 10), digit(number % 10), 0], 3),
        _ => ([b' ', digit(number / 100), digit(number / 10 % 10), digit(number % 10)], 4),
    };
    buf.extend_from_slice(&word);
    buf.truncate(buf.len() - (word.len() - len));
}

#[inline(never)]
fn put_long_number(buf: &mut Vec<u8>, number: u64) {
    buf.push(b' ');
    buf.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a line of statistics.
pub(crate) fn stat(buf: &mut Vec<u8>, name: &str, value: impl std::fmt::Display) {
    use std::io::Write;
    // Writing to a vector does not fail.
    let _ = write!(buf, "STAT {name} {value}\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_stand_behind_a_blank() {
        for n in (0..2000).chain([u64::MAX]) {
            let mut buf = b"x".to_vec();
            put_number(&mut buf, n);
            assert_eq!(String::from_utf8(buf).unwrap(), format!("x {n}"));
        }
    }
}
