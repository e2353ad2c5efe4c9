//! One item in a segment: reading it and writing it in place. `layout` says where its parts are.
//!
//! The payload of a boxed item is the pointer of a `Box<Boxed>`. Nothing outside the locked shard
//! points into a segment.
#![expect(unsafe_code, reason = "reads and writes items in raw segment memory")]
#![expect(clippy::cast_ptr_alignment, reason = "items and their fields are aligned to 8 bytes")]

mod ends;

use std::marker::PhantomData;

use bytes::Bytes;

use crate::freeing::let_go_value;
use crate::hash::{HashRef, IndexedHash};
use crate::key::are_equal;
use crate::layout::{HEADER_BYTES, KEY_BOXED, Layout, Meta, SECONDS_MASK};
use crate::list::{ListRef, Quicklist};
use crate::set::{IndexedSet, SetRef};
use crate::sorted_set::{IndexedSortedSet, SortedSetRef};
use crate::stream::StreamData;
use crate::string::StrRef;
use crate::value::{Type, Value};

/// Keys and payloads of fewer bytes than this together lie in a segment; longer ones are boxed.
pub(crate) const INLINE_BYTES_MAX: usize = 8 << 10;

/// Keys longer than this are boxed together with their value.
pub(crate) const KEY_INLINE_BYTES_MAX: usize = 4 << 10;

/// What an item keeps beside its key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// Milliseconds since the epoch; 0 for none.
    pub(crate) expire_at_ms: u64,
    /// 0 for none.
    pub(crate) cas: u64,
    pub(crate) client_flags: u32,
    /// Seconds of the last use, modulo 2^24.
    pub(crate) used_s: u32,
    pub(crate) edited: bool,
    pub(crate) fetched: bool,
    /// A front end's own bits.
    pub(crate) marks: u8,
}

/// A value outside of the segments.
#[derive(Debug)]
pub(crate) enum BoxedValue {
    String(Bytes),
    /// A packed collection too big for a segment.
    Packed(Type, Vec<u8>),
    Hash(Box<IndexedHash>),
    List(Box<Quicklist>),
    Set(Box<IndexedSet>),
    Stream(Box<StreamData>),
    SortedSet(Box<IndexedSortedSet>),
}

/// What a boxed item's payload points to.
#[derive(Debug)]
pub(crate) struct Boxed {
    /// The key, when it is too long for a segment.
    pub(crate) key: Option<Box<[u8]>>,
    pub(crate) value: BoxedValue,
}

impl Boxed {
    /// Heap bytes, with 16 for what an allocator keeps and rounds.
    pub(crate) fn heap_bytes(&self) -> usize {
        let key = self.key.as_ref().map_or(0, |it| it.len() + 16);
        size_of::<Boxed>() + 16 + key + self.value.heap_bytes()
    }

    fn payload_bytes(&self) -> usize {
        match &self.value {
            BoxedValue::String(it) => it.len(),
            value => value.heap_bytes(),
        }
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        self.value.let_go();
    }
}

impl BoxedValue {
    /// Drops the value: elsewhere, when that would take long.
    pub(crate) fn let_go(&mut self) {
        let_go_value(std::mem::replace(self, BoxedValue::String(Bytes::new())));
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            BoxedValue::String(it) => it.len() + 32,
            BoxedValue::Packed(_, it) => it.capacity() + 16,
            BoxedValue::Hash(it) => it.heap_bytes(),
            BoxedValue::List(it) => it.heap_bytes(),
            BoxedValue::Set(it) => it.heap_bytes(),
            BoxedValue::Stream(it) => it.heap_bytes(),
            BoxedValue::SortedSet(it) => it.heap_bytes(),
        }
    }
}

/// A payload on its way into a segment.
pub(crate) enum Payload<'a> {
    String(&'a [u8]),
    /// A packed collection: its type, then its bytes.
    Packed(&'a [u8]),
    Boxed(Box<Boxed>),
}

pub(crate) fn is_boxed_key(key: &[u8]) -> bool {
    KEY_INLINE_BYTES_MAX < key.len()
}

/// An item in a segment of a locked shard.
#[derive(Clone, Copy)]
pub(crate) struct ItemRef<'a> {
    at: *mut u8,
    scope: PhantomData<&'a u8>,
}

impl<'a> ItemRef<'a> {
    /// # Safety
    /// `at` is the 8-aligned start of an item that stays where it is, written by nobody else,
    /// for `'a`.
    #[inline]
    pub(crate) unsafe fn new(at: *mut u8) -> ItemRef<'a> {
        ItemRef { at, scope: PhantomData }
    }

    #[inline]
    pub(crate) fn header(self) -> u64 {
        // SAFETY: `at` is the aligned start of an item.
        unsafe { self.at.cast::<u64>().read() }
    }

    #[inline]
    pub(crate) fn layout(self) -> Layout {
        Layout::from_header(self.header())
    }

    #[inline]
    pub(crate) fn size(self) -> usize {
        self.layout().size()
    }

    pub(crate) fn is_dead(self) -> bool {
        self.layout().meta.has(Meta::DEAD)
    }

    pub(crate) fn kind(self) -> Meta {
        self.layout().meta.kind()
    }

    pub(crate) fn is_boxed(self) -> bool {
        self.kind() == Meta::BOXED
    }

    #[inline]
    fn slice(self, at: usize, len: usize) -> &'a [u8] {
        // SAFETY: callers pass ranges inside the item.
        unsafe { std::slice::from_raw_parts(self.at.add(at), len) }
    }

    #[inline]
    pub(crate) fn key(self) -> &'a [u8] {
        let layout = self.layout();
        if layout.key_len == KEY_BOXED {
            return self.boxed().key.as_deref().expect("a boxed key lies in its box");
        }
        self.slice(layout.key_at(), layout.key_bytes())
    }

    #[inline]
    pub(crate) fn key_is(self, key: &[u8]) -> bool {
        let layout = self.layout();
        if layout.key_len == KEY_BOXED {
            return self.boxed_key_is(key);
        }
        are_equal(self.slice(layout.key_at(), layout.key_bytes()), key)
    }

    #[cold]
    fn boxed_key_is(self, key: &[u8]) -> bool {
        self.key() == key
    }

    /// Payload bytes as they lie in the segment; a boxed item's are its pointer.
    #[inline]
    pub(crate) fn payload(self) -> &'a [u8] {
        let layout = self.layout();
        self.slice(layout.payload_at(), usize::from(layout.payload_len))
    }

    pub(crate) fn boxed(self) -> &'a Boxed {
        // SAFETY: a boxed item's payload is a live box of ours; the shard is locked for 'a.
        unsafe { &*self.box_pointer() }
    }

    fn box_pointer(self) -> *mut Boxed {
        debug_assert!(self.is_boxed());
        let at = self.layout().payload_at();
        // SAFETY: a boxed item's payload holds a pointer, aligned or not.
        unsafe { self.at.add(at).cast::<*mut Boxed>().read_unaligned() }
    }

    /// Milliseconds since the epoch; 0 for none.
    #[inline]
    pub(crate) fn expire_at_ms(self) -> u64 {
        if !self.layout().meta.has(Meta::HAS_EXPIRE) {
            return 0;
        }
        // SAFETY: the field follows the header.
        unsafe { self.at.add(HEADER_BYTES).cast::<u64>().read() }
    }

    #[inline]
    fn cas_at(meta: Meta) -> usize {
        HEADER_BYTES + 8 * usize::from(meta.has(Meta::HAS_EXPIRE))
    }

    /// 0 for none.
    #[inline]
    pub(crate) fn cas(self) -> u64 {
        let meta = self.layout().meta;
        if !meta.has(Meta::HAS_CAS) {
            return 0;
        }
        // SAFETY: the field follows the expiry.
        unsafe { self.at.add(ItemRef::cas_at(meta)).cast::<u64>().read() }
    }

    #[inline]
    pub(crate) fn client_flags(self) -> u32 {
        let meta = self.layout().meta;
        if !meta.has(Meta::HAS_FLAGS) {
            return 0;
        }
        let at = ItemRef::cas_at(meta) + 8 * usize::from(meta.has(Meta::HAS_CAS));
        // SAFETY: the field follows the CAS number.
        unsafe { self.at.add(at).cast::<u32>().read() }
    }

    #[inline]
    pub(crate) fn used_s(self) -> u32 {
        self.header() as u32 & SECONDS_MASK
    }

    pub(crate) fn fetched(self) -> bool {
        self.layout().meta.has(Meta::FETCHED)
    }

    pub(crate) fn marks(self) -> u8 {
        Layout::marks(self.header())
    }

    pub(crate) fn attributes(self) -> Attributes {
        Attributes {
            expire_at_ms: self.expire_at_ms(),
            cas: self.cas(),
            client_flags: self.client_flags(),
            used_s: self.used_s(),
            edited: self.layout().meta.has(Meta::EDITED),
            fetched: self.fetched(),
            marks: self.marks(),
        }
    }

    #[inline]
    pub(crate) fn value(self) -> Value<'a> {
        if self.kind() == Meta::STRING {
            return Value::String(StrRef::Inline(self.payload()));
        }
        self.other_value()
    }

    /// Apart, so that reading a small string, which is what is asked most, stays short.
    #[inline(never)]
    fn other_value(self) -> Value<'a> {
        match self.kind() {
            Meta::PACKED => packed_value(self.payload()),
            _ => match &self.boxed().value {
                BoxedValue::String(it) => Value::String(StrRef::Shared(it)),
                BoxedValue::Packed(kind, it) => packed_of(*kind, it),
                BoxedValue::Hash(it) => Value::Hash(HashRef::Indexed(it)),
                BoxedValue::List(it) => Value::List(ListRef::Quick(it)),
                BoxedValue::Set(it) => Value::Set(SetRef::Indexed(it)),
                BoxedValue::Stream(it) => Value::Stream(it),
                BoxedValue::SortedSet(it) => Value::SortedSet(SortedSetRef::Indexed(it)),
            },
        }
    }

    /// Bytes on the heap.
    #[inline]
    pub(crate) fn heap_bytes(self) -> usize {
        if self.is_boxed() { self.boxed().heap_bytes() } else { 0 }
    }

    /// Bytes in the segment and on the heap.
    pub(crate) fn total_bytes(self) -> usize {
        self.size() + self.heap_bytes()
    }

    /// Bytes of the key and the value alone.
    #[inline]
    pub(crate) fn payload_bytes(self) -> usize {
        let layout = self.layout();
        if self.is_boxed() {
            return self.key().len() + self.boxed().payload_bytes();
        }
        layout.key_bytes() + usize::from(layout.payload_len)
    }
}

/// The packed bytes of a collection are followed by its type, so that a scratch copy of them can
/// be edited at its end without moving.
fn packed_value(payload: &[u8]) -> Value<'_> {
    let (tag, bytes) = payload.split_last().expect("a packed payload holds its type");
    packed_of(Type::of_tag(*tag), bytes)
}

fn packed_of(kind: Type, bytes: &[u8]) -> Value<'_> {
    match kind {
        Type::Hash => Value::Hash(HashRef::of_bytes(bytes)),
        Type::List => Value::List(ListRef::Packed(bytes)),
        Type::Set => Value::Set(SetRef::of_bytes(bytes)),
        Type::SortedSet => Value::SortedSet(SortedSetRef::Packed(bytes)),
        Type::String => Value::String(StrRef::Inline(bytes)),
        Type::Stream => unreachable!("streams have no packed form"),
    }
}

/// An item open for writing in place.
pub(crate) struct ItemMut<'a> {
    item: ItemRef<'a>,
}

impl<'a> std::ops::Deref for ItemMut<'a> {
    type Target = ItemRef<'a>;

    fn deref(&self) -> &ItemRef<'a> {
        &self.item
    }
}

impl<'a> ItemMut<'a> {
    /// # Safety
    /// As `ItemRef::new`, and nobody else reads or writes the item for `'a`.
    #[inline]
    pub(crate) unsafe fn new(at: *mut u8) -> ItemMut<'a> {
        // SAFETY: the caller's promise.
        ItemMut { item: unsafe { ItemRef::new(at) } }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        // SAFETY: callers pass ranges inside the item; `bytes` is not in a segment.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.item.at.add(at), bytes.len()) };
    }

    fn set_header(&mut self, header: u64) {
        // SAFETY: the aligned start of an item.
        unsafe { self.item.at.cast::<u64>().write(header) };
    }

    /// Writes a whole item. `layout` is that of the other arguments, and its size is free here.
    pub(crate) fn write(
        &mut self,
        layout: Layout,
        key: &[u8],
        payload: Payload<'_>,
        attributes: &Attributes,
    ) {
        self.set_header(layout.header(attributes.used_s, attributes.marks));
        self.put_options(layout.meta, attributes);
        if layout.key_len != KEY_BOXED {
            self.put(layout.key_at(), key);
        }
        self.put_payload(layout, payload);
    }

    fn put_options(&mut self, meta: Meta, attributes: &Attributes) {
        let mut at = HEADER_BYTES;
        if meta.has(Meta::HAS_EXPIRE) {
            self.put(at, &attributes.expire_at_ms.to_ne_bytes());
            at += 8;
        }
        if meta.has(Meta::HAS_CAS) {
            self.put(at, &attributes.cas.to_ne_bytes());
            at += 8;
        }
        if meta.has(Meta::HAS_FLAGS) {
            self.put(at, &attributes.client_flags.to_ne_bytes());
        }
    }

    fn put_payload(&mut self, layout: Layout, payload: Payload<'_>) {
        let at = layout.payload_at();
        match payload {
            Payload::String(it) | Payload::Packed(it) => self.put(at, it),
            Payload::Boxed(it) => {
                // SAFETY: the layout has room for a pointer here.
                unsafe {
                    self.item.at.add(at).cast::<*mut Boxed>().write_unaligned(Box::into_raw(it));
                }
            }
        }
    }

    /// Replaces payload and attributes where the new layout `fits_over` the old one. The old
    /// payload is not boxed.
    pub(crate) fn overwrite(&mut self, layout: Layout, payload: Payload<'_>, with: &Attributes) {
        debug_assert!(layout.fits_over(self.layout()) && !self.is_boxed());
        self.set_header(layout.header(with.used_s, with.marks));
        self.put_options(layout.meta, with);
        self.put_payload(layout, payload);
    }

    /// Notes a use at `now_s`; a read also marks the item as fetched. Writes only on a change.
    #[inline]
    pub(crate) fn note_use(&mut self, now_s: u32, fetched: bool) {
        let header = self.item.header();
        let mark = if fetched { u64::from(Meta::FETCHED) << 24 } else { 0 };
        let new = (header & !u64::from(SECONDS_MASK)) | u64::from(now_s & SECONDS_MASK) | mark;
        if new != header {
            self.set_header(new);
        }
    }

    /// Sets the expiry where the item has the field. True when it has.
    pub(crate) fn set_expire(&mut self, at_ms: u64) -> bool {
        let has = self.layout().meta.has(Meta::HAS_EXPIRE);
        if has {
            self.put(HEADER_BYTES, &at_ms.to_ne_bytes());
        }
        has
    }

    pub(crate) fn set_marks(&mut self, marks: u8) {
        self.set_header(Layout::with_marks(self.item.header(), marks));
    }

    /// Marks the item as dead: only its size is read from now on.
    pub(crate) fn mark_dead(&mut self) {
        self.set_header(self.item.header() | u64::from(Meta::DEAD) << 24);
    }

    /// Takes the box out of a boxed item, which must be dead or overwritten before any read.
    pub(crate) fn take_box(&mut self) -> Box<Boxed> {
        // SAFETY: the pointer came from `Box::into_raw` and is taken once: the item dies.
        unsafe { Box::from_raw(self.item.box_pointer()) }
    }

    /// The boxed value, to be edited where it is.
    pub(crate) fn boxed_mut(&mut self) -> &mut Boxed {
        // SAFETY: a live box of ours, and `self` is the only one at the item.
        unsafe { &mut *self.item.box_pointer() }
    }
}
