//! What transcripts of frames do not show: pieces, copies, counts, and bytes that are no frames.

use proptest::collection::vec;
use proptest::prelude::*;
use tandem_memcached::Passwords;

use crate::harness::{Talk, check_pieces};

/// A frame with whatever extras, key and value.
fn frame(opcode: u8, extras: &[u8], key: &[u8], value: &[u8]) -> Vec<u8> {
    let body_bytes = extras.len() + key.len() + value.len();
    let mut frame = vec![0x80, opcode, 0, key.len() as u8, extras.len() as u8, 0, 0, 0];
    frame.extend((body_bytes as u32).to_be_bytes());
    frame.extend(b"opaq\0\0\0\0\0\0\0\0");
    [&frame[..], extras, key, value].concat()
}

fn get(key: &[u8]) -> Vec<u8> {
    frame(0x00, b"", key, b"")
}

fn set(key: &[u8], value: &[u8]) -> Vec<u8> {
    frame(0x01, &[0; 8], key, value)
}

/// A stream with every shape of frame: whole, quiet, refused, skipped, with big values.
fn conversation() -> Vec<u8> {
    let sum = [&1_u64.to_be_bytes()[..], &5_u64.to_be_bytes(), &[0; 4]].concat();
    let frames = [
        set(b"a", b"hello"),
        get(b"a"),
        frame(0x0d, b"", b"nosuch", b""),
        frame(0x05, &sum, b"n", b""),
        frame(0x05, &sum, b"n", b""),
        frame(0x11, &[0, 0, 0, 7, 0, 0, 0, 0], b"a", b"quiet"),
        frame(0x0c, b"", b"a", b""),
        frame(0x50, b"12", b"key", b"value"),
        frame(0x10, b"", b"sizes", b""),
        frame(0x1d, &[0, 0, 0, 9], b"a", b""),
        set(b"big", &vec![b'b'; 16_384]),
        frame(0x19, b"", b"big", &vec![b'c'; 16_384]),
        get(b"big"),
        frame(0x0f, b"", b"big", &vec![b'd'; 16_384]),
        frame(0x12, &[0; 8], b"big", &vec![b'f'; 16_384]),
        frame(0x50, b"12", b"key", &vec![b'g'; 16_384]),
        frame(0x0c, b"", b"big", b""),
        set(b"huge", &vec![b'h'; 40_000]),
        frame(0x11, &[0; 8], b"huge", &vec![b'i'; 36_864]),
        frame(0x04, b"", b"a", b""),
        get(b"n"),
        frame(0x07, b"", b"", b""),
        get(b"n"),
    ];
    frames.concat()
}

#[test]
fn the_pieces_in_which_frames_arrive_do_not_matter() {
    let whole = check_pieces(&conversation());
    assert!(
        whole.ends_with(b"\x81\x07\0\0\0\0\0\0\0\0\0\0opaq\0\0\0\0\0\0\0\0"),
        "quit is the last"
    );
    assert_eq!(whole.windows(10).filter(|it| it == b"Too large.").count(), 2);
}

#[test]
fn a_single_frame_can_be_looked_at_before_it_runs() {
    let mut talk = Talk::new();
    let hash = Some(talk.server.keyspace.hash(b"a"));
    assert_eq!(talk.look_ahead(&set(b"a", b"x")), hash);
    assert_eq!(talk.look_ahead(&get(b"a")), hash, "the first frame of a connection too");
    talk.send(&set(b"a", b"x"));
    assert_eq!(talk.look_ahead(&get(b"a")), hash);
    let two = [get(b"a"), get(b"b")].concat();
    let half = &get(b"a")[..24];
    for bytes in [b"", half, &two, &frame(0x0a, b"", b"", b""), b"get a\r\n"] {
        assert_eq!(talk.look_ahead(bytes), None, "{}", bytes.escape_ascii());
    }
    talk.send(&set(b"b", &vec![b'x'; 40_000])[..100]);
    assert_eq!(talk.look_ahead(&get(b"a")), None, "these are bytes of a value");
}

#[test]
fn big_values_come_and_go_without_a_copy() {
    let mut talk = Talk::new();
    let value = vec![b'v'; 300_000];
    let request = set(b"k", &value);
    talk.send(&request[..40]);
    assert!((290_000..400_000).contains(&talk.capacity()), "{}", talk.capacity());
    let start = talk.input_at();
    talk.send(&request[40..]);
    let answer = talk.send(&get(b"k"));
    assert!(answer.ends_with(&value));
    // The value began behind the seven bytes of it that had come with the head.
    let at = talk.slices_at[1] as usize;
    assert!(at.abs_diff(start as usize) < 64, "the value lies where it was received");
}

#[test]
fn what_is_announced_takes_no_memory() {
    for opcode in [0x01, 0x0e, 0x50] {
        let mut talk = Talk::new();
        let extras: &[u8] = if opcode == 0x01 { &[0; 8] } else { b"" };
        let mut bytes = frame(opcode, extras, b"k", b"");
        bytes[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
        talk.send(&bytes);
        for _ in 0..100 {
            assert!(talk.send(&[0x80; 10_000]).is_empty());
        }
        assert!(!talk.is_closed() && talk.n_waiting() == 0, "{opcode:#x}");
        assert!(talk.capacity() < 1 << 20, "{opcode:#x} keeps {}", talk.capacity());
    }
}

#[test]
fn statistics_are_those_of_the_text_protocol() {
    for topic in ["", "settings", "items", "slabs", "sizes"] {
        let mut talk = Talk::new();
        talk.send(&set(b"k", b"v"));
        let frames = talk.send(&frame(0x10, b"", topic.as_bytes(), b""));
        talk.reconnect();
        let lines = talk.say(&format!("stats {topic}"));
        let mut rest = &frames[..];
        for line in lines.lines().filter(|it| it.starts_with("STAT ")) {
            let name = line.split(' ').nth(1).unwrap();
            let (n_key, n_body) = (usize::from(rest[3]), usize::from(rest[11]));
            assert_eq!(rest[24..24 + n_key].escape_ascii().to_string(), name, "stats {topic}");
            rest = &rest[24 + n_body..];
        }
        assert_eq!(rest.len(), 24, "an empty frame ends stats {topic}");
    }
}

#[test]
fn attempts_to_say_who_one_is_are_counted() {
    let mut talk = Talk::with("-S");
    talk.server.set_passwords(Passwords::of_sasl(b"u:p").unwrap());
    let auth = |data: &[u8]| frame(0x21, b"", b"PLAIN", data);
    talk.send(&[auth(b"\0u\0x"), auth(b"nonsense"), auth(b"\0u\0p")].concat());
    let totals = talk.server.totals();
    assert_eq!((totals.auth_cmds, totals.auth_errors), (3, 2));
    // New passwords are for those who come; who is there stays.
    talk.server.set_passwords(Passwords::of_sasl(b"u:q").unwrap());
    assert_eq!(talk.send(&get(b"k"))[7], 1, "not found");
    talk.reconnect();
    assert_eq!(talk.send(&auth(b"\0u\0p"))[7], 0x20);
    assert_eq!(talk.send(&auth(b"\0u\0q"))[7], 0);
}

#[test]
fn a_stranger_does_not_run_what_comes_with_the_password() {
    let mut talk = Talk::with("-S");
    talk.server.set_passwords(Passwords::of_sasl(b"u:p").unwrap());
    let wrong = frame(0x21, b"", b"PLAIN", b"\0u\0x");
    let answer = talk.send(&[wrong, set(b"k", b"v"), get(b"k")].concat());
    assert!(talk.is_closed());
    assert_eq!(memchr::memchr_iter(0x81, &answer).count(), 2, "the get is not answered");
    assert_eq!(talk.server.keyspace.stats().n_items, 0);
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let lengths = prop_oneof![4 => Just(None), 1 => any::<(u16, u8, u32)>().prop_map(Some)];
    let extras = prop_oneof![Just(0), Just(4), Just(8), Just(20), 0_usize..30];
    (0_u8..0x40, extras, vec(b'a'..=b'c', 0..3), vec(any::<u8>(), 0..40), lengths).prop_map(
        |(opcode, n_extras, key, value, lengths)| {
            let mut frame = frame(opcode, &vec![0; n_extras], &key, &value);
            if let Some((key_bytes, extras_bytes, body_bytes)) = lengths {
                frame[2..4].copy_from_slice(&(key_bytes % 300).to_be_bytes());
                frame[4] = extras_bytes;
                frame[8..12].copy_from_slice(&(body_bytes % 1000).to_be_bytes());
            }
            frame
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_behind_the_magic_cause_a_panic(stream in vec(any::<u8>(), 0..3000)) {
        Talk::new().send(&[&[0x80], &stream[..]].concat());
    }

    #[test]
    fn no_frames_cause_a_panic_and_pieces_do_not_matter(
        frames in vec(any_frame(), 0..30),
        splits in vec(0_usize..2000, 0..4),
        letters in prop::sample::select(vec!["", "-S", "-C", "-F"]),
    ) {
        let stream = [&frame(0x0a, b"", b"", b"")[..], &frames.concat()].concat();
        let whole = Talk::with(letters).send(&stream);
        let mut talk = Talk::with(letters);
        let mut pieces = Vec::new();
        let mut from = 0;
        for split in splits {
            let to = split.clamp(from, stream.len());
            pieces.extend(talk.send(&stream[from..to]));
            from = to;
        }
        pieces.extend(talk.send(&stream[from..]));
        prop_assert_eq!(pieces.escape_ascii().to_string(), whole.escape_ascii().to_string());
    }
}
