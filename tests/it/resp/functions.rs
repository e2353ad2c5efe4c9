//! Transcripts of functions.

use super::check;

#[test]
fn a_library_is_loaded_called_and_deleted() {
    check(
        r#"
        > FUNCTION LOAD "\x23!lua name=mylib\nserver.register_function('put', function(keys, arg
        | s) return server.call('SET', keys[1], args[1]) end)"
        "mylib"
        > FCALL put 1 a 5
        OK
        > GET a
        "5"
        > FCALL PUT 1 a 6
        OK
        > FUNCTION LOAD "\x23!lua name=mylib\nredis.register_function('put', function() retur
        | n 1 end)"
        !ERR Library 'mylib' already exists
        > FUNCTION LOAD REPLACE "\x23!lua name=mylib\nredis.register_function('put', function(
        | ) return 1 end)"
        "mylib"
        > FUNCTION LOAD "\x23!lua name=other\nredis.register_function('PUT', function() retur
        | n 1 end)"
        !ERR Function PUT already exists
        > FCALL put 0
        1
        > FUNCTION LIST
        [["library_name" "mylib" "engine" "LUA" "functions" [["name" "put" "description" (nil) "
        | flags" []]]]]
        > FUNCTION LIST LIBRARYNAME other*
        []
        > FUNCTION LIST LIBRARYNAME MY*
        [["library_name" "mylib" "engine" "LUA" "functions" [["name" "put" "description" (nil) "
        | flags" []]]]]
        > FUNCTION LIST WITHCODE LIBRARYNAME x*
        []
        > FUNCTION LIST LIBRARYNAME
        !ERR library name argument was not given
        > FUNCTION LIST WITHCODE WITHCODE
        !ERR Unknown argument WITHCODE
        > FUNCTION LOAD NOPE x
        !ERR Unknown option given: NOPE
        > FLUSHALL
        OK
        > FCALL put 0
        1
        > FUNCTION DELETE mylib
        OK
        > FUNCTION DELETE mylib
        !ERR Library not found
        > FCALL put 0
        !ERR Function not found
        > FUNCTION LIST
        []
        > FUNCTION LIST WITHCODE
        []
        > FUNCTION FLUSH
        OK
        > FUNCTION FLUSH SYNC
        OK
        > FUNCTION FLUSH ASYNC
        OK
        > FUNCTION FLUSH nope
        !ERR FUNCTION FLUSH only supports SYNC|ASYNC option
        > FUNCTION FLUSH SYNC ASYNC
        !ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.
        "#,
    );
}

#[test]
fn functions_have_flags() {
    check(
        r#"
        > FUNCTION LOAD "\x23!lua name=mylib\nredis.register_function{function_name='read', call
        | back=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}, descri
        | ption='reads'}\nredis.register_function('write', function(keys) return redis.call('INC
        | R', keys[1]) end)\nredis.register_function{function_name='lies', callback=function(key
        | s) return redis.call('INCR', keys[1]) end, flags={'no-writes', 'allow-oom'}}"
        "mylib"
        > SET a x
        OK
        > FCALL_RO read 1 a
        "x"
        > FCALL read 1 a
        "x"
        > FCALL_RO write 1 b
        !ERR Can not execute a script with write flag using *_ro command.
        > FCALL lies 1 b
        !ERR Write commands are not allowed from read-only scripts. script: lies, on @user_funct
        | ion:4.
        > FCALL write 1 b
        1
        > FCALL write 2 b
        !ERR Number of keys can't be greater than number of args
        > FCALL write x
        !ERR Bad number of keys provided
        > FCALL write -1
        !ERR Number of keys can't be negative
        > FCALL nope 0
        !ERR Function not found
        > FCALL_RO nope 0
        !ERR Function not found
        > HELLO 3
        …
        > FUNCTION LIST LIBRARYNAME nothing
        []
        > FUNCTION STATS
        {"running_script": (null), "engines": {"LUA": {"libraries_count": 1, "functions_count"
        | : 3}}}
        "#,
    );
}

#[test]
fn what_a_function_may_do() {
    check(
        r#"
        > FUNCTION LOAD "\x23!lua name=m\nlocal n = 0\nredis.register_function('count', function
        | () n = n + 1 return n end)\nredis.register_function('boom', function() error('boom') e
        | nd)\nredis.register_function('fault', function() return redis.error_reply('My fault'
        | ) end)\nredis.register_function('wrong', function(k) return redis.call('LPUSH', k[1]
        | , 1) end)\nredis.register_function('write', function() zz = 5 end)\nredis.register_fun
        | ction('read', function() return zz end)\nredis.register_function('again', function() r
        | edis.register_function('q', function() end) end)\nredis.register_function('keys', func
        | tion() return KEYS end)\nredis.register_function('given', function(...) return {select
        | ('#', ...), ...} end)\nredis.register_function('call', function() return redis.call('F
        | CALL', 'count', 0) end)\nredis.register_function('three', function() redis.setresp(3
        | ) return {double=3.5} end)"
        "m"
        > FCALL count 0
        1
        > FCALL count 0
        2
        > FCALL boom 0
        !ERR user_function:4: boom script: boom, on @user_function:4.
        > FCALL fault 0
        !My fault
        > SET a x
        OK
        > FCALL wrong 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value script: wrong, on @us
        | er_function:6.
        > FCALL write 0
        !ERR user_function:7: Attempt to modify a readonly table script: write, on @user_functio
        | n:7.
        > FCALL read 0
        !ERR user_function:8: Script attempted to access nonexistent global variable 'zz' script
        | : read, on @user_function:8.
        > FCALL again 0
        !ERR user_function:9: attempt to call field 'register_function' (a nil value) script: ag
        | ain, on @user_function:9.
        > FCALL keys 0
        !ERR user_function:10: Script attempted to access nonexistent global variable 'KEYS' scr
        | ipt: keys, on @user_function:10.
        > FCALL given 1 a b c
        [2 ["a"] ["b" "c"]]
        > FCALL call 0
        !ERR This Redis command is not allowed from script script: call, on @user_function:12.
        > FCALL three 0
        "3.5"
        > EVAL "return redis.call('FCALL', 'count', 0)" 0
        !ERR This Redis command is not allowed from script script: 9b03d76218e42f4a2d2cdfc9b5af2
        | 86ade70a83a, on @user_script:1.
        > EVAL "return redis.call('FUNCTION', 'LIST')" 0
        !ERR This Redis command is not allowed from script script: 716b79376633ef2b497d914a260f5
        | 8c36a4b915e, on @user_script:1.
        > MULTI
        OK
        > FCALL count 0
        QUEUED
        > FUNCTION LOAD "\x23!lua name=n\nredis.register_function('two', function() return 2 end)"
        QUEUED
        > FCALL two 0
        QUEUED
        > EXEC
        [3 "n" 2]
        "#,
    );
}

#[test]
fn what_is_no_library_is_refused() {
    check(
        r#"
        > FUNCTION LOAD "return 1"
        !ERR Missing library metadata
        > FUNCTION LOAD ""
        !ERR Missing library metadata
        > FUNCTION LOAD "\x23!lua name=a"
        !ERR Invalid library metadata
        > FUNCTION LOAD "\x23!lua\nreturn 1"
        !ERR Library name was not given
        > FUNCTION LOAD "\x23!lua name=a name=b\nreturn 1"
        !ERR Invalid metadata value, name argument was given multiple times
        > FUNCTION LOAD "\x23!lua nope=a\nreturn 1"
        !ERR Invalid metadata value given: nope=a
        > FUNCTION LOAD "\x23!lua name=a-b\nreturn 1"
        !ERR Library names can only contain letters, numbers, or underscores(_) and must be at l
        | east one character long
        > FUNCTION LOAD "\x23!other name=a\nreturn 1"
        !ERR Engine 'other' not found
        > FUNCTION LOAD "\x23!lua name=a\nreturn 1"
        !ERR No functions registered
        > FUNCTION LOAD "\x23!lua name=a\nreturn ("
        !ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'
        > FUNCTION LOAD "\x23!lua name=a\nredis.call('PING')"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access nonexi
        | stent global variable 'call'
        > FUNCTION LOAD "\x23!lua name=a\nerror('x')"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access nonexi
        | stent global variable 'error'
        > FUNCTION LOAD "\x23!lua name=a\nx = 5"
        !ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table
        > FUNCTION LOAD "\x23!lua name=a\nreturn y"
        !ERR Error registering functions: ERR user_function:2: Script attempted to access nonexi
        | stent global variable 'y'
        > FUNCTION LIST
        []
        "#,
    );
}

#[test]
fn what_is_no_function_is_refused() {
    check(
        r#"
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function('b c', function() end)"
        !ERR Function names can only contain letters, numbers, or underscores(_) and must be a
        | t least one character long
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function('b')"
        !ERR Error registering functions: ERR calling server.register_function with a single arg
        | ument is only applicable to Lua table (representing named arguments).
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function()"
        !ERR Error registering functions: ERR wrong number of arguments to server.register_funct
        | ion
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function('b', 1)"
        !ERR Error registering functions: ERR second argument to server.register_function must b
        | e a function
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function({}, function() end)"
        !ERR Error registering functions: ERR first argument to server.register_function must b
        | e a string
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function('b', function() end, 1)"
        !ERR Error registering functions: ERR wrong number of arguments to server.register_funct
        | ion
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b'}"
        !ERR Error registering functions: ERR server.register_function must get a callback argum
        | ent
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{callback=function() end}"
        !ERR Error registering functions: ERR server.register_function must get a function nam
        | e argument
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=1}"
        !ERR Error registering functions: ERR callback argument given to server.register_functio
        | n must be a function
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name={}, callback=fun
        | ction() end}"
        !ERR Error registering functions: ERR function_name argument given to server.register_fu
        | nction must be a string
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=fu
        | nction() end, flags='no-writes'}"
        !ERR Error registering functions: ERR flags argument to server.register_function must b
        | e a table representing function flags
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=fu
        | nction() end, flags={'nope'}}"
        !ERR Error registering functions: ERR unknown flag given
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=fu
        | nction() end, flags={5}}"
        !ERR Error registering functions: ERR unknown flag given
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=fu
        | nction() end, other=5}"
        !ERR Error registering functions: ERR unknown argument given to server.register_function
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=fu
        | nction() end, description={}}"
        !ERR Error registering functions: ERR description argument given to server.register_func
        | tion must be a string
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function{function_name='b', callback=fu
        | nction() end, [1]=5}"
        !ERR Error registering functions: ERR unknown argument given to server.register_function
        > FUNCTION LOAD "\x23!lua name=a\nredis.register_function('b', function() end) redis.reg
        | ister_function('b', function() end)"
        !ERR Function already exists in the library
        > FUNCTION LIST
        []
        "#,
    );
}

#[test]
fn libraries_travel_as_a_payload() {
    check(
        r#"
        > FUNCTION LOAD "\x23!lua name=mylib\nredis.register_function('one', function() retur
        | n 1 end)"
        "mylib"
        > FUNCTION DUMP
        …
        > FUNCTION DUMP x
        !ERR wrong number of arguments for 'function|dump' command
        > FUNCTION RESTORE x
        !ERR DUMP payload version or checksum are wrong
        > FUNCTION RESTORE x SOMEHOW
        !ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.
        > FUNCTION RESTORE x APPEND REPLACE
        !ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP.
        > FUNCTION STATS
        ["running_script" (nil) "engines" ["LUA" ["libraries_count" 1 "functions_count" 1]]]
        > FUNCTION KILL
        !NOTBUSY No scripts in execution right now.
        > FUNCTION HELP
        …
        > FUNCTION NOPE
        !ERR unknown subcommand 'NOPE'. Try FUNCTION HELP.
        "#,
    );
}
