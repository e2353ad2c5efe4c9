//! Transcripts of fields that expire, as Redis 8.0 has them.

use super::{check_here, check_redis};

#[test]
fn fields_expire_when_they_are_told_to() {
    check_redis(
        r#"
        > HSET h a 1 b 2 c 3
        3
        > HEXPIRE h 100 FIELDS 2 a z
        [1 -2]
        > HTTL h FIELDS 3 a b z
        [100 -1 -2]
        > HEXPIRE h 0 FIELDS 1 c
        [2]
        > HLEN h
        2
        > HPEXPIREAT h 70368744176001 FIELDS 2 a b
        [1 1]
        > HPEXPIRETIME h FIELDS 2 a b
        [70368744176001 70368744176001]
        > HEXPIRETIME h FIELDS 1 a
        [70368744177]
        > HEXPIREAT h 70368744177 FIELDS 1 a
        [1]
        > HPERSIST h FIELDS 3 a a z
        [1 -1 -2]
        > HPTTL h FIELDS 1 a
        [-1]
        > HPEXPIRE h 0 FIELDS 2 a b
        [2 2]
        > EXISTS h
        0
        > HEXPIRE h 100 FIELDS 2 a b
        [-2 -2]
        > HTTL h FIELDS 1 a
        [-2]
        > HPERSIST h FIELDS 1 a
        [-2]
        "#,
    );
}

#[test]
fn conditions_compare_with_the_end_that_a_field_has() {
    check_redis(
        r#"
        > HSET h a 1 b 2
        2
        > HEXPIRE h 100 XX FIELDS 1 a
        [0]
        > HEXPIRE h 100 NX FIELDS 1 a
        [1]
        > HEXPIRE h 100 NX FIELDS 1 a
        [0]
        > HEXPIRE h 200 GT FIELDS 2 a b
        [1 0]
        > HEXPIRE h 50 LT FIELDS 2 a b
        [1 1]
        > HEXPIRE h 60 lt FIELDS 2 a b
        [0 0]
        > HTTL h FIELDS 2 a b
        [50 50]
        > HEXPIREAT h 1 GT FIELDS 1 a
        [0]
        > HEXPIREAT h 1 LT FIELDS 1 a
        [2]
        "#,
    );
}

#[test]
fn what_is_written_wrong_is_refused_in_the_words_of_redis() {
    check_redis(
        r#"
        > HSET h a 1
        1
        > HEXPIRE h x FIELDS 1 a
        !ERR value is not an integer or out of range
        > HEXPIRE h -1 FIELDS 1 a
        !ERR invalid expire time, must be >= 0
        > HEXPIRE h 9223372036854775807 FIELDS 1 a
        !ERR invalid expire time in 'hexpire' command
        > HPEXPIREAT h 70368744177664 FIELDS 1 a
        !ERR invalid expire time in 'hpexpireat' command
        > HEXPIRE h 100 FIELDS 0 a
        !ERR Parameter `numFields` should be greater than 0
        > HEXPIRE h 100 FIELDS 2 a
        !ERR The `numfields` parameter must match the number of arguments
        > HEXPIRE h 100 XX NX FIELDS 1 a
        !ERR Mandatory argument FIELDS is missing or not at the right position
        > HEXPIRE h 100 FIELDS 1
        !ERR wrong number of arguments for 'hexpire' command
        > HTTL h FIELDS 0 a
        !ERR Number of fields must be a positive integer
        > HTTL h FIELDS 1 a b
        !ERR The `numfields` parameter must match the number of arguments
        > HPERSIST h FIELD 1 a
        !ERR Mandatory argument FIELDS is missing or not at the right position
        > HSETEX h JUNK FIELDS 1 a 1
        !ERR unknown argument: JUNK
        > HSETEX h FNX FXX FIELDS 1 a 1
        !ERR Only one of FXX or FNX arguments can be specified
        > HSETEX h EX 1 KEEPTTL FIELDS 1 a 1
        !ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
        > HSETEX h FIELDS 0 a 1
        !ERR invalid number of fields
        > HSETEX h FIELDS 1 a 1 b 1
        !ERR wrong number of arguments for 'hsetex' command
        > HGETEX h EX 1 PX 1 FIELDS 1 a
        !ERR Mandatory argument FIELDS is missing or not at the right position
        > HGETDEL h FIELDS x a
        !ERR Number of fields must be a positive integer
        > SET s x
        OK
        > HEXPIRE s x FIELDS 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HTTL s FIELDS 0 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HSETEX s FIELDS 1 a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn fields_are_read_and_written_together_with_their_ends() {
    check_redis(
        r#"
        > HSETEX h FNX EX 100 FIELDS 2 a 1 b 2
        1
        > HSETEX h FNX FIELDS 2 b 1 c 2
        0
        > HSETEX h FXX FIELDS 2 b 1 c 2
        0
        > HSETEX h KEEPTTL FIELDS 2 a 3 c 4
        1
        > HTTL h FIELDS 3 a b c
        [100 100 -1]
        > HSETEX h FXX FIELDS 1 a 5
        1
        > HTTL h FIELDS 1 a
        [-1]
        > HGETEX h EX 50 FIELDS 2 a z
        ["5" (nil)]
        > HGETEX h PERSIST FIELDS 1 b
        ["2"]
        > HGETEX h FIELDS 2 c b
        ["4" "2"]
        > HTTL h FIELDS 3 a b c
        [50 -1 -1]
        > HGETEX h EXAT 1 FIELDS 1 c
        ["4"]
        > HGETDEL h FIELDS 2 c b
        [(nil) "2"]
        > HSETEX h EX 0 FIELDS 1 a 6
        1
        > EXISTS h
        0
        > HGETDEL h FIELDS 1 a
        [(nil)]
        > HGETEX h EX 10 FIELDS 1 a
        [(nil)]
        "#,
    );
}

#[test]
fn what_writes_a_field_decides_what_becomes_of_its_end() {
    check_redis(
        r#"
        > HSETEX h EX 100 FIELDS 2 n 1 f 2
        1
        > HINCRBY h n 5
        6
        > HINCRBYFLOAT h n 0.5
        "6.5"
        > HSETNX h n 9
        0
        > HTTL h FIELDS 2 n f
        [100 100]
        > COPY h c
        1
        > RENAME h r
        OK
        > HTTL c FIELDS 2 n f
        [100 100]
        > HTTL r FIELDS 2 n f
        [100 100]
        > HSET r n 1
        0
        > HMSET r f 1
        OK
        > HTTL r FIELDS 2 n f
        [-1 -1]
        > HDEL c n f
        2
        > EXISTS c
        0
        "#,
    );
}

#[test]
fn encodings_are_those_of_redis() {
    check_redis(
        r#"
        > HSET h a 1
        1
        > OBJECT ENCODING h
        "listpack"
        > HEXPIRE h 100 FIELDS 1 nosuch
        [-2]
        > OBJECT ENCODING h
        "listpackex"
        > HPERSIST h FIELDS 1 a
        [-1]
        > OBJECT ENCODING h
        "listpackex"
        > HSET h long a-value-that-is-longer-than-those-that-a-packed-hash-of-redis-can-hold
        1
        > OBJECT ENCODING h
        "hashtable"
        > HEXPIRE h 100 FIELDS 1 long
        [1]
        > HTTL h FIELDS 2 a long
        [-1 100]
        > HDEL h long
        1
        > OBJECT ENCODING h
        "hashtable"
        "#,
    );
}

#[test]
fn expired_fields_read_as_absent_everywhere() {
    check_here(
        r#"
        > HSETEX h PX 1500 FIELDS 2 a 1 b 2
        1
        > HSET h c 3
        1
        > INFO keyspace
        "…db0:keys=1,expires=0,avg_ttl=0,subexpiry=1\r\n"
        ~ 1500 ms
        > HGETALL h
        ["a" "1" "b" "2" "c" "3"]
        ~ 1 ms
        > HGET h a
        (nil)
        > HGETALL h
        ["c" "3"]
        > HLEN h
        1
        > HSCAN h 0
        ["0" ["c" "3"]]
        > HRANDFIELD h 5
        ["c"]
        > HSETNX h a 4
        1
        > HTTL h FIELDS 1 a
        [-1]
        > HINCRBY h b 1
        1
        > HPEXPIRE h 10 FIELDS 3 a b c
        [1 1 1]
        ~ 11 ms
        > EXISTS h
        0
        > HSET h a 1
        1
        > INFO keyspace
        "…db0:keys=1,expires=0,avg_ttl=0\r\n"
        "#,
    );
}
