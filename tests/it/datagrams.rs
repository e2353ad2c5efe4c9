//! memcached by datagram (`-U`): from real sockets, beside memcached, and from those who mean harm.

use std::process::Command;

use tandem_tests::datagrams::{Answer, Sender, free_port};
use tandem_tests::differential::datagrams::{Side, compare};
use tandem_tests::generate::memcached::Generator;
use tandem_tests::oracle::{self, Kind, Oracle, Program};
use tandem_tests::process::{Process, ScratchFile};
use tandem_tests::random::Random;
use tandem_tests::server::{Tandem, binary};

/// Each command waits for the answer to the one before.
const N_STREAMS: u64 = 8;
const N_COMMANDS: usize = 250;
const N_GARBAGE: usize = 3000;

/// One thread, so that requests are answered in order, and a flush that leaves nothing.
const ALONE: &[&str] = &["-t", "1", "-o", "no_lru_maintainer,no_lru_crawler"];

/// A Tandem and its port for datagrams.
fn tandem() -> (Tandem, u16) {
    let port = free_port();
    let tandem = Tandem::start_with(&[], |command| {
        command.env("TANDEM_MEMCACHED_UDP_PORT", port.to_string());
    });
    (tandem, port)
}

/// The same of memcached.
fn memcached() -> (Oracle, u16) {
    let port = free_port();
    let letter = port.to_string();
    let args = [ALONE, &["-U", &letter]].concat();
    (Oracle::start(Kind::Memcached, &args).expect("cargo xtask oracles"), port)
}

fn body(answers: &[Answer]) -> String {
    let bodies = answers.iter().map(|it| String::from_utf8_lossy(&it.body));
    bodies.collect()
}

#[test]
fn requests_are_answered_one_datagram_for_one() {
    let (mut tandem, port) = tandem();
    let mut sender = Sender::new(port);
    assert_eq!(body(&sender.ask(b"set k 7 0 3\r\nabc\r\n")), "STORED\r\n");
    assert_eq!(tandem.memcached().line("get k"), "VALUE k 7 3");
    let answers = sender.ask(b"get k\r\nget none\r\n");
    assert_eq!(body(&answers), "VALUE k 7 3\r\nabc\r\nEND\r\nEND\r\n");
    assert_eq!((answers.len(), answers[0].place, answers[0].n), (1, 0, 1));
    let big = [&b"set k 0 0 60000\r\n"[..], &vec![b'x'; 60_000], b"\r\n"].concat();
    assert_eq!(body(&sender.ask(&big)), "STORED\r\n");
    assert_eq!(body(&sender.ask(b"get k\r\n")), "SERVER_ERROR too much for UDP\r\n");
    assert_eq!(sender.ask(b"quit\r\n"), []);
    let mut client = tandem.memcached();
    client.send(b"stats settings\r\n");
    let settings = client.until(b"END\r\n").expect("an answer");
    let udp_port = format!("STAT udpport {port}\r\n");
    assert!(String::from_utf8_lossy(&settings).contains(&udp_port));
    tandem.assert_healthy();
}

#[test]
fn generated_commands_are_answered_as_by_memcached_or_refused_for_their_length() {
    let seed = Random::seed("datagrams", 11);
    let (tandem, our_port) = tandem();
    let (oracle, their_port) = memcached();
    for stream in 0..N_STREAMS {
        let mut generator = Generator::new(seed * 1_000_003 + stream);
        let commands: Vec<_> = (0..N_COMMANDS).map(|_| generator.command()).collect();
        let mut ours = Side::new(tandem.memcached_port, our_port);
        let mut theirs = Side::new(oracle.port, their_port);
        if let Err(difference) = compare([&mut ours, &mut theirs], &commands) {
            panic!("stream {stream}, {difference}");
        }
    }
}

/// One datagram each, as memcached answers it: with nothing, mostly.
#[test]
fn datagrams_that_are_no_requests_are_answered_as_by_memcached() {
    let (_tandem, our_port) = tandem();
    let (_oracle, their_port) = memcached();
    let told = [our_port, their_port].map(|port| {
        let mut sender = Sender::new(port);
        let told = NO_REQUESTS.iter().map(|it| {
            sender.send(it);
            body(&sender.ask(b""))
        });
        told.collect::<Vec<_>>()
    });
    assert_eq!(told[0], told[1]);
}

#[test]
fn garbage_harms_nobody_and_calls_down_little() {
    let mut random = Random::new(Random::seed("garbage datagrams", 12));
    let (mut tandem, port) = tandem();
    let mut sender = Sender::new(port);
    for _ in 0..N_GARBAGE {
        let n_bytes_max = *random.pick(&[1, 12, 100, 3000, 60_000]);
        let n_bytes = random.below(n_bytes_max);
        let mut datagram = random.bytes(n_bytes);
        if random.once_in(2) {
            let request = *random.pick(WHOLE);
            datagram = request[..request.len() - random.below(5)].to_vec();
            let at = random.below(datagram.len());
            datagram[at] ^= 1 << random.below(8);
        }
        if random.once_in(4) {
            sender.send(&datagram);
        } else {
            // The sender's own numbers are smaller.
            let head = [0xff, 0xff, 0, 0, 0, 1, 0, 0];
            sender.send(&[&head[..], &datagram].concat());
        }
        for answer in sender.ask(b"get k\r\n") {
            assert!(answer.n == 1 && answer.body.len() <= 1392, "{answer:?}");
        }
    }
    tandem.assert_healthy();
}

/// Nobody could say by datagram who he is.
#[test]
fn datagrams_do_not_go_with_names_and_passwords() {
    let file = ScratchFile::new("datagram-passwords", "name:word\n");
    let theirs = Program::locate(Kind::Memcached).unwrap();
    for letters in [&["-Y", file.name()][..], &["-S"]] {
        let port = free_port().to_string();
        let letters = [letters, &["-U", &port]].concat();
        let line = theirs.command_line(oracle::free_port().unwrap(), &letters);
        let mut ours = Command::new(binary());
        ours.args(["memcached", "--"]).args(&letters);
        let mut theirs = Command::new(&line[0]);
        theirs.args(&line[1..]);
        for mut command in [ours, theirs] {
            let mut process = Process::start("refusing", &mut command);
            assert!(!process.wait().success(), "{letters:?}");
            assert!(process.log().contains('U'), "{letters:?}: {}", process.log());
        }
    }
}

const NO_REQUESTS: &[&[u8]] = &[
    b"",
    b"get k\r\n",
    b"\xff\xff\0\0\0\x01\0",
    b"\xff\xff\0\0\0\x01\0\0",
    b"\xff\xff\0\0\0\x02\0\0get k\r\n",
    b"\xff\xff\0\x01\0\x02\0\0get k\r\n",
    b"\xff\xff\0\x01\0\x01\0\0get k\r\n",
    b"\xff\xff\0\0\0\0\0\0get k\r\n",
    b"\xff\xff\0\0\x01\x01\0\0get k\r\n",
    b"\xff\xff\0\0\0\x01\xff\xffget k\r\n",
    b"\xff\xff\0\0\0\x01\0\0get k",
    b"\xff\xff\0\0\0\x01\0\0bogus\r\n",
    b"\xff\xff\0\0\0\x01\0\0set k 0 0 1 noreply\r\nx\r\n",
];

const WHOLE: &[&[u8]] = &[
    b"set k 0 0 5\r\nhello\r\n",
    b"get k nosuch\r\nget k\r\n",
    b"ms k 5 T0\r\nhello\r\nmg k v t s\r\n",
    b"incr k 1\r\n",
    b"gat 100 k\r\n",
    b"stats\r\nstats items\r\n",
    b"watch fetchers mutations\r\n",
    b"lru_crawler metadump all\r\n",
    b"\x80\x01\0\x01\x08\0\0\0\0\0\0\x0e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0khello",
    b"\x80\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
];
