//! Transcripts of COMMAND, which reads the command table.

use super::check;

#[test]
fn commands_are_counted_and_listed() {
    check(
        r#"
        > COMMAND COUNT
        …
        > COMMAND COUNT x
        !ERR wrong number of arguments for 'command|count' command
        > COMMAND LIST FILTERBY PATTERN hle?
        ["hlen"]
        > COMMAND LIST FILTERBY PATTERN nosuch
        []
        > COMMAND LIST FILTERBY ACLCAT nosuch
        []
        > COMMAND LIST FILTERBY MODULE nosuch
        []
        > COMMAND LIST FILTERBY BOGUS x
        !ERR syntax error
        > COMMAND LIST FILTERBY
        !ERR syntax error
        > COMMAND LIST BOGUS
        !ERR syntax error
        > COMMAND NOSUCH
        !ERR unknown subcommand 'NOSUCH'. Try COMMAND HELP.
        > COMMAND HELP
        [COMMAND <subcommand>…]
        "#,
    );
}

#[test]
fn command_info_is_read_off_the_table() {
    check(
        r#"
        > COMMAND INFO get
        [["get" 2 [readonly fast] 1 1 1 [@read @string @fast] [] [["flags" [RO access]
        |  "begin_search" ["type" "index" "spec" ["index" 1]] "find_keys" ["type" "range" "spec"
        |  ["lastkey" 0 "keystep" 1 "limit" 0]]]] []]]
        > COMMAND INFO GET nosuch
        [["get" 2 [readonly fast] 1 1 1 [@read @string @fast] [] [["flags" [RO access]
        |  "begin_search" ["type" "index" "spec" ["index" 1]] "find_keys" ["type" "range" "spec"
        |  ["lastkey" 0 "keystep" 1 "limit" 0]]]] []] (nil)]
        > COMMAND INFO hset mset
        [["hset" -4 [write denyoom fast] 1 1 1 [@write @hash @fast] [] [["flags" [RW update]
        |  "begin_search" ["type" "index" "spec" ["index" 1]] "find_keys" ["type" "range" "spec"
        |  ["lastkey" 0 "keystep" 1 "limit" 0]]]] []] ["mset" -3 [write denyoom] 1 -1 2 [@write
        |  @string @slow] ["request_policy:multi_shard" "response_policy:all_succeeded"]
        |  [["flags" [OW update] "begin_search" ["type" "index" "spec" ["index" 1]] "find_keys"
        |  ["type" "range" "spec" ["lastkey" -1 "keystep" 2 "limit" 0]]]] []]]
        > COMMAND INFO config|get
        [["config|get" -3 [admin noscript loading stale] 0 0 0 [@admin @slow @dangerous] [] []
        |  []]]
        > COMMAND INFO config|nosuch
        [(nil)]
        > COMMAND INFO get|nosuch
        [(nil)]
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > COMMAND INFO get
        [["get" 2 <readonly fast> 1 1 1 <@read @string @fast> <> <{"flags": <RO access>,
        |  "begin_search": {"type": "index", "spec": {"index": 1}}, "find_keys": {"type":
        |  "range", "spec": {"lastkey": 0, "keystep": 1, "limit": 0}}}> <>]]
        "#,
    );
}

#[test]
fn keys_are_found_in_a_command_line() {
    check(
        r#"
        > COMMAND GETKEYS GET k
        ["k"]
        > COMMAND GETKEYS MSET a 1 b 2
        ["a" "b"]
        > COMMAND GETKEYS MSET a 1 b
        ["a" "b"]
        > COMMAND GETKEYS DEL a b c
        ["a" "b" "c"]
        > COMMAND GETKEYS COPY a b
        ["a" "b"]
        > COMMAND GETKEYS OBJECT ENCODING k
        ["k"]
        > COMMAND GETKEYS MEMORY USAGE k
        ["k"]
        > COMMAND GETKEYS LCS a b
        ["a" "b"]
        > COMMAND GETKEYS PING
        !ERR The command has no key arguments
        > COMMAND GETKEYS GET
        !ERR Invalid number of arguments specified for command
        > COMMAND GETKEYS NOSUCH x
        !ERR Invalid command specified
        > COMMAND GETKEYS
        !ERR wrong number of arguments for 'command|getkeys' command
        > COMMAND GETKEYSANDFLAGS GET k
        [["k" [RO access]]]
        > COMMAND GETKEYSANDFLAGS SET k v
        [["k" [OW update]]]
        > COMMAND GETKEYSANDFLAGS SET k v GET
        [["k" [RW access update]]]
        > COMMAND GETKEYSANDFLAGS MSET a 1 b 2
        [["a" [OW update]] ["b" [OW update]]]
        > COMMAND GETKEYSANDFLAGS COPY a b
        [["a" [RO access]] ["b" [OW update]]]
        > COMMAND GETKEYSANDFLAGS RENAME a b
        [["a" [RW access delete]] ["b" [OW update]]]
        > COMMAND GETKEYSANDFLAGS DEL a b
        [["a" [RM delete]] ["b" [RM delete]]]
        > COMMAND GETKEYSANDFLAGS GETDEL k
        [["k" [RW access delete]]]
        > COMMAND GETKEYSANDFLAGS INCR k
        [["k" [RW access update]]]
        > COMMAND GETKEYSANDFLAGS HSET k f v
        [["k" [RW update]]]
        > COMMAND GETKEYSANDFLAGS PING
        !ERR The command has no key arguments
        "#,
    );
}

#[test]
fn docs_describe_a_command() {
    check(
        r#"
        > COMMAND DOCS nosuch
        []
        > COMMAND DOCS get
        ["get" ["summary" "…" "since" "1.0.0" "group" "string" "complexity" "…" "arguments"
        |  [["name" "key" "type" "key" "display_text" "key" "key_spec_index" 0]]]]
        > COMMAND DOCS hset
        ["hset" ["summary" "…" "since" "2.0.0" "group" "hash" "complexity" "…" …"arguments"
        |  [["name" "key" "type" "key" "display_text" "key" "key_spec_index" 0] ["name" "…"
        |  "type" "block"…"flags" [multiple]…"arguments" [["name" "field" "type" "string"…]
        |  ["name" "value" "type" "string"…]]]]]]
        > COMMAND DOCS set
        ["set" ["summary" "…" "since" "1.0.0" "group" "string" "complexity" "…" …"arguments"
        |  [["name" "key" "type" "key"…"key_spec_index" 0] ["name" "value" "type" "string"…]
        |  …"oneof"…"token" "NX"…"token" "XX"…"token" "IFEQ"…"token" "GET"…"token" "EX"…"token"
        |  "PX"…"token" "EXAT"…"token" "PXAT"…"token" "KEEPTTL"…]]
        > COMMAND DOCS get|x
        []
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > COMMAND DOCS get
        {"get": {"summary": "…", "since": "1.0.0", "group": "string", "complexity": "…",
        |  "arguments": [{"name": "key", "type": "key", "display_text": "key", "key_spec_index":
        |  0}]}}
        > COMMAND DOCS config|get
        {"config|get": {"summary": "…", "since": "2.0.0", "group": "server", "complexity":
        |  "…"…"arguments": [{"name": "…", "type": "string"…"flags": <multiple>}]}}
        "#,
    );
}
