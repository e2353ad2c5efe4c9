use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::Output;

use super::*;
use crate::testing::World;

/// A connection of which the tests see every byte.
struct Wire {
    session: Session,
    input: BytesMut,
    now_ms: u64,
}

impl Wire {
    fn new(world: &World) -> Wire {
        let server = Arc::clone(&world.server);
        let worker = Arc::clone(&server.workers[0]);
        let session = Session::new(server, worker, ConnectionInfo::default(), world.now_ms);
        Wire { session, input: BytesMut::new(), now_ms: world.now_ms }
    }

    fn step(&mut self) -> (Step, Vec<u8>) {
        let mut out = Output::default();
        let step = self.session.advance(&mut self.input, &mut out, self.now_ms);
        (step, out.slices().flatten().copied().collect())
    }

    /// Sends bytes and collects answers until the session wants more, or ends.
    fn send(&mut self, bytes: &[u8]) -> (Step, Vec<u8>) {
        self.input.extend_from_slice(bytes);
        let mut answers = Vec::new();
        loop {
            let (step, answer) = self.step();
            answers.extend(answer);
            if step != Step::Write {
                return (step, answers);
            }
        }
    }
}

fn frame(words: &[&[u8]]) -> Vec<u8> {
    let mut wire = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        wire.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        wire.extend_from_slice(word);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

/// A pipeline of all that makes a batch end: inline lines, blank ones, errors, big values.
fn mixed_pipeline() -> (Vec<u8>, Vec<u8>) {
    let mut wire = Vec::new();
    wire.extend(frame(&[b"SET", b"a", b"1"]));
    wire.extend_from_slice(b"\r\n*0\r\nget a\r\n");
    wire.extend(frame(&[b"GET", b"a"]));
    wire.extend(frame(&[b"NOSUCH"]));
    wire.extend(frame(&[b"MSET", b"b", b"2", b"c", b"3"]));
    wire.extend_from_slice(b"mget a \"b\" c\n");
    wire.extend(frame(&[b"INCR", b"a"]));
    let answers = "+OK\r\n$1\r\n1\r\n$1\r\n1\r\n\
         -ERR unknown command 'NOSUCH', with args beginning with: \r\n\
         +OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n:2\r\n";
    (wire, answers.as_bytes().to_vec())
}

#[test]
fn a_pipeline_answers_alike_however_it_is_cut() {
    let (wire, expected) = mixed_pipeline();
    for cut in 0..=wire.len() {
        let world = World::new(&[]);
        let mut client = Wire::new(&world);
        let mut answers = client.send(&wire[..cut]).1;
        answers.extend(client.send(&wire[cut..]).1);
        assert_eq!(String::from_utf8(answers), String::from_utf8(expected.clone()), "cut at {cut}");
        assert!(client.input.is_empty());
    }
}

#[test]
fn a_slow_sender_gets_the_same_answers() {
    let (wire, expected) = mixed_pipeline();
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let answers: Vec<u8> = wire.iter().flat_map(|byte| client.send(&[*byte]).1).collect();
    assert_eq!(answers, expected);
}

#[test]
fn ten_thousand_commands_come_back_in_order() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let wire = frame(&[b"INCR", b"n"]).repeat(10_000);
    let (step, answers) = client.send(&wire);
    let expected: Vec<u8> = (1..=10_000).flat_map(|n| format!(":{n}\r\n").into_bytes()).collect();
    assert_eq!((step, answers), (Step::ReadMore { need: 0 }, expected));
}

#[test]
fn big_values_are_kept_whole_wherever_they_stand() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    for len in [8 << 10, (32 << 10) - 1, 32 << 10, 100_000, 3 << 20] {
        let value: Vec<u8> = (0..len).map(|it| (it % 251) as u8).collect();
        let mut wire = frame(&[b"SET", b"before", b"x"]);
        wire.extend(frame(&[b"SET", b"big", &value]));
        wire.extend(frame(&[b"SET", b"behind", b"y"]));
        // In pieces, with room made as the session asks for it.
        let mut answers = Vec::new();
        for piece in wire.chunks(16 << 10) {
            let (step, answer) = client.send(piece);
            answers.extend(answer);
            if let Step::ReadMore { need } = step {
                client.input.reserve(need);
            }
        }
        assert_eq!(answers, b"+OK\r\n+OK\r\n+OK\r\n");
        let expected = [format!("${len}\r\n").as_bytes(), &value, b"\r\n"].concat();
        assert!(client.send(&frame(&[b"GET", b"big"])).1 == expected, "{len} bytes");
        assert_eq!(client.send(b"get behind\r\n").1, b"$1\r\ny\r\n");
    }
}

#[test]
fn what_stands_before_a_big_value_runs_once() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let value = vec![b'x'; 100_000];
    let wire = [frame(&[b"INCR", b"n"]), frame(&[b"SET", b"big", &value])].concat();
    // A buffer of that size exactly, which the value may keep.
    client.input = BytesMut::from(&wire[..]);
    assert_eq!(client.step(), (Step::ReadMore { need: 0 }, b":1\r\n+OK\r\n".to_vec()));
    assert!(client.input.is_empty());
}

#[test]
fn what_a_big_value_lacks_is_told() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let (step, _) = client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nabc");
    assert_eq!(step, Step::ReadMore { need: 99_999 });
}

#[test]
fn answers_stop_at_the_soft_limit_until_they_are_written() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    client.send(&frame(&[b"SET", b"k", &vec![b'x'; 100_000]]));
    client.input.extend_from_slice(&frame(&[b"GET", b"k"]).repeat(7));
    let mut sizes = Vec::new();
    loop {
        let (step, answer) = client.step();
        sizes.push(answer.len());
        if step != Step::Write {
            break;
        }
    }
    let one = 100_000 + "$100000\r\n\r\n".len();
    assert_eq!(sizes, [one * 3, one * 3, one]);
}

#[test]
fn broken_framing_closes_behind_the_answers_before_it() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let (step, answers) = client.send(b"*1\r\n$4\r\nPING\r\n*1\r\n+4\r\nPING\r\n");
    assert_eq!(step, Step::Close);
    assert_eq!(
        String::from_utf8(answers).unwrap(),
        "+PONG\r\n-ERR Protocol error: expected '$', got '+'\r\n"
    );
}

#[test]
fn a_browser_is_cut_off_without_an_answer() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let wire = b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\nset k v\r\n";
    assert_eq!(client.send(wire), (Step::Close, Vec::new()));
}

#[test]
fn the_password_lifts_the_limits_for_what_follows_it() {
    let world = World::new(&[("requirepass", "secret")]);
    let many: Vec<&[u8]> = std::iter::once(&b"DEL"[..]).chain([&b"k"[..]; 20]).collect();
    let mut client = Wire::new(&world);
    let (step, answers) = client.send(&frame(&many));
    assert_eq!(step, Step::Close);
    assert_eq!(answers, b"-ERR Protocol error: unauthenticated multibulk length\r\n");

    let mut client = Wire::new(&world);
    let wire = [frame(&[b"GET", b"k"]), frame(&[b"AUTH", b"secret"]), frame(&many)].concat();
    let (step, answers) = client.send(&wire);
    assert_eq!(step, Step::ReadMore { need: 0 });
    assert_eq!(answers, b"-NOAUTH Authentication required.\r\n+OK\r\n:0\r\n");
}

#[test]
fn a_request_beyond_the_limit_ends_the_connection() {
    let world = World::new(&[("client-query-buffer-limit", "1mb")]);
    let mut client = Wire::new(&world);
    let wire = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n";
    assert_eq!(client.send(wire).0, Step::ReadMore { need: 3_000_002 });
    assert_eq!(client.send(&vec![b'x'; (1 << 20) - 100]).0, Step::ReadMore { need: 1_951_526 });
    assert_eq!(client.send(&[b'x'; 100]).0, Step::Close);
}

#[test]
fn unheard_answers_are_not_sent() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let wire = b"client reply skip\r\nping\r\nping a\r\nclient reply off\r\nping\r\nnosuch\r\n";
    assert_eq!(client.send(wire).1, b"$1\r\na\r\n");
    assert_eq!(client.send(b"client reply on\r\nping\r\n").1, b"+OK\r\n+PONG\r\n");
}

#[test]
fn a_command_that_waits_holds_up_those_behind_it() {
    let world = World::new(&[("enable-debug-command", "yes")]);
    let mut client = Wire::new(&world);
    let (step, answers) = client.send(b"ping\r\ndebug sleep 0.5\r\nping\r\n");
    let until_ms = Some(world.now_ms + 500);
    assert_eq!((step, &answers[..]), (Step::Wait { until_ms }, &b"+PONG\r\n"[..]));
    // Woken too early, with more to read: still asleep.
    client.now_ms += 499;
    assert_eq!(client.send(b"ping\r\n"), (Step::Wait { until_ms }, Vec::new()));
    client.now_ms += 1;
    assert_eq!(client.send(b"").1, b"+OK\r\n+PONG\r\n+PONG\r\n");
}

#[test]
fn a_killed_client_is_closed_and_forgotten() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    client.session.handle().kill();
    assert_eq!(client.send(b"ping\r\n"), (Step::Close, Vec::new()));
    drop(client);
    assert!(world.server.clients.is_empty());
}

#[test]
fn counters_count_what_ran() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    client.send(b"set k v\r\nget k\r\nget k\r\nget\r\nincr k\r\nnosuch\r\n");
    let totals = world.server.totals_ever();
    let of = |name: &str| {
        let id = crate::table::Table::get().find(name.as_bytes()).unwrap().id;
        let it = &totals.commands[id];
        (it.calls, it.rejected, it.failed)
    };
    assert_eq!((of("set"), of("get"), of("incr")), ((1, 0, 0), (2, 1, 0), (1, 0, 1)));
    assert_eq!(totals.errors.get("ERR"), Some(&3));
}

#[test]
fn a_full_keyspace_refuses_what_would_add_to_it() {
    let world = World::new(&[("maxmemory", "1mb"), ("maxmemory-policy", "noeviction")]);
    let mut client = Wire::new(&world);
    let mut n_stored = 0;
    let refusal = loop {
        let key = format!("key:{n_stored}");
        let (_, answer) = client.send(&frame(&[b"SET", key.as_bytes(), &[b'x'; 1000]]));
        if answer != b"+OK\r\n" {
            break answer;
        }
        n_stored += 1;
        assert!(n_stored < 10_000, "the budget is not kept");
    };
    let words = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_eq!(String::from_utf8(refusal).unwrap(), words);
    assert_eq!(client.send(b"append key:0 x\r\n").1, words.as_bytes());
    assert_eq!(client.send(b"strlen key:0\r\n").1, b":1000\r\n");
    assert_eq!(client.send(b"del key:0 key:1\r\n").1, b":2\r\n");
}

#[test]
fn errors_repeat_words_byte_for_byte_on_one_line() {
    let world = World::new(&[]);
    let mut client = Wire::new(&world);
    let (_, answer) = client.send(&frame(&[b"EXPIRE", b"k", b"1", b"\xff\r\n\xfe\0hidden"]));
    assert_eq!(answer, b"-ERR Unsupported option \xff  \xfe\r\n");
    let (_, answer) = client.send(&frame(&[b"\xff\n", b"\xfe"]));
    assert_eq!(answer, b"-ERR unknown command '\xff ', with args beginning with: '\xfe' \r\n");
    let (_, answer) = client.send(&frame(&[&[b'c'; 500], &[b'a'; 100], &[b'b'; 100], b"d"]));
    let expected = format!(
        "-ERR unknown command '{}', with args beginning with: '{}' '{}' \r\n",
        "c".repeat(128),
        "a".repeat(100),
        "b".repeat(25)
    );
    assert_eq!(String::from_utf8(answer).unwrap(), expected);
}
