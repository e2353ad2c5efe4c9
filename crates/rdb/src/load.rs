//! Values as they are read.

use tandem_engine::{
    End, FIELD_END_MAX_MS, Hash, Key, Limits, List, Member, NewValue, PackedLimits, PutOptions,
    Set, SetLimits, SortedSet, Str, Stream, View,
};

use crate::error::Error;
use crate::listpack::read_integer;
use crate::reader::{Reader, parse_score};
use crate::run::{Run, text_of};
use crate::{stream_load, types};

/// A value that was read and can be stored.
#[derive(Debug)]
pub enum Content {
    String(Str),
    Hash(Hash),
    List(List),
    Set(Set),
    SortedSet(SortedSet),
    Stream(Stream),
}

impl Content {
    /// Stores the value over what the key holds.
    pub fn store(self, view: &mut View<'_>, key: Key<'_>, options: PutOptions) {
        match self {
            Content::String(it) => view.put_with(key, it, options),
            Content::Hash(it) => view.put_with(key, it, options),
            Content::List(it) => view.put_with(key, it, options),
            Content::Set(it) => view.put_with(key, it, options),
            Content::SortedSet(it) => view.put_with(key, it, options),
            Content::Stream(it) => view.put_with(key, it, options),
        }
    }

    /// True for a collection without elements, which no key can hold. A hash looks itself: its
    /// fields may have been there, but expired.
    fn is_empty(&self) -> bool {
        match self {
            Content::String(_) | Content::Stream(_) | Content::Hash(_) => false,
            Content::List(it) => it.is_empty(),
            Content::Set(it) => it.is_empty(),
            Content::SortedSet(it) => it.is_empty(),
        }
    }
}

/// Reads a value of any type.
pub(crate) fn object(
    reader: &mut Reader<'_>,
    limits: Limits,
    now_ms: u64,
) -> Result<Content, Error> {
    let content = match reader.byte()? {
        types::STRING => Content::String(string(reader)?),
        kind @ (types::LIST
        | types::LIST_ZIPLIST
        | types::LIST_QUICKLIST
        | types::LIST_QUICKLIST_2) => Content::List(list(reader, kind, limits)?),
        types::SET => Content::Set(set(reader, limits.set)?),
        types::SET_INTSET => Content::Set(intset(&reader.string()?, limits.set)?),
        types::SET_LISTPACK => Content::Set(packed_set(&reader.string()?, limits.set)?),
        kind @ (types::SORTED_SET | types::SORTED_SET_2) => {
            Content::SortedSet(sorted_set(reader, kind, limits.sorted_set)?)
        }
        types::SORTED_SET_ZIPLIST => Content::SortedSet(packed_sorted_set(
            Run::ziplist(&reader.string()?)?,
            limits.sorted_set,
        )?),
        types::SORTED_SET_LISTPACK => Content::SortedSet(packed_sorted_set(
            Run::listpack(&reader.string()?)?,
            limits.sorted_set,
        )?),
        kind @ (types::STREAM | types::STREAM_2 | types::STREAM_3) => {
            Content::Stream(stream_load::stream(reader, kind, limits.stream)?)
        }
        kind => Content::Hash(any_hash(reader, kind, limits.hash, now_ms)?),
    };
    if content.is_empty() { Err(Error::Corrupt) } else { Ok(content) }
}

fn string(reader: &mut Reader<'_>) -> Result<Str, Error> {
    let mut string = Str::default();
    string.replace(&reader.string()?);
    Ok(string)
}

/// A list is one piece again only if it was: that is what the name of its encoding says.
fn list(reader: &mut Reader<'_>, kind: u8, limits: Limits) -> Result<List, Error> {
    let mut list = List::new(limits);
    list.split();
    if kind == types::LIST_ZIPLIST {
        push_all(&mut list, Run::ziplist(&reader.string()?)?)?;
        return Ok(list);
    }
    let n = reader.count()?;
    let mut is_one = kind == types::LIST || n == 1;
    for _ in 0..n {
        match kind {
            types::LIST => push(&mut list, &reader.string()?),
            types::LIST_QUICKLIST_2 => match reader.count()? {
                types::NODE_PLAIN => {
                    is_one = false;
                    push(&mut list, &reader.string()?);
                }
                types::NODE_PACKED => push_all(&mut list, Run::listpack(&reader.string()?)?)?,
                _ => return Err(Error::Corrupt),
            },
            _ => push_all(&mut list, Run::ziplist(&reader.string()?)?)?,
        }
    }
    if is_one {
        list.join();
    }
    Ok(list)
}

fn push_all(list: &mut List, mut run: Run<'_>) -> Result<(), Error> {
    while let Some(element) = run.next()? {
        push(list, &text_of(element));
    }
    Ok(())
}

fn push(list: &mut List, text: &[u8]) {
    list.push(&NewValue::Copied(text), End::Back);
}

fn set(reader: &mut Reader<'_>, limits: SetLimits) -> Result<Set, Error> {
    let n = reader.count()?;
    let n_small_max = limits.integers_max.max(limits.entries_max);
    let mut set = if n_small_max as u64 >= n { Set::new(limits) } else { Set::new_indexed(limits) };
    for _ in 0..n {
        add(&mut set, Member::Bytes(&reader.string()?))?;
    }
    Ok(set)
}

fn add(set: &mut Set, member: Member<'_>) -> Result<(), Error> {
    if set.add(member) { Ok(()) } else { Err(Error::Corrupt) }
}

/// The width of the integers and how many they are, then the integers in order.
fn intset(bytes: &[u8], limits: SetLimits) -> Result<Set, Error> {
    let (head, integers) = bytes.split_first_chunk::<8>().ok_or(Error::Corrupt)?;
    let width = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let n = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let is_whole = matches!(width, 2 | 4 | 8) && n.checked_mul(width) == Some(integers.len());
    if !is_whole {
        return Err(Error::Corrupt);
    }
    let mut set = Set::new(limits);
    let mut before = None;
    for bytes in integers.chunks_exact(width) {
        let integer = read_integer(bytes);
        if before.is_some_and(|it| integer <= it) {
            return Err(Error::Corrupt);
        }
        before = Some(integer);
        add(&mut set, Member::Integer(integer))?;
    }
    Ok(set)
}

fn packed_set(bytes: &[u8], limits: SetLimits) -> Result<Set, Error> {
    let mut run = Run::listpack(bytes)?;
    let mut set = Set::new_packed(limits);
    while let Some(element) = run.next()? {
        add(&mut set, Member::Bytes(&text_of(element)))?;
    }
    Ok(set)
}

fn sorted_set(reader: &mut Reader<'_>, kind: u8, limits: PackedLimits) -> Result<SortedSet, Error> {
    let n = reader.count()?;
    let mut set = SortedSet::new(limits);
    set.expect(usize::try_from(n).map_err(|_| Error::Corrupt)?, 0);
    for _ in 0..n {
        let member = reader.string()?;
        let is_text = kind == types::SORTED_SET;
        let score = if is_text { reader.score_text()? } else { reader.score()? };
        insert(&mut set, &member, score)?;
    }
    Ok(set)
}

fn packed_sorted_set(mut run: Run<'_>, limits: PackedLimits) -> Result<SortedSet, Error> {
    let mut set = SortedSet::new(limits);
    while let Some(member) = run.next()? {
        let score = parse_score(&run.text()?)?;
        insert(&mut set, &text_of(member), score)?;
    }
    Ok(set)
}

fn insert(set: &mut SortedSet, member: &[u8], score: f64) -> Result<(), Error> {
    if set.insert(member, score).is_none() { Ok(()) } else { Err(Error::Corrupt) }
}

fn any_hash(
    reader: &mut Reader<'_>,
    kind: u8,
    limits: PackedLimits,
    now_ms: u64,
) -> Result<Hash, Error> {
    let mut fields = Fields { hash: Hash::new(limits), now_ms, n_read: 0 };
    match kind {
        types::HASH => {
            for _ in 0..reader.count()? {
                fields.add(&reader.string()?, &reader.string()?)?;
            }
        }
        types::HASH_ZIPMAP => fields.add_run(Run::zipmap(&reader.string()?)?)?,
        types::HASH_ZIPLIST => fields.add_run(Run::ziplist(&reader.string()?)?)?,
        types::HASH_LISTPACK => fields.add_run(Run::listpack(&reader.string()?)?)?,
        types::HASH_LISTPACK_EXPIRING_EARLY => {
            fields.add_expiring_run(Run::listpack(&reader.string()?)?)?;
        }
        types::HASH_LISTPACK_EXPIRING => {
            // The first of the ends, which we find ourselves.
            reader.number()?;
            fields.add_expiring_run(Run::listpack(&reader.string()?)?)?;
        }
        types::HASH_EXPIRING_EARLY => fields.add_expiring(reader, 1)?,
        types::HASH_EXPIRING => {
            let first_end = reader.number()?;
            fields.add_expiring(reader, first_end)?;
        }
        _ => return Err(Error::Corrupt),
    }
    if fields.n_read == 0 { Err(Error::Corrupt) } else { Ok(fields.hash) }
}

/// A hash that is being read.
struct Fields {
    hash: Hash,
    now_ms: u64,
    /// Those that have expired too.
    n_read: usize,
}

impl Fields {
    fn add(&mut self, field: &[u8], value: &[u8]) -> Result<(), Error> {
        self.n_read += 1;
        if self.hash.set(field, value) { Ok(()) } else { Err(Error::Corrupt) }
    }

    /// A field that expires, or does not where its end is 0.
    fn add_ending(&mut self, field: &[u8], value: &[u8], end_ms: u64) -> Result<(), Error> {
        if FIELD_END_MAX_MS < end_ms {
            return Err(Error::Corrupt);
        }
        if end_ms != 0 && end_ms <= self.now_ms {
            self.n_read += 1;
            return Ok(());
        }
        self.add(field, value)?;
        if end_ms != 0 {
            self.hash.set_end(field, end_ms);
        }
        Ok(())
    }

    fn add_run(&mut self, mut run: Run<'_>) -> Result<(), Error> {
        while let Some(field) = run.next()? {
            self.add(&text_of(field), &run.text()?)?;
        }
        Ok(())
    }

    fn add_expiring_run(&mut self, mut run: Run<'_>) -> Result<(), Error> {
        self.hash.start_expiring();
        while let Some(field) = run.next()? {
            let value = run.text()?;
            let end_ms = u64::try_from(run.integer()?).map_err(|_| Error::Corrupt)?;
            self.add_ending(&text_of(field), &value, end_ms)?;
        }
        Ok(())
    }

    /// Ends count from the first of them on, which is 1 itself: 0 stands for none.
    fn add_expiring(&mut self, reader: &mut Reader<'_>, first_end: u64) -> Result<(), Error> {
        for _ in 0..reader.count()? {
            let end_ms = match reader.count()? {
                0 => 0,
                n => first_end.checked_add(n - 1).ok_or(Error::Corrupt)?,
            };
            self.add_ending(&reader.string()?, &reader.string()?, end_ms)?;
        }
        Ok(())
    }
}
