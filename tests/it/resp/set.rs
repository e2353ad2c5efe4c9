//! Transcripts of the set family.

use super::check;

#[test]
fn members_are_added_found_and_removed() {
    check(
        r#"
        > SADD s b a b
        2
        > SADD s a c
        1
        > SCARD s
        3
        > SCARD nosuch
        0
        > SISMEMBER s a
        1
        > SISMEMBER s z
        0
        > SISMEMBER nosuch a
        0
        > SMISMEMBER s a z c
        [1 0 1]
        > SMISMEMBER nosuch a b
        [0 0]
        > SMEMBERS s
        ["b" "a" "c"]
        > SMEMBERS nosuch
        []
        > SREM s b nosuch
        1
        > SREM nosuch a
        0
        > SMEMBERS s
        ["a" "c"]
        > SREM s a c
        2
        > EXISTS s
        0
        > HELLO 3
        …
        > SADD s 3 1 2
        3
        > SMEMBERS s
        <"1" "2" "3">
        "#,
    );
}

#[test]
fn a_set_is_a_set_and_nothing_else() {
    check(
        r#"
        > SET string x
        OK
        > SADD string a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SINTER nosuch string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SMOVE nosuch string a
        0
        > SADD s a
        1
        > SMOVE s string nosuch
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SMOVE string s a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GET s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > TYPE s
        set
        > SUNIONSTORE string s
        1
        > TYPE string
        set
        > SADD s
        !ERR wrong number of arguments for 'sadd' command
        "#,
    );
}

#[test]
fn encodings_are_those_of_valkey() {
    check(
        r#"
        > CONFIG SET set-max-intset-entries 4 set-max-listpack-entries 5 set-max-listpack-value 6
        OK
        > SADD s 3 -1 2
        3
        > OBJECT ENCODING s
        "intset"
        > SADD s word
        1
        > OBJECT ENCODING s
        "listpack"
        > SMEMBERS s
        ["-1" "2" "3" "word"]
        > SREM s word
        1
        > OBJECT ENCODING s
        "listpack"
        > SADD s toolong
        1
        > OBJECT ENCODING s
        "hashtable"
        > SREM s toolong
        1
        > OBJECT ENCODING s
        "hashtable"
        > SADD many 1 2 3 4
        4
        > OBJECT ENCODING many
        "intset"
        > SADD many 5
        1
        > OBJECT ENCODING many
        "hashtable"
        > SADD same 1 1 1 1 1
        1
        > OBJECT ENCODING same
        "listpack"
        > SADD same2 a a a a a a
        1
        > OBJECT ENCODING same2
        "hashtable"
        > SADD numbers 01 +1 1
        3
        > OBJECT ENCODING numbers
        "listpack"
        "#,
    );
}

#[test]
fn members_move_between_sets() {
    check(
        r#"
        > SADD a 1 x
        2
        > SMOVE a b x
        1
        > SMOVE a b x
        0
        > SMOVE a a 1
        1
        > SMOVE a a 2
        0
        > SMEMBERS a
        ["1"]
        > SMOVE a b 1
        1
        > EXISTS a
        0
        > SMEMBERS b
        ["x" "1"]
        > SMOVE a b 1
        0
        "#,
    );
}

#[test]
fn sets_are_combined() {
    check(
        r#"
        > SADD a 1 2 3 4
        4
        > SADD b 3 4 5
        3
        > SADD c x 4 3
        3
        > SINTER a b
        ["3" "4"]
        > SINTER c a
        ["4" "3"]
        > SINTER a nosuch
        []
        > SUNION a b
        ["1" "2" "3" "4" "5"]
        > SUNION nosuch
        []
        > SDIFF a b
        ["1" "2"]
        > SDIFF a b nosuch a
        []
        > SDIFF nosuch a
        []
        > SINTERSTORE to a b c
        2
        > SMEMBERS to
        ["3" "4"]
        > OBJECT ENCODING to
        "intset"
        > SUNIONSTORE to b c
        4
        > SMEMBERS to
        ["3" "4" "5" "x"]
        > SDIFFSTORE to c b
        1
        > OBJECT ENCODING to
        "listpack"
        > SDIFFSTORE to a a
        0
        > EXISTS to
        0
        > SET to x EX 100
        OK
        > SINTERSTORE to a
        4
        > TTL to
        -1
        > SINTERSTORE to a nosuch
        0
        > EXISTS to
        0
        "#,
    );
}

#[test]
fn intersections_are_counted() {
    check(
        r#"
        > SADD a 1 2 3 4
        4
        > SADD b 2 3 4 5
        4
        > SINTERCARD 2 a b
        3
        > SINTERCARD 2 a b LIMIT 2
        2
        > SINTERCARD 2 a b LIMIT 0
        3
        > SINTERCARD 1 a LIMIT 100
        4
        > SINTERCARD 2 a nosuch
        0
        > SINTERCARD 0 a
        !ERR numkeys should be greater than 0
        > SINTERCARD x a
        !ERR numkeys should be greater than 0
        > SINTERCARD 3 a b
        !ERR Number of keys can't be greater than number of args
        > SINTERCARD 1 a LIMIT -1
        !ERR LIMIT can't be negative
        > SINTERCARD 1 a LIMIT x
        !ERR LIMIT can't be negative
        > SINTERCARD 1 a LIMIT
        !ERR syntax error
        > SINTERCARD 1 a b
        !ERR syntax error
        > COMMAND GETKEYS SINTERCARD 2 a b LIMIT 1
        ["a" "b"]
        > COMMAND GETKEYS SINTERCARD 3 a b
        !ERR Invalid arguments specified for command
        "#,
    );
}

#[test]
fn random_members_are_picked_and_taken() {
    check(
        r#"
        > SADD one x
        1
        > SRANDMEMBER one
        "x"
        > SRANDMEMBER one -3
        ["x" "x" "x"]
        > SRANDMEMBER one 3
        ["x"]
        > SRANDMEMBER one 0
        []
        > SRANDMEMBER nosuch
        (nil)
        > SRANDMEMBER nosuch 2
        []
        > SRANDMEMBER one x
        !ERR value is not an integer or out of range
        > SRANDMEMBER one 1 2
        !ERR syntax error
        > SRANDMEMBER one -9223372036854775808
        !ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > SPOP one 0
        []
        > SPOP one -1
        !ERR value is out of range, must be positive
        > SPOP one 1 2
        !ERR syntax error
        > SPOP one
        "x"
        > SPOP one
        (nil)
        > SPOP one 3
        []
        > SADD two 1 2
        2
        > SPOP two 5
        ["1" "2"]
        > EXISTS two
        0
        "#,
    );
}

#[test]
fn a_big_set_of_which_little_is_left_is_small_again() {
    check(
        r#"
        > CONFIG SET set-max-intset-entries 4 set-max-listpack-entries 5
        OK
        > SADD s 1 2 3 4 5 6
        6
        > OBJECT ENCODING s
        "hashtable"
        > SPOP s 2
        …
        > OBJECT ENCODING s
        "hashtable"
        > SADD s a b c d e f g h
        8
        > SPOP s 10
        …
        > SCARD s
        2
        > OBJECT ENCODING s
        "listpack"
        "#,
    );
}

#[test]
fn sets_are_scanned() {
    check(
        r#"
        > SADD s 1 2 3
        3
        > SSCAN s 0
        ["0" ["1" "2" "3"]]
        > SSCAN s 0 MATCH [12] COUNT 1
        ["0" ["1" "2"]]
        > SSCAN nosuch 0
        ["0" []]
        > SSCAN s 0 NOVALUES
        !ERR NOVALUES option can only be used in HSCAN
        > SSCAN s x
        !ERR invalid cursor
        > SSCAN s 0 COUNT 0
        !ERR syntax error
        > SCAN 0 TYPE set
        ["0" ["s"]]
        "#,
    );
}

#[test]
fn sets_are_copied_renamed_and_told_apart() {
    check(
        r#"
        > SADD a 1 2
        2
        > SADD b x y
        2
        > COPY a c
        1
        > RENAME b d
        OK
        > SMEMBERS c
        ["1" "2"]
        > SMEMBERS d
        ["x" "y"]
        > DEBUG DIGEST-VALUE a c
        [5d9842e5bd79f833c83b3535ec4a6836aba6d1fd 5d9842e5bd79f833c83b3535ec4a6836aba6d1fd]
        > DEBUG DIGEST-VALUE d
        [36846f8a92fb6b6b824c73bf468c5bbcf5075ede]
        "#,
    );
}
