//! Worker threads: each runs its connections and its part of the keyspaces' upkeep, and shares
//! nothing with the others but the engine.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hashbrown::HashMap;
use tandem_engine::{Keyspace, Maintenance};
use tokio::net::{TcpStream, UdpSocket, UnixStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::MissedTickBehavior;

use crate::clock::{self, Stopwatch};
use crate::connection::{Connection, Shared};
use crate::datagrams;
use crate::front::{memcached::Memcached, resp::Resp};
use crate::protocol::{FrontEnd, Kick, Limits, Session, Watch};
use crate::socket::{self, Accepted, Address, Mailbox};

/// All workers, for those who hand out connections.
pub(crate) struct Pool {
    links: Vec<Link>,
}

struct Link {
    /// Not bounded here: the connection limits bound what can lie in it.
    jobs: UnboundedSender<Job>,
    n_connections: Arc<AtomicUsize>,
    thread: parking_lot::Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What a worker is asked to do.
pub(crate) enum Job {
    Resp(Accepted, Place),
    Memcached(Accepted, Place),
    /// Requests to memcached that come as datagrams.
    Datagrams(Mailbox),
    /// Answer what has arrived, close every connection and end.
    Drain {
        deadline_ms: u64,
    },
}

/// A connection's place under its front end's limit; given back when it is dropped.
pub(crate) struct Place {
    n_taken: Arc<AtomicUsize>,
}

/// What all workers work on.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) resp: Resp,
    pub(crate) memcached: Memcached,
}

impl Shop {
    fn limits(&self, protocol: Protocol) -> Limits {
        match protocol {
            Protocol::Resp => self.resp.limits(),
            Protocol::Memcached => self.memcached.limits(),
        }
    }

    fn count_kick(&self, protocol: Protocol, why: Kick, id: u64) {
        match protocol {
            Protocol::Resp => self.resp.count_kick(why, id),
            Protocol::Memcached => self.memcached.count_kick(why, id),
        }
    }
}

impl Place {
    /// Takes a place unless `max` are taken.
    pub(crate) fn take(n_taken: &Arc<AtomicUsize>, max: usize) -> Option<Place> {
        // Made first, so that a refused place is given back like any other.
        let n_before = n_taken.fetch_add(1, Relaxed);
        let place = Place { n_taken: Arc::clone(n_taken) };
        (n_before < max).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.n_taken.fetch_sub(1, Relaxed);
    }
}

impl Pool {
    pub(crate) fn start(n_workers: usize, shop: &Shop) -> io::Result<Pool> {
        let links = (0..n_workers).map(|index| Link::start(index, n_workers, shop.clone()));
        Ok(Pool { links: links.collect::<io::Result<_>>()? })
    }

    /// Gives a connection to the worker with the fewest.
    pub(crate) fn assign(&self, job: Job) {
        let Some(link) = self.links.iter().min_by_key(|it| it.n_connections.load(Relaxed)) else {
            return;
        };
        link.n_connections.fetch_add(1, Relaxed);
        // A worker that has ended does so because the process ends: the connection is dropped.
        let _ = link.jobs.send(job);
    }

    /// Ends all workers. Connections that are not through by the deadline are cut.
    pub(crate) fn drain(&self, deadline_ms: u64) {
        for link in &self.links {
            let _ = link.jobs.send(Job::Drain { deadline_ms });
        }
    }

    /// Waits for the workers' ends.
    pub(crate) fn join(&self) {
        for link in &self.links {
            if let Some(thread) = link.thread.lock().take()
                && thread.join().is_err()
            {
                tracing::error!("a worker ended with a panic");
            }
        }
    }
}

impl Link {
    fn start(index: usize, n_workers: usize, shop: Shop) -> io::Result<Link> {
        let (jobs, inbox) = unbounded_channel();
        let n_connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&n_connections);
        let thread = std::thread::Builder::new().name(format!("worker-{index}"));
        let thread = thread.stack_size(STACK_BYTES).spawn(move || {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .event_interval(EVENT_INTERVAL)
                .build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => {
                    let worker = Worker::new(index, n_workers, shop, counted);
                    runtime.block_on(worker.run(inbox));
                }
                Err(error) => tracing::error!(index, %error, "a worker cannot start"),
            }
        })?;
        Ok(Link { jobs, n_connections, thread: parking_lot::Mutex::new(Some(thread)) })
    }
}

/// One worker, on its own thread.
struct Worker {
    index: usize,
    n_workers: usize,
    shop: Shop,
    shared: Rc<Shared>,
    roll: Rc<RefCell<Roll>>,
}

/// The connections of a worker.
struct Roll {
    by_number: HashMap<u64, Entry>,
    last_number: u64,
    n_connections: Arc<AtomicUsize>,
}

struct Entry {
    watch: Arc<dyn Watch>,
    protocol: Protocol,
    /// The second at which its output passed the soft limit; 0 while it has not. The rounds are
    /// no more exact than that.
    slow_since_s: u32,
}

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Resp,
    Memcached,
}

impl Worker {
    fn new(index: usize, n_workers: usize, shop: Shop, n_connections: Arc<AtomicUsize>) -> Worker {
        let roll = Roll { by_number: HashMap::new(), last_number: 0, n_connections };
        let (shared, roll) = (Rc::default(), Rc::new(RefCell::new(roll)));
        Worker { index, n_workers, shop, shared, roll }
    }

    async fn run(self, mut inbox: UnboundedReceiver<Job>) {
        for keyspace in [&self.shop.resp.server.keyspace, &self.shop.memcached.server.keyspace] {
            let keyspace = Arc::clone(keyspace);
            let (index, n_workers) = (self.index, self.n_workers);
            let server = Arc::clone(&self.shop.resp.server);
            tokio::task::spawn_local(keep_up(move || {
                maintain(Arc::clone(&keyspace), Arc::clone(&server), index, n_workers)
            }));
        }
        let (roll, shop) = (Rc::clone(&self.roll), self.shop.clone());
        tokio::task::spawn_local(keep_up(move || rounds(Rc::clone(&roll), shop.clone())));
        while let Some(job) = inbox.recv().await {
            match job {
                Job::Resp(accepted, place) => {
                    self.open(&self.shop.resp, accepted, place, Protocol::Resp);
                }
                Job::Memcached(accepted, place) => {
                    self.open(&self.shop.memcached, accepted, place, Protocol::Memcached);
                }
                Job::Datagrams(mailbox) => self.take_datagrams(mailbox),
                Job::Drain { deadline_ms } => return self.drain(deadline_ms).await,
            }
        }
    }

    fn take_datagrams(&self, mailbox: Mailbox) {
        let Mailbox { socket, address } = mailbox;
        let socket = match UdpSocket::from_std(socket.into()) {
            Ok(socket) => Rc::new(socket),
            Err(error) => return tracing::error!(%address, %error, "cannot take datagrams"),
        };
        let (front, index) = (self.shop.memcached.clone(), self.index);
        tokio::task::spawn_local(keep_up(move || {
            datagrams::serve(Rc::clone(&socket), front.datagrams(index, address))
        }));
    }

    fn open<F: FrontEnd>(&self, front: &F, accepted: Accepted, place: Place, protocol: Protocol) {
        let Accepted { socket, peer } = accepted;
        let is_tcp = matches!(peer.remote, Address::Tcp(_));
        if is_tcp {
            socket::tune(&socket, front.keepalive_s());
        }
        let session = front.session(self.index, peer, clock::now_ms());
        let shared = Rc::clone(&self.shared);
        let watch = session.watch();
        let opened = if is_tcp {
            TcpStream::from_std(socket.into()).map(|it| {
                self.spawn(watch, protocol, place, Connection::new(it, session, shared));
            })
        } else {
            UnixStream::from_std(socket.into()).map(|it| {
                self.spawn(watch, protocol, place, Connection::new(it, session, shared));
            })
        };
        if let Err(error) = opened {
            self.roll.borrow().n_connections.fetch_sub(1, Relaxed);
            tracing::warn!(%error, "cannot serve a connection");
        }
    }

    fn spawn(
        &self,
        watch: Arc<dyn Watch>,
        protocol: Protocol,
        place: Place,
        connection: impl Future<Output = io::Result<()>> + Unpin + 'static,
    ) {
        let number = self.roll.borrow_mut().add(Entry { watch, protocol, slow_since_s: 0 });
        let seat = Seat { number, roll: Rc::clone(&self.roll), _place: place };
        tokio::task::spawn_local(Served { connection, _seat: seat });
    }

    async fn drain(&self, deadline_ms: u64) {
        self.shared.draining.set(true);
        for entry in self.roll.borrow().by_number.values() {
            entry.watch.wake();
        }
        while !self.roll.borrow().by_number.is_empty() && clock::now_ms() < deadline_ms {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
        let n_cut = self.roll.borrow().by_number.len();
        if n_cut > 0 {
            tracing::warn!(connections = n_cut, "cut connections that did not read their replies");
        }
    }
}

/// A connection's task. Written by hand: an async block would hold the connection twice.
pub(crate) struct Served<C> {
    connection: C,
    /// Dropped with the task, also when a command panics: a panic harms one connection.
    _seat: Seat,
}

impl<C: Future<Output = io::Result<()>> + Unpin> Future for Served<C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Err(error) = ready!(Pin::new(&mut self.connection).poll(cx)) {
            tracing::debug!(%error, "connection lost");
        }
        Poll::Ready(())
    }
}

/// A connection's entries in the books, taken back when it ends.
struct Seat {
    number: u64,
    roll: Rc<RefCell<Roll>>,
    _place: Place,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut roll = self.roll.borrow_mut();
        roll.by_number.remove(&self.number);
        roll.n_connections.fetch_sub(1, Relaxed);
    }
}

impl Roll {
    fn add(&mut self, entry: Entry) -> u64 {
        self.last_number += 1;
        self.by_number.insert(self.last_number, entry);
        self.last_number
    }
}

/// Runs a task that never ends, and again should it panic: expiry must not stop for good because
/// of one bad item.
async fn keep_up<F: Future<Output = ()> + 'static>(task: impl Fn() -> F) {
    while let Err(error) = tokio::task::spawn_local(task()).await {
        tracing::error!(%error, "upkeep failed and starts again");
        tokio::time::sleep(ROUND_PERIOD).await;
    }
}

/// Keeps a worker's part of a keyspace in order. While there is work left, connections have their
/// turn in between: a million keys may expire in one second.
async fn maintain(
    keyspace: Arc<Keyspace>,
    server: Arc<tandem_resp::Server>,
    part: usize,
    n_parts: usize,
) {
    let mut tick = tokio::time::interval(UPKEEP_PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let mut budget = UPKEEP_TURN;
        loop {
            let watch = Stopwatch::new(budget);
            let now_ms = clock::now_ms();
            let left = keyspace.maintain(part, n_parts, now_ms, &mut || watch.has_time());
            if tandem_engine::has_ready() {
                server.tell_happenings();
            }
            if left == Maintenance::Done {
                break;
            }
            budget = UPKEEP_TURN_MORE;
            tokio::task::yield_now().await;
        }
    }
}

/// Once a second, looks for connections that have been idle or slow for too long.
async fn rounds(roll: Rc<RefCell<Roll>>, shop: Shop) {
    let mut tick = tokio::time::interval(ROUND_PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now_ms = clock::now_ms();
        for entry in roll.borrow_mut().by_number.values_mut() {
            if let Some(why) = entry.due(shop.limits(entry.protocol), now_ms) {
                shop.count_kick(entry.protocol, why, entry.watch.id());
                entry.watch.kick();
            }
        }
    }
}

impl Entry {
    fn due(&mut self, limits: Limits, now_ms: u64) -> Option<Kick> {
        let idle_ms = now_ms.saturating_sub(self.watch.active_at_ms());
        if limits.idle_ms > 0 && idle_ms > limits.idle_ms && !self.watch.is_exempt() {
            return Some(Kick::Idle);
        }
        let limit = if self.watch.is_subscriber() { limits.news } else { limits.output };
        let is_slow = limit.bytes > 0 && self.watch.output_bytes() > limit.bytes;
        let second = (now_ms / 1000) as u32;
        match (is_slow, self.slow_since_s) {
            (false, _) => self.slow_since_s = 0,
            (true, 0) => self.slow_since_s = second,
            (true, since_s) => {
                let slow_ms = u64::from(second.saturating_sub(since_s)) * 1000;
                let is_over = slow_ms >= limit.ms;
                return is_over.then_some(Kick::Slow);
            }
        }
        None
    }
}

/// Turns of connections between two looks at the sockets, when there is no pause before. tokio's
/// own 61 would split the turns of a hundred ready connections.
const EVENT_INTERVAL: u32 = 256;

/// How often upkeep is done, and how long one turn of it may keep connections waiting.
const UPKEEP_PERIOD: Duration = Duration::from_millis(10);
const UPKEEP_TURN: Duration = Duration::from_micros(100);

/// How long each turn is while there is a lot to do. Connections have theirs after each of them, so
/// this sets the share of the time that they lose: a third at most under load.
const UPKEEP_TURN_MORE: Duration = Duration::from_micros(20);

/// Idle times are whole seconds in both protocols.
const ROUND_PERIOD: Duration = Duration::from_secs(1);

/// A worker's stack: scripts may nest values a thousand deep. It is address space until it is used.
const STACK_BYTES: usize = 16 << 20;

/// How often a draining worker looks whether its connections are through.
const DRAIN_LOOK: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use super::*;
    use crate::protocol::SoftLimit;

    #[derive(Default)]
    struct Fake {
        active_at_ms: AtomicU64,
        output_bytes: AtomicU64,
        is_subscriber: AtomicBool,
    }

    impl Watch for Fake {
        fn active_at_ms(&self) -> u64 {
            self.active_at_ms.load(Relaxed)
        }
        fn output_bytes(&self) -> u64 {
            self.output_bytes.load(Relaxed)
        }
        fn is_exempt(&self) -> bool {
            false
        }
        fn is_subscriber(&self) -> bool {
            self.is_subscriber.load(Relaxed)
        }
        fn id(&self) -> u64 {
            1
        }
        fn kick(&self) {}
        fn wake(&self) {}
    }

    #[test]
    fn the_idle_and_the_slow_are_found() {
        let fake = Arc::new(Fake::default());
        let watch = Arc::<Fake>::clone(&fake);
        let mut entry = Entry { watch, protocol: Protocol::Resp, slow_since_s: 0 };
        fake.active_at_ms.store(10_000, Relaxed);
        let idle = Limits { idle_ms: 5000, ..Limits::default() };
        assert_eq!(entry.due(idle, 15_000), None);
        assert_eq!(entry.due(idle, 15_001), Some(Kick::Idle));
        assert_eq!(entry.due(Limits::default(), 99_000), None);
        let output = SoftLimit { bytes: 100, ms: 2000 };
        let slow = Limits { output, ..Limits::default() };
        fake.output_bytes.store(101, Relaxed);
        assert_eq!(entry.due(slow, 20_000), None);
        assert_eq!(entry.due(slow, 21_999), None);
        assert_eq!(entry.due(slow, 22_000), Some(Kick::Slow));
        fake.output_bytes.store(100, Relaxed);
        assert_eq!(entry.due(slow, 23_000), None);
        fake.output_bytes.store(101, Relaxed);
        assert_eq!(entry.due(slow, 24_000), None, "the time starts again");
        fake.is_subscriber.store(true, Relaxed);
        assert_eq!(entry.due(slow, 27_000), None, "subscribers have limits of their own");
        let news = SoftLimit { bytes: 50, ms: 1000 };
        let slow = Limits { news, ..slow };
        assert_eq!(entry.due(slow, 28_000), None);
        assert_eq!(entry.due(slow, 29_000), Some(Kick::Slow));
    }

    #[test]
    fn places_are_given_back() {
        let n_taken = Arc::default();
        let first = Place::take(&n_taken, 1);
        assert!(first.is_some());
        assert!(Place::take(&n_taken, 1).is_none());
        drop(first);
        assert!(Place::take(&n_taken, 1).is_some());
    }
}
