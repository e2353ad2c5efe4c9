//! The connection family, CLIENT excepted: who the client is and what it speaks.

use std::sync::atomic::Ordering::Relaxed;

use crate::acl::{Context, DEFAULT_USER, Refused};
use crate::args::integer;
use crate::client::{Client, Replies};
use crate::client_flags::ClientFlag;
use crate::commands::client;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::Answer;
use crate::server::Server;
use crate::spec::{Flags, Spec, group, plain};
use crate::{transaction, watch};

const ANYTIME: &[Flags] = &[Flags::LOADING, Flags::STALE];
const FIRST: &[Flags] =
    &[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::NO_AUTH, Flags::ALLOW_BUSY];
const WHILE_SUBSCRIBED: &[Flags] = &[Flags::WHILE_SUBSCRIBED];
const UNQUEUED: &[Flags] = &[Flags::UNQUEUED, Flags::WHILE_SUBSCRIBED];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("auth", "[username] password", auth).fast().flags(FIRST)
        .doc("1.0.0", "O(1)", "Proves who the client is."),
    group("client", client::COMMANDS)
        .doc("2.4.0", "", "Holds the commands about connections."),
    plain("echo", "message", echo).fast().flags(ANYTIME)
        .doc("1.0.0", "O(1)", "Answers with the message itself."),
    plain("hello", "[protover [AUTH <username password>] [SETNAME clientname]]", hello)
        .fast().flags(FIRST)
        .doc("6.0.0", "O(1)", "Opens the conversation and picks the protocol's version."),
    plain("ping", "[message]", ping).fast().flags(WHILE_SUBSCRIBED)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
        .doc("1.0.0", "O(1)", "Answers, to show that the server lives."),
    plain("quit", "[argument [argument ...]]", quit).fast().flags(FIRST).flags(UNQUEUED)
        .deprecated("7.2.0", "just closing the connection")
        .doc("1.0.0", "O(1)", "Answers and closes the connection."),
    plain("reset", "", reset).fast().flags(FIRST).flags(UNQUEUED)
        .doc("6.2.0", "O(1)", "Puts the connection into the state of a new one."),
    plain("select", "index", select).fast().flags(ANYTIME).flags(&[Flags::SELECTS])
        .doc("1.0.0", "O(1)", "Picks the database that later commands work on."),
];

fn auth(cx: &mut ClientCtx<'_>) -> Answer {
    let (user, password) = match cx.args.len() {
        1 => (None, cx.args.next()?),
        2 => (Some(cx.args.next()?), cx.args.next()?),
        _ => return Err(Error::Syntax),
    };
    if user.is_none() && cx.server.acl.default_user().needs_none {
        return Err(Error::said(
            "ERR AUTH <password> called without any password configured for the default user. \
             Are you sure your configuration is correct?",
        ));
    }
    authenticate(cx.server, cx.client, [user.unwrap_or(DEFAULT_USER), password], cx.now_ms)?;
    Ok(cx.reply.ok())
}

fn authenticate(
    server: &Server,
    client: &mut Client,
    [name, password]: [&[u8]; 2],
    now_ms: u64,
) -> Result<(), Error> {
    let account = server.acl.find(name).filter(|it| it.user().lets_in(password));
    let Some(account) = account else {
        server.auth_denied.fetch_add(1, Relaxed);
        let context =
            if client.is_in_transaction() { Context::Transaction } else { Context::TopLevel };
        let (object, user) = (name.to_vec(), name.to_vec());
        let refused = Refused { reason: "auth", context, object, user };
        server.note_refused(&client.handle, refused, now_ms);
        return Err(Error::said("WRONGPASS invalid username-password pair or user is disabled."));
    };
    server.work_as(&client.handle, &account);
    client.authenticated = true;
    Ok(())
}

fn echo(cx: &mut ClientCtx<'_>) -> Answer {
    let message = cx.args.next()?;
    Ok(cx.reply.bulk(message))
}

/// `[protover [AUTH username password] [SETNAME clientname]]`: everything is read before
/// anything changes.
fn hello(cx: &mut ClientCtx<'_>) -> Answer {
    let mut resp3 = cx.client.resp3;
    if let Some(version) = cx.args.peek() {
        resp3 = match integer(version) {
            Ok(2) => false,
            Ok(3) => true,
            Ok(_) => return Err(Error::said("NOPROTO unsupported protocol version")),
            Err(_) => {
                return Err(Error::said("ERR Protocol version is not an integer or out of range"));
            }
        };
        cx.args.next()?;
    }
    let mut credentials = None;
    let mut name = None;
    while let Some(option) = cx.args.peek() {
        if cx.args.len() > 2 && cx.args.flag("AUTH") {
            credentials = Some((cx.args.next()?, cx.args.next()?));
        } else if cx.args.option("SETNAME") {
            name = Some(client::valid_name(cx.args.next()?)?);
        } else {
            let option = String::from_utf8_lossy(option);
            return Err(Error::said(format!("ERR Syntax error in HELLO option '{option}'")));
        }
    }
    if let Some((user, password)) = credentials {
        authenticate(cx.server, cx.client, [user, password], cx.now_ms)?;
    }
    if !cx.client.authenticated {
        return Err(Error::said(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = name {
        cx.client.handle.rename(|it| it.name = name);
    }
    cx.client.speak(resp3);
    cx.reply.set_resp3(resp3);
    Ok(introduce(cx))
}

/// Who answers, in the words that clients look for.
fn introduce(cx: &mut ClientCtx<'_>) -> crate::reply::Answered {
    let zone = cx.server.settings.text("availability-zone");
    let reply = &mut cx.reply;
    let answered = reply.map_header(if zone.is_empty() { 7 } else { 8 });
    for (key, value) in [("server", "valkey"), ("version", crate::server::VALKEY_VERSION)] {
        reply.text(key);
        reply.text(value);
    }
    reply.text("proto");
    reply.int(if cx.client.resp3 { 3 } else { 2 });
    reply.text("id");
    reply.int(cx.client.handle.id as i64);
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
        reply.text(key);
        reply.text(value);
    }
    reply.text("modules");
    reply.array_header(0);
    if !zone.is_empty() {
        reply.text("availability_zone");
        reply.text(&zone);
    }
    answered
}

fn ping(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.client.handle.is_subscriber() && !cx.client.resp3 && cx.args.len() < 2 {
        return Ok(pong_between_messages(cx));
    }
    match cx.args.len() {
        0 => Ok(cx.reply.simple("PONG")),
        1 => echo(cx),
        _ => Err(Error::WrongArity("ping")),
    }
}

/// A subscribed client of RESP2 reads nothing but arrays.
fn pong_between_messages(cx: &mut ClientCtx<'_>) -> crate::reply::Answered {
    let answered = cx.reply.array_header(2);
    cx.reply.text("pong");
    cx.reply.bulk(cx.args.peek().unwrap_or_default());
    answered
}

fn quit(cx: &mut ClientCtx<'_>) -> Answer {
    cx.client.closing = true;
    Ok(cx.reply.ok())
}

fn reset(cx: &mut ClientCtx<'_>) -> Answer {
    let client = &mut *cx.client;
    cx.server.pubsub.forget(&client.handle);
    cx.server.stop_tracking(&client.handle);
    transaction::end(client);
    watch::end(cx.server, &client.handle);
    client.db = 0;
    client.speak(false);
    client.answer(Replies::On);
    cx.server.work_as_default(&client.handle);
    client.authenticated = !cx.server.settings.needs_password();
    client.handle.rename(|it| it.name.clear());
    client.handle.flags.set(ClientFlag::NoEvict, false);
    client.handle.flags.set(ClientFlag::NoTouch, false);
    cx.reply.set_resp3(false);
    Ok(cx.reply.simple("RESET"))
}

fn select(cx: &mut ClientCtx<'_>) -> Answer {
    let index = i32::try_from(cx.args.integer()?).map_err(|_| {
        Error::said(format!(
            "ERR value is out of range, value must between {} and {}",
            i32::MIN,
            i32::MAX
        ))
    })?;
    cx.client.db = cx.server.database(i64::from(index))?;
    Ok(cx.reply.ok())
}

#[cfg(test)]
mod tests {
    use crate::session::Step;
    use crate::testing::World;

    #[test]
    fn a_password_opens_the_door() {
        let world = World::new(&[("requirepass", "sesame")]);
        let mut it = world.connect(1);
        it.check("PING", "-NOAUTH Authentication required.");
        it.check_has("HELLO 3", "-NOAUTH HELLO must be called");
        it.check_has("AUTH wrong", "-WRONGPASS");
        it.check_has("AUTH other sesame", "-WRONGPASS");
        it.check("AUTH sesame", "+OK");
        it.check("PING", "+PONG");
        it.check("RESET", "+RESET");
        it.check("PING", "-NOAUTH Authentication required.");
        it.check_has("HELLO 3 AUTH default sesame SETNAME me", "%7 $6 server $6 valkey");
        it.check("CLIENT GETNAME", "$2 me");
        it.check_has("INFO stats", "acl_access_denied_auth:2");
    }

    #[test]
    fn hello_changes_nothing_when_it_fails() {
        let world = World::new(&[]);
        let mut it = world.connect(1);
        it.check("HELLO 4", "-NOPROTO unsupported protocol version");
        it.check("HELLO 3 SETNAME me FOO", "-ERR Syntax error in HELLO option 'FOO'");
        it.check("CLIENT GETNAME", "$-1");
        it.check_has("HELLO 3", "$5 proto :3");
        it.check("CLIENT GETNAME", "_");
        it.check_has("HELLO", "$5 proto :3");
        it.check("RESET", "+RESET");
        it.check("CLIENT GETNAME", "$-1");
    }

    #[test]
    fn quit_answers_and_closes() {
        let mut it = World::new(&[]).connect(1);
        it.check("QUIT now", "+OK");
        assert_eq!(it.step, Step::Close);
    }
}
