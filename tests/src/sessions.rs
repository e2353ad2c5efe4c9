//! Sessions without sockets, with a clock that only the test moves.

use std::sync::Arc;

use tandem_engine::{Keyspace, KeyspaceOptions, Output};

mod memcached;
mod resp;

pub use memcached::MemcachedSessions;
pub use resp::RespSessions;

/// Where every transcript's clock begins: 2023-11-14 22:13:20 UTC.
const START_MS: u64 = 1_700_000_000_000;

/// Transcripts count operations, not time.
fn stopped_clock_ns() -> u64 {
    0
}

fn small_keyspace(options: KeyspaceOptions) -> Arc<Keyspace> {
    Arc::new(Keyspace::new(KeyspaceOptions { n_shards: 4, seed: Some(1), ..options }))
}

fn written(out: &Output) -> Vec<u8> {
    out.slices().flatten().copied().collect()
}
