//! Transcripts of the connection family.

use super::check;

#[test]
fn ping_and_echo_answer_what_they_are_given() {
    check(
        r#"
        > PING
        PONG
        > PING "a\x00b"
        "a\x00b"
        > PING a b
        !ERR wrong number of arguments for 'ping' command
        > ECHO hello
        "hello"
        > ECHO
        !ERR wrong number of arguments for 'echo' command
        > ECHO a b
        !ERR wrong number of arguments for 'echo' command
        > QUIT
        OK
        (closed)
        "#,
    );
}

#[test]
fn hello_chooses_the_protocol_and_tells_who_answers() {
    check(
        r#"
        > HELLO
        ["server" "valkey" "version" "8.1.…" "proto" 2 "id" … "mode" "standalone" "role"
        |  "master" "modules" []]
        > HELLO 2
        ["server" "valkey" "version" "8.1.…" "proto" 2 "id" … "mode" "standalone" "role"
        |  "master" "modules" []]
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > GET nosuch
        (null)
        > HELLO 4
        !NOPROTO unsupported protocol version
        > HELLO 1
        !NOPROTO unsupported protocol version
        > HELLO x
        !ERR Protocol version is not an integer or out of range
        > HELLO 3 SETNAME me
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > CLIENT GETNAME
        "me"
        > HELLO 2 SETNAME "not so"
        !ERR Client names cannot contain spaces, newlines or special characters.
        > HELLO 3 AUTH default secret
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > HELLO 3 AUTH default
        !ERR Syntax error in HELLO option 'AUTH'
        > HELLO 3 BOGUS
        !ERR Syntax error in HELLO option 'BOGUS'
        > HELLO 2
        ["server" "valkey" "version" "8.1.…" "proto" 2 "id" … "mode" "standalone" "role"
        |  "master" "modules" []]
        > GET nosuch
        (nil)
        > CLIENT GETNAME
        "me"
        "#,
    );
}

#[test]
fn auth_opens_what_requirepass_closes() {
    check(
        r#"
        > AUTH secret
        !ERR AUTH <password> called without any password configured for the default user. Are
        |  you sure your configuration is correct?
        > AUTH default secret
        OK
        > CONFIG SET requirepass secret
        OK
        > PING
        PONG
        2> PING
        !NOAUTH Authentication required.
        2> GET k
        !NOAUTH Authentication required.
        2> HELLO 3
        !NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO
        |  <proto> AUTH <user> <pass> option can be used to authenticate the client and select
        |  the RESP protocol version at the same time
        2> AUTH wrong
        !WRONGPASS invalid username-password pair or user is disabled.
        2> AUTH default wrong
        !WRONGPASS invalid username-password pair or user is disabled.
        2> AUTH nobody secret
        !WRONGPASS invalid username-password pair or user is disabled.
        2> AUTH a b c
        !ERR syntax error
        2> AUTH
        !ERR wrong number of arguments for 'auth' command
        2> NOSUCH
        !ERR unknown command 'NOSUCH', with args beginning with: 
        2> GET
        !ERR wrong number of arguments for 'get' command
        2> AUTH secret
        OK
        2> PING
        PONG
        3> HELLO 3 AUTH default wrong
        !WRONGPASS invalid username-password pair or user is disabled.
        3> HELLO 3 AUTH default secret
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        3> PING
        PONG
        3> RESET
        RESET
        3> PING
        !NOAUTH Authentication required.
        3> AUTH default secret
        OK
        3> PING
        PONG
        4> QUIT
        OK
        (closed)
        "#,
    );
}

#[test]
fn reset_forgets_the_state() {
    check(
        r#"
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > SELECT 3
        OK
        > CLIENT SETNAME me
        OK
        > RESET
        RESET
        > CLIENT GETNAME
        (nil)
        > SET k v
        OK
        > SELECT 0
        OK
        > GET k
        "v"
        > GET nosuch
        (nil)
        > RESET x
        !ERR wrong number of arguments for 'reset' command
        "#,
    );
}

#[test]
fn clients_have_names_and_ids() {
    check(
        r#"
        > CLIENT GETNAME
        (nil)
        > CLIENT SETNAME me
        OK
        > CLIENT GETNAME
        "me"
        > CLIENT SETNAME "with space"
        !ERR Client names cannot contain spaces, newlines or special characters.
        > CLIENT SETNAME "new\nline"
        !ERR Client names cannot contain spaces, newlines or special characters.
        > CLIENT SETNAME ""
        OK
        > CLIENT GETNAME
        (nil)
        > CLIENT ID
        …
        > CLIENT SETINFO lib-name tandem-test
        OK
        > CLIENT SETINFO LIB-VER 1.2
        OK
        > CLIENT SETINFO lib-name "a b"
        !ERR lib-name cannot contain spaces, newlines or special characters.
        > CLIENT SETINFO bogus x
        !ERR Unrecognized option 'bogus'
        > CLIENT INFO
        "id=… addr=… laddr=… fd=… name= age=… idle=… flags=N capa= db=0 sub=0 psub=0 ssub=0
        |  multi=-1 watch=0 qbuf=… qbuf-free=… argv-mem=… multi-mem=0 rbs=… rbp=… obl=… oll=0
        |  omem=… tot-mem=… events=r cmd=client|info user=default redir=-1 resp=2
        |  lib-name=tandem-test lib-ver=1.2 tot-net-in=… tot-net-out=… tot-cmds=…\n"
        > CLIENT
        !ERR wrong number of arguments for 'client' command
        > CLIENT NOSUCH
        !ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.
        > CLIENT ID x
        !ERR wrong number of arguments for 'client|id' command
        > CLIENT SETNAME
        !ERR wrong number of arguments for 'client|setname' command
        > CLIENT HELP
        [CLIENT <subcommand>…]
        > CLIENT NO-EVICT on
        OK
        > CLIENT NO-EVICT off
        OK
        > CLIENT NO-EVICT maybe
        !ERR syntax error
        > CLIENT NO-TOUCH on
        OK
        > CLIENT NO-TOUCH off
        OK
        > CLIENT NO-TOUCH
        !ERR wrong number of arguments for 'client|no-touch' command
        "#,
    );
}

#[test]
fn clients_are_listed_and_killed() {
    check(
        r#"
        > CLIENT SETNAME first
        OK
        2> CLIENT SETNAME second
        OK
        > CLIENT LIST
        "id=… addr=… laddr=… fd=… name=first age=… idle=… flags=N capa= db=0 sub=0 psub=0 ssub=0
        |  multi=-1 watch=0 qbuf=… qbuf-free=… argv-mem=… multi-mem=0 rbs=… rbp=… obl=… oll=0
        |  omem=… tot-mem=… events=r cmd=client|list user=default redir=-1 resp=2 lib-name=
        |  lib-ver= tot-net-in=… tot-net-out=… tot-cmds=…\nid=… addr=… laddr=… fd=… name=second
        |  age=… idle=… flags=N capa= db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0 qbuf=…
        |  qbuf-free=… argv-mem=… multi-mem=0 rbs=… rbp=… obl=… oll=0 omem=… tot-mem=… events=r
        |  cmd=client|setname user=default redir=-1 resp=2 lib-name= lib-ver= tot-net-in=…
        |  tot-net-out=… tot-cmds=…\n"
        > CLIENT LIST TYPE normal
        "id=… addr=… laddr=… fd=… name=first age=… idle=… flags=N capa= db=0 sub=0 psub=0 ssub=0
        |  multi=-1 watch=0 qbuf=… qbuf-free=… argv-mem=… multi-mem=0 rbs=… rbp=… obl=… oll=0
        |  omem=… tot-mem=… events=r cmd=client|list user=default redir=-1 resp=2 lib-name=
        |  lib-ver= tot-net-in=… tot-net-out=… tot-cmds=…\nid=… addr=… laddr=… fd=… name=second
        |  age=… idle=… flags=N capa= db=0 sub=0 psub=0 ssub=0 multi=-1 watch=0 qbuf=…
        |  qbuf-free=… argv-mem=… multi-mem=0 rbs=… rbp=… obl=… oll=0 omem=… tot-mem=… events=r
        |  cmd=client|setname user=default redir=-1 resp=2 lib-name= lib-ver= tot-net-in=…
        |  tot-net-out=… tot-cmds=…\n"
        > CLIENT LIST TYPE pubsub
        ""
        > CLIENT LIST TYPE bogus
        !ERR Unknown client type 'bogus'
        > CLIENT LIST ID 2000 3000
        ""
        > CLIENT LIST ID x
        !ERR syntax error
        > CLIENT LIST ID
        !ERR syntax error
        > CLIENT LIST BOGUS
        !ERR syntax error
        > CLIENT KILL 1.2.3.4:5
        !ERR No such client
        > CLIENT KILL ADDR 1.2.3.4:5
        0
        > CLIENT KILL ID x
        !ERR syntax error
        > CLIENT KILL ID 0
        !ERR client-id should be greater than 0
        > CLIENT KILL TYPE bogus
        !ERR Unknown client type 'bogus'
        > CLIENT KILL USER nobody
        !ERR No such user 'nobody'
        > CLIENT KILL SKIPME maybe
        !ERR syntax error
        > CLIENT KILL BOGUS x
        !ERR syntax error
        > CLIENT KILL ID
        !ERR No such client
        > CLIENT KILL TYPE pubsub
        0
        > CLIENT KILL TYPE normal SKIPME yes
        1
        2> PING
        (closed)
        3> CLIENT KILL TYPE normal SKIPME no
        2
        (closed)
        3> PING
        (closed)
        "#,
    );
}

#[test]
fn replies_can_be_turned_off() {
    check(
        r#"
        > CLIENT REPLY SKIP
        > PING
        > PING
        PONG
        > CLIENT REPLY OFF
        > PING
        > SET k v
        > CLIENT REPLY ON
        OK
        > GET k
        "v"
        > CLIENT REPLY BOGUS
        !ERR syntax error
        > CLIENT REPLY
        !ERR wrong number of arguments for 'client|reply' command
        "#,
    );
}
