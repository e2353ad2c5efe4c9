//! ACL: users, and what they may do.

use super::check;

#[test]
fn users_are_made_and_removed() {
    check(
        r#"
        > ACL WHOAMI
        "default"
        > ACL LIST
        ["user default on nopass sanitize-payload ~* &* +@all"]
        > ACL SETUSER ann on >pw ~a* %R~b &news +get +client|id (+set ~c)
        OK
        > ACL GETUSER ann
        ["flags" ["on" "sanitize-payload"] "passwords"
        |  ["30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4"]
        |  "commands" "-@all +get +client|id" "keys" "~a* %R~b" "channels" "&news" "selectors"
        |  [["commands" "-@all +set" "keys" "~c" "channels" ""]]]
        > ACL GETUSER nobody
        (nil)
        > ACL USERS
        ["ann" "default"]
        > ACL SETUSER "a b"
        !ERR Usernames can't contain spaces or null characters
        > ACL SETUSER ann (+get
        !ERR Unmatched parenthesis in acl selector starting at '(+get'.
        > ACL SETUSER ann on +nosuch
        !ERR Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL
        > ACL SETUSER ann ~x <wrong
        !ERR Error in ACL SETUSER modifier '<wrong': The password you are trying to remove from
        |  the user does not exist
        > ACL DELUSER default ann
        !ERR The 'default' user cannot be removed
        > ACL DELUSER nobody ann
        1
        > ACL USERS
        ["default"]
        > ACL LOAD
        …
        > ACL SAVE
        …
        > ACL HELP
        …
        "#,
    );
}

#[test]
fn who_may_not_is_told() {
    check(
        r#"
        > ACL SETUSER ann on >pw ~a* &news +get +set +multi +exec +acl|whoami +publish
        OK
        > ACL SETUSER ann +eval (+mget %R~m*)
        OK
        2> AUTH ann wrong
        !WRONGPASS invalid username-password pair or user is disabled.
        2> AUTH ann pw
        OK
        2> ACL WHOAMI
        "ann"
        2> SET a 1
        OK
        2> SET b 1
        !NOPERM No permissions to access a key
        2> MGET m1 m2
        [(nil) (nil)]
        2> MGET m1 a
        !NOPERM No permissions to access a key
        2> DEL a
        !NOPERM User ann has no permissions to run the 'del' command
        2> ACL LIST
        !NOPERM User ann has no permissions to run the 'acl|list' command
        2> PUBLISH news x
        0
        2> PUBLISH olds x
        !NOPERM No permissions to access a channel
        2> EVAL "return redis.call('get', 'b')" 0
        !ERR ACL failure in script: No permissions to access a key script:
        |  84a8c58e6183c8b53b48637a86fb695d9f9abce2, on @user_script:1.
        2> EVAL "return redis.acl_check_cmd('get', 'b')" 0
        (nil)
        2> EVAL "return redis.acl_check_cmd('get', 'a')" 0
        1
        2> MULTI
        OK
        2> DEL a
        !NOPERM User ann has no permissions to run the 'del' command
        2> EXEC
        !EXECABORT Transaction discarded because of previous errors.
        2> MULTI
        OK
        2> GET a
        QUEUED
        > ACL SETUSER ann -get
        OK
        2> EXEC
        [!NOPERM ACLs rules changed between the moment the transaction was accumulated and the
        |  EXEC call. This command is no longer allowed for the following reason: no permission
        |  to execute the command or subcommand]
        > ACL DRYRUN ann SET b 1
        "User ann has no permissions to access the 'b' key"
        > ACL DRYRUN ann NOSUCH
        !ERR Command 'NOSUCH' not found
        > ACL DRYRUN bob GET a
        !ERR User 'bob' not found
        > ACL DRYRUN ann SET a
        !ERR wrong number of arguments for 'set' command
        > ACL DRYRUN ann SET a 1
        OK
        > CLIENT KILL USER ann
        1
        2> PING
        (closed)
        "#,
    );
}

#[test]
fn who_may_not_read_all_keys_may_not_sort_by_them() {
    check(
        r#"
        > ACL SETUSER ann on nopass ~a*
        OK
        2> AUTH ann x
        OK
        > ACL SETUSER ann +sort
        OK
        2> SORT a BY w* GET #
        !ERR BY option of SORT denied due to insufficient ACL permissions.
        2> SORT a1 GET v*
        !ERR GET option of SORT denied due to insufficient ACL permissions.
        2> SORT a1
        []
        > ACL SETUSER ann %R~*
        OK
        2> SORT a1 BY w* GET v*
        []
        "#,
    );
}

#[test]
fn what_was_refused_is_logged() {
    check(
        r#"
        > ACL LOG
        []
        > AUTH nobody x
        !WRONGPASS invalid username-password pair or user is disabled.
        > ACL SETUSER ann on nopass +ping +multi +eval
        OK
        2> AUTH ann x
        OK
        2> GET a
        !NOPERM User ann has no permissions to run the 'get' command
        2> GET b
        !NOPERM User ann has no permissions to run the 'get' command
        2> MULTI
        OK
        2> GET b
        !NOPERM User ann has no permissions to run the 'get' command
        > ACL LOG 1
        [["count" 1 "reason" "command" "context" "multi" "object" "get" "username" "ann" …
        > ACL LOG RESET
        OK
        > ACL LOG
        []
        > ACL LOG x
        !ERR value is not an integer or out of range
        > ACL GENPASS 0
        !ERR ACL GENPASS argument must be the number of bits for the output password, a
        |  positive number up to 4096
        > ACL GENPASS 5
        …
        > ACL CAT nosuch
        !ERR Unknown category 'nosuch'
        > ACL CAT
        ["keyspace" "read" "write" "set" "sortedset" "list" "hash" "string" "bitmap" "hyperloglog"
        |  "geo" "stream" "pubsub" "admin" "fast" "slow" "blocking" "dangerous" "connection"
        |  "transaction" "scripting"]
        "#,
    );
}

#[test]
fn the_default_user_has_the_required_password() {
    check(
        r#"
        > CONFIG SET requirepass secret
        OK
        > PING
        PONG
        2> PING
        !NOAUTH Authentication required.
        2> AUTH secret
        OK
        2> ACL LIST
        ["user default on sanitize-payload
        |  #2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b ~* &* +@all"]
        2> CONFIG SET requirepass ""
        OK
        2> ACL LIST
        ["user default on nopass sanitize-payload ~* &* +@all"]
        > ACL SETUSER default -flushall
        OK
        > FLUSHALL
        !NOPERM User default has no permissions to run the 'flushall' command
        3> FLUSHALL
        !NOPERM User default has no permissions to run the 'flushall' command
        > ACL SETUSER default +@all off
        OK
        > FLUSHALL
        OK
        "#,
    );
}
