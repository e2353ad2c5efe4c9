//! Does a script touch only keys that are among its KEYS? Whoever can be seen to do so needs no
//! more locks than theirs.
//!
//! The proof reads words, not meanings: every `redis.call` has to name its command by a string and
//! its keys by `KEYS[...]`, by `unpack(KEYS)` or by a local variable that holds such a key and is
//! set nowhere else. What it does not understand, it does not believe.

mod tokens;

use self::tokens::{Token, tokens};
use crate::args::{Argv, Span};
use crate::keys::Keys;
use crate::table::{Command, Table};
use crate::transaction::touches_anything;

/// True when the text shows that it does. It compiles.
pub(super) fn stays_in_keys(program: &[u8]) -> bool {
    let Some(tokens) = tokens(program) else { return false };
    let mut proof =
        Proof { tokens: &tokens, bound: Vec::new(), keys: Vec::new(), calls: Vec::new() };
    proof.find_bindings();
    proof.find_names();
    (0..tokens.len()).all(|at| proof.allows(at))
}

struct Proof<'t, 'a> {
    tokens: &'t [Token<'a>],
    /// Where names are declared: behind `local`, `for` and `function`, and as parameters.
    bound: Vec<usize>,
    /// Variables that hold a key.
    keys: Vec<&'a [u8]>,
    /// Variables that are `redis.call` or `redis.pcall`.
    calls: Vec<&'a [u8]>,
}

/// What an argument of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word<'a> {
    Key,
    /// As many keys as there are.
    AllKeys,
    /// The number of all keys.
    KeyCount,
    Literal(&'a [u8]),
    /// One value.
    Other,
    /// Any number of values.
    Many,
}

impl<'a> Proof<'_, 'a> {
    fn at(&self, at: usize) -> Token<'a> {
        self.tokens.get(at).copied().unwrap_or(Token::Sign(b""))
    }

    fn before(&self, at: usize) -> Token<'a> {
        at.checked_sub(1).map_or(Token::Sign(b""), |it| self.at(it))
    }

    fn find_bindings(&mut self) {
        for at in 0..self.tokens.len() {
            let mut next = at + 1;
            if self.at(at).is("function") {
                while !self.at(next).is("(") && next < self.tokens.len() {
                    self.bound.push(next);
                    next += 1;
                }
                next += 1;
            } else if !self.at(at).is("local") && !self.at(at).is("for") {
                continue;
            }
            while self.at(next).name().is_some() {
                self.bound.push(next);
                if !self.at(next + 1).is(",") {
                    break;
                }
                next += 2;
            }
        }
    }

    /// Finds variables that hold keys, or the function that calls.
    fn find_names(&mut self) {
        for at in 0..self.tokens.len() {
            if self.at(at).is("local") {
                self.find_locals(at + 1);
            }
            if self.at(at).is("for") && self.matches(at + 2, &[","]) && self.loops_over_keys(at) {
                self.keys.extend(self.once(at + 3));
            }
        }
    }

    /// `for i, key in ipairs(KEYS) do`
    fn loops_over_keys(&self, at: usize) -> bool {
        ["ipairs", "pairs"].iter().any(|it| self.matches(at + 4, &["in", it, "(", "KEYS", ")"]))
    }

    fn matches(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(nth, it)| self.at(at + nth).is(it))
    }

    /// `a, b = KEYS[1], ARGV[1]`: each name with what it is set to.
    fn find_locals(&mut self, start: usize) {
        let mut names = vec![start];
        let mut at = start + 1;
        while self.at(at).is(",") {
            names.push(at + 1);
            at += 2;
        }
        if !self.at(at).is("=") {
            return;
        }
        at += 1;
        for name in names {
            let end = self.expression_end(at);
            if self.is_key(at, end) {
                self.keys.extend(self.once(name));
            } else if self.is_call(at) && end == at + 3 {
                self.calls.extend(self.once(name));
            }
            if !self.at(end).is(",") {
                return;
            }
            at = end + 1;
        }
    }

    /// Where an expression of the kinds that matter here ends.
    fn expression_end(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = start;
        while at < self.tokens.len() {
            let token = self.at(at);
            if token.is("(") || token.is("[") || token.is("{") {
                depth += 1;
            } else if token.is(")") || token.is("]") || token.is("}") {
                let Some(less) = depth.checked_sub(1) else { return at };
                depth = less;
            } else if depth == 0 && at > start && (token.is(",") || self.begins_statement(at)) {
                return at;
            }
            at += 1;
        }
        at
    }

    /// Whether the word can only be the first behind an expression.
    fn begins_statement(&self, at: usize) -> bool {
        let Token::Name(name) = self.at(at) else { return self.at(at).is(";") };
        let joins: [&[u8]; 3] = [b"and", b"or", b"not"];
        let ends_value = !matches!(self.before(at), Token::Sign(it) if it != b")" && it != b"]");
        ends_value
            && !joins.contains(&name)
            && !joins.iter().any(|it| self.before(at) == Token::Name(it))
    }

    /// The name at a place, if that is the only one where it is declared and it is never set.
    fn once(&self, at: usize) -> Option<&'a [u8]> {
        let name = self.at(at).name()?;
        let others =
            (0..self.tokens.len()).filter(|it| *it != at && self.at(*it) == Token::Name(name));
        let is_free = others
            .filter(|it| !self.before(*it).is(".") && !self.before(*it).is(":"))
            .all(|it| !self.bound.contains(&it) && self.is_read(it, it + 1));
        is_free.then_some(name)
    }

    /// Whether what stands from `start` to `end` is a value and not assigned to.
    fn is_read(&self, start: usize, end: usize) -> bool {
        if self.at(end).is("=") {
            return false;
        }
        let (before, behind) = (self.before(start), self.at(end));
        // In a list of values outside of brackets, one could be set with others.
        if before.is(",") && behind.is(",") && self.depth(start) == 0 {
            return false;
        }
        READS.iter().any(|it| before.is(it)) || self.at(end).is("(")
    }

    fn depth(&self, at: usize) -> usize {
        self.tokens[..at].iter().fold(0_usize, |depth, it| {
            if it.is("(") || it.is("{") || it.is("[") {
                depth + 1
            } else if it.is(")") || it.is("}") || it.is("]") {
                depth.saturating_sub(1)
            } else {
                depth
            }
        })
    }

    /// Whether the word at a place may stand there.
    fn allows(&self, at: usize) -> bool {
        let Token::Name(name) = self.at(at) else { return true };
        if self.before(at).is(".") || self.before(at).is(":") {
            return true;
        }
        match name {
            b"KEYS" => self.allows_keys(at),
            b"redis" | b"server" => self.allows_redis(at),
            b"_G" | b"load" | b"loadstring" => false,
            _ if self.calls.contains(&name) => self.bound.contains(&at) || self.allows_call(at + 1),
            _ => true,
        }
    }

    fn allows_keys(&self, at: usize) -> bool {
        if self.before(at).is("#") {
            return true;
        }
        if self.at(at + 1).is("[") {
            let end = self.closing(at + 1) + 1;
            return self.is_read(at, end);
        }
        let reader = |it: &&str| self.before(at).is("(") && at >= 2 && self.at(at - 2).is(it);
        ["unpack", "ipairs", "pairs", "getn", "concat"].iter().any(reader)
    }

    fn allows_redis(&self, at: usize) -> bool {
        if !self.at(at + 1).is(".") {
            return false;
        }
        if !self.is_call(at) {
            return self.at(at + 2).name().is_some() && !self.at(at + 3).is("=");
        }
        if self.at(at + 3).is("(") {
            return self.allows_call(at + 3);
        }
        // A variable that stands for it, of which each use is looked at.
        let Some(name) = at.checked_sub(2).and_then(|it| self.at(it).name()) else { return false };
        self.before(at).is("=") && self.calls.contains(&name) && self.bound.contains(&(at - 2))
    }

    fn is_call(&self, at: usize) -> bool {
        (self.matches(at, &["redis", "."]) || self.matches(at, &["server", "."]))
            && (self.at(at + 2).is("call") || self.at(at + 2).is("pcall"))
    }

    /// Looks at a call, from its opening bracket on.
    fn allows_call(&self, open: usize) -> bool {
        if !self.at(open).is("(") {
            return false;
        }
        let close = self.closing(open);
        let mut words = Vec::new();
        let mut start = open + 1;
        while start < close {
            let end = self.argument_end(start, close);
            words.push(self.word(start, end, end == close));
            start = end + 1;
        }
        stays(&words)
    }

    fn argument_end(&self, start: usize, close: usize) -> usize {
        let mut depth = 0_usize;
        for at in start..close {
            let token = self.at(at);
            if token.is("(") || token.is("[") || token.is("{") || token.is("function") {
                depth += 1;
            } else if token.is(")") || token.is("]") || token.is("}") || token.is("end") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && token.is(",") {
                return at;
            }
        }
        close
    }

    fn word(&self, start: usize, end: usize, is_last: bool) -> Word<'a> {
        match (end - start, self.at(start)) {
            _ if self.is_key(start, end) => Word::Key,
            (1, Token::Text(Some(text)) | Token::Number(text)) => Word::Literal(text),
            (1, Token::Name(name)) if self.keys.contains(&name) => Word::Key,
            (2, _) if self.matches(start, &["#", "KEYS"]) => Word::KeyCount,
            (4, _) if is_last && self.matches(start, &["unpack", "(", "KEYS", ")"]) => {
                Word::AllKeys
            }
            _ if is_last && (self.before(end).is(")") || self.before(end).is("...")) => Word::Many,
            _ => Word::Other,
        }
    }

    /// `KEYS[...]` and nothing else.
    fn is_key(&self, start: usize, end: usize) -> bool {
        self.matches(start, &["KEYS", "["]) && self.closing(start + 1) + 1 == end
    }

    /// Where the bracket ends that opens at a place.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            let token = self.at(at);
            if token.is("(") || token.is("[") || token.is("{") {
                depth += 1;
            } else if token.is(")") || token.is("]") || token.is("}") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
        }
        self.tokens.len()
    }
}

/// Whether a command with these words has keys where it looks for them.
fn stays(words: &[Word<'_>]) -> bool {
    let (mut buffer, mut spans) = (Vec::new(), Vec::new());
    for word in words {
        let text = if let Word::Literal(it) = word { it } else { b"?".as_slice() };
        spans.push(Span::new(buffer.len(), text.len()));
        buffer.extend_from_slice(text);
    }
    let argv = Argv::new(&buffer, &spans);
    let is_named = matches!(words.first(), Some(Word::Literal(_)));
    let Some(command) = Table::get().resolve(argv).filter(|_| is_named) else { return false };
    !touches_anything(command) && has_keys(command, argv, words)
}

fn has_keys(command: &Command, argv: Argv<'_>, words: &[Word<'_>]) -> bool {
    let is_open = words.last().is_some_and(|it| matches!(it, Word::AllKeys | Word::Many));
    match command.spec.keys {
        Keys::None => true,
        Keys::Range { first, last, step: 1 } if last == first as isize => {
            words.get(first) == Some(&Word::Key)
                || words.len() == first + 1 && words[first] == Word::AllKeys
        }
        Keys::Range { first, last: -1, step: 1 } => {
            let keys = words.get(first..).unwrap_or_default();
            !keys.is_empty() && keys.iter().all(|it| matches!(it, Word::Key | Word::AllKeys))
        }
        Keys::Counted { at } if words.get(at) == Some(&Word::KeyCount) => {
            words.len() == at + 2 && words[at + 1] == Word::AllKeys
        }
        _ if is_open => false,
        keys => {
            // What is not known could be a word that keys follow.
            let is_known = |it: &Word<'_>| matches!(it, Word::Key | Word::Literal(_));
            if !matches!(keys, Keys::Range { .. } | Keys::Counted { .. })
                && !words.iter().all(is_known)
            {
                return false;
            }
            let mut positions = Vec::new();
            keys.positions(argv, &mut positions).is_ok()
                && positions.iter().all(|at| words.get(*at) == Some(&Word::Key))
        }
    }
}

/// What can stand before a value.
const READS: [&str; 27] = [
    "(", ",", "=", "..", "==", "~=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "^", "{", "[",
    "#", "return", "and", "or", "not", "in", "if", "while", "until",
];

#[cfg(test)]
mod tests;
