//! Transcripts of HyperLogLogs.

use super::check;

#[test]
fn elements_are_added_and_counted() {
    check(
        r#"
        > PFADD empty
        1
        > GET empty
        "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        > PFADD empty
        0
        > PFCOUNT empty
        0
        > GET empty
        "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
        > PFADD a x
        1
        > GET a
        "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xf5\x84\x08"
        > PFADD a x
        0
        > PFCOUNT a
        1
        > GET a
        "HYLL\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x7f\xf5\x84\x08"
        > PFADD a y z w
        1
        > GET a
        "HYLL\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x80PG\x84Q;\x80X\xcd\x88E\xa0\x84\x08"
        > PFCOUNT a
        4
        > OBJECT ENCODING a
        "raw"
        > OBJECT ENCODING empty
        "raw"
        > TYPE a
        string
        > PFCOUNT nosuch
        0
        > PFCOUNT nosuch a
        4
        > EXISTS nosuch
        0
        > SET s text
        OK
        > PFADD s x
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFCOUNT s
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFCOUNT a s
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > HSET h f v
        1
        > PFADD h x
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > PFCOUNT h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > PFCOUNT h a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > PFCOUNT a h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn several_are_merged() {
    check(
        r#"
        > PFMERGE m
        OK
        > GET m
        "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        > PFADD a x y z
        1
        > PFADD b z w
        1
        > PFMERGE m a b nosuch
        OK
        > GET m
        "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80PG\x84Q;\x80X\xcd\x88E\xa0\x84\x08"
        > PFCOUNT m
        4
        > PFCOUNT a b
        4
        > PFMERGE m
        OK
        > GET m
        "HYLL\x01\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x80PG\x84Q;\x80X\xcd\x88E\xa0\x84\x08"
        > PFDEBUG TODENSE a
        1
        > PFMERGE d b a
        OK
        > PFDEBUG ENCODING d
        dense
        > STRLEN d
        12304
        > PFCOUNT d
        4
        > OBJECT ENCODING d
        "raw"
        > SET s text
        OK
        > PFMERGE s a
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > PFMERGE a s
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > HSET h f v
        1
        > PFMERGE h a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > PFMERGE a h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn registers_can_be_looked_at() {
    check(
        r#"
        > PFADD a x y z w
        1
        > PFDEBUG ENCODING a
        sparse
        > PFDEBUG DECODE a
        "Z:4168 v:2,1 Z:4412 v:1,1 Z:6350 v:3,1 Z:1441 v:2,1 z:9"
        > PFDEBUG TODENSE a
        1
        > PFDEBUG todense a
        0
        > PFDEBUG DECODE a
        !ERR HLL encoding is not sparse
        > PFDEBUG encoding a
        dense
        > PFCOUNT a
        4
        > STRLEN a
        12304
        > PFDEBUG ENCODING nosuch
        !ERR The specified key does not exist
        > PFDEBUG nosuch nosuch
        !ERR The specified key does not exist
        > PFDEBUG nosuch a
        !ERR Unknown PFDEBUG subcommand 'nosuch'
        > PFDEBUG SIMD ON
        enabled
        > SET s text
        OK
        > PFDEBUG ENCODING s
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > HSET h f v
        1
        > PFDEBUG ENCODING h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > PFDEBUG ENCODING
        !ERR wrong number of arguments for 'pfdebug' command
        > PFSELFTEST
        OK
        "#,
    );
}

#[test]
fn what_is_no_hyperloglog_is_refused() {
    check(
        r#"
        > SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        OK
        > PFADD k x
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > SET k "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        OK
        > PFADD k x
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > SET k "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff"
        OK
        > PFADD k x
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        > SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
        OK
        > PFADD k x
        !INVALIDOBJ Corrupted HLL object detected
        > PFCOUNT k
        !INVALIDOBJ Corrupted HLL object detected
        > PFCOUNT k nosuch
        !INVALIDOBJ Corrupted HLL object detected
        > PFMERGE d k
        !INVALIDOBJ Corrupted HLL object detected
        > EXISTS d
        0
        > PFDEBUG DECODE k
        ""
        > PFDEBUG TODENSE k
        !INVALIDOBJ Corrupted HLL object detected
        > PFDEBUG GETREG k
        !INVALIDOBJ Corrupted HLL object detected
        > SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\x00"
        OK
        > PFCOUNT k
        !INVALIDOBJ Corrupted HLL object detected
        > PFADD k x
        1
        > GET k
        "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xf5\x84\x08\x00"
        > PFDEBUG DECODE k
        "Z:16374 v:2,1 z:9 z:1"
        > SET k "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f"
        OK
        > PFCOUNT k
        !INVALIDOBJ Corrupted HLL object detected
        > PFADD k x
        !INVALIDOBJ Corrupted HLL object detected
        > PFDEBUG DECODE k
        "Z:16129"
        > SET k "HYLL\x01abc\x05\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
        OK
        > PFCOUNT k
        5
        > PFADD k q
        1
        > GET k
        "HYLL\x01abc\x05\x00\x00\x00\x00\x00\x00\x80U\xaf\x94jN"
        > PFCOUNT k
        1
        > SET n 5
        OK
        > PFADD n 1
        !WRONGTYPE Key is not a valid HyperLogLog string value.
        "#,
    );
}

#[test]
fn a_sparse_one_turns_dense_at_its_limit() {
    check(
        r#"
        > CONFIG SET hll-sparse-max-bytes 20
        OK
        > PFADD k a
        1
        > PFDEBUG ENCODING k
        dense
        > PFADD k b
        1
        > PFDEBUG ENCODING k
        dense
        > PFADD k c
        1
        > PFDEBUG ENCODING k
        dense
        > PFCOUNT k
        3
        > CONFIG SET hll-sparse-max-bytes 0
        OK
        > PFADD j
        1
        > PFDEBUG ENCODING j
        sparse
        > PFADD j a
        1
        > PFDEBUG ENCODING j
        dense
        > CONFIG SET hll-sparse-max-bytes 3000
        OK
        "#,
    );
}

#[test]
fn keys_of_hyperloglog_commands_are_found() {
    check(
        r#"
        > COMMAND GETKEYSANDFLAGS PFADD k x y
        [["k" [RW insert]]]
        > COMMAND GETKEYSANDFLAGS PFCOUNT a b
        [["a" [RW access]] ["b" [RW access]]]
        > COMMAND GETKEYSANDFLAGS PFMERGE d a b
        [["d" [RW access insert]] ["a" [RO access]] ["b" [RO access]]]
        > COMMAND GETKEYSANDFLAGS PFMERGE d
        !ERR Invalid arguments specified for command
        > COMMAND GETKEYS PFDEBUG TODENSE k
        ["k"]
        > COMMAND GETKEYS PFSELFTEST
        !ERR The command has no key arguments
        "#,
    );
}
