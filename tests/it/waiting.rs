//! Clients that wait for keys: who is served with what and in which order, compared with Valkey
//! after every step.

use std::thread;

use tandem_tests::client::{Client, encode};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;
use tandem_tests::value::Value;
use tandem_tests::words::split;

const N_CLIENTS: usize = 6;
const N_SCENARIOS: u64 = 12;
const N_STEPS: usize = 150;

/// What clients send that may wait.
const WAITING: &[&str] = &[
    "BLPOP l1 0",
    "BLPOP l1 l2 0",
    "BLPOP l2 l1 l2 0",
    "BRPOP l1 0",
    "BRPOP l2 l3 0",
    "BLMOVE l1 l2 LEFT RIGHT 0",
    "BLMOVE l1 l1 LEFT RIGHT 0",
    "BLMOVE l2 l3 RIGHT LEFT 0",
    "BRPOPLPUSH l3 l1 0",
    "BRPOPLPUSH l1 other 0",
    "BLMPOP 0 2 l1 l2 LEFT COUNT 2",
    "BLMPOP 0 1 l3 RIGHT",
    "BZPOPMIN z1 0",
    "BZPOPMAX z1 z2 0",
    "BZPOPMIN l1 z2 0",
    "BZMPOP 0 2 z2 z1 MAX COUNT 2",
];

/// What a client that never waits sends.
const WRITES: &[&str] = &[
    "LPUSH l1 a",
    "RPUSH l1 a b",
    "RPUSH l1 a b c d e",
    "LPUSH l2 x",
    "RPUSH l2 x y z",
    "LPUSH l3 1",
    "LINSERT l1 BEFORE a b",
    "RPUSH spare 1 2 3",
    "RENAME spare l1",
    "RENAME spare l2",
    "COPY spare l3",
    "COPY spare l1 REPLACE",
    "LMOVE spare l1 LEFT LEFT",
    "DEL l1 l2",
    "SET l1 text",
    "SET other text",
    "DEL other",
    "SELECT 1",
    "RPUSH l1 from-one",
    "MOVE l1 0",
    "SELECT 0",
    "FLUSHDB",
    "LLEN l1",
    "LRANGE l2 0 -1",
    "ZADD z1 1 a",
    "ZADD z1 2 b 3 c",
    "ZADD z2 1 x 2.5 y",
    "ZADD z2 0 zero",
    "ZADD l1 1 member",
    "ZUNIONSTORE z1 1 z2",
    "DEL z1 z2",
    "SET z1 text",
    "MSET l2 text l3 text",
    "SORT spare STORE l1",
    "SUNIONSTORE l2 none",
    "EXPIRE l1 -1",
    "ZRANGESTORE z1 z2 0 0",
];

/// The same of streams. Who waits as one of a group loses its turn when it is looked at in vain.
const WAITING_FOR_STREAMS: &[&str] = &[
    "XREAD BLOCK 0 STREAMS x1 $",
    "XREAD BLOCK 0 COUNT 1 STREAMS x1 x2 $ $",
    "XREAD BLOCK 0 STREAMS x2 x1 1-3 $",
    "XREADGROUP GROUP g one BLOCK 0 STREAMS x1 >",
    "XREADGROUP GROUP g one BLOCK 0 STREAMS x1 >",
    "XREADGROUP GROUP g two BLOCK 0 COUNT 1 STREAMS x1 >",
    "XREADGROUP GROUP h one BLOCK 0 STREAMS x2 >",
    "XREADGROUP GROUP g one BLOCK 0 STREAMS x1 x2 > >",
    "XREADGROUP GROUP g two BLOCK 0 COUNT 1 STREAMS x2 x1 > >",
    "XREADGROUP GROUP g three BLOCK 0 NOACK STREAMS x2 >",
    "XREADGROUP GROUP g one BLOCK 0 STREAMS x1 0",
];

const STREAM_WRITES: &[&str] = &[
    "XADD x1 1-* f v",
    "XADD x1 1-* f v",
    "XADD x1 1-* f v",
    "XADD x2 1-* f v",
    "XADD x2 MAXLEN 0 1-* f v",
    "XGROUP CREATE x1 g $ MKSTREAM",
    "XGROUP CREATE x1 g $ MKSTREAM",
    "XGROUP CREATE x2 g 0 MKSTREAM",
    "XGROUP CREATE x2 g $ MKSTREAM",
    "XGROUP CREATE x2 h $ MKSTREAM",
    "XGROUP DESTROY x1 g",
    "XGROUP DESTROY x2 h",
    "XGROUP SETID x1 g 0",
    "XGROUP DELCONSUMER x1 g two",
    "XDEL x1 1-0 1-1",
    "XTRIM x1 MAXLEN 0",
    "XACK x1 g 1-0 1-1",
    "XPENDING x1 g",
    "XLEN x1",
    "XADD spare 1-* a b",
    "RENAME spare x1",
    "COPY spare x2",
    "DEL x1",
    "DEL x2",
    "SET x1 text",
    "SET x2 text XX GET",
    "MSET x1 text x2 text",
    "GETSET x1 text",
    "APPEND x2 text",
    "SADD members 1 2",
    "SUNIONSTORE x1 members",
    "SDIFFSTORE x2 members members",
    "SORT members STORE x2",
    "BITOP NOT x1 text",
    "COPY members x1 REPLACE",
    "PEXPIRE x1 -1",
    "RPUSH x2 element",
    "SWAPDB 0 0",
];

struct Side {
    control: Client,
    clients: Vec<Member>,
}

struct Member {
    client: Client,
    id: i64,
    waits: bool,
}

impl Side {
    fn new(port: u16, protocol: &str) -> Side {
        let mut control = Client::connect(port);
        control.run("FLUSHALL");
        control.run("SELECT 0");
        let members = (0..N_CLIENTS).map(|_| {
            let mut client = Client::connect(port);
            client.command(&["HELLO", protocol]);
            let Value::Integer(id) = client.run("CLIENT ID") else { panic!("an id is a number") };
            Member { client, id, waits: false }
        });
        Side { control, clients: members.collect() }
    }

    fn is_blocked(&mut self, member: usize) -> bool {
        let id = self.clients[member].id.to_string();
        let line = self.control.command(&["CLIENT", "LIST", "ID", &id]);
        let line = String::from_utf8_lossy(line.bytes()).into_owned();
        let flags = line.split(' ').find_map(|it| it.strip_prefix("flags="));
        flags.expect("the client is connected").contains('b')
    }

    /// Sends a command and waits until it is answered or waits.
    fn ask(&mut self, member: usize, words: &[Vec<u8>]) -> Option<Value> {
        self.clients[member].client.send(&encode(words));
        loop {
            if self.clients[member].client.has_input() {
                return Some(self.clients[member].client.value().0);
            }
            if self.is_blocked(member) {
                self.clients[member].waits = true;
                return None;
            }
            thread::yield_now();
        }
    }

    /// The answers of those who wait no longer.
    fn served(&mut self) -> Vec<(usize, Value)> {
        let mut served = Vec::new();
        for member in 0..N_CLIENTS {
            if self.clients[member].waits && !self.is_blocked(member) {
                self.clients[member].waits = false;
                served.push((member, self.clients[member].client.value().0));
            }
        }
        served
    }
}

/// What one step led to: the answer, and those who were served by it.
type Outcome = (Option<Value>, Vec<(usize, Value)>);

fn step(side: &mut Side, member: Option<usize>, words: &[Vec<u8>]) -> Outcome {
    let answer = match member {
        Some(member) => side.ask(member, words),
        None => Some(side.control.command(words)),
    };
    (answer, side.served())
}

/// What clients wait with, and what another does meanwhile.
type Words = [&'static [&'static str]; 2];

fn scenario(seed: u64, protocol: &str, [waiting, writes]: Words, ports: [u16; 2]) {
    let mut random = Random::new(seed);
    let mut sides = ports.map(|port| Side::new(port, protocol));
    let mut history = Vec::new();
    for _ in 0..N_STEPS {
        let member = random.below(N_CLIENTS);
        let asks = random.once_in(2) && !sides[0].clients[member].waits;
        let (member, line) = if asks {
            (Some(member), (*random.pick(waiting)).to_owned())
        } else if random.once_in(12) {
            (None, format!("CLIENT UNBLOCK id:{member} {}", random.pick(&["TIMEOUT", "ERROR"])))
        } else {
            (None, (*random.pick(writes)).to_owned())
        };
        let [ours, theirs] = sides.each_mut().map(|side| {
            let line = side.clients.iter().enumerate().fold(line.clone(), |line, (at, it)| {
                line.replace(&format!("id:{at}"), &it.id.to_string())
            });
            step(side, member, &split(&line))
        });
        history.push(format!("{member:?} {line} -> {theirs:?}"));
        assert!(ours == theirs, "seed {seed}:\n{}\nours: {ours:?}", history.join("\n"));
    }
    for member in 0..N_CLIENTS {
        let [ours, theirs] = sides.each_mut().map(|side| {
            let line = format!("CLIENT UNBLOCK {}", side.clients[member].id);
            step(side, None, &split(&line))
        });
        assert_eq!(ours, theirs);
    }
    assert_eq!(blocked_clients(&mut sides[0].control), 0);
}

fn blocked_clients(control: &mut Client) -> usize {
    let info = control.run("INFO clients");
    let info = String::from_utf8_lossy(info.bytes()).into_owned();
    let field = |name: &str| {
        let value = info.lines().find_map(|it| it.strip_prefix(name)).expect("INFO has the field");
        value.parse::<usize>().expect("a number")
    };
    field("blocked_clients:") + field("total_blocking_keys:")
}

#[test]
fn those_who_wait_are_served_as_by_valkey() {
    scenarios("waiting", [WAITING, WRITES]);
}

#[test]
fn those_who_wait_for_streams_are_served_as_by_valkey() {
    scenarios("waiting for streams", [WAITING_FOR_STREAMS, STREAM_WRITES]);
}

fn scenarios(name: &str, words: Words) {
    let seed = Random::seed(name, 9);
    let oracle = Oracle::start(Kind::Valkey, &[]).expect("the oracle is installed");
    for threads in ["1", "2"] {
        let tandem = Tandem::start(&["--threads", threads]);
        for (at, protocol) in (0..N_SCENARIOS).zip(["2", "3"].iter().cycle()) {
            scenario(seed * 1009 + at, protocol, words, [tandem.resp_port, oracle.port]);
        }
    }
}

/// With several keys the order would be that of a table with a random seed.
#[test]
fn an_exchange_of_databases_serves_those_who_wait_in_their_order() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    let mut sides = [tandem.resp_port, oracle.port].map(|port| Side::new(port, "2"));
    for line in ["SELECT 1", "RPUSH l1 a b", "SELECT 0"] {
        for side in &mut sides {
            side.control.run(line);
        }
    }
    let [ours, theirs] = sides.each_mut().map(|side| {
        let mut outcomes: Vec<Outcome> =
            (0..4).map(|it| step(side, Some(it), &split("BLPOP l1 0"))).collect();
        outcomes.push(step(side, None, &split("SWAPDB 0 1")));
        outcomes.push(step(side, None, &split("RPUSH l1 c")));
        outcomes.push(step(side, None, &split("RPUSH l1 d")));
        outcomes
    });
    assert_eq!(ours, theirs);
}

#[test]
fn a_client_that_goes_leaves_its_queue_at_once() {
    let tandem = Tandem::start(&[]);
    let mut control = tandem.resp();
    let mut first = tandem.resp();
    let mut second = tandem.resp();
    first.send(b"BLPOP jobs 0\r\nPING\r\n");
    await_blocked(&mut control, 2);
    second.send(b"BLPOP jobs 0\r\n");
    await_blocked(&mut control, 3);
    drop(first);
    await_blocked(&mut control, 2);
    control.run("RPUSH jobs one");
    assert_eq!(second.value().0.to_string(), r#"["jobs" "one"]"#);
    assert_eq!(control.run("EXISTS jobs"), Value::Integer(0));
}

/// Clients that wait, and keys that are waited for.
fn await_blocked(control: &mut Client, n: usize) {
    while blocked_clients(control) != n {
        thread::yield_now();
    }
}

#[test]
fn a_wait_ends_with_its_time_and_what_stands_behind_it_goes_on() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    for port in [tandem.resp_port, oracle.port] {
        let mut client = Client::connect(port);
        client.send(b"BLPOP none 0.01\r\nBLMOVE none other LEFT LEFT 0.01\r\nPING\r\n");
        assert_eq!(client.value().0, Value::NullArray);
        assert_eq!(client.value().1, b"*-1\r\n");
        assert_eq!(client.value().0, Value::Simple("PONG".to_owned()));
        for line in [
            "BRPOP none none 0.01",
            "BRPOPLPUSH none other 0.01",
            "BLMPOP 0.01 1 none LEFT",
            "BZPOPMIN none 0.01",
            "BZPOPMAX none 0.01",
            "BZMPOP 0.01 1 none MIN",
            "XREAD BLOCK 1 STREAMS none $",
        ] {
            assert_eq!(client.run(line), Value::NullArray, "{line}");
        }
        for (line, error) in [
            ("BLPOP k -1", "ERR timeout is negative"),
            ("BLPOP k x", "ERR timeout is not a float or out of range"),
            ("BLPOP k inf", "ERR timeout is out of range"),
            ("BLPOP k 1e400", "ERR timeout is out of range"),
            ("BLPOP k 9223372036854775", "ERR timeout is out of range"),
            ("BLPOP k 9223372036854776", "ERR timeout is out of range"),
        ] {
            assert_eq!(client.run(line), Value::Error(error.to_owned()), "{line}");
        }
    }
}
