//! COMMAND DOCS: what a person wants to know, with the arguments read off the syntax line.

use crate::reply::{Answered, Reply};
use crate::spec::Spec;
use crate::syntax::{Arg, What};
use crate::table::Command;

pub(super) fn document(reply: &mut Reply<'_>, command: &Command) -> Answered {
    let Spec { summary, since, complexity, deprecated, .. } = command.spec;
    let mut fields = vec![("summary", *summary), ("since", *since)];
    fields.push(("group", command.family.name()));
    if !complexity.is_empty() {
        fields.push(("complexity", complexity));
    }
    let n_fields = fields.len()
        + if deprecated.is_some() { 3 } else { 0 }
        + usize::from(!command.args.is_empty())
        + usize::from(!command.subcommands.is_empty());
    let answered = reply.map_header(n_fields);
    for (name, value) in fields {
        reply.text(name);
        reply.text(value);
    }
    if let Some(deprecated) = deprecated {
        reply.text("doc_flags");
        reply.set_header(1);
        reply.simple("deprecated");
        for (name, value) in
            [("deprecated_since", deprecated.since), ("replaced_by", deprecated.replaced_by)]
        {
            reply.text(name);
            reply.text(value);
        }
    }
    if !command.args.is_empty() {
        reply.text("arguments");
        let mut n_keys = 0;
        reply.array(command.args.iter(), |reply, arg| argument(reply, arg, &mut n_keys));
    }
    if !command.subcommands.is_empty() {
        reply.text("subcommands");
        reply.map_header(command.subcommands.len());
        for subcommand in &command.subcommands {
            reply.text(&subcommand.full_name);
            document(reply, subcommand);
        }
    }
    answered
}

/// One argument. Keys are numbered as they come, which is the order of their specifications.
fn argument(reply: &mut Reply<'_>, arg: &Arg, n_keys: &mut i64) -> Answered {
    let token = arg.token.unwrap_or_default();
    let lower = token.to_ascii_lowercase();
    let (kind, name, inner): (_, &str, &[Arg]) = match &arg.what {
        What::Value(name) => (value_type(name), name, &[]),
        What::Token => ("pure-token", &lower, &[]),
        What::Block(args) => ("block", if lower.is_empty() { "block" } else { &lower }, args),
        What::OneOf(args) => ("oneof", if lower.is_empty() { "choice" } else { &lower }, args),
    };
    let flags: Vec<&str> = [(arg.optional, "optional"), (arg.multiple, "multiple")]
        .into_iter()
        .filter_map(|(on, name)| on.then_some(name))
        .collect();
    let n_fields = 2 + [
        inner.is_empty(),
        kind == "key",
        !token.is_empty(),
        !flags.is_empty(),
        !inner.is_empty(),
    ]
    .into_iter()
    .map(usize::from)
    .sum::<usize>();
    let answered = reply.map_header(n_fields);
    let mut field = |name: &str, value: &str| {
        reply.text(name);
        reply.text(value);
    };
    field("name", name);
    field("type", kind);
    if inner.is_empty() {
        field("display_text", name);
    }
    if kind == "key" {
        reply.text("key_spec_index");
        reply.int(*n_keys);
        *n_keys += 1;
    }
    if !token.is_empty() {
        reply.text("token");
        reply.text(token);
    }
    if !flags.is_empty() {
        reply.text("flags");
        reply.set_header(flags.len());
        flags.iter().for_each(|it| {
            reply.simple(it);
        });
    }
    if !inner.is_empty() {
        reply.text("arguments");
        reply.array(inner.iter(), |reply, arg| argument(reply, arg, n_keys));
    }
    answered
}

/// What a value is, by its name: the table calls like things alike.
fn value_type(name: &str) -> &'static str {
    match name {
        "key" | "key1" | "key2" | "newkey" | "source" | "destination" => "key",
        "count" | "seconds" | "milliseconds" | "numkeys" | "index" | "index1" | "index2"
        | "offset" | "start" | "end" | "integer" | "decrement" | "increment" | "cursor"
        | "destination-db" | "db" | "protover" | "client-id" | "maxage" | "version"
        | "min-match-len" => "integer",
        "unix-time-seconds" | "unix-time-milliseconds" => "unix-time",
        "score" | "timeout" | "float" => "double",
        "pattern" => "pattern",
        _ => "string",
    }
}
