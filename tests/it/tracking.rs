//! Client-side caching, compared with that of the real servers: what those who track keys hear
//! after each command of generated streams.

use std::collections::BTreeMap;

use tandem_tests::client::{Client, encode};
use tandem_tests::differential::resp::Known;
use tandem_tests::generate::resp::{self, Family, Words};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;
use tandem_tests::value::Value;
use tandem_tests::words::quoted;

use crate::differences;

const N_COMMANDS: usize = 1500;

#[test]
fn what_is_invalid_is_what_is_so_in_valkey() {
    let families = [
        ("base", resp::BASE),
        ("bitmap", resp::BITMAP),
        ("list", resp::LIST),
        ("sets", resp::SETS),
        ("sorted-sets", resp::SORTED_SETS),
        ("stream", resp::STREAM),
        ("hyperloglog", resp::HYPERLOGLOG),
        ("sort", resp::SORT),
        ("geo", resp::GEO),
    ];
    let wrong: Vec<String> = families
        .into_iter()
        .zip(1..)
        .flat_map(|((name, family), default_seed)| {
            let seed = Random::seed(&format!("tracking-{name}"), default_seed);
            compare(family, seed)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One who runs commands, one who keeps all that they name, and one who hears of everything.
struct Side {
    client: Client,
    keeper: Client,
    listener: Client,
}

impl Side {
    fn new(port: u16) -> Side {
        let [mut client, mut keeper, mut listener] = [0, 1, 2].map(|_| Client::connect(port));
        client.run("FLUSHALL");
        for it in [&mut keeper, &mut listener] {
            it.run("HELLO 3");
        }
        keeper.run("CLIENT TRACKING ON");
        listener.run("CLIENT TRACKING ON BCAST");
        Side { client, keeper, listener }
    }

    /// What the keeper and the listener hear of a command.
    fn hear(&mut self, command: &Words) -> [Vec<String>; 2] {
        let mut read = vec![b"EXISTS".to_vec()];
        read.extend(command.iter().cloned());
        self.keeper.send(&encode(&read));
        heard_before(&mut self.keeper, |it| matches!(it, Value::Integer(_)));
        heard(&mut self.listener);
        self.client.send(&encode(command));
        self.client.try_value();
        let mut kept = heard(&mut self.keeper);
        // The order of the keys of one command is no promise: LMOVE tells of its second key first.
        kept.sort_unstable();
        [kept, heard(&mut self.listener)]
    }
}

/// The keys of all invalidations that have come.
fn heard(client: &mut Client) -> Vec<String> {
    client.send(&encode(&["PING"]));
    heard_before(client, |it| matches!(it, Value::Simple(_)))
}

fn heard_before(client: &mut Client, is_end: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut heard = Vec::new();
    loop {
        match client.value().0 {
            Value::Push(words) => {
                let text = |it: &Value| match it {
                    Value::Array(names) => {
                        names.iter().map(|it| quoted(it.bytes())).collect::<Vec<_>>().join(" ")
                    }
                    other => format!("{other:?}"),
                };
                heard.push(text(&words[1]));
            }
            end if is_end(&end) => return heard,
            other => panic!("{other:?}"),
        }
    }
}

fn compare(family: Family, seed: u64) -> Vec<String> {
    let tandem = Tandem::start(&["--threads", "2"]);
    let oracle =
        Oracle::start(Kind::Valkey, &[]).expect("`cargo xtask test` installs the real servers");
    let [mut ours, mut theirs] = [tandem.resp_port, oracle.port].map(Side::new);
    let mut generator = resp::Generator::new(seed, family);
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    for step in 0..N_COMMANDS {
        let command = generator.command();
        if differences::known(Kind::Valkey, &command) == Known::NotSent || is_left_out(&command) {
            continue;
        }
        let [heard, expected] = [&mut ours, &mut theirs].map(|it| it.hear(&command));
        if heard != expected {
            let line: Vec<String> = command.iter().map(|it| quoted(it)).collect();
            let said = format!(
                "seed {seed} step {step}\n  > {}\n  ours:   {heard:?}\n  theirs: {expected:?}",
                line.join(" ")
            );
            wrong.entry(line[0].to_ascii_uppercase()).or_insert(said);
        }
    }
    wrong.into_values().collect()
}

/// What is taken at random, and what leaves a connection that is not what it was.
fn is_left_out(command: &Words) -> bool {
    let left_out = ["SPOP", "RESET", "QUIT", "CLIENT", "SUBSCRIBE", "MULTI", "DEBUG", "PFDEBUG"];
    let name = command[0].to_ascii_uppercase();
    left_out.iter().any(|it| it.as_bytes() == name)
}

/// Connections of two workers: every change between a read and the next is told, none is missed.
#[test]
fn no_change_is_missed_across_workers() {
    let tandem = Tandem::start(&["--threads", "2"]);
    let mut readers = [0, 1].map(|_| Client::connect(tandem.resp_port));
    readers[0].run("SET counter 0");
    for it in &mut readers {
        it.run("HELLO 3");
        it.run("CLIENT TRACKING ON");
    }
    let port = tandem.resp_port;
    let writers: Vec<_> = (0..2)
        .map(|_| {
            std::thread::spawn(move || {
                let mut client = Client::connect(port);
                for _ in 0..3000 {
                    client.run("INCR counter");
                }
            })
        })
        .collect();
    // A copy is thrown away when it is invalid. Once all is written, no old one may be left.
    let mut copies = [None::<String>, None];
    let turn = |readers: &mut [Client; 2], copies: &mut [Option<String>; 2]| {
        for (it, copy) in readers.iter_mut().zip(copies) {
            it.send(&encode(&["PING"]));
            if !heard_before(it, |it| matches!(it, Value::Simple(_))).is_empty() {
                *copy = None;
            }
            if copy.is_none() {
                it.send(&encode(&["GET", "counter"]));
                let (mut value, _) = it.value();
                while let Value::Push(_) = value {
                    value = it.value().0;
                }
                *copy = Some(value.text());
            }
        }
    };
    while writers.iter().any(|it| !it.is_finished()) {
        turn(&mut readers, &mut copies);
    }
    for it in writers {
        it.join().unwrap();
    }
    turn(&mut readers, &mut copies);
    assert_eq!(copies, [Some("6000".to_owned()), Some("6000".to_owned())]);
}
