//! A run of a stream's entries in one piece of memory.
//!
//! First the field names of the first entry: how many, then the names. Then each entry: a head,
//! the step from the id before it, and its values; its own names stand between them only where
//! they are not those of the first entry. Most entries spend one byte on all but their values.
//!
//! Entries are never moved: a removed one is marked, and its node goes with the last.

use super::id::StreamId;
use super::listpack;
use super::word::{Reader, put_number, put_word};
use crate::sequence::Element;

// The head: marks, then the step in milliseconds, `FAR` when it follows as a number.
const DELETED: u8 = 1;
/// The entry has names of its own.
const OWN_NAMES: u8 = 1 << 1;
/// The second part of the id is not the expected one: how far it is follows.
const UNEXPECTED_SEQ: u8 = 1 << 2;
const STEP_SHIFT: u32 = 3;
const FAR: u8 = 31;

/// Valkey's mark of an entry with the names of the first one.
const LISTPACK_SAME_NAMES: i64 = 2;

/// A node that runs out of room grows by this at least.
const GROWTH_BYTES_MIN: usize = 64;

/// A field's name and its value as they come in.
pub type Field<'a> = (&'a [u8], &'a [u8]);

#[derive(Clone, Debug)]
pub(super) struct Node {
    bytes: Vec<u8>,
    /// The newest entry's, deleted or not.
    pub(super) last_id: StreamId,
    pub(super) n_live: u32,
    n_deleted: u32,
    /// What Valkey's node takes.
    listpack_bytes: u32,
    /// Where the entries begin, and where the newest does.
    entries_at: u32,
    last_at: u32,
}

impl Node {
    /// A node whose first entry will have these names.
    pub(super) fn new(first_id: StreamId, fields: &[Field<'_>]) -> Node {
        let mut bytes = Vec::with_capacity(GROWTH_BYTES_MIN);
        put_number(&mut bytes, fields.len() as u64);
        let counts = [0, 0, fields.len(), 0].map(listpack::count_bytes);
        let mut listpack_bytes = listpack::EMPTY_BYTES + counts.iter().sum::<u64>();
        for (name, _) in fields {
            put_word(&mut bytes, Element::of(name));
            listpack_bytes += listpack::text_bytes(name);
        }
        // The first entry then takes the step that is expected of every other.
        let before = StreamId { seq: first_id.seq.wrapping_sub(1), ..first_id };
        Node {
            entries_at: offset(bytes.len()),
            last_at: offset(bytes.len()),
            bytes,
            last_id: before,
            n_live: 0,
            n_deleted: 0,
            listpack_bytes: listpack_bytes as u32,
        }
    }

    /// Whether an entry of so many bytes still goes into Valkey's node.
    pub(super) fn has_room(&self, n_bytes: u64, bytes_max: u64, entries_max: u64) -> bool {
        let n_entries = u64::from(self.n_live) + u64::from(self.n_deleted);
        u64::from(self.listpack_bytes) + n_bytes < bytes_max
            && (entries_max == 0 || n_entries < entries_max)
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back what a node that is full will not need.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    pub(super) fn push(&mut self, first_id: StreamId, id: StreamId, fields: &[Field<'_>]) {
        self.make_room(fields);
        self.last_at = offset(self.bytes.len());
        let own_names = !self.has_names(fields);
        self.put_head(id, if own_names { OWN_NAMES } else { 0 });
        if own_names {
            put_number(&mut self.bytes, fields.len() as u64);
        }
        for (name, value) in fields {
            if own_names {
                put_word(&mut self.bytes, Element::of(name));
            }
            put_word(&mut self.bytes, Element::of(value));
        }
        self.last_id = id;
        self.set_counts(self.n_live + 1, self.n_deleted);
        self.listpack_bytes += listpack_entry_bytes(first_id, id, fields, own_names) as u32;
    }

    /// Grows by a quarter: doubling would leave half of a young stream empty.
    fn make_room(&mut self, fields: &[Field<'_>]) {
        let words: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
        let needed = words + 24;
        if self.bytes.capacity() - self.bytes.len() < needed {
            self.bytes.reserve_exact(needed.max(self.bytes.len() / 4).max(GROWTH_BYTES_MIN));
        }
    }

    fn put_head(&mut self, id: StreamId, marks: u8) {
        let step = id.ms.wrapping_sub(self.last_id.ms);
        let surprise = id.seq.wrapping_sub(expected_seq(self.last_id, step));
        let marks = marks | if surprise == 0 { 0 } else { UNEXPECTED_SEQ };
        if step < u64::from(FAR) {
            self.bytes.push(marks | (step as u8) << STEP_SHIFT);
        } else {
            self.bytes.push(marks | FAR << STEP_SHIFT);
            put_number(&mut self.bytes, step);
        }
        if surprise != 0 {
            put_number(&mut self.bytes, surprise);
        }
    }

    fn has_names(&self, fields: &[Field<'_>]) -> bool {
        let mut reader = Reader::new(&self.bytes);
        reader.number() == fields.len() as u64
            && fields.iter().all(|(name, _)| reader.word() == Element::of(name))
    }

    fn set_counts(&mut self, n_live: u32, n_deleted: u32) {
        let bytes = |n: u32| listpack::integer_bytes(i64::from(n)) as u32;
        self.listpack_bytes -= bytes(self.n_live) + bytes(self.n_deleted);
        (self.n_live, self.n_deleted) = (n_live, n_deleted);
        self.listpack_bytes += bytes(self.n_live) + bytes(self.n_deleted);
    }

    /// Marks a live entry as deleted.
    pub(super) fn delete(&mut self, at: usize) {
        debug_assert!(self.bytes[at] & DELETED == 0);
        self.bytes[at] |= DELETED;
        self.set_counts(self.n_live - 1, self.n_deleted + 1);
    }

    /// Marks the newest entry, which is a live one, as deleted.
    pub(super) fn delete_last(&mut self) {
        self.delete(self.last_at as usize);
    }

    /// The id of the newest entry unless it is deleted: known without a walk.
    pub(super) fn last_live_id(&self) -> Option<StreamId> {
        (self.bytes[self.last_at as usize] & DELETED == 0).then_some(self.last_id)
    }

    /// The names of the first entry's fields.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = Element<'_>> {
        let mut names = Reader::new(&self.bytes);
        let n_names = names.number() as usize;
        (0..n_names).map(move |_| names.word())
    }

    pub(super) fn n_deleted(&self) -> u32 {
        self.n_deleted
    }

    /// All entries, deleted ones too.
    pub(super) fn entries(&self, first_id: StreamId) -> Entries<'_> {
        let (names, entries) = self.bytes.split_at(self.entries_at as usize);
        let mut names = Reader::new(names);
        let n_names = names.number();
        Entries {
            names: names.rest(),
            n_names,
            reader: Reader::new(entries),
            n_bytes: self.bytes.len(),
            previous: StreamId { seq: first_id.seq.wrapping_sub(1), ..first_id },
        }
    }
}

fn offset(len: usize) -> u32 {
    u32::try_from(len).expect("a node is kept below 4 GiB")
}

/// Ids mostly count up within a millisecond and start at 0 in the next.
fn expected_seq(before: StreamId, step: u64) -> u64 {
    if step == 0 { before.seq.wrapping_add(1) } else { 0 }
}

/// What an entry adds to Valkey's node.
fn listpack_entry_bytes(
    first_id: StreamId,
    id: StreamId,
    fields: &[Field<'_>],
    own_names: bool,
) -> u64 {
    let id_bytes = listpack::integer_bytes(id.ms.wrapping_sub(first_id.ms) as i64)
        + listpack::integer_bytes(id.seq.wrapping_sub(first_id.seq) as i64);
    let values: u64 = fields.iter().map(|(_, value)| listpack::text_bytes(value)).sum();
    let n_fields = fields.len();
    // The mark in front, the id and the count of elements at the end.
    if !own_names {
        let n_elements = n_fields + 3;
        return listpack::integer_bytes(LISTPACK_SAME_NAMES)
            + id_bytes
            + values
            + listpack::count_bytes(n_elements);
    }
    let names: u64 = fields.iter().map(|(name, _)| listpack::text_bytes(name)).sum();
    let n_elements = 2 * n_fields + 4;
    listpack::integer_bytes(0)
        + id_bytes
        + listpack::count_bytes(n_fields)
        + names
        + values
        + listpack::count_bytes(n_elements)
}

/// The entries of a node in their order.
#[derive(Clone, Debug)]
pub(super) struct Entries<'a> {
    names: &'a [u8],
    n_names: u64,
    reader: Reader<'a>,
    n_bytes: usize,
    previous: StreamId,
}

/// An entry and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) at: usize,
    pub(super) is_deleted: bool,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Placed<'a>;

    fn next(&mut self) -> Option<Placed<'a>> {
        if self.reader.is_done() {
            return None;
        }
        let at = self.n_bytes - self.reader.rest().len();
        let reader = &mut self.reader;
        let head = reader.byte();
        let step = match head >> STEP_SHIFT {
            FAR => reader.number(),
            near => u64::from(near),
        };
        let surprise = if head & UNEXPECTED_SEQ == 0 { 0 } else { reader.number() };
        let id = StreamId {
            ms: self.previous.ms.wrapping_add(step),
            seq: expected_seq(self.previous, step).wrapping_add(surprise),
        };
        self.previous = id;
        let own_names = head & OWN_NAMES != 0;
        let n_fields = if own_names { reader.number() } else { self.n_names };
        let words = reader.rest();
        for _ in 0..if own_names { 2 * n_fields } else { n_fields } {
            reader.word();
        }
        let words = &words[..words.len() - reader.rest().len()];
        let names = if own_names { None } else { Some(self.names) };
        let entry = Entry { id, n_fields: n_fields as usize, names, words };
        Some(Placed { entry, at, is_deleted: head & DELETED != 0 })
    }
}

/// An entry of a stream: its id and its fields.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub id: StreamId,
    n_fields: usize,
    /// The node's, unless names and values take turns in `words`.
    names: Option<&'a [u8]>,
    words: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Whether it has names of its own, and not those of the first in its node.
    pub(super) fn has_own_names(&self) -> bool {
        self.names.is_none()
    }

    /// Names and values in the order in which they came.
    pub fn fields(&self) -> Fields<'a> {
        Fields {
            names: self.names.map(Reader::new),
            words: Reader::new(self.words),
            n_left: self.n_fields,
        }
    }
}

/// The fields of an entry.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    names: Option<Reader<'a>>,
    words: Reader<'a>,
    n_left: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Element<'a>, Element<'a>);

    fn next(&mut self) -> Option<(Element<'a>, Element<'a>)> {
        self.n_left = self.n_left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => names.word(),
            None => self.words.word(),
        };
        Some((name, self.words.word()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

impl ExactSizeIterator for Fields<'_> {}
