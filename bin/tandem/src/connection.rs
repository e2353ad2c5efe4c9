//! The one loop that moves bytes between a socket and a session.
//!
//! A turn is one read, all whole commands, one write. Input and output lie in buffers of the
//! worker, hot in its cache and shared by all its connections; a connection has buffers of its own
//! only for what a turn left over: half a command, or replies that the socket did not take. So
//! an idle connection holds no buffer at all. Nothing is read while replies wait.
//!
//! A big value is received into a buffer of its size, which the engine then keeps, and leaves as a
//! slice of it: we copy only what came with its head. It comes and goes a piece at a time, and the
//! others have their turns in between.
//!
//! A single small command has its turn in two parts: it is read and parsed, and its key's place in
//! memory is asked for; then the other ready connections do the same, and only then does it run.
//! So the cache misses of many connections overlap, as those of a pipeline do.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, IoSlice};
use std::num::NonZeroU64;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{BufMut, BytesMut};
use tandem_engine::{Output, let_go_buffer, with_room};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::io::poll_read_buf;

use crate::clock;
use crate::protocol::{Held, Session, Step};
use crate::upcoming::Upcoming;

/// What connections of one worker share. Borrowed within a turn, never across an await.
#[derive(Default)]
pub(crate) struct Shared {
    buffers: RefCell<Buffers>,
    /// By front end: their keys lie in different keyspaces.
    upcoming: [RefCell<Upcoming>; 2],
    /// When the clock was last read, in milliseconds since the epoch.
    read_at_ms: Cell<u64>,
    pub(crate) draining: Cell<bool>,
}

#[derive(Default)]
struct Buffers {
    input: BytesMut,
    left: Left,
}

/// A socket, its session, and what the last turn left. It serves until either side has had enough.
///
/// Ten thousand of these may be idle: what is rarely there is boxed.
pub(crate) struct Connection<S: Session, T> {
    socket: T,
    session: S,
    shared: Rc<Shared>,
    /// Bytes read and not yet consumed; empty while the worker's buffer serves.
    input: BytesMut,
    left: Option<Box<Left>>,
    next: Next,
    /// When the next command was read, in milliseconds since the epoch, if it is parsed and its
    /// key stands in `Upcoming`.
    ahead_since_ms: Option<NonZeroU64>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Bytes that it may still read and write before others have their turn.
    budget: u32,
    /// Whether the last report said that it holds something.
    holds: bool,
}

/// Replies not yet written.
#[derive(Default)]
struct Left {
    out: Output,
    /// How much of `out` is written.
    n_written: usize,
}

/// What a connection does once its replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Read {
        need: usize,
    },
    Advance,
    Wait {
        until_ms: Option<u64>,
    },
    /// The server ends: what has arrived is answered, then the connection closes.
    LastRead,
    Close,
    /// The end of the stream goes out.
    ShutDown,
}

impl Left {
    fn clear(&mut self) {
        self.out.clear();
        self.n_written = 0;
    }
}

impl Shared {
    /// The time, read once for all who look ahead together.
    fn now_ms(&self, front: usize) -> u64 {
        if self.upcoming[front].borrow().is_empty() {
            self.read_at_ms.set(clock::now_ms());
        }
        self.read_at_ms.get()
    }
}

impl<S: Session, T> Drop for Connection<S, T> {
    fn drop(&mut self) {
        if self.ahead_since_ms.is_some() {
            self.shared.upcoming[S::FRONT].borrow_mut().leave();
        }
        // A value that came only in part.
        let_go_buffer(std::mem::take(&mut self.input));
    }
}

impl<S: Session, T: AsyncRead + AsyncWrite + Unpin> Connection<S, T> {
    pub(crate) fn new(socket: T, session: S, shared: Rc<Shared>) -> Connection<S, T> {
        Connection {
            socket,
            session,
            shared,
            input: BytesMut::new(),
            left: None,
            next: Next::Read { need: 0 },
            ahead_since_ms: None,
            sleep: None,
            budget: 0,
            holds: false,
        }
    }

    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.budget = POLL_BYTES as u32;
        let polled = self.poll_within_budget(cx);
        if polled.is_pending() && self.budget == 0 {
            // All others that are ready have their turn first, and those whose sockets have
            // become ready since; a plain wake-up would come before these.
            let _ = pin!(tokio::task::yield_now()).poll(cx);
        }
        polled
    }

    fn poll_within_budget(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut read_at_ms = self.ahead_since_ms.take();
        if read_at_ms.is_some() {
            self.shared.upcoming[S::FRONT].borrow_mut().step(|it| self.session.fetch(it));
        } else {
            self.session.waker().register(cx.waker());
        }
        // Whoever wakes a connection that waits wants it to look again.
        let has_news = matches!(self.next, Next::Read { .. }) && self.session.has_news();
        if has_news || matches!(self.next, Next::Wait { .. }) {
            self.next = Next::Advance;
            self.sleep = None;
        }
        for _ in 0..TURNS_MAX {
            if self.budget == 0 {
                return Poll::Pending;
            }
            if self.session.is_killed() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_flush(cx))?;
            if self.shared.draining.get() && matches!(self.next, Next::Read { .. }) {
                self.next = Next::LastRead;
            }
            match self.next {
                Next::Close | Next::ShutDown => return Poll::Ready(Ok(())),
                Next::Wait { until_ms } => ready!(self.poll_wait(until_ms, cx))?,
                Next::Read { .. } | Next::Advance | Next::LastRead => {
                    let read_at_ms = read_at_ms.take().map(NonZeroU64::get);
                    let now_ms = read_at_ms.unwrap_or_else(|| self.shared.now_ms(S::FRONT));
                    let turn = self.poll_turn(cx, now_ms);
                    if turn.is_pending() && self.next == Next::LastRead {
                        return Poll::Ready(Ok(()));
                    }
                    ready!(turn)?;
                }
            }
        }
        self.budget = 0;
        Poll::Pending
    }

    /// Writes what earlier turns left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(left) = &mut self.left else { return Poll::Ready(Ok(())) };
        let written = poll_write(&mut self.socket, left, &mut self.budget, &self.session, cx);
        if written.is_ready() {
            self.left = None;
        }
        self.report();
        written
    }

    fn poll_wait(&mut self, until_ms: Option<u64>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.poll_end(cx)?.is_ready() {
            self.next = Next::Close;
            return Poll::Ready(Ok(()));
        }
        let Some(until_ms) = until_ms else { return Poll::Pending };
        let sleep = Box::pin(tokio::time::sleep_until(clock::instant_at_ms(until_ms)));
        let sleep = self.sleep.insert(sleep);
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        self.next = Next::Advance;
        Poll::Ready(Ok(()))
    }

    /// Ready when the client has gone. What it sends meanwhile is kept for later, up to a limit,
    /// beyond which nobody looks.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.input.len() < WAITING_INPUT_BYTES_MAX {
            let mut part = [0; WAITING_READ_BYTES];
            let mut part = ReadBuf::new(&mut part);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut part))?;
            if part.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.input.extend_from_slice(part.filled());
            self.session.count_read(part.filled().len(), clock::now_ms());
        }
        Poll::Pending
    }

    /// One read (unless there is something left to do without), all whole commands, one write.
    fn poll_turn(&mut self, cx: &mut Context<'_>, now_ms: u64) -> Poll<io::Result<()>> {
        let shared = Rc::clone(&self.shared);
        let buffers = &mut *shared.buffers.borrow_mut();
        // A command that panicked may have left something behind.
        buffers.input.clear();
        buffers.left.clear();
        let is_own = !self.input.is_empty();
        let input = if is_own { &mut self.input } else { &mut buffers.input };
        if let Next::Read { .. } | Next::LastRead = self.next {
            let need = if let Next::Read { need } = self.next { need } else { 0 };
            make_room(input, need);
            let mut part = (&mut *input).limit(POLL_BYTES);
            let n_read = ready!(poll_read_buf(Pin::new(&mut self.socket), cx, &mut part))?;
            self.budget = self.budget.saturating_sub(n_read as u32);
            if n_read == 0 {
                self.next = Next::Close;
                return Poll::Ready(Ok(()));
            }
            self.session.count_read(n_read, now_ms);
            let mut upcoming = shared.upcoming[S::FRONT].borrow_mut();
            if !is_own
                && upcoming.is_worth_it(n_read)
                && let Some(ahead) = self.session.look_ahead(input)
            {
                self.input = upcoming.join(ahead, input, |it| self.session.fetch(it));
                self.ahead_since_ms = NonZeroU64::new(now_ms);
                self.next = Next::Advance;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        let output_bytes_max = self.session.output_bytes_max();
        self.next = loop {
            let left = &mut buffers.left;
            let step = self.session.advance(input, &mut left.out, now_ms);
            if output_bytes_max > 0 && left.out.len() as u64 > output_bytes_max {
                self.session.count_cut_by_output();
                left.clear();
                break Next::Close;
            }
            let written = poll_write(&mut self.socket, left, &mut self.budget, &self.session, cx)?;
            if written.is_pending() {
                self.left = Some(Box::new(std::mem::take(left)));
                break next(step);
            }
            left.clear();
            if step == Step::Yield {
                self.budget = 0;
            }
            if step != Step::Write {
                break next(step);
            }
        };
        if buffers.left.out.buf.capacity() > SHARED_OUT_BYTES_MAX {
            buffers.left = Left::default();
        }
        if is_own {
            settle(&mut self.input, self.next, &shared.upcoming[S::FRONT]);
        } else if !input.is_empty() {
            self.input = keep(input, self.next);
        }
        if !is_own && buffers.input.capacity() > SHARED_INPUT_BYTES_MAX {
            let_go_buffer(std::mem::take(&mut buffers.input));
        }
        self.report();
        Poll::Ready(Ok(()))
    }

    fn report(&mut self) {
        let held = Held {
            input: self.input.len(),
            input_free: self.input.capacity() - self.input.len(),
            output: self.left.as_ref().map_or(0, |it| it.out.len() - it.n_written),
        };
        let holds = held != Held::default();
        if holds || self.holds {
            self.holds = holds;
            self.session.report(held);
        }
    }
}

impl<S: Session, T: AsyncRead + AsyncWrite + Unpin> Future for Connection<S, T> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.next != Next::ShutDown {
            ready!(self.poll_turns(cx))?;
            self.next = Next::ShutDown;
        }
        // The end of the stream goes out behind the last reply; a reset could overtake it.
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

fn next(step: Step) -> Next {
    match step {
        Step::ReadMore { need } => Next::Read { need },
        Step::Write | Step::Yield => Next::Advance,
        Step::Wait { until_ms } => Next::Wait { until_ms },
        Step::Close => Next::Close,
    }
}

/// Makes room for a read: for all of a value that the client has announced.
fn make_room(input: &mut BytesMut, need: usize) {
    let room = input.capacity() - input.len();
    if need > 0 && room >= need {
        // The buffer was made for this value: more room would mean to copy it.
        return;
    }
    if need > READ_BYTES {
        *input = with_room(input, need);
    } else if room < READ_BYTES {
        input.reserve(READ_BYTES.max(input.len().min(GROWTH_BYTES_MAX)));
    }
}

/// Takes what a turn left in the worker's buffer: the buffer itself, when the session has put one
/// there that is made for the value it waits for. The room behind the bytes is exact, as a big
/// value stays in the buffer it came in.
fn keep(shared: &mut BytesMut, step: Next) -> BytesMut {
    let need = if let Next::Read { need } = step { need } else { 0 };
    let room = shared.capacity() - shared.len();
    if need > READ_BYTES && room >= need {
        return std::mem::take(shared);
    }
    let own = with_room(shared, need.max(READ_BYTES));
    shared.clear();
    own
}

/// Gives back memory that a big request needed.
fn settle(own: &mut BytesMut, step: Next, upcoming: &RefCell<Upcoming>) {
    if own.is_empty() {
        upcoming.borrow_mut().give_back(own);
    } else if own.capacity() > SHARED_INPUT_BYTES_MAX && own.len() < own.capacity() / 4 {
        let kept = keep(own, step);
        let_go_buffer(std::mem::replace(own, kept));
    }
}

/// Writes what is left of the replies, as far as the budget goes.
fn poll_write<T: AsyncWrite + Unpin>(
    socket: &mut T,
    left: &mut Left,
    budget: &mut u32,
    session: &impl Session,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let Left { out, n_written } = left;
    while *n_written < out.len() {
        if *budget == 0 {
            return Poll::Pending;
        }
        let n = if out.is_flat() {
            let end = out.buf.len().min(*n_written + POLL_BYTES);
            ready!(Pin::new(&mut *socket).poll_write(cx, &out.buf[*n_written..end]))?
        } else {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let n_slices = gather(out, *n_written, &mut slices);
            ready!(Pin::new(&mut *socket).poll_write_vectored(cx, &slices[..n_slices]))?
        };
        if n == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *n_written += n;
        *budget = budget.saturating_sub(n as u32);
        session.count_written(n);
    }
    Poll::Ready(Ok(()))
}

/// Fills `slices` with what follows the first `skip` bytes of `out`, as much as one poll may
/// write; returns how many it filled.
fn gather<'o>(out: &'o Output, mut skip: usize, slices: &mut [IoSlice<'o>]) -> usize {
    let mut n_slices = 0;
    let mut n_left = POLL_BYTES;
    for slice in out.slices() {
        if skip >= slice.len() {
            skip -= slice.len();
            continue;
        }
        if n_slices == slices.len() || n_left == 0 {
            break;
        }
        let part = &slice[skip..slice.len().min(skip + n_left)];
        slices[n_slices] = IoSlice::new(part);
        n_left -= part.len();
        n_slices += 1;
        skip = 0;
    }
    n_slices
}

/// Turns in a row before other connections have theirs.
const TURNS_MAX: usize = 16;

/// What a read asks for: enough for a pipeline of a hundred small commands, and it stays in the
/// first two levels of cache.
const READ_BYTES: usize = 16 << 10;

/// What is kept of a client that sends while it waits, and how much of it is read at a time.
const WAITING_INPUT_BYTES_MAX: usize = 64 << 10;
const WAITING_READ_BYTES: usize = 1 << 10;

/// Bytes of one read, of one write, and of all before others have their turn: copying them into or
/// out of the kernel, with the faults of new pages, takes well under a millisecond.
const POLL_BYTES: usize = 128 << 10;

/// A buffer whose end is not known doubles up to this, and then grows by it.
const GROWTH_BYTES_MAX: usize = 4 << 20;

/// A shared buffer that grew beyond these is given back.
const SHARED_INPUT_BYTES_MAX: usize = 64 << 10;
const SHARED_OUT_BYTES_MAX: usize = 1 << 20;

/// Slices of one `writev`.
const SLICES_MAX: usize = 64;

#[cfg(test)]
mod tests;
