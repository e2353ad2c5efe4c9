//! Transcripts of the protocol below the commands: frames, inline lines and their limits.

use super::check;

#[test]
fn inline_commands_are_split_like_a_shell() {
    check(
        r#"
        >> PING\r\n
        PONG
        >> SET k "a b"\r\n
        OK
        >> get k\n
        "a b"
        >> SET k '\\x41\\'b'\r\n
        OK
        >> GET k\r\n
        "\\x41'b"
        >> SET k "\\x41\\n"\r\n
        OK
        >> GET k\r\n
        "A\n"
        >>   PING   \r\n
        PONG
        >> \r\n\r\nPING\r\n
        PONG
        >> SET k "a"b\r\n
        !ERR Protocol error: unbalanced quotes in request
        (closed)
        "#,
    );
}

#[test]
fn broken_frames_end_the_connection_with_their_reason() {
    check(
        r#"
        >> *1\r\n+PING\r\n
        !ERR Protocol error: expected '$', got '+'
        (closed)
        2>> *x\r\n
        !ERR Protocol error: invalid multibulk length
        (closed)
        3>> *1\r\n$x\r\n
        !ERR Protocol error: invalid bulk length
        (closed)
        4>> *1048577\r\n
        5>> *1\r\n$536870913\r\n
        !ERR Protocol error: invalid bulk length
        (closed)
        6>> *1\r\n$-1\r\n
        !ERR Protocol error: invalid bulk length
        (closed)
        7>> *-1\r\n
        7>> *0\r\nPING\r\n
        PONG
        8>> *2147483648\r\n
        !ERR Protocol error: invalid multibulk length
        (closed)
        9>> GET "unbalanced\r\n
        !ERR Protocol error: unbalanced quotes in request
        (closed)
        "#,
    );
}

#[test]
fn frames_may_come_in_pieces() {
    check(
        r#"
        >> *2\r\n$4\r\nEC
        >> HO\r\n$5\r
        >> \nhe
        >> llo\r\n*1\r\n$4\r\nPING\r\n
        "hello"
        PONG
        >> PI
        >> NG\r\n
        PONG
        >> *1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\nPING\r\n
        PONG
        PONG
        PONG
        "#,
    );
}

#[test]
fn unauthenticated_frames_are_small() {
    check(
        r#"
        > CONFIG SET requirepass secret
        OK
        2>> *11\r\n
        !ERR Protocol error: unauthenticated multibulk length
        (closed)
        3>> *2\r\n$16385\r\n
        !ERR Protocol error: unauthenticated bulk length
        (closed)
        4>> *10\r\n$4\r\nPING\r\n<$1\r\nx\r\n*9>
        !NOAUTH Authentication required.
        "#,
    );
}

#[test]
fn unknown_commands_say_what_they_were_given() {
    check(
        r#"
        > NOSUCH
        !ERR unknown command 'NOSUCH', with args beginning with: 
        > NOSUCH a b
        !ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' 
        > "no\r\nsuch" "a\r\nb"
        !ERR unknown command 'no  such', with args beginning with: 'a  b' 
        > NOSUCH "<x*200>" y z
        !ERR unknown command 'NOSUCH', with args beginning with:
        |  'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' 
        > "<n*200>" y
        !ERR unknown command 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
        | nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn', with args beginning
        |  with: 'y' 
        > ""
        !ERR unknown command '', with args beginning with: 
        > CONFIG NOSUCH
        !ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.
        > CONFIG
        !ERR wrong number of arguments for 'config' command
        "#,
    );
}
