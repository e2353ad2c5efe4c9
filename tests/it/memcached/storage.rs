//! Transcripts of storage, retrieval and deletion.

use super::{check, check_here};

#[test]
fn values_are_stored_and_fetched() {
    check(
        r#"
        > set k 0 0 5
        > hello
        STORED
        > get k
        VALUE k 0 5
        hello
        END
        > get nosuch
        END
        > get nosuch k nosuch2
        VALUE k 0 5
        hello
        END
        > set k 4294967295 0 0
        >
        STORED
        > get k
        VALUE k 4294967295 0
        (empty)
        END
        > set k 4294967296 0 1
        > x
        STORED
        > get k
        VALUE k 0 1
        x
        END
        > set k 1 0 4
        >> a\r\nb\r\n
        STORED
        > get k
        VALUE k 1 4
        a
        b
        END
        > gets nosuch
        END
        > get k k
        VALUE k 1 4
        a
        b
        VALUE k 1 4
        a
        b
        END
        > set other 7 0 3 noreply
        > abc
        > get other k
        VALUE other 7 3
        abc
        VALUE k 1 4
        a
        b
        END
        "#,
    );
}

#[test]
fn add_replace_append_and_prepend_have_conditions() {
    check(
        r#"
        > add k 1 0 1
        > a
        STORED
        > add k 2 0 1
        > b
        NOT_STORED
        > get k
        VALUE k 1 1
        a
        END
        > replace k 3 0 2
        > cd
        STORED
        > get k
        VALUE k 3 2
        cd
        END
        > replace nosuch 0 0 1
        > x
        NOT_STORED
        > append k 9 9 2
        > ef
        STORED
        > get k
        VALUE k 3 4
        cdef
        END
        > prepend k 9 9 2
        > ab
        STORED
        > get k
        VALUE k 3 6
        abcdef
        END
        > append nosuch 0 0 1
        > x
        NOT_STORED
        > prepend nosuch 0 0 1
        > x
        NOT_STORED
        > add n 0 0 1 noreply
        > y
        > get n
        VALUE n 0 1
        y
        END
        "#,
    );
}

#[test]
fn cas_stores_only_what_nobody_changed() {
    check(
        r#"
        > set k 0 0 1
        > a
        STORED
        > gets k
        VALUE k 0 1 …
        a
        END
        > cas k 0 0 1 9999999
        > b
        EXISTS
        > get k
        VALUE k 0 1
        a
        END
        > cas nosuch 0 0 1 1
        > x
        NOT_FOUND
        > cas k 0 0 1 9999999 noreply
        > b
        "#,
    );
}

#[test]
fn data_must_be_as_long_as_the_line_says() {
    check(
        r#"
        > set k 0 0 3
        > abcdefgh ijk
        CLIENT_ERROR bad data chunk
        ERROR
        > get k
        END
        > set k 0 0 3
        > abcdefgh
        CLIENT_ERROR bad data chunk
        ERROR
        > get k
        END
        > set k 0 0 3
        >> abc\n
        > version
        CLIENT_ERROR bad data chunk
        ERROR
        "#,
    );
}

#[test]
fn delete_removes() {
    check(
        r#"
        > set k 0 0 1
        > x
        STORED
        > delete k
        DELETED
        > delete k
        NOT_FOUND
        > delete k 0
        NOT_FOUND
        > set k 0 0 1
        > x
        STORED
        > delete k 0
        DELETED
        > set k 0 0 1
        > x
        STORED
        > get k
        VALUE k 0 1
        x
        END
        > set k 0 0 1
        > x
        STORED
        > delete k noreply
        > get k
        END
        > delete k 0 noreply
        "#,
    );
}

#[test]
fn cas_numbers_move_with_every_change_of_the_value() {
    check_here(
        r#"
        > set k 0 0 1
        > 1
        STORED
        > gets k
        VALUE k 0 1 1
        1
        END
        > cas k 0 0 1 1
        > 2
        STORED
        > cas k 0 0 1 1
        > 3
        EXISTS
        > gets k
        VALUE k 0 1 …
        2
        END
        > incr k 1
        3
        > gets k
        VALUE k 0 1 3
        3
        END
        > append k 0 0 1
        > 0
        STORED
        > gets k
        VALUE k 0 2 4
        30
        END
        > touch k 0
        TOUCHED
        > gets k
        VALUE k 0 2 4
        30
        END
        > cas k 5 0 1 4 noreply
        > d
        > get k
        VALUE k 5 1
        d
        END
        "#,
    );
}
