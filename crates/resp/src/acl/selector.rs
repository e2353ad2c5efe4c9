//! A selector: commands, keys and channels that go together. A user may do what one of his
//! selectors allows.

use hashbrown::HashMap;

use super::refusal::Refusal;
use crate::args::Argv;
use crate::glob;
use crate::keys::Access;
use crate::spec::{Channels, Flags};
use crate::table::{CATEGORIES, Command, Table};

/// What may be done. Starts with nothing but what the setting says of channels.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each means all of something else")]
pub(crate) struct Selector {
    /// A bit for each command by its id.
    allowed: Vec<u64>,
    /// Commands that do not exist yet, too.
    allows_future: bool,
    /// No command was taken back since all were allowed.
    all_commands: bool,
    all_keys: bool,
    all_channels: bool,
    keys: Vec<KeyPattern>,
    channels: Vec<Box<[u8]>>,
    /// `+` or `-` and a name, in the order in which they count.
    rules: Vec<String>,
    /// First arguments with which commands are allowed that otherwise are not.
    first_args: HashMap<usize, Vec<Box<[u8]>>, ahash::RandomState>,
}

#[derive(Clone, Debug)]
struct KeyPattern {
    glob: Box<[u8]>,
    access: KeyAccess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct KeyAccess(u8);

impl KeyAccess {
    const READ: KeyAccess = KeyAccess(1);
    const WRITE: KeyAccess = KeyAccess(2);
    const ALL: KeyAccess = KeyAccess(3);

    /// What a command needs that does this to a key.
    fn needed(access: Access) -> KeyAccess {
        let reads = access.has(Access::ACCESS);
        let writes = [Access::INSERT, Access::DELETE, Access::UPDATE];
        let writes = writes.into_iter().any(|it| access.has(it));
        KeyAccess(u8::from(reads) | u8::from(writes) << 1)
    }
}

/// Why a command is not allowed, by rising weight: of several selectors the heaviest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Denied {
    Command,
    /// The word at this position is a key or a channel that is not allowed.
    Key(usize),
    Channel(usize),
}

impl Selector {
    pub(crate) fn new(channels: Channelless) -> Selector {
        let n_words = Table::get().n_ids().div_ceil(64);
        let all_channels = channels == Channelless::No;
        Selector { allowed: vec![0; n_words], all_channels, ..Selector::default() }
    }

    /// True when it allows everything.
    pub(crate) fn is_whole(&self) -> bool {
        self.all_commands && self.all_keys && self.all_channels
    }

    /// Applies one rule about commands, keys or channels.
    pub(crate) fn apply(&mut self, rule: &[u8]) -> Result<(), Refusal> {
        let is = |name: &str| rule.eq_ignore_ascii_case(name.as_bytes());
        if is("allkeys") || is("~*") {
            (self.all_keys, self.keys) = (true, Vec::new());
        } else if is("resetkeys") {
            (self.all_keys, self.keys) = (false, Vec::new());
        } else if is("allchannels") || is("&*") {
            (self.all_channels, self.channels) = (true, Vec::new());
        } else if is("resetchannels") {
            (self.all_channels, self.channels) = (false, Vec::new());
        } else if is("allcommands") || is("+@all") {
            self.allow_all(true);
        } else if is("nocommands") || is("-@all") {
            self.allow_all(false);
        } else {
            return match rule.split_first() {
                Some((b'~', glob)) => self.add_keys(glob, KeyAccess::ALL),
                Some((b'%', rest)) => self.add_keys_with(rest),
                Some((b'&', glob)) => self.add_channels(glob),
                Some((b'+', name)) if name.first() == Some(&b'@') => self.category(name, true),
                Some((b'-', name)) if name.first() == Some(&b'@') => self.category(name, false),
                Some((b'+', name)) => self.allow(name),
                Some((b'-', name)) => self.forbid(name),
                _ => Err(Refusal::Syntax),
            };
        }
        Ok(())
    }

    /// `R`, `W` or both, `~` and a pattern.
    fn add_keys_with(&mut self, rest: &[u8]) -> Result<(), Refusal> {
        if self.all_keys {
            return Err(Refusal::AfterAllKeys);
        }
        // Without a pattern it is the empty one.
        let end = rest.iter().position(|it| *it == b'~').unwrap_or(rest.len());
        let mut access = KeyAccess(0);
        for letter in &rest[..end] {
            let one = match letter.to_ascii_uppercase() {
                b'R' => KeyAccess::READ,
                b'W' => KeyAccess::WRITE,
                _ => return Err(Refusal::Syntax),
            };
            if access.0 & one.0 != 0 {
                return Err(Refusal::Syntax);
            }
            access.0 |= one.0;
        }
        if access.0 == 0 {
            Err(Refusal::Syntax)
        } else {
            self.add_keys(rest.get(end + 1..).unwrap_or_default(), access)
        }
    }

    fn add_keys(&mut self, glob: &[u8], access: KeyAccess) -> Result<(), Refusal> {
        if self.all_keys {
            return Err(Refusal::AfterAllKeys);
        }
        if has_spaces(glob) {
            return Err(Refusal::Syntax);
        }
        match self.keys.iter_mut().find(|it| *it.glob == *glob) {
            Some(known) => known.access.0 |= access.0,
            None => self.keys.push(KeyPattern { glob: glob.into(), access }),
        }
        Ok(())
    }

    fn add_channels(&mut self, glob: &[u8]) -> Result<(), Refusal> {
        if self.all_channels {
            return Err(Refusal::AfterAllChannels);
        }
        if has_spaces(glob) {
            return Err(Refusal::Syntax);
        }
        if !self.channels.iter().any(|it| **it == *glob) {
            self.channels.push(glob.into());
        }
        Ok(())
    }

    fn allow_all(&mut self, allowed: bool) {
        self.allowed.fill(if allowed { u64::MAX } else { 0 });
        (self.all_commands, self.allows_future) = (allowed, allowed);
        self.rules.clear();
        self.first_args.clear();
    }

    fn allow(&mut self, name: &[u8]) -> Result<(), Refusal> {
        let Some(bar) = name.iter().rposition(|it| *it == b'|') else {
            let command = Table::get().find_full(name).ok_or(Refusal::Unknown)?;
            self.set(command, true);
            self.note('+', &command.full_name);
            return Ok(());
        };
        let (group, word) = (&name[..bar], &name[bar + 1..]);
        let group = Table::get().find_full(group).ok_or(Refusal::Unknown)?;
        if group.n_names > 1 {
            return Err(Refusal::FirstArgOfSubcommand);
        }
        if word.is_empty() {
            return Err(Refusal::Syntax);
        }
        if group.subcommands.is_empty() {
            let words = self.first_args.entry(group.id).or_default();
            if !words.iter().any(|it| it.eq_ignore_ascii_case(word)) {
                words.push(word.into());
            }
        } else {
            self.set(group.subcommand(word).ok_or(Refusal::Unknown)?, true);
        }
        self.note('+', &String::from_utf8_lossy(name));
        Ok(())
    }

    fn forbid(&mut self, name: &[u8]) -> Result<(), Refusal> {
        let command = Table::get().find_full(name).ok_or(Refusal::Unknown)?;
        self.set(command, false);
        self.note('-', &command.full_name);
        Ok(())
    }

    fn category(&mut self, name: &[u8], allowed: bool) -> Result<(), Refusal> {
        let category = category(&name[1..]).ok_or(Refusal::Unknown)?;
        for command in Table::get().iter().filter(|it| it.categories().contains(&category)) {
            self.set(command, allowed);
        }
        self.note(if allowed { '+' } else { '-' }, &format!("@{category}"));
        Ok(())
    }

    /// A command with its subcommands.
    fn set(&mut self, command: &Command, allowed: bool) {
        let all = std::iter::once(command).chain(&command.subcommands);
        for id in all.map(|it| it.id) {
            let bit = 1 << (id % 64);
            if allowed {
                self.allowed[id / 64] |= bit;
            } else {
                self.allowed[id / 64] &= !bit;
                self.all_commands = false;
            }
            self.first_args.remove(&id);
        }
    }

    /// A rule takes the place of those before it about the same, or about a part of it.
    fn note(&mut self, sign: char, name: &str) {
        let name = name.to_ascii_lowercase();
        self.rules.retain(|it| {
            let rest = it[1..].strip_prefix(&name);
            !rest.is_some_and(|it| it.is_empty() || it.starts_with('|'))
        });
        self.rules.push(format!("{sign}{name}"));
    }

    /// Whether it allows a line.
    pub(crate) fn check(
        &self,
        command: &Command,
        argv: Argv<'_>,
        keys: &[(usize, Access)],
    ) -> Result<(), Denied> {
        if !self.all_commands && !command.flags.has(Flags::NO_AUTH) && !self.runs(command, argv) {
            return Err(Denied::Command);
        }
        let word = |at: usize| argv.get(at).unwrap_or_default();
        if !self.all_keys {
            for (at, access) in keys {
                if !self.has_key(word(*at), *access) {
                    return Err(Denied::Key(*at));
                }
            }
        }
        if !self.all_channels {
            for at in command.spec.channels.positions(argv.len()) {
                if !self.has_channel(word(at), command.spec.channels == Channels::Patterns) {
                    return Err(Denied::Channel(at));
                }
            }
        }
        Ok(())
    }

    fn runs(&self, command: &Command, argv: Argv<'_>) -> bool {
        let bit = self.allowed[command.id / 64] >> (command.id % 64) & 1;
        let first = || self.first_args.get(&command.id).zip(argv.get(command.n_names));
        bit == 1
            || first().is_some_and(|(all, it)| all.iter().any(|arg| arg.eq_ignore_ascii_case(it)))
    }

    fn has_key(&self, name: &[u8], access: Access) -> bool {
        let needed = KeyAccess::needed(access).0;
        let mut fit = self.keys.iter().filter(|it| it.access.0 & needed == needed);
        fit.any(|it| glob::matches(&it.glob, name))
    }

    pub(crate) fn reads_every_key(&self) -> bool {
        let is_all = |it: &KeyPattern| *it.glob == *b"*" && it.access.0 & KeyAccess::READ.0 != 0;
        self.all_keys || self.keys.iter().any(is_all)
    }

    /// A pattern to listen to has to be one of those allowed, a channel to match one.
    pub(crate) fn has_channel(&self, name: &[u8], is_pattern: bool) -> bool {
        let fits = |glob: &[u8]| if is_pattern { glob == name } else { glob::matches(glob, name) };
        self.all_channels || self.channels.iter().any(|it| fits(it))
    }

    /// The rules about commands, as GETUSER shows them.
    pub(crate) fn commands_text(&self) -> String {
        let mut text = String::from(if self.allows_future { "+@all" } else { "-@all" });
        for rule in &self.rules {
            text.push(' ');
            text.push_str(rule);
        }
        text
    }

    /// The patterns of keys, each with its sigil, as GETUSER shows them.
    pub(crate) fn keys_text(&self) -> Vec<u8> {
        if self.all_keys {
            return b"~*".to_vec();
        }
        let each = self.keys.iter().map(|it| {
            let sigil: &[u8] = match it.access {
                KeyAccess::READ => b"%R~",
                KeyAccess::WRITE => b"%W~",
                _ => b"~",
            };
            [sigil, &it.glob].concat()
        });
        each.collect::<Vec<_>>().join(&b' ')
    }

    pub(crate) fn channels_text(&self) -> Vec<u8> {
        if self.all_channels {
            return b"&*".to_vec();
        }
        let each = self.channels.iter().map(|it| [b"&", &**it].concat());
        each.collect::<Vec<_>>().join(&b' ')
    }

    /// All of it, as LIST shows it and rules can be read again.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = self.keys_text();
        if !text.is_empty() {
            text.push(b' ');
        }
        let channels = self.channels_text();
        if !self.all_channels {
            text.extend_from_slice(b"resetchannels ");
        }
        text.extend_from_slice(&channels);
        if !channels.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(self.commands_text().as_bytes());
        text
    }
}

/// Whether a new selector begins without channels (`acl-pubsub-default`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channelless {
    Yes,
    No,
}

/// A category by its name in any letter case.
pub(crate) fn category(name: &[u8]) -> Option<&'static str> {
    let mut all = CATEGORIES.iter().map(|(category, _)| *category);
    all.find(|it| it.as_bytes().eq_ignore_ascii_case(name))
}

pub(crate) fn has_spaces(text: &[u8]) -> bool {
    text.iter().any(|it| it.is_ascii_whitespace() || matches!(it, 0 | 0x0b))
}
