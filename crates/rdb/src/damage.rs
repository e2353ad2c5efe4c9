//! Payloads that were cut off or changed on their way, with a checksum that says nothing of it.

use tandem_engine::{
    Expire, Hash, Keyspace, KeyspaceOptions, Limits, PackedLimits, PutOptions, SetOptions,
    SortedSet, Stream, StreamId, StreamLimits,
};

use crate::dump::{DumpOptions, Payload, dump, sealed};
use crate::error::Error;
use crate::types;

const NOW: u64 = 1_700_000_000_000;
const OPTIONS: DumpOptions = DumpOptions {
    compresses: true,
    write_score: |score, text| text.extend(score.to_string().into_bytes()),
};

/// What old servers wrote, behind the number of its type.
const OLD: &[&[u8]] = &[
    b"\x01\x03\x01a\xc0\x07\x01c",
    b"\x0a\x29\x29\0\0\0\x25\0\0\0\x08\0\0\x03one\x05\xf1\x02\xfd\x02\xfe\xff\x03\
      \xc0\xc8\0\x04\xf0\xc0c\xff\x05\xd0@T\x89\0\x06\x01y\xff",
    b"\x0e\x02\x10\x10\0\0\0\r\0\0\0\x02\0\0\x01a\x03\xf2\xff\x0d\x0d\0\0\0\n\0\0\0\x01\0\0\xf9\
      \xff",
    b"\x0b\x14\x04\0\0\0\x03\0\0\0\xfb\xff\xff\xff\x01\0\0\0p\x11\x01\0",
    b"\x03\x04\x01a\x011\x01b\x042.25\x01c\xfe\x01d\xff",
    b"\x0c\x18\x18\0\0\0\x12\0\0\0\x04\0\0\x01a\x03\xf2\x02\x01b\x03\x031.5\xff",
    b"\t\x0f\x02\x01f\x01\0v\x01g\x01\x03w...\xff",
    b"\r\x16\x16\0\0\0\x13\0\0\0\x04\0\0\x01f\x03\x01v\x03\x01g\x03\xf6\xff",
];

fn keyspace() -> Keyspace {
    Keyspace::new(KeyspaceOptions { n_shards: 1, seed: Some(1), ..KeyspaceOptions::default() })
}

/// Reads a payload and writes what it held.
fn again(payload: &[u8]) -> Result<Vec<u8>, Error> {
    let keyspace = keyspace();
    let content = Payload::open(payload)?.read(Limits::default(), NOW)?;
    let key = keyspace.key(0, b"k");
    let mut view = keyspace.view(key, NOW);
    content.store(&mut view, key, PutOptions::default());
    // The fields of a hash may all have expired.
    Ok(view.peek(key).map_or_else(Vec::new, |it| dump(it.value(), OPTIONS)))
}

/// A payload of each type that is written.
fn samples() -> Vec<Vec<u8>> {
    let texts: Vec<String> = (0..12).map(|it| format!("text {}", it * 7)).collect();
    let few = PackedLimits { entries_max: 4, value_max: 64 };
    let limits = Limits { hash: few, sorted_set: few, ..Limits::default() };
    let mut objects: Vec<Vec<u8>> = OLD.iter().map(|it| it.to_vec()).collect();
    let mut hash = Hash::new(limits.hash);
    let mut short = Hash::new(Limits::default().hash);
    let mut set = SortedSet::new(limits.sorted_set);
    for (at, text) in texts.iter().enumerate() {
        hash.set(text.as_bytes(), b"value");
        short.set(text.as_bytes(), b"value");
        set.insert(text.as_bytes(), at as f64 / 3.0);
        if at % 3 == 0 {
            hash.set_end(text.as_bytes(), NOW + 1000 + at as u64);
            short.set_end(text.as_bytes(), NOW + 1000 + at as u64);
        }
    }
    let mut stream = Stream::new(StreamLimits { node_entries_max: 3, ..limits.stream });
    for (at, text) in texts.iter().enumerate() {
        let id = tandem_engine::NewId::Is(StreamId::new(1 + at as u64 / 2, at as u64));
        stream.add(id, &[(b"name", text.as_bytes())]).unwrap();
    }
    stream.remove(StreamId::new(2, 3));
    stream.add_group(b"group", StreamId::new(3, 5), Some(3));
    let mut group = stream.open_group(b"group").unwrap();
    group.restore_consumer(b"bob", NOW, None);
    group.restore_consumer(b"eve", NOW, Some(NOW));
    group.restore_pending(StreamId::new(1, 1), b"eve", NOW, 2);
    drop(group);
    let keyspace = keyspace();
    let key = keyspace.key(0, b"k");
    let mut view = keyspace.view(key, NOW);
    let mut keep = |view: &mut tandem_engine::View<'_>| {
        let payload = dump(view.peek(key).unwrap().value(), OPTIONS);
        objects.push(payload[..payload.len() - 10].to_vec());
    };
    view.put(key, hash);
    keep(&mut view);
    view.put(key, short);
    keep(&mut view);
    view.put(key, set);
    keep(&mut view);
    view.put(key, stream);
    keep(&mut view);
    for text in ["text", "-70000", &"abc".repeat(30)] {
        let options = SetOptions { expire: Expire::Never, ..SetOptions::default() };
        view.set(key, tandem_engine::NewValue::Copied(text.as_bytes()), options);
        keep(&mut view);
    }
    objects
}

#[test]
fn what_was_written_is_read_and_written_alike() {
    for object in samples() {
        let once = again(&sealed(&object, 11)).unwrap_or_else(|it| panic!("{it}: {object:x?}"));
        assert_eq!(again(&once).as_ref(), Ok(&once));
    }
}

#[test]
fn what_was_cut_off_or_changed_is_refused_or_makes_another_whole_value() {
    for object in samples() {
        for n in 0..object.len() {
            assert_eq!(again(&sealed(&object[..n], 11)), Err(Error::Corrupt), "{n} of {object:x?}");
        }
        for bit in 0..object.len() * 8 {
            let mut changed = object.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(once) = again(&sealed(&changed, 11))
                && !once.is_empty()
            {
                assert_eq!(again(&once).as_ref(), Ok(&once), "{changed:x?}");
            }
        }
    }
}

#[test]
fn a_payload_with_a_wrong_sum_or_of_a_later_time_is_foreign() {
    let payload = sealed(b"\0\x01a", 12);
    assert!(again(&payload).is_ok());
    for n in 0..payload.len() {
        assert_eq!(again(&payload[..n]), Err(Error::Foreign));
        let mut changed = payload.clone();
        changed[n] ^= 1;
        assert_eq!(again(&changed), Err(Error::Foreign));
    }
    assert_eq!(again(&sealed(b"\0\x01a", 13)), Err(Error::Foreign));
}

/// What takes long to announce and nothing to send.
#[test]
fn nothing_is_made_that_is_only_announced() {
    let huge = [0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for kind in 0..=255 {
        let object = [&[kind][..], &huge, &huge, &huge].concat();
        assert_eq!(again(&sealed(&object, 11)), Err(Error::Corrupt));
    }
    for kind in [types::HASH_EXPIRING, types::HASH_LISTPACK_EXPIRING] {
        let object = [&[kind][..], &[1; 8], &huge, &huge].concat();
        assert_eq!(again(&sealed(&object, 11)), Err(Error::Corrupt));
    }
    let compressed = b"\0\xc3\x04\x80\x7f\xff\xff\xff\0a\0b";
    assert_eq!(again(&sealed(compressed, 11)), Err(Error::Corrupt));
}
