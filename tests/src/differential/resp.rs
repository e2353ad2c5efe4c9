//! RESP: byte for byte, but for orders that nobody promises, random picks and the passing of time.

mod streams;

use super::{Difference, history, send_in_pieces};
use crate::client::{Client, encode};
use crate::generate::resp::Words;
use crate::random::Random;
use crate::value::Value;
use crate::words::quoted;

/// Most commands that are sent before any answer is read.
const BATCH_MAX: usize = 40;

/// Two servers are asked within this time, on a machine that is busy with other tests.
const TOLERANCE_MS: i64 = 10_000;

/// What is asked of every key when contents are compared.
const READS: &[&str] =
    &["TYPE key", "GET key", "HGETALL key", "PEXPIRETIME key", "OBJECT ENCODING key"];

/// What is known to differ: the command is not sent, or its answer is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the answers must be the same.
    Same,
    /// The answers differ and what is stored does not.
    OtherAnswer,
    /// What is stored would differ too.
    NotSent,
}

/// Two connections and what may differ between them.
pub struct Pair<'a> {
    /// A connection to Tandem.
    pub ours: Client,
    /// A connection to the server it is compared with.
    pub theirs: Client,
    /// The table of known differences.
    pub known: &'a dyn Fn(&Words) -> Known,
    /// What has been run so far.
    lines: Vec<String>,
    /// Something was taken at random.
    has_popped: bool,
}

impl<'a> Pair<'a> {
    /// New connections to the two ports.
    pub fn connect(ports: [u16; 2], known: &'a dyn Fn(&Words) -> Known) -> Pair<'a> {
        let [ours, theirs] = ports.map(Client::connect);
        Pair { ours, theirs, known, lines: Vec::new(), has_popped: false }
    }

    /// Sends the commands in pipelines, to Tandem in random pieces, and compares the answers.
    /// Says how many were compared, or what was different first.
    pub fn compare(
        &mut self,
        commands: &[Words],
        random: &mut Random,
    ) -> Result<usize, Box<Difference>> {
        let sent: Vec<&Words> =
            commands.iter().filter(|it| (self.known)(it) != Known::NotSent).collect();
        let mut rest = &sent[..];
        while !rest.is_empty() {
            let n_max = (1 + random.below(BATCH_MAX)).min(rest.len());
            // What a pop at random takes is made up for before anything else is sent.
            let pops = rest[..n_max].iter().position(|it| pops_at_random(it));
            let (batch, later) = rest.split_at(pops.map_or(n_max, |at| at + 1));
            rest = later;
            self.send(batch, random);
            let mut popped = None;
            for command in batch {
                let ours = self.ours.try_value();
                let theirs = self.theirs.try_value();
                self.lines.push(line(command));
                let same = (self.known)(command) == Known::OtherAnswer
                    || match (&ours, &theirs) {
                        (Some(ours), Some(theirs)) => same(command, ours, theirs),
                        (ours, theirs) => ours == theirs,
                    };
                if !same {
                    return Err(Box::new(difference(&self.lines, command, ours, theirs)));
                }
                popped = ours.zip(theirs);
            }
            if let (Some(pop), Some((ours, theirs))) = (pops.map(|at| batch[at]), popped) {
                self.make_up(pop, &ours.0, &theirs.0)?;
            }
        }
        Ok(sent.len())
    }

    /// Compares all that is stored in the first databases, and how long it will be. `reads` are
    /// further commands that read a value whole: `key` in them stands for each key.
    pub fn compare_contents(
        &mut self,
        reads: &[&str],
        random: &mut Random,
    ) -> Result<usize, Box<Difference>> {
        let mut n_compared = 0;
        for db in ["0", "1", "2"] {
            let keys = {
                self.theirs.command(&["SELECT", db]);
                self.theirs.command(&["KEYS", "*"])
            };
            let mut commands =
                vec![to_words(&[b"SELECT", db.as_bytes()]), to_words(&[b"KEYS", b"*"])];
            for key in keys.elements() {
                for read in READS.iter().chain(reads) {
                    let words = read.split(' ').map(str::as_bytes);
                    let words = words.map(|it| if it == b"key" { key.bytes() } else { it });
                    commands.push(words.map(<[u8]>::to_vec).collect());
                }
            }
            n_compared += self.compare(&commands, random)?;
            // A set that was made small by a pop has an order of chance, and hands it on.
            if self.has_popped {
                continue;
            }
            for key in keys.elements() {
                n_compared += self.compare_order(key)?;
            }
        }
        Ok(n_compared)
    }

    /// Compares the order of a set's members where it is not a matter of chance.
    fn compare_order(&mut self, key: &Value) -> Result<usize, Box<Difference>> {
        let is_set = self.theirs.command(&[b"TYPE", key.bytes()]).text() == "set";
        let encoding =
            self.theirs.command(&to_words(&[b"OBJECT", b"ENCODING", key.bytes()])).text();
        if !is_set || encoding == "hashtable" {
            return Ok(0);
        }
        let command = to_words(&[b"SMEMBERS", key.bytes()]);
        let [ours, theirs] = [&mut self.ours, &mut self.theirs].map(|it| {
            it.send(&encode(&command));
            it.try_value()
        });
        self.lines.push(line(&command));
        if ours == theirs {
            Ok(1)
        } else {
            Err(Box::new(difference(&self.lines, &command, ours, theirs)))
        }
    }

    /// Takes from each side what only the other has popped. Both lose as many, if all that was
    /// popped was there and what was not is.
    fn make_up(
        &mut self,
        pop: &Words,
        ours: &Value,
        theirs: &Value,
    ) -> Result<(), Box<Difference>> {
        let members = |it: &Value| match it {
            Value::Bulk(member) => vec![member.clone()],
            Value::Array(items) | Value::Set(items) => {
                items.iter().map(|it| it.bytes().to_vec()).collect()
            }
            _ => Vec::new(),
        };
        let (ours, theirs) = (members(ours), members(theirs));
        if ours.is_empty() && theirs.is_empty() {
            return Ok(());
        }
        self.has_popped = true;
        let mut command = vec![b"SREM".to_vec(), pop[1].clone()];
        command.extend(ours.into_iter().chain(theirs));
        let [ours, theirs] = [&mut self.ours, &mut self.theirs].map(|it| {
            it.send(&encode(&command));
            it.try_value()
        });
        self.lines.push(line(&command));
        if ours == theirs {
            Ok(())
        } else {
            Err(Box::new(difference(&self.lines, &command, ours, theirs)))
        }
    }

    fn send(&mut self, batch: &[&Words], random: &mut Random) {
        let bytes: Vec<u8> = batch.iter().flat_map(|words| wire(words, random)).collect();
        self.theirs.send(&bytes);
        send_in_pieces(&mut self.ours, &bytes, random);
    }
}

/// Mostly an array, sometimes an inline line where the words allow it.
fn wire(words: &Words, random: &mut Random) -> Vec<u8> {
    let is_plain = |word: &Vec<u8>| !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric);
    if random.once_in(15) && words.iter().all(is_plain) {
        return [words.join(&b' '), b"\r\n".to_vec()].concat();
    }
    encode(words)
}

fn pops_at_random(words: &Words) -> bool {
    words[0].eq_ignore_ascii_case(b"SPOP")
}

fn to_words(words: &[&[u8]]) -> Words {
    words.iter().map(|word| word.to_vec()).collect()
}

fn line(words: &Words) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn difference(
    lines: &[String],
    command: &Words,
    ours: Option<(Value, Vec<u8>)>,
    theirs: Option<(Value, Vec<u8>)>,
) -> Difference {
    let text = |it: Option<(Value, Vec<u8>)>| {
        it.map_or("(closed)".to_owned(), |(value, _)| value.to_string())
    };
    let (last, before) = lines.split_last().expect("the command itself");
    let place = if command[0].eq_ignore_ascii_case(b"OBJECT") { 2 } else { 1 };
    let word = command.get(place).map_or(String::new(), |word| quoted(word));
    Difference {
        index: before.len(),
        command: last.clone(),
        ours: text(ours),
        theirs: text(theirs),
        history: history(before, &[&word]),
    }
}

/// True when the answers say the same.
fn same(command: &Words, ours: &(Value, Vec<u8>), theirs: &(Value, Vec<u8>)) -> bool {
    if ours.1 == theirs.1 {
        return true;
    }
    let (ours, theirs) = (&ours.0, &theirs.0);
    match command[0].to_ascii_uppercase().as_slice() {
        b"KEYS" | b"HKEYS" | b"HVALS" | b"HGETALL" | b"SMEMBERS" | b"SINTER" | b"SUNION"
        | b"SDIFF" => sorted(ours) == sorted(theirs),
        // Nobody promises what comes behind a cursor that no scan of this server gave.
        b"SCAN" | b"HSCAN" | b"SSCAN" | b"ZSCAN" if !starts_over(command) => {
            is_scan(ours) && is_scan(theirs)
        }
        b"SCAN" | b"SSCAN" => scanned(ours, 1) == scanned(theirs, 1),
        b"HSCAN" | b"ZSCAN" => {
            let is_half = |it: &[u8]| it.eq_ignore_ascii_case(b"NOVALUES") || it == b"NOSCORES";
            let pairs = !command.iter().any(|it| is_half(it));
            let width = if pairs { 2 } else { 1 };
            scanned(ours, width) == scanned(theirs, width)
        }
        b"RANDOMKEY" | b"HRANDFIELD" | b"SRANDMEMBER" | b"ZRANDMEMBER" | b"SPOP" => {
            shape(ours) == shape(theirs)
        }
        b"HTTL" | b"HEXPIRETIME" => near_each(ours, theirs, TOLERANCE_MS / 1000),
        b"HPTTL" | b"HPEXPIRETIME" => near_each(ours, theirs, TOLERANCE_MS),
        b"TTL" | b"EXPIRETIME" => near(ours, theirs, TOLERANCE_MS / 1000),
        b"PTTL" | b"PEXPIRETIME" => near(ours, theirs, TOLERANCE_MS),
        // Where the short form of a string ends depends on the layout of the key beside it; and a
        // whole number that INCRBYFLOAT leaves is text there and a number here.
        b"OBJECT" => {
            (is_text(ours) || matches!(ours, Value::Bulk(name) if name == b"int"))
                && is_text(theirs)
        }
        name if name.starts_with(b"X") => streams::same(ours, theirs),
        // What a key costs is ours to say.
        b"MEMORY" => ours.integer().is_some() && theirs.integer().is_some(),
        _ => false,
    }
}

fn is_text(encoding: &Value) -> bool {
    matches!(encoding, Value::Bulk(name) if matches!(name.as_slice(), b"embstr" | b"raw"))
}

/// The elements in an order of ours; pairs stay together.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Map(pairs) => {
            let mut pairs = pairs.clone();
            pairs.sort();
            Value::Map(pairs)
        }
        Value::Array(items) => Value::Array(sorted_by(items, 1)),
        Value::Set(items) => Value::Set(sorted_by(items, 1)),
        other => other.clone(),
    }
}

fn sorted_by(items: &[Value], width: usize) -> Vec<Value> {
    let mut groups: Vec<&[Value]> = items.chunks(width).collect();
    groups.sort();
    groups.concat()
}

fn starts_over(scan: &Words) -> bool {
    let place = if scan[0].eq_ignore_ascii_case(b"SCAN") { 1 } else { 2 };
    scan.get(place).is_none_or(|cursor| cursor == b"0")
}

fn is_scan(value: &Value) -> bool {
    matches!(value, Value::Array(parts) if matches!(parts[..], [Value::Bulk(_), Value::Array(_)]))
}

/// A scan's cursor and its elements in an order of ours.
fn scanned(value: &Value, width: usize) -> Value {
    match value {
        Value::Array(parts) if parts.len() == 2 => {
            let elements = sorted_by(parts[1].elements(), width);
            Value::Array(vec![parts[0].clone(), Value::Array(elements)])
        }
        other => other.clone(),
    }
}

/// How many of what there are, without what they say.
fn shape(value: &Value) -> Value {
    match value {
        Value::Bulk(_) => Value::Bulk(Vec::new()),
        Value::Double(_) => Value::Double(String::new()),
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        Value::Set(items) => Value::Set(items.iter().map(shape).collect()),
        other => other.clone(),
    }
}

fn near_each(ours: &Value, theirs: &Value, tolerance: i64) -> bool {
    let (Value::Array(ours), Value::Array(theirs)) = (ours, theirs) else { return false };
    let same = |(ours, theirs)| ours == theirs || near(ours, theirs, tolerance);
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(same)
}

fn near(ours: &Value, theirs: &Value, tolerance: i64) -> bool {
    match (ours.integer(), theirs.integer()) {
        (Some(ours @ 0..), Some(theirs @ 0..)) => ours.abs_diff(theirs) <= tolerance as u64,
        _ => false,
    }
}
