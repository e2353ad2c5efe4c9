//! `me`: what is known of an item, for a person to read.

use std::io::Write;

use tandem_engine::Value;

use crate::error::Error;
use crate::marks;
use crate::meta::flags::DecodedKey;
use crate::meta::{Request, base64, reply};
use crate::request::Tell;
use crate::run::Cx;

pub(super) fn run(cx: &mut Cx<'_>, request: &Request<'_>) {
    let mut decoded = DecodedKey::new();
    let mut key = request.key;
    if request.flags == b"b" {
        if !base64::decode(key.name, |it| decoded.extend_from_slice(it)) {
            return cx.refuse(Some(request.verb), Tell::Outcome, Error::BadFormat);
        }
        key.name = &decoded;
    }
    cx.worker.meta_debugs.add(1);
    let mut view = cx.view(key);
    if cx.server.settings.cas {
        view.cas(key);
    }
    let Some(item) = view.peek(key).filter(|it| matches!(it.value(), Value::String(_))) else {
        return cx.out.put(b"EN\r\n");
    };
    let cas = cx.told_cas(item.cas());
    let classes = &cx.server.classes;
    let buf = &mut cx.out.buf;
    buf.extend_from_slice(b"ME ");
    if item.marks() & marks::BASE64_KEY == 0 {
        buf.extend_from_slice(item.key());
    } else {
        base64::encode(item.key(), buf);
    }
    // Writing to a vector does not fail.
    let _ = write!(
        buf,
        " exp={} la={} cas={} fetch={} cls={} size={}\r\n",
        reply::ttl_s(item.expire_at_ms(), cx.now_ms),
        item.idle_s(),
        cas,
        if item.fetched() { "yes" } else { "no" },
        classes.of(&item),
        classes.bytes_of(&item).unwrap_or(0),
    );
}
