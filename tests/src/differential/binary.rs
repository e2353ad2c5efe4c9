//! memcached's binary protocol: whole frames, with CAS numbers in the order in which they were
//! first seen.

use super::{CasNumbers, connect_to_nothing};
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
    cas: CasNumbers,
}

impl super::Side for Side {
    type Command = Command;

    fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn bytes(&self, command: &Command) -> Vec<u8> {
        let cas = match command.cas {
            Cas::None => 0,
            Cas::Known => self.cas.of(&command.frame.key).unwrap_or(NO_CAS),
            Cas::Wrong => NO_CAS,
        };
        if command.closes {
            return command.bytes(cas);
        }
        let sentinel = Frame { opaque: SENTINEL, ..Frame::new(NOOP, b"") };
        [command.bytes(cas), sentinel.request()].concat()
    }

    fn answer(&mut self, command: &Command) -> String {
        let mut lines = Vec::new();
        loop {
            let Some(frame) = self.frame() else {
                lines.push("(closed)".to_owned());
                self.client = Client::connect(self.port);
                break;
            };
            if frame.opcode == NOOP && frame.opaque == SENTINEL {
                break;
            }
            lines.push(self.plain(frame, command).line());
        }
        lines.join(" | ")
    }

    fn batch_length(commands: &[Command], random: &mut Random) -> usize {
        let most = (1 + random.below(BATCH_MAX)).min(commands.len());
        commands.iter().position(|it| it.closes).map_or(most, |at| most.min(at + 1))
    }

    fn line(command: &Command) -> String {
        let Command { frame, cas, changes, .. } = command;
        let extras = escaped(&frame.extras);
        let bare = Frame { extras: Vec::new(), ..frame.clone() };
        format!("{} extras={extras} cas: {cas:?} changes: {changes:?}", bare.line())
    }

    fn words(command: &Command) -> Vec<String> {
        // Flushes are about every key.
        vec![format!("key={} ", escaped(&command.frame.key)), "flush".to_owned()]
    }
}

impl Side {
    /// A new connection to a server on this port, which then has no keys.
    pub fn new(port: u16) -> Side {
        Side { port, client: connect_to_nothing(port), cas: CasNumbers::default() }
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
            cas = 1 + self.cas.saw(&command.frame.key, cas) as u64;
        }
        Frame { cas, value, ..frame }
    }
}
