//! Transcripts of bits in strings.

use super::check;

#[test]
fn a_bit_is_written_and_read_where_it_stands() {
    check(
        r#"
        > SETBIT k 7 1
        0
        > GET k
        "\x01"
        > SETBIT k 7 0
        1
        > GETBIT k 7
        0
        > SETBIT k 20 1
        0
        > GET k
        "\x00\x00\x08"
        > GETBIT k 20
        1
        > GETBIT k 21
        0
        > GETBIT k 4294967295
        0
        > GETBIT nosuch 3
        0
        > STRLEN k
        3
        > SET n 123
        OK
        > OBJECT ENCODING n
        "int"
        > SETBIT n 0 0
        0
        > OBJECT ENCODING n
        "raw"
        > GET n
        "123"
        > SETBIT zero 0 0
        0
        > GET zero
        "\x00"
        > OBJECT ENCODING zero
        "raw"
        > SETBIT k -1 1
        !ERR bit offset is not an integer or out of range
        > SETBIT k 4294967296 1
        !ERR bit offset is not an integer or out of range
        > SETBIT k x 2
        !ERR bit offset is not an integer or out of range
        > SETBIT k 1 2
        !ERR bit is not an integer or out of range
        > SETBIT k 1 x
        !ERR bit is not an integer or out of range
        > GETBIT k -1
        !ERR bit offset is not an integer or out of range
        > GETBIT k x
        !ERR bit offset is not an integer or out of range
        > HSET h f v
        1
        > SETBIT h 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > SETBIT h x 1
        !ERR bit offset is not an integer or out of range
        > GETBIT h 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn bits_are_counted_between_bytes_or_bits() {
    check(
        r#"
        > SET k foobar
        OK
        > BITCOUNT k
        26
        > BITCOUNT k 0
        26
        > BITCOUNT k 1 1
        6
        > BITCOUNT k 0 0 BYTE
        4
        > BITCOUNT k 5 30 BIT
        17
        > BITCOUNT k 5 30 bit
        17
        > BITCOUNT k -1
        4
        > BITCOUNT k -100 -99
        4
        > BITCOUNT k -1 -5
        0
        > BITCOUNT k -5 -1 BIT
        2
        > BITCOUNT k 3 2
        0
        > BITCOUNT k 100 200
        0
        > BITCOUNT k -9223372036854775808 9223372036854775807 BIT
        26
        > BITCOUNT nosuch
        0
        > BITCOUNT nosuch x
        !ERR value is not an integer or out of range
        > BITCOUNT k 1 BIT
        !ERR value is not an integer or out of range
        > BITCOUNT k 1 x foo
        !ERR syntax error
        > BITCOUNT k 0 0 foo
        !ERR syntax error
        > BITCOUNT k 0 0 BIT more
        !ERR syntax error
        > HSET h f v
        1
        > BITCOUNT h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn the_first_bit_of_a_kind_is_found() {
    check(
        r#"
        > SET k "\xff\xf0\x00"
        OK
        > BITPOS k 0
        12
        > BITPOS k 1
        0
        > BITPOS k 1 2
        -1
        > BITPOS k 0 1
        12
        > BITPOS k 1 1 -1
        8
        > BITPOS k 1 1 -1 BYTE
        8
        > BITPOS k 1 7 15 BIT
        7
        > BITPOS k 0 7 -3 bit
        12
        > BITPOS k 1 12 -1 BIT
        -1
        > BITPOS k 1 -1 -2
        -1
        "#,
    );
}

#[test]
fn the_search_ends_with_the_string_or_where_it_is_told_to() {
    check(
        r#"
        > SET ones "\xff\xff\xff"
        OK
        > BITPOS ones 0
        24
        > BITPOS ones 0 1
        24
        > BITPOS ones 0 1 -1
        -1
        > BITPOS ones 0 3
        -1
        > SET empty ""
        OK
        > BITPOS empty 0
        -1
        > SET one "*"
        OK
        > BITPOS one 0 -11 -29
        0
        > BITCOUNT one -11 -29
        0
        > BITPOS nosuch 0
        0
        > BITPOS nosuch 1
        -1
        > BITPOS nosuch 0 5 6
        0
        > SET k v
        OK
        > BITPOS k 2
        !ERR The bit argument must be 1 or 0.
        > BITPOS k x
        !ERR value is not an integer or out of range
        > BITPOS k 3 x
        !ERR The bit argument must be 1 or 0.
        > BITPOS k 1 x
        !ERR value is not an integer or out of range
        > BITPOS k 1 x 1 foo
        !ERR value is not an integer or out of range
        > BITPOS k 1 1 x foo
        !ERR syntax error
        > BITPOS k 1 1 1 BIT more
        !ERR syntax error
        > HSET h f v
        1
        > BITPOS h 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn strings_are_joined_bit_by_bit() {
    check(
        r#"
        > SET a "\xf0\x0f\xff"
        OK
        > SET b "\x3c\xff"
        OK
        > BITOP AND d a b
        3
        > GET d
        "0\x0f\x00"
        > BITOP or d a b
        3
        > GET d
        "\xfc\xff\xff"
        > BITOP XOR d a b nosuch
        3
        > GET d
        "\xcc\xf0\xff"
        > BITOP NOT d a
        3
        > GET d
        "\x0f\xf0\x00"
        > OBJECT ENCODING d
        "raw"
        > BITOP AND d a nosuch
        3
        > GET d
        "\x00\x00\x00"
        > SET n 123 EX 1000
        OK
        > BITOP AND n n n
        3
        > GET n
        "123"
        > TTL n
        -1
        > OBJECT ENCODING n
        "raw"
        > HSET h f v
        1
        > BITOP NOT h nosuch
        0
        > EXISTS h
        0
        > BITOP OR d nosuch nosuch
        0
        > EXISTS d
        0
        > BITOP NOT d a b
        !ERR BITOP NOT must be called with a single source key.
        > BITOP NAND d a b
        !ERR syntax error
        > BITOP DIFF d a b
        !ERR syntax error
        > HSET h f v
        1
        > BITOP AND d a h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BITOP NOT h a
        3
        > TYPE h
        string
        "#,
    );
}

#[test]
fn fields_hold_numbers_of_any_width() {
    check(
        r#"
        > BITFIELD k
        []
        > BITFIELD k GET u8 0
        [0]
        > EXISTS k
        0
        > BITFIELD k SET u8 0 255 GET u8 0 GET i8 0 GET u4 6
        [0 255 -1 12]
        > BITFIELD k SET u8 #1 200 GET i8 8 GET u4 #2 get i64 3
        [0 -56 12 -126100789566373888]
        > BITFIELD k INCRBY i5 100 1 GET u4 0
        [1 15]
        > STRLEN k
        14
        > BITFIELD k GET u63 100000
        [0]
        > BITFIELD_RO k GET u8 0 GET u8 #1
        [255 200]
        > BITFIELD_RO nosuch GET u8 0
        [0]
        > BITFIELD_RO k
        []
        > BITFIELD_RO k SET u8 0 1
        !ERR BITFIELD_RO only supports the GET subcommand
        > BITFIELD_RO k GET u8 0 OVERFLOW SAT
        [255]
        > SET n 123
        OK
        > BITFIELD n GET u8 0
        [49]
        > OBJECT ENCODING n
        "int"
        > BITFIELD n OVERFLOW FAIL SET u2 0 10
        [(nil)]
        > OBJECT ENCODING n
        "raw"
        > GET n
        "123"
        > HSET h f v
        1
        > BITFIELD h
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BITFIELD h GET u8 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BITFIELD h SET u8 0 1
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > BITFIELD_RO h GET u8 0
        !WRONGTYPE Operation against a key holding the wrong kind of value
        "#,
    );
}

#[test]
fn fields_overflow_as_they_are_told() {
    check(
        r#"
        > BITFIELD k SET u8 0 255 INCRBY u8 0 1 OVERFLOW SAT INCRBY u8 0 300 INCRBY u8 0 -300
        [0 0 255 0]
        > BITFIELD k OVERFLOW FAIL INCRBY u8 0 -1 SET u8 0 256 OVERFLOW WRAP SET u8 0 257 GET u8 0
        [(nil) (nil) 0 1]
        > BITFIELD k OVERFLOW SAT SET i8 0 300 SET i8 0 -300 GET i8 0
        [1 127 -128]
        > BITFIELD k OVERFLOW WRAP SET i8 0 300 SET i8 0 -300 GET i8 0
        [-128 44 -44]
        > BITFIELD k OVERFLOW SAT SET u63 0 -1 GET u63 0
        [7638104968020361216 9223372036854775807]
        > BITFIELD k OVERFLOW FAIL SET u63 0 -1
        [(nil)]
        > BITFIELD i OVERFLOW SAT SET i64 0 9223372036854775807 INCRBY i64 0 1
        [0 9223372036854775807]
        > BITFIELD i INCRBY i64 0 1 INCRBY i64 0 -1
        [-9223372036854775808 9223372036854775807]
        > BITFIELD i OVERFLOW FAIL INCRBY i64 0 1 INCRBY i64 0 -1
        [(nil) 9223372036854775806]
        > BITFIELD new OVERFLOW FAIL SET u2 100 10
        [(nil)]
        > STRLEN new
        13
        "#,
    );
}

#[test]
fn what_is_no_field_is_refused() {
    check(
        r#"
        > BITFIELD k SET u64 0 1
        !ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported
        |  but i64 is.
        > BITFIELD k SET i65 0 1
        !ERR Invalid bitfield type. …
        > BITFIELD k SET u0 0 1
        !ERR Invalid bitfield type. …
        > BITFIELD k SET I8 0 1
        !ERR Invalid bitfield type. …
        > BITFIELD k SET u08 0 1
        !ERR Invalid bitfield type. …
        > BITFIELD k SET u 0 1
        !ERR Invalid bitfield type. …
        > BITFIELD k SET u8 -1 1
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 # 1
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 #-1 1
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 4294967296 1
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 #536870912 1
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 #9223372036854775807 1
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 0 x
        !ERR value is not an integer or out of range
        > BITFIELD k SET u8 x x
        !ERR bit offset is not an integer or out of range
        > BITFIELD k SET u8 0
        !ERR syntax error
        > BITFIELD k GET u8
        !ERR syntax error
        > BITFIELD k OVERFLOW
        !ERR syntax error
        > BITFIELD k OVERFLOW x GET
        !ERR Invalid OVERFLOW type specified
        > BITFIELD k OVERFLOW SAT
        []
        > BITFIELD k FOO u8 0
        !ERR syntax error
        > EXISTS k
        0
        "#,
    );
}

#[test]
fn keys_of_bitmap_commands_are_found() {
    check(
        r#"
        > COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0
        [["k" [RO access]]]
        > COMMAND GETKEYSANDFLAGS BITFIELD k OVERFLOW SAT GET u8 0 SET u8 0 1
        [["k" [RW access update]]]
        > COMMAND GETKEYSANDFLAGS BITFIELD k GET u8
        [["k" [RW access update]]]
        > COMMAND GETKEYSANDFLAGS BITFIELD_RO k GET u8 0
        [["k" [RO access]]]
        > COMMAND GETKEYSANDFLAGS BITOP AND d a b
        [["d" [OW update]] ["a" [RO access]] ["b" [RO access]]]
        > COMMAND GETKEYS SETBIT k 1 1
        ["k"]
        "#,
    );
}
