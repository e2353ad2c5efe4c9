//! Transcripts of DUMP and RESTORE.

use super::{check, check_redis};

#[test]
fn dump_writes_what_valkey_writes() {
    check(
        r#"
        > SET s text
        OK
        > DUMP s
        "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8"
        > SET n -300
        OK
        > DUMP n
        "\x00\xc1\xd4\xfe\x0b\x00\xaf\x1b;P\x03!7\xa7"
        > SET l xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        | xxxxxxxxxxxxxxxxxx
        OK
        > DUMP l
        "\x00\xc3\t@d\x01xx\xe0W\x00\x01xx\x0b\x004hK\x10F\x97\x8b\xd6"
        > RPUSH list a 1 bbb
        3
        > DUMP list
        "\x12\x01\x02\x11\x11\x00\x00\x00\x03\x00\x81a\x02\x01\x01\x83bbb\x04\xff\x0b\x00\xe0\xda@
        | 2X\xee\x9aZ"
        > SADD ints 1 2 70000
        3
        > DUMP ints
        "\x0b\x14\x04\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00p\x11\x01\x00\x0b
        | \x00\xec\n|u\xa6\x829\xdc"
        > SADD set a b
        2
        > DUMP set
        "\x14\r\r\x00\x00\x00\x02\x00\x81a\x02\x81b\x02\xff\x0b\x00\n\xec\n\xb4I\xa3\xd6T"
        > ZADD z 1.5 a 2 b
        2
        > DUMP z
        "\x11\x14\x14\x00\x00\x00\x04\x00\x81a\x02\x831.5\x04\x81b\x02\x02\x01\xff\x0b\x00\x93\xdd
        | \tVR\x87n\xea"
        > HSET h f v g 7
        2
        > DUMP h
        "\x10\x12\x12\x00\x00\x00\x04\x00\x81f\x02\x81v\x02\x81g\x02\x07\x01\xff\x0b\x00\x0e\xd0
        | \xce\xc9\x998\x1b+"
        > XADD x 1-1 f v
        "1-1"
        > DUMP x
        "\x15\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x1d\x1d\x00
        | \x00\x00\n\x00\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02
        | \x04\x01\xff\x01\x01\x01\x01\x01\x00\x00\x01\x00\x0b\x00\xe5Z\xac\xd2\xa8\x04\x8cs"
        > DUMP nosuch
        (nil)
        "#,
    );
}

#[test]
fn restore_gives_a_key_what_was_dumped() {
    check(
        r#"
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8"
        OK
        > GET k
        "text"
        > TTL k
        -1
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8"
        !BUSYKEY Target key name already exists.
        > RESTORE k 0 junk
        !BUSYKEY Target key name already exists.
        > RESTORE k 100000 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" REPLACE
        OK
        > TTL k
        100
        > RESTORE k 4102444800000 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" replace absttl
        OK
        > PEXPIRETIME k
        4102444800000
        > RESTORE k 1 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" REPLACE ABSTTL
        OK
        > EXISTS k
        0
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" IDLETIME 1000
        OK
        > OBJECT IDLETIME k
        1000
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" FREQ 255 REPLACE
        OK
        > OBJECT IDLETIME k
        0
        > RESTORE-ASKING k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" REPLACE
        OK
        > RESTORE-ASKING k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8"
        !BUSYKEY Target key name already exists.
        > DEL k
        1
        "#,
    );
}

#[test]
fn restore_refuses_what_is_no_payload() {
    check(
        r#"
        > SET k v
        OK
        > RESTORE k -1 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8"
        !BUSYKEY Target key name already exists.
        > RESTORE k -1 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" REPLACE
        !ERR Invalid TTL value, must be >= 0
        > RESTORE k x "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" REPLACE
        !ERR value is not an integer or out of range
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" REPLACE IDLETIME
        !ERR syntax error
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" IDLETIME -1
        !ERR Invalid IDLETIME value, must be >= 0
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" IDLETIME x
        !ERR value is not an integer or out of range
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" FREQ 256
        !ERR Invalid FREQ value, must be >= 0 and <= 255
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" FREQ -1
        !ERR Invalid FREQ value, must be >= 0 and <= 255
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" FREQ 1 IDLETIME 1
        !ERR syntax error
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" IDLETIME 1 FREQ 1
        !ERR syntax error
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L\xb8" NX
        !ERR syntax error
        > RESTORE k 0
        !ERR wrong number of arguments for 'restore' command
        > RESTORE k 0 ""
        !BUSYKEY Target key name already exists.
        > DEL k
        1
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15,\x9b\x1e7*L!"
        !ERR DUMP payload version or checksum are wrong
        > RESTORE k 0 "\x00\x04text\xbc\x02\xc2\n\xa4\xc9\x9d\xce\x08?"
        !ERR DUMP payload version or checksum are wrong
        > RESTORE k 0 "\x00\x04text\x0b\x00\x15"
        !ERR DUMP payload version or checksum are wrong
        > RESTORE k 0 "\x0b\x004D\xe13\xf2\xe0KS"
        !ERR Bad data format
        > RESTORE k 0 "\x00?text\x0b\x00\xab\xf9D\xb7\x03s\x8a/"
        !ERR Bad data format
        > RESTORE k 0 "\x08\x04text\x0b\x00^\x9dv\r\xca\x0c\xfdS"
        !ERR Bad data format
        > RESTORE k 0 "\x01\x00\x0b\x002'\x98\xbf\x91\x88\xaa\xdf"
        !ERR Bad data format
        > RESTORE k 0 "\x02\x02\x01a\x01a\x0b\x00>a\xcb\\?I\xbb\xb3"
        !ERR Bad data format
        > RESTORE k 0 "\x05\x01\x01a\x00\x00\x00\x00\x00\x00\xf8\x7f\x0b\x00\x99&\x94\xda\xfb\xcb
        | \xb0\xae"
        !ERR Bad data format
        > RESTORE k 0 "\x04\x81\xff\xff\xff\xff\xff\xff\xff\xff\x0b\x00z\x07\x9bg\x07\xa2\xff\x9d"
        !ERR Bad data format
        > RESTORE k 0 "\x00\xc3\x04\x80\x7f\xff\xff\xff\x00a\x00b\x0b\x00\x0fp\xdb\x9f\xa7\xb9\x10
        | N"
        !ERR Bad data format
        > EXISTS k
        0
        "#,
    );
}

/// Every encoding since Redis 2.8.
#[test]
fn strings_and_lists_of_old_servers_are_read() {
    check(
        r#"
        > RESTORE k 0 "\x00\x04text\x06\x00\xea\x1eN\xed?\xe0\x99\xa2" REPLACE
        OK
        > GET k
        "text"
        > OBJECT ENCODING k
        "embstr"
        > RESTORE k 0 "\x00\xc1\x18\xfc\x06\x00\xd0\xef]\xde\x85wf\x03" REPLACE
        OK
        > GET k
        "-1000"
        > OBJECT ENCODING k
        "int"
        > RESTORE k 0 "\x00\xc3\x06@f\x01aa\xe0[\x00\x06\x00@~i0\xc1\x9e\x9b\xfe" REPLACE
        OK
        > GET k
        "<a*102>"
        > OBJECT ENCODING k
        "raw"
        > RESTORE k 0 "\x01\x03\x01a\xc0\x07\x01c\x06\x00\x85]\xb8\xb9S:\xd5\x88" REPLACE
        OK
        > LRANGE k 0 -1
        ["a" "7" "c"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\n@yy\x00\x00\x00/\x00\x00\x00\t\x00\x00\x03one\x05\xf1\x02\xfd\x02\xfe\xff
        | \x03\xc0\xc8\x00\x04\xf0\xc0c\xff\x05\xd0@T\x89\x00\x06\xe0\x00\xa2/M\xff\xff\xff\xff\n@
        | F<x*70>\xff\x06\x00V\x04y\xf4h)\x02c" REPLACE
        OK
        > LRANGE k 0 -1
        ["one" "0" "12" "-1" "200" "-40000" "9000000" "-3000000000" "<x*70>"]
        > OBJECT ENCODING k
        "quicklist"
        > RESTORE k 0 "\x0e\x02\x10\x10\x00\x00\x00\r\x00\x00\x00\x02\x00\x00\x01a\x03\xf2\xffA
        | \x1d\x1d\x01\x00\x00\x18\x01\x00\x00\x03\x00\x00A\x04<b*260>\xfe\x07\x01\x00\x00\x01c
        | \x07\xc0,\x01\xff\x07\x00?\x00\x83\x13\x8a\xbf\x0c}" REPLACE
        OK
        > LRANGE k 0 -1
        ["a" "1" "<b*260>" "c" "300"]
        > OBJECT ENCODING k
        "quicklist"
        "#,
    );
}

#[test]
fn sets_and_hashes_of_old_servers_are_read() {
    check(
        r#"
        > RESTORE k 0 "\x02\x02\x01a\x01b\x06\x00h\x89I\xa5\x1eV\x01\x9e" REPLACE
        OK
        > SMEMBERS k
        ["a" "b"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\x0b\x14\x04\x00\x00\x00\x03\x00\x00\x00\xfb\xff\xff\xff\x01\x00\x00\x00p
        | \x11\x01\x00\x06\x00\x10M\xd3O\xcfw\xd1\xb6" REPLACE
        OK
        > SMEMBERS k
        ["-5" "1" "70000"]
        > OBJECT ENCODING k
        "intset"
        > RESTORE k 0 "\x03\x04\x01a\x011\x01b\x042.25\x01c\xfe\x01d\xff\x06\x00Fx\xb2\x1f\xd3B
        | \xdcl" REPLACE
        OK
        > ZRANGE k 0 -1 WITHSCORES
        ["d" "-inf" "a" "1" "b" "2.25" "c" "inf"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\x0c\x18\x18\x00\x00\x00\x12\x00\x00\x00\x04\x00\x00\x01a\x03\xf2\x02\x01b
        | \x03\x031.5\xff\x06\x00]\x9c\xce\xf0\xa8(l+" REPLACE
        OK
        > ZRANGE k 0 -1 WITHSCORES
        ["a" "1" "b" "1.5"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\x05\x02\x01a\x9a\x99\x99\x99\x99\x99\xb9?\x01b\x00\x00\x00\x00\x00\x00\x08
        | \xc0\x08\x00\xe0\x81?\xa8`\xac \x84" REPLACE
        OK
        > ZRANGE k 0 -1 WITHSCORES
        ["b" "-3" "a" "0.1"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\x04\x02\x01f\x01v\x01g\xc0\x05\x06\x00f\x84\x7f\xba\xc25\xee\n" REPLACE
        OK
        > HGETALL k
        ["f" "v" "g" "5"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\t\x0f\x02\x01f\x01\x00v\x01g\x01\x03w...\xff\x02\x00\x90o\xcb\x18$\xd8.
        | \xa1" REPLACE
        OK
        > HGETALL k
        ["f" "v" "g" "w"]
        > OBJECT ENCODING k
        "listpack"
        > RESTORE k 0 "\r\x16\x16\x00\x00\x00\x13\x00\x00\x00\x04\x00\x00\x01f\x03\x01v\x03\x01g
        | \x03\xf6\xff\x06\x00\x3c\xa2`y\xc9\xd3\x14Q" REPLACE
        OK
        > HGETALL k
        ["f" "v" "g" "5"]
        > OBJECT ENCODING k
        "listpack"
        "#,
    );
}

#[test]
fn streams_of_every_version_are_read() {
    check(
        r#"
        > RESTORE x 0 "\x0f\x01\x10\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00
        | \x0188\x00\x00\x00\x16\x00\x02\x01\x01\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00
        | \x01\x81v\x02\x04\x01\x03\x01\x00\x01\x01\x01\x81w\x02\x04\x01\x00\x01\x01\x01\x00\x01
        | \x01\x01\x81g\x02\x81y\x02\x06\x01\xff\x02\x07\x00\x01\x03grp\x05\x01\x01\x00\x00\x00
        | \x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x00h\xe5\xcf\x8b\x01\x00\x00\x02
        | \x01\x03bob\x01h\xe5\xcf\x8b\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00
        | \x00\x00\x00\x00\x01\t\x00\x90\x04\xd9\xdaU\x3c\xa7=" REPLACE
        OK
        > XRANGE x - "+"
        [["5-1" ["f" "v"]] ["6-1" ["g" "y"]]]
        > XINFO STREAM x
        ["length" 2 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "7-0" "max-delete
        | d-entry-id" "0-0" "entries-added" 2 "recorded-first-entry-id" "5-1" "groups" 1 "first-en
        | try" ["5-1" ["f" "v"]] "last-entry" ["6-1" ["g" "y"]]]
        > XPENDING x grp
        [1 "5-1" "5-1" [["bob" "1"]]]
        > XINFO GROUPS x
        [["name" "grp" "consumers" 1 "pending" 1 "last-delivered-id" "5-1" "entries-read" 1 "lag
        | " 1]]
        > RESTORE x 0 "\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00
        | \x0188\x00\x00\x00\x16\x00\x02\x01\x01\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00
        | \x01\x81v\x02\x04\x01\x03\x01\x00\x01\x01\x01\x81w\x02\x04\x01\x00\x01\x01\x01\x00\x01
        | \x01\x01\x81g\x02\x81y\x02\x06\x01\xff\x02\x07\x00\x05\x01\x05\x02\x04\x01\x03grp\x05
        | \x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x00h\xe5
        | \xcf\x8b\x01\x00\x00\x02\x01\x03bob\x01h\xe5\xcf\x8b\x01\x00\x00\x01\x00\x00\x00\x00\x00
        | \x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\n\x00\xe8\x81\xaas\x87\xf5\x08\xef" REPLACE
        OK
        > XRANGE x - "+"
        [["5-1" ["f" "v"]] ["6-1" ["g" "y"]]]
        > XINFO STREAM x
        ["length" 2 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "7-0" "max-delete
        | d-entry-id" "5-2" "entries-added" 4 "recorded-first-entry-id" "5-1" "groups" 1 "first-en
        | try" ["5-1" ["f" "v"]] "last-entry" ["6-1" ["g" "y"]]]
        > XPENDING x grp
        [1 "5-1" "5-1" [["bob" "1"]]]
        > XINFO GROUPS x
        [["name" "grp" "consumers" 1 "pending" 1 "last-delivered-id" "5-1" "entries-read" 1 "lag
        | " (nil)]]
        > RESTORE x 0 "\x15\x01\x10\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00
        | \x0188\x00\x00\x00\x16\x00\x02\x01\x01\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00
        | \x01\x81v\x02\x04\x01\x03\x01\x00\x01\x01\x01\x81w\x02\x04\x01\x00\x01\x01\x01\x00\x01
        | \x01\x01\x81g\x02\x81y\x02\x06\x01\xff\x02\x07\x00\x05\x01\x05\x02\x04\x01\x03grp\x05
        | \x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x00h\xe5
        | \xcf\x8b\x01\x00\x00\x02\x01\x03bob\x01h\xe5\xcf\x8b\x01\x00\x00\x02h\xe5\xcf\x8b\x01
        | \x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x0b\x00\xe9
        | >\xb7\xe0MRo\x94" REPLACE
        OK
        > XRANGE x - "+"
        [["5-1" ["f" "v"]] ["6-1" ["g" "y"]]]
        > XINFO STREAM x
        ["length" 2 "radix-tree-keys" 1 "radix-tree-nodes" 2 "last-generated-id" "7-0" "max-delete
        | d-entry-id" "5-2" "entries-added" 4 "recorded-first-entry-id" "5-1" "groups" 1 "first-en
        | try" ["5-1" ["f" "v"]] "last-entry" ["6-1" ["g" "y"]]]
        > XPENDING x grp
        [1 "5-1" "5-1" [["bob" "1"]]]
        > XINFO GROUPS x
        [["name" "grp" "consumers" 1 "pending" 1 "last-delivered-id" "5-1" "entries-read" 1 "lag
        | " (nil)]]
        "#,
    );
}

#[test]
fn fields_that_expire_are_read_as_redis_writes_them() {
    check_redis(
        r#"
        > RESTORE h 0 "\x19\x00\xd8\xc3,\xbb\x03\x00\x00\x1f\x1f\x00\x00\x00\x06\x00\x81a\x02\x81b
        | \x02\xf4\x00\xd8\xc3,\xbb\x03\x00\x00\t\x81c\x02\x81d\x02\x00\x01\xff\x0c\x00\xc9F67\xfd
        | \"\xa5\x14" REPLACE
        OK
        > HGETALL h
        ["a" "b" "c" "d"]
        > HPEXPIRETIME h FIELDS 2 a c
        [4102444800000 -1]
        > OBJECT ENCODING h
        "listpackex"
        > RESTORE h 0 "\x18\x00\xd8\xc3,\xbb\x03\x00\x00\x02\x01\x01a\x01b\x00\x01c\x01d\x0c\x00H
        | \x9aR\xa7\xe5\xbe\x9c+" REPLACE
        OK
        > HGETALL h
        ["a" "b" "c" "d"]
        > HPEXPIRETIME h FIELDS 2 a c
        [4102444800000 -1]
        > OBJECT ENCODING h
        "listpackex"
        > RESTORE h 0 "\x18\xe8\x03\x00\x00\x00\x00\x00\x00\x02\x01\x01a\x01b\x02\x01c\x01d\x0c
        | \x00\x01r\xdf\x82x\xe1l\xf8" REPLACE
        OK
        > HGETALL h
        []
        "#,
    );
}
