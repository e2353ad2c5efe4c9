//! CLIENT TRACKING: who hears that keys have changed.

use super::{check, check_here};

#[test]
fn who_reads_a_key_hears_of_its_next_change() {
    check(
        r#"
        > HELLO 3
        …
        > CLIENT TRACKING on
        OK
        > GET k
        (null)
        2> SET k 1
        OK
        2> SET k 2
        OK
        >> \r\n
        push["invalidate" ["k"]]
        > MGET k l k
        ["2" (null) "2"]
        2> SELECT 1
        OK
        2> DEL k
        0
        2> SET l in-another-database
        OK
        >> \r\n
        push["invalidate" ["l"]]
        > SET k 3
        OK
        push["invalidate" ["k"]]
        > SET k 4
        OK
        > CLIENT TRACKING off
        OK
        > GET k
        "4"
        2> SELECT 0
        OK
        2> SET k 5
        OK
        > PING
        PONG
        "#,
    );
}

#[test]
fn whatever_changes_a_key_is_told() {
    check(
        r#"
        > HELLO 3
        …
        > CLIENT TRACKING on
        OK
        2> MSET a 1 b 2
        OK
        2> SADD s x
        1
        > MGET a b c
        ["1" "2" (null)]
        2> RENAME a c
        OK
        >> \r\n
        push["invalidate" ["a"]]
        push["invalidate" ["c"]]
        > MGET b c
        ["2" "1"]
        > SCARD s
        1
        2> MOVE b 3
        1
        2> EXPIRE c 100
        1
        2> SREM s nothing
        0
        2> SREM s x
        1
        >> \r\n
        push["invalidate" ["b"]]
        push["invalidate" ["c"]]
        push["invalidate" ["s"]]
        > EXISTS c d
        1
        2> COPY c d
        1
        2> PEXPIRE c -1
        1
        >> \r\n
        push["invalidate" ["d"]]
        push["invalidate" ["c"]]
        > GET d
        "1"
        2> SWAPDB 0 1
        OK
        > GET d
        (null)
        2> FLUSHDB
        OK
        >> \r\n
        push["invalidate" (null)]
        > FLUSHALL
        OK
        push["invalidate" (null)]
        "#,
    );
}

#[test]
fn transactions_and_scripts_tell_behind_their_replies() {
    check(
        r#"
        > HELLO 3
        …
        > CLIENT TRACKING on
        OK
        > MULTI
        OK
        > GET a
        QUEUED
        > SET a 1
        QUEUED
        > SET a 2
        QUEUED
        > SET b 1
        QUEUED
        > EXEC
        [(null) OK OK OK]
        push["invalidate" ["a"]]
        > EVAL "redis.call('get', KEYS[1]); return redis.call('set', KEYS[1], 'x')" 1 a
        OK
        push["invalidate" ["a"]]
        > EVAL_RO "return redis.call('get', KEYS[1])" 1 a
        "x"
        2> EVAL "redis.call('del', KEYS[1]); return redis.call('set', KEYS[1], 'y')" 1 a
        OK
        >> \r\n
        push["invalidate" ["a"]]
        > GET a
        "y"
        2> MULTI
        OK
        2> SET a z
        QUEUED
        2> FLUSHALL
        QUEUED
        2> EXEC
        [OK OK]
        >> \r\n
        push["invalidate" ["a"]]
        push["invalidate" (null)]
        "#,
    );
}

#[test]
fn who_loops_not_does_not_hear_of_itself() {
    check(
        r#"
        > HELLO 3
        …
        > CLIENT TRACKING on noloop
        OK
        > GET k
        (null)
        > SET k 1
        OK
        2> SET k 2
        OK
        > GET k
        "2"
        2> SET k 3
        OK
        >> \r\n
        push["invalidate" ["k"]]
        > CLIENT TRACKINGINFO
        {"flags": <"on" "noloop">, "redirect": 0, "prefixes": []}
        "#,
    );
}

#[test]
fn prefixes_are_broadcast() {
    check(
        r#"
        > HELLO 3
        …
        > CLIENT TRACKING on prefix user: bcast prefix item:
        OK
        > CLIENT TRACKINGINFO
        {"flags": <"on" "bcast">, "redirect": 0, "prefixes": ["item:" "user:"]}
        2> SET user:1 x
        OK
        2> SET other x
        OK
        2> MSET user:2 x item:1 x user:1 y
        OK
        >> \r\n
        push["invalidate" ["user:1"]]
        push["invalidate" ["item:1"]]
        push["invalidate" ["user:1" "user:2"]]
        > SET item:1 y
        OK
        push["invalidate" ["item:1"]]
        > CLIENT TRACKING on bcast prefix user:1
        !ERR Prefix 'user:1' overlaps with an existing prefix 'user:'. Prefixes for a single
        |  client must not overlap.
        > CLIENT TRACKING on bcast prefix ab prefix abc
        !ERR Prefix 'ab' overlaps with another provided prefix 'abc'. Prefixes for a single
        |  client must not overlap.
        > CLIENT TRACKING on bcast noloop prefix third
        OK
        > CLIENT TRACKINGINFO
        {"flags": <"on" "bcast" "noloop">, "redirect": 0, "prefixes": ["item:" "third" "user:"]}
        > SET third 1
        OK
        > CLIENT TRACKING off
        OK
        > CLIENT TRACKING on bcast
        OK
        > CLIENT TRACKINGINFO
        {"flags": <"on" "bcast">, "redirect": 0, "prefixes": [""]}
        2> DEL nothing
        0
        2> DEL other third
        2
        >> \r\n
        push["invalidate" ["other" "third"]]
        "#,
    );
}

#[test]
fn a_client_can_say_what_it_keeps() {
    check(
        r#"
        > HELLO 3
        …
        > CLIENT CACHING yes
        !ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN
        |  or OPTOUT mode enabled
        > CLIENT TRACKING on optin
        OK
        > CLIENT CACHING no
        !ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.
        > CLIENT CACHING maybe
        !ERR syntax error
        > GET a
        (null)
        > CLIENT CACHING yes
        OK
        > CLIENT TRACKINGINFO
        {"flags": <"on" "optin" "caching-yes">, "redirect": 0, "prefixes": []}
        > GET b
        (null)
        > GET c
        (null)
        > CLIENT CACHING YES
        OK
        > MULTI
        OK
        > GET d
        QUEUED
        > GET e
        QUEUED
        > EXEC
        [(null) (null)]
        > GET f
        (null)
        2> MSET a 1 b 1 c 1 d 1 e 1 f 1
        OK
        >> \r\n
        push["invalidate" ["b"]]
        push["invalidate" ["d"]]
        push["invalidate" ["e"]]
        > CLIENT TRACKING on optout
        !ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and
        |  then re-enabling it with a different mode.
        > CLIENT TRACKING off
        OK
        > CLIENT TRACKING on optout
        OK
        > CLIENT CACHING yes
        !ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.
        > CLIENT CACHING no
        OK
        > GET a
        "1"
        > GET b
        "1"
        2> MSET a 2 b 2
        OK
        >> \r\n
        push["invalidate" ["b"]]
        "#,
    );
}

#[test]
fn another_connection_can_hear() {
    check(
        r#"
        > CLIENT TRACKING on
        OK
        > GET unheard
        (nil)
        2> SET unheard x
        OK
        > CLIENT TRACKING on redirect 999999
        !ERR The client ID you want redirect to does not exist
        > CLIENT TRACKING on redirect x
        !ERR value is not an integer or out of range
        > CLIENT GETREDIR
        0
        > CLIENT TRACKING off
        OK
        > CLIENT GETREDIR
        -1
        > CLIENT TRACKINGINFO
        ["flags" ["off"] "redirect" -1 "prefixes" []]
        "#,
    );
}

#[test]
fn who_listens_hears_for_another() {
    check_here(
        r#"
        2> SUBSCRIBE __redis__:invalidate
        ["subscribe" "__redis__:invalidate" 1]
        > CLIENT TRACKING on redirect 2
        OK
        > CLIENT TRACKING on redirect 2 redirect 2
        !ERR A client can only redirect to a single other client
        > CLIENT GETREDIR
        2
        > CLIENT LIST ID 1
        "…flags=t …redir=2 …"
        > GET k
        (nil)
        3> SET k 1
        OK
        2>> \r\n
        ["message" "__redis__:invalidate" ["k"]]
        > GET k
        "1"
        3> FLUSHALL
        OK
        2>> \r\n
        ["message" "__redis__:invalidate" (nil)]
        > HELLO 3
        …
        > GET k
        (null)
        3> CLIENT KILL ID 2
        1
        3> SET k 2
        OK
        > PING
        …
        > CLIENT TRACKINGINFO
        …
        "#,
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    check(
        r#"
        > CLIENT TRACKING maybe
        !ERR syntax error
        > CLIENT TRACKING on what
        !ERR syntax error
        > CLIENT TRACKING on prefix
        !ERR syntax error
        > CLIENT TRACKING on prefix a
        !ERR PREFIX option requires BCAST mode to be enabled
        > CLIENT TRACKING on bcast optin
        !ERR OPTIN and OPTOUT are not compatible with BCAST
        > CLIENT TRACKING on optin optout
        !ERR You can't specify both OPTIN mode and OPTOUT mode
        > CLIENT TRACKING on optin
        OK
        > CLIENT TRACKING on optin bcast
        !ERR You can't switch BCAST mode on/off before disabling tracking for this client, and
        |  then re-enabling it with a different mode.
        > CLIENT TRACKING on
        OK
        > RESET
        RESET
        > CLIENT TRACKINGINFO
        ["flags" ["off"] "redirect" -1 "prefixes" []]
        > CLIENT GETREDIR
        -1
        "#,
    );
}
