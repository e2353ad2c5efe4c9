//! `stats` and what it can be asked for.

use std::sync::Arc;

use crate::admin::Done;
use crate::classes::CLASSES_MAX;
use crate::crawler::ClassSet;
use crate::error::Error;
use crate::number;
use crate::reply::{self, stat};
use crate::run::Cx;
use crate::survey::Survey;
use crate::walk::{Dump, Form, Walk};
use crate::words::Words;

mod classes;
mod general;
mod settings;

pub(crate) fn run(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    match words.get(0) {
        b"" => general::put(cx),
        b"settings" => settings::put(cx),
        b"items" => return survey(cx, Topic::Items),
        b"slabs" => return survey(cx, Topic::Slabs),
        b"sizes" if cx.server.settings.track_sizes => return survey(cx, Topic::Sizes),
        b"sizes" => stat(&mut cx.out.buf, "sizes_status", "disabled"),
        b"conns" => connections(cx),
        b"extstore" | b"proxy" | b"proxyfuncs" | b"proxybe" => {}
        b"reset" => {
            cx.server.reset_stats();
            return Ok(reply::RESET);
        }
        b"detail" => return detail(cx, words),
        b"cachedump" => return cachedump(cx, words),
        _ => return Err(Error::UnknownCommand),
    }
    Ok(reply::END)
}

fn detail(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    if !cx.server.settings.dump {
        return Err(Error::DetailNotAllowed);
    }
    match words.get(1) {
        b"on" => cx.server.start_counting_prefixes(),
        b"off" => cx.server.stop_counting_prefixes(),
        b"dump" => {
            cx.server.prefixes.dump(&mut cx.out.buf);
            return Ok(b"");
        }
        _ => return Err(Error::DetailUsage),
    }
    Ok(reply::OK)
}

/// `cachedump <class> <limit>`, in no particular order.
fn cachedump(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    if !cx.server.settings.dump {
        return Err(Error::DumpNotAllowed);
    }
    if words.n < 3 {
        return Err(Error::BadCommandLine);
    }
    let class = number::strict_u32(words.get(1)).ok_or(Error::BadFormat)? as usize;
    let limit = number::strict_u32(words.get(2)).ok_or(Error::BadFormat)? as usize;
    if class >= CLASSES_MAX {
        return Err(Error::IllegalSlab);
    }
    let form = Form::Cache { n_items_max: if limit == 0 { usize::MAX } else { limit } };
    cx.walk = Some(Box::new(Walk::Dump(Dump::new(form, ClassSet::only(class), None))));
    Ok(b"")
}

/// What a count of all items is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Items,
    Slabs,
    Sizes,
}

fn survey(cx: &mut Cx<'_>, topic: Topic) -> Done {
    let Some(survey) = cx.server.surveys.fresh(cx.now_ms) else {
        cx.walk = Some(Box::new(Walk::Survey(Survey::default(), topic)));
        return Ok(b"");
    };
    classes::put(cx, topic, &survey);
    Ok(reply::END)
}

/// Answers once all items are counted.
pub(crate) fn surveyed(cx: &mut Cx<'_>, topic: Topic, survey: Survey) {
    let survey = Arc::new(survey);
    classes::put(cx, topic, &survey);
    cx.out.put(reply::END);
    cx.server.surveys.keep(&survey);
}

/// Listeners first, under numbers of their own, then the open connections.
fn connections(cx: &mut Cx<'_>) {
    use std::sync::atomic::Ordering::Relaxed;

    let buf = &mut cx.out.buf;
    let listeners = cx.server.host.listeners();
    for (index, address) in listeners.iter().enumerate() {
        stat(buf, &format!("{index}:addr"), address);
        stat(buf, &format!("{index}:state"), "conn_listening");
        stat(buf, &format!("{index}:secs_since_last_cmd"), cx.server.host.uptime_s());
    }
    for client in cx.server.clients.list() {
        let id = client.id + listeners.len() as u64;
        let idle_ms = cx.now_ms.saturating_sub(client.last_active_ms.load(Relaxed));
        if client.aside.has_datagrams() {
            stat(buf, &format!("{id}:UDP"), "UDP");
            stat(buf, &format!("{id}:addr"), client.aside.peer());
        } else {
            stat(buf, &format!("{id}:addr"), client.aside.peer());
            stat(buf, &format!("{id}:listen_addr"), client.aside.local());
        }
        let state = match idle_ms {
            _ if client.is_watching() => "conn_watch",
            0 => "conn_parse_cmd",
            _ => "conn_read",
        };
        stat(buf, &format!("{id}:state"), state);
        stat(buf, &format!("{id}:secs_since_last_cmd"), idle_ms / 1000);
    }
}
