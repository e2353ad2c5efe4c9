//! SORT: the elements of a list, a set or a sorted set in another order, or what other keys say of
//! them.

mod lock;
mod order;
mod pattern;

use tandem_engine::{End, Key, List, NewValue, Order, StrRef, Value};

use self::lock::lock;
use self::order::{How, Texts};
use self::pattern::{OtherKeys, Pattern};
use crate::args::{Args, Argv};
use crate::client_flags::ClientFlag;
use crate::dispatch::ClientCtx;
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::{Answer, Answered, Reply};
use crate::spec::{Flags, Spec, read_whole, write_whole};

const MOVABLE: &[Flags] = &[Flags::MOVABLEKEYS];
const CATEGORIES: &[&str] = &["dangerous", "list", "set", "sortedset"];

const SOURCE: KeySpec = KeySpec::new(Keys::FIRST, Access::READ);
/// Which keys patterns stand for depends on what is sorted.
const LOOKED_UP: KeySpec = KeySpec::new(Keys::Special { find: |_, _| Ok(()) }, Access::READ);
const STORED: KeySpec = KeySpec::new(Keys::Special { find: destination }, Access::REPLACE);

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write_whole("sort", "key [BY by-pattern:key-pattern] [LIMIT <offset:integer count:integer>] \
        [GET get-pattern:key-pattern [GET get-pattern:key-pattern ...]] [ASC | DESC] [ALPHA] \
        [STORE destination]", Keys::FIRST, sort)
        .denyoom().flags(MOVABLE).categories(CATEGORIES).keyed(&[SOURCE, LOOKED_UP, STORED])
        .event("sortstore").doc("1.0.0", "O(N+M*log(M)) in the elements and those returned",
            "Sorts a list, a set or a sorted set, and can store the result."),
    read_whole("sort_ro", "key [BY by-pattern:key-pattern] [LIMIT <offset:integer count:integer>] \
        [GET get-pattern:key-pattern [GET get-pattern:key-pattern ...]] [ASC | DESC] [ALPHA]",
        Keys::FIRST, sort_ro)
        .flags(MOVABLE).categories(CATEGORIES).keyed(&[SOURCE, LOOKED_UP])
        .doc("7.0.0", "O(N+M*log(M)) in the elements and those returned",
            "Sorts a list, a set or a sorted set."),
];

/// Where STORE's key stands: the last of several counts.
fn destination(argv: Argv<'_>, into: &mut Vec<usize>) -> Result<(), Error> {
    let mut found = None;
    let mut at = 2;
    while let Some(word) = argv.get(at) {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("STORE") && at + 1 < argv.len() {
            found = Some(at + 1);
            at += 1;
        } else if is("LIMIT") {
            at += 2;
        } else if is("BY") || is("GET") {
            at += 1;
        }
        at += 1;
    }
    into.extend(found);
    Ok(())
}

/// What a line asks for.
struct SortWords<'a> {
    /// A pattern without a place for the element leaves the order as it is.
    by: Option<&'a [u8]>,
    get: Vec<Pattern<'a>>,
    offset: i64,
    count: i64,
    is_descending: bool,
    is_alpha: bool,
    store: Option<&'a [u8]>,
}

/// Whether a line may have the word STORE.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Taken,
    Unknown,
}

impl<'a> SortWords<'a> {
    fn read(args: &mut Args<'a>, store: Store) -> Result<SortWords<'a>, Error> {
        let mut words = SortWords {
            by: None,
            get: Vec::new(),
            offset: 0,
            count: -1,
            is_descending: false,
            is_alpha: false,
            store: None,
        };
        while !args.is_done() {
            if args.flag("ASC") {
                words.is_descending = false;
            } else if args.flag("DESC") {
                words.is_descending = true;
            } else if args.flag("ALPHA") {
                words.is_alpha = true;
            } else if args.len() > 2 && args.flag("LIMIT") {
                (words.offset, words.count) = (args.integer()?, args.integer()?);
            } else if store == Store::Taken && args.option("STORE") {
                words.store = Some(args.next()?);
            } else if args.option("BY") {
                words.by = Some(args.next()?);
            } else if args.option("GET") {
                words.get.push(Pattern::read(args.next()?));
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(words)
    }

    /// The pattern of the keys that hold the weights.
    fn weights(&self) -> Option<Pattern<'a>> {
        self.by.map(Pattern::read).filter(Pattern::names_keys)
    }

    /// The patterns of the keys that are read beside the one that is sorted.
    fn other_keys(&self) -> Vec<Pattern<'a>> {
        let got = self.get.iter().copied().filter(Pattern::names_keys);
        self.weights().into_iter().chain(got).collect()
    }

    fn how(&self, is_alpha: bool) -> How {
        How { is_descending: self.is_descending, is_alpha, is_stored: self.store.is_some() }
    }

    /// Where the elements that are asked for begin among all, and how many they are.
    fn range(&self, len: usize) -> (usize, usize) {
        let start = usize::try_from(self.offset).unwrap_or(0).min(len);
        let n_elements = usize::try_from(self.count).unwrap_or(len).min(len - start);
        (start, n_elements)
    }
}

fn sort(cx: &mut ClientCtx<'_>) -> Answer {
    run(cx, Store::Taken)
}

fn sort_ro(cx: &mut ClientCtx<'_>) -> Answer {
    run(cx, Store::Unknown)
}

/// Patterns stand for any keys, so only who may read all of them may use them.
fn check_patterns(cx: &ClientCtx<'_>, words: &SortWords<'_>) -> Result<(), Error> {
    if cx.server.account_of(&cx.client.handle).user().reads_every_key() {
        return Ok(());
    }
    let option = match words.weights() {
        Some(_) => "BY",
        None if words.get.is_empty() => return Ok(()),
        None => "GET",
    };
    Err(Error::said(format!(
        "ERR {option} option of SORT denied due to insufficient ACL permissions."
    )))
}

fn run(cx: &mut ClientCtx<'_>, store: Store) -> Answer {
    let source = cx.args.key()?;
    let words = SortWords::read(&mut cx.args, store)?;
    if cx.client.handle.flags.has(ClientFlag::Restricted) {
        check_patterns(cx, &words)?;
    }
    let keyspace = &cx.server.keyspace;
    let target = words.store.map(|name| keyspace.key(source.db, name));
    let mut view = lock(keyspace, source, target, &words, cx.now_ms);
    if !cx.client.touches_keys() {
        view.stop_touching();
    }
    let mut keys = OtherKeys::new(keyspace, source.db, view);
    let elements = sorted(&mut keys, source, &words)?;
    match target {
        None => Ok(answer(&mut keys, &words, &elements, &mut cx.reply)),
        Some(target) => {
            let n_stored = keep(&mut keys, &words, &elements, target);
            Ok(cx.reply.count(n_stored))
        }
    }
}

/// The elements that are asked for, in the order that is asked for.
fn sorted(
    keys: &mut OtherKeys<'_>,
    source: Key<'_>,
    words: &SortWords<'_>,
) -> Result<Texts, Error> {
    let mut all = Texts::default();
    let is_kept = words.by.is_some() && words.weights().is_none();
    let Some(item) = keys.view.read(source) else { return Ok(all) };
    let mut is_set_stored = false;
    match item.value() {
        Value::List(list) if is_kept => {
            let (start, n_elements) = words.range(list.len());
            let (first, towards) = if words.is_descending {
                (list.len().wrapping_sub(1 + start), End::Front)
            } else {
                (start, End::Back)
            };
            let elements = list.iter_from(first, towards).take(n_elements);
            elements.for_each(|it| all.push(it.text(&mut itoa::Buffer::new())));
            return Ok(all);
        }
        Value::List(list) => {
            list.iter().for_each(|it| all.push(it.text(&mut itoa::Buffer::new())));
        }
        Value::Set(set) => {
            // Members have no order that a stored list could keep.
            is_set_stored = is_kept && words.store.is_some();
            set.iter().for_each(|it| it.with(|member| all.push(member)));
        }
        Value::SortedSet(set) if is_kept => {
            let (start, n_elements) = words.range(set.len());
            let (first, order) = if words.is_descending {
                (set.len() - start - n_elements, Order::Falling)
            } else {
                (start, Order::Rising)
            };
            let members = set.range(first..first + n_elements, order);
            members.for_each(|(member, _)| all.push(member));
            return Ok(all);
        }
        Value::SortedSet(set) => set.iter().for_each(|(member, _)| all.push(member)),
        _ => return Err(Error::Engine(tandem_engine::Error::WrongType)),
    }
    let order = if is_kept && !is_set_stored {
        (0..all.len()).collect()
    } else if let Some(pattern) = words.weights() {
        let mut weight_of = |it| keys.find(&pattern, it).map(|it| it.as_slice().to_vec());
        let weights: Vec<Option<Vec<u8>>> = all.iter().map(&mut weight_of).collect();
        order::sort(&all, |it| weights[it].as_deref(), words.how(words.is_alpha))?
    } else {
        order::sort(&all, |it| Some(all.get(it)), words.how(words.is_alpha || is_set_stored))?
    };
    let (start, n_elements) = words.range(all.len());
    let mut some = Texts::default();
    order[start..start + n_elements].iter().for_each(|it| some.push(all.get(*it)));
    Ok(some)
}

fn answer(
    keys: &mut OtherKeys<'_>,
    words: &SortWords<'_>,
    elements: &Texts,
    reply: &mut Reply<'_>,
) -> Answered {
    let answered = reply.array_header(elements.len() * words.get.len().max(1));
    for element in elements.iter() {
        if words.get.is_empty() {
            reply.bulk(element);
        }
        for pattern in &words.get {
            reply.string_or_null(keys.find(pattern, element));
        }
    }
    answered
}

/// Stores the elements, or what GET says of them, as a list. How many they are.
fn keep(
    keys: &mut OtherKeys<'_>,
    words: &SortWords<'_>,
    elements: &Texts,
    target: Key<'_>,
) -> usize {
    let mut found = Texts::default();
    for element in elements.iter() {
        for pattern in &words.get {
            found.push(keys.find(pattern, element).map_or(&[][..], StrRef::as_slice));
        }
    }
    let results = if words.get.is_empty() { elements } else { &found };
    let mut list = List::new(keys.view.limits());
    // The result is taken for a long one, and looked at again when it is there.
    list.split();
    results.iter().for_each(|it| list.push(&NewValue::Copied(it), End::Back));
    list.join();
    keys.view.put(target, list);
    results.len()
}
