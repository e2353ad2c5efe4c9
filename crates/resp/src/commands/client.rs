//! CLIENT: what connections are there, what they say of themselves, and how to end them.

mod filter;
mod tracking;

use std::sync::atomic::Ordering::Relaxed;

use self::filter::{Filter, line};
use crate::client::{Queueing, Replies};
use crate::client_flags::ClientFlag;
use crate::clients::ClientHandle;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::Answer;
use crate::spec::{Flags, Spec, plain};
use crate::waiting;

const USUAL: &[Flags] = &[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::KEEPS_CACHING];
const ADMIN: &[Flags] =
    &[Flags::ADMIN, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::KEEPS_CACHING];
const TO_ALL: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("caching", "<YES | NO>", tracking::caching).flags(USUAL)
        .doc("6.0.0", "O(1)", "Says whether what the next command reads is tracked."),
    plain("getname", "", getname).flags(USUAL)
        .doc("2.6.9", "O(1)", "Answers the connection's name."),
    plain("getredir", "", tracking::getredir).flags(USUAL)
        .doc("6.0.0", "O(1)", "Answers who is told of changes in the connection's place."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE, Flags::KEEPS_CACHING])
        .doc("5.0.0", "O(1)", "Lists the subcommands."),
    plain("id", "", id).flags(USUAL)
        .doc("5.0.0", "O(1)", "Answers the connection's number."),
    plain("info", "", info).flags(USUAL).tips(&["nondeterministic_output"])
        .doc("6.2.0", "O(1)", "Describes this connection."),
    plain("kill", "<ip:port | <ID client-id [client-id ...] | \
        TYPE <NORMAL | MASTER | PRIMARY | SLAVE | REPLICA | PUBSUB> | USER username | \
        ADDR addr | LADDR laddr | SKIPME <YES | NO> | MAXAGE maxage> [filter ...]>", kill)
        .flags(ADMIN)
        .doc("2.4.0", "O(N) over the connections", "Closes connections."),
    plain("list", "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]] \
        [USER username] [ADDR addr] [LADDR laddr] [SKIPME <YES | NO>] [MAXAGE maxage]", list)
        .flags(ADMIN).tips(&["nondeterministic_output"])
        .doc("2.4.0", "O(N) over the connections", "Describes connections, one a line."),
    plain("no-evict", "<ON | OFF>", no_evict).flags(ADMIN)
        .doc("7.0.0", "O(1)", "Says whether the connection may be dropped to save memory."),
    plain("no-touch", "<ON | OFF>", no_touch).flags(USUAL)
        .doc("7.2.0", "O(1)", "Says whether the connection's reads count as use of a key."),
    plain("reply", "<ON | OFF | SKIP>", reply).flags(USUAL)
        .doc("3.2.0", "O(1)", "Says which commands are answered."),
    plain("setinfo", "<LIB-NAME libname | LIB-VER libver>", setinfo).flags(USUAL).tips(TO_ALL)
        .doc("7.2.0", "O(1)", "Names the client's library or its version."),
    plain("setname", "connection-name", setname).flags(USUAL).tips(TO_ALL)
        .doc("2.6.9", "O(1)", "Names the connection."),
    plain("tracking", "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] \
        [BCAST] [OPTIN] [OPTOUT] [NOLOOP]", tracking::tracking).flags(USUAL)
        .doc("6.0.0", "O(1), O(N) over the prefixes",
            "Tells the connection when keys change that it keeps copies of."),
    plain("trackinginfo", "", tracking::trackinginfo).flags(USUAL)
        .doc("6.2.0", "O(1)", "Describes what the connection tracks."),
    plain("unblock", "client-id [TIMEOUT | ERROR]", unblock).flags(ADMIN)
        .doc("5.0.0", "O(log N) over the connections", "Ends the wait of another client."),
];

/// A line of CLIENT LIST.
pub(crate) fn describe(client: &ClientHandle, now_ms: u64) -> String {
    line(client, now_ms)
}

fn getname(cx: &mut ClientCtx<'_>) -> Answer {
    let name = cx.client.handle.names().name;
    Ok(if name.is_empty() { cx.reply.null() } else { cx.reply.text(&name) })
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("CLIENT", HELP))
}

fn id(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.int(cx.client.handle.id as i64))
}

fn info(cx: &mut ClientCtx<'_>) -> Answer {
    note_command(cx, b"client|info");
    let line = line(&cx.client.handle, cx.now_ms);
    Ok(cx.reply.verbatim("txt", &(line + "\n")))
}

fn list(cx: &mut ClientCtx<'_>) -> Answer {
    note_command(cx, b"client|list");
    let filter = Filter::parse(&mut cx.args, cx.server)?;
    let me = cx.client.handle.id;
    let mut text = String::new();
    for client in cx.server.clients.all() {
        let skipped = filter.skip_me.unwrap_or(false) && client.id == me;
        if !skipped && filter.takes(&client, cx.now_ms) {
            text.push_str(&line(&client, cx.now_ms));
            text.push('\n');
        }
    }
    Ok(cx.reply.verbatim("txt", &text))
}

/// The table of clients is written after each batch; a client that looks at itself in the middle
/// of one wants to see what it is doing now.
fn note_command(cx: &ClientCtx<'_>, name: &[u8]) {
    if let Some(command) = crate::table::Table::get().find_full(name) {
        let handle = &cx.client.handle;
        handle.command.store(command.id as u32, Relaxed);
        handle.db.store(cx.client.db, Relaxed);
        handle.protocol.store(if cx.client.resp3 { 3 } else { 2 }, Relaxed);
        handle.active_at_ms.store(cx.now_ms, Relaxed);
    }
}

fn kill(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.args.len() == 1 {
        return kill_address(cx);
    }
    let filter = Filter::parse(&mut cx.args, cx.server)?;
    let me = cx.client.handle.id;
    let mut n_killed = 0;
    for client in cx.server.clients.all() {
        let skipped = filter.skip_me.unwrap_or(true) && client.id == me;
        if skipped || client.is_killed() || !filter.takes(&client, cx.now_ms) {
            continue;
        }
        n_killed += 1;
        if client.id == me {
            cx.client.closing = true;
        } else {
            client.kill();
        }
    }
    Ok(cx.reply.count(n_killed))
}

fn unblock(cx: &mut ClientCtx<'_>) -> Answer {
    let id = cx.args.integer()?;
    let with_error = match cx.args.peek() {
        None => false,
        Some(_) if cx.args.flag("ERROR") => true,
        Some(_) if cx.args.flag("TIMEOUT") => false,
        Some(_) => {
            return Err(Error::said("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        }
    };
    let client = u64::try_from(id).ok().and_then(|it| cx.server.clients.get(it));
    let ended = client.is_some_and(|it| match cx.client.queueing.as_deref_mut() {
        Some(Queueing::Never { unblocked }) => waiting::unblock_later(unblocked, it, with_error),
        _ => waiting::unblock(cx.server, &it, with_error),
    });
    Ok(cx.reply.int(i64::from(ended)))
}

/// `CLIENT KILL ip:port`, the old form: one client, oneself not excepted.
fn kill_address(cx: &mut ClientCtx<'_>) -> Answer {
    let addr = cx.args.next()?;
    let clients = cx.server.clients.all();
    let found = clients.iter().find(|it| it.aside.addr().as_bytes() == addr);
    let client = found.ok_or_else(|| Error::said("ERR No such client"))?;
    if client.id == cx.client.handle.id {
        cx.client.closing = true;
    } else {
        client.kill();
    }
    Ok(cx.reply.ok())
}

fn no_evict(cx: &mut ClientCtx<'_>) -> Answer {
    switch(cx, ClientFlag::NoEvict)
}

fn no_touch(cx: &mut ClientCtx<'_>) -> Answer {
    switch(cx, ClientFlag::NoTouch)
}

fn switch(cx: &mut ClientCtx<'_>, flag: ClientFlag) -> Answer {
    let on = cx.args.flag("ON");
    if !on && !cx.args.flag("OFF") {
        return Err(Error::Syntax);
    }
    cx.client.handle.flags.set(flag, on);
    Ok(cx.reply.ok())
}

fn reply(cx: &mut ClientCtx<'_>) -> Answer {
    let client = &mut *cx.client;
    if cx.args.flag("ON") {
        client.answer(Replies::On);
        return Ok(cx.reply.ok());
    }
    if cx.args.flag("OFF") {
        client.answer(Replies::Off);
    } else if cx.args.flag("SKIP") {
        if client.replies() != Replies::Off {
            client.answer(Replies::SkipNext);
        }
    } else {
        return Err(Error::Syntax);
    }
    Ok(cx.reply.nothing())
}

fn setinfo(cx: &mut ClientCtx<'_>) -> Answer {
    let option = cx.args.next()?;
    let value = cx.args.next()?;
    let is_name = option.eq_ignore_ascii_case(b"lib-name");
    if !is_name && !option.eq_ignore_ascii_case(b"lib-ver") {
        let option = String::from_utf8_lossy(option);
        return Err(Error::said(format!("ERR Unrecognized option '{option}'")));
    }
    let value = printable(value).ok_or_else(|| {
        let option = String::from_utf8_lossy(option);
        Error::said(format!("ERR {option} cannot contain spaces, newlines or special characters."))
    })?;
    cx.client.handle.rename(
        |it| {
            if is_name { it.library = value } else { it.library_version = value }
        },
    );
    Ok(cx.reply.ok())
}

fn setname(cx: &mut ClientCtx<'_>) -> Answer {
    let name = valid_name(cx.args.next()?)?;
    cx.client.handle.rename(|it| it.name = name);
    Ok(cx.reply.ok())
}

/// A connection's name, which CLIENT LIST shows between spaces.
pub(crate) fn valid_name(name: &[u8]) -> Result<String, Error> {
    printable(name).ok_or_else(|| {
        Error::said("ERR Client names cannot contain spaces, newlines or special characters.")
    })
}

fn printable(text: &[u8]) -> Option<String> {
    let good = text.iter().all(u8::is_ascii_graphic);
    good.then(|| String::from_utf8_lossy(text).into_owned())
}

const HELP: &[&str] = &[
    "CACHING (YES|NO)",
    "    Track what the next command reads, or do not (OPTIN, OPTOUT).",
    "GETNAME",
    "    Answer this connection's name.",
    "GETREDIR",
    "    Answer which connection is told of changes in place of this one.",
    "ID",
    "    Answer this connection's number.",
    "INFO",
    "    Describe this connection in the words of LIST.",
    "KILL <ip:port>",
    "    Close the connection from that address.",
    "KILL <option> <value> [<option> <value> [...]]",
    "    Close all connections that fit every option:",
    "    * ID <client-id> [<client-id>...], USER <username>, MAXAGE <seconds>",
    "    * ADDR (<ip:port>|<unixsocket>:0), LADDR (<ip:port>|<unixsocket>:0)",
    "    * TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB)",
    "    * SKIPME (YES|NO): spare this connection (default: yes).",
    "LIST [<option> <value> [...]]",
    "    Describe all connections, or those that fit every option of KILL.",
    "NO-EVICT (ON|OFF)",
    "    Keep this connection when memory for clients runs short.",
    "NO-TOUCH (ON|OFF)",
    "    Leave the age of keys as it is when this connection reads them.",
    "REPLY (ON|OFF|SKIP)",
    "    Answer commands, never, or not the next one.",
    "SETINFO <option> <value>",
    "    Describe the client's library: LIB-NAME or LIB-VER.",
    "SETNAME <name>",
    "    Name this connection.",
    "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
    "    Tell this connection when keys change that it keeps copies of.",
    "TRACKINGINFO",
    "    Describe what this connection tracks.",
    "UNBLOCK <client-id> [TIMEOUT|ERROR]",
    "    End the wait of a client in a blocking command.",
];

#[cfg(test)]
mod tests {
    use crate::session::Step;
    use crate::testing::World;

    #[test]
    fn a_client_is_listed_with_what_it_says_of_itself() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        it.check("CLIENT SETNAME me", "+OK");
        it.check("CLIENT SETINFO lib-name x", "+OK");
        it.check("SELECT 5", "+OK");
        it.advance_clock(3000);
        let line = it.ask("CLIENT LIST");
        for part in ["id=1 addr=127.0.0.1:1 ", " name=me age=3 idle=0 flags=N ", " db=5 "] {
            assert!(line.contains(part), "{line}");
        }
        assert!(line.contains(" cmd=client|list user=default redir=-1 resp=2 lib-name=x "));
        it.check("CLIENT NO-TOUCH on", "+OK");
        it.check_has("CLIENT INFO", " flags=T ");
        it.check("RESET", "+RESET");
        it.check_has("CLIENT INFO", " name= age=3 idle=0 flags=N ");
    }

    #[test]
    fn filters_pick_clients() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        let _other = world.connect(2);
        let n_listed = |answer: String| answer.matches(" addr=").count();
        for (filter, n) in [
            ("", 2),
            ("ID 1 2 3", 2),
            ("ID 2", 1),
            ("TYPE pubsub", 0),
            ("ADDR 127.0.0.1:2 TYPE normal", 1),
            ("SKIPME yes", 1),
            ("MAXAGE 1", 0),
        ] {
            assert_eq!(n_listed(it.ask(&format!("CLIENT LIST {filter}"))), n, "{filter}");
        }
        it.check("CLIENT LIST ID 0", "-ERR client-id should be greater than 0");
        it.check("CLIENT LIST TYPE x", "-ERR Unknown client type 'x'");
    }

    #[test]
    fn killed_clients_close() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        let mut other = world.connect(2);
        it.check("CLIENT KILL ID 2", ":1");
        other.check("PING", "");
        assert_eq!(other.step, Step::Close);
        it.check("CLIENT KILL TYPE normal SKIPME yes ID 1", ":0");
        it.check("CLIENT KILL 127.0.0.1:1", "+OK");
        assert_eq!(it.step, Step::Close);
    }

    #[test]
    fn replies_can_be_switched_off() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        for (line, answer) in [
            ("CLIENT REPLY SKIP", ""),
            ("PING", ""),
            ("PING", "+PONG"),
            ("CLIENT REPLY OFF", ""),
            ("PING", ""),
            ("CLIENT REPLY SKIP", ""),
            ("PING", ""),
            ("PING", ""),
            ("CLIENT REPLY ON", "+OK"),
            ("PING", "+PONG"),
        ] {
            it.check(line, answer);
        }
    }
}
