//! A server without a process, for the tests of commands that need more than an engine.

use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::{Keyspace, Output};

use crate::clients::ConnectionInfo;
use crate::server::fake::FakeHost;
use crate::server::{Server, ServerOptions};
use crate::session::{Session, Step};
use crate::settings::Settings;

pub(crate) struct World {
    pub(crate) server: Arc<Server>,
    pub(crate) host: Arc<FakeHost>,
    pub(crate) now_ms: u64,
}

pub(crate) struct Talk {
    session: Session,
    input: BytesMut,
    now_ms: u64,
    pub(crate) step: Step,
}

impl World {
    pub(crate) fn new(settings: &[(&str, &str)]) -> World {
        let values = Settings::default();
        for (name, value) in settings {
            values.load(name, value).unwrap();
        }
        let host = Arc::new(FakeHost::default());
        let now_ms = 1_700_000_000_000;
        let server = Server::new(ServerOptions {
            keyspace: Arc::new(Keyspace::new(values.keyspace_options())),
            host: host.clone(),
            settings: values,
            n_workers: 1,
            clock_ns: || 0,
            started_at_ms: now_ms,
        });
        World { server: Arc::new(server), host, now_ms }
    }

    /// A new connection.
    pub(crate) fn connect(&self, port: u16) -> Talk {
        let info = ConnectionInfo { addr: format!("127.0.0.1:{port}"), ..<_>::default() };
        let worker = self.server.workers[0].clone();
        let session = Session::new(self.server.clone(), worker, info, self.now_ms);
        let input = BytesMut::new();
        Talk { session, input, now_ms: self.now_ms, step: Step::ReadMore { need: 0 } }
    }
}

impl Talk {
    /// Sends an inline command; the answer's line ends show as spaces.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.input.extend_from_slice(format!("{line}\r\n").as_bytes());
        let mut out = Output::default();
        self.step = self.session.advance(&mut self.input, &mut out, self.now_ms);
        let bytes: Vec<u8> = out.slices().flatten().copied().collect();
        String::from_utf8_lossy(&bytes).replace("\r\n", " ").trim_end().to_string()
    }

    #[track_caller]
    pub(crate) fn check(&mut self, line: &str, answer: &str) {
        assert_eq!(self.ask(line), answer, "{line}");
    }

    #[track_caller]
    pub(crate) fn check_has(&mut self, line: &str, part: &str) {
        let answer = self.ask(line);
        assert!(answer.contains(part), "{line}: {answer}");
    }

    pub(crate) fn advance_clock(&mut self, ms: u64) {
        self.now_ms += ms;
    }
}
