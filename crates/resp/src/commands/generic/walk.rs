//! Commands that go through a database.

use tandem_engine::Item;

use super::object::type_name;
use crate::commands::scan::{self, ScanWords, Scans};
use crate::dispatch::ClientCtx;
use crate::glob;
use crate::reply::{Answer, Bulks};

pub(super) fn keys(cx: &mut ClientCtx<'_>) -> Answer {
    let pattern = cx.args.next()?;
    let all = pattern == b"*";
    let mut found = Bulks::default();
    cx.server.keyspace.for_each(cx.client.db, cx.now_ms, &mut |item: Item<'_>| {
        if all || glob::matches(pattern, item.key()) {
            found.push(item.key());
        }
    });
    Ok(cx.reply.bulks(&found))
}

pub(super) fn scan(cx: &mut ClientCtx<'_>) -> Answer {
    let cursor = scan::cursor(cx.args.next()?)?;
    let words = ScanWords::read(&mut cx.args, Scans::Keys)?;
    let mut found = Bulks::default();
    let has_type = |item: &Item<'_>| {
        words.type_name.is_none_or(|it| it.eq_ignore_ascii_case(type_name(item.kind()).as_bytes()))
    };
    let mut visit = |item: Item<'_>| {
        if has_type(&item) && words.takes(item.key()) {
            found.push(item.key());
        }
    };
    let keyspace = &cx.server.keyspace;
    let next = keyspace.scan(cx.client.db, cursor, words.count, cx.now_ms, &mut visit);
    cx.reply.array_header(2);
    cx.reply.text(itoa::Buffer::new().format(next));
    Ok(cx.reply.bulks(&found))
}

pub(super) fn randomkey(cx: &mut ClientCtx<'_>) -> Answer {
    let random = cx.client.random.u64(..);
    let key = cx.server.keyspace.random_key(cx.client.db, random, cx.now_ms);
    Ok(cx.reply.bulk_or_null(key.as_deref()))
}
