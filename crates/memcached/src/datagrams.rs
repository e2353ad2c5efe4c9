//! Requests and answers in datagrams, for which nobody has to connect.
//!
//! Whoever sends a datagram can write any address on it as its own, so an answer is one datagram at
//! most: a few bytes do not call many down on somebody else. What takes many turns is not done, and
//! from one datagram to the next nothing is kept.

use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::{Output, let_go_buffer};

use crate::binary;
use crate::clients::ConnectionInfo;
use crate::server::Server;
use crate::session::{Session, Step};
use crate::stats::WorkerStats;

/// The longest datagram that is sent, as by memcached: it passes through every network whole.
pub const DATAGRAM_BYTES_MAX: usize = 1400;

/// Request id, sequence number and number of datagrams, two bytes each, and two without meaning.
const HEAD_BYTES: usize = 8;

/// What is kept for the next datagram: none is bigger.
const INPUT_BYTES_MAX: usize = 64 << 10;

/// Everybody who sends datagrams to one address.
pub struct Datagrams {
    session: Session,
    input: BytesMut,
    out: Output,
    answer: Vec<u8>,
}

impl Datagrams {
    /// `address` is where the datagrams arrive.
    pub fn new(
        server: Arc<Server>,
        worker: Arc<WorkerStats>,
        address: &str,
        now_ms: u64,
    ) -> Datagrams {
        let local = format!("{PREFIX}{address}");
        let info = ConnectionInfo { peer: local.clone(), local, connected_at_ms: now_ms };
        let session = Session::new(server, worker, info);
        let (input, out) = (BytesMut::new(), Output::default());
        Datagrams { session, input, out, answer: Vec::with_capacity(DATAGRAM_BYTES_MAX) }
    }

    /// Runs the whole commands in a datagram. Their answers are one datagram, where there are any.
    pub fn answer(&mut self, datagram: &[u8], now_ms: u64) -> Option<&[u8]> {
        self.session.handle().count_read(self.session.worker(), datagram.len());
        let (head, request) = datagram.split_first_chunk::<HEAD_BYTES>()?;
        // Requests of several datagrams are not put together, as by memcached.
        if head[4..6] != [0, 1] || request.first().is_none_or(|it| begins_answer(*it)) {
            return None;
        }
        self.run(request, now_ms);
        if self.out.is_empty() {
            return None;
        }
        self.answer.clear();
        self.answer.extend_from_slice(&[head[0], head[1], 0, 0, 0, 1, 0, 0]);
        self.answer.extend(self.out.slices().flatten());
        self.session.handle().count_written(self.session.worker(), self.answer.len());
        Some(&self.answer)
    }

    fn run(&mut self, request: &[u8], now_ms: u64) {
        self.input.clear();
        self.input.extend_from_slice(request);
        self.out.clear();
        let step = self.session.advance(&mut self.input, &mut self.out, now_ms);
        let is_through = matches!(step, Step::ReadMore { .. } | Step::Close);
        if !is_through || self.out.len() > DATAGRAM_BYTES_MAX - HEAD_BYTES {
            self.out.clear();
            self.session.refuse_answer(request, &mut self.out);
        }
        self.session.forget();
        // Made for a big value that did not come whole.
        if self.input.capacity() > INPUT_BYTES_MAX {
            let_go_buffer(std::mem::take(&mut self.input));
        }
    }
}

/// True for what begins answers and no command: two servers that took each other's answers for
/// requests would answer them without end.
fn begins_answer(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == binary::ANSWER_MAGIC
}

/// What the addresses of those begin with who send datagrams.
pub(crate) const PREFIX: &str = "udp:";
