//! Who may do what (ACL). Users are what rules made of them; a client works as one of them, and
//! carries a flag when that one may not do everything: nobody else pays for being asked.

mod log;
mod refusal;
mod selector;
mod user;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, RwLock};

pub(crate) use self::log::{Context, Entry, Refused};
pub(crate) use self::selector::{Channelless, Denied, Selector, category, has_spaces};
pub(crate) use self::user::{User, join_selectors};
use crate::args::Argv;
use crate::client::Client;
use crate::client_flags::ClientFlag;
use crate::clients::ClientHandle;
use crate::commands;
use crate::error::Error;
use crate::inbox::Kind;
use crate::pubsub;
use crate::server::Server;
use crate::table::Command;

/// The user whom clients are before they say who they are.
pub(crate) const DEFAULT_USER: &[u8] = b"default";

/// All users, and what was refused to them.
pub(crate) struct Acl {
    users: RwLock<BTreeMap<Box<[u8]>, Arc<Account>>>,
    default: Arc<Account>,
    log: Mutex<log::Log>,
    denied: [AtomicU64; 3],
}

/// A user by his name, who can change while clients work as him.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: Box<[u8]>,
    user: RwLock<Arc<User>>,
}

impl Account {
    fn new(name: &[u8], user: User) -> Arc<Account> {
        Arc::new(Account { name: name.into(), user: RwLock::new(Arc::new(user)) })
    }

    pub(crate) fn user(&self) -> Arc<User> {
        self.user.read().clone()
    }
}

impl Default for Acl {
    fn default() -> Acl {
        let default = Account::new(DEFAULT_USER, User::everybody());
        let users = BTreeMap::from([(DEFAULT_USER.into(), Arc::clone(&default))]);
        Acl {
            users: RwLock::new(users),
            default,
            log: Mutex::default(),
            denied: Default::default(),
        }
    }
}

impl Acl {
    pub(crate) fn find(&self, name: &[u8]) -> Option<Arc<Account>> {
        self.users.read().get(name).cloned()
    }

    pub(crate) fn default_user(&self) -> Arc<User> {
        self.default.user()
    }

    /// By name, in order.
    pub(crate) fn all(&self) -> Vec<Arc<Account>> {
        self.users.read().values().cloned().collect()
    }

    pub(crate) fn latest_refusals(&self, n: usize) -> Vec<Entry> {
        self.log.lock().latest(n)
    }

    pub(crate) fn clear_log(&self) {
        self.log.lock().clear();
    }

    /// How often commands, keys and channels were refused.
    pub(crate) fn n_denied(&self) -> [u64; 3] {
        self.denied.each_ref().map(|it| it.load(Relaxed))
    }

    pub(crate) fn reset_stats(&self) {
        self.denied.iter().for_each(|it| it.store(0, Relaxed));
    }
}

impl Denied {
    /// What was refused: the command's name, or a word of its line.
    pub(crate) fn object<'a>(self, command: &'a Command, argv: Argv<'a>) -> &'a [u8] {
        match self {
            Denied::Command => command.full_name.as_bytes(),
            Denied::Key(at) | Denied::Channel(at) => argv.get(at).unwrap_or_default(),
        }
    }

    fn reason(self) -> (&'static str, usize) {
        match self {
            Denied::Command => ("command", 0),
            Denied::Key(_) => ("key", 1),
            Denied::Channel(_) => ("channel", 2),
        }
    }
}

impl Server {
    /// Whom a client works as.
    pub(crate) fn account_of(&self, client: &ClientHandle) -> Arc<Account> {
        client.account().unwrap_or_else(|| Arc::clone(&self.acl.default))
    }

    /// Lets a client work as somebody.
    pub(crate) fn work_as(&self, client: &ClientHandle, account: &Arc<Account>) {
        let is_default = Arc::ptr_eq(account, &self.acl.default);
        if !is_default || client.account().is_some() {
            client.set_account((!is_default).then(|| Arc::clone(account)));
        }
        self.restrict(client);
    }

    /// Lets a client work as nobody in particular.
    pub(crate) fn work_as_default(&self, client: &ClientHandle) {
        self.work_as(client, &self.acl.default);
    }

    fn restrict(&self, client: &ClientHandle) {
        let is_whole = self.account_of(client).user().is_whole();
        client.flags.set(ClientFlag::Restricted, !is_whole);
    }

    /// Whether new selectors begin without channels.
    pub(crate) fn channelless(&self) -> Channelless {
        let default = self.settings.text("acl-pubsub-default");
        if default == "allchannels" { Channelless::No } else { Channelless::Yes }
    }

    /// Takes over what rules made of a user, who may be new.
    pub(crate) fn set_user(&self, name: &[u8], user: User) {
        let mut users = self.acl.users.write();
        let account = users.entry(name.into());
        let account = account.or_insert_with(|| Account::new(name, user.clone())).clone();
        *account.user.write() = Arc::new(user);
        drop(users);
        self.note_default();
        let user = account.user();
        for client in self.clients.all() {
            if Arc::ptr_eq(&self.account_of(&client), &account) {
                self.restrict(&client);
                if listens_to_more(&client, &user) {
                    client.kill();
                }
            }
        }
    }

    /// Sets the default user's password as `requirepass` does; empty for none.
    pub fn require_password(&self, password: &str) {
        let mut user = (*self.acl.default_user()).clone();
        let rules = if password.is_empty() {
            vec!["nopass".to_owned()]
        } else {
            vec!["resetpass".to_owned(), format!(">{password}")]
        };
        for rule in rules {
            user.apply(rule.as_bytes(), Channelless::No).expect("these are rules");
        }
        *self.acl.default.user.write() = Arc::new(user);
        self.note_default();
    }

    fn note_default(&self) {
        let user = self.acl.default_user();
        self.settings.live().set_needs_password(!user.needs_none || !user.is_on);
    }

    /// Removes a user with all who work as him. False when there is none.
    pub(crate) fn remove_user(&self, name: &[u8], asker: &mut Client) -> bool {
        let Some(account) = self.acl.users.write().remove(name) else { return false };
        for client in self.clients.all() {
            if !client.account().is_some_and(|it| Arc::ptr_eq(&it, &account)) {
                continue;
            }
            if client.id == asker.handle.id {
                asker.closing = true;
            } else {
                client.kill();
            }
        }
        true
    }

    /// Whether a client may run a line; what it may not is noted in the log.
    #[cold]
    pub(crate) fn permit(
        &self,
        client: &ClientHandle,
        command: &Command,
        argv: Argv<'_>,
        context: Context,
        now_ms: u64,
    ) -> Result<(), Denied> {
        let account = self.account_of(client);
        account.user().check(command, argv).inspect_err(|denied| {
            let (reason, nth) = denied.reason();
            self.acl.denied[nth].fetch_add(1, Relaxed);
            let object = denied.object(command, argv).to_vec();
            let refused = Refused { reason, context, object, user: account.name.to_vec() };
            self.note_refused(client, refused, now_ms);
        })
    }

    pub(crate) fn note_refused(&self, client: &ClientHandle, refused: Refused, now_ms: u64) {
        let n_max = self.settings.integer("acllog-max-len").unsigned_abs() as usize;
        let info = commands::client_line(client, now_ms);
        self.acl.log.lock().add(refused, info, now_ms, n_max);
    }

    /// The error of a command that a client may not run.
    pub(crate) fn no_permission(
        &self,
        client: &ClientHandle,
        command: &Command,
        denied: Denied,
    ) -> Error {
        let name = self.account_of(client).name.clone();
        Error::said(format!("NOPERM {}", denied.text(&name, command, None)))
    }
}

impl Denied {
    /// The sentence of it, with the key or channel where that may be told.
    pub(crate) fn text(self, user: &[u8], command: &Command, object: Option<&[u8]>) -> String {
        let user = String::from_utf8_lossy(user);
        let what = match self {
            Denied::Command => {
                let name = &command.full_name;
                return format!("User {user} has no permissions to run the '{name}' command");
            }
            Denied::Key(_) => "key",
            Denied::Channel(_) => "channel",
        };
        match object {
            None => format!("No permissions to access a {what}"),
            Some(it) => {
                let it = String::from_utf8_lossy(it);
                format!("User {user} has no permissions to access the '{it}' {what}")
            }
        }
    }
}

/// Whether a client listens to what its user may not listen to any more.
fn listens_to_more(client: &ClientHandle, user: &User) -> bool {
    if !client.is_subscriber() {
        return false;
    }
    let selectors = || std::iter::once(&user.root).chain(&user.selectors);
    [Kind::Channel, Kind::Pattern, Kind::ShardChannel].into_iter().any(|kind| {
        let is_pattern = kind == Kind::Pattern;
        let names = pubsub::names(client, kind);
        names.iter().any(|name| !selectors().any(|it| it.has_channel(name, is_pattern)))
    })
}

#[cfg(test)]
mod tests;
