//! Bytes that are no requests, or only parts of them.

use tandem_tests::client::{Client, encode};
use tandem_tests::frame::Frame;
use tandem_tests::generate;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;
use tandem_tests::words::escaped;

/// Whole requests, none of which changes what the next one answers.
const RESP_FRAMES: &[&[u8]] = &[
    b"*1\r\n$4\r\nPING\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n",
    b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    b"*4\r\n$4\r\nHSET\r\n$1\r\nh\r\n$1\r\nf\r\n$1\r\nv\r\n",
    b"PING hello\r\n",
    b"SET k \"quoted \\x41\"\r\n",
];

const MEMCACHED_FRAMES: &[&[u8]] = &[
    b"\x80\x01\0\x01\x08\0\0\0\0\0\0\x0e\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0khello",
    b"\x80\x1d\0\x01\x04\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09k",
    b"\x80\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"set k 0 0 5\r\nhello\r\n",
    b"get k nosuch\r\n",
    b"incr k 1\r\n",
    b"gat 100 k\r\n",
    b"stats\r\n",
];

#[test]
fn requests_cut_anywhere_harm_nobody() {
    let mut tandem = Tandem::start(&[]);
    for (port, frames) in
        [(tandem.resp_port, RESP_FRAMES), (tandem.memcached_port, MEMCACHED_FRAMES)]
    {
        for frame in frames {
            for length in 1..frame.len() {
                Client::connect(port).send(&frame[..length]);
            }
        }
    }
    tandem.assert_healthy();
}

#[test]
fn requests_that_come_byte_by_byte_are_answered() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    for (frame, answer) in RESP_FRAMES.iter().zip(["PONG", "OK", "\"hello\"", "1", "\"hello\""]) {
        client.send_split(frame, || 1);
        assert_eq!(client.value().0.to_string(), answer, "{}", escaped(frame));
    }
    let mut client = tandem.memcached();
    client.send_split(b"set k 0 0 5\r\nhello\r\nget k\r\n", || 1);
    let answer = client.until(b"END\r\n").unwrap();
    assert_eq!(escaped(&answer), r"STORED\r\nVALUE k 0 5\r\nhello\r\nEND\r\n");
    tandem.assert_healthy();
}

#[test]
fn a_client_that_has_said_all_is_still_answered() {
    let tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    client.send(&b"*1\r\n$4\r\nPING\r\n".repeat(1000));
    client.finish_sending();
    assert_eq!(client.rest(), b"+PONG\r\n".repeat(1000));

    let mut client = tandem.memcached();
    client.send(&b"get nosuch\r\n".repeat(1000));
    client.finish_sending();
    assert_eq!(client.rest(), b"END\r\n".repeat(1000));
}

#[test]
fn broken_requests_are_answered_as_by_valkey() {
    let mut tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    for bytes in BROKEN {
        let [ours, theirs] = [tandem.resp_port, oracle.port].map(|port| all_answers(port, bytes));
        assert_eq!(ours, theirs, "{}", escaped(bytes));
    }
    tandem.assert_healthy();
}

#[test]
fn broken_lines_are_answered_as_by_memcached() {
    let mut tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, &[]).unwrap();
    for bytes in BROKEN_LINES {
        let [ours, theirs] =
            [tandem.memcached_port, oracle.port].map(|port| all_answers(port, bytes));
        assert_eq!(ours, theirs, "{}", escaped(bytes));
    }
    tandem.assert_healthy();
}

#[test]
fn ten_thousand_commands_in_one_pipeline_are_answered_in_order() {
    let tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    let commands: Vec<Vec<u8>> = (0..10_000)
        .flat_map(|n: u32| {
            let (key, value) = (format!("k{}", n % 100), n.to_string());
            [encode(&["SET", &key, &value]), encode(&["GET", &key])]
        })
        .collect();
    client.send(&commands.concat());
    for n in 0..10_000 {
        assert_eq!(client.value().1, b"+OK\r\n");
        assert_eq!(client.value().0.text(), n.to_string());
    }

    let mut client = tandem.memcached();
    let lines: Vec<String> =
        (0..10_000).map(|n| format!("set k 0 0 4\r\n{:04}\r\nget k\r\n", n % 10_000)).collect();
    client.send(lines.concat().as_bytes());
    for n in 0..10_000 {
        let answer = client.until(b"END\r\n").unwrap();
        assert_eq!(answer, format!("STORED\r\nVALUE k 0 4\r\n{n:04}\r\nEND\r\n").as_bytes());
    }
}

#[test]
fn random_bytes_on_both_ports_harm_nobody() {
    let mut random = Random::new(Random::seed("garbage", 7));
    let mut tandem = Tandem::start(&[]);
    for round in 0..300 {
        for port in [tandem.resp_port, tandem.memcached_port] {
            let length = 1 + random.below(3000);
            let bytes = random.bytes(length);
            try_send(port, &bytes);
        }
        let length = random.below(3000);
        let bytes = [vec![0x80], random.bytes(length)].concat();
        try_send(tandem.memcached_port, &bytes);
        if round % 100 == 0 {
            tandem.assert_healthy();
        }
    }
    tandem.assert_healthy();
}

#[test]
fn requests_with_flipped_bytes_harm_nobody() {
    let seed = Random::seed("flipped", 8);
    let mut tandem = Tandem::start(&[]);
    let mut resp = generate::resp::Generator::new(seed, generate::resp::BASE);
    let mut memcached = generate::memcached::Generator::new(seed);
    let mut binary = generate::binary::Generator::new(seed);
    for _ in 0..200 {
        let mut bytes: Vec<u8> = (0..30).flat_map(|_| encode(&resp.command())).collect();
        flip(&mut bytes, resp.random());
        try_send(tandem.resp_port, &bytes);
        let mut bytes: Vec<u8> = (0..30).flat_map(|_| memcached.command().bytes(|_| 1)).collect();
        flip(&mut bytes, memcached.random());
        try_send(tandem.memcached_port, &bytes);
        let mut bytes: Vec<u8> = (0..30).flat_map(|_| binary.command().bytes(1)).collect();
        flip(&mut bytes[1..], binary.random());
        try_send(tandem.memcached_port, &bytes);
    }
    tandem.assert_healthy();
}

/// What many frames announce is not set aside before it comes.
#[test]
fn frames_of_four_gigabytes_take_no_memory() {
    let mut tandem = Tandem::start(&[]);
    tandem.assert_healthy();
    let before = tandem.process.rss();
    let clients: Vec<Client> = (0..200)
        .map(|n: u32| {
            let mut client = tandem.memcached();
            let opcode = *[0x01, 0x0e, 0x50, 0x21].get(n as usize % 4).unwrap();
            let mut frame = Frame::new(opcode, b"key").value(&[b'x'; 8]).request();
            let announced = if n % 8 < 4 { u32::MAX } else { i32::MAX as u32 };
            frame[8..12].copy_from_slice(&announced.to_be_bytes());
            client.send(&frame);
            client
        })
        .collect();
    tandem.assert_healthy();
    let grown = tandem.process.rss().saturating_sub(before);
    assert!(grown < 64 << 20, "{} connections grew it by {grown} bytes", clients.len());
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(5) {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
}

/// Sends what the server may refuse to read to its end, and reads what it says to that.
fn try_send(port: u16, bytes: &[u8]) {
    use std::io::{Read as _, Write as _};
    let client = Client::connect(port);
    let mut stream = client.stream();
    let sent = stream.write_all(bytes).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    // A reset is an answer too.
    let _ = sent.and_then(|()| stream.read_to_end(&mut Vec::new()));
}

fn all_answers(port: u16, bytes: &[u8]) -> String {
    let mut client = Client::connect(port);
    client.send(bytes);
    client.finish_sending();
    escaped(&client.rest())
}

/// Frames that end a connection or nearly do, each on a connection of its own.
const BROKEN: &[&[u8]] = &[
    b"*1\r\n+PING\r\n",
    b"*x\r\n",
    b"*\r\n",
    b"*-2\r\nPING\r\n",
    b"*0\r\nPING\r\n",
    b"*-1\r\nPING\r\n",
    b"*1\r\n$\r\n",
    b"*1\r\n$x\r\n",
    b"*1\r\n$-1\r\n",
    b"*1\r\n$536870913\r\n",
    b"*1\r\n$9223372036854775808\r\n",
    b"*2147483648\r\n",
    b"*2147483647\r\n",
    b"*1048577\r\n",
    b"*99999999999999999999\r\n",
    b"*1\r\nPING\r\n",
    b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
    b"*1\r\n$4\r\nPING\r\n*1\r\n$x\r\n",
    b"*1\r\n$0\r\n\r\n",
    b"*2\r\n$4\r\nPING\r\n$0\r\n\r\n",
    b"*01\r\n$4\r\nPING\r\n",
    b"*+1\r\n$4\r\nPING\r\n",
    b"*1\r\n$04\r\nPING\r\n",
    b"* 1\r\n$4\r\nPING\r\n",
    b"GET \"unbalanced\r\n",
    b"GET 'unbalanced\r\n",
    b"GET \"a\"b\r\n",
    b"\r\n\r\n\r\nPING\r\n",
    b"   \r\nPING\r\n",
    b"PING\n",
    b"PING\rPING\r\n",
    b"ECHO \"\\x4\"\r\n",
    b"ECHO \"\\n\\t\\\\ \\\"\"\r\n",
    b"ECHO 'it\\'s'\r\n",
    b"\x00\r\n",
    b"$4\r\nPING\r\n",
    b"+PING\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\n\r\n",
    b"Host: localhost\r\n",
];

/// Lines that all versions of memcached answer alike, each on a connection of its own.
const BROKEN_LINES: &[&[u8]] = &[
    b"bogus line\r\n",
    b"get key",
    b"get key\r",
    b"set k 0 0 10\r\nshort",
    b"set k 0 0 3\r\nabcdefgh ijk\r\nget k\r\n",
    b"set k 0 0 3\r\nabcdeget k\r\n",
    b"set k 0 0 0\r\n\r\nget k\r\n",
    b"set k 0 0 4\r\n\r\n\r\n\r\nget k\r\n",
    b"incr k abc\r\n",
    b"incr k -1\r\n",
    b"decr k 18446744073709551616\r\n",
    b"touch k abc\r\n",
    b"gat abc k\r\n",
    b"flush_all abc\r\n",
    b"stats bogus\r\n",
    b"stats detail bogus\r\n",
    b"verbosity 1\r\n",
    b"get nosuch\nget nosuch\n",
    b"get nosuch nosuch nosuch\r\n",
    b"GET k\r\n",
    b"Set k 0 0 2\r\nxy\r\n",
    b"quit\r\nget nosuch\r\n",
    b"get nosuch\r\nquit\r\n",
    b"cache_memlimit 1\r\n",
    b"cache_memlimit abc\r\n",
];
