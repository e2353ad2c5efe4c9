//! DUMP payloads that strangers made: what is read from one is written and read again alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tandem_engine::{Keyspace, KeyspaceOptions, Limits, PutOptions};
use tandem_rdb::{Content, DumpOptions, Payload, dump};

const NOW: u64 = 1_700_000_000_000;
const OPTIONS: DumpOptions = DumpOptions {
    compresses: true,
    write_score: |score, text| text.extend(score.to_string().into_bytes()),
};

fuzz_target!(|object: &[u8]| {
    let Ok(content) = Payload::of_object(object).read(Limits::default(), NOW) else { return };
    let Some(once) = stored(content) else { return };
    let again = Payload::open(&once).expect("it has just been written");
    let again = again.read(Limits::default(), NOW).expect("it has just been written");
    assert_eq!(stored(again).as_ref(), Some(&once));
});

/// Stores a value and writes it; `None` for a hash whose fields had all expired.
fn stored(content: Content) -> Option<Vec<u8>> {
    let options = KeyspaceOptions { n_shards: 1, seed: Some(1), ..KeyspaceOptions::default() };
    let keyspace = Keyspace::new(options);
    let key = keyspace.key(0, b"k");
    let mut view = keyspace.view(key, NOW);
    content.store(&mut view, key, PutOptions::default());
    view.peek(key).map(|it| dump(it.value(), OPTIONS))
}
