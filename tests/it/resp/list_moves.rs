//! Transcripts of the list family: elements that move, wrong types, encodings.

use super::check;

#[test]
fn elements_move_from_list_to_list() {
    check(
        r#"
        > RPUSH a 1 2 3
        3
        > LMOVE a b LEFT RIGHT
        "1"
        > LMOVE a b RIGHT LEFT
        "3"
        > LRANGE b 0 -1
        ["3" "1"]
        > LMOVE a b left left
        "2"
        > EXISTS a
        0
        > LMOVE a b LEFT LEFT
        (nil)
        > LMOVE b b LEFT RIGHT
        "2"
        > LMOVE b b RIGHT RIGHT
        "2"
        > LRANGE b 0 -1
        ["3" "1" "2"]
        > RPOPLPUSH b b
        "2"
        > RPOPLPUSH b c
        "1"
        > RPOPLPUSH nosuch c
        (nil)
        > LRANGE b 0 -1
        ["2" "3"]
        > LRANGE c 0 -1
        ["1"]
        > LMOVE b c UP LEFT
        !ERR syntax error
        > LMOVE b c LEFT DOWN
        !ERR syntax error
        > SET s x
        OK
        > LMOVE b s LEFT LEFT
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LMOVE s b LEFT LEFT
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LMOVE nosuch s LEFT LEFT
        (nil)
        > RPOPLPUSH b s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LRANGE b 0 -1
        ["2" "3"]
        > RPUSH one only
        1
        > LMOVE one one LEFT RIGHT
        "only"
        > LRANGE one 0 -1
        ["only"]
        "#,
    );
}

#[test]
fn the_first_list_that_has_elements_is_popped_from() {
    check(
        r#"
        > RPUSH a 1 2 3
        3
        > RPUSH b 4 5
        2
        > LMPOP 2 a b LEFT
        ["a" ["1"]]
        > LMPOP 2 nosuch b RIGHT COUNT 10
        ["b" ["5" "4"]]
        > LMPOP 2 nosuch a LEFT COUNT 1
        ["a" ["2"]]
        > LMPOP 3 nosuch b a RIGHT
        ["a" ["3"]]
        > LMPOP 1 a LEFT
        (nil array)
        > LMPOP 0 a LEFT
        !ERR numkeys should be greater than 0
        > LMPOP -1 a LEFT
        !ERR numkeys should be greater than 0
        > LMPOP x a LEFT
        !ERR numkeys should be greater than 0
        > LMPOP 2 a LEFT
        !ERR syntax error
        > LMPOP 1 a b LEFT
        !ERR syntax error
        > LMPOP 9223372036854775807 a LEFT
        !ERR syntax error
        > LMPOP 1 a LEFT COUNT 0
        !ERR count should be greater than 0
        > LMPOP 1 a LEFT COUNT x
        !ERR count should be greater than 0
        > LMPOP 1 a LEFT COUNT
        !ERR syntax error
        > LMPOP 1 a LEFT COUNT 1 COUNT 1
        !ERR syntax error
        > LMPOP 1 a UP
        !ERR syntax error
        > SET s x
        OK
        > RPUSH a 1
        1
        > LMPOP 2 nosuch s LEFT
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LMPOP 2 a s LEFT
        ["a" ["1"]]
        > COMMAND GETKEYS LMPOP 2 a b LEFT
        ["a" "b"]
        > COMMAND GETKEYS LMPOP 5 a b LEFT
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYS LMOVE a b LEFT RIGHT
        ["a" "b"]
        "#,
    );
}

#[test]
fn what_is_no_list_is_refused() {
    check(
        r#"
        > SET s x
        OK
        > LPUSH s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > RPUSHX s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LLEN s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LRANGE s 0 -1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LINDEX s x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LSET s x y
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LINSERT s BEFORE a b
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LREM s 0 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LTRIM s 0 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LPOP s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > RPOP s 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LPOS s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > RPOPLPUSH s s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > RPUSH l a
        1
        > GET l
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > APPEND l x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HGET l f
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > STRLEN l
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > LPUSH l
        !ERR wrong number of arguments for 'lpush' command
        > LPUSHX l
        !ERR wrong number of arguments for 'lpushx' command
        > LRANGE l 0
        !ERR wrong number of arguments for 'lrange' command
        > GETSET l x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn in_resp3_there_is_one_null() {
    check(
        r#"
        > HELLO 3
        {"server": …}
        > LPOP nosuch
        (null)
        > LPOP nosuch 2
        (null)
        > LINDEX nosuch 0
        (null)
        > LMPOP 1 nosuch LEFT
        (null)
        > LPOS nosuch x
        (null)
        > LMOVE nosuch l LEFT LEFT
        (null)
        > RPUSH l a b
        2
        > LPOP l 5
        ["a" "b"]
        "#,
    );
}

/// The names follow the bytes that Valkey would need, and its nodes.
#[test]
fn a_list_is_a_listpack_until_it_outgrows_its_limit() {
    check(
        r#"
        > CONFIG SET list-max-listpack-size 3
        OK
        > RPUSH l a b c
        3
        > OBJECT ENCODING l
        "listpack"
        > RPUSH l d
        4
        > OBJECT ENCODING l
        "quicklist"
        > LPOP l
        "a"
        > OBJECT ENCODING l
        "quicklist"
        > RPOP l
        "d"
        > OBJECT ENCODING l
        "quicklist"
        > LPOP l 2
        ["b" "c"]
        > OBJECT ENCODING l
        (nil)
        > RPUSH one a b c d e f
        6
        > OBJECT ENCODING one
        "quicklist"
        > LTRIM one 0 0
        OK
        > OBJECT ENCODING one
        "listpack"
        > CONFIG SET list-max-listpack-size 0
        OK
        > RPUSH two a b
        2
        > OBJECT ENCODING two
        "quicklist"
        "#,
    );
}

#[test]
fn the_bytes_of_a_listpack_are_limited_too() {
    check(
        r#"
        > CONFIG SET list-max-listpack-size 0
        OK
        > RPUSH one a
        1
        > CONFIG SET list-max-listpack-size -1
        OK
        > RPUSH size a
        1
        > SETRANGE big 4000 x
        4001
        > RPUSH size b
        2
        > LSET size 0 1234567890
        OK
        > OBJECT ENCODING size
        "listpack"
        > LINSERT size BEFORE nosuch "a string that makes no difference as it is short"
        -1
        > OBJECT ENCODING size
        "listpack"
        > COPY l copy
        0
        > OBJECT ENCODING copy
        (nil)
        > COPY one other
        1
        > RENAME other third
        OK
        > OBJECT ENCODING third
        "listpack"
        > DEBUG LISTPACK third
        Listpack structure printed on stdout
        > RPUSH q a b c d e f g
        7
        > CONFIG SET list-max-listpack-size 2
        OK
        > RPUSH r a b c d e f g
        7
        > DEBUG LISTPACK r
        !ERR Not a listpack encoded object.
        > DEBUG DIGEST-VALUE r l
        [3997bb3b774c176367810ecd5d2e4798f683844a 0000000000000000000000000000000000000000]
        "#,
    );
}

#[test]
fn commands_that_could_wait_take_what_is_there() {
    check(
        r#"
        > RPUSH l a b c d e f
        6
        > BLPOP nosuch l 0
        ["l" "a"]
        > BRPOP l nosuch 0.5
        ["l" "f"]
        > BLMPOP 0 2 nosuch l RIGHT COUNT 2
        ["l" ["e" "d"]]
        > BLMOVE l m LEFT RIGHT 0
        "b"
        > BRPOPLPUSH l m 0
        "c"
        > LRANGE m 0 -1
        ["c" "b"]
        > EXISTS l
        0
        "#,
    );
}

#[test]
fn commands_that_could_wait_refuse_what_is_wrong() {
    check(
        r#"
        > SET string x
        OK
        > RPUSH l a
        1
        > BLPOP string l 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BLMOVE l string LEFT LEFT 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BLPOP l -1
        !ERR timeout is negative
        > BRPOP l x
        !ERR timeout is not a float or out of range
        > BLMOVE l m LEFT UP 0
        !ERR syntax error
        > BRPOPLPUSH l m x
        !ERR timeout is not a float or out of range
        > BLMPOP 0 0 l LEFT
        !ERR numkeys should be greater than 0
        > BLMPOP 0 1 l UP
        !ERR syntax error
        > BLMPOP x 1 l LEFT
        !ERR timeout is not a float or out of range
        > BLPOP 0
        !ERR wrong number of arguments for 'blpop' command
        > LRANGE l 0 -1
        ["a"]
        > CLIENT UNBLOCK 0
        0
        > CLIENT UNBLOCK x
        !ERR value is not an integer or out of range
        > CLIENT UNBLOCK 0 NOSUCH
        !ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR
        > CLIENT UNBLOCK 0 ERROR
        0
        "#,
    );
}
