//! Transcripts of functions.

use super::check;

#[test]
fn a_library_is_loaded_called_and_deleted() {
    check(
        r#"
        > FUNCTION LOAD "#!lua name=mylib\nserver.register_function('put', function(keys, args) return server.call('SET', keys[1], args[1]) end)"
        "mylib"
        > FCALL put 1 a 5
        OK
        > GET a
        "5"
        > FUNCTION LOAD "#!lua name=mylib\nredis.register_function('put', function() return 1 end)"
        !ERR Library 'mylib' already exists
        > FUNCTION LOAD REPLACE "#!lua name=mylib\nredis.register_function('put', function() return 1 end)"
        "mylib"
        > FCALL put 0
        1
        > FUNCTION LIST
        …
        > FUNCTION LIST LIBRARYNAME other*
        []
        > FUNCTION DELETE mylib
        OK
        > FUNCTION DELETE mylib
        !ERR Library not found
        > FCALL put 0
        !ERR Function not found
        > FUNCTION LIST
        []
        "#,
    );
}

#[test]
fn functions_have_flags() {
    check(
        r#"
        > FUNCTION LOAD "#!lua name=mylib\nredis.register_function{function_name='read', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}, description='reads'}\nredis.register_function('write', function(keys) return redis.call('INCR', keys[1]) end)"
        "mylib"
        > SET a x
        OK
        > FCALL_RO read 1 a
        "x"
        > FCALL read 1 a
        "x"
        > FCALL_RO write 1 b
        !ERR Can not execute a script with write flag using *_ro command.
        > FCALL write 1 b
        1
        > FCALL write 2 b
        !ERR Number of keys can't be greater than number of args
        > FCALL write x
        !ERR Bad number of keys provided
        > FUNCTION FLUSH
        OK
        > FUNCTION FLUSH SYNC
        OK
        > FUNCTION FLUSH x
        !ERR FUNCTION FLUSH only supports SYNC|ASYNC option
        "#,
    );
}

#[test]
fn what_is_no_library_is_refused() {
    check(
        r#"
        > FUNCTION LOAD "return 1"
        !ERR Missing library metadata
        > FUNCTION LOAD "#!lua name=a-b\nreturn 1"
        !ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long
        > FUNCTION LOAD "#!other name=a\nreturn 1"
        !ERR Engine 'other' not found
        > FUNCTION LOAD "#!lua name=a\nreturn 1"
        !ERR No functions registered
        > FUNCTION LOAD "#!lua name=a\nredis.call('PING')"
        !ERR Error registering functions: …
        > FUNCTION LOAD "#!lua name=a\nredis.register_function('b c', function() end)"
        !ERR Error registering functions: …
        "#,
    );
}

#[test]
fn libraries_travel_as_a_payload() {
    check(
        r#"
        > FUNCTION LOAD "#!lua name=mylib\nredis.register_function('one', function() return 1 end)"
        "mylib"
        > FUNCTION DUMP
        …
        > FUNCTION RESTORE x
        !ERR DUMP payload version or checksum are wrong
        > FUNCTION RESTORE x SOMEHOW
        !ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
        > FUNCTION STATS
        …
        > FUNCTION KILL
        !NOTBUSY No scripts in execution right now.
        > FUNCTION HELP
        …
        "#,
    );
}
