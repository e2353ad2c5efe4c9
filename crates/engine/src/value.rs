//! What a key can hold, and how the engine hands it out.

use bytes::Bytes;

use crate::hash::HashRef;
use crate::index::SLOT_BYTES;
use crate::item::{BoxedValue, ItemRef};
use crate::layout::{Layout, Meta, SECONDS_MASK};
use crate::limits::SharedLimits;
use crate::list::ListRef;
use crate::set::SetRef;
use crate::sorted_set::SortedSetRef;
use crate::stream::StreamRef;
use crate::string::StrRef;

/// The types a key can hold. The numbers lie in packed items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    String = 0,
    Hash = 1,
    List = 2,
    Set = 3,
    Stream = 5,
    SortedSet = 4,
}

impl Type {
    pub(crate) fn tag(self) -> u8 {
        self as u8
    }

    pub(crate) fn of_tag(tag: u8) -> Type {
        const TYPES: [Type; 5] = [Type::Hash, Type::List, Type::Set, Type::SortedSet, Type::Stream];
        TYPES.into_iter().find(|it| it.tag() == tag).unwrap_or(Type::String)
    }
}

/// A value as a read sees it, whatever its type.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    String(StrRef<'a>),
    Hash(HashRef<'a>),
    List(ListRef<'a>),
    Set(SetRef<'a>),
    Stream(StreamRef<'a>),
    SortedSet(SortedSetRef<'a>),
}

impl Value<'_> {
    pub fn kind(self) -> Type {
        match self {
            Value::String(_) => Type::String,
            Value::Hash(_) => Type::Hash,
            Value::List(_) => Type::List,
            Value::Set(_) => Type::Set,
            Value::Stream(_) => Type::Stream,
            Value::SortedSet(_) => Type::SortedSet,
        }
    }
}

/// A string on its way in: copied when small, shared when the caller holds it as `Bytes` already.
#[derive(Clone, Debug)]
pub enum NewValue<'a> {
    Copied(&'a [u8]),
    Shared(Bytes),
}

impl NewValue<'_> {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            NewValue::Copied(it) => it,
            NewValue::Shared(it) => it,
        }
    }
}

/// Everything about one item, worked out where it is asked for. Borrowed from its locked shard.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    stored: ItemRef<'a>,
    /// Its header as it was before the read that found it, which leaves a mark there.
    header: u64,
    now_s: u32,
}

impl<'a> Item<'a> {
    #[inline]
    pub(crate) fn new(stored: ItemRef<'a>, header: u64, now_s: u32) -> Item<'a> {
        Item { stored, header, now_s }
    }

    #[inline]
    pub fn key(&self) -> &'a [u8] {
        self.stored.key()
    }

    #[inline]
    pub fn value(&self) -> Value<'a> {
        self.stored.value()
    }

    /// Milliseconds since the epoch.
    #[inline]
    pub fn expire_at_ms(&self) -> Option<u64> {
        Some(self.stored.expire_at_ms()).filter(|it| *it != 0)
    }

    /// Seconds since the item was last read or written (0 to 2^24 - 1).
    #[inline]
    pub fn idle_s(&self) -> u32 {
        self.now_s.wrapping_sub(self.header as u32) & SECONDS_MASK
    }

    /// The 32 bits that memcached clients keep beside a value.
    #[inline]
    pub fn client_flags(&self) -> u32 {
        self.stored.client_flags()
    }

    /// A front end's own bits (`SetOptions::marks`).
    #[inline]
    pub fn marks(&self) -> u8 {
        Layout::marks(self.header)
    }

    /// CAS number, when one was ever asked for (`View::cas`).
    #[inline]
    pub fn cas(&self) -> Option<u64> {
        Some(self.stored.cas()).filter(|it| *it != 0)
    }

    /// True once a read has touched it.
    #[inline]
    pub fn fetched(&self) -> bool {
        Layout::from_header(self.header).meta.has(Meta::FETCHED)
    }

    /// True when the string was edited in place (APPEND, SETBIT): its encoding reads `raw`.
    pub fn edited(&self) -> bool {
        Layout::from_header(self.header).meta.has(Meta::EDITED)
    }

    /// All that the key costs in bytes: slot, header, key, value, allocator rounding.
    pub fn total_bytes(&self) -> usize {
        self.stored.total_bytes() + SLOT_BYTES
    }

    pub fn kind(&self) -> Type {
        self.value().kind()
    }
}

/// A value taken out of its item to be edited, or on its way back.
#[derive(Debug)]
pub(crate) enum Repr {
    /// A string's bytes, or a packed collection's: in the shard's scratch buffer.
    Small(Vec<u8>),
    Boxed(BoxedValue),
}

mod sealed {
    use super::{Repr, SharedLimits, Type};

    /// How the engine opens and closes a type. Not for other crates.
    #[expect(private_interfaces, reason = "sealed: only the engine calls or implements it")]
    pub trait Sealed: Sized {
        const TYPE: Type;
        /// What an edit has to know of the keyspace's thresholds.
        type Limits: Copy;
        fn limits(shared: &SharedLimits) -> Self::Limits;
        /// `edited` is the mark of strings that were edited in place.
        fn open(repr: Repr, edited: bool, limits: Self::Limits) -> Self;
        /// The representation, and the mark.
        fn close(self) -> (Repr, bool);
        /// True for an emptied collection, whose key goes with it.
        fn is_gone(&self) -> bool;
    }
}
pub(crate) use sealed::Sealed;

/// A type that a key can hold: `Str`, `Hash`, `List`. `Ref` is how a read sees it, `Self` is the
/// open working copy behind an `Edit`.
pub trait Kind: Sealed {
    type Ref<'a>;

    #[doc(hidden)]
    fn of(value: Value<'_>) -> Option<Self::Ref<'_>>;
}
