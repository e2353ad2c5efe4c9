//! A user: who he is, and what he may do, as rules say it.

use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::selector::{Channelless, Denied, Selector};
use crate::args::Argv;
use crate::server::hex;
use crate::table::Command;

/// Rules applied one after the other.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) is_on: bool,
    /// Any password will do.
    pub(crate) needs_none: bool,
    sanitizes: bool,
    /// SHA-256 in hexadecimal digits.
    pub(crate) passwords: Vec<String>,
    pub(crate) root: Selector,
    pub(crate) selectors: Vec<Selector>,
}

impl User {
    /// One who may do nothing yet.
    pub(crate) fn new(channels: Channelless) -> User {
        User {
            is_on: false,
            needs_none: false,
            sanitizes: true,
            passwords: Vec::new(),
            root: Selector::new(channels),
            selectors: Vec::new(),
        }
    }

    /// One who may do everything, without a password.
    pub(crate) fn everybody() -> User {
        let mut user = User::new(Channelless::No);
        for rule in ["on", "nopass", "+@all", "~*"] {
            user.apply(rule.as_bytes(), Channelless::No).expect("these are rules");
        }
        user
    }

    /// True when he is restricted in nothing.
    pub(crate) fn is_whole(&self) -> bool {
        self.root.is_whole() || self.selectors.iter().any(Selector::is_whole)
    }

    /// Applies one rule of ACL SETUSER.
    pub(crate) fn apply(&mut self, rule: &[u8], channels: Channelless) -> Result<(), Refusal> {
        let is = |name: &str| rule.eq_ignore_ascii_case(name.as_bytes());
        if is("on") {
            self.is_on = true;
        } else if is("off") {
            self.is_on = false;
        } else if is("nopass") {
            (self.needs_none, self.passwords) = (true, Vec::new());
        } else if is("resetpass") {
            (self.needs_none, self.passwords) = (false, Vec::new());
        } else if is("skip-sanitize-payload") {
            self.sanitizes = false;
        } else if is("sanitize-payload") {
            self.sanitizes = true;
        } else if is("clearselectors") {
            self.selectors.clear();
        } else if is("reset") {
            *self = User::new(channels);
        } else {
            return match rule {
                [] => Ok(()),
                [b'>', password @ ..] => self.add_password(hash(password)),
                [b'#', sum @ ..] => self.add_password(checked(sum)?),
                [b'<', password @ ..] => self.remove_password(&hash(password)),
                [b'!', sum @ ..] => self.remove_password(&checked(sum)?),
                [b'(', inner @ .., b')'] => self.add_selector(inner, channels),
                _ => self.root.apply(rule),
            };
        }
        Ok(())
    }

    fn add_password(&mut self, sum: String) -> Result<(), Refusal> {
        if !self.passwords.contains(&sum) {
            self.passwords.push(sum);
        }
        self.needs_none = false;
        Ok(())
    }

    fn remove_password(&mut self, sum: &str) -> Result<(), Refusal> {
        let found = self.passwords.iter().position(|it| it == sum);
        self.passwords.remove(found.ok_or(Refusal::NoSuchPassword)?);
        Ok(())
    }

    fn add_selector(&mut self, rules: &[u8], channels: Channelless) -> Result<(), Refusal> {
        let mut selector = Selector::new(channels);
        for rule in rules.split(u8::is_ascii_whitespace).filter(|it| !it.is_empty()) {
            selector.apply(rule)?;
        }
        self.selectors.push(selector);
        Ok(())
    }

    /// Whether a password lets one in as this user.
    pub(crate) fn lets_in(&self, password: &[u8]) -> bool {
        if !self.is_on {
            return false;
        }
        let sum = hash(password);
        // Sums are compared, so that the time it takes tells nothing of the password.
        self.needs_none || self.passwords.contains(&sum)
    }

    /// Whether one of his selectors lets him read any key.
    pub(crate) fn reads_every_key(&self) -> bool {
        self.root.reads_every_key() || self.selectors.iter().any(Selector::reads_every_key)
    }

    /// Whether he may run a line. The heaviest objection, when no selector allows it.
    pub(crate) fn check(&self, command: &Command, argv: Argv<'_>) -> Result<(), Denied> {
        let keys = command.keys_with_access(argv).unwrap_or_default();
        let mut worst = None;
        for selector in std::iter::once(&self.root).chain(&self.selectors) {
            match selector.check(command, argv, &keys) {
                Ok(()) => return Ok(()),
                Err(denied) => worst = worst.max(Some(denied)),
            }
        }
        Err(worst.unwrap_or(Denied::Command))
    }

    /// The words that stand for what is on or off about him.
    pub(crate) fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.is_on { "on" } else { "off" }];
        if self.needs_none {
            flags.push("nopass");
        }
        flags.push(if self.sanitizes { "sanitize-payload" } else { "skip-sanitize-payload" });
        flags
    }

    /// All of it, as ACL LIST shows it.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for flag in self.flags() {
            text.extend_from_slice(flag.as_bytes());
            text.push(b' ');
        }
        for sum in &self.passwords {
            text.extend_from_slice(format!("#{sum} ").as_bytes());
        }
        text.extend_from_slice(&self.root.text());
        for selector in &self.selectors {
            text.extend_from_slice(&[b" (", &selector.text()[..], b")"].concat());
        }
        text
    }
}

fn hash(password: &[u8]) -> String {
    hex(&Sha256::digest(password))
}

fn checked(sum: &[u8]) -> Result<String, Refusal> {
    let good = sum.len() == 64 && sum.iter().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    if good { Ok(String::from_utf8_lossy(sum).into_owned()) } else { Err(Refusal::BadHash) }
}

/// Joins the words of each selector, which stand between parentheses. The first that does not end,
/// when there is one.
pub(crate) fn join_selectors<'a>(
    words: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<Vec<u8>>, &'a [u8]> {
    let mut rules: Vec<Vec<u8>> = Vec::new();
    let mut open = None;
    for word in words {
        if open.is_some() {
            let rule = rules.last_mut().expect("a selector is open");
            rule.push(b' ');
            rule.extend_from_slice(word);
        } else {
            rules.push(word.to_vec());
        }
        if open.is_none() && word.starts_with(b"(") {
            open = Some(word);
        }
        if word.ends_with(b")") {
            open = None;
        }
    }
    open.map_or(Ok(rules), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &str, expected: &str) {
        let mut user = User::new(Channelless::Yes);
        let words = rules.split(' ').map(str::as_bytes);
        let text = match join_selectors(words) {
            Ok(rules) => {
                let applied = rules.iter().try_for_each(|it| user.apply(it, Channelless::Yes));
                applied.map_or_else(|it| format!("{it:?}").into_bytes(), |()| user.text())
            }
            Err(open) => open.to_vec(),
        };
        assert_eq!(String::from_utf8_lossy(&text), expected, "{rules}");
    }

    #[test]
    fn rules_make_a_user() {
        check("on", "on sanitize-payload resetchannels -@all");
        check("+get +SET -get", "off sanitize-payload resetchannels -@all +set -get");
        check("+client|id +client", "off sanitize-payload resetchannels -@all +client");
        check("+@all -@admin &a &b", "off sanitize-payload resetchannels &a &b +@all -@admin");
        check("~a %R~b %w~b %RW~c %W~d", "off sanitize-payload ~a ~b ~c %W~d resetchannels -@all");
        check("nopass allkeys &*", "off nopass sanitize-payload ~* &* -@all");
        check(
            "(+get ~a) (%R~b)",
            &format!(
                "off sanitize-payload resetchannels -@all ({}) ({})",
                "~a resetchannels -@all +get", "%R~b resetchannels -@all"
            ),
        );
        check("+select|1", "off sanitize-payload resetchannels -@all +select|1");
        check("+get on ~x reset", "off sanitize-payload resetchannels -@all");
    }

    #[test]
    fn wrong_rules_are_refused() {
        for (rules, refusal) in [
            ("+nosuch", "Unknown"),
            ("+@nosuch", "Unknown"),
            ("+client|nosuch", "Unknown"),
            ("+client|id|x", "FirstArgOfSubcommand"),
            ("+get|", "Syntax"),
            ("%~a", "Syntax"),
            ("%RR~a", "Syntax"),
            ("%Ra", "Syntax"),
            ("what", "Syntax"),
            ("allkeys ~a", "AfterAllKeys"),
            ("&* &a", "AfterAllChannels"),
            ("<a", "NoSuchPassword"),
            ("#ab", "BadHash"),
            ("(on)", "Syntax"),
            ("(+get", "(+get"),
        ] {
            check(rules, refusal);
        }
    }

    #[test]
    fn passwords_are_kept_as_sums() {
        let mut user = User::new(Channelless::Yes);
        for rule in ["on", ">one", ">two", "<one"] {
            user.apply(rule.as_bytes(), Channelless::Yes).unwrap();
        }
        assert!(!user.lets_in(b"one") && user.lets_in(b"two"));
        assert_eq!(
            user.passwords,
            ["3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"]
        );
        user.apply(b"off", Channelless::Yes).unwrap();
        assert!(!user.lets_in(b"two"));
    }
}
