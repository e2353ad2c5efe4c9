//! `tandem-bench floor`: what any server on this path costs at least. It stores nothing, looks at
//! nothing but where requests end, and answers each with a fixed reply of the right size: one
//! read for each wake-up, one write for each read.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::load::{FIXED_KEY, Op, Protocol, Stored, Wire};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FloorOptions {
    #[arg(long, value_enum, default_value_t = Protocol::Resp)]
    protocol: Protocol,
    /// Of the loopback interface
    #[arg(long)]
    port: u16,
    #[arg(long, default_value_t = 64)]
    value_bytes: usize,
}

impl FloorOptions {
    /// Serves until the process is ended.
    pub(crate) fn run(self) -> Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let mut listener = TcpListener::bind(address).with_context(|| address.to_string())?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Floor {
            poll,
            listener,
            script: Script::new(self.protocol, self.value_bytes),
            guests: Vec::new(),
            input: vec![0; READ_BYTES],
            output: Vec::new(),
        }
        .serve()
    }
}

/// What distinguishes the load generator's two requests, and the replies to them.
struct Script {
    /// The place of the byte that tells a GET from a SET.
    mark_at: usize,
    get: Exchange,
    set: Exchange,
}

struct Exchange {
    mark: u8,
    request_bytes: usize,
    reply: Vec<u8>,
}

/// How far the request that arrives on a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// This many bytes came, and the mark is not among them.
    Unmarked(usize),
    /// The rest is on its way.
    Marked { mark: u8, n_missing: usize },
}

impl Script {
    fn new(protocol: Protocol, value_bytes: usize) -> Script {
        let wire = Wire::new(protocol, Stored { value_bytes, ..Stored::default() });
        // `*2` and `*3`, or `get` and `set`.
        let mark_at = usize::from(protocol == Protocol::Resp);
        let exchange = |op| {
            let (mut request, mut reply) = (Vec::new(), Vec::new());
            wire.put(op, FIXED_KEY, 0, &mut request);
            wire.put_reply(op, FIXED_KEY, &mut reply);
            Exchange { mark: request[mark_at], request_bytes: request.len(), reply }
        };
        Script { mark_at, get: exchange(Op::Get), set: exchange(Op::Set) }
    }

    fn exchange(&self, mark: u8) -> Option<&Exchange> {
        [&self.get, &self.set].into_iter().find(|it| it.mark == mark)
    }

    /// Appends the replies to the requests that `input` completes.
    fn answer(&self, arrival: &mut Arrival, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let mut rest = input;
        loop {
            match *arrival {
                Arrival::Unmarked(n_seen) => {
                    let Some(mark) = rest.get(self.mark_at - n_seen).copied() else {
                        *arrival = Arrival::Unmarked(n_seen + rest.len());
                        return Ok(());
                    };
                    let exchange = self.exchange(mark).context("neither a GET nor a SET")?;
                    let n_missing = exchange.request_bytes - n_seen;
                    *arrival = Arrival::Marked { mark, n_missing };
                }
                Arrival::Marked { mark, n_missing } if n_missing > rest.len() => {
                    *arrival = Arrival::Marked { mark, n_missing: n_missing - rest.len() };
                    return Ok(());
                }
                Arrival::Marked { mark, n_missing } => {
                    if rest[n_missing - 1] != b'\n' {
                        bail!("a request of another length");
                    }
                    let exchange = self.exchange(mark).context("a mark without an exchange")?;
                    output.extend_from_slice(&exchange.reply);
                    rest = &rest[n_missing..];
                    *arrival = Arrival::Unmarked(0);
                }
            }
        }
    }
}

struct Floor {
    poll: Poll,
    listener: TcpListener,
    script: Script,
    guests: Vec<Option<Guest>>,
    input: Vec<u8>,
    output: Vec<u8>,
}

struct Guest {
    stream: TcpStream,
    arrival: Arrival,
    /// Replies that the socket had no room for; until they are gone, nothing is read.
    unsent: Vec<u8>,
}

impl Floor {
    fn serve(mut self) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(it) if it.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    // A client that fails, or goes, is nobody's loss.
                    Token(index) if self.turn(index).is_err() => self.guests[index] = None,
                    _ => {}
                }
            }
        }
    }

    fn accept(&mut self) -> Result<()> {
        loop {
            let (mut stream, _) = match self.listener.accept() {
                Ok(it) => it,
                Err(it) if it.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(it) => return Err(it.into()),
            };
            stream.set_nodelay(true)?;
            let free = self.guests.iter().position(Option::is_none);
            let index = free.unwrap_or(self.guests.len());
            self.poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            let guest = Guest { stream, arrival: Arrival::Unmarked(0), unsent: Vec::new() };
            match free {
                Some(index) => self.guests[index] = Some(guest),
                None => self.guests.push(Some(guest)),
            }
        }
    }

    /// Handles one connection's event; an error means that the connection is over.
    fn turn(&mut self, index: usize) -> Result<()> {
        let Some(guest) = &mut self.guests[index] else { return Ok(()) };
        if !guest.unsent.is_empty() {
            let n_sent = sent(&mut guest.stream, &guest.unsent)?;
            guest.unsent.drain(..n_sent);
            if !guest.unsent.is_empty() {
                return Ok(());
            }
        }
        loop {
            let n_read = match guest.stream.read(&mut self.input) {
                Ok(0) => bail!("closed"),
                Ok(n) => n,
                Err(it) if it.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(it) => return Err(it.into()),
            };
            self.output.clear();
            self.script.answer(&mut guest.arrival, &self.input[..n_read], &mut self.output)?;
            let n_sent = sent(&mut guest.stream, &self.output)?;
            if n_sent < self.output.len() {
                guest.unsent.extend_from_slice(&self.output[n_sent..]);
                let interest = Interest::READABLE | Interest::WRITABLE;
                let registry = self.poll.registry();
                return Ok(registry.reregister(&mut guest.stream, Token(index), interest)?);
            }
            // A short read has emptied the socket, and what comes later raises a new event.
            if n_read < self.input.len() {
                return Ok(());
            }
        }
    }
}

/// Writes once; returns how many bytes the socket took.
fn sent(stream: &mut TcpStream, bytes: &[u8]) -> Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    match stream.write(bytes) {
        Err(it) if it.kind() == ErrorKind::WouldBlock => Ok(0),
        other => Ok(other?),
    }
}

const LISTENER: Token = Token(usize::MAX);
const EVENTS_MAX: usize = 1024;
/// The requests of a long pipeline fit.
const READ_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipeline of GETs and SETs, and the replies that it must have.
    fn pipeline(protocol: Protocol, value_bytes: usize) -> (Vec<u8>, Vec<u8>) {
        let wire = Wire::new(protocol, Stored { value_bytes, ..Stored::default() });
        let (mut requests, mut replies) = (Vec::new(), Vec::new());
        for (key, op) in [Op::Get, Op::Set, Op::Set, Op::Get, Op::Get].into_iter().enumerate() {
            wire.put(op, key as u32, 0, &mut requests);
            wire.put_reply(op, FIXED_KEY, &mut replies);
        }
        (requests, replies)
    }

    #[test]
    fn requests_are_counted_wherever_the_input_is_cut() {
        for protocol in [Protocol::Resp, Protocol::Memcached] {
            for value_bytes in [0, 9, 100] {
                let script = Script::new(protocol, value_bytes);
                let (requests, expected) = pipeline(protocol, value_bytes);
                for n_bytes in 1..=requests.len() {
                    let (mut arrival, mut replies) = (Arrival::Unmarked(0), Vec::new());
                    for part in requests.chunks(n_bytes) {
                        script.answer(&mut arrival, part, &mut replies).unwrap();
                    }
                    assert_eq!(replies, expected, "{protocol:?}, {n_bytes} bytes at a time");
                    assert_eq!(arrival, Arrival::Unmarked(0));
                }
            }
        }
    }

    #[test]
    fn what_is_cut_short_is_not_answered() {
        let script = Script::new(Protocol::Resp, 9);
        let (requests, expected) = pipeline(Protocol::Resp, 9);
        let (mut arrival, mut replies) = (Arrival::Unmarked(0), Vec::new());
        script.answer(&mut arrival, &requests[..requests.len() - 1], &mut replies).unwrap();
        assert_eq!(replies.len(), expected.len() - script.get.reply.len());
        assert!(matches!(arrival, Arrival::Marked { n_missing: 1, .. }));
    }

    #[test]
    fn other_requests_end_the_connection() {
        let script = Script::new(Protocol::Resp, 9);
        for other in
            ["PING\r\n", "*1\r\n$4\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$17\r\nkey:0000000000042\r\n"]
        {
            let answered =
                script.answer(&mut Arrival::Unmarked(0), other.as_bytes(), &mut Vec::new());
            assert!(answered.is_err(), "{other}");
        }
    }
}
