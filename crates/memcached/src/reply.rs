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
pub(crate) const RESET: &[u8] = b"RESET\r\n";

/// `VALUE `, three numbers with a blank each, and two line ends take less than this.
const FRAME_BYTES_MAX: usize = 64;

/// Appends one item of a retrieval.
pub(crate) fn value(
    out: &mut Output,
    key: &[u8],
    client_flags: u32,
    value: StrRef<'_>,
    cas: Option<u64>,
) {
    let data = value.as_slice();
    let inline_len = if let StrRef::Inline(it) = value { it.len() } else { 0 };
    let buf = &mut out.buf;
    buf.reserve(FRAME_BYTES_MAX + key.len() + inline_len);
    buf.extend_from_slice(b"VALUE ");
    buf.extend_from_slice(key);
    put_number(buf, u64::from(client_flags));
    put_number(buf, data.len() as u64);
    if let Some(cas) = cas {
        put_number(buf, cas);
    }
    buf.extend_from_slice(b"\r\n");
    match value {
        StrRef::Inline(it) => buf.extend_from_slice(it),
        StrRef::Shared(it) => out.put_shared(it),
    }
    out.put(b"\r\n");
}

/// Appends a blank and a number.
fn put_number(buf: &mut Vec<u8>, number: u64) {
    let mut digits = itoa::Buffer::new();
    buf.push(b' ');
    buf.extend_from_slice(digits.format(number).as_bytes());
}

/// Appends a line of statistics.
pub(crate) fn stat(buf: &mut Vec<u8>, name: &str, value: impl std::fmt::Display) {
    use std::io::Write;
    // Writing to a vector does not fail.
    let _ = write!(buf, "STAT {name} {value}\r\n");
}
