//! COMMAND: the command table, as programs and people ask for it.

mod docs;
mod info;

use self::docs::document;
use self::info::describe;
use crate::args::Argv;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::glob;
use crate::keys::{Access, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, plain};
use crate::table::{Command, Table};

const ANYTIME: &[Flags] = &[Flags::LOADING, Flags::STALE];
const UNORDERED: &[&str] = &["nondeterministic_output_order"];
const CONNECTION: &[&str] = &["connection"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("count", "", count).flags(ANYTIME).categories(CONNECTION)
        .doc("2.8.13", "O(1)", "Counts the commands."),
    plain("docs", "[command-name [command-name ...]]", docs).flags(ANYTIME).tips(UNORDERED)
        .categories(CONNECTION)
        .doc("7.0.0", "O(N) over the names", "Explains commands to people."),
    plain("getkeys", "command [arg [arg ...]]", getkeys).flags(ANYTIME).categories(CONNECTION)
        .doc("2.8.13", "O(N) over the arguments", "Finds the keys in a command line."),
    plain("getkeysandflags", "command [arg [arg ...]]", getkeysandflags).flags(ANYTIME)
        .categories(CONNECTION)
        .doc("7.0.0", "O(N) over the arguments", "Finds the keys in a line, and their use."),
    plain("help", "", help).flags(ANYTIME).categories(CONNECTION)
        .doc("5.0.0", "O(1)", "Lists the subcommands."),
    plain("info", "[command-name [command-name ...]]", info).flags(ANYTIME).tips(UNORDERED)
        .categories(CONNECTION)
        .doc("2.8.13", "O(N) over the names", "Describes commands to programs."),
    plain("list", "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", list)
        .flags(ANYTIME).tips(UNORDERED).categories(CONNECTION)
        .doc("7.0.0", "O(N) over all commands", "Lists the names of commands."),
];

/// COMMAND without a second word.
pub(crate) fn all(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.array(Table::get().commands().iter(), describe))
}

fn count(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.count(Table::get().commands().len()))
}

fn docs(cx: &mut ClientCtx<'_>) -> Answer {
    let names = few(cx.args.rest())?;
    let found: Vec<&Command> = if names.is_empty() {
        Table::get().commands().iter().collect()
    } else {
        names.iter().filter_map(|name| Table::get().find_full(name)).collect()
    };
    let answered = cx.reply.map_header(found.len());
    for command in found {
        cx.reply.text(&command.full_name);
        document(&mut cx.reply, command);
    }
    Ok(answered)
}

/// Each name may bring kilobytes of answer.
fn few(names: Argv<'_>) -> Result<Argv<'_>, Error> {
    if names.len() <= NAMES_MAX { Ok(names) } else { Err(Error::said("ERR too many names")) }
}

fn getkeys(cx: &mut ClientCtx<'_>) -> Answer {
    let line = cx.args.rest();
    let keys = keys_of(line)?;
    Ok(cx.reply.array(keys.iter(), |reply, (at, _)| reply.bulk(word(line, *at))))
}

fn getkeysandflags(cx: &mut ClientCtx<'_>) -> Answer {
    let line = cx.args.rest();
    let keys = keys_of(line)?;
    Ok(cx.reply.array(keys.iter(), |reply, (at, access)| {
        reply.array_header(2);
        reply.bulk(word(line, *at));
        let names: Vec<&str> = access.names().collect();
        let answered = reply.set_header(names.len());
        for name in names {
            reply.simple(name);
        }
        answered
    }))
}

/// The keys in a line, by position, and what the command does to each.
fn keys_of(line: Argv<'_>) -> Result<Vec<(usize, Access)>, Error> {
    let command =
        Table::get().resolve(line).ok_or_else(|| Error::said("ERR Invalid command specified"))?;
    let mut specs = command.key_specs();
    specs.retain(|it| !it.access.has(Access::NOT_KEY));
    if specs.is_empty() {
        return Err(Error::said("ERR The command has no key arguments"));
    }
    if !command.takes(line.len()) {
        return Err(Error::said("ERR Invalid number of arguments specified for command"));
    }
    let mut keys = Vec::new();
    let mut positions = Vec::new();
    for spec in specs {
        positions.clear();
        if spec.keys.positions(line, &mut positions).is_err() {
            // A script may have no keys, however that is said.
            if command.spec.flags.has(Flags::NO_MANDATORY_KEYS) {
                return Ok(keys);
            }
            return Err(Error::said("ERR Invalid arguments specified for command"));
        }
        // A group that may be empty (PFMERGE's sources) is asked for its keys like any other.
        if positions.is_empty() && matches!(spec.keys, Keys::Range { .. }) {
            return Err(Error::said("ERR Invalid arguments specified for command"));
        }
        let access = command.spec.varies.map_or(spec.access, |varies| varies(line));
        keys.extend(positions.iter().map(|at| (*at, access)));
    }
    if keys.is_empty() && !command.spec.flags.has(Flags::NO_MANDATORY_KEYS) {
        return Err(Error::said("ERR Invalid arguments specified for command"));
    }
    Ok(keys)
}

fn word(line: Argv<'_>, at: usize) -> &[u8] {
    line.get(at).expect("a key stands inside its line")
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("COMMAND", HELP))
}

fn info(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.is_done() {
        return all(cx);
    }
    let names = few(cx.args.rest())?;
    Ok(cx.reply.array(names.iter(), |reply, name| match Table::get().find_full(name) {
        Some(command) => describe(reply, command),
        None => reply.null(),
    }))
}

/// `[FILTERBY MODULE name | ACLCAT category | PATTERN glob]`
fn list(cx: &mut ClientCtx<'_>) -> Answer {
    let mut wanted: Box<dyn Fn(&Command) -> bool> = Box::new(|_| true);
    if !cx.args.is_done() {
        if !cx.args.flag("FILTERBY") || cx.args.len() != 2 {
            return Err(Error::Syntax);
        }
        if cx.args.flag("MODULE") {
            // There are no modules, so none of them brought a command.
            wanted = Box::new(|_| false);
        } else if cx.args.flag("ACLCAT") {
            let category = cx.args.peek().unwrap_or_default();
            wanted = Box::new(move |it| {
                it.categories().iter().any(|name| name.as_bytes().eq_ignore_ascii_case(category))
            });
        } else if cx.args.flag("PATTERN") {
            let pattern = cx.args.peek().unwrap_or_default();
            wanted = Box::new(move |it| glob::matches_any_case(pattern, it.full_name.as_bytes()));
        } else {
            return Err(Error::Syntax);
        }
    }
    let found: Vec<&Command> = Table::get().iter().filter(|it| wanted(it)).collect();
    Ok(cx.reply.array(found.iter(), |reply, it| reply.text(&it.full_name)))
}

/// Many more than there are commands.
const NAMES_MAX: usize = 4096;

const HELP: &[&str] = &[
    "(no subcommand)",
    "    Describe every command, as INFO does.",
    "COUNT",
    "    Count the commands.",
    "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
    "    List the names of commands.",
    "INFO [<command-name> ...]",
    "    Describe commands to programs: these, or all.",
    "DOCS [<command-name> ...]",
    "    Explain commands to people: these, or all.",
    "GETKEYS <full-command>",
    "    Find the keys in a command line.",
    "GETKEYSANDFLAGS <full-command>",
    "    Find the keys in a command line, and what the command does to them.",
];
