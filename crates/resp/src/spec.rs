//! One row of the command table. Everything the server knows about a command by its name, it
//! knows from here.

use crate::args::Argv;
use crate::dispatch::{ClientCtx, Ctx};
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::Answer;
use crate::script::Invocation;

pub(crate) use crate::flags::{Family, Flags};

/// A handler that works on the locked shards of its keys.
pub(crate) type Handler = fn(&mut Ctx<'_>) -> Answer;
/// A handler that works on the connection and the server.
pub(crate) type ClientHandler = fn(&mut ClientCtx<'_>) -> Answer;

pub(crate) struct Spec {
    /// Lower case; also the label of the command's metrics.
    pub(crate) name: &'static str,
    /// The arguments, as a person would write them. Arity and COMMAND DOCS are read off this line.
    pub(crate) syntax: &'static str,
    pub(crate) keys: Keys,
    /// How the keys are used, where the row's constructor does not say it.
    pub(crate) access: Option<Access>,
    /// How each key is used, where they differ.
    pub(crate) key_specs: &'static [KeySpec],
    /// Which of its words are channels that users must be allowed.
    pub(crate) channels: Channels,
    pub(crate) flags: Flags,
    pub(crate) run: Run,
    pub(crate) since: &'static str,
    pub(crate) complexity: &'static str,
    /// One sentence, ending in a full stop.
    pub(crate) summary: &'static str,
    /// Hints for proxies and clients, in COMMAND INFO's words.
    pub(crate) tips: &'static [&'static str],
    /// ACL categories that do not follow from family and flags.
    pub(crate) categories: &'static [&'static str],
    pub(crate) deprecated: Option<Deprecated>,
    /// How a line uses its keys, where that depends on its options.
    pub(crate) varies: Option<fn(Argv<'_>) -> Access>,
    /// The event that its writes are, where that is not the row's name; empty for none.
    pub(crate) event: Option<&'static str>,
    /// What a group does when it is called without a second word.
    pub(crate) alone: Option<ClientHandler>,
}

/// Which words of a line are channels that its user must be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    None,
    First,
    All,
    /// All, and patterns of such.
    Patterns,
}

impl Channels {
    /// Where they stand in a line of so many words.
    pub(crate) fn positions(self, argc: usize) -> std::ops::Range<usize> {
        match self {
            Channels::None => 0..0,
            Channels::First => 1..2,
            Channels::All | Channels::Patterns => 1..argc,
        }
    }
}

/// Since when a command is out of favour, and what to use instead.
#[derive(Clone, Copy)]
pub(crate) struct Deprecated {
    pub(crate) since: &'static str,
    pub(crate) replaced_by: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Runs with the shards of its keys locked.
    Data(Handler),
    /// Runs with nothing locked.
    Client(ClientHandler),
    /// Runs the commands of a transaction.
    Exec,
    /// Runs a script.
    Script(Invocation),
    /// Dispatches again on its second word.
    Group(&'static [Spec]),
}

// The constructors a table is written with.

/// A command that reads its keys.
pub(crate) const fn read(
    name: &'static str,
    syntax: &'static str,
    keys: Keys,
    run: Handler,
) -> Spec {
    row(name, syntax, keys, Flags::READONLY, Run::Data(run))
}

/// A command that may write its keys.
pub(crate) const fn write(
    name: &'static str,
    syntax: &'static str,
    keys: Keys,
    run: Handler,
) -> Spec {
    row(name, syntax, keys, Flags::WRITE, Run::Data(run))
}

/// A command about the connection or the server.
pub(crate) const fn plain(name: &'static str, syntax: &'static str, run: ClientHandler) -> Spec {
    row(name, syntax, Keys::None, Flags::NONE, Run::Client(run))
}

/// The command that runs a transaction.
pub(crate) const fn exec(name: &'static str, syntax: &'static str) -> Spec {
    row(name, syntax, Keys::None, Flags::NONE, Run::Exec)
}

/// A command that runs a script.
pub(crate) const fn script(
    name: &'static str,
    syntax: &'static str,
    invocation: Invocation,
) -> Spec {
    row(name, syntax, Keys::Counted { at: 2 }, SCRIPT_FLAGS, Run::Script(invocation))
}

/// A command about keys that neither reads nor writes what they hold, and picks what it locks.
pub(crate) const fn about(
    name: &'static str,
    syntax: &'static str,
    keys: Keys,
    run: ClientHandler,
) -> Spec {
    row(name, syntax, keys, Flags::NONE, Run::Client(run)).access(Access::RO)
}

/// A name that dispatches on its second word.
pub(crate) const fn group(name: &'static str, subcommands: &'static [Spec]) -> Spec {
    row(name, "", Keys::None, Flags::NONE, Run::Group(subcommands))
}

/// A command that picks what it locks (another database, every key): it reads the keyspace.
pub(crate) const fn read_whole(
    name: &'static str,
    syntax: &'static str,
    keys: Keys,
    run: ClientHandler,
) -> Spec {
    row(name, syntax, keys, Flags::READONLY, Run::Client(run))
}

/// A command that picks what it locks (another database, every key): it writes the keyspace.
pub(crate) const fn write_whole(
    name: &'static str,
    syntax: &'static str,
    keys: Keys,
    run: ClientHandler,
) -> Spec {
    row(name, syntax, keys, Flags::WRITE, Run::Client(run))
}

const SCRIPT_FLAGS: Flags = Flags::NOSCRIPT
    .and(Flags::STALE)
    .and(Flags::SKIP_MONITOR)
    .and(Flags::NO_MANDATORY_KEYS)
    .and(Flags::MOVABLEKEYS);

const fn row(name: &'static str, syntax: &'static str, keys: Keys, flags: Flags, run: Run) -> Spec {
    Spec {
        name,
        syntax,
        keys,
        access: None,
        key_specs: &[],
        channels: Channels::None,
        flags,
        run,
        since: "",
        complexity: "",
        summary: "",
        tips: &[],
        categories: &[],
        deprecated: None,
        varies: None,
        event: None,
        alone: None,
    }
}

impl Spec {
    pub(crate) const fn fast(self) -> Spec {
        self.with(Flags::FAST)
    }

    pub(crate) const fn denyoom(self) -> Spec {
        self.with(Flags::DENYOOM)
    }

    /// Any other flags: `.flags(&[Flags::ADMIN, Flags::NOSCRIPT])`.
    pub(crate) const fn flags(self, flags: &[Flags]) -> Spec {
        let mut spec = self;
        let mut at = 0;
        while at < flags.len() {
            spec.flags = spec.flags.and(flags[at]);
            at += 1;
        }
        spec
    }

    /// Says how a line uses its keys, where that depends on its options.
    pub(crate) const fn varies(self, access: fn(Argv<'_>) -> Access) -> Spec {
        Spec { varies: Some(access), ..self }
    }

    /// Names the keyspace event that the row's writes are, where that is not its name; empty for
    /// none, or where the handler says each.
    pub(crate) const fn event(self, name: &'static str) -> Spec {
        Spec { event: Some(name), ..self }
    }

    /// Lets a group be called without a second word.
    pub(crate) const fn alone(self, run: ClientHandler) -> Spec {
        Spec { alone: Some(run), ..self }
    }

    /// Says how the row's keys are used, where its constructor does not.
    pub(crate) const fn access(self, access: Access) -> Spec {
        Spec { access: Some(access), ..self }
    }

    /// Says how each key is used, where they differ.
    pub(crate) const fn keyed(self, key_specs: &'static [KeySpec]) -> Spec {
        Spec { key_specs, ..self }
    }

    /// Says which of its words are channels.
    pub(crate) const fn channels(self, channels: Channels) -> Spec {
        Spec { channels, ..self }
    }

    pub(crate) const fn tips(self, tips: &'static [&'static str]) -> Spec {
        Spec { tips, ..self }
    }

    /// ACL categories beyond what family and flags imply, in ACL's words.
    pub(crate) const fn categories(self, categories: &'static [&'static str]) -> Spec {
        Spec { categories, ..self }
    }

    pub(crate) const fn deprecated(self, since: &'static str, replaced_by: &'static str) -> Spec {
        Spec { deprecated: Some(Deprecated { since, replaced_by }), ..self }
    }

    pub(crate) const fn doc(
        self,
        since: &'static str,
        complexity: &'static str,
        summary: &'static str,
    ) -> Spec {
        Spec { since, complexity, summary, ..self }
    }

    const fn with(self, flag: Flags) -> Spec {
        Spec { flags: self.flags.and(flag), ..self }
    }
}
