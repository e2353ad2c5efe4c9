//! memcached by datagram: commands of text, each in one.

use super::{CasNumbers, Difference, Side as _, connect_to_nothing, history, memcached};
use crate::datagrams::Sender;
use crate::generate::memcached::Command;
use crate::words::escaped;

/// What Tandem says where memcached's answer takes more than one datagram.
const REFUSED: &str = "SERVER_ERROR too much for UDP\\r\\n";

/// One server, and its CAS numbers.
pub struct Side {
    sender: Sender,
    cas: CasNumbers,
}

impl Side {
    /// A sender to a server on these ports, which then has no keys.
    pub fn new(port: u16, udp_port: u16) -> Side {
        connect_to_nothing(port);
        Side { sender: Sender::new(udp_port), cas: CasNumbers::default() }
    }

    fn ask(&mut self, command: &Command) -> Told {
        let answers = self.sender.ask(&memcached::bytes(&self.cas, command));
        let is_whole = answers.iter().all(|it| it.n <= 1);
        Told { bytes: answers.into_iter().flat_map(|it| it.body).collect(), is_whole }
    }

    fn plain(&mut self, told: &Told, command: &Command) -> String {
        escaped(&memcached::plain(&mut self.cas, &told.bytes, command))
    }
}

/// What a server answered: in a datagram, in one for each command of the request, or in several
/// for one command.
struct Told {
    bytes: Vec<u8>,
    is_whole: bool,
}

/// Sends the commands one by one and compares the answers.
pub fn compare(
    [ours, theirs]: [&mut Side; 2],
    commands: &[Command],
) -> Result<usize, Box<Difference>> {
    let mut lines: Vec<String> = Vec::new();
    // Tandem takes these for the answers of a server, which it does not answer.
    let is_sent = |it: &&Command| !it.head.first().is_some_and(u8::is_ascii_uppercase);
    for command in commands.iter().filter(is_sent) {
        let line = memcached::Side::line(command);
        let (our_told, their_told) = (ours.ask(command), theirs.ask(command));
        let (our_answer, their_answer) = if ON_THE_EDGE.contains(&their_told.bytes.len()) {
            (String::new(), String::new())
        } else if their_told.is_whole {
            (ours.plain(&our_told, command), theirs.plain(&their_told, command))
        } else {
            (escaped(&our_told.bytes), REFUSED.to_owned())
        };
        if our_answer != their_answer || !our_told.is_whole {
            return Err(Box::new(Difference {
                index: lines.len(),
                command: line,
                ours: our_answer,
                theirs: their_answer,
                history: history(&lines, &memcached::Side::words(command)),
            }));
        }
        lines.push(line);
    }
    Ok(lines.len())
}

/// Bytes of an answer of which one server's fits and another's does not: CAS numbers have more
/// digits in one of them, and numbers are padded.
const ON_THE_EDGE: std::ops::Range<usize> = 1300..1500;
