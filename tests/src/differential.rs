//! The same commands to Tandem and to the server it stands in for: every answer must be the same.

use std::collections::BTreeMap;
use std::fmt;

use crate::client::Client;
use crate::random::Random;

pub mod binary;
pub mod datagrams;
pub mod memcached;
pub mod resp;

/// The first answer of a stream that was not the same.
#[derive(Debug)]
pub struct Difference {
    /// Where in the stream.
    pub index: usize,
    /// The command, as a transcript would write it.
    pub command: String,
    /// Tandem's answer.
    pub ours: String,
    /// The other's answer.
    pub theirs: String,
    /// Commands before it that had a word in common with it.
    pub history: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "command {}:", self.index)?;
        for line in &self.history {
            writeln!(f, "    {line:.300}")?;
        }
        writeln!(f, "  > {:.500}", self.command)?;
        writeln!(f, "  ours:   {:.1500}", self.ours)?;
        writeln!(f, "  theirs: {:.1500}", self.theirs)
    }
}

/// One of the two servers that a stream of memcached's commands goes to.
pub trait Side {
    type Command;

    fn client(&mut self) -> &mut Client;

    /// The command with the CAS numbers of this server, and what makes the end of its answer known.
    fn bytes(&self, command: &Self::Command) -> Vec<u8>;

    /// The answer in text, with what may differ between servers taken out of it.
    fn answer(&mut self, command: &Self::Command) -> String;

    /// How many of the commands are sent before any answer is read.
    fn batch_length(commands: &[Self::Command], random: &mut Random) -> usize;

    /// The command in text.
    fn line(command: &Self::Command) -> String;

    /// Words of earlier commands that may have to do with its answer.
    fn words(command: &Self::Command) -> Vec<String>;
}

/// Sends the commands in pipelines, to Tandem in random pieces, and compares the answers.
pub fn compare<S: Side>(
    [ours, theirs]: [&mut S; 2],
    commands: &[S::Command],
    random: &mut Random,
) -> Result<usize, Box<Difference>> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = commands;
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(S::batch_length(rest, random));
        rest = later;
        let bytes: Vec<u8> = batch.iter().flat_map(|it| theirs.bytes(it)).collect();
        theirs.client().send(&bytes);
        let bytes: Vec<u8> = batch.iter().flat_map(|it| ours.bytes(it)).collect();
        send_in_pieces(ours.client(), &bytes, random);
        for command in batch {
            let line = S::line(command);
            let (ours, theirs) = (ours.answer(command), theirs.answer(command));
            if ours != theirs {
                let (index, history) = (lines.len(), history(&lines, &S::words(command)));
                return Err(Box::new(Difference { index, command: line, ours, theirs, history }));
            }
            lines.push(line);
        }
    }
    Ok(commands.len())
}

/// A new connection to a server of memcached's on this port, all of whose keys are removed.
fn connect_to_nothing(port: u16) -> Client {
    let mut client = Client::connect(port);
    assert_eq!(client.line("flush_all"), "OK");
    // The first byte of a connection says what it speaks.
    Client::connect(port)
}

/// The CAS numbers of one server, which are unlike those of another.
#[derive(Debug, Default)]
struct CasNumbers {
    /// The last number seen of each key.
    by_key: BTreeMap<Vec<u8>, u64>,
    /// The order in which numbers were first seen.
    order: BTreeMap<u64, usize>,
}

impl CasNumbers {
    /// The place of a number in the order in which they were first seen.
    fn place(&mut self, cas: u64) -> usize {
        let n_seen = self.order.len();
        *self.order.entry(cas).or_insert(n_seen)
    }

    /// Keeps the number of a key and tells its place.
    fn saw(&mut self, key: &[u8], cas: u64) -> usize {
        self.by_key.insert(key.to_vec(), cas);
        self.place(cas)
    }

    fn of(&self, key: &[u8]) -> Option<u64> {
        self.by_key.get(key).copied()
    }
}

/// How many commands before a difference are told.
const HISTORY_MAX: usize = 25;

/// Sends bytes in packets of one random measure: most hold many commands, some a few bytes of one.
fn send_in_pieces(client: &mut Client, bytes: &[u8], random: &mut Random) {
    let bytes_min = if bytes.len() > 4096 { 500 } else { 1 };
    let bytes_max = bytes_min.max(*random.pick(&[3, 50, 1500, 20_000, 1 << 20]));
    client.send_split(bytes, || 1 + random.below(bytes_max));
}

/// The latest lines that have one of the words in them.
fn history<W: AsRef<str>>(lines: &[String], words: &[W]) -> Vec<String> {
    let is_about = |line: &&String| words.iter().any(|word| line.contains(word.as_ref()));
    let mut latest: Vec<String> =
        lines.iter().rev().filter(is_about).take(HISTORY_MAX).cloned().collect();
    latest.reverse();
    latest
}
