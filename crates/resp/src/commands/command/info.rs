//! COMMAND INFO: one command as ten fields.

use crate::keys::{KeySpec, Keys};
use crate::reply::{Answered, Reply};
use crate::table::Command;

pub(super) fn describe(reply: &mut Reply<'_>, command: &Command) -> Answered {
    let answered = reply.array_header(10);
    reply.text(&command.full_name);
    reply.int(command.arity);
    words(reply, command.spec.flags.names().collect());
    for n in positions(command) {
        reply.int(n);
    }
    let categories: Vec<String> = command.categories().iter().map(|it| format!("@{it}")).collect();
    words(reply, categories.iter().map(String::as_str).collect());
    reply.set_header(command.spec.tips.len());
    for tip in command.spec.tips {
        reply.text(tip);
    }
    let specs = command.key_specs();
    reply.set_header(specs.len());
    for spec in &specs {
        key_spec(reply, *spec);
    }
    subcommands(reply, command);
    answered
}

fn words(reply: &mut Reply<'_>, words: Vec<&str>) -> Answered {
    let answered = reply.set_header(words.len());
    for word in words {
        reply.simple(word);
    }
    answered
}

/// First key, last key and step, where they can be said so simply.
fn positions(command: &Command) -> [i64; 3] {
    let first = command.spec.key_specs.first().map(|it| it.keys);
    match (command.spec.keys, first) {
        (Keys::Range { first, last, step }, _)
        | (Keys::None | Keys::Special { .. }, Some(Keys::Range { first, last, step })) => {
            [first as i64, last as i64, step as i64]
        }
        _ => [0, 0, 0],
    }
}

fn key_spec(reply: &mut Reply<'_>, spec: KeySpec) {
    reply.map_header(3);
    reply.text("flags");
    words(reply, spec.access.names().collect());
    reply.text("begin_search");
    match spec.keys {
        Keys::Range { first, .. } => search(reply, "index", &[("index", first as i64)]),
        Keys::Counted { at } => search(reply, "index", &[("index", at as i64)]),
        Keys::HalfBehind { word, from } | Keys::Behind { word, from } => {
            reply.map_header(2);
            reply.text("type");
            reply.text("keyword");
            reply.text("spec");
            reply.map_header(2);
            reply.text("keyword");
            reply.text(word);
            reply.text("startfrom");
            reply.count(from);
        }
        Keys::None | Keys::Special { .. } => search(reply, "unknown", &[]),
    }
    reply.text("find_keys");
    match spec.keys {
        Keys::Range { first, last, step } => {
            // A last key behind the first is counted from it; a negative one from the end.
            let last = if last < 0 { last as i64 } else { last as i64 - first as i64 };
            search(reply, "range", &[("lastkey", last), ("keystep", step as i64), ("limit", 0)]);
        }
        Keys::HalfBehind { .. } => {
            search(reply, "range", &[("lastkey", -1), ("keystep", 1), ("limit", 2)]);
        }
        Keys::Behind { .. } => {
            search(reply, "range", &[("lastkey", 0), ("keystep", 1), ("limit", 0)]);
        }
        Keys::Counted { .. } => {
            search(reply, "keynum", &[("keynumidx", 0), ("firstkey", 1), ("keystep", 1)]);
        }
        Keys::None | Keys::Special { .. } => search(reply, "unknown", &[]),
    }
}

fn search(reply: &mut Reply<'_>, kind: &str, spec: &[(&str, i64)]) {
    reply.map_header(2);
    reply.text("type");
    reply.text(kind);
    reply.text("spec");
    reply.map_header(spec.len());
    for (name, n) in spec {
        reply.text(name);
        reply.int(*n);
    }
}

fn subcommands(reply: &mut Reply<'_>, command: &Command) {
    if command.subcommands.is_empty() {
        reply.set_header(0);
    } else {
        reply.array(command.subcommands.iter(), describe);
    }
}
