//! What the answers of meta commands are made of.

use crate::meta::base64;
use crate::meta::flags::Flags;

/// The longest line of an answer but for its key and opaque token: seventeen flags with a number
/// of twenty digits each.
pub(super) const LINE_BYTES_MAX: usize = 17 * 24;

/// How a key is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyText {
    Plain,
    Base64,
}

impl KeyText {
    /// As the client wrote it.
    pub(super) fn asked(flags: &Flags<'_>) -> KeyText {
        if flags.has(b'b') { KeyText::Base64 } else { KeyText::Plain }
    }
}

/// Appends a flag with its number.
#[inline]
pub(super) fn number(buf: &mut Vec<u8>, letter: u8, number: impl itoa::Integer) {
    let mut digits = itoa::Buffer::new();
    buf.extend_from_slice(&[b' ', letter]);
    buf.extend_from_slice(digits.format(number).as_bytes());
}

/// Appends a key as `k` tells it.
pub(super) fn key(buf: &mut Vec<u8>, name: &[u8], text: KeyText) {
    buf.extend_from_slice(b" k");
    match text {
        KeyText::Plain => buf.extend_from_slice(name),
        KeyText::Base64 => {
            base64::encode(name, buf);
            buf.extend_from_slice(b" b");
        }
    }
}

/// Appends an opaque token as it came.
pub(super) fn opaque(buf: &mut Vec<u8>, token: &[u8]) {
    buf.push(b' ');
    buf.extend_from_slice(token);
}

/// Appends a code and what every answer repeats: key and opaque token.
pub(super) fn echo(buf: &mut Vec<u8>, code: &[u8], name: &[u8], flags: &Flags<'_>) {
    buf.extend_from_slice(code);
    for token in flags.tokens() {
        match token[0] {
            b'k' => key(buf, name, KeyText::asked(flags)),
            b'O' => opaque(buf, token),
            _ => {}
        }
    }
    buf.extend_from_slice(b"\r\n");
}

/// Seconds until an expiry, begun ones counted whole; -1 for never.
pub(super) fn ttl_s(expire_at_ms: Option<u64>, now_ms: u64) -> i64 {
    expire_at_ms.map_or(-1, |at_ms| at_ms.saturating_sub(now_ms).div_ceil(1000).cast_signed())
}
