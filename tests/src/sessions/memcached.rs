//! memcached sessions for transcripts.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tandem_engine::Output;
use tandem_memcached::{
    ConnectionInfo, Connections, CpuTimes, Host, Server, ServerParts, Session, Settings, Shutdown,
    Step,
};

use super::{START_MS, small_keyspace, stopped_clock_ns, written};
use crate::frame::Frame;
use crate::transcript::Peer;
use crate::words::escaped;

/// One server and the connections that a transcript opens.
pub struct MemcachedSessions {
    server: Arc<Server>,
    connections: Vec<Connection>,
    now_ms: u64,
    render: fn(&[u8], &mut Vec<String>),
}

struct Connection {
    session: Session,
    input: BytesMut,
    closed: bool,
}

impl MemcachedSessions {
    /// A server with these settings, for transcripts of lines.
    pub fn new(settings: Settings) -> MemcachedSessions {
        MemcachedSessions::with(settings, render_lines)
    }

    /// The same for transcripts of frames.
    pub fn binary(settings: Settings) -> MemcachedSessions {
        MemcachedSessions::with(settings, render_frames)
    }

    /// The server that the sessions belong to.
    pub fn server(&self) -> &Server {
        &self.server
    }

    fn with(settings: Settings, render: fn(&[u8], &mut Vec<String>)) -> MemcachedSessions {
        let server = Server::new(ServerParts {
            keyspace: small_keyspace(settings.keyspace_options()),
            settings,
            host: Arc::new(NoProcess),
            n_workers: 1,
            clock_ns: stopped_clock_ns,
        });
        let server = Arc::new(server);
        MemcachedSessions { server, connections: Vec::new(), now_ms: START_MS, render }
    }

    fn connection(&mut self, index: usize) -> &mut Connection {
        while self.connections.len() <= index {
            let info = ConnectionInfo {
                peer: format!("tcp:127.0.0.1:{}", 50_000 + self.connections.len()),
                local: "tcp:127.0.0.1:11211".to_owned(),
                connected_at_ms: self.now_ms,
            };
            let worker = self.server.workers()[0].clone();
            let session = Session::new(self.server.clone(), worker, info);
            let input = BytesMut::new();
            self.connections.push(Connection { session, input, closed: false });
        }
        &mut self.connections[index]
    }
}

impl Peer for MemcachedSessions {
    fn exchange(&mut self, connection: usize, bytes: &[u8], _n_expected: usize) -> Vec<String> {
        let (now_ms, render) = (self.now_ms, self.render);
        let connection = self.connection(connection);
        connection.input.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while !connection.closed {
            let mut out = Output::default();
            let step = connection.session.advance(&mut connection.input, &mut out, now_ms);
            render(&written(&out), &mut lines);
            match step {
                Step::ReadMore { .. } => return lines,
                Step::Write | Step::Yield => {}
                Step::Close => connection.closed = true,
            }
        }
        lines.push("(closed)".to_owned());
        lines
    }

    fn later(&mut self, ms: u64) {
        self.now_ms += ms;
    }
}

fn render_frames(wire: &[u8], lines: &mut Vec<String>) {
    let mut rest = wire;
    while let Some((frame, length)) = Frame::read(rest) {
        lines.push(frame.line());
        rest = &rest[length..];
    }
    if !rest.is_empty() {
        lines.push(escaped(rest));
    }
}

fn render_lines(wire: &[u8], lines: &mut Vec<String>) {
    for line in wire.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
        lines.push(if line.is_empty() { "(empty)".to_owned() } else { escaped(line) });
    }
}

/// A front end that runs in no process.
struct NoProcess;

impl Host for NoProcess {
    fn pid(&self) -> u32 {
        1
    }

    fn uptime_s(&self) -> u64 {
        1
    }

    fn cpu_times(&self) -> CpuTimes {
        CpuTimes { user: Duration::ZERO, system: Duration::ZERO }
    }

    fn n_threads(&self) -> usize {
        1
    }

    fn connections(&self) -> Connections {
        Connections { accepted: 1, max: 1024, accepting: true, ..Connections::default() }
    }

    fn listeners(&self) -> Vec<String> {
        vec!["tcp:127.0.0.1:11211".to_owned()]
    }

    fn shutdown(&self, _how: Shutdown) {}
}
