//! Transcripts of string commands that are newer than the servers which the others are run on.

use super::check_here;

#[test]
fn a_string_goes_when_it_is_the_given_one() {
    check_here(
        r#"
        > SET lock token
        OK
        > DELIFEQ lock other
        0
        > GET lock
        "token"
        > DELIFEQ lock token
        1
        > EXISTS lock
        0
        > DELIFEQ lock token
        0
        > SET n 10
        OK
        > DELIFEQ n 1
        0
        > DELIFEQ n 10
        1
        > HSET h f v
        1
        > DELIFEQ h f
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > DELIFEQ h
        !ERR wrong number of arguments for 'delifeq' command
        > COMMAND GETKEYS DELIFEQ k v
        ["k"]
        "#,
    );
}

#[test]
fn several_strings_are_written_with_one_expiry() {
    check_here(
        r#"
        > MSETEX 2 a 1 b 2
        1
        > MGET a b
        ["1" "2"]
        > TTL a
        -1
        > MSETEX 2 a 3 c 4 EX 100
        1
        > TTL a
        100
        > PTTL c
        100000
        > TTL b
        -1
        > MSETEX 1 a 5 KEEPTTL
        1
        > TTL a
        100
        > MSETEX 1 a 6
        1
        > TTL a
        -1
        > MSETEX 1 a 7 PXAT 4102444800000
        1
        > PEXPIRETIME a
        4102444800000
        > HSET h f v
        1
        > MSETEX 1 h text
        1
        > GET h
        "text"
        > MSETEX 1 a 8 EXAT 1
        1
        > EXISTS a
        0
        "#,
    );
}

#[test]
fn several_strings_are_written_if_none_or_all_are_there() {
    check_here(
        r#"
        > MSETEX 2 a 1 b 2 NX
        1
        > MSETEX 2 b 3 c 4 NX
        0
        > MGET a b c
        ["1" "2" (nil)]
        > MSETEX 2 b 3 c 4 XX
        0
        > MSETEX 2 a 3 b 4 PX 5000 xx
        1
        > MGET a b
        ["3" "4"]
        > PTTL b
        5000
        > MSETEX 2 c 1 c 2 NX
        1
        > GET c
        "2"
        "#,
    );
}

#[test]
fn what_msetex_does_not_understand_changes_nothing() {
    check_here(
        r#"
        > MSETEX 0 a 1
        !ERR invalid numkeys value
        > MSETEX -1 a 1
        !ERR invalid numkeys value
        > MSETEX x a 1
        !ERR invalid numkeys value
        > MSETEX 2 a 1
        !ERR wrong number of key-value pairs
        > MSETEX 9223372036854775807 a 1
        !ERR wrong number of key-value pairs
        > MSETEX 1 a 1 b 2
        !ERR syntax error
        > MSETEX 1 a 1 NX XX
        !ERR syntax error
        > MSETEX 1 a 1 EX 10 KEEPTTL
        !ERR syntax error
        > MSETEX 1 a 1 EX
        !ERR syntax error
        > MSETEX 1 a 1 GET
        !ERR syntax error
        > MSETEX 1 a 1 IFEQ 1
        !ERR syntax error
        > MSETEX 1 a 1 EX 0
        !ERR invalid expire time in 'msetex' command
        > MSETEX 1 a 1 EX x
        !ERR value is not an integer or out of range
        > MSETEX 1 a
        !ERR wrong number of arguments for 'msetex' command
        > EXISTS a b
        0
        > COMMAND GETKEYS MSETEX 2 a 1 b 2 EX 10
        ["a" "b"]
        > COMMAND GETKEYS MSETEX 3 a 1 b 2
        !ERR Invalid arguments specified for command
        "#,
    );
}
