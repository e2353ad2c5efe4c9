//! Bytes from a client of RESP: nothing panics, nothing loops, and the answer does not depend on
//! how the bytes are cut into packets.
#![no_main]

use std::sync::Arc;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use tandem_engine::{Keyspace, KeyspaceOptions, Output};
use tandem_resp::{
    ConnectionInfo, Host, Identity, RewriteError, Server, ServerOptions, Session, Settings,
    Shutdown, Step, Usage,
};

const NOW_MS: u64 = 1_700_000_000_000;

struct NoHost;

impl Host for NoHost {
    fn identity(&self) -> Identity {
        Identity::default()
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn shutdown(&self, _: Shutdown) -> Result<(), String> {
        Ok(())
    }

    fn abort_shutdown(&self) -> bool {
        false
    }

    fn rewrite_config(&self, _: &[(&str, String)]) -> Result<(), RewriteError> {
        Err(RewriteError::NoFile)
    }

    fn apply(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn purge(&self) {}

    fn allocator_report(&self) -> String {
        String::new()
    }
}

fn session() -> Session {
    let options = KeyspaceOptions { n_shards: 2, seed: Some(1), ..KeyspaceOptions::default() };
    let server = Arc::new(Server::new(ServerOptions {
        keyspace: Arc::new(Keyspace::new(options)),
        host: Arc::new(NoHost),
        settings: Settings::default(),
        n_workers: 1,
        clock_ns: || 0,
        started_at_ms: NOW_MS,
    }));
    let worker = Arc::clone(&server.workers[0]);
    Session::new(server, worker, ConnectionInfo::default(), NOW_MS)
}

/// Feeds pieces to a session and collects what it answers.
fn converse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut session, mut input, mut answer) = (session(), BytesMut::new(), Vec::new());
    let mut now_ms = NOW_MS;
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let before = input.len();
            let mut out = Output::default();
            let step = session.advance(&mut input, &mut out, now_ms);
            for slice in out.slices() {
                answer.extend_from_slice(slice);
            }
            match step {
                Step::ReadMore { .. } => break,
                Step::Write => assert!(!out.is_empty() || input.len() < before, "it goes on"),
                Step::Wait { until_ms } => now_ms = now_ms.max(until_ms.unwrap_or(now_ms)),
                Step::Close => return answer,
            }
        }
    }
    answer
}

/// Commands whose answers depend on chance, on the clock, on counters of packets, or on
/// earlier requests of the process.
const UNSTEADY: &[&[u8]] = &[
    b"info",
    b"client",
    b"hello",
    b"memory",
    b"random",
    b"hrand",
    b"scan",
    b"lolwut",
    b"time",
    b"debug",
    b"config",
    b"object",
    b"keys",
    b"command",
    b"shutdown",
];

fn is_steady(input: &[u8]) -> bool {
    let input = input.to_ascii_lowercase();
    !UNSTEADY.iter().any(|word| input.windows(word.len()).any(|it| it == *word))
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, request)) = data.split_first() else { return };
    let whole = converse(std::iter::once(request));
    let in_pieces = converse(request.chunks(usize::from(cut % 32) + 1));
    if is_steady(request) {
        assert_eq!(whole.escape_ascii().to_string(), in_pieces.escape_ascii().to_string());
    }
});
