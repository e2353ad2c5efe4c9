//! Transcripts of streams: groups.

use super::check;

#[test]
fn groups_are_made_and_removed() {
    check(
        r#"
        > XGROUP CREATE s g 0
        !ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want
        |  to use the MKSTREAM option to create an empty stream automatically.
        > XGROUP CREATE s g $ MKSTREAM
        OK
        > XGROUP CREATE s g 0
        !BUSYGROUP Consumer Group name already exists
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XGROUP CREATE s h $ ENTRIESREAD 2
        OK
        > XGROUP CREATE s i 1-1 ENTRIESREAD -1
        OK
        > XINFO GROUPS s
        [["name" "g" "consumers" 0 "pending" 0 "last-delivered-id" "0-0" "entries-read" (nil)
        |  "lag" 2] ["name" "h" "consumers" 0 "pending" 0 "last-delivered-id" "2-1"
        |  "entries-read" 2 "lag" 0] ["name" "i" "consumers" 0 "pending" 0 "last-delivered-id"
        |  "1-1" "entries-read" (nil) "lag" 1]]
        > XGROUP SETID s h 0
        OK
        > XGROUP SETID s i + ENTRIESREAD 1
        OK
        > XGROUP SETID s g $
        OK
        > XINFO GROUPS s
        [["name" "g" "consumers" 0 "pending" 0 "last-delivered-id" "2-1" "entries-read" (nil)
        |  "lag" 0] ["name" "h" "consumers" 0 "pending" 0 "last-delivered-id" "0-0"
        |  "entries-read" (nil) "lag" 2] ["name" "i" "consumers" 0 "pending" 0
        |  "last-delivered-id" "18446744073709551615-18446744073709551615" "entries-read" 1
        |  "lag" 1]]
        > XGROUP CREATECONSUMER s g c
        1
        > XGROUP CREATECONSUMER s g c
        0
        > XGROUP DELCONSUMER s g c
        0
        > XGROUP DELCONSUMER s g c
        0
        > XGROUP DESTROY s h
        1
        > XGROUP DESTROY s h
        0
        > XGROUP SETID s h 0
        !NOGROUP No such consumer group 'h' for key name 's'
        > XGROUP CREATECONSUMER s h c
        !NOGROUP No such consumer group 'h' for key name 's'
        > XGROUP DELCONSUMER s h c
        !NOGROUP No such consumer group 'h' for key name 's'
        "#,
    );
}

#[test]
fn a_wrong_group_is_refused() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XGROUP CREATE s g 0
        OK
        > XGROUP DESTROY nosuch g
        !ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want
        |  to use the MKSTREAM option to create an empty stream automatically.
        > XGROUP CREATECONSUMER nosuch g c
        !ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want
        |  to use the MKSTREAM option to create an empty stream automatically.
        > XGROUP CREATE s j +
        !ERR Invalid stream ID specified as stream command argument
        > XGROUP CREATE s j x
        !ERR Invalid stream ID specified as stream command argument
        > XGROUP SETID s g x
        !ERR Invalid stream ID specified as stream command argument
        > XGROUP CREATE s j 0 ENTRIESREAD -2
        !ERR value for ENTRIESREAD must be positive or -1
        > XGROUP CREATE s j 0 ENTRIESREAD x
        !ERR value is not an integer or out of range
        > XGROUP CREATE s j 0 NOSUCH
        !ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
        > XGROUP CREATE s j 0 MKSTREAM MKSTREAM ENTRIESREAD 1
        !ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
        > XGROUP SETID s g 0 MKSTREAM
        !ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.
        > XGROUP CREATE s j
        !ERR wrong number of arguments for 'xgroup|create' command
        > XGROUP NOSUCH
        !ERR unknown subcommand 'NOSUCH'. Try XGROUP HELP.
        > SET string x
        OK
        > XGROUP CREATE string g 0 MKSTREAM
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XGROUP SETID string g 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XGROUP DESTROY string g
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn a_group_shares_what_is_new() {
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
        > XREADGROUP GROUP g one COUNT 2 STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]]]]]
        > XREADGROUP GROUP g two COUNT 1 STREAMS s >
        [["s" [["3-1" ["a" "3"]]]]]
        > XREADGROUP GROUP g one STREAMS s 0
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]]]]]
        > XREADGROUP GROUP g one STREAMS s 1-1
        [["s" [["2-1" ["a" "2"]]]]]
        > XREADGROUP GROUP g one COUNT 1 STREAMS s 0
        [["s" [["1-1" ["a" "1"]]]]]
        > XREADGROUP GROUP g three STREAMS s 0
        [["s" []]]
        > XREADGROUP GROUP g two NOACK STREAMS s >
        [["s" [["4-1" ["a" "4"]]]]]
        > XREADGROUP GROUP g two STREAMS s >
        (nil array)
        > XPENDING s g
        [3 "1-1" "3-1" [["one" "2"] ["two" "1"]]]
        > XPENDING s g - + 10
        [["1-1" "one" … 3] ["2-1" "one" … 3] ["3-1" "two" … 1]]
        > XACK s g 1-1 1-1 9-9
        1
        > XDEL s 2-1
        1
        > XREADGROUP GROUP g one STREAMS s 0
        [["s" [["2-1" (nil array)]]]]
        > XINFO CONSUMERS s g
        [["name" "one" "pending" 1 "idle" … "inactive" …] ["name" "three" "pending" 0 "idle" …
        |  "inactive" -1] ["name" "two" "pending" 1 "idle" … "inactive" …]]
        > XINFO GROUPS s
        [["name" "g" "consumers" 3 "pending" 2 "last-delivered-id" "4-1" "entries-read" 4 "lag"
        |  0]]
        > XGROUP SETID s g 1-1
        OK
        > XREADGROUP GROUP g two STREAMS s s > >
        [["s" [["3-1" ["a" "3"]] ["4-1" ["a" "4"]]]]]
        > XPENDING s g - + 10
        [["2-1" "one" … 3] ["3-1" "two" … 1] ["4-1" "two" … 1]]
        > XREADGROUP GROUP g two STREAMS s 18446744073709551615-18446744073709551615
        (nil array)
        "#,
    );
}

#[test]
fn a_wrong_read_of_a_group_is_refused() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g two STREAMS s >
        [["s" [["1-1" ["a" "1"]]]]]
        > XREADGROUP GROUP nosuch two STREAMS s >
        !NOGROUP No such key 's' or consumer group 'nosuch' in XREADGROUP with GROUP option
        > XREADGROUP GROUP g two STREAMS s nosuch > >
        !NOGROUP No such key 'nosuch' or consumer group 'g' in XREADGROUP with GROUP option
        > XREADGROUP GROUP g two STREAMS s $
        !ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history
        |  of this consumer by specifying a proper ID, or use the > ID to get new messages. The
        |  $ ID would just return an empty result set.
        > XREADGROUP GROUP g two STREAMS s +
        !ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history
        |  of this consumer by specifying a proper ID, or use the > ID to get new messages. The
        |  + ID would just return an empty result set.
        > XREADGROUP GROUP g two STREAMS s -
        !ERR Invalid stream ID specified as stream command argument
        > XREADGROUP GROUP g two STREAMS s nosuch >
        !ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be
        |  specified.
        > XREADGROUP COUNT 1 NOACK BLOCK 1 STREAMS s >
        !ERR Missing GROUP option for XREADGROUP
        > XREADGROUP GROUP g two COUNT 1 nosuch s
        !ERR syntax error
        > SET string x
        OK
        > XREADGROUP GROUP g two STREAMS string >
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > XREADGROUP GROUP g two STREAMS s 0
        {"s": [["1-1" ["a" "1"]]]}
        > XREADGROUP GROUP g two STREAMS s >
        (null)
        > XINFO CONSUMERS s g
        [{"name": "two", "pending": 1, "idle": …, "inactive": …}]
        "#,
    );
}

#[test]
fn the_lag_of_a_group_is_told_while_it_can_be_known() {
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
        > XADD s 5-1 a 5
        "5-1"
        > XGROUP CREATE s g 0
        OK
        > XGROUP CREATE s middle 2-1
        OK
        > XGROUP CREATE s end $
        OK
        > XINFO GROUPS s
        [["name" "end" "consumers" 0 "pending" 0 "last-delivered-id" "5-1" "entries-read" (nil)
        |  "lag" 0] ["name" "g" "consumers" 0 "pending" 0 "last-delivered-id" "0-0"
        |  "entries-read" (nil) "lag" 5] ["name" "middle" "consumers" 0 "pending" 0
        |  "last-delivered-id" "2-1" "entries-read" (nil) "lag" (nil)]]
        > XREADGROUP GROUP g c COUNT 1 STREAMS s >
        [["s" [["1-1" ["a" "1"]]]]]
        > XREADGROUP GROUP middle c COUNT 1 STREAMS s >
        [["s" [["3-1" ["a" "3"]]]]]
        > XINFO GROUPS s
        [["name" "end" "consumers" 0 "pending" 0 "last-delivered-id" "5-1" "entries-read" (nil)
        |  "lag" 0] ["name" "g" "consumers" 1 "pending" 1 "last-delivered-id" "1-1"
        |  "entries-read" 1 "lag" 4] ["name" "middle" "consumers" 1 "pending" 1
        |  "last-delivered-id" "3-1" "entries-read" (nil) "lag" (nil)]]
        > XDEL s 4-1
        1
        > XINFO GROUPS s
        [["name" "end" "consumers" 0 "pending" 0 "last-delivered-id" "5-1" "entries-read" (nil)
        |  "lag" 0] ["name" "g" "consumers" 1 "pending" 1 "last-delivered-id" "1-1"
        |  "entries-read" 1 "lag" (nil)] ["name" "middle" "consumers" 1 "pending" 1
        |  "last-delivered-id" "3-1" "entries-read" (nil) "lag" (nil)]]
        > XREADGROUP GROUP g c COUNT 1 STREAMS s >
        [["s" [["2-1" ["a" "2"]]]]]
        > XINFO GROUPS s
        [["name" "end" "consumers" 0 "pending" 0 "last-delivered-id" "5-1" "entries-read" (nil)
        |  "lag" 0] ["name" "g" "consumers" 1 "pending" 2 "last-delivered-id" "2-1"
        |  "entries-read" (nil) "lag" (nil)] ["name" "middle" "consumers" 1 "pending" 1
        |  "last-delivered-id" "3-1" "entries-read" (nil) "lag" (nil)]]
        "#,
    );
}

#[test]
fn the_lag_is_known_again_at_the_end() {
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
        > XREADGROUP GROUP g c COUNT 1 STREAMS s >
        [["s" [["1-1" ["a" "1"]]]]]
        > XDEL s 3-1
        1
        > XINFO GROUPS s
        [["name" "g" "consumers" 1 "pending" 1 "last-delivered-id" "1-1" "entries-read" 1 "lag"
        |  (nil)]]
        > XREADGROUP GROUP g c STREAMS s >
        [["s" [["2-1" ["a" "2"]] ["4-1" ["a" "4"]]]]]
        > XINFO GROUPS s
        [["name" "g" "consumers" 1 "pending" 3 "last-delivered-id" "4-1" "entries-read" 4 "lag"
        |  0]]
        > XTRIM s MAXLEN 1
        2
        > XINFO GROUPS s
        [["name" "g" "consumers" 1 "pending" 3 "last-delivered-id" "4-1" "entries-read" 4 "lag"
        |  0]]
        > XTRIM s MAXLEN 0
        1
        > XINFO GROUPS s
        [["name" "g" "consumers" 1 "pending" 3 "last-delivered-id" "4-1" "entries-read" 4 "lag"
        |  0]]
        > XADD s 9-1 a 9
        "9-1"
        > XINFO GROUPS s
        [["name" "g" "consumers" 1 "pending" 3 "last-delivered-id" "4-1" "entries-read" 4 "lag"
        |  1]]
        "#,
    );
}
