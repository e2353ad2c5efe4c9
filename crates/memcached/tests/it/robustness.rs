//! Input in any pieces and of any bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::harness::{Talk, check_pieces};

/// A stream with every shape of command: whole, refused, with values, of many keys.
fn conversation() -> Vec<u8> {
    let mut stream = b"set a 1 0 5\r\nhello\r\nget a b\r\nset n 0 0 2\r\n99\r\nincr n 1\r\n\
        gets a\r\ngat 10 a n\r\nappend a 0 0 2\r\n\r\n\r\nget a\r\nset a 0 0 2 noreply\r\nxy\r\n\
        set bad 0 0 1\r\nxyz\r\nset bad 0 x 4\r\nswal\r\ncas a 0 0 1 1\r\nz\r\nFOO bar\r\n\r\n\
        delete a\r\ntouch n 100\r\nversion\nverbosity 1\r\n  get   n  \r\nget \r\n"
        .to_vec();
    stream.extend(format!("get n {}\r\n", "k".repeat(251)).bytes());
    stream.extend(format!("get {}\r\n", "n ".repeat(150)).bytes());
    stream.extend(format!("get{}\r\n", " n".repeat(1500)).bytes());
    for (line, n_bytes, behind) in [
        ("set big 7 0 16384", 16_384, "\r\ngets big a\r\n"),
        ("append big 0 0 16384 noreply", 16_384, "\r\nget big n\r\n"),
        ("prepend big 0 0 16384", 16_384, "\r\nget big\r\n"),
        ("cas big 0 0 16384 99", 16_384, "\r\n"),
        ("set bad 0 0 16384", 16_385, "\r\n"),
        ("set bad 0 x 16384", 16_384, "\r\n"),
        ("set big 0 0 40000", 40_000, "\r\nget big\r\n"),
    ] {
        stream.extend([line.as_bytes(), b"\r\n", &b"v".repeat(n_bytes)].concat());
        stream.extend(behind.as_bytes());
    }
    stream.extend(b"get n\r\nquit\r\nget n\r\n");
    stream
}

/// Looking ahead is for one whole command with one key, and nothing comes of it but its hash.
#[test]
fn a_single_command_can_be_looked_at_before_it_runs() {
    let mut talk = Talk::new();
    let hash = |talk: &Talk, key: &[u8]| Some(talk.server.keyspace.hash(key));
    let set = b"set a 0 0 5\r\nhello\r\n";
    assert_eq!(talk.look_ahead(set), hash(&talk, b"a"));
    assert_eq!(talk.send(b"get a\r\n"), b"END\r\n", "it was only looked at");
    assert_eq!(talk.send(set), b"STORED\r\n");
    assert_eq!(talk.look_ahead(b"get a\r\n"), hash(&talk, b"a"));
    for line in
        ["", "get a", "get a b\r\n", "get a\r\nget b\r\n", "version\r\n", "set a 0 0 9\r\nx"]
    {
        assert_eq!(talk.look_ahead(line.as_bytes()), None, "{line:?}");
    }
    talk.send(b"set b 0 0 40000\r\n");
    assert_eq!(talk.look_ahead(b"get a\r\n"), None, "these are bytes of a value");
}

#[test]
fn the_pieces_in_which_input_arrives_do_not_matter() {
    let whole = check_pieces(&conversation());
    assert!(whole.ends_with(b"VALUE n 0 3\r\n100\r\nEND\r\n"), "it came to the end");
    assert_eq!(whole.windows(9).filter(|it| it == b"too large").count(), 1);
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"get",
        b"gets",
        b"gat",
        b"gats",
        b"set",
        b"add",
        b"replace",
        b"append",
        b"prepend",
        b"cas",
        b"delete",
        b"incr",
        b"decr",
        b"touch",
        b"flush_all",
        b"version",
        b"verbosity",
        b"stats",
        b"cache_memlimit",
        b"shutdown",
        b"refresh_certs",
        b"mg",
        b"ms",
        b"ma",
        b"v",
        b"noreply",
        b"a",
        b"b",
        b"0",
        b"1",
        b"-1",
        b"5",
        b"18446744073709551615",
        b"2147483647",
        b"settings",
        b"items",
        b"slabs",
        b"detail",
        b"dump",
        b"on",
        b"cachedump",
        b"conns",
        b"reset",
        b"\r\n",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"",
    ];
    prop_oneof![
        8 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..20),
        1 => (240_usize..260).prop_map(|n| vec![b'k'; n]),
    ]
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0_u64..100).prop_map(|it| it.to_string()),
        1 => any::<i64>().prop_map(|it| it.to_string()),
        1 => prop::sample::select(vec!["+1", "x", "1x", "007", "999999999", "1000000000", "-1"])
            .prop_map(Into::into),
    ]
}

proptest! {
    /// Plain lines take a shortcut; a second space keeps a line from it.
    #[test]
    fn the_shortcut_for_set_changes_nothing(
        fields in vec(field(), 2..4),
        n_bytes in prop_oneof![9 => 0_usize..9, 1 => Just(1_048_600)],
        tail in prop::sample::select(vec!["", " noreply", " x", " ", "\t", " noreply x"]),
        end in prop::sample::select(vec!["\r\n", "\n"]),
        key in prop_oneof![3 => Just("k".to_owned()), 1 => Just("k".repeat(251))],
    ) {
        let rest = format!(" {key} {} {n_bytes}{tail}{end}", fields.join(" "));
        let value = "v".repeat(n_bytes);
        let stream = |verb: &str| format!("{verb}{rest}{value}\r\nversion\r\nget k\r\n");
        let plain = Talk::new().send(stream("set").as_bytes());
        let other = Talk::new().send(stream("set ").as_bytes());
        prop_assert_eq!(plain.escape_ascii().to_string(), other.escape_ascii().to_string());
    }

    #[test]
    fn no_bytes_cause_a_panic(stream in vec(any::<u8>(), 0..3000)) {
        Talk::new().send(&stream);
    }

    #[test]
    fn no_words_cause_a_panic_and_pieces_do_not_matter(
        words in vec(word(), 0..80),
        splits in vec(0_usize..2000, 0..4),
    ) {
        // Lines of more than 2048 bytes depend on how they arrive, as they do in memcached.
        let mut stream = Vec::new();
        let mut line_bytes = 0;
        for word in words {
            line_bytes = if word.ends_with(b"\n") { 0 } else { line_bytes + word.len() + 1 };
            if line_bytes > 2000 {
                stream.extend(b"\r\n");
                line_bytes = word.len();
            }
            stream.extend(word);
            stream.push(b' ');
        }
        stream.extend(b"\r\n");
        let whole = Talk::new().send(&stream);
        let mut talk = Talk::new();
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
