//! Transcripts of functions: what they do, and who may call them.

use super::check;

#[test]
fn a_library_is_loaded_called_and_deleted() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('one', function() return 1 end)"
        "lib"
        > FCALL one 0
        1
        > FCALL ONE 0
        1
        > FCALL_RO one 0
        !ERR Can not execute a script with write flag using *_ro command.
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('one', function() return 1 end)"
        !ERR Library 'lib' already exists
        > FUNCTION LOAD REPLACE "#!lua name=lib\nserver.register_function('two', function(keys,
        |  args) return {#keys, args} end)"
        "lib"
        > FCALL one 0
        !ERR Function not found
        > FCALL Two 1 k a b
        [1 ["a" "b"]]
        > FUNCTION LOAD replace REPLACE "#!lua name=lib\nredis.register_function('one', function()
        |  return 1 end)"
        "lib"
        > FUNCTION LOAD
        !ERR wrong number of arguments for 'function|load' command
        > FUNCTION LOAD REPLACE
        !ERR Missing library metadata
        > FUNCTION LOAD AGAIN "#!lua name=lib\nredis.register_function('one', function() return 1
        |  end)"
        !ERR Unknown option given: AGAIN
        > FUNCTION LOAD "#!lua name=other\nredis.register_function('ONE', function() return 2 end)"
        !ERR Function ONE already exists
        > FUNCTION DELETE other
        !ERR Library not found
        > FUNCTION DELETE lib
        OK
        > FUNCTION DELETE lib
        !ERR Library not found
        > FCALL one 0
        !ERR Function not found
        > FUNCTION LIST
        []
        "##,
    );
}

#[test]
fn libraries_are_listed() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='f',
        |  callback=function() return 1 end, description='tells', flags={'allow-oom', 'no-writes'}}"
        "lib"
        > FUNCTION LIST
        [["library_name" "lib" "engine" "LUA" "functions" [["name" "f" "description" "tells"
        |  "flags" [no-writes allow-oom]]]]]
        > FUNCTION LIST WITHCODE LIBRARYNAME "L?b"
        [["library_name" "lib" "engine" "LUA" "functions" [["name" "f" "description" "tells"
        |  "flags" [no-writes allow-oom]]] "library_code" "#!lua
        |  name=lib\nredis.register_function{function_name='f', callback=function() return 1 end,
        |  description='tells', flags={'allow-oom', 'no-writes'}}"]]
        > FUNCTION LIST libraryname other*
        []
        > FUNCTION LIST LIBRARYNAME
        !ERR library name argument was not given
        > FUNCTION LIST WITHCODE WITHCODE
        !ERR Unknown argument WITHCODE
        > FUNCTION LIST LIBRARYNAME a LIBRARYNAME b
        !ERR Unknown argument LIBRARYNAME
        > FUNCTION STATS
        ["running_script" (nil) "engines" ["LUA" ["libraries_count" 1 "functions_count" 1]]]
        > HELLO 3
        …
        > FUNCTION LIST WITHCODE
        [{"library_name": "lib", "engine": "LUA", "functions": [{"name": "f", "description":
        |  "tells", "flags": <no-writes allow-oom>}], "library_code": "#!lua
        |  name=lib\nredis.register_function{function_name='f', callback=function() return 1 end,
        |  description='tells', flags={'allow-oom', 'no-writes'}}"}]
        > FUNCTION STATS
        {"running_script": (null), "engines": {"LUA": {"libraries_count": 1, "functions_count": 1}}}
        > FLUSHALL
        OK
        > SCRIPT FLUSH
        OK
        > FCALL f 0
        1
        > FUNCTION FLUSH
        OK
        > FCALL f 0
        !ERR Function not found
        > FUNCTION FLUSH SYNC
        OK
        > FUNCTION FLUSH async
        OK
        > FUNCTION FLUSH NOW
        !ERR FUNCTION FLUSH only supports SYNC|ASYNC option
        > FUNCTION FLUSH SYNC ASYNC
        !ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.
        "##,
    );
}

#[test]
fn functions_work_on_keys_and_share_what_their_library_keeps() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nlocal n = 0\nredis.register_function('count', function() n
        |  = n + 1 return n end)\nredis.register_function('peek', function() return n
        |  end)\nredis.register_function('set', function(keys, args) return redis.call('SET',
        |  keys[1], args[1]) end)\nredis.register_function('kinds', function() return {1, 2.7, 'a',
        |  true, {ok='fine'}, false, 1} end)\nredis.register_function('nothing', function()
        |  end)\nredis.register_function('all', function(keys) redis.setresp(3) return
        |  redis.call('HGETALL', keys[1]) end)"
        "lib"
        > FCALL count 0
        1
        > FCALL count 0
        2
        > FCALL peek 0
        2
        > FCALL set 1 a 5
        OK
        > GET a
        "5"
        > FCALL kinds 0
        [1 2 "a" 1 fine (nil) 1]
        > FCALL nothing 0
        (nil)
        > HSET h f v
        1
        > FCALL all 1 h
        ["f" "v"]
        > HELLO 3
        …
        > FCALL all 1 h
        {"f": "v"}
        > FCALL kinds 0
        [1 2 "a" 1 fine (null) 1]
        > FCALL nothing 0
        (null)
        > MULTI
        OK
        > FCALL set 1 a 7
        QUEUED
        > FCALL no_such 0
        QUEUED
        > FUNCTION FLUSH
        QUEUED
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('one', function() return 1 end)"
        QUEUED
        > FCALL one 0
        QUEUED
        > EXEC
        [OK !ERR Function not found OK "lib" 1]
        "##,
    );
}

#[test]
fn functions_do_what_their_flags_say() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function{function_name='get',
        |  callback=function(keys) return redis.call('GET', keys[1]) end,
        |  flags={'no-writes'}}\nredis.register_function{function_name='cheat',
        |  callback=function(keys) return redis.call('INCR', keys[1]) end,
        |  flags={'no-writes'}}\nredis.register_function('incr', function(keys) return
        |  redis.call('INCR', keys[1]) end)\nredis.register_function{function_name='full',
        |  callback=function(keys) return redis.call('INCR', keys[1]) end, flags={'allow-oom'}}"
        "lib"
        > FCALL incr 1 a
        1
        > FCALL_RO get 1 a
        "1"
        > FCALL_RO cheat 1 a
        !ERR Write commands are not allowed from read-only scripts. script: cheat, on
        |  @user_function:3.
        > FCALL_RO incr 1 a
        !ERR Can not execute a script with write flag using *_ro command.
        > FCALL_RO full 1 a
        !ERR Can not execute a script with write flag using *_ro command.
        > FCALL get 1 a
        "1"
        > FCALL cheat 1 a
        !ERR Write commands are not allowed from read-only scripts. script: cheat, on
        |  @user_function:3.
        > SETRANGE big 200000 x
        200001
        > CONFIG SET maxmemory 1
        OK
        > FCALL get 1 a
        "1"
        > FCALL incr 1 a
        !OOM command not allowed when used memory > 'maxmemory'.
        > FCALL full 1 a
        2
        > FCALL_RO get 1 a
        "2"
        > FUNCTION LOAD "#!lua name=late\nredis.register_function('one', function() return 1 end)"
        !OOM command not allowed when used memory > 'maxmemory'.
        > FUNCTION RESTORE x
        !OOM command not allowed when used memory > 'maxmemory'.
        > FUNCTION DELETE lib
        OK
        > CONFIG SET maxmemory 0
        OK
        "##,
    );
}

#[test]
fn what_is_no_call_is_refused() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('one', function() return 1 end)"
        "lib"
        > FCALL one x
        !ERR Bad number of keys provided
        > FCALL one -1
        !ERR Number of keys can't be negative
        > FCALL one 1
        !ERR Number of keys can't be greater than number of args
        > FCALL one 2 a
        !ERR Number of keys can't be greater than number of args
        > FCALL no_such x
        !ERR Function not found
        > FCALL no_such 0
        !ERR Function not found
        > FCALL one
        !ERR wrong number of arguments for 'fcall' command
        > FCALL
        !ERR wrong number of arguments for 'fcall' command
        > FCALL_RO one x
        !ERR Bad number of keys provided
        > FUNCTION
        !ERR wrong number of arguments for 'function' command
        > FUNCTION NOPE
        !ERR unknown subcommand 'NOPE'. Try FUNCTION HELP.
        > FUNCTION DELETE
        !ERR wrong number of arguments for 'function|delete' command
        > FUNCTION STATS x
        !ERR wrong number of arguments for 'function|stats' command
        > FUNCTION KILL
        !NOTBUSY No scripts in execution right now.
        > SCRIPT KILL
        !NOTBUSY No scripts in execution right now.
        "##,
    );
}

#[test]
fn functions_fail_as_scripts_do() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('thrown', function(keys)
        |  error('oops') end)\nredis.register_function('table', function(keys) error({err='MY
        |  oops'}) end)\nredis.register_function('reply', function(keys) return
        |  redis.error_reply('MY oops') end)\nredis.register_function('call', function(keys) return
        |  redis.call('GET') end)\nredis.register_function('pcall', function(keys) return
        |  redis.pcall('GET') end)\nredis.register_function('kind', function(keys) return
        |  redis.call('LPUSH', keys[1], 1) end)\nredis.register_function('global', function(keys) x
        |  = 1 end)\nredis.register_function('unknown', function(keys) return x
        |  end)\nredis.register_function('keys', function(keys) return KEYS
        |  end)\nredis.register_function('print', function(keys) return print
        |  end)\nredis.register_function('member', function(keys) redis.x = 1
        |  end)\nredis.register_function('late', function(keys) redis.register_function('f',
        |  function() end) end)"
        "lib"
        > FCALL thrown 0
        !ERR user_function:2: oops script: thrown, on @user_function:2.
        > FCALL table 0
        !MY oops script: table, on @user_function:3.
        > FCALL reply 0
        !MY oops
        > FCALL call 0
        !ERR Wrong number of args calling command from script script: call, on @user_function:5.
        > FCALL pcall 0
        !ERR Wrong number of args calling command from script
        > FCALL global 0
        !ERR user_function:8: Attempt to modify a readonly table script: global, on
        |  @user_function:8.
        > FCALL unknown 0
        !ERR user_function:9: Script attempted to access nonexistent global variable 'x' script:
        |  unknown, on @user_function:9.
        > FCALL keys 0
        !ERR user_function:10: Script attempted to access nonexistent global variable 'KEYS'
        |  script: keys, on @user_function:10.
        > FCALL print 0
        !ERR user_function:11: Script attempted to access nonexistent global variable 'print'
        |  script: print, on @user_function:11.
        > FCALL member 0
        !ERR user_function:12: Attempt to modify a readonly table script: member, on
        |  @user_function:12.
        > FCALL late 0
        !ERR user_function:13: attempt to call field 'register_function' (a nil value) script:
        |  late, on @user_function:13.
        > SET a 1
        OK
        > FCALL kind 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value script: kind, on
        |  @user_function:7.
        "##,
    );
}

#[test]
fn functions_call_no_functions_and_scripts() {
    check(
        r##"
        > FUNCTION LOAD "#!lua name=lib\nredis.register_function('nested', function(keys) return
        |  redis.call('FCALL', 'eval', 0) end)\nredis.register_function('eval', function(keys)
        |  return redis.call('EVAL', 'return 1', 0) end)\nredis.register_function('list',
        |  function(keys) return redis.call('FUNCTION', 'LIST')
        |  end)\nredis.register_function('dump', function(keys) return redis.call('FUNCTION',
        |  'DUMP') end)\nredis.register_function('stats', function(keys) return
        |  redis.call('FUNCTION', 'STATS') end)\nredis.register_function('help', function(keys)
        |  return #redis.call('FUNCTION', 'HELP') > 20 end)\nredis.register_function('missing',
        |  function(keys) return tostring(redis.replicate_commands) end)"
        "lib"
        > FCALL nested 0
        !ERR This Redis command is not allowed from script script: nested, on @user_function:2.
        > FCALL eval 0
        !ERR This Redis command is not allowed from script script: eval, on @user_function:3.
        > FCALL list 0
        !ERR This Redis command is not allowed from script script: list, on @user_function:4.
        > FCALL dump 0
        !ERR This Redis command is not allowed from script script: dump, on @user_function:5.
        > FCALL stats 0
        !ERR This Redis command is not allowed from script script: stats, on @user_function:6.
        > FCALL help 0
        1
        > FCALL missing 0
        "nil"
        > EVAL "return redis.call('FCALL', 'eval', 0)" 0
        !ERR This Redis command is not allowed from script script:
        |  53b65dbf41ef622a9fa3328097aa84fd7ee3b2ae, on @user_script:1.
        > EVAL "return redis.register_function" 0
        (nil)
        "##,
    );
}
