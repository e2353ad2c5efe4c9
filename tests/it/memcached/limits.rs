//! Transcripts at the limits of keys, values and lines.

use super::check;

#[test]
fn keys_have_two_hundred_and_fifty_bytes() {
    check(
        r#"
        > set <k*250> 0 0 1
        > x
        STORED
        > get <k*250>
        VALUE <k*250> 0 1
        x
        END
        > get <k*251>
        CLIENT_ERROR bad command line format
        > delete <k*251>
        CLIENT_ERROR bad command line format
        > incr <k*251> 1
        CLIENT_ERROR bad command line format
        > touch <k*251> 1
        CLIENT_ERROR bad command line format
        > gat 1 <k*251>
        CLIENT_ERROR bad command line format
        > get k <k*251>
        CLIENT_ERROR bad command line format
        > set a\x01\x7fb 0 0 1
        > x
        STORED
        > get a\x01\x7fb
        VALUE a\x01\x7fb 0 1
        x
        END
        > delete <k*251> noreply
        > get k
        END
        "#,
    );
}

#[test]
fn values_up_to_a_megabyte_fit() {
    check(
        r#"
        > set k 0 0 1048064
        > <x*1048064>
        STORED
        > get k
        VALUE k 0 1048064
        <x*1048064>
        END
        >> set k 0 0 1048576\r\n<x*1048576>\r\n
        SERVER_ERROR object too large for cache
        > get k
        END
        >> add n 0 0 1048577\r\n<x*1048577>\r\n
        SERVER_ERROR object too large for cache
        > get n
        END
        > set k 0 0 1
        > x
        STORED
        >> append k 0 0 1048576\r\n<x*1048576>\r\n
        SERVER_ERROR object too large for cache
        > get k
        VALUE k 0 1
        x
        END
        "#,
    );
}

#[test]
fn memory_limits_are_given_in_megabytes() {
    check(
        r#"
        > cache_memlimit 100
        OK
        > cache_memlimit 1
        MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m
        > cache_memlimit x
        ERROR
        > cache_memlimit
        ERROR
        > cache_memlimit 100 noreply
        > cache_memlimit 1048576
        OK
        "#,
    );
}

#[test]
fn lines_may_come_in_pieces_and_end_bare() {
    check(
        r#"
        >> get nos
        >> uch\r
        >> \n
        END
        >> get nosuch\n
        END
        >> set k 0 0 3\nabc\r\n
        STORED
        >> get k\nget k\r\n
        VALUE k 0 3
        abc
        END
        VALUE k 0 3
        abc
        END
        >> get  k  nosuch\r\n
        VALUE k 0 3
        abc
        END
        >>  get k\r\n
        VALUE k 0 3
        abc
        END
        >> set k 0 0 1\r\nx\r\nget k\r\nget k\r\n
        STORED
        VALUE k 0 1
        x
        END
        VALUE k 0 1
        x
        END
        "#,
    );
}

#[test]
fn a_line_without_an_end_is_cut_off() {
    check(
        r#"
        >> <x*3000>
        (closed)
        "#,
    );
}

#[test]
fn a_long_line_of_keys_is_fine() {
    check(
        r#"
        >> get <k *2000>nosuch\r\n
        END
        "#,
    );
}
