//! The RESP front end behind the connection loop's traits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use atomic_waker::AtomicWaker;
use bytes::BytesMut;
use tandem_engine::Output;
use tandem_resp::{ClientHandle, ConnectionInfo, OutputLimit, Server, Transport};

use crate::protocol::{Ahead, FrontEnd, Held, Kick, Limits, Session, SoftLimit, Step, Watch};
use crate::socket::{Address, Peer};

#[derive(Clone)]
pub(crate) struct Resp {
    pub(crate) server: Arc<Server>,
}

impl FrontEnd for Resp {
    type Session = RespSession;

    const NAME: &'static str = "resp";

    fn session(&self, worker: usize, peer: Peer, now_ms: u64) -> RespSession {
        let transport = match peer.remote {
            Address::Tcp(_) => Transport::Tcp,
            Address::Unix(_) => Transport::Unix,
        };
        let (addr, laddr) = (shown(&peer.remote), shown(&peer.local));
        let info = ConnectionInfo { addr, laddr, fd: peer.fd, transport };
        let stats = Arc::clone(&self.server.workers[worker]);
        let server = Arc::clone(&self.server);
        let session = tandem_resp::Session::new(server, stats, info, now_ms);
        RespSession { session: Box::new(session) }
    }

    fn limits(&self) -> Limits {
        let live = self.server.settings.live();
        Limits {
            idle_ms: live.idle_timeout_s().saturating_mul(1000),
            output: soft(live.output_limit()),
            news: soft(live.news_limit()),
        }
    }

    fn connections_max(&self) -> usize {
        self.server.settings.live().clients_max() as usize
    }

    fn too_many(&self) -> &'static [u8] {
        b"-ERR max number of clients reached\r\n"
    }

    /// Protected mode: without a password, only whoever is on this machine comes in.
    fn refusal(&self, peer: &Peer) -> Option<&'static [u8]> {
        let live = self.server.settings.live();
        let is_open = !live.protected() || live.needs_password() || peer.remote.is_local();
        (!is_open).then_some(PROTECTED.as_bytes())
    }

    fn keepalive_s(&self) -> u64 {
        self.server.settings.live().tcp_keepalive_s()
    }

    fn count_rejected(&self) {
        self.server.clients.count_rejected();
    }

    fn count_kick(&self, why: Kick, id: u64) {
        if why == Kick::Slow {
            tracing::warn!(id, "a client has not read its replies for too long: closing it");
            self.server.clients.count_cut_by_output();
        }
    }
}

pub(crate) struct RespSession {
    /// Boxed, as two small pieces of memory take less than one big one.
    session: Box<tandem_resp::Session>,
}

impl Session for RespSession {
    const FRONT: usize = 0;

    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        match self.session.advance(input, out, now_ms) {
            tandem_resp::Step::ReadMore { need } => Step::ReadMore { need },
            tandem_resp::Step::Write => Step::Write,
            tandem_resp::Step::Wait { until_ms } => Step::Wait { until_ms },
            tandem_resp::Step::Close => Step::Close,
        }
    }

    fn look_ahead(&mut self, input: &mut BytesMut) -> Option<Ahead> {
        self.session.look_ahead(input)
    }

    fn fetch(&self, (db, hash): Ahead) {
        self.session.server().keyspace.prefetch_item(db, hash);
    }

    fn is_killed(&self) -> bool {
        self.session.handle().is_killed()
    }

    fn has_news(&self) -> bool {
        self.session.handle().has_news()
    }

    fn waker(&self) -> &AtomicWaker {
        self.session.handle().waker()
    }

    fn count_read(&self, n_bytes: usize, now_ms: u64) {
        self.session.worker().read(n_bytes);
        let handle = self.session.handle();
        handle.active_at_ms.store(now_ms, Relaxed);
        add(&handle.net_in_bytes, n_bytes);
    }

    fn count_written(&self, n_bytes: usize) {
        self.session.worker().wrote(n_bytes);
        add(&self.session.handle().net_out_bytes, n_bytes);
    }

    fn output_bytes_max(&self) -> u64 {
        let live = self.session.server().settings.live();
        let listens = self.session.handle().is_subscriber();
        let limit = if listens { live.news_limit() } else { live.output_limit() };
        limit.hard_bytes
    }

    fn count_cut_by_output(&self) {
        let id = self.session.handle().id;
        tracing::warn!(id, "a client's replies are over their limit: closing it");
        self.session.server().clients.count_cut_by_output();
    }

    fn report(&self, held: Held) {
        let aside = &self.session.handle().aside;
        aside.query_bytes.store(held.input as u64, Relaxed);
        aside.query_free_bytes.store(held.input_free as u64, Relaxed);
        aside.output_bytes.store(held.output as u64, Relaxed);
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::<ClientHandle>::clone(self.session.handle())
    }
}

impl Watch for ClientHandle {
    fn active_at_ms(&self) -> u64 {
        self.active_at_ms.load(Relaxed)
    }

    fn output_bytes(&self) -> u64 {
        self.aside.output_bytes.load(Relaxed) + self.news_bytes()
    }

    fn is_exempt(&self) -> bool {
        self.is_blocked() || self.is_subscriber()
    }

    fn is_subscriber(&self) -> bool {
        ClientHandle::is_subscriber(self)
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn kick(&self) {
        self.kill();
    }

    fn wake(&self) {
        self.waker().wake();
    }
}

fn soft(limit: OutputLimit) -> SoftLimit {
    SoftLimit { bytes: limit.soft_bytes, ms: limit.soft_s.saturating_mul(1000) }
}

fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(it) => it.to_string(),
        Address::Unix(path) => format!("{}:0", path.display()),
    }
}

/// The connection's own loop is the only writer.
fn add(counter: &AtomicU64, n: usize) {
    counter.store(counter.load(Relaxed) + n as u64, Relaxed);
}

/// What a client from elsewhere reads in protected mode, in Valkey's words.
const PROTECTED: &str = "\
    -DENIED Running in protected mode because protected mode is enabled and no password is set \
    for the default user. In this mode connections are only accepted from the loopback \
    interface. If you want to connect from external computers, you may adopt one of the \
    following solutions: 1) Just disable protected mode sending the command 'CONFIG SET \
    protected-mode no' from the loopback interface by connecting from the same host the server \
    is running, however MAKE SURE it's not publicly accessible from internet if you do so. Use \
    CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the \
    protected mode by editing the configuration file, and setting the protected mode option to \
    'no', and then restarting the server. 3) If you started the server manually just for \
    testing, restart it with the '--protected-mode no' option. 4) Set up an authentication \
    password for the default user. NOTE: You only need to do one of the above things in order \
    for the server to start accepting connections from the outside.\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_mode_lets_in_whoever_is_on_this_machine() {
        let front = crate::admin::tests::shop().resp;
        let settings = &front.server.settings;
        assert_eq!(front.refusal(&Peer::at("127.0.0.1:5000")), None);
        assert_eq!(front.refusal(&Peer::at("[::1]:5000")), None);
        assert_eq!(front.refusal(&Peer::at("[::ffff:127.0.0.1]:5000")), None);
        let elsewhere = Peer::at("203.0.113.9:5000");
        let words = front.refusal(&elsewhere).unwrap();
        assert!(words.starts_with(b"-DENIED Running in protected mode because"));
        assert!(words.ends_with(b"from the outside.\r\n"));
        front.server.require_password("secret");
        assert_eq!(front.refusal(&elsewhere), None);
        front.server.require_password("");
        settings.load("protected-mode", "no").unwrap();
        assert_eq!(front.refusal(&elsewhere), None);
    }
}
