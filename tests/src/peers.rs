//! What transcripts speak to: a server behind a socket, or a session without one.

use crate::client::Client;
use crate::frame::{self, Frame, HEADER_BYTES};
use crate::transcript::{Dialect, Peer};
use crate::words::escaped;

/// Any server, over TCP. It cannot move the server's clock.
#[derive(Debug)]
pub struct SocketPeer {
    port: u16,
    dialect: Dialect,
    clients: Vec<Client>,
}

impl SocketPeer {
    /// Connections are opened as the transcript names them.
    pub fn new(port: u16, dialect: Dialect) -> SocketPeer {
        SocketPeer { port, dialect, clients: Vec::new() }
    }

    fn line(&mut self, connection: usize) -> Option<String> {
        let client = &mut self.clients[connection];
        match self.dialect {
            Dialect::Resp => client.try_value().map(|(value, _)| value.to_string()),
            Dialect::Binary => {
                let header = client.try_take(HEADER_BYTES)?;
                let length = frame::whole(header.first_chunk().expect("a whole header"));
                let body = client.try_take(length - HEADER_BYTES)?;
                Frame::read(&[header, body].concat()).map(|(frame, _)| frame.line())
            }
            Dialect::Memcached => {
                let line = client.until(b"\n")?;
                let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(&line);
                Some(if line.is_empty() { "(empty)".to_owned() } else { escaped(line) })
            }
        }
    }
}

impl Peer for SocketPeer {
    fn exchange(&mut self, connection: usize, bytes: &[u8], n_expected: usize) -> Vec<String> {
        while self.clients.len() <= connection {
            self.clients.push(Client::connect(self.port));
        }
        self.clients[connection].send(bytes);
        let line = |_| self.line(connection).unwrap_or_else(|| "(closed)".to_owned());
        (0..n_expected).map(line).collect()
    }

    fn later(&mut self, _ms: u64) {
        panic!("only a session's clock can be moved");
    }
}
