//! A plain blocking client of memcached's datagrams.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

/// Long enough for a busy machine, short enough that a hanging server fails the test.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// No datagram is longer.
const BYTES_MAX: usize = 64 << 10;

/// A port of 127.0.0.1 for datagrams that nobody used a moment ago.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("there are free ports");
    socket.local_addr().expect("it is bound").port()
}

/// One datagram of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of the request.
    pub id: u16,
    /// Its place among those that make up an answer.
    pub place: u16,
    /// How many those are.
    pub n: u16,
    pub body: Vec<u8>,
}

/// Who sends requests to one server.
#[derive(Debug)]
pub struct Sender {
    socket: UdpSocket,
    id: u16,
}

impl Sender {
    /// A sender to a port of 127.0.0.1.
    pub fn new(port: u16) -> Sender {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("there are free ports");
        socket.connect(("127.0.0.1", port)).expect("no packet is sent yet");
        socket.set_read_timeout(Some(ANSWER_TIMEOUT)).expect("a duration above 0");
        Sender { socket, id: 0 }
    }

    /// Sends bytes as they are.
    pub fn send(&self, datagram: &[u8]) {
        match self.socket.send(datagram) {
            // The answer to an earlier one: nobody listens. A test that waits for a server asks.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            sent => assert_eq!(sent.expect("the system sends it"), datagram.len()),
        }
    }

    /// All datagrams that answer a request of one. A server that runs one request after the other
    /// has sent them when it answers the next.
    pub fn ask(&mut self, request: &[u8]) -> Vec<Answer> {
        let id = self.id.wrapping_add(1);
        self.id = id.wrapping_add(1);
        self.send(&[&head(id), request].concat());
        self.send(&[&head(self.id)[..], b"mn\r\n"].concat());
        let mut answers = Vec::new();
        loop {
            let answer = self.answer();
            if answer.id == self.id {
                return answers;
            }
            answers.push(answer);
        }
    }

    fn answer(&self) -> Answer {
        let mut buffer = vec![0; BYTES_MAX];
        let n_bytes = self.socket.recv(&mut buffer).expect("an answer");
        let (head, body) = buffer[..n_bytes].split_at(8);
        let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        Answer { id: number(0), place: number(2), n: number(4), body: body.to_vec() }
    }
}

/// What stands in front of a request of one datagram.
fn head(id: u16) -> [u8; 8] {
    let [high, low] = id.to_be_bytes();
    [high, low, 0, 0, 0, 1, 0, 0]
}
