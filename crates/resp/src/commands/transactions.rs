//! The transactions family: what begins and ends them. `transaction.rs` runs them.

use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::Answer;
use crate::spec::{Flags, Spec, exec, plain};
use crate::transaction;

const USUAL: &[Flags] = &[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::ALLOW_BUSY];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("discard", "", discard).fast().flags(USUAL).flags(&[Flags::UNQUEUED])
        .doc("2.0.0", "O(N) over the queued commands", "Ends a transaction without running it."),
    exec("exec", "").flags(&[Flags::NOSCRIPT, Flags::LOADING, Flags::STALE, Flags::SKIP_SLOWLOG])
        .doc("1.2.0", "Depends on the queued commands.", "Runs the commands of a transaction."),
    plain("multi", "", multi).fast().flags(USUAL).flags(&[Flags::NO_MULTI])
        .doc("1.2.0", "O(1)", "Begins a transaction: commands wait for its end."),
];

fn multi(cx: &mut ClientCtx<'_>) -> Answer {
    transaction::begin(cx.client);
    Ok(cx.reply.ok())
}

fn discard(cx: &mut ClientCtx<'_>) -> Answer {
    if transaction::end(cx.client).is_none() {
        return Err(Error::said("ERR DISCARD without MULTI"));
    }
    Ok(cx.reply.ok())
}
