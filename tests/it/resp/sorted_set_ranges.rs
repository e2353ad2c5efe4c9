//! Transcripts of the sorted-set family: ranks, ranges, pops and picks.

use super::check;

#[test]
fn ranks_count_from_both_ends() {
    check(
        r#"
        > ZADD z 1 a 2 b 2 c 3 d
        4
        > ZRANK z a
        0
        > ZRANK z c
        2
        > ZRANK z nosuch
        (nil)
        > ZRANK nosuch a
        (nil)
        > ZREVRANK z a
        3
        > ZRANK z c WITHSCORE
        [2 "2"]
        > ZREVRANK z c withscore
        [1 "2"]
        > ZRANK z nosuch WITHSCORE
        (nil array)
        > ZRANK z c WITHSCORES
        !ERR syntax error
        > ZRANK z c WITHSCORE x
        !ERR wrong number of arguments for 'zrank' command
        > HELLO 3
        …
        > ZRANK z c WITHSCORE
        [2 (double) 2]
        > ZRANK z nosuch WITHSCORE
        (null)
        "#,
    );
}

#[test]
fn ranges_by_rank() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d
        4
        > ZRANGE z 0 -1
        ["a" "b" "c" "d"]
        > ZRANGE z 1 2 WITHSCORES
        ["b" "2" "c" "3"]
        > ZRANGE z -2 -1
        ["c" "d"]
        > ZRANGE z 0 1 REV
        ["d" "c"]
        > ZRANGE z -100 100 REV WITHSCORES
        ["d" "4" "c" "3" "b" "2" "a" "1"]
        > ZRANGE z 3 1
        []
        > ZRANGE z 4 10
        []
        > ZRANGE z 9223372036854775807 -9223372036854775808
        []
        > ZRANGE nosuch 0 -1
        []
        > ZREVRANGE z 0 1 WITHSCORES
        ["d" "4" "c" "3"]
        > ZREVRANGE z 0 1 REV
        !ERR syntax error
        > ZRANGE z 0 1 LIMIT 0 1
        !ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
        > ZRANGE z 0 1 LIMIT 1 -1
        ["a" "b"]
        > ZRANGE z a 1
        !ERR value is not an integer or out of range
        > ZRANGE nosuch a 1
        !ERR value is not an integer or out of range
        > ZRANGE z 0 1 REV REV
        !ERR syntax error
        > ZRANGE z 0 1 WITHSCORES WITHSCORES
        ["a" "1" "b" "2"]
        > ZRANGE z 0 1 LIMIT 1
        !ERR syntax error
        > HELLO 3
        …
        > ZRANGE z 0 1 WITHSCORES
        [["a" (double) 1] ["b" (double) 2]]
        > ZRANGE z 0 1
        ["a" "b"]
        "#,
    );
}

#[test]
fn ranges_by_score() {
    check(
        r#"
        > ZADD z 1 a 2 b 2 c 3 d inf e
        5
        > ZRANGE z 2 3 BYSCORE
        ["b" "c" "d"]
        > ZRANGE z (2 +inf BYSCORE WITHSCORES
        ["d" "3" "e" "inf"]
        > ZRANGE z 3 2 BYSCORE REV
        ["d" "c" "b"]
        > ZRANGE z 2 3 BYSCORE REV
        []
        > ZRANGE z -inf (2 BYSCORE
        ["a"]
        > ZRANGE z -inf inf BYSCORE LIMIT 1 2
        ["b" "c"]
        > ZRANGE z inf -inf BYSCORE REV LIMIT 1 2
        ["d" "c"]
        > ZRANGE z -inf inf BYSCORE LIMIT 3 -1
        ["d" "e"]
        > ZRANGE z -inf inf BYSCORE LIMIT -1 2
        []
        > ZRANGE z -inf inf BYSCORE LIMIT 9 2
        []
        > ZRANGEBYSCORE z 2 3 WITHSCORES LIMIT 0 1
        ["b" "2"]
        > ZRANGEBYSCORE z 1e400 inf
        ["e"]
        > ZRANGEBYSCORE z "" ( 
        []
        > ZRANGEBYSCORE z 2 3 REV
        !ERR syntax error
        > ZREVRANGEBYSCORE z 3 (2
        ["d"]
        > ZREVRANGEBYSCORE nosuch 3 2
        []
        > ZRANGE z 1 x BYSCORE
        !ERR min or max is not a float
        > ZRANGEBYSCORE z ((1 2
        !ERR min or max is not a float
        > ZRANGEBYSCORE z nan 2
        !ERR min or max is not a float
        > ZRANGE z 1 2 BYSCORE BYLEX
        !ERR syntax error
        > ZCOUNT z 2 3
        3
        > ZCOUNT z (1 inf
        4
        > ZCOUNT z 5 1
        0
        > ZCOUNT nosuch 1 2
        0
        > ZCOUNT nosuch x 2
        !ERR min or max is not a float
        "#,
    );
}

#[test]
fn ranges_by_bytes() {
    check(
        r#"
        > ZADD z 0 a 0 ab 0 b 0 ba 0 c
        5
        > ZRANGE z [a (b BYLEX
        ["a" "ab"]
        > ZRANGE z (a + BYLEX
        ["ab" "b" "ba" "c"]
        > ZRANGE z + - BYLEX REV LIMIT 1 2
        ["ba" "b"]
        > ZRANGE z - + BYLEX REV
        []
        > ZRANGE z [a [c BYLEX WITHSCORES
        !ERR syntax error, WITHSCORES not supported in combination with BYLEX
        > ZRANGE z a c BYLEX
        !ERR min or max not valid string range item
        > ZRANGEBYLEX z - (b LIMIT 1 5
        ["ab"]
        > ZRANGEBYLEX z [aa [b
        ["ab" "b"]
        > ZREVRANGEBYLEX z (c [ab
        ["ba" "b" "ab"]
        > ZREVRANGEBYLEX z [ab (c
        []
        > ZRANGEBYLEX z -a +
        !ERR min or max not valid string range item
        > ZRANGEBYLEX z "" +
        !ERR min or max not valid string range item
        > ZLEXCOUNT z - +
        5
        > ZLEXCOUNT z [ab (c
        3
        > ZLEXCOUNT z + -
        0
        > ZLEXCOUNT nosuch - +
        0
        > ZLEXCOUNT nosuch a b
        !ERR min or max not valid string range item
        "#,
    );
}

#[test]
fn ranges_are_removed() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d 5 e 6 f 7 g
        7
        > ZREMRANGEBYRANK z 0 0
        1
        > ZREMRANGEBYRANK z -1 -1
        1
        > ZREMRANGEBYRANK z 9 10
        0
        > ZREMRANGEBYRANK z x 1
        !ERR value is not an integer or out of range
        > ZREMRANGEBYSCORE z (2 3
        1
        > ZREMRANGEBYSCORE z 9 inf
        0
        > ZREMRANGEBYSCORE z x 1
        !ERR min or max is not a float
        > ZRANGE z 0 -1
        ["b" "d" "e" "f"]
        > ZREMRANGEBYLEX z - +
        4
        > EXISTS z
        0
        > ZADD z 0 a 0 b 0 c
        3
        > ZREMRANGEBYLEX z [a (c
        2
        > ZREMRANGEBYLEX z a c
        !ERR min or max not valid string range item
        > ZREMRANGEBYRANK nosuch 0 1
        0
        > ZREMRANGEBYSCORE nosuch 0 1
        0
        > ZREMRANGEBYLEX nosuch - +
        0
        "#,
    );
}

#[test]
fn ranges_are_stored() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c
        3
        > SET to x
        OK
        > ZRANGESTORE to z 0 1
        2
        > ZRANGE to 0 -1 WITHSCORES
        ["a" "1" "b" "2"]
        > ZRANGESTORE to z 3 (1 BYSCORE REV LIMIT 0 1
        1
        > ZRANGE to 0 -1 WITHSCORES
        ["c" "3"]
        > ZRANGESTORE to z 5 6
        0
        > EXISTS to
        0
        > ZRANGESTORE to nosuch 0 1
        0
        > ZRANGESTORE to z 0 1 WITHSCORES
        !ERR syntax error
        > ZRANGESTORE z z 1 2
        2
        > ZRANGE z 0 -1
        ["b" "c"]
        > SET string x
        OK
        > ZRANGESTORE to string 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn members_are_popped_from_either_end() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d 5 e
        5
        > ZPOPMIN z
        ["a" "1"]
        > ZPOPMAX z
        ["e" "5"]
        > ZPOPMIN z 2
        ["b" "2" "c" "3"]
        > ZPOPMAX z 0
        []
        > ZPOPMAX z 9
        ["d" "4"]
        > EXISTS z
        0
        > ZPOPMIN nosuch
        []
        > ZPOPMIN nosuch 2
        []
        > ZPOPMIN nosuch -1
        !ERR value is out of range, must be positive
        > ZPOPMAX nosuch x
        !ERR value is out of range, must be positive
        > ZPOPMAX nosuch 1 2
        !ERR syntax error
        > ZADD y 1 a 2 b 3 c 4 d
        4
        > ZMPOP 2 nosuch y MIN
        ["y" [["a" "1"]]]
        > ZMPOP 1 y MAX COUNT 2
        ["y" [["d" "4"] ["c" "3"]]]
        > ZMPOP 1 nosuch MAX
        (nil array)
        > ZMPOP 0 y MIN
        !ERR numkeys should be greater than 0
        > ZMPOP x y MIN
        !ERR numkeys should be greater than 0
        > ZMPOP 2 y MIN
        !ERR syntax error
        > ZMPOP 1 y MIDDLE
        !ERR syntax error
        > ZMPOP 1 y MIN COUNT 0
        !ERR count should be greater than 0
        > ZMPOP 1 y MIN COUNT
        !ERR syntax error
        > ZMPOP 1 y MIN COUNT 1 COUNT 1
        !ERR syntax error
        > HELLO 3
        …
        > ZADD y 1 a 2 b 3 c 4 d
        3
        > ZPOPMIN y
        ["a" (double) 1]
        > ZPOPMIN y 1
        [["b" (double) 2]]
        > ZMPOP 1 y MIN COUNT 5
        ["y" [["c" (double) 3] ["d" (double) 4]]]
        > ZMPOP 1 y MIN
        (null)
        "#,
    );
}

#[test]
fn members_are_picked_at_random() {
    check(
        r#"
        > ZADD z 1 a
        1
        > ZRANDMEMBER z
        "a"
        > ZRANDMEMBER z -3
        ["a" "a" "a"]
        > ZRANDMEMBER z 3 WITHSCORES
        ["a" "1"]
        > ZRANDMEMBER z 0
        []
        > ZRANDMEMBER nosuch
        (nil)
        > ZRANDMEMBER nosuch 2
        []
        > ZRANDMEMBER z x
        !ERR value is not an integer or out of range
        > ZRANDMEMBER z 1 WITHSCORE
        !ERR syntax error
        > ZRANDMEMBER z -9223372036854775808
        !ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > ZRANDMEMBER z 9223372036854775807 WITHSCORES
        !ERR value is out of range
        > HELLO 3
        …
        > ZRANDMEMBER z -2 WITHSCORES
        [["a" (double) 1] ["a" (double) 1]]
        "#,
    );
}

#[test]
fn members_are_popped_at_once_where_there_are_any() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d 5 e
        5
        > BZPOPMIN nosuch z 0
        ["z" "a" "1"]
        > BZPOPMAX z nosuch 0.5
        ["z" "e" "5"]
        > BZMPOP 1 2 nosuch z MIN
        ["z" [["b" "2"]]]
        > BZMPOP 0 1 z MAX COUNT 9
        ["z" [["d" "4"] ["c" "3"]]]
        > EXISTS z
        0
        > BZPOPMIN z x
        !ERR timeout is not a float or out of range
        > BZPOPMAX z -1
        !ERR timeout is negative
        > BZMPOP x 1 z MIN
        !ERR timeout is not a float or out of range
        > BZMPOP 1 0 z MIN
        !ERR numkeys should be greater than 0
        > BZMPOP 1 2 z MIN
        !ERR syntax error
        > BZMPOP 1 1 z MIDDLE
        !ERR syntax error
        > BZMPOP 1 1 z MIN COUNT 0
        !ERR count should be greater than 0
        > SET string x
        OK
        > BZPOPMIN string z 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BZMPOP 1 1 string MIN
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HELLO 3
        …
        > ZADD z 1 a 2 b
        2
        > BZPOPMAX z 1
        ["z" "b" (double) 2]
        > BZMPOP 1 1 z MIN
        ["z" [["a" (double) 1]]]
        "#,
    );
}
