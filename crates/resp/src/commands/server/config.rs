//! CONFIG: the settings, read and changed at run time.

use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::Answer;
use crate::server::RewriteError;
use crate::settings::SetError;
use crate::spec::{Flags, Spec, plain};

const ADMIN: &[Flags] = &[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE];
const TO_ALL: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("get", "parameter [parameter ...]", get).flags(ADMIN)
        .doc("2.0.0", "O(N) over the settings", "Reads the settings whose names fit a pattern."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE])
        .doc("5.0.0", "O(1)", "Lists the subcommands."),
    plain("resetstat", "", resetstat).flags(ADMIN).tips(TO_ALL)
        .doc("2.0.0", "O(1)", "Starts the statistics of INFO over."),
    plain("rewrite", "", rewrite).flags(ADMIN).tips(TO_ALL)
        .doc("2.8.0", "O(1)", "Writes changed settings into the configuration file."),
    plain("set", "<parameter value> [<parameter value> ...]", set).flags(ADMIN).tips(TO_ALL)
        .doc("2.0.0", "O(N) over the settings", "Changes settings, all of them or none."),
];

fn get(cx: &mut ClientCtx<'_>) -> Answer {
    let patterns: Vec<&[u8]> = cx.args.rest().iter().collect();
    let found = cx.server.settings.matching(&patterns);
    let answered = cx.reply.map_header(found.len());
    for (name, value) in found {
        cx.reply.text(name);
        cx.reply.text(&value);
    }
    Ok(answered)
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("CONFIG", HELP))
}

fn resetstat(cx: &mut ClientCtx<'_>) -> Answer {
    cx.server.reset_stats();
    Ok(cx.reply.ok())
}

fn rewrite(cx: &mut ClientCtx<'_>) -> Answer {
    match cx.server.host.rewrite_config(&cx.server.settings.changed()) {
        Ok(()) => Ok(cx.reply.ok()),
        Err(RewriteError::NoFile) => {
            Err(Error::said("ERR The server is running without a config file"))
        }
        Err(RewriteError::Failed(why)) => {
            Err(Error::said(format!("ERR Rewriting config file: {why}")))
        }
    }
}

fn set(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.len() % 2 != 0 {
        return Err(Error::WrongArity("config|set"));
    }
    let mut pairs = Vec::with_capacity(cx.args.len() / 2);
    while !cx.args.is_done() {
        pairs.push((cx.args.next()?, cx.args.next()?));
    }
    cx.server.set(pairs.into_iter()).map_err(refused)?;
    Ok(cx.reply.ok())
}

fn refused(error: SetError) -> Error {
    Error::said(match error {
        SetError::Unknown(name) => {
            format!("ERR Unknown option or number of arguments for CONFIG SET - '{name}'")
        }
        SetError::Failed { name, why } => {
            format!("ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
        }
    })
}

const HELP: &[&str] = &[
    "GET <pattern> [<pattern> ...]",
    "    Read the settings whose names fit one of the patterns.",
    "SET <directive> <value> [<directive> <value> ...]",
    "    Change settings: all of these, or none when one is refused.",
    "RESETSTAT",
    "    Start the statistics of INFO over.",
    "REWRITE",
    "    Write the settings that SET has changed into the configuration file.",
];
