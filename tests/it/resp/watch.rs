//! Transcripts of watched keys.

use super::{check, check_here};

#[test]
fn a_transaction_runs_only_if_what_is_watched_stays_as_it_is() {
    check(
        r#"
        > WATCH a b
        OK
        2> SET other 1
        OK
        > MULTI
        OK
        > SET a 1
        QUEUED
        > EXEC
        [OK]
        > WATCH a b
        OK
        2> APPEND b x
        1
        > MULTI
        OK
        > SET a 2
        QUEUED
        > EXEC
        (nil array)
        > GET a
        "1"
        > WATCH a
        OK
        > SET a 3
        OK
        > MULTI
        OK
        > EXEC
        (nil array)
        > MULTI
        OK
        > EXEC
        []
        > HELLO 3
        …
        > WATCH h
        OK
        2> HSET h f v
        1
        > MULTI
        OK
        > EXEC
        (null)
        "#,
    );
}

#[test]
fn keys_are_watched_until_a_transaction_ends_or_nobody_cares() {
    check(
        r#"
        > WATCH
        !ERR wrong number of arguments for 'watch' command
        > WATCH a
        OK
        2> SET a 1
        OK
        > UNWATCH
        OK
        > MULTI
        OK
        > WATCH a
        !ERR Command not allowed inside a transaction
        > DISCARD
        OK
        > WATCH a
        OK
        > MULTI
        OK
        > UNWATCH
        QUEUED
        2> SET a 2
        OK
        > EXEC
        (nil array)
        > WATCH a
        OK
        2> SET a 3
        OK
        > MULTI
        OK
        > DISCARD
        OK
        > MULTI
        OK
        > EXEC
        []
        > WATCH a
        OK
        2> SET a 4
        OK
        > RESET
        RESET
        > MULTI
        OK
        > EXEC
        []
        "#,
    );
}

#[test]
fn what_empties_or_exchanges_databases_changes_the_keys_that_are_there() {
    check(
        r#"
        > SET there 1
        OK
        > WATCH absent
        OK
        2> FLUSHALL
        OK
        2> SWAPDB 0 1
        OK
        > MULTI
        OK
        > EXEC
        []
        > SET there 1
        OK
        > WATCH there
        OK
        2> FLUSHDB
        OK
        > MULTI
        OK
        > EXEC
        (nil array)
        > SET there 1
        OK
        > WATCH there
        OK
        2> SWAPDB 0 1
        OK
        > MULTI
        OK
        > EXEC
        (nil array)
        > WATCH there
        OK
        2> SWAPDB 1 0
        OK
        > MULTI
        OK
        > EXEC
        (nil array)
        > WATCH absent
        OK
        2> SWAPDB 0 1
        OK
        2> SET absent 1
        OK
        > MULTI
        OK
        > EXEC
        (nil array)
        "#,
    );
}

#[test]
fn others_see_what_is_watched() {
    check(
        r#"
        > WATCH a b a
        OK
        2> INFO clients
        "…watching_clients:1…total_watched_keys:2…"
        2> CLIENT LIST
        "id=… flags=N … watch=2 …"
        2> SET b 1
        OK
        2> CLIENT LIST
        "id=… flags=d … watch=0 …"
        2> INFO clients
        "…watching_clients:0…total_watched_keys:0…"
        "#,
    );
}

#[test]
fn a_watched_key_that_expires_has_changed() {
    check_here(
        r#"
        > SET a 1 PX 100
        OK
        > WATCH a
        OK
        > MULTI
        OK
        > EXEC
        []
        > WATCH a
        OK
        ~ 101 ms
        > MULTI
        OK
        > EXEC
        (nil array)
        > SET a 1 PX 100
        OK
        ~ 101 ms
        > WATCH a
        OK
        2> GET a
        (nil)
        > MULTI
        OK
        > EXEC
        []
        > HSET h f 1 g 2
        2
        > HPEXPIRE h 100 FIELDS 1 f
        [1]
        > WATCH h
        OK
        ~ 101 ms
        > MULTI
        OK
        > EXEC
        (nil array)
        "#,
    );
}

#[test]
fn what_is_taken_from_a_stream_has_changed_it() {
    check(
        r#"
        > XADD s 1-1 f v
        "1-1"
        > XADD s 1-2 f v
        "1-2"
        > WATCH s
        OK
        2> XDEL s 1-1
        1
        > MULTI
        OK
        > EXEC
        (nil array)
        > WATCH s
        OK
        2> XTRIM s MAXLEN 0
        1
        > MULTI
        OK
        > EXEC
        (nil array)
        "#,
    );
}
