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
    if !cx.args.len().is_multiple_of(2) {
        return Err(Error::Syntax);
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
            let before = "ERR Unknown option or number of arguments for CONFIG SET - '";
            return Error::quoting(before, name.as_bytes(), "'");
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

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn settings_act_at_once() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        it.check("CONFIG SET maxmemory 1mb maxmemory-policy allkeys-lru", "+OK");
        assert_eq!(world.server.keyspace.memory_max(), 1 << 20);
        it.check(
            "CONFIG GET maxmemory maxmemory-p*",
            "*4 $9 maxmemory $7 1048576 \
            $16 maxmemory-policy $11 allkeys-lru",
        );
        it.check("CONFIG SET hash-max-ziplist-entries 3", "+OK");
        assert_eq!(world.server.keyspace.limits().hash.entries_max, 3);
        it.check("CONFIG GET hash-max-listpack-entries", "*2 $25 hash-max-listpack-entries $1 3");
        it.check("CONFIG SET requirepass x", "+OK");
        world.connect(2).check("PING", "-NOAUTH Authentication required.");
    }

    #[test]
    fn all_pairs_or_none() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        let failed = "-ERR CONFIG SET failed (possibly related to argument";
        it.check(
            "CONFIG SET maxmemory 5 maxclients zz",
            &format!("{failed} 'maxclients') - argument couldn't be parsed into an integer"),
        );
        it.check(
            "CONFIG SET maxmemory 5 MAXMEMORY 6",
            &format!("{failed} 'MAXMEMORY') - duplicate parameter"),
        );
        it.check(
            "CONFIG SET maxmemory 5 databases 6",
            &format!("{failed} 'databases') - can't set immutable config"),
        );
        it.check(
            "CONFIG SET databases 5 nosuch 6",
            "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'",
        );
        it.check("CONFIG GET maxmemory", "*2 $9 maxmemory $1 0");
    }

    #[test]
    fn what_does_not_exist_cannot_be_switched_on() {
        let mut it = World::new(&[]).connect(1);
        for pair in [
            "appendonly yes",
            "save '900 1'",
            "maxmemory-policy volatile-lru",
            "min-replicas-to-write 1",
            "tls-port 6380",
        ] {
            it.check_has(&format!("CONFIG SET {pair}"), "not supported yet");
        }
        it.check("CONFIG SET appendonly no save '' appendfsync always", "+OK");
    }

    #[test]
    fn the_process_may_refuse_its_settings() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        it.check_has("CONFIG SET loglevel debug port 666", "'port') - that port is taken");
        it.check("CONFIG GET port", "*2 $4 port $4 6379");
        assert_eq!(*world.host.asked.lock(), ["loglevel debug", "port 666", "loglevel notice"]);
    }

    #[test]
    fn rewrite_hands_over_what_was_set() {
        let world = World::new(&[("timeout", "5")]);
        let mut it = world.connect(1);
        it.check("CONFIG SET maxclients 7", "+OK");
        it.check("CONFIG REWRITE", "-ERR The server is running without a config file");
        assert_eq!(*world.host.asked.lock(), [r#"rewrite [("maxclients", "7")]"#]);
    }
}
