//! What the gate, COMMAND INFO and ACL categories know about a command.

/// A set of marks on a table row. The names are those of COMMAND INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    pub(crate) const NONE: Flags = Flags(0);
    pub(crate) const READONLY: Flags = Flags(1 << 0);
    pub(crate) const WRITE: Flags = Flags(1 << 1);
    /// Refused when the keyspace is over its budget.
    pub(crate) const DENYOOM: Flags = Flags(1 << 2);
    pub(crate) const FAST: Flags = Flags(1 << 3);
    pub(crate) const BLOCKING: Flags = Flags(1 << 4);
    pub(crate) const ADMIN: Flags = Flags(1 << 5);
    pub(crate) const NOSCRIPT: Flags = Flags(1 << 6);
    pub(crate) const LOADING: Flags = Flags(1 << 7);
    pub(crate) const STALE: Flags = Flags(1 << 8);
    pub(crate) const SKIP_MONITOR: Flags = Flags(1 << 9);
    pub(crate) const SKIP_SLOWLOG: Flags = Flags(1 << 10);
    /// Served before the client has authenticated.
    pub(crate) const NO_AUTH: Flags = Flags(1 << 11);
    pub(crate) const NO_ASYNC_LOADING: Flags = Flags(1 << 12);
    pub(crate) const NO_MULTI: Flags = Flags(1 << 13);
    pub(crate) const ALLOW_BUSY: Flags = Flags(1 << 14);
    pub(crate) const PUBSUB: Flags = Flags(1 << 15);
    /// Not for scripts that only read, although it writes no key. COMMAND INFO does not show it.
    pub(crate) const MAY_REPLICATE: Flags = Flags(1 << 16);
    pub(crate) const NO_MANDATORY_KEYS: Flags = Flags(1 << 17);
    pub(crate) const MOVABLEKEYS: Flags = Flags(1 << 18);
    /// Served only where `enable-debug-command` allows it. COMMAND INFO does not show it.
    pub(crate) const PROTECTED: Flags = Flags(1 << 19);
    /// Never stands in a pipelined batch behind a parse that its outcome would change.
    pub(crate) const TOUCHES_ARBITRARY_KEYS: Flags = Flags(1 << 20);

    /// Served for a slot that is on its way to this node.
    pub(crate) const ASKING: Flags = Flags(1 << 21);
    /// Runs at once in a transaction, too.
    pub(crate) const UNQUEUED: Flags = Flags(1 << 24);
    /// Later commands may work on another database.
    pub(crate) const SELECTS: Flags = Flags(1 << 25);

    /// What CLIENT CACHING says is for the command behind it.
    pub(crate) const KEEPS_CACHING: Flags = Flags(1 << 22);

    /// Served to RESP2 clients while they are subscribed. COMMAND INFO does not show it.
    pub(crate) const WHILE_SUBSCRIBED: Flags = Flags(1 << 26);

    const NAMES: [(Flags, &str); 20] = [
        (Flags::WRITE, "write"),
        (Flags::READONLY, "readonly"),
        (Flags::DENYOOM, "denyoom"),
        (Flags::ADMIN, "admin"),
        (Flags::PUBSUB, "pubsub"),
        (Flags::NOSCRIPT, "noscript"),
        (Flags::BLOCKING, "blocking"),
        (Flags::LOADING, "loading"),
        (Flags::STALE, "stale"),
        (Flags::SKIP_MONITOR, "skip_monitor"),
        (Flags::SKIP_SLOWLOG, "skip_commandlog"),
        (Flags::ASKING, "asking"),
        (Flags::FAST, "fast"),
        (Flags::NO_AUTH, "no_auth"),
        (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
        (Flags::NO_ASYNC_LOADING, "no_async_loading"),
        (Flags::NO_MULTI, "no_multi"),
        (Flags::MOVABLEKEYS, "movablekeys"),
        (Flags::ALLOW_BUSY, "allow_busy"),
        (Flags::TOUCHES_ARBITRARY_KEYS, "touches_arbitrary_keys"),
    ];

    pub(crate) const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// The names that COMMAND INFO shows.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Flags::NAMES.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }
}

/// The family a command belongs to: its ACL category and its group in COMMAND DOCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Bitmap,
    Connection,
    Generic,
    Geo,
    Hash,
    HyperLogLog,
    List,
    PubSub,
    Scripting,
    Server,
    Set,
    /// Of the generic commands those that are in categories of what they sort.
    Sorting,
    Stream,
    SortedSet,
    String,
    Transactions,
}

impl Family {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Family::Bitmap => "bitmap",
            Family::Connection => "connection",
            Family::Generic | Family::Sorting => "generic",
            Family::Geo => "geo",
            Family::Hash => "hash",
            Family::List => "list",
            Family::HyperLogLog => "hyperloglog",
            Family::PubSub => "pubsub",
            Family::Scripting => "scripting",
            Family::Server => "server",
            Family::Set => "set",
            Family::Stream => "stream",
            Family::SortedSet => "sorted-set",
            Family::String => "string",
            Family::Transactions => "transactions",
        }
    }

    /// The ACL category that every member of the family is in.
    pub(crate) const fn category(self) -> Option<&'static str> {
        match self {
            Family::Bitmap => Some("bitmap"),
            Family::Connection => Some("connection"),
            Family::Generic => Some("keyspace"),
            Family::Geo => Some("geo"),
            Family::Hash => Some("hash"),
            Family::List => Some("list"),
            Family::HyperLogLog => Some("hyperloglog"),
            Family::Scripting => Some("scripting"),
            Family::Set => Some("set"),
            Family::Stream => Some("stream"),
            Family::SortedSet => Some("sortedset"),
            Family::String => Some("string"),
            Family::Transactions => Some("transaction"),
            // Its flag says so, which not all of the family have.
            Family::PubSub | Family::Server | Family::Sorting => None,
        }
    }
}
