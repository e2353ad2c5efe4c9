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
        let last = command.key_specs().len().saturating_sub(1);
        let mut keys = KeyNumbers { next: 0, last, pattern: None };
        reply.array(command.args.iter(), |reply, arg| argument(reply, arg, &mut keys));
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

/// Numbers keys as they come, which is the order of their specifications; the last of these may
/// stand for several keys.
struct KeyNumbers {
    next: usize,
    last: usize,
    /// That of keys which are named by patterns.
    pattern: Option<usize>,
}

impl KeyNumbers {
    fn next(&mut self) -> usize {
        let number = self.next.min(self.last);
        self.next += 1;
        number
    }

    fn pattern(&mut self) -> usize {
        let number = self.pattern.unwrap_or_else(|| self.next());
        self.pattern = Some(number);
        number
    }
}

fn argument(reply: &mut Reply<'_>, arg: &Arg, keys: &mut KeyNumbers) -> Answered {
    let token = arg.token.unwrap_or_default();
    let lower = token.to_ascii_lowercase();
    let (kind, name, inner): (_, &str, &[Arg]) = match &arg.what {
        What::Value(name) => {
            let (name, kind) = name_and_type(name);
            (kind, name, &[])
        }
        What::Token => ("pure-token", &lower, &[]),
        What::Block(args) => ("block", if lower.is_empty() { "block" } else { &lower }, args),
        What::OneOf(args) => ("oneof", if lower.is_empty() { "choice" } else { &lower }, args),
    };
    let flags: Vec<&str> = [
        (arg.optional, "optional"),
        (arg.multiple, "multiple"),
        (arg.repeats_token, "multiple_token"),
    ]
    .into_iter()
    .filter_map(|(on, name)| on.then_some(name))
    .collect();
    let key_number = match kind {
        "key" => Some(keys.next()),
        "key-pattern" => Some(keys.pattern()),
        _ => None,
    };
    let n_fields = 2 + [
        inner.is_empty(),
        key_number.is_some(),
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
    field("type", if kind == "key-pattern" { "pattern" } else { kind });
    if inner.is_empty() {
        field("display_text", name);
    }
    if let Some(number) = key_number {
        reply.text("key_spec_index");
        reply.count(number);
    }
    if !token.is_empty() {
        reply.text("token");
        reply.text(token);
    }
    if !flags.is_empty() {
        reply.text("flags");
        reply.set_header(flags.len());
        for flag in flags {
            reply.simple(flag);
        }
    }
    if !inner.is_empty() {
        reply.text("arguments");
        reply.array(inner.iter(), |reply, arg| argument(reply, arg, keys));
    }
    answered
}

/// A value's name and what it is: said behind a colon where the name does not tell, as the table
/// calls like things alike.
fn name_and_type(text: &'static str) -> (&'static str, &'static str) {
    match text.split_once(':') {
        Some((name, kind)) if TYPES.contains(&kind) => (name, kind),
        _ => (text, implied_type(text)),
    }
}

fn implied_type(name: &str) -> &'static str {
    match name {
        "key" | "key1" | "key2" | "newkey" | "source" | "destination" => "key",
        "count" | "seconds" | "milliseconds" | "numfields" | "numkeys" | "index" | "index1"
        | "index2" | "offset" | "destination-db" | "protover" | "client-id" | "maxage"
        | "version" | "min-match-len" => "integer",
        "unix-time-seconds" | "unix-time-milliseconds" => "unix-time",
        "score" | "timeout" => "double",
        "pattern" => "pattern",
        _ => "string",
    }
}

const TYPES: &[&str] =
    &["string", "integer", "double", "key", "pattern", "key-pattern", "unix-time"];
