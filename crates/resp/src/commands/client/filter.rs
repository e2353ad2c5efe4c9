//! Which connections CLIENT LIST and CLIENT KILL mean, and the line that describes one.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use crate::acl::DEFAULT_USER;
use crate::args::{Args, integer};
use crate::client_flags::ClientFlag;
use crate::clients::{Aside, ClientHandle, Transport};
use crate::error::Error;
use crate::server::Server;
use crate::table::Table;
use crate::watch;

/// All that is given must fit.
#[derive(Debug, Default)]
pub(crate) struct Filter<'a> {
    /// Sorted.
    ids: Vec<u64>,
    kind: Option<ClientKind>,
    user: Option<&'a [u8]>,
    addr: Option<&'a [u8]>,
    laddr: Option<&'a [u8]>,
    age_min_s: Option<u64>,
    pub(crate) skip_me: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientKind {
    Normal,
    Primary,
    Replica,
    Pubsub,
}

impl ClientKind {
    fn of(client: &ClientHandle) -> ClientKind {
        if client.is_subscriber() { ClientKind::Pubsub } else { ClientKind::Normal }
    }
}

impl<'a> Filter<'a> {
    /// `[ID id ...] [TYPE type] [USER name] [ADDR addr] [LADDR addr] [SKIPME yes|no] [MAXAGE s]`
    pub(crate) fn parse(args: &mut Args<'a>, server: &Server) -> Result<Filter<'a>, Error> {
        let mut filter = Filter::default();
        while !args.is_done() {
            if args.option("ID") {
                filter.ids.push(client_id(args.integer().map_err(|_| Error::Syntax)?)?);
                while let Some(id) = args.peek().and_then(|it| integer(it).ok()) {
                    filter.ids.push(client_id(id)?);
                    args.next()?;
                }
            } else if args.option("TYPE") {
                filter.kind = Some(client_kind(args.next()?)?);
            } else if args.option("USER") {
                filter.user = Some(known_user(server, args.next()?)?);
            } else if args.option("ADDR") {
                filter.addr = Some(args.next()?);
            } else if args.option("LADDR") {
                filter.laddr = Some(args.next()?);
            } else if args.option("SKIPME") {
                filter.skip_me = Some(yes_or_no(args)?);
            } else if args.option("MAXAGE") {
                filter.age_min_s = Some(max_age(args)?);
            } else {
                return Err(Error::Syntax);
            }
        }
        filter.ids.sort_unstable();
        Ok(filter)
    }

    pub(crate) fn takes(&self, client: &ClientHandle, now_ms: u64) -> bool {
        let age_s = now_ms.saturating_sub(client.aside.connected_at_ms) / 1000;
        (self.ids.is_empty() || self.ids.binary_search(&client.id).is_ok())
            && self.kind.is_none_or(|it| it == ClientKind::of(client))
            && self.user.is_none_or(|it| *it == *user_name(client))
            && self.addr.is_none_or(|it| it == client.aside.addr().as_bytes())
            && self.laddr.is_none_or(|it| it == client.aside.laddr().as_bytes())
            && self.age_min_s.is_none_or(|it| it <= age_s)
    }
}

fn client_id(id: i64) -> Result<u64, Error> {
    match u64::try_from(id) {
        Ok(id) if id > 0 => Ok(id),
        _ => Err(Error::said("ERR client-id should be greater than 0")),
    }
}

fn client_kind(word: &[u8]) -> Result<ClientKind, Error> {
    let kinds = [
        ("normal", ClientKind::Normal),
        ("slave", ClientKind::Replica),
        ("replica", ClientKind::Replica),
        ("pubsub", ClientKind::Pubsub),
        ("master", ClientKind::Primary),
        ("primary", ClientKind::Primary),
    ];
    let found = kinds.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        Error::said(format!("ERR Unknown client type '{}'", String::from_utf8_lossy(word)))
    })
}

fn known_user<'a>(server: &Server, name: &'a [u8]) -> Result<&'a [u8], Error> {
    let found = server.acl.find(name).map(|_| name);
    found
        .ok_or_else(|| Error::said(format!("ERR No such user '{}'", String::from_utf8_lossy(name))))
}

fn user_name(client: &ClientHandle) -> Box<[u8]> {
    client.account().map_or_else(|| DEFAULT_USER.into(), |it| it.name.clone())
}

fn yes_or_no(args: &mut Args<'_>) -> Result<bool, Error> {
    let yes = args.flag("YES");
    if yes || args.flag("NO") { Ok(yes) } else { Err(Error::Syntax) }
}

fn max_age(args: &mut Args<'_>) -> Result<u64, Error> {
    let age_s =
        args.integer().map_err(|_| Error::said("ERR maxage is not an integer or out of range"))?;
    match u64::try_from(age_s) {
        Ok(age_s) if age_s > 0 => Ok(age_s),
        _ => Err(Error::said("ERR maxage should be greater than 0")),
    }
}

/// One line of CLIENT LIST, without its end. Zeroes stand where we have nothing of the kind:
/// commands are parsed as ranges of the query buffer, and replies share one buffer.
pub(crate) fn line(client: &ClientHandle, now_ms: u64) -> String {
    let names = client.names();
    let since = |at_ms: u64| now_ms.saturating_sub(at_ms) / 1000;
    let query = client.aside.query_bytes.load(Relaxed);
    let query_free = client.aside.query_free_bytes.load(Relaxed);
    let output = client.aside.output_bytes.load(Relaxed) + client.news_bytes();
    let (n_watched, _) = watch::state(client);
    let [channels, patterns, shard_channels] = client.n_subscriptions();
    let queued = client.aside.queued_bytes.load(Relaxed);
    let own = (size_of::<ClientHandle>() + size_of::<Aside>()) as u64;
    let total = own + query + query_free + output + queued;
    let mut line = String::with_capacity(LINE_BYTES_USUAL);
    let _ = write!(
        line,
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} capa= db={}",
        client.id,
        client.aside.addr(),
        client.aside.laddr(),
        client.aside.fd,
        names.name,
        since(client.aside.connected_at_ms),
        since(client.active_at_ms.load(Relaxed)),
        flags(client),
        client.db.load(Relaxed),
    );
    let _ = write!(
        line,
        " sub={channels} psub={patterns} ssub={shard_channels} multi={} watch={n_watched} \
         qbuf={query} qbuf-free={query_free} argv-mem=0 multi-mem={queued} rbs=0 rbp=0 \
         obl={output} oll=0 omem=0 tot-mem={total} events={} cmd={}",
        client.aside.n_queued.load(Relaxed),
        if output > 0 { "rw" } else { "r" },
        command_name(client.command.load(Relaxed)),
    );
    let _ = write!(
        line,
        " user={} redir={} resp={} lib-name={} lib-ver={} tot-net-in={} tot-net-out={} \
         tot-cmds={}",
        String::from_utf8_lossy(&user_name(client)),
        super::tracking::redirect(client),
        client.protocol.load(Relaxed),
        names.library,
        names.library_version,
        client.net_in_bytes.load(Relaxed),
        client.net_out_bytes.load(Relaxed),
        client.n_commands.load(Relaxed),
    );
    line
}

fn flags(client: &ClientHandle) -> String {
    let flags = [
        ('P', client.is_subscriber()),
        ('x', 0 <= client.aside.n_queued.load(Relaxed)),
        ('b', client.is_blocked()),
        ('t', client.flags.has(ClientFlag::Tracks)),
        ('R', client.flags.has(ClientFlag::BrokenRedirect)),
        ('B', client.flags.has(ClientFlag::Broadcast)),
        ('d', watch::state(client).1),
        ('A', client.is_killed()),
        ('U', client.aside.transport == Transport::Unix),
        ('e', client.flags.has(ClientFlag::NoEvict)),
        ('T', client.flags.has(ClientFlag::NoTouch)),
    ];
    let set: String = flags.iter().filter(|(_, on)| *on).map(|(flag, _)| *flag).collect();
    if set.is_empty() { "N".to_string() } else { set }
}

fn command_name(id: u32) -> &'static str {
    Table::get().name_of(id as usize).unwrap_or("NULL")
}

/// A line with an IPv4 address and a library's name fits.
const LINE_BYTES_USUAL: usize = 384;
