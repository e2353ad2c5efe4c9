//! Transcripts of the string family: parts, numbers and encodings.

use super::check;

#[test]
fn append_setrange_and_getrange_work_on_parts() {
    check(
        r#"
        > APPEND k Hello
        5
        > APPEND k " World"
        11
        > GET k
        "Hello World"
        > STRLEN k
        11
        > APPEND k ""
        11
        > SETRANGE k 6 There
        11
        > GET k
        "Hello There"
        > SETRANGE k 12 end
        15
        > GET k
        "Hello There\x00end"
        > SETRANGE nosuch 5 ""
        0
        > EXISTS nosuch
        0
        > SETRANGE padded 3 x
        4
        > GET padded
        "\x00\x00\x00x"
        > SETRANGE k -1 x
        !ERR offset is out of range
        > SETRANGE k 536870912 x
        !ERR string exceeds maximum allowed size (proto-max-bulk-len)
        > SETRANGE k 536870911 xx
        !ERR string exceeds maximum allowed size (proto-max-bulk-len)
        > SETRANGE k x y
        !ERR value is not an integer or out of range
        > GETRANGE k 0 4
        "Hello"
        > GETRANGE k -3 -1
        "end"
        > GETRANGE k 3 1
        ""
        > GETRANGE k 0 -1
        "Hello There\x00end"
        > GETRANGE k -100 100
        "Hello There\x00end"
        > GETRANGE k 100 200
        ""
        > GETRANGE k -1 -5
        ""
        > GETRANGE nosuch 0 -1
        ""
        > GETRANGE k a 1
        !ERR value is not an integer or out of range
        > SUBSTR k 1 3
        "ell"
        > STRLEN nosuch
        0
        "#,
    );
}

#[test]
fn counters_count_within_sixty_four_bits() {
    check(
        r#"
        > INCR n
        1
        > INCRBY n 10
        11
        > DECR n
        10
        > DECRBY n 20
        -10
        > GET n
        "-10"
        > SET n 9223372036854775807
        OK
        > INCR n
        !ERR increment or decrement would overflow
        > INCRBY n 1
        !ERR increment or decrement would overflow
        > DECRBY n -1
        !ERR increment or decrement would overflow
        > DECR n
        9223372036854775806
        > SET n -9223372036854775808
        OK
        > DECR n
        !ERR increment or decrement would overflow
        > DECRBY n -9223372036854775808
        !ERR decrement would overflow
        > INCRBY n 9223372036854775808
        !ERR value is not an integer or out of range
        > INCRBY n x
        !ERR value is not an integer or out of range
        "#,
    );
}

#[test]
fn counters_refuse_what_is_no_whole_number() {
    check(
        r#"
        > SET n ten
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n " 1"
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n "1 "
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n 01
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n +1
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n ""
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n -0
        OK
        > INCR n
        !ERR value is not an integer or out of range
        > SET n 1 EX 100
        OK
        > INCR n
        2
        > TTL n
        100
        > HSET h f 1
        1
        > INCR h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > DECRBY h 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn floats_count_in_long_doubles() {
    check(
        r#"
        > INCRBYFLOAT f 10.5
        "10.5"
        > INCRBYFLOAT f 0.1
        "10.6"
        > INCRBYFLOAT f -5
        "5.6"
        > SET f 5.0e3
        OK
        > INCRBYFLOAT f 2.0e2
        "5200"
        > SET f 3
        OK
        > INCRBYFLOAT f 1.000000000000000005
        "4.00000000000000001"
        > SET f 0
        OK
        > INCRBYFLOAT f 1e-20
        "0"
        > SET f 1e400
        OK
        > INCRBYFLOAT f 1
        "100000000000000000002818806839475865145864534336290520386259106935396855340086298620393
        | 63994848324160522094053927317616200295822777259255734023828976593340661017797447434546
        | 17391786244811667497172377894382439159333804747067502624668440135923751360383034373548
        | 55052449559649790218250382800910684149474024568986530409510175126580926158275889201834
        | 72511643316591362664138176309734806343732497430221946880"
        > SET f " 1"
        OK
        > INCRBYFLOAT f 1
        !ERR value is not a valid float
        > SET f 1
        OK
        > INCRBYFLOAT f inf
        !ERR increment would produce NaN or Infinity
        > INCRBYFLOAT f nan
        !ERR value is not a valid float
        > INCRBYFLOAT f x
        !ERR value is not a valid float
        > INCRBYFLOAT f 1e5000
        !ERR value is not a valid float
        > SET f 1 EX 100
        OK
        > INCRBYFLOAT f 1
        "2"
        > TTL f
        100
        > SET f 0.1
        OK
        > INCRBYFLOAT f 0.2
        "0.3"
        > SET f 1.10
        OK
        > INCRBYFLOAT f -1.1
        "0"
        > HSET h f 1
        1
        > INCRBYFLOAT h 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn lcs_finds_the_longest_common_subsequence() {
    check(
        r#"
        > MSET a ohmytext b mynewtext
        OK
        > LCS a b
        "mytext"
        > LCS a b LEN
        6
        > LCS a b IDX
        ["matches" [[[4 7] [5 8]] [[2 3] [0 1]]] "len" 6]
        > LCS a b IDX MINMATCHLEN 4
        ["matches" [[[4 7] [5 8]]] "len" 6]
        > LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
        ["matches" [[[4 7] [5 8] 4]] "len" 6]
        > LCS a b IDX LEN
        !ERR If you want both the length and indexes, please just use IDX.
        > LCS a b MINMATCHLEN x
        !ERR value is not an integer or out of range
        > LCS a b BOGUS
        !ERR syntax error
        > LCS a nosuch
        ""
        > LCS a nosuch LEN
        0
        > HSET h f v
        1
        > LCS a h
        !ERR The specified keys must contain string values
        "#,
    );
}

#[test]
fn encodings_of_strings_follow_their_length_and_digits() {
    check(
        r#"
        > SET k 123
        OK
        > OBJECT ENCODING k
        "int"
        > SET k 12345678901234567890
        OK
        > OBJECT ENCODING k
        "embstr"
        > SET k "<x*44>"
        OK
        > OBJECT ENCODING k
        "raw"
        > SET k "<x*45>"
        OK
        > OBJECT ENCODING k
        "raw"
        > SET k 1
        OK
        > APPEND k 2
        2
        > OBJECT ENCODING k
        "raw"
        > GET k
        "12"
        > SET k ""
        OK
        > OBJECT ENCODING k
        "embstr"
        > SETRANGE k 0 5
        1
        > OBJECT ENCODING k
        "raw"
        > INCR k
        6
        > OBJECT ENCODING k
        "int"
        "#,
    );
}
