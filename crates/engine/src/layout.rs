//! The shape of an item: its header and where its parts are.
//!
//! ```text
//! header  bits 0-23   seconds of the last use, modulo 2^24
//!         bits 24-31  meta: kind (2 bits) and flags
//!         bits 32-47  key length; KEY_BOXED when the key is boxed with the value
//!         bits 48-60  payload length
//!         bits 61-63  marks: a front end's own bits
//! expire  8 bytes     ms since the epoch, 0 for none      if HAS_EXPIRE
//! cas     8 bytes                                          if HAS_CAS
//! flags   4 bytes     memcached's client flags             if HAS_FLAGS
//! key, payload, padding to 8 bytes
//! ```

use crate::item::{Attributes, INLINE_BYTES_MAX, Payload, is_boxed_key};

pub(crate) const HEADER_BYTES: usize = 8;
pub(crate) const SECONDS_MASK: u32 = (1 << 24) - 1;

const PAYLOAD_AT: u32 = 48;
const PAYLOAD_MASK: u16 = (1 << 13) - 1;
const MARKS_AT: u32 = 61;
/// The marks that an item can have.
pub(crate) const MARKS_MASK: u8 = 7;

/// Stands for the length of a key that is boxed with its value.
pub(crate) const KEY_BOXED: u16 = u16::MAX;
const POINTER_BYTES: usize = size_of::<usize>();

/// Kind and flags: the second word of a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meta(u8);

impl Meta {
    pub(crate) const STRING: Meta = Meta(0);
    pub(crate) const PACKED: Meta = Meta(1);
    pub(crate) const BOXED: Meta = Meta(2);
    const KIND: u8 = 3;
    pub(crate) const HAS_EXPIRE: u8 = 1 << 2;
    pub(crate) const HAS_CAS: u8 = 1 << 3;
    pub(crate) const HAS_FLAGS: u8 = 1 << 4;
    pub(crate) const DEAD: u8 = 1 << 5;
    pub(crate) const EDITED: u8 = 1 << 6;
    pub(crate) const FETCHED: u8 = 1 << 7;

    pub(crate) fn kind(self) -> Meta {
        Meta(self.0 & Meta::KIND)
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }

    fn with(self, flag: u8, on: bool) -> Meta {
        Meta(if on { self.0 | flag } else { self.0 & !flag })
    }

    /// Which optional fields there are.
    fn options(self) -> u8 {
        self.0 & (Meta::HAS_EXPIRE | Meta::HAS_CAS | Meta::HAS_FLAGS)
    }

    fn options_bytes(self) -> usize {
        8 * usize::from(self.has(Meta::HAS_EXPIRE))
            + 8 * usize::from(self.has(Meta::HAS_CAS))
            + 4 * usize::from(self.has(Meta::HAS_FLAGS))
    }
}

/// The shape of an item: everything its size depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) meta: Meta,
    pub(crate) key_len: u16,
    pub(crate) payload_len: u16,
}

impl Layout {
    /// The layout of an item with these parts. A boxed key (`Boxed::key`) counts for nothing.
    pub(crate) fn of(key: &[u8], payload: &Payload<'_>, attributes: &Attributes) -> Layout {
        let (kind, payload_len) = match payload {
            Payload::String(it) => (Meta::STRING, it.len()),
            Payload::Packed(it) => (Meta::PACKED, it.len()),
            Payload::Boxed(_) => (Meta::BOXED, POINTER_BYTES),
        };
        let key_len = if is_boxed_key(key) { KEY_BOXED } else { key.len() as u16 };
        let meta = kind
            .with(Meta::HAS_EXPIRE, attributes.expire_at_ms != 0)
            .with(Meta::HAS_CAS, attributes.cas != 0)
            .with(Meta::HAS_FLAGS, attributes.client_flags != 0)
            .with(Meta::EDITED, attributes.edited)
            .with(Meta::FETCHED, attributes.fetched);
        debug_assert!(payload_len < INLINE_BYTES_MAX && payload_len <= usize::from(PAYLOAD_MASK));
        Layout { meta, key_len, payload_len: payload_len as u16 }
    }

    #[inline]
    pub(crate) fn from_header(header: u64) -> Layout {
        Layout {
            meta: Meta((header >> 24) as u8),
            key_len: (header >> 32) as u16,
            payload_len: (header >> PAYLOAD_AT) as u16 & PAYLOAD_MASK,
        }
    }

    pub(crate) fn header(self, used_s: u32, marks: u8) -> u64 {
        u64::from(used_s & SECONDS_MASK)
            | u64::from(self.meta.0) << 24
            | u64::from(self.key_len) << 32
            | u64::from(self.payload_len) << PAYLOAD_AT
            | u64::from(marks) << MARKS_AT
    }

    /// The marks in a header.
    #[inline]
    pub(crate) fn marks(header: u64) -> u8 {
        (header >> MARKS_AT) as u8
    }

    /// A header with other marks.
    pub(crate) fn with_marks(header: u64, marks: u8) -> u64 {
        header & !(u64::from(MARKS_MASK) << MARKS_AT) | u64::from(marks) << MARKS_AT
    }

    #[inline]
    pub(crate) fn key_at(self) -> usize {
        HEADER_BYTES + self.meta.options_bytes()
    }

    #[inline]
    pub(crate) fn key_bytes(self) -> usize {
        if self.key_len == KEY_BOXED { 0 } else { usize::from(self.key_len) }
    }

    #[inline]
    pub(crate) fn payload_at(self) -> usize {
        self.key_at() + self.key_bytes()
    }

    /// Bytes in the segment, padding included.
    #[inline]
    pub(crate) fn size(self) -> usize {
        (self.payload_at() + usize::from(self.payload_len)).next_multiple_of(8)
    }

    /// True when an item of this layout can take the place of one of `other`, which has the same
    /// key, where it lies.
    #[inline]
    pub(crate) fn fits_over(self, other: Layout) -> bool {
        debug_assert_eq!(self.key_len, other.key_len);
        self.meta.options() == other.meta.options()
            && (self.payload_len == other.payload_len || self.size() == other.size())
    }
}
