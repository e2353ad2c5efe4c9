//! A session of RESP's port without a process around it.

use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::{Keyspace, KeyspaceOptions, Output};
use tandem_resp::{
    ConnectionInfo, Host, Identity, LogLevel, RewriteError, Server, ServerOptions, Session,
    Settings, Shutdown, Step, Usage,
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

    fn log(&self, _: LogLevel, _: &str) {}

    fn allocator_report(&self) -> String {
        String::new()
    }
}

/// A connection to a server of its own.
pub fn session() -> Session {
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
pub fn converse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
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

/// One client who asks and reads the answer.
pub struct Talk {
    session: Session,
    input: BytesMut,
}

impl Default for Talk {
    fn default() -> Talk {
        Talk { session: session(), input: BytesMut::new() }
    }
}

impl Talk {
    /// What is answered to a command.
    pub fn say(&mut self, words: &[&[u8]]) -> Vec<u8> {
        self.input.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.input.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.input.extend_from_slice(word);
            self.input.extend_from_slice(b"\r\n");
        }
        let mut answer = Vec::new();
        loop {
            let mut out = Output::default();
            let step = self.session.advance(&mut self.input, &mut out, NOW_MS);
            for slice in out.slices() {
                answer.extend_from_slice(slice);
            }
            if !matches!(step, Step::Write) {
                return answer;
            }
        }
    }
}
