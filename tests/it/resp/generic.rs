//! Transcripts of the generic family: keys and databases.

use super::check;

#[test]
fn del_unlink_exists_and_touch_count_keys() {
    check(
        r#"
        > MSET a 1 b 2 c 3
        OK
        > EXISTS a b nosuch a
        3
        > TOUCH a b nosuch
        2
        > DEL a nosuch
        1
        > UNLINK b b
        1
        > DEL nosuch
        0
        > DBSIZE
        1
        > TYPE c
        string
        > TYPE nosuch
        none
        > HSET h f v
        1
        > TYPE h
        hash
        > DEL
        !ERR wrong number of arguments for 'del' command
        > UNLINK
        !ERR wrong number of arguments for 'unlink' command
        > EXISTS
        !ERR wrong number of arguments for 'exists' command
        > TOUCH
        !ERR wrong number of arguments for 'touch' command
        > TYPE
        !ERR wrong number of arguments for 'type' command
        "#,
    );
}

#[test]
fn keys_are_listed_by_pattern() {
    check(
        r#"
        > KEYS *
        []
        > SET one 1
        OK
        > KEYS o?e
        ["one"]
        > KEYS o[mn]e
        ["one"]
        > KEYS o[^mn]e
        []
        > KEYS o[a-z]e
        ["one"]
        > KEYS *n*
        ["one"]
        > KEYS "\\one"
        ["one"]
        > KEYS "o\\ne"
        ["one"]
        > KEYS x*
        []
        > KEYS one*
        ["one"]
        > KEYS "*e"
        ["one"]
        > SET "[x]" 1
        OK
        > KEYS "\\[x\\]"
        ["[x]"]
        > KEYS "[[]x[]]"
        []
        > KEYS "[[]*"
        ["[x]"]
        > RANDOMKEY
        "…"
        > DEL "[x]"
        1
        > RANDOMKEY
        "…"
        > DEL one
        1
        > RANDOMKEY
        (nil)
        > KEYS
        !ERR wrong number of arguments for 'keys' command
        "#,
    );
}

#[test]
fn scan_walks_the_whole_database() {
    check(
        r#"
        > SCAN 0
        ["0" []]
        > SET one 1
        OK
        > SCAN 0
        ["0" ["one"]]
        > SCAN 0 MATCH o*
        ["0" ["one"]]
        > SCAN 0 MATCH x*
        ["0" []]
        > SCAN 0 TYPE string
        ["0" ["one"]]
        > SCAN 0 TYPE hash
        ["0" []]
        > SCAN 0 TYPE nosuch
        !ERR unknown type name 'nosuch'
        > SCAN 0 COUNT 10 MATCH one TYPE STRING
        ["0" ["one"]]
        > SCAN 0 COUNT 0
        !ERR syntax error
        > SCAN 0 COUNT -1
        !ERR syntax error
        > SCAN 0 COUNT x
        !ERR value is not an integer or out of range
        > SCAN x
        !ERR invalid cursor
        > SCAN -1
        !ERR invalid cursor
        > SCAN 0 MATCH
        !ERR syntax error
        > SCAN 0 BOGUS x
        !ERR syntax error
        > SCAN
        !ERR wrong number of arguments for 'scan' command
        "#,
    );
}

#[test]
fn object_tells_encodings_and_ages() {
    check(
        r#"
        > SET k v
        OK
        > OBJECT ENCODING k
        "embstr"
        > OBJECT ENCODING nosuch
        (nil)
        > OBJECT REFCOUNT k
        1
        > OBJECT REFCOUNT nosuch
        (nil)
        > OBJECT IDLETIME k
        0
        > OBJECT IDLETIME nosuch
        (nil)
        > OBJECT FREQ k
        !ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note
        |  that when switching between policies at runtime LRU and LFU data will take some time
        |  to adjust.
        > OBJECT FREQ nosuch
        (nil)
        > OBJECT NOSUCH k
        !ERR unknown subcommand 'NOSUCH'. Try OBJECT HELP.
        > OBJECT ENCODING
        !ERR wrong number of arguments for 'object|encoding' command
        > OBJECT ENCODING a b
        !ERR wrong number of arguments for 'object|encoding' command
        > OBJECT
        !ERR wrong number of arguments for 'object' command
        > OBJECT HELP
        [OBJECT <subcommand>…]
        "#,
    );
}

#[test]
fn databases_are_apart() {
    check(
        r#"
        > SET k zero
        OK
        > SELECT 1
        OK
        > EXISTS k
        0
        > SET k one
        OK
        > DBSIZE
        1
        > SWAPDB 0 1
        OK
        > GET k
        "zero"
        > SELECT 0
        OK
        > GET k
        "one"
        > FLUSHDB
        OK
        > DBSIZE
        0
        > SELECT 1
        OK
        > DBSIZE
        1
        > FLUSHALL
        OK
        > DBSIZE
        0
        > SELECT 15
        OK
        > SELECT 16
        !ERR DB index is out of range
        > SELECT -1
        !ERR DB index is out of range
        > SELECT x
        !ERR value is not an integer or out of range
        > SELECT 9223372036854775808
        !ERR value is not an integer or out of range
        > SWAPDB 0 16
        !ERR DB index is out of range
        > SWAPDB x 1
        !ERR invalid first DB index
        > SWAPDB 1 x
        !ERR invalid second DB index
        > SWAPDB 1
        !ERR wrong number of arguments for 'swapdb' command
        "#,
    );
}
