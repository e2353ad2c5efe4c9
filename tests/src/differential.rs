//! The same commands to Tandem and to the server it stands in for: every answer must be the same.

use std::fmt;

use crate::client::Client;
use crate::random::Random;

pub mod binary;
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

/// How many commands before a difference are told.
const HISTORY_MAX: usize = 25;

/// Sends bytes in packets of one random measure: most hold many commands, some a few bytes of one.
fn send_in_pieces(client: &mut Client, bytes: &[u8], random: &mut Random) {
    let bytes_min = if bytes.len() > 4096 { 500 } else { 1 };
    let bytes_max = bytes_min.max(*random.pick(&[3, 50, 1500, 20_000, 1 << 20]));
    client.send_split(bytes, || 1 + random.below(bytes_max));
}

/// The latest lines that have one of the words in them.
fn history(lines: &[String], words: &[&str]) -> Vec<String> {
    let is_about = |line: &&String| words.iter().any(|word| line.contains(word));
    let mut latest: Vec<String> =
        lines.iter().rev().filter(is_about).take(HISTORY_MAX).cloned().collect();
    latest.reverse();
    latest
}
