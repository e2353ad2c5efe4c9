//! Transcripts of scripts.

use super::{check, check_here};

#[test]
fn a_script_gets_keys_and_arguments_and_returns_a_value() {
    check(
        r#"
        > EVAL "return {KEYS[1], KEYS[2], ARGV[1], #KEYS, #ARGV}" 2 a b c
        ["a" "b" "c" 2 1]
        > EVAL "return 3.99" 0
        3
        > EVAL "return {1, 'two', {3}, true, false, 4}" 0
        [1 "two" [3] 1 (nil) 4]
        > EVAL "return {1, nil, 3}" 0
        [1]
        > EVAL "return nil" 0
        (nil)
        > EVAL "return {ok='fine'}" 0
        fine
        > EVAL "return {err='My words'}" 0
        !My words
        > EVAL "return redis.error_reply('words')" 0
        !ERR words
        > EVAL "return {double=3.5}" 0
        "3.5"
        > HELLO 3
        …
        > EVAL "return {double=3.5}" 0
        (double) 3.5
        > EVAL "return {map={a=1}}" 0
        {"a": 1}
        > EVAL "return true" 0
        1
        > EVAL "redis.setresp(3) return true" 0
        (true)
        "#,
    );
}

#[test]
fn commands_of_a_script_work_on_its_keys() {
    check(
        r#"
        > EVAL "return redis.call('SET', KEYS[1], ARGV[1])" 1 a 5
        OK
        > EVAL "return redis.call('INCRBY', KEYS[1], 3) + 1" 1 a
        9
        > GET a
        "8"
        > EVAL "return redis.call('GET', 'nokey') == false" 0
        1
        > EVAL "return redis.call('RPUSH', KEYS[1], unpack(ARGV))" 1 l x y
        2
        > EVAL "return redis.call('LRANGE', KEYS[1], 0, -1)" 1 l
        ["x" "y"]
        > EVAL "return redis.call('LPUSH', KEYS[1], 1)" 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value script: …
        > EVAL "return redis.pcall('LPUSH', KEYS[1], 1)" 1 a
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > EVAL "local fine, words = pcall(redis.call, 'NOSUCH') return {fine, words}" 0
        [(nil) "ERR Unknown command called from script"]
        > EVAL "return redis.call('MULTI')" 0
        !ERR This Redis command is not allowed from script script: …
        > EVAL "return redis.call('SELECT', 5)" 0
        OK
        > GET a
        "8"
        > EVAL "return redis.call('BLPOP', 'nolist', 0)" 0
        (nil)
        "#,
    );
}

#[test]
fn known_scripts_are_called_by_their_sums() {
    check(
        r#"
        > EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
        !NOSCRIPT No matching script.
        > SCRIPT LOAD "return 1"
        "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        > EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
        1
        > EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
        1
        > SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db x
        [1 0]
        > SCRIPT SHOW e0e1f9fabfc9d4800c877a703b823ac0578ff8db
        "return 1"
        > SCRIPT SHOW x
        !NOSCRIPT No matching script.
        > SCRIPT FLUSH
        OK
        > SCRIPT FLUSH ASYNC
        OK
        > SCRIPT FLUSH SYNC x
        !ERR SCRIPT FLUSH only support SYNC|ASYNC option
        > EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
        !NOSCRIPT No matching script.
        > EVAL "return 1" 0
        1
        > EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
        1
        > EVALSHA short 0
        !NOSCRIPT No matching script.
        > SCRIPT KILL
        !NOTBUSY No scripts in execution right now.
        > SCRIPT DEBUG NO
        OK
        > SCRIPT DEBUG x
        !ERR Use SCRIPT DEBUG YES/SYNC/NO
        > SCRIPT LOAD "return ("
        !ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'
        > EVAL "return 1" x
        !ERR value is not an integer or out of range
        > EVAL "return 1" -1
        !ERR Number of keys can't be negative
        > EVAL "return 1" 2 a
        !ERR Number of keys can't be greater than number of args
        "#,
    );
}

#[test]
fn read_only_scripts_write_nothing() {
    check(
        r#"
        > EVAL_RO "return redis.call('GET', KEYS[1])" 1 a
        (nil)
        > EVAL_RO "return redis.pcall('SET', KEYS[1], 1)" 1 a
        !ERR Write commands are not allowed from read-only scripts.
        > EVAL_RO "return redis.pcall('PUBLISH', KEYS[1], 1)" 1 a
        !ERR Write commands are not allowed from read-only scripts.
        > EVAL "\x23!lua flags=no-writes\nreturn redis.pcall('SET', KEYS[1], 1)" 1 a
        !ERR Write commands are not allowed from read-only scripts.
        > EVAL "\x23!lua flags=no-writes,allow-oom\nreturn 5" 0
        5
        > EVAL "\x23!lua flags=nonsense\nreturn 5" 0
        !ERR Unexpected flag in script shebang: nonsense
        > EVAL "\x23!js\nreturn 5" 0
        !ERR Could not find scripting engine 'js'
        > EVAL "\x23!lua name=x\nreturn 5" 0
        !ERR Unknown lua shebang option: name=x
        > EVAL "\x23!lua" 0
        !ERR Invalid script shebang
        "#,
    );
}

#[test]
fn scripts_in_a_transaction_are_commands_as_others() {
    check(
        r#"
        > MULTI
        OK
        > SET a 1
        QUEUED
        > EVAL "return redis.call('INCR', KEYS[1])" 1 a
        QUEUED
        > EVAL "return redis.call('GET', 'a')" 0
        QUEUED
        > EVAL "error('no')" 0
        QUEUED
        > GET a
        QUEUED
        > EXEC
        [OK 2 "2" !ERR user_script:1: no script: … "2"]
        "#,
    );
}

#[test]
fn a_script_wakes_those_who_wait_for_what_it_writes() {
    check_here(
        r#"
        2> BLPOP l 0
        (waits)
        > EVAL "redis.call('RPUSH', 'l', 'x') return redis.call('LLEN', 'l')" 0
        1
        2> PING
        ["l" "x"]
        PONG
        "#,
    );
}

#[test]
fn a_script_can_leave_nothing_behind_for_others() {
    check(
        r#"
        > EVAL "return pcall(function() x = 1 end)" 0
        (nil)
        > EVAL "return {pcall(function() return x end)}" 0
        [(nil) "user_script:1: Script attempted to access nonexistent global variable 'x'"]
        > EVAL "return {pcall(function() redis.call = 1 end)}" 0
        [(nil) "user_script:1: Attempt to modify a readonly table"]
        > EVAL "return {pcall(rawset, redis, 'call', 1)}" 0
        [(nil) "Attempt to modify a readonly table"]
        > EVAL "return {pcall(function() getmetatable('').__index = 1 end)}" 0
        [(nil) "user_script:1: Attempt to modify a readonly table"]
        > EVAL "return {pcall(function() return io end)}" 0
        [(nil) "user_script:1: Script attempted to access nonexistent global …"]
        "#,
    );
}

#[test]
fn there_is_no_debugger() {
    check_here(
        r#"
        > SCRIPT DEBUG YES
        !ERR The Lua debugger is not supported
        > SCRIPT HELP
        …
        "#,
    );
}
