//! Frames that go back to the client.

use tandem_engine::{Output, StrRef};

use crate::binary::frame::HEADER_BYTES;
use crate::ops::Hit;

/// The first byte of every reply.
pub(crate) const MAGIC: u8 = 0x81;

/// How a request is answered: replies carry its opcode and its opaque bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct To {
    pub(super) opcode: u8,
    pub(super) opaque: [u8; 4],
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Status {
    Success = 0x00,
    NotFound = 0x01,
    Exists = 0x02,
    TooLarge = 0x03,
    InvalidArguments = 0x04,
    NotStored = 0x05,
    NonNumeric = 0x06,
    AuthError = 0x20,
    /// SASL wants to hear more.
    AuthContinue = 0x21,
    UnknownCommand = 0x81,
    OutOfMemory = 0x82,
}

impl Status {
    /// What an error says to people.
    fn words(self) -> &'static [u8] {
        match self {
            Status::Success | Status::AuthContinue => b"",
            Status::NotFound => b"Not found",
            Status::Exists => b"Data exists for key.",
            Status::TooLarge => b"Too large.",
            Status::InvalidArguments => b"Invalid arguments",
            Status::NotStored => b"Not stored.",
            Status::NonNumeric => b"Non-numeric server-side value for incr or decr",
            Status::AuthError => b"Auth failure.",
            Status::UnknownCommand => b"Unknown command",
            Status::OutOfMemory => b"Out of memory",
        }
    }
}

/// The lengths and numbers of a reply's header.
#[derive(Clone, Copy, Default)]
struct Head {
    status: u16,
    extras_bytes: usize,
    key_bytes: usize,
    value_bytes: usize,
    cas: u64,
}

impl Head {
    /// Bodies are shorter than 4 GiB: a value is of at most a gigabyte.
    #[inline]
    fn bytes(self, to: To) -> [u8; HEADER_BYTES] {
        let body_bytes = (self.extras_bytes + self.key_bytes + self.value_bytes) as u32;
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = MAGIC;
        bytes[1] = to.opcode;
        bytes[2..4].copy_from_slice(&(self.key_bytes as u16).to_be_bytes());
        bytes[4] = self.extras_bytes as u8;
        bytes[6..8].copy_from_slice(&self.status.to_be_bytes());
        bytes[8..12].copy_from_slice(&body_bytes.to_be_bytes());
        bytes[12..16].copy_from_slice(&to.opaque);
        bytes[16..].copy_from_slice(&self.cas.to_be_bytes());
        bytes
    }
}

/// Success, with the item's CAS number or 0.
pub(super) fn done(out: &mut Output, to: To, cas: u64) {
    out.put(&Head { cas, ..Head::default() }.bytes(to));
}

/// Success, with a text or a number.
pub(super) fn data(out: &mut Output, to: To, cas: u64, data: &[u8]) {
    out.put(&Head { cas, value_bytes: data.len(), ..Head::default() }.bytes(to));
    out.put(data);
}

/// An error and its words.
pub(super) fn error(out: &mut Output, to: To, status: Status) {
    error_in_words(out, to, status, status.words());
}

/// An error in words of its own.
pub(super) fn error_in_words(out: &mut Output, to: To, status: Status, words: &[u8]) {
    let head = Head { status: status as u16, value_bytes: words.len(), ..Head::default() };
    out.put(&head.bytes(to));
    out.put(words);
}

/// A miss of a request that wants to be told the key again.
pub(super) fn miss_with_key(out: &mut Output, to: To, key: &[u8]) {
    let status = Status::NotFound as u16;
    out.put(&Head { status, key_bytes: key.len(), ..Head::default() }.bytes(to));
    out.put(key);
}

/// An item: its flags, the key where one is wanted, the value.
#[inline]
pub(super) fn item(out: &mut Output, to: To, key: &[u8], hit: Hit<'_>) {
    let value_bytes = hit.value.as_slice().len();
    let flags = hit.client_flags.to_be_bytes();
    let head = Head {
        status: Status::Success as u16,
        extras_bytes: flags.len(),
        key_bytes: key.len(),
        value_bytes,
        cas: hit.cas.unwrap_or(0),
    };
    let inline_bytes = if let StrRef::Inline(it) = hit.value { it.len() } else { 0 };
    let buf = &mut out.buf;
    buf.reserve(HEADER_BYTES + flags.len() + key.len() + inline_bytes);
    buf.extend_from_slice(&head.bytes(to));
    buf.extend_from_slice(&flags);
    buf.extend_from_slice(key);
    match hit.value {
        StrRef::Inline(it) => buf.extend_from_slice(it),
        StrRef::Shared(it) => out.put_shared(it),
    }
}

/// The flags of an item whose value nobody asked for.
pub(super) fn flags(out: &mut Output, to: To, client_flags: u32, cas: u64) {
    let flags = client_flags.to_be_bytes();
    out.put(&Head { extras_bytes: flags.len(), cas, ..Head::default() }.bytes(to));
    out.put(&flags);
}

/// A line of statistics. One without name and value ends them.
pub(super) fn stat(buf: &mut Vec<u8>, to: To, name: &[u8], value: &[u8]) {
    let head = Head { key_bytes: name.len(), value_bytes: value.len(), ..Head::default() };
    buf.extend_from_slice(&head.bytes(to));
    buf.extend_from_slice(name);
    buf.extend_from_slice(value);
}
