//! Streams as they are read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tandem_engine::{Field, OpenGroup, Stream, StreamId, StreamLimits};

use crate::error::Error;
use crate::reader::Reader;
use crate::run::Run;
use crate::stream_save::{DELETED, SHARES_NAMES, UNKNOWN, n_elements};
use crate::types;

type Text<'a> = Cow<'a, [u8]>;

pub(crate) fn stream(
    reader: &mut Reader<'_>,
    kind: u8,
    limits: StreamLimits,
) -> Result<Stream, Error> {
    let mut stream = Stream::new(limits);
    for _ in 0..reader.count()? {
        let first_id = reader.string()?;
        let first_id = first_id.as_ref().try_into().map_err(|_| Error::Corrupt)?;
        add_node(&mut stream, id_of(first_id), &reader.string()?)?;
    }
    let len = reader.count()?;
    let last_id = id(reader)?;
    let is_true = len == stream.log().len() && stream.log().last_id() <= last_id;
    let (n_added, max_deleted_id) = if kind == types::STREAM {
        (len, StreamId::MIN)
    } else {
        // The first id, which the entries say themselves.
        id(reader)?;
        let max_deleted_id = id(reader)?;
        (reader.count()?, max_deleted_id)
    };
    if !is_true {
        return Err(Error::Corrupt);
    }
    stream.set_past(last_id, Some(n_added as i64), max_deleted_id);
    for _ in 0..reader.count()? {
        add_group(&mut stream, reader, kind)?;
    }
    Ok(stream)
}

fn id_of(bytes: &[u8; 16]) -> StreamId {
    let whole = u128::from_be_bytes(*bytes);
    StreamId::new((whole >> 64) as u64, whole as u64)
}

fn id(reader: &mut Reader<'_>) -> Result<StreamId, Error> {
    Ok(StreamId::new(reader.count()?, reader.count()?))
}

/// Adds a node with its entries, of which one at least is not deleted.
fn add_node(stream: &mut Stream, first_id: StreamId, bytes: &[u8]) -> Result<(), Error> {
    let mut run = Run::listpack(bytes)?;
    let (n_live, n_deleted) = (run.integer()?, run.integer()?);
    let mut names = Vec::new();
    for _ in 0..run.integer()? {
        names.push(run.text()?);
    }
    let shared: Vec<Field<'_>> = names.iter().map(|it| (&**it, &b""[..])).collect();
    if run.integer()? != 0 || n_live <= 0 || !stream.restore_node(first_id, &shared) {
        return Err(Error::Corrupt);
    }
    let mut counts = [0, 0];
    while counts[0] + counts[1] < n_live.checked_add(n_deleted).ok_or(Error::Corrupt)? {
        let is_deleted = add_entry(stream, first_id, &names, &mut run)?;
        counts[usize::from(is_deleted)] += 1;
    }
    run.end()?;
    if counts == [n_live, n_deleted] { Ok(()) } else { Err(Error::Corrupt) }
}

/// True for one that is deleted.
fn add_entry<'a>(
    stream: &mut Stream,
    first_id: StreamId,
    names: &[Text<'a>],
    run: &mut Run<'a>,
) -> Result<bool, Error> {
    let marks = run.integer()?;
    let id = StreamId::new(
        first_id.ms.wrapping_add(run.integer()? as u64),
        first_id.seq.wrapping_add(run.integer()? as u64),
    );
    let shares_names = marks & SHARES_NAMES != 0;
    let mut fields: Vec<(Text<'a>, Text<'a>)> = Vec::new();
    if shares_names {
        for name in names {
            fields.push((name.clone(), run.text()?));
        }
    } else {
        for _ in 0..run.integer()? {
            fields.push((run.text()?, run.text()?));
        }
    }
    if run.integer()? != n_elements(fields.len() as i64, shares_names) || fields.is_empty() {
        return Err(Error::Corrupt);
    }
    let fields: Vec<Field<'_>> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let is_deleted = marks & DELETED != 0;
    let is_added = stream.restore_entry(id, &fields, is_deleted);
    if is_added { Ok(is_deleted) } else { Err(Error::Corrupt) }
}

fn add_group(stream: &mut Stream, reader: &mut Reader<'_>, kind: u8) -> Result<(), Error> {
    let name = reader.string()?;
    let last_id = id(reader)?;
    let n_read = if kind == types::STREAM {
        // What servers of that time did not count, the entries may tell.
        stream.log().n_added_up_to(last_id)
    } else {
        Some(reader.count()?).filter(|it| *it != UNKNOWN).map(|it| it as i64)
    };
    if !stream.add_group(&name, last_id, n_read) {
        return Err(Error::Corrupt);
    }
    let mut group = stream.open_group(&name).ok_or(Error::Corrupt)?;
    let mut pending = BTreeMap::new();
    for _ in 0..reader.count()? {
        let id = id_of(&reader.array()?);
        let before = pending.insert(id, (reader.number()?, reader.count()?));
        if before.is_some() {
            return Err(Error::Corrupt);
        }
    }
    for _ in 0..reader.count()? {
        add_consumer(&mut group, &mut pending, reader, kind)?;
    }
    // What is pending has somebody who is to acknowledge it.
    if pending.is_empty() { Ok(()) } else { Err(Error::Corrupt) }
}

fn add_consumer(
    group: &mut OpenGroup<'_>,
    pending: &mut BTreeMap<StreamId, (u64, u64)>,
    reader: &mut Reader<'_>,
    kind: u8,
) -> Result<(), Error> {
    let name = reader.string()?;
    let seen_ms = reader.number()?;
    let active_ms = if kind == types::STREAM_3 { reader.number()? } else { seen_ms };
    let active_ms = Some(active_ms).filter(|it| *it != UNKNOWN);
    if !group.restore_consumer(&name, seen_ms, active_ms) {
        return Err(Error::Corrupt);
    }
    for _ in 0..reader.count()? {
        let id = id_of(&reader.array()?);
        let (delivered_ms, n_deliveries) = pending.remove(&id).ok_or(Error::Corrupt)?;
        group.restore_pending(id, &name, delivered_ms, n_deliveries);
    }
    Ok(())
}
