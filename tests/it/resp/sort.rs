//! Transcripts of SORT.

use super::check;

#[test]
fn numbers_are_sorted_as_numbers_and_texts_as_texts() {
    check(
        r#"
        > RPUSH l 10 9 -1 2.5 1e1 0x10 inf -inf " 3"
        9
        > SORT l
        ["-inf" "-1" "2.5" " 3" "9" "10" "1e1" "0x10" "inf"]
        > SORT l DESC
        ["inf" "0x10" "1e1" "10" "9" " 3" "2.5" "-1" "-inf"]
        > SORT l ALPHA
        [" 3" "-1" "-inf" "0x10" "10" "1e1" "2.5" "9" "inf"]
        > SORT l ALPHA DESC
        ["inf" "9" "2.5" "1e1" "10" "0x10" "-inf" "-1" " 3"]
        > SORT l LIMIT 1 3
        ["-1" "2.5" " 3"]
        > SORT l LIMIT 8 100 ASC
        ["inf"]
        > SORT l LIMIT 9 1
        []
        > SORT l LIMIT -5 2
        ["-inf" "-1"]
        > SORT l LIMIT 0 0
        []
        > SORT l LIMIT 2 -1
        ["2.5" " 3" "9" "10" "1e1" "0x10" "inf"]
        > SORT l DESC ASC limit 0 2
        ["-inf" "-1"]
        > RPUSH w b a C "" aa
        5
        > SORT w
        !ERR One or more scores can't be converted into double
        > SORT w ALPHA
        ["" "C" "a" "aa" "b"]
        > SORT_RO w ALPHA DESC LIMIT 0 2
        ["b" "aa"]
        > RPUSH e "" 1 -1
        3
        > SORT e
        ["-1" "" "1"]
        > RPUSH n 1 nan
        2
        > SORT n
        !ERR One or more scores can't be converted into double
        > RPUSH h 1 1e999
        2
        > SORT h
        !ERR One or more scores can't be converted into double
        > SORT nosuch
        []
        > SORT nosuch LIMIT 0 10
        []
        > TYPE l
        list
        "#,
    );
}

#[test]
fn sets_are_sorted_and_kept_as_they_are_without_a_weight() {
    check(
        r#"
        > SADD ints 3 1 2
        3
        > SADD words c a b
        3
        > SORT ints DESC
        ["3" "2" "1"]
        > SORT words ALPHA
        ["a" "b" "c"]
        > SORT words
        !ERR One or more scores can't be converted into double
        > SORT words BY nosort STORE stored
        3
        > LRANGE stored 0 -1
        ["a" "b" "c"]
        > SORT words BY nosort DESC STORE stored
        3
        > LRANGE stored 0 -1
        ["c" "b" "a"]
        > RPUSH l c a b
        3
        > SORT l BY nosort
        ["c" "a" "b"]
        > SORT l BY nosort DESC
        ["b" "a" "c"]
        > SORT l BY nosort LIMIT 1 2
        ["a" "b"]
        > SORT l BY nosort DESC LIMIT 1 2
        ["a" "c"]
        > SORT l BY nosort LIMIT 5 2
        []
        > SORT l BY nosort LIMIT 1 0
        []
        > SORT l BY nosort STORE l
        3
        > LRANGE l 0 -1
        ["c" "a" "b"]
        > SORT l BY # ALPHA
        ["c" "a" "b"]
        "#,
    );
}

#[test]
fn weights_come_from_other_keys() {
    check(
        r#"
        > RPUSH l 1 2 3 4
        4
        > MSET w1 30 w2 20 w3 10 name1 one name2 two name3 three
        OK
        > SORT l BY w*
        ["4" "3" "2" "1"]
        > SORT l BY w* DESC
        ["1" "2" "3" "4"]
        > SORT l BY w* LIMIT 1 2
        ["3" "2"]
        > SORT l BY name* ALPHA
        ["4" "1" "3" "2"]
        > SORT l BY name* ALPHA DESC
        ["2" "3" "1" "4"]
        > SORT l BY name*
        !ERR One or more scores can't be converted into double
        > SORT l BY nosuch* DESC
        ["4" "3" "2" "1"]
        > HSET h1 w 3 name eins
        2
        > HSET h2 w 1 name zwei
        2
        > HSET h3 w 2
        1
        > SORT l BY h*->w
        ["4" "2" "3" "1"]
        > SORT l BY h*->nosuch
        ["1" "2" "3" "4"]
        > SORT l BY w*->w
        ["1" "2" "3" "4"]
        > SORT l BY h*
        ["1" "2" "3" "4"]
        > SORT l BY h*->name ALPHA
        ["3" "4" "1" "2"]
        > SORT l BY *->
        ["1" "2" "3" "4"]
        "#,
    );
}

#[test]
fn get_answers_what_other_keys_say() {
    check(
        r#"
        > RPUSH l 2 1 3
        3
        > MSET name1 one name2 two
        OK
        > HSET h1 f eins
        1
        > HSET h3 f drei
        1
        > SORT l GET name*
        ["one" "two" (nil)]
        > SORT l GET # GET name* GET h*->f
        ["1" "one" "eins" "2" "two" (nil) "3" (nil) "drei"]
        > SORT l BY nosort GET nosuch GET #
        [(nil) "2" (nil) "1" (nil) "3"]
        > SORT l DESC LIMIT 0 2 GET h*->f
        ["drei" (nil)]
        > SORT l GET h* GET name*->f GET l
        [(nil) (nil) (nil) (nil) (nil) (nil) (nil) (nil) (nil)]
        > SORT l GET name* STORE stored
        3
        > LRANGE stored 0 -1
        ["one" "two" ""]
        > TYPE stored
        list
        > HELLO 3
        {"server": …}
        > SORT l GET name* GET h*->f
        ["one" "eins" "two" (null) (null) "drei"]
        "#,
    );
}

#[test]
fn results_are_stored_over_what_was_there() {
    check(
        r#"
        > RPUSH l 3 1 2
        3
        > SET d x EX 100
        OK
        > SORT l STORE d
        3
        > LRANGE d 0 -1
        ["1" "2" "3"]
        > TTL d
        -1
        > SORT l DESC STORE l
        3
        > LRANGE l 0 -1
        ["3" "2" "1"]
        > SORT l LIMIT 5 5 STORE d
        0
        > EXISTS d
        0
        > RPUSH d x
        1
        > SORT nosuch STORE d
        0
        > EXISTS d
        0
        > RPUSH bad a b
        2
        > SORT bad STORE d
        !ERR One or more scores can't be converted into double
        > EXISTS d
        0
        > SORT bad ALPHA STORE d
        2
        > OBJECT ENCODING d
        "listpack"
        > SORT bad ALPHA STORE a STORE b
        2
        > EXISTS a b
        1
        > CONFIG SET list-max-listpack-size 2
        OK
        > SORT l STORE d
        3
        > OBJECT ENCODING d
        "quicklist"
        > SORT l LIMIT 0 2 STORE d
        2
        > OBJECT ENCODING d
        "listpack"
        "#,
    );
}

#[test]
fn what_cannot_be_sorted_is_refused() {
    check(
        r#"
        > SET s x
        OK
        > HSET h f v
        1
        > SORT s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SORT h ALPHA
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SORT_RO s
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > RPUSH l 1
        1
        > SORT l LIMIT
        !ERR syntax error
        > SORT l LIMIT 1
        !ERR syntax error
        > SORT l LIMIT x 1
        !ERR value is not an integer or out of range
        > SORT l LIMIT 1 x
        !ERR value is not an integer or out of range
        > SORT l BY
        !ERR syntax error
        > SORT l GET
        !ERR syntax error
        > SORT l STORE
        !ERR syntax error
        > SORT l NOSUCH
        !ERR syntax error
        > SORT s NOSUCH
        !ERR syntax error
        > SORT_RO l STORE d
        !ERR syntax error
        > SORT_RO l BY nosort GET # ALPHA ASC
        ["1"]
        > SORT
        !ERR wrong number of arguments for 'sort' command
        > COMMAND GETKEYS SORT l BY w* GET h*->f STORE d
        ["l" "d"]
        > COMMAND GETKEYS SORT l STORE a LIMIT 0 store STORE b
        ["l" "b"]
        > COMMAND GETKEYS SORT l GET STORE
        ["l"]
        > COMMAND GETKEYS SORT_RO l BY w*
        ["l"]
        > COMMAND GETKEYSANDFLAGS SORT l STORE d
        [["l" [RO access]] ["d" [OW update]]]
        "#,
    );
}

#[test]
fn sorted_sets_are_sorted_and_kept_in_their_own_order() {
    check(
        r#"
        > ZADD z 5 a 4 b 3 c 2 d 1 e
        5
        > SORT z ALPHA
        ["a" "b" "c" "d" "e"]
        > SORT z ALPHA DESC LIMIT 1 2
        ["d" "c"]
        > SORT z
        !ERR One or more scores can't be converted into double
        > SORT z BY nosort
        ["e" "d" "c" "b" "a"]
        > SORT z BY nosort DESC
        ["a" "b" "c" "d" "e"]
        > SORT z BY nosort LIMIT 1 2
        ["d" "c"]
        > SORT z BY nosort DESC LIMIT 1 2
        ["b" "c"]
        > SORT z BY nosort LIMIT 5 2
        []
        > SORT z BY nosort DESC LIMIT 4 9 STORE l
        1
        > LRANGE l 0 -1
        ["e"]
        > ZADD n 1 30 2 20 3 10
        3
        > SORT n
        ["10" "20" "30"]
        > SORT n DESC GET # GET nosuch*
        ["30" (nil) "20" (nil) "10" (nil)]
        > SORT n STORE n
        3
        > LRANGE n 0 -1
        ["10" "20" "30"]
        "#,
    );
}
