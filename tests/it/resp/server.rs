//! Transcripts of the server family.

use super::{check, check_here};

#[test]
fn config_reads_and_writes_settings() {
    check(
        r#"
        > CONFIG GET maxmemory
        ["maxmemory" "0"]
        > CONFIG SET maxmemory 100mb
        OK
        > CONFIG GET maxmemory
        ["maxmemory" "104857600"]
        > CONFIG SET maxmemory 1gb maxmemory-policy allkeys-lru
        OK
        > CONFIG GET maxmemory maxmemory-policy
        […"maxmemory" "1073741824"…]
        > CONFIG GET maxmemory-pol*
        ["maxmemory-policy" "allkeys-lru"]
        > CONFIG GET nosuch
        []
        > CONFIG SET nosuch 1
        !ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'
        > CONFIG SET maxmemory
        !ERR wrong number of arguments for 'config|set' command
        > CONFIG SET maxmemory x
        !ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a
        |  memory value
        > CONFIG SET maxmemory -1
        !ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a
        |  memory value
        > CONFIG SET maxmemory-policy bogus
        !ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s)
        |  must be one of the following: volatile-lru, volatile-lfu, volatile-random,
        |  volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction
        > CONFIG SET maxmemory 1 maxmemory 2
        !ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter
        > CONFIG SET maxmemory 5mb maxmemory-policy bogus
        !ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s)
        |  must be one of the following: volatile-lru, volatile-lfu, volatile-random,
        |  volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction
        > CONFIG GET maxmemory
        ["maxmemory" "1073741824"]
        "#,
    );
}

#[test]
fn config_refuses_what_a_setting_cannot_be() {
    check(
        r#"
        > CONFIG SET port x
        !ERR CONFIG SET failed (possibly related to argument 'port') - argument couldn't be
        |  parsed into an integer
        > CONFIG SET databases 4
        !ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable
        |  config
        > CONFIG SET timeout 10
        OK
        > CONFIG GET timeout
        ["timeout" "10"]
        > CONFIG SET hash-max-listpack-entries 10
        OK
        > CONFIG GET hash-max-ziplist-entries
        ["hash-max-ziplist-entries" "10"]
        > CONFIG SET appendonly maybe
        !ERR CONFIG SET failed (possibly related to argument 'appendonly') - argument must be
        |  'yes' or 'no'
        > CONFIG GET
        !ERR wrong number of arguments for 'config|get' command
        > CONFIG SET
        !ERR wrong number of arguments for 'config|set' command
        > CONFIG RESETSTAT
        OK
        > CONFIG RESETSTAT x
        !ERR wrong number of arguments for 'config|resetstat' command
        > CONFIG REWRITE
        !ERR The server is running without a config file
        > CONFIG HELP
        [CONFIG <subcommand>…]
        > CONFIG SET maxmemory 0
        OK
        > CONFIG SET proto-max-bulk-len 1mb
        OK
        > CONFIG GET proto-max-bulk-len
        ["proto-max-bulk-len" "1048576"]
        > CONFIG SET proto-max-bulk-len 1
        !ERR CONFIG SET failed (possibly related to argument 'proto-max-bulk-len') - argument
        |  must be between 1048576 and 9223372036854775807 inclusive
        "#,
    );
}

#[test]
fn config_answers_a_map_in_resp3() {
    check(
        r#"
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > CONFIG GET maxmemory-policy
        {"maxmemory-policy": "noeviction"}
        > CONFIG GET nosuch
        {}
        "#,
    );
}

#[test]
fn databases_are_counted_and_flushed() {
    check(
        r#"
        > MSET a 1 b 2
        OK
        > DBSIZE
        2
        > DBSIZE x
        !ERR wrong number of arguments for 'dbsize' command
        > SELECT 2
        OK
        > SET c 3
        OK
        > FLUSHDB ASYNC
        OK
        > DBSIZE
        0
        > SELECT 0
        OK
        > DBSIZE
        2
        > FLUSHDB SYNC
        OK
        > DBSIZE
        0
        > SET a 1
        OK
        > FLUSHALL BOGUS
        !ERR syntax error
        > FLUSHALL SYNC ASYNC
        !ERR syntax error
        > FLUSHALL ASYNC
        OK
        > DBSIZE
        0
        > FLUSHDB x
        !ERR syntax error
        "#,
    );
}

#[test]
fn info_has_sections() {
    check(
        r##"
        > SET k v EX 1000
        OK
        > GET k
        "v"
        > GET nosuch
        (nil)
        > INFO keyspace
        "# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=…\r\n"
        > INFO nosuch
        ""
        > INFO server
        "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.…\r\n…tcp_p
        | ort:…"
        > INFO clients
        "# Clients\r\nconnected_clients:1\r\ncluster_connections:0\r\nmaxclients:…\r\n…blocked_c
        | lients:0\r\n…"
        > INFO stats
        "# Stats\r\ntotal_connections_received:…\r\ntotal_commands_processed:…\r\n…keyspace_hits
        | :1\r\nkeyspace_misses:1\r\n…"
        > INFO commandstats
        "# Commandstats\r\n…cmdstat_get:calls=2,usec=…,usec_per_call=…,rejected_calls=0,
        | failed_calls=0\r\n…"
        > INFO errorstats
        "# Errorstats\r\n"
        > INFO replication
        "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n…"
        > INFO KEYSPACE NOSUCH
        "# Keyspace\r\ndb0:keys=1,expires=1,avg_ttl=…\r\n"
        > INFO
        "# Server\r\n…# Clients\r\n…# Memory\r\n…# Persistence\r\n…# Stats\r\n…#
        |  Replication\r\n…# CPU\r\n…# Errorstats\r\n…# Cluster\r\n…# Keyspace\r\n…"
        > INFO all
        "# Server\r\n…# Clients\r\n…# Memory\r\n…# Persistence\r\n…# Stats\r\n…#
        |  Replication\r\n…# CPU\r\n…# Commandstats\r\n…# Errorstats\r\n…# Latencystats\r\n…#
        |  Cluster\r\n…# Keyspace\r\n…"
        > INFO everything
        "# Server\r\n…# Clients\r\n…# Memory\r\n…# Persistence\r\n…# Stats\r\n…#
        |  Replication\r\n…# CPU\r\n…# Modules\r\n…# Commandstats\r\n…# Errorstats\r\n…#
        |  Latencystats\r\n…# Cluster\r\n…# Keyspace\r\n…"
        > INFO default
        "# Server\r\n…# Clients\r\n…# Memory\r\n…# Persistence\r\n…# Stats\r\n…#
        |  Replication\r\n…# CPU\r\n…# Errorstats\r\n…# Cluster\r\n…# Keyspace\r\n…"
        "##,
    );
}

#[test]
fn info_is_verbatim_text_in_resp3() {
    check(
        r##"
        > HELLO 3
        {"server": "valkey", "version": "8.1.…", "proto": 3, "id": …, "mode": "standalone",
        |  "role": "master", "modules": []}
        > INFO keyspace
        txt"# Keyspace\r\n"
        > SET k v
        OK
        > INFO keyspace
        txt"# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=…\r\n"
        > LOLWUT
        txt"…"
        > CLIENT INFO
        txt"id=… addr=… laddr=… fd=… name= age=… idle=… flags=N capa= db=0 sub=0 psub=0 ssub=0
        |  multi=-1 watch=0 qbuf=… qbuf-free=… argv-mem=… multi-mem=0 rbs=… rbp=… obl=… oll=0
        |  omem=… tot-mem=… events=r cmd=client|info user=default redir=-1 resp=3 lib-name=
        |  lib-ver= tot-net-in=… tot-net-out=… tot-cmds=…\n"
        > MEMORY DOCTOR
        txt"…"
        "##,
    );
}

#[test]
fn errors_are_counted_by_their_first_word() {
    check(
        r##"
        > CONFIG RESETSTAT
        OK
        > GET
        !ERR wrong number of arguments for 'get' command
        > NOSUCH
        !ERR unknown command 'NOSUCH', with args beginning with: 
        > SET k v
        OK
        > HGET k f
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > HGET k f
        !WRONGTYPE Operation against a key holding the wrong kind of value
        > INFO errorstats
        "# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_WRONGTYPE:count=2\r\n"
        > CONFIG RESETSTAT
        OK
        > INFO errorstats
        "# Errorstats\r\n"
        "##,
    );
}

#[test]
fn memory_tells_what_a_key_costs() {
    check(
        r#"
        > SET k v
        OK
        > MEMORY USAGE k
        …
        > MEMORY USAGE nosuch
        (nil)
        > MEMORY USAGE k SAMPLES 0
        …
        > MEMORY USAGE k SAMPLES -1
        !ERR syntax error
        > MEMORY USAGE k SAMPLES x
        !ERR value is not an integer or out of range
        > MEMORY USAGE k BOGUS 1
        !ERR syntax error
        > MEMORY USAGE
        !ERR wrong number of arguments for 'memory|usage' command
        > MEMORY DOCTOR
        "…"
        > MEMORY PURGE
        OK
        > MEMORY STATS
        ["peak.allocated" … "total.allocated" … "startup.allocated" … "keys.count" 1
        |  "keys.bytes-per-key" … "dataset.bytes" … "dataset.percentage" … "peak.percentage" …
        |  "allocator.allocated" … "fragmentation" … "fragmentation.bytes" …]
        > MEMORY MALLOC-STATS
        …
        > MEMORY NOSUCH
        !ERR unknown subcommand 'NOSUCH'. Try MEMORY HELP.
        > MEMORY HELP
        [MEMORY <subcommand>…]
        "#,
    );
}

#[test]
fn time_is_two_numbers() {
    check(
        r#"
        > TIME
        ["…" "…"]
        > TIME x
        !ERR wrong number of arguments for 'time' command
        "#,
    );
}

#[test]
fn lolwut_ends_with_the_version() {
    check(
        r#"
        > LOLWUT
        "…"
        > LOLWUT VERSION 5
        "…"
        "#,
    );
}

#[test]
fn shutdown_refuses_nonsense() {
    check(
        r#"
        > SHUTDOWN BOGUS
        !ERR syntax error
        > SHUTDOWN SAVE NOSAVE
        !ERR syntax error
        > SHUTDOWN ABORT
        !ERR No shutdown in progress.
        "#,
    );
}

#[test]
fn debug_is_closed_unless_it_is_enabled() {
    check_here(
        r#"
        > DEBUG SLEEP 0
        !ERR DEBUG command not allowed. If the enable-debug-command option is set to "local",
        |  you can run it from a local connection, otherwise you need to set this option in the
        |  configuration file, and then restart the server.
        > DEBUG
        !ERR wrong number of arguments for 'debug' command
        "#,
    );
}

#[test]
fn debug_helps_test_suites() {
    check(
        r#"
        > DEBUG OBJECT nosuch
        !ERR no such key
        > DEBUG SET-ACTIVE-EXPIRE 0
        OK
        > DEBUG SET-ACTIVE-EXPIRE 1
        OK
        > DEBUG SLEEP 0
        OK
        > DEBUG QUICKLIST-PACKED-THRESHOLD 1000
        OK
        > DEBUG CHANGE-REPL-ID
        OK
        > SET k v
        OK
        > DEBUG DIGEST
        264ccf65edec66bccfa7cc659414ccca432057d2
        > DEBUG DIGEST-VALUE k nosuch
        [d79ee9fe5d5ad902d7f6620efc3b07b75ddd742f 0000000000000000000000000000000000000000]
        > DEBUG OBJECT k
        Value at:… refcount:1 encoding:embstr serializedlength:… lru:… lru_seconds_idle:0…
        > HSET h f v
        1
        > DEBUG LISTPACK k
        !ERR Not a listpack encoded object.
        > DEBUG NOSUCH
        !ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP.
        > DEBUG DIGEST-VALUE h
        [90c76e9e9f4c62d642a34fc97c7dad503b51f906]
        > DEBUG DIGEST
        60359da34518dbe89b2595007c47d406db3b884b
        > DEBUG SLEEP x
        OK
        "#,
    );
}
