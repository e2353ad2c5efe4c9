//! Strings: what a read sees and what an edit works on.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::item::BoxedValue;
use crate::limits::SharedLimits;
use crate::value::{Kind, Repr, Sealed, Type, Value};

/// A working copy that grows beyond this becomes a big one, which grows in place. As big as the
/// strings that are kept outside of segments.
const SMALL_BYTES_MAX: usize = 8 << 10;

/// A string as a read sees it. Copy small ones out; clone the `Bytes` of shared ones.
#[derive(Clone, Copy, Debug)]
pub enum StrRef<'a> {
    Inline(&'a [u8]),
    Shared(&'a Bytes),
}

impl<'a> StrRef<'a> {
    pub fn as_slice(self) -> &'a [u8] {
        match self {
            StrRef::Inline(it) => it,
            StrRef::Shared(it) => it,
        }
    }
}

/// A string open for editing. It derefs to its bytes.
#[derive(Debug, Default)]
pub struct Str {
    content: Content,
    edited: bool,
}

#[derive(Debug)]
enum Content {
    Small(Vec<u8>),
    /// As it was stored; nothing has changed it yet.
    Shared(Bytes),
    /// Its spare room survives `freeze`, and comes back when nobody else holds the bytes. So a
    /// chain of appends copies each byte a constant number of times.
    Big(BytesMut),
}

/// What a working copy leaves behind to be stored.
#[derive(Debug)]
pub(crate) enum StrRepr {
    Small(Vec<u8>),
    Big(Bytes),
}

impl Default for Content {
    fn default() -> Content {
        Content::Small(Vec::new())
    }
}

impl Str {
    /// A working copy of a small string. `edited` is what the item says.
    pub(crate) fn from_small(bytes: Vec<u8>, edited: bool) -> Str {
        Str { content: Content::Small(bytes), edited }
    }

    /// A working copy of a big string. It is edited in place when this is the only handle of its
    /// bytes; else the first change copies them.
    pub(crate) fn from_shared(bytes: Bytes, edited: bool) -> Str {
        Str { content: Content::Shared(bytes), edited }
    }

    pub(crate) fn into_repr(self) -> StrRepr {
        match self.content {
            Content::Small(it) => StrRepr::Small(it),
            Content::Shared(it) => StrRepr::Big(it),
            Content::Big(it) => StrRepr::Big(it.freeze()),
        }
    }

    /// Whether the string was edited in place since it was last stored whole.
    pub(crate) fn is_edited(&self) -> bool {
        self.edited
    }

    /// Replaces the whole content; the encoding may become `int` again.
    pub fn replace(&mut self, bytes: &[u8]) {
        self.edited = false;
        match &mut self.content {
            Content::Small(it) if bytes.len() <= SMALL_BYTES_MAX => {
                it.clear();
                it.extend_from_slice(bytes);
            }
            content if bytes.len() <= SMALL_BYTES_MAX => *content = Content::Small(bytes.to_vec()),
            content => *content = Content::Shared(Bytes::copy_from_slice(bytes)),
        }
    }

    /// Replaces the whole content by bytes that were made for it, which are not copied when they
    /// are many. It counts as edited.
    pub fn become_bytes(&mut self, bytes: Vec<u8>) {
        self.edited = true;
        self.content = if bytes.len() <= SMALL_BYTES_MAX {
            Content::Small(bytes)
        } else {
            Content::Shared(Bytes::from(bytes))
        };
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, bytes: &[u8]) {
        self.edited = true;
        match self.room_for(self.len() + bytes.len()) {
            Room::Small(it) => it.extend_from_slice(bytes),
            Room::Big(it) => it.extend_from_slice(bytes),
        }
    }

    /// Adds bytes at the front.
    pub fn prepend(&mut self, bytes: &[u8]) {
        self.splice(0..0, bytes);
    }

    /// Puts other bytes in the place of a range, which lies inside the string.
    pub fn splice(&mut self, range: Range<usize>, with: &[u8]) {
        let (old_len, with_end) = (self.len(), range.start + with.len());
        let new_len = with_end + old_len - range.end;
        let it = self.bytes_mut(new_len);
        it.copy_within(range.end..old_len, with_end);
        it[range.start..with_end].copy_from_slice(with);
        match &mut self.content {
            Content::Small(it) => it.truncate(new_len),
            Content::Big(it) => it.truncate(new_len),
            Content::Shared(it) => it.truncate(new_len),
        }
    }

    /// Overwrites from `offset`, padding with zero bytes up to it.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        self.bytes_mut(end)[offset..end].copy_from_slice(bytes);
    }

    /// The bytes, to be changed in place; zeros are added until there are `len_min` of them.
    pub fn bytes_mut(&mut self, len_min: usize) -> &mut [u8] {
        self.edited = true;
        self.resize(len_min.max(self.len()))
    }

    /// Makes the string `len` bytes long, which is not less than it is; new bytes are zero.
    fn resize(&mut self, len: usize) -> &mut [u8] {
        // Mostly padding: fresh zero pages cost nothing until they are written.
        if len > SMALL_BYTES_MAX && len / 2 > self.len() {
            let mut zeroed = BytesMut::zeroed(len);
            zeroed[..self.len()].copy_from_slice(self);
            self.content = Content::Big(zeroed);
        }
        match self.room_for(len) {
            Room::Small(it) => {
                it.resize(len, 0);
                it
            }
            Room::Big(it) => {
                it.resize(len, 0);
                it
            }
        }
    }

    /// The content in the form that may grow to `len` bytes.
    fn room_for(&mut self, len: usize) -> Room<'_> {
        self.content = match std::mem::take(&mut self.content) {
            Content::Small(it) if len > SMALL_BYTES_MAX => {
                let mut big = BytesMut::with_capacity(len);
                big.extend_from_slice(&it);
                Content::Big(big)
            }
            Content::Shared(it) => Content::Big(it.try_into_mut().unwrap_or_else(|shared| {
                let mut own = BytesMut::with_capacity(len.max(shared.len()));
                own.extend_from_slice(&shared);
                own
            })),
            content => content,
        };
        match &mut self.content {
            Content::Small(it) => Room::Small(it),
            Content::Big(it) => Room::Big(it),
            Content::Shared(_) => unreachable!("a shared string was just made a big one"),
        }
    }
}

enum Room<'a> {
    Small(&'a mut Vec<u8>),
    Big(&'a mut BytesMut),
}

impl std::ops::Deref for Str {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.content {
            Content::Small(it) => it,
            Content::Shared(it) => it,
            Content::Big(it) => it,
        }
    }
}

#[expect(private_interfaces, reason = "sealed: only the engine calls it")]
impl Sealed for Str {
    const TYPE: Type = Type::String;
    type Limits = ();

    fn limits(_: &SharedLimits) {}

    fn open(repr: Repr, edited: bool, (): ()) -> Str {
        match repr {
            Repr::Small(it) => Str::from_small(it, edited),
            Repr::Boxed(BoxedValue::String(it)) => Str::from_shared(it, edited),
            Repr::Boxed(it) => unreachable!("the type was checked before the edit: {it:?}"),
        }
    }

    fn close(self) -> (Repr, bool) {
        let edited = self.is_edited();
        let repr = match self.into_repr() {
            StrRepr::Small(it) => Repr::Small(it),
            StrRepr::Big(it) => Repr::Boxed(BoxedValue::String(it)),
        };
        (repr, edited)
    }

    /// An empty string is a value like any other.
    fn is_gone(&self) -> bool {
        false
    }
}

impl Kind for Str {
    type Ref<'a> = StrRef<'a>;

    fn of(value: Value<'_>) -> Option<StrRef<'_>> {
        if let Value::String(it) = value { Some(it) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::for_seeds;

    /// Stores the working copy and opens it again, as the engine does between commands.
    fn reopen(string: Str) -> Str {
        let edited = string.is_edited();
        match string.into_repr() {
            StrRepr::Small(it) => Str::from_small(it, edited),
            StrRepr::Big(it) => Str::from_shared(it, edited),
        }
    }

    #[test]
    fn a_string_is_a_vector() {
        for_seeds(40, |random| {
            let (mut string, mut model) = (Str::default(), Vec::new());
            let len_max = if random.one_in(2) { 100 } else { 6000 };
            let mut readers = Vec::new();
            for _ in 0..if cfg!(miri) { 30 } else { 300 } {
                let bytes = random.bytes(len_max);
                let before = readers.last().map(|it: &Bytes| it.to_vec());
                match random.below(10) {
                    0 => {
                        string.replace(&bytes);
                        model = bytes;
                    }
                    9 => {
                        let ends = [0, 0].map(|_| random.below(model.len() + 1));
                        let range = ends[0].min(ends[1])..ends[0].max(ends[1]);
                        string.splice(range.clone(), &bytes);
                        model.splice(range, bytes);
                    }
                    8 if random.one_in(2) => {
                        string.become_bytes(bytes.clone());
                        model = bytes;
                    }
                    8 => {
                        let len_min = random.below(len_max);
                        model.resize(model.len().max(len_min), 0);
                        let last = string.bytes_mut(len_min).last_mut();
                        assert_eq!(last.is_none(), model.is_empty());
                        if let (Some(ours), Some(theirs)) = (last, model.last_mut()) {
                            (*ours, *theirs) = (!*ours, !*theirs);
                        }
                    }
                    1..4 => {
                        string.append(&bytes);
                        model.extend(bytes);
                    }
                    4 => {
                        string.prepend(&bytes);
                        model.splice(..0, bytes);
                    }
                    _ => {
                        let offset = random.below(model.len() + 200);
                        string.write_at(offset, &bytes);
                        model.resize(model.len().max(offset + bytes.len()), 0);
                        model[offset..offset + bytes.len()].copy_from_slice(&bytes);
                    }
                }
                assert_eq!(&*string, model);
                assert_eq!(readers.last().map(|it| it.to_vec()), before, "readers see no change");
                string = reopen(string);
                if let (Content::Shared(it), true) = (&string.content, random.one_in(3)) {
                    readers.push(it.clone());
                }
            }
        });
    }

    #[test]
    fn editing_in_place_is_remembered_until_the_string_is_replaced() {
        let mut string = Str::from_small(b"1".to_vec(), false);
        string.append(b"2");
        assert!(string.is_edited());
        string.replace(b"3");
        assert!(!string.is_edited());
        string.prepend(b"2");
        assert!(string.is_edited());
        string.replace(b"3");
        string.write_at(0, b"4");
        assert!(string.is_edited());
    }

    #[test]
    fn appending_to_a_big_string_does_not_copy_it_each_time() {
        let mut string = Str::default();
        string.replace(&vec![b'x'; 1 << 20]);
        let mut n_moves = 0;
        for _ in 0..if cfg!(miri) { 5 } else { 1000 } {
            let before = string.as_ptr();
            string.append(b"a little more");
            n_moves += usize::from(string.as_ptr() != before);
            string = reopen(string);
        }
        assert!(n_moves <= 1, "moved {n_moves} times");
    }

    /// What was received with a command is a part of a bigger buffer.
    #[test]
    fn changing_a_big_string_that_nobody_else_holds_moves_nothing() {
        let received = Bytes::from(vec![b'x'; 1 << 20]);
        let mut string = Str::from_shared(received.slice(100..), false);
        drop(received);
        let start = string.as_ptr();
        for at in 0..100 {
            string.bytes_mut(at * 1000 + 1)[at * 1000] = 0;
            assert_eq!(string.as_ptr(), start);
            string = reopen(string);
        }
    }

    #[test]
    fn a_string_that_a_reader_holds_is_copied_before_it_changes() {
        let held = Bytes::from(vec![b'x'; 10_000]);
        let mut string = Str::from_shared(held.clone(), false);
        string.write_at(0, b"y");
        assert_eq!((held[0], string[0]), (b'x', b'y'));
        // Opened and closed without a change: no copy.
        let StrRepr::Big(same) = Str::from_shared(held.clone(), false).into_repr() else {
            panic!("a shared string stays big")
        };
        assert_eq!(same.as_ptr(), held.as_ptr());
    }
}
