//! The classic commands, word by word as memcached 1.6.45 says them.

use crate::harness::{Talk, check};

#[test]
fn values_come_back_with_their_flags() {
    check(
        "
        > set a 5 0 3
        > one
        STORED
        > get a
        VALUE a 5 3
        one
        END
        > get b
        END
        > set a 0 0 0
        >
        STORED
        > get a b a
        VALUE a 0 0
        (empty)
        VALUE a 0 0
        (empty)
        END
        ",
    );
}

#[test]
fn the_storage_commands_differ_by_their_condition() {
    check(
        "
        > replace a 0 0 1
        > r
        NOT_STORED
        > append a 0 0 1
        > r
        NOT_STORED
        > prepend a 0 0 1
        > r
        NOT_STORED
        > add a 7 0 1
        > 2
        STORED
        > add a 0 0 1
        > x
        NOT_STORED
        > append a 9 -1 1
        > 3
        STORED
        > prepend a 9 -1 1
        > 1
        STORED
        > get a
        VALUE a 7 3
        123
        END
        > replace a 0 0 1
        > r
        STORED
        > get a
        VALUE a 0 1
        r
        END
        ",
    );
}

#[test]
fn cas_stores_only_over_an_unchanged_value() {
    let mut talk = Talk::new();
    let cas_of = |talk: &mut Talk| {
        let answer = talk.say("gets a");
        answer.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned()
    };
    talk.check("> set a 0 0 1\n> 1\nSTORED");
    let first = cas_of(&mut talk);
    talk.check("> touch a 100\nTOUCHED");
    assert_eq!(cas_of(&mut talk), first, "touch leaves the number");
    for write in ["incr a 1", "append a 0 0 1\r\n5", "set a 0 0 1\r\n7"] {
        let before = cas_of(&mut talk);
        talk.say(write);
        assert_ne!(cas_of(&mut talk), before, "{write}");
    }
    assert_eq!(talk.say(&format!("cas a 0 0 1 {first}\r\nx")), "EXISTS\r\n");
    let now = cas_of(&mut talk);
    assert_eq!(talk.say(&format!("cas a 0 0 1 {now}\r\nx")), "STORED\r\n");
    talk.check(
        "
        > cas a 0 0 1 0
        > x
        EXISTS
        > cas nope 0 0 1 1
        > x
        NOT_FOUND
        > cas a 0 0 1
        CLIENT_ERROR bad command line format
        > x
        > cas a 0 0 1 x
        CLIENT_ERROR bad command line format
        > x
        ",
    );
}

#[test]
fn arithmetic_wraps_up_and_stops_at_zero() {
    check(
        "
        > set n 3 0 20
        > 18446744073709551615
        STORED
        > incr n 2
        1
        > get n
        VALUE n 3 20
        1                   
        END
        > decr n 5
        0
        > set n 0 0 2
        > 10
        STORED
        > decr n 1
        9
        > get n
        VALUE n 0 2
        9 
        END
        > incr n 91
        100
        > get n
        VALUE n 0 3
        100
        END
        > incr nope 1
        NOT_FOUND
        > incr n x
        CLIENT_ERROR invalid numeric delta argument
        > incr n -1
        CLIENT_ERROR invalid numeric delta argument
        > incr n 18446744073709551616
        CLIENT_ERROR invalid numeric delta argument
        > decr n
        CLIENT_ERROR bad command line format
        ",
    );
}

#[test]
fn arithmetic_reads_numbers_as_c_does() {
    let mut talk = Talk::new();
    let numeric = [(&b"5 "[..], "6"), (b" 5", "6"), (b"+5", "6"), (b"5 x", "6"), (b"5\0x", "6")];
    for (value, expected) in numeric {
        talk.send(&[format!("set n 0 0 {}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat());
        assert_eq!(talk.say("incr n 1"), format!("{expected}\r\n"), "{}", value.escape_ascii());
    }
    for value in [&b""[..], b"abc", b"-5", b"5x", b"18446744073709551616"] {
        talk.send(&[format!("set n 0 0 {}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat());
        let answer = talk.say("incr n 1");
        let words = "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
        assert_eq!(answer, words, "{}", value.escape_ascii());
    }
    assert_eq!(talk.say("incr n 1 noreply"), "", "hidden");
}

#[test]
fn expiry_is_relative_for_thirty_days_and_absolute_above() {
    check(
        "
        > set a 0 -1 1
        > x
        STORED
        > get a
        END
        > set a 0 2592000 1
        > x
        STORED
        > set b 0 2592001 1
        > x
        STORED
        > get a b
        VALUE a 0 1
        x
        END
        + 2591999000
        > get a
        VALUE a 0 1
        x
        END
        + 1001
        > get a
        END
        > set a 0 1 1
        > x
        STORED
        > touch a 0
        TOUCHED
        + 5000
        > get a
        VALUE a 0 1
        x
        END
        > touch a 1798000000
        TOUCHED
        > get a
        VALUE a 0 1
        x
        END
        + 3000000000
        > get a
        END
        ",
    );
}

#[test]
fn gat_sets_the_expiry_of_what_it_reads() {
    check(
        "
        > set a 0 0 1
        > x
        STORED
        > gat 10 a
        VALUE a 0 1
        x
        END
        + 10001
        > gat 10 a
        END
        > touch a 1
        NOT_FOUND
        > touch a x
        CLIENT_ERROR invalid exptime argument
        > gat x a
        CLIENT_ERROR invalid exptime argument
        > gat 10 foo
        END
        > gat 10
        CLIENT_ERROR bad command line format
        > set a 0 4294967296 1
        > x
        STORED
        > get a
        VALUE a 0 1
        x
        END
        > gat -1 a
        VALUE a 0 1
        x
        END
        > get a
        END
        ",
    );
}

#[test]
fn delete_ignores_what_stands_behind_the_key() {
    check(
        "
        > set a 0 0 1
        > x
        STORED
        > delete a 5
        DELETED
        > delete a
        NOT_FOUND
        > delete
        CLIENT_ERROR bad command line format
        ",
    );
}

#[test]
fn noreply_hides_outcomes_but_not_every_error() {
    check(
        "
        > set a 0 0 1 noreply
        > x
        > add a 0 0 1 noreply
        > y
        > append a 0 0 1 noreply
        > y
        > get a
        VALUE a 0 2
        xy
        END
        > touch a 0 noreply
        > delete a noreply
        > incr a 1 noreply
        > verbosity 1 noreply
        > cache_memlimit 64 noreply
        > flush_all noreply
        > flush_all 0 noreply
        > set d 0 0 z noreply
        CLIENT_ERROR bad command line format
        > zzz noreply
        ERROR
        > set d 0 0 1 noreply
        > xyz
        CLIENT_ERROR bad command line format
        > get d noreply
        END
        ",
    );
}

#[test]
fn flush_all_takes_a_delay() {
    check(
        "
        > set a 0 0 1
        > x
        STORED
        > flush_all 2
        OK
        > get a
        VALUE a 0 1
        x
        END
        + 2000
        > get a
        END
        > set a 0 0 1
        > x
        STORED
        > get a
        VALUE a 0 1
        x
        END
        > flush_all -1
        OK
        > get a
        END
        > flush_all x
        CLIENT_ERROR invalid exptime argument
        > set a 0 0 1
        > x
        STORED
        > flush_all 5
        OK
        > flush_all
        OK
        > set a 0 0 1
        > y
        STORED
        + 6000
        > get a
        VALUE a 0 1
        y
        END
        ",
    );
}

#[test]
fn the_rest_of_the_words() {
    check(
        "
        > version
        VERSION 1.6.45
        > version of what
        VERSION 1.6.45
        > verbosity
        CLIENT_ERROR bad command line format
        > verbosity 0
        OK
        > verbosity x
        CLIENT_ERROR bad command line format
        > cache_memlimit 7
        MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m
        > cache_memlimit 67108864000
        ERROR
        > cache_memlimit 2000000000
        MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes
        > cache_memlimit 8
        OK
        > shutdown
        SERVER_ERROR: shutdown not enabled
        > SET a 0 0 1
        ERROR
        > get
        CLIENT_ERROR bad command line format
        >
        CLIENT_ERROR bad command line format
        > a
        CLIENT_ERROR bad command line format
        > mx a v
        ERROR
        ",
    );
    let mut talk = Talk::new();
    assert_eq!(talk.say("version\r\nquit\r\nversion"), "VERSION 1.6.45\r\n");
    assert!(talk.is_closed());
}

#[test]
fn a_value_longer_than_declared_leaves_a_tail() {
    check(
        r"
        > set a 0 0 3\r\nabcdefgh
        CLIENT_ERROR bad data chunk
        ERROR
        > get a
        END
        > set b 0 0 1\nx
        STORED
        > get b\nversion
        VALUE b 0 1
        x
        END
        VERSION 1.6.45
        ",
    );
}

#[test]
fn http_is_shut_out() {
    let mut talk = Talk::new();
    assert!(talk.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").is_empty());
    assert!(talk.is_closed());
}
