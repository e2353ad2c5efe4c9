//! Transcripts of streams: what is delivered and not acknowledged.

use super::check;

#[test]
fn pending_entries_are_told_and_acknowledged() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XADD s 3-1 a 3
        "3-1"
        > XGROUP CREATE s g 0
        OK
        > XPENDING s g
        [0 (nil) (nil) (nil array)]
        > XREADGROUP GROUP g one COUNT 2 STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]]]]]
        > XREADGROUP GROUP g two STREAMS s >
        [["s" [["3-1" ["a" "3"]]]]]
        > XCLAIM s g one 0 2-1 IDLE 1000000 JUSTID
        ["2-1"]
        > XPENDING s g
        [3 "1-1" "3-1" [["one" "2"] ["two" "1"]]]
        > XPENDING s g - + 10
        [["1-1" "one" … 1] ["2-1" "one" … 1] ["3-1" "two" … 1]]
        > XPENDING s g (1-1 3 10
        [["2-1" "one" … 1] ["3-1" "two" … 1]]
        > XPENDING s g - + 1
        [["1-1" "one" … 1]]
        > XPENDING s g - + 0
        []
        > XPENDING s g - + -5
        []
        > XPENDING s g - + 10 two
        [["3-1" "two" … 1]]
        > XPENDING s g - + 10 nosuch
        []
        > XPENDING s g IDLE 500000 - + 10
        [["2-1" "one" … 1]]
        > XPENDING s g IDLE 500000 - + 10 two
        []
        > XPENDING s g IDLE -1 - + 10
        [["1-1" "one" … 1] ["2-1" "one" … 1] ["3-1" "two" … 1]]
        "#,
    );
}

#[test]
fn a_wrong_question_for_pending_entries_is_refused() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g one STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]]]]]
        > XGROUP CREATECONSUMER s g two
        1
        > XPENDING s g - +
        !ERR syntax error
        > XPENDING s g IDLE 1 - +
        !ERR syntax error
        > XPENDING s g - + 10 one two three
        [["1-1" "one" … 1] ["2-1" "one" … 1]]
        > XPENDING s g - + 10 one two
        [["1-1" "one" … 1] ["2-1" "one" … 1]]
        > XPENDING s g IDLE x - + 10
        !ERR value is not an integer or out of range
        > XPENDING s g - + x
        !ERR value is not an integer or out of range
        > XPENDING s g x + 10
        !ERR Invalid stream ID specified as stream command argument
        > XPENDING s g - ( 10
        !ERR Invalid stream ID specified as stream command argument
        > XPENDING nosuch g
        !NOGROUP No such key 'nosuch' or consumer group 'g'
        > XPENDING s nosuch
        !NOGROUP No such key 's' or consumer group 'nosuch'
        > XPENDING s nosuch - + 10
        !NOGROUP No such key 's' or consumer group 'nosuch'
        > XACK s g 1-1 2-1
        2
        > XACK s g x
        !ERR Invalid stream ID specified as stream command argument
        > XACK s nosuch x
        0
        > XACK nosuch g x
        0
        > XPENDING s g
        [0 (nil) (nil) (nil array)]
        > XGROUP DELCONSUMER s g two
        0
        > XPENDING s g
        [0 (nil) (nil) (nil array)]
        > SET string x
        OK
        > XACK string g 1-1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XPENDING string g
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn pending_entries_change_hands() {
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
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g one COUNT 3 STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]] ["3-1" ["a" "3"]]]]]
        > XCLAIM s g two 0 1-1
        [["1-1" ["a" "1"]]]
        > XCLAIM s g two 500000 2-1
        []
        > XCLAIM s g two 0 2-1 9-9 JUSTID
        ["2-1"]
        > XCLAIM s g two 0 4-1
        []
        > XCLAIM s g two 0 4-1 FORCE
        [["4-1" ["a" "4"]]]
        > XCLAIM s g three 0 1-1 RETRYCOUNT 9 IDLE 1000000
        [["1-1" ["a" "1"]]]
        > XCLAIM s g three 0 2-1 TIME 1000 LASTID 4-1
        [["2-1" ["a" "2"]]]
        > XPENDING s g - + 10
        [["1-1" "three" … 9] ["2-1" "three" … 2] ["3-1" "one" … 1] ["4-1" "two" … 2]]
        > XCLAIM s g one 500000 1-1 2-1 3-1 JUSTID
        ["1-1" "2-1"]
        > XDEL s 3-1
        1
        > XCLAIM s g two 0 3-1 FORCE
        []
        > XPENDING s g - + 10
        [["1-1" "one" … 9] ["2-1" "one" … 2] ["4-1" "two" … 2]]
        > XINFO GROUPS s
        [["name" "g" "consumers" 3 "pending" 3 "last-delivered-id" "4-1" "entries-read" 3 "lag"
        |  1]]
        > XINFO CONSUMERS s g
        [["name" "one" "pending" 2 "idle" … "inactive" …] ["name" "three" "pending" 0 "idle" …
        |  "inactive" …] ["name" "two" "pending" 1 "idle" … "inactive" …]]
        > XCLAIM s g two x 1-1
        !ERR Invalid min-idle-time argument for XCLAIM
        > XCLAIM s g two 0 1-1 IDLE x
        !ERR Invalid IDLE option argument for XCLAIM
        > XCLAIM s g two 0 1-1 TIME x
        !ERR Invalid TIME option argument for XCLAIM
        > XCLAIM s g two 0 1-1 RETRYCOUNT x
        !ERR Invalid RETRYCOUNT option argument for XCLAIM
        > XCLAIM s g two 0 1-1 LASTID x
        !ERR Invalid stream ID specified as stream command argument
        > XCLAIM s g two 0 1-1 NOSUCH
        !ERR Unrecognized XCLAIM option 'NOSUCH'
        > XCLAIM s g two 0 nosuch
        !ERR Unrecognized XCLAIM option 'nosuch'
        > XCLAIM s nosuch two 0 1-1
        !NOGROUP No such key 's' or consumer group 'nosuch'
        > XCLAIM nosuch g two 0 1-1
        !NOGROUP No such key 'nosuch' or consumer group 'g'
        > SET string x
        OK
        > XCLAIM string g two 0 1-1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn idle_entries_are_claimed_in_turn() {
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
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g one STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]] ["3-1" ["a" "3"]] ["4-1" ["a" "4"]]]]]
        > XAUTOCLAIM s g two 500000 -
        ["0-0" [] []]
        > XAUTOCLAIM s g two 0 - COUNT 1
        ["2-1" [["1-1" ["a" "1"]]] []]
        > XAUTOCLAIM s g two 0 2-1 COUNT 1 JUSTID
        ["3-1" ["2-1"] []]
        > XDEL s 3-1
        1
        > XAUTOCLAIM s g two 0 (2-1 COUNT 1
        ["4-1" [] ["3-1"]]
        > XAUTOCLAIM s g two 0 0
        ["0-0" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]] ["4-1" ["a" "4"]]] []]
        > XAUTOCLAIM s g two 0 9
        ["0-0" [] []]
        > XAUTOCLAIM s g two -1 +
        ["0-0" [] []]
        > XPENDING s g - + 10
        [["1-1" "two" … 3] ["2-1" "two" … 2] ["4-1" "two" … 2]]
        > XAUTOCLAIM s g two x -
        !ERR Invalid min-idle-time argument for XAUTOCLAIM
        > XAUTOCLAIM s g two 0 x
        !ERR Invalid stream ID specified as stream command argument
        > XAUTOCLAIM s g two 0 (18446744073709551615-18446744073709551615
        !ERR invalid start ID for the interval
        > XAUTOCLAIM s g two 0 - COUNT 0
        !ERR COUNT must be > 0
        > XAUTOCLAIM s g two 0 - COUNT x
        !ERR COUNT must be > 0
        > XAUTOCLAIM s g two 0 - NOSUCH
        !ERR syntax error
        > XAUTOCLAIM s nosuch two 0 -
        !NOGROUP No such key 's' or consumer group 'nosuch'
        > XAUTOCLAIM nosuch g two 0 -
        !NOGROUP No such key 'nosuch' or consumer group 'g'
        > SET string x
        OK
        > XAUTOCLAIM string g two 0 -
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}
