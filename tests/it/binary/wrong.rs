//! Transcripts of frames that are not as they should be.

use super::{check, check_here, check_with};

#[test]
fn a_frame_without_its_parts_ends_the_connection() {
    check(
        r#"
        > get
        get 0x04 value=Invalid arguments
        (closed)
        2> get key=k value=x
        get 0x04 value=Invalid arguments
        (closed)
        3> get key=k extras=1234
        get 0x04 value=Invalid arguments
        (closed)
        4> set key=k value=12345678 extras=1234
        set 0x04 value=Invalid arguments
        (closed)
        5> set value=12345678
        set 0x04 value=Invalid arguments
        (closed)
        6> delete key=k extras=1234
        delete 0x04 value=Invalid arguments
        (closed)
        7> increment key=k extras=12345678
        increment 0x04 value=Invalid arguments
        (closed)
        8> append key=k value=x extras=12345678
        append 0x04 value=Invalid arguments
        (closed)
        9> noop key=k
        noop 0x04 value=Invalid arguments
        (closed)
        "#,
    );
    check(
        r#"
        > touch key=k extras=12345678
        touch 0x04 value=Invalid arguments
        (closed)
        2> flush key=k
        flush 0x04 value=Invalid arguments
        (closed)
        3> flush extras=12
        flush 0x04 value=Invalid arguments
        (closed)
        4> quit extras=1
        quit 0x04 value=Invalid arguments
        (closed)
        5> version value=x
        version 0x04 value=Invalid arguments
        (closed)
        6> stat extras=1234
        stat 0x04 value=Invalid arguments
        (closed)
        7> increment key=k value=x
        increment 0x04 value=Invalid arguments
        (closed)
        8> sasl_list key=x
        sasl_list 0x04 value=Invalid arguments
        (closed)
        9> sasl_auth
        sasl_auth 0x04 value=Invalid arguments
        (closed)
        "#,
    );
}

#[test]
fn lengths_that_contradict_each_other_end_the_connection() {
    check(
        r#"
        > get key=key body_bytes=2
        get 0x81 value=Unknown command
        (closed)
        2> set key=key body_bytes=8
        set 0x81 value=Unknown command
        (closed)
        3> 0x50 key=<k*251>
        0x50 0x04 value=Invalid arguments
        (closed)
        4> noop
        noop 0x00
        4> noop magic=129
        (closed)
        5> noop
        noop 0x00
        5>> get k\r\nget key=and more\r\n
        (closed)
        "#,
    );
}

/// memcached counts key and extras of an unknown opcode twice and loses its place.
#[test]
fn unknown_opcodes_are_skipped() {
    check(
        r#"
        > 0x50 value=abc opaque=3
        0x50 0x81 value=Unknown command opaque=3
        > verbosity extras=
        verbosity 0x81 value=Unknown command
        > noop
        noop 0x00
        "#,
    );
    check_here(
        r#"
        > 0x30 key=k value=abc
        0x30 0x81 value=Unknown command
        > verbosity extras=\x00\x00\x00\x01
        verbosity 0x81 value=Unknown command
        > 0xff
        0xff 0x81 value=Unknown command
        > noop
        noop 0x00
        "#,
    );
}

/// memcached takes the value for the next frame.
#[test]
fn a_touch_with_a_value_ends_the_connection() {
    check_here(
        r#"
        > gat key=k value=extra exptime=1
        gat 0x04 value=Invalid arguments
        (closed)
        2> stat value=extra
        stat 0x04 value=Invalid arguments
        (closed)
        "#,
    );
}

#[test]
fn a_frame_may_come_in_pieces() {
    check(
        r#"
        >> \x80
        >> \x01\x00\x01\x08\x00\x00\x00\x00\x00\x00
        >> \x0b\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05
        >> \x00\x00\x00\x00kh
        >> i
        set 0x00 cas=… opaque=7
        > get key=k
        get 0x00 flags=5 value=hi cas=…
        "#,
    );
}

#[test]
fn what_a_frame_announces_costs_nothing_before_it_comes() {
    check_here(
        r#"
        > set key=k body_bytes=4294967295
        (closed)
        2> set key=k body_bytes=2147483647
        set 0x03 value=Too large.
        3> 0x50 body_bytes=4294967295
        0x50 0x81 value=Unknown command
        4> get key=k body_bytes=4294967295
        get 0x04 value=Invalid arguments
        (closed)
        5> get key=k key_bytes=65535 body_bytes=65535
        "#,
    );
}

#[test]
fn the_protocol_may_be_settled_before() {
    check_with(
        "-B binary",
        r#"
        > noop
        noop 0x00
        2>> get k\r\n
        (closed)
        "#,
    );
    check_with(
        "-B ascii",
        r#"
        >> \x80abc\r\n
        ERROR\r\n
        "#,
    );
}
