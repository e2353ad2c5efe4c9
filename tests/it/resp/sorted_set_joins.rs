//! Transcripts of the sorted-set family: unions and their like, types, encodings and copies.

use super::check;

#[test]
fn unions_and_intersections_join_scores() {
    check(
        r#"
        > ZADD y 1 a 2 b 3 c
        3
        > ZADD z 10 b 20 c 30 d
        3
        > ZUNION 2 y z
        ["a" "b" "c" "d"]
        > ZUNION 2 y z WITHSCORES
        ["a" "1" "b" "12" "c" "23" "d" "30"]
        > ZUNION 2 y z WEIGHTS 2 -1 WITHSCORES
        ["d" "-30" "c" "-14" "b" "-6" "a" "2"]
        > ZUNION 2 y z AGGREGATE MIN WITHSCORES
        ["a" "1" "b" "2" "c" "3" "d" "30"]
        > ZUNION 3 y nosuch y WITHSCORES
        ["a" "2" "b" "4" "c" "6"]
        > ZINTER 2 y z WITHSCORES
        ["b" "12" "c" "23"]
        > ZINTER 2 y z AGGREGATE max WEIGHTS 100 1 WITHSCORES
        ["b" "200" "c" "300"]
        > ZINTER 2 y nosuch
        []
        > ZDIFF 2 y z WITHSCORES
        ["a" "1"]
        > ZDIFF 2 nosuch z
        []
        > ZDIFF 2 y y
        []
        > ZINTERCARD 2 y z
        2
        > ZINTERCARD 2 y z LIMIT 1
        1
        > ZINTERCARD 2 y z LIMIT 0
        2
        > ZINTERCARD 2 y z LIMIT -1
        !ERR LIMIT can't be negative
        > ZINTERCARD 2 y z LIMIT x
        !ERR LIMIT can't be negative
        > ZINTERCARD 2 y z WITHSCORES
        !ERR syntax error
        "#,
    );
}

#[test]
fn sets_join_as_members_of_score_one() {
    check(
        r#"
        > ZADD y 1 a 2 b 3 c
        3
        > ZADD z 10 b 20 c 30 d
        3
        > SADD s b x
        2
        > ZUNION 2 y s WITHSCORES
        ["a" "1" "x" "1" "b" "3" "c" "3"]
        > ZINTER 2 s z WITHSCORES
        ["b" "11"]
        > ZDIFF 2 s y WITHSCORES
        ["x" "1"]
        > SADD i 3 1 2
        3
        > ZADD n 5 1 6 x
        2
        > ZINTER 2 n i WITHSCORES
        ["1" "6"]
        > ZUNION 2 i n WEIGHTS 2 1 WITHSCORES
        ["2" "2" "3" "2" "x" "6" "1" "7"]
        > ZADD up inf a
        1
        > ZADD down -inf a
        1
        > ZUNION 2 up down WITHSCORES
        ["a" "0"]
        > ZINTER 2 up down WEIGHTS 0 1 WITHSCORES
        ["a" "-inf"]
        > HELLO 3
        …
        > ZUNION 2 y z WITHSCORES
        [["a" (double) 1] ["b" (double) 12] ["c" (double) 23] ["d" (double) 30]]
        > ZDIFF 1 y
        ["a" "b" "c"]
        "#,
    );
}

#[test]
fn what_unions_refuse() {
    check(
        r#"
        > ZADD z 1 a
        1
        > ZUNION 0 z
        !ERR at least 1 input key is needed for 'zunion' command
        > ZUNION -1 z
        !ERR at least 1 input key is needed for 'zunion' command
        > ZUNION x z
        !ERR value is not an integer or out of range
        > ZUNION 2 z
        !ERR syntax error
        > ZINTER 1 z WEIGHTS
        !ERR syntax error
        > ZINTER 1 z WEIGHTS x
        !ERR weight value is not a float
        > ZINTER 1 z WEIGHTS 1 2
        !ERR syntax error
        > ZINTER 1 z AGGREGATE AVG
        !ERR syntax error
        > ZINTER 1 z AGGREGATE
        !ERR syntax error
        > ZDIFF 1 z WEIGHTS 1
        !ERR syntax error
        > ZINTERCARD 0 z
        !ERR at least 1 input key is needed for 'zintercard' command
        > ZINTERCARD 2 z LIMIT 1
        !ERR syntax error
        > ZUNIONSTORE to 0 z
        !ERR at least 1 input key is needed for 'zunionstore' command
        > ZUNIONSTORE to 1 z WITHSCORES
        !ERR syntax error
        > ZDIFFSTORE to 1 z AGGREGATE SUM
        !ERR syntax error
        > SET string x
        OK
        > ZUNION 2 z string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZINTER 2 nosuch string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZDIFFSTORE to 2 z string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZUNION 1 string NONSENSE
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn unions_and_intersections_are_stored() {
    check(
        r#"
        > ZADD y 1 a 2 b
        2
        > ZADD z 10 b
        1
        > SET to x
        OK
        > ZUNIONSTORE to 2 y z
        2
        > ZRANGE to 0 -1 WITHSCORES
        ["a" "1" "b" "12"]
        > ZINTERSTORE to 2 y z WEIGHTS 1 0.5
        1
        > ZRANGE to 0 -1 WITHSCORES
        ["b" "7"]
        > ZDIFFSTORE to 2 y z
        1
        > ZRANGE to 0 -1 WITHSCORES
        ["a" "1"]
        > ZINTERSTORE to 2 y nosuch
        0
        > EXISTS to
        0
        > ZUNIONSTORE y 2 y z AGGREGATE MAX
        2
        > ZRANGE y 0 -1 WITHSCORES
        ["a" "1" "b" "10"]
        > COMMAND GETKEYS ZUNIONSTORE to 2 y z
        ["to" "y" "z"]
        > COMMAND GETKEYS ZUNIONSTORE to 3 y z
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYS ZUNION 0 y
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYSANDFLAGS ZMPOP 1 z MIN
        [["z" [RW access delete]]]
        "#,
    );
}

#[test]
fn a_sorted_set_is_a_sorted_set_and_nothing_else() {
    check(
        r#"
        > SET string x
        OK
        > ZADD string 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZADD string XX 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZADD string one a
        !ERR value is not a valid float
        > ZINCRBY string 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZCARD string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZSCORE string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZMSCORE string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZRANK string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZRANGE string 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZRANGE string x 1
        !ERR value is not an integer or out of range
        > ZREVRANGE string 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZCOUNT string 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZREM string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZREMRANGEBYRANK string 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZPOPMIN string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZPOPMIN string 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZMPOP 1 string MIN
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZRANDMEMBER string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZRANDMEMBER string 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZSCAN string 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > ZADD z 1 a
        1
        > GET z
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > INCR z
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HGET z a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SADD z a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SSCAN z 0 NOSCORES
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn encodings_change_at_the_thresholds_and_never_back() {
    check(
        r#"
        > CONFIG SET zset-max-listpack-entries 3 zset-max-listpack-value 5
        OK
        > ZADD z 1 a 2 b 3 12345
        3
        > OBJECT ENCODING z
        "listpack"
        > ZADD z 4 d
        1
        > OBJECT ENCODING z
        "skiplist"
        > ZREM z d
        1
        > OBJECT ENCODING z
        "skiplist"
        > ZADD y 1 123456
        1
        > OBJECT ENCODING y
        "skiplist"
        > ZADD x 1 a
        1
        > ZADD x XX 2 123456
        0
        > OBJECT ENCODING x
        "skiplist"
        > ZADD w 1 a 1 a 1 a 1 a
        1
        > OBJECT ENCODING w
        "skiplist"
        > ZCARD w
        1
        > ZUNIONSTORE to 1 w
        1
        > OBJECT ENCODING to
        "listpack"
        > ZRANGESTORE to z 0 1
        2
        > OBJECT ENCODING to
        "listpack"
        > ZUNIONSTORE to 2 z y
        4
        > OBJECT ENCODING to
        "skiplist"
        > COPY z copy
        1
        > OBJECT ENCODING copy
        "skiplist"
        > CONFIG GET zset-max-listpack-*
        …
        > CONFIG GET zset-max-ziplist-entries
        ["zset-max-ziplist-entries" "3"]
        "#,
    );
}

#[test]
fn a_scan_tells_all_members() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c
        3
        > ZSCAN z 0
        ["0" ["a" "1" "b" "2" "c" "3"]]
        > ZSCAN z 0 MATCH [ab] COUNT 100
        ["0" ["a" "1" "b" "2"]]
        > ZSCAN z 0 NOSCORES
        ["0" ["a" "b" "c"]]
        > ZSCAN nosuch 0
        ["0" []]
        > ZSCAN z x
        !ERR invalid cursor
        > ZSCAN z 0 COUNT 0
        !ERR syntax error
        > ZSCAN z 0 NOVALUES
        !ERR NOVALUES option can only be used in HSCAN
        > SCAN 0 TYPE zset COUNT 100
        ["0" ["z"]]
        "#,
    );
}

#[test]
fn copies_are_equal_and_go_their_own_ways() {
    check(
        r#"
        > ZADD z 1 a 2 b
        2
        > COPY z y
        1
        > ZADD y 3 c
        1
        > ZCARD z
        2
        > DEBUG DIGEST-VALUE z y
        [4de4c922f0624dd27cb8fc6bbf04d3d6df72c877 9767dd7466426098574d2ccde98092be7ea01296]
        > RENAME y x
        OK
        > ZRANGE x 0 -1
        ["a" "b" "c"]
        > MOVE x 1
        1
        > SELECT 1
        OK
        > ZRANGE x 0 -1 WITHSCORES
        ["a" "1" "b" "2" "c" "3"]
        > DEBUG LISTPACK x
        Listpack structure printed on stdout
        > EXPIRE x 100
        1
        > ZADD x 1 a
        0
        > TTL x
        100
        > FLUSHDB
        OK
        "#,
    );
}
