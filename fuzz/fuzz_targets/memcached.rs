//! Bytes from a client of memcached: nothing panics, nothing loops, and the answer does not depend
//! on how the bytes are cut into packets.
#![no_main]

use std::sync::Arc;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use tandem_engine::{Keyspace, KeyspaceOptions, Output, Policy};
use tandem_memcached::{
    ConnectionInfo, Connections, CpuTimes, Host, Server, ServerParts, Session, Settings, Shutdown,
    Step,
};

const NOW_MS: u64 = 1_700_000_000_000;

struct NoHost;

impl Host for NoHost {
    fn pid(&self) -> u32 {
        0
    }

    fn uptime_s(&self) -> u64 {
        0
    }

    fn cpu_times(&self) -> CpuTimes {
        CpuTimes::default()
    }

    fn n_threads(&self) -> usize {
        1
    }

    fn connections(&self) -> Connections {
        Connections::default()
    }

    fn listeners(&self) -> Vec<String> {
        Vec::new()
    }

    fn shutdown(&self, _: Shutdown) {}
}

fn session() -> Session {
    let options = KeyspaceOptions {
        n_databases: 1,
        n_shards: 2,
        policy: Policy::AllKeysLru,
        seed: Some(1),
        ..KeyspaceOptions::default()
    };
    let server = Arc::new(Server::new(ServerParts {
        keyspace: Arc::new(Keyspace::new(options)),
        settings: Settings::default(),
        host: Arc::new(NoHost),
        n_workers: 1,
        clock_ns: || 0,
    }));
    let worker = Arc::clone(&server.workers()[0]);
    Session::new(server, worker, ConnectionInfo::default())
}

/// Feeds pieces to a session and collects what it answers.
fn converse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut session, mut input, mut answer) = (session(), BytesMut::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let before = input.len();
            let mut out = Output::default();
            let step = session.advance(&mut input, &mut out, NOW_MS);
            for slice in out.slices() {
                answer.extend_from_slice(slice);
            }
            match step {
                Step::ReadMore { .. } => break,
                Step::Write => assert!(!out.is_empty() || input.len() < before, "it goes on"),
                // The walk over all items gets on with every turn.
                Step::Yield => {}
                Step::Close => return answer,
            }
        }
    }
    answer
}

/// `stats` counts packets too, a dump must come alone, and as in memcached a line of more than 2048
/// bytes is an error when it comes at once but closes the connection when its end is still to come.
fn is_steady(request: &[u8]) -> bool {
    let mut lines = request.split(|byte| *byte == b'\n');
    let says = |word: &[u8]| request.windows(word.len()).any(|it| it == word);
    !says(b"stats") && !says(b"lru_crawler") && lines.all(|it| it.len() < 2000)
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, request)) = data.split_first() else { return };
    let whole = converse(std::iter::once(request));
    let in_pieces = converse(request.chunks(usize::from(cut % 32) + 1));
    if is_steady(request) {
        assert_eq!(whole.escape_ascii().to_string(), in_pieces.escape_ascii().to_string());
    }
});
