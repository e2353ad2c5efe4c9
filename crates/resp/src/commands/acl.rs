//! ACL: users, and what they may do.

use crate::acl::{DEFAULT_USER, Denied, Selector, User, category, has_spaces, join_selectors};
use crate::args::{Argv, integer};
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::{Answer, Answered, Reply};
use crate::server::hex;
use crate::spec::{Flags, Spec, plain};
use crate::table::{CATEGORIES, Command, Table};

const USUAL: &[Flags] = &[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE];
const ADMIN: &[Flags] = &[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE];
const TO_ALL: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("cat", "[category]", cat).flags(USUAL)
        .doc("6.0.0", "O(1)", "Lists the categories of commands, or the commands of one."),
    plain("deluser", "username [username ...]", deluser).flags(ADMIN).tips(TO_ALL)
        .doc("6.0.0", "O(1)", "Removes users, and closes their connections."),
    plain("dryrun", "username command [arg [arg ...]]", dryrun).flags(ADMIN)
        .doc("7.0.0", "O(1)", "Says whether a user may run a command."),
    plain("genpass", "[bits:integer]", genpass).flags(USUAL)
        .doc("6.0.0", "O(1)", "Makes up a password."),
    plain("getuser", "username", getuser).flags(ADMIN)
        .doc("6.0.0", "O(N) over the user's rules", "Describes a user to programs."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE])
        .doc("6.0.0", "O(1)", "Lists the subcommands."),
    plain("list", "", list).flags(ADMIN)
        .doc("6.0.0", "O(N) over the users", "Lists the rules of all users."),
    plain("load", "", no_file).flags(ADMIN)
        .doc("6.0.0", "O(N) over the users", "Reads the users from the file of users."),
    plain("log", "[count | RESET]", log).flags(ADMIN)
        .doc("6.0.0", "O(N) over the entries", "Lists what was refused to whom lately."),
    plain("save", "", no_file).flags(ADMIN).tips(TO_ALL)
        .doc("6.0.0", "O(N) over the users", "Writes the users into the file of users."),
    plain("setuser", "username [rule [rule ...]]", setuser).flags(ADMIN).tips(TO_ALL)
        .doc("6.0.0", "O(N) over the rules", "Makes a user or changes one."),
    plain("users", "", users).flags(ADMIN)
        .doc("6.0.0", "O(N) over the users", "Lists the names of all users."),
    plain("whoami", "", whoami).flags(USUAL)
        .doc("6.0.0", "O(1)", "Answers which user the connection works as."),
];

fn cat(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.is_done() {
        return Ok(cx.reply.array(CATEGORIES.iter(), |reply, (name, _)| reply.text(name)));
    }
    if cx.args.len() > 1 {
        return Err(wrong_call("CAT"));
    }
    let name = cx.args.next()?;
    let category =
        category(name).ok_or_else(|| Error::quoting("ERR Unknown category '", name, "'"))?;
    let all = Table::get().iter().filter(|it| it.categories().contains(&category));
    let found: Vec<&Command> = all.collect();
    Ok(cx.reply.array(found.iter(), |reply, it| reply.text(&it.full_name)))
}

fn wrong_call(subcommand: &str) -> Error {
    Error::said(format!(
        "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try ACL HELP."
    ))
}

fn deluser(cx: &mut ClientCtx<'_>) -> Answer {
    let names = cx.args.rest();
    if names.iter().any(|it| it == DEFAULT_USER) {
        return Err(Error::said("ERR The 'default' user cannot be removed"));
    }
    let n = names.iter().filter(|it| cx.server.remove_user(it, cx.client)).count();
    Ok(cx.reply.count(n))
}

fn dryrun(cx: &mut ClientCtx<'_>) -> Answer {
    let name = cx.args.next()?;
    let account = cx.server.acl.find(name);
    let account = account.ok_or_else(|| Error::quoting("ERR User '", name, "' not found"))?;
    let line: Argv<'_> = cx.args.rest();
    let word = line.get(0).unwrap_or_default();
    let command = Table::get().resolve(line);
    let command = command.ok_or_else(|| Error::quoting("ERR Command '", word, "' not found"))?;
    if !command.takes(line.len()) {
        let name = &command.full_name;
        return Err(Error::said(format!("ERR wrong number of arguments for '{name}' command")));
    }
    match account.user().check(command, line) {
        Ok(()) => Ok(cx.reply.ok()),
        Err(denied) => Ok(cx.reply.text(&verbose(denied, name, command, line))),
    }
}

fn verbose(denied: Denied, user: &[u8], command: &Command, line: Argv<'_>) -> String {
    denied.text(user, command, Some(denied.object(command, line)))
}

fn genpass(cx: &mut ClientCtx<'_>) -> Answer {
    let n_bits = match cx.args.peek() {
        None => 256,
        Some(word) => integer(word)?,
    };
    if cx.args.len() > 1 {
        return Err(wrong_call("GENPASS"));
    }
    if !(1..=GENPASS_BITS_MAX).contains(&n_bits) {
        return Err(Error::said(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a \
             positive number up to 4096",
        ));
    }
    let n_digits = (n_bits as usize).div_ceil(4);
    let mut bytes = vec![0; n_digits.div_ceil(2)];
    getrandom::fill(&mut bytes).map_err(|it| Error::said(format!("ERR no random bits: {it}")))?;
    Ok(cx.reply.text(&hex(&bytes)[..n_digits]))
}

fn getuser(cx: &mut ClientCtx<'_>) -> Answer {
    let Some(account) = cx.server.acl.find(cx.args.next()?) else { return Ok(cx.reply.null()) };
    let user = account.user();
    let reply = &mut cx.reply;
    let answered = reply.map_header(6);
    reply.text("flags");
    let flags = user.flags();
    reply.set_header(flags.len());
    for flag in flags {
        reply.text(flag);
    }
    reply.text("passwords");
    reply.array(user.passwords.iter(), |reply, it| reply.text(it));
    describe(reply, &user.root);
    reply.text("selectors");
    reply.array(user.selectors.iter(), |reply, it| {
        reply.map_header(3);
        describe(reply, it)
    });
    Ok(answered)
}

/// Three pairs of a map.
fn describe(reply: &mut Reply<'_>, selector: &Selector) -> Answered {
    reply.text("commands");
    reply.text(&selector.commands_text());
    reply.text("keys");
    reply.bulk(&selector.keys_text());
    reply.text("channels");
    reply.bulk(&selector.channels_text())
}

fn list(cx: &mut ClientCtx<'_>) -> Answer {
    let all = cx.server.acl.all();
    Ok(cx.reply.array(all.iter(), |reply, it| {
        reply.bulk(&[b"user ", &*it.name, b" ", &it.user().text()].concat())
    }))
}

fn no_file(_: &mut ClientCtx<'_>) -> Answer {
    Err(Error::said(
        "ERR This instance is not configured to use an ACL file. You may want to specify users \
         via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a \
         configuration file set) in order to store users in the configuration.",
    ))
}

fn log(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.len() > 1 {
        return Err(wrong_call("LOG"));
    }
    let mut n_max = LOG_ENTRIES_USUAL;
    if cx.args.flag("RESET") {
        cx.server.acl.clear_log();
        return Ok(cx.reply.ok());
    }
    if let Some(word) = cx.args.peek() {
        n_max = usize::try_from(integer(word)?).unwrap_or(0);
    }
    let now_ms = cx.now_ms;
    let entries = cx.server.acl.latest_refusals(n_max);
    Ok(cx.reply.array(entries.iter(), |reply, it| {
        reply.map_header(10);
        reply.text("count");
        reply.int(it.n_times as i64);
        for (name, value) in [("reason", it.what.reason), ("context", it.what.context.name())] {
            reply.text(name);
            reply.text(value);
        }
        reply.text("object");
        reply.bulk(&it.what.object);
        reply.text("username");
        reply.bulk(&it.what.user);
        reply.text("age-seconds");
        let age_ms = now_ms.saturating_sub(it.made_at_ms);
        reply.double(crate::double::Text::of(age_ms as f64 / 1000.0).as_str());
        reply.text("client-info");
        reply.text(&it.client_info);
        for (name, n) in [
            ("entry-id", it.id),
            ("timestamp-created", it.made_at_ms),
            ("timestamp-last-updated", it.updated_at_ms),
        ] {
            reply.text(name);
            reply.int(n as i64);
        }
        reply.nothing()
    }))
}

fn setuser(cx: &mut ClientCtx<'_>) -> Answer {
    let name = cx.args.next()?;
    if has_spaces(name) {
        return Err(Error::said("ERR Usernames can't contain spaces or null characters"));
    }
    let rules = join_selectors(cx.args.rest().iter()).map_err(|open| {
        Error::quoting("ERR Unmatched parenthesis in acl selector starting at '", open, "'.")
    })?;
    let channels = cx.server.channelless();
    let known = cx.server.acl.find(name).map(|it| (*it.user()).clone());
    let mut user = known.unwrap_or_else(|| User::new(channels));
    for rule in rules {
        user.apply(&rule, channels).map_err(|refusal| {
            let rule = String::from_utf8_lossy(&rule);
            Error::said(format!("ERR Error in ACL SETUSER modifier '{rule}': {refusal}"))
        })?;
    }
    cx.server.set_user(name, user);
    Ok(cx.reply.ok())
}

fn users(cx: &mut ClientCtx<'_>) -> Answer {
    let all = cx.server.acl.all();
    Ok(cx.reply.array(all.iter(), |reply, it| reply.bulk(&it.name)))
}

fn whoami(cx: &mut ClientCtx<'_>) -> Answer {
    let account = cx.server.account_of(&cx.client.handle);
    Ok(cx.reply.bulk(&account.name))
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("ACL", HELP))
}

/// Entries that LOG shows when it is not told how many.
const LOG_ENTRIES_USUAL: usize = 10;

const GENPASS_BITS_MAX: i64 = 4096;

const HELP: &[&str] = &[
    "CAT [<category>]",
    "    List the categories of commands, or the commands of one.",
    "DELUSER <username> [<username> ...]",
    "    Remove users, and close their connections.",
    "DRYRUN <username> <command> [<arg> ...]",
    "    Say whether a user may run a command.",
    "GENPASS [<bits>]",
    "    Make up a password of so many bits (default: 256).",
    "GETUSER <username>",
    "    Describe a user to programs.",
    "LIST",
    "    List the rules of all users.",
    "LOAD",
    "    Read the users from the file of users.",
    "LOG [<count>|RESET]",
    "    List what was refused lately, or forget it.",
    "SAVE",
    "    Write the users into the file of users.",
    "SETUSER <username> <rule> [<rule> ...]",
    "    Make a user or change one.",
    "USERS",
    "    List the names of all users.",
    "WHOAMI",
    "    Answer which user this connection works as.",
];
