//! Commands that look at every item, over many turns of the connection.

use tandem_memcached::Step;

use crate::harness::Talk;

const N_ITEMS: usize = 3000;

/// More than one turn of a dump writes, and far less than the whole dump.
const TURN_BYTES_MAX: usize = 64 << 10;

fn filled(args: &str) -> Talk {
    let mut talk = Talk::with(args);
    for index in 0..N_ITEMS {
        talk.say(&format!("set key:{index} 0 0 1 noreply\r\nx"));
    }
    talk
}

#[test]
fn a_dump_is_written_in_pieces_and_others_have_their_turns() {
    for (line, end) in [
        ("lru_crawler metadump all", "END\r\n"),
        ("lru_crawler mgdump all", "EN\r\n"),
        ("stats cachedump 1 0", "END\r\n"),
    ] {
        let mut talk = filled("");
        let (step, first) = talk.turn(line);
        assert_eq!(step, Step::Yield, "{line}");
        assert!((1..TURN_BYTES_MAX).contains(&first.len()), "{line}: {}", first.len());
        let mut other = talk.beside();
        assert_eq!(other.say("get key:7"), "VALUE key:7 0 1\r\nx\r\nEND\r\n");
        let rest = talk.send(b"");
        assert!(rest.ends_with(end.as_bytes()) && talk.output_peak < TURN_BYTES_MAX, "{line}");
        let text = String::from_utf8([first, rest].concat()).unwrap();
        let keys: std::collections::BTreeSet<&str> =
            text.lines().filter(|it| it.contains("key")).collect();
        assert_eq!(
            (keys.len(), text.matches("key:").count() + text.matches("key%3A").count()),
            (N_ITEMS, N_ITEMS),
            "{line}"
        );
    }
}

#[test]
fn what_comes_behind_a_dump_waits_for_it() {
    let mut talk = filled("");
    let answer = talk.say("lru_crawler mgdump all\r\nget key:1\r\nversion");
    let (dump, behind) = answer.split_once("EN\r\n").unwrap();
    assert_eq!(dump.lines().count(), N_ITEMS + 1);
    assert_eq!(behind, "VALUE key:1 0 1\r\nx\r\nEND\r\nVERSION 1.6.45\r\n");
}

#[test]
fn one_dump_runs_at_a_time_and_a_client_that_leaves_ends_its_own() {
    let mut talk = filled("");
    let (step, _) = talk.turn("lru_crawler metadump all");
    assert_eq!(step, Step::Yield);
    let mut other = talk.beside();
    for line in ["metadump all", "mgdump 1", "crawl all"] {
        let answer = other.say(&format!("lru_crawler {line}"));
        assert_eq!(answer, "BUSY currently processing crawler request\r\n", "{line}");
    }
    assert!(other.say("stats").contains("STAT lru_crawler_running 1\r\n"));
    talk.reconnect();
    assert!(other.say("stats").contains("STAT lru_crawler_running 0\r\n"));
    assert!(other.say("lru_crawler metadump all").starts_with("OK\r\nkey="));
}

#[test]
fn items_that_come_and_go_do_not_disturb_a_dump() {
    let mut talk = filled("");
    let (_, mut dumped) = talk.turn("lru_crawler mgdump all");
    let mut other = talk.beside();
    for index in 0..N_ITEMS {
        // Every second item stays; the table grows and shrinks meanwhile.
        if index % 2 == 1 {
            other.say(&format!("delete key:{index} noreply\r\nset new:{index} 0 0 1 noreply\r\nx"));
        }
        if index % 100 == 0 {
            let (_, more) = talk.turn_on();
            dumped.extend(more);
        }
    }
    dumped.extend(talk.send(b""));
    let text = String::from_utf8(dumped).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    for index in (0..N_ITEMS).step_by(2) {
        assert!(lines.binary_search(&&*format!("mg key:{index}")).is_ok(), "key:{index}");
    }
}

#[test]
fn dumps_and_details_are_off_where_they_are_disabled() {
    Talk::with("-X").check(
        "
        > lru_crawler metadump all
        ERROR metadump not allowed
        > lru_crawler mgdump all
        ERROR key dump not allowed
        > stats cachedump 1 1
        CLIENT_ERROR stats cachedump not allowed
        > lru_crawler crawl all
        OK
        ",
    );
    Talk::with("-o no_lru_crawler").check(
        "
        > lru_crawler metadump all
        CLIENT_ERROR lru crawler disabled
        > lru_crawler enable
        OK
        > lru_crawler metadump all
        OK
        END
        ",
    );
}

/// More items than are counted anew: the count holds for a while, and not over a flush.
#[test]
fn counts_of_many_items_are_kept_for_a_while() {
    let mut talk = Talk::new();
    for index in 0..10_050 {
        talk.say(&format!("set key:{index} 0 0 1 noreply\r\nx"));
    }
    let number = |talk: &mut Talk| {
        let answer = talk.say("stats items");
        let line = answer.lines().find_map(|it| it.strip_prefix("STAT items:1:number "));
        line.map(str::to_owned)
    };
    assert_eq!(number(&mut talk).as_deref(), Some("10050"));
    talk.say("delete key:1");
    talk.now_ms += 99;
    assert_eq!(number(&mut talk).as_deref(), Some("10050"));
    talk.now_ms += 1;
    assert_eq!(number(&mut talk).as_deref(), Some("10049"));
    talk.say("flush_all");
    assert_eq!(number(&mut talk), None);
}
