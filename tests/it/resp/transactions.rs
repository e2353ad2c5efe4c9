//! Transcripts of transactions.

use super::{check, check_here};

#[test]
fn commands_wait_for_the_end_of_a_transaction() {
    check(
        r#"
        > MULTI
        OK
        > SET a 1
        QUEUED
        2> GET a
        (nil)
        > LPUSH l x y
        QUEUED
        > GET a
        QUEUED
        > LRANGE l 0 -1
        QUEUED
        2> EXISTS a l
        0
        > EXEC
        [OK 2 "1" ["y" "x"]]
        2> EXISTS a l
        2
        > MULTI
        OK
        > EXEC
        []
        "#,
    );
}

#[test]
fn a_transaction_that_is_not_open_cannot_end() {
    check(
        r#"
        > EXEC
        !ERR EXEC without MULTI
        > DISCARD
        !ERR DISCARD without MULTI
        > EXEC x
        !EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
        > MULTI x
        !ERR wrong number of arguments for 'multi' command
        > DISCARD x
        !ERR wrong number of arguments for 'discard' command
        > PING
        PONG
        "#,
    );
}

#[test]
fn a_discarded_transaction_leaves_nothing() {
    check(
        r#"
        > MULTI
        OK
        > SET a 1
        QUEUED
        > DISCARD
        OK
        > EXISTS a
        0
        > EXEC
        !ERR EXEC without MULTI
        > MULTI
        OK
        > SET a
        !ERR wrong number of arguments for 'set' command
        > DISCARD
        OK
        > PING
        PONG
        "#,
    );
}

#[test]
fn what_is_refused_on_its_way_in_aborts_the_whole() {
    check(
        r#"
        > MULTI
        OK
        > SET a 1
        QUEUED
        > NOSUCH x
        !ERR unknown command 'NOSUCH', with args beginning with: 'x' 
        > SET a 2
        QUEUED
        > EXEC
        !EXECABORT Transaction discarded because of previous errors.
        > EXEC
        !ERR EXEC without MULTI
        > MULTI
        OK
        > GET
        !ERR wrong number of arguments for 'get' command
        > EXEC
        !EXECABORT Transaction discarded because of previous errors.
        > MULTI
        OK
        > OBJECT NOSUCH
        !ERR unknown subcommand 'NOSUCH'. Try OBJECT HELP.
        > EXEC
        !EXECABORT Transaction discarded because of previous errors.
        > MULTI
        OK
        > SET a 1
        QUEUED
        > EXEC x
        !EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
        > EXEC
        !ERR EXEC without MULTI
        > EXISTS a
        0
        "#,
    );
}

#[test]
fn what_fails_as_it_runs_fails_alone() {
    check(
        r#"
        > MULTI
        OK
        > SET a x
        QUEUED
        > INCR a
        QUEUED
        > LPUSH a 1
        QUEUED
        > EXPIRE a soon
        QUEUED
        > APPEND a y
        QUEUED
        > LMPOP x l LEFT
        QUEUED
        > SINTERCARD 3 a b
        QUEUED
        > EXEC
        [OK !ERR value is not an integer or out of range !WRONGTYPE Operation against a key
        |  holding the wrong kind of value !ERR value is not an integer or out of range 2 !ERR
        |  numkeys should be greater than 0 !ERR Number of keys can't be greater than number of
        |  args]
        > GET a
        "xy"
        "#,
    );
}

#[test]
fn some_commands_have_no_place_in_a_transaction() {
    check(
        r#"
        > MULTI
        OK
        > MULTI
        !ERR Command not allowed inside a transaction
        > SET a 1
        QUEUED
        > EXEC
        !EXECABORT Transaction discarded because of previous errors.
        > MULTI
        OK
        > SHUTDOWN
        !ERR Command not allowed inside a transaction
        > EXEC
        !EXECABORT Transaction discarded because of previous errors.
        > MULTI
        OK
        > SET a 1
        QUEUED
        > RESET
        RESET
        > EXEC
        !ERR EXEC without MULTI
        > EXISTS a
        0
        > MULTI
        OK
        > SET a 1
        QUEUED
        > QUIT
        OK
        (closed)
        2> EXISTS a
        0
        "#,
    );
}

#[test]
fn databases_change_inside_a_transaction() {
    check(
        r#"
        > SET a 0
        OK
        > MULTI
        OK
        > SELECT 3
        QUEUED
        > SET a 3
        QUEUED
        > MOVE a 4
        QUEUED
        > SELECT 4
        QUEUED
        > COPY a b DB 9
        QUEUED
        > SWAPDB 0 9
        QUEUED
        > SELECT 0
        QUEUED
        > GET b
        QUEUED
        > GET a
        QUEUED
        > DBSIZE
        QUEUED
        > SELECT 9
        QUEUED
        > KEYS *
        QUEUED
        > SELECT 99
        QUEUED
        > EXEC
        [OK OK 1 OK 1 OK OK "3" (nil) 1 OK ["a"] !ERR DB index is out of range]
        > GET a
        "0"
        > MULTI
        OK
        > FLUSHDB
        QUEUED
        > DBSIZE
        QUEUED
        > SET x 1
        QUEUED
        > RANDOMKEY
        QUEUED
        > SCAN 0
        QUEUED
        > FLUSHALL
        QUEUED
        > DBSIZE
        QUEUED
        > EXEC
        [OK 0 OK "x" ["0" ["x"]] OK 0]
        "#,
    );
}

#[test]
fn commands_that_find_their_keys_as_they_run_work_in_transactions() {
    check(
        r#"
        > MULTI
        OK
        > RPUSH l 2 1
        QUEUED
        > MSET w1 5 w2 4 d1 x d2 y
        QUEUED
        > SORT l BY w* GET d* STORE to
        QUEUED
        > SORT_RO l DESC
        QUEUED
        > LRANGE to 0 -1
        QUEUED
        > RENAME to from
        QUEUED
        > EXISTS to from
        QUEUED
        > OBJECT ENCODING from
        QUEUED
        > TYPE from
        QUEUED
        > ECHO hi
        QUEUED
        > EXEC
        [2 OK 2 ["2" "1"] ["y" "x"] OK 1 "listpack" list "hi"]
        "#,
    );
}

#[test]
fn nothing_waits_inside_a_transaction() {
    check(
        r#"
        > MULTI
        OK
        > BLPOP l 0
        QUEUED
        > BRPOPLPUSH l m 0
        QUEUED
        > BLMOVE l m LEFT LEFT 0
        QUEUED
        > BLMPOP 0 1 l LEFT
        QUEUED
        > BZPOPMIN z 0
        QUEUED
        > BZMPOP 0 1 z MIN
        QUEUED
        > XREAD BLOCK 0 STREAMS s $
        QUEUED
        > RPUSH l a
        QUEUED
        > BLPOP l 0
        QUEUED
        > EXEC
        [(nil array) (nil) (nil) (nil array) (nil array) (nil array) (nil array) 1 ["l" "a"]]
        > HELLO 3
        …
        > MULTI
        OK
        > BLPOP l 0
        QUEUED
        > BRPOPLPUSH l m 0
        QUEUED
        > XREAD BLOCK 0 STREAMS s $
        QUEUED
        > EXEC
        [(null) (null) (null)]
        "#,
    );
}

#[test]
fn those_who_wait_are_served_behind_the_transaction_in_order() {
    check_here(
        r#"
        2> BLPOP l m 0
        (waits)
        3> BLPOP m 0
        (waits)
        > MULTI
        OK
        > RPUSH m 1
        QUEUED
        > RPUSH l 2
        QUEUED
        > LPUSH m 0
        QUEUED
        > LLEN m
        QUEUED
        > EXEC
        [1 1 2 2]
        2> PING
        ["l" "2"]
        PONG
        3> PING
        ["m" "0"]
        PONG
        > LRANGE m 0 -1
        ["1"]
        "#,
    );
}

#[test]
fn the_protocol_can_change_inside_a_transaction() {
    check(
        r#"
        > HSET h f v
        1
        > MULTI
        OK
        > HGETALL h
        QUEUED
        > HELLO 3
        QUEUED
        > HGETALL h
        QUEUED
        > EXEC
        [["f" "v"] {…} {"f": "v"}]
        "#,
    );
}

#[test]
fn a_transaction_that_would_add_needs_room() {
    check(
        r#"
        > SETRANGE big 40000 x
        40001
        > MULTI
        OK
        > SET a 1
        QUEUED
        > CONFIG SET maxmemory 1
        QUEUED
        > SET a 2
        QUEUED
        > EXEC
        [OK OK OK]
        > MULTI
        OK
        > GET a
        QUEUED
        > SET a 3
        !OOM command not allowed when used memory > 'maxmemory'.
        > EXEC
        !EXECABORT Transaction discarded because of previous errors.
        > MULTI
        OK
        > GET a
        QUEUED
        > DEL a
        QUEUED
        > EXEC
        ["2" 1]
        > CONFIG SET maxmemory 0
        OK
        > MULTI
        OK
        > SET a 3
        QUEUED
        2> CONFIG SET maxmemory 1
        OK
        > EXEC
        !EXECABORT Transaction discarded because of: OOM command not allowed when used memory >
        |  'maxmemory'.
        > EXEC
        !ERR EXEC without MULTI
        > CONFIG SET maxmemory 0
        OK
        "#,
    );
}

#[test]
fn others_see_that_a_client_is_in_a_transaction() {
    check(
        r#"
        > MULTI
        OK
        > PING
        QUEUED
        > PING
        QUEUED
        > CLIENT INFO
        QUEUED
        2> CLIENT LIST
        "id=… flags=x … multi=3 watch=0 … cmd=client|info …"
        > EXEC
        [PONG PONG "id=… flags=x …"]
        > CLIENT INFO
        "id=… flags=N …"
        "#,
    );
}
