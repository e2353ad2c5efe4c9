//! What stands between a command and its handler: one function a question, each asking flags only.

use crate::acl::Context;
use crate::alerts::Alert;
use crate::args::Argv;
use crate::client::Client;
use crate::client_flags::ClientFlag;
use crate::error::Error;
use crate::server::Server;
use crate::spec::Flags;
use crate::table::Command;

#[inline]
pub(crate) fn complete(command: &'static Command, argc: usize) -> Result<(), Error> {
    if command.takes(argc) { Ok(()) } else { Err(Error::WrongArity(&command.full_name)) }
}

/// Protected commands are served where a setting of their own says so: never, to connections from
/// this machine, or always.
#[inline]
pub(crate) fn enabled(
    server: &Server,
    client: &Client,
    command: &'static Command,
) -> Result<(), Error> {
    if command.flags.has(Flags::PROTECTED) { unlocked(server, client, command) } else { Ok(()) }
}

fn unlocked(server: &Server, client: &Client, command: &'static Command) -> Result<(), Error> {
    let group = command.full_name.split('|').next().unwrap_or_default();
    let setting = format!("enable-{group}-command");
    let allowed = match server.settings.text(&setting).as_str() {
        "yes" => true,
        "local" => client.is_local(),
        _ => false,
    };
    if allowed { Ok(()) } else { Err(Error::Protected { command: group, setting }) }
}

#[inline]
pub(crate) fn authenticated(
    server: &Server,
    client: &Client,
    command: &Command,
) -> Result<(), Error> {
    let known = client.authenticated || !server.settings.live().needs_password();
    if known || command.flags.has(Flags::NO_AUTH) { Ok(()) } else { Err(Error::NoAuth) }
}

/// Asks of clients whose user may not do everything whether he may do this.
pub(crate) fn permitted(
    server: &Server,
    client: &Client,
    command: &Command,
    argv: Argv<'_>,
    now_ms: u64,
) -> Result<(), Error> {
    let handle = &client.handle;
    if !handle.flags.has(ClientFlag::Restricted) {
        return Ok(());
    }
    let context = if client.queues_for_exec() { Context::Transaction } else { Context::TopLevel };
    let denied = server.permit(handle, command, argv, context, now_ms);
    denied.map_err(|it| server.no_permission(handle, command, it))
}

/// A subscribed client of RESP2 can tell messages from replies only while it gets few of these.
#[inline]
pub(crate) fn not_listening(client: &Client, command: &'static Command) -> Result<(), Error> {
    let listens = client.handle.is_subscriber() && !client.resp3;
    if !listens || command.flags.has(Flags::WHILE_SUBSCRIBED) {
        return Ok(());
    }
    Err(Error::WhileSubscribed(&command.full_name))
}

/// While a script takes too long, others hear of it instead of waiting for it.
pub(crate) fn not_busy(server: &Server, command: &Command) -> Result<(), Error> {
    if !server.alerts.has(Alert::SlowScript) || command.flags.has(Flags::ALLOW_BUSY) {
        return Ok(());
    }
    Err(server.scripts.busy())
}

/// Some commands have no place in a transaction.
pub(crate) fn queueable(command: &Command) -> Result<(), Error> {
    if command.flags.has(Flags::NO_MULTI) {
        return Err(Error::said("ERR Command not allowed inside a transaction"));
    }
    Ok(())
}

/// Makes room for what the command may add, or refuses it.
#[inline]
pub(crate) fn room_for(server: &Server, command: &Command, now_ms: u64) -> Result<(), Error> {
    if command.flags.has(Flags::DENYOOM) {
        server.keyspace.make_room(now_ms)?;
    }
    Ok(())
}
