//! What the servers say of themselves: command tables, INFO, CONFIG and stats, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use tandem_tests::client::Client;
use tandem_tests::differential::resp::Known;
use tandem_tests::generate::resp::{self, Family, Generator, Words};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::server::Tandem;
use tandem_tests::value::Value;
use tandem_tests::words::{quoted, split};

use crate::differences::{
    self, BEYOND_VALKEY, COMMAND_DOCS_KNOWN, CONFIG_KNOWN, INFO_MISSING, STATS_EXTRA, STATS_MISSING,
};

#[test]
fn command_info_is_that_of_valkey() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    let redis = Oracle::start(Kind::Redis, &[]).unwrap();
    let (mut ours, mut theirs) = (tandem.resp(), Client::connect(oracle.port));
    let mut redis = Client::connect(redis.port);
    let mut differences = Vec::new();
    for name in command_names(&mut ours) {
        let theirs = whose(&name, &mut theirs, &mut redis);
        let [mut our_row, mut their_row] =
            [&mut ours, theirs].map(|it| it.command(&["COMMAND", "INFO", &name]));
        for row in [&mut our_row, &mut their_row] {
            *row = without_unordered(row);
        }
        if our_row != their_row {
            differences.push(format!("{name}\n  ours:   {our_row}\n  theirs: {their_row}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Arguments as clients generate code from them; the sentences are our own.
#[test]
fn command_docs_describe_the_arguments_of_valkey() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    let redis = Oracle::start(Kind::Redis, &[]).unwrap();
    let (mut ours, mut theirs) = (tandem.resp(), Client::connect(oracle.port));
    let mut redis = Client::connect(redis.port);
    let mut differences = Vec::new();
    for name in command_names(&mut ours) {
        let theirs = whose(&name, &mut theirs, &mut redis);
        let [our_words, their_words] = [&mut ours, theirs].map(|it| {
            it.command(&["HELLO", "3"]);
            let Value::Map(docs) = it.command(&["COMMAND", "DOCS", &name]) else {
                panic!("COMMAND DOCS answers a map");
            };
            docs.first().map(|(_, doc)| argument_words(doc))
        });
        if COMMAND_DOCS_KNOWN.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if our_words != their_words {
            differences.push(format!("{name}\n  ours:   {our_words:?}\n  theirs: {their_words:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Where the keys of generated lines stand, spoiled ones among them, and what becomes of them.
#[test]
fn the_keys_of_generated_lines_are_those_that_valkey_finds() {
    let tandem = Tandem::start(&[]);
    let mut ours = tandem.resp();
    let mut asked = BTreeSet::new();
    for (kind, families) in [(Kind::Valkey, FAMILIES), (Kind::Redis, &[resp::HASH_EXPIRY])] {
        let oracle = Oracle::start(kind, &[]).unwrap();
        let mut theirs = Client::connect(oracle.port);
        let waiting = UNGENERATED.iter().map(|it| split(it)).filter(|_| kind == Kind::Valkey);
        for line in families.iter().flat_map(lines).chain(waiting) {
            asked.insert(line[0].to_ascii_uppercase());
            for word in ["GETKEYS", "GETKEYSANDFLAGS"] {
                let mut words = vec![b"COMMAND".to_vec(), word.as_bytes().to_vec()];
                words.extend(line.iter().cloned());
                if differences::known(Kind::Valkey, &words) == Known::Same {
                    let [ours, theirs] = [&mut ours, &mut theirs].map(|it| it.command(&words));
                    let words = words.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(" ");
                    assert_eq!(ours, theirs, "{words:.300}");
                }
            }
        }
    }
    let mut names = command_names(&mut ours);
    names.retain(|it| !asked.contains(it.to_ascii_uppercase().as_bytes()));
    names.retain(|it| takes_keys(&mut ours, it));
    assert!(names.is_empty(), "no line was made for {names:?}");
}

/// The lines that a family's templates make.
fn lines(family: &Family) -> impl Iterator<Item = Words> + use<> {
    let mut generator = Generator::new(1, *family);
    (0..1500).map(move |_| generator.command())
}

const FAMILIES: &[Family] = &[
    resp::BASE,
    resp::BITMAP,
    resp::GEO,
    resp::HYPERLOGLOG,
    resp::LIST,
    resp::POPPED_SETS,
    resp::SCRIPTS,
    resp::SORT,
    resp::SORTED_SETS,
    resp::STREAM,
];

/// What no family has: what might wait, travels or is heard elsewhere.
const UNGENERATED: &[&str] = &[
    "BLPOP l1 l2 0",
    "BRPOP l1 0",
    "BLMOVE l1 l2 LEFT RIGHT 0",
    "BRPOPLPUSH l1 l2 0",
    "BLMPOP 0 2 l1 l2 LEFT COUNT 2",
    "BLMPOP 0 3 l1 l2 LEFT",
    "BZPOPMIN z1 z2 0",
    "BZPOPMAX z1 0",
    "BZMPOP 0 2 z1 z2 MIN",
    "DUMP k1",
    "FCALL function 2 k1 k2 argument",
    "FCALL_RO function 1 k1 argument",
    "FCALL function 3 k1",
    "RESTORE k1 0 payload REPLACE",
    "RESTORE-ASKING k1 0 payload",
    "SPUBLISH c1 message",
    "WATCH k1 k2",
    "SSUBSCRIBE c1 c2",
    "SUNSUBSCRIBE c1 c2",
    "SUNSUBSCRIBE",
];

/// True for a command with keys that is no subcommand.
fn takes_keys(client: &mut Client, name: &str) -> bool {
    let info = client.command(&["COMMAND", "INFO", name]);
    let [Value::Array(row)] = info.elements() else { return false };
    !name.contains('|') && row.get(8).is_some_and(|specs| !specs.elements().is_empty())
}

#[test]
fn info_has_the_fields_of_valkey() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    let fields = |mut client: Client| {
        client.run("NOSUCH");
        // Short commands are timed now and then only.
        for _ in 0..100 {
            for line in ["SET k v EX 100", "GET k", "PING"] {
                client.run(line);
            }
        }
        field_names(&client.run("INFO everything").text())
    };
    let (ours, theirs) = (fields(tandem.resp()), fields(Client::connect(oracle.port)));
    let missing: Vec<&String> = theirs
        .iter()
        .filter(|field| !ours.contains(*field))
        .filter(|field| !INFO_MISSING.iter().any(|known| field.starts_with(known)))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:#?}");
}

#[test]
fn settings_have_the_defaults_of_valkey() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    let (ours, theirs) = (settings(tandem.resp()), settings(Client::connect(oracle.port)));
    let known = |name: &str| CONFIG_KNOWN.iter().any(|(known, _)| *known == name);
    let differences: Vec<String> = ours
        .iter()
        .filter(|(name, value)| !known(name) && theirs.get(*name) != Some(value))
        .map(|(name, value)| format!("{name}: ours {value:?}, theirs {:?}", theirs.get(name)))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(ours.len() > 50, "only {} settings", ours.len());
}

#[test]
fn stats_have_the_names_of_memcached() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, &[]).unwrap();
    for topic in ["", " settings", " items", " slabs", " conns"] {
        let [mut ours, mut theirs] =
            [tandem.memcached_port, oracle.port].map(|port| stats(Client::connect(port), topic));
        theirs.retain(|name| !STATS_MISSING.iter().any(|it| name.starts_with(it)));
        ours.retain(|name| !STATS_EXTRA.iter().any(|(it, _)| it == name));
        assert_eq!(ours, theirs, "stats{topic}");
    }
}

/// Valkey, or Redis for the commands that Valkey does not have.
fn whose<'a>(name: &str, valkey: &'a mut Client, redis: &'a mut Client) -> &'a mut Client {
    let answer = valkey.command(&["COMMAND", "INFO", name]);
    let is_known = matches!(answer.elements(), [Value::Array(_)]);
    if is_known { valkey } else { redis }
}

/// Every command and subcommand that Tandem has and one of the two as well.
fn command_names(client: &mut Client) -> Vec<String> {
    let names = client.command(&["COMMAND", "LIST"]);
    let mut names: Vec<String> = names.elements().iter().map(Value::text).collect();
    names.retain(|it| !BEYOND_VALKEY.iter().any(|(name, _)| name == it));
    assert!(names.len() > 60, "only {} commands", names.len());
    names
}

/// Flags, categories and hints are sets: their order says nothing.
fn without_unordered(row: &Value) -> Value {
    let Value::Array(items) = row else {
        return row.clone();
    };
    let is_note = |pair: &[Value]| matches!(&pair[0], Value::Bulk(it) if it == b"notes");
    // A key's notes come first of its words and are sentences.
    let items = if items.len() > 2 && is_note(items) { &items[2..] } else { &items[..] };
    let mut items: Vec<Value> = items.iter().map(without_unordered).collect();
    if items.iter().all(|it| matches!(it, Value::Simple(_))) {
        items.sort();
    }
    // Rows of subcommands are compared by themselves.
    if items.len() == 10 {
        items.truncate(9);
    }
    Value::Array(items)
}

/// Names, types, tokens and flags of arguments, without sentences, versions and names of groups.
fn argument_words(docs: &Value) -> String {
    let Value::Map(pairs) = docs else {
        return docs.to_string();
    };
    let mut words = String::new();
    for (key, value) in pairs {
        match key.text().as_str() {
            "summary" | "since" | "complexity" | "history" | "group" | "name" | "display_text"
            | "subcommands" | "doc_flags" | "deprecated_since" | "replaced_by" => {}
            "arguments" => {
                for argument in value.elements() {
                    let _ = write!(words, "({}) ", argument_words(argument));
                }
            }
            "type" | "token" | "flags" | "key_spec_index" => {
                let _ = write!(words, "{}={value} ", key.text());
            }
            _ => words.push_str(&argument_words(value)),
        }
    }
    words
}

/// `section/field` of each line.
fn field_names(info: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut names = BTreeSet::new();
    for line in info.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            section = title;
        } else if let Some((field, _)) = line.split_once(':') {
            names.insert(format!("{section}/{field}"));
        }
    }
    names
}

fn settings(mut client: Client) -> BTreeMap<String, String> {
    let reply = client.run("CONFIG GET *");
    reply.elements().chunks(2).map(|pair| (pair[0].text(), pair[1].text())).collect()
}

/// The names of a topic in their order, each once.
fn stats(mut client: Client, topic: &str) -> Vec<String> {
    client.send(b"set k 0 100 1\r\nx\r\n");
    client.until(b"STORED\r\n").expect("an answer");
    client.send(format!("stats{topic}\r\n").as_bytes());
    let answer = client.until(b"END\r\n").expect("an answer");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let name = |line: &str| {
        let name = line.strip_prefix("STAT ")?.split(' ').next()?;
        // `27:addr` of a connection is `addr`, and `items:1:number` is `number`.
        let plain = name.rsplit(':').next()?;
        Some(plain.to_owned())
    };
    let mut names: Vec<String> = Vec::new();
    for name in text.lines().filter_map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
