//! RESP sessions for transcripts.

use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::Output;
use tandem_resp::{
    ConnectionInfo, Host, Identity, LogLevel, RewriteError, Server, ServerOptions, Session,
    Settings, Shutdown, Step, Usage,
};

use super::{START_MS, small_keyspace, stopped_clock_ns, written};
use crate::transcript::Peer;
use crate::value::Value;
use crate::words::escaped;

/// One server and the connections that a transcript opens.
pub struct RespSessions {
    server: Arc<Server>,
    connections: Vec<Connection>,
    now_ms: u64,
}

struct Connection {
    /// Dropped when it is closed, as with a socket.
    session: Option<Session>,
    input: BytesMut,
}

impl RespSessions {
    /// A server with these settings, each a name and a value.
    pub fn new(settings: &[(&str, &str)]) -> RespSessions {
        let table = Settings::default();
        for (name, value) in settings {
            table.load(name, value).expect("a setting that the table has");
        }
        let server = Server::new(ServerOptions {
            keyspace: small_keyspace(table.keyspace_options()),
            host: Arc::new(NoProcess),
            settings: table,
            n_workers: 1,
            clock_ns: stopped_clock_ns,
            started_at_ms: START_MS,
        });
        let server = Arc::new(server);
        RespSessions { server, connections: Vec::new(), now_ms: START_MS }
    }

    fn connection(&mut self, index: usize) -> &mut Connection {
        while self.connections.len() <= index {
            let n = self.connections.len();
            let info = ConnectionInfo {
                addr: format!("127.0.0.1:{}", 50_000 + n),
                laddr: "127.0.0.1:6379".to_owned(),
                fd: 8 + n as i32,
                ..ConnectionInfo::default()
            };
            let worker = self.server.workers[0].clone();
            let session = Session::new(self.server.clone(), worker, info, self.now_ms);
            let input = BytesMut::new();
            self.connections.push(Connection { session: Some(session), input });
        }
        &mut self.connections[index]
    }
}

impl Peer for RespSessions {
    fn exchange(&mut self, connection: usize, bytes: &[u8], _n_expected: usize) -> Vec<String> {
        let now_ms = self.now_ms;
        let connection = self.connection(connection);
        connection.input.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(session) = &mut connection.session {
            let mut out = Output::default();
            let step = session.advance(&mut connection.input, &mut out, now_ms);
            render(&written(&out), &mut lines);
            match step {
                Step::ReadMore { .. } => return lines,
                Step::Write => {}
                Step::Wait { .. } => {
                    lines.push("(waits)".to_owned());
                    return lines;
                }
                Step::Close => connection.session = None,
            }
        }
        lines.push("(closed)".to_owned());
        lines
    }

    fn later(&mut self, ms: u64) {
        self.now_ms += ms;
    }
}

fn render(mut wire: &[u8], lines: &mut Vec<String>) {
    while !wire.is_empty() {
        let Some((value, length)) = Value::read(wire) else {
            lines.push(format!("(half a reply) {}", escaped(wire)));
            return;
        };
        lines.push(value.to_string());
        wire = &wire[length..];
    }
}

/// A front end that runs in no process.
struct NoProcess;

impl Host for NoProcess {
    fn identity(&self) -> Identity {
        Identity { pid: 1, run_id: "0".repeat(40), tcp_port: 6379, ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn shutdown(&self, _request: Shutdown) -> Result<(), String> {
        Ok(())
    }

    fn abort_shutdown(&self) -> bool {
        false
    }

    fn rewrite_config(&self, _changed: &[(&str, String)]) -> Result<(), RewriteError> {
        Err(RewriteError::NoFile)
    }

    fn apply(&self, _name: &str, _value: &str) -> Result<(), String> {
        Ok(())
    }

    fn log(&self, _level: LogLevel, _text: &str) {}

    fn purge(&self) {}

    fn allocator_report(&self) -> String {
        String::new()
    }
}
