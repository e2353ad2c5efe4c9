//! A session of memcached's port without a process around it.

use std::sync::Arc;

use bytes::BytesMut;
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

fn session(letters: &[&str]) -> Session {
    let letters: Vec<String> = letters.iter().map(|it| (*it).to_owned()).collect();
    let settings = Settings::from_args(&letters).expect("letters of memcached");
    let options = KeyspaceOptions {
        n_databases: 1,
        n_shards: 2,
        policy: Policy::AllKeysLru,
        seed: Some(1),
        ..KeyspaceOptions::default()
    };
    let server = Arc::new(Server::new(ServerParts {
        keyspace: Arc::new(Keyspace::new(options)),
        settings,
        host: Arc::new(NoHost),
        n_workers: 1,
        clock_ns: || 0,
    }));
    let worker = Arc::clone(&server.workers()[0]);
    Session::new(server, worker, ConnectionInfo::default())
}

/// Feeds pieces to a session with these settings and collects what it answers.
pub fn converse<'a>(letters: &[&str], pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut session, mut input, mut answer) = (session(letters), BytesMut::new(), Vec::new());
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
