//! Streams as they are written: nodes as listpacks, then the past, then the groups.

use tandem_engine::{Group, StoredEntry, StoredNode, StreamId, StreamRef};

use crate::listpack::ListpackWriter;
use crate::types;
use crate::writer::Writer;

// Marks of an entry.
pub(crate) const DELETED: i64 = 1;
pub(crate) const SHARES_NAMES: i64 = 1 << 1;

/// Stands for a number or a time that is not known.
pub(crate) const UNKNOWN: u64 = u64::MAX;

pub(crate) fn stream(writer: &mut Writer, stream: StreamRef<'_>) {
    let log = stream.log();
    writer.byte(types::STREAM_3);
    writer.count(log.n_nodes() as u64);
    for node in log.nodes() {
        writer.string(&id_bytes(node.first_id));
        writer.string(&listpack(node));
    }
    writer.count(log.len());
    for id in [log.last_id(), log.first_id(), log.max_deleted_id()] {
        put_id(writer, id);
    }
    writer.count(log.n_added() as u64);
    writer.count(stream.n_groups() as u64);
    for (name, it) in stream.groups() {
        writer.string(name);
        group(writer, it);
    }
}

fn id_bytes(id: StreamId) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}

fn put_id(writer: &mut Writer, id: StreamId) {
    writer.count(id.ms);
    writer.count(id.seq);
}

fn listpack(node: StoredNode<'_>) -> Vec<u8> {
    let mut run = ListpackWriter::new();
    run.integer(i64::from(node.n_live()));
    run.integer(i64::from(node.n_deleted()));
    run.integer(node.names().len() as i64);
    node.names().for_each(|it| run.element(it));
    run.integer(0);
    node.entries().for_each(|it| put_entry(&mut run, node.first_id, it));
    run.finish()
}

fn put_entry(run: &mut ListpackWriter, first_id: StreamId, stored: StoredEntry<'_>) {
    let StoredEntry { entry, is_deleted, shares_names } = stored;
    let fields = entry.fields();
    let n_fields = fields.len() as i64;
    let marks = if is_deleted { DELETED } else { 0 } | if shares_names { SHARES_NAMES } else { 0 };
    run.integer(marks);
    run.integer(entry.id.ms.wrapping_sub(first_id.ms) as i64);
    run.integer(entry.id.seq.wrapping_sub(first_id.seq) as i64);
    if !shares_names {
        run.integer(n_fields);
    }
    for (name, value) in fields {
        if !shares_names {
            run.element(name);
        }
        run.element(value);
    }
    run.integer(n_elements(n_fields, shares_names));
}

/// How many elements an entry has, as its end says for who comes from there.
pub(crate) fn n_elements(n_fields: i64, shares_names: bool) -> i64 {
    if shares_names { n_fields + 3 } else { 2 * n_fields + 4 }
}

fn group(writer: &mut Writer, group: &Group) {
    put_id(writer, group.last_id);
    writer.count(group.n_read.map_or(UNKNOWN, |it| it as u64));
    writer.count(group.n_pending() as u64);
    for (id, pending) in group.pending_from(StreamId::MIN) {
        writer.raw(&id_bytes(id));
        writer.number(pending.delivered_ms);
        writer.count(pending.n_deliveries);
    }
    writer.count(group.n_consumers() as u64);
    for (name, consumer) in group.consumers() {
        writer.string(name);
        writer.number(consumer.seen_ms);
        writer.number(consumer.active_ms.unwrap_or(UNKNOWN));
        writer.count(consumer.n_pending() as u64);
        consumer.pending_from(StreamId::MIN).for_each(|id| writer.raw(&id_bytes(id)));
    }
}
