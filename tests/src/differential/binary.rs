//! memcached's binary protocol: whole frames, with CAS numbers in the order in which they were
//! first seen.

use std::collections::BTreeMap;

use super::{Difference, history, send_in_pieces};
use crate::client::Client;
use crate::frame::{self, Frame, HEADER_BYTES};
use crate::generate::binary::{Cas, Command};
use crate::random::Random;
use crate::words::escaped;

/// Most requests that are sent before any answer is read.
const BATCH_MAX: usize = 40;

/// Behind every request comes a no-op with this mark, so that one knows where its answer ends.
const SENTINEL: u32 = 0x5e_e5_ee_5e;

/// A CAS number that no item has.
const NO_CAS: u64 = 999_999_999_999;

/// A no-op.
const NOOP: u8 = 0x0a;

/// One server, and its CAS numbers.
pub struct Side {
    port: u16,
    client: Client,
    /// The last number seen of each key.
    cas_by_key: BTreeMap<Vec<u8>, u64>,
    /// The order in which numbers were first seen.
    order: BTreeMap<u64, usize>,
}

impl Side {
    /// A new connection to a server on this port.
    pub fn new(port: u16) -> Side {
        let client = Client::connect(port);
        Side { port, client, cas_by_key: BTreeMap::new(), order: BTreeMap::new() }
    }

    fn bytes(&self, command: &Command) -> Vec<u8> {
        let cas = match command.cas {
            Cas::None => 0,
            Cas::Known => self.cas_by_key.get(&command.frame.key).copied().unwrap_or(NO_CAS),
            Cas::Wrong => NO_CAS,
        };
        if command.closes {
            return command.bytes(cas);
        }
        let sentinel = Frame { opaque: SENTINEL, ..Frame::new(NOOP, b"") };
        [command.bytes(cas), sentinel.request()].concat()
    }

    /// The frames of an answer, with what may differ between servers taken out of them.
    fn answer(&mut self, command: &Command) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let Some(frame) = self.frame() else {
                lines.push("(closed)".to_owned());
                self.client = Client::connect(self.port);
                return lines;
            };
            if frame.opcode == NOOP && frame.opaque == SENTINEL {
                return lines;
            }
            lines.push(self.plain(frame, command).line());
        }
    }

    fn frame(&mut self) -> Option<Frame> {
        let header = self.client.try_take(HEADER_BYTES)?;
        let length = frame::whole(header.first_chunk().expect("a whole header"));
        let body = self.client.try_take(length - HEADER_BYTES)?;
        Frame::read(&[header, body].concat()).map(|(frame, _)| frame)
    }

    /// Numbers lose their padding: whether a number that got shorter keeps its length depends on
    /// who was reading it.
    fn plain(&mut self, frame: Frame, command: &Command) -> Frame {
        let is_padded = frame.value.first().is_some_and(u8::is_ascii_digit);
        let value =
            if is_padded { frame.value.trim_ascii_end().to_vec() } else { frame.value.clone() };
        let mut cas = frame.cas;
        if cas != 0 {
            self.cas_by_key.insert(command.frame.key.clone(), cas);
            let n_seen = self.order.len();
            cas = 1 + *self.order.entry(cas).or_insert(n_seen) as u64;
        }
        Frame { cas, value, ..frame }
    }
}

/// Sends the requests in pipelines, to Tandem in random pieces, and compares the answers.
pub fn compare(
    ours: &mut Side,
    theirs: &mut Side,
    commands: &[Command],
    random: &mut Random,
) -> Result<usize, Box<Difference>> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = commands;
    while !rest.is_empty() {
        let n_most = (1 + random.below(BATCH_MAX)).min(rest.len());
        let n_until_closed = rest.iter().position(|it| it.closes).map_or(n_most, |at| at + 1);
        let (batch, later) = rest.split_at(n_most.min(n_until_closed));
        rest = later;
        let bytes: Vec<u8> = batch.iter().flat_map(|it| theirs.bytes(it)).collect();
        theirs.client.send(&bytes);
        let bytes: Vec<u8> = batch.iter().flat_map(|it| ours.bytes(it)).collect();
        send_in_pieces(&mut ours.client, &bytes, random);
        for command in batch {
            lines.push(line(command));
            let (our_answer, their_answer) = (ours.answer(command), theirs.answer(command));
            if our_answer != their_answer {
                return Err(Box::new(difference(&lines, command, &our_answer, &their_answer)));
            }
        }
    }
    Ok(commands.len())
}

fn line(command: &Command) -> String {
    let Command { frame, cas, changes, .. } = command;
    let extras = escaped(&frame.extras);
    let bare = Frame { extras: Vec::new(), ..frame.clone() };
    format!("{} extras={extras} cas: {cas:?} changes: {changes:?}", bare.line())
}

fn difference(
    lines: &[String],
    command: &Command,
    ours: &[String],
    theirs: &[String],
) -> Difference {
    let (last, before) = lines.split_last().expect("the request itself");
    let key = format!("key={} ", escaped(&command.frame.key));
    Difference {
        index: before.len(),
        command: last.clone(),
        ours: ours.join(" | "),
        theirs: theirs.join(" | "),
        // Flushes are about every key.
        history: history(before, &[&key, "flush"]),
    }
}
