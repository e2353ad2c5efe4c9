//! Transcripts of streams: entries.

use super::check;

#[test]
fn entries_are_added_under_rising_ids() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 1-2 a 2 b 3
        "1-2"
        > XADD s 1-* a 3
        "1-3"
        > XADD s 5 a 4
        "5-0"
        > XADD s 5-* a 5
        "5-1"
        > XADD s 5-1 a 6
        !ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s 4-* a 6
        !ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s 0-0 a 6
        !ERR The ID specified in XADD must be greater than 0-0
        > XADD s 0-* a 6
        !ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s 6-1 a
        !ERR wrong number of arguments for 'xadd' command
        > XADD s 6-1
        !ERR wrong number of arguments for 'xadd' command
        > XADD s 6-1 a 1 b
        !ERR wrong number of arguments for 'xadd' command
        > XADD s * a
        !ERR wrong number of arguments for 'xadd' command
        > XADD s x a 1
        !ERR Invalid stream ID specified as stream command argument
        > XADD s 1-x a 1
        !ERR Invalid stream ID specified as stream command argument
        > XADD s - a 1
        !ERR Invalid stream ID specified as stream command argument
        > XADD s 1--1 a 1
        !ERR Invalid stream ID specified as stream command argument
        > XADD s 007-01 "\x00\xff" "" 12 -12
        "7-1"
        > XADD nosuch NOMKSTREAM 1-1 a 1
        (nil)
        > XADD s NOMKSTREAM 8-1 a 1
        "8-1"
        > XLEN s
        7
        > XLEN nosuch
        0
        > XRANGE s - +
        [["1-1" ["a" "1"]] ["1-2" ["a" "2" "b" "3"]] ["1-3" ["a" "3"]] ["5-0" ["a" "4"]] ["5-1"
        |  ["a" "5"]] ["7-1" ["\x00\xff" "" "12" "-12"]] ["8-1" ["a" "1"]]]
        "#,
    );
}

#[test]
fn the_last_id_of_all_is_the_last() {
    check(
        r#"
        > XADD last 18446744073709551615-18446744073709551614 a 1
        "18446744073709551615-18446744073709551614"
        > XADD last 18446744073709551615-* a 1
        "18446744073709551615-18446744073709551615"
        > XADD last * a 1
        !ERR The stream has exhausted the last possible ID, unable to add more items
        > XADD full 18446744073709551614-18446744073709551615 a 1
        "18446744073709551614-18446744073709551615"
        > XADD full 18446744073709551614-* a 1
        !ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD full * a 1
        "18446744073709551615-0"
        > TYPE s
        none
        > OBJECT ENCODING s
        (nil)
        > SET string x
        OK
        > XADD string 1-1 a 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XLEN string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > GET s
        (nil)
        "#,
    );
}

#[test]
fn ids_of_a_future_clock_count_up() {
    check(
        r#"
        > XADD s 4102444800000-7 a 1
        "4102444800000-7"
        > XADD s * a 2
        "4102444800000-8"
        > XADD s * a 3
        "4102444800000-9"
        > XADD s 4102444800000-18446744073709551615 a 4
        "4102444800000-18446744073709551615"
        > XADD s * a 5
        "4102444800001-0"
        "#,
    );
}

#[test]
fn ranges_are_read_both_ways() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 1-2 a 2
        "1-2"
        > XADD s 2-1 a 3
        "2-1"
        > XADD s 3-1 other 4 fields 5
        "3-1"
        > XRANGE s - +
        [["1-1" ["a" "1"]] ["1-2" ["a" "2"]] ["2-1" ["a" "3"]] ["3-1" ["other" "4" "fields" "5"]]]
        > XRANGE s 1 1
        [["1-1" ["a" "1"]] ["1-2" ["a" "2"]]]
        > XRANGE s 1-2 2
        [["1-2" ["a" "2"]] ["2-1" ["a" "3"]]]
        > XRANGE s (1-2 (3-1
        [["2-1" ["a" "3"]]]
        > XRANGE s (1 +
        [["1-1" ["a" "1"]] ["1-2" ["a" "2"]] ["2-1" ["a" "3"]] ["3-1" ["other" "4" "fields" "5"]]]
        > XRANGE s 2 +
        [["2-1" ["a" "3"]] ["3-1" ["other" "4" "fields" "5"]]]
        > XRANGE s 3 2
        []
        > XRANGE s - + COUNT 2
        [["1-1" ["a" "1"]] ["1-2" ["a" "2"]]]
        > XRANGE s - + COUNT 0
        (nil array)
        > XRANGE s - + COUNT -1
        (nil array)
        > XRANGE s - + COUNT 1 COUNT 3
        [["1-1" ["a" "1"]] ["1-2" ["a" "2"]] ["2-1" ["a" "3"]]]
        > XRANGE nosuch - + COUNT 0
        []
        > XRANGE s - + COUNT
        !ERR syntax error
        > XRANGE s - + COUNT x
        !ERR value is not an integer or out of range
        > XRANGE s - + LIMIT 1
        !ERR syntax error
        > XRANGE s (- +
        !ERR Invalid stream ID specified as stream command argument
        > XRANGE s ( +
        !ERR Invalid stream ID specified as stream command argument
        > XRANGE s (18446744073709551615-18446744073709551615 +
        !ERR invalid start ID for the interval
        > XRANGE s - (0-0
        !ERR invalid end ID for the interval
        > XRANGE s x +
        !ERR Invalid stream ID specified as stream command argument
        "#,
    );
}

#[test]
fn ranges_are_read_backwards() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 1-2 a 2
        "1-2"
        > XADD s 2-1 a 3
        "2-1"
        > XADD s 3-1 other 4 fields 5
        "3-1"
        > XREVRANGE s + -
        [["3-1" ["other" "4" "fields" "5"]] ["2-1" ["a" "3"]] ["1-2" ["a" "2"]] ["1-1" ["a" "1"]]]
        > XREVRANGE s 2 1-2
        [["2-1" ["a" "3"]] ["1-2" ["a" "2"]]]
        > XREVRANGE s (2-1 (1-1
        [["1-2" ["a" "2"]]]
        > XREVRANGE s + - COUNT 2
        [["3-1" ["other" "4" "fields" "5"]] ["2-1" ["a" "3"]]]
        > XREVRANGE s + - COUNT 0
        (nil array)
        > XREVRANGE s x y
        !ERR Invalid stream ID specified as stream command argument
        > XREVRANGE nosuch + -
        []
        > SET string x
        OK
        > XRANGE string - +
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XREVRANGE string + -
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn entries_are_removed() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XADD s 3-1 a 3
        "3-1"
        > XADD s 4-1 a 4
        "4-1"
        > XDEL s 2-1 9-9 2-1
        1
        > XRANGE s - +
        [["1-1" ["a" "1"]] ["3-1" ["a" "3"]] ["4-1" ["a" "4"]]]
        > XDEL s 1-1 x
        !ERR Invalid stream ID specified as stream command argument
        > XLEN s
        3
        > XDEL s 1-1 4-1
        2
        > XINFO STREAM s
        ["length" 1 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "4-1"
        |  "max-deleted-entry-id" "4-1" "entries-added" 4 "recorded-first-entry-id" "3-1"
        |  "groups" 0 "first-entry" ["3-1" ["a" "3"]] "last-entry" ["3-1" ["a" "3"]]]
        > XDEL s 3
        0
        > XDEL s 3-1
        1
        > XLEN s
        0
        > EXISTS s
        1
        > XINFO STREAM s
        ["length" 0 "radix-tree-keys" 0 "radix-tree-nodes" 1 "last-generated-id" "4-1"
        |  "max-deleted-entry-id" "4-1" "entries-added" 4 "recorded-first-entry-id" "0-0"
        |  "groups" 0 "first-entry" (nil) "last-entry" (nil)]
        > XADD s 4-1 a 1
        !ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s 4-2 a 1
        "4-2"
        > XDEL nosuch x
        0
        > SET string x
        OK
        > XDEL string 1-1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn streams_are_trimmed_to_a_length_or_an_id() {
    check(
        r#"
        > CONFIG SET stream-node-max-entries 3
        OK
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XADD s 3-1 a 3
        "3-1"
        > XADD s 4-1 a 4
        "4-1"
        > XADD s 5-1 a 5
        "5-1"
        > XADD s 6-1 a 6
        "6-1"
        > XADD s 7-1 a 7
        "7-1"
        > XINFO STREAM s
        ["length" 7 "radix-tree-keys" 3 "radix-tree-nodes" 8 "last-generated-id" "7-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 7 "recorded-first-entry-id" "1-1"
        |  "groups" 0 "first-entry" ["1-1" ["a" "1"]] "last-entry" ["7-1" ["a" "7"]]]
        > XTRIM s MAXLEN ~ 5
        0
        > XTRIM s MAXLEN ~ 4
        3
        > XLEN s
        4
        > XTRIM s MAXLEN 3
        1
        > XTRIM s MAXLEN = 3
        0
        > XINFO STREAM s
        ["length" 3 "radix-tree-keys" 2 "radix-tree-nodes" 6 "last-generated-id" "7-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 7 "recorded-first-entry-id" "5-1"
        |  "groups" 0 "first-entry" ["5-1" ["a" "5"]] "last-entry" ["7-1" ["a" "7"]]]
        > XTRIM s MINID ~ 6-1
        0
        > XTRIM s MINID 6-1
        1
        > XRANGE s - +
        [["6-1" ["a" "6"]] ["7-1" ["a" "7"]]]
        > XADD s MAXLEN 2 8-1 a 8
        "8-1"
        > XADD s MINID = 8-1 9-1 a 9
        "9-1"
        > XRANGE s - +
        [["8-1" ["a" "8"]] ["9-1" ["a" "9"]]]
        > XADD s MAXLEN ~ 1 LIMIT 1 NOMKSTREAM 10-1 a 10
        "10-1"
        > XLEN s
        3
        > XTRIM s MAXLEN ~ 0 LIMIT 0
        3
        > XLEN s
        0
        > XTRIM s MAXLEN 0
        0
        > XLEN s
        0
        "#,
    );
}

#[test]
fn a_wrong_trim_is_refused() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XTRIM nosuch MAXLEN 1
        0
        > XTRIM s MAXLEN -1
        !ERR The MAXLEN argument must be >= 0.
        > XTRIM s MAXLEN x
        !ERR value is not an integer or out of range
        > XTRIM s MINID -
        !ERR Invalid stream ID specified as stream command argument
        > XTRIM s MAXLEN 1 LIMIT 5
        !ERR syntax error, LIMIT cannot be used without the special ~ option
        > XTRIM s MAXLEN ~ 1 LIMIT -1
        !ERR The LIMIT argument must be >= 0.
        > XTRIM s LIMIT 1
        !ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        > XTRIM s LIMIT 0
        !ERR syntax error, XTRIM must be called with a trimming strategy
        > XTRIM s MAXLEN 1 MINID 1
        !ERR syntax error, MAXLEN and MINID options at the same time are not compatible
        > XTRIM s NOMKSTREAM MAXLEN 1
        !ERR syntax error
        > XTRIM s NOSUCH 1
        !ERR syntax error
        > XADD s LIMIT 1 * a 1
        !ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        > XADD s LIMIT 0 * a 1
        !ERR syntax error, LIMIT cannot be used without the special ~ option
        > XADD s MAXLEN ~ * a 1
        !ERR value is not an integer or out of range
        > SET string x
        OK
        > XTRIM string MAXLEN 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn nodes_end_where_valkeys_do() {
    check(
        r#"
        > CONFIG SET stream-node-max-bytes 100
        OK
        > XADD s 1-1 temperature 21
        "1-1"
        > XADD s 2-1 temperature 22
        "2-1"
        > XADD s 3-1 temperature 2300000
        "3-1"
        > XADD s 4-1 humidity 24 pressure hello
        "4-1"
        > XADD s 300-1 temperature "<v*70>"
        "300-1"
        > XADD s 300-2 temperature 1
        "300-2"
        > XADD s 70000-2 temperature 1
        "70000-2"
        > XADD s 70000000-2 temperature 1
        "70000000-2"
        > XINFO STREAM s
        ["length" 8 "radix-tree-keys" 3 "radix-tree-nodes" 8 "last-generated-id" "70000000-2"
        |  "max-deleted-entry-id" "0-0" "entries-added" 8 "recorded-first-entry-id" "1-1"
        |  "groups" 0 "first-entry" ["1-1" ["temperature" "21"]] "last-entry" ["70000000-2"
        |  ["temperature" "1"]]]
        > CONFIG SET stream-node-max-bytes 0
        OK
        > XADD s 70000001-2 temperature 1
        "70000001-2"
        > CONFIG SET stream-node-max-entries 1
        OK
        > XADD s 70000002-2 temperature 1
        "70000002-2"
        > XADD s 90000003-2 temperature 1
        "90000003-2"
        > XINFO STREAM s
        ["length" 11 "radix-tree-keys" 5 "radix-tree-nodes" 14 "last-generated-id" "90000003-2"
        |  "max-deleted-entry-id" "0-0" "entries-added" 11 "recorded-first-entry-id" "1-1"
        |  "groups" 0 "first-entry" ["1-1" ["temperature" "21"]] "last-entry" ["90000003-2"
        |  ["temperature" "1"]]]
        "#,
    );
}

#[test]
fn what_is_behind_an_id_is_read() {
    check(
        r#"
        > XADD a 1-1 f 1
        "1-1"
        > XADD a 2-1 f 2
        "2-1"
        > XADD b 1-1 f 3
        "1-1"
        > XREAD STREAMS a b 0 0
        [["a" [["1-1" ["f" "1"]] ["2-1" ["f" "2"]]]] ["b" [["1-1" ["f" "3"]]]]]
        > XREAD COUNT 1 STREAMS a b 0 1-1
        [["a" [["1-1" ["f" "1"]]]]]
        > XREAD COUNT 0 STREAMS a 1
        [["a" [["1-1" ["f" "1"]] ["2-1" ["f" "2"]]]]]
        > XREAD COUNT -1 STREAMS a 1-1
        [["a" [["2-1" ["f" "2"]]]]]
        > XREAD STREAMS a b $ $
        (nil array)
        > XREAD STREAMS a b + +
        [["a" [["2-1" ["f" "2"]]]] ["b" [["1-1" ["f" "3"]]]]]
        > XREAD STREAMS nosuch 0
        (nil array)
        > XREAD STREAMS nosuch +
        (nil array)
        > XREAD STREAMS a a 1-1 1-1
        [["a" [["2-1" ["f" "2"]]]] ["a" [["2-1" ["f" "2"]]]]]
        > XDEL a 2-1
        1
        > XREAD STREAMS a +
        (nil array)
        > XREAD STREAMS a 1-1
        (nil array)
        > XREAD COUNT 1 BLOCK 1 STREAMS a b 0 $
        [["a" [["1-1" ["f" "1"]]]]]
        "#,
    );
}

#[test]
fn a_wrong_read_is_refused() {
    check(
        r#"
        > XADD a 1-1 f 1
        "1-1"
        > XADD b 1-1 f 3
        "1-1"
        > XREAD STREAMS a >
        !ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group>
        |  <consumer> option.
        > XREAD STREAMS a x
        !ERR Invalid stream ID specified as stream command argument
        > XREAD STREAMS a -
        !ERR Invalid stream ID specified as stream command argument
        > XREAD STREAMS a b 0
        !ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be
        |  specified.
        > XREAD BLOCK -1 STREAMS a 0
        !ERR timeout is negative
        > XREAD BLOCK x STREAMS a 0
        !ERR timeout is not an integer or out of range
        > XREAD COUNT x STREAMS a 0
        !ERR value is not an integer or out of range
        > XREAD NOACK STREAMS a 0
        !ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
        > XREAD GROUP g c STREAMS a 0
        !ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
        > XREAD COUNT 1 a 0
        !ERR syntax error
        > XREAD COUNT 1 STREAMS
        !ERR syntax error
        > XGROUP CREATE empty g 0 MKSTREAM
        OK
        > XREAD STREAMS empty +
        !ERR the stream last element ID is 0-0
        > SET string x
        OK
        > XREAD STREAMS b string 0 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > XREAD STREAMS a b 0 0
        {"a": [["1-1" ["f" "1"]]], "b": [["1-1" ["f" "3"]]]}
        > XREAD STREAMS nosuch 0
        (null)
        "#,
    );
}
