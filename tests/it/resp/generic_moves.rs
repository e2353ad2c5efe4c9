//! Transcripts of the generic family: expiry, renames and copies.

use super::{check, check_here};

#[test]
fn expire_sets_and_ttl_reads() {
    check(
        r#"
        > SET k v
        OK
        > TTL k
        -1
        > PTTL k
        -1
        > TTL nosuch
        -2
        > PTTL nosuch
        -2
        > EXPIRETIME k
        -1
        > EXPIRETIME nosuch
        -2
        > PEXPIRETIME nosuch
        -2
        > EXPIRE k 100
        1
        > TTL k
        100
        > EXPIRE nosuch 100
        0
        > PEXPIRE k 50000
        1
        > TTL k
        50
        > EXPIREAT k 4102444800
        1
        > EXPIRETIME k
        4102444800
        > PEXPIRETIME k
        4102444800000
        > PEXPIREAT k 4102444800999
        1
        > PEXPIRETIME k
        4102444800999
        > EXPIRETIME k
        4102444801
        > PERSIST k
        1
        > PERSIST k
        0
        > PERSIST nosuch
        0
        > TTL k
        -1
        "#,
    );
}

#[test]
fn expiry_in_the_past_deletes_and_nonsense_is_refused() {
    check(
        r#"
        > SET k v
        OK
        > EXPIRE k x
        !ERR value is not an integer or out of range
        > EXPIRE k 9223372036854775807
        !ERR invalid expire time in 'expire' command
        > PEXPIRE k 9223372036854775807
        !ERR invalid expire time in 'pexpire' command
        > EXPIRE k -9223372036854775808
        !ERR invalid expire time in 'expire' command
        > EXPIREAT k 9223372036854775807
        !ERR invalid expire time in 'expireat' command
        > EXPIRE k 0
        1
        > EXISTS k
        0
        > SET k v
        OK
        > EXPIRE k -1
        1
        > EXISTS k
        0
        > SET k v
        OK
        > EXPIREAT k 1
        1
        > EXISTS k
        0
        > SET k v
        OK
        > PEXPIREAT k 1
        1
        > EXISTS k
        0
        > EXPIRE k
        !ERR wrong number of arguments for 'expire' command
        > PERSIST
        !ERR wrong number of arguments for 'persist' command
        > TTL
        !ERR wrong number of arguments for 'ttl' command
        "#,
    );
}

#[test]
fn expire_takes_conditions() {
    check(
        r#"
        > SET k v
        OK
        > EXPIRE k 100 XX
        0
        > EXPIRE k 100 GT
        0
        > TTL k
        -1
        > EXPIRE k 100 LT
        1
        > EXPIRE k 200 NX
        0
        > EXPIRE k 200 GT
        1
        > EXPIRE k 100 GT
        0
        > EXPIRE k 300 LT
        0
        > EXPIRE k 50 LT
        1
        > EXPIRE k 60 XX
        1
        > TTL k
        60
        > EXPIRE k 10 NX XX
        !ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIRE k 10 GT LT
        !ERR GT and LT options at the same time are not compatible
        > EXPIRE k 10 NX GT
        !ERR NX and XX, GT or LT options at the same time are not compatible
        > EXPIRE k 70 XX GT
        1
        > EXPIRE k 10 BOGUS
        !ERR Unsupported option BOGUS
        > PEXPIRE k 90000 xx gt
        1
        > EXPIREAT k 4102444800 GT
        1
        > PEXPIREAT k 4102444900000 LT
        0
        > EXPIRETIME k
        4102444800
        "#,
    );
}

#[test]
fn rename_moves_value_and_expiry() {
    check(
        r#"
        > SET a 1 EX 100
        OK
        > RENAME a b
        OK
        > EXISTS a
        0
        > TTL b
        100
        > GET b
        "1"
        > RENAME nosuch x
        !ERR no such key
        > RENAME b b
        OK
        > SET c old
        OK
        > RENAME b c
        OK
        > GET c
        "1"
        > TTL c
        100
        > SET d other
        OK
        > RENAMENX c d
        0
        > RENAMENX c e
        1
        > GET e
        "1"
        > RENAMENX nosuch z
        !ERR no such key
        > RENAMENX e e
        0
        > HSET h f v
        1
        > RENAME h e
        OK
        > TYPE e
        hash
        > RENAME a
        !ERR wrong number of arguments for 'rename' command
        > RENAMENX a
        !ERR wrong number of arguments for 'renamenx' command
        "#,
    );
}

#[test]
fn copy_keeps_the_source() {
    check(
        r#"
        > SET a 1 EX 100
        OK
        > COPY a b
        1
        > TTL b
        100
        > COPY a b
        0
        > SET a 2
        OK
        > COPY a b REPLACE
        1
        > GET b
        "2"
        > TTL b
        -1
        > COPY nosuch b REPLACE
        0
        > GET b
        "2"
        > COPY a a
        !ERR source and destination objects are the same
        > COPY a c DB 1
        1
        > SELECT 1
        OK
        > GET c
        "2"
        > COPY c c DB 1
        !ERR source and destination objects are the same
        > COPY c c DB 2
        1
        > COPY c c DB 2
        0
        > COPY c c DB 2 REPLACE
        1
        > COPY c c DB 16
        !ERR DB index is out of range
        > COPY c c DB x
        !ERR value is not an integer or out of range
        > COPY c c BOGUS
        !ERR syntax error
        > HSET h f v
        1
        > COPY h g
        1
        > HSET g f w
        0
        > HGET h f
        "v"
        > COPY h
        !ERR wrong number of arguments for 'copy' command
        "#,
    );
}

#[test]
fn move_takes_a_key_to_another_database() {
    check(
        r#"
        > SET k v EX 100
        OK
        > MOVE k 1
        1
        > EXISTS k
        0
        > SELECT 1
        OK
        > TTL k
        100
        > MOVE k 1
        !ERR source and destination objects are the same
        > MOVE nosuch 2
        0
        > MOVE k 16
        !ERR DB index is out of range
        > MOVE k x
        !ERR value is not an integer or out of range
        > SELECT 0
        OK
        > SET k other
        OK
        > SELECT 1
        OK
        > MOVE k 0
        0
        > GET k
        "v"
        > MOVE k
        !ERR wrong number of arguments for 'move' command
        "#,
    );
}

#[test]
fn expired_keys_are_absent_from_every_command() {
    check_here(
        r#"
        > MSET a 1 b 2
        OK
        > PEXPIRE a 1000
        1
        > COPY a c
        1
        ~ 1001 ms
        > EXISTS a b c
        1
        > KEYS *
        ["b"]
        > SCAN 0
        ["0" ["b"]]
        > RANDOMKEY
        "…"
        > RENAME a z
        !ERR no such key
        > COPY a z
        0
        > TYPE a
        none
        > PERSIST a
        0
        > EXPIRE a 10
        0
        > DEL a c
        0
        > DBSIZE
        1
        > TOUCH a b
        1
        > MOVE a 1
        0
        "#,
    );
}

#[test]
fn ttl_rounds_to_the_nearest_second() {
    check_here(
        r#"
        > SET k v PX 1500
        OK
        > TTL k
        2
        ~ 1 ms
        > TTL k
        1
        > PTTL k
        1499
        ~ 999 ms
        > TTL k
        1
        ~ 1 ms
        > TTL k
        0
        "#,
    );
}
