//! Transcripts of the sorted-set family: scores.

use super::check;

#[test]
fn members_get_scores_and_lose_them() {
    check(
        r#"
        > ZADD z 1 a 2.5 b
        2
        > ZADD z 1 a 3 b 4 c
        1
        > ZADD z CH 1 a 3.5 b 5 d
        2
        > ZCARD z
        4
        > ZCARD nosuch
        0
        > ZSCORE z b
        "3.5"
        > ZSCORE z nosuch
        (nil)
        > ZSCORE nosuch b
        (nil)
        > ZMSCORE z a nosuch d
        ["1" (nil) "5"]
        > ZMSCORE nosuch a b
        [(nil) (nil)]
        > ZINCRBY z 2 a
        "3"
        > ZINCRBY z -0.5 fresh
        "-0.5"
        > ZREM z a nosuch b
        2
        > ZREM nosuch a
        0
        > ZRANGE z 0 -1 WITHSCORES
        ["fresh" "-0.5" "c" "4" "d" "5"]
        > ZREM z fresh c d
        3
        > EXISTS z
        0
        > ZADD z
        !ERR wrong number of arguments for 'zadd' command
        > ZADD z 1
        !ERR wrong number of arguments for 'zadd' command
        > ZADD z 1 a 2
        !ERR syntax error
        > ZADD z one a
        !ERR value is not a valid float
        > ZADD z nan a
        !ERR value is not a valid float
        > ZINCRBY z one a
        !ERR value is not a valid float
        > ZADD z 1 "" 2 "\x00\r\n"
        2
        > ZRANGE z 0 -1
        ["" "\x00\r\n"]
        > TYPE z
        zset
        "#,
    );
}

#[test]
fn words_of_zadd_hold_members_back() {
    check(
        r#"
        > ZADD z XX 1 a
        0
        > EXISTS z
        0
        > ZADD z NX 1 a 2 b
        2
        > ZADD z NX 5 a 3 c
        1
        > ZADD z XX 5 a 3 d
        0
        > ZADD z GT 4 a 9 b 9 new
        1
        > ZADD z LT CH 4 a 10 b
        1
        > ZRANGE z 0 -1 WITHSCORES
        ["c" "3" "a" "4" "b" "9" "new" "9"]
        > ZADD z INCR 1 a
        "5"
        > ZADD z NX INCR 1 a
        (nil)
        > ZADD z XX INCR 1 nosuch
        (nil)
        > ZADD z GT INCR -1 a
        (nil)
        > ZADD z LT INCR -1 a
        "4"
        > ZADD z INCR 1 a 2 b
        !ERR INCR option supports a single increment-element pair
        > ZADD z NX XX 1 a
        !ERR XX and NX options at the same time are not compatible
        > ZADD z GT LT 1 a
        !ERR GT, LT, and/or NX options at the same time are not compatible
        > ZADD z GT NX 1 a
        !ERR GT, LT, and/or NX options at the same time are not compatible
        > ZADD z nx ch xx 1 a
        !ERR XX and NX options at the same time are not compatible
        > ZADD z NX NX CH CH 7 new2
        1
        "#,
    );
}

#[test]
fn scores_are_read_and_written_as_doubles() {
    check(
        r#"
        > ZADD z inf a -inf b +5 c .5 d 5. e 0x10 f 1e20 g 1e-7 h -0 i 0.1 j
        10
        > ZRANGE z 0 -1 WITHSCORES
        ["b" "-inf" "i" "0" "h" "1e-7" "j" "0.1" "d" "0.5" "c" "5" "e" "5" "f" "16" "g" "1e+20" "a"
        |  "inf"]
        > ZADD z 3 k 1e21 l 123456789012345678 m 1.7976931348623157e308 n 12345.678901234567 o 1e23
        |  p
        6
        > ZMSCORE z k l m n o p
        ["3" "1e+21" "123456789012345680" "1.7976931348623157e+308" "1.2345678901234567e+4"
        |  "99999999999999990000000"]
        > ZADD z 1e400 a
        !ERR value is not a valid float
        > ZADD z 1e-400 a
        !ERR value is not a valid float
        > ZADD z " 1" a
        !ERR value is not a valid float
        > ZADD z "1 " a
        !ERR value is not a valid float
        > ZADD z 1_0 a
        !ERR value is not a valid float
        > ZADD z INCR -inf a
        !ERR resulting score is not a number (NaN)
        > ZINCRBY z -inf a
        !ERR resulting score is not a number (NaN)
        > ZSCORE z a
        "inf"
        > ZSCAN z 0
        ["0" ["b" "-inf" "i" "0" "h" "1e-7" "j" "0.1" "d" "0.5" "k" "3" "c" "5" "e" "5" "f" "16"
        |  "o" "1.2345678901234567e+4" "m" "123456789012345680" "g" "1e+20" "l" "1e+21" "p"
        |  "99999999999999990000000" "n" "1.7976931348623157e+308" "a" "inf"]]
        > CONFIG SET zset-max-listpack-entries 3
        OK
        > ZADD z 2 new
        1
        > OBJECT ENCODING z
        "skiplist"
        > ZADD y 0.1 a 1e17 b -0 c 3 d
        4
        > ZSCAN y 0 NOSCORES
        …
        > ZREM y a b d
        3
        > ZSCAN y 0
        ["0" ["c" "-0"]]
        > HELLO 3
        …
        > ZSCORE z a
        (double) inf
        > ZSCORE z j
        (double) 0.1
        > ZSCORE z nosuch
        (null)
        > ZINCRBY z 1 j
        (double) 1.1
        > ZADD z INCR NX 1 j
        (null)
        > ZMSCORE z j nosuch
        [(double) 1.1 (null)]
        > ZSCAN y 0
        ["0" ["c" "-0"]]
        "#,
    );
}
