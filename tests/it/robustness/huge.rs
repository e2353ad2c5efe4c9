//! Values of up to a gibibyte, where `-I` allows them: they are answered as by the real server,
//! take their size and leave nothing.

use tandem_tests::client::Client;
use tandem_tests::frame::{Frame, HEADER_BYTES};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::process::wait_until;
use tandem_tests::server::Tandem;

const MIB: usize = 1 << 20;

/// The real server holds two such values at times; here it is one, and what is added to it.
const MEMORY_NEEDED: u64 = 5 << 30;

/// What a value may take beside its size: buffers that come and go, blocks of other sizes.
const BESIDE_BYTES: usize = 8 * MIB;

/// The longest value of a key of one letter: memcached counts 60 bytes for such an item.
const LONGEST: usize = (1 << 30) - 60;

/// Of an odd size, so that no two of a value's pages begin alike.
const PATTERN_BYTES: usize = MIB + 7;

/// What a client does with one key and a big value, and what memcached does with it.
enum Step {
    /// A line with a value of so many bytes behind it.
    Store(&'static str, usize),
    /// A line whose answer is a value made of these stores.
    Read(&'static str, &'static [usize]),
    /// Another line, and how long the value is afterwards.
    Line(&'static str, usize),
}
use Step::{Line, Read, Store};

const TEXT: &[Step] = &[
    Store("set k 7 0 536870912", 512 * MIB),
    Store("append k 0 0 419430400", 400 * MIB),
    Read("get k", &[512 * MIB, 400 * MIB]),
    Store("append k 0 0 134217728", 128 * MIB),
    Line("mg k s", 912 * MIB),
    Line("delete k", 0),
    Store("set k 0 0 1073741764", LONGEST),
    Read("get k", &[LONGEST]),
    Store("set k 0 0 1073741765", LONGEST + 1),
    Line("get k", 0),
];

const META: &[Step] = &[
    Store("ms k 536870912 T0 s", 512 * MIB),
    Store("ms k 419430400 MA s", 400 * MIB),
    Store("ms k 134217728 MP s", 128 * MIB),
    Read("mg k v s", &[512 * MIB, 400 * MIB]),
    Line("md k", 0),
];

/// The same in frames: opcode, extras, and the value that is stored or read.
const FRAMES: &[(u8, &[u32], usize, &[usize])] = &[
    (SET, &[0, 0], LONGEST, &[]),
    (APPEND, &[], MIB, &[]),
    (GET, &[], 0, &[LONGEST]),
    (DELETE, &[], 0, &[]),
];

const GET: u8 = 0x00;
const SET: u8 = 0x01;
const DELETE: u8 = 0x04;
const APPEND: u8 = 0x0e;

#[test]
fn values_of_up_to_a_gibibyte_are_answered_as_by_memcached_and_leave_nothing() {
    let available = available_bytes();
    if available < MEMORY_NEEDED {
        println!("left out: values of a gibibyte need {MEMORY_NEEDED} B, there are {available} B");
        return;
    }
    let by_memcached = {
        let oracle = Oracle::start(Kind::Memcached, &["-m", "4096", "-I", "1024m"]).unwrap();
        converse(&mut Client::connect(oracle.port), &mut Client::connect(oracle.port), |_, _| {})
    };
    let arguments = ["--threads", "1", "--memcached-maxmemory", "4gb"];
    let mut tandem = Tandem::start_with(&arguments, |command| {
        command.env("TANDEM_MEMCACHED_MAX_ITEM_SIZE", "1g");
    });
    let before = tandem.process.rss();
    let check = |what: &str, value_bytes: usize| {
        let most = before + (value_bytes + BESIDE_BYTES) as u64;
        wait_until(&format!("{what}: no more than the value is held"), || {
            tandem.process.rss() <= most
        });
        let grown = tandem.process.rss().saturating_sub(before);
        println!("{what}: a value of {value_bytes} B, {grown} B more than at the start");
    };
    let here = converse(&mut tandem.memcached(), &mut tandem.memcached(), check);
    assert_eq!(here, by_memcached);
    check("at the end", 0);
    tandem.assert_healthy();
}

/// Goes through all steps; `check` hears after each how long the value is that is there.
fn converse(text: &mut Client, binary: &mut Client, check: impl Fn(&str, usize)) -> Vec<String> {
    let pattern: Vec<u8> = (0..PATTERN_BYTES).map(|at| (at * 31 + at / 251) as u8).collect();
    let mut answers = Vec::new();
    for step in TEXT.iter().chain(META) {
        let (Store(line, _) | Read(line, _) | Line(line, _)) = step;
        text.send(format!("{line}\r\n").as_bytes());
        if let Store(_, n_bytes) = step {
            send_value(text, &pattern, *n_bytes);
            text.send(b"\r\n");
        }
        let answer = String::from_utf8(text.until(b"\r\n").expect("an answer")).expect("text");
        answers.push(format!("{line}: {answer}"));
        match step {
            Store(..) => {}
            Read(_, parts) => {
                expect_value(text, &pattern, parts);
                let end: &[u8] = if line.starts_with("mg") { b"\r\n" } else { b"\r\nEND\r\n" };
                assert_eq!(text.take(end.len()), end, "{line}");
                check(line, parts.iter().sum());
            }
            Line(_, value_bytes) => check(line, *value_bytes),
        }
    }
    for (opcode, extras, n_bytes, parts) in FRAMES {
        let mut head = Frame::new(*opcode, b"k").extras(extras).request();
        let body_bytes = head.len() - HEADER_BYTES + n_bytes;
        head[8..12].copy_from_slice(&(body_bytes as u32).to_be_bytes());
        binary.send(&head);
        send_value(binary, &pattern, *n_bytes);
        answers.push(frame_answer(binary, &pattern, parts));
        if *opcode == GET || *opcode == DELETE {
            check(&format!("frame {opcode:#x}"), parts.iter().sum());
        }
    }
    answers
}

/// Reads a frame with this value, or one that tells what is wrong.
fn frame_answer(client: &mut Client, pattern: &[u8], parts: &[usize]) -> String {
    let head = client.take(HEADER_BYTES);
    let body_bytes = u32::from_be_bytes(*head[8..].first_chunk().expect("a whole head")) as usize;
    let extras = client.take(usize::from(head[4]));
    if parts.is_empty() {
        let words = client.take(body_bytes - extras.len());
        return format!("{:?} {}", &head[..8], words.escape_ascii());
    }
    assert_eq!(body_bytes, extras.len() + parts.iter().sum::<usize>());
    expect_value(client, pattern, parts);
    format!("{:?} {body_bytes} {extras:?}", &head[..8])
}

fn send_value(client: &mut Client, pattern: &[u8], mut n_bytes: usize) {
    while n_bytes > 0 {
        let now = n_bytes.min(pattern.len());
        client.send(&pattern[..now]);
        n_bytes -= now;
    }
}

/// Reads what these stores have put behind one another.
fn expect_value(client: &mut Client, pattern: &[u8], parts: &[usize]) {
    for part in parts {
        let mut left = *part;
        while left > 0 {
            let now = left.min(pattern.len());
            assert!(client.take(now) == pattern[..now], "{left} bytes before the end");
            left -= now;
        }
    }
}

/// Memory of this machine that nobody uses.
fn available_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap_or_default();
    let kib = line.split_whitespace().next().and_then(|it| it.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}
