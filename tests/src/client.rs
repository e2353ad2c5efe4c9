//! A plain blocking connection, as simple as a test needs it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::value::Value;

/// Long enough for a busy machine, short enough that a hanging server fails the test.
const REPLY_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to either port of any server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    consumed: usize,
}

impl Client {
    /// Connects to a port of 127.0.0.1.
    pub fn connect(port: u16) -> Client {
        Client::try_connect(port)
            .unwrap_or_else(|error| panic!("connecting to 127.0.0.1:{port}: {error}"))
    }

    /// Connects, or says why not.
    pub fn try_connect(port: u16) -> io::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        stream.set_write_timeout(Some(REPLY_TIMEOUT))?;
        Ok(Client { stream, input: Vec::new(), consumed: 0 })
    }

    /// The socket, for tests that misuse it.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// True when something was read or can be read at once.
    pub fn has_input(&mut self) -> bool {
        if self.consumed < self.input.len() {
            return true;
        }
        self.stream.set_nonblocking(true).expect("the socket is open");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("the socket is open");
        peeked.is_ok_and(|n| n > 0)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes what is sent");
    }

    /// Sends bytes in pieces of the given lengths, each in a packet of its own.
    pub fn send_split(&mut self, mut bytes: &[u8], mut piece: impl FnMut() -> usize) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(piece().clamp(1, bytes.len()));
            self.send(now);
            bytes = later;
        }
    }

    /// Says that nothing more will be sent; replies can still be read.
    pub fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("the socket is open");
    }

    /// Runs one RESP command.
    pub fn command<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Value {
        self.send(&encode(words));
        self.value().0
    }

    /// Runs one RESP command written as a line, e.g. `SET k "a b"`.
    pub fn run(&mut self, line: &str) -> Value {
        self.command(&crate::words::split(line))
    }

    /// Reads one RESP reply: the tree and its bytes.
    pub fn value(&mut self) -> (Value, Vec<u8>) {
        self.try_value().expect("a whole reply before the end of the connection")
    }

    /// Reads one RESP reply, or `None` when the server closes instead.
    pub fn try_value(&mut self) -> Option<(Value, Vec<u8>)> {
        loop {
            let unread = &self.input[self.consumed..];
            // Big replies arrive in many pieces: a cheap look before reading them all again.
            if let Some((value, length)) = Value::read(unread) {
                let bytes = unread[..length].to_vec();
                self.consume(length);
                return Some((value, bytes));
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// Reads up to and including the first `end`, or `None` when the server closes before it.
    pub fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        let mut searched = self.consumed;
        loop {
            let found = self.input[searched..].windows(end.len()).position(|it| it == end);
            if let Some(at) = found {
                let length = searched + at + end.len() - self.consumed;
                let bytes = self.input[self.consumed..self.consumed + length].to_vec();
                self.consume(length);
                return Some(bytes);
            }
            searched = self.input.len().saturating_sub(end.len() - 1).max(self.consumed);
            if !self.fill() {
                return None;
            }
        }
    }

    /// Reads exactly this many bytes.
    pub fn take(&mut self, length: usize) -> Vec<u8> {
        self.try_take(length).expect("the connection goes on until all of it is there")
    }

    /// Reads exactly this many bytes, or `None` when the server closes before.
    pub fn try_take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.input.len() - self.consumed < length {
            if !self.fill() {
                return None;
            }
        }
        let bytes = self.input[self.consumed..self.consumed + length].to_vec();
        self.consume(length);
        Some(bytes)
    }

    /// Sends one memcached line and reads the first line of its answer, without its end.
    pub fn line(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        let answer = self.until(b"\r\n").expect("an answer before the end of the connection");
        String::from_utf8_lossy(answer.trim_ascii_end()).into_owned()
    }

    /// Everything up to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() {}
        self.input.split_off(self.consumed)
    }

    fn consume(&mut self, length: usize) {
        self.consumed += length;
        if self.consumed == self.input.len() {
            self.input.clear();
            self.consumed = 0;
        }
    }

    /// False at the end of the connection.
    fn fill(&mut self) -> bool {
        let mut chunk = vec![0; 64 << 10];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(n) => {
                self.input.extend_from_slice(&chunk[..n]);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => {
                let unread = crate::words::escaped(&self.input[self.consumed..]);
                panic!("no answer: {error}; read so far: {unread:.2000}")
            }
        }
    }
}

/// A command as clients send it: an array of bulk strings.
pub fn encode<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
