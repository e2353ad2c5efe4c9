//! How values go into a shard and out of it: in a segment while small, boxed when big.

use bytes::Bytes;

use crate::item::{Attributes, Boxed, BoxedValue, INLINE_BYTES_MAX, Payload, is_boxed_key};
use crate::key::Key;
use crate::segment::Location;
use crate::shard::{Found, Shard, seconds};
use crate::value::{Item, NewValue, Repr, Type};

/// A scratch buffer that grew beyond this is let go after its edit.
const SCRATCH_BYTES_MAX: usize = 64 << 10;

impl Shard {
    /// Writes an item anew with other attributes, its value as it is.
    pub(crate) fn reattribute(
        &mut self,
        key: Key<'_>,
        found: Found,
        change: impl FnOnce(&mut Attributes),
    ) {
        let mut attributes = self.segments.item(found.1).attributes();
        change(&mut attributes);
        let stores = self.events.stores;
        let (repr, kind) = self.take(found.1);
        self.put_back(key, Some(found), kind, repr, &attributes);
        self.events.stores = stores;
    }

    /// Takes a value out of its item to be edited: packed bytes into the scratch buffer, a boxed
    /// value as it is (its box stays behind, empty). `put_back` must follow.
    pub(crate) fn take(&mut self, location: Location) -> (Repr, Type) {
        let item = self.segments.item(location);
        let kind = item.value().kind();
        if item.is_boxed() {
            self.holdings.subtract(item);
            let mut item = self.segments.item_mut(location);
            let empty = BoxedValue::String(Bytes::new());
            let value = std::mem::replace(&mut item.boxed_mut().value, empty);
            self.holdings.add(self.segments.item(location));
            return (Repr::Boxed(value), kind);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch.extend_from_slice(self.segments.item(location).payload());
        if kind != Type::String {
            scratch.pop();
        }
        (Repr::Small(scratch), kind)
    }

    /// An empty buffer for a value that is about to be made.
    pub(crate) fn scratch(&mut self) -> Vec<u8> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        scratch
    }

    /// Keeps a buffer for the next edit.
    pub(crate) fn keep_scratch(&mut self, scratch: Vec<u8>) {
        if scratch.capacity() <= SCRATCH_BYTES_MAX {
            self.scratch = scratch;
        }
    }

    /// Stores an edited value over the item it came from, or as a new one.
    pub(crate) fn put_back(
        &mut self,
        key: Key<'_>,
        old: Option<Found>,
        kind: Type,
        repr: Repr,
        attributes: &Attributes,
    ) {
        match repr {
            Repr::Boxed(BoxedValue::String(it)) if fits_inline(key.name, it.len()) => {
                self.store(key, old, Payload::String(&it), attributes);
            }
            Repr::Boxed(value) => self.store_boxed(key, old, value, attributes),
            Repr::Small(mut bytes) if kind == Type::String => {
                if fits_inline(key.name, bytes.len()) {
                    self.store(key, old, Payload::String(&bytes), attributes);
                    self.keep_scratch(bytes);
                } else {
                    bytes.shrink_to_fit();
                    let value = BoxedValue::String(Bytes::from(bytes));
                    self.store_boxed(key, old, value, attributes);
                }
            }
            Repr::Small(mut bytes) if fits_inline(key.name, bytes.len() + 1) => {
                bytes.push(kind.tag());
                self.store(key, old, Payload::Packed(&bytes), attributes);
                self.keep_scratch(bytes);
            }
            Repr::Small(bytes) => {
                self.store_boxed(key, old, BoxedValue::Packed(kind, bytes), attributes);
            }
        }
    }

    /// Stores a boxed value, in the box that is there when nothing else changes.
    fn store_boxed(
        &mut self,
        key: Key<'_>,
        old: Option<Found>,
        value: BoxedValue,
        attributes: &Attributes,
    ) {
        if let Some((_, location)) = old {
            let item = self.segments.item(location);
            if item.is_boxed() && item.attributes() == *attributes {
                self.events.stores += 1;
                self.holdings.subtract(item);
                let mut item = self.segments.item_mut(location);
                std::mem::replace(&mut item.boxed_mut().value, value).let_go();
                return self.enter(location);
            }
        }
        let boxed_key = is_boxed_key(key.name).then(|| Box::from(key.name));
        let boxed = Box::new(Boxed { key: boxed_key, value });
        self.store(key, old, Payload::Boxed(boxed), attributes);
    }

    /// Stores a string as it comes from a client.
    pub(crate) fn store_string(
        &mut self,
        key: Key<'_>,
        old: Option<Found>,
        value: NewValue<'_>,
        attributes: &Attributes,
    ) {
        let len = value.as_slice().len();
        if fits_inline(key.name, len) {
            return self.store(key, old, Payload::String(value.as_slice()), attributes);
        }
        let bytes = match value {
            NewValue::Copied(it) => Bytes::copy_from_slice(it),
            NewValue::Shared(it) => it,
        };
        self.store_boxed(key, old, BoxedValue::String(bytes), attributes);
    }

    /// An item as callers see it.
    pub(crate) fn item(&self, location: Location, now_ms: u64) -> Item<'_> {
        let item = self.segments.item(location);
        Item::new(item, item.header(), seconds(now_ms))
    }

    /// An item as it was before this read, which leaves its mark on it.
    #[inline]
    pub(crate) fn read_item(
        &mut self,
        location: Location,
        now_ms: u64,
        notes_use: bool,
    ) -> Item<'_> {
        let before = self.segments.item(location).header();
        if notes_use {
            self.segments.item_mut(location).note_use(seconds(now_ms), true);
        }
        Item::new(self.segments.item(location), before, seconds(now_ms))
    }

    /// Bytes taken from the system.
    pub(crate) fn used_bytes(&self) -> u64 {
        (self.segments.total_bytes() + self.index.bytes()) as u64 + self.holdings.heap_bytes
    }

    /// A copy of a value, for another key.
    pub(crate) fn clone_value(&mut self, location: Location) -> (Repr, Type) {
        let item = self.segments.item(location);
        if !item.is_boxed() {
            return self.take(location);
        }
        let value = match &item.boxed().value {
            BoxedValue::String(it) => BoxedValue::String(it.clone()),
            BoxedValue::Packed(kind, it) => BoxedValue::Packed(*kind, it.clone()),
            BoxedValue::Hash(it) => BoxedValue::Hash(it.clone()),
            BoxedValue::List(it) => BoxedValue::List(it.clone()),
            BoxedValue::Set(it) => BoxedValue::Set(it.clone()),
            BoxedValue::Stream(it) => BoxedValue::Stream(it.clone()),
            BoxedValue::SortedSet(it) => BoxedValue::SortedSet(it.clone()),
        };
        (Repr::Boxed(value), item.value().kind())
    }

    /// Puts a boxed value back that was taken out and not changed.
    pub(crate) fn return_boxed(&mut self, location: Location, value: BoxedValue) {
        self.holdings.subtract(self.segments.item(location));
        self.segments.item_mut(location).boxed_mut().value = value;
        self.holdings.add(self.segments.item(location));
    }
}

fn fits_inline(key: &[u8], len: usize) -> bool {
    !is_boxed_key(key) && key.len() + len < INLINE_BYTES_MAX
}
