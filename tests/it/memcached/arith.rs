//! Transcripts of counters.

use super::check;

#[test]
fn counters_are_unsigned_and_wrap_upwards() {
    check(
        r#"
        > set n 0 0 2
        > 10
        STORED
        > incr n 5
        15
        > decr n 6
        9
        > get n
        VALUE n 0 2
        9 
        END
        > decr n 100
        0
        > get n
        VALUE n 0 2
        0 
        END
        > set n 0 0 20
        > 18446744073709551615
        STORED
        > incr n 1
        0
        > get n
        VALUE n 0 20
        0                   
        END
        > incr n 2
        2
        > get n
        VALUE n 0 20
        2                   
        END
        "#,
    );
}

#[test]
fn counters_refuse_what_is_no_number() {
    check(
        r#"
        > set n 0 0 1
        > 5
        STORED
        > incr n 18446744073709551615
        4
        > incr n -1
        CLIENT_ERROR invalid numeric delta argument
        > incr n x
        CLIENT_ERROR invalid numeric delta argument
        > incr n 18446744073709551616
        CLIENT_ERROR invalid numeric delta argument
        > incr nosuch 1
        NOT_FOUND
        > decr nosuch 1
        NOT_FOUND
        > set t 0 0 3
        > abc
        STORED
        > incr t 1
        CLIENT_ERROR cannot increment or decrement non-numeric value
        > decr t 1
        CLIENT_ERROR cannot increment or decrement non-numeric value
        > incr t 1 noreply
        > set p 0 0 2
        > 5\x20
        STORED
        > incr p 1
        6
        "#,
    );
}

#[test]
fn counters_keep_flags_and_width() {
    check(
        r#"
        > set e 0 0 0
        >
        STORED
        > incr e 1
        CLIENT_ERROR cannot increment or decrement non-numeric value
        > set l 0 0 21
        > 000000000000000000001
        STORED
        > incr l 1
        2
        > set n 3 0 2
        > 99
        STORED
        > incr n 1
        100
        > get n
        VALUE n 3 3
        100
        END
        > decr n 1
        99
        > get n
        VALUE n 3 3
        99 
        END
        > incr n 1 noreply
        > get n
        VALUE n 3 3
        100
        END
        > set big 0 0 20
        > 18446744073709551616
        STORED
        > incr big 1
        CLIENT_ERROR cannot increment or decrement non-numeric value
        > set sp 0 0 2
        >  5
        STORED
        > incr sp 1
        6
        > set neg 0 0 2
        > -5
        STORED
        > incr neg 1
        CLIENT_ERROR cannot increment or decrement non-numeric value
        "#,
    );
}
