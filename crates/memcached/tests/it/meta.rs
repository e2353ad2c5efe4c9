//! What transcripts of meta commands do not show: pieces, copies, counts, and flags that are none.

use proptest::collection::vec;
use proptest::prelude::*;
use tandem_memcached::Step;

use crate::harness::{Talk, check_pieces};

/// A stream with every shape of command: whole, quiet, refused, skipped, with big values.
fn conversation() -> Vec<u8> {
    let mut stream = b"ms a 5 T100 F1\r\nhello\r\nmg a v t f k O1\r\nmg b k\r\nmg b k q\r\n\
        ms YQ== 4 b MA q\r\n\r\n\r\n\r\nmg YQ== b k v\r\nmd a I q\r\nmg a v\r\nmg a k\r\nmn\r\n\
        ma n N0 J9 v\r\nma n q\r\nma n D7 v k\r\nms bad 1\r\nxyz\r\nms bad 4 z\r\nswal\r\n\
        ms bad x\r\nmg a v v\r\n  mg   a   s  \r\nmg a\nmn x\nma a\r\nmd a x\r\nmd a\r\nmd a\r\n\
        ms c 5 Mx\r\nabcde\r\nmg w N30 v\r\nmg w v\r\nget n\r\nmn\r\n"
        .to_vec();
    stream.extend(format!("mg {}\r\n", "k".repeat(251)).bytes());
    for (line, n_bytes, behind) in [
        ("ms big 16384 s c F7", 16_384, "\r\nmg big v f c\r\n"),
        ("ms YmlnMg== 16384 b k s", 16_384, "\r\nmg big2 v\r\n"),
        ("ms big 16384 MA q", 16_384, "\r\nmg big s v\r\n"),
        ("ms big 16384 MP s", 16_384, "\r\nmg big s\r\n"),
        ("ms big 16384 z", 16_384, "\r\nmg big s\r\n"),
        ("ms big 16384 C99 k", 16_384, "\r\n"),
        ("ms bad 16384", 16_385, "\r\n"),
        ("ms big 40000 q", 40_000, "\r\nmg big v\r\n"),
    ] {
        stream.extend([line.as_bytes(), b"\r\n", &b"v".repeat(n_bytes)].concat());
        stream.extend(behind.as_bytes());
    }
    stream.extend(b"mg n s v\r\nquit\r\nmg n\r\n");
    stream
}

#[test]
fn the_pieces_in_which_meta_commands_arrive_do_not_matter() {
    let whole = check_pieces(&conversation());
    assert!(whole.ends_with(b"VA 2 s2\r\n17\r\n"), "it came to the end");
    assert_eq!(whole.windows(9).filter(|it| it == b"too large").count(), 1);
}

#[test]
fn a_single_meta_command_can_be_looked_at_before_it_runs() {
    let mut talk = Talk::new();
    let hash = |talk: &Talk, key: &[u8]| Some(talk.server.keyspace.hash(key));
    let set = b"ms foo 5 T0\r\nhello\r\n";
    assert_eq!(talk.look_ahead(set), hash(&talk, b"foo"));
    assert_eq!(talk.send(b"mg foo\r\n"), b"EN\r\n", "it was only looked at");
    assert_eq!(talk.send(set), b"HD\r\n");
    assert_eq!(talk.look_ahead(b"mg foo v\r\n"), hash(&talk, b"foo"));
    assert_eq!(talk.look_ahead(b"mg Zm9v v b\r\n"), hash(&talk, b"foo"));
    assert_eq!(talk.look_ahead(b"md foo\r\n"), hash(&talk, b"foo"));
    for line in ["mg foo", "mg foo v", "mg\r\n", "mg a\r\nmg b\r\n", "mn\r\n", "ms a 9\r\nx"] {
        assert_eq!(talk.look_ahead(line.as_bytes()), None, "{line:?}");
    }
}

#[test]
fn a_big_value_is_kept_where_it_was_received() {
    let n_bytes = 100_000;
    for (line, key) in [("ms k 100000 F3", "k"), ("ms Zm9v 100000 b q", "foo")] {
        let mut talk = Talk::new();
        talk.send(format!("{line}\r\n").as_bytes());
        assert_eq!(talk.last_step, Some(Step::ReadMore { need: n_bytes + 2 }));
        assert_eq!(talk.capacity(), n_bytes + 2);
        talk.send(&vec![b'v'; n_bytes]);
        let received_at = talk.input_at();
        let answer = talk.send(b"\r\n");
        assert_eq!(answer, if line.ends_with('q') { &b""[..] } else { b"HD\r\n" });
        let answer = talk.say(&format!("mg {key} v"));
        assert!(talk.slices_at.contains(&received_at), "it leaves from where it was received");
        assert_eq!(answer.len(), "VA 100000\r\n\r\n".len() + n_bytes);
        let answer = talk.say(&format!("ms k 100000\r\n{}x", "v".repeat(n_bytes - 1)));
        assert_eq!(answer, "HD\r\n");
    }
}

#[test]
fn meta_commands_are_counted_as_memcached_counts_them() {
    let mut talk = Talk::new();
    for (line, counts) in [
        ("mn", ""),
        ("mg a", "cmd_get=1 get_misses=1"),
        ("mg a T30", "cmd_get=1 get_misses=1"),
        ("mg a N30", "cmd_get=1 get_hits=1 total_items=1"),
        ("mg a v", "cmd_get=1 get_hits=1"),
        ("mg a T60", "cmd_touch=1 touch_hits=1"),
        ("mg a z", ""),
        ("me a", "cmd_meta=1"),
        ("ms a 1 E5\r\n7", "cmd_set=1 total_items=1"),
        ("ms a 1 C4\r\n7", "cmd_set=1 cas_badval=1"),
        ("ms a 1 C5\r\n7", "cmd_set=1 cas_hits=1 total_items=1"),
        ("ms a 1 C2 I\r\n7", "cmd_set=1 cas_hits=1 total_items=1"),
        ("ms b 1 C2\r\n7", "cmd_set=1 cas_misses=1"),
        ("ms b 1 MA\r\n7", "cmd_set=1"),
        ("ms b 1 MA N0\r\n7", "cmd_set=1 total_items=1"),
        ("ms a 1 z\r\n7", ""),
        ("ma a", "incr_hits=1"),
        ("ma a MD", "decr_hits=1"),
        ("ma nosuch", "incr_misses=1"),
        ("ma nosuch MD", "decr_misses=1"),
        ("ma new N0", "total_items=1"),
        ("md a C1", "delete_misses=1"),
        ("md a I", ""),
        ("md a x", "delete_hits=1 total_items=1"),
        ("md a", "delete_hits=1"),
        ("md a", "delete_misses=1"),
    ] {
        let before = stats(&mut talk);
        talk.say(line);
        let after = stats(&mut talk);
        let counted: Vec<String> = after
            .iter()
            .zip(&before)
            .filter(|(after, before)| after != before)
            .filter(|((name, _), _)| COUNTED.contains(&name.as_str()))
            .map(|((name, after), (_, before))| format!("{name}={}", after - before))
            .collect();
        // An edit counts as an item that was stored, where memcached writes over its digits.
        let counted = counted.join(" ").replace("incr_hits=1 total_items=1", "incr_hits=1");
        let counted = counted.replace("decr_hits=1 total_items=1", "decr_hits=1");
        assert_eq!(counted, counts, "{line}");
    }
}

const COUNTED: &[&str] = &[
    "cmd_get",
    "cmd_set",
    "cmd_touch",
    "cmd_meta",
    "get_hits",
    "get_misses",
    "delete_hits",
    "delete_misses",
    "incr_hits",
    "incr_misses",
    "decr_hits",
    "decr_misses",
    "cas_hits",
    "cas_misses",
    "cas_badval",
    "touch_hits",
    "touch_misses",
    "total_items",
];

fn stats(talk: &mut Talk) -> Vec<(String, u64)> {
    let answer = talk.say("stats");
    let lines = answer.lines().filter_map(|line| line.strip_prefix("STAT ")?.split_once(' '));
    lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect()
}

fn flag() -> impl Strategy<Value = String> {
    let known = "b c f h k l O O1 q s t v u C C1 C0 E E5 N N0 N-1 R R30 T T0 T-1 I M ME MA MR MD \
        M+ x J J5 D D1 P L z Z 0 Oabcdefghijklmnopqrstuvwxyzabcdefgh F F5";
    prop_oneof![
        12 => prop::sample::select(known.split_ascii_whitespace().collect::<Vec<_>>())
            .prop_map(str::to_owned),
        1 => "[ -~]{1,4}",
    ]
}

fn command() -> impl Strategy<Value = String> {
    let verb = prop::sample::select(vec!["mg", "ms", "md", "ma", "me", "mn"]);
    let key = prop::sample::select(vec!["a", "n", "YQ==", "Zg", ""]);
    (verb, key, vec(flag(), 0..20)).prop_map(|(verb, key, flags)| {
        let flags = flags.join(" ");
        match verb {
            "ms" => format!("ms {key} 3 {flags}\r\n123\r\n"),
            _ => format!("{verb} {key} {flags}\r\n"),
        }
    })
}

proptest! {
    #[test]
    fn no_flags_cause_a_panic_and_pieces_do_not_matter(
        commands in vec(command(), 0..30),
        splits in vec(0_usize..1000, 0..4),
    ) {
        let stream = commands.concat().into_bytes();
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
