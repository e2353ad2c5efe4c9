//! One connection of the load generator: requests out, replies checked in order.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};

use anyhow::{Result, bail};
use mio::net::TcpStream;

use super::reply::Outcome;
use super::source::Ask;
use super::wire::{Op, Wire};

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    /// Requests not yet taken by the kernel, from `written` on.
    out: Vec<u8>,
    written: usize,
    /// What was asked and not yet answered, oldest first.
    pending: VecDeque<Pending>,
    /// The part of a reply that the last read ended with.
    carry: Vec<u8>,
    /// Requests put on this connection so far: an open loop derives their times from it.
    pub(super) n_asked: u64,
}

struct Pending {
    /// When the request was to be sent: latency counts from here, sent or not.
    intended_ns: u64,
    key: u32,
    op: Op,
}

/// Replies that one read completed.
#[derive(Default)]
pub(super) struct Completed {
    /// Intended times, each with the number of replies that share it.
    pub(super) groups: Vec<(u64, u64)>,
    pub(super) n_replies: u64,
    pub(super) n_misses: u64,
}

impl Completed {
    fn add(&mut self, intended_ns: u64, outcome: Outcome) {
        self.n_replies += 1;
        self.n_misses += u64::from(outcome == Outcome::Miss);
        match self.groups.last_mut() {
            Some((at, n)) if *at == intended_ns => *n += 1,
            _ => self.groups.push((intended_ns, 1)),
        }
    }

    pub(super) fn clear(&mut self) {
        self.groups.clear();
        (self.n_replies, self.n_misses) = (0, 0);
    }
}

/// Whether all requests have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    All,
    /// The socket is full: come back when it is writable.
    Part,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            out: Vec::new(),
            written: 0,
            pending: VecDeque::new(),
            carry: Vec::new(),
            n_asked: 0,
        }
    }

    pub(super) fn n_pending(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn ask(&mut self, wire: &Wire, ask: &Ask, intended_ns: u64) {
        wire.put(ask.op, ask.key, ask.field, &mut self.out);
        self.pending.push_back(Pending { intended_ns, key: ask.key, op: ask.op });
        self.n_asked += 1;
    }

    pub(super) fn flush(&mut self) -> Result<Flushed> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(n) => self.written += n,
                Err(it) if it.kind() == ErrorKind::WouldBlock => return Ok(Flushed::Part),
                Err(it) if it.kind() == ErrorKind::Interrupted => {}
                Err(it) => return Err(it.into()),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(Flushed::All)
    }

    /// Reads until the socket is empty and checks what came. `scratch` is the thread's one
    /// buffer: it grows when a single reply does not fit.
    pub(super) fn receive(
        &mut self,
        wire: &Wire,
        scratch: &mut Vec<u8>,
        completed: &mut Completed,
    ) -> Result<()> {
        loop {
            let n_carried = self.carry.len();
            if scratch.len() < 2 * n_carried {
                scratch.resize(2 * n_carried, 0);
            }
            scratch[..n_carried].copy_from_slice(&self.carry);
            let n_read = match self.stream.read(&mut scratch[n_carried..]) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(n) => n,
                Err(it) if it.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(it) if it.kind() == ErrorKind::Interrupted => continue,
                Err(it) => return Err(it.into()),
            };
            let input = &scratch[..n_carried + n_read];
            let n_used = self.settle(wire, input, completed)?;
            self.carry.clear();
            self.carry.extend_from_slice(&input[n_used..]);
            // A short read has emptied the socket, and what comes later raises a new event.
            if input.len() < scratch.len() {
                return Ok(());
            }
        }
    }

    /// Takes the whole replies at the start of `input`; returns how many bytes they are.
    fn settle(&mut self, wire: &Wire, input: &[u8], completed: &mut Completed) -> Result<usize> {
        let mut at = 0;
        while at < input.len() {
            let Some(pending) = self.pending.front() else {
                bail!("{} bytes that answer no request", input.len() - at);
            };
            let Some(right) = wire.check(pending.op, pending.key, &input[at..])? else {
                return Ok(at);
            };
            at += right.length;
            completed.add(pending.intended_ns, right.outcome);
            self.pending.pop_front();
        }
        Ok(at)
    }
}
