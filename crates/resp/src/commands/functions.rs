//! The functions of the scripting family: FUNCTION and its subcommands. FCALL runs as EVAL does.

use tandem_rdb::Payload;

use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::glob;
use crate::keys::Access;
use crate::reply::{Answer, Reply};
use crate::script::{Collision, Function, Invocation, Library, RestorePolicy, Sort, Vm};
use crate::spec::{Flags, Spec, group, plain, script};

const COST: &str = "Depends on the function that is executed.";
const TO_SHARDS: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];
const WRITES: &[Flags] = &[Flags::WRITE, Flags::NOSCRIPT];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    script("fcall", "function numkeys [key [key ...]] [arg [arg ...]]", Invocation::FUNCTION)
        .access(Access::RW.and(Access::ACCESS).and(Access::UPDATE))
        .doc("7.0.0", COST, "Runs a function."),
    script("fcall_ro", "function numkeys [key [key ...]] [arg [arg ...]]",
        Invocation::FUNCTION.read_only()).flags(&[Flags::READONLY])
        .doc("7.0.0", COST, "Runs a function that only reads."),
    group("function", SUBCOMMANDS)
        .doc("7.0.0", "Depends on the subcommand.", "Holds the commands about functions."),
];

#[rustfmt::skip]
const SUBCOMMANDS: &[Spec] = &[
    plain("delete", "library-name", delete).flags(WRITES).tips(TO_SHARDS)
        .doc("7.0.0", "O(1)", "Deletes a library and its functions."),
    plain("dump", "", dump).flags(&[Flags::NOSCRIPT])
        .doc("7.0.0", "O(N) over the functions", "Shows all libraries as a payload."),
    plain("flush", "[ASYNC | SYNC]", flush).flags(WRITES).tips(TO_SHARDS)
        .doc("7.0.0", "O(N) over the functions", "Deletes all libraries."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE])
        .doc("7.0.0", "O(1)", "Lists the subcommands."),
    plain("kill", "", kill).flags(&[Flags::NOSCRIPT, Flags::ALLOW_BUSY])
        .tips(&["request_policy:all_shards", "response_policy:one_succeeded"])
        .doc("7.0.0", "O(1)", "Ends the function that is running."),
    plain("list", "[LIBRARYNAME library-name-pattern] [WITHCODE]", list).flags(&[Flags::NOSCRIPT])
        .tips(&["nondeterministic_output_order"])
        .doc("7.0.0", "O(N) over the functions", "Tells of all libraries."),
    plain("load", "[REPLACE] function-code", load).flags(WRITES).denyoom().tips(TO_SHARDS)
        .doc("7.0.0", "O(N) in the library's length", "Makes a library known."),
    plain("restore", "serialized-value [FLUSH | APPEND | REPLACE]", restore).flags(WRITES)
        .denyoom().tips(TO_SHARDS)
        .doc("7.0.0", "O(N) over the functions", "Makes the libraries of a payload known."),
    plain("stats", "", stats).flags(&[Flags::NOSCRIPT, Flags::ALLOW_BUSY])
        .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
        .doc("7.0.0", "O(1)", "Tells of the function that is running."),
];

fn delete(cx: &mut ClientCtx<'_>) -> Answer {
    cx.server.scripts.functions.delete(cx.args.next()?)?;
    Ok(cx.reply.ok())
}

fn dump(cx: &mut ClientCtx<'_>) -> Answer {
    let libraries = cx.server.scripts.functions.libraries();
    let compresses = cx.server.settings.is_on("rdbcompression");
    let codes = libraries.iter().map(|it| &*it.code);
    Ok(cx.reply.bulk(&tandem_rdb::dump_functions(codes, compresses)))
}

/// `serialized-value [FLUSH | APPEND | REPLACE]`
fn restore(cx: &mut ClientCtx<'_>) -> Answer {
    let payload = cx.args.next()?;
    if cx.args.len() > 1 {
        return Err(wrong_words("RESTORE"));
    }
    let policy = if cx.args.is_done() || cx.args.flag("APPEND") {
        RestorePolicy::Join(Collision::Refuse)
    } else if cx.args.flag("REPLACE") {
        RestorePolicy::Join(Collision::Replace)
    } else if cx.args.flag("FLUSH") {
        RestorePolicy::Flush
    } else {
        return Err(Error::said(
            "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
        ));
    };
    let bytes_max = cx.server.keyspace.limits().string_bytes_max;
    let codes = Payload::open(payload)?.functions(bytes_max).map(|code| {
        code.map_err(|error| match error {
            tandem_rdb::Error::Corrupt => Error::said("ERR Failed loading library payload"),
            other => other.into(),
        })
    });
    Vm::with(cx.server, |vm| vm.restore_libraries(cx.server, codes, policy))?;
    Ok(cx.reply.ok())
}

/// `[ASYNC | SYNC]`: both are the same here.
fn flush(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.len() > 1 {
        return Err(wrong_words("FLUSH"));
    }
    if !cx.args.is_done() && !cx.args.flag("ASYNC") && !cx.args.flag("SYNC") {
        return Err(Error::said("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
    }
    cx.server.scripts.functions.flush();
    Ok(cx.reply.ok())
}

fn kill(cx: &mut ClientCtx<'_>) -> Answer {
    cx.server.scripts.kill(Sort::Function)?;
    Ok(cx.reply.ok())
}

/// `[REPLACE] function-code`: the last word is the text, whatever it says.
fn load(cx: &mut ClientCtx<'_>) -> Answer {
    let code = cx.args.last()?;
    let mut collision = Collision::Refuse;
    while !cx.args.is_done() {
        if !cx.args.flag("REPLACE") {
            return Err(Error::quoting("ERR Unknown option given: ", cx.args.next()?, ""));
        }
        collision = Collision::Replace;
    }
    let library = Vm::with(cx.server, |vm| vm.load_library(cx.server, code, collision))?;
    Ok(cx.reply.bulk(&library.name))
}

/// `[LIBRARYNAME pattern] [WITHCODE]`, in any order, each once.
fn list(cx: &mut ClientCtx<'_>) -> Answer {
    let (mut pattern, mut with_code) = (None, false);
    while !cx.args.is_done() {
        if !with_code && cx.args.flag("WITHCODE") {
            with_code = true;
        } else if pattern.is_none() && cx.args.flag("LIBRARYNAME") {
            let missing = |_| Error::said("ERR library name argument was not given");
            pattern = Some(cx.args.next().map_err(missing)?);
        } else {
            return Err(Error::quoting("ERR Unknown argument ", cx.args.next()?, ""));
        }
    }
    let mut libraries = cx.server.scripts.functions.libraries();
    libraries.retain(|it| pattern.is_none_or(|pattern| glob::matches_any_case(pattern, &it.name)));
    cx.reply.array_header(libraries.len());
    for library in libraries {
        cx.reply.map_header(if with_code { 4 } else { 3 });
        tell(&mut cx.reply, &library);
        if with_code {
            cx.reply.text("library_code");
            cx.reply.bulk(&library.code);
        }
    }
    Ok(cx.reply.nothing())
}

fn tell(reply: &mut Reply<'_>, library: &Library) {
    reply.text("library_name");
    reply.bulk(&library.name);
    reply.text("engine");
    reply.text("LUA");
    reply.text("functions");
    reply.array_header(library.functions.len());
    for Function { name, description, flags } in &library.functions {
        reply.map_header(3);
        reply.text("name");
        reply.bulk(name);
        reply.text("description");
        reply.bulk_or_null(description.as_deref());
        reply.text("flags");
        let names = flags.names();
        reply.set_header(names.len());
        for name in names {
            reply.status(name.as_bytes());
        }
    }
}

fn stats(cx: &mut ClientCtx<'_>) -> Answer {
    let running = cx.server.scripts.slow_function()?;
    let reply = &mut cx.reply;
    reply.map_header(2);
    reply.text("running_script");
    match running {
        None => {
            reply.null();
        }
        Some(it) => {
            reply.map_header(3);
            reply.text("name");
            reply.bulk(&it.name);
            reply.text("command");
            reply.array(it.words.iter(), |reply, word| reply.bulk(word));
            reply.text("duration_ms");
            let took_ns = (cx.server.clock_ns)().saturating_sub(it.since_ns);
            reply.int((took_ns / 1_000_000) as i64);
        }
    }
    let figures = cx.server.scripts.functions.figures();
    reply.text("engines");
    reply.map_header(1);
    reply.text("LUA");
    reply.map_header(2);
    reply.text("libraries_count");
    reply.count(figures.n_libraries);
    reply.text("functions_count");
    Ok(reply.count(figures.n_functions))
}

fn wrong_words(name: &str) -> Error {
    Error::said(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try FUNCTION HELP."
    ))
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help(
        "FUNCTION",
        &[
            "LOAD [REPLACE] <FUNCTION CODE>",
            "    Create a new library with the given library name and code.",
            "DELETE <LIBRARY NAME>",
            "    Delete the given library.",
            "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
            "    Return general information on all the libraries:",
            "    * Library name",
            "    * The engine used to run the Library",
            "    * Functions list",
            "    * Library code (if WITHCODE is given)",
            "    It also possible to get only function that matches a pattern using LIBRARYNAME \
             argument.",
            "STATS",
            "    Return information about the current function running:",
            "    * Function name",
            "    * Command used to run the function",
            "    * Duration in MS that the function is running",
            "    If no function is running, return nil",
            "    In addition, returns a list of available engines.",
            "KILL",
            "    Kill the current running function.",
            "FLUSH [ASYNC|SYNC]",
            "    Delete all the libraries.",
            "    When called without the optional mode argument, the behavior is determined by the",
            "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
            "    * ASYNC: Asynchronously flush the libraries.",
            "    * SYNC: Synchronously flush the libraries.",
            "DUMP",
            "    Return a serialized payload representing the current libraries, can be restored \
             using FUNCTION RESTORE command",
            "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
            "    Restore the libraries represented by the given payload, it is possible to give a \
             restore policy to",
            "    control how to handle existing libraries (default APPEND):",
            "    * FLUSH: delete all existing libraries.",
            "    * APPEND: appends the restored libraries to the existing libraries. On collision, \
             abort.",
            "    * REPLACE: appends the restored libraries to the existing libraries, On \
             collision, replace the old",
            "      libraries with the new libraries (notice that even on this option there is a \
             chance of failure",
            "      in case of functions name collision with another library).",
        ],
    ))
}
