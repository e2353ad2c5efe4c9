//! The transactions family: what begins and ends them. `transaction.rs` runs them.

use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::keys::Keys;
use crate::reply::Answer;
use crate::spec::{Flags, Spec, about, exec, plain};
use crate::{transaction, watch};

const USUAL: &[Flags] = &[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::ALLOW_BUSY];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("discard", "", discard).fast().flags(USUAL).flags(&[Flags::UNQUEUED])
        .doc("2.0.0", "O(N) over the queued commands", "Ends a transaction without running it."),
    exec("exec", "").flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::SKIP_SLOWLOG])
        .doc("1.2.0", "Depends on the queued commands.", "Runs the commands of a transaction."),
    plain("multi", "", multi).fast().flags(USUAL).flags(&[Flags::NO_MULTI])
        .doc("1.2.0", "O(1)", "Begins a transaction: commands wait for its end."),
    plain("unwatch", "", unwatch).fast().flags(USUAL)
        .doc("2.2.0", "O(N) over the watched keys", "Watches no key any more."),
    about("watch", "key [key ...]", Keys::ALL, watch).fast().flags(USUAL)
        .flags(&[Flags::NO_MULTI])
        .doc("2.2.0", "O(1) for each key", "Has a transaction run only if keys stay as they are."),
];

fn multi(cx: &mut ClientCtx<'_>) -> Answer {
    transaction::begin(cx.client);
    Ok(cx.reply.ok())
}

fn discard(cx: &mut ClientCtx<'_>) -> Answer {
    if transaction::end(cx.client).is_none() {
        return Err(Error::said("ERR DISCARD without MULTI"));
    }
    watch::end(cx.server, &cx.client.handle);
    Ok(cx.reply.ok())
}

fn unwatch(cx: &mut ClientCtx<'_>) -> Answer {
    watch::end(cx.server, &cx.client.handle);
    Ok(cx.reply.ok())
}

fn watch(cx: &mut ClientCtx<'_>) -> Answer {
    let mut keys = Vec::with_capacity(cx.args.len());
    while !cx.args.is_done() {
        keys.push(cx.args.key()?);
    }
    watch::begin(cx.server, &cx.client.handle, &keys, cx.now_ms)?;
    Ok(cx.reply.ok())
}
