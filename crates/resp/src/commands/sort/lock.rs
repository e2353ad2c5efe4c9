//! What SORT locks. Which other keys it reads is known only from what is in the one that it sorts,
//! and all of them have to be as they are at one moment.

use tandem_engine::{Key, Keyspace, Value, View};

use super::SortWords;
use super::pattern::Pattern;

/// Locks the keys that a line reads and the one that it stores to.
pub(super) fn lock<'k>(
    keyspace: &'k Keyspace,
    source: Key<'_>,
    target: Option<Key<'_>>,
    words: &SortWords<'_>,
    now_ms: u64,
) -> View<'k> {
    let declared = [source, target.unwrap_or(source)];
    let patterns = words.other_keys();
    if patterns.is_empty() {
        return keyspace.view_many(declared, now_ms);
    }
    for _ in 0..ATTEMPTS_MAX {
        let Some(names) = names(&mut keyspace.view(source, now_ms), source, &patterns) else {
            break;
        };
        let others = names.iter().map(|it| keyspace.key(source.db, it));
        let mut view = keyspace.view_many(declared.into_iter().chain(others), now_ms);
        // Nobody has changed what is sorted since its keys were named.
        if self::names(&mut view, source, &patterns).as_ref() == Some(&names) {
            return view;
        }
    }
    keyspace.view_database(source.db, now_ms)
}

/// The keys that patterns stand for with what is in a key. `None` when they are too many.
fn names(view: &mut View<'_>, source: Key<'_>, patterns: &[Pattern<'_>]) -> Option<Vec<Vec<u8>>> {
    let (mut names, mut name) = (Vec::new(), Vec::new());
    let mut add = |element: &[u8]| {
        for pattern in patterns {
            if pattern.name(element, &mut name) {
                names.push(name.clone());
            }
        }
    };
    let is_few = |n_elements: usize| n_elements <= NAMES_MAX / patterns.len();
    match view.peek(source)?.value() {
        Value::List(it) if is_few(it.len()) => {
            it.iter().for_each(|it| add(it.text(&mut itoa::Buffer::new())));
        }
        Value::Set(it) if is_few(it.len()) => it.iter().for_each(|it| it.with(&mut add)),
        Value::SortedSet(it) if is_few(it.len()) => it.iter().for_each(|(member, _)| add(member)),
        _ => return None,
    }
    Some(names)
}

/// More keys than this lie in most shards of a database of the usual size.
const NAMES_MAX: usize = 100;

/// So often somebody may change what is sorted before everything is locked.
const ATTEMPTS_MAX: usize = 3;
