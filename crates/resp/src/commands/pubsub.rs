//! The pubsub family: messages to whoever listens.

use crate::client::Client;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::inbox::Kind;
use crate::keys::{Access, KeySpec, Keys};
use crate::pubsub::{Post, names};
use crate::reply::{Answer, Reply};
use crate::spec::{Channels, Flags, Spec, group, plain};

const LISTENS: &[Flags] =
    &[Flags::PUBSUB, Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::WHILE_SUBSCRIBED];
const USUAL: &[Flags] = &[Flags::PUBSUB, Flags::LOADING, Flags::STALE];

/// Shard channels are spread over a cluster as keys are.
const SHARD_CHANNEL: &[KeySpec] = &[KeySpec::new(Keys::FIRST, Access::NOT_KEY)];
const SHARD_CHANNELS: &[KeySpec] = &[KeySpec::new(Keys::ALL, Access::NOT_KEY)];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("psubscribe", "pattern [pattern ...]", psubscribe).flags(LISTENS)
        .channels(Channels::Patterns)
        .doc("2.0.0", "O(N) over the patterns", "Listens to all channels that match patterns."),
    plain("publish", "channel message", publish).fast().flags(USUAL)
        .flags(&[Flags::MAY_REPLICATE]).channels(Channels::First)
        .doc("2.0.0", "O(N+M) over the listeners and all patterns",
            "Sends a message to all who listen to a channel."),
    group("pubsub", SUBCOMMANDS)
        .doc("2.8.0", "", "Holds the commands that tell of channels."),
    plain("punsubscribe", "[pattern [pattern ...]]", punsubscribe).flags(LISTENS)
        .doc("2.0.0", "O(N) over the patterns", "Listens to patterns no longer."),
    plain("spublish", "shardchannel message", spublish).fast().flags(USUAL).keyed(SHARD_CHANNEL)
        .flags(&[Flags::MAY_REPLICATE]).channels(Channels::First)
        .doc("7.0.0", "O(N) over the listeners",
            "Sends a message to all who listen to a shard channel."),
    plain("ssubscribe", "shardchannel [shardchannel ...]", ssubscribe).flags(LISTENS)
        .keyed(SHARD_CHANNELS).channels(Channels::All)
        .doc("7.0.0", "O(N) over the channels", "Listens to shard channels."),
    plain("subscribe", "channel [channel ...]", subscribe).flags(LISTENS)
        .channels(Channels::All)
        .doc("2.0.0", "O(N) over the channels", "Listens to channels."),
    plain("sunsubscribe", "[shardchannel [shardchannel ...]]", sunsubscribe).flags(LISTENS)
        .keyed(SHARD_CHANNELS)
        .doc("7.0.0", "O(N) over the channels", "Listens to shard channels no longer."),
    plain("unsubscribe", "[channel [channel ...]]", unsubscribe).flags(LISTENS)
        .doc("2.0.0", "O(N) over the channels", "Listens to channels no longer."),
];

#[rustfmt::skip]
const SUBCOMMANDS: &[Spec] = &[
    plain("channels", "[pattern]", channels).flags(USUAL)
        .doc("2.8.0", "O(N) over all channels", "Lists channels that somebody listens to."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE])
        .doc("6.2.0", "O(1)", "Lists the subcommands."),
    plain("numpat", "", numpat).flags(USUAL)
        .doc("2.8.0", "O(1)", "Counts the patterns that somebody listens to."),
    plain("numsub", "[channel [channel ...]]", numsub).flags(USUAL)
        .doc("2.8.0", "O(N) over the channels", "Counts who listens to channels."),
    plain("shardchannels", "[pattern]", shardchannels).flags(USUAL)
        .doc("7.0.0", "O(N) over all shard channels",
            "Lists shard channels that somebody listens to."),
    plain("shardnumsub", "[shardchannel [shardchannel ...]]", shardnumsub).flags(USUAL)
        .doc("7.0.0", "O(N) over the channels", "Counts who listens to shard channels."),
];

fn subscribe(cx: &mut ClientCtx<'_>) -> Answer {
    listen(cx, Kind::Channel, "subscribe")
}

fn psubscribe(cx: &mut ClientCtx<'_>) -> Answer {
    listen(cx, Kind::Pattern, "psubscribe")
}

fn ssubscribe(cx: &mut ClientCtx<'_>) -> Answer {
    if cx.client.is_in_transaction() {
        return Err(Error::said("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    listen(cx, Kind::ShardChannel, "ssubscribe")
}

fn unsubscribe(cx: &mut ClientCtx<'_>) -> Answer {
    unlisten(cx, Kind::Channel, "unsubscribe")
}

fn punsubscribe(cx: &mut ClientCtx<'_>) -> Answer {
    unlisten(cx, Kind::Pattern, "punsubscribe")
}

fn sunsubscribe(cx: &mut ClientCtx<'_>) -> Answer {
    unlisten(cx, Kind::ShardChannel, "sunsubscribe")
}

fn listen(cx: &mut ClientCtx<'_>, kind: Kind, word: &str) -> Answer {
    let ClientCtx { args, reply, client, server, .. } = cx;
    for name in args.rest().iter() {
        let n_listened_to: usize = client.handle.n_subscriptions().iter().sum();
        if n_listened_to >= SUBSCRIPTIONS_MAX {
            return Err(Error::said("ERR a client cannot listen to more channels than that"));
        }
        server.pubsub.join(&client.handle, kind, name, |n| {
            confirm(client, reply, word, Some(name), n);
        });
    }
    Ok(reply.nothing())
}

fn unlisten(cx: &mut ClientCtx<'_>, kind: Kind, word: &str) -> Answer {
    let ClientCtx { args, reply, client, server, .. } = cx;
    let mut end = |name: &[u8]| {
        server.pubsub.leave(&client.handle, kind, name, |n| {
            confirm(client, reply, word, Some(name), n);
        });
    };
    if !args.is_done() {
        args.rest().iter().for_each(end);
        return Ok(reply.nothing());
    }
    let all = names(&client.handle, kind);
    for name in &all {
        end(name);
    }
    if all.is_empty() {
        let n = client.handle.inbox().subscriptions().counted_with(kind);
        confirm(client, reply, word, None, n);
    }
    Ok(reply.nothing())
}

/// Tells a client what it listens to now: in order with its messages, and also when it has asked
/// not to be answered. A transaction answers in its own place.
fn confirm(client: &Client, reply: &mut Reply<'_>, word: &str, name: Option<&[u8]>, n: usize) {
    let write = |reply: &mut Reply<'_>| {
        reply.push_header(3);
        reply.text(word);
        reply.bulk_or_null(name);
        reply.count(n);
    };
    if client.is_in_transaction() {
        write(reply);
    } else {
        client.handle.note(reply.is_resp3(), write);
    }
}

fn publish(cx: &mut ClientCtx<'_>) -> Answer {
    let post = post(cx)?;
    let n = cx.server.pubsub.publish(&cx.server.clients, post);
    Ok(cx.reply.count(n))
}

fn spublish(cx: &mut ClientCtx<'_>) -> Answer {
    let post = post(cx)?;
    let n = cx.server.pubsub.publish_in_shard(&cx.server.clients, post);
    Ok(cx.reply.count(n))
}

fn post<'a>(cx: &mut ClientCtx<'a>) -> Result<Post<'a>, Error> {
    let (channel, payload) = (cx.args.next()?, cx.args.next()?);
    Ok(Post { channel, payload, bytes_max: cx.server.settings.live().news_limit().hard_bytes })
}

fn channels(cx: &mut ClientCtx<'_>) -> Answer {
    list(cx, Kind::Channel, "CHANNELS")
}

fn shardchannels(cx: &mut ClientCtx<'_>) -> Answer {
    list(cx, Kind::ShardChannel, "SHARDCHANNELS")
}

fn list(cx: &mut ClientCtx<'_>, kind: Kind, subcommand: &str) -> Answer {
    if cx.args.len() > 1 {
        return Err(Error::said(format!(
            "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. \
             Try PUBSUB HELP."
        )));
    }
    let names = cx.server.pubsub.names_of(kind, cx.args.peek());
    Ok(cx.reply.array(names.iter(), |reply, name| reply.bulk(name)))
}

fn numpat(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.count(cx.server.pubsub.audience().n_patterns))
}

fn numsub(cx: &mut ClientCtx<'_>) -> Answer {
    count_listeners(cx, Kind::Channel)
}

fn shardnumsub(cx: &mut ClientCtx<'_>) -> Answer {
    count_listeners(cx, Kind::ShardChannel)
}

fn count_listeners(cx: &mut ClientCtx<'_>, kind: Kind) -> Answer {
    let names = cx.args.rest();
    let answered = cx.reply.array_header(names.len() * 2);
    for name in names.iter() {
        cx.reply.bulk(name);
        cx.reply.count(cx.server.pubsub.n_listeners(kind, name));
    }
    Ok(answered)
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("PUBSUB", HELP))
}

const HELP: &[&str] = &[
    "CHANNELS [<pattern>]",
    "    List channels that somebody listens to and that match the pattern (default: '*').",
    "NUMPAT",
    "    Count the patterns that somebody listens to.",
    "NUMSUB [<channel> ...]",
    "    Count who listens to each of these channels, patterns left aside.",
    "SHARDCHANNELS [<pattern>]",
    "    List shard channels that somebody listens to and that match the pattern.",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    Count who listens to each of these shard channels.",
];

/// Channels and patterns of one client, which take some 100 bytes each.
const SUBSCRIPTIONS_MAX: usize = 1 << 20;
