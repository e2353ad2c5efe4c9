//! Transcripts of streams: their past, what is told of them, and what goes for any key.

use super::check;

#[test]
fn the_past_of_a_stream_is_set() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XSETID s 5-1
        OK
        > XADD s 5-1 a 1
        !ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XSETID s 2-1 ENTRIESADDED 7 MAXDELETEDID 1-5
        OK
        > XINFO STREAM s
        ["length" 2 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "2-1"
        |  "max-deleted-entry-id" "1-5" "entries-added" 7 "recorded-first-entry-id" "1-1"
        |  "groups" 0 "first-entry" ["1-1" ["a" "1"]] "last-entry" ["2-1" ["a" "2"]]]
        > XSETID s 1-4
        !ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
        > XSETID s 1-6
        !ERR The ID specified in XSETID is smaller than the target stream top item
        > XSETID s 3-1 ENTRIESADDED 1
        !ERR The entries_added specified in XSETID is smaller than the target stream length
        > XSETID s 3-1 ENTRIESADDED -1
        !ERR entries_added must be positive
        > XSETID s 3-1 ENTRIESADDED x
        !ERR value is not an integer or out of range
        > XSETID s 3-1 MAXDELETEDID 4-1
        !ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
        > XSETID s 3-1 MAXDELETEDID x
        !ERR Invalid stream ID specified as stream command argument
        > XSETID s 3-1 NOSUCH 1
        !ERR syntax error
        > XSETID s 3-1 ENTRIESADDED
        !ERR syntax error
        > XSETID s x
        !ERR Invalid stream ID specified as stream command argument
        > XSETID s -
        !ERR Invalid stream ID specified as stream command argument
        > XSETID nosuch 1
        !ERR no such key
        > SET string x
        OK
        > XSETID string 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn streams_are_described() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2 b 3
        "2-1"
        > XADD s 3-1 a 3
        "3-1"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g one COUNT 2 STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2" "b" "3"]]]]]
        > XGROUP CREATECONSUMER s g two
        1
        > XINFO STREAM s
        ["length" 3 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "3-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 3 "recorded-first-entry-id" "1-1"
        |  "groups" 1 "first-entry" ["1-1" ["a" "1"]] "last-entry" ["3-1" ["a" "3"]]]
        > XINFO STREAM s FULL
        ["length" 3 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "3-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 3 "recorded-first-entry-id" "1-1"
        |  "entries" [["1-1" ["a" "1"]] ["2-1" ["a" "2" "b" "3"]] ["3-1" ["a" "3"]]] "groups"
        |  [["name" "g" "last-delivered-id" "2-1" "entries-read" 2 "lag" 1 "pel-count" 2
        |  "pending" [["1-1" "one" … 1] ["2-1" "one" … 1]] "consumers" [["name" "one"
        |  "seen-time" … "active-time" … "pel-count" 2 "pending" [["1-1" … 1] ["2-1" … 1]]]
        |  ["name" "two" "seen-time" … "active-time" -1 "pel-count" 0 "pending" []]]]]]
        > XINFO STREAM s FULL COUNT 1
        ["length" 3 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "3-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 3 "recorded-first-entry-id" "1-1"
        |  "entries" [["1-1" ["a" "1"]]] "groups" [["name" "g" "last-delivered-id" "2-1"
        |  "entries-read" 2 "lag" 1 "pel-count" 2 "pending" [["1-1" "one" … 1]] "consumers"
        |  [["name" "one" "seen-time" … "active-time" … "pel-count" 2 "pending" [["1-1" … 1]]]
        |  ["name" "two" "seen-time" … "active-time" -1 "pel-count" 0 "pending" []]]]]]
        > XINFO STREAM s FULL COUNT 0
        ["length" 3 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "3-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 3 "recorded-first-entry-id" "1-1"
        |  "entries" [["1-1" ["a" "1"]] ["2-1" ["a" "2" "b" "3"]] ["3-1" ["a" "3"]]] "groups"
        |  [["name" "g" "last-delivered-id" "2-1" "entries-read" 2 "lag" 1 "pel-count" 2
        |  "pending" [["1-1" "one" … 1] ["2-1" "one" … 1]] "consumers" [["name" "one"
        |  "seen-time" … "active-time" … "pel-count" 2 "pending" [["1-1" … 1] ["2-1" … 1]]]
        |  ["name" "two" "seen-time" … "active-time" -1 "pel-count" 0 "pending" []]]]]]
        "#,
    );
}

#[test]
fn a_wrong_question_for_a_stream_is_refused() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XGROUP CREATE s g 0
        OK
        > XINFO STREAM s FULL COUNT -1
        ["length" 1 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "1-1"
        |  "max-deleted-entry-id" "0-0" "entries-added" 1 "recorded-first-entry-id" "1-1"
        |  "entries" [["1-1" ["a" "1"]]] "groups" [["name" "g" "last-delivered-id" "0-0"
        |  "entries-read" (nil) "lag" 1 "pel-count" 0 "pending" [] "consumers" []]]]
        > XINFO STREAM s FULL COUNT x
        !ERR value is not an integer or out of range
        > XINFO STREAM s FULL COUNT
        !ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        > XINFO STREAM s FULL NOSUCH 1
        !ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        > XINFO STREAM s NOSUCH
        !ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        > XINFO STREAM nosuch
        !ERR no such key
        > XINFO GROUPS nosuch
        !ERR no such key
        > XINFO CONSUMERS nosuch g
        !ERR no such key
        > XINFO CONSUMERS s nosuch
        !NOGROUP No such consumer group 'nosuch' for key name 's'
        > XINFO NOSUCH s
        !ERR unknown subcommand 'NOSUCH'. Try XINFO HELP.
        "#,
    );
}

#[test]
fn streams_are_described_in_both_protocols() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XADD s 2-1 a 2
        "2-1"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g one COUNT 2 STREAMS s >
        [["s" [["1-1" ["a" "1"]] ["2-1" ["a" "2"]]]]]
        > XGROUP CREATE empty g $ MKSTREAM
        OK
        > XINFO STREAM empty
        ["length" 0 "radix-tree-keys" 0 "radix-tree-nodes" 1 "last-generated-id" "0-0"
        |  "max-deleted-entry-id" "0-0" "entries-added" 0 "recorded-first-entry-id" "0-0"
        |  "groups" 1 "first-entry" (nil) "last-entry" (nil)]
        > XINFO STREAM empty FULL
        ["length" 0 "radix-tree-keys" 0 "radix-tree-nodes" 1 "last-generated-id" "0-0"
        |  "max-deleted-entry-id" "0-0" "entries-added" 0 "recorded-first-entry-id" "0-0"
        |  "entries" [] "groups" [["name" "g" "last-delivered-id" "0-0" "entries-read" (nil)
        |  "lag" 0 "pel-count" 0 "pending" [] "consumers" []]]]
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > XINFO STREAM s
        {"length": 2, "radix-tree-keys": 1, "radix-tree-nodes": 2, "last-generated-id": "2-1",
        |  "max-deleted-entry-id": "0-0", "entries-added": 2, "recorded-first-entry-id": "1-1",
        |  "groups": 1, "first-entry": ["1-1" ["a" "1"]], "last-entry": ["2-1" ["a" "2"]]}
        > XINFO STREAM empty
        {"length": 0, "radix-tree-keys": 0, "radix-tree-nodes": 1, "last-generated-id": "0-0",
        |  "max-deleted-entry-id": "0-0", "entries-added": 0, "recorded-first-entry-id": "0-0",
        |  "groups": 1, "first-entry": (null), "last-entry": (null)}
        > XINFO STREAM s FULL COUNT 1
        {"length": 2, "radix-tree-keys": 1, "radix-tree-nodes": 2, "last-generated-id": "2-1",
        |  "max-deleted-entry-id": "0-0", "entries-added": 2, "recorded-first-entry-id": "1-1",
        |  "entries": [["1-1" ["a" "1"]]], "groups": [{"name": "g", "last-delivered-id": "2-1",
        |  "entries-read": 2, "lag": 0, "pel-count": 2, "pending": [["1-1" "one" … 1]],
        |  "consumers": [{"name": "one", "seen-time": …, "active-time": …, "pel-count": 2,
        |  "pending": [["1-1" … 1]]}]}]}
        > XINFO GROUPS s
        [{"name": "g", "consumers": 1, "pending": 2, "last-delivered-id": "2-1", "entries-read":
        |  2, "lag": 0}]
        > SET string x
        OK
        > XINFO STREAM string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XINFO GROUPS string
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > XINFO CONSUMERS string g
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn streams_move_and_are_copied_with_their_groups() {
    check(
        r#"
        > XADD s 1-1 a 1
        "1-1"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g one STREAMS s >
        [["s" [["1-1" ["a" "1"]]]]]
        > COPY s t
        1
        > XACK s g 1-1
        1
        > XPENDING t g
        [1 "1-1" "1-1" [["one" "1"]]]
        > XDEL t 1-1
        1
        > XRANGE s - +
        [["1-1" ["a" "1"]]]
        > RENAME t u
        OK
        > XINFO GROUPS u
        [["name" "g" "consumers" 1 "pending" 1 "last-delivered-id" "1-1" "entries-read" 1 "lag"
        |  0]]
        > MOVE u 1
        1
        > EXISTS u
        0
        > DEBUG DIGEST-VALUE s
        [e63bcb852a375e66ef47d37f2575bc03f71e7ecd]
        > SCAN 0 TYPE stream
        ["0" ["s"]]
        > XADD u 1-1 a 1
        "1-1"
        > COPY s u REPLACE
        1
        > XINFO GROUPS u
        [["name" "g" "consumers" 1 "pending" 0 "last-delivered-id" "1-1" "entries-read" 1 "lag"
        |  0]]
        > DEL s
        1
        > XREADGROUP GROUP g one STREAMS u 0
        [["u" []]]
        "#,
    );
}

#[test]
fn keys_of_stream_commands_are_found() {
    check(
        r#"
        > COMMAND GETKEYS XREAD COUNT 1 STREAMS a b 1 2
        ["a" "b"]
        > COMMAND GETKEYS XREAD COUNT 1 STREAMS a b 1
        ["a"]
        > COMMAND GETKEYS XREAD COUNT STREAMS STREAMS a 1
        ["STREAMS"]
        > COMMAND GETKEYS XREADGROUP GROUP streams c STREAMS k >
        ["k"]
        > COMMAND GETKEYS XREADGROUP GROUP g c STREAMS STREAMS k >
        ["STREAMS"]
        > COMMAND GETKEYS XREADGROUP STREAMS k > GROUP g c
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYS XREAD COUNT 1 STREAMS
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYS XREAD FOO BAR BAZ
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYSANDFLAGS XREADGROUP GROUP g c STREAMS a >
        [["a" [RO access]]]
        > COMMAND GETKEYS XGROUP CREATE k g $
        ["k"]
        > COMMAND GETKEYS XGROUP HELP
        !ERR The command has no key arguments
        > COMMAND GETKEYS XINFO STREAM k
        ["k"]
        > COMMAND GETKEYSANDFLAGS XADD k * a 1
        [["k" [RW update]]]
        "#,
    );
}

#[test]
fn the_groups_of_commands_explain_themselves() {
    check(
        r#"
        > XGROUP HELP
        [XGROUP <subcommand>…]
        > XINFO HELP
        [XINFO <subcommand>…]
        > XGROUP
        !ERR wrong number of arguments for 'xgroup' command
        > XINFO
        !ERR wrong number of arguments for 'xinfo' command
        "#,
    );
}
