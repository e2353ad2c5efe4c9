//! The server family: the whole keyspace, the process, its settings and its state.

mod config;
mod debug;
mod digest;
mod info;
mod info_stats;
mod lolwut;
mod memory;

use crate::args::Args;
use crate::commands::acl;
use crate::commands::command;
use crate::commands::generic::dump;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::keys::{Access, Keys};
use crate::reply::Answer;
use crate::server::{Save, Shutdown};
use crate::spec::{Flags, Spec, group, plain, write_whole};

const ADMIN: &[Flags] = &[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE];
const ANYTIME: &[Flags] = &[Flags::LOADING, Flags::STALE];
const TO_SHARDS: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    group("acl", acl::COMMANDS)
        .doc("6.0.0", "", "Holds the commands about users and what they may do."),
    group("command", command::COMMANDS).alone(command::all).flags(ANYTIME)
        .tips(&["nondeterministic_output_order"]).categories(&["connection"])
        .doc("2.8.13", "O(N) over all commands", "Describes every command to programs."),
    group("config", config::COMMANDS)
        .doc("2.0.0", "Depends on the subcommand.", "Holds the commands about settings."),
    plain("dbsize", "", dbsize).fast().flags(&[Flags::READONLY]).categories(&["keyspace"])
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
        .doc("1.0.0", "O(1)", "Counts the keys of the selected database."),
    plain("debug", "subcommand [argument [argument ...]]", debug::debug).flags(ADMIN)
        .flags(&[Flags::PROTECTED])
        .doc("1.0.0", "Depends on the subcommand.", "Shows test suites the inside of a server."),
    plain("flushall", "[ASYNC | SYNC]", flushall).flags(&[Flags::WRITE])
        .categories(&["keyspace", "dangerous"]).tips(TO_SHARDS)
        .doc("1.0.0", "O(N) over all keys", "Empties every database."),
    plain("flushdb", "[ASYNC | SYNC]", flushdb).flags(&[Flags::WRITE])
        .categories(&["keyspace", "dangerous"]).tips(TO_SHARDS)
        .doc("1.0.0", "O(N) over the database's keys", "Empties the selected database."),
    plain("info", "[section [section ...]]", info::info).flags(ANYTIME)
        .categories(&["dangerous"])
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .doc("1.0.0", "O(1)", "Tells about the server, section by section."),
    plain("lolwut", "[VERSION version]", lolwut::lolwut).fast().flags(&[Flags::READONLY])
        .doc("5.0.0", "O(1)", "Draws a picture and tells the version."),
    group("memory", memory::COMMANDS)
        .doc("4.0.0", "Depends on the subcommand.", "Holds the commands about memory."),
    write_whole("restore-asking", dump::SYNTAX, Keys::FIRST, dump::restore)
        .denyoom().flags(&[Flags::ASKING]).access(Access::REPLACE)
        .categories(&["keyspace", "dangerous"])
        .doc("3.0.0", "O(N) in the value's size", "Restores a key on its way to another node."),
    plain("shutdown", "[[NOSAVE | SAVE] [NOW] [FORCE] | ABORT]", shutdown).flags(ADMIN)
        .flags(&[Flags::NO_MULTI, Flags::ALLOW_BUSY])
        .doc("1.0.0", "O(1)", "Ends the server."),
    plain("swapdb", "index1 index2", swapdb).fast().flags(&[Flags::WRITE])
        .categories(&["keyspace", "dangerous"])
        .doc("4.0.0", "O(1)", "Exchanges two databases."),
    plain("time", "", time).fast().flags(ANYTIME).tips(&["nondeterministic_output"])
        .doc("2.6.0", "O(1)", "Tells the server's time."),
];

fn dbsize(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.int(cx.server.keyspace.len(cx.client.db) as i64))
}

fn flushall(cx: &mut ClientCtx<'_>) -> Answer {
    flush_mode(&mut cx.args)?;
    cx.server.keyspace.flush_all();
    Ok(cx.reply.ok())
}

fn flushdb(cx: &mut ClientCtx<'_>) -> Answer {
    flush_mode(&mut cx.args)?;
    cx.server.keyspace.flush(cx.client.db);
    Ok(cx.reply.ok())
}

/// `[ASYNC | SYNC]`: both are the same here. Keys are gone at once, and what takes long to free is
/// freed beside the workers.
fn flush_mode(args: &mut Args<'_>) -> Result<(), Error> {
    if args.is_done() {
        return Ok(());
    }
    let known = args.flag("ASYNC") || args.flag("SYNC");
    if known && args.is_done() { Ok(()) } else { Err(Error::Syntax) }
}

/// `[NOSAVE | SAVE] [NOW] [FORCE]`, or `ABORT` alone. Words may come twice, as in Valkey.
fn shutdown(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.len() == 1 && cx.args.flag("ABORT") {
        let aborted = cx.server.host.abort_shutdown();
        return if aborted {
            Ok(cx.reply.ok())
        } else {
            Err(Error::said("ERR No shutdown in progress."))
        };
    }
    let mut request = Shutdown::default();
    while !cx.args.is_done() {
        if request.save != Save::Always && cx.args.flag("NOSAVE") {
            request.save = Save::Never;
        } else if request.save != Save::Never && cx.args.flag("SAVE") {
            request.save = Save::Always;
        } else if cx.args.flag("NOW") {
            request.now = true;
        } else if cx.args.flag("FORCE") {
            request.force = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    if request.save == Save::Always && !request.force {
        return Err(Error::said(
            "ERR Errors trying to SHUTDOWN. Saving is not supported yet; NOSAVE ends the server.",
        ));
    }
    let refused = |why| Error::said(format!("ERR Errors trying to SHUTDOWN. {why}"));
    cx.server.host.shutdown(request).map_err(refused)?;
    cx.client.closing = true;
    Ok(cx.reply.nothing())
}

fn swapdb(cx: &mut ClientCtx<'_>) -> Answer {
    let mut index = |error: &'static str| {
        let index = cx.args.integer().ok().and_then(|it| i32::try_from(it).ok());
        index.ok_or_else(|| Error::said(error))
    };
    let first = index("ERR invalid first DB index")?;
    let second = index("ERR invalid second DB index")?;
    let first = cx.server.database(i64::from(first))?;
    let second = cx.server.database(i64::from(second))?;
    cx.server.keyspace.swap(first, second);
    Ok(cx.reply.ok())
}

/// Seconds and microseconds. The clock is read once per wake-up, to the millisecond.
fn time(cx: &mut ClientCtx<'_>) -> Answer {
    let answered = cx.reply.array_header(2);
    cx.reply.text(&(cx.now_ms / 1000).to_string());
    cx.reply.text(&(cx.now_ms % 1000 * 1000).to_string());
    Ok(answered)
}

#[cfg(test)]
mod tests {
    use crate::session::Step;
    use crate::testing::World;

    #[test]
    fn databases_are_exchanged_and_emptied() {
        let mut it = World::new(&[]).connect(1);
        it.ask("SET a 1");
        it.check("SWAPDB 0 3", "+OK");
        it.check("DBSIZE", ":0");
        it.check("SELECT 3", "+OK");
        it.check("GET a", "$1 1");
        it.check("SWAPDB 0 16", "-ERR DB index is out of range");
        it.check("FLUSHDB SYNC ASYNC", "-ERR syntax error");
        it.check("FLUSHALL ASYNC", "+OK");
        it.check("DBSIZE", ":0");
    }

    #[test]
    fn shutdown_asks_the_process() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        it.check("SHUTDOWN ABORT", "-ERR No shutdown in progress.");
        it.check("SHUTDOWN SAVE NOSAVE", "-ERR syntax error");
        it.check("SHUTDOWN NOSAVE NOW", "");
        assert_eq!(it.step, Step::Close);
        let expected = "Shutdown { save: Never, now: true, force: false }";
        assert_eq!(*world.host.asked.lock(), [expected]);
    }

    #[test]
    fn info_counts_commands_and_errors() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        it.ask("SET a 1");
        it.ask("GET a");
        it.ask("GET");
        it.ask("HGET a f");
        let stats = it.ask("INFO commandstats errorstats");
        for part in [
            "cmdstat_get:calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0",
            "cmdstat_hget:calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=1",
            "errorstat_ERR:count=1",
            "errorstat_WRONGTYPE:count=1",
        ] {
            assert!(stats.contains(part), "{stats}");
        }
        it.check("CONFIG RESETSTAT", "+OK");
        it.check_has("INFO errorstats", "# Errorstats");
        assert!(!it.ask("INFO commandstats").contains("cmdstat_get"));
        it.check_has("INFO keyspace", "db0:keys=1,expires=0,avg_ttl=0");
    }

    #[test]
    fn info_shows_what_is_asked_for() {
        let mut it = World::new(&[]).connect(1);
        let titles = |answer: String| answer.matches("# ").count();
        assert_eq!(titles(it.ask("INFO")), 11);
        assert_eq!(titles(it.ask("INFO default")), 11);
        assert_eq!(titles(it.ask("INFO Everything")), 13);
        assert_eq!(titles(it.ask("INFO cpu nosuch CPU")), 1);
        it.check_has("INFO", "redis_version:7.2.4");
    }

    #[test]
    fn memory_usage_is_what_the_engine_counts() {
        let mut it = World::new(&[]).connect(1);
        it.ask("SET a 1");
        it.check_has("MEMORY USAGE a SAMPLES 0", ":");
        it.check("MEMORY USAGE nosuch", "$-1");
        it.check("MEMORY USAGE a SAMPLES -1", "-ERR syntax error");
    }
}
