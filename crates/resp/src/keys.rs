//! Where a command's keys stand among its words, and what it does to them.

use crate::args::{Argv, integer};
use crate::error::Error;

/// The positions of a command's keys, counted from its name at 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    None,
    /// `first`, then every `step` up to `last`; a negative `last` counts from the end.
    Range {
        first: usize,
        last: isize,
        step: usize,
    },
    /// The argument at `at` says how many keys follow it.
    Counted {
        at: usize,
    },
    /// The first half of what follows a word that stands at `from` or behind it.
    HalfBehind {
        word: &'static str,
        from: usize,
    },
    /// What follows a word that stands at `from` or behind it, if it does.
    Behind {
        word: &'static str,
        from: usize,
    },
    /// Found by a function of its own.
    Special {
        find: FindKeys,
    },
}

/// Writes the positions of a line's keys into the vector.
pub(crate) type FindKeys = fn(Argv<'_>, &mut Vec<usize>) -> Result<(), Error>;

impl Keys {
    pub(crate) const NONE: Keys = Keys::None;
    pub(crate) const FIRST: Keys = Keys::range(1, 1, 1);
    pub(crate) const SECOND: Keys = Keys::range(2, 2, 1);
    pub(crate) const BOTH: Keys = Keys::range(1, 2, 1);
    pub(crate) const ALL: Keys = Keys::range(1, -1, 1);

    pub(crate) const fn range(first: usize, last: isize, step: usize) -> Keys {
        Keys::Range { first, last, step }
    }

    /// True when there is exactly one key, at position 1.
    pub(crate) const fn is_first(self) -> bool {
        matches!(self, Keys::Range { first: 1, last: 1, .. })
    }

    /// Appends the positions of the keys in `argv`. ACL patterns, cluster slots, shard locks and
    /// COMMAND GETKEYS all come here. The line's arity is known to be right.
    pub(crate) fn positions(self, argv: Argv<'_>, into: &mut Vec<usize>) -> Result<(), Error> {
        match self {
            Keys::None => Ok(()),
            Keys::Range { first, last, step } => {
                let last = last.checked_add_unsigned(if last < 0 { argv.len() } else { 0 });
                let last = last.and_then(|it| usize::try_from(it).ok()).unwrap_or_default();
                into.extend((first..=last.min(argv.len() - 1)).step_by(step));
                Ok(())
            }
            Keys::Counted { at } => {
                let count = integer(argv.get(at).ok_or(Error::Syntax)?)?;
                let count = usize::try_from(count).map_err(|_| Error::Syntax)?;
                if count == 0 || count >= argv.len() - at {
                    return Err(Error::Syntax);
                }
                into.extend(at + 1..=at + count);
                Ok(())
            }
            Keys::HalfBehind { word, from } => {
                let mut words = argv.skip(from).iter();
                let found = words.position(|it| it.eq_ignore_ascii_case(word.as_bytes()));
                let first = from + found.ok_or(Error::Syntax)? + 1;
                let n_keys = (argv.len() - first) / 2;
                into.extend(first..first + n_keys);
                if n_keys == 0 { Err(Error::Syntax) } else { Ok(()) }
            }
            Keys::Behind { word, from } => {
                let mut words = argv.skip(from).iter();
                let found = words.position(|it| it.eq_ignore_ascii_case(word.as_bytes()));
                into.extend(found.map(|it| from + it + 1).filter(|it| *it < argv.len()));
                Ok(())
            }
            Keys::Special { find } => find(argv, into),
        }
    }
}

/// One group of keys and what the command does to them: a line of COMMAND INFO's key
/// specifications.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeySpec {
    pub(crate) keys: Keys,
    pub(crate) access: Access,
}

impl KeySpec {
    pub(crate) const fn new(keys: Keys, access: Access) -> KeySpec {
        KeySpec { keys, access }
    }
}

/// What a command does to a key, in the words of COMMAND GETKEYSANDFLAGS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access(u16);

impl Access {
    pub(crate) const RW: Access = Access(1 << 0);
    pub(crate) const RO: Access = Access(1 << 1);
    pub(crate) const OW: Access = Access(1 << 2);
    pub(crate) const RM: Access = Access(1 << 3);
    pub(crate) const ACCESS: Access = Access(1 << 4);
    pub(crate) const UPDATE: Access = Access(1 << 5);
    pub(crate) const INSERT: Access = Access(1 << 6);
    pub(crate) const DELETE: Access = Access(1 << 7);
    pub(crate) const NOT_KEY: Access = Access(1 << 8);
    pub(crate) const INCOMPLETE: Access = Access(1 << 9);
    pub(crate) const VARIABLE_FLAGS: Access = Access(1 << 10);

    /// Reads what the key holds.
    pub(crate) const READ: Access = Access::RO.and(Access::ACCESS);
    /// Changes what the key holds.
    pub(crate) const CHANGE: Access = Access::RW.and(Access::UPDATE);
    /// Replaces what the key holds without looking at it.
    pub(crate) const REPLACE: Access = Access::OW.and(Access::UPDATE);

    const NAMES: [(Access, &str); 11] = [
        (Access::RW, "RW"),
        (Access::RO, "RO"),
        (Access::OW, "OW"),
        (Access::RM, "RM"),
        (Access::ACCESS, "access"),
        (Access::UPDATE, "update"),
        (Access::INSERT, "insert"),
        (Access::DELETE, "delete"),
        (Access::NOT_KEY, "not_key"),
        (Access::INCOMPLETE, "incomplete"),
        (Access::VARIABLE_FLAGS, "variable_flags"),
    ];

    pub(crate) const fn and(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Access) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Access::NAMES.into_iter().filter(move |(it, _)| self.has(*it)).map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Span;

    #[track_caller]
    fn check(keys: Keys, line: &str, expected: Result<&[usize], Error>) {
        let mut spans = Vec::new();
        for word in line.split(' ') {
            let start = word.as_ptr() as usize - line.as_ptr() as usize;
            spans.push(Span::new(start, word.len()));
        }
        let mut found = Vec::new();
        let result = keys.positions(Argv::new(line.as_bytes(), &spans), &mut found);
        assert_eq!(result.map(|()| &found[..]), expected, "{line}");
    }

    #[test]
    fn positions_follow_the_shape() {
        check(Keys::NONE, "ping a", Ok(&[]));
        check(Keys::FIRST, "get a", Ok(&[1]));
        check(Keys::SECOND, "object encoding a", Ok(&[2]));
        check(Keys::BOTH, "copy a b db 3", Ok(&[1, 2]));
        check(Keys::ALL, "del a b c", Ok(&[1, 2, 3]));
        check(Keys::range(1, -2, 1), "blpop a b 0", Ok(&[1, 2]));
        check(Keys::range(1, -1, 2), "mset a 1 b 2", Ok(&[1, 3]));
        check(Keys::range(1, -1, 2), "mset a 1 b", Ok(&[1, 3]));
    }

    #[test]
    fn a_count_of_keys_is_checked_against_the_line() {
        let counted = Keys::Counted { at: 1 };
        check(counted, "lmpop 2 a b left", Ok(&[2, 3]));
        check(counted, "lmpop 3 a b", Err(Error::Syntax));
        check(counted, "lmpop 0 a b", Err(Error::Syntax));
        check(counted, "lmpop -1 a b", Err(Error::Syntax));
        check(counted, "lmpop x a b", Err(Error::NotAnInteger));
        check(counted, "lmpop 9223372036854775807 a", Err(Error::Syntax));
    }

    #[test]
    fn a_function_can_find_the_keys() {
        let last = Keys::Special {
            find: |argv, into| {
                into.push(argv.len() - 1);
                Ok(())
            },
        };
        check(last, "sort by store x", Ok(&[3]));
    }
}
