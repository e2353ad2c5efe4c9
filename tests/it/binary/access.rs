//! Transcripts of statistics, of the connection, and of who may do what.

use super::{check, check_here, check_sasl, check_with};

#[test]
fn connections_end_with_a_word_or_without() {
    check(
        r#"
        > noop opaque=5
        noop 0x00 opaque=5
        > quit opaque=6
        quit 0x00 opaque=6
        (closed)
        2> quitq
        (closed)
        "#,
    );
}

#[test]
fn the_version_is_told() {
    check_here(
        r#"
        > version
        version 0x00 value=1.6.45
        "#,
    );
}

#[test]
fn statistics_end_with_an_empty_one() {
    check(
        r#"
        > stat key=sizes opaque=3
        stat 0x00 key=sizes_status value=disabled opaque=3
        stat 0x00 opaque=3
        > stat key=reset
        stat 0x00
        > stat key=bogus
        stat 0x01 value=Not found
        > stat key=conns
        stat 0x01 value=Not found
        > stat key=detail
        stat 0x01 value=Not found
        > stat key=detail\x20on
        stat 0x00
        > set key=a:b value=x
        set 0x00 cas=…
        > get key=a:b
        get 0x00 flags=0 value=x cas=…
        > gat key=a:c
        gat 0x01 value=Not found
        > touch key=a:c
        touch 0x01 value=Not found
        > delete key=a:b
        delete 0x00
        > stat key=detail\x20dump
        stat 0x00 key=detailed value=PREFIX a get 3 hit 1 set 1 del 1\r\nEND\r\n
        stat 0x00
        > stat key=detail\x20off
        stat 0x00
        "#,
    );
}

#[test]
fn flushing_can_be_forbidden() {
    check_with(
        "-F",
        r#"
        > set key=k value=x
        set 0x00 cas=…
        > flush
        flush 0x20 value=Auth failure.
        > flushq
        flushq 0x20 value=Auth failure.
        > get key=k
        get 0x00 flags=0 value=x cas=…
        "#,
    );
}

#[test]
fn without_sasl_there_is_none() {
    check(
        r#"
        > sasl_list
        sasl_list 0x81 value=Unknown command
        > noop
        noop 0x00
        "#,
    );
    check_here(
        r#"
        > sasl_auth key=PLAIN value=\x00u\x00p
        sasl_auth 0x81 value=Unknown command
        > sasl_step key=PLAIN value=\x00u\x00p
        sasl_step 0x81 value=Unknown command
        > noop
        noop 0x00
        "#,
    );
}

#[test]
fn strangers_are_told_so_and_cut_off() {
    check_sasl(
        r#"
        > sasl_list
        sasl_list 0x00 value=PLAIN
        > get key=k
        get 0x20 value=Auth failure.
        (closed)
        2> setq key=k value=v
        setq 0x20 value=Auth failure.
        (closed)
        3> noop
        noop 0x20 value=Auth failure.
        (closed)
        4> 0x50 key=k
        0x50 0x20 value=Auth failure.
        (closed)
        5> stat
        stat 0x20 value=Auth failure.
        (closed)
        "#,
    );
    // memcached waits for as many bytes as a frame has at least.
    check_with(
        "-S",
        r#"
        >> get k\r\n
        (closed)
        "#,
    );
}

#[test]
fn name_and_password_open_everything() {
    check_sasl(
        r#"
        > sasl_auth key=PLAIN value=\x00u\x00wrong
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=\x00u\x00p opaque=4
        sasl_auth 0x00 value=Authenticated opaque=4
        > set key=k value=v
        set 0x00 cas=…
        > stat key=reset
        stat 0x00
        2> sasl_auth key=plain value=u\x00u\x00p
        sasl_auth 0x00 value=Authenticated
        2> get key=k
        get 0x00 flags=0 value=v cas=…
        2> sasl_auth key=PLAIN value=\x00u\x00wrong
        sasl_auth 0x20 value=Auth failure.
        2> get key=k
        get 0x20 value=Auth failure.
        (closed)
        3> sasl_auth key=PLAIN
        sasl_auth 0x21
        3> sasl_step key=PLAIN value=\x00other\x00word
        sasl_step 0x00 value=Authenticated
        3> noop
        noop 0x00
        "#,
    );
}

#[test]
fn what_proves_nothing_opens_nothing() {
    check_sasl(
        r#"
        > sasl_auth key=CRAM-MD5
        sasl_auth 0x20 value=Auth failure.
        > sasl_step key=PLAIN value=\x00u\x00p
        sasl_step 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=u
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=\x00\x00p
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=\x00u\x00
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=other\x00u\x00p
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=\x00u\x00p\x00
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN value=\x00u:p\x00
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=<P*33> value=x
        sasl_auth 0x04 value=Invalid arguments
        > sasl_auth key=PLAIN value=<x*100000>
        sasl_auth 0x20 value=Auth failure.
        > sasl_auth key=PLAIN
        sasl_auth 0x21
        > sasl_list
        sasl_list 0x00 value=PLAIN
        > noop
        noop 0x20 value=Auth failure.
        (closed)
        "#,
    );
}
