//! Transcripts of the string family: values as wholes.

use super::{check, check_here};

#[test]
fn get_and_set_keep_any_bytes() {
    check(
        r#"
        > SET k v
        OK
        > GET k
        "v"
        > SET "a\x00b\r\n" "\x00\xff\r\n"
        OK
        > GET "a\x00b\r\n"
        "\x00\xff\r\n"
        > SET "" empty-key
        OK
        > GET ""
        "empty-key"
        > SET k ""
        OK
        > GET k
        ""
        > GET nosuch
        (nil)
        > get k
        ""
        > sEt K 1
        OK
        > STRLEN "a\x00b\r\n"
        4
        "#,
    );
}

#[test]
fn set_takes_its_options_in_any_order_and_refuses_contradictions() {
    check(
        r#"
        > SET k 1 XX
        (nil)
        > SET k 1 NX EX 10
        OK
        > TTL k
        10
        > SET k 2 NX
        (nil)
        > SET k 2 XX KEEPTTL
        OK
        > TTL k
        10
        > SET k 3
        OK
        > TTL k
        -1
        > SET k 4 PX 10000 xx
        OK
        > TTL k
        10
        > SET k 5 NX XX
        !ERR syntax error
        > SET k 5 EX 1 PX 1
        !ERR syntax error
        > SET k 5 EX 1 KEEPTTL
        !ERR syntax error
        > SET k 5 PX
        !ERR syntax error
        > SET k 5 EX ten
        !ERR value is not an integer or out of range
        > SET k 5 EX 0
        !ERR invalid expire time in 'set' command
        > SET k 5 EX -1
        !ERR invalid expire time in 'set' command
        > SET k 5 PX -1
        !ERR invalid expire time in 'set' command
        > SET k 5 EX 9223372036854775807
        !ERR invalid expire time in 'set' command
        > SET k 5 EXAT 0
        !ERR invalid expire time in 'set' command
        > SET k 5 BOGUS
        !ERR syntax error
        > SET k
        !ERR wrong number of arguments for 'set' command
        > GET k
        "4"
        "#,
    );
}

#[test]
fn set_get_answers_the_old_value() {
    check(
        r#"
        > SET k 1 GET
        (nil)
        > SET k 2 GET
        "1"
        > SET k 3 NX GET
        "2"
        > GET k
        "2"
        > SET other 1 XX GET
        (nil)
        > EXISTS other
        0
        > SET fresh 1 NX GET
        (nil)
        > GET fresh
        "1"
        > HSET h f v
        1
        > SET h 1 GET
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > TYPE h
        hash
        > SET h 1
        OK
        > TYPE h
        string
        "#,
    );
}

#[test]
fn set_ifeq_compares_before_it_writes() {
    check(
        r#"
        > SET k one
        OK
        > SET k two IFEQ one
        OK
        > GET k
        "two"
        > SET k three IFEQ one
        (nil)
        > GET k
        "two"
        > SET k three IFEQ two GET
        "two"
        > GET k
        "three"
        > SET k four IFEQ two GET
        "three"
        > GET k
        "three"
        > SET nosuch x IFEQ y
        (nil)
        > EXISTS nosuch
        0
        > SET k x IFEQ
        !ERR syntax error
        > SET k x NX IFEQ three
        !ERR syntax error
        > SET k x XX IFEQ three
        !ERR syntax error
        > HSET h f v
        1
        > SET h x IFEQ v
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn absolute_expiry_in_the_past_deletes() {
    check(
        r#"
        > SET k v
        OK
        > SET k v EXAT 1
        OK
        > EXISTS k
        0
        > SET k v PXAT 1
        OK
        > EXISTS k
        0
        > SET k v EXAT 4102444800
        OK
        > EXPIRETIME k
        4102444800
        > SET k v PXAT 4102444800123
        OK
        > PEXPIRETIME k
        4102444800123
        "#,
    );
}

#[test]
fn setex_psetex_and_setnx_are_forms_of_set() {
    check(
        r#"
        > SETEX k 100 v
        OK
        > TTL k
        100
        > PSETEX k 100000 w
        OK
        > TTL k
        100
        > GET k
        "w"
        > SETEX k 0 v
        !ERR invalid expire time in 'setex' command
        > SETEX k -1 v
        !ERR invalid expire time in 'setex' command
        > PSETEX k 0 v
        !ERR invalid expire time in 'psetex' command
        > SETEX k x v
        !ERR value is not an integer or out of range
        > PSETEX k 9223372036854775807 v
        !ERR invalid expire time in 'psetex' command
        > SETNX k new
        0
        > SETNX n new
        1
        > GET n
        "new"
        "#,
    );
}

#[test]
fn getset_getdel_and_getex() {
    check(
        r#"
        > GETSET k 1
        (nil)
        > GETSET k 2
        "1"
        > GETDEL k
        "2"
        > GETDEL k
        (nil)
        > SET k v EX 100
        OK
        > GETEX k
        "v"
        > TTL k
        100
        > GETEX k PERSIST
        "v"
        > TTL k
        -1
        > GETEX k EX 50
        "v"
        > TTL k
        50
        > GETEX k PX 70000
        "v"
        > TTL k
        70
        > GETEX k EXAT 1
        "v"
        > EXISTS k
        0
        > GETEX k EX 10
        (nil)
        > SET k v
        OK
        > GETEX k EX 0
        !ERR invalid expire time in 'getex' command
        > GETEX k EX x
        !ERR value is not an integer or out of range
        > GETEX k PERSIST EX 1
        !ERR syntax error
        > GETEX k KEEPTTL
        !ERR syntax error
        > HSET h f v
        1
        > GETEX h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GETDEL h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GETSET h x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn mset_and_msetnx_write_all_or_nothing() {
    check(
        r#"
        > MSET a 1 b 2
        OK
        > MGET a b nosuch
        ["1" "2" (nil)]
        > MSET a 1 b
        !ERR wrong number of arguments for 'mset' command
        > MSETNX b 3 c 4
        0
        > MGET b c
        ["2" (nil)]
        > MSETNX c 4 d 5
        1
        > MGET c d
        ["4" "5"]
        > MSET a 1 a 2
        OK
        > GET a
        "2"
        > MSETNX x 1 x 2
        1
        > GET x
        "2"
        > HSET h f v
        1
        > MGET a h
        ["2" (nil)]
        > MSET h now-a-string
        OK
        > TYPE h
        string
        > MSETNX y
        !ERR wrong number of arguments for 'msetnx' command
        "#,
    );
}

#[test]
fn wrong_type_and_wrong_arity_are_errors() {
    check(
        r#"
        > HSET h f v
        1
        > GET h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > APPEND h x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > STRLEN h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GETRANGE h 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SUBSTR h 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SETRANGE h 0 x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SETNX h x
        0
        > SETEX h 10 x
        OK
        > TYPE h
        string
        > GET
        !ERR wrong number of arguments for 'get' command
        > GET a b
        !ERR wrong number of arguments for 'get' command
        > SETNX a
        !ERR wrong number of arguments for 'setnx' command
        > SETEX a 1
        !ERR wrong number of arguments for 'setex' command
        > PSETEX a 1
        !ERR wrong number of arguments for 'psetex' command
        > APPEND a
        !ERR wrong number of arguments for 'append' command
        > INCR
        !ERR wrong number of arguments for 'incr' command
        > INCRBY a
        !ERR wrong number of arguments for 'incrby' command
        > DECRBY a
        !ERR wrong number of arguments for 'decrby' command
        > DECR
        !ERR wrong number of arguments for 'decr' command
        > INCRBYFLOAT a
        !ERR wrong number of arguments for 'incrbyfloat' command
        > MGET
        !ERR wrong number of arguments for 'mget' command
        > MSET
        !ERR wrong number of arguments for 'mset' command
        > MSETNX
        !ERR wrong number of arguments for 'msetnx' command
        > LCS a
        !ERR wrong number of arguments for 'lcs' command
        > SETRANGE a 1
        !ERR wrong number of arguments for 'setrange' command
        > STRLEN
        !ERR wrong number of arguments for 'strlen' command
        > GETDEL
        !ERR wrong number of arguments for 'getdel' command
        > GETEX
        !ERR wrong number of arguments for 'getex' command
        > GETSET a
        !ERR wrong number of arguments for 'getset' command
        > SUBSTR a 1
        !ERR wrong number of arguments for 'substr' command
        "#,
    );
}

#[test]
fn keys_expire_when_their_time_comes() {
    check_here(
        r#"
        > SET k v PX 1500
        OK
        > GET k
        "v"
        ~ 1499 ms
        > GET k
        "v"
        > PTTL k
        1
        ~ 1 ms
        > GET k
        "v"
        > PTTL k
        0
        ~ 1 ms
        > GET k
        (nil)
        > PTTL k
        -2
        > SET k v EX 1
        OK
        ~ 1001 ms
        > SET k w XX
        (nil)
        > SET k w NX
        OK
        > TTL k
        -1
        > GETEX k PX 10
        "w"
        ~ 11 ms
        > GETDEL k
        (nil)
        > SET n 5 PX 10
        OK
        ~ 11 ms
        > INCR n
        1
        > TTL n
        -1
        > SET a x PX 10
        OK
        ~ 11 ms
        > APPEND a y
        1
        > DBSIZE
        2
        "#,
    );
}
