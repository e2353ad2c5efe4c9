//! Channels and who listens to them. A line end by itself asks a subscriber for what has come.

use super::check;

#[test]
fn messages_reach_who_listens() {
    check(
        r#"
        > SUBSCRIBE news
        ["subscribe" "news" 1]
        > SUBSCRIBE news other
        ["subscribe" "news" 1]
        ["subscribe" "other" 2]
        2> PUBLISH news "a\x00b"
        1
        2> PUBLISH nobody x
        0
        2> PUBLISH news ""
        1
        >> \r\n
        ["message" "news" "a\x00b"]
        ["message" "news" ""]
        > UNSUBSCRIBE news
        ["unsubscribe" "news" 1]
        2> PUBLISH news late
        0
        2> PUBLISH other x
        1
        >> \r\n
        ["message" "other" "x"]
        > UNSUBSCRIBE
        ["unsubscribe" "other" 0]
        > UNSUBSCRIBE
        ["unsubscribe" (nil) 0]
        > UNSUBSCRIBE never
        ["unsubscribe" "never" 0]
        > PUBLISH news x
        0
        "#,
    );
}

#[test]
fn patterns_match_channels() {
    check(
        r#"
        > PSUBSCRIBE n?ws.*
        ["psubscribe" "n?ws.*" 1]
        > SUBSCRIBE news.one
        ["subscribe" "news.one" 2]
        2> PUBLISH news.one 1
        2
        2> PUBLISH nows.two 2
        1
        2> PUBLISH newsone 3
        0
        >> \r\n
        ["message" "news.one" "1"]
        ["pmessage" "n?ws.*" "news.one" "1"]
        ["pmessage" "n?ws.*" "nows.two" "2"]
        2> PUBSUB NUMPAT
        1
        > PUNSUBSCRIBE other
        ["punsubscribe" "other" 2]
        > PUNSUBSCRIBE
        ["punsubscribe" "n?ws.*" 1]
        > PUNSUBSCRIBE
        ["punsubscribe" (nil) 1]
        2> PUBSUB NUMPAT
        0
        2> PUBLISH news.one 4
        1
        "#,
    );
}

#[test]
fn shard_channels_are_apart() {
    check(
        r#"
        > SSUBSCRIBE s
        ["ssubscribe" "s" 1]
        > SUBSCRIBE s
        ["subscribe" "s" 1]
        > PSUBSCRIBE *
        ["psubscribe" "*" 2]
        > SSUBSCRIBE s t
        ["ssubscribe" "s" 1]
        ["ssubscribe" "t" 2]
        2> SPUBLISH s one
        1
        2> PUBLISH s two
        2
        >> \r\n
        ["smessage" "s" "one"]
        ["message" "s" "two"]
        ["pmessage" "*" "s" "two"]
        2> PUBSUB SHARDNUMSUB s t u
        ["s" 1 "t" 1 "u" 0]
        2> PUBSUB SHARDCHANNELS t*
        ["t"]
        2> PUBSUB CHANNELS
        ["s"]
        > SUNSUBSCRIBE s
        ["sunsubscribe" "s" 1]
        2> SPUBLISH s three
        0
        > SUNSUBSCRIBE
        ["sunsubscribe" "t" 0]
        > SUNSUBSCRIBE
        ["sunsubscribe" (nil) 0]
        > UNSUBSCRIBE
        ["unsubscribe" "s" 1]
        2> PUBSUB SHARDCHANNELS
        []
        "#,
    );
}

#[test]
fn the_third_protocol_pushes() {
    check(
        r#"
        > HELLO 3
        {"server": "valkey"…
        > SUBSCRIBE a
        push["subscribe" "a" 1]
        > PSUBSCRIBE *
        push["psubscribe" "*" 2]
        > SSUBSCRIBE s
        push["ssubscribe" "s" 1]
        > PUBLISH a mine
        2
        push["message" "a" "mine"]
        push["pmessage" "*" "a" "mine"]
        > SPUBLISH s mine
        1
        push["smessage" "s" "mine"]
        > PING
        PONG
        > PING hello
        "hello"
        > SET k v
        OK
        2> SUBSCRIBE a
        ["subscribe" "a" 1]
        3> PUBLISH a x
        3
        > GET k
        push["message" "a" "x"]
        push["pmessage" "*" "a" "x"]
        "v"
        2>> \r\n
        ["message" "a" "x"]
        > UNSUBSCRIBE
        push["unsubscribe" "a" 1]
        > UNSUBSCRIBE
        push["unsubscribe" (null) 1]
        > PUBSUB NUMSUB a b
        ["a" 1 "b" 0]
        "#,
    );
}

#[test]
fn a_push_stands_behind_the_reply_of_its_own_command() {
    check(
        r#"
        > HELLO 3
        {"server": "valkey"…
        > SUBSCRIBE a
        push["subscribe" "a" 1]
        >> PUBLISH a 1\r\nPING\r\nPUBLISH a 2\r\nUNSUBSCRIBE a\r\nPING\r\n
        1
        push["message" "a" "1"]
        PONG
        1
        push["message" "a" "2"]
        push["unsubscribe" "a" 0]
        PONG
        "#,
    );
}

#[test]
fn a_subscriber_of_the_second_protocol_can_do_little_else() {
    check(
        r#"
        > SUBSCRIBE a
        ["subscribe" "a" 1]
        > GET k
        !ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET
        |  are allowed in this context
        > CLIENT LIST
        !ERR Can't execute 'client|list': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT /
        |  RESET are allowed in this context
        > PUBLISH a x
        !ERR Can't execute 'publish': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET
        |  are allowed in this context
        > HELLO 3
        !ERR Can't execute 'hello': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET
        |  are allowed in this context
        > GET
        !ERR wrong number of arguments for 'get' command
        > NOSUCH
        !ERR unknown command 'NOSUCH', with args beginning with: 
        > PING
        ["pong" ""]
        > PING hello
        ["pong" "hello"]
        > PING a b
        !ERR wrong number of arguments for 'ping' command
        > SSUBSCRIBE s
        ["ssubscribe" "s" 1]
        > UNSUBSCRIBE
        ["unsubscribe" "a" 0]
        > PING
        ["pong" ""]
        > SUNSUBSCRIBE
        ["sunsubscribe" "s" 0]
        > PING
        PONG
        > GET k
        (nil)
        > SUBSCRIBE a
        ["subscribe" "a" 1]
        > PSUBSCRIBE b*
        ["psubscribe" "b*" 2]
        > RESET
        RESET
        > PUBLISH a x
        0
        > PUBSUB NUMPAT
        0
        > SUBSCRIBE a
        ["subscribe" "a" 1]
        > QUIT
        OK
        (closed)
        2> PUBLISH a x
        0
        "#,
    );
}

#[test]
fn a_subscriber_is_heard_though_replies_are_off() {
    check(
        r#"
        > HELLO 3
        {"server": "valkey"…
        > CLIENT REPLY OFF
        > SUBSCRIBE a
        push["subscribe" "a" 1]
        > PUBLISH a x
        push["message" "a" "x"]
        > PING
        > UNSUBSCRIBE
        push["unsubscribe" "a" 0]
        > CLIENT REPLY ON
        OK
        > CLIENT REPLY SKIP
        > SUBSCRIBE a
        push["subscribe" "a" 1]
        > PING
        PONG
        "#,
    );
}

#[test]
fn subscribers_are_counted_and_listed() {
    check(
        r#"
        > SUBSCRIBE a b
        ["subscribe" "a" 1]
        ["subscribe" "b" 2]
        > PSUBSCRIBE p*
        ["psubscribe" "p*" 3]
        > SSUBSCRIBE s t u
        ["ssubscribe" "s" 1]
        ["ssubscribe" "t" 2]
        ["ssubscribe" "u" 3]
        2> CLIENT LIST TYPE pubsub
        "id=… flags=P capa= db=0 sub=2 psub=1 ssub=3 multi=-1 … cmd=ssubscribe …\n"
        2> CLIENT LIST TYPE normal
        "id=… flags=N capa= db=0 sub=0 psub=0 ssub=0 multi=-1 … cmd=client|list …\n"
        2> INFO clients
        "…pubsub_clients:1\r\n…"
        2> INFO stats
        "…pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:3\r\n…"
        2> PUBSUB CHANNELS a*
        ["a"]
        2> PUBSUB CHANNELS x*
        []
        2> PUBSUB NUMSUB
        []
        2> CLIENT KILL TYPE pubsub
        1
        > PING
        (closed)
        2> PUBSUB CHANNELS
        []
        2> INFO clients
        "…pubsub_clients:0\r\n…"
        "#,
    );
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    check(
        r#"
        > SUBSCRIBE
        !ERR wrong number of arguments for 'subscribe' command
        > PSUBSCRIBE
        !ERR wrong number of arguments for 'psubscribe' command
        > SSUBSCRIBE
        !ERR wrong number of arguments for 'ssubscribe' command
        > PUBLISH a
        !ERR wrong number of arguments for 'publish' command
        > SPUBLISH a b c
        !ERR wrong number of arguments for 'spublish' command
        > PUBSUB
        !ERR wrong number of arguments for 'pubsub' command
        > PUBSUB CHANNELS a b
        !ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.
        > PUBSUB SHARDCHANNELS a b
        !ERR unknown subcommand or wrong number of arguments for 'SHARDCHANNELS'. Try PUBSUB HELP.
        > PUBSUB NUMPAT x
        !ERR wrong number of arguments for 'pubsub|numpat' command
        > PUBSUB FOO
        !ERR unknown subcommand 'FOO'. Try PUBSUB HELP.
        > PUBSUB HELP
        […]
        > COMMAND GETKEYS SSUBSCRIBE a b
        !ERR The command has no key arguments
        "#,
    );
}

#[test]
fn what_happens_to_keys_is_told_on_channels_of_its_own() {
    check(
        r#"
        > CONFIG SET notify-keyspace-events KEA
        OK
        > CONFIG GET notify-keyspace-events
        ["notify-keyspace-events" "AKE"]
        > PSUBSCRIBE __key*
        ["psubscribe" "__key*" 1]
        2> SET k v EX 100
        OK
        2> SADD s a
        1
        2> SADD s a
        0
        2> SPOP s
        "a"
        2> SELECT 1
        OK
        2> LPUSH l x
        1
        2> LMOVE l r LEFT RIGHT
        "x"
        2> RENAME r other
        OK
        >> \r\n
        ["pmessage" "__key*" "__keyspace@0__:k" "set"]
        ["pmessage" "__key*" "__keyevent@0__:set" "k"]
        ["pmessage" "__key*" "__keyspace@0__:k" "expire"]
        ["pmessage" "__key*" "__keyevent@0__:expire" "k"]
        ["pmessage" "__key*" "__keyspace@0__:s" "sadd"]
        ["pmessage" "__key*" "__keyevent@0__:sadd" "s"]
        ["pmessage" "__key*" "__keyspace@0__:s" "spop"]
        ["pmessage" "__key*" "__keyevent@0__:spop" "s"]
        ["pmessage" "__key*" "__keyspace@0__:s" "del"]
        ["pmessage" "__key*" "__keyevent@0__:del" "s"]
        ["pmessage" "__key*" "__keyspace@1__:l" "lpush"]
        ["pmessage" "__key*" "__keyevent@1__:lpush" "l"]
        ["pmessage" "__key*" "__keyspace@1__:r" "rpush"]
        ["pmessage" "__key*" "__keyevent@1__:rpush" "r"]
        ["pmessage" "__key*" "__keyspace@1__:l" "lpop"]
        ["pmessage" "__key*" "__keyevent@1__:lpop" "l"]
        ["pmessage" "__key*" "__keyspace@1__:l" "del"]
        ["pmessage" "__key*" "__keyevent@1__:del" "l"]
        ["pmessage" "__key*" "__keyspace@1__:r" "rename_from"]
        ["pmessage" "__key*" "__keyevent@1__:rename_from" "r"]
        ["pmessage" "__key*" "__keyspace@1__:other" "rename_to"]
        ["pmessage" "__key*" "__keyevent@1__:rename_to" "other"]
        2> CONFIG SET notify-keyspace-events ""
        OK
        "#,
    );
}
