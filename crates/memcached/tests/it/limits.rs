//! Keys, lines, values and memory at their limits.

use tandem_memcached::{KEY_BYTES_MAX, OUTPUT_SOFT_MAX, Step};

use crate::harness::{Talk, check};

const TOO_LARGE: &str = "SERVER_ERROR object too large for cache\r\n";

fn store(talk: &mut Talk, verb: &str, key: &str, n_bytes: usize) -> String {
    let value = "v".repeat(n_bytes);
    talk.say(&format!("{verb} {key} 0 0 {n_bytes}\r\n{value}"))
}

#[test]
fn a_key_has_250_bytes_at_most() {
    let mut talk = Talk::new();
    let (longest, too_long) = ("k".repeat(KEY_BYTES_MAX), "k".repeat(KEY_BYTES_MAX + 1));
    assert_eq!(store(&mut talk, "set", &longest, 1), "STORED\r\n");
    assert_eq!(talk.say(&format!("get {longest}")).len(), 6 + 250 + 6 + 3 + 5);
    let bad = "CLIENT_ERROR bad command line format\r\n";
    // Its value is swallowed: no stray ERROR.
    assert_eq!(store(&mut talk, "set", &too_long, 5), bad);
    for verb in ["get", "gat 0", "delete"] {
        assert_eq!(talk.say(&format!("{verb} {too_long}")), bad, "{verb}");
    }
    for verb in ["incr", "touch"] {
        assert_eq!(talk.say(&format!("{verb} {too_long} 1")), bad, "{verb}");
    }
    assert_eq!(talk.say(&format!("set {too_long} 0 0 1 noreply\r\nx")), "");
    assert_eq!(talk.say(&format!("get {longest} {too_long} {longest}")), bad, "nothing but that");
    // A line takes back nothing of the lines before it.
    let answer = talk.say(&format!("get a b\r\nget {too_long} a\r\nget a {too_long}"));
    assert_eq!(answer, format!("END\r\n{bad}{bad}"));
}

/// Found by fuzzing: the refusal of the second line took the first line's answer with it.
#[test]
fn a_bad_key_leaves_the_answers_to_earlier_lines_alone() {
    let mut talk = Talk::new();
    let too_long = "k".repeat(KEY_BYTES_MAX + 1);
    assert_eq!(
        talk.say(&format!("get a b\r\nget {too_long} c")),
        "END\r\nCLIENT_ERROR bad command line format\r\n"
    );
}

#[test]
fn control_characters_are_part_of_a_key() {
    check(
        r"
        > set a\x01\t\x7f 0 0 1
        > x
        STORED
        > get a\x01\t\x7f
        VALUE a\x01\t\x7f 0 1
        x
        END
        ",
    );
}

#[test]
fn flags_are_cut_to_32_bits() {
    check(
        "
        > set a 4294967296 0 1
        > x
        STORED
        > get a
        VALUE a 0 1
        x
        END
        > set a 4294967295 0 1
        > x
        STORED
        > gat 0 a
        VALUE a 4294967295 1
        x
        END
        > set a -1 0 1
        CLIENT_ERROR bad command line format
        > x
        ",
    );
}

#[test]
fn an_item_has_a_mebibyte_with_memcacheds_header() {
    let mut talk = Talk::new();
    assert_eq!(store(&mut talk, "set", "k", 1_048_516), "STORED\r\n");
    assert_eq!(store(&mut talk, "set", "k", 1_048_517), TOO_LARGE);
    assert_eq!(talk.say("get k"), "END\r\n", "set takes the old value with it");
    assert_eq!(store(&mut talk, "set", "k", 10), "STORED\r\n");
    for verb in ["add", "replace", "append", "prepend"] {
        assert_eq!(store(&mut talk, verb, "k", 1 << 20), TOO_LARGE, "{verb}");
        assert_eq!(talk.say("get k").len(), 31, "{verb} keeps the old value");
    }
    assert_eq!(store(&mut talk, "append", "k", 1_048_510), "NOT_STORED\r\n");
    assert_eq!(talk.say("set k 0 0 2147483646"), "CLIENT_ERROR bad command line format\r\n");
    let mut small = Talk::with("-I 2k -C");
    assert_eq!(store(&mut small, "set", "k", 2048 - 52), "STORED\r\n");
    assert_eq!(store(&mut small, "set", "k", 2048 - 51), TOO_LARGE);
}

#[test]
fn a_big_value_arrives_in_a_buffer_of_its_size() {
    let mut talk = Talk::new();
    let n_bytes = 100_000;
    assert!(talk.send(format!("set k 0 0 {n_bytes}\r\n").as_bytes()).is_empty());
    assert_eq!(talk.last_step, Some(Step::ReadMore { need: n_bytes + 2 }));
    assert_eq!(talk.capacity(), n_bytes + 2);
    assert!(talk.send(&vec![b'v'; n_bytes]).is_empty());
    assert_eq!(talk.last_step, Some(Step::ReadMore { need: 2 }));
    let received_at = talk.input_at();
    assert_eq!(talk.send(b"\r\n"), b"STORED\r\n");
    assert_eq!(talk.capacity(), 0, "the buffer went into the keyspace");
    let answer = talk.say("get k");
    assert!(talk.slices_at.contains(&received_at), "it leaves from where it was received");
    assert_eq!(answer.len(), "VALUE k 0 100000\r\n\r\nEND\r\n".len() + n_bytes);
    assert_eq!(talk.say(&format!("set k 0 0 {n_bytes}\r\n{}x", "v".repeat(n_bytes))), {
        "CLIENT_ERROR bad data chunk\r\nCLIENT_ERROR bad command line format\r\n"
    });
}

#[test]
fn nonsense_without_a_line_end_is_cut_off() {
    let mut talk = Talk::new();
    assert!(talk.send(&[b'x'; 2048]).is_empty());
    assert!(!talk.is_closed());
    assert!(talk.send(b"x").is_empty());
    assert!(talk.is_closed());
}

#[test]
fn a_retrieval_of_20_000_keys_runs_as_it_comes() {
    let mut talk = Talk::new();
    store(&mut talk, "set", "key-7", 3);
    let mut n_answered = 0;
    talk.send(b"get");
    for n in 0..20_000 {
        n_answered += talk.send(format!(" key-{}", n % 10).as_bytes()).len();
        assert!(talk.n_waiting() <= 2048 + 8, "{} bytes wait", talk.n_waiting());
    }
    n_answered += talk.send(b"\r\n").len();
    assert_eq!(n_answered, 2000 * "VALUE key-7 0 3\r\nvvv\r\n".len() + "END\r\n".len());
    assert_eq!(talk.say("version"), "VERSION 1.6.45\r\n");
}

#[test]
fn a_long_retrieval_in_one_piece_does_not_fill_the_output() {
    let mut talk = Talk::new();
    store(&mut talk, "set", "k", 4000);
    let line = "k ".repeat(1000);
    let answer = talk.say(&format!("gets {line}"));
    assert_eq!(answer.matches("VALUE k 0 4000 ").count(), 1000);
    assert!(answer.ends_with("\r\nEND\r\n"));
    assert!(talk.output_peak < OUTPUT_SOFT_MAX + 64 * 4100, "{} bytes", talk.output_peak);
}

#[test]
fn an_announced_size_alone_takes_no_memory() {
    let mut talk = Talk::with("-m 1024 -I 512m");
    let before = resident_bytes();
    talk.send(format!("set k 0 0 {}\r\nbegin", 500 << 20).as_bytes());
    assert!(talk.capacity() >= 500 << 20, "{} bytes of room", talk.capacity());
    assert!(resident_bytes() < before + (100 << 20), "room takes no memory until it is used");
    talk.reconnect();
    let n_bytes = 5 << 20;
    assert_eq!(store(&mut talk, "set", "k", n_bytes), "STORED\r\n");
    assert_eq!(talk.say("get k").len(), "VALUE k 0 5242880\r\n\r\nEND\r\n".len() + n_bytes);
}

/// Memory of this process.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux tells of this process");
    let n_pages = text.split(' ').nth(1).and_then(|it| it.parse::<usize>().ok());
    n_pages.expect("the second number counts pages") * 4096
}

#[test]
fn a_too_long_key_ends_a_streamed_retrieval() {
    let mut talk = Talk::new();
    talk.send(b"get ");
    talk.send("some-key ".repeat(300).as_bytes());
    let answer = talk.send(&[b'k'; 300]);
    assert_eq!(answer, b"CLIENT_ERROR bad command line format\r\n");
    assert_eq!(talk.say("kkk kkk"), "", "the rest of the line is dropped");
    // What has been written cannot be taken back, and what follows is not taken back either.
    store(&mut talk, "set", "k", 1);
    talk.send(format!("get {}", "k ".repeat(1100)).as_bytes());
    let answer = talk.send(&[&b"k "[..], &[b'k'; 300]].concat());
    assert_eq!(answer, b"VALUE k 0 1\r\nv\r\nCLIENT_ERROR bad command line format\r\n");
    talk.say("");
    assert_eq!(talk.say("version"), "VERSION 1.6.45\r\n");
}

#[test]
fn without_evictions_a_full_cache_refuses() {
    let mut talk = Talk::with("-M -m 8");
    let mut refused = None;
    for n in 0..2000 {
        let answer = store(&mut talk, "set", &format!("k{n}"), 8000);
        if answer != "STORED\r\n" {
            refused = Some((n, answer));
            break;
        }
    }
    let (n, answer) = refused.expect("8 MB took 16 MB");
    assert_eq!(answer, "SERVER_ERROR out of memory storing object\r\n");
    assert!((700..=1048).contains(&n), "refused after {n} values of 8000 bytes");
    let mut evicting = Talk::with("-m 8");
    for n in 0..2000 {
        assert_eq!(store(&mut evicting, "set", &format!("k{n}"), 8000), "STORED\r\n");
    }
}
