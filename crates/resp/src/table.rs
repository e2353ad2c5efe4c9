//! The command table: every family's rows, and the one lookup by name.

use std::fmt;
use std::sync::LazyLock;

use tandem_engine::Deed;

use crate::args::{Argv, LETTER_CASES, pack_name};
use crate::commands;
use crate::events::Classes;
use crate::keys::{Access, KeySpec, Keys};
use crate::spec::{Family, Flags, Handler, Run, Spec};
use crate::syntax::{self, Arg};

/// A row, and what follows from it.
pub(crate) struct Command {
    pub(crate) spec: &'static Spec,
    pub(crate) family: Family,
    /// The row's name; a subcommand's behind its group's: `client|list`.
    pub(crate) full_name: String,
    /// The command's place in the table: an index for counters, a bit for ACL rules.
    pub(crate) id: usize,
    pub(crate) arity: i64,
    pub(crate) args: Vec<Arg>,
    pub(crate) subcommands: Vec<Command>,
    /// Words that name the command: 1, or 2 for a subcommand.
    pub(crate) n_names: usize,
    /// Position of the first key, known before the line is looked at; 0 when it is not.
    pub(crate) first_key: usize,
    /// The row's flags, where the gate finds them.
    pub(crate) flags: Flags,
    /// The handler of a command whose one key stands at 1: nearly all that is ever called.
    pub(crate) single: Option<Handler>,
    /// What its writes are told as.
    pub(crate) deed: Option<&'static Deed>,
    /// Takes so little time that reading a clock twice would cost as much.
    pub(crate) is_quick: bool,
    argc_min: usize,
    argc_max: usize,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full_name)
    }
}

/// All commands, made once.
pub struct Table {
    commands: Vec<Command>,
    index: Index,
    short: ShortIndex,
    n_ids: usize,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(commands::FAMILIES));

impl Table {
    pub fn get() -> &'static Table {
        &TABLE
    }

    fn new(families: &[(Family, &'static [Spec])]) -> Table {
        let mut n_ids = 0;
        let commands: Vec<Command> = families
            .iter()
            .flat_map(|(family, specs)| specs.iter().map(|spec| (*family, spec)))
            .map(|(family, spec)| Command::new(spec, family, None, &mut n_ids))
            .collect();
        let index = Index::new(&commands);
        let short = ShortIndex::new(&commands);
        Table { commands, index, short, n_ids }
    }

    /// A top-level command, by its name in any letter case.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<&Command> {
        self.index.find(name, &self.commands)
    }

    /// The command that a line names: a subcommand where there is one.
    #[inline]
    pub(crate) fn resolve(&self, argv: Argv<'_>) -> Option<&Command> {
        let short = argv.packed_name().and_then(|name| self.short.find(name));
        match short {
            Some(index) => Some(&self.commands[index]),
            None => self.resolve_long(argv),
        }
    }

    fn resolve_long(&self, argv: Argv<'_>) -> Option<&Command> {
        let command = self.find(argv.get(0)?)?;
        match argv.get(1) {
            Some(word) if !command.subcommands.is_empty() => command.subcommand(word),
            _ => Some(command),
        }
    }

    /// A command or subcommand by its full name (`get`, `client|list`).
    pub(crate) fn find_full(&self, name: &[u8]) -> Option<&Command> {
        let mut parts = name.splitn(2, |byte| *byte == b'|');
        let command = self.find(parts.next()?)?;
        parts.next().map_or(Some(command), |sub| command.subcommand(sub))
    }

    /// The full name of the command with this id.
    pub fn name_of(&self, id: usize) -> Option<&str> {
        // A group's subcommands have the ids behind it.
        let at = self.commands.partition_point(|it| it.id <= id).checked_sub(1)?;
        let command = &self.commands[at];
        match id - command.id {
            0 => Some(&command.full_name),
            nth => command.subcommands.get(nth - 1).map(|it| &*it.full_name),
        }
    }

    /// Top-level commands.
    pub(crate) fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// Every command and subcommand, by rising id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().flat_map(|it| std::iter::once(it).chain(&it.subcommands))
    }

    /// Commands and subcommands: ids are below this.
    pub fn n_ids(&self) -> usize {
        self.n_ids
    }

    /// The table as documentation: one entry a command, subcommands behind their group.
    pub fn docs(&self) -> impl Iterator<Item = Doc<'_>> {
        self.iter().map(|it| Doc {
            family: it.family.name(),
            name: &it.full_name,
            syntax: it.spec.syntax,
            since: it.spec.since,
            complexity: it.spec.complexity,
            summary: it.spec.summary,
        })
    }
}

/// What a person wants to know about a command.
pub struct Doc<'a> {
    pub family: &'static str,
    pub name: &'a str,
    pub syntax: &'static str,
    pub since: &'static str,
    pub complexity: &'static str,
    pub summary: &'static str,
}

impl Command {
    fn new(
        spec: &'static Spec,
        family: Family,
        group: Option<&'static str>,
        n_ids: &mut usize,
    ) -> Command {
        let id = *n_ids;
        *n_ids += 1;
        let args = syntax::parse(spec.syntax);
        let subcommands: Vec<Command> = match spec.run {
            Run::Group(specs) => {
                specs.iter().map(|it| Command::new(it, family, Some(spec.name), n_ids)).collect()
            }
            Run::Data(_) | Run::Client(_) | Run::Exec | Run::Script(_) => Vec::new(),
        };
        let n_names = if group.is_some() { 2 } else { 1 };
        let arity = match (subcommands.is_empty(), spec.alone) {
            (true, _) => syntax::arity(&args, n_names),
            (false, None) => -2,
            (false, Some(_)) => -1,
        };
        let full_name = match group {
            Some(group) => format!("{group}|{}", spec.name),
            None => spec.name.to_owned(),
        };
        let first_key = if let Keys::Range { first, .. } = spec.keys { first } else { 0 };
        let single = match spec.run {
            Run::Data(handler) if spec.keys.is_first() => Some(handler),
            _ => None,
        };
        let deed = spec.flags.has(Flags::WRITE).then(|| deed(spec, family, &full_name)).flatten();
        let argc_min = arity.unsigned_abs() as usize;
        Command {
            spec,
            family,
            full_name,
            id,
            arity,
            args,
            subcommands,
            n_names,
            first_key,
            flags: spec.flags,
            single,
            deed,
            is_quick: spec.flags.has(Flags::FAST) || spec.complexity == "O(1)",
            argc_min,
            argc_max: if arity < 0 { usize::MAX } else { argc_min },
        }
    }

    pub(crate) fn subcommand(&self, word: &[u8]) -> Option<&Command> {
        self.subcommands.iter().find(|it| it.spec.name.as_bytes().eq_ignore_ascii_case(word))
    }

    #[inline]
    pub(crate) fn takes(&self, argc: usize) -> bool {
        (self.argc_min..=self.argc_max).contains(&argc)
    }

    /// The groups of keys and what is done to each.
    pub(crate) fn key_specs(&self) -> Vec<KeySpec> {
        if !self.spec.key_specs.is_empty() {
            return self.spec.key_specs.to_vec();
        }
        let writes = self.spec.flags.has(Flags::WRITE);
        let implied = if writes { Access::CHANGE } else { Access::READ };
        let access = self.spec.access.unwrap_or(implied);
        match self.spec.keys {
            Keys::None => Vec::new(),
            keys => vec![KeySpec::new(keys, access)],
        }
    }

    /// The keys in a line, by position, and what it does to each. `None` when the line has none
    /// where it must.
    pub(crate) fn keys_with_access(&self, line: Argv<'_>) -> Option<Vec<(usize, Access)>> {
        let (mut keys, mut positions) = (Vec::new(), Vec::new());
        for spec in self.key_specs() {
            if spec.access.has(Access::NOT_KEY) {
                continue;
            }
            positions.clear();
            spec.keys.positions(line, &mut positions).ok()?;
            let access = self.spec.varies.map_or(spec.access, |varies| varies(line));
            keys.extend(positions.iter().map(|at| (*at, access)));
        }
        Some(keys)
    }

    /// ACL categories: what the flags imply, the family's, and the row's own.
    pub(crate) fn categories(&self) -> Vec<&'static str> {
        let flags = self.spec.flags;
        let is_group = matches!(self.spec.run, Run::Group(_));
        let family = self.family.category().filter(|_| !is_group);
        let is_script = self.family == Family::Scripting;
        CATEGORIES
            .into_iter()
            .filter(|(name, implied_by)| {
                implied_by.is_some_and(|it| flags.has(it) && !(is_script && *name == "read"))
                    || family == Some(*name)
                    || self.spec.categories.contains(name)
                    || (*name == "slow" && !flags.has(Flags::FAST))
            })
            .map(|(name, _)| name)
            .collect()
    }
}

/// What the writes of a row are told as. The table is made once, so nothing leaks.
fn deed(spec: &Spec, family: Family, full_name: &str) -> Option<&'static Deed> {
    let name = match spec.event {
        Some("") => return None,
        Some(name) => name,
        None if full_name == spec.name => spec.name,
        None => full_name.replace('|', "-").leak(),
    };
    let class = if name == "del" { Classes::GENERIC } else { family.event_class() };
    Some(Box::leak(Box::new(Deed { name, class: class.bits() })))
}

/// ACL's categories in the order in which it lists them, each with the flag that implies it.
pub(crate) const CATEGORIES: [(&str, Option<Flags>); 21] = [
    ("keyspace", None),
    ("read", Some(Flags::READONLY)),
    ("write", Some(Flags::WRITE)),
    ("set", None),
    ("sortedset", None),
    ("list", None),
    ("hash", None),
    ("string", None),
    ("bitmap", None),
    ("hyperloglog", None),
    ("geo", None),
    ("stream", None),
    ("pubsub", Some(Flags::PUBSUB)),
    ("admin", Some(Flags::ADMIN)),
    ("fast", Some(Flags::FAST)),
    ("slow", None),
    ("blocking", Some(Flags::BLOCKING)),
    ("dangerous", Some(Flags::ADMIN)),
    ("connection", None),
    ("transaction", None),
    ("scripting", None),
];

/// Names of eight letters or fewer, without subcommands: most of what clients send. A lookup
/// compares one word.
struct ShortIndex {
    /// A packed name and a command's index; the name is 0 in empty slots.
    slots: Vec<(u64, u16)>,
    shift: u32,
}

impl ShortIndex {
    fn new(commands: &[Command]) -> ShortIndex {
        // An eighth full at most, so that most lookups take one probe.
        let bits = (commands.len() * 8).next_power_of_two().ilog2();
        let mut index = ShortIndex { slots: vec![(0, 0); 1 << bits], shift: u64::BITS - bits };
        for (at, command) in commands.iter().enumerate() {
            let name = command.spec.name.as_bytes();
            let mut bytes = [0; 8];
            let is_plain = name.iter().all(u8::is_ascii_lowercase);
            if name.len() > bytes.len() || !is_plain || !command.subcommands.is_empty() {
                continue;
            }
            bytes[..name.len()].copy_from_slice(name);
            let packed = pack_name(bytes, name.len()).expect("the name fits");
            let mut slot = index.home(packed);
            while index.slots[slot].0 != 0 {
                slot += 1;
                if slot == index.slots.len() {
                    index.slots.push((0, 0));
                }
            }
            index.slots[slot] = (packed, u16::try_from(at).expect("there are fewer commands"));
        }
        index
    }

    #[inline]
    fn find(&self, packed: u64) -> Option<usize> {
        let mut slot = self.home(packed);
        loop {
            match *self.slots.get(slot)? {
                (found, index) if found == packed => return Some(usize::from(index)),
                (0, _) => return None,
                _ => slot += 1,
            }
        }
    }

    fn home(&self, packed: u64) -> usize {
        (packed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }
}

/// Names to commands: open addressing over a hash of the first and last bytes.
struct Index {
    /// Command index + 1, or 0 for an empty slot.
    slots: Vec<u16>,
}

impl Index {
    fn new(commands: &[Command]) -> Index {
        // A quarter full, so that most lookups take one probe.
        let n_slots = (commands.len() * 4).next_power_of_two();
        let mut slots = vec![0; n_slots];
        for (index, command) in commands.iter().enumerate() {
            let mut at = fold(command.spec.name.as_bytes()) as usize & (n_slots - 1);
            while slots[at] != 0 {
                at = (at + 1) & (n_slots - 1);
            }
            slots[at] = u16::try_from(index + 1).expect("there are fewer commands than that");
        }
        Index { slots }
    }

    #[inline]
    fn find<'a>(&self, name: &[u8], commands: &'a [Command]) -> Option<&'a Command> {
        let mask = self.slots.len() - 1;
        let mut at = fold(name) as usize & mask;
        loop {
            let command = commands.get((*self.slots.get(at)? as usize).checked_sub(1)?)?;
            if command.spec.name.as_bytes().eq_ignore_ascii_case(name) {
                return Some(command);
            }
            at = (at + 1) & mask;
        }
    }
}

/// Hashes a name as if it were in lower case, from overlapping words of its ends: cheaper than
/// looking at every byte, and the comparison decides anyway.
#[inline]
fn fold(name: &[u8]) -> u64 {
    let (head, tail) =
        if let (Some(head), Some(tail)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            (u64::from_le_bytes(*head), u64::from_le_bytes(*tail))
        } else if let (Some(head), Some(tail)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)))
        } else {
            let byte = |at: usize| u64::from(name.get(at).copied().unwrap_or_default());
            (byte(0) | byte(1) << 8, byte(2))
        };
    let mixed = (head | LETTER_CASES) ^ (tail | LETTER_CASES).rotate_left(29) ^ name.len() as u64;
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::syntax::What;

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut seen = BTreeSet::new();
        for command in Table::get().iter() {
            let name = &command.full_name;
            assert!(seen.insert(name), "{name} stands in the table twice");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-|".contains(&b);
            assert!(name.bytes().all(plain), "{name}");
        }
    }

    #[test]
    fn ids_count_up_without_gaps() {
        for (at, command) in Table::get().iter().enumerate() {
            assert_eq!(command.id, at, "{}", command.full_name);
        }
        assert_eq!(Table::get().iter().count(), Table::get().n_ids());
    }

    #[test]
    fn every_name_is_found_in_any_case() {
        for command in Table::get().commands() {
            let name = command.spec.name;
            let upper = name.to_ascii_uppercase();
            assert_eq!(Table::get().find(upper.as_bytes()).unwrap().id, command.id);
            assert_eq!(Table::get().find(name.as_bytes()).unwrap().id, command.id);
            assert!(Table::get().find(&name.as_bytes()[1..]).is_none_or(|it| it.id != command.id));
        }
        for name in ["", "x", "nosuch", "nosuchcommandeverseenbefore"] {
            assert!(Table::get().find(name.as_bytes()).is_none());
        }
    }

    #[test]
    fn every_row_is_documented() {
        for command in Table::get().iter() {
            let Spec { name, summary, since, complexity, .. } = command.spec;
            assert!(summary.ends_with('.') && !since.is_empty(), "{name}");
            assert!(!complexity.is_empty() || matches!(command.spec.run, Run::Group(_)), "{name}");
        }
    }

    /// The keys a person reads in the syntax line are the keys that the machine locks.
    #[test]
    fn syntax_and_keys_agree() {
        fn names_a_key(args: &[Arg]) -> bool {
            args.iter().any(|arg| match &arg.what {
                What::Value(name) => {
                    matches!(*name, "key" | "key1" | "newkey" | "destination" | "source")
                        || name.ends_with(":key")
                }
                What::Token => false,
                What::Block(args) | What::OneOf(args) => names_a_key(args),
            })
        }
        for command in Table::get().iter() {
            let has_keys = !matches!(command.spec.keys, Keys::None);
            assert_eq!(names_a_key(&command.args), has_keys, "{}", command.full_name);
        }
    }

    #[test]
    fn what_touches_keys_reads_or_writes() {
        for command in Table::get().iter() {
            let flags = command.spec.flags;
            let has_keys = !matches!(command.spec.keys, Keys::None);
            let says_how = flags.has(Flags::READONLY) != flags.has(Flags::WRITE);
            let is_either = matches!(command.spec.run, Run::Client(_) | Run::Script(_))
                && command.spec.access.is_some();
            assert!(!has_keys || says_how || is_either, "{}", command.full_name);
        }
    }
}
