//! CLIENT TRACKING and what belongs to it.

use crate::args::{Args, integer};
use crate::client_flags::ClientFlag;
use crate::clients::ClientHandle;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::reply::Answer;
use crate::server::Server;
use crate::tracking::{Tracker, Wish};

/// `ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`
pub(super) fn tracking(cx: &mut ClientCtx<'_>) -> Answer {
    let status = cx.args.next()?;
    let wish = parse(&mut cx.args, cx.server)?;
    let handle = &cx.client.handle;
    if status.eq_ignore_ascii_case(b"on") {
        check(handle, &wish)?;
        cx.server.track(handle, &wish);
    } else if status.eq_ignore_ascii_case(b"off") {
        cx.server.stop_tracking(handle);
    } else {
        return Err(Error::Syntax);
    }
    Ok(cx.reply.ok())
}

fn parse<'a>(args: &mut Args<'a>, server: &Server) -> Result<Wish<'a>, Error> {
    let mut wish = Wish::default();
    while !args.is_done() {
        if args.option("REDIRECT") {
            if wish.redirect != 0 {
                return Err(Error::said("ERR A client can only redirect to a single other client"));
            }
            let id = u64::try_from(integer(args.next()?)?).ok();
            let found = id.and_then(|it| server.clients.get(it));
            wish.redirect = found
                .map(|it| it.id)
                .ok_or(Error::said("ERR The client ID you want redirect to does not exist"))?;
        } else if args.option("PREFIX") {
            wish.prefixes.push(args.next()?);
        } else if args.flag("BCAST") {
            wish.modes.push(ClientFlag::Broadcast);
        } else if args.flag("OPTIN") {
            wish.modes.push(ClientFlag::OptIn);
        } else if args.flag("OPTOUT") {
            wish.modes.push(ClientFlag::OptOut);
        } else if args.flag("NOLOOP") {
            wish.modes.push(ClientFlag::NoLoop);
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(wish)
}

/// Whether what is wished for fits together, and to what the client tracks already.
fn check(handle: &ClientHandle, wish: &Wish<'_>) -> Result<(), Error> {
    let has = |it| handle.flags.has(it);
    let broadcast = wish.has(ClientFlag::Broadcast);
    let [opt_in, opt_out] = [ClientFlag::OptIn, ClientFlag::OptOut].map(|it| wish.has(it));
    let refused = if !broadcast && !wish.prefixes.is_empty() {
        "ERR PREFIX option requires BCAST mode to be enabled"
    } else if has(ClientFlag::Tracks) && has(ClientFlag::Broadcast) != broadcast {
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and \
         then re-enabling it with a different mode."
    } else if broadcast && (opt_in || opt_out) {
        "ERR OPTIN and OPTOUT are not compatible with BCAST"
    } else if opt_in && opt_out {
        "ERR You can't specify both OPTIN mode and OPTOUT mode"
    } else if opt_in && has(ClientFlag::OptOut) || opt_out && has(ClientFlag::OptIn) {
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and \
         then re-enabling it with a different mode."
    } else {
        return distinct(&handle.tracker().unwrap_or_default(), &wish.prefixes);
    };
    Err(Error::said(refused))
}

/// No prefix of a client begins with another one.
fn distinct(tracker: &Tracker, prefixes: &[&[u8]]) -> Result<(), Error> {
    let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
    let refuse = |prefix: &[u8], which: &str, other: &[u8]| {
        let [prefix, other] = [prefix, other].map(String::from_utf8_lossy);
        Err(Error::said(format!(
            "ERR Prefix '{prefix}' overlaps with {which} prefix '{other}'. Prefixes for a single \
             client must not overlap."
        )))
    };
    for (at, prefix) in prefixes.iter().enumerate() {
        if let Some(other) = tracker.prefixes.iter().find(|it| overlap(it, prefix)) {
            return refuse(prefix, "an existing", other);
        }
        if let Some(other) = prefixes[at + 1..].iter().find(|it| overlap(it, prefix)) {
            return refuse(prefix, "another provided", other);
        }
    }
    Ok(())
}

/// `YES|NO`: whether the next command's reads are tracked, where the client decides each.
pub(super) fn caching(cx: &mut ClientCtx<'_>) -> Answer {
    let flags = &cx.client.handle.flags;
    if !flags.has(ClientFlag::Tracks) {
        return Err(Error::said(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with \
             OPTIN or OPTOUT mode enabled",
        ));
    }
    let (mode, refused) = if cx.args.flag("YES") {
        let refused =
            "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
        (ClientFlag::OptIn, refused)
    } else if cx.args.flag("NO") {
        let refused =
            "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
        (ClientFlag::OptOut, refused)
    } else {
        return Err(Error::Syntax);
    };
    if !flags.has(mode) {
        return Err(Error::said(refused));
    }
    flags.set(ClientFlag::Caching, true);
    Ok(cx.reply.ok())
}

pub(super) fn getredir(cx: &mut ClientCtx<'_>) -> Answer {
    let id = redirect(&cx.client.handle);
    Ok(cx.reply.int(id))
}

/// Who is told in a client's place: 0 for itself, -1 when it tracks nothing.
pub(super) fn redirect(handle: &ClientHandle) -> i64 {
    handle.redirect().map_or(-1, |it| it as i64)
}

pub(super) fn trackinginfo(cx: &mut ClientCtx<'_>) -> Answer {
    let handle = &cx.client.handle;
    let has = |it| handle.flags.has(it);
    let said = has(ClientFlag::Caching);
    let flags = [
        ("on", has(ClientFlag::Tracks)),
        ("off", !has(ClientFlag::Tracks)),
        ("bcast", has(ClientFlag::Broadcast)),
        ("optin", has(ClientFlag::OptIn)),
        ("caching-yes", has(ClientFlag::OptIn) && said),
        ("optout", has(ClientFlag::OptOut)),
        ("caching-no", has(ClientFlag::OptOut) && said),
        ("noloop", has(ClientFlag::NoLoop)),
        ("broken_redirect", has(ClientFlag::BrokenRedirect)),
    ];
    let set: Vec<&str> = flags.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    let tracker = handle.tracker().unwrap_or_default();
    let id = redirect(handle);
    let reply = &mut cx.reply;
    let answered = reply.map_header(3);
    reply.text("flags");
    reply.set_header(set.len());
    for flag in set {
        reply.text(flag);
    }
    reply.text("redirect");
    reply.int(id);
    reply.text("prefixes");
    reply.array(tracker.prefixes.iter(), |reply, it| reply.bulk(it));
    Ok(answered)
}
