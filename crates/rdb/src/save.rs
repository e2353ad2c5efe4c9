//! Values as they are written: in the form that Valkey would have them in.

use tandem_engine::{
    Element, HashEncoding, HashRef, ListRef, Member, Order, SetEncoding, SetRef, SortedSetRef,
    Value,
};

use crate::listpack::ListpackWriter;
use crate::writer::Writer;
use crate::{stream_save, types};

/// Bytes of a list's node, as `list-max-listpack-size` has them where nothing else is set. Longer
/// elements have nodes of their own.
const NODE_BYTES_MAX: usize = 8 << 10;
/// What Valkey takes an element's head and end for when it asks whether it fits.
const ELEMENT_ESTIMATE_BYTES: usize = 8;

pub(crate) fn object(writer: &mut Writer, value: Value<'_>, write_score: fn(f64, &mut Vec<u8>)) {
    match value {
        Value::String(it) => {
            writer.byte(types::STRING);
            writer.string(it.as_slice());
        }
        Value::Hash(it) => hash(writer, it),
        Value::List(it) => list(writer, it),
        Value::Set(it) => set(writer, it),
        Value::SortedSet(it) => sorted_set(writer, it, write_score),
        Value::Stream(it) => stream_save::stream(writer, it),
    }
}

fn hash(writer: &mut Writer, hash: HashRef<'_>) {
    let first_end = hash.first_end();
    match hash.encoding() {
        HashEncoding::Indexed if first_end != 0 => indexed_expiring_hash(writer, hash, first_end),
        HashEncoding::Indexed => {
            writer.byte(types::HASH);
            writer.count(hash.len() as u64);
            for (field, value) in hash {
                writer.string(field);
                writer.string(value);
            }
        }
        HashEncoding::PackedExpiring => packed_expiring_hash(writer, hash, first_end),
        HashEncoding::Packed => {
            let mut run = ListpackWriter::new();
            for (field, value) in hash {
                run.text(field);
                run.text(value);
            }
            writer.byte(types::HASH_LISTPACK);
            writer.string(&run.finish());
        }
    }
}

/// Fields in the order in which they expire, behind them those that do not.
fn packed_expiring_hash(writer: &mut Writer, hash: HashRef<'_>, first_end: u64) {
    let ending = |(field, value)| (hash.end_of(field).unwrap_or(0), field, value);
    let mut fields: Vec<(u64, &[u8], &[u8])> = hash.iter().map(ending).collect();
    fields.sort_by_key(|(end_ms, ..)| end_ms.wrapping_sub(1));
    let mut run = ListpackWriter::new();
    for (end_ms, field, value) in fields {
        run.text(field);
        run.text(value);
        run.integer(end_ms as i64);
    }
    writer.byte(types::HASH_LISTPACK_EXPIRING);
    writer.number(first_end);
    writer.string(&run.finish());
}

fn indexed_expiring_hash(writer: &mut Writer, hash: HashRef<'_>, first_end: u64) {
    writer.byte(types::HASH_EXPIRING);
    writer.number(first_end);
    // Those that have expired and were not taken out yet do not show.
    writer.count(hash.iter().count() as u64);
    for (field, value) in hash {
        let end_ms = hash.end_of(field).unwrap_or(0);
        writer.count(if end_ms == 0 { 0 } else { end_ms - first_end + 1 });
        writer.string(field);
        writer.string(value);
    }
}

fn list(writer: &mut Writer, list: ListRef<'_>) {
    let mut nodes = Nodes { n: 0, bytes: writer.another(), run: ListpackWriter::new() };
    let is_one = list.is_listpack();
    for element in list {
        nodes.push(element, is_one);
    }
    nodes.end_run();
    writer.byte(types::LIST_QUICKLIST_2);
    writer.count(nodes.n);
    writer.raw(&nodes.bytes.bytes);
}

/// The nodes of a list that is being written.
struct Nodes {
    n: u64,
    bytes: Writer,
    run: ListpackWriter,
}

impl Nodes {
    fn push(&mut self, element: Element<'_>, is_one: bool) {
        let mut digits = itoa::Buffer::new();
        let len = element.text(&mut digits).len();
        if !is_one && NODE_BYTES_MAX < len {
            self.end_run();
            self.n += 1;
            self.bytes.count(types::NODE_PLAIN);
            return self.bytes.string(element.text(&mut digits));
        }
        let is_full = NODE_BYTES_MAX < self.run.len() + len + ELEMENT_ESTIMATE_BYTES;
        if is_full && !is_one {
            self.end_run();
        }
        self.run.element(element);
    }

    fn end_run(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let run = std::mem::replace(&mut self.run, ListpackWriter::new());
        self.n += 1;
        self.bytes.count(types::NODE_PACKED);
        self.bytes.string(&run.finish());
    }
}

fn set(writer: &mut Writer, set: SetRef<'_>) {
    match set.encoding() {
        SetEncoding::Integers => {
            writer.byte(types::SET_INTSET);
            writer.string(&intset(set));
        }
        SetEncoding::Packed => {
            let mut run = ListpackWriter::new();
            set.iter().for_each(|it| it.with(|it| run.text(it)));
            writer.byte(types::SET_LISTPACK);
            writer.string(&run.finish());
        }
        SetEncoding::Indexed => {
            writer.byte(types::SET);
            writer.count(set.len() as u64);
            set.iter().for_each(|it| it.with(|it| writer.string(it)));
        }
    }
}

/// The integers in the width that the biggest needs.
fn intset(set: SetRef<'_>) -> Vec<u8> {
    let integers = || set.iter().filter_map(Member::integer);
    let fits = |min: i64, max: i64| integers().all(|it| min <= it && it <= max);
    let width = if fits(i16::MIN.into(), i16::MAX.into()) {
        2
    } else if fits(i32::MIN.into(), i32::MAX.into()) {
        4
    } else {
        8
    };
    let mut bytes = Vec::with_capacity(8 + width * set.len());
    bytes.extend((width as u32).to_le_bytes());
    bytes.extend((set.len() as u32).to_le_bytes());
    for integer in integers() {
        bytes.extend_from_slice(&integer.to_le_bytes()[..width]);
    }
    bytes
}

fn sorted_set(writer: &mut Writer, set: SortedSetRef<'_>, write_score: fn(f64, &mut Vec<u8>)) {
    if set.is_packed() {
        let mut run = ListpackWriter::new();
        let mut text = Vec::new();
        for (member, score) in set {
            run.text(member);
            text.clear();
            write_score(score, &mut text);
            run.text(&text);
        }
        writer.byte(types::SORTED_SET_LISTPACK);
        return writer.string(&run.finish());
    }
    writer.byte(types::SORTED_SET_2);
    writer.count(set.len() as u64);
    // From the highest on: who reads it then only ever inserts in front.
    for (member, score) in set.range(0..set.len(), Order::Falling) {
        writer.string(member);
        writer.raw(&score.to_le_bytes());
    }
}
