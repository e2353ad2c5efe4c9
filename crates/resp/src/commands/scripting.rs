//! The scripting family: what runs and keeps scripts. `script/` is their world.

use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::keys::Access;
use crate::reply::Answer;
use crate::script::{Invocation, Sort, Vm, sha_of};
use crate::spec::{Flags, Spec, group, plain, script};

const COST: &str = "Depends on the script that is executed.";
const TO_NODES: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    script("eval", "script numkeys [key [key ...]] [arg [arg ...]]", Invocation::SOURCE)
        .access(Access::RW.and(Access::ACCESS).and(Access::UPDATE))
        .doc("2.6.0", COST, "Runs a script."),
    script("eval_ro", "script numkeys [key [key ...]] [arg [arg ...]]",
        Invocation::SOURCE.read_only()).flags(&[Flags::READONLY])
        .doc("7.0.0", COST, "Runs a script that only reads."),
    script("evalsha", "sha1 numkeys [key [key ...]] [arg [arg ...]]", Invocation::SHA)
        .access(Access::RW.and(Access::ACCESS).and(Access::UPDATE))
        .doc("2.6.0", COST, "Runs a known script."),
    script("evalsha_ro", "sha1 numkeys [key [key ...]] [arg [arg ...]]",
        Invocation::SHA.read_only()).flags(&[Flags::READONLY])
        .doc("7.0.0", COST, "Runs a known script that only reads."),
    group("script", SUBCOMMANDS)
        .doc("2.6.0", "Depends on the subcommand.", "Holds the commands about scripts."),
];

#[rustfmt::skip]
const SUBCOMMANDS: &[Spec] = &[
    plain("debug", "<YES | SYNC | NO>", debug).flags(&[Flags::NOSCRIPT])
        .doc("3.2.0", "O(1)", "Sets the debug mode of scripts, of which there is one."),
    plain("exists", "sha1 [sha1 ...]", exists).flags(&[Flags::NOSCRIPT])
        .tips(&["request_policy:all_shards", "response_policy:agg_logical_and"])
        .doc("2.6.0", "O(N) over the sums", "Tells which scripts are known."),
    plain("flush", "[ASYNC | SYNC]", flush).flags(&[Flags::NOSCRIPT]).tips(TO_NODES)
        .doc("2.6.0", "O(N) over the scripts", "Forgets all scripts."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE])
        .doc("5.0.0", "O(1)", "Lists the subcommands."),
    plain("kill", "", kill).flags(&[Flags::NOSCRIPT, Flags::ALLOW_BUSY])
        .tips(&["request_policy:all_shards", "response_policy:one_succeeded"])
        .doc("2.6.0", "O(1)", "Ends the script that is running."),
    plain("load", "script", load).flags(&[Flags::NOSCRIPT, Flags::STALE]).tips(TO_NODES)
        .doc("2.6.0", "O(N) in the script's length", "Makes a script known."),
    plain("show", "sha1", show).flags(&[Flags::NOSCRIPT])
        .doc("8.0.0", "O(1)", "Shows a known script."),
];

/// There is no debugger to switch on; to switch it off is always right.
fn debug(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.flag("NO") {
        return Ok(cx.reply.ok());
    }
    if cx.args.flag("YES") || cx.args.flag("SYNC") {
        return Err(Error::said("ERR The Lua debugger is not supported"));
    }
    Err(Error::said("ERR Use SCRIPT DEBUG YES/SYNC/NO"))
}

fn exists(cx: &mut ClientCtx<'_>) -> Answer {
    let scripts = &cx.server.scripts;
    let sums = cx.args.rest();
    Ok(cx.reply.array(sums.iter(), |reply, it| {
        reply.int(i64::from(sha_of(it).is_some_and(|sha| scripts.find(&sha).is_some())))
    }))
}

/// `[ASYNC | SYNC]`: both are the same here.
fn flush(cx: &mut ClientCtx<'_>) -> Answer {
    let is_known = cx.args.is_done() || cx.args.flag("ASYNC") || cx.args.flag("SYNC");
    if !is_known || !cx.args.is_done() {
        return Err(Error::said("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
    }
    cx.server.scripts.flush();
    Ok(cx.reply.ok())
}

fn kill(cx: &mut ClientCtx<'_>) -> Answer {
    cx.server.scripts.kill(Sort::Script)?;
    Ok(cx.reply.ok())
}

fn load(cx: &mut ClientCtx<'_>) -> Answer {
    let source = cx.args.next()?;
    let script = Vm::with(cx.server, |vm| vm.load(source))?;
    Ok(cx.reply.bulk(&script.sha))
}

fn show(cx: &mut ClientCtx<'_>) -> Answer {
    let sha = sha_of(cx.args.next()?);
    match sha.and_then(|sha| cx.server.scripts.find(&sha)) {
        Some(script) => Ok(cx.reply.bulk(&script.source)),
        None => Err(Error::said("NOSCRIPT No matching script.")),
    }
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help(
        "SCRIPT",
        &[
            "DEBUG (YES|SYNC|NO)",
            "    Set the debug mode for subsequent scripts executed.",
            "EXISTS <sha1> [<sha1> ...]",
            "    Return information about the existence of the scripts in the script cache.",
            "FLUSH [ASYNC|SYNC]",
            "    Flush the Lua scripts cache. Very dangerous on replicas.",
            "    When called without the optional mode argument, the behavior is determined",
            "     by the lazyfree-lazy-user-flush configuration directive. Valid modes are:",
            "    * ASYNC: Asynchronously flush the scripts cache.",
            "    * SYNC: Synchronously flush the scripts cache.",
            "KILL",
            "    Kill the currently executing Lua script.",
            "LOAD <script>",
            "    Load a script into the scripts cache without executing it.",
            "SHOW <sha1>",
            "    Show a script from the scripts cache.",
        ],
    ))
}
