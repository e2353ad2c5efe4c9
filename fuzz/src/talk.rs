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

fn server(letters: &[&str]) -> Arc<Server> {
    let letters: Vec<String> = letters.iter().map(|it| (*it).to_owned()).collect();
    let settings = Settings::from_args(&letters).expect("letters of memcached");
    let options = KeyspaceOptions {
        n_databases: 1,
        n_shards: 2,
        policy: Policy::AllKeysLru,
        seed: Some(1),
        ..KeyspaceOptions::default()
    };
    Arc::new(Server::new(ServerParts {
        keyspace: Arc::new(Keyspace::new(options)),
        settings,
        host: Arc::new(NoHost),
        n_workers: 1,
        clock_ns: || 0,
    }))
}

/// A client's conversation with a server of its own.
pub struct Conversation {
    server: Arc<Server>,
    session: Session,
    input: BytesMut,
    is_closed: bool,
    /// Tests may move it.
    pub now_ms: u64,
}

impl Conversation {
    /// With a server of these settings.
    pub fn new(letters: &[&str]) -> Conversation {
        Conversation::with(server(letters))
    }

    /// Another client of the same server.
    pub fn beside(&self) -> Conversation {
        Conversation::with(Arc::clone(&self.server))
    }

    fn with(server: Arc<Server>) -> Conversation {
        let worker = Arc::clone(&server.workers()[0]);
        let session = Session::new(Arc::clone(&server), worker, ConnectionInfo::default());
        Conversation { server, session, input: BytesMut::new(), is_closed: false, now_ms: NOW_MS }
    }

    /// Sends pieces and returns what comes back; nothing once the connection is closed.
    pub fn send<'a>(&mut self, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut answer = Vec::new();
        for piece in pieces {
            self.input.extend_from_slice(piece);
            while !self.is_closed && self.advance(&mut answer) {}
        }
        answer
    }

    /// One turn. False when the session wants to read.
    fn advance(&mut self, answer: &mut Vec<u8>) -> bool {
        let before = self.input.len();
        let mut out = Output::default();
        let step = self.session.advance(&mut self.input, &mut out, self.now_ms);
        for slice in out.slices() {
            answer.extend_from_slice(slice);
        }
        match step {
            Step::ReadMore { .. } => return false,
            Step::Write => assert!(!out.is_empty() || self.input.len() < before, "it goes on"),
            // The walk over all items gets on with every turn.
            Step::Yield => {}
            Step::Close => self.is_closed = true,
        }
        true
    }
}

/// Sends pieces to a new server with these settings and collects what it answers.
pub fn converse<'a>(letters: &[&str], pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    Conversation::new(letters).send(pieces)
}
