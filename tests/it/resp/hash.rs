//! Transcripts of the hash family.

use super::{check, check_here};

#[test]
fn fields_are_written_read_and_counted() {
    check(
        r#"
        > HSET h a 1 b 2
        2
        > HSET h a 3 c 4
        1
        > HGET h a
        "3"
        > HGET h nosuch
        (nil)
        > HGET nosuch a
        (nil)
        > HLEN h
        3
        > HLEN nosuch
        0
        > HEXISTS h a
        1
        > HEXISTS h z
        0
        > HEXISTS nosuch a
        0
        > HSTRLEN h a
        1
        > HSTRLEN h z
        0
        > HMGET h a z c a
        ["3" (nil) "4" "3"]
        > HMGET nosuch a b
        [(nil) (nil)]
        > HMSET h d 5 e 6
        OK
        > HSETNX h a 9
        0
        > HSETNX h new 9
        1
        > HGET h a
        "3"
        > HSET h "\x00\r\n" "\xff"
        1
        > HGET h "\x00\r\n"
        "\xff"
        > HSET h "" ""
        1
        > HGET h ""
        ""
        > HSET h f 1 f 2
        1
        > HGET h f
        "2"
        "#,
    );
}

#[test]
fn a_packed_hash_keeps_the_order_in_which_fields_came() {
    check(
        r#"
        > HSET h a 1 b 2 c 3
        3
        > HGETALL h
        ["a" "1" "b" "2" "c" "3"]
        > HKEYS h
        ["a" "b" "c"]
        > HVALS h
        ["1" "2" "3"]
        > HSET h a 9
        0
        > HGETALL h
        ["a" "9" "b" "2" "c" "3"]
        > HDEL h b
        1
        > HGETALL h
        ["a" "9" "c" "3"]
        > HSET h b 2
        1
        > HKEYS h
        ["a" "c" "b"]
        > HGETALL nosuch
        []
        > HKEYS nosuch
        []
        > HVALS nosuch
        []
        "#,
    );
}

#[test]
fn an_emptied_hash_is_gone() {
    check(
        r#"
        > HSET h a 1
        1
        > HDEL h nosuch
        0
        > HDEL h a a b
        1
        > EXISTS h
        0
        > TYPE h
        none
        > HDEL h a
        0
        > SET h now-a-string NX
        OK
        "#,
    );
}

#[test]
fn hashes_grow_out_of_the_packed_form() {
    check(
        r#"
        > HSET h f v
        1
        > OBJECT ENCODING h
        "listpack"
        > HSET h f "<x*64>"
        0
        > OBJECT ENCODING h
        "listpack"
        > HSET h f "<x*65>"
        0
        > OBJECT ENCODING h
        "hashtable"
        > HSET h f v
        0
        > OBJECT ENCODING h
        "hashtable"
        > HSET g "<x*65>" v
        1
        > OBJECT ENCODING g
        "hashtable"
        > CONFIG SET hash-max-listpack-entries 2
        OK
        > HSET small a 1 b 2
        2
        > OBJECT ENCODING small
        "listpack"
        > HSET small c 3
        1
        > OBJECT ENCODING small
        "hashtable"
        > HLEN small
        3
        > CONFIG SET hash-max-ziplist-value 3
        OK
        > HSET tight a 123
        1
        > OBJECT ENCODING tight
        "listpack"
        > HSET tight a 1234
        0
        > OBJECT ENCODING tight
        "hashtable"
        "#,
    );
}

#[test]
fn fields_count_as_whole_and_decimal_numbers() {
    check(
        r#"
        > HINCRBY h n 5
        5
        > HINCRBY h n -7
        -2
        > HGET h n
        "-2"
        > HINCRBY h n x
        !ERR value is not an integer or out of range
        > HINCRBY h n 9223372036854775808
        !ERR value is not an integer or out of range
        > HSET h text abc big 9223372036854775807 padded " 1"
        3
        > HINCRBY h text 1
        !ERR hash value is not an integer
        > HINCRBY h big 1
        !ERR increment or decrement would overflow
        > HINCRBY h padded 1
        !ERR hash value is not an integer
        > HINCRBYFLOAT h f 10.5
        "10.5"
        > HINCRBYFLOAT h f 0.1
        "10.6"
        > HINCRBYFLOAT h text 1
        !ERR hash value is not a float
        > HINCRBYFLOAT h f x
        !ERR value is not a valid float
        > HINCRBYFLOAT h f inf
        !ERR value is NaN or Infinity
        > HINCRBYFLOAT h n 2
        "0"
        > HINCRBYFLOAT h f -10.6
        "0"
        > HGETALL h
        ["n" "0" "text" "abc" "big" "9223372036854775807" "padded" " 1" "f" "0"]
        "#,
    );
}

#[test]
fn random_fields() {
    check(
        r#"
        > HRANDFIELD nosuch
        (nil)
        > HRANDFIELD nosuch 3
        []
        > HRANDFIELD nosuch 3 WITHVALUES
        []
        > HSET h a 1
        1
        > HRANDFIELD h
        "a"
        > HRANDFIELD h 0
        []
        > HRANDFIELD h 5
        ["a"]
        > HRANDFIELD h -3
        ["a" "a" "a"]
        > HRANDFIELD h 5 WITHVALUES
        ["a" "1"]
        > HRANDFIELD h -2 WITHVALUES
        ["a" "1" "a" "1"]
        > HRANDFIELD h x
        !ERR value is not an integer or out of range
        > HRANDFIELD h 1 BOGUS
        !ERR syntax error
        > HRANDFIELD h 1 WITHVALUES x
        !ERR syntax error
        > HRANDFIELD h -9223372036854775808
        !ERR value is out of range, value must between -9223372036854775807 and
        |  9223372036854775807
        > HRANDFIELD h -4611686018427387905 WITHVALUES
        !ERR value is out of range
        > HRANDFIELD h 9223372036854775808
        !ERR value is not an integer or out of range
        "#,
    );
}

#[test]
fn random_fields_with_values_are_pairs_in_resp3() {
    check(
        r#"
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > HSET h a 1
        1
        > HRANDFIELD h 1 WITHVALUES
        [["a" "1"]]
        > HRANDFIELD h -2 WITHVALUES
        [["a" "1"] ["a" "1"]]
        > HRANDFIELD h 1
        ["a"]
        > HRANDFIELD nosuch
        (null)
        > HRANDFIELD nosuch 1 WITHVALUES
        []
        > HGETALL h
        {"a": "1"}
        > HGETALL nosuch
        {}
        > HGET h nosuch
        (null)
        > HMGET h a nosuch
        ["1" (null)]
        > HINCRBYFLOAT h a 0.5
        "1.5"
        > HSCAN h 0
        ["0" ["a" "1.5"]]
        "#,
    );
}

#[test]
fn a_packed_hash_is_scanned_at_once() {
    check(
        r#"
        > HSET h a 1 ab 2 c 3
        3
        > HSCAN h 0
        ["0" ["a" "1" "ab" "2" "c" "3"]]
        > HSCAN h 0 MATCH a*
        ["0" ["a" "1" "ab" "2"]]
        > HSCAN h 0 NOVALUES
        ["0" ["a" "ab" "c"]]
        > HSCAN h 0 COUNT 1
        ["0" ["a" "1" "ab" "2" "c" "3"]]
        > HSCAN h 0 MATCH zz COUNT 100
        ["0" []]
        > HSCAN nosuch 0
        ["0" []]
        > HSCAN h x
        !ERR invalid cursor
        > HSCAN h -1
        !ERR invalid cursor
        > HSCAN h 18446744073709551616
        !ERR invalid cursor
        > HSCAN h 0 COUNT 0
        !ERR syntax error
        > HSCAN h 0 COUNT x
        !ERR value is not an integer or out of range
        > HSCAN h 0 MATCH
        !ERR syntax error
        > HSCAN h 0 BOGUS
        !ERR syntax error
        > HSCAN h 0 TYPE string
        !ERR syntax error
        "#,
    );
}

#[test]
fn the_wrong_type_is_an_error() {
    check(
        r#"
        > SET s v
        OK
        > HSET s a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HGET s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HDEL s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HEXISTS s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HGETALL s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HINCRBY s a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HINCRBYFLOAT s a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HKEYS s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HLEN s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HMGET s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HMSET s a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HRANDFIELD s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HSCAN s 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HSETNX s a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HSTRLEN s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HVALS s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn wrong_arity_is_an_error() {
    check(
        r#"
        > HSET h a
        !ERR wrong number of arguments for 'hset' command
        > HSET h a 1 b
        !ERR wrong number of arguments for 'hset' command
        > HMSET h a
        !ERR wrong number of arguments for 'hmset' command
        > HMSET h a 1 b
        !ERR wrong number of arguments for 'hmset' command
        > HGET h
        !ERR wrong number of arguments for 'hget' command
        > HDEL h
        !ERR wrong number of arguments for 'hdel' command
        > HEXISTS h
        !ERR wrong number of arguments for 'hexists' command
        > HGETALL
        !ERR wrong number of arguments for 'hgetall' command
        > HINCRBY h a
        !ERR wrong number of arguments for 'hincrby' command
        > HINCRBYFLOAT h a
        !ERR wrong number of arguments for 'hincrbyfloat' command
        > HKEYS
        !ERR wrong number of arguments for 'hkeys' command
        > HLEN
        !ERR wrong number of arguments for 'hlen' command
        > HMGET h
        !ERR wrong number of arguments for 'hmget' command
        > HRANDFIELD
        !ERR wrong number of arguments for 'hrandfield' command
        > HSCAN h
        !ERR wrong number of arguments for 'hscan' command
        > HSETNX h a
        !ERR wrong number of arguments for 'hsetnx' command
        > HSTRLEN h
        !ERR wrong number of arguments for 'hstrlen' command
        > HVALS
        !ERR wrong number of arguments for 'hvals' command
        > EXISTS h
        0
        "#,
    );
}

#[test]
fn a_hash_expires_as_a_whole() {
    check_here(
        r#"
        > HSET h a 1
        1
        > PEXPIRE h 100
        1
        ~ 99 ms
        > HINCRBY h a 1
        2
        > PTTL h
        1
        ~ 2 ms
        > HGETALL h
        []
        > HINCRBY h a 1
        1
        > TTL h
        -1
        "#,
    );
}
